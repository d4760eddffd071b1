//! Floor 3: the live page's pieces, embedded. Plain modules and one style sheet that a browser takes as they are:
//! no build step, no framework, nothing from anywhere else. Only bytes; `api::pages` serves them.

mod pieces;

pub use pieces::{LIVE, PIECES, Piece};
