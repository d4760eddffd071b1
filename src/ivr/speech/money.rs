//! Money as a whole number of its smallest unit, and the forms in which other systems write it.
//! It never computes with money and never converts one currency into another.

use crate::model::Language;

/// The currencies that we can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Currency {
    /// KRW, without a smaller unit.
    Won,
    /// USD, in cents.
    Dollar,
}

impl Currency {
    /// The currency of a bare number in a flow of this language: won, dollars.
    #[must_use]
    pub fn usual(language: Language) -> Self {
        match language {
            Language::Korean => Currency::Won,
            Language::English => Currency::Dollar,
        }
    }
}

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    pub currency: Currency,
    /// Won, or cents.
    pub minor: i64,
}

impl Money {
    /// Reads `12.50`, `$1,234.5`, `-3 USD`, `12,500원`, `₩300`. A bare number is in `default`.
    /// None where anything else stands beside it, where it is finer than the smallest unit, or beyond 15 digits.
    #[must_use]
    pub fn parse(text: &str, default: Currency) -> Option<Money> {
        let (mut text, mut currency) = (text.trim(), default);
        let (negative, unsigned) = minus(text);
        text = unsigned;
        for (mark, marked) in MARKS {
            if let Some(rest) = text.strip_prefix(mark).or_else(|| text.strip_suffix(mark)) {
                (text, currency) = (rest.trim(), marked);
                break;
            }
        }
        // The sign may stand on either side of the mark: -$5, $-5.
        let (negative_inside, text) = minus(text);
        if negative && negative_inside {
            return None;
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let whole = digits(whole, Some(','))?;
        let fraction = digits(fraction, None)?;
        let places = match currency {
            Currency::Won => 0,
            Currency::Dollar => 2,
        };
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > places || whole.len() > DIGITS_MAX {
            return None;
        }
        let minor: i64 = format!("{whole}{fraction:0<places$}").parse().ok()?;
        Some(Money { currency, minor: if negative || negative_inside { -minor } else { minor } })
    }
}

fn minus(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    }
}

/// One or more digits, between which `separator` may stand.
fn digits(text: &str, separator: Option<char>) -> Option<String> {
    let bare: String = text.chars().filter(|c| Some(*c) != separator).collect();
    (!bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit())).then_some(bare)
}

const MARKS: [(&str, Currency); 6] = [
    ("$", Currency::Dollar),
    ("USD", Currency::Dollar),
    ("₩", Currency::Won),
    ("원", Currency::Won),
    ("KRW", Currency::Won),
    ("￦", Currency::Won),
];

/// Enough for any bill, and far from overflow.
const DIGITS_MAX: usize = 15;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_forms_are_read() {
        for (text, currency, minor) in [
            ("12.50", Currency::Dollar, 1_250),
            ("12.5", Currency::Dollar, 1_250),
            ("$1,234", Currency::Dollar, 123_400),
            ("-3 USD", Currency::Dollar, -300),
            ("$-3.01", Currency::Dollar, -301),
            ("12,500원", Currency::Won, 12_500),
            ("₩300", Currency::Won, 300),
            ("KRW 5000.00", Currency::Won, 5_000),
        ] {
            assert_eq!(Money::parse(text, Currency::Dollar), Some(Money { currency, minor }), "{text}");
        }
        assert_eq!(Money::parse("7000", Currency::Won), Some(Money { currency: Currency::Won, minor: 7_000 }));
    }

    #[test]
    fn what_is_not_money_is_not_guessed() {
        for text in
            ["", "-", "$", "--5", "-$-5", "1.234", "12 5", "abc", "1e5", "1.2.3", "9999999999999999", "12.", "3원원"]
        {
            assert_eq!(Money::parse(text, Currency::Dollar), None, "{text}");
        }
        assert_eq!(Money::parse("100.5", Currency::Won), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = Money::parse(&text, Currency::Won);
        }

        #[test]
        fn written_amounts_come_back(cents in -99_999_999_i64..99_999_999) {
            let sign = if cents < 0 { "-" } else { "" };
            let text = format!("{sign}${}.{:02}", cents.abs() / 100, cents.abs() % 100);
            prop_assert_eq!(Money::parse(&text, Currency::Won), Some(Money { currency: Currency::Dollar, minor: cents }));
        }
    }
}
