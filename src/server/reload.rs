//! Reads the flows again for a running server: all of them are good and every number still has its flow, or the old ones
//! stay. Never reads the configuration or the prompts again: those are taken at the start.

use std::sync::Arc;

use super::flows::CheckedFlows;
use super::surroundings;
use crate::config::Config;
use crate::document::{self, Diagnostic};
use crate::ivr;
use crate::media::Library;

/// What a look into the folder of flows came to.
#[derive(Debug, Default)]
pub(super) struct Reload {
    /// The new flows; none when there is any problem.
    pub(super) flows: Vec<Arc<ivr::Flow>>,
    /// Their nodes by flow, for metrics.
    pub(super) words: Vec<(String, Vec<String>)>,
    /// Each on one line.
    pub(super) problems: Vec<String>,
    /// What somebody should look at, when there is no problem; each on one line.
    pub(super) warnings: Vec<String>,
    /// The one or the other for people.
    pub(super) report: String,
}

impl Reload {
    pub(super) fn of(config: &Config, library: &Library) -> Reload {
        let flows = match CheckedFlows::load(config, &|name| library.find(name).map(|clip| library.duration(clip))) {
            Ok(flows) => flows,
            Err(error) => {
                let report = format!("{error}\n");
                return Reload { problems: vec![report.replace('\n', " ")], report, ..Reload::default() };
            }
        };
        let mut names = surroundings::names(config, Some(&flows), library);
        // Recordings that were missing at the start were told then, and none has come since.
        names.retain(Diagnostic::is_error);
        let refused = flows.errors() > 0 || !names.is_empty();
        let report = config.source.render(&names, false) + &flows.report(refused, false);
        let in_the_file = |note| document::in_one_line(&config.source.file, &config.source.text, note);
        let told = names.iter().map(in_the_file).chain(flows.lines(refused)).collect();
        match flows.good().filter(|_| !refused) {
            Some(good) => Reload {
                flows: good,
                words: flows.words(),
                warnings: told,
                report: if report.is_empty() { report } else { report + PROMPTS_OF_THE_START },
                problems: Vec::new(),
            },
            None => Reload { problems: told, report, ..Reload::default() },
        }
    }
}

const PROMPTS_OF_THE_START: &str =
    "prompts are read at the start only: one that was recorded since is heard after a restart\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn a_number_never_loses_its_flow_and_unrecorded_prompts_are_told() {
        let text = Config::development_text().replace("flow = \"utility-en\"", "flow = \"utility-us\"");
        let config = load("thirdring.toml", &text, &|_| None).0.expect("only a name has changed");
        let library = Library::builder().build();
        let refused = Reload::of(&config, &library);
        assert!(refused.flows.is_empty() && refused.words.is_empty(), "{}", refused.report);
        let [problem] = refused.problems.as_slice() else { panic!("one problem: {:?}", refused.problems) };
        assert!(problem.starts_with("thirdring.toml:") && problem.contains("CFG012: there is no flow"), "{problem}");

        let taken = Reload::of(&Config::development(), &library);
        assert_eq!((taken.flows.len(), taken.problems.len()), (2, 0), "{}", taken.report);
        assert_eq!(taken.warnings.len(), 2, "no prompt of either flow is recorded: {:?}", taken.warnings);
        assert!(taken.warnings.iter().all(|line| line.contains("IVR040")), "{:?}", taken.warnings);
        assert!(taken.report.contains("after a restart"), "{}", taken.report);
    }
}
