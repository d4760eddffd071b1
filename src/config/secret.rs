//! A password that cannot be printed by accident. Never compares in variable time, because it never compares at all.

use std::fmt;

/// A password as configured. `Debug` hides it; `reveal` is a decision.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The password itself, for computing digests.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_secret_stays_one() {
        assert!(!format!("{:?}", Secret::new("tiger")).contains("tiger"));
        assert_eq!(Secret::new("tiger").reveal(), "tiger");
    }
}
