//! From the configuration to what each room wants to be told. Translation only; every check was made before.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::center::{
    DialPattern, DialRule, Entry, FeatureCodes, MediaSettings, NumberFacts, Person, QueueFacts, Settings, TrunkRoute,
};
use crate::charter::{Policy, RingCadence};
use crate::config::{Announcement, Builtin, Config, HangupPolicy, Number, NumberTarget, Trunk, TrunkTransport};
use crate::model::PhoneNumber;
use crate::sip::Transport;
use crate::{acd, sip};

/// What the center is told. `listeners` are the SIP addresses that were really bound, `ports` each worker's RTP ports.
#[must_use]
pub fn settings(config: &Config, listeners: &[(Transport, SocketAddr)], ports: Vec<Vec<u16>>) -> Settings {
    Settings {
        language: config.server.language,
        zone: TimeZoneDatabase::bundled().get(&config.server.timezone).unwrap_or(TimeZone::UTC),
        calls_max: config.server.calls_max,
        sip: sip_settings(config, listeners),
        acd: acd_settings(config),
        policy: policy(config),
        numbers: numbers(config),
        people: people(config),
        queues: queues(config),
        skills: config.skills.clone(),
        trunk_accounts: trunk_accounts(config, listeners),
        dial_rules: dial_rules(config),
        feature_codes: feature_codes(config),
        media: MediaSettings {
            address: config.media.told(),
            workers: ports,
            codecs: config.media.codecs.clone(),
            quarantine: PORT_QUARANTINE,
        },
        music: config.audio.music.clone(),
    }
}

fn sip_settings(config: &Config, listeners: &[(Transport, SocketAddr)]) -> sip::Settings {
    let mut domains = config.sip.domains.clone();
    domains.extend(config.sip.advertised.map(|ip| ip.to_string()));
    sip::Settings {
        realm: config.sip.realm.clone(),
        listeners: listeners.iter().map(|listener| told(config, listener)).collect(),
        domains,
        devices: config
            .devices
            .iter()
            .map(|device| sip::DeviceAccount {
                user: device.user.clone(),
                password: device.password.reveal().to_owned(),
                md5: device.md5,
            })
            .collect(),
        trunks: config
            .trunks
            .iter()
            .map(|trunk| sip::TrunkPeer { name: trunk.name.clone(), addresses: trunk.addresses.clone(), port: None })
            .collect(),
        nonce_life: config.sip.nonce_life,
        // Each call may have several legs, each leg is a session.
        sessions_max: config.legs_max(),
        // A leg has at most a handful of transactions at once; registrations and refusals need room too.
        transactions_max: config.legs_max() * 4 + 4_096,
        user_agent: config.sip.user_agent.clone(),
        registration_expires: (config.sip.register_min, config.sip.register_default, config.sip.register_max),
        t1: config.sip.t1,
        invite_timeout: config.sip.invite_timeout,
        bans: sip::BanRules { after: config.security.ban_after, life: config.security.ban_life },
        session_expires: config.sip.session_expires,
        session_expires_min: config.sip.session_expires_min,
    }
}

fn acd_settings(config: &Config) -> acd::Settings {
    let queues = config
        .queues
        .iter()
        .map(|queue| acd::QueueSettings {
            id: queue.id,
            name: queue.name.clone(),
            waiting_max: queue.waiting_max,
            ring_limit: queue.ring_limit,
            wrap_up: queue.wrap_up,
            misses_max: queue.misses_max,
            priority_base: queue.priority,
            service_level: queue.service_level,
            short_abandon: queue.short_abandon,
        })
        .collect();
    let agents = config
        .agents
        .iter()
        .map(|agent| acd::AgentSettings {
            id: agent.id,
            name: agent.name.clone(),
            queues: agent.queues.clone(),
            skills: agent.skills.clone(),
        })
        .collect();
    acd::Settings::new(queues, agents)
}

fn policy(config: &Config) -> Policy {
    let policy = &config.policy;
    Policy {
        cadence: RingCadence { on: policy.ring_on, off: policy.ring_off },
        answer_before_ring: policy.answer_before_ring,
        guard: policy.guard,
        transfer_ring_limit: policy.transfer_ring_limit,
        max_wait: policy.max_wait,
        announce_transfers: policy.transfer_announcement,
        caller_hangs_up_first: policy.hangup == HangupPolicy::CallerFirst,
        closing_wait: policy.closing_wait,
    }
}

fn numbers(config: &Config) -> BTreeMap<String, NumberFacts> {
    let entry = |target: &NumberTarget| match target {
        NumberTarget::Flow(flow) => Entry::Flow(flow.clone()),
        NumberTarget::Queue(queue) => Entry::Queue(*queue),
        NumberTarget::Agent(agent) => Entry::Person(*agent),
        NumberTarget::Builtin(Builtin::Echo) => Entry::Echo,
        NumberTarget::Builtin(Builtin::Tones) => Entry::Tones,
        NumberTarget::Builtin(Builtin::ReadNumber) => Entry::ReadNumber,
    };
    let facts = |number: &Number| NumberFacts {
        entry: entry(&number.target),
        language: number.language,
        callback: number.callback_number.undecorated(),
    };
    config.numbers.iter().map(|number| (number.number.reveal().to_owned(), facts(number))).collect()
}

fn people(config: &Config) -> Vec<Person> {
    config
        .agents
        .iter()
        .map(|agent| Person {
            id: agent.id,
            name: agent.name.clone(),
            display_name: agent.display_name.clone(),
            department: agent.department.clone(),
            direct_number: agent
                .direct_number
                .as_ref()
                .map_or_else(|| PhoneNumber::new(&agent.device), PhoneNumber::undecorated),
            device: agent.device.clone(),
            queues: agent.queues.clone(),
            auto_login: agent.auto_login,
        })
        .collect()
}

fn queues(config: &Config) -> Vec<QueueFacts> {
    config
        .queues
        .iter()
        .map(|queue| QueueFacts {
            id: queue.id,
            name: queue.name.clone(),
            title: queue.title.clone(),
            department: queue.department.clone(),
            number: queue.number.as_ref().map_or_else(|| PhoneNumber::new(""), PhoneNumber::undecorated),
            announce_every: (!queue.announce_every.is_zero()).then_some(queue.announce_every),
            tell_position: queue.announce.contains(&Announcement::Position),
            tell_expected_wait: queue.announce.contains(&Announcement::ExpectedWait),
            music: queue.music.clone(),
            target_ratio: queue.service_target,
            target: queue.service_level,
        })
        .collect()
}

fn dial_rules(config: &Config) -> Vec<DialRule> {
    config
        .dial
        .iter()
        .filter_map(|rule| {
            let trunk = config.trunk_named(&rule.trunk)?;
            let pattern = rule.pattern.clone();
            let pattern = DialPattern(Arc::new(move |number: &str| pattern.fits(number)));
            Some(DialRule { pattern, trunk: route(trunk)? })
        })
        .collect()
}

/// Where we register: with each such trunk's target, as reachable at our listener of its transport.
fn trunk_accounts(config: &Config, listeners: &[(Transport, SocketAddr)]) -> Vec<(String, sip::Account)> {
    let account = |trunk: &Trunk| {
        let (route, expires) = (route(trunk)?, trunk.register?);
        let (user, password) = route.credentials?;
        let listener = listeners.iter().find(|(transport, _)| *transport == route.transport)?;
        let account = sip::Account {
            registrar: route.remote,
            transport: route.transport,
            domain: route.host.rsplit_once(':').map_or(route.host.clone(), |(host, _)| host.to_owned()),
            user,
            password,
            contact: told(config, listener).1,
            expires,
        };
        Some((trunk.name.clone(), account))
    };
    config.trunks.iter().filter_map(account).collect()
}

/// A listener as peers reach it.
fn told(config: &Config, (transport, address): &(Transport, SocketAddr)) -> (Transport, SocketAddr) {
    (*transport, SocketAddr::new(config.sip.advertised.unwrap_or_else(|| address.ip()), address.port()))
}

fn route(trunk: &Trunk) -> Option<TrunkRoute> {
    let host = trunk.target.as_deref()?.trim_start_matches("sip:").to_owned();
    let remote = host
        .parse::<SocketAddr>()
        .ok()
        .or_else(|| host.parse().ok().map(|ip| SocketAddr::new(ip, SIP_PORT)))
        // Names are looked up once they can be looked up without waiting; until then the trusted address stands in.
        .or_else(|| trunk.addresses.first().map(|ip| SocketAddr::new(*ip, port_of(&host))))?;
    Some(TrunkRoute {
        name: trunk.name.clone(),
        host,
        transport: match trunk.transport {
            TrunkTransport::Udp => Transport::Udp,
            TrunkTransport::Tcp => Transport::Tcp,
        },
        remote,
        credentials: trunk.login.as_ref().map(|(user, password)| (user.clone(), password.reveal().to_owned())),
        caller_id: trunk.caller_number.as_ref().map(PhoneNumber::undecorated),
    })
}

fn port_of(host: &str) -> u16 {
    host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(SIP_PORT)
}

fn feature_codes(config: &Config) -> FeatureCodes {
    let codes = &config.feature_codes;
    let reasons = codes.pause_reasons.iter().zip('1'..='9').map(|(reason, digit)| (digit, reason.clone())).collect();
    FeatureCodes {
        log_in: codes.login.clone(),
        log_out: codes.logout.clone(),
        pause: codes.pause.clone(),
        resume: codes.resume.clone(),
        reasons,
    }
}

/// RFC 3261 19.1.2.
const SIP_PORT: u16 = 5060;

/// Longer than any packet of the last call stays on its way, short enough that a busy hour never runs dry.
const PORT_QUARANTINE: Duration = Duration::from_secs(2);
