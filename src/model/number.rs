//! Telephone numbers, masked by type wherever they are printed.

use std::fmt;

/// A telephone number or SIP user as dialled. `Display` and `Debug` mask it; `reveal` is a decision.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    #[must_use]
    pub fn new(number: &str) -> Self {
        PhoneNumber(number.to_owned())
    }

    /// The same number without what people put between its digits: `061-280-0600` becomes `0612800600`.
    #[must_use]
    pub fn undecorated(&self) -> Self {
        PhoneNumber(self.0.chars().filter(|c| !is_decoration(*c)).collect())
    }

    /// The number itself: for signalling, records and whoever may see it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What a log or a wallboard shows: `010-****-5678`, `1300`, `al****`.
    #[must_use]
    pub fn masked(&self) -> String {
        let chars: Vec<char> = self.0.chars().filter(|c| !is_decoration(*c)).collect();
        if !chars.iter().all(|c| c.is_ascii_digit() || *c == '+') {
            return format!("{}****", chars.iter().take(2).collect::<String>());
        }
        match chars.len() {
            0..=4 => chars.into_iter().collect(),
            5..=8 => format!("****{}", chars[chars.len() - 2..].iter().collect::<String>()),
            n => format!(
                "{}-****-{}",
                chars[..n - 8].iter().collect::<String>(),
                chars[n - 4..].iter().collect::<String>()
            ),
        }
    }
}

/// What stands between digits for the eye only (RFC 3966 5.1.1, and spaces).
fn is_decoration(c: char) -> bool {
    matches!(c, '-' | ' ' | '.' | '(' | ')')
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_number_keeps_the_middle_to_itself() {
        assert_eq!(PhoneNumber::new("01012345678").to_string(), "010-****-5678");
        assert_eq!(PhoneNumber::new("061-280-0600").to_string(), "06-****-0600");
        assert_eq!(PhoneNumber::new("1300").to_string(), "1300");
        assert_eq!(PhoneNumber::new("alice").to_string(), "al****");
        assert_eq!(format!("{:?}", PhoneNumber::new("01012345678")), "010-****-5678");
    }

    #[test]
    fn decoration_is_for_the_eye_only() {
        assert_eq!(PhoneNumber::new("061-280-0600").undecorated(), PhoneNumber::new("0612800600"));
        assert_eq!(PhoneNumber::new("+82 (61) 280.0600").undecorated(), PhoneNumber::new("+82612800600"));
        assert_eq!(PhoneNumber::new("*11").undecorated(), PhoneNumber::new("*11"));
    }
}
