//! Session timers: how long a session may go on without a refresh, and who sends it. Never holds a clock; it reads what
//! messages say and makes the agreement that both sides keep. RFC 4028.

use super::header_name::HeaderName;
use super::message::Message;
use std::time::Duration;

/// What an endpoint wants of session timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// The life we ask for, and the longest we grant; zero for none.
    pub(crate) interval: Duration,
    /// The shortest life we take part in (Min-SE).
    pub(crate) least: Duration,
}

/// Who refreshes, seen from the request that settles it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresher {
    Uac,
    Uas,
}

/// What is agreed for one session until the next refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionTimer {
    pub(crate) interval: Duration,
    /// Whether we refresh.
    pub(crate) ours: bool,
}

impl SessionTimer {
    /// When the refresher refreshes, after the last refresh (10).
    pub(crate) fn refresh_after(&self) -> Duration {
        self.interval / 2
    }

    /// When whoever has seen no refresh says BYE: a little before the end, so that both sides end together (10).
    pub(crate) fn ends_after(&self) -> Duration {
        self.interval - (self.interval / 3).min(Duration::from_secs(32))
    }

    /// The value of Session-Expires in a request of ours that refreshes: whoever refreshes now is its UAC.
    pub(crate) fn request_value(&self) -> String {
        format!("{};refresher={}", self.interval.as_secs(), if self.ours { "uac" } else { "uas" })
    }

    /// The value of Session-Expires in our answer.
    pub(crate) fn answer_value(&self) -> String {
        format!("{};refresher={}", self.interval.as_secs(), if self.ours { "uas" } else { "uac" })
    }
}

impl Rules {
    /// What we agree to as the one who answers `request` (9); `None` without timers, `Err` with the Min-SE of a 422.
    pub(crate) fn answer(&self, request: &Message) -> Result<Option<SessionTimer>, Duration> {
        if self.interval.is_zero() {
            return Ok(None);
        }
        let (asked, supported) = (session_expires(request), supports_timer(request));
        if let Some((interval, _)) = asked
            && supported
            && interval < self.least
        {
            return Err(self.least);
        }
        let wanted = asked.map_or(self.interval, |(interval, _)| interval.min(self.interval));
        let least = seconds(request, &HeaderName::MinSe).map_or(self.least, |(least, _)| least.max(self.least));
        // A caller who knows nothing of timers cannot refresh; one who knows and does not care does.
        let refresher = match asked {
            _ if !supported => Refresher::Uas,
            Some((_, Some(refresher))) => refresher,
            _ => Refresher::Uac,
        };
        Ok(Some(SessionTimer { interval: wanted.max(least), ours: refresher == Refresher::Uas }))
    }

    /// What the 2xx to a request of ours has settled (7.2); `None` where the peer wants no timer.
    pub(crate) fn settled(&self, response: &Message) -> Option<SessionTimer> {
        let (interval, refresher) = session_expires(response)?;
        let interval = interval.max(MIN_SE);
        (!self.interval.is_zero())
            .then_some(SessionTimer { interval, ours: refresher.unwrap_or(Refresher::Uac) == Refresher::Uac })
    }

    /// The headers of a request that begins a session: the life we want, and the least if that is not the RFC's own.
    pub(crate) fn opening(&self) -> Vec<(HeaderName, String)> {
        if self.interval.is_zero() {
            return Vec::new();
        }
        let mut headers = vec![(HeaderName::SessionExpires, self.interval.as_secs().to_string())];
        if self.least > MIN_SE {
            headers.push((HeaderName::MinSe, self.least.as_secs().to_string()));
        }
        headers
    }
}

/// The least life that the peer's 422 asks for (6).
pub(crate) fn least_of_refusal(response: &Message) -> Option<Duration> {
    seconds(response, &HeaderName::MinSe).map(|(least, _)| least)
}

/// Whether the sender knows session timers.
pub(crate) fn supports_timer(message: &Message) -> bool {
    [HeaderName::Supported, HeaderName::Require]
        .iter()
        .any(|name| message.values(name).any(|value| value.trim_ascii().eq_ignore_ascii_case(b"timer")))
}

fn session_expires(message: &Message) -> Option<(Duration, Option<Refresher>)> {
    let (interval, parameters) = seconds(message, &HeaderName::SessionExpires)?;
    let refresher = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        match value {
            _ if !name.eq_ignore_ascii_case("refresher") => None,
            _ if value.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            _ if value.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            _ => None,
        }
    });
    Some((interval, refresher))
}

/// A header of delta-seconds, and its parameters.
fn seconds(message: &Message, name: &HeaderName) -> Option<(Duration, String)> {
    let value = message.header(name)?;
    let text = String::from_utf8_lossy(&value).into_owned();
    let (number, parameters) = text.split_once(';').unwrap_or((&text, ""));
    let seconds: u32 = number.trim().parse().ok()?;
    Some((Duration::from_secs(u64::from(seconds)), parameters.to_owned()))
}

/// RFC 4028 5: no Min-SE means this.
pub(crate) const MIN_SE: Duration = Duration::from_secs(90);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::parse;
    use bytes::Bytes;

    const RULES: Rules = Rules { interval: Duration::from_secs(1_800), least: Duration::from_secs(90) };

    fn message(first: &str, headers: &str) -> Message {
        let text = format!(
            "{first}\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n{headers}Content-Length: 0\r\n\r\n"
        );
        parse(Bytes::from(text)).expect("a sound message")
    }

    fn answered(headers: &str) -> Result<Option<(u64, bool)>, u64> {
        let invite = message("INVITE sip:b@10.0.0.1 SIP/2.0", headers);
        let agreed = RULES.answer(&invite).map_err(|least| least.as_secs())?;
        Ok(agreed.map(|timer| (timer.interval.as_secs(), timer.ours)))
    }

    fn settled(headers: &str) -> Option<(u64, bool)> {
        let response = message("SIP/2.0 200 OK", headers);
        RULES.settled(&response).map(|timer| (timer.interval.as_secs(), timer.ours))
    }

    #[test]
    fn the_callers_wish_is_granted_within_bounds() {
        assert_eq!(answered("Supported: timer\r\nSession-Expires: 600;refresher=uas\r\n"), Ok(Some((600, true))));
        assert_eq!(answered("Supported: timer\r\nSession-Expires: 600; Refresher = UAC\r\n"), Ok(Some((600, false))));
        assert_eq!(answered("k: 100rel, timer\r\nx: 7200\r\n"), Ok(Some((1_800, false))));
        assert_eq!(answered("Supported: timer\r\nx: 7200\r\nMin-SE: 3600\r\n"), Ok(Some((3_600, false))));
        assert_eq!(answered("Require: timer\r\nSession-Expires: 60\r\n"), Err(90));
    }

    #[test]
    fn whoever_knows_no_timers_is_refreshed_by_us() {
        assert_eq!(answered(""), Ok(Some((1_800, true))));
        assert_eq!(answered("Session-Expires: 60\r\n"), Ok(Some((90, true))), "a proxy's wish is no 422");
        assert_eq!(answered("Supported: timer\r\n"), Ok(Some((1_800, false))));
        assert_eq!(answered("Supported: timer\r\nSession-Expires: soon\r\n"), Ok(Some((1_800, false))));
        let none = Rules { interval: Duration::ZERO, ..RULES };
        assert_eq!(none.answer(&message("INVITE sip:b@10.0.0.1 SIP/2.0", "x: 60\r\nk: timer\r\n")), Ok(None));
    }

    #[test]
    fn the_answer_says_who_refreshes() {
        assert_eq!(settled("Session-Expires: 900;refresher=uas\r\n"), Some((900, false)));
        assert_eq!(settled("Session-Expires: 900;refresher=uac\r\nRequire: timer\r\n"), Some((900, true)));
        assert_eq!(settled("Session-Expires: 900\r\n"), Some((900, true)));
        assert_eq!(settled("Session-Expires: 1\r\n"), Some((90, true)), "nobody makes us refresh twice a second");
        assert_eq!(settled(""), None);
    }

    #[test]
    fn the_end_comes_a_little_before_the_life_is_over() {
        let timer = |secs| SessionTimer { interval: Duration::from_secs(secs), ours: true };
        assert_eq!(timer(1_800).ends_after(), Duration::from_secs(1_768));
        assert_eq!(timer(90).ends_after(), Duration::from_secs(60));
        assert_eq!(timer(90).refresh_after(), Duration::from_secs(45));
        assert_eq!(timer(600).request_value(), "600;refresher=uac");
        assert_eq!(timer(600).answer_value(), "600;refresher=uas");
    }
}
