//! How SQLite goes about each read: which index, and which of its columns. A plan that still says
//! `SEARCH` with fewer columns in brackets reads a whole conversation, or a whole Page.

#![cfg(test)]

use std::{cell::RefCell, collections::BTreeSet};

use rusqlite::Connection;

use super::{connection::connect, listing, talk, work, writer::apply_in};
use crate::{
    change::{Change, Work},
    id::{Mid, PageId, Psid},
    model::{ContactKey, Content, Entry, EntryId, OutgoingKey, Revision, Source, WorkerId},
    store::{ContactQuery, MessageQuery, RawEventQuery, SqliteStore},
    time::Timestamp,
};

thread_local! {
    /// Every read of this thread.
    pub(super) static ASKED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn s27_every_read_finds_its_rows_by_all_columns_of_an_index() {
    let file = std::env::temp_dir().join(format!("messenger-crm-plans-{}.db", std::process::id()));
    drop(SqliteStore::open(&file).unwrap());
    let mut connection = connect(&file).unwrap();
    let page = PageId::new("1").unwrap();
    let ada = ContactKey::new(page.clone(), Psid::new("ada").unwrap());
    let at = Timestamp::from_millis(1_700_000_000_000);
    tell(&mut connection, &ada, at);

    let all = ContactQuery::new(page.clone());
    let read = |name: &str, read: &dyn Fn(&Connection)| {
        ASKED.take();
        read(&connection);
        (name.to_owned(), plans(&connection))
    };
    let contacts =
        |query: ContactQuery| move |on: &Connection| drop(listing::contacts(on, &query).unwrap());
    let messages =
        |query: MessageQuery| move |on: &Connection| drop(talk::messages(on, &query).unwrap());
    let found = [
        read("inbox", &contacts(all.clone())),
        read("unread", &contacts(all.clone().unread())),
        read("field", &contacts(all.clone().with_field("label", "vip"))),
        read("name", &contacts(all.with_name("ada"))),
        read("conversation", &messages(MessageQuery::new(ada.clone()))),
        read(
            "search",
            &messages(MessageQuery::search(page.clone(), "hello")),
        ),
        read("contact", &|on| drop(listing::contact(on, &ada).unwrap())),
        read("picture", &|on| drop(listing::picture(on, &ada).unwrap())),
        read("kept", &|on| {
            drop(listing::kept(on, &RawEventQuery::new(Some(page.clone()))).unwrap())
        }),
        read("pending", &|on| drop(work::pending(on, at, 9).unwrap())),
        read("next due", &|on| {
            assert!(work::next_due(on).unwrap().is_some())
        }),
        read("changed", &|on| {
            drop(work::changed(on, &page, Revision::default()).unwrap())
        }),
    ];
    ASKED.take();
    let bob = ContactKey::new(page.clone(), Psid::new("bob").unwrap());
    tell(&mut connection, &bob, at);
    let told = plans(&connection);
    drop(connection);
    std::fs::remove_file(&file).unwrap();
    let expected = [
        (
            "inbox",
            vec![
                "contact COVERING INDEX contact_inbox (page_no=? AND last_at>?)",
                "contact INDEX contact_inbox (page_no=? AND last_at>? AND last_at<?)",
                FIELDS,
                PAGE,
            ],
        ),
        (
            "unread",
            vec![
                "contact INDEX contact_unread (page_no=? AND last_at<?)",
                "contact INDEX contact_unread (page_no=?)",
                FIELDS,
                PAGE,
            ],
        ),
        (
            "field",
            vec![
                "contact INTEGER PRIMARY KEY (rowid=?)",
                "field COVERING INDEX field_value (page_no=? AND name=? AND value=?)",
                "field PRIMARY KEY (contact_no=? AND name=?)",
                FIELDS,
                PAGE,
            ],
        ),
        (
            "name",
            vec!["SCAN name_gram VIRTUAL TABLE INDEX 0:M1", PAGE],
        ),
        (
            "conversation",
            vec![
                CONTACT,
                "message COVERING INDEX message_id (contact_no=?)",
                "message PRIMARY KEY (contact_no=? AND (at,tie)<(?,?))",
                "outgoing COVERING INDEX outgoing_shown (contact_no=?)",
                "outgoing INDEX outgoing_shown (contact_no=? AND (at,tie)<(?,?))",
                PAGE,
            ],
        ),
        (
            "search",
            vec![
                // From a number downwards, in the order of the numbers.
                "SCAN text_gram VIRTUAL TABLE INDEX 192:M1<",
                "contact INTEGER PRIMARY KEY (rowid=?)",
                "found INTEGER PRIMARY KEY (rowid=?)",
                "message PRIMARY KEY (contact_no=? AND at=? AND tie=?)",
                PAGE,
            ],
        ),
        ("contact", vec![CONTACT, FIELDS, PAGE]),
        (
            "picture",
            vec![CONTACT, PAGE, "picture INTEGER PRIMARY KEY (rowid=?)"],
        ),
        (
            "kept",
            vec![
                "kept COVERING INDEX kept_order (page_no=?)",
                "kept INDEX kept_order (page_no=? AND (at,id)<(?,?))",
                PAGE,
            ],
        ),
        (
            "pending",
            vec![
                "contact INDEX contact_profile_due (profile_due<?)",
                "contact INDEX contact_send_due (send_due<?)",
                "outgoing INDEX outgoing_due (contact_no=?)",
                "page INTEGER PRIMARY KEY (rowid=?)",
            ],
        ),
        (
            "next due",
            vec![
                "contact COVERING INDEX contact_profile_due (profile_due>?)",
                "contact COVERING INDEX contact_send_due (send_due>?)",
            ],
        ),
        (
            "changed",
            vec![
                "contact INDEX contact_changed (page_no=? AND revision>?)",
                PAGE,
                "page INTEGER PRIMARY KEY (rowid=?)",
            ],
        ),
    ];
    for ((name, found), (_, expected)) in found.iter().zip(&expected) {
        assert_eq!(found, expected, "{name}");
    }
    // What a change looks up before it writes, the tombstone of a stranger among it.
    assert_eq!(
        told,
        [
            CONTACT,
            "field PRIMARY KEY (contact_no=? AND name=?)",
            "forgotten PRIMARY KEY (hash=?)",
            "mark PRIMARY KEY (contact_no=? AND tie=? AND id=?)",
            "message INDEX message_id (contact_no=? AND tie=?)",
            "outgoing INDEX outgoing_due (contact_no=?)",
            "outgoing PRIMARY KEY (contact_no=? AND key=?)",
            PAGE,
        ]
    );
}

const PAGE: &str = "page INDEX sqlite_autoindex_page_1 (page=?)";
const CONTACT: &str = "contact INDEX sqlite_autoindex_contact_1 (page_no=? AND psid=?)";
const FIELDS: &str = "field PRIMARY KEY (contact_no=?)";

fn tell(connection: &mut Connection, ada: &ContactKey, at: Timestamp) {
    let contact = || ada.clone();
    let mid = Mid::new("m1").unwrap();
    let entry = Entry::new(
        EntryId::of_message(&mid),
        at,
        Source::Webhook,
        Content::text("hello"),
    );
    let key = OutgoingKey::new(at, [1; 10]);
    let changes = [
        Change::Received {
            contact: contact(),
            entry,
        },
        Change::Queued {
            contact: contact(),
            key: key.clone(),
            at,
            content: Content::text("hi"),
        },
        Change::Claimed {
            contact: contact(),
            work: Work::Send(key),
            attempt: 1,
            until: at,
            by: WorkerId::new(1),
        },
        Change::Unsent {
            contact: contact(),
            mid: Mid::new("m2").unwrap(),
            at,
        },
        Change::Field {
            contact: contact(),
            name: "label".into(),
            value: Some("vip".into()),
            at,
        },
    ];
    let mut transaction = connection.transaction().unwrap();
    apply_in(&mut transaction, &changes).unwrap();
    transaction.commit().unwrap();
}

/// The plans of all reads since the last look: each table once, with what it is found by.
fn plans(connection: &Connection) -> Vec<String> {
    let mut found = BTreeSet::new();
    for sql in ASKED.take() {
        let mut explain = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        // What is not bound is NULL, and the plan the same.
        let mut rows = explain.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let line: String = row.get(3).unwrap();
            assert!(!line.contains("TEMP B-TREE"), "{sql} sorts: {line}");
            let is_of_a_table = !line.contains("(subquery") && line.contains(" ");
            let searched = line.strip_prefix("SEARCH ");
            match searched {
                Some(plan) if is_of_a_table => {
                    found.insert(plan.replace(" USING ", " "));
                }
                None if line.starts_with("SCAN ") && is_of_a_table => {
                    found.insert(line);
                }
                _ => {}
            }
        }
    }
    found.into_iter().collect()
}
