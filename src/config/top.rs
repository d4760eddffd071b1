//! The whole configuration and what others ask of it. Never changes once loaded; a reload makes another.

use super::agent::{Agent, Device, Dial, Number, Queue, Trunk};
use super::settings::{Audio, FeatureCodes, Http, HttpFetch, Ivr, Media, Metrics, Policy, Security, Server, Sip};
use super::{Loaded, Source, load_explained, normalize};
use crate::document::Diagnostic;
use crate::model::{AgentId, QueueId, SkillId, limits};

/// A configuration without mistakes.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub server: Server,
    pub security: Security,
    pub sip: Sip,
    pub media: Media,
    pub http: Http,
    pub metrics: Metrics,
    pub audio: Audio,
    pub ivr: Ivr,
    pub http_fetch: HttpFetch,
    pub policy: Policy,
    pub feature_codes: FeatureCodes,
    /// By `SkillId`.
    pub skills: Vec<String>,
    pub trunks: Vec<Trunk>,
    pub devices: Vec<Device>,
    /// By `QueueId`.
    pub queues: Vec<Queue>,
    /// By `AgentId`.
    pub agents: Vec<Agent>,
    pub numbers: Vec<Number>,
    /// The first that fits counts.
    pub dial: Vec<Dial>,
    /// The text it was read from.
    pub source: Source,
}

impl Config {
    /// What runs when nothing is configured: loopback only, two demonstration centres, 28 agents, data in `./thirdring-data`.
    #[must_use]
    pub fn development() -> Config {
        let Loaded { config, .. } = load_explained("development.toml", DEVELOPMENT, &|_| None);
        config.expect("the built-in configuration is checked by a test")
    }

    /// The text that `development` is made of, for people who want to see it.
    #[must_use]
    pub fn development_text() -> &'static str {
        DEVELOPMENT
    }

    #[must_use]
    pub fn queue(&self, id: QueueId) -> Option<&Queue> {
        self.queues.get(usize::try_from(id.0).ok()?)
    }

    #[must_use]
    pub fn agent(&self, id: AgentId) -> Option<&Agent> {
        self.agents.get(usize::try_from(id.0).ok()?)
    }

    #[must_use]
    pub fn queue_named(&self, name: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.name == name)
    }

    #[must_use]
    pub fn agent_named(&self, name: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.name == name)
    }

    #[must_use]
    pub fn skill_named(&self, name: &str) -> Option<SkillId> {
        let at = self.skills.iter().position(|skill| skill == name)?;
        u16::try_from(at).ok().map(SkillId)
    }

    #[must_use]
    pub fn trunk_named(&self, name: &str) -> Option<&Trunk> {
        self.trunks.iter().find(|trunk| trunk.name == name)
    }

    #[must_use]
    pub fn device(&self, user: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.user == user)
    }

    /// The agent whose phone this is.
    #[must_use]
    pub fn agent_at(&self, device: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.device == device)
    }

    /// The agent whose direct number this is, however it is written.
    #[must_use]
    pub fn agent_reached_by(&self, number: &str) -> Option<&Agent> {
        let wanted = normalize(number);
        let direct = |agent: &&Agent| agent.direct_number.as_ref().is_some_and(|own| normalize(own.reveal()) == wanted);
        self.agents.iter().find(direct)
    }

    /// What answers a number, however it is written.
    #[must_use]
    pub fn number(&self, number: &str) -> Option<&Number> {
        let wanted = normalize(number);
        self.numbers.iter().find(|known| known.number.reveal() == wanted)
    }

    /// The trunk that may carry a call to an outside number; `None` means the call is not permitted.
    #[must_use]
    pub fn route(&self, number: &str) -> Option<&Trunk> {
        let rule = self.dial.iter().find(|rule| rule.pattern.fits(number))?;
        self.trunk_named(&rule.trunk)
    }

    /// The reason that a digit after the pause code names; digits count from 1.
    #[must_use]
    pub fn pause_reason(&self, digit: u32) -> Option<&str> {
        let at = usize::try_from(digit).ok()?.checked_sub(1)?;
        self.feature_codes.pause_reasons.get(at).map(String::as_str)
    }

    /// Legs, and so pairs of RTP ports, that `calls_max` may need.
    #[must_use]
    pub fn legs_max(&self) -> usize {
        self.server.calls_max * limits::LEGS_PER_CALL
    }

    /// What the file alone cannot tell: whether the flows and recordings exist that its numbers, queues and people need.
    /// `flows` are the ids there are, `clip_exists` answers for a clip's name. Spans are places in `source`.
    #[must_use]
    pub fn check_names(&self, flows: &[String], clip_exists: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
        super::check::names_outside(self, flows, clip_exists)
    }
}

const DEVELOPMENT: &str = include_str!("../../config/development.toml");
