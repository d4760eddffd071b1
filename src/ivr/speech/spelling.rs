//! Texts said one character at a time: telephone numbers in their groups, item numbers, confirmations.
//! It never decides who may hear a number; whoever calls has revealed it.

use super::{english, korean};
use crate::model::{Clip, Language};

/// The word for a zero among digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZeroWord {
    /// 영; zero.
    Zero,
    /// 공; oh. What Koreans say in a telephone number.
    Oh,
}

impl ZeroWord {
    /// The word that a language uses unless it is told otherwise: 공, zero.
    #[must_use]
    pub fn usual(language: Language) -> Self {
        match language {
            Language::Korean => ZeroWord::Oh,
            Language::English => ZeroWord::Zero,
        }
    }
}

/// Digits, letters, `*`, `#` and `+` one by one, with a pause wherever the text has a gap; anything else is silent.
/// At most `SPELLED_MAX` characters are said.
#[must_use]
pub fn digits(language: Language, text: &str) -> Vec<Clip> {
    digits_with(language, text, ZeroWord::usual(language))
}

/// As [`digits`], with the word for zero chosen.
#[must_use]
pub fn digits_with(language: Language, text: &str, zero: ZeroWord) -> Vec<Clip> {
    spell(language, &written_groups(text), zero)
}

/// A telephone number in the groups in which people say it: `공일공-일이삼사-오육칠팔`. Groups that are written
/// are kept; a bare number is cut as its country does (Korea, North America); `+82` and `+1` are left out at home.
#[must_use]
pub fn phone_number(language: Language, number: &str) -> Vec<Clip> {
    phone_number_with(language, number, ZeroWord::usual(language))
}

/// As [`phone_number`], with the word for zero chosen.
#[must_use]
pub fn phone_number_with(language: Language, number: &str, zero: ZeroWord) -> Vec<Clip> {
    let number = at_home(language, number);
    let written = written_groups(&number);
    let groups = match written.as_slice() {
        [bare] => cut(bare, &group_lengths(language, bare)),
        _ => written,
    };
    spell(language, &groups, zero)
}

/// A row of keyed digits in groups of equal length, three or four, so that it can be followed.
pub(super) fn keyed(language: Language, text: &str) -> Vec<Clip> {
    let bare: String = written_groups(text).concat();
    let groups = cut(&bare, &even_lengths(bare.len()));
    spell(language, &groups, ZeroWord::usual(language))
}

/// The English `oh`, which years and minutes borrow.
pub(super) fn zero_oh() -> Clip {
    character(Language::English, '0', ZeroWord::Oh)
}

/// Every clip that spelling can name.
pub(super) fn words(language: Language) -> Vec<Clip> {
    let mut clips = vec![character(language, '0', ZeroWord::Zero), character(language, '0', ZeroWord::Oh)];
    clips.extend(('1'..='9').chain(['*', '#', '+']).chain('A'..='Z').map(|c| character(language, c, ZeroWord::Zero)));
    clips.push(pause(language));
    clips
}

fn spell(language: Language, groups: &[String], zero: ZeroWord) -> Vec<Clip> {
    let mut clips = Vec::new();
    for group in groups {
        if !clips.is_empty() {
            clips.push(pause(language));
        }
        clips.extend(group.chars().map(|c| character(language, c, zero)));
    }
    clips
}

/// The sayable characters, upper case, broken where the text has a gap.
fn written_groups(text: &str) -> Vec<String> {
    let sayable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | '#' | '+');
    let mut groups = vec![String::new()];
    let mut said = 0;
    for c in text.chars() {
        if said == SPELLED_MAX {
            break;
        }
        if sayable(c) {
            said += 1;
            if let Some(group) = groups.last_mut() {
                group.push(c.to_ascii_uppercase());
            }
        } else if matches!(c, '-' | ' ' | '.' | '(' | ')' | '/') && groups.last().is_some_and(|group| !group.is_empty())
        {
            groups.push(String::new());
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// The number as it is dialled within the country of the language.
fn at_home(language: Language, number: &str) -> String {
    let number = number.trim();
    match language {
        Language::Korean => match number.strip_prefix("+82") {
            Some(rest) => format!("0{}", rest.trim_start_matches(['-', ' ', '.', '0'])),
            None => number.to_owned(),
        },
        Language::English => match number.strip_prefix("+1") {
            Some(rest) => rest.trim_start_matches(['-', ' ', '.']).to_owned(),
            None => number.to_owned(),
        },
    }
}

fn group_lengths(language: Language, bare: &str) -> Vec<usize> {
    match (language, bare.len()) {
        (Language::Korean, 9) if bare.starts_with("02") => vec![2, 3, 4],
        (Language::Korean, 10) if bare.starts_with("02") => vec![2, 4, 4],
        (Language::Korean | Language::English, 10) => vec![3, 3, 4],
        (Language::Korean, 11) => vec![3, 4, 4],
        (Language::English, 11) => vec![1, 3, 3, 4],
        (Language::Korean | Language::English, 7) => vec![3, 4],
        (_, length) => even_lengths(length),
    }
}

/// Groups of at most four, as equal as they can be, the longer ones first.
fn even_lengths(length: usize) -> Vec<usize> {
    let groups = length.div_ceil(4).max(1);
    (0..groups).map(|at| length / groups + usize::from(at < length % groups)).collect()
}

fn cut(bare: &str, lengths: &[usize]) -> Vec<String> {
    let mut characters = bare.chars();
    lengths
        .iter()
        .map(|length| characters.by_ref().take(*length).collect())
        .filter(|g: &String| !g.is_empty())
        .collect()
}

fn pause(language: Language) -> Clip {
    match language {
        Language::Korean => Clip::new("ko/pause/group", "-"),
        Language::English => Clip::new("en/pause/group", ","),
    }
}

fn character(language: Language, c: char, zero: ZeroWord) -> Clip {
    let folder = language.folder();
    let digit = c.to_digit(10).map(u64::from);
    let (kind, key, text) = match (c, digit) {
        ('0', _) if zero == ZeroWord::Oh => match language {
            Language::Korean => ("digit", "0-gong".to_owned(), "공".to_owned()),
            Language::English => ("digit", "0-oh".to_owned(), "oh".to_owned()),
        },
        (_, Some(digit)) => {
            let text = match language {
                Language::Korean => korean::sino_digit(digit).to_owned(),
                Language::English => english::cardinal(digit),
            };
            ("digit", digit.to_string(), text)
        }
        ('*', _) => ("key", "star".to_owned(), word(language, "별표", "star")),
        ('#', _) => ("key", "hash".to_owned(), word(language, "우물정자", "pound")),
        ('+', _) => ("key", "plus".to_owned(), word(language, "플러스", "plus")),
        (letter, _) => {
            let text = match language {
                Language::Korean => korean_letter(letter).to_owned(),
                Language::English => letter.to_string(),
            };
            ("letter", letter.to_ascii_lowercase().to_string(), text)
        }
    };
    Clip::new(&format!("{folder}/{kind}/{key}"), &text)
}

fn word(language: Language, korean: &str, english: &str) -> String {
    match language {
        Language::Korean => korean.to_owned(),
        Language::English => english.to_owned(),
    }
}

fn korean_letter(letter: char) -> &'static str {
    const NAMES: [&str; 26] = [
        "에이",
        "비",
        "씨",
        "디",
        "이",
        "에프",
        "지",
        "에이치",
        "아이",
        "제이",
        "케이",
        "엘",
        "엠",
        "엔",
        "오",
        "피",
        "큐",
        "알",
        "에스",
        "티",
        "유",
        "브이",
        "더블유",
        "엑스",
        "와이",
        "제트",
    ];
    let at = u32::from(letter).saturating_sub(u32::from('A'));
    usize::try_from(at).ok().and_then(|at| NAMES.get(at)).copied().unwrap_or("")
}

/// The longest thing worth spelling to anybody: a long URL token is not, and a peer may send one.
const SPELLED_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ivr::speech::{reference, sentence};

    fn korean(number: &str) -> String {
        sentence(&phone_number(Language::Korean, number))
    }

    fn english(number: &str) -> String {
        sentence(&phone_number(Language::English, number))
    }

    #[test]
    fn korean_numbers_fall_into_the_groups_people_say() {
        for (number, said) in [
            ("01012345678", "공일공-일이삼사-오육칠팔"),
            ("061-280-0604", "공육일-이팔공-공육공사"),
            ("0612800604", "공육일-이팔공-공육공사"),
            ("021231234", "공이-일이삼-일이삼사"),
            ("0212345678", "공이-일이삼사-오육칠팔"),
            ("15881300", "일오팔팔-일삼공공"),
            ("2195-1177", "이일구오-일일칠칠"),
            ("1300", "일삼공공"),
            ("+82-10-1234-5678", "공일공-일이삼사-오육칠팔"),
            ("+821012345678", "공일공-일이삼사-오육칠팔"),
            ("", ""),
        ] {
            assert_eq!(korean(number), said, "{number}");
        }
    }

    #[test]
    fn english_numbers_fall_into_the_groups_people_say() {
        assert_eq!(english("+12125550142"), "two one two, five five five, zero one four two");
        assert_eq!(english("(212) 555-0142"), "two one two, five five five, zero one four two");
        assert_eq!(english("5550142"), "five five five, zero one four two");
        assert_eq!(english("18005550142"), "one, eight zero zero, five five five, zero one four two");
    }

    #[test]
    fn the_word_for_zero_is_a_choice() {
        let said = |language, zero| sentence(&digits_with(language, "20", zero));
        assert_eq!(said(Language::Korean, ZeroWord::Oh), "이공");
        assert_eq!(said(Language::Korean, ZeroWord::Zero), "이영");
        assert_eq!(said(Language::English, ZeroWord::Oh), "two oh");
        assert_eq!(said(Language::English, ZeroWord::Zero), "two zero");
    }

    #[test]
    fn letters_and_keys_are_spelled_too() {
        assert_eq!(sentence(&digits(Language::Korean, "EE12kr#")), "이이일이케이알우물정자");
        assert_eq!(sentence(&digits(Language::English, "a1*")), "A one star");
    }

    #[test]
    fn keyed_digits_come_in_even_groups() {
        assert_eq!(sentence(&keyed(Language::Korean, "1234567890123")), "일이삼사-오육칠-팔구공-일이삼");
        assert_eq!(sentence(&keyed(Language::Korean, "12345")), "일이삼-사오");
        assert!(keyed(Language::Korean, "").is_empty());
    }

    proptest! {
        #[test]
        fn no_digit_is_lost_or_added(number in "[0-9]{0,40}") {
            for language in Language::ALL {
                let expected: Vec<String> = number.chars().map(|c| c.to_string()).collect();
                for clips in [digits(language, &number), phone_number(language, &number), keyed(language, &number)] {
                    let heard: Vec<String> = clips
                        .iter()
                        .filter(|clip| !clip.name.as_str().contains("/pause/"))
                        .filter_map(|clip| clip.name.as_str().rsplit('/').next())
                        .map(|key| key.chars().take(1).collect())
                        .collect();
                    prop_assert_eq!(&heard, &expected);
                }
            }
        }

        #[test]
        fn any_text_is_spelled_from_the_vocabulary_and_within_bounds(text in "\\PC*") {
            for language in Language::ALL {
                for clips in [digits(language, &text), phone_number(language, &text), keyed(language, &text)] {
                    prop_assert!(clips.len() <= 2 * SPELLED_MAX + 1);
                    reference::assert_known(language, &clips);
                    let paused = |clip: Option<&Clip>| clip.is_some_and(|c| c.name.as_str().contains("/pause/"));
                    prop_assert!(!paused(clips.first()) && !paused(clips.last()));
                }
            }
        }
    }
}
