//! Who may come in: digest for devices, the source address for trunks, slower answers for whoever guesses.
//! Never lets a wrong user be told from a wrong password; keeps hashes, not passwords. RFC 3261 22, RFC 7616, RFC 8760.

use super::doors::Endpoint;
use super::event::{Event, Identity};
use super::servers::Answer;
use super::settings::Settings;
use crate::model::Moment;
use crate::sip::digest::{Algorithm, Ha1};
use crate::sip::flow::Flow;
use crate::sip::header::Credentials;
use crate::sip::header_name::HeaderName;
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::nonce::{Authenticator, Verdict};
use crate::sip::random::Random;
use crate::sip::uri::Uri;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// The endpoint's doorkeeper.
pub(super) struct Gate {
    authenticator: Authenticator,
    realm: String,
    devices: BTreeMap<String, Secrets>,
    /// Verified when the user is unknown, so that time tells nothing.
    nobody: Secrets,
    guesses: BTreeMap<IpAddr, Guesses>,
    tag_key: [u8; 32],
}

struct Secrets {
    sha256: Ha1,
    md5: Option<Ha1>,
}

/// Wrong passwords from one address.
#[derive(Clone, Copy, Debug)]
struct Guesses {
    count: u32,
    last: Moment,
}

/// What the doorkeeper says.
#[derive(Clone, Debug)]
pub(super) enum Admission {
    /// Come in.
    Admitted(Identity),
    /// Show your password; `user` is who the request claims to be from.
    Challenge { user: String, stale: bool },
    /// Wrong; the answer waits for `wait`.
    Wrong { user: String, wait: Duration },
    /// Right password, wrong request.
    Refused(Answer),
}

impl Gate {
    /// Takes the passwords out of the settings and keeps their hashes.
    pub(super) fn new(settings: &mut Settings, random: &mut Random) -> Gate {
        let realm = settings.realm.clone();
        let secrets = |user: &str, password: &str, md5: bool| Secrets {
            sha256: Ha1::new(Algorithm::Sha256, user, &realm, password),
            md5: md5.then(|| Ha1::new(Algorithm::Md5, user, &realm, password)),
        };
        let devices = std::mem::take(&mut settings.devices)
            .into_iter()
            .map(|device| (device.user.clone(), secrets(&device.user, &device.password, device.md5)))
            .collect();
        Gate {
            authenticator: Authenticator::new(&realm, random.key(), settings.nonce_life),
            nobody: secrets("", &random.client_nonce(), true),
            devices,
            guesses: BTreeMap::new(),
            tag_key: random.key(),
            realm,
        }
    }

    /// Whether a device of ours is called so.
    pub(super) fn knows(&self, user: &str) -> bool {
        self.devices.contains_key(user)
    }

    /// The To tag of an answer without a transaction: the same for each retransmission of its request (8.2.6.2).
    pub(super) fn stateless_tag(&self, request: &Message) -> Bytes {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&self.tag_key).expect("HMAC takes a key of any length");
        if let Ok(via) = request.top_via() {
            mac.update(via.branch().unwrap_or_default());
        }
        mac.update(&request.call_id().unwrap_or_default());
        let word: String = mac.finalize().into_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Bytes::from(word)
    }

    /// The challenge for whoever claims to be `user`.
    fn challenge(&mut self, now: Moment, source: IpAddr, user: &str, stale: bool) -> Bytes {
        self.authenticator.challenge(now, source, self.algorithm(user), stale).to_bytes()
    }

    /// What a device is asked for. Never two algorithms at once: a phone that knows no SHA-256 often gives up at the
    /// sight of it instead of taking the next challenge, as RFC 8760 2.4 wants it to. A stranger is treated like
    /// one of our devices, always the same one, so that the challenge does not tell who exists.
    fn algorithm(&self, user: &str) -> Algorithm {
        let alike = || {
            let place = usize::from(self.fingerprint(user.as_bytes())[0]) % self.devices.len().max(1);
            self.devices.values().nth(place)
        };
        match self.devices.get(user).or_else(alike) {
            Some(Secrets { md5: Some(_), .. }) => Algorithm::Md5,
            _ => Algorithm::Sha256,
        }
    }

    /// A keyed hash, the same for the same text as long as we run.
    fn fingerprint(&self, text: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&self.tag_key).expect("HMAC takes a key of any length");
        mac.update(text);
        mac.finalize().into_bytes().into()
    }

    /// Judges the credentials of a request; the device's user when they are right.
    fn judge(&mut self, now: Moment, source: IpAddr, request: &Message, claimed: &str) -> Result<String, Admission> {
        let method = request.method().cloned().unwrap_or(Method::Options);
        let challenge = |stale| Admission::Challenge { user: claimed.to_owned(), stale };
        let Some(credentials) = request.credentials(&HeaderName::Authorization, &self.realm) else {
            return Err(challenge(false));
        };
        let user = String::from_utf8_lossy(&credentials.username).into_owned();
        let known = self.devices.get(&user);
        let secrets = known.unwrap_or(&self.nobody);
        let ha1 = match credentials.algorithm {
            Algorithm::Md5 => secrets.md5.as_ref().unwrap_or(&secrets.sha256),
            _ => &secrets.sha256,
        };
        let verdict = self.authenticator.judge(now, source, &credentials, ha1, &method);
        match verdict {
            Verdict::Accepted if known.is_some() => {}
            Verdict::Stale | Verdict::Replayed if known.is_some() => return Err(challenge(true)),
            // The same whoever it is: neither a guess to be counted against a source that may be forged, nor a hint.
            Verdict::Foreign => return Err(challenge(true)),
            _ => return Err(Admission::Wrong { user, wait: self.guessed(now, source) }),
        }
        if !is_same_uri(&credentials, request) {
            return Err(Admission::Refused(Answer::new(400).because("Digest Is For Another URI")));
        }
        Ok(user)
    }

    /// Counts a wrong guess; how long its answer waits.
    fn guessed(&mut self, now: Moment, source: IpAddr) -> Duration {
        self.guesses.retain(|_, guesses| now.since(guesses.last) < FORGOTTEN_AFTER);
        if self.guesses.len() >= GUESSERS_MAX
            && !self.guesses.contains_key(&source)
            && let Some(oldest) = self.guesses.iter().min_by_key(|(_, guesses)| guesses.last).map(|(ip, _)| *ip)
        {
            self.guesses.remove(&oldest);
        }
        let guesses = self.guesses.entry(source).or_insert(Guesses { count: 0, last: now });
        guesses.count = guesses.count.saturating_add(1);
        guesses.last = now;
        WAIT_FIRST.saturating_mul(1 << (guesses.count - 1).min(16)).min(WAIT_MAX)
    }
}

impl Endpoint {
    /// Whose word a new INVITE carries: the policy of devices, trunks and strangers.
    pub(super) fn admit_caller(&mut self, now: Moment, flow: &Flow, request: &Message) -> Admission {
        let trunk = self.trunk_of(flow).map(str::to_owned);
        let Ok(from) = request.from() else { return Admission::Refused(Answer::new(400)) };
        let user = text(from.uri.user_unescaped().unwrap_or_default());
        // A carrier's caller may have the number of a device of ours, at the carrier's host.
        let claims_device = self.gate.knows(&user) && (trunk.is_none() || self.is_ours(&from.uri.host));
        match trunk {
            Some(name) if !claims_device => Admission::Admitted(Identity::Trunk(name)),
            _ => self.admit_device(now, flow, request, &user),
        }
    }

    /// Digest, and the name in the request must be the one proved.
    pub(super) fn admit_device(&mut self, now: Moment, flow: &Flow, request: &Message, claimed: &str) -> Admission {
        match self.gate.judge(now, flow.remote.ip(), request, claimed) {
            Ok(user) => {
                self.trust(flow.remote.ip());
                let is_same = user == claimed;
                if is_same { Admission::Admitted(Identity::Device(user)) } else { Admission::Refused(Answer::new(403)) }
            }
            Err(admission) => admission,
        }
    }

    /// The trunk that speaks on `flow`.
    pub(super) fn trunk_of(&self, flow: &Flow) -> Option<&str> {
        let trunks = &self.settings.trunks;
        trunks.iter().find(|trunk| trunk.speaks_from(flow.remote)).map(|trunk| trunk.name.as_str())
    }

    /// A 401 with a fresh challenge for `user`.
    pub(super) fn challenge(&mut self, now: Moment, flow: &Flow, user: &str, stale: bool) -> Answer {
        let challenge = self.gate.challenge(now, flow.remote.ip(), user, stale);
        Answer::new(401).with(HeaderName::WwwAuthenticate, challenge)
    }

    /// A wrong password: the event now, the answer when it has waited.
    pub(super) fn refuse_guess(&mut self, now: Moment, flow: Flow, request: Message, user: String, wait: Duration) {
        self.counters.auth_failures += 1;
        self.events.push_back(Event::AuthFailed { user: user.clone(), source: flow.remote.ip() });
        self.suspect(now, flow.remote.ip());
        if self.servers.held() >= HELD_MAX {
            // Who floods with guesses can do without answers.
            self.counters.refused_full += 1;
            return;
        }
        let answer = self.challenge(now, &flow, &user, false);
        let is_invite = request.method() == Some(&Method::Invite);
        let server = self.open_server(request, flow, super::servers::Answerer::Endpoint);
        if is_invite {
            self.respond(now, server, &Answer::new(100));
        }
        self.respond_later(now, server, answer, wait);
    }
}

/// The digest-uri names the Request-URI (RFC 7616 3.4.6): the same text or the same URI.
fn is_same_uri(credentials: &Credentials, request: &Message) -> bool {
    let asked = request.request_uri().unwrap_or_default();
    let same = |one: Uri, two: Uri| one == two;
    credentials.uri == asked
        || Uri::parse(&credentials.uri).ok().zip(Uri::parse(asked).ok()).is_some_and(|(one, two)| same(one, two))
}

/// Bytes of a peer as text; what is no UTF-8 is shown as such.
pub(super) fn text(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(bytes.as_ref()).into_owned()
}

/// The first wrong password's answer waits this long, each further one twice as long.
const WAIT_FIRST: Duration = Duration::from_secs(1);
/// Longer, and clients give up by themselves (Timer F: 32 s).
const WAIT_MAX: Duration = Duration::from_secs(30);
/// A quiet minute clears an address.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);
/// Addresses remembered.
const GUESSERS_MAX: usize = 1_024;
/// Answers held back at once.
const HELD_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::endpoint::settings::DeviceAccount;

    #[test]
    fn guesses_wait_longer_and_longer_and_are_forgotten() {
        let mut gate = Gate::new(&mut Settings::default(), &mut Random::new([0; 32]));
        let source = IpAddr::from([203, 0, 113, 7]);
        let waits: Vec<u64> = (0..7).map(|_| gate.guessed(Moment::ZERO, source).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(gate.guessed(Moment::ZERO, IpAddr::from([203, 0, 113, 8])).as_secs(), 1, "another address");
        assert_eq!(gate.guessed(Moment::from_secs(60), source).as_secs(), 1, "a quiet minute");
    }

    #[test]
    fn a_device_is_asked_for_what_it_knows_and_a_stranger_for_what_some_device_knows() {
        let device = |user: &str, md5| DeviceAccount { user: user.to_owned(), password: "secret".to_owned(), md5 };
        let devices = vec![device("201", true), device("202", false)];
        let mut settings = Settings { devices, ..Settings::default() };
        let gate = Gate::new(&mut settings, &mut Random::new([7; 32]));
        assert_eq!(gate.algorithm("201"), Algorithm::Md5);
        assert_eq!(gate.algorithm("202"), Algorithm::Sha256);
        let strangers = || (0..100).map(|number| gate.algorithm(&format!("stranger-{number}")));
        let asked_md5 = strangers().filter(|algorithm| *algorithm == Algorithm::Md5).count();
        assert!((20..=80).contains(&asked_md5), "strangers look like both kinds of device: {asked_md5} of 100");
        assert!(strangers().eq(strangers()), "the same stranger is always asked for the same");
        let empty = Gate::new(&mut Settings::default(), &mut Random::new([7; 32]));
        assert_eq!(empty.algorithm("anybody"), Algorithm::Sha256);
    }

    #[test]
    fn the_table_of_guessers_is_bounded_and_loses_the_oldest() {
        let mut gate = Gate::new(&mut Settings::default(), &mut Random::new([0; 32]));
        for number in 0..3_000u32 {
            let _ = gate.guessed(Moment::from_millis(u64::from(number)), IpAddr::from(number.to_be_bytes()));
        }
        assert_eq!(gate.guesses.len(), GUESSERS_MAX);
        assert!(gate.guesses.contains_key(&IpAddr::from(2_999u32.to_be_bytes())));
    }
}
