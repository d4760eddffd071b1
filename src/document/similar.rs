//! Did you mean …? The known word nearest to a misspelt one. Never guesses wildly: far words are no suggestion.
//! Damerau-Levenshtein distance.

/// The word of `among` that resembles `word` most, if one does: at most a third of its characters differ.
#[must_use]
pub fn did_you_mean<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length == 0 || length > WORD_CHARS_MAX {
        return None;
    }
    let folded = fold(word);
    among
        .into_iter()
        .filter_map(|known| {
            let distance = strsim::damerau_levenshtein(&folded, &fold(known));
            let longer = length.max(known.chars().count());
            (longer <= WORD_CHARS_MAX && distance <= (longer / 3).max(1) && distance < longer)
                .then_some((distance, known))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// People forget case and which of `-` and `_` it was; such a slip is no distance at all.
fn fold(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

/// Longer words are not misspelt, they are something else; and the distance costs the product of the lengths.
const WORD_CHARS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word() {
        let known = ["q_claims", "q_domestic", "main", "ring_limit"];
        assert_eq!(did_you_mean("q_claim", known), Some("q_claims"));
        assert_eq!(did_you_mean("mian", known), Some("main"));
        assert_eq!(did_you_mean("Ring-Limit", known), Some("ring_limit"));
        assert_eq!(did_you_mean("국내우펀", ["국내우편", "국제우편"]), Some("국내우편"));
    }

    #[test]
    fn a_stranger_finds_nothing() {
        assert_eq!(did_you_mean("zebra", ["main", "claims"]), None);
        assert_eq!(did_you_mean("", ["a"]), None);
        assert_eq!(did_you_mean("x", ["y"]), None);
        assert_eq!(did_you_mean(&"x".repeat(1_000), ["x"]), None);
    }
}
