//! What supervisors, agents' pages and the command line ask, in the words of the queues.

use super::admin::{AdminCommand, AdminError, AdminReply};
use super::center::Center;
use super::event::AgentWord;
use super::for_acd::agent_word;
use super::output::Output;
use crate::acd;
use crate::model::Moment;

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

    fn word(&self, agent: crate::model::AgentId) -> (AgentWord, Option<String>) {
        self.acd.agent(agent).map_or((AgentWord::Offline, None), |view| agent_word(&view.state, view.rung_by))
    }
}
