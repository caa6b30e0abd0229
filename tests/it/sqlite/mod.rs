//! What is particular to the SQLite store: the file, the schema, the disk, and other processes.

#![allow(clippy::unwrap_used)]

mod erasing;
mod file;
mod others;
mod reading;
mod schema;

use std::path::Path;
use std::time::{Duration, Instant};

use messenger_crm::change::{Applied, Change};
use messenger_crm::id::PageId;
use messenger_crm::model::{Contact, ContactKey, Revision, StatusKind};
use messenger_crm::store::{
    ContactFilter, ContactOrder, ContactQuery, ContactStore, Count, MemoryStore, MessageQuery,
    PendingQuery, SearchQuery, SqliteStore, StoreError, expire,
};
use messenger_crm::time::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use crate::store::{
    KINDS, ada, at, contact, erase_all, key, known, person, queued, received, talk,
};
use crate::util::Folder;

fn page() -> PageId {
    PageId::new("1").unwrap()
}

fn driver(folder: &Folder) -> Connection {
    Connection::open(folder.database()).unwrap()
}

fn open(folder: &Folder) -> SqliteStore {
    SqliteStore::open(folder.database()).unwrap()
}
