//! For tests and eyes: a board of a busy morning at the postal centre. Never part of the server.

use crate::center::board::{AgentTile, Board, PromiseTile, QueueTile, WaitingTile};
use crate::center::event::{AgentWord, Promise};

/// A lively board as of `now_unix_ms`: somebody waits too long, one agent needs help, most is well.
pub(crate) fn lively_board(now_unix_ms: i64) -> Board {
    let agents = agents(now_unix_ms);
    let queues = [
        ("domestic", "국내우편", [108, 74, 31, 4], [412, 388, 331, 19, 4, 5], 130_u64),
        ("international", "국제·EMS", [25, 9, 0, 0], [118, 113, 104, 3, 1, 2], 40),
        ("shopping", "우체국쇼핑", [7, 0, 0, 0], [86, 84, 81, 1, 1, 1], 10),
        ("mvno", "알뜰폰", [0, 0, 0, 0], [31, 30, 29, 1, 0, 0], 0),
    ]
    .map(|(name, title, ages, counts, expected)| queue(name, title, &ages, counts, expected, &agents, now_unix_ms));
    let promises = [[803, 6, 0], [601, 14, 0], [57, 0, 0], [624, 7, 3], [540, 34, 6]];
    Board {
        seq: 918_273,
        unix_ms: now_unix_ms,
        draining: false,
        calls_active: 11,
        calls_by_direction: [8, 1, 2, 0],
        legs_active: 16,
        registrations: 9,
        queues: queues.into(),
        promises: Promise::ALL
            .into_iter()
            .zip(promises)
            .map(|(promise, [met, breached, excused])| PromiseTile { promise: promise.word(), met, breached, excused })
            .collect(),
        agents,
    }
}

fn queue(
    name: &str,
    title: &str,
    ages_secs: &[i64],
    [entered, answered, within, abandoned, short, other]: [u64; 6],
    expected_secs: u64,
    agents: &[AgentTile],
    now: i64,
) -> QueueTile {
    let waiting: Vec<WaitingTile> = ages_secs
        .iter()
        .filter(|age| **age > 0)
        .zip(1_u32..)
        .map(|(age, position)| WaitingTile {
            call: format!("call-{}", 3_100 + position),
            number: format!("010-****-{}", 5_678 + 131 * position),
            since_ms: now - age * 1_000,
            position,
            offered_to: (position == 1 && name == "domestic").then(|| "park".to_owned()),
        })
        .collect();
    let mine = |word| agents.iter().filter(move |agent| agent.state == word && agent.queues.contains(&name.to_owned()));
    QueueTile {
        name: name.to_owned(),
        title: title.to_owned(),
        oldest_since_ms: waiting.first().map(|oldest| oldest.since_ms),
        waiting,
        expected_wait_ms: Some(expected_secs * 1_000),
        agents_by_state: AgentWord::ALL.map(|word| u32::try_from(mine(word).count()).unwrap_or(u32::MAX)),
        entered,
        answered,
        answered_within_target: within,
        abandoned,
        short_abandoned: short,
        other_exits: other,
        target_ms: 20_000,
        target_ratio: 0.88,
        max_wait_ms: 180_000,
    }
}

fn agents(now: i64) -> Vec<AgentTile> {
    use AgentWord::{Available, Away, Offline, Ringing, Talking, Wrapup};
    let mail = "국내우편부";
    [
        ("kim", "김하늘", mail, "domestic", Talking, None, 252, 34, 0),
        ("lee", "이바다", mail, "domestic", Wrapup, None, 31, 29, 0),
        ("park", "박산들", mail, "domestic", Ringing, None, 4, 27, 1),
        ("choi", "최가람", mail, "domestic", Away, Some("휴식"), 760, 22, 0),
        ("jung", "정나래", mail, "domestic", Talking, None, 962, 18, 0),
        ("han", "한가온", "국제우편부", "international", Available, None, 8, 25, 0),
        ("yoon", "윤슬", "국제우편부", "international", Talking, None, 95, 31, 0),
        ("jang", "장미르", "쇼핑상담부", "shopping", Away, Some("no_answer"), 310, 12, 3),
        ("lim", "임도담", "쇼핑상담부", "shopping", Available, None, 41, 30, 0),
        ("oh", "오아라", "알뜰폰상담부", "mvno", Talking, None, 1_240, 9, 0),
        ("seo", "서마루", "알뜰폰상담부", "mvno", Offline, None, 5_400, 0, 0),
    ]
    .map(|(name, display_name, department, queue, state, reason, age, answered, missed_in_a_row)| AgentTile {
        name: name.to_owned(),
        display_name: display_name.to_owned(),
        department: department.to_owned(),
        queues: vec![queue.to_owned()],
        state,
        reason: reason.map(str::to_owned),
        since_ms: now - age * 1_000,
        phone_registered: !matches!(name, "seo" | "lim"),
        call: matches!(state, Talking | Ringing | Wrapup).then(|| format!("call-{}", 3_000 + age)),
        caller: matches!(state, Talking | Ringing).then(|| format!("010-****-{}", 1_000 + age)),
        answered,
        missed_in_a_row,
    })
    .into()
}
