//! Nobody does what is due: what comes in does not mind, and anybody can see what waits.

#![allow(clippy::unwrap_used)]

use std::fs;

use messenger_crm::change::Change;
use messenger_crm::model::OutgoingKey;
use messenger_crm::store::{ContactStore as _, Pending, PendingQuery, SqliteStore};
use messenger_crm::time::Timestamp;

use crate::store::{KINDS, at, contact, queued, received};
use crate::util::Folder;

const DELIVERIES: i64 = 200;
const EVENTS: i64 = 100;

/// What is counted does not depend on the machine: bytes written to the log, and steps of SQLite to
/// read what is due.
#[tokio::test]
async fn i15_with_20_000_events_waiting_each_delivery_costs_what_the_first_ones_did() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.database()).unwrap();
    // As long as somebody reads, the log is not begun anew: its size tells what was written.
    let reader = rusqlite::Connection::open(folder.database()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM contact")
        .unwrap();
    let log = format!("{}-wal", folder.database().display());
    let (mut costs, mut looks) = (Vec::new(), Vec::new());
    for delivery in 0..DELIVERIES {
        let before = fs::metadata(&log).unwrap().len();
        store.apply(&news(delivery)).await.unwrap();
        costs.push(fs::metadata(&log).unwrap().len() - before);

        // A look at what is due costs the same, however much it is.
        let steps = store.steps();
        let due = store.pending(&waiting(10)).await.unwrap();
        let steps = store.steps() - steps;
        assert_eq!(due.len(), 20, "ten answers and ten profiles");
        looks.push(steps);
    }
    let (first, most) = (looks[0], *looks.iter().max().unwrap());
    assert!(
        first > 0 && most <= first + first / 20,
        "{first} steps at first, and then up to {most}"
    );
    let sum = |costs: &[u64]| costs.iter().sum::<u64>();
    let (early, late) = (sum(&costs[20..60]), sum(&costs[160..]));
    assert!(early > 0, "nothing was counted");
    assert!(
        late * 2 < early * 3,
        "forty deliveries wrote {early} bytes, and later {late}"
    );

    println!(
        "forty deliveries: {early} bytes, {late} with 16,000 waiting; {first} to {most} steps"
    );

    // The longest due comes first, so its time is the age of the queue.
    assert_eq!(
        store.next_due(&waiting(1)).await.unwrap(),
        Some(Timestamp::default())
    );
    let due = store.pending(&waiting(1)).await.unwrap();
    let who: Vec<_> = due
        .iter()
        .map(|work| match work {
            Pending::Send { contact, .. } | Pending::FetchProfile { contact, .. } => {
                contact.psid.as_str()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(who, ["c0", "c0"]);
    drop(reader);
}

/// All that waits, however late it is due.
fn waiting(limit: u32) -> PendingQuery {
    PendingQuery::new(at(i64::from(u32::MAX)), KINDS).with_limit(limit)
}

/// A hundred events of a hundred new customers, and an answer to every fifth: nobody sends it, nor
/// asks who they are.
fn news(delivery: i64) -> Vec<Change> {
    let mut changes = Vec::new();
    for number in delivery * EVENTS..(delivery + 1) * EVENTS {
        let who = contact("1", &format!("c{number}"));
        changes.push(received(&who, &format!("m{number}"), number, "Hello"));
        if number % 5 == 0 {
            let key = OutgoingKey::new(at(number), [1; 10]);
            changes.push(queued(&who, &key, number));
        }
    }
    changes
}
