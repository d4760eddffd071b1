//! A studio's recording is a file put beside: what the caller hears are its samples. A broken one changes nothing.

use std::path::Path;
use std::sync::Arc;

use thirdring::media::listen::{level_dbov, tone_share};
use thirdring::model::Moment;
use thirdring::store::load_prompts;

use crate::support::{House, MINJI, secs};

/// Three seconds of a tone that nobody else speaks, at 16 kHz as a studio delivers it.
fn record_tone(path: &Path) {
    std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the target folder can be written");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("the target folder can be written");
    for n in 0..48_000 {
        let value = 8_000.0 * (std::f64::consts::TAU * TONE * f64::from(n) / 16_000.0).sin();
        writer.write_sample(value as i16).expect("the target folder can be written");
    }
    writer.finalize().expect("the target folder can be written");
}

#[test]
fn the_callers_hear_the_houses_own_recording_and_the_shipped_one_where_it_is_broken() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("own-prompts-{}", std::process::id()));
    record_tone(&folder.join("ko/postal-ko/main.wav"));
    std::fs::write(folder.join("ko/postal-ko/domestic.wav"), "the studio's invoice").expect("it can be written");
    let (library, problems) = load_prompts(Some(&folder));
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert!(problem.to_string().contains("domestic.wav"), "{problem}");

    let mut house = House::with_prompts(Arc::new(library));
    house.caller(MINJI).dials("1300");
    let spoken =
        |house: &House| house.callers.phones.values().any(|phone| phone.ear.tone_began(TONE, Moment::ZERO).is_some());
    house.wait_until("the menu follows the notice", secs(30), spoken);
    house.wait(secs(4));
    let caller = house.caller(MINJI);
    let began = caller.book().ear.tone_began(TONE, Moment::ZERO).expect("the house's own menu is heard");
    let heard = &caller.book().ear.since(began)[..23_520];
    for piece in heard.chunks_exact(1_600) {
        assert!(tone_share(piece, TONE) > 0.99, "only {:.3} of it", tone_share(piece, TONE));
        assert!((level_dbov(piece) - level_dbov(&heard[..1_600])).abs() < 0.5);
    }
    caller.presses("1");
    house.wait(secs(5));
    house.caller(MINJI).heard_beginning_of("ko/postal-ko/domestic", began);
    house.night_falls();
    std::fs::remove_dir_all(folder).expect("it is our own folder");
}

/// Whole periods in 20 ms, and nobody's voice.
const TONE: f64 = 950.0;
