//! The worker: a table of slots, each with at most one leg; commands in, packets through, frames and events out.
//! Never touches a socket or a clock, never decides who talks to whom. After a leg is open its packets cost no allocation.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::PACKET_BYTES_MAX;
use super::bridge;
use super::clock::Clock;
use super::command::{Command, Counts, Event, Forward, PacketKind, PortSlot, Settings};
use super::leg::{Content, Leg, Received, Terms};
use super::library::Library;
use super::player::Player;
use super::pool::Outbox;
use super::recorder::Recorder;
use super::source_lock::SourceLock;
use crate::model::{Digit, LegId, Moment};

/// One worker owns whole calls: both legs of a bridge are always its own.
///
/// After every `handle_*` call `poll_transmit` until `None`, then `poll_event` until `None`, then sleep until `poll_timeout`.
/// A packet's own answer is what `handle_packet` returns. Spurious timeouts are harmless.
#[derive(Debug)]
pub struct Worker {
    settings: Settings,
    library: Arc<Library>,
    /// By slot.
    legs: Vec<Option<Leg>>,
    slots: HashMap<LegId, u16>,
    clock: Clock,
    outbox: Outbox,
    /// When the slow checks are next made: time-outs, recordings, reports.
    sweep: Moment,
    /// Legs whose RTCP report is due.
    reports: VecDeque<u16>,
    farewells: VecDeque<Farewell>,
    now: Moment,
    counts: Counts,
}

/// The last RTCP of a leg that is gone.
#[derive(Debug)]
struct Farewell {
    slot: PortSlot,
    to: SocketAddr,
    bytes: [u8; PACKET_BYTES_MAX],
    len: usize,
}

impl Worker {
    /// A worker whose tables have their final size.
    #[must_use]
    pub fn new(settings: Settings, library: Arc<Library>) -> Self {
        let slots = usize::from(settings.slots);
        Worker {
            settings,
            library,
            legs: (0..slots).map(|_| None).collect(),
            slots: HashMap::with_capacity(slots),
            clock: Clock::new(settings.slots),
            outbox: Outbox::new(EVENTS_PER_SLOT * slots + EVENTS_SPARE),
            sweep: Moment::ZERO,
            reports: VecDeque::with_capacity(slots),
            farewells: VecDeque::with_capacity(slots),
            now: Moment::ZERO,
            counts: Counts::default(),
        }
    }

    /// Carries out one order.
    pub fn handle_command(&mut self, now: Moment, command: Command) {
        self.now = now;
        let known = match command {
            Command::Open { leg, slot, seed } => self.open(leg, slot, seed),
            Command::Bridge { a, b } => self.bridge(a, b),
            Command::Unbridge { a, b } => self.unbridge(a, b),
            Command::PassKey { leg, digit, duration } => self.pass_key(leg, digit, duration),
            Command::Recycle { samples } => {
                self.outbox.recycle(samples);
                true
            }
            Command::Close { leg } => self.close(leg),
            Command::Agree { leg, .. }
            | Command::Play { leg, .. }
            | Command::Loop { leg, .. }
            | Command::Stop { leg }
            | Command::SendDigits { leg, .. }
            | Command::Record { leg, .. }
            | Command::StopRecord { leg }
            | Command::Watch { leg, .. }
            | Command::Tap { leg, .. }
            | Command::Tone { leg, .. } => self.instruct(leg, command),
        };
        self.counts.commands_ignored += u64::from(!known);
    }

    /// A datagram on a slot's RTP socket: rewritten in place for the leg that hears it. The first `len` bytes go out.
    pub fn handle_packet(
        &mut self,
        now: Moment,
        slot: PortSlot,
        source: SocketAddr,
        packet: &mut [u8],
    ) -> Option<Forward> {
        self.counts.packets_received += 1;
        let Some(leg) = self.legs.get_mut(usize::from(slot.0)).and_then(Option::as_mut) else {
            self.counts.unclaimed += 1;
            return None;
        };
        let received = leg.receive(now, source, packet, &mut self.outbox, &mut self.counts)?;
        let peer = leg.bridge;
        let forward = peer.and_then(|peer| self.relay(now, peer, &received, packet));
        match (forward, received.content) {
            (Some(_), _) => self.counts.packets_relayed += 1,
            (None, Content::ComfortNoise) => self.counts.comfort_noise += 1,
            (None, _) => {}
        }
        forward
    }

    /// A datagram on a slot's RTCP socket.
    pub fn handle_rtcp(&mut self, now: Moment, slot: PortSlot, source: SocketAddr, packet: &[u8]) {
        match self.legs.get_mut(usize::from(slot.0)).and_then(Option::as_mut) {
            Some(leg) => leg.receive_rtcp(now, source, packet, &mut self.counts),
            None => self.counts.unclaimed += 1,
        }
    }

    /// Makes everything due that is due at `now`.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.now = now;
        self.clock.advance(now);
        if now < self.sweep {
            return;
        }
        self.sweep = now + SWEEP_INTERVAL;
        let reports_max = self.legs.len();
        for (slot, leg) in (0..).zip(&mut self.legs) {
            let Some(leg) = leg else { continue };
            let report_due = leg.sweep(now, self.settings.media_timeout, &mut self.outbox);
            if report_due && self.reports.len() < reports_max {
                self.reports.push_back(slot);
            }
        }
    }

    /// When `handle_timeout` should be called next; none while no leg is open.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let sweep = (!self.slots.is_empty()).then_some(self.sweep);
        self.clock.wake().into_iter().chain(sweep).min()
    }

    /// The end: every leg is closed, in the order of their slots.
    pub fn handle_shutdown(&mut self, now: Moment) {
        self.now = now;
        for slot in 0..self.legs.len() {
            if let Some(leg) = self.legs[slot].as_ref().map(|leg| leg.id) {
                self.close(leg);
            }
        }
    }

    /// The next packet of our own: a frame, a report, a farewell. `out` must hold `PACKET_BYTES_MAX` bytes.
    pub fn poll_transmit(&mut self, out: &mut [u8]) -> Option<Forward> {
        while let Some((slot, at)) = self.clock.next_leg() {
            let Some(leg) = self.legs.get_mut(usize::from(slot)).and_then(Option::as_mut) else { continue };
            if !leg.clocked {
                continue;
            }
            let frame = leg.frame(at, &self.library, &mut self.outbox, out);
            self.refresh(slot);
            if let Some((to, len)) = frame {
                self.counts.packets_played += 1;
                return Some(Forward { slot: PortSlot(slot), kind: PacketKind::Rtp, to, len });
            }
        }
        while let Some(slot) = self.reports.pop_front() {
            let Some(leg) = self.legs.get_mut(usize::from(slot)).and_then(Option::as_mut) else { continue };
            if let Some((to, len)) = leg.report(self.now, false, out) {
                return Some(Forward { slot: PortSlot(slot), kind: PacketKind::Rtcp, to, len });
            }
        }
        let farewell = self.farewells.pop_front()?;
        out.get_mut(..farewell.len)?.copy_from_slice(farewell.bytes.get(..farewell.len)?);
        Some(Forward { slot: farewell.slot, kind: PacketKind::Rtcp, to: farewell.to, len: farewell.len })
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.outbox.pop()
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            legs: self.slots.len(),
            clocked: self.clock.clocked(),
            events_dropped: self.outbox.dropped(),
            ticks_skipped: self.clock.skipped(),
            ..self.counts
        }
    }

    /// The table of legs for an administrator: one line a leg, by slot.
    #[must_use]
    pub fn dump(&self) -> String {
        let mut text = format!("{:?}\n", self.counts());
        for leg in self.legs.iter().flatten() {
            let _ = writeln!(text, "{}", Line(leg, &self.legs));
        }
        text
    }

    fn open(&mut self, id: LegId, slot: PortSlot, seed: u64) -> bool {
        let Some(place) = self.legs.get_mut(usize::from(slot.0)).filter(|place| place.is_none()) else { return false };
        if self.slots.contains_key(&id) {
            return false;
        }
        *place = Some(Leg::new(self.now, id, slot, seed));
        if self.slots.is_empty() {
            self.sweep = self.now + SWEEP_INTERVAL;
        }
        self.slots.insert(id, slot.0);
        self.clock.add(slot.0);
        self.outbox.push(Event::Opened { leg: id });
        true
    }

    /// The orders that concern one leg alone.
    fn instruct(&mut self, id: LegId, command: Command) -> bool {
        let Some(slot) = self.slots.get(&id).copied() else { return false };
        let Some(leg) = self.legs.get_mut(usize::from(slot)).and_then(Option::as_mut) else { return false };
        let (now, outbox) = (self.now, &mut self.outbox);
        match command {
            Command::Agree { remote, codec, send_types, receive_types, send, receive, packet_time_ms, .. } => {
                let lock = SourceLock::new(remote);
                let terms = Terms { lock, codec, send_types, receive_types, send, receive, packet_time_ms };
                leg.agree(now, remote, terms);
            }
            Command::Play { play, clips, .. } => leg.player = Player::row(play, clips),
            Command::Loop { clip, .. } => leg.player = Player::music(clip),
            Command::Stop { .. } => leg.player = Player::Idle,
            Command::SendDigits { digits, duration, .. } => {
                let refused = leg.dialler.press(&digits, duration);
                self.counts.commands_ignored += u64::from(refused > 0);
            }
            Command::Record { record, max, .. } => {
                let recorder = Recorder::new(now, record, max, outbox);
                if let Some(before) = leg.recorder.replace(recorder) {
                    before.finish(false, outbox);
                }
            }
            Command::StopRecord { .. } => match leg.recorder.take() {
                Some(recorder) => recorder.finish(false, outbox),
                None => return false,
            },
            Command::Watch { on, .. } => leg.set_watch(now, on),
            Command::Tap { on, .. } => leg.tap = on,
            Command::Tone { hertz, on, .. } => leg.set_tone(on.then_some(hertz)),
            Command::Open { .. }
            | Command::Bridge { .. }
            | Command::Unbridge { .. }
            | Command::PassKey { .. }
            | Command::Recycle { .. }
            | Command::Close { .. } => return false,
        }
        self.refresh(slot);
        true
    }

    /// The packet as the leg on slot `peer` is to have it.
    fn relay(&mut self, now: Moment, peer: u16, received: &Received, packet: &mut [u8]) -> Option<Forward> {
        let listener = self.legs.get_mut(usize::from(peer))?.as_mut()?;
        if bridge::sound(received, listener) {
            listener.stream.break_lane();
            self.now = now;
            self.refresh(peer);
            return None;
        }
        bridge::relay(now, received, listener, packet)
    }

    fn bridge(&mut self, a: LegId, b: LegId) -> bool {
        let (Some(a), Some(b)) = (self.slots.get(&a).copied(), self.slots.get(&b).copied()) else { return false };
        for (slot, other) in [(a, b), (b, a)] {
            if self.peer(slot) != Some(other) {
                self.part(slot);
            }
        }
        for (slot, other) in [(a, b), (b, a)] {
            if let Some(leg) = self.legs[usize::from(slot)].as_mut() {
                leg.bridge = Some(other);
                leg.stream.break_lane();
                if matches!(leg.player, Player::Loop { .. }) {
                    leg.player = Player::Idle;
                }
            }
            self.refresh(slot);
        }
        true
    }

    fn unbridge(&mut self, a: LegId, b: LegId) -> bool {
        let (Some(a), Some(b)) = (self.slots.get(&a).copied(), self.slots.get(&b).copied()) else { return false };
        let bridged = self.peer(a) == Some(b);
        if bridged {
            self.part(a);
        }
        bridged
    }

    /// Sends a key to whoever hears this leg; a key that nobody hears is lost, as it is on any line.
    fn pass_key(&mut self, id: LegId, digit: Digit, duration: Duration) -> bool {
        let Some(slot) = self.slots.get(&id).copied() else { return false };
        let Some(peer) = self.peer(slot) else { return true };
        let Some(listener) = self.legs.get_mut(usize::from(peer)).and_then(Option::as_mut) else { return false };
        let refused = if listener.takes_keys() { listener.dialler.press(&[digit], duration) } else { 0 };
        self.refresh(peer);
        refused == 0
    }

    fn peer(&self, slot: u16) -> Option<u16> {
        self.legs.get(usize::from(slot))?.as_ref()?.bridge
    }

    /// Ends the bridge of a leg, at both ends.
    fn part(&mut self, slot: u16) {
        let other = self.peer(slot);
        for slot in std::iter::once(slot).chain(other) {
            if let Some(leg) = self.legs.get_mut(usize::from(slot)).and_then(Option::as_mut) {
                leg.bridge = None;
                leg.stream.break_lane();
            }
            self.refresh(slot);
        }
    }

    fn close(&mut self, id: LegId) -> bool {
        let Some(slot) = self.slots.remove(&id) else { return false };
        self.part(slot);
        self.clock.remove(slot);
        let Some(mut leg) = self.legs[usize::from(slot)].take() else { return false };
        if leg.clocked {
            self.clock.set_clocked(self.now, slot, false);
        }
        if let Some(recorder) = leg.recorder.take() {
            recorder.finish(false, &mut self.outbox);
        }
        let mut bytes = [0; PACKET_BYTES_MAX];
        if let Some((to, len)) = leg.report(self.now, true, &mut bytes)
            && self.farewells.len() < self.legs.len()
        {
            self.farewells.push_back(Farewell { slot: leg.slot, to, bytes, len });
        }
        self.outbox.push(Event::Closed { leg: id, slot: leg.slot, statistics: leg.statistics() });
        true
    }

    /// Tells the clock whether the leg on `slot` has something to send.
    fn refresh(&mut self, slot: u16) {
        let Some(leg) = self.legs.get_mut(usize::from(slot)).and_then(Option::as_mut) else { return };
        let needed = leg.needs_clock();
        if leg.clocked != needed {
            leg.clocked = needed;
            self.clock.set_clocked(self.now, slot, needed);
        }
    }
}

/// One leg's line of the dump.
struct Line<'w>(&'w Leg, &'w [Option<Leg>]);

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Line(leg, legs) = self;
        write!(f, "{} slot={}", leg.id, leg.slot.0)?;
        if let Some(terms) = &leg.terms {
            let flag = |on| if on { "yes" } else { "no" };
            write!(f, " codec={} packet_ms={}", terms.codec.name(), terms.packet_time_ms)?;
            write!(f, " to={} send={} receive={}", terms.lock.destination(), flag(terms.send), flag(terms.receive))?;
        }
        let hears = match leg.player {
            Player::Row { .. } => "clips",
            Player::Loop { .. } => "loop",
            Player::Idle if leg.bridge.is_some() => "bridge",
            Player::Idle => "silence",
        };
        write!(f, " hears={hears}")?;
        if let Some(peer) = leg.bridge.and_then(|slot| legs.get(usize::from(slot))?.as_ref()) {
            write!(f, " bridged={}", peer.id)?;
        }
        let statistics = leg.statistics();
        write!(f, " received={} sent={}", statistics.packets_received, statistics.packets_sent)?;
        write!(f, " lost={} recording={}", statistics.lost, leg.recorder.is_some())
    }
}

/// Four times a second: a time-out is told at most so much late.
const SWEEP_INTERVAL: Duration = Duration::from_millis(250);
/// A leg that opens, starts, gets a key and closes within one round of the thread.
const EVENTS_PER_SLOT: usize = 4;
/// A burst of recorded chunks.
const EVENTS_SPARE: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{ClipId, PayloadTypes, PlayId, rtp::Header};
    use crate::model::{Codec, RecordId};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const LEGS: u64 = 5;
    const SLOTS: u16 = 4;

    fn remote(n: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, n], 4000))
    }

    fn worker() -> Worker {
        let settings = Settings { slots: SLOTS, media_timeout: Duration::from_secs(1) };
        Worker::new(settings, Arc::new(Library::builder().build()))
    }

    #[derive(Clone, Debug)]
    enum Input {
        Command(Order),
        Packet { slot: u16, source: u8, payload_type: u8 },
        Wait { millis: u64 },
    }

    /// Commands as values that proptest can clone and print.
    #[derive(Clone, Debug)]
    enum Order {
        Open(u64, u16),
        Agree(u64, u8, bool, bool, bool),
        Play(u64, Vec<u32>),
        Loop(u64, u32),
        Stop(u64),
        Bridge(u64, u64),
        Unbridge(u64, u64),
        SendDigits(u64),
        PassKey(u64),
        Record(u64, u64),
        StopRecord(u64),
        Watch(u64, bool),
        Tap(u64, bool),
        Tone(u64, bool),
        Close(u64),
    }

    fn order() -> impl Strategy<Value = Order> {
        let leg = || 0..LEGS;
        prop_oneof![
            3 => (leg(), 0..=SLOTS).prop_map(|(leg, slot)| Order::Open(leg, slot)),
            3 => (leg(), 0..4_u8, any::<bool>(), any::<bool>(), any::<bool>())
                .prop_map(|(leg, n, pcma, send, receive)| Order::Agree(leg, n, pcma, send, receive)),
            1 => (leg(), proptest::collection::vec(0..8_u32, 0..3)).prop_map(|(leg, clips)| Order::Play(leg, clips)),
            1 => (leg(), 0..8_u32).prop_map(|(leg, clip)| Order::Loop(leg, clip)),
            1 => leg().prop_map(Order::Stop),
            3 => (leg(), leg()).prop_map(|(a, b)| Order::Bridge(a, b)),
            1 => (leg(), leg()).prop_map(|(a, b)| Order::Unbridge(a, b)),
            1 => leg().prop_map(Order::SendDigits),
            1 => leg().prop_map(Order::PassKey),
            1 => (leg(), 0..500_u64).prop_map(|(leg, max)| Order::Record(leg, max)),
            1 => leg().prop_map(Order::StopRecord),
            1 => (leg(), any::<bool>()).prop_map(|(leg, on)| Order::Watch(leg, on)),
            1 => (leg(), any::<bool>()).prop_map(|(leg, on)| Order::Tap(leg, on)),
            1 => (leg(), any::<bool>()).prop_map(|(leg, on)| Order::Tone(leg, on)),
            1 => leg().prop_map(Order::Close),
        ]
    }

    fn input() -> impl Strategy<Value = Input> {
        prop_oneof![
            2 => order().prop_map(Input::Command),
            3 => (0..=SLOTS, 0..5_u8, prop_oneof![Just(0), Just(8), Just(101), Just(13)])
                .prop_map(|(slot, source, payload_type)| Input::Packet { slot, source, payload_type }),
            1 => (0..400_u64).prop_map(|millis| Input::Wait { millis }),
        ]
    }

    fn command(order: Order) -> Command {
        let id = LegId;
        match order {
            Order::Open(leg, slot) => Command::Open { leg: id(leg), slot: PortSlot(slot), seed: leg },
            Order::Agree(leg, n, pcma, send, receive) => {
                let codec = if pcma { Codec::Pcma } else { Codec::Pcmu };
                let (leg, remote, telephone_event) = (id(leg), remote(n), send.then_some(101));
                let send_types = PayloadTypes::new(codec.static_payload_type(), telephone_event);
                let receive_types = PayloadTypes { telephone_event: send.then_some(96), ..send_types };
                Command::Agree { leg, remote, codec, send_types, receive_types, send, receive, packet_time_ms: 20 }
            }
            Order::Play(leg, clips) => {
                Command::Play { leg: id(leg), play: PlayId(leg), clips: clips.into_iter().map(ClipId).collect() }
            }
            Order::Loop(leg, clip) => Command::Loop { leg: id(leg), clip: ClipId(clip) },
            Order::Stop(leg) => Command::Stop { leg: id(leg) },
            Order::Bridge(a, b) => Command::Bridge { a: id(a), b: id(b) },
            Order::Unbridge(a, b) => Command::Unbridge { a: id(a), b: id(b) },
            Order::SendDigits(leg) => {
                let digits = vec![Digit::new('5').expect("a key"); 3];
                Command::SendDigits { leg: id(leg), digits, duration: Duration::from_millis(60) }
            }
            Order::PassKey(leg) => {
                let digit = Digit::new('#').expect("a key");
                Command::PassKey { leg: id(leg), digit, duration: Duration::from_millis(50) }
            }
            Order::Record(leg, max) => {
                Command::Record { leg: id(leg), record: RecordId(leg), max: Duration::from_millis(max) }
            }
            Order::StopRecord(leg) => Command::StopRecord { leg: id(leg) },
            Order::Watch(leg, on) => Command::Watch { leg: id(leg), on },
            Order::Tap(leg, on) => Command::Tap { leg: id(leg), on },
            Order::Tone(leg, on) => Command::Tone { leg: id(leg), hertz: 440, on },
            Order::Close(leg) => Command::Close { leg: id(leg) },
        }
    }

    /// What must hold between any two inputs.
    fn check(worker: &Worker) {
        let open = worker.legs.iter().flatten().count();
        assert_eq!(open, worker.slots.len());
        for (slot, leg) in (0..).zip(&worker.legs) {
            let Some(leg) = leg else { continue };
            assert_eq!((leg.slot, worker.slots.get(&leg.id)), (PortSlot(slot), Some(&slot)));
            assert_eq!(leg.clocked, leg.needs_clock(), "{} forgot the clock", leg.id);
            if let Some(peer) = leg.bridge {
                assert_eq!(worker.peer(peer), Some(slot), "a bridge has two ends");
            }
        }
        let clocked = worker.legs.iter().flatten().filter(|leg| leg.clocked).count();
        assert_eq!(clocked, worker.clock.clocked());
        assert_eq!(worker.poll_timeout().is_none(), open == 0, "who has no leg sleeps, nobody else");
    }

    /// Takes everything out, and keeps the balance of legs opened and closed.
    fn drain(worker: &mut Worker, closed: &mut BTreeMap<u64, i64>) {
        let mut out = [0; PACKET_BYTES_MAX];
        for round in 0.. {
            assert!(round < 1000, "a worker that never comes to an end");
            let Some(forward) = worker.poll_transmit(&mut out) else { break };
            assert!(forward.len <= PACKET_BYTES_MAX && forward.slot.0 < SLOTS);
            if forward.kind == PacketKind::Rtp {
                assert!(worker.legs[usize::from(forward.slot.0)].is_some(), "audio to a leg that is gone");
            }
        }
        while let Some(event) = worker.poll_event() {
            match event {
                Event::Opened { leg } => *closed.entry(leg.0).or_default() -= 1,
                Event::Closed { leg, .. } => *closed.entry(leg.0).or_default() += 1,
                _ => {}
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_order_of_commands_packets_and_time_keeps_the_tables_whole(inputs in proptest::collection::vec(input(), 1..80)) {
            let (mut worker, mut now, mut sequence) = (worker(), Moment::from_secs(1), 0_u16);
            let mut closed = BTreeMap::new();
            for input in inputs {
                match input {
                    Input::Command(order) => worker.handle_command(now, command(order)),
                    Input::Packet { slot, source, payload_type } => {
                        sequence = sequence.wrapping_add(1);
                        let timestamp = u32::from(sequence) * 160;
                        let header = Header { marker: false, payload_type, sequence, timestamp, ssrc: 1 };
                        let mut packet = [&header.to_bytes()[..], &[5; 160]].concat();
                        if let Some(forward) = worker.handle_packet(now, PortSlot(slot), remote(source), &mut packet) {
                            prop_assert!(worker.legs[usize::from(forward.slot.0)].is_some());
                            prop_assert!(forward.len <= packet.len());
                        }
                    }
                    Input::Wait { millis } => {
                        now = now + Duration::from_millis(millis);
                        worker.handle_timeout(now);
                    }
                }
                drain(&mut worker, &mut closed);
                check(&worker);
            }
            worker.handle_shutdown(now);
            drain(&mut worker, &mut closed);
            check(&worker);
            prop_assert!(closed.values().all(|balance| *balance == 0), "each opened leg closes once: {closed:?}");
        }
    }

    #[test]
    fn spurious_timeouts_send_nothing_twice() {
        let mut worker = worker();
        let now = Moment::from_secs(1);
        worker.handle_command(now, command(Order::Open(1, 0)));
        worker.handle_command(now, command(Order::Agree(1, 1, false, true, true)));
        let mut sent = 0;
        for n in 0..1000_u64 {
            worker.handle_timeout(now + Duration::from_millis(n / 10));
            while worker.poll_transmit(&mut [0; PACKET_BYTES_MAX]).is_some() {
                sent += 1;
            }
        }
        assert_eq!(sent, 4, "one every 20 ms within 99");
    }

    #[test]
    fn a_leg_costs_little_memory() {
        assert!(size_of::<Option<Leg>>() <= 1024, "{} bytes", size_of::<Option<Leg>>());
        assert!(size_of::<Event>() <= 256, "{} bytes", size_of::<Event>());
    }
}
