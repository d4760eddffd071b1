//! Korean particles, whose form depends on whether the word before them ends in a consonant.
//! It never parses grammar: it looks at the last sayable character, by the arithmetic of Unicode's Hangul syllables.

/// A pair of particles, named by its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Particle {
    /// 은, 는.
    Topic,
    /// 이, 가.
    Subject,
    /// 을, 를.
    Object,
    /// 으로, 로.
    Direction,
    /// 과, 와.
    And,
    /// 이, (nothing): before 라고, 며, 에요.
    Copula,
}

impl Particle {
    /// The form that follows `word`: `은` after 상담, `는` after 전화. Digits and Latin letters are taken as they are
    /// read in Korean (3 is 삼, L is 엘); a word without any sayable character takes the form after a vowel.
    #[must_use]
    pub fn after(self, word: &str) -> &'static str {
        let ending = Ending::of(word);
        let closed = match self {
            // 로 follows ㄹ as it follows a vowel: 서울로.
            Particle::Direction => ending == Ending::Consonant,
            _ => ending != Ending::Vowel,
        };
        let (after_consonant, after_vowel) = match self {
            Particle::Topic => ("은", "는"),
            Particle::Subject => ("이", "가"),
            Particle::Object => ("을", "를"),
            Particle::Direction => ("으로", "로"),
            Particle::And => ("과", "와"),
            Particle::Copula => ("이", ""),
        };
        if closed { after_consonant } else { after_vowel }
    }

    /// The word with its particle: `우체국` becomes `우체국은`.
    #[must_use]
    pub fn attach(self, word: &str) -> String {
        format!("{word}{}", self.after(word))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Vowel,
    /// ㄹ, which 로 treats as a vowel.
    Rieul,
    Consonant,
}

impl Ending {
    fn of(word: &str) -> Ending {
        word.chars().rev().find_map(Ending::of_character).unwrap_or(Ending::Vowel)
    }

    /// None for what is not read aloud: quotes, brackets, full stops.
    fn of_character(c: char) -> Option<Ending> {
        match c {
            // Syllables are laid out by initial, vowel and final; 28 finals, the first of them empty (Unicode 3.12).
            '가'..='힣' => Some(match (u32::from(c) - u32::from('가')) % 28 {
                0 => Ending::Vowel,
                8 => Ending::Rieul,
                _ => Ending::Consonant,
            }),
            // 영 일 이 삼 사 오 육 칠 팔 구
            '1' | '7' | '8' => Some(Ending::Rieul),
            '0' | '3' | '6' => Some(Ending::Consonant),
            '2' | '4' | '5' | '9' => Some(Ending::Vowel),
            // 엘, 알; 엠, 엔
            'l' | 'L' | 'r' | 'R' => Some(Ending::Rieul),
            'm' | 'M' | 'n' | 'N' => Some(Ending::Consonant),
            c if c.is_alphabetic() => Some(Ending::Vowel),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_form_follows_the_final_consonant() {
        for (word, topic, subject, object, direction, and) in [
            ("상담", "은", "이", "을", "으로", "과"),
            ("전화", "는", "가", "를", "로", "와"),
            ("서울", "은", "이", "을", "로", "과"),
            ("우체국", "은", "이", "을", "으로", "과"),
            ("1번", "은", "이", "을", "으로", "과"),
            ("0604", "는", "가", "를", "로", "와"),
            ("13", "은", "이", "을", "으로", "과"),
            ("EMS", "는", "가", "를", "로", "와"),
            ("URL", "은", "이", "을", "로", "과"),
            ("(대전)", "은", "이", "을", "으로", "과"),
            ("'소포'", "는", "가", "를", "로", "와"),
            ("", "는", "가", "를", "로", "와"),
        ] {
            let forms = [Particle::Topic, Particle::Subject, Particle::Object, Particle::Direction, Particle::And]
                .map(|p| p.after(word));
            assert_eq!(forms, [topic, subject, object, direction, and], "{word}");
        }
        assert_eq!(Particle::Copula.after("상담사"), "");
        assert_eq!(Particle::Topic.attach("상담사"), "상담사는");
    }

    proptest! {
        #[test]
        fn composed_syllables_agree_with_their_jamo(initial in 0_u32..19, vowel in 0_u32..21, final_jamo in 0_u32..28) {
            let code = u32::from('가') + (initial * 21 + vowel) * 28 + final_jamo;
            let word = char::from_u32(code).expect("a Hangul syllable").to_string();
            prop_assert_eq!(Particle::Subject.after(&word), if final_jamo == 0 { "가" } else { "이" });
            prop_assert_eq!(Particle::Direction.after(&word), if matches!(final_jamo, 0 | 8) { "로" } else { "으로" });
        }

        #[test]
        fn no_word_makes_it_panic(word in "\\PC*") {
            let _ = Particle::Topic.attach(&word);
        }
    }
}
