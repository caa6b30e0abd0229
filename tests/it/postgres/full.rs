//! A disk that is full, and has room again.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use messenger_crm::change::Change;
use messenger_crm::id::PageId;
use messenger_crm::model::{EntryId, RawEvent};
use messenger_crm::store::{ContactFilter, ContactStore, Count, PostgresStore, StoreError};

use super::cluster::{Cluster, run};
use super::server::connect;
use crate::store::{at, contact, received, talk};
use crate::util::Disk;

#[tokio::test(flavor = "multi_thread")]
async fn s17_f6_a_full_disk_costs_no_half_and_nothing_acknowledged_and_ends_when_there_is_room() {
    const TEST: &str = "s17-full";
    // The server ends before its disk does: what is declared last goes first.
    let Some(disk) = Disk::new(TEST, 16) else {
        return;
    };
    let Some(mut cluster) = Cluster::new(TEST).await else {
        return;
    };
    run(Command::new("chown").arg("postgres:").arg(disk.path()));
    cluster.start(&[]).await;
    let server = connect(&cluster.address("")).await;
    let place = format!(
        "CREATE TABLESPACE small LOCATION '{}'",
        disk.path().display()
    );
    server.batch_execute(&place).await.unwrap();
    let here = "ALTER DATABASE postgres SET default_tablespace = 'small'";
    server.batch_execute(here).await.unwrap();

    let store = PostgresStore::connect(&cluster.address("")).await.unwrap();
    let mut acknowledged: u32 = 0;
    // Each time a little more room, so that it is another write that finds none.
    for size in 17..=24 {
        let failed = loop {
            let error = match store.apply(&delivery(acknowledged)).await {
                Ok(_) => {
                    acknowledged += 1;
                    continue;
                }
                Err(error) => error,
            };
            break error;
        };
        assert!(matches!(failed, StoreError::Unavailable(_)), "{failed:?}");
        let text = failed.to_string();
        let said = "the store is unavailable: the server answered 53100 (the disk is full)";
        assert!(text.starts_with(said), "{text}");
        assert!(acknowledged > 0, "it was full before it began");
        // Of the one that failed there is nothing, and of the others all.
        let who = contact("1", &format!("c{acknowledged}"));
        assert_eq!(store.contact(&who).await.unwrap(), None);
        is_whole(&store, acknowledged).await;
        disk.grow(size);
    }
    disk.grow(256);
    for _ in 0..20 {
        store.apply(&delivery(acknowledged)).await.unwrap();
        acknowledged += 1;
    }
    is_whole(&store, acknowledged).await;
}

/// Three messages of one customer, and 60 kB of theirs that mean nothing and cannot be pressed
/// together.
fn delivery(number: u32) -> Vec<Change> {
    let who = contact("1", &format!("c{number}"));
    let mut raw = vec![0; 60_000];
    getrandom::fill(&mut raw).unwrap();
    let mut event = RawEvent::new(EntryId::of_parts(&[&raw]), at(0), "strange", raw);
    event.page = Some(who.page.clone());
    event.psid = Some(who.psid.clone());
    let mut changes = vec![Change::RawEvent(event)];
    for part in 0..3 {
        let text = "a text as long as people write them ".repeat(10);
        changes.push(received(&who, &format!("m{number}-{part}"), part, &text));
    }
    changes
}

async fn is_whole(store: &PostgresStore, customers: u32) {
    let all = ContactFilter::new(PageId::new("1").unwrap());
    let counted = store.count(&all).await.unwrap();
    assert_eq!(counted, Count::Exactly(customers));
    for number in 0..customers {
        let said = talk(store, &contact("1", &format!("c{number}"))).await;
        assert_eq!(said.len(), 3, "customer {number}");
    }
}
