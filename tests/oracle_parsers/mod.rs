//! Our parser and four foreign ones behind one door, for the differential test and the parser bench.
//! Never decides who is right. RFC 3261.

use bytes::Bytes;

/// One SIP parser.
pub struct Parser {
    /// The crate.
    pub name: &'static str,
    /// Reads the message without looking into its headers; whether it was taken.
    pub lazy: fn(&[u8]) -> bool,
    /// Reads the message and six typed headers: Via, From, To, Call-ID, CSeq, Contact; whether all were taken.
    pub typed: fn(&[u8]) -> bool,
    /// What it says the message says; `None` when it refuses it.
    pub facts: fn(&[u8]) -> Option<Facts>,
}

/// The parts of a message on which all parsers should agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `None` in a response.
    pub method: Option<String>,
    pub call_id: String,
    pub cseq: u32,
    pub from_tag: Option<String>,
    pub to_tag: Option<String>,
    pub body_length: usize,
}

/// Ours first.
pub const PARSERS: [Parser; 5] = [
    Parser { name: "thirdring", lazy: ours::lazy, typed: ours::typed, facts: ours::facts },
    Parser { name: "rsipstack", lazy: rsipstack_::lazy, typed: rsipstack_::typed, facts: rsipstack_::facts },
    Parser { name: "rsip", lazy: rsip_::lazy, typed: rsip_::typed, facts: rsip_::facts },
    Parser { name: "rsiprtp", lazy: rsiprtp_::lazy, typed: rsiprtp_::typed, facts: rsiprtp_::facts },
    Parser { name: "ezk-sip-types", lazy: ezk::lazy, typed: ezk::typed, facts: ezk::facts },
];

mod ours {
    use std::hint::black_box;

    use thirdring::sip::{HeaderError, Message, parse, validate};

    use super::{Bytes, Facts};

    pub fn lazy(bytes: &[u8]) -> bool {
        parse(Bytes::copy_from_slice(bytes)).map(black_box).is_ok()
    }

    pub fn typed(bytes: &[u8]) -> bool {
        parse(Bytes::copy_from_slice(bytes)).is_ok_and(|message| six(&message).is_ok())
    }

    fn six(message: &Message) -> Result<(), HeaderError> {
        black_box((message.top_via()?, message.from()?, message.to()?));
        black_box((message.call_id()?, message.cseq()?, message.contacts()?));
        Ok(())
    }

    pub fn facts(bytes: &[u8]) -> Option<Facts> {
        let message = parse(Bytes::copy_from_slice(bytes)).ok()?;
        validate(&message).ok()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(Facts {
            method: message.method().map(|method| text(method.as_bytes())),
            call_id: text(&message.call_id().ok()?),
            cseq: message.cseq().ok()?.number,
            from_tag: message.from().ok()?.tag().map(text),
            to_tag: message.to().ok()?.tag().map(text),
            body_length: message.body().len(),
        })
    }
}

mod rsipstack_ {
    use std::hint::black_box;

    use rsipstack::sip::prelude::*;
    use rsipstack::sip::{Error, SipMessage, parser::parse_message};

    use super::Facts;

    pub fn lazy(bytes: &[u8]) -> bool {
        parse_message(bytes).map(black_box).is_ok()
    }

    pub fn typed(bytes: &[u8]) -> bool {
        parse_message(bytes).is_ok_and(|message| six(&message).is_ok())
    }

    fn six(message: &SipMessage) -> Result<(), Error> {
        black_box((message.via_header()?.typed()?, message.from_header()?.typed()?, message.to_header()?.typed()?));
        black_box((message.call_id_header()?.value().to_owned(), message.cseq_header()?.typed()?));
        if let Some(contact) = message.contact_headers().first() {
            black_box(contact.typed()?);
        }
        Ok(())
    }

    pub fn facts(bytes: &[u8]) -> Option<Facts> {
        let message = parse_message(bytes).ok()?;
        six(&message).ok()?;
        Some(Facts {
            method: match &message {
                SipMessage::Request(request) => Some(request.method.to_string()),
                SipMessage::Response(_) => None,
            },
            call_id: message.call_id_header().ok()?.value().to_owned(),
            cseq: message.cseq_header().ok()?.typed().ok()?.seq,
            from_tag: message.from_header().ok()?.typed().ok()?.tag().map(|tag| tag.value().to_owned()),
            to_tag: message.to_header().ok()?.typed().ok()?.tag().map(|tag| tag.value().to_owned()),
            body_length: match &message {
                SipMessage::Request(request) => request.body.len(),
                SipMessage::Response(response) => response.body.len(),
            },
        })
    }
}

mod rsip_ {
    use std::hint::black_box;

    use rsip::prelude::*;
    use rsip::{Error, SipMessage};

    use super::Facts;

    pub fn lazy(bytes: &[u8]) -> bool {
        SipMessage::try_from(bytes).map(black_box).is_ok()
    }

    pub fn typed(bytes: &[u8]) -> bool {
        SipMessage::try_from(bytes).is_ok_and(|message| six(&message).is_ok())
    }

    fn six(message: &SipMessage) -> Result<(), Error> {
        black_box((message.via_header()?.typed()?, message.from_header()?.typed()?, message.to_header()?.typed()?));
        black_box((message.call_id_header()?.value().to_owned(), message.cseq_header()?.typed()?));
        if let Some(contact) = message.contact_headers().first() {
            black_box(contact.typed()?);
        }
        Ok(())
    }

    pub fn facts(bytes: &[u8]) -> Option<Facts> {
        let message = SipMessage::try_from(bytes).ok()?;
        six(&message).ok()?;
        Some(Facts {
            method: match &message {
                SipMessage::Request(request) => Some(request.method.to_string()),
                SipMessage::Response(_) => None,
            },
            call_id: message.call_id_header().ok()?.value().to_owned(),
            cseq: message.cseq_header().ok()?.typed().ok()?.seq,
            from_tag: message.from_header().ok()?.typed().ok()?.tag().map(|tag| tag.value().to_owned()),
            to_tag: message.to_header().ok()?.typed().ok()?.tag().map(|tag| tag.value().to_owned()),
            body_length: message.body().len(),
        })
    }
}

mod rsiprtp_ {
    use std::hint::black_box;

    use rsiprtp::sip::SipMessage;

    use super::Facts;

    pub fn lazy(bytes: &[u8]) -> bool {
        SipMessage::parse(bytes).map(black_box).is_ok()
    }

    pub fn typed(bytes: &[u8]) -> bool {
        let Ok(SipMessage::Request(request)) = SipMessage::parse(bytes) else { return false };
        black_box((request.via_branch().is_ok(), request.from_tag_and_uri().is_ok(), request.to_uri().is_ok()));
        black_box((request.call_id().is_ok(), request.cseq().is_ok(), request.contact_uri().is_some()));
        true
    }

    pub fn facts(bytes: &[u8]) -> Option<Facts> {
        Some(match SipMessage::parse(bytes).ok()? {
            SipMessage::Request(request) => {
                // A missing tag or branch is an error to this crate's doors, so the URIs stand for the headers.
                request.from_uri().ok()?;
                request.to_uri().ok()?;
                request.via_headers_raw().first()?;
                Facts {
                    method: Some(request.method().to_string()),
                    call_id: request.call_id().ok()?,
                    cseq: request.cseq().ok()?,
                    from_tag: request.from_tag().ok(),
                    to_tag: request.to_tag(),
                    body_length: request.body().len(),
                }
            }
            SipMessage::Response(response) => Facts {
                method: None,
                call_id: response.call_id().ok()?,
                cseq: response.cseq().ok()?,
                from_tag: response.from_tag().ok(),
                to_tag: response.to_tag(),
                body_length: response.body().len(),
            },
        })
    }
}

/// The crate has no whole-message door; this one pulls lines as its own stack does.
mod ezk {
    use std::hint::black_box;

    use ezk_sip_types::header::typed::{CSeq, CallID, Contact, ContentLength, FromTo, Via};
    use ezk_sip_types::msg::{Line, MessageLine, PullParser};
    use ezk_sip_types::parse::Parse;
    use ezk_sip_types::{Headers, Name};

    use super::{Bytes, Facts};

    struct Read {
        line: MessageLine,
        headers: Headers,
        body: Bytes,
    }

    fn read(bytes: &[u8]) -> Option<Read> {
        let bytes = Bytes::copy_from_slice(bytes);
        let mut parser = PullParser::new(&bytes, 0);
        let mut line = None;
        let mut headers = Headers::new();
        for item in &mut parser {
            let text = std::str::from_utf8(item.ok()?).ok()?;
            if line.is_none() {
                line = Some(MessageLine::parse(&bytes)(text).ok()?.1);
            } else {
                let header = Line::parse(&bytes, text).ok()?.1;
                headers.insert(header.name, header.value);
            }
        }
        let body = bytes.slice(parser.head_end()..);
        Some(Read { line: line?, headers, body })
    }

    pub fn lazy(bytes: &[u8]) -> bool {
        read(bytes).map(black_box).is_some()
    }

    pub fn typed(bytes: &[u8]) -> bool {
        read(bytes).is_some_and(|read| six(&read).is_some())
    }

    fn six(read: &Read) -> Option<()> {
        let headers = &read.headers;
        black_box((
            headers.get::<Via>(Name::VIA).ok()?,
            headers.get::<FromTo>(Name::FROM).ok()?,
            headers.get::<FromTo>(Name::TO).ok()?,
        ));
        black_box((headers.get_named::<CallID>().ok()?, headers.get_named::<CSeq>().ok()?));
        if let Some(contact) = headers.try_get_named::<Contact>() {
            black_box(contact.ok()?);
        }
        Some(())
    }

    pub fn facts(bytes: &[u8]) -> Option<Facts> {
        let read = read(bytes)?;
        six(&read)?;
        let headers = &read.headers;
        let tag = |name| headers.get::<FromTo>(name).ok()?.tag.map(|tag| tag.to_string());
        let body_length = match headers.try_get_named::<ContentLength>() {
            Some(length) => length.ok().map(|length| length.0).filter(|length| *length <= read.body.len())?,
            None => read.body.len(),
        };
        Some(Facts {
            method: match &read.line {
                MessageLine::Request(line) => Some(line.method.to_string()),
                MessageLine::Response(_) => None,
            },
            call_id: headers.get_named::<CallID>().ok()?.0.to_string(),
            cseq: headers.get_named::<CSeq>().ok()?.cseq,
            from_tag: tag(Name::FROM),
            to_tag: tag(Name::TO),
            body_length,
        })
    }
}
