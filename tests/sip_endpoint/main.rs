//! Two SIP endpoints, and hand-written peers, on a simulated network with a virtual clock.
//! Never opens a socket, never sleeps; every run with the same seed is the same run.

mod audit;
mod calls;
mod hostile;
mod network;
mod offers;
mod random_calls;
mod refusals;
mod registration;
mod reliability;
mod session_timers;
mod streams;
mod transfers;
mod wire;
