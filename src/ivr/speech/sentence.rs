//! A row of clips as one line of text, spaced as the language writes it: for transcripts, simulations and events.
//! It never changes what is said; only gaps are added.

use crate::model::Clip;

/// The row as text: `[보다 정확한 안내를 위해][고객지원부][의][김민지][에게 돌려드리겠습니다.]` becomes
/// `보다 정확한 안내를 위해 고객지원부의 김민지에게 돌려드리겠습니다.`
#[must_use]
pub fn sentence(clips: &[Clip]) -> String {
    let mut text = String::new();
    let mut previous: Option<&Clip> = None;
    for clip in clips {
        if previous.is_some_and(|previous| !joined(previous, clip)) {
            text.push(' ');
        }
        text.push_str(&clip.text);
        previous = Some(clip);
    }
    text
}

/// Whether `next` is written onto `previous` without a gap.
fn joined(previous: &Clip, next: &Clip) -> bool {
    if next.text.starts_with(['.', ',', '?', '!']) {
        return true;
    }
    if !next.name.as_str().starts_with("ko/") {
        return false;
    }
    match (kind(previous), kind(next)) {
        ("digit" | "letter" | "key" | "pause", "digit" | "letter" | "key" | "pause") => true,
        // Korean writes numbers in groups of ten thousand: 사십오만 육천칠백팔십구.
        ("number" | "hundreds" | "thousands", "number" | "hundreds" | "thousands" | "scale") => true,
        (_, "phrase" | "system") => ENDINGS.contains(&next.text.split(' ').next().unwrap_or("")),
        _ => ends_a_word(next),
    }
}

/// Pieces of a flow's own text that begin with a particle hang on the inserted word: `서울여의도우체국` + `에서`.
fn ends_a_word(clip: &Clip) -> bool {
    clip.name.as_str().bytes().filter(|byte| *byte == b'/').count() == 2
        && clip.name.as_str().contains('-')
        && ENDINGS.contains(&clip.text.split(' ').next().unwrap_or(""))
}

fn kind(clip: &Clip) -> &str {
    clip.name.as_str().split('/').nth(1).unwrap_or("")
}

/// First words that are written onto the word before them.
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
