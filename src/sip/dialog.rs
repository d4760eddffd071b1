//! One SIP dialog: both tags, both CSeqs, the route set and the peer's contact.
//! Never sends; it drafts requests and judges the order of the peer's. RFC 3261 12.

use super::draft::{ContactKind, Draft};
use super::flow::Flow;
use super::header::{Contacts, NameAddr};
use super::message::Message;
use super::method::Method;
use super::uri::Uri;
use bytes::Bytes;

/// A dialog, early or confirmed: its session knows which.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub(crate) call_id: Bytes,
    /// Our From, tag included.
    pub(crate) local: NameAddr,
    /// The peer's To, tag included.
    pub(crate) remote: NameAddr,
    /// Empty where an RFC 2543 peer has none.
    pub(crate) remote_tag: Bytes,
    pub(crate) local_cseq: u32,
    pub(crate) remote_cseq: Option<u32>,
    /// The CSeq of the peer's INVITE or UPDATE that is being answered, which other requests may have passed.
    pub(crate) remote_cseq_of_offer: u32,
    /// The last reliable provisional response of the peer (RFC 3262 4).
    pub(crate) heard_rseq: Option<u32>,
    /// Where requests go through, nearest first.
    pub(crate) routes: Vec<NameAddr>,
    /// The peer's contact.
    pub(crate) target: Uri,
    /// The way the peer was last heard on.
    pub(crate) flow: Flow,
    /// The user part of our Contact in it.
    pub(crate) contact_user: Bytes,
}

impl Dialog {
    /// The dialog that a response to our INVITE makes (12.1.2); `None` for one without a readable To.
    pub(crate) fn as_caller(request: &Draft, response: &Message, flow: Flow) -> Option<Dialog> {
        let remote = response.to().ok()?;
        let mut routes = response.record_routes().ok()?;
        routes.reverse();
        let contact_user = match &request.contact {
            ContactKind::Ours(user) => user.clone(),
            _ => Bytes::new(),
        };
        Some(Dialog {
            call_id: request.call_id.clone(),
            local: request.from.clone(),
            remote_tag: tag_of(&remote),
            remote,
            local_cseq: request.cseq,
            remote_cseq: None,
            remote_cseq_of_offer: 0,
            heard_rseq: None,
            routes,
            // A 2xx without Contact breaks 12.1.1, but the Request-URI reached the peer once already.
            target: contact_of(response).unwrap_or_else(|| request.uri.clone()),
            flow,
            contact_user,
        })
    }

    /// The dialog that an INVITE makes with our answer (12.1.1); `None` when a needed header cannot be read.
    pub(crate) fn as_callee(request: &Message, local_tag: Bytes, first_cseq: u32, flow: Flow) -> Option<Dialog> {
        let remote = request.from().ok()?;
        let target = contact_of(request).unwrap_or_else(|| remote.uri.clone());
        let contact_user = Uri::parse(request.request_uri()?).ok()?.user.unwrap_or_default();
        let cseq = request.cseq().ok()?.number;
        Some(Dialog {
            call_id: request.call_id().ok()?,
            local: request.to().ok()?.with_tag(&local_tag),
            remote_tag: tag_of(&remote),
            remote,
            local_cseq: first_cseq,
            remote_cseq: Some(cseq),
            remote_cseq_of_offer: cseq,
            heard_rseq: None,
            routes: request.record_routes().ok()?,
            target,
            flow,
            contact_user,
        })
    }

    /// A new request within the dialog (12.2.1.1), with the next CSeq.
    pub(crate) fn request(&mut self, method: Method) -> Draft {
        self.local_cseq += 1;
        self.draft(method, self.local_cseq)
    }

    /// The ACK of a 2xx to the INVITE with this CSeq (13.2.2.4).
    pub(crate) fn ack(&self, cseq: u32) -> Draft {
        self.draft(Method::Ack, cseq)
    }

    fn draft(&self, method: Method, cseq: u32) -> Draft {
        let (uri, routes) = self.path();
        let carries_contact = matches!(method, Method::Invite | Method::Update | Method::Refer | Method::Notify);
        Draft {
            method,
            uri,
            routes,
            from: self.local.clone(),
            to: self.remote.clone(),
            call_id: self.call_id.clone(),
            cseq,
            max_forwards: MAX_FORWARDS,
            contact: if carries_contact { ContactKind::Ours(self.contact_user.clone()) } else { ContactKind::None },
            headers: Vec::new(),
            body: None,
        }
    }

    /// Request-URI and Route: a first hop without `lr` is a strict router and wants its own name on the request line.
    fn path(&self) -> (Uri, Vec<NameAddr>) {
        match self.routes.split_first() {
            Some((strict, rest)) if !strict.uri.params.contains("lr") => {
                let mut routes = rest.to_vec();
                routes.push(NameAddr::new(self.target.clone()));
                let mut uri = strict.uri.clone();
                uri.headers = None;
                (uri, routes)
            }
            _ => (self.target.clone(), self.routes.clone()),
        }
    }

    /// The URI whose host names the next hop.
    pub(crate) fn next_hop(&self) -> &Uri {
        self.routes.first().map_or(&self.target, |route| &route.uri)
    }

    /// Takes the CSeq of a request of the peer (12.2.2); false when it is not higher than the last one.
    pub(crate) fn accept_cseq(&mut self, number: u32) -> bool {
        let in_order = self.remote_cseq.is_none_or(|last| number > last);
        if in_order {
            self.remote_cseq = Some(number);
        }
        in_order
    }

    /// Whether a message with these tags and Call-ID belongs here; a missing remote tag is an RFC 2543 peer's.
    pub(crate) fn is_of(&self, call_id: &[u8], remote_tag: &[u8]) -> bool {
        self.call_id == call_id && self.remote_tag == remote_tag
    }

    /// The Contact of a target refresh request or its 2xx replaces the remote target (12.2).
    pub(crate) fn refresh_target(&mut self, message: &Message) {
        if let Some(target) = contact_of(message) {
            self.target = target;
        }
    }
}

fn tag_of(address: &NameAddr) -> Bytes {
    address.tag().map(Bytes::copy_from_slice).unwrap_or_default()
}

fn contact_of(message: &Message) -> Option<Uri> {
    match message.contacts() {
        Ok(Contacts::List(list)) => list.into_iter().next().map(|contact| contact.uri).filter(Uri::is_sip),
        _ => None,
    }
}

/// The value RFC 3261 8.1.1.6 recommends.
pub(crate) const MAX_FORWARDS: u32 = 70;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::flow::Transport;
    use crate::sip::parse;

    const INVITE: &str = "INVITE sip:bob@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1\r\n\
         Record-Route: <sip:near.example;lr>, <sip:10.0.0.8;lr>\r\nRecord-Route: <sip:far.example;lr>\r\n\
         From: <sip:alice@a>;tag=theirs\r\nTo: <sip:bob@b>\r\nCall-ID: 1\r\nCSeq: 7 INVITE\r\nMax-Forwards: 70\r\n\
         Contact: <sip:alice@192.0.2.1:5070>\r\nContent-Length: 0\r\n\r\n";

    fn flow() -> Flow {
        Flow {
            transport: Transport::Udp,
            local: ([10, 0, 0, 1], 5060).into(),
            remote: ([10, 0, 0, 9], 5060).into(),
            connection: None,
        }
    }

    fn message(text: &str) -> Message {
        parse(Bytes::copy_from_slice(text.as_bytes())).expect("a sound message")
    }

    fn callee() -> Dialog {
        Dialog::as_callee(&message(INVITE), "ours".into(), 100, flow()).expect("complete")
    }

    fn hosts(routes: &[NameAddr]) -> Vec<String> {
        routes.iter().map(|route| route.uri.host.to_string()).collect()
    }

    #[test]
    fn the_called_side_keeps_the_route_as_it_came() {
        let mut dialog = callee();
        let bye = dialog.request(Method::Bye);
        assert_eq!(hosts(&bye.routes), ["near.example", "10.0.0.8", "far.example"]);
        assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.1:5070");
        assert_eq!((bye.from.tag(), bye.to.tag(), bye.cseq), (Some(&b"ours"[..]), Some(&b"theirs"[..]), 101));
        assert_eq!(dialog.request(Method::Info).cseq, 102);
        assert_eq!(dialog.ack(101).cseq, 101);
        assert_eq!(dialog.next_hop().host.to_string(), "near.example");
    }

    #[test]
    fn the_calling_side_reverses_it_and_takes_the_contact() {
        let mut first = callee();
        let request = first.request(Method::Invite);
        let text = INVITE.replace("INVITE sip:bob@10.0.0.1 SIP/2.0", "SIP/2.0 200 OK").replace("@b>", "@b>;tag=far");
        let mut dialog = Dialog::as_caller(&request, &message(&text), flow()).expect("complete");
        let bye = dialog.request(Method::Bye);
        assert_eq!(hosts(&bye.routes), ["far.example", "10.0.0.8", "near.example"]);
        assert_eq!(bye.to.tag(), Some(&b"far"[..]));
        assert_eq!(bye.cseq, request.cseq + 1);
    }

    #[test]
    fn a_strict_router_finds_its_own_name_on_the_request_line() {
        let strict = INVITE.replace("near.example;lr", "near.example");
        let mut dialog = Dialog::as_callee(&message(&strict), "ours".into(), 1, flow()).expect("complete");
        let bye = dialog.request(Method::Bye);
        assert_eq!(bye.uri.to_string(), "sip:near.example");
        assert_eq!(hosts(&bye.routes), ["10.0.0.8", "far.example", "192.0.2.1"]);
    }

    #[test]
    fn the_peers_numbers_only_grow_and_its_contact_may_move() {
        let mut dialog = callee();
        assert!(!dialog.accept_cseq(7) && !dialog.accept_cseq(3));
        assert!(dialog.accept_cseq(9) && !dialog.accept_cseq(8));
        dialog.refresh_target(&message(&INVITE.replace("192.0.2.1:5070", "192.0.2.2")));
        assert_eq!(dialog.target.to_string(), "sip:alice@192.0.2.2");
        dialog.refresh_target(&message(&INVITE.replace("Contact: <sip:alice@192.0.2.1:5070>\r\n", "")));
        assert_eq!(dialog.target.to_string(), "sip:alice@192.0.2.2", "no Contact changes nothing");
        assert!(dialog.is_of(b"1", b"theirs") && !dialog.is_of(b"1", b"other") && !dialog.is_of(b"2", b"theirs"));
    }
}
