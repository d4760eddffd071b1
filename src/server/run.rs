//! Runs the server until a signal ends it: SIGTERM and Ctrl-C drain, a second one ends at once, SIGHUP reloads flows,
//! SIGUSR1 prints the live tables.

use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use super::banner;
use super::demo::{DemoOptions, DemoThread};
use super::error::ServerError;
use super::server::Server;
use crate::config::Config;
use crate::sip::Transport;

/// How to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// No configuration was given.
    pub development: bool,
    pub demo: Option<DemoOptions>,
}

/// Starts, prints what to dial, and serves until told to stop.
///
/// # Errors
/// Whatever kept it from starting.
pub fn run(config: Config, options: Options, started: Instant) -> Result<(), ServerError> {
    let drain = config.server.drain;
    let server = Server::start(config)?;
    let text = match options.development {
        true => banner::development(&server, options.demo.is_some(), started.elapsed()),
        false => banner::configured(&server, started.elapsed()),
    };
    print!("{text}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| ServerError::Start { what: "the signal loop", source })?;
    runtime.block_on(serve(server, options, drain))
}

async fn serve(mut server: Server, options: Options, drain: Duration) -> Result<(), ServerError> {
    let failed = |source| ServerError::Start { what: "the signal handlers", source };
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    let mut user = signal(SignalKind::user_defined1()).map_err(failed)?;
    let demo = options.demo.map(|options| start_demo(options, &server)).transpose()?;
    let mut wishes = server.take_wishes();
    let mut tick = tokio::time::interval(DEMO_LINE_INTERVAL);
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => match server.reload().await {
                Ok(_) => println!("  flows reloaded; configuration and prompts are those of the start"),
                Err(error) => eprintln!("{error}"),
            },
            _ = user.recv() => print!("{}", server.dump().await.unwrap_or_default()),
            Some(wish) = async { wishes.as_mut()?.recv().await } => server.obey(wish).await,
            _ = tick.tick(), if demo.is_some() => {
                if let Some(demo) = &demo {
                    println!("{}", demo_line(demo));
                }
            }
        }
    }
    if let Some(demo) = demo {
        demo.leave().await;
        // The next picture shows that their calls are over.
        tokio::time::sleep(PICTURE_INTERVAL).await;
    }
    server.drain().await;
    let until = Instant::now() + drain;
    let mut told = None;
    while server.calls_active() > 0 && Instant::now() < until {
        let calls = server.calls_active();
        if told.is_none_or(|(count, at): (usize, Instant)| count != calls || at.elapsed() >= DRAIN_LINE_INTERVAL) {
            told = Some((calls, Instant::now()));
            println!("{}", drain_line(calls, seconds_to(until)));
        }
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
    let status = server.stop().await;
    if status.lost > 0 {
        eprintln!("{} events could not be saved", status.lost);
    }
    println!("  stopped; {} events written, {} spooled", status.written, status.spooled);
    Ok(())
}

fn start_demo(options: DemoOptions, server: &Server) -> Result<DemoThread, ServerError> {
    let address = server.listeners.iter().find(|(transport, _)| *transport == Transport::Udp).map(|(_, at)| *at);
    let address = address.ok_or(ServerError::Demo)?;
    println!("  Demo: seed {}, {} times as fast as life. The live page shows it.", options.seed, options.speed);
    DemoThread::spawn(options, server.config(), address, server.library().clone(), server.clock())
}

fn demo_line(demo: &DemoThread) -> String {
    let tally = *demo.tally.borrow();
    format!(
        "  demo: {} agents in · {} on the line · {} called · {} talked · {} gave up · {} transferred · {} failed",
        tally.agents_ready,
        tally.on_the_line,
        tally.called,
        tally.connected,
        tally.gave_up,
        tally.transferred,
        tally.failed
    )
}

fn drain_line(calls: usize, seconds: u64) -> String {
    let left = if calls == 1 { "1 call goes on".to_owned() } else { format!("{calls} calls go on") };
    format!("  draining: {left}, new ones are refused; at most {seconds} s more. Ctrl-C again ends it at once.")
}

fn seconds_to(until: Instant) -> u64 {
    until.saturating_duration_since(Instant::now()).as_secs()
}

/// Longer than between two pictures of the live page, by which calls are counted.
const PICTURE_INTERVAL: Duration = Duration::from_millis(300);

/// How often the end says how many calls are left, when their number stays the same.
const DRAIN_LINE_INTERVAL: Duration = Duration::from_secs(15);

/// How often the demo says how it goes.
const DEMO_LINE_INTERVAL: Duration = Duration::from_secs(10);
