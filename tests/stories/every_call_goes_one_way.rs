//! In, out, or within the house: each call is counted by the way it goes, and service numbers stand apart.

use thirdring::api::{Format, Metrics, Vocabulary};

use crate::support::{House, MINJI, secs};

/// What Prometheus would read of this house now.
fn metrics(house: &House) -> String {
    let metrics = Metrics::new(Vocabulary::default());
    house.ledger.events.iter().for_each(|event| metrics.observe(event));
    metrics.encode(&house.board, house.board.unix_ms, 0, Format::Classic)
}

#[track_caller]
fn shows(house: &House, samples: &[(&str, u32)]) {
    let text = metrics(house);
    for (sample, expected) in samples {
        let value =
            text.lines().find_map(|line| line.strip_prefix("thirdring_")?.strip_prefix(sample)?.strip_prefix(' '));
        let value: Option<f64> = value.and_then(|value| value.parse().ok());
        assert_eq!(value, Some(f64::from(*expected)), "{sample}\n{}", house.story());
    }
}

/// A house in which calls have gone every way.
fn a_busy_hour() -> House {
    let mut house = House::open();
    house.at_work(&["201", "202"]);
    house.caller(MINJI).dials("1300");
    house.wait(secs(3));
    house.caller(MINJI).hangs_up();
    house.agent("202").dials("201");
    house.wait(secs(1));
    house.agent("201").rings().answers();
    house.wait(secs(1));
    house.agent("202").hangs_up();
    house.wait(secs(1));
    house.agent("201").dials("1300");
    house.wait(secs(3));
    house.agent("201").hangs_up();
    house.agent("201").dials("0612800600");
    house.wait(secs(9));
    house.caller("0612800600").rings().answers();
    house.wait(secs(1));
    house
}

#[test]
fn each_call_is_counted_where_it_goes() {
    let mut house = a_busy_hour();
    let active = [("inbound", 0), ("outbound", 1), ("internal", 0), ("service", 0)];
    for (way, count) in active {
        shows(&house, &[(&format!("calls_active{{direction=\"{way}\"}}"), count)]);
    }
    house.agent("201").hangs_up();
    house.night_falls();
    shows(
        &house,
        &[
            ("calls_total{direction=\"inbound\",outcome=\"self_service\"}", 1),
            ("calls_total{direction=\"internal\",outcome=\"answered\"}", 1),
            ("calls_total{direction=\"internal\",outcome=\"self_service\"}", 1),
            ("calls_total{direction=\"outbound\",outcome=\"answered\"}", 1),
            ("call_duration_seconds_count{direction=\"inbound\",outcome=\"self_service\"}", 1),
            ("call_duration_seconds_count{direction=\"outbound\",outcome=\"answered\"}", 1),
            ("call_setup_seconds_count{direction=\"inbound\"}", 1),
            ("call_setup_seconds_count{direction=\"internal\"}", 2),
            ("call_setup_seconds_count{direction=\"outbound\"}", 1),
            ("answer_ring_seconds_count{entry=\"queue\"}", 2),
            // Nine seconds until somebody outside picks up are nobody's third ring.
            ("answer_ring_seconds_count{entry=\"direct\"}", 1),
        ],
    );
}

#[test]
fn service_numbers_and_wrong_ones_distort_nothing() {
    let mut house = House::open();
    house.at_work(&["201"]);
    house.agent("201").dials_code("*12");
    house.caller(MINJI).dials("9196");
    house.wait(secs(2));
    house.caller(MINJI).hangs_up();
    house.caller(MINJI).dials("7777");
    house.wait(secs(1));
    house.night_falls();
    shows(
        &house,
        &[
            ("calls_total{direction=\"service\",outcome=\"self_service\"}", 2),
            ("calls_total{direction=\"service\",outcome=\"refused\"}", 1),
            ("calls_total{direction=\"inbound\",outcome=\"refused\"}", 0),
            ("call_setup_seconds_count{direction=\"inbound\"}", 0),
            ("call_setup_seconds_count{direction=\"internal\"}", 0),
            ("call_duration_seconds_count{direction=\"inbound\",outcome=\"other\"}", 0),
            ("answer_ring_seconds_count{entry=\"direct\"}", 0),
            ("call_hangups_total{by=\"caller\",queue=\"_none\"}", 0),
            ("call_hangups_total{by=\"system\",queue=\"_none\"}", 0),
        ],
    );
    assert!(!metrics(&house).contains("seconds_count{direction=\"service\""), "their times are nobody's");
}
