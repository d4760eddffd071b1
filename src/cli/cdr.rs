//! `thirdring cdr`: call records from the database, as a table, CSV or JSON. Reads only, beside a running server or
//! without one; telephone numbers stay masked unless `--reveal` asks for them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::{configuration, table};
use crate::document::did_you_mean;
use crate::model::{CallDirection, Outcome};
use crate::store::{CallFilter, CsvField, Query, Store, StoredCall, StoredLeg, View, csv_row, parse_when};

/// Which records, from where, and how they are written.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Configuration that names the data folder and the time zone
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder of the server
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The database file itself
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub database: Option<PathBuf>,
    /// Received at or after: today, 2h, 2026-03-04, 2026-03-04T10:15
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Received before
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Caller's number
    #[arg(long, value_name = "NUMBER")]
    pub from: Option<String>,
    /// Dialled number
    #[arg(long, value_name = "NUMBER")]
    pub to: Option<String>,
    /// Last queue
    #[arg(long, value_name = "NAME")]
    pub queue: Option<String>,
    /// Last agent
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// What became of the call
    #[arg(long, value_name = "WORD", value_parser = outcome_of)]
    pub outcome: Option<Outcome>,
    /// At most this many, the newest first
    #[arg(long, value_name = "N", default_value_t = CallFilter::LIMIT_DEFAULT,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(CallFilter::LIMIT_MAX)))]
    pub limit: u32,
    /// Each call's legs too; CSV then has one line a leg
    #[arg(long)]
    pub legs: bool,
    /// How records are written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Shows telephone numbers whole
    #[arg(long)]
    pub reveal: bool,
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// For spreadsheets (RFC 4180), harmless to open
    Csv,
    /// For programs
    Json,
}

/// Runs the command. Exit code 1 when the records cannot be read.
#[must_use]
pub fn run(arguments: &Arguments) -> ExitCode {
    match report(arguments) {
        Ok(text) => {
            // Whoever closes the pipe early (`| head`) has seen enough.
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{}", why.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// A call with the legs that were asked for.
type Found = (StoredCall, Vec<StoredLeg>);

fn report(arguments: &Arguments) -> Result<String, String> {
    let (database, zone) = place_of(arguments)?;
    let filter = filter_of(arguments, &zone)?;
    let store = Store::open_existing(&database).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let found = runtime.block_on(read(&store.query(), &filter, arguments.legs))?;
    let view = View { zone, reveal: arguments.reveal };
    match arguments.format {
        Format::Table if found.is_empty() => Ok("no calls match\n".to_owned()),
        Format::Table => Ok(as_table(&found, &view)),
        Format::Csv if arguments.legs => Ok(legs_as_csv(&found, &view)),
        Format::Csv => Ok(calls_as_csv(&found, &view)),
        Format::Json => as_json(&found, &view, arguments.legs),
    }
}

/// The database file and the time zone: what is said wins over what the configuration says.
fn place_of(arguments: &Arguments) -> Result<(PathBuf, TimeZone), String> {
    let config = configuration::load(arguments.config.as_deref())?;
    let zone = TimeZone::get(&config.server.timezone).unwrap_or(TimeZone::UTC);
    let in_folder = |folder: &Path| folder.join(Store::FILE_NAME);
    let database = match (&arguments.database, &arguments.data) {
        (Some(file), _) => file.clone(),
        (None, Some(folder)) => in_folder(folder),
        (None, None) => in_folder(&config.server.data.ok_or(
            "no data folder: this configuration keeps records in memory\n  help: name the folder with --data, \
             or the configuration that names it with --config",
        )?),
    };
    Ok((database, zone))
}

fn filter_of(arguments: &Arguments, zone: &TimeZone) -> Result<CallFilter, String> {
    let now = jiff::Timestamp::now().to_zoned(zone.clone());
    let when = |option: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => parse_when(text, &now).map(Some).ok_or_else(|| {
            format!("{option} {text}: this is no time\n  help: write today, 2h, 2026-03-04 or 2026-03-04T10:15")
        }),
    };
    Ok(CallFilter {
        since_ms: when("--since", &arguments.since)?,
        until_ms: when("--until", &arguments.until)?,
        from: arguments.from.clone(),
        to: arguments.to.clone(),
        queue: arguments.queue.clone(),
        agent: arguments.agent.clone(),
        outcome: arguments.outcome,
        limit: Some(arguments.limit),
    })
}

async fn read(query: &Query, filter: &CallFilter, legs: bool) -> Result<Vec<Found>, String> {
    let mut found = Vec::new();
    for call in query.calls(filter).await.map_err(|error| error.to_string())? {
        let legs =
            if legs { query.legs(call.run, call.call).await.map_err(|error| error.to_string())? } else { Vec::new() };
        found.push((call, legs));
    }
    Ok(found)
}

fn as_table(found: &[Found], view: &View) -> String {
    let head = ["RECEIVED", "DIRECTION", "FROM", "TO", "QUEUE", "AGENT", "OUTCOME", "WAIT", "TALK", "ENDED BY"];
    let mut head = head.map(str::to_owned);
    // Whoever reads this may sit in another zone than the centre.
    if let Some((call, _)) = found.first() {
        head[0] = format!("RECEIVED {}", view.zone_name(call.received_ms));
    }
    let mut rows = vec![head];
    for (call, legs) in found {
        rows.push([
            short_time(view, call.received_ms),
            dashed(call.direction.map_or("", CallDirection::word)),
            view.number(&call.from),
            view.number(&call.to),
            dashed(&call.queue),
            dashed(&call.agent),
            call.outcome.word().to_owned(),
            minutes(call.waited_ms),
            minutes(call.talked_ms),
            call.ended_by.word().to_owned(),
        ]);
        rows.extend(legs.iter().map(|leg| leg_row(leg, view)));
    }
    table::aligned(&rows)
}

/// A leg below its call: how long its phone rang stands below WAIT, how it sounded at the end.
fn leg_row(leg: &StoredLeg, view: &View) -> [String; 10] {
    let since = |start: Option<i64>, end: i64| start.map_or_else(|| "-".to_owned(), |start| minutes(end - start));
    let answered_or_ended = leg.answered_ms.unwrap_or(leg.ended_ms);
    let heard = leg.codec.map_or_else(String::new, |codec| {
        let expected = leg.packets_received + leg.packets_lost;
        let lost = if expected > 0 { 100.0 * leg.packets_lost as f64 / expected as f64 } else { 0.0 };
        format!("{}, {lost:.2} % lost, {:.1} ms jitter", codec.name(), leg.jitter_us as f64 / 1_000.0)
    });
    [
        format!("  leg {} {}", leg.leg, leg.role.word()),
        String::new(),
        view.number(&leg.party),
        String::new(),
        String::new(),
        dashed(leg.agent.as_deref().unwrap_or_default()),
        format!("SIP {}", leg.status),
        since(leg.ringing_ms, answered_or_ended),
        since(leg.answered_ms, leg.ended_ms),
        heard,
    ]
}

fn calls_as_csv(found: &[Found], view: &View) -> String {
    let mut text = csv_row(&CALL_COLUMNS.map(CsvField::Text));
    for (call, _) in found {
        let shown = view.call(call);
        text.push_str(&csv_row(&[
            CsvField::Text(&shown.id),
            CsvField::Text(&shown.received),
            optional(&shown.answered),
            optional(&shown.connected),
            CsvField::Text(&shown.ended),
            CsvField::Text(&shown.from),
            CsvField::Text(&shown.to),
            CsvField::Text(shown.outcome),
            CsvField::Text(shown.ended_by),
            CsvField::Number(call.status),
            CsvField::Text(&call.flow),
            CsvField::Text(&call.path),
            CsvField::Text(&call.queue),
            CsvField::Text(&call.agent),
            CsvField::Number(call.waited_ms),
            CsvField::Number(call.talked_ms),
            CsvField::Number(call.held_ms),
            CsvField::Number(call.transfers),
            shown.direction.map_or(CsvField::Empty, CsvField::Text),
        ]));
    }
    text
}

fn legs_as_csv(found: &[Found], view: &View) -> String {
    let mut text = csv_row(&LEG_COLUMNS.map(CsvField::Text));
    for (call, legs) in found {
        let call_id = view.call(call).id;
        for leg in legs {
            let shown = view.leg(leg);
            text.push_str(&csv_row(&[
                CsvField::Text(&call_id),
                CsvField::Number(leg.leg),
                CsvField::Text(shown.role),
                CsvField::Text(&shown.party),
                optional(&shown.agent),
                CsvField::Text(&shown.started),
                optional(&shown.ringing),
                optional(&shown.answered),
                CsvField::Text(&shown.ended),
                CsvField::Number(leg.status),
                shown.codec.map_or(CsvField::Empty, CsvField::Text),
                CsvField::Number(leg.packets_received),
                CsvField::Number(leg.packets_sent),
                CsvField::Number(leg.packets_lost),
                CsvField::Number(leg.jitter_us),
            ]));
        }
    }
    text
}

fn as_json(found: &[Found], view: &View, with_legs: bool) -> Result<String, String> {
    let shown: Vec<_> = found
        .iter()
        .map(|(call, legs)| {
            let mut shown = view.call(call);
            shown.legs = with_legs.then(|| legs.iter().map(|leg| view.leg(leg)).collect());
            shown
        })
        .collect();
    serde_json::to_string_pretty(&shown).map(|text| text + "\n").map_err(|error| error.to_string())
}

fn optional(text: &Option<String>) -> CsvField<'_> {
    text.as_deref().map_or(CsvField::Empty, CsvField::Text)
}

fn dashed(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

/// `2026-03-04 10:07:00`, in the centre's zone.
fn short_time(view: &View, unix_ms: i64) -> String {
    view.time(unix_ms).get(..19).unwrap_or_default().replace('T', " ")
}

/// `3:05`, `62:10`.
fn minutes(millis: i64) -> String {
    let seconds = millis.max(0) / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn outcome_of(word: &str) -> Result<Outcome, String> {
    Outcome::ALL.into_iter().find(|outcome| outcome.word() == word).ok_or_else(|| {
        let words = Outcome::ALL.map(Outcome::word);
        match did_you_mean(word, words) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("one of {}", words.join(", ")),
        }
    })
}

const CALL_COLUMNS: [&str; 19] = [
    "id",
    "received",
    "answered",
    "connected",
    "ended",
    "from",
    "to",
    "outcome",
    "ended_by",
    "status",
    "flow",
    "path",
    "queue",
    "agent",
    "waited_ms",
    "talked_ms",
    "held_ms",
    "transfers",
    "direction",
];

const LEG_COLUMNS: [&str; 15] = [
    "call",
    "leg",
    "role",
    "party",
    "agent",
    "started",
    "ringing",
    "answered",
    "ended",
    "status",
    "codec",
    "packets_received",
    "packets_sent",
    "packets_lost",
    "jitter_us",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::center::event::EventKind;
    use crate::model::PhoneNumber;
    use crate::store::Settings;
    use crate::store::testing::{TempFolder, call_ended, leg_ended, names};
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    /// What `thirdring cdr` with these words prints, over a database of two calls, one by a caller called formula.
    fn cdr(words: &[&str]) -> Result<String, String> {
        let folder = TempFolder::new("cdr");
        let store = Store::open(&folder.file(Store::FILE_NAME)).expect("a new file can be made");
        let writer = store.start_writer(names(), Settings::default()).expect("threads can be started");
        let mut formula = call_ended(3, 8);
        if let EventKind::CallEnded { record } = &mut formula.kind {
            record.direction = CallDirection::Internal;
            record.from = PhoneNumber::new("=cmd|' /C calc'!A0");
            record.queue = "국제·EMS".into();
            record.agent.clear();
        }
        [call_ended(1, 7), leg_ended(2, 7, 1), formula].into_iter().for_each(|event| writer.sender().send(event));
        writer.close();
        let data = folder.path().display().to_string();
        let line = Line::try_parse_from(["cdr", "--data", &data].iter().chain(words)).map_err(|e| e.to_string())?;
        report(&line.arguments)
    }

    #[test]
    fn the_table_is_straight_with_korean_names_and_masked_numbers() {
        assert_eq!(
            cdr(&[]).expect("the records can be read"),
            "\
RECEIVED KST         DIRECTION  FROM           TO    QUEUE     AGENT   OUTCOME   WAIT  TALK  ENDED BY
2026-03-04 10:08:00  internal   =c****         1300  국제·EMS  -       answered  0:12  3:00  caller
2026-03-04 10:07:00  inbound    010-****-5678  1300  domestic  haneul  answered  0:12  3:00  caller
"
        );
    }

    #[test]
    fn legs_stand_below_their_call() {
        let text = cdr(&["--legs", "--queue", "domestic"]).expect("the records can be read");
        let leg = text.lines().nth(2).expect("a leg below the call");
        assert!(leg.starts_with("  leg 1 agent"), "{text}");
        assert!(leg.ends_with("SIP 200   0:03  2:56  PCMA, 0.05 % lost, 1.3 ms jitter"), "{text}");
    }

    #[test]
    fn csv_is_harmless_and_reveals_only_when_asked() {
        let text = cdr(&["--format", "csv", "--reveal"]).expect("the records can be read");
        assert!(text.starts_with("\"id\",\"received\""));
        assert!(text.contains("\"'=cmd|' /C calc'!A0\""), "{text}");
        assert!(text.contains("\"01012345678\""));
        let masked = cdr(&["--format", "csv", "--legs"]).expect("the records can be read");
        assert_eq!(masked.lines().count(), 2);
        assert!(!masked.contains("01012345678"));
    }

    #[test]
    fn json_is_an_array_even_when_nothing_matches() {
        let text = cdr(&["--format", "json", "--legs", "--agent", "haneul"]).expect("the records can be read");
        let calls: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((calls[0]["from"].as_str(), calls[0]["legs"][0]["leg"].as_i64()), (Some("010-****-5678"), Some(1)));
        assert_eq!(cdr(&["--format", "json", "--agent", "nobody"]).expect("readable"), "[]\n");
        assert_eq!(cdr(&["--agent", "nobody"]).expect("readable"), "no calls match\n");
    }

    #[test]
    fn what_is_not_understood_is_said_with_a_way_out() {
        assert!(cdr(&["--since", "soon"]).expect_err("no time").contains("--since soon"));
        assert!(cdr(&["--outcome", "answerd"]).expect_err("no outcome").contains("did you mean answered?"));
        assert!(cdr(&["--limit", "0"]).expect_err("no limit").contains("--limit"));
        // Whatever lies in the folder that the tests run in must not matter.
        let folder = TempFolder::new("cdr-memory");
        let config = folder.file("thirdring.toml");
        std::fs::write(&config, "[server]\ndata = \"\"\n").expect("the folder can be written");
        let line = Line::try_parse_from(["cdr", "--config", &config.display().to_string()]).expect("a sound line");
        assert!(report(&line.arguments).expect_err("in memory").contains("--data"));
    }
}
