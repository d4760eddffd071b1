//! A clip is one recorded piece of speech or music, known by name; an announcement is a row of clips.

use std::fmt;
use std::sync::Arc;

/// The name of a recorded file below `audio/`, without its ending: `ko/postal-ko/main`, `en/number/17`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct ClipName(pub Arc<str>);

impl ClipName {
    #[must_use]
    pub fn new(name: &str) -> Self {
        ClipName(Arc::from(name))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClipName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One piece of an announcement: the file to play and the words that it says.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Clip {
    pub name: ClipName,
    /// What the file says; shown by `ivr simulate`, kept in events, read out by TTS where no file exists.
    pub text: Arc<str>,
}

impl Clip {
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Clip { name: ClipName::new(name), text: Arc::from(text) }
    }
}
