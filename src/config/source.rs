//! The text that a configuration was read from, so that a mistake found later still has its line. Never holds a
//! password: those are under stars.

use std::fmt;
use std::ops::Range;

use super::entry::Places;
use crate::document::{self, Diagnostic};

/// File, text and places of a configuration.
#[derive(Clone, Default, PartialEq)]
pub struct Source {
    /// The file's name as it was given.
    pub file: String,
    /// As it may be shown.
    pub text: String,
    pub(super) places: Places,
}

/// The name alone: nobody wants the whole file in a log line.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?})", self.file)
    }
}

impl Source {
    /// Where a value stands, by its path: `audio.folder`, `queue[2].title`. Of a default, the place of its section; of an
    /// absent section, the beginning.
    #[must_use]
    pub fn place(&self, path: &str) -> Range<usize> {
        self.places.of(path)
    }

    /// Whether the file gives the value.
    #[must_use]
    pub fn gives(&self, path: &str) -> bool {
        self.places.gives(path)
    }

    /// The mistakes with file, line, column and carets.
    #[must_use]
    pub fn render(&self, diagnostics: &[Diagnostic], colour: bool) -> String {
        document::render(&self.file, &self.text, diagnostics, colour)
    }
}
