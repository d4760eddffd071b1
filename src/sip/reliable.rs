//! Provisional responses that want an acknowledgement: which of them, in which order, and what a PRACK names.
//! Never sends and holds no clock. RFC 3262.

use super::header_name::HeaderName;
use super::message::Message;
use super::method::Method;
use bytes::Bytes;

/// The provisional responses of one incoming INVITE.
#[derive(Debug)]
pub(crate) struct Provisionals {
    pub(crate) wish: Wish,
    /// RSeq of the next reliable one.
    next: u32,
    /// The one that no PRACK has named yet.
    pub(crate) unheard: Option<Unheard>,
    /// The newest one that waits until that PRACK.
    pub(crate) waiting: Option<(u16, Option<Bytes>)>,
    /// Our answer to the call, which may not overtake a description (5).
    pub(crate) answer: Option<Bytes>,
}

/// What the caller wants of our provisional responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// It does not know reliable ones.
    None,
    /// It takes them: those with a description are sent so.
    Supported,
    /// It wants them all so.
    Required,
}

/// A reliable response that is repeated until its PRACK.
#[derive(Debug)]
pub(crate) struct Unheard {
    pub(crate) rseq: u32,
    pub(crate) bytes: Bytes,
    pub(crate) rounds: u32,
    /// It carries a description, so that nothing final may be sent before its PRACK.
    pub(crate) described: bool,
}

impl Provisionals {
    /// For an INVITE, with the first RSeq (1 to 2^31 - 1, any value).
    pub(crate) fn new(invite: &Message, first: u32) -> Self {
        let wish = if names_100rel(invite, &HeaderName::Require) {
            Wish::Required
        } else if names_100rel(invite, &HeaderName::Supported) {
            Wish::Supported
        } else {
            Wish::None
        };
        Provisionals { wish, next: first.clamp(1, i32::MAX as u32), unheard: None, waiting: None, answer: None }
    }

    /// The RSeq that the next response must carry; `None` where it need not be reliable.
    pub(crate) fn number(&mut self, described: bool) -> Option<u32> {
        let reliable = self.wish == Wish::Required || self.wish == Wish::Supported && described;
        reliable.then(|| {
            let number = self.next;
            self.next = self.next.wrapping_add(1).max(1);
            number
        })
    }

    /// Takes the PRACK for the INVITE with this CSeq; false when it names nothing that waits.
    pub(crate) fn acknowledge(&mut self, prack: &Message, cseq: u32) -> bool {
        let named = rack(prack);
        let heard = self.unheard.as_ref().is_some_and(|unheard| named == Some((unheard.rseq, cseq)));
        if heard {
            self.unheard = None;
        }
        heard
    }

    /// Whether a final answer of success has to wait.
    pub(crate) fn holds_answer(&self) -> bool {
        self.unheard.as_ref().is_some_and(|unheard| unheard.described)
    }
}

/// The RSeq of a response that must be acknowledged by PRACK.
pub(crate) fn reliable_number(response: &Message) -> Option<u32> {
    if !names_100rel(response, &HeaderName::Require) {
        return None;
    }
    let value = response.header(&HeaderName::RSeq)?;
    std::str::from_utf8(&value).ok()?.trim().parse().ok()
}

fn names_100rel(message: &Message, name: &HeaderName) -> bool {
    message.values(name).any(|value| value.trim_ascii().eq_ignore_ascii_case(b"100rel"))
}

/// RSeq and CSeq of an INVITE, as RAck names them (7.2).
fn rack(prack: &Message) -> Option<(u32, u32)> {
    let value = prack.header(&HeaderName::RAck)?;
    let text = std::str::from_utf8(&value).ok()?;
    let mut words = text.split_ascii_whitespace();
    let (rseq, cseq, method) = (words.next()?, words.next()?, words.next()?);
    let invite = method.as_bytes() == Method::Invite.as_bytes() && words.next().is_none();
    Some((rseq.parse().ok()?, cseq.parse().ok()?)).filter(|_| invite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::parse;

    fn message(first: &str, headers: &str) -> Message {
        let text = format!(
            "{first}\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n{headers}Content-Length: 0\r\n\r\n"
        );
        parse(Bytes::from(text)).expect("a sound message")
    }

    fn provisionals(headers: &str) -> Provisionals {
        Provisionals::new(&message("INVITE sip:b@10.0.0.1 SIP/2.0", headers), 7)
    }

    #[test]
    fn what_the_caller_takes_decides() {
        assert_eq!(provisionals("").number(true), None);
        let mut supported = provisionals("Supported: timer, 100REL\r\n");
        assert_eq!((supported.number(false), supported.number(true), supported.number(true)), (None, Some(7), Some(8)));
        let mut required = provisionals("Require: 100rel\r\n");
        assert_eq!((required.number(false), required.number(true)), (Some(7), Some(8)));
    }

    #[test]
    fn only_the_prack_that_names_it_counts() {
        let mut ringing = provisionals("Require: 100rel\r\n");
        let rseq = ringing.number(true).expect("it is required");
        ringing.unheard = Some(Unheard { rseq, bytes: Bytes::new(), rounds: 0, described: true });
        let prack = |rack: &str| message("PRACK sip:b@10.0.0.1 SIP/2.0", &format!("RAck: {rack}\r\n"));
        for wrong in ["8 1 INVITE", "7 2 INVITE", "7 1 UPDATE", "7 1", "seven 1 INVITE", "7 1 INVITE 2", ""] {
            assert!(!ringing.acknowledge(&prack(wrong), 1), "{wrong}");
        }
        assert!(ringing.holds_answer());
        assert!(ringing.acknowledge(&prack(" 7   1  INVITE "), 1));
        assert!(!ringing.holds_answer() && !ringing.acknowledge(&prack("7 1 INVITE"), 1));
    }

    #[test]
    fn a_number_without_the_requirement_is_no_reliable_response() {
        let response = |headers: &str| message("SIP/2.0 183 Session Progress", headers);
        assert_eq!(reliable_number(&response("Require: 100rel\r\nRSeq: 41\r\n")), Some(41));
        assert_eq!(reliable_number(&response("RSeq: 41\r\n")), None);
        assert_eq!(reliable_number(&response("Require: 100rel\r\nRSeq: -1\r\n")), None);
    }
}
