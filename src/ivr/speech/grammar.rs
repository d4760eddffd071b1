//! The readings of single values, in the caller's language: numbers, positions, lengths, money, dates, times.
//! It never makes sentences; announcements do. What each language does is in `korean` and `english`.

use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};

use super::money::Money;
use super::{english, korean};
use crate::model::{Clip, Language};

/// What is counted, where the language wants a word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// 명; person, people.
    Person,
    /// 개; item, items.
    Item,
    /// 건; case, cases.
    Case,
    /// 번; time, times.
    Time,
    /// 통; letter, letters.
    Letter,
}

impl Counter {
    pub const ALL: [Counter; 5] = [Counter::Person, Counter::Item, Counter::Case, Counter::Time, Counter::Letter];
}

/// A whole number: Sino-Korean `사십오만 육천칠백팔십구`, English `four hundred fifty-six thousand ...`.
#[must_use]
pub fn number(language: Language, n: u64) -> Vec<Clip> {
    match language {
        Language::Korean => korean::number(n),
        Language::English => english::number(n),
    }
}

/// A place in a row: `세 번째`, `third`.
#[must_use]
pub fn ordinal(language: Language, n: u32) -> Vec<Clip> {
    match language {
        Language::Korean => korean::ordinal(n),
        Language::English => english::ordinal(n),
    }
}

/// So many of something: `세 건`, `three cases`. Native Korean to 99.
#[must_use]
pub fn count(language: Language, n: u64, counter: Counter) -> Vec<Clip> {
    match language {
        Language::Korean => korean::count(n, counter),
        Language::English => english::count(n, counter),
    }
}

/// A length of time to the nearest second: `두 시간 삼 분`, `two hours three minutes`.
#[must_use]
pub fn duration(language: Language, length: Duration) -> Vec<Clip> {
    match language {
        Language::Korean => korean::duration(length),
        Language::English => english::duration(length),
    }
}

/// An amount of money: `만 이천오백 원`, `twelve dollars and fifty cents`.
#[must_use]
pub fn money(language: Language, money: Money) -> Vec<Clip> {
    match language {
        Language::Korean => korean::money(money),
        Language::English => english::money(money),
    }
}

/// A day without its year: `삼월 사일 수요일`, `Wednesday March fourth`.
#[must_use]
pub fn date(language: Language, date: Date) -> Vec<Clip> {
    match language {
        Language::Korean => korean::date(date),
        Language::English => english::date(date),
    }
}

/// A day with its year: `이천이십육 년 삼월 사일 수요일`, `Wednesday March fourth twenty twenty-six`.
#[must_use]
pub fn date_with_year(language: Language, date: Date) -> Vec<Clip> {
    match language {
        Language::Korean => [korean::year(date.year()), korean::date(date)].concat(),
        Language::English => [english::date(date), english::year(date.year())].concat(),
    }
}

/// A time of day to the minute: `오전 아홉 시 삼십 분`, `nine thirty A M`.
#[must_use]
pub fn time(language: Language, time: Time) -> Vec<Clip> {
    match language {
        Language::Korean => korean::time(time),
        Language::English => english::time(time),
    }
}

/// A day of the week: `수요일`, `Wednesday`.
#[must_use]
pub fn weekday(language: Language, day: Weekday) -> Vec<Clip> {
    match language {
        Language::Korean => korean::weekday(day),
        Language::English => english::weekday(day),
    }
}

/// Up to 60 minutes as minutes, longer ones as hours and minutes. Zero is said as a minute.
pub(super) fn minutes(language: Language, n: u64) -> Vec<Clip> {
    if n > 60 {
        return duration(language, Duration::from_secs(n.saturating_mul(60)));
    }
    match language {
        Language::Korean => korean::whole_minutes(n.max(1)),
        Language::English => english::whole_minutes(n.max(1)),
    }
}

/// Hours, minutes and seconds, rounded to the nearest second.
pub(super) fn split_duration(length: Duration) -> (u64, u64, u64) {
    let half = u64::from(length.subsec_millis() >= 500);
    let seconds = length.as_secs().saturating_add(half);
    (seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reference::{self, assert_known};
    use super::*;
    use crate::ivr::speech::{Currency, sentence};

    proptest! {
        #[test]
        fn korean_numbers_agree_with_a_digit_wise_reader(n in any::<u64>(), cut in 0_u32..64) {
            let n = n >> cut;
            let clips = number(Language::Korean, n);
            assert_known(Language::Korean, &clips);
            prop_assert_eq!(sentence(&clips), reference::korean(&n.to_string()));
        }

        #[test]
        fn english_numbers_agree_with_a_digit_wise_reader(n in any::<u64>(), cut in 0_u32..64) {
            let n = n >> cut;
            let clips = number(Language::English, n);
            assert_known(Language::English, &clips);
            prop_assert_eq!(sentence(&clips), reference::english(&n.to_string()));
        }

        #[test]
        fn every_position_is_known_and_ends_rightly(n in any::<u32>(), cut in 0_u32..32) {
            let n = n >> cut;
            let korean = ordinal(Language::Korean, n);
            assert_known(Language::Korean, &korean);
            prop_assert!(sentence(&korean).ends_with(" 번째"));
            let english = ordinal(Language::English, n);
            assert_known(Language::English, &english);
            prop_assert_eq!(sentence(&english), reference::english_ordinal(&n.to_string()));
        }

        #[test]
        fn every_length_is_known(nanos in any::<u64>(), seconds in any::<u64>(), cut in 0_u32..64) {
            for length in [Duration::from_nanos(nanos), Duration::from_secs(seconds >> cut), Duration::MAX] {
                for language in Language::ALL {
                    assert_known(language, &duration(language, length));
                }
            }
        }

        #[test]
        fn every_amount_is_known(minor in any::<i64>(), cut in 0_u32..64) {
            for currency in [Currency::Won, Currency::Dollar] {
                for language in Language::ALL {
                    assert_known(language, &money(language, Money { currency, minor: minor >> cut }));
                }
            }
        }

        #[test]
        fn every_count_is_known(n in any::<u64>(), cut in 0_u32..64) {
            for counter in Counter::ALL {
                for language in Language::ALL {
                    assert_known(language, &count(language, n >> cut, counter));
                }
            }
        }
    }

    #[test]
    fn every_minute_of_a_day_is_read_differently() {
        for language in Language::ALL {
            let mut heard = std::collections::BTreeSet::new();
            for minute in 0..1_440_i16 {
                let at = jiff::civil::time((minute / 60) as i8, (minute % 60) as i8, 59, 0);
                let clips = time(language, at);
                assert_known(language, &clips);
                heard.insert(sentence(&clips));
            }
            assert_eq!(heard.len(), 1_440);
        }
    }

    #[test]
    fn every_day_of_four_centuries_is_known() {
        let mut day = jiff::civil::date(1800, 1, 1);
        for step in 0..146_097 {
            // One day in eleven: every month, day and weekday comes, and the test stays quick.
            if step % 11 == 0 {
                for language in Language::ALL {
                    assert!(date_with_year(language, day).len() >= 4);
                }
            }
            day = day.tomorrow().expect("2199 is within range");
        }
        for edge in [jiff::civil::Date::MIN, jiff::civil::Date::MAX] {
            for language in Language::ALL {
                assert_known(language, &date_with_year(language, edge));
            }
        }
    }

    #[test]
    fn the_first_hundred_thousand_numbers_are_all_different() {
        for language in Language::ALL {
            let heard: std::collections::BTreeSet<String> =
                (0..100_000).map(|n| sentence(&number(language, n)).replace(' ', "")).collect();
            // 십일만 and 십 일만 cannot be confused: a leading one before 만 is silent.
            assert_eq!(heard.len(), 100_000);
        }
    }
}
