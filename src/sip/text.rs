//! A piece of a shared buffer while it is being read: a slice that can still be kept without copying.
//! Never counts a reference before something is kept, for that costs more than reading does.

use std::ops::Deref;
use std::slice::SliceIndex;

use bytes::Bytes;

use super::grammar;

/// `slice` lies within `buffer`.
#[derive(Clone, Copy)]
pub(super) struct Text<'b> {
    buffer: &'b Bytes,
    slice: &'b [u8],
}

impl<'b> Text<'b> {
    /// All of `buffer`.
    pub(super) fn all(buffer: &'b Bytes) -> Text<'b> {
        Text { buffer, slice: buffer }
    }

    /// A part of this text; empty when it is out of range.
    pub(super) fn cut(self, range: impl SliceIndex<[u8], Output = [u8]>) -> Text<'b> {
        Text { slice: self.slice.get(range).unwrap_or_default(), ..self }
    }

    /// Without white space at both ends.
    pub(super) fn trim(self) -> Text<'b> {
        Text { slice: grammar::trim(self.slice), ..self }
    }

    /// As long as the buffer lives, not only this text.
    pub(super) fn slice(self) -> &'b [u8] {
        self.slice
    }

    /// `part`, which was found within this text.
    pub(super) fn part(self, part: &'b [u8]) -> Text<'b> {
        Text { slice: part, ..self }
    }

    /// Shares the buffer.
    pub(super) fn keep(self) -> Bytes {
        self.buffer.slice_ref(self.slice)
    }
}

impl Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.slice
    }
}
