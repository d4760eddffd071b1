//! Skills: what an agent can do, and how well; what a caller needs.

/// A skill, by position in the configuration's list of skill names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct SkillId(pub u16);

/// How well: 1 (learning) to 10 (expert).
pub type SkillLevel = u8;

/// One thing a caller needs: a skill at a level or above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Requirement {
    pub skill: SkillId,
    /// 1 to 10.
    pub level: SkillLevel,
}

/// An agent's skills, sorted by skill.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SkillSet(Vec<Requirement>);

impl SkillSet {
    #[must_use]
    pub fn new(mut levels: Vec<Requirement>) -> Self {
        levels.sort_by_key(|have| have.skill);
        SkillSet(levels)
    }

    /// The level in `skill`; zero when the agent has none.
    #[must_use]
    pub fn level(&self, skill: SkillId) -> SkillLevel {
        self.0.binary_search_by_key(&skill, |have| have.skill).map_or(0, |at| self.0[at].level)
    }

    /// Whether every requirement is met.
    #[must_use]
    pub fn meets(&self, needs: &[Requirement]) -> bool {
        needs.iter().all(|need| self.level(need.skill) >= need.level)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Requirement> {
        self.0.iter()
    }
}
