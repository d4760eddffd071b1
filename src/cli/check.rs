//! `thirdring check`: every mistake in the configuration and in the files it names, at once, with file, line and
//! column. Never starts anything and never changes a file.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::config::{self, Config, Effective, Loaded, Origin};
use crate::document::{self, Diagnostic, Lines, Severity};

/// What can be asked of `thirdring check`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", default_value = "thirdring.toml")]
    pub config: PathBuf,
    /// Prints each value that holds, and where it comes from
    #[arg(long)]
    pub effective: bool,
    /// Prints one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// Prints the reference configuration with every key, and checks nothing
    #[arg(long)]
    pub reference: bool,
}

/// A file other than the configuration, and what is wrong in it.
#[derive(Debug)]
pub struct Checked {
    pub file: String,
    pub text: String,
    pub diagnostics: Vec<Diagnostic>,
}

/// What is wrong around a configuration: with the flows, recordings and folders that it needs.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// With places in the configuration's text.
    pub notes: Vec<Diagnostic>,
    /// The flows, good ones too.
    pub flows: Vec<Checked>,
}

/// Looks at what is around a configuration, exactly as the start does. Handed in, because this command starts nothing.
pub type Look<'a> = &'a dyn Fn(&Config) -> Surroundings;

/// Runs the command with a file of this machine and its environment. `true` when there is no error: exit code 0.
///
/// # Errors
/// When `out` cannot be written.
pub fn run(arguments: &Arguments, look: Look<'_>, colour: bool, out: &mut dyn Write) -> io::Result<bool> {
    if arguments.reference {
        out.write_all(config::reference().as_bytes())?;
        return Ok(true);
    }
    let file = arguments.config.display().to_string();
    let report = match std::fs::read(&arguments.config).map(String::from_utf8) {
        Ok(Ok(text)) => check(&file, &text, &|name| std::env::var(name).ok(), look),
        Ok(Err(not_text)) => {
            let start = not_text.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(not_text.as_bytes()).into_owned();
            Report::unreadable(file, text, not_utf8(start))
        }
        Err(error) => Report::unreadable(file, String::new(), unreadable(&error)),
    };
    if arguments.json {
        report.write_json(arguments.effective, out)?;
    } else {
        report.write_text(arguments.effective, colour, out)?;
    }
    Ok(report.is_good())
}

/// Checks a configuration and all it needs. Pure but for `look`.
#[must_use]
pub fn check(file: &str, text: &str, env: &dyn Fn(&str) -> Option<String>, look: Look<'_>) -> Report {
    let loaded = config::load_explained(file, text, env);
    let text = loaded.masked(text);
    let Loaded { config, mut diagnostics, effective, .. } = loaded;
    let mut files = Vec::new();
    if let Some(config) = &config {
        let Surroundings { notes, flows } = look(config);
        diagnostics.extend(notes);
        document::sort(&mut diagnostics);
        files = flows;
    }
    files.insert(0, Checked { file: file.to_owned(), text, diagnostics });
    Report { files, effective, complete: config.is_some() }
}

/// All that was found.
#[derive(Debug)]
pub struct Report {
    /// The configuration first.
    files: Vec<Checked>,
    effective: Vec<Effective>,
    /// Whether the files that the configuration names were checked too.
    complete: bool,
}

impl Report {
    /// Whether there is no error; warnings are no errors.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.all().any(|(_, diagnostic)| diagnostic.is_error())
    }

    fn unreadable(file: String, text: String, diagnostic: Diagnostic) -> Report {
        let files = vec![Checked { file, text, diagnostics: vec![diagnostic] }];
        Report { files, effective: Vec::new(), complete: false }
    }

    fn all(&self) -> impl Iterator<Item = (&Checked, &Diagnostic)> {
        self.files.iter().flat_map(|checked| checked.diagnostics.iter().map(move |diagnostic| (checked, diagnostic)))
    }

    /// For people: the effective values when asked for, the mistakes, and one line that sums up.
    fn write_text(&self, effective: bool, colour: bool, out: &mut dyn Write) -> io::Result<()> {
        let Some(configuration) = self.files.first() else { return Ok(()) };
        if effective {
            self.write_effective(&configuration.file, out)?;
        }
        for checked in &self.files {
            write!(out, "{}", document::render(&checked.file, &checked.text, &checked.diagnostics, colour))?;
        }
        let diagnostics: Vec<Diagnostic> = self.all().map(|(_, diagnostic)| diagnostic.clone()).collect();
        let checked = match self.files.len() - 1 {
            0 => configuration.file.clone(),
            1 => format!("{} and 1 flow", configuration.file),
            flows => format!("{} and {flows} flows", configuration.file),
        };
        let verdict = match document::summary(&diagnostics) {
            none if none.is_empty() => "no mistakes".to_owned(),
            some => some,
        };
        let rest = if self.complete { "" } else { " (flows and recordings were not looked at)" };
        writeln!(out, "{checked}: {verdict}{rest}")
    }

    fn write_effective(&self, file: &str, out: &mut dyn Write) -> io::Result<()> {
        for Effective { path, value, origin } in &self.effective {
            let origin = match origin {
                Origin::File { line, column } => format!("{file}:{line}:{column}"),
                Origin::Default => "default".to_owned(),
                Origin::Environment { variable } => format!("environment variable {variable}"),
            };
            writeln!(out, "{:<44} # {origin}", format!("{path} = {value}"))?;
        }
        writeln!(out)
    }

    /// For programs: one object.
    fn write_json(&self, effective: bool, out: &mut dyn Write) -> io::Result<()> {
        let count = |severity| self.all().filter(|(_, diagnostic)| diagnostic.severity == severity).count();
        let mut diagnostics = Vec::new();
        for checked in &self.files {
            let lines = Lines::new(&checked.text);
            diagnostics.extend(checked.diagnostics.iter().map(|found| described(&checked.file, &lines, found)));
        }
        let mut object = serde_json::json!({
            "ok": self.is_good(),
            "complete": self.complete,
            "errors": count(Severity::Error),
            "warnings": count(Severity::Warning),
            "files": self.files.iter().map(|checked| checked.file.as_str()).collect::<Vec<_>>(),
            "diagnostics": diagnostics,
        });
        if effective {
            object["effective"] = serde_json::json!(self.effective);
        }
        serde_json::to_writer_pretty(&mut *out, &object)?;
        writeln!(out)
    }
}

/// A diagnostic with its place as line and column; `null` where it has none.
fn described(file: &str, lines: &Lines<'_>, found: &Diagnostic) -> serde_json::Value {
    let place = |span: &std::ops::Range<usize>| {
        let (line, column) = lines.line_column(span.start);
        let (end_line, end_column) = lines.line_column(span.end);
        (line, column, end_line, end_column)
    };
    let place = found.span.as_ref().map(place);
    serde_json::json!({
        "file": file,
        "line": place.map(|(line, ..)| line),
        "column": place.map(|(_, column, ..)| column),
        "end_line": place.map(|(_, _, line, _)| line),
        "end_column": place.map(|(.., column)| column),
        "severity": found.severity,
        "code": found.code,
        "message": found.message,
        "label": found.label,
        "help": found.help,
    })
}

fn unreadable(error: &io::Error) -> Diagnostic {
    Diagnostic::error(UNREADABLE, format!("the configuration cannot be read: {error}"))
        .help("name another file with --config, or write one: thirdring check --reference > thirdring.toml")
}

fn not_utf8(offset: usize) -> Diagnostic {
    Diagnostic::error(UNREADABLE, "the file is not UTF-8 text").at(offset..offset + 1)
}

/// The code of a file that is not there or is no text.
const UNREADABLE: &str = "CFG022";

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[server]\ntitle = \"우편고객센터\"\n\n[[number]]\nnumber = \"1300\"\nflow = \"postal-ko\"\n";

    fn one_flow(config: &Config) -> Surroundings {
        Surroundings { notes: config.check_names(&["postal-ko".to_owned()], &|_| true), flows: Vec::new() }
    }

    fn one_faulty_flow(_: &Config) -> Surroundings {
        let diagnostics = vec![Diagnostic::error("IVR010", "node 'main' goes nowhere").at(5..9)];
        let checked = Checked { file: "flows/postal-ko.toml".to_owned(), text: "id = \"x\"\n".to_owned(), diagnostics };
        Surroundings { notes: Vec::new(), flows: vec![checked] }
    }

    fn report(text: &str, look: Look<'_>) -> Report {
        check("thirdring.toml", text, &|_| None, look)
    }

    fn text(report: &Report, effective: bool) -> String {
        let mut out = Vec::new();
        report.write_text(effective, false, &mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("only text is written")
    }

    fn json(report: &Report, effective: bool) -> serde_json::Value {
        let mut out = Vec::new();
        report.write_json(effective, &mut out).expect("a vector takes everything");
        serde_json::from_slice(&out).expect("it is JSON")
    }

    #[test]
    fn a_good_file_is_told_in_one_line() {
        let report = report(GOOD, &one_flow);
        assert!(report.is_good());
        assert_eq!(text(&report, false), "thirdring.toml: no mistakes\n");
    }

    #[test]
    fn an_unknown_flow_is_found_where_the_number_names_it() {
        let report = report(&GOOD.replace("postal-ko", "postal-kr"), &one_flow);
        assert!(!report.is_good());
        let shown = text(&report, false);
        assert!(shown.contains("error[CFG012]: there is no flow 'postal-kr'"), "{shown}");
        assert!(shown.contains("--> thirdring.toml:6:8"), "{shown}");
        assert!(shown.contains("did you mean 'postal-ko'?"), "{shown}");
        assert!(shown.ends_with("thirdring.toml: 1 error\n"), "{shown}");
    }

    #[test]
    fn a_mistake_in_a_flow_fails_the_check() {
        let report = report(GOOD, &one_faulty_flow);
        assert!(!report.is_good());
        let shown = text(&report, false);
        assert!(shown.contains("--> flows/postal-ko.toml:1:6"), "{shown}");
        assert!(shown.ends_with("thirdring.toml and 1 flow: 1 error\n"), "{shown}");
    }

    #[test]
    fn a_broken_configuration_says_what_was_not_looked_at() {
        let report = report("[server]\ncalls_max = 0\n", &|_| unreachable!("there is no configuration to check"));
        assert!(text(&report, false).ends_with("1 error (flows and recordings were not looked at)\n"));
    }

    #[test]
    fn a_weak_password_is_not_shown_to_whoever_reads_the_log() {
        let text_of_file = "[security]\nbeyond_loopback = true\n[sip]\nlisten_udp = [\"192.0.2.1:5060\"]\n\
             [[device]]\nuser = \"1001\"\npassword = \"tiger\"\n";
        let shown = text(&report(text_of_file, &one_flow), true);
        assert!(shown.contains("is too short") && shown.contains("--> thirdring.toml:7:12"), "{shown}");
        assert!(!shown.contains("tiger"), "{shown}");
    }

    #[test]
    fn effective_values_name_their_origin() {
        let shown = text(&report(GOOD, &one_flow), true);
        let line = |start: &str| shown.lines().find(|line| line.starts_with(start)).expect("the value is listed");
        assert!(line("server.title = \"우편고객센터\"").ends_with("# thirdring.toml:2:9"));
        assert!(line("server.calls_max = 500").ends_with("# default"));
        assert!(line("number[1].flow").ends_with("# thirdring.toml:6:8"));
    }

    #[test]
    fn programs_get_lines_and_columns() {
        let report = report(&GOOD.replace("title", "titel"), &one_flow);
        let object = json(&report, true);
        assert_eq!(object["ok"], false);
        assert_eq!(object["errors"], 1);
        let found = &object["diagnostics"][0];
        assert_eq!((&found["code"], &found["line"], &found["column"]), (&"CFG002".into(), &2.into(), &1.into()));
        assert_eq!(found["end_column"], 6);
        assert_eq!(found["label"], "did you mean 'title'?");
        assert!(object["effective"].as_array().is_some_and(|values| values.len() > 40));
    }

    #[test]
    fn a_file_that_is_not_there_fails_with_a_next_step() {
        let arguments = Arguments {
            config: PathBuf::from("/nowhere/thirdring.toml"),
            effective: false,
            json: false,
            reference: false,
        };
        let mut out = Vec::new();
        let good = run(&arguments, &one_flow, false, &mut out).expect("a vector takes everything");
        let shown = String::from_utf8(out).expect("only text is written");
        assert!(!good);
        assert!(shown.contains("error[CFG022]") && shown.contains("--reference"), "{shown}");
    }

    #[test]
    fn the_reference_is_written_as_it_is() {
        let arguments = Arguments { config: PathBuf::new(), effective: false, json: false, reference: true };
        let mut out = Vec::new();
        assert!(run(&arguments, &one_flow, false, &mut out).expect("a vector takes everything"));
        assert_eq!(out, config::reference().as_bytes());
    }
}
