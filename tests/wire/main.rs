//! The built program against real peers: telephones, SIPp, Prometheus, a browser, signals. Never links the library's
//! insides; a peer that is not installed is a failure that names its package.

#![expect(clippy::disallowed_methods, reason = "real programs are started, waited for and timed")]

mod baresip;
mod browser;
mod events;
mod http;
mod listen;
mod peer;
mod raw;
mod server;
mod sipp;
mod wait;

mod demo;
mod live;
mod phones;
mod prometheus;
mod signalling;
mod starting;
mod stopping;
