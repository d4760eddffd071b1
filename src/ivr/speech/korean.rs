//! Korean readings: Sino-Korean for amounts and minutes, native Korean for positions, counts and hours.
//! It never rounds and never decides what to say. What is said often (up to thirty) is one clip; above that, tens and
//! ones are joined where the language joins them.

use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};

use super::grammar::{Counter, split_duration};
use super::money::{Currency, Money};
use crate::model::Clip;

/// Any whole number in Sino-Korean: `[사십오 만 육천 칠백 팔십구]`.
pub(super) fn number(n: u64) -> Vec<Clip> {
    if n == 0 {
        return vec![number_word(0)];
    }
    let mut clips = Vec::new();
    for (place, scale) in SCALES.iter().enumerate().rev() {
        let group = n / 10_000_u64.pow(u32::try_from(place).unwrap_or(0)) % 10_000;
        if group == 0 {
            continue;
        }
        // 10,000 is read 만, yet 100,010,000 is 일억 일만: only a leading one is silent, and only before 만.
        let silent_one = group == 1 && place == 1 && clips.is_empty();
        if !silent_one {
            clips.extend(four_digits(group));
        }
        if place > 0 {
            clips.push(scale_word(scale));
        }
    }
    clips
}

/// `세 번째`; native to 99, Sino-Korean beyond.
pub(super) fn ordinal(n: u32) -> Vec<Clip> {
    match (n, n % 10) {
        (1..=WHOLE_MAX, _) | (31..=99, 0) => vec![ordinal_word(n)],
        // 서른한 번째: only the very first is 첫.
        (31..=99, 1) => vec![count_word(n - 1), ordinal_after_tens()],
        (31..=99, ones) => vec![count_word(n - ones), ordinal_word(ones)],
        _ => with_unit(u64::from(n), Unit::Th),
    }
}

/// `세 건`; native to 99, Sino-Korean beyond.
pub(super) fn count(n: u64, counter: Counter) -> Vec<Clip> {
    let mut clips = match u32::try_from(n) {
        Ok(n @ 1..=99) => native_count(n),
        _ => number(n),
    };
    clips.push(counter_word(counter));
    clips
}

/// `두 시간 삼 분 이십오 초`; parts that are zero are left out.
pub(super) fn duration(length: Duration) -> Vec<Clip> {
    let (hours, minutes, seconds) = split_duration(length);
    let mut clips = Vec::new();
    match hours {
        0 => {}
        1..=12 => clips.push(hours_word(hours)),
        13..=24 => {
            clips.extend(native_count(u32::try_from(hours).unwrap_or(24)));
            clips.push(unit_word(Unit::Hour));
        }
        _ => clips.extend(with_unit(hours, Unit::Hour)),
    }
    if minutes > 0 {
        clips.extend(whole_minutes(minutes));
    }
    if seconds > 0 || clips.is_empty() {
        clips.extend(with_unit(seconds, Unit::Second));
    }
    clips
}

/// `만 이천 오백 원`, `십이 달러 오십 센트`.
pub(super) fn money(money: Money) -> Vec<Clip> {
    let amount = money.minor.unsigned_abs();
    let mut clips = Vec::new();
    if money.minor < 0 {
        clips.push(unit_word(Unit::Minus));
    }
    match money.currency {
        Currency::Won => clips.extend(with_unit(amount, Unit::Won)),
        Currency::Dollar => {
            let (dollars, cents) = (amount / 100, amount % 100);
            if dollars > 0 || cents == 0 {
                clips.extend(with_unit(dollars, Unit::Dollar));
            }
            if cents > 0 {
                clips.extend(with_unit(cents, Unit::Cent));
            }
        }
    }
    clips
}

/// `삼월 사일 수요일`.
pub(super) fn date(date: Date) -> Vec<Clip> {
    vec![month_word(date.month()), day_word(date.day()), weekday_word(date.weekday())]
}

/// `이천이십육 년`.
pub(super) fn year(year: i16) -> Vec<Clip> {
    let mut clips = if year < 0 { vec![unit_word(Unit::Minus)] } else { Vec::new() };
    clips.extend(with_unit(u64::from(year.unsigned_abs()), Unit::Year));
    clips
}

/// `오전 아홉 시 삼십 분`; native hours, Sino-Korean minutes.
pub(super) fn time(time: Time) -> Vec<Clip> {
    let hour = time.hour();
    let minute = u64::try_from(time.minute()).unwrap_or(0);
    match (hour, minute) {
        (0, 0) => return vec![clock_word(ClockWord::Midnight)],
        (12, 0) => return vec![clock_word(ClockWord::Noon)],
        _ => {}
    }
    let half = if hour < 12 { ClockWord::Morning } else { ClockWord::Afternoon };
    let on_face = if hour > 12 { hour - 12 } else { hour };
    let mut clips = vec![clock_word(half), clock_word(ClockWord::Hour(on_face))];
    if minute > 0 {
        clips.extend(whole_minutes(minute));
    }
    clips
}

pub(super) fn weekday(day: Weekday) -> Vec<Clip> {
    vec![weekday_word(day)]
}

/// `삼 분`.
pub(super) fn whole_minutes(n: u64) -> Vec<Clip> {
    match n {
        1..=30 => vec![minutes_word(n)],
        _ => with_unit(n, Unit::Minute),
    }
}

/// Every clip that the functions above can name.
pub(super) fn words() -> Vec<Clip> {
    let tens = || (40..=90).step_by(10);
    let mut clips: Vec<Clip> = (0..=30).chain(tens().map(u64::from)).map(number_word).collect();
    clips.extend((1..=9).map(hundreds_word));
    clips.extend((1..=9).map(thousands_word));
    clips.extend(SCALES.iter().skip(1).map(scale_word));
    clips.extend((1..=WHOLE_MAX).chain(tens()).map(ordinal_word));
    clips.push(ordinal_after_tens());
    clips.extend((1..=WHOLE_MAX).chain(tens()).map(count_word));
    clips.extend(Counter::ALL.map(counter_word));
    clips.extend((1..=30).map(minutes_word));
    clips.extend((1..=12).map(hours_word));
    clips.extend((1..=12).map(month_word));
    clips.extend((1..=31).map(day_word));
    clips.extend(Weekday::Monday.cycle_forward().take(7).map(weekday_word));
    clips.extend((0..=12).map(|hour| clock_word(ClockWord::Hour(hour))));
    clips.extend(ClockWord::NAMED.map(clock_word));
    clips.extend(Unit::ALL.map(unit_word));
    clips
}

fn four_digits(group: u64) -> Vec<Clip> {
    let (thousands, hundreds, rest) = (group / 1_000, group / 100 % 10, group % 100);
    let mut clips = Vec::new();
    if thousands > 0 {
        clips.push(thousands_word(thousands));
    }
    if hundreds > 0 {
        clips.push(hundreds_word(hundreds));
    }
    match (rest, rest % 10) {
        (0, _) => {}
        (1..=30, _) | (_, 0) => clips.push(number_word(rest)),
        (_, ones) => clips.extend([number_word(rest - ones), number_word(ones)]),
    }
    clips
}

/// Native Korean of 1 to 99 before a noun.
fn native_count(n: u32) -> Vec<Clip> {
    match (n, n % 10) {
        (..=WHOLE_MAX, _) | (_, 0) => vec![count_word(n)],
        (_, ones) => vec![count_word(n - ones), count_word(ones)],
    }
}

fn with_unit(n: u64, unit: Unit) -> Vec<Clip> {
    let mut clips = number(n);
    clips.push(unit_word(unit));
    clips
}

fn clip(kind: &str, key: impl std::fmt::Display, text: &str) -> Clip {
    Clip::new(&format!("ko/{kind}/{key}"), text)
}

fn number_word(n: u64) -> Clip {
    clip("number", n, &sino(n))
}

fn hundreds_word(n: u64) -> Clip {
    clip("hundreds", n, &format!("{}백", before_unit(n)))
}

fn thousands_word(n: u64) -> Clip {
    clip("thousands", n, &format!("{}천", before_unit(n)))
}

fn scale_word((key, text): &(&str, &str)) -> Clip {
    clip("scale", key, text)
}

fn ordinal_word(n: u32) -> Clip {
    let text = if n == 1 { "첫 번째".to_owned() } else { format!("{} 번째", native(u64::from(n))) };
    clip("ordinal", n, &text)
}

/// `한 번째`, which follows 서른, 마흔, ...
fn ordinal_after_tens() -> Clip {
    clip("ordinal", "1-after-tens", &format!("{} 번째", native(1)))
}

fn count_word(n: u32) -> Clip {
    clip("count", n, &native(n.into()))
}

fn minutes_word(n: u64) -> Clip {
    clip("minutes", n, &format!("{} 분", sino(n)))
}

fn counter_word(counter: Counter) -> Clip {
    let (key, text) = match counter {
        Counter::Person => ("person", "명"),
        Counter::Item => ("item", "개"),
        Counter::Case => ("case", "건"),
        Counter::Time => ("time", "번"),
        Counter::Letter => ("letter", "통"),
    };
    clip("counter", key, text)
}

fn hours_word(n: u64) -> Clip {
    clip("hours", n, &format!("{} 시간", native(n)))
}

fn month_word(month: i8) -> Clip {
    // The sixth and the tenth month lose their final consonant: 유월, 시월.
    let text = match month {
        6 => "유월".to_owned(),
        10 => "시월".to_owned(),
        _ => format!("{}월", sino(month.unsigned_abs().into())),
    };
    clip("month", month, &text)
}

fn day_word(day: i8) -> Clip {
    clip("day", day, &format!("{}일", sino(day.unsigned_abs().into())))
}

fn weekday_word(day: Weekday) -> Clip {
    let text = match day {
        Weekday::Monday => "월요일",
        Weekday::Tuesday => "화요일",
        Weekday::Wednesday => "수요일",
        Weekday::Thursday => "목요일",
        Weekday::Friday => "금요일",
        Weekday::Saturday => "토요일",
        Weekday::Sunday => "일요일",
    };
    clip("weekday", day.to_monday_one_offset(), text)
}

/// What is said of a clock's hour.
#[derive(Clone, Copy)]
enum ClockWord {
    Morning,
    Afternoon,
    Noon,
    Midnight,
    /// 0 to 12.
    Hour(i8),
}

impl ClockWord {
    const NAMED: [ClockWord; 4] = [ClockWord::Morning, ClockWord::Afternoon, ClockWord::Noon, ClockWord::Midnight];
}

fn clock_word(word: ClockWord) -> Clip {
    match word {
        ClockWord::Morning => clip("clock", "am", "오전"),
        ClockWord::Afternoon => clip("clock", "pm", "오후"),
        ClockWord::Noon => clip("clock", "noon", "정오"),
        ClockWord::Midnight => clip("clock", "midnight", "자정"),
        // Half past midnight is 영 시 삼십 분; 열두 시 belongs to noon.
        ClockWord::Hour(0) => clip("clock", 0, "영 시"),
        ClockWord::Hour(hour) => clip("clock", hour, &format!("{} 시", native(hour.unsigned_abs().into()))),
    }
}

/// A word that follows (or, for the minus sign, leads) a Sino-Korean number.
#[derive(Clone, Copy)]
enum Unit {
    Th,
    Second,
    Minute,
    Hour,
    Year,
    Won,
    Dollar,
    Cent,
    Minus,
}

impl Unit {
    const ALL: [Unit; 9] = [
        Unit::Th,
        Unit::Second,
        Unit::Minute,
        Unit::Hour,
        Unit::Year,
        Unit::Won,
        Unit::Dollar,
        Unit::Cent,
        Unit::Minus,
    ];
}

fn unit_word(unit: Unit) -> Clip {
    let (key, text) = match unit {
        Unit::Th => ("th", "번째"),
        Unit::Second => ("second", "초"),
        Unit::Minute => ("minute", "분"),
        Unit::Hour => ("hour", "시간"),
        Unit::Year => ("year", "년"),
        Unit::Won => ("won", "원"),
        Unit::Dollar => ("dollar", "달러"),
        Unit::Cent => ("cent", "센트"),
        Unit::Minus => ("minus", "마이너스"),
    };
    clip("unit", key, text)
}

/// Sino-Korean below one hundred, written without a gap.
fn sino(n: u64) -> String {
    let (tens, ones) = (n / 10 % 10, n % 10);
    match (tens, ones) {
        (0, ones) => sino_digit(ones).to_owned(),
        (tens, 0) => format!("{}십", before_unit(tens)),
        (tens, ones) => format!("{}십{}", before_unit(tens), sino_digit(ones)),
    }
}

/// A one is silent before 십, 백 and 천.
fn before_unit(digit: u64) -> &'static str {
    if digit == 1 { "" } else { sino_digit(digit) }
}

pub(super) fn sino_digit(digit: u64) -> &'static str {
    match digit {
        1 => "일",
        2 => "이",
        3 => "삼",
        4 => "사",
        5 => "오",
        6 => "육",
        7 => "칠",
        8 => "팔",
        9 => "구",
        _ => "영",
    }
}

/// Native Korean of 1 to 99, in the form that stands before a noun: 한, 스무, 스물한.
fn native(n: u64) -> String {
    const ONES: [&str; 10] = ["", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉"];
    const TENS: [&str; 10] = ["", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"];
    if n == 20 {
        return "스무".to_owned();
    }
    let digit = |at: u64| usize::try_from(at % 10).unwrap_or(0);
    format!("{}{}", TENS[digit(n / 10)], ONES[digit(n)])
}

/// Up to here a position or a count is one clip.
const WHOLE_MAX: u32 = 30;

/// Names of the powers of ten thousand; the first has none. Together they reach beyond `u64::MAX`.
const SCALES: [(&str, &str); 5] = [("", ""), ("man", "만"), ("eok", "억"), ("jo", "조"), ("gyeong", "경")];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ivr::speech::sentence;

    fn said(clips: &[Clip]) -> String {
        sentence(clips)
    }

    #[test]
    fn amounts_are_sino_korean_in_groups_of_four_digits() {
        for (n, text) in [
            (0, "영"),
            (10, "십"),
            (11, "십일"),
            (100, "백"),
            (111, "백십일"),
            (1_000, "천"),
            (1_616, "천육백십육"),
            (10_000, "만"),
            (11_000, "만 천"),
            (110_000, "십일만"),
            (456_789, "사십오만 육천칠백팔십구"),
            (100_000_000, "일억"),
            (100_010_000, "일억 일만"),
            (1_000_000_000_000, "일조"),
            (1_234_567_890_123, "일조 이천삼백사십오억 육천칠백팔십구만 백이십삼"),
            (u64::MAX, "천팔백사십사경 육천칠백사십사조 칠백삼십칠억 구백오십오만 천육백십오"),
        ] {
            assert_eq!(said(&number(n)), text, "{n}");
        }
    }

    #[test]
    fn positions_are_native_to_ninety_nine() {
        for (n, text) in [
            (1, "첫 번째"),
            (2, "두 번째"),
            (3, "세 번째"),
            (11, "열한 번째"),
            (20, "스무 번째"),
            (21, "스물한 번째"),
            (31, "서른한 번째"),
            (40, "마흔 번째"),
            (52, "쉰두 번째"),
            (99, "아흔아홉 번째"),
            (100, "백 번째"),
            (123, "백이십삼 번째"),
            (0, "영 번째"),
        ] {
            assert_eq!(said(&ordinal(n)), text, "{n}");
        }
    }

    #[test]
    fn counts_take_the_form_before_a_noun() {
        assert_eq!(said(&count(1, Counter::Person)), "한 명");
        assert_eq!(said(&count(3, Counter::Case)), "세 건");
        assert_eq!(said(&count(20, Counter::Letter)), "스무 통");
        assert_eq!(said(&count(24, Counter::Item)), "스물네 개");
        assert_eq!(said(&count(99, Counter::Item)), "아흔아홉 개");
        assert_eq!(said(&count(120, Counter::Time)), "백이십 번");
        assert_eq!(said(&count(0, Counter::Case)), "영 건");
    }

    #[test]
    fn durations_leave_out_what_is_zero() {
        for (seconds, text) in [
            (0, "영 초"),
            (25, "이십오 초"),
            (180, "삼 분"),
            (205, "삼 분 이십오 초"),
            (3_600, "한 시간"),
            (7_384, "두 시간 삼 분 사 초"),
            (86_400, "스물네 시간"),
            (90_000, "이십오 시간"),
            (2_700, "사십오 분"),
        ] {
            assert_eq!(said(&duration(Duration::from_secs(seconds))), text);
        }
    }

    #[test]
    fn money_is_won_unless_it_is_dollars() {
        let won = |minor| said(&money(Money { currency: Currency::Won, minor }));
        let dollars = |minor| said(&money(Money { currency: Currency::Dollar, minor }));
        assert_eq!(won(12_500), "만 이천오백 원");
        assert_eq!(won(0), "영 원");
        assert_eq!(won(-300), "마이너스 삼백 원");
        assert_eq!(dollars(1_250), "십이 달러 오십 센트");
        assert_eq!(dollars(5), "오 센트");
        assert_eq!(dollars(0), "영 달러");
    }

    #[test]
    fn dates_know_the_two_odd_months() {
        assert_eq!(said(&date(jiff::civil::date(2026, 3, 4))), "삼월 사일 수요일");
        assert_eq!(said(&date(jiff::civil::date(2026, 6, 6))), "유월 육일 토요일");
        assert_eq!(said(&date(jiff::civil::date(2026, 10, 16))), "시월 십육일 금요일");
        assert_eq!(said(&year(2026)), "이천이십육 년");
    }

    #[test]
    fn the_clock_has_native_hours_and_sino_minutes() {
        for (hour, minute, text) in [
            (9, 30, "오전 아홉 시 삼십 분"),
            (18, 0, "오후 여섯 시"),
            (12, 0, "정오"),
            (12, 5, "오후 열두 시 오 분"),
            (0, 0, "자정"),
            (0, 30, "오전 영 시 삼십 분"),
            (23, 59, "오후 열한 시 오십구 분"),
        ] {
            assert_eq!(said(&time(jiff::civil::time(hour, minute, 0, 0))), text);
        }
    }
}
