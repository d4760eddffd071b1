//! What the API says when it cannot do what was asked: problem documents with a code for programs, a sentence for
//! people and a hint what to do. Never tells what stands in a credential or a telephone number. RFC 9457.

use axum::Json;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::center::admin::AdminError;
use crate::document::did_you_mean;
use crate::store::StoreError;

/// What went wrong, ready to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    document: Box<Document>,
    retry_after_secs: Option<u32>,
}

/// One problem document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Document {
    /// `urn:thirdring:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// What went wrong, the same for every problem of this code.
    title: &'static str,
    status: u16,
    /// What went wrong this time.
    detail: String,
    /// A word for programs: `unknown_agent`.
    code: &'static str,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The field or parameter at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    /// Every single mistake, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

impl Problem {
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Problem {
        let document = Document {
            kind: format!("urn:thirdring:problem:{code}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            code,
            hint: None,
            field: None,
            problems: Vec::new(),
        };
        Problem { document: Box::new(document), retry_after_secs: None }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.document.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn field(mut self, field: &'static str) -> Problem {
        self.document.field = Some(field);
        self
    }

    #[must_use]
    pub fn retry_after(mut self, secs: u32) -> Problem {
        self.retry_after_secs = Some(secs);
        self
    }

    /// No route of this path.
    #[must_use]
    pub fn no_such_path(path: &str) -> Problem {
        let problem = Problem::new(StatusCode::NOT_FOUND, "not_found", "No such page", format!("there is no {path}"));
        match did_you_mean(path, KNOWN_PATHS) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem.hint("the live page is /live, the API begins with /api/v1/"),
        }
    }

    /// A configured agent of another name may have been meant.
    #[must_use]
    pub fn unknown_agent<'a>(agent: &str, known: impl IntoIterator<Item = &'a str>) -> Problem {
        let problem = Problem::new(
            StatusCode::NOT_FOUND,
            "unknown_agent",
            "No such agent",
            format!("the configuration names no agent {agent:?}"),
        );
        match did_you_mean(agent, known) {
            Some(near) => problem.hint(format!("did you mean {near:?}?")),
            None => problem.hint("GET /api/v1/agents lists all agents"),
        }
    }

    /// The request is understood and one value in it is not.
    #[must_use]
    pub fn bad_value(field: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_value", "A value is not right", detail).field(field)
    }

    /// The control plane did not take or answer the question in time.
    #[must_use]
    pub fn busy() -> Problem {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "The server is too busy",
            "the question was not taken in time and may or may not have been done",
        )
        .hint("look at the live page, then try again")
        .retry_after(1)
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Problem {
        let detail = error.to_string();
        match error {
            AdminError::UnknownAgent { agent } => Problem::unknown_agent(&agent, []),
            AdminError::NotNow { .. } => Problem::new(StatusCode::CONFLICT, "not_now", "Not in this state", detail)
                .hint("GET /api/v1/agents shows every agent's state"),
            AdminError::NotBanned { .. } => Problem::new(StatusCode::NOT_FOUND, "not_banned", "No such ban", detail)
                .hint("GET /api/v1/bans lists them"),
            AdminError::FlowsRefused { problems } => {
                let mut refused =
                    Problem::new(StatusCode::CONFLICT, "flows_refused", "The flows have mistakes", detail);
                refused.document.problems = problems;
                refused.hint("`thirdring ivr check` shows each mistake with its line")
            }
            AdminError::Stopping => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "The server is stopping", detail)
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        // The path of the database and what SQLite said are for the log, not for whoever asks.
        tracing::warn!(%error, "records cannot be read");
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "records_unavailable",
            "Records cannot be read",
            "the database does not answer; calls go on and nothing is lost",
        )
        .hint("the server's log says why")
        .retry_after(5)
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "bad_query", "The query string is not right", rejection.body_text())
            .hint("known: since, until, from, to, queue, agent, outcome, limit, legs")
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Problem {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = format!("a request may have {} bytes", super::router::BODY_BYTES_MAX);
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large", detail)
        } else {
            Problem::new(StatusCode::BAD_REQUEST, "bad_request", "The request broke off", rejection.body_text())
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after_secs;
        let mut response = (status, Json(&self.document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(secs) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}

/// Paths a person may have meant.
const KNOWN_PATHS: [&str; 10] = [
    "/live",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/board",
    "/api/v1/live",
    "/api/v1/agents",
    "/api/v1/cdrs",
    "/api/v1/flows/reload",
    "/api/v1/bans",
];
