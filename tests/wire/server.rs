//! The built program under test: its folder, its ports, its configuration, its log. Never links what it tests.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::http;
use crate::wait::{eventually, until};

/// What a test wants of its server, besides the development configuration that all of them run on.
#[derive(Clone, Debug)]
pub struct Setup {
    calls_max: usize,
    flows: Option<PathBuf>,
    replaced: Vec<(&'static str, String)>,
    more: String,
}

impl Setup {
    /// The development configuration on ports of our own; calls from 127.0.0.2 are a trunk's, those from 127.0.0.1 are
    /// devices'. Every opening hour is open.
    pub fn new() -> Setup {
        Setup { calls_max: 20, flows: None, replaced: Vec::new(), more: String::new() }
    }

    /// At most 40, so that the ports fit.
    pub fn calls_max(mut self, calls_max: usize) -> Setup {
        self.calls_max = calls_max;
        self
    }

    /// A folder of flows instead of the built-in ones.
    pub fn flows(mut self, folder: &Path) -> Setup {
        self.flows = Some(folder.to_owned());
        self
    }

    /// Another text for a part of the development configuration.
    pub fn replace(mut self, old: &'static str, new: &str) -> Setup {
        self.replaced.push((old, new.to_owned()));
        self
    }

    /// Whole sections behind the others.
    pub fn more(mut self, sections: &str) -> Setup {
        self.more.push_str(sections);
        self.more.push('\n');
        self
    }

    /// The configuration file's text.
    pub fn text(&self, ports: &Ports) -> String {
        let mut text = DEVELOPMENT.to_owned();
        let (first, last) = (ports.first, ports.first + u16::try_from(self.calls_max * 8).unwrap_or(u16::MAX) - 1);
        let mut swap = |old: &str, new: &str| {
            assert!(text.contains(old), "the development configuration has no {old:?} any more");
            text = text.replace(old, new);
        };
        swap("calls_max = 200", &format!("calls_max = {}", self.calls_max));
        swap("port_first = 20000", &format!("port_first = {first}"));
        swap("port_last = 21599", &format!("port_last = {last}"));
        swap("data = \"thirdring-data\"", "data = \"data\"\ndrain = \"20s\"");
        swap(
            "trunk = [{ name = \"loopback\", addresses = [\"127.0.0.1\"], target = \"sip:127.0.0.1:5080\" }]",
            &format!(
                "trunk = [{{ name = \"loopback\", addresses = [\"127.0.0.2\"], target = \"sip:{}\" }}]",
                ports.peer()
            ),
        );
        swap("number = [\n", "number = [\n  { number = \"1500\", title = \"Queue\", queue = \"general\" },\n");
        if let Some(flows) = &self.flows {
            swap("always_open = true", &format!("always_open = true\nflows = \"{}\"", flows.display()));
        }
        for (old, new) in &self.replaced {
            swap(old, new);
        }
        let (sip, http) = (ports.sip(), ports.http());
        let _ = write!(
            text,
            "\n[sip]\nlisten_udp = [\"{sip}\"]\nlisten_tcp = [\"{sip}\"]\n\n[http]\nlisten = \"{http}\"\n"
        );
        text + "\n" + &self.more
    }
}

/// A server that runs; dropping it ends it, and shows its log when the test fails.
pub struct Server {
    pub folder: Folder,
    pub ports: Ports,
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts one and waits until it takes calls.
    pub fn start(setup: &Setup) -> Server {
        let ports = Ports::take();
        let folder = Folder::new("server");
        let file = folder.write("thirdring.toml", setup.text(&ports));
        let mut server = Server::spawn(&["serve", "--config", &file.display().to_string()], folder, ports);
        server.wait_until_ready();
        server
    }

    /// Starts the program with these arguments, in a folder of its own.
    pub fn spawn(arguments: &[&str], folder: Folder, ports: Ports) -> Server {
        let mut child = Command::new(PROGRAM)
            .args(arguments)
            .current_dir(folder.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built before its tests");
        let log = Arc::new(Mutex::new(String::new()));
        follow(child.stdout.take().expect("stdout is piped"), &log);
        follow(child.stderr.take().expect("stderr is piped"), &log);
        Server { folder, ports, child, log }
    }

    fn wait_until_ready(&mut self) {
        let url = self.url("/readyz");
        let ready = until(START_MAX, || {
            let ended = self.child.try_wait().expect("our own child can be asked");
            assert!(ended.is_none(), "the server ended with {ended:?}:\n{}", self.log());
            http::get(&url).is_ok_and(|answer| answer.status == 200)
        });
        assert!(ready, "the server was not ready within {START_MAX:?}:\n{}", self.log());
    }

    /// Where SIP is received, over UDP and TCP.
    pub fn sip(&self) -> SocketAddr {
        self.ports.sip()
    }

    /// A page of the server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.ports.http())
    }

    /// Everything that it has printed so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Waits until it has printed this.
    pub fn wait_for_log(&self, text: &str) {
        assert!(until(ANSWER_MAX, || self.log().contains(text)), "the log never said {text:?}:\n{}", self.log());
    }

    /// The live numbers.
    pub fn board(&self) -> serde_json::Value {
        http::get(&self.url("/api/v1/board")).expect("the server answers").json()
    }

    /// One agent's tile on it.
    pub fn agent(&self, name: &str) -> serde_json::Value {
        let board = self.board();
        let agents = board["agents"].as_array().expect("a board has agents");
        agents.iter().find(|agent| agent["name"] == name).expect("the agent is configured").clone()
    }

    /// Waits until no call is left.
    pub fn wait_until_idle(&self) {
        eventually("no call is left", ANSWER_MAX, || {
            let board = self.board();
            board["calls_active"] == 0 && board["legs_active"] == 0
        });
    }

    /// The program itself, for another command in the same folder.
    pub fn command(&self, arguments: &[&str]) -> std::process::Output {
        Command::new(PROGRAM)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .output()
            .expect("the program was built before its tests")
    }

    /// Changes an agent's state, as a supervisor does it in a shell.
    #[track_caller]
    pub fn ask_agent(&self, wish: &str, name: &str) {
        let done = self.command(&["agent", wish, name, "--server", &self.url("")]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Where the database is.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("data/thirdring.sqlite")
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(pid(&self.child), signal).expect("our own child can be signalled");
    }

    /// Waits until it has ended by itself.
    pub fn wait_for_end(&mut self, at_most: Duration) -> ExitStatus {
        let mut status = None;
        let ended = until(at_most, || {
            status = self.child.try_wait().expect("our own child can be asked");
            status.is_some()
        });
        assert!(ended, "the server did not end within {at_most:?}:\n{}", self.log());
        status.expect("it has ended")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- log of the server\n{}----", self.log());
        }
    }
}

/// The id of a child that we have not waited for.
pub fn pid(child: &Child) -> rustix::process::Pid {
    rustix::process::Pid::from_child(child)
}

/// Collects what a child prints until it prints no more.
pub fn follow(from: impl std::io::Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            let mut log = log.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        }
    });
}

/// Five hundred ports for one server and its peers, held against other tests and other runs by a guard.
#[derive(Debug)]
pub struct Ports {
    first: u16,
    peers: AtomicUsize,
    _guard: TcpListener,
}

impl Ports {
    /// A block that nobody has.
    pub fn take() -> Ports {
        // Different runs begin at different places, so that they seldom meet.
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        for _ in 0..BLOCKS {
            let block = (NEXT.fetch_add(1, Ordering::Relaxed) + std::process::id() as usize * 7) % BLOCKS;
            let first = FIRST_PORT + u16::try_from(block).expect("there are few blocks") * BLOCK;
            if DEVELOPMENT_PORTS.contains(&first) {
                continue;
            }
            let guard = TcpListener::bind(("127.0.0.1", first + BLOCK - 1));
            let free = UdpSocket::bind(("127.0.0.1", first)).is_ok();
            if let (Ok(guard), true) = (guard, free) {
                return Ports { first, peers: AtomicUsize::new(0), _guard: guard };
            }
        }
        panic!("no block of {BLOCK} ports is free");
    }

    /// The server's SIP address.
    pub fn sip(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.first + 490))
    }

    /// The server's HTTP address.
    pub fn http(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.first + 491))
    }

    /// Where calls out on the trunk go.
    pub fn peer(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 2], self.first + 492))
    }

    /// Ten ports for one peer; the first is even.
    pub fn ten(&self) -> u16 {
        let taken = self.peers.fetch_add(1, Ordering::Relaxed);
        assert!(taken < 16, "no more peers fit into a block of ports");
        self.first + 330 + u16::try_from(taken).expect("there are few peers") * 10
    }
}

/// A folder that is removed with the test that passed, and kept with one that failed.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty one.
    pub fn new(what: &str) -> Folder {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("wire-{}-{number}-{what}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the target folder can be written");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and returns where it is.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("our own folder can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept: {}", self.0.display());
        } else {
            // What is left behind is cleaned with the target folder.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_thirdring");
const DEVELOPMENT: &str = include_str!("../../config/development.toml");

/// A busy machine with a debug build needs its time.
const START_MAX: Duration = Duration::from_secs(60);
/// For whatever should happen at once.
const ANSWER_MAX: Duration = Duration::from_secs(20);

const FIRST_PORT: u16 = 10_000;
const BLOCK: u16 = 500;
/// All of them end below the ports that systems give out by themselves.
const BLOCKS: usize = 44;
/// Where the development configuration has its audio: the demonstration's, which takes no other.
const DEVELOPMENT_PORTS: std::ops::Range<u16> = 20_000..22_000;
