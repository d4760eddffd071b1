//! Reading a peer's description: the first usable audio stream, and what surrounds it.
//! Never trusts a count, a number or a name. RFC 8866 5, RFC 3551 6 (static payload types), RFC 4733 2.4.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use sdp_types::{Connection, Media, NetType, Session};

use super::direction::Direction;
use super::error::SdpError;
use crate::model::Codec;

/// A codec under the payload type number that this description gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MediaFormat {
    pub codec: Codec,
    /// 0 to 127.
    pub payload_type: u8,
}

/// What a peer says about its audio stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Where it wants to receive RTP; the unspecified address is the old way to say hold (RFC 3264 8.4).
    pub address: SocketAddr,
    /// Codecs we know, in the peer's order; never empty.
    pub formats: Vec<MediaFormat>,
    /// Payload type of telephone events at 8 kHz.
    pub telephone_event: Option<u8>,
    /// Payload type of comfort noise at 8 kHz (RFC 3389).
    pub comfort_noise: Option<u8>,
    /// As the peer says it, from its own view.
    pub direction: Direction,
    /// Milliseconds of sound in a packet that the peer likes to get; 20 where it says nothing usable.
    pub packet_time_ms: u32,
    /// The version in `o=`; zero without one.
    pub session_version: u64,
    /// Which of the media descriptions this is, from zero.
    pub index: usize,
    /// All media descriptions, so that an answer can refuse the others in their order.
    pub(super) lines: Vec<MediaLine>,
}

impl Remote {
    /// The direction that is meant, from the peer's view: the unspecified address takes the receiving half away.
    #[must_use]
    pub fn meant(&self) -> Direction {
        Direction::of(self.direction.sends(), self.direction.receives() && !self.address.ip().is_unspecified())
    }

    /// Whether the peer does not want to hear us: `sendonly`, `inactive` or the unspecified address.
    #[must_use]
    pub fn held(&self) -> bool {
        !self.meant().receives()
    }

    /// How many media descriptions there are.
    #[must_use]
    pub fn media_count(&self) -> usize {
        self.lines.len()
    }
}

/// What of a media description must be said again to refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MediaLine {
    pub(super) media: String,
    pub(super) protocol: String,
    /// One format; a refused stream's formats mean nothing, but the grammar wants one.
    pub(super) format: String,
}

/// Reads a description and takes its first usable audio stream: RTP/AVP, a port, an address and a codec of ours.
///
/// # Errors
/// Says why no stream can be used; when several fail, why the first audio stream that is not refused failed.
pub fn parse(sdp: &[u8]) -> Result<Remote, SdpError> {
    let session = read(sdp)?;
    let mut first_error = None;
    for index in 0..session.medias.len() {
        match stream(&session, index) {
            Ok(remote) => return Ok(remote),
            Err(SdpError::NoAudio) => {}
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.unwrap_or(SdpError::NoAudio))
}

/// Reads the media description at `index` only, as the answer to an offer of ours must be read.
pub(super) fn parse_at(sdp: &[u8], index: usize) -> Result<Remote, SdpError> {
    stream(&read(sdp)?, index)
}

/// The text as a session, bounded, without the lines that nobody here needs: a broken `b=` or `t=` line
/// or a stray byte in a title must not cost the caller the call.
fn read(sdp: &[u8]) -> Result<Session, SdpError> {
    if sdp.len() > DESCRIPTION_BYTES_MAX {
        return Err(SdpError::Malformed(format!("longer than {DESCRIPTION_BYTES_MAX} bytes")));
    }
    let text = String::from_utf8_lossy(sdp);
    let mut needed = String::with_capacity(text.len());
    let mut media_count = 0;
    for line in text.split(['\r', '\n']).filter(|line| line.starts_with(NEEDED_LINES) && line[1..].starts_with('=')) {
        media_count += usize::from(line.starts_with('m'));
        needed.extend(line.chars().filter(|c| *c != '\0'));
        needed.push_str("\r\n");
    }
    if media_count > MEDIA_LINES_MAX {
        return Err(SdpError::Malformed(format!("more than {MEDIA_LINES_MAX} media descriptions")));
    }
    Session::parse(needed.as_bytes()).map_err(|error| SdpError::Malformed(printable(&error.to_string())))
}

fn stream(session: &Session, index: usize) -> Result<Remote, SdpError> {
    let media = session.medias.get(index).ok_or(SdpError::NoAudio)?;
    let plain_rtp = PROTOCOLS.iter().any(|protocol| media.proto.eq_ignore_ascii_case(protocol));
    if !media.media.eq_ignore_ascii_case("audio") || !plain_rtp || media.port == 0 {
        return Err(SdpError::NoAudio);
    }
    let encodings = encodings(media);
    let payload_types = payload_types(media);
    let formats: Vec<MediaFormat> = payload_types
        .iter()
        .filter_map(|&payload_type| {
            Some(MediaFormat { codec: codec(payload_type, encodings.get(&payload_type))?, payload_type })
        })
        .collect();
    if formats.is_empty() {
        return Err(SdpError::NoCommonCodec { offered: names(&payload_types, &encodings) });
    }
    Ok(Remote {
        address: SocketAddr::new(address(session, media)?, media.port),
        formats,
        telephone_event: payload_types
            .iter()
            .copied()
            .find(|payload_type| encodings.get(payload_type).is_some_and(Encoding::is_telephone_event)),
        comfort_noise: payload_types.iter().copied().find(|payload_type| {
            encodings.get(payload_type).map_or(*payload_type == COMFORT_NOISE, Encoding::is_comfort_noise)
        }),
        direction: direction(session, media),
        packet_time_ms: packet_time_ms(media),
        session_version: session.origin.sess_version,
        index,
        lines: session.medias.iter().map(line).collect(),
    })
}

/// One `a=rtpmap` value (RFC 8866 6.6).
struct Encoding<'s> {
    name: &'s str,
    clock_hz: u32,
    channels: u32,
}

impl Encoding<'_> {
    fn is_telephone_event(&self) -> bool {
        self.name.eq_ignore_ascii_case("telephone-event") && self.clock_hz == TELEPHONE_EVENT_HZ
    }

    fn is_comfort_noise(&self) -> bool {
        self.name.eq_ignore_ascii_case("CN") && self.clock_hz == COMFORT_NOISE_HZ && self.channels == 1
    }
}

/// Encodings by payload type; the first that names a payload type counts.
fn encodings(media: &Media) -> BTreeMap<u8, Encoding<'_>> {
    let mut encodings = BTreeMap::new();
    for value in media.get_attribute_values("rtpmap").flatten() {
        let Some((payload_type, encoding)) = value.trim().split_once(char::is_whitespace) else { continue };
        let Some(payload_type) = payload_type_number(payload_type) else { continue };
        let mut parts = encoding.trim().split('/');
        let name = parts.next().unwrap_or_default();
        // A clock that is no number stays zero, which no codec of ours has.
        let clock_hz = parts.next().and_then(|clock| clock.parse().ok()).unwrap_or(0);
        let channels = parts.next().map_or(1, |channels| channels.parse().unwrap_or(0));
        encodings.entry(payload_type).or_insert(Encoding { name, clock_hz, channels });
    }
    encodings
}

/// The payload types of the media line in their order, each once.
fn payload_types(media: &Media) -> Vec<u8> {
    let mut seen = [false; 128];
    media
        .fmt
        .split_ascii_whitespace()
        .filter_map(payload_type_number)
        .filter(|payload_type| {
            seen.get_mut(usize::from(*payload_type)).is_some_and(|seen| !std::mem::replace(seen, true))
        })
        .collect()
}

fn payload_type_number(text: &str) -> Option<u8> {
    text.parse().ok().filter(|payload_type| *payload_type < 128)
}

fn codec(payload_type: u8, encoding: Option<&Encoding<'_>>) -> Option<Codec> {
    Codec::ALL.into_iter().find(|codec| match encoding {
        // An explicit mapping counts, even where it contradicts the static table.
        Some(encoding) => {
            encoding.name.eq_ignore_ascii_case(codec.name())
                && encoding.clock_hz == codec.clock_hz()
                && encoding.channels == 1
        }
        None => payload_type == codec.static_payload_type(),
    })
}

/// What was offered, for people and for a `Warning` header.
fn names(payload_types: &[u8], encodings: &BTreeMap<u8, Encoding<'_>>) -> String {
    let mut names = String::new();
    for payload_type in payload_types.iter().take(OFFERED_NAMES_MAX) {
        let static_name = || STATIC_NAMES.iter().find(|(number, _)| number == payload_type).map(|(_, name)| *name);
        let separator = if names.is_empty() { "" } else { ", " };
        match encodings.get(payload_type).map(|encoding| encoding.name).or_else(static_name) {
            Some(name) => names.push_str(&format!("{separator}{}", printable(name))),
            None => names.push_str(&format!("{separator}payload type {payload_type}")),
        }
    }
    if names.is_empty() { "nothing".to_owned() } else { names }
}

/// A peer's words made safe for a log and a quoted string: printable ASCII without quote and backslash, bounded.
fn printable(text: &str) -> String {
    text.chars().filter(|c| (' '..='~').contains(c) && !matches!(c, '"' | '\\')).take(WORD_CHARS_MAX).collect()
}

fn address(session: &Session, media: &Media) -> Result<IpAddr, SdpError> {
    let connection = media.connections.first().or(session.connection.as_ref());
    let connection = connection.ok_or_else(|| SdpError::Malformed("no c= line".to_owned()))?;
    let address = internet_address(connection).ok_or_else(|| {
        SdpError::Malformed(format!("c= address {} is no IP address", printable(&connection.connection_address)))
    })?;
    if address.is_multicast() {
        return Err(SdpError::Malformed("c= address is multicast".to_owned()));
    }
    Ok(address)
}

fn internet_address(connection: &Connection) -> Option<IpAddr> {
    if connection.nettype != NetType::In {
        return None;
    }
    // A mapped address is an IPv4 peer seen through an IPv6 socket.
    connection.connection_address.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn direction(session: &Session, media: &Media) -> Direction {
    let said = |attributes: &[sdp_types::Attribute]| {
        attributes.iter().find_map(|attribute| Direction::from_attribute(&attribute.attribute))
    };
    said(&media.attributes).or_else(|| said(&session.attributes)).unwrap_or_default()
}

fn packet_time_ms(media: &Media) -> u32 {
    let milliseconds = |name| {
        let value = media.get_first_attribute_value(name).flatten()?;
        value.trim().parse::<u32>().ok().filter(|time| (PACKET_TIME_MS_MIN..=PACKET_TIME_MS_MAX).contains(time))
    };
    let wanted = milliseconds("ptime").unwrap_or(PACKET_TIME_MS);
    wanted.min(milliseconds("maxptime").unwrap_or(PACKET_TIME_MS_MAX))
}

fn line(media: &Media) -> MediaLine {
    MediaLine {
        media: media.media.clone(),
        protocol: media.proto.clone(),
        format: media.fmt.split_ascii_whitespace().next().unwrap_or("0").to_owned(),
    }
}

/// What we pack and ask for; what everyone else does too.
pub(super) const PACKET_TIME_MS: u32 = 20;
/// One frame of the shortest G.711 packet in use.
const PACKET_TIME_MS_MIN: u32 = 10;
/// 1,600 bytes of G.711 would be two datagrams on Ethernet; 120 ms is the longest that fits.
const PACKET_TIME_MS_MAX: u32 = 120;
/// Telephone events count time in this clock beside G.711 (RFC 4733 2.4.2).
pub(super) const TELEPHONE_EVENT_HZ: u32 = 8_000;

/// The static payload type of comfort noise (RFC 3551, table 4), and its clock (RFC 3389 3).
pub(super) const COMFORT_NOISE: u8 = 13;
pub(super) const COMFORT_NOISE_HZ: u32 = 8_000;
/// A description travels in one SIP message.
const DESCRIPTION_BYTES_MAX: usize = crate::model::limits::SIP_MESSAGE_BYTES_MAX;
/// Audio, video, slides, chat and their spares; a browser's conference offers more and is not our caller.
const MEDIA_LINES_MAX: usize = 64;
/// A full list of a softphone's codecs.
const OFFERED_NAMES_MAX: usize = 16;
/// Longest quoted word.
const WORD_CHARS_MAX: usize = 64;
/// Version, origin, connection, media and attributes.
const NEEDED_LINES: [char; 5] = ['v', 'o', 'c', 'm', 'a'];
/// Plain RTP. AVPF differs in RTCP timing only, which a receiver may ignore (RFC 4585 3.3).
const PROTOCOLS: [&str; 2] = ["RTP/AVP", "RTP/AVPF"];
/// Static audio payload types that are still met (RFC 3551, table 4).
const STATIC_NAMES: [(u8, &str); 9] = [
    (0, "PCMU"),
    (3, "GSM"),
    (4, "G723"),
    (8, "PCMA"),
    (9, "G722"),
    (13, "CN"),
    (15, "G728"),
    (18, "G729"),
    (19, "CN"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn description(lines: &[&str]) -> Vec<u8> {
        let head = ["v=0", "o=- 1 4 IN IP4 192.0.2.9", "s=-", "c=IN IP4 192.0.2.9", "t=0 0"];
        head.iter().chain(lines).flat_map(|line| format!("{line}\r\n").into_bytes()).collect()
    }

    fn formats(remote: &Remote) -> Vec<(Codec, u8)> {
        remote.formats.iter().map(|format| (format.codec, format.payload_type)).collect()
    }

    #[test]
    fn static_numbers_need_no_mapping() {
        let remote = parse(&description(&["m=audio 4000 RTP/AVP 18 8 0"])).expect("a usable offer");
        assert_eq!(formats(&remote), [(Codec::Pcma, 8), (Codec::Pcmu, 0)]);
        assert_eq!(remote.address, "192.0.2.9:4000".parse().expect("an address"));
        assert_eq!((remote.telephone_event, remote.direction), (None, Direction::SendRecv));
        assert_eq!((remote.packet_time_ms, remote.session_version), (20, 4));
    }

    #[test]
    fn a_mapping_counts_whatever_its_case_and_number() {
        let remote = parse(&description(&[
            "m=audio 4000 RTP/AVP 96 0 101 102",
            "a=rtpmap:96 pcma/8000/1",
            "a=rtpmap:0 G729/8000",
            "a=rtpmap:101 telephone-event/48000",
            "a=rtpmap:102 TELEPHONE-EVENT/8000",
        ]))
        .expect("a usable offer");
        assert_eq!(formats(&remote), [(Codec::Pcma, 96)], "number 0 was given another meaning");
        assert_eq!(remote.telephone_event, Some(102));
    }

    #[test]
    fn a_stream_speaks_for_itself_before_the_session_does() {
        let remote = parse(&description(&[
            "a=sendonly",
            "m=audio 4000 RTP/AVP 0",
            "c=IN IP4 192.0.2.77",
            "a=recvonly",
            "a=ptime:30",
        ]))
        .expect("a usable offer");
        assert_eq!(remote.address.ip(), "192.0.2.77".parse::<IpAddr>().expect("an address"));
        assert_eq!((remote.direction, remote.packet_time_ms), (Direction::RecvOnly, 30));
        let inherits = parse(&description(&["a=sendonly", "m=audio 4000 RTP/AVP 0"])).expect("a usable offer");
        assert!(inherits.held());
    }

    #[test]
    fn senseless_packet_times_become_the_usual_one() {
        for (said, meant) in [("0", 20), ("2147483648", 20), ("99999999999", 20), ("-20", 20), ("", 20), ("60", 60)] {
            let attribute = format!("a=ptime:{said}");
            let remote = parse(&description(&["m=audio 4000 RTP/AVP 0", &attribute])).expect("a usable offer");
            assert_eq!(remote.packet_time_ms, meant, "ptime {said}");
        }
        let capped = description(&["m=audio 4000 RTP/AVP 0", "a=ptime:60", "a=maxptime:40"]);
        assert_eq!(parse(&capped).expect("a usable offer").packet_time_ms, 40);
    }

    #[test]
    fn what_was_offered_is_named() {
        let offer = description(&["m=audio 4000 RTP/AVP 18 97 98", "a=rtpmap:97 op\"us\\/48000/2", "a=rtpmap:x"]);
        assert_eq!(parse(&offer), Err(SdpError::NoCommonCodec { offered: "G729, opus, payload type 98".to_owned() }));
        let clockless = description(&["m=audio 4000 RTP/AVP 0", "a=rtpmap:0 PCMU/0"]);
        assert_eq!(parse(&clockless), Err(SdpError::NoCommonCodec { offered: "PCMU".to_owned() }));
    }

    #[test]
    fn no_audio_is_no_audio() {
        for lines in [&[][..], &["m=audio 0 RTP/AVP 0"], &["m=video 4000 RTP/AVP 0"], &["m=audio 4000 RTP/SAVP 0"]] {
            assert_eq!(parse(&description(lines)), Err(SdpError::NoAudio), "{lines:?}");
        }
        let second = description(&["m=audio 0 RTP/AVP 0", "m=audio 4002 RTP/AVPF 8"]);
        assert_eq!(parse(&second).expect("the second is usable").index, 1);
    }

    #[test]
    fn a_stream_without_an_address_is_malformed() {
        let missing = b"v=0\no=- 1 1 IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 0\n";
        assert_eq!(parse(missing), Err(SdpError::Malformed("no c= line".to_owned())));
        for address in ["IN IP4 example.net", "IN IP4 224.0.0.1", "TN RFC2543 123", "IN IP6 fe80::1%eth0"] {
            let text = format!("v=0\nc={address}\nm=audio 4000 RTP/AVP 0\n");
            assert!(matches!(parse(text.as_bytes()), Err(SdpError::Malformed(_))), "{address}");
        }
    }

    #[test]
    fn an_ipv4_peer_in_ipv6_clothes_is_an_ipv4_peer() {
        let remote = parse(b"v=0\nc=IN IP6 ::ffff:192.0.2.9\nm=audio 4000 RTP/AVP 0\n").expect("a usable offer");
        assert_eq!(remote.address, "192.0.2.9:4000".parse().expect("an address"));
    }

    #[test]
    fn hostile_descriptions_are_refused_within_bounds() {
        let many: Vec<&str> = std::iter::repeat_n("m=audio 4000 RTP/AVP 0", 500).collect();
        assert!(matches!(parse(&description(&many)), Err(SdpError::Malformed(_))));
        assert!(matches!(parse(&description(&["m=audio 65536 RTP/AVP 0"])), Err(SdpError::Malformed(_))));
        assert!(matches!(parse(&vec![b'a'; 70_000]), Err(SdpError::Malformed(_))));
        let huge = format!("a=fmtp:0 {}", "x".repeat(60_000));
        assert!(parse(&description(&["m=audio 4000 RTP/AVP 0", &huge])).is_ok());
        let numbers = format!("m=audio 4000 RTP/AVP {}", "0 ".repeat(20_000));
        assert_eq!(parse(&description(&[&numbers])).expect("one codec, said often").formats.len(), 1);
    }

    #[test]
    fn a_broken_line_that_nobody_needs_costs_nothing() {
        let mut offer = description(&["b=AS:many", "t=now", "k", "z=1", "m=audio 4000 RTP/AVP 0", "a=tool:x"]);
        offer.extend_from_slice(b"i=caf\xe9\0\r\n");
        assert!(parse(&offer).is_ok());
    }
}
