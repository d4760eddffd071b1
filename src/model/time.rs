//! Time as a value: the only clock that floors 0 to 2 know is the `now` they are given.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

/// Nanoseconds since the server (or the simulation) started. Monotonic; never a wall time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Moment(u64);

impl Moment {
    /// The start of time.
    pub const ZERO: Moment = Moment(0);

    pub const fn from_nanos(nanos: u64) -> Self {
        Moment(nanos)
    }

    pub const fn from_millis(millis: u64) -> Self {
        Moment(millis * 1_000_000)
    }

    pub const fn from_secs(secs: u64) -> Self {
        Moment(secs * 1_000_000_000)
    }

    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, wait: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.0 / 1_000_000_000, self.0 / 1_000_000 % 1_000)
    }
}

/// Where `Moment::ZERO` lies on the wall, so that a record or an opening hour can be told in civil time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WallClock {
    /// Milliseconds since 1970-01-01T00:00:00Z at `Moment::ZERO`.
    pub zero_unix_ms: i64,
}

impl WallClock {
    /// Milliseconds since the Unix epoch at `moment`.
    #[must_use]
    pub fn unix_ms(self, moment: Moment) -> i64 {
        self.zero_unix_ms.saturating_add(i64::try_from(moment.as_millis()).unwrap_or(i64::MAX))
    }
}
