//! What shipped flows and the sentences of the house can say is recorded: no caller ever hears a beep for a word.

use std::collections::BTreeSet;
use std::time::Duration;

use thirdring::config::Config;
use thirdring::ivr::{self, speech};
use thirdring::model::{Clip, Language};

use crate::support::house::{prompts, shipped_flows};

/// The names of `clips` that nobody recorded.
fn unrecorded(clips: &[Clip]) -> BTreeSet<String> {
    let library = prompts();
    let missing = clips.iter().filter(|clip| library.find(clip.name.as_str()).is_none());
    missing.map(|clip| format!("{} ({})", clip.name, clip.text)).collect()
}

#[test]
fn every_prompt_of_every_shipped_flow_is_recorded() {
    for flow in shipped_flows() {
        let clips = ivr::prompts(&flow);
        assert!(!clips.is_empty(), "{} says something", flow.id);
        assert_eq!(unrecorded(&clips), BTreeSet::new(), "{}", flow.id);
    }
}

#[test]
fn every_word_of_the_grammars_is_recorded() {
    for language in Language::ALL {
        assert_eq!(unrecorded(&speech::vocabulary(language)), BTreeSet::new());
    }
}

#[test]
fn every_sentence_that_the_house_can_make_is_recorded() {
    for language in Language::ALL {
        let mut said = Vec::new();
        for place in 1..=99 {
            for minutes in [None, Some(1), Some(2), Some(3), Some(4), Some(60)] {
                let expected = minutes.map(|minutes| Duration::from_secs(60 * minutes));
                said.extend(speech::wait_announcement(language, Some(place), expected));
            }
        }
        said.extend(speech::phone_number(language, "0123456789"));
        assert_eq!(unrecorded(&said), BTreeSet::new());
    }
}

#[test]
fn everybody_in_the_demonstration_can_be_announced() {
    let config = Config::development();
    let mut said = Vec::new();
    for agent in &config.agents {
        let language = if agent.department == "Utilities" { Language::English } else { Language::Korean };
        let name = speech::directory_clip(language, &agent.display_name);
        let department = speech::directory_clip(language, &agent.department);
        said.extend(speech::transfer_announcement(language, Some(department), Some(name), &agent.device));
    }
    for queue in &config.queues {
        let language = if queue.department == "Utilities" { Language::English } else { Language::Korean };
        let name = speech::directory_clip(language, &queue.title);
        let department = speech::directory_clip(language, &queue.department);
        said.extend(speech::transfer_announcement(language, Some(department), Some(name), "1300"));
    }
    assert_eq!(unrecorded(&said), BTreeSet::new());
}

#[test]
fn every_queue_and_skill_that_a_shipped_flow_names_is_there() {
    let config = Config::development();
    let queues: Vec<String> = config.queues.iter().map(|queue| queue.name.clone()).collect();
    let flows: Vec<String> = shipped_flows().iter().map(|flow| flow.id.clone()).collect();
    let library = prompts();
    let length = |name: &str| library.find(name).map(|clip| library.duration(clip));
    let world = ivr::check::World {
        queues: &queues,
        skills: &config.skills,
        flows: &flows,
        clips: &length,
        speaks: false,
        numbers: &[],
    };
    for flow in shipped_flows() {
        let errors: Vec<_> =
            ivr::check::check(&flow, &world).into_iter().filter(thirdring::document::Diagnostic::is_error).collect();
        assert_eq!(errors, [], "{}", flow.id);
    }
}
