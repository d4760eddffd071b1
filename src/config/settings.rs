//! The sections that stand once, as values. Never text: addresses are addresses, folders are paths from where we run.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::Secret;
use crate::model::{Codec, Language};

/// `[server]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    pub title: String,
    /// Folder of the database and of recorded messages; `None` keeps all in memory.
    pub data: Option<PathBuf>,
    pub language: Language,
    /// A name of the IANA time zone database.
    pub timezone: String,
    pub calls_max: usize,
    /// At shutdown, how long running calls may finish.
    pub drain: Duration,
    pub log: LogLevel,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

impl LogLevel {
    /// In the order of the words in the table of keys.
    pub(super) const ALL: [LogLevel; 4] = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug];
}

/// `[security]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Security {
    /// Judged while loading; the server listens where it is told to.
    pub(super) beyond_loopback: bool,
    /// Wrong passwords of one source in a row; 0 bans nobody.
    pub ban_after: u32,
    pub ban_life: Duration,
}

/// `[sip]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sip {
    pub listen_udp: Vec<SocketAddr>,
    pub listen_tcp: Vec<SocketAddr>,
    pub realm: String,
    /// Host names that are ours besides our addresses.
    pub domains: Vec<String>,
    /// What peers are told to reach, when it differs from the listening address.
    pub advertised: Option<IpAddr>,
    /// RFC 3261 17.1.1.1.
    pub t1: Duration,
    /// How long a call out may ring (Timer C).
    pub invite_timeout: Duration,
    /// RFC 4028; zero for no session timers.
    pub session_expires: Duration,
    /// At most `session_expires`, unless that is zero.
    pub session_expires_min: Duration,
    pub nonce_life: Duration,
    /// `register_min` ≤ `register_default` ≤ `register_max`.
    pub register_min: Duration,
    pub register_default: Duration,
    pub register_max: Duration,
    /// Empty sends no such header.
    pub user_agent: String,
}

/// `[media]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Media {
    pub address: IpAddr,
    /// What SDP names, when it differs from `address`.
    pub advertised: Option<IpAddr>,
    /// Even.
    pub port_first: u16,
    /// Inclusive; at or above `port_first + 1`.
    pub port_last: u16,
    /// Best first; never empty.
    pub codecs: Vec<Codec>,
    /// Silence on the wire after which a call ends.
    pub media_timeout: Duration,
    pub threads: usize,
}

impl Media {
    /// How many pairs of an RTP and an RTCP port lie between the two bounds.
    #[must_use]
    pub fn port_pairs(&self) -> usize {
        (usize::from(self.port_last) + 1).saturating_sub(usize::from(self.port_first)) / 2
    }

    /// The address that SDP names.
    #[must_use]
    pub fn told(&self) -> IpAddr {
        self.advertised.unwrap_or(self.address)
    }
}

/// `[http]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Http {
    pub listen: SocketAddr,
    /// Names we are asked for by, besides addresses and `localhost`.
    pub hosts: Vec<String>,
    pub user: String,
    /// Asked of everyone when there is one (HTTP Basic, RFC 7617). There is one whenever `listen` is not loopback.
    pub password: Option<Secret>,
}

/// `[metrics]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    /// A listener of its own; `None` serves `/metrics` on `[http]`.
    pub listen: Option<SocketAddr>,
}

/// `[audio]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    pub folder: Option<PathBuf>,
    /// Name of the clip that waiting callers hear.
    pub music: String,
}

/// `[ivr]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Ivr {
    /// `None` uses the built-in flows.
    pub flows: Option<PathBuf>,
    /// Every opening hour is taken as open.
    pub always_open: bool,
}

/// `[http_fetch]`: bounds of what flows fetch.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpFetch {
    pub timeout_max: Duration,
    pub bytes_max: usize,
    pub parallel_max: usize,
    /// Empty permits any host.
    pub hosts: Vec<String>,
}

/// `[policy]`: what callers are promised.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub ring_on: Duration,
    pub ring_off: Duration,
    pub answer_before_ring: u32,
    /// A direct call that nobody took by then is answered by the server; before `answer_limit`.
    pub guard: Duration,
    /// How long a person is rung for a transferred call.
    pub transfer_ring_limit: Duration,
    /// The longest wait in a queue that counts as kept.
    pub max_wait: Duration,
    pub transfer_announcement: bool,
    pub hangup: HangupPolicy,
    pub closing_wait: Duration,
}

impl Policy {
    /// When the promised ring begins: ring k begins at (k - 1) x (on + off).
    #[must_use]
    pub fn answer_limit(&self) -> Duration {
        (self.ring_on + self.ring_off) * self.answer_before_ring.saturating_sub(1)
    }
}

/// Who hangs up first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangupPolicy {
    /// After the agent hung up, the caller hears the closing words and has `closing_wait` to hang up.
    CallerFirst,
    /// The call ends when either hangs up.
    Either,
}

impl HangupPolicy {
    /// In the order of the words in the table of keys.
    pub(super) const ALL: [HangupPolicy; 2] = [HangupPolicy::CallerFirst, HangupPolicy::Either];
}

/// `[feature_codes]`: normalized, none the beginning of another.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureCodes {
    pub login: String,
    pub logout: String,
    /// A digit may follow: the position in `pause_reasons`, from 1.
    pub pause: String,
    pub resume: String,
    pub pause_reasons: Vec<String>,
}

impl FeatureCodes {
    /// The codes by the names of their keys.
    #[must_use]
    pub fn named(&self) -> [(&'static str, &str); 4] {
        [("login", &self.login), ("logout", &self.logout), ("pause", &self.pause), ("resume", &self.resume)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_korean_ring_begins_at_six_seconds() {
        let policy = Policy {
            ring_on: Duration::from_secs(1),
            ring_off: Duration::from_secs(2),
            answer_before_ring: 3,
            guard: Duration::from_secs(5),
            transfer_ring_limit: Duration::from_secs(20),
            max_wait: Duration::from_secs(180),
            transfer_announcement: true,
            hangup: HangupPolicy::CallerFirst,
            closing_wait: Duration::from_secs(10),
        };
        assert_eq!(policy.answer_limit(), Duration::from_secs(6));
    }

    #[test]
    fn a_pair_of_ports_is_one_stream() {
        let media = |port_first, port_last| Media {
            address: IpAddr::from([127, 0, 0, 1]),
            advertised: None,
            port_first,
            port_last,
            codecs: vec![Codec::Pcmu],
            media_timeout: Duration::from_secs(20),
            threads: 1,
        };
        assert_eq!(media(20_000, 23_999).port_pairs(), 2_000);
        assert_eq!(media(20_000, 20_000).port_pairs(), 0);
        assert_eq!(media(20_000, 10_000).port_pairs(), 0);
        assert_eq!(media(65_534, 65_535).port_pairs(), 1);
    }
}
