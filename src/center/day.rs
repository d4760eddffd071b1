//! The calendar day of the centre, by which "today" is counted. Never reads a clock: wall time comes with the moments,
//! and a day has as many hours as its time zone gives it.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::{Moment, WallClock};

/// The running day.
#[derive(Clone, Debug)]
pub(super) struct Day {
    zone: TimeZone,
    wall: WallClock,
    /// When it ends; `None` beyond the calendar.
    ends: Option<Moment>,
}

impl Day {
    /// The day that `now` lies in.
    pub(super) fn new(zone: TimeZone, wall: WallClock, now: Moment) -> Day {
        let mut day = Day { zone, wall, ends: None };
        day.ends = day.end_of(day.date(now), now);
        day
    }

    /// The new day, once it has begun.
    pub(super) fn turn(&mut self, now: Moment) -> Option<Date> {
        if self.ends.is_none_or(|ends| now < ends) {
            return None;
        }
        let date = self.date(now);
        self.ends = self.end_of(date, now);
        date
    }

    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        self.ends
    }

    fn date(&self, now: Moment) -> Option<Date> {
        let instant = Timestamp::from_millisecond(self.wall.unix_ms(now)).ok()?;
        Some(instant.to_zoned(self.zone.clone()).date())
    }

    /// Where the clocks skip midnight, the next day begins with its first hour.
    fn end_of(&self, date: Option<Date>, now: Moment) -> Option<Moment> {
        let midnight = date?.tomorrow().ok()?.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond();
        let left = u64::try_from(midnight.checked_sub(self.wall.unix_ms(now))?).ok()?;
        Some(now + Duration::from_millis(left))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZoneDatabase;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZoneDatabase::bundled().get(name).expect("the bundled table has it")
    }

    /// The wall clock of a centre that started at this time of UTC.
    fn started(utc: &str) -> WallClock {
        let instant: Timestamp = utc.parse().expect("an instant");
        WallClock { zero_unix_ms: instant.as_millisecond() }
    }

    #[test]
    fn a_day_ends_at_the_midnight_of_its_own_zone() {
        let mut seoul = Day::new(zone("Asia/Seoul"), started("2026-03-04T14:59:30Z"), Moment::ZERO);
        assert_eq!(seoul.poll_timeout(), Some(Moment::from_secs(30)));
        assert_eq!(seoul.turn(Moment::from_secs(29)), None);
        assert_eq!(seoul.turn(Moment::from_secs(30)), Some(date(2026, 3, 5)));
        assert_eq!(seoul.turn(Moment::from_secs(30)), None, "it begins once");
        assert_eq!(seoul.poll_timeout(), Some(Moment::from_secs(30 + 86_400)));
        let late = Moment::from_secs(30 + 3 * 86_400 + 60);
        assert_eq!(seoul.turn(late), Some(date(2026, 3, 8)), "whoever slept for days wakes in the right one");
    }

    #[test]
    fn a_day_may_have_twenty_three_hours_or_twenty_five() {
        let length = |name: &str, utc: &str| {
            let day = Day::new(zone(name), started(utc), Moment::ZERO);
            day.poll_timeout().map(|ends| ends.since(Moment::ZERO).as_secs() / 3_600)
        };
        assert_eq!(length("America/New_York", "2026-03-08T05:00:00Z"), Some(23));
        assert_eq!(length("America/New_York", "2026-11-01T04:00:00Z"), Some(25));
        // In Lebanon the clocks skip the hour after midnight: the day that begins with the second hour is as short.
        assert_eq!(length("Asia/Beirut", "2026-03-28T22:00:00Z"), Some(23));
    }
}
