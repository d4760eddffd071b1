//! Durations as people write them: `90s`, `3m`, `1500ms`, `1m30s`. Never a bare number: its unit would be a guess.

use std::time::Duration;

/// Reads `2d`, `8h`, `3m`, `90s`, `1500ms` or a falling row of them such as `1m30s`; anything else is `None`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let word_length = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, after) = after.split_at(word_length);
        // Taking from one iterator keeps the units falling: after minutes come seconds, never hours.
        let (_, unit_ms) = units.by_ref().find(|(name, _)| *name == word)?;
        let milliseconds = number.parse::<u64>().ok()?.checked_mul(*unit_ms)?;
        total = total.checked_add(Duration::from_millis(milliseconds))?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

/// Writes a duration so that `parse_duration` reads it back, to the millisecond: `1m30s`, `500ms`, `0s`.
#[must_use]
pub fn write_duration(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut text = String::new();
    for (name, unit_ms) in UNITS {
        let count = rest / u128::from(unit_ms);
        rest %= u128::from(unit_ms);
        if count > 0 {
            text.push_str(&format!("{count}{name}"));
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Units and their milliseconds, falling.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_write_durations_like_this() {
        assert_eq!(parse_duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(parse_duration("3m"), Some(Duration::from_secs(180)));
        assert_eq!(parse_duration("1500ms"), Some(Duration::from_millis(1_500)));
        assert_eq!(parse_duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(parse_duration("1d2h"), Some(Duration::from_secs(93_600)));
        assert_eq!(parse_duration("0s"), Some(Duration::ZERO));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["", "90", "s", "-3s", "1.5s", "3 m", "30s1m", "1s1s", "3min", "99999999999999999999s", "s3"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn units_of_other_scripts_are_refused() {
        assert_eq!(parse_duration("3분"), None);
        assert_eq!(parse_duration("３s"), None);
    }

    #[test]
    fn a_duration_is_written_in_its_largest_units() {
        assert_eq!(write_duration(Duration::from_millis(90_500)), "1m30s500ms");
        assert_eq!(write_duration(Duration::from_secs(86_400)), "1d");
        assert_eq!(write_duration(Duration::ZERO), "0s");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(milliseconds in 0_u64..1_000_000_000_000) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse_duration(&write_duration(duration)), Some(duration));
        }

        #[test]
        fn no_text_panics(text in ".{0,24}") {
            let _ = parse_duration(&text);
        }
    }
}
