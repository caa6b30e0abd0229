//! The schema, and whether the server keeps what it is told.

use tokio_postgres::{
    Row,
    types::{FromSql, Type},
};

use super::{
    connection::{Lease, Pool},
    error::{failed, misconfigured, unavailable},
    options::Schema,
    pipeline::Trip,
};
use crate::store::{StoreError, search_text};

/// The schema of this program.
pub(super) const SCHEMA: i64 = 1;

/// Brings the schema to that of this program: all steps or none. Processes that do so wait for
/// each other. Returns the schema as it is then.
pub(super) async fn migrate(pool: &Pool, mut schema: Schema) -> Result<Schema, StoreError> {
    let client = Lease::take(pool).await?;
    // What is in order is not written to, and asks for no right to create anything.
    if version(&client, &schema).await? < SCHEMA {
        create(&client, &schema).await?;
    }
    let sql = format!("SELECT max(search) FROM {schema}.version");
    let rows = client.query_typed(&sql, &[]).await.map_err(failed)?;
    let (found, known) = (first::<i64>(&rows)?.unwrap_or(0), search_text::VERSION);
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    client.release();
    // An index by other rules would find other things.
    schema.has_search = found == known;
    Ok(schema)
}

async fn create(client: &Lease, schema: &Schema) -> Result<(), StoreError> {
    let name = schema.name();
    let begin =
        format!("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('messenger-crm {name}', 0))");
    client.batch_execute(&begin).await.map_err(failed)?;
    // Another process may have been first.
    if version(client, schema).await? < SCHEMA {
        // What is there already asks for no right to create it.
        let create = format!(
            "DO $$ BEGIN IF to_regnamespace('{name}') IS NULL THEN CREATE SCHEMA {schema}; END IF; END $$;
             {}",
            tables(schema)
        );
        client.batch_execute(&create).await.map_err(failed)?;
    }
    client.batch_execute("COMMIT").await.map_err(failed)
}

/// The SQL that makes the schema and its tables.
pub(super) fn schema_sql(schema: &Schema) -> String {
    format!("CREATE SCHEMA IF NOT EXISTS {schema};\n{}", tables(schema))
}

fn tables(schema: &Schema) -> String {
    include_str!("schema.sql")
        .replace("{schema}", &schema.to_string())
        .replace("{version}", &SCHEMA.to_string())
        .replace(
            "{search}",
            &if schema.has_search {
                search_text::VERSION
            } else {
                0
            }
            .to_string(),
        )
}

async fn version(client: &Lease, schema: &Schema) -> Result<i64, StoreError> {
    // A query of the catalog: `to_regclass` may repeat what it has found before another process
    // committed.
    let is_there =
        "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = 'version')";
    let name = schema.name();
    let rows = client.query_typed(is_there, &[(&name, Type::TEXT)]).await;
    let rows = rows.map_err(failed)?;
    if !first::<bool>(&rows)?.unwrap_or(false) {
        return Ok(0);
    }
    let sql = format!("SELECT max(version) FROM {schema}.version");
    let rows = client.query_typed(&sql, &[]).await.map_err(failed)?;
    let found = first::<i64>(&rows)?.unwrap_or(0);
    if found > SCHEMA {
        return Err(StoreError::TooNew {
            found,
            known: SCHEMA,
        });
    }
    Ok(found)
}

fn first<'r, T: FromSql<'r>>(rows: &'r [Row]) -> Result<Option<T>, StoreError> {
    let first = rows.first().map(|row| row.try_get::<_, Option<T>>(0));
    Ok(first.transpose().map_err(failed)?.flatten())
}

/// Why a server cannot be trusted with customers.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresFault {
    /// Nothing can be written: it is a replica, or transactions are read-only by default.
    #[error("the server is read-only")]
    ReadOnly,
    /// What was acknowledged may be lost when the server stops hard.
    #[error("{setting} is off, so that what was acknowledged can be lost")]
    NotDurable {
        /// The setting to be turned on.
        setting: String,
    },
    /// The role may not do what the store does.
    #[error("the role {role} lacks {right} on {table}")]
    Forbidden {
        /// Who it is that connects.
        role: String,
        /// What it may not do.
        right: String,
        /// To which table.
        table: String,
    },
    /// A foreign key of the host forbids deleting customers or their rows, so that nobody can be
    /// erased.
    #[error(
        "the foreign key {constraint} of {table} forbids erasing customers; declare it ON DELETE CASCADE or SET NULL"
    )]
    ForeignKey {
        /// The name of the foreign key.
        constraint: String,
        /// The table that it belongs to.
        table: String,
    },
}

/// All that is wrong with the server, as far as this connection can see.
pub(super) async fn check(pool: &Pool, schema: &Schema) -> Result<Vec<PostgresFault>, StoreError> {
    let client = Lease::take(pool).await?;
    let name = schema.name();
    let mut trip = Trip::new(&client);
    trip.add(
        "SELECT current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery(),
                current_setting('synchronous_commit') = 'off', current_setting('fsync') = 'off'"
            .to_owned(),
        Vec::new(),
    );
    trip.add(
        "SELECT current_user::text, r.name, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS r(name)
         WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname <> 'version' AND NOT has_table_privilege(c.oid, r.name)
         ORDER BY c.relname, r.name"
            .to_owned(),
        vec![(&name, Type::TEXT)],
    );
    // Pages are never deleted.
    trip.add(
        "SELECT f.conname::text, f.conrelid::regclass::text FROM pg_constraint f
         JOIN pg_class c ON c.oid = f.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND f.contype = 'f' AND f.confdeltype IN ('a', 'r') AND c.relname IN (
             'contact', 'label', 'mark', 'message', 'name_gram', 'outgoing', 'picture', 'raw_event', 'text_gram', 'work'
         ) ORDER BY 1, 2",
        vec![(&name, Type::TEXT)],
    );
    let answers = trip.go().await.map_err(failed)?;
    let mut faults = Vec::new();
    for row in &answers[0] {
        if row.try_get(0).map_err(failed)? {
            faults.push(PostgresFault::ReadOnly);
        }
        for (column, setting) in [(1, "synchronous_commit"), (2, "fsync")] {
            if row.try_get(column).map_err(failed)? {
                let setting = setting.to_owned();
                faults.push(PostgresFault::NotDurable { setting });
            }
        }
    }
    for row in &answers[1] {
        faults.push(PostgresFault::Forbidden {
            role: row.try_get(0).map_err(failed)?,
            right: row.try_get(1).map_err(failed)?,
            table: row.try_get(2).map_err(failed)?,
        });
    }
    for row in &answers[2] {
        faults.push(PostgresFault::ForeignKey {
            constraint: row.try_get(0).map_err(failed)?,
            table: row.try_get(1).map_err(failed)?,
        });
    }
    client.release();
    Ok(faults)
}

/// That there is nothing wrong.
pub(super) async fn require(pool: &Pool, schema: &Schema) -> Result<(), StoreError> {
    match check(pool, schema).await?.into_iter().next() {
        // Another server may take over.
        Some(fault @ PostgresFault::ReadOnly) => Err(unavailable(fault)),
        Some(fault) => Err(misconfigured(fault)),
        None => Ok(()),
    }
}
