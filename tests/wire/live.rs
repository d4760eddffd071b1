//! The live page as a supervisor sees it: true numbers, two languages, and no pretending when the server is gone.

use std::path::Path;
use std::time::Duration;

use crate::browser::Tab;
use crate::server::{Server, Setup};
use crate::sipp::Scenario;
use crate::wait::eventually;

#[test]
fn the_live_page_shows_who_waits_speaks_two_languages_and_owns_up_when_it_is_cut_off() {
    let server = Server::start(&Setup::new());
    let _waiting = Scenario::new("basic").calls(3, 3).lasting(Duration::from_secs(40)).start(&server);
    eventually("three callers wait", Duration::from_secs(20), || {
        let board = server.board();
        let queues = board["queues"].as_array().expect("a board has queues");
        queues.iter().filter_map(|queue| queue["waiting"].as_array()).map(Vec::len).sum::<usize>() == 3
    });

    let mut tab = Tab::open(&server.url("/live?lang=ko"));
    tab.wait_for("the page is live", "document.getElementById('pulse')?.dataset.state === 'live'");
    tab.wait_for("three callers wait on it", "document.title.startsWith('(3)')");
    let korean = tab.text();
    assert!(korean.contains("대기열") && korean.contains("종합상담") && korean.contains("김하늘"), "{korean}");
    assert!(!korean.contains("0612800600"), "numbers are masked");
    keep(&mut tab, "ko");

    tab.value("document.getElementById('language').click()");
    tab.wait_for("it speaks English", "document.documentElement.lang === 'en'");
    tab.wait_for("its headings too", "document.getElementById('queues-heading').textContent === 'Queues'");
    let fits = "[...document.querySelectorAll('.scroll')].every(table => table.scrollWidth <= table.clientWidth)";
    tab.wait_for("every column is on the screen", fits);
    keep(&mut tab, "en");
    assert!(tab.complaints.is_empty(), "the console complains: {:?}", tab.complaints);

    drop(server);
    tab.wait_for("it knows that it is cut off", "document.getElementById('pulse').dataset.state === 'stale'");
    tab.wait_for("it says so", "!document.getElementById('banner').hidden");
    assert!(tab.text().contains("Connection lost"), "{}", tab.text());
    keep(&mut tab, "stale");
}

/// Keeps a picture beside the test programs, for people.
fn keep(tab: &mut Tab, name: &str) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("live-{name}.png"));
    let picture = tab.picture();
    assert!(picture.starts_with(b"\x89PNG"), "a picture is a PNG");
    std::fs::write(path, picture).expect("the target folder can be written");
}
