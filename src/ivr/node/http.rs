//! `do = "http"`: asks a service and takes fields of its JSON answer. Never sends anything; the switchboard does.
//! This file alone reads JSON in this room (RFC 8259): the answer is a value of the outside world that nobody else needs.

use std::sync::Arc;

use jiff::civil::Date;

use crate::ivr::flow::{Flow, Link, Name, Node, Service, Step, Target};
use crate::ivr::outside::{FetchOutcome, Output};
use crate::ivr::session::{Session, State};
use crate::ivr::spoken;
use crate::ivr::variable::{FieldKind, Value, Variables};
use crate::model::{Language, Moment};

impl Session {
    pub(in crate::ivr) fn fetch<'f>(
        &mut self,
        now: Moment,
        flow: &'f Flow,
        node: &'f Node,
        name: &Name,
    ) -> Option<&'f Target> {
        let Some(service) = flow.services.get(&name.text) else { return error_edge(node) };
        let id = self.next_fetch;
        self.next_fetch += 1;
        let url = service.url.fill(&self.variables, percent_encode);
        self.push(Output::Fetch { id, service: name.text.clone(), url, timeout: service.timeout });
        self.state = State::Fetching { id, until: now + service.timeout };
        None
    }

    pub(in crate::ivr) fn fetched(&mut self, now: Moment, outcome: &FetchOutcome) {
        let flow = Arc::clone(&self.flow);
        let Some(node) = flow.nodes.get(self.node) else { return self.give_up() };
        let Step::Http { service, found, missing, .. } = &node.step else { return self.give_up() };
        let Some(service) = flow.services.get(&service.text) else { return self.give_up() };
        match read(service, flow.language, outcome) {
            Reading::Found(fields) => {
                self.variables.extend(fields);
                self.go(now, &found.target);
            }
            Reading::Missing => self.go(now, &missing.target),
            Reading::Failed => self.fetch_failed(now),
        }
    }

    /// No answer in time, or one that makes no sense.
    pub(in crate::ivr) fn fetch_failed(&mut self, now: Moment) {
        let flow = Arc::clone(&self.flow);
        match flow.nodes.get(self.node).and_then(error_edge) {
            Some(target) => self.go(now, target),
            None => self.give_up(),
        }
    }
}

fn error_edge(node: &Node) -> Option<&Target> {
    let Step::Http { on_error, .. } = &node.step else { return None };
    on_error.as_ref().or(node.on_fail.as_ref()).map(|link: &Link| &link.target)
}

/// What an answer says.
#[derive(Debug, PartialEq)]
enum Reading {
    /// Every declared field is there.
    Found(Variables),
    /// The service knows nothing under this key: 404, or a declared field is absent.
    Missing,
    /// The service does not work: another status, no JSON, a field of another type.
    Failed,
}

fn read(service: &Service, language: Language, outcome: &FetchOutcome) -> Reading {
    let FetchOutcome::Answered { status, body } = outcome else { return Reading::Failed };
    match status {
        404 => return Reading::Missing,
        200..=299 => {}
        _ => return Reading::Failed,
    }
    if service.fields.is_empty() {
        return Reading::Found(Variables::new());
    }
    if body.len() > BODY_BYTES_MAX {
        return Reading::Failed;
    }
    let Ok(serde_json::Value::Object(answer)) = serde_json::from_str(body) else { return Reading::Failed };
    let mut fields = Variables::new();
    for (name, kind) in &service.fields {
        match answer.get(name) {
            None | Some(serde_json::Value::Null) => return Reading::Missing,
            Some(json) => match typed(*kind, language, json) {
                Some(value) => fields.insert(name.clone(), value),
                None => return Reading::Failed,
            },
        };
    }
    Reading::Found(fields)
}

/// A JSON value as the type the flow declares for it. Numbers in strings are numbers too: services do that with money.
fn typed(kind: FieldKind, language: Language, json: &serde_json::Value) -> Option<Value> {
    let words = match json {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::Bool(yes) => yes.to_string(),
        _ => return None,
    };
    Some(match kind {
        FieldKind::String => Value::Text(words.chars().filter(|letter| !letter.is_control()).collect()),
        FieldKind::Money => Value::Money(spoken::parse_money(language, words.trim())?),
        FieldKind::Boolean => Value::Boolean(words.parse().ok()?),
        FieldKind::Integer => Value::Integer(words.trim().parse().ok()?),
        FieldKind::Date => Value::Date(words.trim().parse::<Date>().ok()?),
    })
}

/// All but the unreserved characters of RFC 3986 2.3, so that a value can neither leave its place nor its host.
fn percent_encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// An answer is a few fields; the longest sensible one is a page of text.
const BODY_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::ivr::flow::Template;

    fn service(fields: &[(&str, FieldKind)]) -> Service {
        Service {
            span: 0..0,
            url: Template { pieces: Vec::new(), span: 0..0, literal: false },
            timeout: Duration::from_secs(2),
            fields: fields.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect::<BTreeMap<_, _>>(),
        }
    }

    fn reading(fields: &[(&str, FieldKind)], status: u16, body: &str) -> Reading {
        let outcome = FetchOutcome::Answered { status, body: body.to_owned() };
        read(&service(fields), Language::English, &outcome)
    }

    #[test]
    fn declared_fields_are_taken_with_their_types() {
        let fields = [
            ("name", FieldKind::String),
            ("open", FieldKind::Boolean),
            ("n", FieldKind::Integer),
            ("day", FieldKind::Date),
        ];
        let body = r#"{"name":"Kim","open":true,"n":-3,"day":"2026-03-04","extra":[1]}"#;
        let Reading::Found(found) = reading(&fields, 200, body) else { panic!("all fields are there") };
        assert_eq!(found["name"], Value::Text("Kim".to_owned()));
        assert_eq!(found["open"], Value::Boolean(true));
        assert_eq!(found["n"], Value::Integer(-3));
        assert_eq!(found["day"].text(), "2026-03-04");
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn absent_is_missing_and_senseless_is_failed() {
        let name = [("name", FieldKind::String)];
        assert_eq!(reading(&name, 404, ""), Reading::Missing);
        assert_eq!(reading(&name, 200, "{}"), Reading::Missing);
        assert_eq!(reading(&name, 200, r#"{"name":null}"#), Reading::Missing);
        assert_eq!(reading(&name, 200, "<html>"), Reading::Failed);
        assert_eq!(reading(&name, 200, r#"["name"]"#), Reading::Failed);
        assert_eq!(reading(&name, 200, r#"{"name":{"first":"x"}}"#), Reading::Failed);
        assert_eq!(reading(&name, 500, r#"{"name":"x"}"#), Reading::Failed);
        assert_eq!(reading(&[("n", FieldKind::Integer)], 200, r#"{"n":"many"}"#), Reading::Failed);
        assert_eq!(read(&service(&name), Language::English, &FetchOutcome::Failed("timeout".into())), Reading::Failed);
    }

    #[test]
    fn a_value_cannot_leave_its_place_in_the_url() {
        assert_eq!(percent_encode("0102345678"), "0102345678");
        assert_eq!(percent_encode("../a?b=c&d#e f"), "..%2Fa%3Fb%3Dc%26d%23e%20f");
        assert_eq!(percent_encode("배"), "%EB%B0%B0");
    }
}
