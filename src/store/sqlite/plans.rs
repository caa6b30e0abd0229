//! How SQLite goes about each read: which index, and which of its columns. A plan that still says
//! `SEARCH` with fewer columns in brackets reads a whole conversation, or a whole Page.

#![cfg(test)]

use std::{cell::RefCell, collections::BTreeSet};

use rusqlite::Connection;

use super::{connection::connect, lists, messages, search, work, writer::apply_in};
use crate::{
    change::{Change, Pause, Work},
    id::{Mid, PageId, Psid},
    model::{
        ContactKey, Content, Entry, EntryId, Outgoing, OutgoingKey, RawEvent, Revision, Source,
        StatusKind, WorkKind, WorkerId,
    },
    store::{
        ContactFilter, ContactOrder, ContactQuery, MessageQuery, MessageStart, PendingQuery,
        RawEventQuery, SearchQuery, SqliteStore, StoreError,
    },
    time::Timestamp,
};

thread_local! {
    /// Every read of this thread.
    pub(super) static ASKED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn r7_s27_each_exact_list_finds_its_rows_by_all_columns_of_an_index() {
    let file = File::new("lists");
    let connection = file.filled();
    for (filter, index) in exact() {
        assert!(filter.is_exact(), "{filter:?}");
        for (order, suffix) in ORDERS {
            let query = ContactQuery::from(filter.clone()).with_order(order);
            let found = plans(&connection, |on| lists::contacts(on, &query).map(drop));
            let (column, than) = match suffix {
                "" => ("last_at", "<"),
                "_waiting" => ("unanswered_since", ">"),
                _ => ("inbound_at", ">"),
            };
            let is_all = filter == here() && suffix.is_empty();
            let plan = match index {
                _ if is_all => {
                    "contact COVERING INDEX contact_inbox (page_no=? AND last_at>? AND last_at<?)"
                        .to_owned()
                }
                Index::Bucket => format!(
                    "contact COVERING INDEX contact_bucket{suffix} (page_no=? AND bucket=? AND {column}>? AND {column}<?)"
                ),
                Index::Assignee => format!(
                    "contact COVERING INDEX contact_assignee{suffix} (page_no=? AND assignee=? AND bucket=? AND {column}>? AND {column}<?)"
                ),
                Index::Label => {
                    let list = if suffix.is_empty() { "_list" } else { suffix };
                    let end = if suffix.is_empty() {
                        String::new()
                    } else {
                        format!(" AND {column}<?")
                    };
                    format!(
                        "label COVERING INDEX label{list} (hash=? AND page_no=? AND bucket=? AND ({column},contact_no){than}(?,?){end})"
                    )
                }
            };
            let mut expected = vec![CONTACT_NO, &plan, PAGE];
            expected.sort_unstable();
            assert_eq!(found, expected, "{filter:?} {order:?}");
        }
    }
}

#[test]
fn s27_every_other_read_finds_its_rows_by_all_columns_of_an_index() {
    let file = File::new("reads");
    let (connection, ada) = (file.filled(), ada());
    let page = ada.page.clone();
    let newest = MessageQuery::new(ada.clone()).with_limit(2);
    let next = messages::messages(&connection, &newest).unwrap().next;
    let (older, newer) = (next.clone().unwrap(), next.unwrap());
    let messages = |start: MessageStart| {
        let query = newest.clone().with_start(start);
        plans(&connection, move |on| {
            messages::messages(on, &query).map(drop)
        })
    };
    let work = |kind: WorkKind| {
        let query = PendingQuery::new(at(), [kind]);
        let found = plans(&connection, |on| work::pending(on, &query).map(drop));
        let due = plans(&connection, |on| work::next_due(on, &query).map(drop));
        [found, due]
    };
    let [send, send_due] = work(WorkKind::SEND);
    let [profile, profile_due] = work(WorkKind::PROFILE);
    let [wake, wake_due] = work(WorkKind::WAKE);
    let [erase, erase_due] = work(WorkKind::ERASE);
    let [handle, handle_due] = work(WorkKind::handle("bot"));
    let on = &connection;
    let search = |text: &str| {
        let query = SearchQuery::new(page.clone(), text);
        plans(on, move |on| search::search(on, true, &query).map(drop))
    };
    let named = here().with_name("ada").into();
    let raw = RawEventQuery::new(Some(page.clone()));
    let since = Revision::default();
    let reads = [
        (
            "contact",
            plans(on, |on| lists::contact(on, &ada).map(drop)),
        ),
        (
            "picture",
            plans(on, |on| lists::picture(on, &ada).map(drop)),
        ),
        (
            "name",
            plans(on, |on| lists::contacts(on, &named).map(drop)),
        ),
        ("count", plans(on, |on| lists::count(on, &here()).map(drop))),
        ("tags", plans(on, |on| lists::tags(on, &page).map(drop))),
        (
            "find",
            plans(on, |on| lists::find(on, "label", "vip").map(drop)),
        ),
        (
            "raw events",
            plans(on, |on| lists::raw_events(on, &raw).map(drop)),
        ),
        ("page", plans(on, |on| lists::page(on, &page).map(drop))),
        ("newest", messages(MessageStart::Newest)),
        ("older", messages(MessageStart::OlderThan(older))),
        ("newer", messages(MessageStart::NewerThan(newer))),
        ("around", messages(MessageStart::Around("m1".to_owned()))),
        (
            "around a reply",
            messages(MessageStart::Around(key().to_string())),
        ),
        ("search", search("hello")),
        ("short search", search("h")),
        ("send", send),
        ("next send", send_due),
        ("profile", profile),
        ("next profile", profile_due),
        ("wake", wake),
        ("next wake", wake_due),
        ("erase", erase),
        ("next erase", erase_due),
        ("handle", handle),
        ("next handle", handle_due),
        (
            "changed",
            plans(on, |on| work::changed(on, &page, since).map(drop)),
        ),
    ];
    let expected: Vec<(&str, Vec<&str>)> = vec![
        ("contact", vec![CONTACT, PAGE_ONLY]),
        (
            "picture",
            vec![CONTACT, PAGE_ONLY, "picture INTEGER PRIMARY KEY (rowid=?)"],
        ),
        (
            "name",
            vec![
                "SCAN name_gram VIRTUAL TABLE INDEX 0:M1",
                "contact COVERING INDEX sqlite_autoindex_contact_1 (page_no=? AND psid=?)",
                CONTACT_NO,
                PAGE,
            ],
        ),
        (
            "count",
            vec![
                "contact COVERING INDEX contact_inbox (page_no=? AND last_at>? AND last_at<?)",
                PAGE,
            ],
        ),
        (
            "tags",
            vec![
                "label INDEX label_tag (page_no=? AND name=?)",
                "label INDEX label_tag (page_no=? AND name>?)",
                "label INDEX label_tag (page_no=?)",
                PAGE,
            ],
        ),
        (
            "find",
            vec![CONTACT_NO, "label INDEX label_list (hash=?)", PAGE_NO],
        ),
        (
            "raw events",
            vec![
                PAGE,
                "raw_event INDEX raw_event_order (page_no=? AND (at,id)<(?,?))",
            ],
        ),
        ("page", vec![PAGE]),
        ("newest", vec![CONTACT, OLDER[0], OLDER[1], PAGE_ONLY, PAGE]),
        ("older", vec![CONTACT, OLDER[0], OLDER[1], PAGE_ONLY, PAGE]),
        ("newer", vec![CONTACT, NEWER[0], NEWER[1], PAGE_ONLY, PAGE]),
        (
            "around",
            vec![
                CONTACT,
                "message INDEX message_id (contact_no=? AND tie=?)",
                NEWER[0],
                OLDER[0],
                OLDER[1],
                NEWER[1],
                PAGE_ONLY,
                PAGE,
            ],
        ),
        (
            "around a reply",
            vec![
                CONTACT,
                NEWER[0],
                OLDER[0],
                OLDER[1],
                NEWER[1],
                "outgoing PRIMARY KEY (contact_no=? AND key=?)",
                PAGE_ONLY,
                PAGE,
            ],
        ),
        (
            "search",
            vec![
                // From a number downwards, in the order of the numbers.
                "SCAN text_gram VIRTUAL TABLE INDEX 192:M1<",
                CONTACT_NO,
                "document INTEGER PRIMARY KEY (rowid=?)",
                "message PRIMARY KEY (contact_no=? AND at=? AND tie=?)",
                PAGE,
            ],
        ),
        (
            "short search",
            vec![
                "contact INDEX contact_inbox (page_no=? AND last_at>? AND last_at<?)",
                "message PRIMARY KEY (contact_no=? AND at>?)",
                PAGE,
            ],
        ),
        (
            "send",
            vec![
                "contact COVERING INDEX contact_send_due (page_no>?)",
                "contact INDEX contact_send_due (page_no=? AND send_due<?)",
                "outgoing INDEX outgoing_due (contact_no=?)",
                PAGE_NO,
            ],
        ),
        (
            "next send",
            vec![
                "contact COVERING INDEX contact_send_due (page_no=? AND send_due>?)",
                "contact COVERING INDEX contact_send_due (page_no>?)",
                PAGE_NO,
            ],
        ),
        (
            "profile",
            vec![
                "contact COVERING INDEX contact_profile_due (page_no>?)",
                "contact INDEX contact_profile_due (page_no=? AND profile_due<?)",
                PAGE_NO,
            ],
        ),
        (
            "next profile",
            vec![
                "contact COVERING INDEX contact_profile_due (page_no=? AND profile_due>?)",
                "contact COVERING INDEX contact_profile_due (page_no>?)",
                PAGE_NO,
            ],
        ),
        (
            "wake",
            vec!["contact INDEX contact_wake_due (wake_due<?)", PAGE_NO],
        ),
        (
            "next wake",
            vec!["contact COVERING INDEX contact_wake_due (wake_due>?)"],
        ),
        // That index holds only customers who are being erased.
        (
            "erase",
            vec!["SCAN contact USING INDEX contact_erasing", PAGE_NO],
        ),
        (
            "next erase",
            vec!["SCAN contact USING INDEX contact_erasing"],
        ),
        (
            "handle",
            vec![
                CONTACT_NO,
                PAGE_NO,
                "work COVERING INDEX work_due (kind=? AND page_no>?)",
                "work INDEX work_due (kind=? AND page_no=? AND due<?)",
            ],
        ),
        (
            "next handle",
            vec![
                PAGE_NO,
                "work COVERING INDEX work_due (kind=? AND page_no=? AND due>?)",
                "work COVERING INDEX work_due (kind=? AND page_no>?)",
            ],
        ),
        (
            "changed",
            vec![
                "contact INDEX contact_changed (page_no=? AND revision>?)",
                PAGE,
                PAGE_NO,
            ],
        ),
    ];
    for ((name, found), (expected_name, expected)) in reads.iter().zip(&expected) {
        assert_eq!(name, expected_name);
        assert_eq!(found, expected, "{name}");
    }
    assert_eq!(reads.len(), expected.len());
}

/// Rows that changes look up before they write, such as the tombstone of a stranger.
#[test]
fn s27_every_look_up_of_a_change_finds_its_rows_by_all_columns_of_an_index() {
    let file = File::new("changes");
    let mut connection = file.filled();
    let bob = ContactKey::new(ada().page, Psid::new("bob").unwrap());
    ASKED.take();
    apply(&mut connection, &facts(&bob));
    assert_eq!(
        asked(&connection),
        [
            CONTACT,
            "mark PRIMARY KEY (contact_no=? AND tie=? AND id=?)",
            "message INDEX message_id (contact_no=? AND tie=?)",
            "outgoing INDEX outgoing_due (contact_no=?)",
            "outgoing PRIMARY KEY (contact_no=? AND key=?)",
            PAGE,
            "setting PRIMARY KEY (name=?)",
            "tombstone PRIMARY KEY (hash=?)",
            "work INDEX work_order (contact_no=? AND kind=?)",
            "work PRIMARY KEY (page_no=? AND contact_no=? AND kind=? AND id=?)",
        ]
    );
    let cut = [
        Change::Forgotten {
            contact: bob.clone(),
            at: at(),
        },
        Change::Erase {
            contact: bob,
            limit: 99,
        },
    ];
    apply(&mut connection, &cut);
    assert_eq!(
        asked(&connection),
        [
            CONTACT,
            "mark PRIMARY KEY (contact_no=? AND tie=? AND id=?)",
            // Few customers have any of them.
            "mark PRIMARY KEY (contact_no=?)",
            "message INDEX message_id (contact_no=? AND tie=?)",
            "message PRIMARY KEY (contact_no=? AND at<?)",
            "message PRIMARY KEY (contact_no=? AND at>?)",
            "outgoing INDEX outgoing_due (contact_no=?)",
            "outgoing PRIMARY KEY (contact_no=? AND key<?)",
            // The ends of a conversation follow from all of its replies.
            "outgoing PRIMARY KEY (contact_no=?)",
            PAGE,
            "setting PRIMARY KEY (name=?)",
            "work PRIMARY KEY (page_no=? AND contact_no=?)",
        ]
    );
}

const CONTACT_NO: &str = "contact INTEGER PRIMARY KEY (rowid=?)";
const PAGE_NO: &str = "page INTEGER PRIMARY KEY (rowid=?)";
const PAGE_ONLY: &str = "page COVERING INDEX sqlite_autoindex_page_1 (page=?)";
/// The log and the queue of a conversation.
const OLDER: [&str; 2] = [
    "message PRIMARY KEY (contact_no=? AND at>? AND (at,tie)<(?,?))",
    "outgoing INDEX outgoing_shown (contact_no=? AND (at,tie)<(?,?))",
];
const NEWER: [&str; 2] = [
    "message PRIMARY KEY (contact_no=? AND (at,tie)>(?,?))",
    "outgoing INDEX outgoing_shown (contact_no=? AND (at,tie)>(?,?))",
];
const PAGE: &str = "page INDEX sqlite_autoindex_page_1 (page=?)";
const CONTACT: &str = "contact INDEX sqlite_autoindex_contact_1 (page_no=? AND psid=?)";

/// A file of one test.
struct File(std::path::PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("messenger-crm-{name}-{}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    /// A connection to a new database with one customer.
    fn filled(&self) -> Connection {
        drop(SqliteStore::open(&self.0).unwrap());
        let mut connection = connect(&self.0).unwrap();
        apply(&mut connection, &facts(&ada()));
        connection
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // Only litter would be left.
        for end in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }
}

fn at() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

fn key() -> OutgoingKey {
    OutgoingKey::new(at(), [1; 10])
}

fn ada() -> ContactKey {
    ContactKey::new(PageId::new("1").unwrap(), Psid::new("ada").unwrap())
}

/// The orders of R7, and how the names of their indexes end.
const ORDERS: [(ContactOrder, &str); 3] = [
    (ContactOrder::LastActivity, ""),
    (ContactOrder::WaitingLongest, "_waiting"),
    (
        ContactOrder::WindowEndingSoonest {
            opened_after: Timestamp::from_millis(0),
        },
        "_window",
    ),
];

/// The index that a list reads.
#[derive(Clone, Copy)]
enum Index {
    Bucket,
    Assignee,
    Label,
}

fn here() -> ContactFilter {
    ContactFilter::new(ada().page)
}

/// The filters of R7 that are exact.
fn exact() -> Vec<(ContactFilter, Index)> {
    let agent = |filter: ContactFilter| (filter.with_assignee("ada"), Index::Assignee);
    let tag = |filter: ContactFilter| (filter.with_tag("vip"), Index::Label);
    vec![
        (here(), Index::Bucket),
        (here().with_status(StatusKind::Done), Index::Bucket),
        (here().unassigned(), Index::Bucket),
        (here().unread(), Index::Bucket),
        (here().unanswered(), Index::Bucket),
        (
            here().with_status(StatusKind::Open).unanswered(),
            Index::Bucket,
        ),
        agent(here()),
        agent(here().with_status(StatusKind::Open)),
        agent(here().unread()),
        tag(here()),
        tag(here().with_status(StatusKind::Snoozed)),
        (here().with_field("label", "vip"), Index::Label),
    ]
}

fn apply(connection: &mut Connection, changes: &[Change]) {
    let mut transaction = connection.transaction().unwrap();
    apply_in(&mut transaction, changes).unwrap();
    transaction.commit().unwrap();
}

/// Changes of every table.
fn facts(who: &ContactKey) -> Vec<Change> {
    let contact = || who.clone();
    let entry = |mid: &str| {
        let id = EntryId::of_message(&Mid::new(mid).unwrap());
        Entry::new(id, at(), Source::Webhook, Content::text("hello"))
    };
    let mut event = RawEvent::new(EntryId::of_parts(&[b"raw"]), at(), "strange", vec![1]);
    (event.page, event.psid) = (Some(who.page.clone()), Some(who.psid.clone()));
    vec![
        Change::Received {
            contact: contact(),
            entry: entry("m1"),
            work: vec![WorkKind::handle("bot")],
        },
        Change::received(contact(), entry("m3")),
        Change::Queued {
            contact: contact(),
            key: key(),
            at: at(),
            outgoing: Outgoing::text("hi"),
        },
        Change::Claimed {
            page: who.page.clone(),
            psid: Some(who.psid.clone()),
            work: Work::Send(key()),
            attempt: 1,
            until: at(),
            by: WorkerId::new(1),
        },
        Change::Unsent {
            contact: contact(),
            mid: Mid::new("m2").unwrap(),
            at: at(),
        },
        Change::Field {
            contact: contact(),
            name: "label".into(),
            value: Some("vip".into()),
            at: at(),
        },
        Change::Tagged {
            contact: contact(),
            tag: "vip".into(),
            on: true,
            at: at(),
            author: None,
        },
        Change::Paused {
            page: who.page.clone(),
            at: at(),
            pause: Some(Pause::new("a test", Some(at()))),
        },
        Change::RawEvent(event),
    ]
}

/// The plans of a read: each table once, with what it is found by.
fn plans(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<(), StoreError>,
) -> Vec<String> {
    ASKED.take();
    read(connection).unwrap();
    asked(connection)
}

/// The plans of all statements since the last look.
fn asked(connection: &Connection) -> Vec<String> {
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
                // The rows of a list, found by the plans beside it.
                None if line == "SCAN listed" => {}
                None if line.starts_with("SCAN ") && is_of_a_table => {
                    found.insert(line);
                }
                _ => {}
            }
        }
    }
    found.into_iter().collect()
}
