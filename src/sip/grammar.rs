//! The small words of the SIP grammar: tokens, white space, quotes, numbers, lists.
//! Never allocates but to unfold; never panics on any bytes. RFC 3261 25.1.

use std::borrow::Cow;
use std::ops::Range;

/// `token` characters.
pub(super) const fn is_token(byte: u8) -> bool {
    CLASS[byte as usize] & TOKEN != 0
}

/// Whether all of a non-empty `word` is a token.
pub(super) fn is_token_word(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(|byte| is_token(*byte))
}

/// Whether all of `text` may stand in the user part of a SIP URI: its characters and whole escapes.
pub(super) fn is_user_text(text: &[u8]) -> bool {
    is_escaped_text(text, USER)
}

/// Whether all of `text` may stand in the parameters or headers of a URI: its characters and whole escapes.
pub(super) fn is_uri_text(text: &[u8]) -> bool {
    is_escaped_text(text, URI)
}

fn is_escaped_text(text: &[u8], class: u8) -> bool {
    let mut rest = text;
    loop {
        match rest {
            [] => return true,
            [byte, after @ ..] if CLASS[usize::from(*byte)] & class != 0 => rest = after,
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest = after,
            _ => return false,
        }
    }
}

/// Characters of a host name's label; underscores are no one's grammar and everyone's practice.
pub(super) const fn is_label(byte: u8) -> bool {
    CLASS[byte as usize] & LABEL != 0
}

/// Characters of an unquoted header parameter value. Wider than the RFC's token and host, because base64 and
/// slashes are seen in branches and tags, and nothing is won by refusing them.
pub(super) const fn is_param_value(byte: u8) -> bool {
    CLASS[byte as usize] & VALUE != 0
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Control characters other than the tab and the line breaks of folds.
pub(super) const fn is_control(byte: u8) -> bool {
    (byte < b' ') & (byte != b'\t') & (byte != b'\r') & (byte != b'\n') | (byte == 0x7f)
}

/// Whether control characters stand in `text` only as quoted pairs within quotes (RFC 4475 3.1.1.2).
pub(super) fn controls_are_quoted(text: &[u8]) -> bool {
    let mut quoted = false;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' if quoted => _ = bytes.next(),
            byte if is_control(*byte) => return false,
            _ => {}
        }
    }
    true
}

/// `byte`, or a space where a header value that we write cannot have it.
pub(super) const fn printable(byte: u8) -> u8 {
    if is_control(byte) || matches!(byte, b'\r' | b'\n') { b' ' } else { byte }
}

const fn is_line_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// `text` without white space and folds at its start.
pub(super) fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_line_space(*first)
    {
        text = rest;
    }
    text
}

/// `text` without white space and folds at both ends.
pub(super) fn trim(text: &[u8]) -> &[u8] {
    let mut text = trim_start(text);
    while let [rest @ .., last] = text
        && is_line_space(*last)
    {
        text = rest;
    }
    text
}

/// Each line break with the white space around it becomes one space (RFC 3261 7.3.1).
pub(super) fn unfold(text: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if !matches!(byte, b'\r' | b'\n') {
            line.push(*byte);
            continue;
        }
        while line.last().is_some_and(|last| is_space(*last)) {
            line.pop();
        }
        line.push(b' ');
        while let Some((next, after)) = rest.split_first()
            && is_line_space(*next)
        {
            rest = after;
        }
    }
    line
}

/// `1*DIGIT` that fits; `None` for anything else.
pub(super) fn decimal(text: &[u8]) -> Option<u32> {
    saturating_decimal(text).and_then(|number| u32::try_from(number).ok())
}

/// `1*DIGIT` of any length, saturating far above 2^32; `None` when it is not a number.
pub(super) fn saturating_decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, byte| {
        byte.is_ascii_digit().then(|| number.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
    })
}

/// Where the quoted string that opens at `text[0]` ends (index after the closing quote).
pub(super) fn quoted_end(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The inside of a quoted string, or the text itself when it is not quoted; quoted pairs are resolved.
pub(super) fn unquote(text: &[u8]) -> Cow<'_, [u8]> {
    let [b'"', inside @ .., b'"'] = text else { return Cow::Borrowed(text) };
    if !inside.contains(&b'\\') {
        return Cow::Borrowed(inside);
    }
    let mut plain = Vec::with_capacity(inside.len());
    let mut bytes = inside.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => plain.extend(bytes.next()),
            other => plain.push(*other),
        }
    }
    Cow::Owned(plain)
}

/// Writes `text` as a quoted string; control characters, which not every reader takes as quoted pairs, become spaces.
pub(super) fn quote_into(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            other => out.push(printable(*other)),
        }
    }
    out.push(b'"');
}

/// `%` escapes resolved; broken ones stay as they are.
pub(super) fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'%'
            && let [high, low, beyond @ ..] = after
            && let (Some(high), Some(low)) = (hex_value(*high), hex_value(*low))
        {
            plain.push(high << 4 | low);
            rest = beyond;
        } else {
            plain.push(*byte);
        }
    }
    Cow::Owned(plain)
}

/// The value of one hexadecimal digit.
pub(super) fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The comma-separated elements of a list header, trimmed, as ranges of `text`. Commas in quotes and in `<>` do not
/// separate. An empty text has no elements; an empty element is an element.
pub(super) struct Elements<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Elements<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        let at = if trim(text).is_empty() { text.len() + 1 } else { 0 };
        Elements { text, at }
    }

    /// Goes on at `at`, where an earlier walk stopped.
    pub(super) fn resume(text: &'t [u8], at: usize) -> Self {
        Elements { text, at }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }
}

impl Iterator for Elements<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..)?;
        let length = unquoted(rest, b',').unwrap_or(rest.len());
        let element = &rest[..length];
        let leading = element.iter().take_while(|byte| is_line_space(**byte)).count();
        let start = self.at + leading;
        let end = start + trim(element).len();
        self.at += length + 1;
        Some(start..end)
    }
}

/// Where `wanted` first stands outside quotes and `<>`.
pub(super) fn unquoted(text: &[u8], wanted: u8) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            byte if *byte == wanted => return Some(at),
            b'"' => at += quoted_end(&text[at..])?,
            b'<' => at += memchr::memchr(b'>', &text[at..])? + 1,
            _ => at += 1,
        }
    }
    None
}

const TOKEN: u8 = 1;
const USER: u8 = 2;
const URI: u8 = 4;
const VALUE: u8 = 8;
const LABEL: u8 = 16;

const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = classify(byte as u8);
        byte += 1;
    }
    class
};

const fn classify(byte: u8) -> u8 {
    let alphanumeric = byte.is_ascii_alphanumeric();
    let mut class = 0;
    if alphanumeric || one_of(byte, b"-_") {
        class |= LABEL;
    }
    if alphanumeric || one_of(byte, b"-.!%*_+`'~") {
        class |= TOKEN;
    }
    // unreserved and user-unreserved; phones also dial feature codes with a bare '#'.
    if alphanumeric || one_of(byte, b"-_.!~*'()&=+$,;?/#") {
        class |= USER;
    }
    // unreserved, param-unreserved and hnv-unreserved with their separators.
    if alphanumeric || one_of(byte, b"-_.!~*'()[]/:&+$=;?,@") {
        class |= URI;
    }
    if byte > b' ' && byte != 0x7f && !one_of(byte, b"\";,<>?\\") {
        class |= VALUE;
    }
    class
}

const fn one_of(byte: u8, set: &[u8]) -> bool {
    let mut at = 0;
    while at < set.len() {
        if set[at] == byte {
            return true;
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &[u8]) -> Vec<&[u8]> {
        Elements::new(text).map(|range| &text[range]).collect()
    }

    #[test]
    fn folds_become_one_space() {
        assert_eq!(unfold(b"SIP  /   2.0\r\n /UDP\r\n    192.0.2.2"), b"SIP  /   2.0 /UDP 192.0.2.2");
        assert_eq!(unfold(b"a \r\n \r\n\tb"), b"a b");
        assert_eq!(trim(b" \r\n  x y\t"), b"x y");
        assert_eq!(trim(b" \t"), b"");
    }

    #[test]
    fn numbers_are_digits_and_nothing_else() {
        assert_eq!(decimal(b"0068"), Some(68));
        assert_eq!(decimal(b"4294967295"), Some(u32::MAX));
        for wrong in [&b""[..], b"-1", b"+1", b" 1", b"1 ", b"0x1", b"4294967296", b"18446744073709551617"] {
            assert_eq!(decimal(wrong), None, "{wrong:?}");
        }
        assert_eq!(saturating_decimal(&[b'9'; 100]), Some(u64::MAX));
    }

    #[test]
    fn commas_in_quotes_and_brackets_do_not_separate() {
        assert_eq!(elements(b" a ,b"), [&b"a"[..], b"b"]);
        assert_eq!(
            elements(br#""x, \", y" <sip:a@b>, <sip:c,d@e>"#),
            [&br#""x, \", y" <sip:a@b>"#[..], b"<sip:c,d@e>"]
        );
        assert_eq!(elements(b"a,,"), [&b"a"[..], b"", b""]);
        assert!(elements(b"  ").is_empty());
        assert_eq!(elements(b"\"open, a"), [&b"\"open, a"[..]]);
    }

    #[test]
    fn quoted_strings_lose_and_gain_their_quotes() {
        assert_eq!(&*unquote(br#""J Rosenberg \\\"""#), br#"J Rosenberg \""#);
        assert_eq!(&*unquote(b"plain"), b"plain");
        assert_eq!(quoted_end(br#""a\"b" c"#), Some(6));
        assert_eq!(quoted_end(br#""a\"#), None);
        let mut out = Vec::new();
        quote_into(&mut out, b"a\"b\\c\r\nd");
        assert_eq!(out, br#""a\"b\\c  d""#);
    }

    #[test]
    fn escapes_are_resolved_or_refused() {
        assert_eq!(&*unescape(b"%75se%72"), b"user");
        assert_eq!(&*unescape(b"null-%00-null"), b"null-\0-null");
        assert_eq!(&*unescape(b"%Z%4"), b"%Z%4");
        assert!(is_user_text(b"a%2Fb;c") && is_uri_text(b"a%2Fb[c"));
        for wrong in [&b"a%2"[..], b"%ZZ", b"%", b"a b", b"\xe9"] {
            assert!(!is_user_text(wrong) && !is_uri_text(wrong), "{wrong:?}");
        }
    }
}
