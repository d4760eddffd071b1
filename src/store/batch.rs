//! One batch of rows in one transaction: events and what they project into, together or not at all.
//! A row that is already there is left as it is, so a replay is harmless. Never retries.

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Sqlite, Transaction};

use super::row::{Record, Row, StoredCall, StoredEvent, StoredLeg, StoredTask};
use crate::model::CallDirection;

/// Writes all `rows` or none of them.
pub(super) async fn write(connection: &mut SqliteConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    // IMMEDIATE takes the write lock at once: a deferred transaction could fail half-way as a stale reader.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for row in rows {
        insert_event(&mut transaction, &row.event).await?;
        match &row.record {
            None => {}
            Some(Record::Call(call)) => insert_call(&mut transaction, call).await?,
            Some(Record::Leg(leg)) => insert_leg(&mut transaction, leg).await?,
            Some(Record::Task(task)) => insert_task(&mut transaction, task).await?,
        }
    }
    transaction.commit().await
}

async fn insert_event(transaction: &mut Transaction<'_, Sqlite>, event: &StoredEvent) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO events (run, seq, unix_ms, call, queue, agent, type, data) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (run, seq) DO NOTHING",
    )
    .bind(event.run)
    .bind(event.seq)
    .bind(event.unix_ms)
    .bind(event.call)
    .bind(&event.queue)
    .bind(&event.agent)
    .bind(&event.kind)
    .bind(event.data.to_string())
    .execute(&mut **transaction)
    .await
    .map(drop)
}

async fn insert_call(transaction: &mut Transaction<'_, Sqlite>, call: &StoredCall) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO calls (run, call, from_number, to_number, received_ms, answered_ms, connected_ms, ended_ms, \
         outcome, ended_by, status, flow, flow_version, path, queue, agent, waited_ms, talked_ms, held_ms, transfers, \
         direction) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) \
         ON CONFLICT (run, call) DO NOTHING",
    )
    .bind(call.run)
    .bind(call.call)
    .bind(call.from.reveal())
    .bind(call.to.reveal())
    .bind(call.received_ms)
    .bind(call.answered_ms)
    .bind(call.connected_ms)
    .bind(call.ended_ms)
    .bind(call.outcome.word())
    .bind(call.ended_by.word())
    .bind(call.status)
    .bind(&call.flow)
    .bind(&call.flow_version)
    .bind(&call.path)
    .bind(&call.queue)
    .bind(&call.agent)
    .bind(call.waited_ms)
    .bind(call.talked_ms)
    .bind(call.held_ms)
    .bind(call.transfers)
    .bind(call.direction.map(CallDirection::word))
    .execute(&mut **transaction)
    .await
    .map(drop)
}

async fn insert_leg(transaction: &mut Transaction<'_, Sqlite>, leg: &StoredLeg) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO legs (run, leg, call, role, party, agent, started_ms, ringing_ms, answered_ms, ended_ms, \
         status, codec, packets_received, packets_sent, packets_lost, jitter_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
         ON CONFLICT (run, call, leg) DO NOTHING",
    )
    .bind(leg.run)
    .bind(leg.leg)
    .bind(leg.call)
    .bind(leg.role.word())
    .bind(leg.party.reveal())
    .bind(&leg.agent)
    .bind(leg.started_ms)
    .bind(leg.ringing_ms)
    .bind(leg.answered_ms)
    .bind(leg.ended_ms)
    .bind(leg.status)
    .bind(leg.codec.map(|codec| codec.name()))
    .bind(leg.packets_received)
    .bind(leg.packets_sent)
    .bind(leg.packets_lost)
    .bind(leg.jitter_us)
    .execute(&mut **transaction)
    .await
    .map(drop)
}

async fn insert_task(transaction: &mut Transaction<'_, Sqlite>, task: &StoredTask) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO tasks (run, task, call, kind, number, queue, created_ms, due_ms, recording, note) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (run, task) DO NOTHING",
    )
    .bind(task.run)
    .bind(task.task)
    .bind(task.call)
    .bind(task.kind.word())
    .bind(task.number.reveal())
    .bind(&task.queue)
    .bind(task.created_ms)
    .bind(task.due_ms)
    .bind(&task.recording)
    .bind(&task.note)
    .execute(&mut **transaction)
    .await
    .map(drop)
}
