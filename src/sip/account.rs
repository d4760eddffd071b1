//! One registration of ours at a registrar: when to refresh it, when to try again after a failure.
//! Never sends; it says how long to wait. RFC 3261 10.2, RFC 5626 4.5 (back-off).
//!
//! ```text
//!   register() -> Trying --2xx--> Registered --refresh--> Trying
//!                   +--refused, silence--> Failed --back-off--> Trying      unregister() -> Leaving --any answer--> .
//! ```

use super::endpoint::{Account, ClientId};
use bytes::Bytes;
use std::time::Duration;

/// The machine of one registration.
pub(crate) struct Registering {
    pub(crate) account: Account,
    pub(crate) call_id: Bytes,
    pub(crate) tag: Bytes,
    /// The CSeq of the last REGISTER.
    pub(crate) cseq: u32,
    /// The life to ask for: the account's, or what a 423 demanded.
    pub(crate) expires: Duration,
    pub(crate) state: State,
    failures: u32,
    /// What the owner was told last.
    told: Option<(bool, u16)>,
}

/// Where a registration stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// A REGISTER is on its way.
    Trying { client: ClientId },
    /// Bound; the refresh is due later.
    Registered,
    /// Not bound; another try is due later.
    Failed,
    /// The REGISTER with `Expires: 0` is on its way.
    Leaving { client: ClientId },
}

impl Registering {
    pub(crate) fn new(account: Account, call_id: Bytes, tag: Bytes, cseq: u32, state: State) -> Self {
        let expires = account.expires;
        Registering { account, call_id, tag, cseq, expires, state, failures: 0, told: None }
    }

    /// Bound for `granted`: how long until the refresh, which leaves time for two silent tries.
    pub(crate) fn succeeded(&mut self, granted: Duration) -> Duration {
        self.failures = 0;
        self.state = State::Registered;
        let margin = (granted / 10).max(REFRESH_MARGIN).min(granted / 2);
        granted - margin
    }

    /// Not bound: how long until the next try.
    pub(crate) fn failed(&mut self, retry_after: Option<Duration>) -> Duration {
        self.state = State::Failed;
        let wait = RETRY_FIRST.saturating_mul(1 << self.failures.min(16)).min(RETRY_MAX);
        self.failures = self.failures.saturating_add(1);
        wait.max(retry_after.unwrap_or_default().min(RETRY_MAX))
    }

    /// Whether this is news for the owner.
    pub(crate) fn is_news(&mut self, ok: bool, status: u16) -> bool {
        let news = self.told != Some((ok, status));
        self.told = Some((ok, status));
        news
    }
}

/// A refresh leaves this early at least: Timer F, in which all retransmissions of a lost one lie.
const REFRESH_MARGIN: Duration = Duration::from_secs(32);
/// The wait after a first failure; each further one waits twice as long.
const RETRY_FIRST: Duration = Duration::from_secs(5);
/// The longest wait.
const RETRY_MAX: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::flow::Transport;

    fn registering() -> Registering {
        let account = Account {
            registrar: ([10, 0, 0, 1], 5060).into(),
            transport: Transport::Udp,
            domain: String::new(),
            user: "1001".to_owned(),
            password: "secret".to_owned(),
            contact: ([10, 0, 0, 2], 5060).into(),
            expires: Duration::from_secs(300),
        };
        Registering::new(account, "call".into(), "tag".into(), 1, State::Failed)
    }

    #[test]
    fn the_refresh_comes_before_the_end_however_short_the_life() {
        let mut registering = registering();
        let refresh = |registering: &mut Registering, secs| registering.succeeded(Duration::from_secs(secs)).as_secs();
        assert_eq!(refresh(&mut registering, 3_600), 3_240);
        assert_eq!(refresh(&mut registering, 300), 268);
        assert_eq!(refresh(&mut registering, 60), 30);
        assert_eq!(refresh(&mut registering, 0), 0);
    }

    #[test]
    fn failures_wait_longer_and_longer_and_a_success_forgets_them() {
        let mut registering = registering();
        let waits: Vec<u64> = (0..8).map(|_| registering.failed(None).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
        let _ = registering.succeeded(Duration::from_secs(300));
        assert_eq!(registering.failed(Some(Duration::from_secs(60))).as_secs(), 60, "the registrar asked for more");
        assert_eq!(registering.failed(Some(Duration::from_secs(9_999))).as_secs(), 300, "but not for hours");
    }

    #[test]
    fn the_owner_hears_each_thing_once() {
        let mut registering = registering();
        assert!(registering.is_news(true, 200));
        assert!(!registering.is_news(true, 200), "a refresh is no news");
        assert!(registering.is_news(false, 408));
        assert!(registering.is_news(false, 403));
    }
}
