//! How a message goes: the Via and Contact that fit a flow, the next hop of a dialog, where an answer returns to.
//! Never resolves a name: a host that is no address is reached the way it was last heard on. RFC 3261 18, RFC 3581.

use super::doors::Endpoint;
use crate::sip::dialog::Dialog;
use crate::sip::flow::{Flow, Transport};
use crate::sip::header::Via;
use crate::sip::session::Peer;
use crate::sip::uri::{Host, Uri};
use bytes::Bytes;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

impl Endpoint {
    /// The Via of a request of ours on `flow`.
    pub(super) fn via(&self, flow: &Flow, branch: &[u8]) -> Via {
        let ours = self.listener_of(flow);
        Via::new(flow.transport.via_token(), Host::from(ours.ip()), Some(ours.port()), branch)
    }

    /// Our contact on `flow`.
    pub(super) fn contact(&self, flow: &Flow, user: &Bytes) -> Uri {
        let ours = self.listener_of(flow);
        let mut uri = Uri::sip(None, Host::from(ours.ip()), Some(ours.port()));
        uri.user = Some(user.clone()).filter(|user| !user.is_empty());
        if flow.transport == Transport::Tcp {
            uri.params.set("transport", Some(b"tcp"));
        }
        uri
    }

    /// The address we listen on that a peer on `flow` should use.
    pub(super) fn listener_of(&self, flow: &Flow) -> SocketAddr {
        let same = |address: &&SocketAddr| address.ip() == flow.local.ip() && address.port() == flow.local.port();
        let of = |transport| self.settings.listeners.iter().filter(move |(t, _)| *t == transport).map(|(_, a)| a);
        // A connection of ours leaves from a port nobody listens on; then the listener with the same address counts.
        let found = of(flow.transport)
            .find(same)
            .or_else(|| of(flow.transport).find(|address| address.ip() == flow.local.ip()))
            .or_else(|| of(flow.transport).find(|address| fits(address.ip(), flow.remote.ip())));
        found.copied().unwrap_or(flow.local)
    }

    /// A way from our listener to an address; the other transport's listener when this one has none of its own.
    pub(super) fn way_to(&self, transport: Transport, remote: SocketAddr) -> Flow {
        let listeners = || self.settings.listeners.iter();
        let local = listeners()
            .find(|(t, address)| *t == transport && fits(address.ip(), remote.ip()))
            .or_else(|| listeners().find(|(_, address)| fits(address.ip(), remote.ip())))
            .map_or_else(|| unspecified(remote.ip()), |(_, address)| *address);
        Flow { transport, local, remote, connection: None }
    }

    /// Whether a large request may try this transport (RFC 3261 18.1.1).
    pub(super) fn speaks(&self, transport: Transport) -> bool {
        self.settings.listeners.iter().any(|(t, _)| *t == transport)
    }

    /// The way to the peer of a dialog.
    pub(super) fn way_of(&self, dialog: &Dialog, peer: &Peer) -> Flow {
        let flow = self.live(dialog.flow);
        if let Peer::Device(user) = peer {
            // A phone that reconnected has registered over its new connection.
            if flow.transport == Transport::Tcp && flow.connection.is_none() {
                let bindings = self.registrar.bindings(user);
                let mut newest = bindings.iter().rev().map(|binding| binding.flow);
                return newest.find(|other| other.remote.ip() == flow.remote.ip()).unwrap_or(flow);
            }
            return flow;
        }
        let hop = dialog.next_hop();
        let Some(address) = hop.host.address().filter(|address| believable(*address, flow.remote.ip())) else {
            return flow;
        };
        let transport = transport_of(hop).unwrap_or(flow.transport);
        let remote = SocketAddr::new(address, hop.port.unwrap_or(DEFAULT_PORT));
        // On a connection the peer's port is a random one; what it listens on is the same peer.
        let same_peer = transport == flow.transport && address == flow.remote.ip();
        if same_peer && (remote.port() == flow.remote.port() || flow.connection.is_some()) {
            return flow;
        }
        self.way_to(transport, remote)
    }

    /// Where the answers to a request with this top Via go (18.2.2, RFC 3581 4).
    pub(super) fn way_back(via: &Via, source: &Flow) -> Flow {
        // Behind a NAT the port of sent-by means nothing on our side of it.
        let translated = via.host.address() != Some(source.remote.ip());
        if source.transport.is_reliable() || via.rport().is_some() || translated {
            return *source;
        }
        let port = via.port.unwrap_or(DEFAULT_PORT);
        Flow { remote: SocketAddr::new(source.remote.ip(), port), ..*source }
    }

    /// Whether a host means us.
    pub(super) fn is_ours(&self, host: &Host) -> bool {
        let listens = |address| self.settings.listeners.iter().any(|(_, listener)| listener.ip() == address);
        self.hosts.is_empty() || self.hosts.contains(host) || host.address().is_some_and(listens)
    }

    /// The host we write into From and To.
    pub(super) fn own_host(&self, flow: &Flow) -> Host {
        self.hosts.first().cloned().unwrap_or_else(|| Host::from(self.listener_of(flow).ip()))
    }
}

/// The transport a URI names.
pub(super) fn transport_of(uri: &Uri) -> Option<Transport> {
    match uri.params.get("transport")? {
        word if word.eq_ignore_ascii_case(b"udp") => Some(Transport::Udp),
        word if word.eq_ignore_ascii_case(b"tcp") => Some(Transport::Tcp),
        _ => None,
    }
}

/// Whether a contact's address can be what it says, given where its owner's packets come from: an address of a narrower
/// scope than the source is one from behind a NAT.
fn believable(contact: IpAddr, source: IpAddr) -> bool {
    contact == source || scope(contact) >= scope(source) && contact.is_ipv4() == source.is_ipv4()
}

/// How far an address is known: this host, this network, the Internet.
fn scope(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(v4) if v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast() => 0,
        IpAddr::V4(v4) if v4.is_loopback() => 1,
        IpAddr::V4(v4) if v4.is_private() || v4.is_link_local() || is_shared(v4) => 2,
        IpAddr::V6(v6) if v6.is_unspecified() || v6.is_multicast() => 0,
        IpAddr::V6(v6) if v6.is_loopback() => 1,
        IpAddr::V6(v6) if v6.is_unique_local() || v6.is_unicast_link_local() => 2,
        _ => 3,
    }
}

/// 100.64.0.0/10, behind a carrier's NAT (RFC 6598).
fn is_shared(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [100, 64..=127, _, _])
}

fn fits(local: IpAddr, remote: IpAddr) -> bool {
    local.is_ipv4() == remote.is_ipv4()
}

fn unspecified(remote: IpAddr) -> SocketAddr {
    match remote {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// RFC 3261 19.1.2.
const DEFAULT_PORT: u16 = 5060;

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address of the test")
    }

    #[test]
    fn a_contact_from_behind_a_nat_is_not_believed() {
        assert!(believable(ip("203.0.113.9"), ip("203.0.113.7")), "a carrier with several hosts");
        assert!(believable(ip("10.0.0.6"), ip("10.0.0.5")), "an exchange in the same building");
        assert!(believable(ip("203.0.113.9"), ip("10.0.0.5")));
        assert!(!believable(ip("192.168.0.4"), ip("203.0.113.7")), "a phone at home");
        assert!(!believable(ip("100.70.0.4"), ip("203.0.113.7")), "behind a carrier's NAT");
        assert!(!believable(ip("127.0.0.1"), ip("10.0.0.5")));
        assert!(!believable(ip("0.0.0.0"), ip("127.0.0.1")));
        assert!(!believable(ip("fd00::1"), ip("2001:db8::1")));
        assert!(!believable(ip("2001:db8::1"), ip("203.0.113.7")), "another family");
    }

    #[test]
    fn answers_return_as_rfc_3581_says() {
        let source = Flow {
            transport: Transport::Udp,
            local: ([10, 0, 0, 1], 5060).into(),
            remote: ([10, 0, 0, 2], 40_000).into(),
            connection: None,
        };
        let back = |via: &str| {
            let via = Via::parse(via.as_bytes()).expect("a Via of the test");
            Endpoint::way_back(&via, &source).remote.port()
        };
        assert_eq!(back("SIP/2.0/UDP 10.0.0.2:5062;branch=z9hG4bK1;rport"), 40_000);
        assert_eq!(back("SIP/2.0/UDP 10.0.0.2:5062;branch=z9hG4bK1"), 5062);
        assert_eq!(back("SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1"), 5060);
        assert_eq!(back("SIP/2.0/UDP 192.168.0.9:5062;branch=z9hG4bK1"), 40_000, "translated on its way");
    }
}
