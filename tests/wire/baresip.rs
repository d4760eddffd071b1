//! A real telephone: baresip with a tone for a voice, driven over its control socket (netstrings of JSON).

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::listen::Sound;
use crate::peer;
use crate::server::{Folder, Server, follow};
use crate::wait::{eventually, until};

/// A phone that runs; dropping it ends it.
pub struct Phone {
    name: String,
    server: SocketAddr,
    /// What it says whenever it may speak, in Hz.
    pub tone: u32,
    folder: Folder,
    child: Child,
    control: TcpStream,
    events: Arc<Mutex<VecDeque<Value>>>,
    log: Arc<Mutex<String>>,
}

impl Phone {
    /// An agent's phone, registered with its password of the development configuration.
    pub fn registered(server: &Server, user: &str, tone: u32) -> Phone {
        let sip = server.sip();
        let account = format!("<sip:{user}@{sip}>;auth_user={user};auth_pass=dev{user};regint=300\n");
        let phone = Phone::start(server, user, "127.0.0.1", &account, tone);
        // The phone may have said so before we listened: the server knows.
        let agent = format!("a-{user}");
        eventually("the phone is registered", PATIENCE, || server.agent(&agent)["phone_registered"] == true);
        phone
    }

    /// A telephone of the world outside, which reaches us through the trunk.
    pub fn outside(server: &Server, number: &str, tone: u32) -> Phone {
        Phone::start(server, number, "127.0.0.2", &format!("<sip:{number}@127.0.0.2>;regint=0\n"), tone)
    }

    fn start(server: &Server, name: &str, address: &str, account: &str, tone: u32) -> Phone {
        let program = peer::program("baresip", "baresip-core");
        let modules = peer::folder(&["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"], "baresip-core");
        let folder = Folder::new(&format!("phone-{name}"));
        let ports = server.ports.ten();
        let voice = folder.write("voice.wav", Sound::tone_file(tone, VOICE_SECONDS));
        folder.write("accounts", account);
        folder.write("contacts", "");
        let heard = folder.path().display();
        let config = format!(
            "sip_listen {address}:{}\nctrl_tcp_listen 127.0.0.1:{}\nrtp_ports {}-{}\nnet_interface {address}\n\
             audio_source aufile,{}\nausrc_format s16\nauplay_format s16\nauenc_format s16\naudec_format s16\n\
             snd_path {heard}\nringback_disabled yes\nmodule_path {}\nmodule g711.so\nmodule aufile.so\n\
             module sndfile.so\nmodule aubridge.so\naudio_player aubridge,ear\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n",
            ports + 6,
            ports + 9,
            ports,
            ports + 5,
            voice.display(),
            modules.display()
        );
        folder.write("config", config);
        let mut child = Command::new(program)
            .args(["-4", "-f", &folder.path().display().to_string()])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("baresip was found before");
        let log = Arc::new(Mutex::new(String::new()));
        follow(child.stdout.take().expect("stdout is piped"), &log);
        follow(child.stderr.take().expect("stderr is piped"), &log);
        let mut control = None;
        let listening = until(PATIENCE, || {
            // Asked earlier, the socket might connect to itself.
            let ready = text_of(&log).contains("baresip is ready");
            control = ready.then(|| TcpStream::connect(("127.0.0.1", ports + 9)).ok()).flatten();
            control.is_some()
        });
        if !listening {
            // Nobody else will end it.
            let _ = child.kill();
            let _ = child.wait();
        }
        let control = control.unwrap_or_else(|| panic!("baresip does not listen:\n{}", text_of(&log)));
        let events = Arc::new(Mutex::new(VecDeque::new()));
        let reader = control.try_clone().expect("a socket can be had twice");
        let told = Arc::clone(&events);
        std::thread::spawn(move || read_events(reader, &told));
        Phone { name: name.to_owned(), server: server.sip(), tone, folder, child, control, events, log }
    }

    /// Calls a number of the server.
    pub fn dial(&mut self, number: &str) {
        let server = self.server;
        self.command("dial", &format!("sip:{number}@{server}"));
    }

    /// Presses keys in the call (RFC 4733).
    pub fn press(&mut self, keys: &str) {
        self.command("sndcode", keys);
    }

    /// Waits for the phone to ring.
    pub fn wait_for_ring(&self) {
        self.wait_for("CALL_INCOMING");
    }

    pub fn answer(&mut self) {
        self.command("accept", "");
    }

    pub fn hold(&mut self) {
        self.command("hold", "");
    }

    pub fn resume(&mut self) {
        self.command("resume", "");
    }

    /// From now on it says what it hears. The way to listen after a hold: baresip 1.0 writes what it hears into a file
    /// only until the first one.
    pub fn echo(&mut self) {
        self.command("ausrc", "aubridge,ear");
    }

    /// From now on it says its tone again.
    pub fn speak(&mut self) {
        let voice = format!("aufile,{}", self.folder.path().join("voice.wav").display());
        self.command("ausrc", &voice);
    }

    /// Gives the other party away (REFER).
    pub fn transfer(&mut self, number: &str) {
        let server = self.server;
        self.command("transfer", &format!("sip:{number}@{server}"));
    }

    pub fn hang_up(&mut self) {
        self.command("hangup", "");
    }

    /// Waits for an event of this type; it and all before it are forgotten.
    pub fn wait_for(&self, kind: &str) -> Value {
        let mut found = None;
        until(PATIENCE, || {
            let mut events = self.events.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            while let Some(event) = events.pop_front() {
                if event["type"] == kind {
                    found = Some(event);
                    return true;
                }
            }
            false
        });
        found.unwrap_or_else(|| panic!("phone {}: no {kind}; its log:\n{}", self.name, text_of(&self.log)))
    }

    /// All that it has heard so far, call by call.
    pub fn heard(&self) -> Sound {
        let folder = std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        let is_heard = |path: &PathBuf| path.to_string_lossy().ends_with("-dec.wav");
        let mut files: Vec<PathBuf> = folder.map(|entry| entry.path()).filter(is_heard).collect();
        files.sort();
        Sound(files.iter().flat_map(|file| Sound::read(file).0).collect())
    }

    /// Waits until it has heard this much of a tone since `mark`.
    #[track_caller]
    pub fn wait_to_hear(&self, tone: u32, since: usize, at_least_ms: usize) {
        let what = format!("phone {} hears {tone} Hz for {at_least_ms} ms", self.name);
        eventually(&what, PATIENCE, || self.heard().after(since).tone_ms(tone) >= at_least_ms);
    }

    /// Waits until it has heard this much of anything that is no tone of a phone since `mark`.
    #[track_caller]
    pub fn wait_to_hear_other(&self, tones: &[u32], since: usize, at_least_ms: usize) {
        let what = format!("phone {} hears voices or music for {at_least_ms} ms", self.name);
        eventually(&what, PATIENCE, || self.heard().after(since).other_ms(tones) >= at_least_ms);
    }

    fn command(&mut self, command: &str, params: &str) {
        let message = if params.is_empty() {
            serde_json::json!({ "command": command, "token": command })
        } else {
            serde_json::json!({ "command": command, "params": params, "token": command })
        };
        let message = message.to_string();
        let netstring = format!("{}:{message},", message.len());
        self.control.write_all(netstring.as_bytes()).expect("baresip listens to us");
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- log of phone {}\n{}----", self.name, text_of(&self.log));
        }
    }
}

fn text_of(log: &Mutex<String>) -> String {
    log.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
}

/// Netstrings (`length:text,`) until the phone is gone.
fn read_events(mut reader: TcpStream, events: &Mutex<VecDeque<Value>>) {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4_096]);
    while let Ok(count @ 1..) = reader.read(&mut chunk) {
        bytes.extend_from_slice(&chunk[..count]);
        while let Some((text, used)) = netstring(&bytes) {
            let value: Value = serde_json::from_slice(text).unwrap_or_default();
            if value["event"] == true {
                events.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_back(value);
            }
            bytes.drain(..used);
        }
    }
}

/// The first whole netstring and how many bytes it takes.
fn netstring(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let length: usize = std::str::from_utf8(bytes.get(..colon)?).ok()?.parse().ok()?;
    let text = bytes.get(colon + 1..colon + 1 + length)?;
    bytes.get(colon + 1 + length).map(|_| (text, colon + 2 + length))
}

/// For whatever a phone should do at once, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(25);
/// Longer than any call of a test.
const VOICE_SECONDS: u32 = 180;

#[test]
fn netstrings_are_read_whole_or_not_at_all() {
    assert_eq!(netstring(b"5:hello,2:"), Some((b"hello".as_slice(), 8)));
    assert_eq!(netstring(b"5:hello"), None);
    assert_eq!(netstring(b"5:hel"), None);
}
