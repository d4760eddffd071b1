//! When a promise falls due, in the flow's own opening hours and time zone. Never asks what time it is; the working
//! hours arithmetic of petitions is another room's.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::flow::{Due, Flow};
use super::hours::OpeningHours;

/// Milliseconds since 1970 (UTC) at which a promise made at `unix_ms` must be kept.
///
/// `Today` is the end of that day's opening hours, or of the next open day when they are over; `NextBusinessDay` is the
/// end of the next open day. A flow without opening hours counts to midnight.
#[must_use]
pub fn due_at(due: Due, flow: &Flow, unix_ms: i64) -> i64 {
    if let Due::Within(time) = due {
        return unix_ms.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    }
    let always = OpeningHours::always();
    let hours = flow.hours.values().next().unwrap_or(&always);
    let Ok(instant) = Timestamp::from_millisecond(unix_ms) else { return unix_ms };
    let today = instant.to_zoned(flow.time_zone.clone()).date();
    let first = if due == Due::Today { 0 } else { 1 };
    (first..=DAYS_AHEAD_MAX)
        .filter_map(|ahead| today.checked_add(ahead.days()).ok())
        .find_map(|day| close_of(hours, flow, day).filter(|close| *close > unix_ms))
        .unwrap_or(unix_ms)
}

/// When a day's last open span ends; none on a closed day.
fn close_of(hours: &OpeningHours, flow: &Flow, day: Date) -> Option<i64> {
    let until = hours.of_day(day).iter().map(|span| span.until).max()?;
    let close = day.at(0, 0, 0, 0).checked_add(i64::from(until).minutes()).ok()?;
    close.to_zoned(flow.time_zone.clone()).ok().map(|zoned| zoned.timestamp().as_millisecond())
}

/// Longer than any row of holidays.
const DAYS_AHEAD_MAX: i64 = 31;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A flow open on weekdays from nine to six in Seoul, closed on public holidays.
    fn flow() -> Flow {
        let text = "format = 1\nid = \"t\"\ntitle = \"t\"\nlang = \"ko-KR\"\ntimezone = \"Asia/Seoul\"\nstart = \"bye\"\n\
                    [hours.consult]\nmon-fri = \"09:00-18:00\"\nholidays = \"kr-public\"\n\
                    [node.bye]\ndo = \"hangup\"\nsay = \"끝\"\n";
        let (flow, diagnostics) = super::super::load::load("t", text);
        flow.unwrap_or_else(|| panic!("{diagnostics:?}"))
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("the test writes a timestamp").as_millisecond()
    }

    #[test]
    fn today_ends_when_the_office_closes() {
        assert_eq!(due_at(Due::Today, &flow(), at("2026-03-04T10:15:00+09:00")), at("2026-03-04T18:00:00+09:00"));
    }

    #[test]
    fn after_hours_today_means_the_next_open_day() {
        assert_eq!(due_at(Due::Today, &flow(), at("2026-03-04T21:40:00+09:00")), at("2026-03-05T18:00:00+09:00"));
        // Friday evening: Monday.
        assert_eq!(due_at(Due::Today, &flow(), at("2026-03-06T19:00:00+09:00")), at("2026-03-09T18:00:00+09:00"));
    }

    #[test]
    fn the_next_business_day_skips_holidays() {
        // 30 April 2026 is a Thursday, 5 May is Children's Day; 4 May is a Monday.
        assert_eq!(
            due_at(Due::NextBusinessDay, &flow(), at("2026-05-04T10:00:00+09:00")),
            at("2026-05-06T18:00:00+09:00")
        );
    }

    #[test]
    fn a_duration_is_counted_on_the_wall() {
        let now = at("2026-03-06T19:00:00+09:00");
        assert_eq!(due_at(Due::Within(Duration::from_secs(86_400)), &flow(), now), now + 86_400_000);
    }
}
