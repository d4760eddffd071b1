//! A request of ours before it knows its way: everything but Via, so that it can be sent again with a new branch,
//! another CSeq, credentials, or over another transport; and the ACK and CANCEL that copy it.
//! Never chooses where it goes. RFC 3261 8.1.1, 9.1, 17.1.1.3.

use super::header::{NameAddr, Via};
use super::header_name::HeaderName;
use super::method::Method;
use super::uri::Uri;
use super::writer::RequestWriter;
use bytes::Bytes;

/// A request without Via.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) routes: Vec<NameAddr>,
    pub(crate) from: NameAddr,
    pub(crate) to: NameAddr,
    pub(crate) call_id: Bytes,
    pub(crate) cseq: u32,
    pub(crate) max_forwards: u32,
    /// Whether a Contact of ours belongs into it; its address depends on the way.
    pub(crate) contact: ContactKind,
    /// Further headers, in order.
    pub(crate) headers: Vec<(HeaderName, Bytes)>,
    /// Content-Type and body.
    pub(crate) body: Option<(&'static str, Bytes)>,
}

/// The Contact of a draft.
#[derive(Clone, Debug)]
pub(crate) enum ContactKind {
    /// None: ACK, BYE, CANCEL and their like.
    None,
    /// Our address on the way taken, with this user part.
    Ours(Bytes),
    /// A value of its own (REGISTER).
    Value(Bytes),
}

impl Draft {
    /// The bytes with this Via.
    pub(crate) fn render(&self, via: &Via, contact: Option<&Uri>, user_agent: &str) -> Bytes {
        let mut writer = RequestWriter::new(&self.method, &self.uri).header(HeaderName::Via, via.to_bytes());
        for route in &self.routes {
            writer = writer.header(HeaderName::Route, route.to_bytes());
        }
        writer = writer
            .header(HeaderName::MaxForwards, self.max_forwards.to_string())
            .header(HeaderName::From, self.from.to_bytes())
            .header(HeaderName::To, self.to.to_bytes())
            .header(HeaderName::CallId, &self.call_id)
            .header(HeaderName::CSeq, format!("{} {}", self.cseq, self.method));
        match (&self.contact, contact) {
            (ContactKind::Value(value), _) => writer = writer.header(HeaderName::Contact, value),
            (ContactKind::Ours(_), Some(uri)) => {
                writer = writer.header(HeaderName::Contact, NameAddr::new(uri.clone()).to_bytes());
            }
            _ => {}
        }
        for (name, value) in &self.headers {
            writer = writer.header(name.clone(), value);
        }
        writer = writer.header(HeaderName::UserAgent, user_agent);
        if let Some((kind, body)) = &self.body {
            writer = writer.body(kind, body.clone());
        }
        writer.finish()
    }

    /// The ACK of a refusal: it copies the request and takes To from the response (17.1.1.3).
    pub(crate) fn ack_of_refusal(&self, to: NameAddr) -> Draft {
        Draft { method: Method::Ack, to, contact: ContactKind::None, headers: Vec::new(), body: None, ..self.clone() }
    }

    /// The CANCEL of this request (9.1).
    pub(crate) fn cancel(&self, reason: Option<&str>) -> Draft {
        let headers = reason.map(|text| (HeaderName::Reason, Bytes::copy_from_slice(text.as_bytes())));
        Draft {
            method: Method::Cancel,
            contact: ContactKind::None,
            headers: headers.into_iter().collect(),
            body: None,
            ..self.clone()
        }
    }

    /// The same request with a further header.
    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<Bytes>) -> Draft {
        self.headers.push((name, value.into()));
        self
    }

    /// Replaces the credentials, if there are any, by these.
    pub(crate) fn set_credentials(&mut self, name: HeaderName, value: Bytes) {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value));
    }

    /// The credentials it carries, for the ACK of its 2xx (13.2.2.4).
    pub(crate) fn credentials(&self) -> Vec<(HeaderName, Bytes)> {
        let keep = |name: &HeaderName| matches!(name, HeaderName::Authorization | HeaderName::ProxyAuthorization);
        self.headers.iter().filter(|(name, _)| keep(name)).cloned().collect()
    }
}
