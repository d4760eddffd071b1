//! English readings: American usage, so `one hundred one` without `and`, and `twenty twenty-six` for the year.
//! It never rounds and never decides what to say. What is said often (up to thirty) is one clip; above that, tens and
//! ones are joined.

use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};

use super::grammar::{Counter, split_duration};
use super::money::{Currency, Money};
use super::spelling;
use crate::model::Clip;

/// Any whole number: `[twelve thousand three-hundred forty-five]`.
pub(super) fn number(n: u64) -> Vec<Clip> {
    if n == 0 {
        return vec![number_word(0)];
    }
    let mut clips = Vec::new();
    for (place, scale) in SCALES.iter().enumerate().rev() {
        let group = n / 1_000_u64.pow(u32::try_from(place).unwrap_or(0)) % 1_000;
        if group == 0 {
            continue;
        }
        clips.extend(three_digits(group));
        if place > 0 {
            clips.push(scale_word(scale));
        }
    }
    clips
}

/// `third`, `one hundred first`, `two thousandth`: the last word alone takes the ending.
pub(super) fn ordinal(n: u32) -> Vec<Clip> {
    let rest = n % 100;
    if n == 0 {
        return vec![ordinal_word(0)];
    }
    if rest > 0 {
        // Up to thirtieth, and for the tens, one clip; else the ones alone take the ending: forty-first.
        let last = if rest <= 30 || rest.is_multiple_of(10) { rest } else { rest % 10 };
        let mut clips = if n > last { number(u64::from(n - last)) } else { Vec::new() };
        clips.push(ordinal_word(last));
        return clips;
    }
    let (divisor, scale) = match n {
        _ if !n.is_multiple_of(1_000) => (100, "hundred"),
        _ if !n.is_multiple_of(1_000_000) => (1_000, "thousand"),
        _ if !n.is_multiple_of(1_000_000_000) => (1_000_000, "million"),
        _ => (1_000_000_000, "billion"),
    };
    // 1,200 is `one thousand two hundredth`: everything above the last three digits is said as it is.
    let mut clips = Vec::new();
    let (said_before, multiple) = match divisor {
        100 => (n / 1_000 * 1_000, n % 1_000 / 100),
        _ => (n / divisor / 1_000 * 1_000 * divisor, n / divisor % 1_000),
    };
    if said_before > 0 {
        clips.extend(number(u64::from(said_before)));
    }
    clips.extend(number(u64::from(multiple)));
    clips.push(scale_ordinal_word(scale));
    clips
}

/// `one person`, `three people`.
pub(super) fn count(n: u64, counter: Counter) -> Vec<Clip> {
    let mut clips = number(n);
    clips.push(counter_word(counter, Plurality::of(n)));
    clips
}

/// `two hours three minutes twenty-five seconds`; parts that are zero are left out.
pub(super) fn duration(length: Duration) -> Vec<Clip> {
    let (hours, minutes, seconds) = split_duration(length);
    let mut clips = Vec::new();
    match hours {
        0 => {}
        1..=12 => clips.push(hours_word(hours)),
        _ => clips.extend(with_unit(hours, Unit::Hours, Unit::Hours)),
    }
    if minutes > 0 {
        clips.extend(whole_minutes(minutes));
    }
    if seconds > 0 || clips.is_empty() {
        clips.extend(with_unit(seconds, Unit::Second, Unit::Seconds));
    }
    clips
}

/// `twelve dollars and fifty cents`, `five thousand won`.
pub(super) fn money(money: Money) -> Vec<Clip> {
    let amount = money.minor.unsigned_abs();
    let mut clips = Vec::new();
    if money.minor < 0 {
        clips.push(unit_word(Unit::Minus));
    }
    match money.currency {
        Currency::Won => clips.extend(with_unit(amount, Unit::Won, Unit::Won)),
        Currency::Dollar => {
            let (dollars, cents) = (amount / 100, amount % 100);
            if dollars > 0 || cents == 0 {
                clips.extend(with_unit(dollars, Unit::Dollar, Unit::Dollars));
            }
            if dollars > 0 && cents > 0 {
                clips.push(unit_word(Unit::And));
            }
            if cents > 0 {
                clips.extend(with_unit(cents, Unit::Cent, Unit::Cents));
            }
        }
    }
    clips
}

/// `Wednesday March fourth`.
pub(super) fn date(date: Date) -> Vec<Clip> {
    let mut clips = vec![weekday_word(date.weekday()), month_word(date.month())];
    clips.extend(ordinal(u32::from(date.day().unsigned_abs())));
    clips
}

/// `twenty twenty-six`, `nineteen hundred`, `nineteen oh five`, `two thousand six`.
pub(super) fn year(year: i16) -> Vec<Clip> {
    let mut clips = if year < 0 { vec![unit_word(Unit::Minus)] } else { Vec::new() };
    let year = u64::from(year.unsigned_abs());
    let (century, rest) = (year / 100, year % 100);
    if century < 10 || (century.is_multiple_of(10) && rest < 10) {
        clips.extend(number(year));
        return clips;
    }
    clips.extend(below_hundred(century % 100));
    match rest {
        0 => clips.push(unit_word(Unit::Hundred)),
        1..=9 => clips.extend([spelling::zero_oh(), number_word(rest)]),
        _ => clips.extend(below_hundred(rest)),
    }
    clips
}

/// `nine thirty A M`, `nine oh five A M`, `noon`.
pub(super) fn time(time: Time) -> Vec<Clip> {
    let hour = u64::from(time.hour().unsigned_abs());
    let minute = u64::from(time.minute().unsigned_abs());
    match (hour, minute) {
        (0, 0) => return vec![clock_word(ClockWord::Midnight)],
        (12, 0) => return vec![clock_word(ClockWord::Noon)],
        _ => {}
    }
    let half = if hour < 12 { ClockWord::Morning } else { ClockWord::Afternoon };
    let on_face = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
    let mut clips = vec![number_word(on_face)];
    match minute {
        0 => {}
        1..=9 => clips.extend([spelling::zero_oh(), number_word(minute)]),
        _ => clips.extend(below_hundred(minute)),
    }
    clips.push(clock_word(half));
    clips
}

pub(super) fn weekday(day: Weekday) -> Vec<Clip> {
    vec![weekday_word(day)]
}

/// `three minutes`.
pub(super) fn whole_minutes(n: u64) -> Vec<Clip> {
    match n {
        1..=30 => vec![minutes_word(n)],
        _ => with_unit(n, Unit::Minutes, Unit::Minutes),
    }
}

/// Every clip that the functions above can name.
pub(super) fn words() -> Vec<Clip> {
    let tens = || (40..=90).step_by(10);
    let mut clips: Vec<Clip> = (0..=30).chain(tens().map(u64::from)).map(number_word).collect();
    clips.extend((1..=9).map(hundreds_word));
    clips.extend(SCALES.iter().skip(1).map(scale_word));
    clips.extend((0..=30).chain(tens()).map(ordinal_word));
    clips.extend(["hundred", "thousand", "million", "billion"].map(scale_ordinal_word));
    for counter in Counter::ALL {
        clips.extend([counter_word(counter, Plurality::One), counter_word(counter, Plurality::Many)]);
    }
    clips.extend((1..=30).map(minutes_word));
    clips.extend((1..=12).map(hours_word));
    clips.extend((1..=12).map(month_word));
    clips.extend(Weekday::Monday.cycle_forward().take(7).map(weekday_word));
    clips.extend(ClockWord::ALL.map(clock_word));
    clips.extend(Unit::ALL.map(unit_word));
    clips
}

fn three_digits(group: u64) -> Vec<Clip> {
    let (hundreds, rest) = (group / 100, group % 100);
    let mut clips = Vec::new();
    if hundreds > 0 {
        clips.push(hundreds_word(hundreds));
    }
    clips.extend(below_hundred(rest));
    clips
}

/// Nothing for zero; up to thirty and for the tens one clip, else tens and ones.
fn below_hundred(n: u64) -> Vec<Clip> {
    match (n, n % 10) {
        (0, _) => Vec::new(),
        (1..=30, _) | (_, 0) => vec![number_word(n)],
        (_, ones) => vec![number_word(n - ones), number_word(ones)],
    }
}

fn with_unit(n: u64, one: Unit, many: Unit) -> Vec<Clip> {
    let mut clips = number(n);
    clips.push(unit_word(if n == 1 { one } else { many }));
    clips
}

fn clip(kind: &str, key: impl std::fmt::Display, text: &str) -> Clip {
    Clip::new(&format!("en/{kind}/{key}"), text)
}

fn number_word(n: u64) -> Clip {
    clip("number", n, &cardinal(n))
}

fn hundreds_word(n: u64) -> Clip {
    clip("hundreds", n, &format!("{} hundred", cardinal(n)))
}

fn scale_word(scale: &&str) -> Clip {
    clip("scale", scale, scale)
}

fn scale_ordinal_word(scale: &str) -> Clip {
    clip("ordinal", scale, &format!("{scale}th"))
}

fn ordinal_word(n: u32) -> Clip {
    let n = u64::from(n);
    let (tens, ones) = (n / 10, n % 10);
    let text = match (tens, ones) {
        (2.., 0) => {
            let stem = cardinal(n);
            format!("{}ieth", stem.strip_suffix('y').unwrap_or(&stem))
        }
        (2.., ones) => format!("{}-{}", cardinal(tens * 10), ordinal_below_twenty(ones)),
        _ => ordinal_below_twenty(n),
    };
    clip("ordinal", n, &text)
}

fn ordinal_below_twenty(n: u64) -> String {
    match n {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        5 => "fifth".to_owned(),
        8 => "eighth".to_owned(),
        9 => "ninth".to_owned(),
        12 => "twelfth".to_owned(),
        _ => format!("{}th", cardinal(n)),
    }
}

#[derive(Clone, Copy)]
enum Plurality {
    One,
    Many,
}

impl Plurality {
    fn of(n: u64) -> Self {
        if n == 1 { Plurality::One } else { Plurality::Many }
    }
}

fn counter_word(counter: Counter, plurality: Plurality) -> Clip {
    let (one, many) = match counter {
        Counter::Person => ("person", "people"),
        Counter::Item => ("item", "items"),
        Counter::Case => ("case", "cases"),
        Counter::Time => ("time", "times"),
        Counter::Letter => ("letter", "letters"),
    };
    let word = match plurality {
        Plurality::One => one,
        Plurality::Many => many,
    };
    clip("counter", word, word)
}

fn minutes_word(n: u64) -> Clip {
    let unit = if n == 1 { "minute" } else { "minutes" };
    clip("minutes", n, &format!("{} {unit}", cardinal(n)))
}

fn hours_word(n: u64) -> Clip {
    let unit = if n == 1 { "hour" } else { "hours" };
    clip("hours", n, &format!("{} {unit}", cardinal(n)))
}

fn month_word(month: i8) -> Clip {
    let text = match month {
        1 => "January",
        2 => "February",
        3 => "March",
        4 => "April",
        5 => "May",
        6 => "June",
        7 => "July",
        8 => "August",
        9 => "September",
        10 => "October",
        11 => "November",
        _ => "December",
    };
    clip("month", month, text)
}

fn weekday_word(day: Weekday) -> Clip {
    let text = match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    };
    clip("weekday", day.to_monday_one_offset(), text)
}

#[derive(Clone, Copy)]
enum ClockWord {
    Morning,
    Afternoon,
    Noon,
    Midnight,
}

impl ClockWord {
    const ALL: [ClockWord; 4] = [ClockWord::Morning, ClockWord::Afternoon, ClockWord::Noon, ClockWord::Midnight];
}

fn clock_word(word: ClockWord) -> Clip {
    match word {
        ClockWord::Morning => clip("clock", "am", "A M"),
        ClockWord::Afternoon => clip("clock", "pm", "P M"),
        ClockWord::Noon => clip("clock", "noon", "noon"),
        ClockWord::Midnight => clip("clock", "midnight", "midnight"),
    }
}

/// A word beside a number.
#[derive(Clone, Copy)]
enum Unit {
    Second,
    Seconds,
    Minutes,
    Hours,
    Hundred,
    Dollar,
    Dollars,
    Cent,
    Cents,
    Won,
    And,
    Minus,
}

impl Unit {
    const ALL: [Unit; 12] = [
        Unit::Second,
        Unit::Seconds,
        Unit::Minutes,
        Unit::Hours,
        Unit::Hundred,
        Unit::Dollar,
        Unit::Dollars,
        Unit::Cent,
        Unit::Cents,
        Unit::Won,
        Unit::And,
        Unit::Minus,
    ];
}

fn unit_word(unit: Unit) -> Clip {
    let word = match unit {
        Unit::Second => "second",
        Unit::Seconds => "seconds",
        Unit::Minutes => "minutes",
        Unit::Hours => "hours",
        Unit::Hundred => "hundred",
        Unit::Dollar => "dollar",
        Unit::Dollars => "dollars",
        Unit::Cent => "cent",
        Unit::Cents => "cents",
        Unit::Won => "won",
        Unit::And => "and",
        Unit::Minus => "minus",
    };
    clip("unit", word, word)
}

/// English below one hundred, tens and ones joined by a hyphen.
pub(super) fn cardinal(n: u64) -> String {
    const BELOW_TWENTY: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 10] = ["", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let at = |n: u64| usize::try_from(n).unwrap_or(0);
    match n % 100 {
        n @ 0..=19 => BELOW_TWENTY[at(n)].to_owned(),
        n if n % 10 == 0 => TENS[at(n / 10)].to_owned(),
        n => format!("{}-{}", TENS[at(n / 10)], BELOW_TWENTY[at(n % 10)]),
    }
}

/// Names of the powers of one thousand; the first has none. Together they reach beyond `u64::MAX`.
const SCALES: [&str; 7] = ["", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ivr::speech::sentence;

    fn said(clips: &[Clip]) -> String {
        sentence(clips)
    }

    #[test]
    fn numbers_hyphenate_and_never_say_and() {
        for (n, text) in [
            (0, "zero"),
            (21, "twenty-one"),
            (40, "forty"),
            (101, "one hundred one"),
            (12_345, "twelve thousand three hundred forty-five"),
            (1_000_000, "one million"),
        ] {
            assert_eq!(said(&number(n)), text);
        }
    }

    #[test]
    fn ordinals_end_in_their_own_way() {
        for (n, text) in [
            (1, "first"),
            (2, "second"),
            (3, "third"),
            (5, "fifth"),
            (8, "eighth"),
            (9, "ninth"),
            (11, "eleventh"),
            (12, "twelfth"),
            (13, "thirteenth"),
            (20, "twentieth"),
            (21, "twenty-first"),
            (31, "thirty-first"),
            (40, "fortieth"),
            (99, "ninety-ninth"),
            (100, "one hundredth"),
            (101, "one hundred first"),
            (1_000, "one thousandth"),
            (1_200, "one thousand two hundredth"),
            (1_012, "one thousand twelfth"),
            (100_000, "one hundred thousandth"),
            (2_003_000, "two million three thousandth"),
            (4_000_000_000, "four billionth"),
        ] {
            assert_eq!(said(&ordinal(n)), text, "{n}");
        }
    }

    #[test]
    fn one_is_singular_and_everything_else_is_not() {
        assert_eq!(said(&count(1, Counter::Person)), "one person");
        assert_eq!(said(&count(0, Counter::Person)), "zero people");
        assert_eq!(said(&count(21, Counter::Letter)), "twenty-one letters");
        assert_eq!(said(&duration(Duration::from_secs(61))), "one minute one second");
        assert_eq!(said(&duration(Duration::from_secs(7_325))), "two hours two minutes five seconds");
        assert_eq!(said(&duration(Duration::ZERO)), "zero seconds");
        assert_eq!(said(&duration(Duration::from_secs(3_600))), "one hour");
        assert_eq!(said(&duration(Duration::from_secs(90_000))), "twenty-five hours");
    }

    #[test]
    fn dollars_and_cents() {
        let dollars = |minor| said(&money(Money { currency: Currency::Dollar, minor }));
        assert_eq!(dollars(1_250), "twelve dollars and fifty cents");
        assert_eq!(dollars(101), "one dollar and one cent");
        assert_eq!(dollars(2), "two cents");
        assert_eq!(dollars(0), "zero dollars");
        assert_eq!(dollars(-500), "minus five dollars");
        assert_eq!(said(&money(Money { currency: Currency::Won, minor: 5_000 })), "five thousand won");
    }

    #[test]
    fn years_are_read_in_pairs() {
        for (n, text) in [
            (2026, "twenty twenty-six"),
            (2000, "two thousand"),
            (2006, "two thousand six"),
            (1900, "nineteen hundred"),
            (1905, "nineteen oh five"),
            (1987, "nineteen eighty-seven"),
            (800, "eight hundred"),
        ] {
            assert_eq!(said(&year(n)), text);
        }
        assert_eq!(said(&date(jiff::civil::date(2026, 3, 4))), "Wednesday March fourth");
        assert_eq!(said(&date(jiff::civil::date(2026, 12, 31))), "Thursday December thirty-first");
    }

    #[test]
    fn the_clock_has_two_halves_and_two_names() {
        for (hour, minute, text) in [
            (9, 0, "nine A M"),
            (9, 5, "nine oh five A M"),
            (12, 0, "noon"),
            (0, 0, "midnight"),
            (0, 30, "twelve thirty A M"),
            (12, 45, "twelve forty-five P M"),
            (23, 59, "eleven fifty-nine P M"),
        ] {
            assert_eq!(said(&time(jiff::civil::time(hour, minute, 0, 0))), text);
        }
    }
}
