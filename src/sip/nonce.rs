//! The server's side of a digest: nonces that carry their own proof, and a window against replay.
//! Never stores a nonce before its password was right; never trusts one of another source or another run.
//! RFC 7616 3.3, 3.4.5, 5.4, 5.5.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::digest::{Algorithm, Ha1, hex, same, verify};
use super::grammar;
use super::header::{Challenge, Credentials};
use super::method::Method;
use crate::model::Moment;

/// Challenges and judges: the realm, its nonces and their use counts.
#[derive(Debug)]
pub struct Authenticator {
    realm: Bytes,
    mint: NonceMint,
    guard: ReplayGuard,
}

/// What became of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Right password, nonce young, not seen before.
    Accepted,
    /// Right password, but the nonce is too old: challenge with `stale=true`.
    Stale,
    /// Right password, but this use of the nonce was seen before: challenge with `stale=true`, and count it.
    Replayed,
    /// The nonce is not ours, of another run, or given to another source: challenge with `stale=true`. The password was
    /// not looked at, for whoever sent this has not shown that our answers reach the source it names.
    Foreign,
    /// Wrong realm, or a wrong password over a nonce that this source had from us.
    Wrong,
}

impl Authenticator {
    /// `key` comes from the caller's generator; nonces live for `life`.
    #[must_use]
    pub fn new(realm: &str, key: [u8; 32], life: Duration) -> Authenticator {
        Authenticator {
            realm: Bytes::copy_from_slice(realm.as_bytes()),
            mint: NonceMint::new(key, life),
            guard: ReplayGuard::new(life),
        }
    }

    /// A new challenge for a request that came from `source`.
    #[must_use]
    pub fn challenge(&mut self, now: Moment, source: IpAddr, algorithm: Algorithm, stale: bool) -> Challenge {
        let nonce = self.mint.mint(now, source);
        Challenge { realm: self.realm.clone(), nonce, opaque: None, stale, algorithm, qop_auth: true }
    }

    /// Judges `credentials` of a request that came from `source`. The caller compares the digest-uri.
    #[must_use]
    pub fn judge(
        &mut self,
        now: Moment,
        source: IpAddr,
        credentials: &Credentials,
        ha1: &Ha1,
        method: &Method,
    ) -> Verdict {
        if credentials.realm != self.realm {
            return Verdict::Wrong;
        }
        let state = self.mint.check(now, source, &credentials.nonce);
        if state == NonceState::Foreign {
            return Verdict::Foreign;
        }
        if !verify(credentials, ha1, method, false) {
            return Verdict::Wrong;
        }
        let NonceState::Fresh(nonce) = state else { return Verdict::Stale };
        let count = credentials.protection.as_ref().map_or(0, super::header::Protection::count);
        self.guard.admit(now, nonce, count)
    }
}

/// Makes nonces: issue time and serial number in the open, and a MAC over them and the source address.
pub struct NonceMint {
    key: [u8; 32],
    life: Duration,
    serial: u32,
}

/// One nonce of ours, ordered by the time of issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NonceId {
    issued: Moment,
    serial: u32,
}

/// What a nonce is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceState {
    Fresh(NonceId),
    /// Ours, for this source, but older than its life.
    Expired,
    /// Not ours, of another run, or given to another source.
    Foreign,
}

impl NonceMint {
    #[must_use]
    pub fn new(key: [u8; 32], life: Duration) -> NonceMint {
        NonceMint { key, life, serial: 0 }
    }

    /// A nonce for `source`; no two are alike.
    #[must_use]
    pub fn mint(&mut self, now: Moment, source: IpAddr) -> Bytes {
        self.serial = self.serial.wrapping_add(1);
        let open = open_part(NonceId { issued: now, serial: self.serial });
        let mut nonce = hex(&open);
        nonce.push_str(&hex(&self.mac(&open, source)));
        nonce.into()
    }

    /// Whether `nonce` was minted here for `source` and is still young.
    #[must_use]
    pub fn check(&self, now: Moment, source: IpAddr, nonce: &[u8]) -> NonceState {
        let Some((open, mac)) = split_nonce(nonce) else { return NonceState::Foreign };
        if !same(&self.mac(&open, source), &mac) {
            return NonceState::Foreign;
        }
        let id = read_open_part(open);
        if id.issued + self.life < now { NonceState::Expired } else { NonceState::Fresh(id) }
    }

    fn mac(&self, open: &[u8], source: IpAddr) -> [u8; MAC_BYTES] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(open);
        match source {
            IpAddr::V4(address) => mac.update(&address.octets()),
            IpAddr::V6(address) => mac.update(&address.octets()),
        }
        let mut short = [0; MAC_BYTES];
        for (to, from) in short.iter_mut().zip(mac.finalize().into_bytes()) {
            *to = from;
        }
        short
    }
}

/// The key stays out of logs.
impl std::fmt::Debug for NonceMint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NonceMint").field("life", &self.life).field("serial", &self.serial).finish_non_exhaustive()
    }
}

/// Remembers which uses of which nonces were seen: a window of the last 128 counts of each.
#[derive(Debug)]
pub struct ReplayGuard {
    life: Duration,
    windows: BTreeMap<NonceId, Window>,
    /// Windows up to here were given up for room, so their nonces are not taken any more.
    forgotten: Option<NonceId>,
}

#[derive(Debug)]
struct Window {
    highest: u32,
    /// Bit n: the count `highest - n` was seen.
    seen: u128,
}

impl ReplayGuard {
    #[must_use]
    pub fn new(life: Duration) -> ReplayGuard {
        ReplayGuard { life, windows: BTreeMap::new(), forgotten: None }
    }

    /// Takes the use `count` of `nonce` once. Counts may arrive out of order within the window.
    pub fn admit(&mut self, now: Moment, nonce: NonceId, count: u32) -> Verdict {
        while let Some(oldest) = self.windows.first_entry()
            && oldest.key().issued + self.life < now
        {
            oldest.remove();
        }
        if self.forgotten.is_some_and(|forgotten| nonce <= forgotten) {
            return Verdict::Stale;
        }
        if !self.windows.contains_key(&nonce) && self.windows.len() >= WINDOWS_MAX {
            self.forgotten = self.windows.pop_first().map(|(oldest, _)| oldest);
        }
        let window = self.windows.entry(nonce).or_insert(Window { highest: 0, seen: 1 });
        if window.admit(count) { Verdict::Accepted } else { Verdict::Replayed }
    }
}

impl Window {
    /// Count 0 is never valid, so a new window has seen it.
    fn admit(&mut self, count: u32) -> bool {
        if count > self.highest {
            self.seen = self.seen.checked_shl(count - self.highest).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let Some(bit) = 1u128.checked_shl(self.highest - count) else { return false };
        let fresh = self.seen & bit == 0;
        self.seen |= bit;
        fresh
    }
}

fn open_part(id: NonceId) -> [u8; OPEN_BYTES] {
    let mut open = [0; OPEN_BYTES];
    let bytes = id.issued.as_nanos().to_be_bytes().into_iter().chain(id.serial.to_be_bytes());
    for (to, from) in open.iter_mut().zip(bytes) {
        *to = from;
    }
    open
}

fn read_open_part(open: [u8; OPEN_BYTES]) -> NonceId {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = open;
    NonceId {
        issued: Moment::from_nanos(u64::from_be_bytes([a, b, c, d, e, f, g, h])),
        serial: u32::from_be_bytes([i, j, k, l]),
    }
}

/// The two parts of a nonce; `None` when it does not look like ours.
fn split_nonce(nonce: &[u8]) -> Option<([u8; OPEN_BYTES], [u8; MAC_BYTES])> {
    if nonce.len() != 2 * (OPEN_BYTES + MAC_BYTES) {
        return None;
    }
    let mut bytes = [0; OPEN_BYTES + MAC_BYTES];
    for (byte, pair) in bytes.iter_mut().zip(nonce.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = grammar::hex_value(*high)? << 4 | grammar::hex_value(*low)?;
    }
    let (open, mac) = bytes.split_at(OPEN_BYTES);
    Some((open.try_into().ok()?, mac.try_into().ok()?))
}

/// Eight bytes of time and four of serial number.
const OPEN_BYTES: usize = 12;
/// Half of SHA-256: 2^128 guesses are enough.
const MAC_BYTES: usize = 16;
/// Live nonces whose use is counted: ten thousand phones, each behind one nonce, and as many that just renewed.
const WINDOWS_MAX: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::digest::authorize;

    const LIFE: Duration = Duration::from_secs(300);

    fn source(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn seconds(seconds: u64) -> Moment {
        Moment::from_secs(seconds)
    }

    #[test]
    fn a_nonce_is_good_for_its_source_and_its_life() {
        let mut mint = NonceMint::new([7; 32], LIFE);
        let nonce = mint.mint(seconds(10), source(1));
        assert!(matches!(mint.check(seconds(310), source(1), &nonce), NonceState::Fresh(_)));
        assert_eq!(mint.check(seconds(311), source(1), &nonce), NonceState::Expired);
        assert_eq!(mint.check(seconds(10), source(2), &nonce), NonceState::Foreign);
        assert_eq!(NonceMint::new([8; 32], LIFE).check(seconds(10), source(1), &nonce), NonceState::Foreign);
    }

    #[test]
    fn a_touched_nonce_is_foreign() {
        let mut mint = NonceMint::new([7; 32], LIFE);
        let nonce = mint.mint(seconds(10), source(1));
        for at in 0..nonce.len() {
            let mut touched = nonce.to_vec();
            touched[at] = if touched[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(mint.check(seconds(10), source(1), &touched), NonceState::Foreign, "byte {at}");
        }
        for odd in [&b""[..], b"xyz", &nonce[1..], &[b'g'; 56]] {
            assert_eq!(mint.check(seconds(10), source(1), odd), NonceState::Foreign);
        }
    }

    #[test]
    fn two_nonces_of_one_moment_differ() {
        let mut mint = NonceMint::new([7; 32], LIFE);
        assert_ne!(mint.mint(seconds(10), source(1)), mint.mint(seconds(10), source(1)));
    }

    #[test]
    fn every_count_is_taken_once_in_any_order() {
        let mut guard = ReplayGuard::new(LIFE);
        let nonce = NonceId { issued: seconds(1), serial: 1 };
        let verdicts = [(1, true), (3, true), (2, true), (2, false), (10, true), (10, false), (4, true), (0, false)];
        for (count, fresh) in verdicts {
            let expected = if fresh { Verdict::Accepted } else { Verdict::Replayed };
            assert_eq!(guard.admit(seconds(2), nonce, count), expected, "count {count}");
        }
        assert_eq!(guard.admit(seconds(2), nonce, u32::MAX), Verdict::Accepted);
        assert_eq!(guard.admit(seconds(2), nonce, 11), Verdict::Replayed, "older than the window");
        assert_eq!(guard.admit(seconds(2), nonce, u32::MAX - 127), Verdict::Accepted);
        assert_eq!(guard.admit(seconds(2), nonce, u32::MAX - 128), Verdict::Replayed);
    }

    #[test]
    fn the_guard_forgets_the_old_and_refuses_the_forgotten() {
        let mut guard = ReplayGuard::new(LIFE);
        let nonce = |serial| NonceId { issued: seconds(1), serial };
        for serial in 0..20_001 {
            assert_eq!(guard.admit(seconds(2), nonce(serial), 1), Verdict::Accepted);
        }
        assert_eq!(guard.windows.len(), WINDOWS_MAX);
        assert_eq!(guard.admit(seconds(2), nonce(0), 1), Verdict::Stale, "given up for room");
        assert_eq!(guard.admit(seconds(2), nonce(5), 1), Verdict::Replayed);
        assert_eq!(guard.admit(seconds(400), NonceId { issued: seconds(399), serial: 1 }, 1), Verdict::Accepted);
        assert_eq!(guard.windows.len(), 1);
    }

    #[test]
    fn a_phone_is_accepted_once_per_count_and_told_when_it_is_stale() {
        let mut server = Authenticator::new("thirdring", [1; 32], LIFE);
        let ha1 = Ha1::new(Algorithm::Sha256, "1300", "thirdring", "secret");
        let challenge = server.challenge(seconds(1), source(1), Algorithm::Sha256, false);
        let answer = |password, nc| authorize(&challenge, ("1300", password), &Method::Register, b"sip:a", "c", nc);
        let mut judge = |now, from, credentials: &Credentials| {
            server.judge(seconds(now), source(from), credentials, &ha1, &Method::Register)
        };
        assert_eq!(judge(2, 1, &answer("secret", 1)), Verdict::Accepted);
        assert_eq!(judge(2, 1, &answer("secret", 1)), Verdict::Replayed);
        assert_eq!(judge(2, 1, &answer("secret", 2)), Verdict::Accepted);
        assert_eq!(judge(2, 1, &answer("wrong", 3)), Verdict::Wrong);
        assert_eq!(judge(2, 2, &answer("secret", 3)), Verdict::Foreign, "another source");
        assert_eq!(
            judge(2, 2, &answer("wrong", 3)),
            Verdict::Foreign,
            "which is not told whether the password was right"
        );
        assert_eq!(judge(400, 1, &answer("secret", 3)), Verdict::Stale, "too old");
        assert_eq!(judge(400, 1, &answer("wrong", 3)), Verdict::Wrong);
        let mut other_realm = answer("secret", 4);
        other_realm.realm = Bytes::from_static(b"elsewhere");
        assert_eq!(judge(2, 1, &other_realm), Verdict::Wrong);
    }
}
