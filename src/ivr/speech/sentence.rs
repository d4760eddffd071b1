//! A row of clips as one line of text, spaced as the language writes it: for transcripts, simulations and events.
//! It never changes what is said; only gaps, hyphens and full stops are added.

use crate::model::Clip;

/// The row as text: `[보다 정확한 안내를 위해][고객지원부][의][김민지][에게 돌려드리겠습니다.]` becomes
/// `보다 정확한 안내를 위해 고객지원부의 김민지에게 돌려드리겠습니다.`
#[must_use]
pub fn sentence(clips: &[Clip]) -> String {
    let mut text = String::new();
    let mut previous: Option<&Clip> = None;
    for clip in clips {
        if let Some(previous) = previous {
            text.push_str(between(previous, clip));
        }
        text.push_str(&clip.text);
        previous = Some(clip);
    }
    text
}

/// What is written between two clips.
fn between(previous: &Clip, next: &Clip) -> &'static str {
    if next.text.starts_with(['.', ',', '?', '!']) {
        return "";
    }
    if !next.name.as_str().starts_with("ko/") {
        return match (kind(previous), kind(next)) {
            // Twenty-one, forty-first.
            ("number", "number" | "ordinal") if previous.text.ends_with("ty") && is_one_to_nine(next) => "-",
            _ if begins_a_sentence(next) && !previous.text.ends_with(['.', ',', '?', '!']) => ". ",
            _ => " ",
        };
    }
    match (kind(previous), kind(next)) {
        ("digit" | "letter" | "key" | "pause", "digit" | "letter" | "key" | "pause") => "",
        // Korean writes numbers in groups of ten thousand: 사십오만 육천칠백팔십구.
        ("number" | "hundreds" | "thousands", "number" | "hundreds" | "thousands" | "scale") => "",
        ("count", "count" | "ordinal") => "",
        // What is inserted may look like a particle: 이 is two, 이 분 two minutes.
        (_, next) if INSERTED.contains(&next) => " ",
        _ if ENDINGS.contains(&next.text.split(' ').next().unwrap_or("")) => "",
        _ => " ",
    }
}

fn is_one_to_nine(clip: &Clip) -> bool {
    matches!(clip.name.as_str().rsplit('/').next().map(str::as_bytes), Some([b'1'..=b'9']))
}

/// English pieces that open with a capital follow a name or a number, which carries no full stop of its own.
fn begins_a_sentence(clip: &Clip) -> bool {
    matches!(kind(clip), "phrase" | "system") && clip.text.starts_with(|c: char| c.is_ascii_uppercase())
}

fn kind(clip: &Clip) -> &str {
    clip.name.as_str().split('/').nth(1).unwrap_or("")
}

/// Kinds of clips that are inserted into sentences, rather than part of them.
const INSERTED: [&str; 17] = [
    "clock",
    "count",
    "counter",
    "day",
    "digit",
    "directory",
    "hours",
    "hundreds",
    "key",
    "letter",
    "minutes",
    "month",
    "number",
    "ordinal",
    "text",
    "thousands",
    "unit",
];

/// First words that are written onto the word before them; a flow's pieces may open with a particle as well.
const ENDINGS: [&str; 19] = [
    "의",
    "에게",
    "에",
    "에서",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "로",
    "으로",
    "와",
    "과",
    "이며,",
    "입니다.",
    "번으로",
    "번입니다.",
    "까지",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_hang_on_the_word_before() {
        let place = Clip::new("ko/text/00", "서울여의도우체국");
        let row = [
            Clip::new("ko/postal-ko/track_result-1", "조회하신 우편물은"),
            place,
            Clip::new("ko/postal-ko/track_result-2", "에서"),
            Clip::new("ko/text/01", "배달 완료"),
            Clip::new("ko/postal-ko/track_result-3", "상태입니다."),
        ];
        assert_eq!(sentence(&row), "조회하신 우편물은 서울여의도우체국에서 배달 완료 상태입니다.");
    }

    #[test]
    fn nothing_is_nothing_and_one_is_itself() {
        assert_eq!(sentence(&[]), "");
        assert_eq!(sentence(&[Clip::new("en/number/5", "five")]), "five");
    }
}
