//! Points in time as people write them in a question: `today`, `2h`, `2026-03-04T10:15`. Only reads text; what time
//! it is now is an argument. RFC 3339.

use jiff::Zoned;
use jiff::civil::{Date, DateTime};

use crate::document::parse_duration;

/// Milliseconds since the Unix epoch of what `text` means at `now`, in its time zone; nothing when it means nothing.
///
/// Taken are `now`, `today`, `yesterday`, an age (`90s`, `2h`, `7d`), a date, a local time with `T` or a space
/// between, and RFC 3339 with an offset, whose `+` may have become a space on its way through a query string.
#[must_use]
pub fn parse_when(text: &str, now: &Zoned) -> Option<i64> {
    let text = text.trim();
    let midnight = |date: Date| date.to_zoned(now.time_zone().clone()).ok();
    let zoned = match text {
        "now" => Some(now.clone()),
        "today" => midnight(now.date()),
        "yesterday" => midnight(now.date().yesterday().ok()?),
        _ => None,
    };
    if let Some(zoned) = zoned {
        return Some(zoned.timestamp().as_millisecond());
    }
    if let Some(age) = parse_duration(text) {
        let age_ms = i64::try_from(age.as_millis()).ok()?;
        return now.timestamp().as_millisecond().checked_sub(age_ms);
    }
    let mended = mend_plus(text);
    if let Ok(instant) = mended.parse::<jiff::Timestamp>() {
        return Some(instant.as_millisecond());
    }
    if let Ok(date) = text.parse::<Date>()
        && text.len() <= "2026-03-04".len()
    {
        return Some(midnight(date)?.timestamp().as_millisecond());
    }
    let local: DateTime = text.parse().ok()?;
    Some(local.to_zoned(now.time_zone().clone()).ok()?.timestamp().as_millisecond())
}

/// `…T10:15:00 09:00` was `…T10:15:00+09:00`.
fn mend_plus(text: &str) -> String {
    match text.rsplit_once(' ') {
        Some((before, after)) if before.contains('T') => format!("{before}+{after}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_times_in_many_ways() {
        let now: Zoned = "2026-03-04T10:15:30+09:00[Asia/Seoul]".parse().expect("a zoned time");
        let at = |text: &str| -> i64 { text.parse::<jiff::Timestamp>().expect("RFC 3339").as_millisecond() };
        for (text, means) in [
            ("now", "2026-03-04T10:15:30+09:00"),
            ("today", "2026-03-04T00:00:00+09:00"),
            ("yesterday", "2026-03-03T00:00:00+09:00"),
            ("2h", "2026-03-04T08:15:30+09:00"),
            ("7d", "2026-02-25T10:15:30+09:00"),
            ("2026-03-01", "2026-03-01T00:00:00+09:00"),
            ("2026-03-01T08:30", "2026-03-01T08:30:00+09:00"),
            ("2026-03-01 08:30:15", "2026-03-01T08:30:15+09:00"),
            ("2026-03-01T08:30:00Z", "2026-03-01T08:30:00Z"),
            ("2026-03-01T08:30:00+01:00", "2026-03-01T08:30:00+01:00"),
            ("2026-03-01T08:30:00 01:00", "2026-03-01T08:30:00+01:00"),
        ] {
            assert_eq!(parse_when(text, &now), Some(at(means)), "{text}");
        }
        for nonsense in ["", "soon", "2026-13-01", "10:15", "-2h", "' OR 1=1"] {
            assert_eq!(parse_when(nonsense, &now), None, "{nonsense}");
        }
    }
}
