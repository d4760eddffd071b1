//! Digest access authentication: the hashes, seen from both sides.
//! Never keeps a password longer than a call; comparisons take the same time for right and wrong.
//! RFC 7616, RFC 8760, RFC 2617 (MD5), RFC 2069 (no qop, only where allowed).

use std::fmt;

use bytes::Bytes;

use super::header::{Challenge, Credentials, Protection};
use super::method::Method;

/// The hash of a challenge. Ordered from weakest to strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    Md5,
    Sha512_256,
    /// First: the one RFC 8760 2.4 makes mandatory.
    Sha256,
}

impl Algorithm {
    /// The word in the `algorithm` field.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha512_256 => "SHA-512-256",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    /// The algorithm written as `word`, in any case; session variants are not spoken.
    #[must_use]
    pub fn from_word(word: &[u8]) -> Option<Algorithm> {
        [Algorithm::Sha256, Algorithm::Sha512_256, Algorithm::Md5]
            .into_iter()
            .find(|algorithm| algorithm.word().as_bytes().eq_ignore_ascii_case(word))
    }

    /// The hexadecimal hash of `parts` joined by colons.
    fn hash(self, parts: &[&[u8]]) -> String {
        match self {
            Algorithm::Md5 => hash_joined::<md5::Md5>(parts),
            Algorithm::Sha512_256 => hash_joined::<sha2::Sha512_256>(parts),
            Algorithm::Sha256 => hash_joined::<sha2::Sha256>(parts),
        }
    }
}

/// The hash of user, realm and password: all that needs to be kept at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha1 {
    algorithm: Algorithm,
    hex: String,
}

impl Ha1 {
    #[must_use]
    pub fn new(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> Ha1 {
        Ha1 { algorithm, hex: algorithm.hash(&[user.as_bytes(), realm.as_bytes(), password.as_bytes()]) }
    }

    /// From its hexadecimal form, as kept in a file; `None` when the length does not fit the algorithm.
    #[must_use]
    pub fn from_hex(algorithm: Algorithm, hex: &str) -> Option<Ha1> {
        let digits = if algorithm == Algorithm::Md5 { 32 } else { 64 };
        let sound = hex.len() == digits && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
        sound.then(|| Ha1 { algorithm, hex: hex.to_ascii_lowercase() })
    }

    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// As good as a password: never printed.
impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ha1({:?})", self.algorithm)
    }
}

/// The response to a challenge, in lower-case hexadecimal (RFC 7616 3.4.1). Without `protection` it is the
/// legacy form of RFC 2069.
#[must_use]
pub fn response(ha1: &Ha1, method: &Method, uri: &[u8], nonce: &[u8], protection: Option<&Protection>) -> String {
    let ha2 = ha1.algorithm.hash(&[method.as_bytes(), uri]);
    let (ha1_hex, ha2) = (ha1.hex.as_bytes(), ha2.as_bytes());
    match protection {
        Some(Protection { nc, cnonce }) => ha1.algorithm.hash(&[ha1_hex, nonce, nc, cnonce, b"auth", ha2]),
        None => ha1.algorithm.hash(&[ha1_hex, nonce, ha2]),
    }
}

/// Whether `credentials` prove knowledge of the password behind `ha1`. Says nothing about the nonce's age and
/// nothing about the digest-uri, which the caller compares. The legacy form counts only where `legacy_allowed`.
#[must_use]
pub fn verify(credentials: &Credentials, ha1: &Ha1, method: &Method, legacy_allowed: bool) -> bool {
    if credentials.algorithm != ha1.algorithm || credentials.protection.is_none() && !legacy_allowed {
        return false;
    }
    let expected = response(ha1, method, &credentials.uri, &credentials.nonce, credentials.protection.as_ref());
    same(expected.as_bytes(), &credentials.response.to_ascii_lowercase())
}

/// The strongest challenge; the first among equals (RFC 8760 2.4 lets the server order them).
#[must_use]
pub fn choose(challenges: &[Challenge]) -> Option<&Challenge> {
    challenges.iter().rev().max_by_key(|challenge| (challenge.algorithm, challenge.qop_auth))
}

/// Answers `challenge` for the request `method` to `uri`. `nc` counts the uses of this nonce from 1; `cnonce` comes
/// from the caller's generator.
#[must_use]
pub fn authorize(
    challenge: &Challenge,
    (user, password): (&str, &str),
    method: &Method,
    uri: &[u8],
    cnonce: &str,
    nc: u32,
) -> Credentials {
    // The realm is hashed as bytes: a Latin-1 realm is as good as any.
    let hex = challenge.algorithm.hash(&[user.as_bytes(), &challenge.realm, password.as_bytes()]);
    let ha1 = Ha1 { algorithm: challenge.algorithm, hex };
    let protection = challenge.qop_auth.then(|| Protection {
        nc: Bytes::from(format!("{nc:08x}")),
        cnonce: Bytes::copy_from_slice(cnonce.as_bytes()),
    });
    let response = response(&ha1, method, uri, &challenge.nonce, protection.as_ref());
    Credentials {
        username: Bytes::copy_from_slice(user.as_bytes()),
        realm: challenge.realm.clone(),
        nonce: challenge.nonce.clone(),
        uri: Bytes::copy_from_slice(uri),
        response: response.into(),
        algorithm: challenge.algorithm,
        opaque: challenge.opaque.clone(),
        protection,
    }
}

/// Compares without stopping at the first difference, so that time tells nothing about where it is.
pub(super) fn same(one: &[u8], two: &[u8]) -> bool {
    one.len() == two.len()
        && std::hint::black_box(one.iter().zip(two).fold(0, |difference, (a, b)| difference | (a ^ b))) == 0
}

fn hash_joined<H: sha2::Digest>(parts: &[&[u8]]) -> String {
    let mut hash = H::new();
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(algorithm: Algorithm) -> Challenge {
        Challenge {
            realm: Bytes::from_static(b"http-auth@example.org"),
            nonce: Bytes::from_static(b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
            opaque: Some(Bytes::from_static(b"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")),
            stale: false,
            algorithm,
            qop_auth: true,
        }
    }

    fn get() -> Method {
        Method::new(b"GET")
    }

    #[test]
    fn the_examples_of_rfc_7616_3_9_1() {
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let expected = [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ];
        for (algorithm, response) in expected {
            let credentials =
                authorize(&challenge(algorithm), ("Mufasa", "Circle of Life"), &get(), b"/dir/index.html", cnonce, 1);
            assert_eq!(&credentials.response[..], response.as_bytes());
            assert_eq!(credentials.protection.as_ref().map(|protection| &protection.nc[..]), Some(&b"00000001"[..]));
        }
    }

    #[test]
    fn the_example_of_rfc_2617_3_5() {
        let ha1 = Ha1::new(Algorithm::Md5, "Mufasa", "testrealm@host.com", "Circle Of Life");
        let protection = Protection { nc: Bytes::from_static(b"00000001"), cnonce: Bytes::from_static(b"0a4f113b") };
        let nonce = b"dcd98b7102dd2f0e8b11d0f600bfb0c093";
        let hash = response(&ha1, &get(), b"/dir/index.html", nonce, Some(&protection));
        assert_eq!(hash, "6629fae49393a05397450978507c4ef1");
        assert_eq!(response(&ha1, &get(), b"/dir/index.html", nonce, None), "670fd8c2df070c60b045671b8b24ff02");
    }

    #[test]
    fn sha_512_256_hashes_as_fips_180_4_says() {
        let abc = Algorithm::Sha512_256.hash(&[b"abc"]);
        assert_eq!(abc, "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
    }

    #[test]
    fn the_right_password_is_known_and_nothing_else() {
        let credentials = authorize(
            &challenge(Algorithm::Sha256),
            ("1300", "secret"),
            &Method::Register,
            b"sip:example.com",
            "c",
            10,
        );
        let ha1 = |algorithm, password| Ha1::new(algorithm, "1300", "http-auth@example.org", password);
        assert!(verify(&credentials, &ha1(Algorithm::Sha256, "secret"), &Method::Register, false));
        assert!(!verify(&credentials, &ha1(Algorithm::Sha256, "Secret"), &Method::Register, false));
        assert!(!verify(&credentials, &ha1(Algorithm::Sha256, "secret"), &Method::Invite, false));
        assert!(!verify(&credentials, &ha1(Algorithm::Md5, "secret"), &Method::Register, false));
        let mut other_uri = credentials.clone();
        other_uri.uri = Bytes::from_static(b"sip:example.org");
        assert!(!verify(&other_uri, &ha1(Algorithm::Sha256, "secret"), &Method::Register, false));
        let mut short = credentials;
        short.response = Bytes::from_static(b"75");
        assert!(!verify(&short, &ha1(Algorithm::Sha256, "secret"), &Method::Register, false));
    }

    #[test]
    fn the_legacy_form_counts_only_where_it_is_allowed() {
        let legacy = Challenge { qop_auth: false, ..challenge(Algorithm::Md5) };
        let credentials = authorize(&legacy, ("a", "b"), &Method::Invite, b"sip:x", "unused", 1);
        assert_eq!(credentials.protection, None);
        let ha1 = Ha1::new(Algorithm::Md5, "a", "http-auth@example.org", "b");
        assert!(verify(&credentials, &ha1, &Method::Invite, true));
        assert!(!verify(&credentials, &ha1, &Method::Invite, false));
    }

    #[test]
    fn the_strongest_challenge_is_chosen() {
        let mut row = vec![challenge(Algorithm::Md5), challenge(Algorithm::Sha256), challenge(Algorithm::Sha512_256)];
        row.push(Challenge { opaque: None, ..challenge(Algorithm::Sha256) });
        assert_eq!(choose(&row), row.get(1));
        assert_eq!(choose(&[]), None);
    }

    #[test]
    fn a_hash_at_rest_is_hexadecimal_and_unprinted() {
        let ha1 = Ha1::new(Algorithm::Md5, "a", "b", "c");
        assert_eq!(Ha1::from_hex(Algorithm::Md5, &ha1.hex.to_uppercase()), Some(ha1.clone()));
        assert_eq!(Ha1::from_hex(Algorithm::Sha256, &ha1.hex), None);
        assert_eq!(format!("{ha1:?}"), "Ha1(Md5)");
    }
}
