//! What is refused, and with which words: broken messages, foreign methods, strangers, what lies between dialogs.
//! Never a silence where an answer is due.

use crate::offers::carol_calls_bob;
use crate::wire::*;
use std::time::Duration;

/// What Bob says to one message out of dialog from Carol, whom he trusts.
fn answer_to(text: &str) -> String {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    network.say(peer, bob, text);
    network.run_ms(10);
    inbox(&mut network, peer).first().cloned().unwrap_or_default()
}

fn first_line_to(text: &str) -> String {
    answer_to(text).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn options_tell_what_we_speak() {
    let answer = answer_to(&Request::new("OPTIONS").text());
    assert!(answer.starts_with("SIP/2.0 200 OK"), "{answer}");
    assert!(header(&answer, "Allow").contains("INVITE, ACK, CANCEL, BYE"), "{answer}");
    assert!(header(&answer, "Accept").contains("application/sdp"), "{answer}");
    assert!(answer.contains("\r\nSupported:"), "{answer}");
    assert!(header(&answer, "To").contains(";tag="), "{answer}");
}

#[test]
fn methods_we_do_not_speak_are_405_and_unknown_ones_501() {
    for method in ["MESSAGE", "SUBSCRIBE", "PUBLISH"] {
        let answer = answer_to(&Request::new(method).text());
        assert!(answer.starts_with("SIP/2.0 405 ") && answer.contains("\r\nAllow: INVITE"), "{answer}");
    }
    assert_eq!(first_line_to(&Request::new("NEWMETHOD").text()), "SIP/2.0 501 Not Implemented");
}

#[test]
fn a_refer_out_of_dialog_is_refused_and_what_needs_a_dialog_is_481() {
    assert_eq!(first_line_to(&Request::new("REFER").text()), "SIP/2.0 403 Forbidden");
    for method in ["BYE", "INFO", "UPDATE", "NOTIFY", "PRACK", "CANCEL"] {
        assert_eq!(first_line_to(&Request::new(method).text()), "SIP/2.0 481 Call/Transaction Does Not Exist");
    }
    let lost = Request { to: "<sip:bob@10.0.0.2>;tag=gone".to_owned(), ..Request::new("INVITE") };
    assert_eq!(first_line_to(&lost.text()), "SIP/2.0 481 Call/Transaction Does Not Exist");
}

#[test]
fn a_required_extension_we_do_not_have_is_named_in_420() {
    let more = "Require: 100rel, x-new\nProxy-Require: y-new\n".to_owned();
    let answer = answer_to(&Request { more, ..Request::new("INVITE") }.text());
    assert!(answer.starts_with("SIP/2.0 420 Bad Extension"), "{answer}");
    assert_eq!(header(&answer, "Unsupported"), "x-new, y-new");
}

#[test]
fn schemes_versions_and_hops_are_checked() {
    let sips = Request { uri: "sips:bob@10.0.0.2".to_owned(), ..Request::new("INVITE") };
    assert_eq!(first_line_to(&sips.text()), "SIP/2.0 416 Unsupported URI Scheme");
    let mail = Request { uri: "mailto:bob@10.0.0.2".to_owned(), ..Request::new("INVITE") };
    assert_eq!(first_line_to(&mail.text()), "SIP/2.0 416 Unsupported URI Scheme");
    let version = Request::new("INVITE").text().replace("SIP/2.0\nVia", "SIP/7.0\nVia");
    assert!(first_line_to(&version).starts_with("SIP/2.0 505 "), "{}", first_line_to(&version));
    let spent = Request::new("INVITE").text().replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(first_line_to(&spent), "SIP/2.0 483 Too Many Hops");
    let spent = Request::new("OPTIONS").text().replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(first_line_to(&spent), "SIP/2.0 200 OK", "we are the last hop anyway");
}

#[test]
fn a_malformed_request_hears_what_is_wrong_and_a_malformed_response_nothing() {
    let broken = Request::new("INVITE").text().replace("CSeq: 1 INVITE", "CSeq: one INVITE");
    assert_eq!(first_line_to(&broken), "SIP/2.0 400 Malformed CSeq");
    let other = Request::new("INVITE").text().replace("CSeq: 1 INVITE", "CSeq: 1 BYE");
    assert!(first_line_to(&other).starts_with("SIP/2.0 400 "));
    let response = "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKx\nCSeq: one INVITE\n\n";
    assert_eq!(first_line_to(response), "");
    let stray = "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKx\nFrom: <sip:a@b>;tag=1\n\
                 To: <sip:c@d>;tag=2\nCall-ID: x\nCSeq: 1 INVITE\nContent-Length: 0\n\n";
    assert_eq!(first_line_to(stray), "");
    assert_eq!(first_line_to("hello\n\n"), "");
    let ack = Request::new("ACK").text().replace("CSeq: 1 ACK", "CSeq: one ACK");
    assert_eq!(first_line_to(&ack), "", "an ACK is never answered");
}

#[test]
fn a_body_we_cannot_read_is_415_with_what_we_can() {
    let more = "Content-Type: application/pidf+xml\n".to_owned();
    let answer = answer_to(&Request { more, body: "<x/>\n".to_owned(), ..Request::new("INVITE") }.text());
    assert!(answer.starts_with("SIP/2.0 415 "), "{answer}");
    assert!(header(&answer, "Accept").contains("application/sdp"));
}

#[test]
fn the_same_request_over_two_paths_is_482() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    network.say(peer, bob, &Request::new("INVITE").text());
    network.say(peer, bob, &Request { branch: "z9hG4bK-other".to_owned(), ..Request::new("INVITE") }.text());
    network.say(peer, bob, &Request::new("INVITE").text());
    network.run_ms(10);
    let answers = first_lines(&inbox(&mut network, peer));
    assert_eq!(answers, ["SIP/2.0 100 Trying", "SIP/2.0 482 Loop Detected", "SIP/2.0 100 Trying"]);
    assert_eq!(names(&network.events(bob)), ["Incoming"], "a retransmission is absorbed");
}

#[test]
fn a_request_of_rfc_2543_is_matched_without_the_cookie() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    let old = || Request { branch: "1".to_owned(), ..Request::new("INVITE") };
    network.say(peer, bob, &old().text());
    network.say(peer, bob, &old().text());
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.reject(now, session, 486, None, None));
    network.run_ms(10);
    let refusal = inbox(&mut network, peer).pop().expect("the 486");
    let ack = Request { to: header(&refusal, "To"), branch: "1".to_owned(), ..Request::new("ACK") };
    network.say(peer, bob, &ack.text());
    network.run_secs(20);
    assert!(inbox(&mut network, peer).is_empty(), "the ACK has stopped the refusal");
    network.run_secs(20);
    network.assert_released();
}

#[test]
fn a_cancel_is_200_and_the_invite_487_however_often_it_comes() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    network.say(peer, bob, &Request::new("INVITE").text());
    let cancel = Request { branch: "z9hG4bK-INVITE-1".to_owned(), ..Request::new("CANCEL") };
    network.say(peer, bob, &cancel.text());
    network.say(peer, bob, &cancel.text());
    network.run_ms(10);
    let answers = inbox(&mut network, peer);
    let tags: Vec<String> = answers[1..].iter().map(|text| header(text, "To")).collect();
    assert!(tags.windows(2).all(|pair| pair[0] == pair[1]), "{tags:?}");
    let mut lines = first_lines(&answers);
    lines.sort();
    assert_eq!(lines, ["SIP/2.0 100 Trying", "SIP/2.0 200 OK", "SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]);
    assert_eq!(names(&network.events(bob)), ["Incoming", "Cancelled"]);
}

#[test]
fn answers_carry_where_the_request_came_from() {
    let text = Request::new("OPTIONS").text().replace("10.0.0.3:5060;branch", "phone.home:5999;branch");
    let answer = answer_to(&text);
    assert_eq!(
        header(&answer, "Via"),
        "SIP/2.0/UDP phone.home:5999;branch=z9hG4bK-OPTIONS-1;rport=5060;received=10.0.0.3"
    );
}

#[test]
fn info_without_a_key_is_taken_or_told_what_we_read() {
    let (mut network, _, bob, peer, to) = carol_calls_bob();
    let info = |cseq: u32, kind: &str, body: &str| Request {
        to: to.clone(),
        cseq,
        branch: format!("z9hG4bK-info-{cseq}"),
        more: if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\n") },
        body: body.to_owned(),
        ..Request::new("INFO")
    };
    network.say(peer, bob, &info(2, "", "").text());
    network.say(peer, bob, &info(3, "application/dtmf-relay", "Signal=*\nDuration=90\n").text());
    network.say(peer, bob, &info(4, "application/dtmf", "7").text());
    network.say(peer, bob, &info(5, "application/media_control+xml", "<x/>").text());
    network.run_ms(10);
    assert_eq!(
        first_lines(&inbox(&mut network, peer)),
        ["SIP/2.0 200 OK", "SIP/2.0 200 OK", "SIP/2.0 200 OK", "SIP/2.0 415 Unsupported Media Type"]
    );
    assert_eq!(names(&network.events(bob)), ["Digit * 90", "Digit 7 160"]);
}

#[test]
fn a_dialog_belongs_to_its_peer_alone() {
    let (mut network, _, bob, _, to) = carol_calls_bob();
    let stranger = network.peer("10.0.0.66:5060");
    let bye = Request { to, cseq: 2, ..Request::new("BYE") };
    network.say(stranger, bob, &bye.text());
    network.run_ms(10);
    assert_eq!(first_lines(&inbox(&mut network, stranger)), ["SIP/2.0 403 Forbidden"]);
    assert!(network.events(bob).is_empty(), "the call goes on");
}

#[test]
fn a_ping_gets_its_pong() {
    assert_eq!(answer_to("\n\n"), "\r\n");
}

#[test]
fn unanswered_requests_hold_nothing() {
    let (mut network, _, bob) = alice_and_bob();
    let peer = network.peer("10.0.0.3:5060");
    for method in ["OPTIONS", "BYE", "MESSAGE", "REFER", "NOTIFY"] {
        network.say(peer, bob, &Request::new(method).text());
    }
    network.run_until(network.now + Duration::from_millis(1), |_, _, _| {});
    network.assert_released();
}

#[test]
fn whatever_comes_twice_within_a_dialog_gets_its_answer_twice() {
    let (mut network, _, bob) = alice_and_bob();
    let carol = network.peer("10.0.0.3:5060");
    let body = "v=0\no=- 1 1 IN IP4 10.0.0.3\ns=x\n".to_owned();
    let invite = Request { body, more: "Content-Type: application/sdp\n".to_owned(), ..Request::new("INVITE") };
    network.say(carol, bob, &invite.text());
    network.run_ms(20);
    let session = incoming(&network.events(bob));
    network.command(bob, |endpoint, now| endpoint.answer(now, session, sdp("answer")));
    network.run_ms(20);
    let answers = inbox(&mut network, carol);
    let to = header(answers.iter().find(|text| text.starts_with("SIP/2.0 200")).expect("it is answered"), "To");
    network.say(carol, bob, &Request { branch: "z9hG4bKack".into(), to: to.clone(), ..Request::new("ACK2XX") }.text());
    network.run_ms(20);
    inbox(&mut network, carol);
    let asked =
        [("OPTIONS", "", 200), ("REFER", "Refer-To: <nobody>\n", 400), ("PUBLISH", "", 405), ("PRACK", "", 481)];
    for (cseq, (method, more, status)) in (2..).zip(asked) {
        let request = Request { to: to.clone(), cseq, more: more.to_owned(), ..Request::new(method) }.text();
        for _ in 0..2 {
            network.say(carol, bob, &request);
            network.run_ms(20);
            let lines = first_lines(&inbox(&mut network, carol));
            assert!(lines.len() == 1 && lines[0].starts_with(&format!("SIP/2.0 {status} ")), "{method}: {lines:?}");
        }
    }
}
