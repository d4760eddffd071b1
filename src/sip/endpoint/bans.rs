//! Sources that have guessed passwords too often: for a while nothing that comes from them is looked at or answered.
//! Never bans a trunk, nor an address behind which a phone of ours is registered: one telephone with an old password
//! must not silence an office. RFC 3261 26.3.2.4 leaves such defences to the server.

use super::doors::Endpoint;
use super::event::Event;
use crate::model::Moment;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// How many wrong passwords are too many, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BanRules {
    /// Wrong passwords of one source in a row, none more than ten minutes after the one before; 0 bans nobody.
    pub after: u32,
    /// How long a ban lasts.
    pub life: Duration,
}

/// A source that is not listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ban {
    pub source: IpAddr,
    pub since: Moment,
    pub until: Moment,
    /// Messages that were dropped since.
    pub dropped: u64,
}

/// Wrong passwords by source, and the bans that came of them.
#[derive(Debug, Default)]
pub(super) struct Bans {
    suspects: BTreeMap<IpAddr, Suspect>,
    banned: BTreeMap<IpAddr, Ban>,
}

#[derive(Clone, Copy, Debug)]
struct Suspect {
    count: u32,
    last: Moment,
}

impl Bans {
    /// Counts a wrong password; the new ban if this was one too many.
    fn suspect(&mut self, now: Moment, source: IpAddr, rules: BanRules) -> Option<Ban> {
        if rules.after == 0 {
            return None;
        }
        self.suspects.retain(|_, suspect| now.since(suspect.last) < FORGOTTEN_AFTER);
        if self.suspects.len() >= SUSPECTS_MAX && !self.suspects.contains_key(&source) {
            let oldest = self.suspects.iter().min_by_key(|(_, suspect)| suspect.last).map(|(ip, _)| *ip);
            oldest.and_then(|ip| self.suspects.remove(&ip));
        }
        let suspect = self.suspects.entry(source).or_insert(Suspect { count: 0, last: now });
        suspect.count += 1;
        suspect.last = now;
        if suspect.count < rules.after {
            return None;
        }
        self.suspects.remove(&source);
        self.expire(now);
        if self.banned.len() >= BANS_MAX {
            let first = self.banned.values().min_by_key(|ban| ban.until).map(|ban| ban.source);
            first.and_then(|ip| self.banned.remove(&ip));
        }
        let ban = Ban { source, since: now, until: now + rules.life, dropped: 0 };
        self.banned.insert(source, ban);
        Some(ban)
    }

    /// Whether a message from there is dropped; counts it.
    fn drops(&mut self, now: Moment, source: IpAddr) -> bool {
        let Some(ban) = self.banned.get_mut(&source) else { return false };
        if ban.until <= now {
            self.banned.remove(&source);
            return false;
        }
        ban.dropped += 1;
        true
    }

    fn expire(&mut self, now: Moment) {
        self.banned.retain(|_, ban| ban.until > now);
    }
}

impl Endpoint {
    /// Those who are not listened to now, by address.
    pub fn bans(&mut self, now: Moment) -> Vec<Ban> {
        self.bans.expire(now);
        self.bans.banned.values().copied().collect()
    }

    /// Lifts a ban, and forgets what led to it; false when there is none.
    pub fn lift_ban(&mut self, source: IpAddr) -> bool {
        self.bans.suspects.remove(&source);
        self.bans.banned.remove(&source).is_some()
    }

    /// Whether what comes from there is not looked at.
    pub(super) fn is_banned(&mut self, now: Moment, source: IpAddr) -> bool {
        self.bans.drops(now, source)
    }

    /// A right password came from there: what was counted is forgotten.
    pub(super) fn trust(&mut self, source: IpAddr) {
        self.bans.suspects.remove(&source);
    }

    /// A wrong password came from there, over a nonce that went there: the source is no forged one.
    pub(super) fn suspect(&mut self, now: Moment, source: IpAddr) {
        let trusted = self.settings.trunks.iter().any(|trunk| trunk.addresses.contains(&source));
        if trusted || self.registrar.is_home_to_a_phone(source) {
            return;
        }
        if let Some(ban) = self.bans.suspect(now, source, self.settings.bans) {
            self.events.push_back(Event::Banned { source, life: ban.until.since(ban.since) });
        }
    }
}

/// Ten minutes without a wrong password clear an address.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);
/// Addresses under suspicion at once.
const SUSPECTS_MAX: usize = 4_096;
/// Bans at once; the one that would end first makes room.
const BANS_MAX: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: BanRules = BanRules { after: 3, life: Duration::from_secs(900) };

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    #[test]
    fn the_third_wrong_password_is_one_too_many_and_the_ban_ends() {
        let mut bans = Bans::default();
        assert_eq!(bans.suspect(Moment::from_secs(1), ip(7), RULES), None);
        assert_eq!(bans.suspect(Moment::from_secs(2), ip(7), RULES), None);
        assert_eq!(bans.suspect(Moment::from_secs(2), ip(8), RULES), None, "another address has its own count");
        let ban = bans.suspect(Moment::from_secs(3), ip(7), RULES).expect("one too many");
        assert_eq!(ban.until, Moment::from_secs(903));
        assert!(bans.drops(Moment::from_secs(902), ip(7)) && !bans.drops(Moment::from_secs(4), ip(8)));
        assert!(!bans.drops(Moment::from_secs(903), ip(7)));
        assert!(bans.suspect(Moment::from_secs(904), ip(7), RULES).is_none(), "after a ban the count begins anew");
    }

    #[test]
    fn ten_quiet_minutes_clear_an_address_and_zero_bans_nobody() {
        let mut bans = Bans::default();
        for minute in 0..30 {
            assert_eq!(bans.suspect(Moment::from_secs(minute * 600), ip(7), RULES), None);
        }
        let never = BanRules { after: 0, ..RULES };
        assert!((0..100).all(|_| bans.suspect(Moment::ZERO, ip(9), never).is_none()));
    }

    #[test]
    fn both_tables_are_bounded() {
        let mut bans = Bans::default();
        let at_once = BanRules { after: 1, ..RULES };
        for number in 0..20_000_u32 {
            let source = IpAddr::from(number.to_be_bytes());
            bans.suspect(Moment::from_millis(u64::from(number)), source, RULES);
            bans.suspect(Moment::from_millis(u64::from(number)), source, at_once);
        }
        assert!(bans.suspects.len() <= SUSPECTS_MAX && bans.banned.len() == BANS_MAX);
        assert!(bans.drops(Moment::from_secs(21), IpAddr::from(19_999_u32.to_be_bytes())), "the newest stays");
    }
}
