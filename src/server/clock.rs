//! The one place where the real clock is read: `Moment::ZERO` is when the server started.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::{Moment, WallClock};

/// Tells the time to everything below.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    wall: WallClock,
}

impl Clock {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let zero_unix_ms = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
        Clock { origin: Instant::now(), wall: WallClock { zero_unix_ms } }
    }

    #[must_use]
    pub fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Where `Moment::ZERO` lies among the machine's own instants.
    #[must_use]
    pub fn origin(&self) -> Instant {
        self.origin
    }

    #[must_use]
    pub fn instant(&self, moment: Moment) -> Instant {
        self.origin + moment.since(Moment::ZERO)
    }

    #[must_use]
    pub fn wall(&self) -> WallClock {
        self.wall
    }
}
