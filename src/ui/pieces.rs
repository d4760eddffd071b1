//! The files of the live page as bytes in the program. Serves nothing; `api::pages` does.

/// One file of the page.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Path below `/ui/`.
    pub name: &'static str,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
}

macro_rules! piece {
    ($name:literal, $content_type:expr) => {
        Piece { name: $name, content_type: $content_type, bytes: include_bytes!($name) }
    };
}

/// The page itself, `/live`.
pub const LIVE: Piece = piece!("live.html", "text/html; charset=utf-8");

/// What the page is made of.
pub const PIECES: [Piece; 9] = [
    piece!("live.css", "text/css; charset=utf-8"),
    piece!("live.js", SCRIPT),
    piece!("draw.js", SCRIPT),
    piece!("stream.js", SCRIPT),
    piece!("levels.js", SCRIPT),
    piece!("words.js", SCRIPT),
    piece!("icon.svg", "image/svg+xml"),
    piece!("locales/ko.json", "application/json"),
    piece!("locales/en.json", "application/json"),
];

const SCRIPT: &str = "text/javascript; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn text(name: &str) -> &'static str {
        let piece = PIECES.iter().chain([&LIVE]).find(|piece| piece.name == name).expect("a piece of this name");
        str::from_utf8(piece.bytes).expect("UTF-8")
    }

    fn keys(locale: &str) -> BTreeSet<String> {
        let value: serde_json::Value = serde_json::from_str(text(locale)).expect("JSON");
        value.as_object().expect("an object").keys().cloned().collect()
    }

    #[test]
    fn the_whole_page_stays_small() {
        let bytes: usize = PIECES.iter().chain([&LIVE]).map(|piece| piece.bytes.len()).sum();
        assert!(bytes < 100_000, "{bytes} bytes; 60 KB compressed is the promise");
    }

    #[test]
    fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
        let page = text("live.html");
        assert!(!page.contains("style=") && !page.contains("<style") && !page.contains(" onclick="));
        assert_eq!(page.matches("<script").count(), page.matches("<script type=\"module\" src=\"/ui/").count());
        for piece in PIECES.iter().chain([&LIVE]) {
            let source = text(piece.name);
            let foreign =
                source.match_indices("://").filter(|(at, _)| !source[*at..].starts_with("://www.w3.org/2000/svg"));
            assert_eq!(foreign.count(), 0, "{} names another site", piece.name);
        }
    }

    #[test]
    fn both_languages_say_the_same_things_with_the_same_values() {
        assert_eq!(keys("locales/ko.json"), keys("locales/en.json"));
        let texts = |locale| -> serde_json::Value { serde_json::from_str(text(locale)).expect("JSON") };
        let (korean, english) = (texts("locales/ko.json"), texts("locales/en.json"));
        let values = |of: &serde_json::Value| -> BTreeSet<String> {
            let text = of.as_str().expect("texts are strings");
            text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).map(str::to_owned).collect()
        };
        for key in keys("locales/ko.json") {
            assert_eq!(values(&korean[&key]), values(&english[&key]), "{key}");
        }
    }

    #[test]
    fn every_text_that_the_page_asks_for_exists() {
        let known = keys("locales/ko.json");
        for (name, opening, closing) in [
            ("live.html", "data-text=\"", '"'),
            ("live.js", "say('", '\''),
            ("draw.js", "say('", '\''),
            ("draw.js", "act(`", '`'),
            ("levels.js", "why: '", '\''),
        ] {
            let source = text(name);
            for (at, _) in source.match_indices(opening) {
                let key = source[at + opening.len()..].split(closing).next().unwrap_or_default();
                assert!(opening == "act(`" || known.contains(key), "{name} asks for {key}");
            }
        }
        let states = ["offline", "away", "available", "ringing", "talking", "wrapup"];
        let promises = crate::center::event::Promise::ALL.map(|promise| format!("promise.{}", promise.word()));
        let wanted = states.map(|state| format!("state.{state}")).into_iter().chain(promises);
        wanted.for_each(|key| assert!(known.contains(&key), "no text {key}"));
    }

    /// The tokens of one theme: the first block of the style sheet that begins with `opening`, over the light ones.
    fn tokens(opening: &str) -> BTreeMap<&'static str, [f64; 3]> {
        let sheet = text("live.css");
        let block = |opening: &str| {
            let body = &sheet[sheet.find(opening).expect("the theme is in the sheet") + opening.len()..];
            body.split('}').next().expect("split gives one")
        };
        let mut tokens = BTreeMap::new();
        for declaration in block(":root {").split(';').chain(block(opening).split(';')) {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let Some(hex) = value.trim().strip_prefix('#') else { continue };
            let channel = |at: usize| {
                let byte = u8::from_str_radix(&hex[at..at + 2], 16).expect("colours have six digits");
                let share = f64::from(byte) / 255.0;
                if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
            };
            tokens.insert(name.trim(), [channel(0), channel(2), channel(4)]);
        }
        tokens
    }

    /// WCAG 2.2, contrast ratio.
    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let luminance = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_text_stands_out_from_its_ground_in_every_theme() {
        let pairs = [
            ("--text", "--ground --panel --sunk --act-ground --watch-ground --calm-ground"),
            ("--soft", "--ground --panel --sunk --calm-ground"),
            ("--accent", "--panel --sunk"),
            ("--good", "--panel --good-ground"),
            ("--watch", "--panel --sunk --watch-ground --act-ground"),
            ("--act", "--panel --sunk --act-ground"),
            ("--panel", "--act"),
        ];
        let dark = ":root:not([data-theme=\"light\"], [data-theme=\"contrast\"]) {";
        for theme in [":root {", dark, ":root[data-theme=\"dark\"] {", ":root[data-theme=\"contrast\"] {"] {
            let tokens = tokens(theme);
            for (ink, grounds) in pairs {
                for ground in grounds.split(' ') {
                    let ratio = contrast(tokens[ink], tokens[ground]);
                    assert!(ratio >= 4.5, "{theme} {ink} on {ground} has only {ratio:.2}");
                }
            }
        }
    }
}
