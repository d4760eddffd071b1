//! The promise of the first second: the program says how long it took until calls could come in, and that is short.

use crate::server::{Server, Setup};

#[test]
fn the_server_is_ready_in_under_a_second_and_says_so() {
    // Other tests run beside this one: the best of three starts is the server's own doing.
    let seconds = (0..3).map(|_| told(&Server::start(&Setup::new()))).fold(f64::INFINITY, f64::min);
    assert!(seconds > 0.0, "nothing starts in no time");
    // A debug build reads and encodes its prompts some thirty times slower.
    if !cfg!(debug_assertions) {
        assert!(seconds < 1.0, "ready after {seconds} s");
    }
}

/// What the line says.
fn told(server: &Server) -> f64 {
    server.wait_for_log("Ready in ");
    let log = server.log();
    let figure = log.split("Ready in ").nth(1).and_then(|rest| rest.split(" s.").next());
    figure.and_then(|figure| figure.parse().ok()).unwrap_or_else(|| panic!("no figure in\n{log}"))
}
