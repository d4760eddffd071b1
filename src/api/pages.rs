//! The live page and what it is made of, from the program itself: nothing is fetched from anywhere else, and nothing
//! is read from a disk. Never renders; the page draws what the stream tells it.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use sha2::{Digest, Sha256};

use super::error::Problem;
use crate::ui::{LIVE, PIECES, Piece};

/// `GET /`: there is one page.
pub(super) async fn root() -> Redirect {
    Redirect::temporary("/live")
}

/// `GET /live`.
pub(super) async fn live_page(headers: HeaderMap) -> Response {
    serve(&LIVE, &TAGS[PIECES.len()], &headers)
}

/// `GET /ui/{name}` and `GET /ui/locales/{name}`.
pub(super) async fn piece(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match PIECES.iter().zip(TAGS.iter()).find(|(piece, _)| piece.name == name) {
        Some((piece, tag)) => serve(piece, tag, &headers),
        None => Problem::no_such_path(&format!("/ui/{name}")).into_response(),
    }
}

fn serve(piece: &Piece, tag: &str, headers: &HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
    let fresh = known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag || known.trim() == "*");
    let mut response = if fresh { StatusCode::NOT_MODIFIED.into_response() } else { piece.bytes.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(piece.content_type));
    // Asked again each time and almost always answered 304: a new program shows its new page at once.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Strong tags, the hash of the bytes: of each piece, then of the page.
static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    PIECES
        .iter()
        .chain([&LIVE])
        .map(|piece| {
            let mut tag = String::from("\"");
            for byte in &Sha256::digest(piece.bytes)[..12] {
                let _ = write!(tag, "{byte:02x}");
            }
            tag + "\""
        })
        .collect()
});
