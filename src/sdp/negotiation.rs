//! One leg's offers and answers: what we said last, what was agreed, and under which numbers.
//! Never starts an exchange by itself and never judges glare, which SIP does. RFC 3264, RFC 6337.
//!
//! ```text
//! Idle --offer--> Offered --handle_answer--> Idle (agreed)       an answer may come again: 183, then 200
//! Idle --answer-> Idle (agreed)              Offered --withdraw-> Idle (the old agreement holds)
//! ```

use std::net::SocketAddr;

use bytes::Bytes;
use sdp_types::{Attribute, Connection, Media, Origin, Session};

use super::direction::Direction;
use super::error::SdpError;
use super::remote::{
    COMFORT_NOISE, COMFORT_NOISE_HZ, MediaFormat, MediaLine, PACKET_TIME_MS, Remote, TELEPHONE_EVENT_HZ, parse,
    parse_at,
};
use crate::model::Codec;

/// The state of offer and answer on one leg.
#[derive(Clone, Debug)]
pub struct Negotiation {
    local: SocketAddr,
    codecs: Vec<Codec>,
    session_id: u64,
    /// The version of `said`; counts up with every change (RFC 3264 8).
    version: u64,
    /// What we said last, without its version.
    said: Option<Session>,
    /// The media lines of this session, ours at `index`; a later offer must have them all (RFC 3264 8).
    lines: Vec<MediaLine>,
    index: usize,
    /// The direction we want since our last offer that was answered; an answer of ours never allows more.
    wanted: Direction,
    /// The direction of our last offer, until the peer offers or the offer is withdrawn.
    offered: Option<Direction>,
    agreed: Option<Agreed>,
}

/// What both sides settled on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Where to send RTP; port never zero. Unspecified while an old phone holds.
    pub remote: SocketAddr,
    pub codec: Codec,
    /// Payload type to send the codec under.
    pub payload_type: u8,
    /// Payload type that the codec arrives under.
    pub receive_payload_type: u8,
    /// Payload type to send telephone events under, when the peer takes them.
    pub telephone_event: Option<u8>,
    /// Payload type that telephone events arrive under.
    pub receive_telephone_event: Option<u8>,
    /// Payload type to send comfort noise under, when the peer takes it.
    pub comfort_noise: Option<u8>,
    /// Payload type that comfort noise arrives under.
    pub receive_comfort_noise: Option<u8>,
    /// Ours: whether we send and whether we receive.
    pub direction: Direction,
    /// The peer put us on hold.
    pub held: bool,
    /// Milliseconds of sound in a packet that the peer likes to get.
    pub packet_time_ms: u32,
}

impl Negotiation {
    /// A leg that receives RTP at `local` and speaks `codecs`, the most wanted first. `session_id` names it in `o=`.
    #[must_use]
    pub fn new(local: SocketAddr, codecs: Vec<Codec>, session_id: u64) -> Self {
        Negotiation {
            local,
            codecs,
            session_id,
            version: 0,
            said: None,
            lines: vec![MediaLine { media: "audio".to_owned(), protocol: "RTP/AVP".to_owned(), format: String::new() }],
            index: 0,
            wanted: Direction::SendRecv,
            offered: None,
            agreed: None,
        }
    }

    /// What was agreed, if anything was.
    #[must_use]
    pub fn agreed(&self) -> Option<&Agreed> {
        self.agreed.as_ref()
    }

    /// Our offer, the first or a later one: every codec of ours, an agreed one first and under its agreed number.
    /// `SendOnly` puts the peer on hold.
    #[must_use = "the offer has to be sent"]
    pub fn offer(&mut self, direction: Direction) -> Bytes {
        self.offered = Some(direction);
        let formats = self.offered_formats();
        let telephone_event = self.offered_telephone_event(&formats);
        let comfort_noise = self.offered_comfort_noise(&formats, telephone_event);
        self.say(&formats, comfort_noise, Some(telephone_event), direction)
    }

    /// The peer refused our offer: what was agreed before it holds on.
    pub fn withdraw(&mut self) {
        self.offered = None;
    }

    /// Reads the answer to our last offer. A second answer to the same offer replaces the first: gateways answer
    /// in a 183 and again, with another port, in the 200.
    ///
    /// # Errors
    /// `UnexpectedAnswer` when we offered nothing; else what was wrong. A failed answer changes nothing.
    pub fn handle_answer(&mut self, sdp: &[u8]) -> Result<Agreed, SdpError> {
        let offered = self.offered.ok_or(SdpError::UnexpectedAnswer)?;
        let remote = parse_at(sdp, self.index)?;
        self.check_family(&remote)?;
        let ours = self.offered_formats();
        // The answerer's first format is the one it likes best.
        let (theirs, own) = remote
            .formats
            .iter()
            .find_map(|theirs| Some((theirs, ours.iter().find(|own| own.codec == theirs.codec)?)))
            .ok_or_else(|| self.no_common_codec(&remote))?;
        let telephone_event = self.offered_telephone_event(&ours);
        let comfort_noise = remote.comfort_noise.zip(self.offered_comfort_noise(&ours, telephone_event));
        // Not receiving is obedience where we offered not to send; then an earlier hold stays what it was.
        let held = if offered.sends() { remote.held() } else { self.agreed.as_ref().is_some_and(|agreed| agreed.held) };
        let agreed = Agreed {
            remote: remote.address,
            codec: theirs.codec,
            payload_type: theirs.payload_type,
            receive_payload_type: own.payload_type,
            telephone_event: remote.telephone_event,
            receive_telephone_event: remote.telephone_event.map(|_| telephone_event),
            comfort_noise: comfort_noise.map(|(theirs, _)| theirs),
            receive_comfort_noise: comfort_noise.map(|(_, own)| own),
            direction: offered.and(remote.meant().mirrored()),
            held,
            packet_time_ms: remote.packet_time_ms,
        };
        self.wanted = offered;
        self.agreed = Some(agreed.clone());
        Ok(agreed)
    }

    /// Answers the peer's offer with one codec: the one in use if it is offered again, else our most wanted.
    /// Direction mirrored, other media refused with port 0 in their order.
    ///
    /// # Errors
    /// `NoCommonCodec`, `NoAudio` and `AddressFamily` are a 488, `Malformed` a 400; the old agreement holds on.
    pub fn answer(&mut self, offer: &[u8]) -> Result<(Bytes, Agreed), SdpError> {
        let remote = parse(offer)?;
        self.check_family(&remote)?;
        let in_use = self.agreed.as_ref().map(|agreed| agreed.codec);
        let format = in_use
            .into_iter()
            .chain(self.codecs.iter().copied())
            .find_map(|codec| remote.formats.iter().find(|format| format.codec == codec))
            .copied()
            .ok_or_else(|| self.no_common_codec(&remote))?;
        let direction = remote.meant().mirrored().and(self.wanted);
        let agreed = Agreed {
            remote: remote.address,
            codec: format.codec,
            payload_type: format.payload_type,
            receive_payload_type: format.payload_type,
            telephone_event: remote.telephone_event,
            receive_telephone_event: remote.telephone_event,
            comfort_noise: remote.comfort_noise,
            receive_comfort_noise: remote.comfort_noise,
            direction,
            held: remote.held(),
            packet_time_ms: remote.packet_time_ms,
        };
        self.offered = None;
        self.index = remote.index;
        self.lines = remote.lines;
        self.agreed = Some(agreed.clone());
        Ok((self.say(&[format], remote.comfort_noise, remote.telephone_event, direction), agreed))
    }

    /// Our codecs under the numbers of this session, an agreed one first.
    fn offered_formats(&self) -> Vec<MediaFormat> {
        let agreed = self
            .agreed
            .as_ref()
            .map(|agreed| MediaFormat { codec: agreed.codec, payload_type: agreed.receive_payload_type });
        let others = self
            .codecs
            .iter()
            .filter(|codec| agreed.is_none_or(|agreed| agreed.codec != **codec))
            .map(|codec| MediaFormat { codec: *codec, payload_type: codec.static_payload_type() })
            // A peer may have given another codec's static number a meaning of its own.
            .filter(|format| agreed.is_none_or(|agreed| agreed.payload_type != format.payload_type));
        agreed.into_iter().chain(others).collect()
    }

    /// The number of telephone events in our offers: a number keeps its meaning for the whole session (RFC 3264 8.3.2).
    fn offered_telephone_event(&self, formats: &[MediaFormat]) -> u8 {
        let in_use = self.agreed.as_ref().and_then(|agreed| agreed.receive_telephone_event);
        let free = |number: &u8| formats.iter().all(|format| format.payload_type != *number);
        in_use.into_iter().chain(TELEPHONE_EVENT..128).find(free).unwrap_or(TELEPHONE_EVENT)
    }

    /// The number of comfort noise in our offers: a muted telephone may then say that it is there (RFC 3389 4). None where
    /// the peer gave its number another meaning.
    fn offered_comfort_noise(&self, formats: &[MediaFormat], telephone_event: u8) -> Option<u8> {
        let in_use = self.agreed.as_ref().and_then(|agreed| agreed.receive_comfort_noise);
        let number = in_use.unwrap_or(COMFORT_NOISE);
        let free = number != telephone_event && formats.iter().all(|format| format.payload_type != number);
        free.then_some(number)
    }

    fn check_family(&self, remote: &Remote) -> Result<(), SdpError> {
        let address = remote.address.ip();
        if address.is_unspecified() || address.is_ipv4() == self.local.ip().to_canonical().is_ipv4() {
            return Ok(());
        }
        Err(SdpError::AddressFamily { remote: address })
    }

    fn no_common_codec(&self, remote: &Remote) -> SdpError {
        let offered: Vec<&str> = remote.formats.iter().map(|format| format.codec.name()).collect();
        SdpError::NoCommonCodec { offered: offered.join(", ") }
    }

    /// Writes a description; the version counts up only when something else changed (RFC 3264 8).
    fn say(
        &mut self,
        formats: &[MediaFormat],
        comfort_noise: Option<u8>,
        telephone_event: Option<u8>,
        direction: Direction,
    ) -> Bytes {
        let address = self.local.ip().to_canonical();
        let mut session = Session::new(Origin::with_ip_addr(self.session_id, 0, address), "-");
        session.connection = Some(Connection::from_ip_addr(address));
        session.medias = (self.lines.iter().enumerate())
            .map(|(index, line)| {
                if index == self.index {
                    self.stream(line, formats, comfort_noise, telephone_event, direction)
                } else {
                    refused(line)
                }
            })
            .collect();
        if self.said.as_ref() != Some(&session) {
            self.version += 1;
            self.said = Some(session.clone());
        }
        session.origin.sess_version = self.version;
        let mut text = Vec::with_capacity(256);
        session.write(&mut text).expect("writing to memory does not fail");
        Bytes::from(text)
    }

    fn stream(
        &self,
        line: &MediaLine,
        formats: &[MediaFormat],
        comfort_noise: Option<u8>,
        telephone_event: Option<u8>,
        direction: Direction,
    ) -> Media {
        let numbers: Vec<String> = (formats.iter().map(|format| format.payload_type))
            .chain(comfort_noise)
            .chain(telephone_event)
            .map(|number| number.to_string())
            .collect();
        let mut media = media(line, self.local.port(), numbers.join(" "));
        for format in formats {
            let mapping = format!("{} {}/{}", format.payload_type, format.codec.name(), format.codec.clock_hz());
            media.attributes.push(Attribute::with_value("rtpmap", mapping));
        }
        if let Some(number) = comfort_noise {
            media.attributes.push(Attribute::with_value("rtpmap", format!("{number} CN/{COMFORT_NOISE_HZ}")));
        }
        if let Some(number) = telephone_event {
            let mapping = format!("{number} telephone-event/{TELEPHONE_EVENT_HZ}");
            media.attributes.push(Attribute::with_value("rtpmap", mapping));
            // The sixteen keys; flash and the tones of modems are nobody's business here.
            media.attributes.push(Attribute::with_value("fmtp", format!("{number} 0-15")));
        }
        media.attributes.push(Attribute::with_value("ptime", PACKET_TIME_MS));
        media.attributes.push(Attribute::new(direction.attribute()));
        media
    }
}

fn refused(line: &MediaLine) -> Media {
    media(line, 0, line.format.clone())
}

fn media(line: &MediaLine, port: u16, formats: String) -> Media {
    Media {
        media: line.media.clone(),
        port,
        num_ports: None,
        proto: line.protocol.clone(),
        fmt: formats,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

/// The number that everybody gives telephone events.
const TELEPHONE_EVENT: u8 = 101;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ours() -> Negotiation {
        Negotiation::new("192.0.2.1:20000".parse().expect("an address"), vec![Codec::Pcmu, Codec::Pcma], 7)
    }

    fn theirs() -> Negotiation {
        Negotiation::new("192.0.2.9:30000".parse().expect("an address"), vec![Codec::Pcma, Codec::Pcmu], 9)
    }

    fn description(lines: &[&str]) -> Vec<u8> {
        let head = ["v=0", "o=- 1 1 IN IP4 192.0.2.9", "s=-", "c=IN IP4 192.0.2.9", "t=0 0"];
        head.iter().chain(lines).flat_map(|line| format!("{line}\r\n").into_bytes()).collect()
    }

    fn text(sdp: &Bytes) -> String {
        String::from_utf8(sdp.to_vec()).expect("we write UTF-8")
    }

    fn version(sdp: &Bytes) -> u64 {
        Session::parse(sdp).expect("we write SDP").origin.sess_version
    }

    #[test]
    fn an_offer_and_its_answer_agree_on_both_sides() {
        let (mut caller, mut callee) = (theirs(), ours());
        let offer = caller.offer(Direction::SendRecv);
        let (answer, at_callee) = callee.answer(&offer).expect("two common codecs");
        let at_caller = caller.handle_answer(&answer).expect("an answer to our offer");
        assert_eq!(at_callee.codec, Codec::Pcmu, "the answerer chooses what it likes best");
        assert_eq!(at_caller.codec, at_callee.codec);
        assert_eq!(at_caller.remote, "192.0.2.1:20000".parse().expect("an address"));
        assert_eq!(at_callee.remote, "192.0.2.9:30000".parse().expect("an address"));
        assert_eq!((at_caller.telephone_event, at_callee.telephone_event), (Some(101), Some(101)));
        assert_eq!((at_caller.direction, at_callee.direction), (Direction::SendRecv, Direction::SendRecv));
        assert!(!at_caller.held && !at_callee.held);
    }

    #[test]
    fn our_offer_reads_as_the_rfc_writes_it() {
        let offer = text(&ours().offer(Direction::SendRecv));
        assert_eq!(
            offer,
            "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
             m=audio 20000 RTP/AVP 0 8 13 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
        );
    }

    #[test]
    fn an_ipv6_leg_says_ip6() {
        let mut leg = Negotiation::new("[2001:db8::1]:20000".parse().expect("an address"), vec![Codec::Pcma], 7);
        let mut peer = Negotiation::new("[2001:db8::2]:30000".parse().expect("an address"), vec![Codec::Pcma], 8);
        let offer = leg.offer(Direction::SendRecv);
        assert!(text(&offer).contains("c=IN IP6 2001:db8::1\r\n"));
        let (_, agreed) = peer.answer(&offer).expect("same codec, same family");
        assert_eq!(agreed.remote, "[2001:db8::1]:20000".parse().expect("an address"));
        let wrong_family = ours().answer(&offer);
        assert_eq!(wrong_family, Err(SdpError::AddressFamily { remote: "2001:db8::1".parse().expect("an address") }));
    }

    #[test]
    fn other_media_are_refused_in_their_order() {
        let offer = description(&[
            "a=group:BUNDLE 0 1 2",
            "m=video 40000 RTP/AVP 96",
            "a=rtpmap:96 VP8/90000",
            "m=audio 40002 RTP/AVP 8",
            "m=audio 40004 RTP/AVP 0",
            "m=image 40006 udptl t38",
        ]);
        let mut leg = ours();
        let (answer, agreed) = leg.answer(&offer).expect("the first audio is usable");
        assert_eq!(agreed.codec, Codec::Pcma);
        let media: Vec<(String, u16, String)> = Session::parse(&answer)
            .expect("we write SDP")
            .medias
            .into_iter()
            .map(|media| (media.media, media.port, media.fmt))
            .collect();
        let line = |media: &str, port, format: &str| (media.to_owned(), port, format.to_owned());
        assert_eq!(
            media,
            [line("video", 0, "96"), line("audio", 20000, "8"), line("audio", 0, "0"), line("image", 0, "t38")]
        );
        assert!(!text(&answer).contains("BUNDLE"));
        let ours_later = Session::parse(&leg.offer(Direction::SendOnly)).expect("we write SDP");
        assert_eq!(ours_later.medias.len(), 4, "a later offer keeps every line");
        assert_eq!(ours_later.medias[1].port, 20000);
    }

    #[test]
    fn the_version_counts_changes_only() {
        let (mut caller, mut callee) = (theirs(), ours());
        let offer = caller.offer(Direction::SendRecv);
        let (first, _) = callee.answer(&offer).expect("common codecs");
        let (refreshed, _) = callee.answer(&offer).expect("a session refresh");
        assert_eq!(first, refreshed);
        let (held, _) = callee.answer(&caller.offer(Direction::SendOnly)).expect("a hold");
        assert_eq!((version(&first), version(&held)), (1, 2));
        assert_eq!(version(&caller.offer(Direction::SendOnly)), 2);
        assert!(text(&held).contains("o=- 7 2 "));
    }

    #[test]
    fn every_way_to_hold_is_understood() {
        let hold = |attribute, address: &str| {
            let text =
                format!("v=0\no=- 1 1 IN IP4 192.0.2.9\nc=IN IP4 {address}\nm=audio 4000 RTP/AVP 0\na={attribute}\n");
            let (answer, agreed) = ours().answer(text.as_bytes()).expect("a usable offer");
            let said = Session::parse(&answer).expect("we write SDP").medias.remove(0);
            assert!(said.has_attribute(agreed.direction.attribute()));
            (agreed.held, agreed.direction)
        };
        assert_eq!(hold("sendrecv", "192.0.2.9"), (false, Direction::SendRecv));
        assert_eq!(hold("sendonly", "192.0.2.9"), (true, Direction::RecvOnly));
        assert_eq!(hold("inactive", "192.0.2.9"), (true, Direction::Inactive));
        assert_eq!(hold("recvonly", "192.0.2.9"), (false, Direction::SendOnly));
        assert_eq!(hold("sendrecv", "0.0.0.0"), (true, Direction::RecvOnly));
    }

    #[test]
    fn our_hold_outlives_the_peers_session_refresh() {
        let (mut agent, mut server) = (theirs(), ours());
        let offer = server.offer(Direction::SendRecv);
        let (answer, _) = agent.answer(&offer).expect("common codecs");
        server.handle_answer(&answer).expect("an answer");
        let (answer, at_agent) = agent.answer(&server.offer(Direction::SendOnly)).expect("a hold");
        let held = server.handle_answer(&answer).expect("an answer");
        assert_eq!((held.direction, held.held), (Direction::SendOnly, false), "we hold, the peer does not");
        assert!(at_agent.held);
        let (_, refreshed) = server.answer(&agent.offer(Direction::SendRecv)).expect("a refresh");
        assert_eq!(refreshed.direction, Direction::SendOnly);
    }

    #[test]
    fn a_refused_offer_changes_nothing() {
        let (mut agent, mut server) = (theirs(), ours());
        let (answer, _) = agent.answer(&server.offer(Direction::SendRecv)).expect("common codecs");
        let before = server.handle_answer(&answer).expect("an answer");
        let _refused = server.offer(Direction::SendOnly);
        server.withdraw();
        assert_eq!(server.agreed(), Some(&before));
        assert_eq!(server.handle_answer(&answer), Err(SdpError::UnexpectedAnswer));
        let (_, refreshed) = server.answer(&agent.offer(Direction::SendRecv)).expect("a refresh");
        assert_eq!(refreshed.direction, Direction::SendRecv);
    }

    #[test]
    fn a_codec_in_use_stays_though_another_is_liked_better() {
        let mut server = ours();
        let only = description(&["m=audio 4000 RTP/AVP 8"]);
        assert_eq!(server.answer(&only).expect("A-law").1.codec, Codec::Pcma);
        let both = description(&["m=audio 4000 RTP/AVP 0 8"]);
        assert_eq!(server.answer(&both).expect("both").1.codec, Codec::Pcma);
    }

    #[test]
    fn numbers_of_the_peer_are_kept_for_the_whole_session() {
        let mut server = ours();
        let offer =
            description(&["m=audio 4000 RTP/AVP 96 97", "a=rtpmap:96 pcma/8000", "a=rtpmap:97 Telephone-Event/8000"]);
        let (_, agreed) = server.answer(&offer).expect("A-law under a dynamic number");
        assert_eq!((agreed.codec, agreed.payload_type, agreed.telephone_event), (Codec::Pcma, 96, Some(97)));
        assert!(text(&server.offer(Direction::SendRecv)).contains("m=audio 20000 RTP/AVP 96 0 13 97\r\n"));
    }

    #[test]
    fn an_answer_may_use_numbers_of_its_own() {
        let mut server = ours();
        let _offer = server.offer(Direction::SendRecv);
        let answer = description(&["m=audio 4000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000"]);
        let agreed = server.handle_answer(&answer).expect("an answer");
        assert_eq!((agreed.telephone_event, agreed.receive_telephone_event), (Some(96), Some(101)));
        let without = description(&["m=audio 4002 RTP/AVP 8"]);
        let later = server.handle_answer(&without).expect("the 200 may differ from the 183");
        assert_eq!((later.remote.port(), later.telephone_event), (4002, None));
    }

    #[test]
    fn comfort_noise_is_agreed_to_by_whoever_has_it() {
        let agreed = |lines: &[&str]| {
            let (answer, agreed) = ours().answer(&description(lines)).expect("a codec of ours");
            (text(&answer).contains(" CN/8000\r\n"), agreed.comfort_noise, agreed.receive_comfort_noise)
        };
        assert_eq!(agreed(&["m=audio 4000 RTP/AVP 0 13"]), (true, Some(13), Some(13)), "a static number");
        assert_eq!(agreed(&["m=audio 4000 RTP/AVP 0 97", "a=rtpmap:97 cn/8000"]), (true, Some(97), Some(97)));
        assert_eq!(agreed(&["m=audio 4000 RTP/AVP 0"]), (false, None, None));
        assert_eq!(agreed(&["m=audio 4000 RTP/AVP 0 13", "a=rtpmap:13 telephone-event/8000"]), (false, None, None));
        assert_eq!(agreed(&["m=audio 4000 RTP/AVP 0 98", "a=rtpmap:98 CN/16000"]), (false, None, None));
        let mut server = ours();
        let _offer = server.offer(Direction::SendRecv);
        let answer = description(&["m=audio 4000 RTP/AVP 0 97", "a=rtpmap:97 CN/8000"]);
        let agreed = server.handle_answer(&answer).expect("an answer");
        assert_eq!((agreed.comfort_noise, agreed.receive_comfort_noise), (Some(97), Some(13)));
        let without = server.handle_answer(&description(&["m=audio 4000 RTP/AVP 0"])).expect("an answer");
        assert_eq!((without.comfort_noise, without.receive_comfort_noise), (None, None));
    }

    #[test]
    fn comfort_noise_is_not_offered_under_a_number_that_means_something_else() {
        let mut server = ours();
        let taken = description(&["m=audio 4000 RTP/AVP 0 13", "a=rtpmap:13 telephone-event/8000"]);
        server.answer(&taken).expect("a codec of ours");
        let offer = text(&server.offer(Direction::SendRecv));
        assert!(offer.contains("a=rtpmap:13 telephone-event/8000") && !offer.contains("CN/8000"), "{offer}");
    }

    #[test]
    fn an_answer_that_refuses_or_was_not_asked_for_is_an_error() {
        let refusing = description(&["m=audio 0 RTP/AVP 0"]);
        assert_eq!(ours().handle_answer(&refusing), Err(SdpError::UnexpectedAnswer));
        let mut server = ours();
        let _offer = server.offer(Direction::SendRecv);
        assert_eq!(server.handle_answer(&refusing), Err(SdpError::NoAudio));
        assert_eq!(server.agreed(), None);
    }

    #[test]
    fn one_codec_only_is_one_codec_only() {
        let mut server = Negotiation::new("192.0.2.1:20000".parse().expect("an address"), vec![Codec::Pcma], 7);
        let offer = description(&["m=audio 4000 RTP/AVP 0"]);
        assert_eq!(server.answer(&offer), Err(SdpError::NoCommonCodec { offered: "PCMU".to_owned() }));
    }

    fn media_line() -> impl Strategy<Value = String> {
        let port =
            prop_oneof![Just("0".to_owned()), Just("65535".to_owned()), (1_u32..70_000).prop_map(|p| p.to_string())];
        let protocol = prop_oneof![
            4 => Just("RTP/AVP"),
            1 => Just("rtp/avpf"),
            1 => Just("UDP/TLS/RTP/SAVPF"),
            1 => Just("udptl"),
        ];
        let kind = prop_oneof![4 => Just("audio"), 1 => Just("video"), 1 => Just("Audio"), 1 => Just("x")];
        let formats = proptest::collection::vec(prop_oneof![Just(0_u16), Just(8), Just(101), 0..300_u16], 0..6);
        (kind, port, protocol, formats).prop_map(|(kind, port, protocol, formats)| {
            let formats: Vec<String> = formats.iter().map(u16::to_string).collect();
            format!("m={kind} {port} {protocol} {}", formats.join(" "))
        })
    }

    fn attribute_line() -> impl Strategy<Value = String> {
        prop_oneof![
            (0_u16..300, prop_oneof!["PCMU", "pcma", "telephone-event", "opus", "\\PC{0,8}"], 0_u64..50_000, 0_u8..3)
                .prop_map(|(number, name, clock, channels)| format!("a=rtpmap:{number} {name}/{clock}/{channels}")),
            Just("a=rtpmap:96 PCMA/8000".to_owned()),
            Just("a=rtpmap:97 telephone-event/8000".to_owned()),
            Just("a=rtpmap:13 CN/8000".to_owned()),
            prop_oneof![Just(0_u64), Just(1 << 31), 1..200_u64].prop_map(|time| format!("a=ptime:{time}")),
            prop_oneof!["sendonly", "recvonly", "inactive", "SENDRECV"].prop_map(|way| format!("a={way}")),
            prop_oneof!["192.0.2.7", "0\\.0\\.0\\.0", "example\\.net"].prop_map(|to| format!("c=IN IP4 {to}")),
            "[a-z]=\\PC{0,20}",
        ]
    }

    proptest! {
        #[test]
        fn every_accepted_offer_gets_an_answer_of_the_same_shape(
            lines in proptest::collection::vec(prop_oneof![2 => media_line(), 3 => attribute_line()], 0..20),
        ) {
            let borrowed: Vec<&str> = lines.iter().map(String::as_str).collect();
            let offer = description(&borrowed);
            let mut server = ours();
            if let Ok((answer, agreed)) = server.answer(&offer) {
                let answer_read = Session::parse(&answer).expect("we write SDP");
                let offered = lines.iter().filter(|line| line.starts_with("m=")).count();
                prop_assert_eq!(answer_read.medias.len(), offered);
                prop_assert_eq!(answer_read.medias.iter().filter(|media| media.port != 0).count(), 1);
                prop_assert!(agreed.remote.port() != 0 && agreed.payload_type < 128);
                prop_assert!((10..=120).contains(&agreed.packet_time_ms));
                let ours = parse(&answer).expect("a peer can read our answer");
                prop_assert_eq!(ours.formats.len(), 1);
                prop_assert_eq!(ours.direction, agreed.direction);
                let (again, _) = server.answer(&offer).expect("the same offer is still good");
                prop_assert_eq!(answer, again);
                let offered_later = Session::parse(&server.offer(Direction::SendRecv)).expect("we write SDP");
                prop_assert_eq!(offered_later.medias.len(), offered);
            }
        }

        #[test]
        fn no_bytes_make_us_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0..200_usize) {
            let _ignored = parse(&bytes);
            let mut offer = theirs().offer(Direction::SendRecv).to_vec();
            offer.splice(cut.min(offer.len()).., bytes);
            let _ignored = ours().answer(&offer);
            let mut server = ours();
            let _offer = server.offer(Direction::SendRecv);
            let _ignored = server.handle_answer(&offer);
        }

        #[test]
        fn two_of_us_always_agree(directions in proptest::collection::vec((any::<bool>(), 0..4_usize), 1..8)) {
            let (mut a, mut b) = (ours(), theirs());
            for (from_a, way) in directions {
                let (offerer, answerer) = if from_a { (&mut a, &mut b) } else { (&mut b, &mut a) };
                let offer = offerer.offer(Direction::ALL[way]);
                let (answer, there) = answerer.answer(&offer).expect("common codecs");
                let here = offerer.handle_answer(&answer).expect("an answer");
                prop_assert_eq!(here.codec, there.codec);
                prop_assert_eq!(here.direction, there.direction.mirrored());
                prop_assert_eq!(here.payload_type, there.receive_payload_type);
                prop_assert_eq!(here.telephone_event, there.receive_telephone_event);
                prop_assert_eq!(here.comfort_noise, there.receive_comfort_noise);
            }
        }
    }
}
