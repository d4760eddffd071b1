-- The event log, and the three tables projected from it in the same transaction.
-- A run is one life of the server, named by its start; sequence numbers and ids count within a run.

CREATE TABLE events (
    run     INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    unix_ms INTEGER NOT NULL,
    call    INTEGER,
    queue   TEXT,
    agent   TEXT,
    type    TEXT    NOT NULL,
    data    TEXT    NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX events_of_a_call ON events (run, call) WHERE call IS NOT NULL;
CREATE INDEX events_by_time ON events (unix_ms);

CREATE TABLE calls (
    run          INTEGER NOT NULL,
    call         INTEGER NOT NULL,
    from_number  TEXT    NOT NULL,
    to_number    TEXT    NOT NULL,
    received_ms  INTEGER NOT NULL,
    answered_ms  INTEGER,
    connected_ms INTEGER,
    ended_ms     INTEGER NOT NULL,
    outcome      TEXT    NOT NULL,
    ended_by     TEXT    NOT NULL,
    status       INTEGER NOT NULL,
    flow         TEXT    NOT NULL,
    flow_version TEXT    NOT NULL,
    path         TEXT    NOT NULL,
    queue        TEXT    NOT NULL,
    agent        TEXT    NOT NULL,
    waited_ms    INTEGER NOT NULL,
    talked_ms    INTEGER NOT NULL,
    held_ms      INTEGER NOT NULL,
    transfers    INTEGER NOT NULL,
    PRIMARY KEY (run, call)
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_by_time ON calls (received_ms);
CREATE INDEX calls_by_queue ON calls (queue, received_ms);
CREATE INDEX calls_by_agent ON calls (agent, received_ms);
CREATE INDEX calls_by_caller ON calls (from_number, received_ms);

CREATE TABLE legs (
    run              INTEGER NOT NULL,
    call             INTEGER NOT NULL,
    leg              INTEGER NOT NULL,
    role             TEXT    NOT NULL,
    party            TEXT    NOT NULL,
    agent            TEXT,
    started_ms       INTEGER NOT NULL,
    ringing_ms       INTEGER,
    answered_ms      INTEGER,
    ended_ms         INTEGER NOT NULL,
    status           INTEGER NOT NULL,
    codec            TEXT,
    packets_received INTEGER NOT NULL,
    packets_sent     INTEGER NOT NULL,
    packets_lost     INTEGER NOT NULL,
    jitter_us        INTEGER NOT NULL,
    PRIMARY KEY (run, call, leg)
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
    run        INTEGER NOT NULL,
    task       INTEGER NOT NULL,
    call       INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    number     TEXT    NOT NULL,
    queue      TEXT,
    created_ms INTEGER NOT NULL,
    due_ms     INTEGER,
    recording  TEXT,
    note       TEXT    NOT NULL,
    PRIMARY KEY (run, task)
) STRICT, WITHOUT ROWID;

CREATE INDEX tasks_by_due ON tasks (due_ms);
