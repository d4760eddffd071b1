//! The live page and what it is made of, from the program itself: nothing is fetched from anywhere else, and nothing
//! is read from a disk. Never renders; the page draws what the stream tells it.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use sha2::{Digest, Sha256};

use super::error::Problem;

struct Piece {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

/// `GET /`: there is one page.
pub(super) async fn root() -> Redirect {
    Redirect::temporary("/live")
}

/// `GET /live`.
pub(super) async fn live_page(headers: HeaderMap) -> Response {
    serve(0, &headers)
}

/// `GET /ui/{name}` and `GET /ui/locales/{name}`.
pub(super) async fn piece(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match PIECES.iter().skip(1).position(|piece| piece.name == name) {
        Some(at) => serve(at + 1, &headers),
        None => Problem::no_such_path(&format!("/ui/{name}")).into_response(),
    }
}

fn serve(at: usize, headers: &HeaderMap) -> Response {
    let (piece, tag) = (&PIECES[at], &TAGS[at]);
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

/// Strong tags: the hash of the bytes.
static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    PIECES
        .iter()
        .map(|piece| {
            let mut tag = String::from("\"");
            for byte in &Sha256::digest(piece.bytes)[..12] {
                let _ = write!(tag, "{byte:02x}");
            }
            tag + "\""
        })
        .collect()
});

/// The page first, then its pieces.
static PIECES: [Piece; 6] = [
    Piece {
        name: "live.html",
        content_type: "text/html; charset=utf-8",
        bytes: include_bytes!("../ui/live.html"),
    },
    Piece { name: "live.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("../ui/live.css") },
    Piece {
        name: "live.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../ui/live.js"),
    },
    Piece { name: "icon.svg", content_type: "image/svg+xml", bytes: include_bytes!("../ui/icon.svg") },
    Piece {
        name: "locales/ko.json",
        content_type: "application/json",
        bytes: include_bytes!("../ui/locales/ko.json"),
    },
    Piece {
        name: "locales/en.json",
        content_type: "application/json",
        bytes: include_bytes!("../ui/locales/en.json"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_page_stays_small() {
        let bytes: usize = PIECES.iter().map(|piece| piece.bytes.len()).sum();
        assert!(bytes < 150_000, "{bytes} bytes; 60 KB compressed is the promise");
    }

    #[test]
    fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
        let page = str::from_utf8(PIECES[0].bytes).expect("UTF-8");
        assert!(!page.contains("style=") && !page.contains("<style") && !page.contains(" onclick="));
        assert_eq!(page.matches("<script").count(), page.matches("<script type=\"module\" src=\"/ui/").count());
        for piece in &PIECES {
            let text = str::from_utf8(piece.bytes).expect("UTF-8");
            let foreign = text.match_indices("http").filter(|(at, _)| !text[*at..].starts_with("http://www.w3.org/"));
            assert_eq!(foreign.count(), 0, "{} names another site", piece.name);
        }
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let keys = |at: usize| -> Vec<String> {
            let value: serde_json::Value = serde_json::from_slice(PIECES[at].bytes).expect("JSON");
            value.as_object().expect("an object").keys().cloned().collect()
        };
        assert_eq!(keys(4), keys(5));
    }

    #[test]
    fn every_text_that_the_page_asks_for_exists() {
        let texts: serde_json::Value = serde_json::from_slice(PIECES[4].bytes).expect("JSON");
        let known = texts.as_object().expect("an object");
        let sources = [PIECES[0].bytes, PIECES[2].bytes].map(|bytes| str::from_utf8(bytes).expect("UTF-8"));
        for (source, opening, closing) in
            [(sources[0], "data-text=\"", '"'), (sources[1], "say('", '\''), (sources[1], "say(\"", '"')]
        {
            for (at, _) in source.match_indices(opening) {
                let key = source[at + opening.len()..].split(closing).next().unwrap_or_default();
                assert!(key.ends_with('.') || known.contains_key(key), "no text {key}");
            }
        }
    }
}
