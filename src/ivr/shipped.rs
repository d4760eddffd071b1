//! Tests of what this repository ships: its flows load, and its transcripts come true.

use std::sync::Arc;
use std::time::Duration;

use super::flow::Flow;
use super::{estimated_length, load, transcript};
use crate::model::{Clip, Language};

pub(super) const POSTAL: &str = include_str!("../../ivr-flows/postal-ko.toml");
pub(super) const UTILITY: &str = include_str!("../../ivr-flows/utility-en.toml");
pub(super) const EVERY_KIND: &str = include_str!("../../tests/flows/every-kind.toml");

/// A flow that must load.
pub(super) fn flow(id: &str, text: &str) -> Arc<Flow> {
    let (flow, notes) = load::load(id, text);
    assert_eq!(notes, [], "{}", crate::document::render(id, text, &notes, false));
    Arc::new(flow.expect("without mistakes there is a flow"))
}

/// Lengths as they would be spoken.
pub(super) fn length(clip: &Clip) -> Duration {
    let language = if clip.name.as_str().starts_with("ko/") { Language::Korean } else { Language::English };
    estimated_length(language, &clip.text)
}

macro_rules! transcripts {
    ($($name:ident: $flow:expr, $file:literal;)*) => {
        $(#[test]
        fn $name() {
            let text = include_str!(concat!("../../", $file));
            let transcript = transcript::parse(text).unwrap_or_else(|error| panic!("{}: {error}", $file));
            let flow = flow(&transcript.flow, $flow);
            if let Err(failure) = transcript::run(&transcript, &flow, &length) {
                panic!("{}: {failure}\n--- what happens ---\n{}", $file, transcript::bless(&transcript, &flow, &length));
            }
        })*
    };
}

transcripts! {
    postal_longwait: POSTAL, "ivr-flows/tests/postal-ko.longwait.session";
    postal_night: POSTAL, "ivr-flows/tests/postal-ko.night.session";
    postal_silence: POSTAL, "ivr-flows/tests/postal-ko.silence.session";
    postal_track: POSTAL, "ivr-flows/tests/postal-ko.track.session";
}
