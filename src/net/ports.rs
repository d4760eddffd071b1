//! The socket pairs of one media thread: RTP on an even port, RTCP on the odd one above, bound before the first call.
//! Never reads or writes a packet. RFC 3550 11, RFC 4594 4.1.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use super::error::NetError;

/// One slot's sockets, non-blocking.
#[derive(Debug)]
pub(crate) struct PortPair {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
}

/// Binds `slots` pairs from `first_port` (rounded up to even) on; from any free ports when it is zero.
///
/// # Errors
/// When a port of the range is taken: a firewall knows the range, so no other port will do.
pub(crate) fn bind(ip: IpAddr, first_port: u16, slots: u16) -> Result<(Vec<PortPair>, Vec<u16>), NetError> {
    let mut pairs = Vec::with_capacity(usize::from(slots));
    let mut ports = Vec::with_capacity(usize::from(slots));
    let first = u32::from(first_port.next_multiple_of(2));
    if first_port > 0 && first + 2 * u32::from(slots) > 0x1_0000 {
        return Err(NetError::PortRange { first_port, slots });
    }
    for slot in 0..u32::from(slots) {
        let (pair, port) = if first_port == 0 { any_pair(ip)? } else { pair_at(ip, (first + 2 * slot) as u16)? };
        pairs.push(pair);
        ports.push(port);
    }
    Ok((pairs, ports))
}

fn pair_at(ip: IpAddr, port: u16) -> Result<(PortPair, u16), NetError> {
    Ok((PortPair { rtp: socket(ip, port)?, rtcp: socket(ip, port + 1)? }, port))
}

/// An even port of the system's choice whose upper neighbour is free too. Ports that do not suit are held until one does,
/// so that the system does not offer them again.
fn any_pair(ip: IpAddr) -> Result<(PortPair, u16), NetError> {
    let mut unsuitable = Vec::new();
    for _ in 0..ATTEMPTS_MAX {
        let rtp = socket(ip, 0)?;
        let port = rtp.local_addr().map_err(|source| NetError::Start { what: "RTP socket", source })?.port();
        if port % 2 == 0
            && let Ok(rtcp) = socket(ip, port + 1)
        {
            return Ok((PortPair { rtp, rtcp }, port));
        }
        unsuitable.push(rtp);
    }
    Err(NetError::NoPair { address: SocketAddr::new(ip, 0) })
}

fn socket(ip: IpAddr, port: u16) -> Result<UdpSocket, NetError> {
    let address = SocketAddr::new(ip, port);
    let open = || -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        // Routers that know the class hurry speech along; the others do not care.
        let _ = match ip {
            IpAddr::V4(_) => rustix::net::sockopt::set_ip_tos(&socket, EXPEDITED_FORWARDING),
            IpAddr::V6(_) => rustix::net::sockopt::set_ipv6_tclass(&socket, u32::from(EXPEDITED_FORWARDING)),
        };
        Ok(socket)
    };
    open().map_err(|source| NetError::Bind { address, source })
}

/// DSCP 46 in the upper six bits (RFC 4594 4.1).
const EXPEDITED_FORWARDING: u8 = 46 << 2;

/// Every second port is even; its neighbour is nearly always free.
const ATTEMPTS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn every_pair_is_even_and_odd_and_its_own() {
        let (pairs, ports) = bind(HERE, 0, 8).expect("loopback has free ports");
        for (pair, port) in pairs.iter().zip(&ports) {
            assert_eq!(port % 2, 0);
            assert_eq!(pair.rtp.local_addr().expect("bound").port(), *port);
            assert_eq!(pair.rtcp.local_addr().expect("bound").port(), port + 1);
        }
        let distinct: std::collections::BTreeSet<_> = ports.iter().collect();
        assert_eq!(distinct.len(), 8);
    }

    #[test]
    fn a_taken_port_is_named() {
        let (_held, ports) = bind(HERE, 0, 1).expect("loopback has free ports");
        match bind(HERE, ports[0], 1) {
            Err(NetError::Bind { address, .. }) => assert_eq!(address.port(), ports[0]),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_range_past_the_last_port_is_refused() {
        assert!(matches!(bind(HERE, 65_530, 4), Err(NetError::PortRange { .. })));
    }
}
