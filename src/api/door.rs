//! Who may come in: the host must be ours (DNS rebinding), a change must come from our own pages or from no page
//! (cross-site requests), the password must be right where there is one. Adds the headers that keep pages safe.
//! Never looks at bodies. RFC 9110 7.2, 11; RFC 6454; RFC 7617; Content Security Policy 3.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::Problem;

/// The rules of the door.
#[derive(Clone, Default)]
pub struct Door {
    /// Names we are reached by, besides IP addresses and `localhost`.
    pub hosts: Vec<String>,
    /// Asked of everyone except health probes, where there is one.
    pub credentials: Option<Credentials>,
}

/// A user and a password for HTTP Basic.
#[derive(Clone)]
pub struct Credentials {
    expected: String,
}

impl Credentials {
    #[must_use]
    pub fn new(user: &str, password: &str) -> Credentials {
        Credentials { expected: base64(format!("{user}:{password}").as_bytes()) }
    }

    fn admit(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (scheme, token) = given.split_once(' ').unwrap_or_default();
        scheme.eq_ignore_ascii_case("basic") && same(token.trim().as_bytes(), self.expected.as_bytes())
    }
}

/// The middleware: refuses, or passes on and adds headers to whatever comes back.
pub(super) async fn guard(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let mut response = match door.refuse(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in SAFE_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

impl Door {
    fn refuse(&self, request: &Request) -> Option<Response> {
        let path = request.uri().path();
        if PROBES.contains(&path) {
            return None;
        }
        let host = request
            .headers()
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .or_else(|| request.uri().authority().map(|authority| authority.as_str()))
            .unwrap_or_default();
        // A scraper may use any name of ours, and what it reads holds nothing personal.
        if path != "/metrics" && !self.is_ours(host) {
            return Some(misdirected(host).into_response());
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
            && !is_same_origin(request.headers(), host)
        {
            return Some(foreign_page().into_response());
        }
        let credentials = self.credentials.as_ref()?;
        (!credentials.admit(request.headers())).then(unauthorized)
    }

    /// An address, `localhost` or a listed name: what another site's DNS can never make of itself.
    fn is_ours(&self, host: &str) -> bool {
        let name = without_port(host);
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let address = if name.starts_with('[') {
            bare.parse::<Ipv6Addr>().is_ok()
        } else {
            bare.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4())
        };
        address
            || name.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Whether no page asks, or a page of ours: browsers send `Origin` with every change, programs send none.
fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        return authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host));
    }
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"same-origin" | b"none") => true,
        Some(_) => false,
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

fn misdirected(host: &str) -> Problem {
    let detail = format!("this server is not called {host:?}");
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "unknown_host", "Not our name", detail)
        .hint("use its IP address or localhost, or list the name in the configuration under [http] hosts")
}

fn foreign_page() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "foreign_origin",
        "Asked by a page of another site",
        "changes are taken from this server's own pages and from programs",
    )
    .hint("programs send no Origin header")
}

fn unauthorized() -> Response {
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "User or password missing or wrong",
        "this server asks for a user and a password",
    );
    let mut response = problem.hint("they stand in the configuration under [http]").into_response();
    let challenge = HeaderValue::from_static("Basic realm=\"Thirdring\", charset=\"UTF-8\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// Compares without telling by the time it takes where the first difference is.
fn same(given: &[u8], expected: &[u8]) -> bool {
    let differs = given.iter().zip(expected).fold(0, |differs, (a, b)| differs | (a ^ b));
    given.len() == expected.len() && differs == 0
}

/// RFC 4648 4, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().chain([0, 0].iter()).take(3).fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        for place in 0..4 {
            let sextet = usize::try_from(group >> (18 - 6 * place) & 63).unwrap_or_default();
            text.push(if place <= chunk.len() { char::from(ALPHABET[sextet]) } else { '=' });
        }
    }
    text
}

/// Asked by machines that know no password, and they say nothing but yes or no.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// Nothing from other sites, nothing inline, in nobody's frame.
const SAFE_HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_another_site_cannot_take_are_ours() {
        let door = Door { hosts: vec!["calls.example.org".into()], credentials: None };
        for ours in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "192.0.2.7:80",
            "[::1]:8080",
            "[2001:db8::1]",
            "localhost",
            "LocalHost:8080",
            "calls.example.org",
            "Calls.Example.org:443",
        ] {
            assert!(door.is_ours(ours), "{ours}");
        }
        for foreign in
            ["", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.nip.io", "::1", "[evil]:80"]
        {
            assert!(!door.is_ours(foreign), "{foreign}");
        }
    }

    #[test]
    fn credentials_are_taken_whole_or_not_at_all() {
        let credentials = Credentials::new("supervisor", "비밀 번호:1");
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).expect("plain text"));
            credentials.admit(&headers)
        };
        let token = base64("supervisor:비밀 번호:1".as_bytes());
        assert!(with(&format!("Basic {token}")) && with(&format!("basic  {token}")));
        assert!(!with(&format!("Bearer {token}")) && !with("Basic") && !with(&format!("Basic {token}A")));
        assert!(!credentials.admit(&HeaderMap::new()));
    }

    #[test]
    fn base64_matches_the_vectors_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
