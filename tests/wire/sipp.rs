//! SIPp with our own scenarios (`tests/wire/sipp/*.xml`): strict callers and agents, and many of them at once.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::peer;
use crate::server::{Folder, Server};
use crate::wait::until;

/// How one scenario is to be run.
#[derive(Clone, Debug)]
pub struct Scenario {
    name: &'static str,
    service: String,
    address: &'static str,
    tcp: bool,
    calls: u32,
    rate: u32,
    lasting: Duration,
    port: Option<u16>,
    password: String,
    keys: Vec<(&'static str, String)>,
}

impl Scenario {
    /// The scenario of this name, once, from the trunk's address over UDP.
    pub fn new(name: &'static str) -> Scenario {
        Scenario {
            name,
            service: "1500".to_owned(),
            address: "127.0.0.2",
            tcp: false,
            calls: 1,
            rate: 1,
            lasting: Duration::from_secs(1),
            port: None,
            password: String::new(),
            keys: vec![("caller", "0612800600".to_owned())],
        }
    }

    /// Dials this number.
    pub fn to(mut self, number: &str) -> Scenario {
        number.clone_into(&mut self.service);
        self
    }

    /// Speaks TCP.
    pub fn tcp(mut self) -> Scenario {
        self.tcp = true;
        self
    }

    /// So many calls, so many of them a second.
    pub fn calls(mut self, calls: u32, rate: u32) -> Scenario {
        (self.calls, self.rate) = (calls, rate);
        self
    }

    /// How long the call's pause is.
    pub fn lasting(mut self, lasting: Duration) -> Scenario {
        self.lasting = lasting;
        self
    }

    /// As the phone of this user, with this password.
    pub fn device(mut self, user: &str, password: &str) -> Scenario {
        self.address = "127.0.0.1";
        self.password = password.to_owned();
        self.key("caller", user)
    }

    /// From this port, where a phone registered before.
    pub fn port(mut self, port: u16) -> Scenario {
        self.port = Some(port);
        self
    }

    /// A word that the scenario's file leaves open.
    pub fn key(mut self, key: &'static str, value: &str) -> Scenario {
        self.keys.retain(|(known, _)| *known != key);
        self.keys.push((key, value.to_owned()));
        self
    }

    /// Starts it.
    pub fn start(&self, server: &Server) -> Running {
        let program = peer::program("sipp", "sip-tester");
        let folder = Folder::new(&format!("sipp-{}", self.name));
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/wire/sipp/{}.xml", self.name));
        let ports = server.ports.ten();
        let mut command = Command::new(program);
        command
            .arg(server.sip().to_string())
            .args(["-sf".as_ref(), file.as_os_str()])
            .args(["-i", self.address, "-mi", self.address])
            .args(["-p", &self.port.unwrap_or(ports + 8).to_string(), "-mp", &ports.to_string()])
            .args(["-t", if self.tcp { "t1" } else { "u1" }])
            .args(["-s", &self.service])
            .args(["-m", &self.calls.to_string(), "-l", &self.calls.to_string(), "-r", &self.rate.to_string()])
            .args(["-d", &self.lasting.as_millis().to_string()])
            .args(["-timeout", "45s", "-timeout_error", "-nostdin"])
            .args(["-trace_msg", "-message_file", "messages", "-trace_err", "-error_file", "errors"]);
        for (key, value) in &self.keys {
            if *key == "caller" {
                let whole = format!("{}@{}", self.service, server.sip());
                command.args(["-au", value, "-ap", &self.password]);
                if self.name == "device_call" {
                    // SIPp would name the host alone, and the server looks (RFC 7616 3.4.6).
                    command.args(["-auth_uri", &whole]);
                }
            }
            command.args(["-key", key, value]);
        }
        let child = command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sipp was found before");
        Running { name: self.name, folder, child }
    }

    /// Runs it to its end; every call must have gone as written.
    #[track_caller]
    pub fn run(&self, server: &Server) {
        self.start(server).finish();
    }
}

/// A scenario under way; dropping it ends it.
pub struct Running {
    name: &'static str,
    folder: Folder,
    child: Child,
}

impl Running {
    /// Waits for its end; every call must have gone as written.
    #[track_caller]
    pub fn finish(mut self) {
        let mut status = None;
        until(PATIENCE, || {
            status = self.child.try_wait().expect("our own child can be asked");
            status.is_some()
        });
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        let went_well = status.is_some_and(|status| status.success());
        assert!(went_well, "sipp {}: {status:?}\n{}\n{}", self.name, read("errors"), read("messages"));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A little longer than SIPp's own.
const PATIENCE: Duration = Duration::from_secs(50);
