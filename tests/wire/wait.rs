//! Waiting for something to become true, never for time to pass.

use std::time::{Duration, Instant};

/// Whether `condition` came true within `at_most`.
pub fn until(at_most: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + at_most;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Fails the test when `condition` does not come true in time.
#[track_caller]
pub fn eventually(what: &str, at_most: Duration, condition: impl FnMut() -> bool) {
    assert!(until(at_most, condition), "not within {at_most:?}: {what}");
}

/// Often enough for a test, seldom enough for a small machine.
const LOOK_EVERY: Duration = Duration::from_millis(50);
