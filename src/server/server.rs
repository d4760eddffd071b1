//! Starts every thread in order, hands each its ends of the queues, and stops them in order.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::assemble;
use super::clock::Clock;
use super::control::{Control, Count, Outlets, Switchboard};
use super::errands;
use super::error::ServerError;
use super::flows::CheckedFlows;
use super::reload::Reload;
use super::surroundings::Surroundings;
use crate::api::{self, Asked, Door, Handles, Metrics, Plumbing, Readiness, SipTransport, Vocabulary};
use crate::center::admin::{AdminCommand, AdminError, AdminReply};
use crate::center::board::Board;
use crate::center::event::Event;
use crate::center::{Center, Input};
use crate::config::Config;
use crate::media::{self, Command, Library};
use crate::net::{Letter, MediaCounter, MediaHandle, MediaThread, NetError, Pump, SipTransports};
use crate::sip::Transport;
use crate::store::{self, RecordingInput, RecordingSender, Recordings, Store, Writer};

/// A running server. Stop it with `stop`; dropping it stops it too, without a word.
pub struct Server {
    config: Arc<Config>,
    clock: Clock,
    library: Arc<Library>,
    pub listeners: Vec<(Transport, SocketAddr)>,
    pub http: SocketAddr,
    letters: mpsc::Sender<Letter<Control>>,
    metrics: Arc<Metrics>,
    board: watch::Receiver<Arc<Board>>,
    readiness: watch::Sender<Readiness>,
    control: Option<std::thread::JoinHandle<()>>,
    api: Option<(oneshot::Sender<()>, std::thread::JoinHandle<()>)>,
    reloads: Option<mpsc::Receiver<Asked>>,
    writer: Option<Writer>,
    _recordings: Recordings,
    /// After all that write into its folder, which goes with it when it is a temporary one.
    store: Store,
}

impl Server {
    /// Starts everything; returns when calls can come in.
    ///
    /// # Errors
    /// Whatever keeps it from starting, with what to do about it.
    pub fn start(config: Config) -> Result<Server, ServerError> {
        let clock = Clock::start();
        raise_file_limit();
        let config = Arc::new(config);
        let Surroundings { library, flows, .. } = checked(&config)?;
        let library = Arc::new(library);
        // Before any thread that would have to be stopped again, should the address be taken.
        let http_listeners = HttpListeners::bind(&config)?;
        let store = open_store(&config)?;
        let writer = store.start_writer(names(&config), store::Settings::default())?;
        let recordings = Recordings::spawn(store.path().with_file_name(RECORDINGS))?;
        let metrics = Arc::new(Metrics::new(vocabulary(&config, &flows)));
        let (letters, mailbox) = mpsc::channel(LETTERS_MAX);
        let (board_out, board) = watch::channel(Arc::new(Board::default()));
        let (errand_out, errands) = mpsc::channel(ERRANDS_MAX);
        let (media, ports) = start_media(&config, &library, clock, &letters, &recordings.sender())?;
        recordings.give_back_to(media.iter().map(give_back).collect());
        let outlets = Outlets {
            events: writer.sender(),
            observe: observing(&metrics),
            count: counting(&metrics, &media, &writer, recordings.sender()),
            recordings: recordings.sender(),
            board: board_out,
            errands: errand_out,
        };
        let flows = flows.good().unwrap_or_default();
        let start = ControlStart {
            config: Arc::clone(&config),
            clock,
            flows,
            library: Arc::clone(&library),
            media,
            ports,
            mailbox,
            outlets,
        };
        let (control, listeners) = start.spawn()?;
        let (readiness, ready) = watch::channel(Readiness::Ready);
        let (commands, asked) = mpsc::channel(COMMANDS_MAX);
        let handles = Handles {
            title: config.server.title.clone(),
            timezone: config.server.timezone.clone(),
            board: board.clone(),
            commands,
            metrics: Arc::clone(&metrics),
            readiness: ready,
            query: store.query(),
            door: door(&config),
        };
        let (http, api) = start_api(&config, http_listeners, handles, errands, letters.clone())?;
        Ok(Server {
            config,
            clock,
            library,
            listeners,
            http,
            letters,
            metrics,
            board,
            readiness,
            control: Some(control),
            api: Some(api),
            reloads: Some(asked),
            writer: Some(writer),
            _recordings: recordings,
            store,
        })
    }

    /// The database's file; `None` when all is kept in memory.
    #[must_use]
    pub fn database(&self) -> Option<&Path> {
        self.config.server.data.as_ref().map(|_| self.store.path())
    }

    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    #[must_use]
    pub fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// Calls that are not over, as of the last picture.
    #[must_use]
    pub fn calls_active(&self) -> usize {
        self.board.borrow().calls_active
    }

    /// Wishes from the API, to be carried out with `obey`. Taken once.
    pub fn take_wishes(&mut self) -> Option<mpsc::Receiver<Asked>> {
        self.reloads.take()
    }

    /// Carries out one wish: flows are read here, everything else is the center's.
    pub async fn obey(&self, asked: Asked) {
        if asked.command == AdminCommand::ReloadFlows {
            // Whoever asked may have gone.
            let _ = asked.reply.send(self.reload().await);
            return;
        }
        let letter = Letter::Control(Control::Ask { command: asked.command, reply: asked.reply });
        if self.letters.send(letter).await.is_err() {
            tracing::error!("the control thread is gone");
        }
    }

    /// Reads the flows again; a bad file never replaces a good one, nor does a set that lacks a flow which a number
    /// needs. Configuration and prompts stay as they were at the start.
    ///
    /// # Errors
    /// The mistakes, one line each; the old flows stay.
    pub async fn reload(&self) -> Result<AdminReply, AdminError> {
        let Reload { flows, words, problems, warnings, report } = Reload::of(&self.config, &self.library);
        let count = flows.len();
        let input = Input::Flows { flows, problems: problems.len() };
        if self.letters.send(Letter::Control(Control::Input(input))).await.is_err() {
            return Err(AdminError::Stopping);
        }
        if !problems.is_empty() {
            tracing::error!("the flows were not reloaded; the running ones are kept\n{report}");
            return Err(AdminError::FlowsRefused { problems });
        }
        self.metrics.learn_flows(&words);
        tracing::info!(flows = count, "flows reloaded; configuration and prompts are those of the start");
        if !report.is_empty() {
            tracing::warn!("somebody should look at this:\n{report}");
        }
        Ok(AdminReply::FlowsReloaded { flows: count, warnings })
    }

    /// The live tables as text; numbers are masked. `None` when the control thread is gone.
    pub async fn dump(&self) -> Option<String> {
        let (reply, dump) = oneshot::channel();
        self.letters.send(Letter::Control(Control::Dump(reply))).await.ok()?;
        dump.await.ok()
    }

    /// Takes no new calls from now on; running calls go on.
    pub async fn drain(&self) {
        self.readiness.send_replace(Readiness::Draining);
        // A control thread that is gone has nothing to drain.
        let _ = self.letters.send(Letter::Control(Control::Input(Input::Drain))).await;
    }

    /// Ends what is left, then every thread; returns when all records are written.
    pub async fn stop(mut self) -> store::Status {
        self.drain().await;
        let _ = self.letters.send(Letter::Control(Control::Input(Input::EndAll))).await;
        // BYEs want their answers, and legs their last statistics.
        tokio::time::sleep(FAREWELL).await;
        self.halt();
        self.writer.take().map(Writer::close).unwrap_or_default()
    }

    fn halt(&mut self) {
        if let Some(control) = self.control.take() {
            if self.letters.try_send(Letter::Control(Control::Stop)).is_err() {
                tracing::error!("the control thread does not listen");
            }
            // A thread that panicked has said so already.
            let _ = control.join();
        }
        if let Some((stop, api)) = self.api.take() {
            let _ = stop.send(());
            let _ = api.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.halt();
    }
}

/// What the control thread is born with.
struct ControlStart {
    config: Arc<Config>,
    clock: Clock,
    flows: Vec<Arc<crate::ivr::Flow>>,
    library: Arc<Library>,
    media: Vec<MediaHandle>,
    ports: Vec<Vec<u16>>,
    mailbox: mpsc::Receiver<Letter<Control>>,
    outlets: Outlets,
}

type Listeners = Vec<(Transport, SocketAddr)>;

impl ControlStart {
    fn spawn(self) -> Result<(std::thread::JoinHandle<()>, Listeners), ServerError> {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || {
                on_local_set("control", async move {
                    let bound = SipTransports::bind(&self.config.sip.listen_udp, &self.config.sip.listen_tcp).await;
                    let (transports, arrivals) = match bound {
                        Ok(bound) => bound,
                        Err(error) => return drop(tell.send(Err(error))),
                    };
                    let listeners = transports.listeners().to_vec();
                    let settings = assemble::settings(&self.config, &listeners, self.ports);
                    let (now, wall) = (self.clock.now(), self.clock.wall());
                    let center = Center::new(settings, self.flows, self.library, wall, seed(), now);
                    // Whoever started us waits for this.
                    let _ = tell.send(Ok(listeners));
                    Pump {
                        machine: Switchboard::new(center, self.outlets, transports.counts().clone()),
                        transports,
                        arrivals,
                        letters: self.mailbox,
                        media: self.media,
                        origin: self.clock.origin(),
                    }
                    .run()
                    .await;
                });
            })
            .map_err(|source| ServerError::Start { what: "the control thread", source })?;
        let listeners = told.recv().map_err(|_| ServerError::Control)??;
        Ok((thread, listeners))
    }
}

/// A single-threaded runtime with a `LocalSet`, until the future is done.
pub(super) fn on_local_set(what: &'static str, future: impl Future<Output = ()>) {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => tokio::task::LocalSet::new().block_on(&runtime, future),
        Err(error) => tracing::error!(%error, "cannot start the runtime of {what}"),
    }
}

/// Refuses to start on any mistake, with all of them; what can be lived with is told.
fn checked(config: &Config) -> Result<Surroundings, ServerError> {
    let found = Surroundings::of(config);
    let about_file = config.source.render(&found.notes, false);
    let count = found.errors();
    let report = about_file + &found.flows.report(count > 0, false);
    if count > 0 {
        return Err(ServerError::Refused { report, count });
    }
    if !report.is_empty() {
        tracing::warn!("somebody should look at this:\n{report}");
    }
    Ok(found)
}

fn start_media(
    config: &Config,
    library: &Arc<Library>,
    clock: Clock,
    letters: &mpsc::Sender<Letter<Control>>,
    recordings: &RecordingSender,
) -> Result<(Vec<MediaHandle>, Vec<Vec<u16>>), NetError> {
    let threads = config.media.threads.max(1);
    let pairs = config.media.port_pairs();
    let mut first = config.media.port_first;
    let mut handles = Vec::with_capacity(threads);
    let mut ports = Vec::with_capacity(threads);
    for worker in 0..threads {
        let slots = u16::try_from(pairs / threads).unwrap_or(u16::MAX);
        let settings = media::Settings { slots, media_timeout: config.media.media_timeout };
        let (letters, recordings) = (letters.clone(), recordings.clone());
        let deliver = Box::new(move |event| deliver(&letters, &recordings, worker, event));
        let (handle, numbers) = MediaThread::spawn(
            worker,
            config.media.address,
            first,
            slots,
            Arc::clone(library),
            settings,
            clock.origin(),
            deliver,
        )?;
        handles.push(handle);
        ports.push(numbers);
        first = first.saturating_add(slots.saturating_mul(2));
    }
    Ok((handles, ports))
}

/// From a media thread: samples to the disk's writer, everything else to the center. Never waits.
fn deliver(letters: &mpsc::Sender<Letter<Control>>, recordings: &RecordingSender, worker: usize, event: media::Event) {
    let event = match event {
        media::Event::Recorded { record, before, samples, len } => {
            return recordings.send(RecordingInput::Samples { record, worker, before, samples, len });
        }
        media::Event::RecordFinished { record, length, .. } => {
            recordings.send(RecordingInput::Finish { record, length });
            event
        }
        media::Event::Heard { samples, .. } => {
            // Nobody taps a server's leg; were somebody to, the samples are not for the center.
            drop(Command::Recycle { samples });
            return;
        }
        event => event,
    };
    if letters.try_send(Letter::Media { worker, event }).is_err() {
        tracing::error!(worker, "the control thread is too far behind: an event of the audio path is lost");
    }
}

/// Whoever wants to see every event as it happens.
fn observing(metrics: &Arc<Metrics>) -> Box<dyn Fn(&Event) + Send> {
    let metrics = Arc::clone(metrics);
    Box::new(move |event| {
        super::journal::note(event);
        metrics.observe(event);
    })
}

/// The database in the data folder, or one that is gone with the server.
fn open_store(config: &Config) -> Result<Store, ServerError> {
    Ok(match &config.server.data {
        Some(data) => Store::open(&data.join(Store::FILE_NAME))?,
        None => Store::temporary()?,
    })
}

/// The way back for the buffers of one worker.
fn give_back(worker: &MediaHandle) -> store::GiveBack {
    let recycler = worker.recycler();
    Box::new(move |samples| recycler.give_back(samples))
}

fn counting(metrics: &Arc<Metrics>, media: &[MediaHandle], writer: &Writer, recordings: RecordingSender) -> Count {
    let metrics = Arc::clone(metrics);
    let counters: Vec<MediaCounter> = media.iter().map(MediaHandle::counter).collect();
    let events = writer.sender();
    let sums = std::sync::Mutex::new(super::sums::Sums::default());
    Box::new(move |center, transport| {
        let mut sums = sums.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        sums.add(&center.take_sip_counters());
        let media = counters.iter().map(MediaCounter::counts);
        let plumbing = sums.plumbing(center.sip_counts(), center.packets(), media, events.status());
        metrics.set_plumbing(Plumbing {
            sip_transport: SipTransport {
                refused: transport.connections_refused(),
                expired: plumbing.sip_transport.expired + transport.connections_expired(),
                unsent: transport.unsent(),
                unreachable: transport.unreachable(),
                read_errors: transport.read_errors(),
            },
            recording_pieces_lost: recordings.lost(),
            ..plumbing
        });
    })
}

fn names(config: &Config) -> store::Names {
    let queues = config.queues.iter().map(|queue| queue.name.clone()).collect();
    store::Names::new(queues, config.agents.iter().map(|agent| agent.name.clone()).collect())
}

fn vocabulary(config: &Config, flows: &CheckedFlows) -> Vocabulary {
    Vocabulary {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        names: names(config),
        short_abandon: config.queues.iter().map(|queue| queue.short_abandon).collect(),
        flows: flows.words(),
        pause_reasons: config.feature_codes.pause_reasons.clone(),
    }
}

fn door(config: &Config) -> Door {
    let credentials =
        config.http.password.as_ref().map(|password| api::Credentials::new(&config.http.user, password.reveal()));
    Door { hosts: config.http.hosts.clone(), credentials }
}

type Api = (oneshot::Sender<()>, std::thread::JoinHandle<()>);

/// Where HTTP is received: the pages, and the probes where they have a listener of their own.
struct HttpListeners {
    pages: (std::net::TcpListener, SocketAddr),
    probes: Option<(std::net::TcpListener, SocketAddr)>,
}

impl HttpListeners {
    fn bind(config: &Config) -> Result<HttpListeners, ServerError> {
        let bind = |address: SocketAddr| {
            let failed = move |source| ServerError::Http { address, source };
            let listener = std::net::TcpListener::bind(address).map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            let local = listener.local_addr().map_err(failed)?;
            Ok::<_, ServerError>((listener, local))
        };
        Ok(HttpListeners { pages: bind(config.http.listen)?, probes: config.metrics.listen.map(bind).transpose()? })
    }
}

fn start_api(
    config: &Config,
    listeners: HttpListeners,
    handles: Handles,
    errands: mpsc::Receiver<super::control::Errand>,
    letters: mpsc::Sender<Letter<Control>>,
) -> Result<(SocketAddr, Api), ServerError> {
    let HttpListeners { pages: (listener, address), probes } = listeners;
    let limits = config.http_fetch.clone();
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("api".to_owned())
        .spawn(move || {
            on_local_set("the API", async move {
                let (everything, only_probes) = api::routers(handles);
                let (ending, _) = watch::channel(false);
                let ended = |mut ending: watch::Receiver<bool>| async move {
                    // The sender lives as long as this thread.
                    let _ = ending.wait_for(|ended| *ended).await;
                };
                tokio::task::spawn_local(errands::run(errands, letters, limits));
                if let Some((probes, _)) = probes {
                    tokio::task::spawn_local(serve(probes, only_probes, ended(ending.subscribe())));
                }
                let pages = tokio::task::spawn_local(serve(listener, everything, ended(ending.subscribe())));
                let _ = stopped.await;
                ending.send_replace(true);
                let _ = pages.await;
            });
        })
        .map_err(|source| ServerError::Start { what: "the API thread", source })?;
    Ok((address, (stop, thread)))
}

async fn serve(
    listener: std::net::TcpListener,
    router: axum::Router,
    ended: impl Future<Output = ()> + Send + 'static,
) {
    let served = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => api::serve(listener, router, ended).await,
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        tracing::error!(%error, "the HTTP listener ended");
    }
}

/// Every RTP port is an open file: the soft limit is raised to the hard one.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if setrlimit(Resource::Nofile, raised).is_err() {
        tracing::warn!("the limit of open files stays at {:?}", limit.current);
    }
}

/// Tags, nonces and branches must not be guessable, so their seed comes from the system.
fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    if let Err(error) = getrandom::fill(&mut seed) {
        tracing::error!(%error, "the system gives no random bytes; tags come from the clock");
        let nanos = Clock::start().wall().zero_unix_ms.to_le_bytes();
        seed[..8].copy_from_slice(&nanos);
    }
    seed
}

/// The folder of voice messages in the data folder.
const RECORDINGS: &str = "messages";

/// Letters that may wait for the control thread: ten seconds of the greatest load.
const LETTERS_MAX: usize = 65_536;

/// Errands that may wait for a place.
const ERRANDS_MAX: usize = 256;

/// Wishes of people that may wait.
const COMMANDS_MAX: usize = 64;

/// How long a farewell takes: a BYE, its answer, one retransmission.
const FAREWELL: Duration = Duration::from_millis(700);
