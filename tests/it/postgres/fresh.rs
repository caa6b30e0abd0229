//! A schema that nobody has analysed yet: the planner knows nothing of its tables, and still a change
//! visits only what it touches. (Listings of many rows may sort all until the first `ANALYZE`.)

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use messenger_crm::change::{Change, SendOutcome, Work};
use messenger_crm::id::{Mid, PageId};
use messenger_crm::model::{ContactKey, EntryId, RawEvent, Revision, Side, WorkKind, WorkerId};
use messenger_crm::store::{ContactQuery, ContactStore, MessageQuery, PendingQuery};

use super::server::Schema;
use super::visits::{Plans, listening, visits};
use crate::store::{at, contact, key, known, queued, received};

/// A change of the customer with this number, by a name.
type Kind = (&'static str, fn(i64) -> Change);

const CUSTOMERS: i64 = 2_000;
/// So many are spoken of at one time.
const FEW: i64 = 20;

fn customer(number: i64) -> ContactKey {
    contact("1", &format!("c{number:05}"))
}

fn mid(number: i64) -> String {
    format!("m{number:05}")
}

fn kept(number: i64) -> Change {
    let who = customer(number);
    let id = EntryId::from_text(format!("~{number}"));
    let mut event = RawEvent::new(id, at(number), "unknown", b"{}".to_vec());
    event.page = Some(who.page);
    event.psid = Some(who.psid);
    Change::RawEvent(event)
}

fn labelled(number: i64) -> Change {
    Change::Field {
        contact: customer(number),
        name: "label".to_owned(),
        value: Some(format!("tea {number}")),
        at: at(number),
    }
}

/// No table is looked through: of each at most so many rows for each customer.
#[track_caller]
fn assert_few(what: &str, plans: &Plans, asked: i64) {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    let visits = visits(plans);
    assert!(!visits.is_empty(), "{what} looked at nothing");
    for (table, _, _, rows) in &visits {
        *sums.entry(table.clone()).or_default() += rows;
    }
    let limit = 10 * asked.cast_unsigned();
    for (table, rows) in sums {
        assert!(
            rows <= limit,
            "{what} visited {rows} rows of {table}: {visits:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s27_what_nobody_has_analysed_is_not_looked_through_either() {
    let Some(schema) = Schema::new("fresh") else {
        return;
    };
    let Some((store, plans)) = listening(&schema).await else {
        return;
    };
    let client = schema.client().await;
    let tables = "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace";
    for table in client.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let sql = format!("ALTER TABLE {table} SET (autovacuum_enabled = off)");
        client.batch_execute(&sql).await.unwrap();
    }
    for part in 0..CUSTOMERS / 200 {
        let mut changes = Vec::new();
        for number in part * 200..(part + 1) * 200 {
            let who = customer(number);
            changes.push(received(
                &who,
                &mid(number),
                number,
                "how much is the oolong",
            ));
            changes.push(known(&who, number, "Ada Lovelace", None));
            changes.push(queued(&who, &key(1), number + 1));
            changes.extend([labelled(number), kept(number)]);
        }
        plans.lock().unwrap().clear();
        store.apply(&changes).await.unwrap();
        assert_few("what is new", &plans, 200);
    }

    let changes: [Kind; 15] = [
        ("a replay", |n| {
            received(&customer(n), &mid(n), n, "how much is the oolong")
        }),
        ("a message", |n| {
            received(
                &customer(n),
                &format!("n{n}"),
                9_000 + n,
                "and the green tea",
            )
        }),
        ("a profile", |n| {
            known(&customer(n), 9_000, "Grace Hopper", None)
        }),
        ("an edit", |n| Change::Edited {
            contact: customer(n),
            mid: Mid::new(mid(n)).unwrap(),
            at: at(9_000),
            number: 1,
            text: "how much is the jasmine".to_owned(),
        }),
        ("a reaction to what has not come", |n| Change::Reacted {
            contact: customer(n),
            mid: Mid::new(format!("p{n}")).unwrap(),
            at: at(9_000),
            by: Side::Customer,
            reaction: None,
        }),
        ("what was taken back", |n| Change::Unsent {
            contact: customer(n),
            mid: Mid::new(format!("n{n}")).unwrap(),
            at: at(9_100),
        }),
        ("a watermark", |n| Change::Read {
            contact: customer(n),
            up_to: at(9_200),
        }),
        ("a claim", |n| Change::Claimed {
            page: customer(n).page,
            psid: Some(customer(n).psid),
            work: Work::Send(key(1)),
            attempt: 1,
            until: at(9_300),
            by: WorkerId::new(1),
        }),
        ("an outcome", |n| Change::Settled {
            contact: customer(n),
            key: key(1),
            attempt: 1,
            outcome: SendOutcome::Sent {
                mid: Mid::new(format!("s{n}")).unwrap(),
            },
        }),
        ("a field", |n| match labelled(n) {
            Change::Field {
                contact,
                name,
                value,
                ..
            } => Change::Field {
                contact,
                name,
                value,
                at: at(9_400),
            },
            other => other,
        }),
        ("what is kept again", kept),
        ("what was seen", |n| Change::Seen {
            contact: customer(n),
            revision: Revision::new(1_000_000),
        }),
        ("what has expired", |n| Change::Expired {
            contact: customer(n),
            at: at(n),
        }),
        ("who is forgotten", |n| Change::Forgotten {
            contact: customer(n),
            at: at(10_000),
        }),
        ("what is removed", |n| Change::Erase {
            contact: customer(n),
            limit: 10,
        }),
    ];
    for (what, change) in changes {
        let few: Vec<Change> = (1_000..1_000 + FEW).map(change).collect();
        plans.lock().unwrap().clear();
        store.apply(&few).await.unwrap();
        assert_few(what, &plans, FEW);
    }

    let page = PageId::new("1").unwrap();
    let who = customer(500);
    store.contact(&who).await.unwrap().unwrap();
    assert_few("contact", &plans, 1);
    store.messages(&MessageQuery::new(who)).await.unwrap();
    assert_few("conversation", &plans, 1);
    let kinds = [WorkKind::SEND, WorkKind::PROFILE];
    let query = PendingQuery::new(at(20_000), kinds).with_limit(20);
    store.pending(&query).await.unwrap();
    assert_few("pending", &plans, FEW);
    let revision = store
        .contacts(&ContactQuery::new(page.clone()))
        .await
        .unwrap()
        .revision;
    plans.lock().unwrap().clear();
    let since = Revision::new(revision.number() - 3);
    store.changed(&page, since, Duration::ZERO).await.unwrap();
    assert_few("changed", &plans, FEW);
}
