//! Why our parser and the foreign ones disagree, case by case.
//! Never a wish: a row that no message shows any more fails the test. RFC 3261 (sections without a name), RFC 4475.

use crate::Kind::{self, BodyLength, CallId, FromTag, Method, Refuses, Takes};

/// One explained disagreement.
pub struct Reason {
    /// The name of a feature of `FEATURES`.
    pub feature: &'static str,
    pub kind: Kind,
    /// The parsers that disagree with us.
    pub parsers: &'static [&'static str],
    /// Why ours is the answer we want.
    pub why: &'static str,
}

const fn reason(feature: &'static str, kind: Kind, parsers: &'static [&'static str], why: &'static str) -> Reason {
    Reason { feature, kind, parsers, why }
}

const EZK: &str = "ezk-sip-types";
const RSIP: &str = "rsip";
const RSIPRTP: &str = "rsiprtp";
const RSIPSTACK: &str = "rsipstack";
const ALL: &[&str] = &[EZK, RSIP, RSIPRTP, RSIPSTACK];

pub const REASONS: &[Reason] = &[
    // Valid, and refused or misread elsewhere.
    reason(
        "compact names",
        Refuses,
        &[RSIP],
        "7.3.3: v, f, t, i and m are names; it misses the mandatory headers behind them",
    ),
    reason("spaces before the colon", Refuses, &[RSIP], "25.1 HCOLON: spaces and tabs may stand before the colon"),
    reason("folded value", Refuses, &[RSIP], "7.3.1: a line may go on after a line break and a space"),
    reason(
        "folded value",
        CallId,
        &[RSIPSTACK],
        "7.3.1: a fold is one space, and outer space is no part of the value; it keeps one before the Call-ID",
    ),
    reason("fold within CSeq", Refuses, &[RSIP], "7.3.1: a fold is a space like any other"),
    reason("fold before a parameter", Refuses, &[RSIP], "7.3.1: a fold is a space like any other"),
    reason("spaces round the tag's equals", Refuses, &[RSIP], "25.1 EQUAL: spaces may stand round it"),
    reason(
        "spaces round the tag's equals",
        FromTag,
        &[RSIPSTACK],
        "25.1 EQUAL: spaces may stand round it; it loses the tag, and with it the dialog",
    ),
    reason(
        "TAG in capitals",
        FromTag,
        &[EZK],
        "7.3.1: parameter names ignore case; it loses the tag, and with it the dialog",
    ),
    reason("quoted parameter with a semicolon", Refuses, &[RSIP], "25.1: a parameter may be a quoted string"),
    reason(
        "quoted parameter with a semicolon",
        FromTag,
        &[RSIPSTACK],
        "25.1: a semicolon within quotes separates nothing; it takes the quoted tag for the real one",
    ),
    reason("comma and escaped quote in the name", Refuses, &[EZK], "25.1 quoted-pair: a backslash escapes a quote"),
    reason("bracket in the name", Refuses, &[RSIP], "25.1: a bracket within quotes opens no address"),
    reason("Latin-1 name", Refuses, ALL, "one old byte must not cost the call: header values are bytes"),
    reason(
        "Latin-1 in an unknown header",
        Refuses,
        &[EZK, RSIP, RSIPRTP],
        "one old byte in a header nobody reads must not cost the call",
    ),
    reason(
        "Latin-1 in an unknown header",
        BodyLength,
        &[RSIPSTACK],
        "it loses all headers after the byte, Content-Length with them, and so the body, in silence",
    ),
    reason("Latin-1 reason", Refuses, ALL, "a phrase is for people to read; the code alone counts"),
    reason("tel address", Refuses, &[EZK, RSIP], "RFC 3966: carriers write tel in From"),
    reason(
        "foreign scheme in From",
        Refuses,
        &[EZK, RSIPRTP],
        "RFC 4475 3.3.4: an unknown scheme in From is well formed",
    ),
    reason("foreign scheme in From", FromTag, &[RSIPRTP], "RFC 4475 3.3.4: its tag counts like any other"),
    reason("IPv6 in Via", Refuses, &[RSIP], "RFC 5118 4.1: an address in brackets is a host"),
    reason("IPv6 in From", Refuses, &[RSIP], "RFC 5118 4.1: an address in brackets is a host"),
    reason(
        "unknown transport",
        Refuses,
        &[RSIP, RSIPSTACK],
        "RFC 4475 3.1.1.10: a Via may name a transport nobody knows",
    ),
    reason("spaces within Via", Refuses, &[RSIP], "25.1 SLASH, COLON, SEMI: spaces may stand round them"),
    reason(
        "unknown method",
        Refuses,
        &[RSIP, RSIPRTP, RSIPSTACK],
        "7.1: any token is a method; it deserves 405 or 501, not silence",
    ),
    reason("method in small letters", Method, ALL, "7.1: methods keep their case; invite is not INVITE"),
    reason("version in small letters", Refuses, ALL, "7.1: SIP-Version ignores case"),
    reason("tel Request-URI", Refuses, &[EZK, RSIP], "RFC 3966: carriers dial with tel"),
    reason(
        "bytes after the body",
        BodyLength,
        &[RSIP],
        "18.3: what a datagram has after the body is discarded; it reads it as body",
    ),
    reason(
        "no Content-Length",
        BodyLength,
        &[RSIPSTACK],
        "18.3: without a length the body is all the rest of the datagram; it loses it",
    ),
    reason("empty lines before", Refuses, ALL, "7.5: empty lines before the start line are ignored"),
    reason("star Contact", Refuses, &[EZK], "10.2.2: a star takes all bindings away"),
    reason("two Contacts in one line", Refuses, &[RSIP], "7.3.1: a list may share a line"),
    // Not valid, and taken elsewhere.
    reason(
        "negative length",
        Takes,
        &[RSIP, RSIPRTP, RSIPSTACK],
        "RFC 4475 3.1.2.3: who guesses where a message ends lets a second one in",
    ),
    reason(
        "length in words",
        Takes,
        &[RSIP, RSIPRTP, RSIPSTACK],
        "20.14: the length is digits; who guesses lets a second message in",
    ),
    reason(
        "empty length",
        Takes,
        &[RSIP, RSIPRTP, RSIPSTACK],
        "20.14: the length is digits; who guesses lets a second message in",
    ),
    reason(
        "length beyond 32 bits",
        Takes,
        &[RSIP, RSIPRTP, RSIPSTACK],
        "it is larger than the message; who cuts it to 32 bits lets a second message in",
    ),
    reason(
        "length beyond the message",
        Takes,
        &[RSIP, RSIPRTP, RSIPSTACK],
        "18.3: a datagram shorter than its length is an error, answered with 400",
    ),
    reason("two lengths", Takes, ALL, "RFC 4475 3.3.9: nobody can know which one counts"),
    reason("no From", Takes, &[RSIPRTP], "8.1.1: From is mandatory; its responses show no From to miss"),
    reason("no To", Takes, &[RSIPRTP], "8.1.1: To is mandatory; its responses show no To to miss"),
    reason("no Via", Takes, &[RSIPRTP], "8.1.1: Via is mandatory; its responses show no Via to miss"),
    reason("two Tos", Takes, ALL, "RFC 4475 3.3.8: nobody can know which one counts"),
    reason("two Call-IDs", Takes, ALL, "RFC 4475 3.3.8: nobody can know which one counts"),
    reason("CSeq of another method", Takes, ALL, "8.1.1.5: the methods must match"),
    reason("CSeq beyond 31 bits", Takes, ALL, "8.1.1.5: the number is below 2^31"),
    reason(
        "two spaces in the request line",
        Takes,
        &[EZK, RSIP, RSIPRTP],
        "7.1: single spaces; RFC 4475 3.1.2.9 asks for a 400",
    ),
    reason("space in the Request-URI", Takes, &[EZK], "RFC 4475 3.1.2.8: a 400"),
    reason("Request-URI in brackets", Takes, &[RSIP, RSIPSTACK], "RFC 4475 3.1.2.7: a 400"),
    reason(
        "headers in the Request-URI",
        Takes,
        ALL,
        "RFC 4475 3.1.2.11: headers of a Request-URI may not become headers",
    ),
    reason("unknown scheme in the Request-URI", Takes, &[RSIPSTACK], "RFC 4475 3.3.2: a 416"),
    reason("IPv6 without brackets", Takes, &[RSIPRTP, RSIPSTACK], "RFC 5118 4.2: a 400"),
    reason("broken escape", Takes, ALL, "25.1: a percent sign begins an escape of two digits"),
    reason("port beyond 65535", Takes, &[RSIPRTP], "no such port; it keeps the host and forgets the port"),
    reason("another version", Takes, &[RSIPSTACK], "RFC 4475 3.1.2.16: a 505"),
    reason("status of four digits", Takes, &[EZK, RSIPSTACK], "7.2: a status has three digits"),
    reason(
        "line without a colon",
        Takes,
        &[RSIPSTACK],
        "7.3: such a line is no header; another element may read it otherwise",
    ),
    reason(
        "line without a name",
        Takes,
        &[EZK, RSIPSTACK],
        "7.3: such a line is no header; another element may read it otherwise",
    ),
    reason(
        "space in a name",
        Takes,
        &[RSIPRTP, RSIPSTACK],
        "7.3: a name is a token; another element may read it otherwise",
    ),
    reason(
        "lone LF",
        Takes,
        ALL,
        "7: lines end with CRLF; what one element takes for a line's end hides a header from the next",
    ),
    reason(
        "lone CR",
        Takes,
        &[RSIP, RSIPRTP, RSIPSTACK],
        "7: lines end with CRLF; what one element takes for a line's end hides a header from the next",
    ),
    reason(
        "NUL in a header",
        Takes,
        ALL,
        "25.1: NUL stands only as a quoted pair; whoever reads C strings stops there",
    ),
    reason("open quote", Takes, ALL, "RFC 4475 3.1.2.6: a 400"),
    reason("comma in a bare name", Takes, ALL, "RFC 4475 3.1.2.15: a 400"),
    reason("spaces in the address", Takes, &[RSIP, RSIPRTP, RSIPSTACK], "RFC 4475 3.1.2.14: a 400"),
    reason(
        "open bracket",
        Takes,
        &[RSIPRTP],
        "25.1: a bracket that opens is closed; its responses show no To to refuse",
    ),
    reason("stray semicolons in Via", Takes, ALL, "RFC 4475 3.1.2.1: a 400"),
    reason("Via without host", Takes, &[RSIPRTP], "25.1: sent-by is mandatory, or the answer goes nowhere"),
    reason("two tags", Takes, ALL, "7.3.1: a parameter stands once, or nobody knows the dialog"),
    reason("question mark without brackets", Takes, &[EZK, RSIPRTP, RSIPSTACK], "RFC 4475 3.1.2.13: a 400"),
    reason("Max-Forwards beyond 255", Takes, ALL, "20.22: 0 to 255"),
    reason("Date not in GMT", Takes, ALL, "RFC 4475 3.1.2.12: a 400"),
];
