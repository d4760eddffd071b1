//! Names that callers hear: of people, departments and queues. Tells which clips say them and where the configuration
//! gives them; never whether somebody has recorded them.

use std::ops::Range;

use super::Config;
use crate::ivr::speech;
use crate::model::{Clip, Language};

/// One name.
#[derive(Clone, Debug, PartialEq)]
pub struct SpokenName {
    pub name: String,
    /// In the text of the configuration.
    pub place: Range<usize>,
    /// One clip for each language in which it is said.
    pub clips: Vec<Clip>,
}

impl Config {
    /// Every name that an announcement may say, in the order of the file, each time it is given.
    #[must_use]
    pub fn spoken_names(&self) -> Vec<SpokenName> {
        let queues = self.queues.iter().zip(1..).flat_map(|(queue, at)| {
            // Without a title the queue's name is said.
            let given = if self.source.gives(&format!("queue[{at}].title")) { "title" } else { "name" };
            [(&queue.title, format!("queue[{at}].{given}")), (&queue.department, format!("queue[{at}].department"))]
        });
        let people = self.agents.iter().zip(1..).flat_map(|(agent, at)| {
            [
                (&agent.display_name, format!("agent[{at}].display_name")),
                (&agent.department, format!("agent[{at}].department")),
            ]
        });
        let named = queues.chain(people).filter(|(name, _)| !name.trim().is_empty());
        let spoken = |(name, path): (&String, String)| SpokenName {
            clips: languages(name).iter().map(|language| speech::directory_clip(*language, name)).collect(),
            name: name.clone(),
            place: self.source.place(&path),
        };
        let mut spoken: Vec<SpokenName> = named.map(spoken).collect();
        spoken.sort_by_key(|spoken| spoken.place.start);
        spoken
    }
}

/// A Korean name in an English sentence is for the operator to record; a Latin one is spoken in both.
fn languages(name: &str) -> &'static [Language] {
    let korean = name.chars().any(|letter| ('가'..='힣').contains(&letter));
    if korean { &[Language::Korean] } else { &Language::ALL }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    const FILE: &str = "[[queue]]\nname = \"general\"\n[[queue]]\nname = \"claims\"\ntitle = \"손해배상\"\n\
        [[device]]\nuser = \"201\"\npassword = \"dev201\"\n[[agent]]\nname = \"a-201\"\ndisplay_name = \"김하늘\"\n\
        department = \"배상팀\"\ndevice = \"201\"\n";

    #[test]
    fn titles_departments_and_people_are_said_and_known_by_their_place() {
        let config = load("thirdring.toml", FILE, &|_| None).0.expect("the file has no mistake");
        let spoken = config.spoken_names();
        let said: Vec<(&str, &str, usize)> = spoken
            .iter()
            .map(|spoken| {
                let written = FILE.get(spoken.place.clone()).unwrap_or_default();
                (spoken.name.as_str(), written.trim_matches('"'), spoken.clips.len())
            })
            .collect();
        assert_eq!(
            said,
            [
                ("general", "general", Language::ALL.len()),
                ("손해배상", "손해배상", 1),
                ("김하늘", "김하늘", 1),
                ("배상팀", "배상팀", 1)
            ]
        );
        assert!(spoken.iter().flat_map(|spoken| &spoken.clips).all(|clip| clip.name.as_str().contains("/directory/")));
    }
}
