//! Who can reach us must know a password worth the name. Never judges passwords while only this machine listens.

use super::codes::INSECURE;
use super::entry::Places;
use super::overlap::listeners;
use super::{Config, Secret};
use crate::document::Diagnostic;

/// Consent for every address beyond loopback, and strong passwords behind them.
pub(super) fn all(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    consent(config, places, notes);
    let signalling_beyond = config.sip.listen_udp.iter().chain(&config.sip.listen_tcp).any(|at| !at.ip().is_loopback());
    for (at, device) in config.devices.iter().enumerate() {
        let place = places.of(&format!("device[{}].password", at + 1));
        judge(&device.user, &device.password, signalling_beyond, place, notes);
    }
    let http_beyond = !config.http.listen.ip().is_loopback();
    if let Some(password) = &config.http.password {
        judge(&config.http.user, password, http_beyond, places.of("http.password"), notes);
    } else if http_beyond && !places.gives("http.password_env") {
        let message = format!("everybody who reaches {} could see the calls", config.http.listen);
        let open = Diagnostic::error(INSECURE, message).at(places.of("http.listen"));
        notes.push(open.help("set password or password_env under [http]"));
    }
}

fn consent(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    if config.security.beyond_loopback {
        return;
    }
    let mut beyond: Vec<(String, String)> = listeners(config)
        .into_iter()
        .filter(|listener| !listener.socket.ip().is_loopback())
        .map(|listener| (listener.path, listener.socket.to_string()))
        .collect();
    if !config.media.address.is_loopback() {
        beyond.push(("media.address".to_owned(), config.media.address.to_string()));
    }
    for (path, address) in beyond {
        let unasked = Diagnostic::error(INSECURE, format!("other machines reach {address}, and nobody permitted that"));
        let unasked = unasked.at(places.of(&path));
        notes.push(unasked.help("set beyond_loopback = true under [security], and strong passwords"));
    }
}

fn judge(user: &str, secret: &Secret, beyond: bool, place: std::ops::Range<usize>, notes: &mut Vec<Diagnostic>) {
    let password = secret.reveal();
    // An empty one was reported when it was read.
    if beyond
        && !password.is_empty()
        && let Some(weakness) = weakness(user, password)
    {
        let message = format!("the password of '{user}' {weakness}, and other machines can try it");
        let weak = Diagnostic::error(INSECURE, message).at(place);
        notes.push(weak.help(format!("take {LENGTH_MIN} or more random characters")));
    }
}

/// Why a password is easily guessed, as the end of a sentence; `None` when it is not.
fn weakness(user: &str, password: &str) -> Option<&'static str> {
    let folded = password.to_lowercase();
    let mut distinct: Vec<char> = folded.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if password.chars().count() < LENGTH_MIN {
        Some("is too short")
    } else if !user.is_empty() && folded.contains(&user.to_lowercase()) {
        Some("contains the user name")
    } else if distinct.len() < DISTINCT_MIN {
        Some("repeats the same few characters")
    } else if COMMON.iter().any(|common| folded.contains(common)) {
        Some("contains a word that everybody tries first")
    } else if folded.bytes().all(|byte| byte.is_ascii_digit()) {
        Some("is a number")
    } else {
        None
    }
}

/// Dictionaries of scanners go up to eight; online guessing of ten random characters is hopeless.
const LENGTH_MIN: usize = 10;
const DISTINCT_MIN: usize = 5;
/// The last two are the examples of our own reference file.
const COMMON: [&str; 11] = [
    "password",
    "passw0rd",
    "qwerty",
    "123456",
    "secret",
    "changeme",
    "letmein",
    "thirdring",
    "asterisk",
    "correct-horse-battery",
    "quiet-otter-lantern",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_is_weak() {
        for (user, password) in [
            ("1001", "dev1001"),
            ("alice", "Alice-in-chains-99"),
            ("1001", "aaaaaaaaaaaaaaa"),
            ("1001", "MyPassword!77"),
            ("1001", "82936450178234"),
            ("1001", "123456abcdef!"),
            ("1001", "correct-horse-battery"),
        ] {
            assert!(weakness(user, password).is_some(), "{password}");
        }
    }

    #[test]
    fn what_a_generator_makes_is_not() {
        for password in ["kd93-fjw0-x7qa", "tall-mango-riverbed", "우편고객센터는친절합니다"] {
            assert_eq!(weakness("1001", password), None, "{password}");
        }
    }
}
