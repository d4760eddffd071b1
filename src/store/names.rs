//! Names for the numbers in events: ids count positions in one configuration, records must outlive it.

use std::sync::Arc;

use crate::model::{AgentId, QueueId};

/// The names of queues and agents in the order of the configuration. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    queues: Arc<[String]>,
    agents: Arc<[String]>,
}

impl Names {
    /// Both lists by id: the queue `QueueId(0)` is called `queues[0]`.
    #[must_use]
    pub fn new(queues: Vec<String>, agents: Vec<String>) -> Self {
        Names { queues: queues.into(), agents: agents.into() }
    }

    /// The queue's name; `queue-7` where the configuration names none, so that nothing is ever dropped.
    #[must_use]
    pub fn queue(&self, id: QueueId) -> String {
        at(&self.queues, id.0).unwrap_or_else(|| id.to_string())
    }

    /// The agent's name; `agent-7` where the configuration names none.
    #[must_use]
    pub fn agent(&self, id: AgentId) -> String {
        at(&self.agents, id.0).unwrap_or_else(|| id.to_string())
    }

    /// All queue names in the order of the configuration.
    #[must_use]
    pub fn queues(&self) -> &[String] {
        &self.queues
    }

    /// All agent names in the order of the configuration.
    #[must_use]
    pub fn agents(&self) -> &[String] {
        &self.agents
    }
}

fn at(names: &[String], index: u32) -> Option<String> {
    names.get(usize::try_from(index).ok()?).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_beyond_the_configuration_keeps_its_number() {
        let names = Names::new(vec!["domestic".into()], vec!["haneul".into()]);
        assert_eq!(names.queue(QueueId(0)), "domestic");
        assert_eq!(names.agent(AgentId(0)), "haneul");
        assert_eq!(names.queue(QueueId(9)), "queue-9");
        assert_eq!(names.agent(AgentId(9)), "agent-9");
    }
}
