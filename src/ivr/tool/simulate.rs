//! `ivr simulate`: a flow at the keyboard, line by line, on the session of real calls.
//! Never reads a terminal. A run can be saved as a transcript.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::document::parse_duration;
use crate::ivr::flow::Flow;
use crate::ivr::graph::{GraphFormat, graph};
use crate::ivr::outside::CallFacts;
use crate::ivr::rehearsal::{Happening, Rehearsal, Stubs};
use crate::model::{Clip, Digit, WallClock};

/// The call that is simulated.
#[derive(Clone)]
pub struct Setting {
    pub flow: Arc<Flow>,
    pub facts: CallFacts,
    /// When the call is answered.
    pub at: Timestamp,
    pub stubs: Stubs,
}

/// A simulated call.
pub struct Simulator<'w> {
    setting: Setting,
    lengths: &'w dyn Fn(&Clip) -> Duration,
    rehearsal: Rehearsal<'w>,
    /// What the caller did, for `:back`.
    acts: Vec<Act>,
    /// The transcript so far.
    written: String,
}

/// What to do with a line's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// To print.
    pub text: String,
    /// A transcript to write: its name without ending, and its text.
    pub save: Option<(String, String)>,
    /// The call is over.
    pub over: bool,
}

#[derive(Clone)]
enum Act {
    Press(Vec<Digit>),
    Wait(Option<Duration>),
}

impl<'w> Simulator<'w> {
    /// Answers the call. The reply shows what is heard first.
    pub fn new(setting: Setting, lengths: &'w dyn Fn(&Clip) -> Duration) -> (Self, Reply) {
        let rehearsal = rehearse(&setting, lengths);
        let mut simulator = Simulator { setting, lengths, rehearsal, acts: Vec::new(), written: String::new() };
        let reply = simulator.restart();
        (simulator, reply)
    }

    /// One line from the keyboard: digits, `~`, `~40s`, `!hangup`, `:back`, `:vars`, `:graph`, `:save NAME`.
    pub fn line(&mut self, line: &str) -> Reply {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "" => Reply::default(),
            "!hangup" => Reply { text: "= the caller hung up\n".to_owned(), over: true, ..Reply::default() },
            ":back" => self.back(),
            ":vars" => Reply { text: self.variables(), ..Reply::default() },
            ":graph" => Reply { text: graph(&self.setting.flow, GraphFormat::Text), ..Reply::default() },
            ":save" if !rest.trim().is_empty() => Reply {
                text: String::new(),
                save: Some((format!("{}.{}", self.setting.flow.id, rest.trim()), self.transcript())),
                over: false,
            },
            _ => match read_act(word) {
                Some(act) => self.act(act),
                None => Reply { text: HELP.to_owned(), ..Reply::default() },
            },
        }
    }

    fn act(&mut self, act: Act) -> Reply {
        self.perform(&act);
        self.acts.push(act);
        self.show()
    }

    fn perform(&mut self, act: &Act) {
        match act {
            Act::Press(digits) => {
                let keys: String = digits.iter().map(|digit| digit.key()).collect();
                self.written.push_str(&format!(">  {keys}\n"));
                digits.iter().for_each(|digit| self.rehearsal.press(*digit));
            }
            Act::Wait(time) => {
                let silence = time.unwrap_or_else(|| self.until_due());
                self.written.push_str(&format!("~  {}\n", crate::document::write_duration(silence)));
                self.rehearsal.wait(silence);
            }
        }
    }

    /// As long as it takes until the session goes on by itself; a second where it does not.
    fn until_due(&self) -> Duration {
        let due = self.rehearsal.session().poll_timeout();
        due.map_or(Duration::from_secs(1), |due| due.since(self.rehearsal.now()))
    }

    /// Plays what is to be heard and writes it down, until the caller is asked, waits or has gone.
    fn show(&mut self) -> Reply {
        let mut text = String::new();
        let mut announcements = 0;
        loop {
            while let Some(happening) = self.rehearsal.take() {
                text.push_str(&shown(&happening));
                self.written.push_str(&crate::ivr::transcript::written(&happening));
            }
            announcements += 1;
            if announcements > ANNOUNCEMENTS_MAX || !self.rehearsal.hear_out() {
                break;
            }
        }
        Reply { text, save: None, over: self.rehearsal.session().is_ended() }
    }

    fn restart(&mut self) -> Reply {
        self.rehearsal = rehearse(&self.setting, self.lengths);
        self.written.clear();
        self.show()
    }

    fn back(&mut self) -> Reply {
        if self.acts.pop().is_none() {
            return Reply { text: "this is the beginning\n".to_owned(), ..Reply::default() };
        }
        let mut reply = self.restart();
        for act in self.acts.clone() {
            self.perform(&act);
            reply = self.show();
        }
        reply
    }

    fn variables(&self) -> String {
        let variables = self.rehearsal.session().variables();
        variables.iter().map(|(name, value)| format!("  {name:<13} {}\n", value.text())).collect()
    }

    fn transcript(&self) -> String {
        let setting = &self.setting;
        let at = setting.at.to_zoned(setting.flow.time_zone.clone());
        let mut text = format!("flow {}\nat   {}\n", setting.flow.id, at.strftime("%Y-%m-%dT%H:%M:%S%:z"));
        if !setting.facts.caller.is_empty() {
            text.push_str(&format!("from {}\n", setting.facts.caller));
        }
        if !setting.facts.called.is_empty() {
            text.push_str(&format!("to   {}\n", setting.facts.called));
        }
        if setting.facts.language != setting.flow.language {
            text.push_str(&format!("lang {}\n", setting.facts.language.folder()));
        }
        for words in setting.stubs.words() {
            text.push_str(&format!("stub {words}\n"));
        }
        format!("{text}\n{}", self.written)
    }
}

fn rehearse<'w>(setting: &Setting, lengths: &'w dyn Fn(&Clip) -> Duration) -> Rehearsal<'w> {
    let wall = WallClock { zero_unix_ms: setting.at.as_millisecond() };
    Rehearsal::new(Arc::clone(&setting.flow), setting.facts.clone(), wall, setting.stubs.clone(), lengths)
}

/// Digits, `~` or `~40s`.
fn read_act(word: &str) -> Option<Act> {
    match word.strip_prefix('~') {
        Some("") => Some(Act::Wait(None)),
        Some(time) => parse_duration(time).map(|time| Act::Wait(Some(time))),
        None => word.chars().map(Digit::new).collect::<Option<Vec<Digit>>>().map(Act::Press),
    }
}

/// A happening as the terminal shows it.
fn shown(happening: &Happening) -> String {
    match happening {
        Happening::Heard { node, text, length } => format!("  {node:<13} {text}  [{:.1} s]\n", length.as_secs_f64()),
        Happening::Outcome(words) => format!("= {words}\n"),
        Happening::Asked { service, answer } => format!("  {:<13} {answer} (stub)\n", format!("http.{service}")),
    }
}

const HELP: &str = "keys such as 1 or 123#, ~ for silence, ~40s to wait, !hangup, :back, :vars, :graph, :save NAME\n";

/// Announcements heard in a row without a question: no sensible flow has more, a circle has.
const ANNOUNCEMENTS_MAX: usize = 100;
