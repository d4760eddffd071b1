//! The server's database as another program reads it: events and records.

use std::path::Path;

use serde_json::Value;
use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::server::Server;

/// All events of a type, oldest first: their data.
pub fn events(server: &Server, kind: &str) -> Vec<Value> {
    let rows = texts(&server.database(), &format!("SELECT data FROM events WHERE type = '{kind}' ORDER BY run, seq"));
    rows.iter().map(|text| serde_json::from_str(text).expect("the data of an event is JSON")).collect()
}

/// The first column of a query, as text.
pub fn texts(database: &Path, query: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be had");
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database).read_only(true);
        let mut connection = SqliteConnection::connect_with(&options).await.expect("the database opens");
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&mut connection).await.expect("the query is sound");
        rows.iter().map(|row| row.get::<String, _>(0)).collect()
    })
}
