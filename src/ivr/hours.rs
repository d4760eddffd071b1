//! Opening hours: which minutes of which days, holidays out, single days added and taken away.
//! Never asks what time it is.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::holidays::HolidayTable;

/// When somebody is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpeningHours {
    /// Open spans of each weekday, Monday first.
    pub week: [Vec<Hours>; 7],
    /// The holidays on which it is closed.
    pub holidays: Option<HolidayTable>,
    /// Further days on which it is closed.
    pub closed: BTreeSet<Date>,
    /// Days on which it is open as on their weekday, holiday or not.
    pub open: BTreeSet<Date>,
}

/// One open span of a day, in minutes after midnight: from `from`, up to but without `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// 0 to 1439.
    pub from: u16,
    /// 1 to 1440, and after `from`.
    pub until: u16,
}

impl OpeningHours {
    /// Round the clock: the hours called `always`.
    #[must_use]
    pub fn always() -> Self {
        OpeningHours { week: std::array::from_fn(|_| vec![Hours { from: 0, until: 1440 }]), ..OpeningHours::default() }
    }

    /// Whether it is open at `unix_ms` (milliseconds since 1970, UTC) in `zone`. Closed when that is no time at all.
    #[must_use]
    pub fn is_open(&self, unix_ms: i64, zone: &TimeZone) -> bool {
        let Ok(instant) = Timestamp::from_millisecond(unix_ms) else { return false };
        let local = instant.to_zoned(zone.clone());
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        self.of_day(local.date()).iter().any(|hours| (hours.from..hours.until).contains(&minute))
    }

    /// The open spans of `day`.
    #[must_use]
    pub fn of_day(&self, day: Date) -> &[Hours] {
        let usual = weekday_place(day.weekday());
        let away = self.closed.contains(&day) || self.holidays.is_some_and(|table| table.contains(day));
        if away && !self.open.contains(&day) { &[] } else { &self.week[usual] }
    }
}

/// Monday is 0.
fn weekday_place(weekday: Weekday) -> usize {
    usize::from(weekday.to_monday_zero_offset().unsigned_abs())
}

/// The days that a key of `[hours.x]` means: `mon`, `mon-fri`, `sat-sun`, `daily`. Places in the week, Monday 0.
#[must_use]
pub fn parse_days(key: &str) -> Option<Vec<usize>> {
    let place = |word: &str| WEEKDAYS.iter().position(|day| *day == word);
    if key == "daily" {
        return Some((0..7).collect());
    }
    match key.split_once('-') {
        None => place(key).map(|day| vec![day]),
        Some((first, last)) => {
            let (first, last) = (place(first)?, place(last)?);
            // "sat-mon" runs over the end of the week.
            let length = (last + 7 - first) % 7;
            Some((0..=length).map(|step| (first + step) % 7).collect())
        }
    }
}

/// `09:00-18:00`, `09:00-12:00, 13:00-18:00`, `closed`. Spans must be in order and not touch one another backwards.
#[must_use]
pub fn parse_hours(text: &str) -> Option<Vec<Hours>> {
    if text.trim() == "closed" {
        return Some(Vec::new());
    }
    let mut spans: Vec<Hours> = Vec::new();
    for span in text.split(',') {
        let (from, until) = span.split_once('-')?;
        let hours = Hours { from: parse_minute(from.trim())?, until: parse_minute(until.trim())? };
        if hours.from >= hours.until || spans.last().is_some_and(|before| before.until > hours.from) {
            return None;
        }
        spans.push(hours);
    }
    Some(spans)
}

/// `09:30` to 570; `24:00` is the end of the day.
fn parse_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let after_midnight = hour * 60 + minute;
    (minute < 60 && after_midnight <= 1440).then_some(after_midnight)
}

/// The keys of single days, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn consult() -> OpeningHours {
        let mut hours = OpeningHours { holidays: Some(HolidayTable::KoreanPublic), ..OpeningHours::default() };
        for day in parse_days("mon-fri").expect("a range of days") {
            hours.week[day] = parse_hours("09:00-12:00, 13:00-18:00").expect("two spans");
        }
        hours
    }

    fn open(hours: &OpeningHours, local: &str) -> bool {
        let zone = TimeZone::get("Asia/Seoul").expect("the bundled database has it");
        let instant: jiff::civil::DateTime = local.parse().expect("a civil time");
        let at = instant.to_zoned(zone.clone()).expect("exists").timestamp().as_millisecond();
        hours.is_open(at, &zone)
    }

    #[test]
    fn the_last_minute_is_open_and_the_next_is_not() {
        let hours = consult();
        assert!(!open(&hours, "2026-03-04T08:59:59"));
        assert!(open(&hours, "2026-03-04T09:00"));
        assert!(open(&hours, "2026-03-04T11:59:59"));
        assert!(!open(&hours, "2026-03-04T12:30"));
        assert!(open(&hours, "2026-03-04T17:59:59"));
        assert!(!open(&hours, "2026-03-04T18:00"));
        assert!(!open(&hours, "2026-03-07T10:00"), "Saturday");
    }

    #[test]
    fn holidays_close_and_single_days_overrule_them() {
        let mut hours = consult();
        assert!(!open(&hours, "2026-03-02T10:00"), "substitute holiday");
        hours.open.insert(date(2026, 3, 2));
        assert!(open(&hours, "2026-03-02T10:00"));
        hours.closed.insert(date(2026, 5, 1));
        assert!(!open(&hours, "2026-05-01T10:00"));
    }

    #[test]
    fn always_is_always() {
        assert!(open(&OpeningHours::always(), "2026-02-17T23:59:59"));
        assert!(open(&OpeningHours::always(), "2026-02-17T00:00"));
    }

    #[test]
    fn days_and_hours_are_read_strictly() {
        assert_eq!(parse_days("sat-mon"), Some(vec![5, 6, 0]));
        assert_eq!(parse_days("daily").map(|days| days.len()), Some(7));
        assert_eq!(parse_days("monday"), None);
        assert_eq!(parse_hours("closed"), Some(Vec::new()));
        assert_eq!(parse_hours("00:00-24:00"), Some(vec![Hours { from: 0, until: 1440 }]));
        for wrong in ["9:00-18:00", "09:00", "18:00-09:00", "09:00-25:00", "09:60-18:00", "13:00-18:00,09:00-12:00", ""]
        {
            assert_eq!(parse_hours(wrong), None, "{wrong}");
        }
    }
}
