//! Everything that the grammars can say: the list from which the prompts are recorded.
//! It never holds a flow's own prompts or a company's names; those are added where flows and configuration are read.

use super::{announcement, english, korean, phrase, spelling};
use crate::model::{Clip, Language};

/// Every clip that the functions of this room can name in a language, apart from directory and text clips, each once.
#[must_use]
pub fn vocabulary(language: Language) -> Vec<Clip> {
    let readings = match language {
        Language::Korean => korean::words(),
        Language::English => english::words(),
    };
    [readings, spelling::words(language), announcement::words(language), phrase::words(language)].concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::super::*;
    use crate::model::{Clip, Language};

    #[test]
    fn every_clip_is_named_once_and_says_something() {
        for language in Language::ALL {
            let clips = vocabulary(language);
            let names: BTreeSet<&str> = clips.iter().map(|clip| clip.name.as_str()).collect();
            assert_eq!(names.len(), clips.len());
            for clip in &clips {
                assert!(clip.name.as_str().starts_with(&format!("{}/", language.folder())));
                assert!(!clip.text.trim().is_empty() && !clip.text.contains(['\t', '\n']), "{clip:?}");
                assert!(clip.name.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-')));
            }
        }
    }

    #[test]
    fn files_are_named_by_kind_and_value() {
        let korean = vocabulary(Language::Korean);
        for (name, text) in [
            ("ko/number/17", "십칠"),
            ("ko/ordinal/3", "세 번째"),
            ("ko/digit/0", "영"),
            ("ko/digit/0-gong", "공"),
            ("ko/minutes/3", "삼 분"),
            ("ko/phrase/transfer-1", "보다 정확한 안내를 위해"),
            ("ko/system/closing", "감사합니다. 좋은 하루 되십시오."),
        ] {
            assert!(korean.contains(&Clip::new(name, text)), "{name}");
        }
    }

    #[test]
    fn nothing_is_recorded_that_is_never_said() {
        for language in Language::ALL {
            let mut unsaid: BTreeSet<String> =
                vocabulary(language).iter().map(|clip| clip.name.as_str().to_owned()).collect();
            for clip in everything_said(language) {
                unsaid.remove(clip.name.as_str());
            }
            assert!(unsaid.is_empty(), "never said: {unsaid:?}");
        }
    }

    fn everything_said(language: Language) -> Vec<Clip> {
        let mut said: Vec<Clip> = Phrase::ALL.map(|phrase| phrase.clip(language)).to_vec();
        for n in 0..10_000 {
            said.extend(number(language, n));
        }
        said.extend(number(language, u64::MAX));
        said.extend(number(language, 1_000_000_000_000));
        for n in (0..=120).chain([1_000, 1_000_000, 1_000_000_000]) {
            said.extend(ordinal(language, n));
            said.extend(Counter::ALL.iter().flat_map(|counter| count(language, u64::from(n), *counter)));
        }
        for seconds in (0..100_000).step_by(20).chain([1, 61]) {
            said.extend(duration(language, Duration::from_secs(seconds)));
            said.extend(wait_announcement_within(
                language,
                Some(3),
                Some(Duration::from_secs(seconds)),
                Duration::from_secs(3_600),
            ));
        }
        said.extend(position(language, 1));
        for minor in [-101, 101, 250] {
            for currency in [Currency::Won, Currency::Dollar] {
                said.extend(money(language, Money { currency, minor }));
            }
        }
        let mut day = jiff::civil::date(1900, 1, 1);
        for _ in 0..400 {
            said.extend(date_with_year(language, day));
            day = day.tomorrow().expect("1901 is within range");
        }
        said.extend(date_with_year(language, jiff::civil::date(-5, 1, 1)));
        for hour in 0..24 {
            said.extend(time(language, jiff::civil::time(hour, 0, 0, 0)));
            said.extend(time(language, jiff::civil::time(hour, 30, 0, 0)));
        }
        let alphabet = "0123456789*#+ ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        said.extend(digits_with(language, alphabet, ZeroWord::Zero));
        said.extend(digits_with(language, alphabet, ZeroWord::Oh));
        let name = directory_clip(language, "name");
        for late in [false, true] {
            said.extend(greeting(language, name.clone(), name.clone(), late));
        }
        said.extend(transfer_announcement(language, Some(name.clone()), Some(name), "0612800604"));
        said.extend(transfer_announcement(language, None, None, "0612800604"));
        for day in [CallbackDay::Today, CallbackDay::NextBusinessDay] {
            said.extend(callback_promise(language, day, "01012345678"));
        }
        said.extend(callback_confirmation(language, "01012345678"));
        said.extend(read_back(language, "123"));
        said
    }
}
