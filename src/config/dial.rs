//! Numbers as people write them and patterns of numbers. Never decides who may dial; see `Config::route`.

/// A pattern of numbers: digits (and a leading `+`), `x` for any digit, `*` at the end for any more digits.
/// The default one fits nothing but the empty number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Reads a pattern; `None` when a character is none of its grammar or it would fit the empty number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Pattern> {
        let pattern = normalize(text).to_ascii_lowercase();
        let fixed = pattern.strip_suffix('*').unwrap_or(&pattern);
        let digits = fixed.strip_prefix('+').unwrap_or(fixed);
        let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'x');
        fits.then_some(Pattern(pattern))
    }

    /// Whether a number, written in any way, fits.
    #[must_use]
    pub fn fits(&self, number: &str) -> bool {
        let number = normalize(number);
        let (fixed, open) = match self.0.strip_suffix('*') {
            Some(fixed) => (fixed, true),
            None => (self.0.as_str(), false),
        };
        let Some((head, tail)) = number.split_at_checked(fixed.len()) else { return false };
        let head_fits = head.bytes().zip(fixed.bytes()).all(|(digit, wanted)| match wanted {
            b'x' => digit.is_ascii_digit(),
            literal => digit == literal,
        });
        head_fits && if open { tail.bytes().all(|byte| byte.is_ascii_digit()) } else { tail.is_empty() }
    }

    /// The pattern as configured, without decoration.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A number without the decoration that people put between its digits.
#[must_use]
pub fn normalize(number: &str) -> String {
    number.chars().filter(|character| !matches!(character, '-' | ' ' | '.' | '(' | ')')).collect()
}

/// Whether a text is a number or a feature code: digits, `*`, `#`, and a `+` in front, decorated or not.
pub(super) fn is_number(text: &str) -> bool {
    let number = normalize(text);
    let digits = number.strip_prefix('+').unwrap_or(&number);
    (1..=NUMBER_DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*' || byte == b'#')
}

/// Longer than any number of ITU-T E.164 with a prefix before it.
const NUMBER_DIGITS_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).expect("the test writes a pattern")
    }

    #[test]
    fn a_pattern_fits_its_numbers_however_they_are_written() {
        assert!(pattern("010xxxxxxxx").fits("010-1234-5678"));
        assert!(pattern("010-XXXX-XXXX").fits("01012345678"));
        assert!(!pattern("010xxxxxxxx").fits("0101234567"), "one digit short");
        assert!(!pattern("010xxxxxxxx").fits("010123456789"), "one digit long");
        assert!(pattern("061*").fits("0612800600"));
        assert!(pattern("061*").fits("061"));
        assert!(!pattern("061*").fits("062280"));
        assert!(!pattern("061*").fits("061*2"), "only digits follow");
        assert!(pattern("+82*").fits("+82 61 280 0600"));
        assert!(!pattern("1xx").fits("1가"), "a number of other bytes is no number");
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["", "*", "+*", "abc", "01*2", "0 1 ?", "*11"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_and_codes_are_told_from_words() {
        for number in ["1300", "*11", "061-280-0600", "+82 (61) 280.0600", "#1"] {
            assert!(is_number(number), "{number}");
        }
        for word in ["", "-", "+", "alice", "12+3", "一二三"] {
            assert!(!is_number(word), "{word}");
        }
    }

    proptest! {
        #[test]
        fn no_number_panics(text in ".{0,20}", number in ".{0,20}") {
            if let Some(pattern) = Pattern::parse(&text) {
                let _ = pattern.fits(&number);
            }
            let _ = pattern("1x*").fits(&number);
        }
    }
}
