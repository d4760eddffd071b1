//! People and what they do with a telephone, in the field's words. A person's newest call is the one that is meant.
//! What somebody hears is asked of the samples that arrived, never of the server.

use std::time::Duration;

use thirdring::media::listen::level_dbov;
use thirdring::model::{Clip, Digit, Moment};
use thirdring::phone::PhoneId;

use super::exchange::{Manner, Phone, voice_of};
use super::house::House;
use super::network::Party;

/// Somebody at a telephone.
pub struct Person<'h> {
    house: &'h mut House,
    party: Party,
    user: String,
}

impl<'h> Person<'h> {
    pub fn new(house: &'h mut House, party: Party, user: &str) -> Self {
        Person { house, party, user: user.to_owned() }
    }

    /// The phone registers; with the development configuration its agent is then ready.
    pub fn registers(self) -> Self {
        let password = format!("dev{}", self.user);
        self.registers_with(&password)
    }

    pub fn registers_with(self, password: &str) -> Self {
        let now = self.house.now();
        self.house.exchange(self.party).bank.register(now, &self.user, password);
        self.house.settle_bank(self.party);
        self
    }

    #[track_caller]
    pub fn has_registered(self) -> Self {
        let state = self.house.exchange(self.party).registrations.get(&self.user).copied();
        assert_eq!(state, Some((true, 200)), "{} is registered", self.user);
        self
    }

    /// Takes the phone off the hook and dials.
    #[track_caller]
    pub fn dials(self, number: &str) -> Self {
        let now = self.house.now();
        let password = (self.party == Party::Agents).then(|| format!("dev{}", self.user));
        let exchange = self.house.exchange(self.party);
        let phone = exchange.bank.call(now, &self.user, number, password.as_deref()).expect("a free line");
        exchange.began(now, phone, &self.user);
        self.house.settle_bank(self.party);
        self
    }

    /// Presses keys, each for 100 ms (RFC 4733).
    #[track_caller]
    pub fn presses(self, keys: &str) -> Self {
        let keys = keys.to_owned();
        self.does(|bank, _, phone| bank.press(phone, &keys))
    }

    /// Presses one key for 100 ms, sent as SIP INFO.
    #[track_caller]
    pub fn presses_by_info(self, key: char) -> Self {
        self.holds_key_by_info(key, Duration::from_millis(100))
    }

    /// Holds one key, which SIP INFO tells at once with its duration.
    #[track_caller]
    pub fn holds_key_by_info(self, key: char, duration: Duration) -> Self {
        let digit = Digit::new(key).expect("a key of a telephone");
        self.does(|bank, now, phone| bank.press_by_info(now, phone, digit, duration))
    }

    #[track_caller]
    pub fn answers(self) -> Self {
        self.does(|bank, now, phone| bank.answer(now, phone))
    }

    /// 603 Decline.
    #[track_caller]
    pub fn declines(self) -> Self {
        self.does(|bank, now, phone| bank.reject(now, phone, 603))
    }

    #[track_caller]
    pub fn hangs_up(self) -> Self {
        let id = self.id();
        let now = self.house.now();
        let party = self.party;
        let person = self.does(|bank, now, phone| bank.hang_up(now, phone));
        if let Some(phone) = person.house.exchange(party).phones.get_mut(&id) {
            phone.ended.get_or_insert(now);
        }
        person
    }

    #[track_caller]
    pub fn holds(self) -> Self {
        self.does(|bank, now, phone| bank.hold(now, phone, true))
    }

    #[track_caller]
    pub fn resumes(self) -> Self {
        self.does(|bank, now, phone| bank.hold(now, phone, false))
    }

    /// Blind transfer (REFER).
    #[track_caller]
    pub fn transfers_to(self, number: &str) -> Self {
        let number = number.to_owned();
        self.does(|bank, now, phone| bank.transfer(now, phone, &number))
    }

    /// How this phone treats the calls that come in from now on.
    pub fn treats_calls(self, manner: Manner) -> Self {
        self.house.exchange(self.party).manners.insert(self.user.clone(), manner);
        self
    }

    /// Dials a feature code and listens to the reply; time passes meanwhile.
    #[track_caller]
    pub fn dials_code(self, code: &str) -> Self {
        let person = self.dials(code);
        let (party, user) = (person.party, person.user.clone());
        let id = person.id();
        person.house.wait_until("the code's reply is spoken", Duration::from_secs(30), |house| {
            let phones = if party == Party::Callers { &house.callers.phones } else { &house.agents.phones };
            phones.get(&id).is_some_and(Phone::is_over)
        });
        Person::new(person.house, party, &user)
    }

    /// Whether the phone rings now.
    #[track_caller]
    pub fn rings(self) -> Self {
        let rings = self.phone().is_some_and(is_ringing);
        assert!(rings, "the phone of {} does not ring\n{}", self.user, self.house.story());
        self
    }

    #[track_caller]
    pub fn does_not_ring(self) -> Self {
        let rings = self.phone().is_some_and(is_ringing);
        assert!(!rings, "the phone of {} rings\n{}", self.user, self.house.story());
        self
    }

    #[track_caller]
    pub fn hears_voice_of(self, other: &str) -> Self {
        let heard = self.book().ear.hears_tone(f64::from(voice_of(other)));
        assert!(heard, "{} does not hear {other} but {}", self.user, self.describe());
        self
    }

    #[track_caller]
    pub fn hears_music(self) -> Self {
        let heard = self.book().ear.hears_piece_of("music/hold");
        assert!(heard, "{} hears no music but {}", self.user, self.describe());
        self
    }

    #[track_caller]
    pub fn hears_silence(self) -> Self {
        assert!(self.book().ear.hears_silence(), "{} hears no silence but {}", self.user, self.describe());
        self
    }

    /// When this clip was heard from beginning to end, at or after `since`.
    #[track_caller]
    pub fn heard_clip(self, clip: &str, since: Moment) -> Moment {
        let heard = self.book().ear.clip_began(clip, since);
        heard.unwrap_or_else(|| panic!("{} has not heard {clip} since {since}\n{}", self.user, self.house.story()))
    }

    /// When this clip was begun, although it may have been cut short.
    #[track_caller]
    pub fn heard_beginning_of(self, clip: &str, since: Moment) -> Moment {
        let heard = self.book().ear.beginning_of(clip, since);
        heard
            .unwrap_or_else(|| panic!("{} has not heard {clip} begin since {since}\n{}", self.user, self.house.story()))
    }

    #[track_caller]
    pub fn has_not_heard(self, clip: &str, since: Moment) -> Self {
        let heard = self.book().ear.beginning_of(clip, since);
        assert_eq!(heard, None, "{} has heard {clip}", self.user);
        self
    }

    /// When this row of clips was heard, one after the other.
    #[track_caller]
    pub fn heard_words(self, words: &[Clip], since: Moment) -> Moment {
        let mut at = since;
        let mut first = None;
        for word in words {
            let name = word.name.as_str();
            if name.starts_with("silence/") || name.contains("/pause/") {
                continue;
            }
            let heard = self.book().ear.clip_began(name, at);
            at = heard.unwrap_or_else(|| panic!("{} has not heard {name} ({})", self.user, word.text));
            first.get_or_insert(at);
        }
        first.expect("the words are not all pauses")
    }

    /// When the voice of `other` began to be heard, at or after `since`.
    #[track_caller]
    pub fn heard_voice_of(self, other: &str, since: Moment) -> Moment {
        let heard = self.book().ear.tone_began(f64::from(voice_of(other)), since);
        heard.unwrap_or_else(|| panic!("{} has not heard {other} since {since}", self.user))
    }

    /// The newest call's book.
    #[track_caller]
    pub fn book(&self) -> &Phone {
        self.phone().unwrap_or_else(|| panic!("{} has had no call\n{}", self.user, self.house.story()))
    }

    fn phone(&self) -> Option<&Phone> {
        let exchange = if self.party == Party::Callers { &self.house.callers } else { &self.house.agents };
        exchange.newest(&self.user).and_then(|id| exchange.phones.get(&id))
    }

    #[track_caller]
    fn id(&self) -> PhoneId {
        let exchange = if self.party == Party::Callers { &self.house.callers } else { &self.house.agents };
        exchange.newest(&self.user).unwrap_or_else(|| panic!("{} has no call\n{}", self.user, self.house.story()))
    }

    #[track_caller]
    fn does(self, act: impl FnOnce(&mut thirdring::phone::Bank, Moment, PhoneId)) -> Self {
        let id = self.id();
        let now = self.house.now();
        act(&mut self.house.exchange(self.party).bank, now, id);
        self.house.settle_bank(self.party);
        self
    }

    /// What is heard, for a test that fails.
    fn describe(&self) -> String {
        let phone = self.book();
        let since = Moment::from_nanos(self.house.now().as_nanos().saturating_sub(500_000_000));
        let recent = phone.ear.since(since);
        let loudest = (300..2_400).step_by(10).map(f64::from).max_by(|a, b| {
            let share = |hertz| thirdring::media::listen::tone_share(recent, hertz);
            share(*a).total_cmp(&share(*b))
        });
        let level = level_dbov(recent);
        format!("{} samples at {level:.0} dBov, most at {loudest:?} Hz\n{}", recent.len(), self.house.story())
    }
}

fn is_ringing(phone: &Phone) -> bool {
    phone.shows.is_some() && phone.answered.is_none() && !phone.is_over()
}

impl House {
    /// A caller dials the hotline and asks for a person at once: waiting in the general queue, or ringing an agent.
    #[track_caller]
    pub fn asks_for_a_person(&mut self, number: &str) {
        self.caller(number).dials("1300");
        self.wait(Duration::from_secs(2));
        self.caller(number).presses("0");
        self.wait(Duration::from_millis(400));
    }

    /// A caller and an agent, who is the only one free, talk with each other.
    #[track_caller]
    pub fn connects(&mut self, number: &str, agent: &str) {
        self.asks_for_a_person(number);
        self.agent(agent).rings().answers();
        self.wait(Duration::from_secs(1));
        self.caller(number).hears_voice_of(agent);
        self.agent(agent).hears_voice_of(number);
    }
}
