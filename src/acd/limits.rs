//! Every maximum of the engine, with its reason. Never a policy: those are settings.

use std::time::Duration;

/// Kinds of waiting at once, each a queue with a set of needs: 64 queues of 64 skill sets.
pub(super) const LINES_MAX: usize = 64 * 64;

/// Requirements of one caller: language, department, product and their spares.
pub(super) const NEEDS_MAX: usize = 16;

/// Calls an agent may be on beside the first: a consultation, a second line, two spares.
pub(super) const CALLS_BESIDE_MAX: usize = 4;

/// The shortest rest after a failed offer: an agent is never asked twice in the same moment.
pub(super) const REST_MIN: Duration = Duration::from_secs(1);

/// The longest rest after refusals in a row.
pub(super) const REST_MAX: Duration = Duration::from_secs(60);

/// The shortest time between two announcements to a caller.
pub(super) const ANNOUNCE_EVERY_MIN: Duration = Duration::from_secs(1);
