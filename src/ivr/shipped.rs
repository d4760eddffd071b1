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
    postal_again: POSTAL, "ivr-flows/tests/postal-ko.again.session";
    postal_back: POSTAL, "ivr-flows/tests/postal-ko.back.session";
    postal_care: POSTAL, "ivr-flows/tests/postal-ko.care.session";
    postal_claims: POSTAL, "ivr-flows/tests/postal-ko.claims.session";
    postal_complaint: POSTAL, "ivr-flows/tests/postal-ko.complaint.session";
    postal_domestic: POSTAL, "ivr-flows/tests/postal-ko.domestic.session";
    postal_down: POSTAL, "ivr-flows/tests/postal-ko.down.session";
    postal_ems: POSTAL, "ivr-flows/tests/postal-ko.ems.session";
    postal_flowers: POSTAL, "ivr-flows/tests/postal-ko.flowers.session";
    postal_holiday: POSTAL, "ivr-flows/tests/postal-ko.holiday.session";
    postal_longwait: POSTAL, "ivr-flows/tests/postal-ko.longwait.session";
    postal_missing: POSTAL, "ivr-flows/tests/postal-ko.missing.session";
    postal_mvno: POSTAL, "ivr-flows/tests/postal-ko.mvno.session";
    postal_night: POSTAL, "ivr-flows/tests/postal-ko.night.session";
    postal_nightdown: POSTAL, "ivr-flows/tests/postal-ko.nightdown.session";
    postal_nightnumber: POSTAL, "ivr-flows/tests/postal-ko.nightnumber.session";
    postal_nightresult: POSTAL, "ivr-flows/tests/postal-ko.nightresult.session";
    postal_nightsilent: POSTAL, "ivr-flows/tests/postal-ko.nightsilent.session";
    postal_nighttrack: POSTAL, "ivr-flows/tests/postal-ko.nighttrack.session";
    postal_offer: POSTAL, "ivr-flows/tests/postal-ko.offer.session";
    postal_order: POSTAL, "ivr-flows/tests/postal-ko.order.session";
    postal_partner: POSTAL, "ivr-flows/tests/postal-ko.partner.session";
    postal_pickup: POSTAL, "ivr-flows/tests/postal-ko.pickup.session";
    postal_praise: POSTAL, "ivr-flows/tests/postal-ko.praise.session";
    postal_silence: POSTAL, "ivr-flows/tests/postal-ko.silence.session";
    postal_trace: POSTAL, "ivr-flows/tests/postal-ko.trace.session";
    postal_track: POSTAL, "ivr-flows/tests/postal-ko.track.session";
    postal_typeahead: POSTAL, "ivr-flows/tests/postal-ko.typeahead.session";
    postal_withheld: POSTAL, "ivr-flows/tests/postal-ko.withheld.session";
    postal_wrong: POSTAL, "ivr-flows/tests/postal-ko.wrong.session";
    utility_balance: UTILITY, "ivr-flows/tests/utility-en.balance.session";
    utility_callback: UTILITY, "ivr-flows/tests/utility-en.callback.session";
    utility_longwait: UTILITY, "ivr-flows/tests/utility-en.longwait.session";
    utility_move: UTILITY, "ivr-flows/tests/utility-en.move.session";
    utility_night: UTILITY, "ivr-flows/tests/utility-en.night.session";
    utility_nightgas: UTILITY, "ivr-flows/tests/utility-en.nightgas.session";
    utility_outage: UTILITY, "ivr-flows/tests/utility-en.outage.session";
    utility_silence: UTILITY, "ivr-flows/tests/utility-en.silence.session";
    utility_unknown: UTILITY, "ivr-flows/tests/utility-en.unknown.session";
    utility_withheld: UTILITY, "ivr-flows/tests/utility-en.withheld.session";
    every_callme: EVERY_KIND, "tests/flows/tests/every-kind.callme.session";
    every_desk: EVERY_KIND, "tests/flows/tests/every-kind.desk.session";
    every_deskbusy: EVERY_KIND, "tests/flows/tests/every-kind.deskbusy.session";
    every_deskclosed: EVERY_KIND, "tests/flows/tests/every-kind.deskclosed.session";
    every_desklunch: EVERY_KIND, "tests/flows/tests/every-kind.desklunch.session";
    every_deskopened: EVERY_KIND, "tests/flows/tests/every-kind.deskopened.session";
    every_down: EVERY_KIND, "tests/flows/tests/every-kind.down.session";
    every_full: EVERY_KIND, "tests/flows/tests/every-kind.full.session";
    every_korean: EVERY_KIND, "tests/flows/tests/every-kind.korean.session";
    every_lonekey: EVERY_KIND, "tests/flows/tests/every-kind.lonekey.session";
    every_lucky: EVERY_KIND, "tests/flows/tests/every-kind.lucky.session";
    every_member: EVERY_KIND, "tests/flows/tests/every-kind.member.session";
    every_nobody: EVERY_KIND, "tests/flows/tests/every-kind.nobody.session";
    every_offer: EVERY_KIND, "tests/flows/tests/every-kind.offer.session";
    every_other: EVERY_KIND, "tests/flows/tests/every-kind.other.session";
    every_refused: EVERY_KIND, "tests/flows/tests/every-kind.refused.session";
    every_resume: EVERY_KIND, "tests/flows/tests/every-kind.resume.session";
    every_short: EVERY_KIND, "tests/flows/tests/every-kind.short.session";
    every_silence: EVERY_KIND, "tests/flows/tests/every-kind.silence.session";
    every_sms: EVERY_KIND, "tests/flows/tests/every-kind.sms.session";
    every_smsfailed: EVERY_KIND, "tests/flows/tests/every-kind.smsfailed.session";
    every_smswithheld: EVERY_KIND, "tests/flows/tests/every-kind.smswithheld.session";
    every_stray: EVERY_KIND, "tests/flows/tests/every-kind.stray.session";
    every_vip: EVERY_KIND, "tests/flows/tests/every-kind.vip.session";
    every_voice: EVERY_KIND, "tests/flows/tests/every-kind.voice.session";
    every_voiceempty: EVERY_KIND, "tests/flows/tests/every-kind.voiceempty.session";
    every_voicefull: EVERY_KIND, "tests/flows/tests/every-kind.voicefull.session";
    every_waiting: EVERY_KIND, "tests/flows/tests/every-kind.waiting.session";
    every_waitsilent: EVERY_KIND, "tests/flows/tests/every-kind.waitsilent.session";
}
