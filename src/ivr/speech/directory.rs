//! Clips whose words come from outside: names of departments and people, and texts that a lookup returned.
//! It never stores them; the name of the file follows from the words alone, so any number of readers agree on it.

use crate::model::{Clip, Language};

/// The clip that says a department's or a person's name: `ko/directory/<slug>`. The slug is 16 hexadecimal digits of
/// the text's FNV-1a hash, with its spaces evened out; the prompt script renders the file from the same name and text.
#[must_use]
pub fn directory_clip(language: Language, text: &str) -> Clip {
    named(language, "directory", text)
}

/// The clip that says a text which no flow wrote, such as a delivery status: `ko/text/<slug>`.
#[must_use]
pub fn text_clip(language: Language, text: &str) -> Clip {
    named(language, "text", text)
}

/// The tone after which a caller speaks. The media room makes it by itself, so it is not in the vocabulary.
#[must_use]
pub fn beep(language: Language) -> Clip {
    let text = match language {
        Language::Korean => "삐",
        Language::English => "(beep)",
    };
    Clip::new("tone/beep", text)
}

fn named(language: Language, kind: &str, text: &str) -> Clip {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Clip::new(&format!("{}/{kind}/{:016x}", language.folder(), fnv1a(text.as_bytes())), &text)
}

/// FNV-1a, 64 bits: published, seedless, the same on every machine and in every release.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_same_words_are_the_same_file() {
        let clip = directory_clip(Language::Korean, "고객지원부");
        assert_eq!(clip, directory_clip(Language::Korean, "  고객지원부 "));
        assert_eq!(&*clip.text, "고객지원부");
        assert!(clip.name.as_str().starts_with("ko/directory/"));
        assert_eq!(clip.name.as_str().len(), "ko/directory/".len() + 16);
        assert_ne!(clip.name, directory_clip(Language::Korean, "고객지원과").name);
        assert_ne!(clip.name, directory_clip(Language::English, "고객지원부").name);
        assert_ne!(clip.name, text_clip(Language::Korean, "고객지원부").name);
    }
}
