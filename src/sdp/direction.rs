//! Which way a stream flows, seen from the side that says it. Never decides who is on hold. RFC 3264 5.1, 6.1.

/// The direction attribute of a stream, from the view of whoever wrote the description.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Both ways; what a description without a direction attribute means.
    #[default]
    SendRecv,
    /// The writer sends and does not want to hear: it put the reader on hold.
    SendOnly,
    /// The writer listens only.
    RecvOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    pub const ALL: [Direction; 4] =
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];

    /// The direction with these two halves.
    #[must_use]
    pub fn of(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// Whether the writer sends.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether the writer receives.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The same stream seen from the other side: sending becomes receiving.
    #[must_use]
    pub fn mirrored(self) -> Direction {
        Direction::of(self.receives(), self.sends())
    }

    /// What both allow, each seen from the same side.
    #[must_use]
    pub fn and(self, other: Direction) -> Direction {
        Direction::of(self.sends() && other.sends(), self.receives() && other.receives())
    }

    /// The name of the SDP attribute.
    #[must_use]
    pub fn attribute(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// The direction that an SDP attribute of this name says.
    #[must_use]
    pub fn from_attribute(name: &str) -> Option<Direction> {
        Direction::ALL.into_iter().find(|direction| direction.attribute().eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_of_the_mirror_is_the_same_view() {
        for direction in Direction::ALL {
            assert_eq!(direction.mirrored().mirrored(), direction);
            assert_eq!(direction.mirrored().sends(), direction.receives());
            assert_eq!(Direction::from_attribute(direction.attribute()), Some(direction));
        }
        assert_eq!(Direction::SendOnly.mirrored(), Direction::RecvOnly);
        assert_eq!(Direction::from_attribute("SendRecv"), Some(Direction::SendRecv));
        assert_eq!(Direction::from_attribute("sendsometimes"), None);
    }

    #[test]
    fn both_sides_must_allow_a_way() {
        for one in Direction::ALL {
            assert_eq!(one.and(Direction::SendRecv), one);
            assert_eq!(one.and(Direction::Inactive), Direction::Inactive);
        }
        assert_eq!(Direction::SendOnly.and(Direction::RecvOnly), Direction::Inactive);
    }
}
