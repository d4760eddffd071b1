//! Announcements by meaning become rows of clips, and rows of names become clips of the library. A clip that nobody
//! recorded is replaced by a short tone and told once, with the words that are missing.

use super::center::Center;
use super::event::EventKind;
use crate::call::{Speech, Target};
use crate::ivr::speech::{self, Phrase};
use crate::media::{ClipId, Command};
use crate::model::{CallId, Clip, LegId, Moment, PhoneNumber};

/// Whom a transfer goes to, as the caller is told.
pub(super) struct TargetFacts {
    pub(super) department: String,
    pub(super) name: String,
    pub(super) number: PhoneNumber,
}

impl Center {
    /// The clips of a sentence, in the caller's language.
    pub(super) fn speech_clips(&self, id: CallId, what: &Speech) -> Vec<Clip> {
        let language = self.language_of(id);
        let phrase = |phrase: Phrase| vec![phrase.clip(language)];
        match what {
            Speech::Transfer(target) => {
                let facts = self.target_facts(id, target);
                // What nobody configured is left out of the sentence; an outside number has neither.
                let clip = |words: &str| (!words.is_empty()).then(|| speech::directory_clip(language, words));
                let (department, name) = (clip(&facts.department), clip(&facts.name));
                speech::transfer_announcement(language, department, name, facts.number.reveal())
            }
            Speech::Wait { position, expected } => speech::wait_announcement(language, *position, *expected),
            Speech::TransferFailed => phrase(Phrase::TransferFailed),
            Speech::TransferLost => phrase(Phrase::TransferLost),
            Speech::AgentLost => phrase(Phrase::AgentLost),
            Speech::Connecting => phrase(Phrase::Connecting),
            Speech::NobodyThere => phrase(Phrase::PersonUnavailable),
            Speech::CallerNumber => {
                let number = self.calls.get(&id).map_or_else(String::new, |contact| contact.from.reveal().to_owned());
                speech::phone_number(language, &number)
            }
            Speech::Closing => phrase(Phrase::Closing),
            Speech::LoggedIn => phrase(Phrase::LoggedIn),
            Speech::LoggedOut => phrase(Phrase::LoggedOut),
            Speech::Paused => phrase(Phrase::Paused),
            Speech::Resumed => phrase(Phrase::Resumed),
            Speech::NotAnAgent => phrase(Phrase::NotAnAgent),
            Speech::LogInFirst => phrase(Phrase::LogInFirst),
        }
    }

    /// The library's clips of these names, and whether all of them exist.
    pub(super) fn find_clips(&mut self, now: Moment, id: CallId, clips: &[Clip]) -> (Vec<ClipId>, bool) {
        let mut found = Vec::with_capacity(clips.len());
        let mut complete = true;
        for clip in clips {
            if let Some(known) = self.library.find(clip.name.as_str()) {
                found.push(known);
                continue;
            }
            complete = false;
            found.extend(self.library.find(BEEP));
            if self.missing.len() < MISSING_TOLD_MAX && self.missing.insert(clip.name.as_str().to_owned()) {
                let (clip, text) = (clip.name.to_string(), clip.text.to_string());
                self.event(now, Some(id), EventKind::PromptMissing { clip, text });
            }
        }
        (found, complete)
    }

    /// Whom this caller is told about; a queue without a number is reached by what the caller dialled.
    pub(super) fn target_facts(&self, id: CallId, target: &Target) -> TargetFacts {
        let nobody = || TargetFacts { department: String::new(), name: String::new(), number: PhoneNumber::new("") };
        match target {
            Target::Person(agent) => self.settings.person(*agent).map_or_else(nobody, |person| TargetFacts {
                department: person.department.clone(),
                name: person.display_name.clone(),
                number: person.direct_number.clone(),
            }),
            Target::Queue(queue) => self.settings.queue(*queue).map_or_else(nobody, |queue| TargetFacts {
                department: queue.department.clone(),
                name: queue.title.clone(),
                number: match self.number_of(id) {
                    Some(dialled) if queue.number.reveal().is_empty() => dialled.callback.clone(),
                    _ => queue.number.clone(),
                },
            }),
            Target::Outside(number) => {
                TargetFacts { department: String::new(), name: String::new(), number: number.clone() }
            }
        }
    }

    /// The target's name in records.
    pub(super) fn target_name(&self, target: &Target) -> String {
        match target {
            Target::Person(agent) => self.settings.person(*agent).map_or_else(String::new, |p| p.name.clone()),
            Target::Queue(queue) => self.settings.queue(*queue).map_or_else(String::new, |q| q.name.clone()),
            Target::Outside(number) => number.masked(),
        }
    }

    pub(super) fn command(&mut self, worker: usize, command: Command) {
        self.outputs.push_back(super::output::Output::Media { worker, command });
    }

    /// A command for the worker that has this leg; nothing when the leg has no media.
    pub(super) fn command_of(&mut self, leg: LegId, make: impl FnOnce(LegId) -> Command) {
        if let Some(worker) = self.lines.get(leg).and_then(|line| line.media.as_ref()).map(|media| media.worker) {
            self.command(worker, make(leg));
        }
    }

    pub(super) fn command_of_caller(&mut self, id: CallId, make: impl FnOnce(LegId) -> Command) {
        if let Some(leg) = self.calls.get(&id).map(|contact| contact.call.caller()) {
            self.command_of(leg, make);
        }
    }
}

/// Stands for speech that nobody recorded.
pub(super) const BEEP: &str = "tone/beep";

/// Missing clips told in one run: more than a flow has nodes, less than a log can not bear.
const MISSING_TOLD_MAX: usize = 1_000;
