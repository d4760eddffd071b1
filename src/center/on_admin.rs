//! What supervisors, agents' pages and the command line ask, in the words of the queues.

use super::admin::{AdminCommand, AdminError, AdminReply, BannedSource};
use super::center::Center;
use super::event::{AgentWord, EventKind};
use super::for_acd::agent_word;
use super::output::Output;
use crate::acd;
use crate::model::Moment;
use crate::sip::Ban;

impl Center {
    pub(super) fn on_admin(&mut self, now: Moment, request: u64, command: AdminCommand) {
        let result = self.obey(now, command);
        self.outputs.push_back(Output::Reply { request, result });
    }

    fn obey(&mut self, now: Moment, command: AdminCommand) -> Result<AdminReply, AdminError> {
        let (name, make): (String, Box<dyn FnOnce(crate::model::AgentId) -> acd::Input>) = match command {
            AdminCommand::AgentLogIn { agent } => (agent, Box::new(|agent| acd::Input::LogIn { agent })),
            AdminCommand::AgentLogOut { agent } => (agent, Box::new(|agent| acd::Input::LogOut { agent })),
            AdminCommand::AgentPause { agent, reason } => {
                (agent, Box::new(|agent| acd::Input::Pause { agent, reason: acd::PauseReason(reason) }))
            }
            AdminCommand::AgentResume { agent } => (agent, Box::new(|agent| acd::Input::Resume { agent })),
            AdminCommand::Bans => return Ok(self.bans(now)),
            AdminCommand::LiftBan { source } => {
                if !self.sip.lift_ban(source) {
                    return Err(AdminError::NotBanned { source_address: source });
                }
                self.event(now, None, EventKind::BanLifted { source: source.to_string() });
                return Ok(self.bans(now));
            }
            // Files are read by the server, which hands the checked flows in.
            AdminCommand::ReloadFlows => {
                return Ok(AdminReply::FlowsReloaded { flows: self.flows.len(), warnings: Vec::new() });
            }
        };
        let agent = self.settings.agent_named(&name).ok_or_else(|| AdminError::UnknownAgent { agent: name.clone() })?;
        let input = make(agent);
        let offline = self.word(agent).0 == AgentWord::Offline;
        if offline && !matches!(input, acd::Input::LogIn { .. }) {
            let why = "log in first";
            return Err(AdminError::NotNow { agent: name, state: AgentWord::Offline, why });
        }
        match input {
            acd::Input::LogIn { .. } | acd::Input::Resume { .. } => self.at_the_desk(now, agent, input),
            _ => self.tell_acd(now, input),
        }
        let (state, reason) = self.word(agent);
        let agent = self.settings.person(agent).map_or(name, |person| person.name.clone());
        Ok(AdminReply::Agent { agent, state, reason })
    }

    fn bans(&mut self, now: Moment) -> AdminReply {
        let shown = |ban: &Ban| BannedSource {
            source: ban.source,
            since_ms: self.wall.unix_ms(ban.since),
            until_ms: self.wall.unix_ms(ban.until),
            dropped: ban.dropped,
        };
        let bans = self.sip.bans(now);
        AdminReply::Bans { bans: bans.iter().map(shown).collect() }
    }

    fn word(&self, agent: crate::model::AgentId) -> (AgentWord, Option<String>) {
        self.acd.agent(agent).map_or((AgentWord::Offline, None), |view| agent_word(&view.state, view.rung_by))
    }
}
