//! The subscription every REFER makes: who asked whom, how far it came, when it is over.
//! Never dials and never decides; a NOTIFY says what the owner said, word for word. RFC 3515, RFC 6665, RFC 3420.
//!
//! ```text
//!  we were asked (notifier)                          we asked (subscriber)
//!
//!   Asked --refuse--> .                               Sent --refused, 408--> .
//!     +--accept, NOTIFY 100--> Active                   +--202--> Accepted --N (no NOTIFY)--> .
//!                                | NOTIFY 1xx            |           |
//!                                +--NOTIFY last--> .     +--NOTIFY---+--> Active --NOTIFY terminated--> .
//! ```

use super::endpoint::{ReferId, ServerId};
use std::collections::BTreeMap;

/// The REFERs of one session.
#[derive(Debug, Default)]
pub(crate) struct Referrals {
    table: BTreeMap<ReferId, Referral>,
    /// The first REFER of a dialog needs no `id` in its NOTIFYs (RFC 3515 2.4.6).
    received: u32,
}

#[derive(Debug)]
enum Referral {
    Asked { server: ServerId, cseq: u32, first: bool },
    Notifying { cseq: u32, first: bool },
    Sent { cseq: Option<u32> },
    Accepted { cseq: u32 },
    Progressing { cseq: u32 },
}

/// What a NOTIFY for a REFER of ours means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Progress {
    pub(crate) refer: ReferId,
    pub(crate) status: u16,
    pub(crate) last: bool,
}

impl Referrals {
    /// The peer's REFER with this CSeq waits for our owner; false when there are too many.
    pub(crate) fn asked(&mut self, refer: ReferId, server: ServerId, cseq: u32) -> bool {
        if self.table.len() >= REFERRALS_MAX {
            return false;
        }
        self.received += 1;
        self.table.insert(refer, Referral::Asked { server, cseq, first: self.received == 1 });
        true
    }

    /// Our owner accepts: the request to answer, when there is one.
    pub(crate) fn accept(&mut self, refer: ReferId) -> Option<ServerId> {
        let Some(&Referral::Asked { server, cseq, first }) = self.table.get(&refer) else { return None };
        self.table.insert(refer, Referral::Notifying { cseq, first });
        Some(server)
    }

    /// Our owner refuses: the request to answer, when there is one.
    pub(crate) fn refuse(&mut self, refer: ReferId) -> Option<ServerId> {
        let Some(&Referral::Asked { server, .. }) = self.table.get(&refer) else { return None };
        self.table.remove(&refer);
        Some(server)
    }

    /// A NOTIFY may leave: the value of its Event header. The last one ends the subscription.
    pub(crate) fn notify(&mut self, refer: ReferId, last: bool) -> Option<String> {
        let Some(&Referral::Notifying { cseq, first }) = self.table.get(&refer) else { return None };
        if last {
            self.table.remove(&refer);
        }
        Some(if first { "refer".to_owned() } else { format!("refer;id={cseq}") })
    }

    /// We ask; the CSeq follows when the REFER leaves.
    pub(crate) fn ask(&mut self, refer: ReferId) -> bool {
        if self.table.len() >= REFERRALS_MAX {
            return false;
        }
        self.table.insert(refer, Referral::Sent { cseq: None });
        true
    }

    /// Our REFER left with this CSeq.
    pub(crate) fn sent(&mut self, refer: ReferId, number: u32) {
        if let Some(Referral::Sent { cseq }) = self.table.get_mut(&refer) {
            *cseq = Some(number);
        }
    }

    /// 2xx to our REFER: true when the wait for the first NOTIFY begins (its NOTIFY may have overtaken the 202).
    pub(crate) fn accepted(&mut self, refer: ReferId) -> bool {
        match self.table.get(&refer) {
            Some(&Referral::Sent { cseq: Some(cseq) }) => {
                self.table.insert(refer, Referral::Accepted { cseq });
                true
            }
            _ => false,
        }
    }

    /// Our REFER was refused, or no NOTIFY came: true when it was still open.
    pub(crate) fn give_up(&mut self, refer: ReferId) -> bool {
        self.table.remove(&refer).is_some()
    }

    /// A NOTIFY came: which REFER of ours it tells about, or `None` for a 481.
    pub(crate) fn notified(&mut self, id: Option<u32>, status: u16, last: bool) -> Option<Progress> {
        let refer = self.table.iter().find_map(|(refer, referral)| match referral {
            Referral::Sent { cseq: Some(cseq) } | Referral::Accepted { cseq } | Referral::Progressing { cseq } => {
                id.is_none_or(|id| id == *cseq).then_some((*refer, *cseq))
            }
            _ => None,
        });
        let (refer, cseq) = refer?;
        if last {
            self.table.remove(&refer);
        } else {
            self.table.insert(refer, Referral::Progressing { cseq });
        }
        Some(Progress { refer, status, last })
    }

    /// Whether our REFER still waits for its first NOTIFY.
    pub(crate) fn is_waiting(&self, refer: ReferId) -> bool {
        matches!(self.table.get(&refer), Some(Referral::Accepted { .. }))
    }

    /// Every open REFER, with the request our owner has not answered yet.
    pub(crate) fn open(&self) -> Vec<(ReferId, Option<ServerId>)> {
        let asked = |referral: &Referral| match referral {
            Referral::Asked { server, .. } => Some(*server),
            _ => None,
        };
        self.table.iter().map(|(refer, referral)| (*refer, asked(referral))).collect()
    }
}

/// The body of a NOTIFY: the status line of what became of the call (RFC 3420).
pub(crate) fn fragment(status: u16, reason: &str) -> String {
    format!("SIP/2.0 {status} {reason}\r\n")
}

/// The status of a `message/sipfrag` body; `None` when it does not start with a status line.
pub(crate) fn fragment_status(body: &[u8]) -> Option<u16> {
    let line = body.split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| !line.is_empty())?;
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    if !words.next()?.eq_ignore_ascii_case(b"SIP/2.0") {
        return None;
    }
    let status: u16 = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    (100..700).contains(&status).then_some(status)
}

/// REFERs open at once in one session.
const REFERRALS_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refer_we_accept_is_told_about_until_the_last_word() {
        let mut referrals = Referrals::default();
        assert!(referrals.asked(ReferId(1), ServerId(3), 7));
        assert_eq!(referrals.notify(ReferId(1), false), None, "nothing is told before it is accepted");
        assert_eq!(referrals.accept(ReferId(1)), Some(ServerId(3)));
        assert_eq!(referrals.accept(ReferId(1)), None, "once");
        assert_eq!(referrals.notify(ReferId(1), false).as_deref(), Some("refer"));
        assert_eq!(referrals.notify(ReferId(1), true).as_deref(), Some("refer"));
        assert_eq!(referrals.notify(ReferId(1), true), None, "nothing comes after the last");
        assert!(referrals.asked(ReferId(2), ServerId(4), 9) && referrals.accept(ReferId(2)).is_some());
        assert_eq!(referrals.notify(ReferId(2), false).as_deref(), Some("refer;id=9"));
    }

    #[test]
    fn a_refused_refer_is_forgotten() {
        let mut referrals = Referrals::default();
        assert!(referrals.asked(ReferId(1), ServerId(3), 7));
        assert_eq!(referrals.open(), [(ReferId(1), Some(ServerId(3)))]);
        assert_eq!(referrals.refuse(ReferId(1)), Some(ServerId(3)));
        assert_eq!((referrals.refuse(ReferId(1)), referrals.accept(ReferId(1))), (None, None));
        assert!(referrals.open().is_empty());
    }

    #[test]
    fn our_refer_waits_for_its_notify_even_when_that_overtakes_the_202() {
        let mut referrals = Referrals::default();
        assert!(referrals.ask(ReferId(1)));
        assert_eq!(referrals.notified(None, 100, false), None, "nothing was sent yet");
        referrals.sent(ReferId(1), 5);
        let trying = Progress { refer: ReferId(1), status: 100, last: false };
        assert_eq!(referrals.notified(Some(5), 100, false), Some(trying));
        assert!(!referrals.accepted(ReferId(1)), "the NOTIFY was here first");
        assert!(!referrals.is_waiting(ReferId(1)));
        assert_eq!(referrals.notified(Some(6), 200, true), None, "another subscription's");
        assert_eq!(referrals.notified(None, 200, true), Some(Progress { refer: ReferId(1), status: 200, last: true }));
        assert_eq!(referrals.notified(None, 200, true), None);
    }

    #[test]
    fn no_notify_at_all_gives_up() {
        let mut referrals = Referrals::default();
        assert!(referrals.ask(ReferId(1)));
        referrals.sent(ReferId(1), 5);
        assert!(referrals.accepted(ReferId(1)));
        assert!(referrals.is_waiting(ReferId(1)));
        assert!(referrals.give_up(ReferId(1)));
        assert!(!referrals.give_up(ReferId(1)));
    }

    #[test]
    fn referrals_are_bounded() {
        let mut referrals = Referrals::default();
        assert!((0..4).all(|id| referrals.asked(ReferId(id), ServerId(id), 1)));
        assert!(!referrals.asked(ReferId(9), ServerId(9), 1) && !referrals.ask(ReferId(9)));
    }

    #[test]
    fn a_fragment_tells_its_status() {
        assert_eq!(fragment_status(fragment(200, "OK").as_bytes()), Some(200));
        assert_eq!(fragment_status(b"\r\nSIP/2.0 180 Ringing\r\nTo: x\r\n"), Some(180));
        assert_eq!(fragment_status(b"SIP/2.0 486"), Some(486));
        assert_eq!(fragment_status(b"HTTP/1.1 200 OK"), None);
        assert_eq!(fragment_status(b"SIP/2.0 99 Low"), None);
        assert_eq!(fragment_status(b""), None);
    }
}
