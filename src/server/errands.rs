//! Slow things that flows wait for: HTTP GETs and text messages. On blocking threads of their own, bounded in number,
//! size and time; never on the control thread.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use super::control::{Control, Errand};
use crate::center::Input;
use crate::config::HttpFetch;
use crate::ivr::FetchOutcome;
use crate::net::Letter;

/// Runs errands until nobody can send any more. One beyond `parallel_max` fails at once: a caller who waits for a web
/// service that does not answer must not keep the next one waiting as well.
pub async fn run(mut errands: mpsc::Receiver<Errand>, letters: mpsc::Sender<Letter<Control>>, limits: HttpFetch) {
    let places = Arc::new(Semaphore::new(limits.parallel_max.max(1)));
    let limits = Arc::new(limits);
    while let Some(errand) = errands.recv().await {
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            // A control thread that is gone has no calls either.
            let _ = letters.send(Letter::Control(Control::Input(errand.refused()))).await;
            continue;
        };
        let (letters, limits) = (letters.clone(), Arc::clone(&limits));
        tokio::task::spawn_blocking(move || {
            let input = match errand {
                Errand::Fetch { call, id, url, timeout } => {
                    Input::Fetched { call, id, outcome: fetch(&url, timeout.min(limits.timeout_max), &limits) }
                }
                // No gateway for text messages can be configured yet: the flow takes its way out.
                Errand::SendText { call, .. } => Input::TextSent { call, taken: false },
            };
            drop(place);
            // A control thread that is gone has no calls either.
            let _ = letters.blocking_send(Letter::Control(Control::Input(input)));
        });
    }
}

fn fetch(url: &str, timeout: Duration, limits: &HttpFetch) -> FetchOutcome {
    if let Err(why) = permitted(url, &limits.hosts) {
        return FetchOutcome::Failed(why);
    }
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        // A redirect could lead to a host that is not permitted.
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .into();
    match agent.get(url).call() {
        Ok(mut response) => {
            let status = response.status().as_u16();
            let mut body = Vec::new();
            let limit = u64::try_from(limits.bytes_max).unwrap_or(u64::MAX);
            let read = response.body_mut().as_reader().take(limit + 1).read_to_end(&mut body);
            match read {
                Err(error) => FetchOutcome::Failed(error.to_string()),
                Ok(length) if length > limits.bytes_max => {
                    FetchOutcome::Failed(format!("the answer is longer than {} bytes", limits.bytes_max))
                }
                Ok(_) => FetchOutcome::Answered { status, body: String::from_utf8_lossy(&body).into_owned() },
            }
        }
        Err(error) => FetchOutcome::Failed(error.to_string()),
    }
}

/// Only listed hosts, where there is a list.
fn permitted(url: &str, hosts: &[String]) -> Result<(), String> {
    let uri: ureq::http::Uri = url.parse().map_err(|_| "not a URL".to_owned())?;
    let host = uri.host().unwrap_or_default();
    if hosts.is_empty() || hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
        Ok(())
    } else {
        Err(format!("the host {host} is not listed in [http_fetch] hosts"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CallId;

    #[test]
    fn a_request_beyond_the_limit_fails_at_once_and_the_next_one_finds_a_place() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let url = format!("http://{}/", silent.local_addr().expect("bound"));
        let limits = HttpFetch { parallel_max: 1, ..crate::config::Config::development().http_fetch };
        let fetch = |id| Errand::Fetch { call: CallId(id), id, url: url.clone(), timeout: Duration::from_secs(1) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (errands, waiting) = mpsc::channel(8);
            let (letters, mut answers) = mpsc::channel(8);
            let mut answer = async || match answers.recv().await.expect("every errand is answered") {
                Letter::Control(Control::Input(Input::Fetched { id, outcome: FetchOutcome::Failed(why), .. })) => {
                    (id, why)
                }
                other => panic!("{other:?}"),
            };
            let running = tokio::spawn(run(waiting, letters, limits));
            errands.send(fetch(1)).await.expect("there is room");
            errands.send(fetch(2)).await.expect("there is room");
            assert_eq!(answer().await, (2, "too many requests at once".to_owned()), "long before the first gives up");
            let (first, why) = answer().await;
            assert!(first == 1 && why.contains("timeout"), "{why}");
            errands.send(fetch(3)).await.expect("there is room");
            let (third, why) = answer().await;
            assert!(third == 3 && why.contains("timeout"), "{why}");
            drop(errands);
            running.await.expect("it ends when nobody asks any more");
        });
    }

    #[test]
    fn only_listed_hosts_are_asked() {
        let hosts = vec!["track.example".to_owned()];
        assert!(permitted("http://track.example/items/1", &hosts).is_ok());
        assert!(permitted("http://TRACK.example:8080/", &hosts).is_ok());
        assert!(permitted("http://169.254.169.254/latest", &hosts).is_err());
        assert!(permitted("http://anything.example/", &[]).is_ok());
        assert!(permitted("not a url at all", &[]).is_err());
    }
}
