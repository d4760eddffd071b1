//! What the tests of this room measure against: the vocabulary as a set, and a second reader of numbers that walks over
//! written digits and never sees a clip. Compiled for tests only.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::vocabulary;
use crate::model::{Clip, Language};

/// Fails unless every clip stands in the vocabulary, with the same words.
pub(super) fn assert_known(language: Language, clips: &[Clip]) {
    static KNOWN: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let all = Language::ALL.into_iter().flat_map(vocabulary);
        all.map(|clip| (clip.name.as_str().to_owned(), clip.text.to_string())).collect()
    });
    for clip in clips {
        assert!(clip.name.as_str().starts_with(language.folder()), "{clip:?} is in another language");
        let text = KNOWN.get(clip.name.as_str()).map(String::as_str);
        assert_eq!(text, Some(&*clip.text), "{clip:?} is not in the vocabulary");
    }
}

/// Reads written digits in Sino-Korean, digit by digit, spaced by groups of ten thousand.
pub(super) fn korean(written: &str) -> String {
    const DIGITS: [&str; 10] = ["영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"];
    const SMALL: [&str; 4] = ["", "십", "백", "천"];
    const LARGE: [&str; 5] = ["", "만", "억", "조", "경"];
    if written == "0" {
        return DIGITS[0].to_owned();
    }
    let mut text = String::new();
    let mut group_is_empty = true;
    for (at, character) in written.chars().enumerate() {
        let place = written.len() - 1 - at;
        let digit = character.to_digit(10).expect("only digits are written") as usize;
        if digit != 0 {
            if group_is_empty && !text.is_empty() {
                text.push(' ');
            }
            group_is_empty = false;
            let leading_ten_thousand = place == 4 && at == 0;
            if digit != 1 || (place.is_multiple_of(4) && !leading_ten_thousand) {
                text.push_str(DIGITS[digit]);
            }
            text.push_str(SMALL[place % 4]);
        }
        if place.is_multiple_of(4) {
            if !group_is_empty {
                text.push_str(LARGE[place / 4]);
            }
            group_is_empty = true;
        }
    }
    text
}

/// Reads written digits in English, three at a time from the left, by table and recursion on strings.
pub(super) fn english(written: &str) -> String {
    let written = written.trim_start_matches('0');
    match written.len() {
        0 => "zero".to_owned(),
        1 | 2 => small(written).to_owned(),
        3 => {
            let (hundreds, rest) = written.split_at(1);
            followed(format!("{} hundred", english(hundreds)), rest)
        }
        length => {
            let head = if length.is_multiple_of(3) { 3 } else { length % 3 };
            let (group, rest) = written.split_at(head);
            let scale =
                ["thousand", "million", "billion", "trillion", "quadrillion", "quintillion"][rest.len() / 3 - 1];
            followed(format!("{} {scale}", english(group)), rest)
        }
    }
}

/// The ordinal made from the cardinal's last word.
pub(super) fn english_ordinal(written: &str) -> String {
    let cardinal = english(written);
    let start = cardinal.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (before, last) = cardinal.split_at(start);
    let ending = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        _ if last.ends_with('y') => format!("{}ieth", &last[..last.len() - 1]),
        _ => format!("{last}th"),
    };
    format!("{before}{ending}")
}

fn followed(head: String, rest: &str) -> String {
    if rest.bytes().all(|byte| byte == b'0') { head } else { format!("{head} {}", english(rest)) }
}

fn small(written: &str) -> String {
    const WORDS: &str = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen \
        sixteen seventeen eighteen nineteen";
    const TENS: &str = "twenty thirty forty fifty sixty seventy eighty ninety";
    let n: usize = written.parse().expect("one or two digits");
    if let Some(word) = WORDS.split(' ').filter(|word| !word.is_empty()).nth(n) {
        return word.to_owned();
    }
    let tens = TENS.split(' ').nth(n / 10 - 2).expect("20 to 99");
    if n.is_multiple_of(10) { tens.to_owned() } else { format!("{tens}-{}", small(&written[1..])) }
}
