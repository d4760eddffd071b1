//! The Contact header: a star, or a list of addresses.
//! Never decides about bindings. RFC 3261 20.10, 10.2.2.

use super::name_addr::NameAddr;

/// All Contact values of a message together.
#[derive(Clone, Debug)]
pub enum Contacts {
    /// `Contact: *`, which only a REGISTER with `Expires: 0` may carry.
    Star,
    /// The addresses in their order; empty when the message has no Contact.
    List(Vec<NameAddr>),
}

impl Contacts {
    /// The first address, where a dialog finds its remote target.
    #[must_use]
    pub fn first(&self) -> Option<&NameAddr> {
        match self {
            Contacts::Star => None,
            Contacts::List(addresses) => addresses.first(),
        }
    }
}
