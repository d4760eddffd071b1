//! The demo's thread: a bank of telephones with sockets of its own, on loopback, calling the server like anybody else.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::clock::Clock;
use super::error::ServerError;
use super::server::on_local_set;
use crate::config::Config;
use crate::media::{self, Command, Library};
use crate::model::{Codec, Moment};
use crate::net::{Arrival, Effect, Letter, Machine, MediaThread, Pump, SipTransports};
use crate::phone::{Bank, BankSettings, Demo, DemoSettings, Input, Output, Tally};
use crate::sip::{self, Transport};

/// What `--demo` was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemoOptions {
    pub seed: u64,
    /// How much faster than life.
    pub speed: f64,
}

/// The running demo; dropping it ends it without a word to the server.
pub struct DemoThread {
    letters: mpsc::Sender<Letter<Word>>,
    thread: Option<std::thread::JoinHandle<()>>,
    pub tally: watch::Receiver<Tally>,
    left: watch::Receiver<bool>,
}

/// What a demo is told.
#[derive(Debug)]
pub enum Word {
    /// Hang up, all of you, and go home.
    Leave,
    Stop,
}

impl DemoThread {
    /// Starts the phones against a server at `server`.
    ///
    /// # Errors
    /// When sockets or threads can not be had.
    pub fn spawn(
        options: DemoOptions,
        config: &Config,
        server: SocketAddr,
        library: Arc<Library>,
        clock: Clock,
    ) -> Result<DemoThread, ServerError> {
        let (letters, mailbox) = mpsc::channel(LETTERS_MAX);
        let events = letters.clone();
        let deliver = Box::new(move |event| {
            // The demo may miss an event under load; the server it shows may not, and has its own queue.
            let _ = events.try_send(Letter::Media { worker: 0, event });
        });
        let settings = media::Settings { slots: LINES, ..media::Settings::default() };
        let (handle, ports) = MediaThread::spawn(
            usize::from(DEMO_WORKER),
            LOCALHOST,
            0,
            LINES,
            library,
            settings,
            clock.origin(),
            deliver,
        )?;
        let (publish, tally) = watch::channel(Tally::default());
        let (publish_left, left) = watch::channel(false);
        let demo = demo_settings(options, config);
        let thread = std::thread::Builder::new()
            .name("demo".to_owned())
            .spawn(move || {
                on_local_set("the demo", async move {
                    let any = SocketAddr::new(LOCALHOST, 0);
                    let Ok((transports, arrivals)) = SipTransports::bind(&[any], &[]).await else { return };
                    let listeners = transports.listeners().to_vec();
                    let bank = Bank::new(bank_settings(&listeners, server, ports), seed_of(options.seed));
                    let machine = Players { demo: Demo::new(demo, bank, clock.now()), publish, left: publish_left };
                    let origin = clock.origin();
                    Pump { machine, transports, arrivals, letters: mailbox, media: vec![handle], origin }.run().await;
                });
            })
            .map_err(|source| ServerError::Start { what: "the demo thread", source })?;
        Ok(DemoThread { letters, thread: Some(thread), tally, left })
    }

    /// Everybody hangs up; returns when the server has heard it, or had the time to.
    pub async fn leave(mut self) {
        if self.letters.send(Letter::Control(Word::Leave)).await.is_err() {
            return;
        }
        // Whoever is not heard by then is told apart by the server's own clocks.
        let _ = tokio::time::timeout(LEAVE_MAX, self.left.wait_for(|left| *left)).await;
    }
}

impl Drop for DemoThread {
    fn drop(&mut self) {
        // Full or closed: either way the thread is told by the closing of the queue.
        let _ = self.letters.try_send(Letter::Control(Word::Stop));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn demo_settings(options: DemoOptions, config: &Config) -> DemoSettings {
    let agents = config
        .agents
        .iter()
        .filter_map(|agent| {
            let device = config.device(&agent.device)?;
            let direct = agent.direct_number.as_ref().map_or(agent.device.as_str(), |number| number.reveal());
            Some((device.user.clone(), device.password.reveal().to_owned(), direct.to_owned()))
        })
        .collect();
    let hotline = config.numbers.first().map_or_else(String::new, |number| number.number.reveal().to_owned());
    DemoSettings {
        hotline,
        agents,
        log_in: config.feature_codes.login.clone(),
        calls_per_second: PEAK_CALLS_PER_SECOND,
        speed: options.speed,
        seed: options.seed,
        callers_max: CALLERS_MAX,
    }
}

fn bank_settings(listeners: &[(Transport, SocketAddr)], server: SocketAddr, ports: Vec<u16>) -> BankSettings {
    let local = listeners.first().map_or(server, |(_, address)| *address);
    BankSettings {
        sip: sip::Settings {
            listeners: listeners.to_vec(),
            trunks: vec![sip::TrunkPeer { name: "server".to_owned(), addresses: vec![server.ip()], port: None }],
            user_agent: "Thirdring demo phone".to_owned(),
            ..sip::Settings::default()
        },
        server,
        transport: Transport::Udp,
        local,
        media_address: LOCALHOST,
        ports,
        codecs: vec![Codec::Pcma, Codec::Pcmu],
    }
}

fn seed_of(seed: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes
}

/// The demo as the pump drives it.
struct Players {
    demo: Demo,
    publish: watch::Sender<Tally>,
    left: watch::Sender<bool>,
}

impl Players {
    fn tell_who_left(&self) {
        self.left.send_if_modified(|left| std::mem::replace(left, self.demo.has_left()) != *left);
    }
}

impl Machine for Players {
    type Control = Word;
    type Errand = ();

    fn arrived(&mut self, now: Moment, arrival: Arrival) {
        let input = match arrival {
            Arrival::Datagram { flow, bytes } => Input::Datagram { flow, bytes },
            Arrival::Stream { flow, bytes } => Input::Stream { flow, bytes },
            Arrival::Closed { connection } => Input::Closed { connection },
            Arrival::TransportError { flow } => Input::TransportError { flow },
            Arrival::Connected { .. } => return,
        };
        self.demo.handle(now, input);
        self.tell_who_left();
    }

    fn media(&mut self, now: Moment, _worker: usize, event: media::Event) {
        self.demo.handle(now, Input::Media(event));
        self.tell_who_left();
    }

    fn told(&mut self, now: Moment, word: Word) -> bool {
        match word {
            Word::Leave => self.demo.leave(now),
            Word::Stop => return false,
        }
        self.tell_who_left();
        true
    }

    fn handle_timeout(&mut self, now: Moment) {
        self.demo.handle_timeout(now);
        self.tell_who_left();
        self.publish.send_if_modified(|shown| {
            let tally = self.demo.tally();
            std::mem::replace(shown, tally) != tally
        });
    }

    fn poll_timeout(&self) -> Option<Moment> {
        self.demo.poll_timeout()
    }

    fn poll_effect(&mut self) -> Option<Effect<()>> {
        loop {
            match self.demo.poll_output()? {
                Output::Sip(transmit) => return Some(Effect::Sip(transmit)),
                Output::Media(command) => return Some(media_effect(command)),
                _ => {}
            }
        }
    }

    fn errand(&mut self, _now: Moment, (): ()) {}
}

fn media_effect(command: Command) -> Effect<()> {
    Effect::Media { worker: 0, command }
}

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The name of the demo's media thread, after any of the server's.
const DEMO_WORKER: u8 = 99;

/// Callers and agents on the line at once: 28 agents and the longest queue that patience allows, with room.
const LINES: u16 = 200;

const CALLERS_MAX: usize = 120;

/// A round trip to the server for each of them, with a retransmission.
const LEAVE_MAX: Duration = Duration::from_secs(2);

/// Letters that may wait for the demo.
const LETTERS_MAX: usize = 16_384;

/// A tenth of 38,000 calls a day, 12 % of them in the busiest hour: 456 an hour.
const PEAK_CALLS_PER_SECOND: f64 = 0.127;
