//! Who fits whom, as indices: callers of one queue and one set of needs stand in a line, agents of the same queues
//! and skills form a team. Never looks at a single caller or agent to find another.

use std::collections::HashMap;

use super::lanes::{Bits, Lanes};
use super::limits::LINES_MAX;
use super::order::Rank;
use super::settings::AgentSettings;
use crate::model::{AgentId, Moment, QueueId, Requirement, SkillSet};

/// Waiting callers and free agents, by line and team.
#[derive(Debug, Default)]
pub(super) struct Matching {
    lines: Vec<Line>,
    by_needs: HashMap<(QueueId, Vec<Requirement>), LineId>,
    teams: Vec<Team>,
    waiting: Lanes<Rank>,
    ready: Lanes<(Moment, AgentId)>,
}

/// A line's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineId(usize);

/// A team's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TeamId(usize);

/// Callers who are alike: of one queue and with the same needs.
#[derive(Debug)]
struct Line {
    queue: QueueId,
    needs: Vec<Requirement>,
    /// Callers that hold on to the line, those being offered included.
    callers: usize,
    /// Teams that may serve it.
    teams: Bits,
    /// Agents of those teams who take calls today; logging in is rarer than asking.
    working: u32,
}

/// Agents who are alike: the same queues and the same skills.
#[derive(Debug)]
struct Team {
    queues: Vec<QueueId>,
    skills: SkillSet,
    /// Lines it may serve.
    lines: Bits,
    /// Agents who take calls today: ready, ringing, talking or in wrap-up.
    working: u32,
    /// All agents.
    members: usize,
}

impl Team {
    fn serves(&self, queue: QueueId, needs: &[Requirement]) -> bool {
        self.queues.binary_search(&queue).is_ok() && self.skills.meets(needs)
    }
}

impl Matching {
    /// An agent with these settings joins a team.
    pub(super) fn join_team(&mut self, agent: &AgentSettings) -> TeamId {
        let mut queues = agent.queues.clone();
        queues.sort_unstable();
        queues.dedup();
        if let Some(id) = self.teams.iter().position(|team| team.queues == queues && team.skills == agent.skills) {
            self.teams[id].members += 1;
            return TeamId(id);
        }
        let mut team = Team { queues, skills: agent.skills.clone(), lines: Bits::default(), working: 0, members: 1 };
        let id = self.teams.iter().position(|team| team.members == 0).unwrap_or(self.teams.len());
        for (number, line) in self.lines.iter_mut().enumerate() {
            let serves = team.serves(line.queue, &line.needs);
            team.lines.set(number, serves);
            line.teams.set(id, serves);
        }
        match self.teams.get_mut(id) {
            Some(deserted) => *deserted = team,
            None => self.teams.push(team),
        }
        self.ready.open(id);
        TeamId(id)
    }

    /// An agent leaves a team, being neither free nor at work in it any more.
    pub(super) fn leave_team(&mut self, team: TeamId) {
        if let Some(team) = self.teams.get_mut(team.0) {
            team.members = team.members.saturating_sub(1);
        }
    }

    /// A caller with these needs takes hold of a line; needs must be sorted and without doubles. `None` when there
    /// are too many kinds of callers at once.
    pub(super) fn join(&mut self, queue: QueueId, needs: Vec<Requirement>) -> Option<LineId> {
        let key = (queue, needs);
        if let Some(line) = self.by_needs.get(&key) {
            self.lines.get_mut(line.0)?.callers += 1;
            return Some(*line);
        }
        let id = if self.lines.len() < LINES_MAX { self.lines.len() } else { self.abandoned_line()? };
        let mut line = Line { queue, needs: key.1.clone(), callers: 1, teams: Bits::default(), working: 0 };
        for (number, team) in self.teams.iter_mut().enumerate() {
            let serves = team.serves(queue, &key.1);
            line.teams.set(number, serves);
            line.working += if serves { team.working } else { 0 };
            team.lines.set(id, serves);
        }
        match self.lines.get_mut(id) {
            Some(old) => {
                let old = std::mem::replace(old, line);
                self.by_needs.remove(&(old.queue, old.needs));
            }
            None => self.lines.push(line),
        }
        self.waiting.open(id);
        self.by_needs.insert(key, LineId(id));
        Some(LineId(id))
    }

    /// A caller lets go of a line.
    pub(super) fn part(&mut self, line: LineId) {
        if let Some(line) = self.lines.get_mut(line.0) {
            line.callers = line.callers.saturating_sub(1);
        }
    }

    /// A caller stands in a line and may be given to an agent.
    pub(super) fn stand(&mut self, line: LineId, rank: Rank) {
        self.waiting.insert(line.0, rank);
    }

    /// A caller stands in a line no more.
    pub(super) fn step_out(&mut self, line: LineId, rank: Rank) {
        self.waiting.remove(line.0, rank);
    }

    /// An agent may be given a call; idle since then.
    pub(super) fn idle(&mut self, team: TeamId, since: Moment, agent: AgentId) {
        self.ready.insert(team.0, (since, agent));
    }

    /// An agent may be given calls no more.
    pub(super) fn occupied(&mut self, team: TeamId, since: Moment, agent: AgentId) {
        self.ready.remove(team.0, (since, agent));
    }

    /// An agent begins or ceases to take calls today.
    pub(super) fn works(&mut self, team: TeamId, on: bool) {
        let count = |working: u32| if on { working + 1 } else { working.saturating_sub(1) };
        let Some(team) = self.teams.get_mut(team.0) else { return };
        team.working = count(team.working);
        for line in team.lines.iter() {
            if let Some(line) = self.lines.get_mut(line) {
                line.working = count(line.working);
            }
        }
    }

    /// The free agent who fits the line and has been idle longest.
    pub(super) fn agent_for(&self, line: LineId) -> Option<AgentId> {
        self.ready.least(&self.lines.get(line.0)?.teams).map(|(_, agent)| agent)
    }

    /// The caller whom the team may serve and who comes first.
    pub(super) fn caller_for(&self, team: TeamId) -> Option<Rank> {
        self.waiting.least(&self.teams.get(team.0)?.lines)
    }

    /// Whether the team may serve the line.
    pub(super) fn fits(&self, line: LineId, team: TeamId) -> bool {
        self.lines.get(line.0).is_some_and(|line| line.teams.contains(team.0))
    }

    /// Agents who fit the line and take calls today.
    pub(super) fn working(&self, line: LineId) -> u32 {
        self.lines.get(line.0).map_or(0, |line| line.working)
    }

    /// What a line's callers need.
    pub(super) fn needs(&self, line: LineId) -> &[Requirement] {
        self.lines.get(line.0).map_or(&[], |line| &line.needs)
    }

    /// A line that nobody holds on to. Searched only when all numbers are taken.
    fn abandoned_line(&self) -> Option<usize> {
        self.lines.iter().enumerate().position(|(id, line)| line.callers == 0 && self.waiting.is_empty(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CallId, SkillId};
    use std::cmp::Reverse;

    fn need(skill: u16, level: u8) -> Requirement {
        Requirement { skill: SkillId(skill), level }
    }

    fn agent(id: u32, queues: &[u32], skills: &[Requirement]) -> AgentSettings {
        AgentSettings {
            id: AgentId(id),
            name: format!("agent {id}"),
            queues: queues.iter().map(|queue| QueueId(*queue)).collect(),
            skills: SkillSet::new(skills.to_vec()),
        }
    }

    fn rank(priority: i32, since: u64, call: u64) -> Rank {
        Rank { priority: Reverse(priority), since: Moment::from_secs(since), entry: call, call: CallId(call) }
    }

    #[test]
    fn agents_who_are_alike_are_one_team() {
        let mut matching = Matching::default();
        let first = matching.join_team(&agent(0, &[1, 0], &[need(0, 3)]));
        assert_eq!(matching.join_team(&agent(1, &[0, 1, 1], &[need(0, 3)])), first);
        assert_ne!(matching.join_team(&agent(2, &[0, 1], &[need(0, 4)])), first);
        assert_ne!(matching.join_team(&agent(3, &[0], &[need(0, 3)])), first);
    }

    #[test]
    fn the_longest_idle_who_fits_is_found() {
        let mut matching = Matching::default();
        let learner = matching.join_team(&agent(0, &[0], &[need(0, 2)]));
        let expert = matching.join_team(&agent(1, &[0], &[need(0, 9)]));
        let elsewhere = matching.join_team(&agent(2, &[1], &[need(0, 9)]));
        matching.idle(learner, Moment::from_secs(1), AgentId(0));
        matching.idle(elsewhere, Moment::from_secs(2), AgentId(2));
        matching.idle(expert, Moment::from_secs(3), AgentId(1));
        let hard = matching.join(QueueId(0), vec![need(0, 5)]).expect("room for a line");
        let easy = matching.join(QueueId(0), vec![]).expect("room for a line");
        assert_eq!(matching.agent_for(hard), Some(AgentId(1)));
        assert_eq!(matching.agent_for(easy), Some(AgentId(0)));
        matching.occupied(expert, Moment::from_secs(3), AgentId(1));
        assert_eq!(matching.agent_for(hard), None);
    }

    #[test]
    fn a_freed_agent_gets_the_first_caller_of_all_lines() {
        let mut matching = Matching::default();
        let expert = matching.join_team(&agent(0, &[0, 1], &[need(0, 9)]));
        let learner = matching.join_team(&agent(1, &[0], &[]));
        let hard = matching.join(QueueId(0), vec![need(0, 5)]).expect("room for a line");
        let easy = matching.join(QueueId(0), vec![]).expect("room for a line");
        let other = matching.join(QueueId(1), vec![]).expect("room for a line");
        matching.stand(hard, rank(0, 1, 1));
        matching.stand(easy, rank(0, 2, 2));
        matching.stand(other, rank(1, 3, 3));
        let first = |matching: &Matching, team| matching.caller_for(team).map(|rank| rank.call.0);
        assert_eq!(first(&matching, expert), Some(3), "priority before age");
        matching.step_out(other, rank(1, 3, 3));
        assert_eq!(first(&matching, expert), Some(1), "the oldest");
        assert_eq!(first(&matching, learner), Some(2), "the oldest whom the learner may serve");
    }

    #[test]
    fn a_deserted_team_makes_room_and_forgets_whom_it_served() {
        let mut matching = Matching::default();
        let line = matching.join(QueueId(0), vec![need(0, 5)]).expect("room for a line");
        let experts = matching.join_team(&agent(0, &[0], &[need(0, 9)]));
        assert!(matching.fits(line, experts));
        matching.leave_team(experts);
        let learners = matching.join_team(&agent(0, &[0], &[need(0, 2)]));
        assert_eq!(learners, experts);
        assert!(!matching.fits(line, learners));
    }

    #[test]
    fn agents_at_work_are_counted_by_line() {
        let mut matching = Matching::default();
        let expert = matching.join_team(&agent(0, &[0, 1], &[need(0, 9)]));
        let learner = matching.join_team(&agent(1, &[0], &[]));
        let early = matching.join(QueueId(0), vec![]).expect("room for a line");
        [expert, expert, learner].into_iter().for_each(|team| matching.works(team, true));
        let late = matching.join(QueueId(0), vec![need(0, 5)]).expect("room for a line");
        assert_eq!((matching.working(early), matching.working(late)), (3, 2));
        matching.works(expert, false);
        assert_eq!((matching.working(early), matching.working(late)), (2, 1));
    }

    #[test]
    fn lines_without_callers_make_room_for_new_ones() {
        let mut matching = Matching::default();
        let team = matching.join_team(&agent(0, &[0], &[]));
        let lines: Vec<LineId> = (0..LINES_MAX as u16)
            .map(|skill| matching.join(QueueId(0), vec![need(skill, 1)]).expect("room for a line"))
            .collect();
        assert_eq!(matching.join(QueueId(0), vec![]), None);
        matching.part(lines[7]);
        let renewed = matching.join(QueueId(0), vec![]).expect("an abandoned line");
        assert_eq!(renewed, lines[7]);
        assert!(matching.fits(renewed, team) && !matching.fits(lines[8], team));
        assert_eq!(matching.join(QueueId(0), vec![need(7, 1)]), None, "the old meaning is forgotten");
    }
}
