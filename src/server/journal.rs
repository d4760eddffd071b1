//! What somebody at the terminal wants to see go by: phones that come and go, calls that come and end, passwords that are
//! wrong. Never a whole number, and never more than one line an event; the event log has them all.

use crate::center::event::{Event, EventKind};

/// Writes the event's line to the log, where it has one.
pub fn note(event: &Event) {
    match line(event) {
        Some(Line::Info(text)) => tracing::info!("{text}"),
        Some(Line::Warn(text)) => tracing::warn!("{text}"),
        None => {}
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Line {
    Info(String),
    /// Somebody should do something.
    Warn(String),
}

fn line(event: &Event) -> Option<Line> {
    let call = event.call.map_or_else(String::new, |call| call.to_string());
    Some(match &event.kind {
        EventKind::PhoneRegistered { device, .. } => Line::Info(format!("phone {device} has registered")),
        EventKind::PhoneUnregistered { device, expired: true } => {
            Line::Warn(format!("phone {device} is gone: its registration ran out"))
        }
        EventKind::PhoneUnregistered { device, expired: false } => Line::Info(format!("phone {device} signed off")),
        EventKind::AuthFailed { user, source } => {
            Line::Warn(format!("wrong password or unknown user {user} from {source}"))
        }
        EventKind::SourceBanned { source, life_ms } => {
            Line::Warn(format!("{source} guesses passwords: not listened to for {} s", life_ms / 1_000))
        }
        EventKind::TrunkRegistration { trunk, ok: true, .. } => Line::Info(format!("registered with trunk {trunk}")),
        EventKind::TrunkRegistration { trunk, status: 200, .. } => Line::Info(format!("signed off from trunk {trunk}")),
        EventKind::TrunkRegistration { trunk, status, .. } => {
            Line::Warn(format!("not registered with trunk {trunk}: {status}"))
        }
        EventKind::CallReceived { from, to, .. } => Line::Info(format!("{call} from {from} to {to}")),
        EventKind::CallRefused { status, why, .. } => Line::Info(format!("{call} refused with {status}: {why}")),
        EventKind::CallConnected { waited_ms, .. } => Line::Info(format!("{call} talks after {} s", waited_ms / 1_000)),
        EventKind::CallEnded { record } => {
            let (outcome, by) = (record.outcome.word(), record.ended_by.word());
            Line::Info(format!("{call} ended: {outcome}, by {by}, talked {} s", record.talked_ms / 1_000))
        }
        EventKind::PromptMissing { clip, text } => Line::Warn(format!("nobody has recorded {clip}: {text}")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CallId, PhoneNumber};

    fn said(call: Option<u64>, kind: EventKind) -> Option<Line> {
        line(&Event { seq: 1, run: 0, unix_ms: 0, call: call.map(CallId), kind })
    }

    #[test]
    fn a_wrong_password_is_a_warning_with_its_source() {
        let kind = EventKind::AuthFailed { user: "201".to_owned(), source: "127.0.0.1".to_owned() };
        let expected = "wrong password or unknown user 201 from 127.0.0.1".to_owned();
        assert_eq!(said(None, kind), Some(Line::Warn(expected)));
    }

    #[test]
    fn numbers_are_masked() {
        let (from, to) = (PhoneNumber::new("01012345678"), PhoneNumber::new("7777"));
        let kind = EventKind::CallRefused { from, to, status: 404, why: "no such number".to_owned() };
        assert_eq!(said(Some(7), kind), Some(Line::Info("call-7 refused with 404: no such number".to_owned())));
        let (from, to) = (PhoneNumber::new("01012345678"), PhoneNumber::new("1300"));
        let source = crate::center::event::CallSource::Trunk("kt".to_owned());
        let direction = crate::model::CallDirection::Inbound;
        let told = said(Some(7), EventKind::CallReceived { from, to, source, direction });
        assert_eq!(told, Some(Line::Info("call-7 from 010-****-5678 to 1300".to_owned())));
    }

    #[test]
    fn what_goes_by_all_the_time_is_not_told() {
        assert_eq!(said(None, EventKind::ServerDraining { calls: 1 }), None);
    }
}
