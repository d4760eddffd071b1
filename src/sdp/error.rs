//! Why a session description cannot be used, and what the peer is told about it. Never shows what it quotes unescaped.
//! RFC 3261 20.43 (warn-codes), 21.4.26 (488 Not Acceptable Here).

use std::net::IpAddr;

/// What was wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Not SDP, or a field that is needed is missing or outside its range.
    #[error("malformed session description: {0}")]
    Malformed(String),
    /// No audio stream over plain RTP, or only refused ones (port 0).
    #[error("no audio stream")]
    NoAudio,
    /// Audio, but in no codec of ours.
    #[error("no common codec: offered {offered}")]
    NoCommonCodec {
        /// Names of what was offered, comma-separated; printable ASCII without quotes, bounded.
        offered: String,
    },
    /// The stream's address belongs to the other IP version than our socket.
    #[error("cannot send to {remote} from here")]
    AddressFamily { remote: IpAddr },
    /// An answer although we offered nothing.
    #[error("answer without an offer")]
    UnexpectedAnswer,
}

impl SdpError {
    /// The SIP status to refuse an offer with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            SdpError::Malformed(_) | SdpError::UnexpectedAnswer => 400,
            SdpError::NoAudio | SdpError::NoCommonCodec { .. } | SdpError::AddressFamily { .. } => 488,
        }
    }

    /// The warn-code and the text of a `Warning` header that goes with a 488.
    #[must_use]
    pub fn warning(&self) -> Option<(u16, String)> {
        match self {
            SdpError::Malformed(_) | SdpError::UnexpectedAnswer => None,
            SdpError::NoAudio => Some((304, "Media type not available: audio over RTP/AVP is".to_owned())),
            SdpError::NoCommonCodec { offered } => {
                Some((305, format!("Incompatible media format: offered {offered}; PCMU and PCMA are spoken here")))
            }
            SdpError::AddressFamily { .. } => Some((301, "Incompatible network address formats".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_what_was_offered() {
        let error = SdpError::NoCommonCodec { offered: "opus, G729".to_owned() };
        assert_eq!(error.status(), 488);
        let (code, text) = error.warning().expect("a codec mismatch has a warn-code");
        assert_eq!(code, 305);
        assert!(text.contains("opus, G729"), "{text}");
    }

    #[test]
    fn a_broken_description_is_a_bad_request() {
        assert_eq!(SdpError::Malformed("no version".to_owned()).status(), 400);
        assert_eq!(SdpError::Malformed("no version".to_owned()).warning(), None);
        assert_eq!(SdpError::NoAudio.warning().map(|(code, _)| code), Some(304));
    }
}
