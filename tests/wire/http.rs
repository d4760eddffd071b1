//! The server's pages as a browser or a scraper asks for them.

use std::time::Duration;

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text))
    }
}

/// Asks for a page.
///
/// # Errors
/// When nobody answers.
pub fn get(url: &str) -> Result<Answer, ureq::Error> {
    taken(agent().get(url).call()?)
}

/// Asks for a change, as a program does.
///
/// # Errors
/// When nobody answers.
pub fn post(url: &str, body: &str) -> Result<Answer, ureq::Error> {
    taken(agent().post(url).send(body)?)
}

fn taken(mut answer: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let content_type = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (status, content_type) = (answer.status().as_u16(), content_type.to_owned());
    Ok(Answer { status, content_type, text: answer.body_mut().read_to_string()? })
}

/// The value of one line of `/metrics`, such as `thirdring_queue_entered_total{queue="general"}`.
pub fn metric(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let value = line.unwrap_or_else(|| panic!("/metrics has no {series}"));
    value.split(' ').next().and_then(|value| value.parse().ok()).expect("the exposition format has a number here")
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into()
}

const PATIENCE: Duration = Duration::from_secs(10);
