//! The stories: what callers, agents and supervisors live through, told against the whole switchboard on a simulated
//! network and clock. No socket, no real clock, no thread; every story can be told again to the bit.

mod support;

mod caller_reaches_the_right_agent;
