//! The live page in a real browser: Chromium without a window, driven over its own protocol (CDP over WebSocket).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::peer;
use crate::server::Folder;
use crate::wait::eventually;

/// One tab of a browser; dropping it closes the browser.
pub struct Tab {
    child: Child,
    socket: TcpStream,
    sent: u64,
    /// What the page complained about: exceptions, errors on the console, failed requests.
    pub complaints: Vec<String>,
    _profile: Folder,
}

impl Tab {
    /// Opens a tab at a page.
    pub fn open(url: &str) -> Tab {
        let program = peer::any_program(&["chromium", "chromium-browser", "google-chrome"], "chromium");
        let profile = Folder::new("browser");
        let mut child = Command::new(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--remote-debugging-port=0", "--remote-allow-origins=*", "--window-size=1600,1000"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the browser was found before");
        let mut said = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let mut line = String::new();
        while !line.contains("DevTools listening on ws://") {
            line.clear();
            assert!(said.read_line(&mut line).is_ok_and(|length| length > 0), "the browser ended at its start");
        }
        // It must never wait for somebody to read what it says.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let host = line.split("ws://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address follows");
        let mut path = None;
        eventually("the browser shows a tab", PATIENCE, || {
            let answer = crate::http::get(&format!("http://{host}/json/list"));
            let tabs = answer.map(|answer| answer.json()).unwrap_or_default();
            let tab = tabs.as_array().and_then(|tabs| tabs.iter().find(|tab| tab["type"] == "page")).cloned();
            path = tab.and_then(|tab| tab["webSocketDebuggerUrl"].as_str()?.split(host).nth(1).map(str::to_owned));
            path.is_some()
        });
        let socket = shake_hands(host, &path.expect("a tab was found"));
        let mut tab = Tab { child, socket, sent: 0, complaints: Vec::new(), _profile: profile };
        for domain in ["Runtime", "Log", "Page"] {
            tab.ask(&format!("{domain}.enable"), json!({}));
        }
        tab.go(url);
        tab
    }

    /// Goes to another page.
    pub fn go(&mut self, url: &str) {
        self.ask("Page.navigate", json!({ "url": url }));
    }

    /// The value of an expression in the page; null when it threw.
    pub fn value(&mut self, expression: &str) -> Value {
        let answer = self.ask("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        answer["result"]["value"].clone()
    }

    /// The text that a person sees.
    pub fn text(&mut self) -> String {
        self.value("document.body ? document.body.innerText : ''").as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, expression: &str) {
        let mut true_at_last = false;
        eventually_or(PATIENCE, || {
            true_at_last = self.value(expression) == true;
            true_at_last
        });
        assert!(true_at_last, "{what}; the page:\n{}\ncomplaints: {:?}", self.text(), self.complaints);
    }

    /// A picture of the page, as PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        let answer = self.ask("Page.captureScreenshot", json!({ "format": "png" }));
        base64(answer["data"].as_str().unwrap_or_default())
    }

    /// Sends a command and waits for its answer; events on the way are read for complaints.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let id = self.sent;
        write_frame(&mut self.socket, json!({ "id": id, "method": method, "params": params }).to_string().as_bytes());
        loop {
            let message: Value =
                serde_json::from_slice(&read_message(&mut self.socket)).expect("the browser sends JSON");
            if message["id"] == id {
                return message["result"].clone();
            }
            let params = &message["params"];
            let complaint = match message["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" => Some(params["exceptionDetails"].to_string()),
                "Runtime.consoleAPICalled" if params["type"] == "error" => Some(params["args"].to_string()),
                "Log.entryAdded" if params["entry"]["level"] == "error" => Some(params["entry"].to_string()),
                _ => None,
            };
            self.complaints.extend(complaint);
        }
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn eventually_or(at_most: Duration, condition: impl FnMut() -> bool) {
    // The caller tells what was on the page instead.
    let _ = crate::wait::until(at_most, condition);
}

/// The opening of a WebSocket (RFC 6455 4.1). The key need not be random to a browser on our own machine.
fn shake_hands(host: &str, path: &str) -> TcpStream {
    let mut socket = TcpStream::connect(host).expect("the browser listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).expect("the browser reads");
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).expect("the browser answers");
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    socket
}

/// One masked text frame (RFC 6455 5.2); a mask of zeros changes nothing.
fn write_frame(socket: &mut TcpStream, text: &[u8]) {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()) {
        Ok(length @ ..126) => frame.push(0x80 | length as u8),
        Ok(length) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((text.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text);
    socket.write_all(&frame).expect("the browser reads");
}

/// One whole message, of one frame or several.
fn read_message(socket: &mut TcpStream) -> Vec<u8> {
    let mut message = Vec::new();
    loop {
        let mut head = [0; 2];
        socket.read_exact(&mut head).expect("the browser goes on");
        let length = match head[1] & 0x7f {
            126 => {
                let mut bytes = [0; 2];
                socket.read_exact(&mut bytes).expect("the browser goes on");
                u64::from(u16::from_be_bytes(bytes))
            }
            127 => {
                let mut bytes = [0; 8];
                socket.read_exact(&mut bytes).expect("the browser goes on");
                u64::from_be_bytes(bytes)
            }
            short => u64::from(short),
        };
        let mut body = vec![0; usize::try_from(length).expect("a message fits into memory")];
        socket.read_exact(&mut body).expect("the browser goes on");
        let is_text = matches!(head[0] & 0x0f, 0 | 1);
        if is_text {
            message.extend(body);
            if head[0] & 0x80 != 0 {
                return message;
            }
        }
    }
}

/// RFC 4648 4, backwards.
fn base64(text: &str) -> Vec<u8> {
    let value = |letter: u8| ALPHABET.iter().position(|known| *known == letter).unwrap_or(0);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in text.as_bytes().chunks_exact(4) {
        let bits = group.iter().fold(0, |bits, letter| bits << 6 | value(*letter));
        let padding = group.iter().filter(|letter| **letter == b'=').count();
        bytes.extend([bits >> 16, bits >> 8, bits].map(|part| part as u8).iter().take(3 - padding));
    }
    bytes
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn base64_is_undone() {
    assert_eq!(base64("Zm9vYmE="), b"fooba");
    assert_eq!(base64("Zm9vYmFy"), b"foobar");
}
