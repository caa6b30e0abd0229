//! The contract, run against PostgreSQL.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Mutex;

use messenger_crm::store::PostgresStore;
use messenger_crm::store::conformance::{self, POISON};

use super::server::{Schema, address};

macro_rules! clauses {
    ($($clause:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $clause() {
            let Some(address) = address(concat!("postgres::", stringify!($clause))) else {
                return;
            };
            let schemas = Mutex::new(Vec::new());
            conformance::$clause(async |folder| open(&address, folder, &schemas).await).await;
        }
    )*};
}

clauses! {
    idempotent atomic monotonic ordered separate complete faithful forgetful concurrent cancel_safe
    shared patient durable isolated honest resumable fenced gentle exclusive searchable
    like_the_model search_like_the_model
}

/// A store whose database refuses the poison, in a schema named after the folder.
pub(super) async fn open(
    address: &str,
    folder: &Path,
    schemas: &Mutex<Vec<Schema>>,
) -> PostgresStore {
    let schema = Schema::named(address.to_owned(), schema_name(folder));
    let store = schema.open().await;
    let trigger = format!(
        "CREATE OR REPLACE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'it is poison' USING ERRCODE = 'check_violation'; END $$;
         CREATE OR REPLACE TRIGGER poison BEFORE INSERT ON message FOR EACH ROW
         WHEN (NEW.text = '{POISON}') EXECUTE FUNCTION poison()"
    );
    schema.client().await.batch_execute(&trigger).await.unwrap();
    let mut schemas = schemas.lock().unwrap();
    if schemas.iter().all(|one| one.name != schema.name) {
        schemas.push(schema);
    } else {
        std::mem::forget(schema);
    }
    store
}

/// Name of the schema of a store in this folder.
pub(super) fn schema_name(folder: &Path) -> String {
    let name = folder.file_name().unwrap().to_str().unwrap();
    name.replace('-', "_")
}
