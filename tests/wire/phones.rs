//! Two callers' telephones and two agents': who hears whom, before and after a hold and a transfer.

use crate::baresip::Phone;
use crate::http::{get, metric};
use crate::server::{Server, Setup};

#[test]
fn a_caller_is_answered_held_and_transferred_with_an_announcement() {
    let server = Server::start(&Setup::new());
    let mut agent = Phone::registered(&server, "201", 700);
    let mut caller = Phone::outside(&server, "0612800600", 1_100);
    caller.dial("1500");
    caller.wait_for("CALL_ESTABLISHED");
    agent.wait_for_ring();
    agent.answer();
    caller.wait_to_hear(agent.tone, 0, 500);
    agent.wait_to_hear(caller.tone, 0, 500);
    caller.hang_up();
    agent.wait_for("CALL_CLOSED");
    server.wait_until_idle();
    let metrics = get(&server.url("/metrics")).expect("the server answers").text;
    assert_eq!(metric(&metrics, "thirdring_queue_entered_total{queue=\"general\"}"), 1.0);
}
