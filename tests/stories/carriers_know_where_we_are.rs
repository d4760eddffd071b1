//! Trunks by registration: the carrier is told where we are, again and again, and told when we leave.

use thirdring::center::Input;
use thirdring::center::event::EventKind;
use thirdring::config::Secret;

use crate::support::exchange::Exchange;
use crate::support::house::{CALLERS, SERVER, prompts};
use crate::support::{House, secs};

/// A house that registers with its carrier as 0612800600, and a carrier that wants this password.
fn registering(wanted: &str) -> House {
    let mut house = House::with(1, |config| {
        let trunk = config.trunks.first_mut().expect("the development centre has a trunk");
        trunk.login = Some(("0612800600".to_owned(), Secret::new("brave-heron-lamp")));
        trunk.register = Some(secs(600));
    });
    house.callers = Exchange::carrier(CALLERS, SERVER, prompts(), ("0612800600", wanted));
    house
}

fn told(house: &House) -> Vec<(bool, u16)> {
    let told = house.events_where(|kind| matches!(kind, EventKind::TrunkRegistration { .. }));
    let fate = |kind: &EventKind| match kind {
        EventKind::TrunkRegistration { ok, status, .. } => (*ok, *status),
        _ => (false, 0),
    };
    told.into_iter().map(|(_, kind)| fate(kind)).collect()
}

/// How often the server sent REGISTER with credentials.
fn proofs(house: &House) -> usize {
    let proves = |text: &&str| text.starts_with("REGISTER ") && text.contains("\r\nAuthorization: ");
    house.letters_to(CALLERS).iter().filter(|text| proves(text)).count()
}

#[test]
fn we_register_stay_registered_and_sign_off_before_we_stop() {
    let mut house = registering("brave-heron-lamp");
    house.wait(secs(2));
    assert_eq!(told(&house), [(true, 200)], "{}", house.story());
    house.wait(secs(1_300));
    assert!(proofs(&house) >= 3, "refreshed before each 600 s are over: {}", proofs(&house));
    assert_eq!(told(&house), [(true, 200)], "a refresh is no news");
    house.tell(Input::Drain);
    house.wait(secs(2));
    assert_eq!(told(&house).last(), Some(&(false, 200)));
    let last = house.letters_to(CALLERS).into_iter().rfind(|text| text.starts_with("REGISTER ")).map(str::to_owned);
    assert!(last.is_some_and(|text| text.contains("expires=0") || text.contains("\r\nExpires: 0\r\n")));
}

#[test]
fn a_wrong_password_is_told_and_tried_again_later() {
    let mut house = registering("another-word");
    house.wait(secs(5));
    assert_eq!(told(&house).first().map(|(ok, _)| *ok), Some(false), "{}", house.story());
    let before = proofs(&house);
    house.wait(secs(600));
    assert!(proofs(&house) > before, "the carrier may have been mended");
}

#[test]
fn a_carrier_that_is_away_is_found_when_it_is_back() {
    let mut house = registering("brave-heron-lamp");
    house.network.sip = crate::support::network::Weather::losing(1.0);
    house.wait(secs(60));
    assert_eq!(told(&house), [(false, 408)], "{}", house.story());
    house.network.sip = crate::support::network::Weather::FAIR;
    house.wait(secs(900));
    assert_eq!(told(&house).last(), Some(&(true, 200)), "{}", house.story());
}
