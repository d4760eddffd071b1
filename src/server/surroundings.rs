//! What a configuration needs from the machine around it: recordings, flows, a place for records, addresses. One look
//! for `check` and for the start, so that the one never passes what the other refuses. Never changes a file; a port that
//! is taken shows only when the server binds it.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use super::flows::CheckedFlows;
use crate::config::{Config, NumberTarget};
use crate::document::Diagnostic;
use crate::media::Library;
use crate::store::{self, PromptError, Store, StoreError};

/// What was found, and what there is to say about it.
pub struct Surroundings {
    pub library: Library,
    /// With their own diagnostics.
    pub flows: CheckedFlows,
    /// What is wrong with the rest, with places in the configuration's text.
    pub notes: Vec<Diagnostic>,
}

impl Surroundings {
    /// Looks once. What is wrong in a file is an error; what depends on this machine and its user is a warning, for
    /// `check` may run on another one.
    #[must_use]
    pub fn of(config: &Config) -> Surroundings {
        let mut notes = Vec::new();
        let (library, problems) = store::load_prompts(config.audio.folder.as_deref());
        notes.extend(problems.iter().map(|problem| prompts(config, problem)));
        let flows = CheckedFlows::load(config, &|name| library.find(name).map(|clip| library.duration(clip)));
        if let Err(error) = &flows {
            notes.push(at(config, "ivr.flows", told(Diagnostic::error, &error.to_string())));
        }
        notes.extend(names(config, flows.as_ref().ok(), &library));
        let flows = flows.unwrap_or_else(|_| CheckedFlows::none());
        notes.extend(records(config));
        notes.extend(addresses(config));
        Surroundings { library, flows, notes }
    }

    /// Mistakes that keep the server from starting.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.notes.iter().filter(|note| note.is_error()).count() + self.flows.errors()
    }
}

/// Whether the flows and recordings that the configuration names are there. Of flows that could not be read nothing is
/// said: that one is missing follows from it.
pub(super) fn names(config: &Config, flows: Option<&CheckedFlows>, library: &Library) -> Vec<Diagnostic> {
    let named = config.numbers.iter().filter_map(|number| match &number.target {
        NumberTarget::Flow(flow) => Some(flow.clone()),
        _ => None,
    });
    let ids: Vec<String> = flows.map_or_else(|| named.collect(), |flows| flows.ids().into_iter().collect());
    config.check_names(&ids, &|name| library.find(name).is_some())
}

fn prompts(config: &Config, problem: &PromptError) -> Diagnostic {
    let note = match problem {
        // Callers would hear other words than those that somebody recorded for them.
        PromptError::Folder { .. } => told(Diagnostic::error, &problem.to_string())
            .help("mend [audio] folder, or take it out to use the built-in prompts"),
        PromptError::File { .. } => told(Diagnostic::warning, &problem.to_string())
            .help("the built-in clip of that name is played, where there is one"),
    };
    at(config, "audio.folder", note)
}

/// Whether the database can be opened, and be written by this user.
fn records(config: &Config) -> Option<Diagnostic> {
    let error = Store::would_open(&config.server.data.as_ref()?.join(Store::FILE_NAME)).err()?;
    let of_the_user = match &error {
        StoreError::ReadOnly { .. } | StoreError::Locked { .. } | StoreError::CannotOpen { .. } => true,
        StoreError::Folder { source, .. } => source.kind() == std::io::ErrorKind::PermissionDenied,
        _ => false,
    };
    let note = if of_the_user { Diagnostic::warning } else { Diagnostic::error };
    Some(at(config, "server.data", told(note, &error.to_string())))
}

/// Whether this machine has the addresses, told once each.
fn addresses(config: &Config) -> Vec<Diagnostic> {
    let listed = |key: &'static str, sockets: &[SocketAddr]| {
        let place = move |(at, socket): (usize, &SocketAddr)| (format!("{key}[{}]", at + 1), socket.ip());
        sockets.iter().enumerate().map(place).collect::<Vec<_>>()
    };
    let mut wanted = listed("sip.listen_udp", &config.sip.listen_udp);
    wanted.extend(listed("sip.listen_tcp", &config.sip.listen_tcp));
    wanted.push(("media.address".to_owned(), config.media.address));
    wanted.push(("http.listen".to_owned(), config.http.listen.ip()));
    wanted.extend(config.metrics.listen.map(|socket| ("metrics.listen".to_owned(), socket.ip())));
    let mut seen = BTreeSet::new();
    let foreign = |(_, ip): &(String, IpAddr)| seen.insert(*ip) && !is_here(*ip);
    wanted.retain(foreign);
    let missing = |(path, ip): (String, IpAddr)| {
        let note = Diagnostic::warning(OUTSIDE, format!("this machine has no address {ip}"));
        at(config, &path, note.help("here the server would not start; on the machine that has the address it will"))
    };
    wanted.into_iter().map(missing).collect()
}

/// Any free port will do: it is the address that is asked about.
fn is_here(ip: IpAddr) -> bool {
    match UdpSocket::bind(SocketAddr::new(ip, 0)) {
        Ok(_) => true,
        Err(error) => error.kind() != std::io::ErrorKind::AddrNotAvailable,
    }
}

/// An error of a room below, whose last line may be its way out.
fn told(note: impl FnOnce(&'static str, String) -> Diagnostic, error: &str) -> Diagnostic {
    match error.split_once("\n  help: ") {
        Some((what, help)) => note(OUTSIDE, what.to_owned()).help(help),
        None => note(OUTSIDE, error.to_owned()),
    }
}

fn at(config: &Config, path: &str, note: Diagnostic) -> Diagnostic {
    note.at(config.source.place(path))
}

/// Something outside of the configuration's file that it needs.
const OUTSIDE: &str = "CFG040";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn of(text: &str) -> (Config, Surroundings) {
        let (config, notes) = load("thirdring.toml", text, &|_| None);
        let config = config.unwrap_or_else(|| panic!("{notes:?}"));
        let found = Surroundings::of(&config);
        (config, found)
    }

    #[test]
    fn the_built_in_centre_needs_nothing() {
        let config = Config::development();
        let found = Surroundings::of(&config);
        assert_eq!(found.notes, [], "{}", config.source.render(&found.notes, false));
        assert_eq!(found.errors(), 0, "{}", found.flows.report(true, false));
    }

    #[test]
    fn the_shipped_files_have_all_they_name() {
        let secret =
            |name: &str| format!("{:x}", name.bytes().fold(7_u64, |s, byte| s.wrapping_mul(131) + u64::from(byte)));
        let shipped = [
            ("config/postal.toml", include_str!("../../config/postal.toml")),
            ("config/development.toml", include_str!("../../config/development.toml")),
            ("config/thirdring.toml", include_str!("../../config/thirdring.toml")),
        ];
        for (file, text) in shipped {
            let (config, notes) = load(file, text, &|name| Some(secret(name)));
            let config = config.unwrap_or_else(|| panic!("{notes:?}"));
            let found = Surroundings::of(&config);
            let shown = config.source.render(&found.notes, false);
            assert_eq!(found.errors(), 0, "{file}: {shown}{}", found.flows.report(true, false));
        }
    }

    #[test]
    fn what_the_start_refuses_has_its_place() {
        let (config, found) = of("[audio]\nfolder = \"/nowhere/audio\"\n[ivr]\nflows = \"/nowhere/flows\"\n\
             [[number]]\nnumber = \"1300\"\nflow = \"postal-ko\"\n");
        let shown = config.source.render(&found.notes, false);
        assert_eq!(found.errors(), 2, "the number is not blamed for the folder: {shown}");
        assert!(shown.contains("--> thirdring.toml:2:10") && shown.contains("--> thirdring.toml:4:9"), "{shown}");
    }

    #[test]
    fn an_address_of_another_machine_is_told_once_and_is_no_error() {
        let (config, found) = of("[security]\nbeyond_loopback = true\n[sip]\nlisten_udp = [\"192.0.2.1:5060\"]\n\
             listen_tcp = [\"192.0.2.1:5060\"]\n[media]\naddress = \"192.0.2.1\"\n");
        let shown = config.source.render(&found.notes, false);
        assert_eq!(shown.matches("this machine has no address 192.0.2.1").count(), 1, "{shown}");
        assert!(found.notes.iter().all(|note| !note.is_error()), "{shown}");
        assert!(shown.contains("--> thirdring.toml:4:15"), "{shown}");
    }
}
