//! Addresses and ports: no two listeners on the same one, none within the RTP ports, and each with an address that
//! peers can be told. Never opens any of them.

use std::net::{IpAddr, SocketAddr};

use super::Config;
use super::codes::{CODES, CONTRADICTION, OVERLAP, SUSPICIOUS};
use super::entry::Places;
use crate::document::Diagnostic;

/// Every check of addresses and ports.
pub(super) fn all(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    let listeners = listeners(config);
    for (at, listener) in listeners.iter().enumerate() {
        if let Some(earlier) = listeners[..at].iter().find(|earlier| earlier.collides(listener)) {
            let message = format!("{} is taken by {}", listener.socket, earlier.path);
            notes.push(Diagnostic::error(OVERLAP, message).at(places.of_first(&[&listener.path, &earlier.path])));
        }
        let media = &config.media;
        let same_wire = !listener.stream && same_address(listener.socket.ip(), media.address);
        if same_wire && (media.port_first..=media.port_last).contains(&listener.socket.port()) {
            let range = format!("the RTP ports {} to {}", media.port_first, media.port_last);
            let message = format!("{} lies within {range}", listener.socket);
            let place = places.of_first(&[&listener.path, "media.port_first", "media.port_last"]);
            notes.push(Diagnostic::error(OVERLAP, message).at(place));
        }
    }
    if config.media.port_last <= config.media.port_first {
        let message = format!("port_last = {} is not above {}", config.media.port_last, config.media.port_first);
        let place = places.of_first(&["media.port_last", "media.port_first"]);
        notes.push(Diagnostic::error(CODES.out_of_range, message).at(place));
    }
    told(config, places, notes);
    trunks_in_reach(config, places, notes);
}

/// A socket that we open.
pub(super) struct Listener {
    /// Where it stands among the values: `sip.listen_udp[1]`.
    pub path: String,
    pub socket: SocketAddr,
    /// TCP; else UDP.
    pub stream: bool,
}

impl Listener {
    fn collides(&self, other: &Listener) -> bool {
        self.stream == other.stream
            && self.socket.port() == other.socket.port()
            && same_address(self.socket.ip(), other.socket.ip())
    }
}

/// All sockets with a port of their own; the RTP ports are not among them.
pub(super) fn listeners(config: &Config) -> Vec<Listener> {
    let listener = |path: String, socket: &SocketAddr, stream| Listener { path, socket: *socket, stream };
    let numbered = |name: &'static str, sockets: &[SocketAddr], stream| -> Vec<Listener> {
        let item = |(at, socket): (usize, &SocketAddr)| listener(format!("sip.{name}[{}]", at + 1), socket, stream);
        sockets.iter().enumerate().map(item).collect()
    };
    let mut all = numbered("listen_udp", &config.sip.listen_udp, false);
    all.extend(numbered("listen_tcp", &config.sip.listen_tcp, true));
    all.push(listener("http.listen".to_owned(), &config.http.listen, true));
    all.extend(config.metrics.listen.iter().map(|socket| listener("metrics.listen".to_owned(), socket, true)));
    all
}

/// `0.0.0.0` and `::` are every address; `::` takes IPv4 as well.
fn same_address(one: IpAddr, other: IpAddr) -> bool {
    one == other
        || (one.is_unspecified() && (one.is_ipv6() || other.is_ipv4()))
        || (other.is_unspecified() && (other.is_ipv6() || one.is_ipv4()))
}

/// Who listens on every address must say which one peers are to use.
fn told(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    let mut unsaid = Vec::new();
    let everywhere = |listener: &&Listener| listener.socket.ip().is_unspecified() && listener.path.starts_with("sip.");
    if config.sip.advertised.is_none()
        && let Some(listener) = listeners(config).iter().find(everywhere)
    {
        unsaid.push(("sip", places.of(&listener.path)));
    }
    if config.media.told().is_unspecified() {
        unsaid.push(("media", places.of_first(&["media.advertised", "media.address"])));
    }
    for (section, place) in unsaid {
        let message = format!("[{section}] listens on every address and does not say which one peers are told");
        let silent = Diagnostic::error(CONTRADICTION, message).at(place);
        notes.push(silent.help(format!("set advertised under [{section}]")));
    }
}

/// A trunk elsewhere cannot reach a server that listens on loopback only.
fn trunks_in_reach(config: &Config, places: &Places, notes: &mut Vec<Diagnostic>) {
    let mut signalling = config.sip.listen_udp.iter().chain(&config.sip.listen_tcp);
    if !signalling.all(|socket| socket.ip().is_loopback()) {
        return;
    }
    for (at, trunk) in config.trunks.iter().enumerate() {
        if !trunk.addresses.is_empty() && trunk.addresses.iter().all(|address| !address.is_loopback()) {
            let message = format!("trunk '{}' cannot reach us: SIP listens on loopback only", trunk.name);
            let place = places.of(&format!("trunk[{}].addresses", at + 1));
            notes.push(Diagnostic::warning(SUSPICIOUS, message).at(place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_includes_each_one_of_its_family() {
        let parse = |text: &str| text.parse::<IpAddr>().expect("the test writes an address");
        assert!(same_address(parse("0.0.0.0"), parse("10.0.0.1")));
        assert!(same_address(parse("10.0.0.1"), parse("0.0.0.0")));
        assert!(same_address(parse("::"), parse("10.0.0.1")), "a socket on :: takes IPv4 too");
        assert!(!same_address(parse("0.0.0.0"), parse("::1")));
        assert!(!same_address(parse("10.0.0.1"), parse("10.0.0.2")));
    }
}
