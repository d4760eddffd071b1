//! Whole announcements: the wait, the transfer that says to whom and where to call back, the greeting, confirmations.
//! It never decides when they are due. The sentences are the service charter's (answering, waiting, transferring).

use std::time::Duration;

use super::grammar::{minutes, ordinal};
use super::phrase::Phrase;
use super::spelling::{keyed, phone_number};
use crate::model::{Clip, Language};

/// The day on which a caller is promised a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackDay {
    Today,
    NextBusinessDay,
}

/// The longest wait that is told as a number unless a queue sets its own: the charter's three minutes.
/// Beyond it a caller hears `삼 분 이상`, because a longer estimate is too unsure to be promised.
pub const WAIT_SAID_MAX: Duration = Duration::from_secs(180);

/// `현재 대기 순서는 세 번째이며, 예상 대기시간은 약 삼 분입니다.` Whichever is None is left out; both None says nothing.
#[must_use]
pub fn wait_announcement(language: Language, position: Option<u32>, expected: Option<Duration>) -> Vec<Clip> {
    wait_announcement_within(language, position, expected, WAIT_SAID_MAX)
}

/// As [`wait_announcement`], with the longest wait that is told as a number (whole minutes, at least one).
/// Expected waits are rounded up to the minute.
#[must_use]
pub fn wait_announcement_within(
    language: Language,
    position: Option<u32>,
    expected: Option<Duration>,
    longest: Duration,
) -> Vec<Clip> {
    let mut clips = Vec::new();
    if let Some(position) = position {
        clips.push(piece(language, Piece::Position));
        clips.extend(ordinal(language, position));
        // Korean goes on in the same sentence, English begins a new one.
        let goes_on = expected.is_some() && language == Language::Korean;
        let last = if goes_on { Piece::PositionAnd } else { Piece::PositionEnd };
        clips.push(piece(language, last));
    }
    let Some(expected) = expected else { return clips };
    let longest_minutes = (longest.as_secs() / 60).max(1);
    let beyond = expected > Duration::from_secs(longest_minutes.saturating_mul(60));
    let (opening, said) = match beyond {
        true => (Piece::WaitBeyond, longest_minutes),
        false => (Piece::Wait, minutes_up(expected)),
    };
    clips.push(piece(language, opening));
    clips.extend(minutes(language, said));
    match (language, beyond) {
        (Language::Korean, false) => clips.push(piece(language, Piece::WaitEnd)),
        (Language::Korean, true) => clips.push(piece(language, Piece::WaitBeyondEnd)),
        (Language::English, _) => {}
    }
    clips
}

/// The position alone: `현재 대기 순서는 세 번째입니다.`
#[must_use]
pub fn position(language: Language, n: u32) -> Vec<Clip> {
    wait_announcement(language, Some(n), None)
}

/// The expected wait alone: `예상 대기시간은 약 삼 분입니다.`
#[must_use]
pub fn expected_wait(language: Language, expected: Duration) -> Vec<Clip> {
    wait_announcement(language, None, Some(expected))
}

/// `보다 정확한 안내를 위해 O의 O에게 돌려드리겠습니다. 혹시 전화가 끊어지면 O번으로 다시 걸어주시기 바랍니다.`
/// Without a name it is the person in charge (`담당자`), without a department the person alone, and without a number
/// (nothing sayable in it) the second sentence is left out.
#[must_use]
pub fn transfer_announcement(
    language: Language,
    department: Option<Clip>,
    name: Option<Clip>,
    number: &str,
) -> Vec<Clip> {
    let mut clips = vec![piece(language, Piece::Transfer)];
    let name = name.unwrap_or_else(|| piece(language, Piece::InCharge));
    let of = piece(language, Piece::Of);
    match (language, department) {
        (Language::Korean, Some(department)) => clips.extend([department, of, name]),
        (Language::English, Some(department)) => clips.extend([name, of, department]),
        (_, None) => clips.push(name),
    }
    if language == Language::Korean {
        clips.push(piece(language, Piece::TransferEnd));
    }
    let digits = phone_number(language, number);
    if !digits.is_empty() {
        clips.push(piece(language, Piece::IfCutOff));
        clips.extend(digits);
        if language == Language::Korean {
            clips.push(piece(language, Piece::CallAgain));
        }
    }
    clips
}

/// `안녕하십니까? 고객지원부 김민지입니다.`; `late` (answered at the third ring or after) opens with the apology instead.
#[must_use]
pub fn greeting(language: Language, department: Clip, name: Clip, late: bool) -> Vec<Clip> {
    let opening = if late { Phrase::AnsweredLate } else { Phrase::Hello };
    let opening = opening.clip(language);
    match language {
        Language::Korean => vec![opening, department, name, piece(language, Piece::GreetingEnd)],
        Language::English => {
            vec![opening, piece(language, Piece::ThisIs), name, piece(language, Piece::Of), department]
        }
    }
}

/// `공일공-일이삼사-오육칠팔번으로 전화드리겠습니다.`
#[must_use]
pub fn callback_confirmation(language: Language, number: &str) -> Vec<Clip> {
    let digits = phone_number(language, number);
    match language {
        Language::Korean => [digits, vec![piece(language, Piece::WillCall)]].concat(),
        Language::English => [vec![piece(language, Piece::WillCall)], digits].concat(),
    }
}

/// As [`callback_confirmation`], with the day: `오늘 안에 …번으로 전화드리겠습니다.`
#[must_use]
pub fn callback_promise(language: Language, day: CallbackDay, number: &str) -> Vec<Clip> {
    let day = vec![piece(language, Piece::Day(day))];
    let confirmation = callback_confirmation(language, number);
    match language {
        Language::Korean => [day, confirmation].concat(),
        Language::English => [confirmation, day].concat(),
    }
}

/// Digits that a caller keyed, said back: `누르신 번호는 일이삼-사오번입니다.`
#[must_use]
pub fn read_back(language: Language, digits: &str) -> Vec<Clip> {
    let mut clips = vec![piece(language, Piece::YouKeyed)];
    clips.extend(keyed(language, digits));
    if language == Language::Korean {
        clips.push(piece(language, Piece::YouKeyedEnd));
    }
    clips
}

/// Every clip that the announcements add to what they are made of.
pub(super) fn words(language: Language) -> Vec<Clip> {
    Piece::ALL.iter().filter(|piece| !piece.words(language).1.is_empty()).map(|part| piece(language, *part)).collect()
}

fn minutes_up(expected: Duration) -> u64 {
    let started = expected.as_secs().saturating_add(u64::from(expected.subsec_nanos() > 0));
    started.div_ceil(60).max(1)
}

/// A fixed part of an announcement.
#[derive(Clone, Copy)]
enum Piece {
    Position,
    PositionAnd,
    PositionEnd,
    Wait,
    WaitEnd,
    WaitBeyond,
    WaitBeyondEnd,
    Transfer,
    Of,
    InCharge,
    TransferEnd,
    IfCutOff,
    CallAgain,
    ThisIs,
    GreetingEnd,
    WillCall,
    Day(CallbackDay),
    YouKeyed,
    YouKeyedEnd,
}

impl Piece {
    const ALL: [Piece; 20] = [
        Piece::Position,
        Piece::PositionAnd,
        Piece::PositionEnd,
        Piece::Wait,
        Piece::WaitEnd,
        Piece::WaitBeyond,
        Piece::WaitBeyondEnd,
        Piece::Transfer,
        Piece::Of,
        Piece::InCharge,
        Piece::TransferEnd,
        Piece::IfCutOff,
        Piece::CallAgain,
        Piece::ThisIs,
        Piece::GreetingEnd,
        Piece::WillCall,
        Piece::Day(CallbackDay::Today),
        Piece::Day(CallbackDay::NextBusinessDay),
        Piece::YouKeyed,
        Piece::YouKeyedEnd,
    ];

    /// The key of its file, and its words; no words where the language has no such part.
    fn words(self, language: Language) -> (&'static str, &'static str) {
        let (key, korean, english) = match self {
            Piece::Position => ("position-1", "현재 대기 순서는", "You are"),
            Piece::PositionAnd => ("position-2", "이며,", ""),
            Piece::PositionEnd => ("position-3", "입니다.", "in line."),
            Piece::Wait => ("wait-1", "예상 대기시간은 약", "The expected wait is about"),
            Piece::WaitEnd => ("wait-2", "입니다.", ""),
            Piece::WaitBeyond => ("wait-beyond-1", "예상 대기시간은", "The expected wait is more than"),
            Piece::WaitBeyondEnd => ("wait-beyond-2", "이상입니다.", ""),
            Piece::Transfer => {
                ("transfer-1", "보다 정확한 안내를 위해", "For more accurate help, we are transferring you to")
            }
            Piece::Of => ("of", "의", "of"),
            Piece::InCharge => ("in-charge", "담당자", "the person in charge"),
            Piece::TransferEnd => ("transfer-2", "에게 돌려드리겠습니다.", ""),
            Piece::IfCutOff => ("transfer-3", "혹시 전화가 끊어지면", "If the call is cut off, please call back at"),
            Piece::CallAgain => ("transfer-4", "번으로 다시 걸어주시기 바랍니다.", ""),
            Piece::ThisIs => ("greeting-1", "", "This is"),
            Piece::GreetingEnd => ("greeting-2", "입니다.", ""),
            Piece::WillCall => ("callback-1", "번으로 전화드리겠습니다.", "We will call you back at"),
            Piece::Day(CallbackDay::Today) => ("today", "오늘 안에", "today."),
            Piece::Day(CallbackDay::NextBusinessDay) => {
                ("next-business-day", "다음 근무일에", "on the next business day.")
            }
            Piece::YouKeyed => ("keyed-1", "누르신 번호는", "You entered"),
            Piece::YouKeyedEnd => ("keyed-2", "번입니다.", ""),
        };
        match language {
            Language::Korean => (key, korean),
            Language::English => (key, english),
        }
    }
}

fn piece(language: Language, piece: Piece) -> Clip {
    let (key, text) = piece.words(language);
    Clip::new(&format!("{}/phrase/{key}", language.folder()), text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ivr::speech::{directory_clip, reference, sentence};

    fn wait(language: Language, position: Option<u32>, seconds: Option<u64>) -> String {
        sentence(&wait_announcement(language, position, seconds.map(Duration::from_secs)))
    }

    #[test]
    fn a_korean_caller_hears_place_and_wait() {
        let said = |position, seconds| wait(Language::Korean, position, seconds);
        assert_eq!(said(Some(3), Some(180)), "현재 대기 순서는 세 번째이며, 예상 대기시간은 약 삼 분입니다.");
        assert_eq!(said(Some(1), None), "현재 대기 순서는 첫 번째입니다.");
        assert_eq!(said(None, Some(61)), "예상 대기시간은 약 이 분입니다.");
        assert_eq!(said(None, Some(0)), "예상 대기시간은 약 일 분입니다.");
        assert_eq!(said(None, Some(181)), "예상 대기시간은 삼 분 이상입니다.");
        assert_eq!(said(None, None), "");
    }

    #[test]
    fn an_english_caller_hears_place_and_wait() {
        let said = |position, seconds| wait(Language::English, position, seconds);
        assert_eq!(said(Some(21), Some(90)), "You are twenty-first in line. The expected wait is about two minutes");
        assert_eq!(said(Some(2), None), "You are second in line.");
        assert_eq!(said(None, Some(20)), "The expected wait is about one minute");
        assert_eq!(said(None, Some(600)), "The expected wait is more than three minutes");
    }

    #[test]
    fn a_queue_may_set_its_own_longest_wait() {
        let said = |seconds, longest| {
            let clips = wait_announcement_within(
                Language::Korean,
                None,
                Some(Duration::from_secs(seconds)),
                Duration::from_secs(longest),
            );
            sentence(&clips)
        };
        assert_eq!(said(600, 900), "예상 대기시간은 약 십 분입니다.");
        assert_eq!(said(901, 900), "예상 대기시간은 십오 분 이상입니다.");
        assert_eq!(said(5_400, 7_200), "예상 대기시간은 약 한 시간 삼십 분입니다.");
        assert_eq!(said(90, 10), "예상 대기시간은 일 분 이상입니다.");
    }

    #[test]
    fn the_transfer_sentence_is_the_charters() {
        let announce = |language, department: &str, name: &str, number: &str| {
            let clip = |words: &str| (!words.is_empty()).then(|| directory_clip(language, words));
            sentence(&transfer_announcement(language, clip(department), clip(name), number))
        };
        assert_eq!(
            announce(Language::Korean, "기획홍보부", "김민지", "061-280-0604"),
            "보다 정확한 안내를 위해 기획홍보부의 김민지에게 돌려드리겠습니다. \
             혹시 전화가 끊어지면 공육일-이팔공-공육공사번으로 다시 걸어주시기 바랍니다."
        );
        assert_eq!(
            announce(Language::Korean, "기획홍보부", "김민지", ""),
            "보다 정확한 안내를 위해 기획홍보부의 김민지에게 돌려드리겠습니다."
        );
        assert_eq!(
            announce(Language::Korean, "", "", "0215881300"),
            "보다 정확한 안내를 위해 담당자에게 돌려드리겠습니다. \
             혹시 전화가 끊어지면 공이-일오팔팔-일삼공공번으로 다시 걸어주시기 바랍니다."
        );
        assert_eq!(
            announce(Language::Korean, "기획홍보부", "", ""),
            "보다 정확한 안내를 위해 기획홍보부의 담당자에게 돌려드리겠습니다."
        );
        assert_eq!(
            announce(Language::English, "", "Mina Park", ""),
            "For more accurate help, we are transferring you to Mina Park"
        );
        assert_eq!(
            announce(Language::English, "Claims", "", ""),
            "For more accurate help, we are transferring you to the person in charge of Claims"
        );
        assert_eq!(
            announce(Language::English, "Claims", "Mina Park", "5550142"),
            "For more accurate help, we are transferring you to Mina Park of Claims. \
             If the call is cut off, please call back at five five five, zero one four two"
        );
    }

    #[test]
    fn a_late_greeting_apologises_first() {
        let (department, name) =
            (directory_clip(Language::Korean, "고객지원부"), directory_clip(Language::Korean, "김민지"));
        let said = |late| sentence(&greeting(Language::Korean, department.clone(), name.clone(), late));
        assert_eq!(said(false), "안녕하십니까? 고객지원부 김민지입니다.");
        assert_eq!(said(true), "늦게 받아 죄송합니다. 고객지원부 김민지입니다.");
    }

    #[test]
    fn callbacks_and_keyed_digits_are_confirmed() {
        assert_eq!(
            sentence(&callback_promise(Language::Korean, CallbackDay::Today, "01012345678")),
            "오늘 안에 공일공-일이삼사-오육칠팔번으로 전화드리겠습니다."
        );
        assert_eq!(
            sentence(&callback_promise(Language::English, CallbackDay::NextBusinessDay, "5550142")),
            "We will call you back at five five five, zero one four two on the next business day."
        );
        assert_eq!(sentence(&read_back(Language::Korean, "12345")), "누르신 번호는 일이삼-사오번입니다.");
        assert_eq!(sentence(&read_back(Language::English, "12")), "You entered one two");
    }

    proptest! {
        #[test]
        fn the_told_wait_is_never_shorter_than_the_expected(
            seconds in 0_u64..20_000, more in 0_u64..20_000, nanos in 0_u32..1_000_000_000, longest in 0_u64..8_000,
        ) {
            let told = |seconds| minutes_up(Duration::new(seconds, nanos));
            prop_assert!(Duration::from_secs(told(seconds) * 60) >= Duration::new(seconds, nanos));
            prop_assert!(told(seconds) * 60 <= seconds + 120);
            prop_assert!(told(seconds + more) >= told(seconds));
            for language in Language::ALL {
                let clips = wait_announcement_within(
                    language, Some(7), Some(Duration::new(seconds, nanos)), Duration::from_secs(longest));
                reference::assert_known(language, &clips);
            }
        }
    }
}
