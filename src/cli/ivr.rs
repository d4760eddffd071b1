//! `thirdring ivr check | simulate | test | graph`: flow files read and written for `ivr::tool`, which does the work.
//! Never starts a server and never changes a file but for `test --bless` and `:save`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::ivr::check::World;
use crate::ivr::tool::{self, Case, GraphFormat, Setting, Simulator};
use crate::ivr::{CallFacts, Flow, load, transcript};
use crate::model::Language;

/// What can be asked of `thirdring ivr`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder of the flow files; its folder `tests` holds the transcripts
    #[arg(long, global = true, value_name = "FOLDER", default_value = "ivr-flows")]
    pub folder: PathBuf,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Tells every mistake of flow files
    Check(Check),
    /// Walks through a flow at the keyboard
    Simulate(Simulate),
    /// Runs transcripts
    Test(Test),
    /// Draws a flow
    Graph(Graph),
}

#[derive(Debug, clap::Args)]
pub struct Check {
    /// Ids or files; all flows of the folder when none is named
    pub flows: Vec<String>,
    /// Prints one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Simulate {
    /// An id or a file
    pub flow: String,
    /// When the call is answered, such as 2026-03-04T10:15+09:00; now when not said
    #[arg(long)]
    pub at: Option<Timestamp>,
    /// The caller's number
    #[arg(long, default_value = "01012345678")]
    pub from: String,
    /// The number dialled
    #[arg(long, default_value = "")]
    pub to: String,
    /// The caller's language; the flow's own when not said
    #[arg(long, value_name = "TAG")]
    pub lang: Option<String>,
    /// What the world answers, as in a transcript: --stub 'http.track 200 {"status":"…"}'
    #[arg(long, value_name = "WORDS")]
    pub stub: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub struct Test {
    /// Transcripts whose name contains one of these; all when none is named
    pub names: Vec<String>,
    /// Rewrites the transcripts that fail to what really happens
    #[arg(long)]
    pub bless: bool,
    /// Lists the keys that no transcript presses
    #[arg(long)]
    pub coverage: bool,
}

#[derive(Debug, clap::Args)]
pub struct Graph {
    /// An id or a file
    pub flow: String,
    /// mermaid, svg or text
    #[arg(long, default_value = "text", value_parser = GraphFormat::WORDS)]
    pub format: String,
}

/// Runs the command on the terminal. Exit code 0 when all is well, 1 when something is not.
#[must_use]
pub fn main(arguments: &Arguments) -> std::process::ExitCode {
    let colour = io::IsTerminal::is_terminal(&io::stdout()) && std::env::var_os("NO_COLOR").is_none();
    match run(arguments, None, colour, &mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(true) => std::process::ExitCode::SUCCESS,
        Ok(false) => std::process::ExitCode::FAILURE,
        // Whoever reads only the head of the answer has enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// Runs the command. `world` is the rest of the server, where it is known. `true` when all is well: exit code 0.
///
/// # Errors
/// When a file cannot be read or written, and when `out` cannot.
pub fn run(
    arguments: &Arguments,
    world: Option<&World<'_>>,
    colour: bool,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let folder = &arguments.folder;
    match &arguments.command {
        Command::Check(command) => check(folder, command, world, colour, out),
        Command::Simulate(command) => simulate(folder, command, colour, input, out),
        Command::Test(command) => test(folder, command, out),
        Command::Graph(command) => graph(folder, command, colour, out),
    }
}

fn check(
    folder: &Path,
    command: &Check,
    world: Option<&World<'_>>,
    colour: bool,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let files = if command.flows.is_empty() {
        files(folder, "toml")?
    } else {
        command.flows.iter().map(|flow| flow_file(folder, flow)).collect()
    };
    let mut passed = true;
    let mut found = BTreeMap::new();
    for file in files {
        let text = read(&file)?;
        let name = file.display().to_string();
        let report = tool::check_report(&name, &stem(&file), &text, Some(&environment), world, colour);
        passed &= report.passed;
        if command.json {
            found.insert(name, report.diagnostics);
        } else {
            out.write_all(report.text.as_bytes())?;
        }
    }
    if command.json {
        serde_json::to_writer_pretty(&mut *out, &found)?;
        writeln!(out)?;
    }
    Ok(passed)
}

fn simulate(
    folder: &Path,
    command: &Simulate,
    colour: bool,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let Some(flow) = flow(&flow_file(folder, &command.flow), colour, out)? else { return Ok(false) };
    let stubs = match transcript::parse_stubs(&command.stub) {
        Ok(stubs) => stubs,
        Err(problem) => {
            writeln!(out, "--stub: {problem}")?;
            return Ok(false);
        }
    };
    let language = command.lang.as_deref().map_or(Some(flow.language), Language::from_tag).unwrap_or(flow.language);
    let facts = CallFacts { caller: command.from.clone(), called: command.to.clone(), language };
    let setting = Setting { flow, facts, at: command.at.unwrap_or_else(Timestamp::now), stubs };
    let (mut simulator, mut reply) = Simulator::new(setting, &tool::spoken_length);
    loop {
        out.write_all(reply.text.as_bytes())?;
        if let Some((name, text)) = &reply.save {
            let file = folder.join("tests").join(format!("{name}.session"));
            fs::create_dir_all(folder.join("tests"))?;
            fs::write(&file, text)?;
            writeln!(out, "saved {}", file.display())?;
        }
        if reply.over {
            return Ok(true);
        }
        write!(out, "> ")?;
        out.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            writeln!(out)?;
            return Ok(true);
        }
        reply = simulator.line(&line);
    }
}

fn test(folder: &Path, command: &Test, out: &mut dyn Write) -> io::Result<bool> {
    let mut flows: BTreeMap<String, Arc<Flow>> = BTreeMap::new();
    for file in files(folder, "toml")? {
        // A flow that does not load fails the transcripts that name it; `check` says why.
        if let (Some(flow), _) = load::load_with(&stem(&file), &read(&file)?, &environment) {
            flows.insert(flow.id.clone(), Arc::new(flow));
        }
    }
    let wanted = |file: &PathBuf| {
        let name = stem(file);
        command.names.is_empty() || command.names.iter().any(|part| name.contains(part.as_str()))
    };
    let mut texts = Vec::new();
    for file in files(&folder.join("tests"), "session")?.into_iter().filter(wanted) {
        texts.push((stem(&file), read(&file)?, file));
    }
    if command.bless {
        for (name, text, file) in &mut texts {
            let case = Case { name, text };
            if tool::test_report(&[case], &flows, &tool::spoken_length, false).passed {
                continue;
            }
            match tool::bless(&case, &flows, &tool::spoken_length) {
                Ok(blessed) => {
                    fs::write(&*file, &blessed)?;
                    writeln!(out, "# rewrote {}", file.display())?;
                    *text = blessed;
                }
                Err(problem) => writeln!(out, "# cannot rewrite {name}: {problem}")?,
            }
        }
    }
    let cases: Vec<Case<'_>> = texts.iter().map(|(name, text, _)| Case { name, text }).collect();
    let report = tool::test_report(&cases, &flows, &tool::spoken_length, command.coverage);
    out.write_all(report.text.as_bytes())?;
    Ok(report.passed)
}

fn graph(folder: &Path, command: &Graph, colour: bool, out: &mut dyn Write) -> io::Result<bool> {
    let Some(flow) = flow(&flow_file(folder, &command.flow), colour, out)? else { return Ok(false) };
    let format = GraphFormat::from_word(&command.format).unwrap_or(GraphFormat::Text);
    out.write_all(tool::graph(&flow, format).as_bytes())?;
    Ok(true)
}

/// A flow that loads; otherwise its mistakes are printed.
fn flow(file: &Path, colour: bool, out: &mut dyn Write) -> io::Result<Option<Arc<Flow>>> {
    let text = read(file)?;
    let (flow, notes) = load::load_with(&stem(file), &text, &environment);
    if flow.is_none() {
        let name = file.display().to_string();
        out.write_all(crate::document::render(&name, &text, &notes, colour).as_bytes())?;
    }
    Ok(flow.map(Arc::new))
}

/// An id stands for the file of that name in the folder.
fn flow_file(folder: &Path, flow: &str) -> PathBuf {
    if flow.ends_with(".toml") { PathBuf::from(flow) } else { folder.join(format!("{flow}.toml")) }
}

/// The files of a folder with this ending, by name.
fn files(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| named(folder, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> io::Result<String> {
    fs::read_to_string(file).map_err(|error| named(file, &error))
}

fn named(file: &Path, error: &io::Error) -> io::Error {
    let help = match error.kind() {
        io::ErrorKind::NotFound => {
            "\n  help: flows are looked for in ivr-flows/ here; name another folder with --folder, or a file by its path"
        }
        _ => "",
    };
    io::Error::new(error.kind(), format!("{}: {error}{help}", file.display()))
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
