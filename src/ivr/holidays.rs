//! Public holidays of Korea (2024-2030) and of the United States' federal government, worked out from their rules.
//! Never knows opening hours. Follows the Korean public holidays act and its decree (substitute days since 2021, for
//! Christmas and the Buddha's birthday since 2023, Constitution Day again since 2026) and 5 U.S.C. 6103.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

/// A table of holidays built into the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolidayTable {
    /// `kr-public`: what closes Korean public offices, Sundays aside.
    KoreanPublic,
    /// `us-federal`: as observed, so a Sunday holiday closes Monday.
    UsFederal,
}

impl HolidayTable {
    /// The words after `holidays =`, in the order of `ALL`.
    pub const WORDS: [&'static str; 2] = ["kr-public", "us-federal"];

    /// Every table.
    pub const ALL: [HolidayTable; 2] = [HolidayTable::KoreanPublic, HolidayTable::UsFederal];

    /// Whether `day` is a holiday. Weekends are not holidays by themselves.
    #[must_use]
    pub fn contains(self, day: Date) -> bool {
        match self {
            HolidayTable::KoreanPublic => korean_public(day.year()).contains(&day),
            HolidayTable::UsFederal => {
                us_federal(day.year()).contains(&day) || us_federal(day.year() + 1).contains(&day)
            }
        }
    }

    /// Whether every holiday of `year` is known; the moon's are tabled for some years only.
    #[must_use]
    pub fn knows(self, year: i16) -> bool {
        match self {
            HolidayTable::KoreanPublic => MOON.iter().any(|moon| moon.year == year),
            HolidayTable::UsFederal => true,
        }
    }
}

/// The holidays of one year that follow the moon, as the Korean almanac gives them.
struct Moon {
    year: i16,
    /// Month and day of lunar 1-1, 4-8 and 8-15.
    new_year: (i8, i8),
    buddha: (i8, i8),
    harvest: (i8, i8),
}

/// When a holiday on a day off is given back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Substitute {
    Never,
    /// Sundays and other holidays: the two long feasts.
    Sunday,
    /// Saturdays too.
    Weekend,
}

/// Every holiday of `year`, substitutes included; those of the moon only where the table has them.
fn korean_public(year: i16) -> BTreeSet<Date> {
    let named = korean_named(year);
    let mut off: BTreeSet<Date> = named.iter().map(|(day, _)| *day).collect();
    off.extend(korean_elections(year));
    off.extend(TEMPORARY.iter().filter(|day| day.0 == year).map(|day| date(day.0, day.1, day.2)));

    let mut given = BTreeSet::new();
    let mut doubled = BTreeSet::new();
    for (day, substitute) in &named {
        let shared = named.iter().filter(|(other, _)| other == day).count() > 1;
        let lost = match substitute {
            Substitute::Never => false,
            Substitute::Sunday => day.weekday() == Weekday::Sunday,
            Substitute::Weekend => matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday),
        };
        // Two holidays on one day give one day back, not two.
        let first_of_shared = shared && *substitute != Substitute::Never && doubled.insert(*day);
        if first_of_shared || (lost && !shared) {
            let mut free = next_day(*day);
            while off.contains(&free) || given.contains(&free) || is_weekend(free) {
                free = next_day(free);
            }
            given.insert(free);
        }
    }
    off.extend(given);
    off
}

/// The holidays that the law names, with the rule for giving each back.
fn korean_named(year: i16) -> Vec<(Date, Substitute)> {
    let mut named = vec![
        (date(year, 1, 1), Substitute::Never),
        (date(year, 3, 1), Substitute::Weekend),
        (date(year, 5, 5), Substitute::Weekend),
        (date(year, 6, 6), Substitute::Never),
        (date(year, 8, 15), Substitute::Weekend),
        (date(year, 10, 3), Substitute::Weekend),
        (date(year, 10, 9), Substitute::Weekend),
        (date(year, 12, 25), Substitute::Weekend),
    ];
    if year >= 2026 {
        // Constitution Day: the act names all national days since then.
        named.push((date(year, 7, 17), Substitute::Weekend));
    }
    if let Some(moon) = MOON.iter().find(|moon| moon.year == year) {
        named.push((date(year, moon.buddha.0, moon.buddha.1), Substitute::Weekend));
        for feast in [moon.new_year, moon.harvest] {
            let day = date(year, feast.0, feast.1);
            named.extend([-1, 0, 1].map(|shift| (shifted(day, shift), Substitute::Sunday)));
        }
    }
    named.sort_by_key(|(day, _)| *day);
    named
}

/// Election days: the first Wednesday that is 50 (assembly) or 30 (local) days before the term ends or later, moved a
/// week when that day or one beside it is a holiday (Public Official Election Act, article 34).
fn korean_elections(year: i16) -> Vec<Date> {
    let mut days = Vec::new();
    if year.rem_euclid(4) == 0 {
        days.push(election_day(date(year, 5, 29), 50));
    }
    if year.rem_euclid(4) == 2 {
        days.push(election_day(date(year, 6, 30), 30));
    }
    if year == 2030 {
        days.push(election_day(date(2030, 6, 3), 70));
    }
    days
}

fn election_day(term_ends: Date, days_before: i64) -> Date {
    let mut day = shifted(term_ends, -days_before);
    while day.weekday() != Weekday::Wednesday {
        day = next_day(day);
    }
    let named = korean_named(day.year());
    let near = |day: Date| (-1..=1).any(|shift| named.iter().any(|(holiday, _)| *holiday == shifted(day, shift)));
    if near(day) { shifted(day, 7) } else { day }
}

/// The federal holidays of `year` on the days they are observed; New Year may fall into the year before.
fn us_federal(year: i16) -> BTreeSet<Date> {
    let fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)];
    let moving = [
        (date(year, 1, 1), 3, Weekday::Monday),
        (date(year, 2, 1), 3, Weekday::Monday),
        (date(year, 5, 1), -1, Weekday::Monday),
        (date(year, 9, 1), 1, Weekday::Monday),
        (date(year, 10, 1), 2, Weekday::Monday),
        (date(year, 11, 1), 4, Weekday::Thursday),
    ];
    let observed = fixed.into_iter().map(|day| match day.weekday() {
        Weekday::Saturday => shifted(day, -1),
        Weekday::Sunday => next_day(day),
        _ => day,
    });
    let nth = moving.into_iter().filter_map(|(month, n, weekday)| month.nth_weekday_of_month(n, weekday).ok());
    observed.chain(nth).collect()
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn next_day(day: Date) -> Date {
    shifted(day, 1)
}

/// `day` moved by some days; unchanged at the end of the calendar.
fn shifted(day: Date, days: i64) -> Date {
    day.checked_add(days.days()).unwrap_or(day)
}

/// Lunar dates by the Korean almanac; 2027 and 2028 differ from the Chinese by a day.
const MOON: [Moon; 7] = [
    Moon { year: 2024, new_year: (2, 10), buddha: (5, 15), harvest: (9, 17) },
    Moon { year: 2025, new_year: (1, 29), buddha: (5, 5), harvest: (10, 6) },
    Moon { year: 2026, new_year: (2, 17), buddha: (5, 24), harvest: (9, 25) },
    Moon { year: 2027, new_year: (2, 7), buddha: (5, 13), harvest: (9, 15) },
    Moon { year: 2028, new_year: (1, 27), buddha: (5, 2), harvest: (10, 3) },
    Moon { year: 2029, new_year: (2, 13), buddha: (5, 20), harvest: (9, 22) },
    Moon { year: 2030, new_year: (2, 3), buddha: (5, 9), harvest: (9, 12) },
];

/// Days the government declared on short notice: armed forces day, a bridge day, an early presidential election.
const TEMPORARY: [(i16, i8, i8); 3] = [(2024, 10, 1), (2025, 1, 27), (2025, 6, 3)];

#[cfg(test)]
mod tests {
    use super::*;

    fn days(table: HolidayTable, year: i16) -> Vec<String> {
        let first = date(year, 1, 1);
        (0..366)
            .map(|shift| shifted(first, shift))
            .filter(|day| day.year() == year && table.contains(*day))
            .map(|day| format!("{:02}-{:02}", day.month(), day.day()))
            .collect()
    }

    #[test]
    fn korea_closes_on_these_days_of_2026() {
        assert_eq!(
            days(HolidayTable::KoreanPublic, 2026),
            [
                "01-01", "02-16", "02-17", "02-18", "03-01", "03-02", "05-05", "05-24", "05-25", "06-03", "06-06",
                "07-17", "08-15", "08-17", "09-24", "09-25", "09-26", "10-03", "10-05", "10-09", "12-25"
            ]
        );
    }

    #[test]
    fn korea_closes_on_these_days_of_2024_and_2025() {
        assert_eq!(
            days(HolidayTable::KoreanPublic, 2024),
            [
                "01-01", "02-09", "02-10", "02-11", "02-12", "03-01", "04-10", "05-05", "05-06", "05-15", "06-06",
                "08-15", "09-16", "09-17", "09-18", "10-01", "10-03", "10-09", "12-25"
            ]
        );
        // Children's Day and the Buddha's birthday met; one day was given back. The harvest feast began on a Sunday.
        assert_eq!(
            days(HolidayTable::KoreanPublic, 2025),
            [
                "01-01", "01-27", "01-28", "01-29", "01-30", "03-01", "03-03", "05-05", "05-06", "06-03", "06-06",
                "08-15", "10-03", "10-05", "10-06", "10-07", "10-08", "10-09", "12-25"
            ]
        );
    }

    #[test]
    fn substitute_days_follow_their_rules_in_later_years() {
        let closed = |year, month, day| HolidayTable::KoreanPublic.contains(date(year, month, day));
        // 2027: the lunar new year itself is a Sunday; four national days fall on weekends.
        for (month, day) in [(2, 9), (7, 19), (8, 16), (10, 4), (10, 11), (12, 27)] {
            assert!(closed(2027, month, day), "2027-{month}-{day}");
        }
        // 2028: Foundation Day is the middle of the harvest feast.
        assert!(closed(2028, 10, 5) && !closed(2028, 10, 6));
        // 2029: the Buddha's birthday and the end of the feast are Sundays.
        assert!(closed(2029, 5, 21) && closed(2029, 9, 24));
        // 2030: the lunar new year's eve is a Saturday, which gives nothing back, the day itself a Sunday, which does.
        assert!(closed(2030, 2, 5) && !closed(2030, 2, 6));
    }

    #[test]
    fn elections_keep_away_from_other_holidays() {
        assert_eq!(korean_elections(2024), [date(2024, 4, 10)]);
        assert_eq!(korean_elections(2026), [date(2026, 6, 3)]);
        assert_eq!(korean_elections(2028), [date(2028, 4, 12)]);
        // Memorial Day is the day after the first candidate.
        assert_eq!(korean_elections(2030), [date(2030, 6, 12), date(2030, 3, 27)]);
        // As it was in 2018.
        assert_eq!(election_day(date(2018, 6, 30), 30), date(2018, 6, 13));
    }

    #[test]
    fn the_federal_government_closes_on_these_days() {
        assert_eq!(
            days(HolidayTable::UsFederal, 2026),
            ["01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "09-07", "10-12", "11-11", "11-26", "12-25"]
        );
        // New Year 2028 is a Saturday and so closes the last day of 2027.
        assert!(HolidayTable::UsFederal.contains(date(2027, 12, 31)));
    }

    #[test]
    fn a_table_says_which_years_it_knows() {
        assert!(HolidayTable::KoreanPublic.knows(2026));
        assert!(!HolidayTable::KoreanPublic.knows(2031));
        assert!(HolidayTable::UsFederal.knows(2031));
    }
}
