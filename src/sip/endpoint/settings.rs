//! What an endpoint is told once, at its start: names, listeners, devices, trunks, bounds.
//! Never read from a file here; the configuration room does that. RFC 3261 10.3 (lives), 17.1.1.1 (T1), 16.6 (Timer C), RFC 4028.

use super::super::flow::Transport;
use super::bans::BanRules;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Everything an [`Endpoint`](super::Endpoint) needs to know; `Settings::default()` is a phone without accounts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Digest realm, as the devices' passwords know it.
    pub realm: String,
    /// Our addresses, as peers reach them; they are written into Via and Contact.
    pub listeners: Vec<(Transport, SocketAddr)>,
    /// Hosts (names and IP addresses) that mean us in a Request-URI or a From; the listeners' addresses always do.
    /// The first one is the host of the addresses we write. Empty: any host is taken as ours.
    pub domains: Vec<String>,
    /// Phones that may register and call.
    pub devices: Vec<DeviceAccount>,
    /// Peers trusted by address.
    pub trunks: Vec<TrunkPeer>,
    /// How long a digest nonce is good.
    pub nonce_life: Duration,
    /// INVITE sessions at once; more are refused with 503 and Retry-After.
    pub sessions_max: usize,
    /// Transactions at once, client and server together; above it new INVITEs and registrations get 503.
    pub transactions_max: usize,
    /// Text of User-Agent and Server.
    pub user_agent: String,
    /// Registration life: shortest we accept (423 below), the one for silence, the longest we grant.
    pub registration_expires: (Duration, Duration, Duration),
    /// RFC 3261 T1; every other timer follows it.
    pub t1: Duration,
    /// Timer C: how long an INVITE may go on without a new provisional response.
    pub invite_timeout: Duration,
    /// Session timers (RFC 4028): the life that a session asks for before it must be refreshed, whole seconds, and the
    /// longest that is granted; zero for none.
    pub session_expires: Duration,
    /// The shortest session life that is accepted (422 below), at least 90 s.
    pub session_expires_min: Duration,
    /// When a source that guesses passwords is not listened to any more.
    pub bans: BanRules,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            realm: "thirdring".to_owned(),
            listeners: Vec::new(),
            domains: Vec::new(),
            devices: Vec::new(),
            trunks: Vec::new(),
            nonce_life: Duration::from_secs(300),
            sessions_max: 2_000,
            transactions_max: 20_000,
            user_agent: "Thirdring".to_owned(),
            registration_expires: (Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(3_600)),
            t1: Duration::from_millis(500),
            invite_timeout: Duration::from_secs(180),
            session_expires: Duration::from_secs(1_800),
            session_expires_min: Duration::from_secs(90),
            bans: BanRules { after: 20, life: Duration::from_secs(900) },
        }
    }
}

/// A phone that may register and place calls, known by its user and password.
#[derive(Clone)]
pub struct DeviceAccount {
    /// User part of its address and digest username.
    pub user: String,
    /// Digest password.
    pub password: String,
    /// Whether it may answer with MD5; otherwise SHA-256 only.
    pub md5: bool,
}

/// The password stays out of every dump.
impl fmt::Debug for DeviceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceAccount").field("md5", &self.md5).finish_non_exhaustive()
    }
}

/// A carrier or another exchange, trusted by the address its packets come from.
#[derive(Clone, Debug)]
pub struct TrunkPeer {
    /// Its name in the configuration.
    pub name: String,
    /// Addresses it sends from.
    pub addresses: Vec<IpAddr>,
    /// Only this source port; any when `None`.
    pub port: Option<u16>,
}

impl TrunkPeer {
    /// Whether a packet from `source` is this trunk's.
    #[must_use]
    pub fn speaks_from(&self, source: SocketAddr) -> bool {
        self.addresses.contains(&source.ip()) && self.port.is_none_or(|port| port == source.port())
    }
}
