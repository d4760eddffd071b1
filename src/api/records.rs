//! Call records read over HTTP, numbers always masked: whoever may see them whole uses the command line on the
//! machine. Reads only.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;

use super::error::Problem;
use super::router::Shared;
use crate::document::did_you_mean;
use crate::model::Outcome;
use crate::store::{CallFilter, View, parse_when};

/// The query string of `GET /api/v1/cdrs`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    since: Option<String>,
    until: Option<String>,
    from: Option<String>,
    to: Option<String>,
    queue: Option<String>,
    agent: Option<String>,
    outcome: Option<String>,
    limit: Option<u32>,
    #[serde(default)]
    legs: bool,
}

/// `GET /api/v1/cdrs`, newest first.
pub(super) async fn cdrs(
    State(shared): State<Arc<Shared>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<serde_json::Value>, Problem> {
    let Query(asked) = asked?;
    let filter = filter_of(&asked, &shared.zone)?;
    let view = View { zone: shared.zone.clone(), reveal: false };
    let mut shown = Vec::new();
    for call in shared.query.calls(&filter).await? {
        let mut one = view.call(&call);
        if asked.legs {
            let legs = shared.query.legs(call.run, call.call).await?;
            one.legs = Some(legs.iter().map(|leg| view.leg(leg)).collect());
        }
        shown.push(one);
    }
    Ok(Json(serde_json::json!({ "cdrs": shown })))
}

fn filter_of(asked: &Asked, zone: &jiff::tz::TimeZone) -> Result<CallFilter, Problem> {
    let now = jiff::Timestamp::now().to_zoned(zone.clone());
    let when = |field: &'static str, text: &Option<String>| {
        let Some(text) = text else { return Ok(None) };
        let unclear = || {
            Problem::bad_value(field, format!("{text:?} is no time"))
                .hint("write 2026-03-04T10:15:00+09:00, 2026-03-04, today or an age such as 2h")
        };
        parse_when(text, &now).map(Some).ok_or_else(unclear)
    };
    if asked.limit.is_some_and(|limit| limit == 0 || limit > CallFilter::LIMIT_MAX) {
        return Err(Problem::bad_value("limit", format!("the limit is 1 to {}", CallFilter::LIMIT_MAX)));
    }
    Ok(CallFilter {
        since_ms: when("since", &asked.since)?,
        until_ms: when("until", &asked.until)?,
        from: asked.from.clone(),
        to: asked.to.clone(),
        queue: asked.queue.clone(),
        agent: asked.agent.clone(),
        outcome: asked.outcome.as_deref().map(outcome_of).transpose()?,
        limit: asked.limit,
    })
}

fn outcome_of(word: &str) -> Result<Outcome, Problem> {
    Outcome::ALL.into_iter().find(|outcome| outcome.word() == word).ok_or_else(|| {
        let problem = Problem::bad_value("outcome", format!("{word:?} is no outcome"));
        let words = Outcome::ALL.map(Outcome::word);
        match did_you_mean(word, words) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem.hint(format!("one of {}", words.join(", "))),
        }
    })
}
