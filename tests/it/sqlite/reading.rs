//! Reading much of it, and all of it.

use super::*;

#[tokio::test]
async fn i25_an_export_makes_the_same_in_another_store() {
    let folder = Folder::new();
    let store = open(&folder);
    for number in 0..30 {
        let who = contact("1", &format!("c{number}"));
        let changes = [
            received(&who, &format!("m{number}"), number, "Hello"),
            known(&who, 40, "Somebody", None),
            queued(&who, &key(1), 50),
        ];
        store.apply(&changes).await.unwrap();
    }
    let gone = Change::Forgotten {
        contact: contact("1", "c7"),
        at: at(100),
    };
    store.apply(&[gone]).await.unwrap();
    let copy = MemoryStore::new();
    let mut after = None;
    loop {
        let (changes, next) = store.export(after).await.unwrap();
        copy.apply(&changes).await.unwrap();
        after = next;
        if after.is_none() {
            break;
        }
    }
    for number in 0..30 {
        let who = contact("1", &format!("c{number}"));
        assert_eq!(talk(&copy, &who).await, talk(&store, &who).await);
        let without_revision = |contact: Option<Contact>| {
            contact.map(|mut contact| {
                contact.revision = Revision::default();
                contact
            })
        };
        let (one, other) = (
            copy.contact(&who).await.unwrap(),
            store.contact(&who).await.unwrap(),
        );
        assert_eq!(without_revision(one), without_revision(other));
    }
    let replay = received(&contact("1", "c7"), "m7", 7, "Hello");
    assert_eq!(copy.apply(&[replay]).await.unwrap(), [Applied::Forgotten]);
}

#[tokio::test]
async fn s27_a_listing_visits_as_many_rows_at_100_000_customers_as_at_10_000() {
    let mut counts = Vec::new();
    for customers in [10_000, 100_000] {
        let folder = Folder::new();
        let store = open(&folder);
        fill(&driver(&folder), customers);
        let newest = contact("1", &format!("c{customers}"));
        let half = customers / 2;
        let mut middle = ContactQuery::new(page());
        middle.after = Some(format!("{}:{half}", half * 1000));
        let mut counted = Vec::new();
        let mut last = store.steps();
        let mut count = |name: &'static str, rows: usize| {
            counted.push((name, rows, store.steps() - last));
            last = store.steps();
        };
        let rows = store
            .contacts(&ContactQuery::new(page()))
            .await
            .unwrap()
            .rows
            .len();
        count("inbox", rows);
        count(
            "inbox in the middle",
            store.contacts(&middle).await.unwrap().rows.len(),
        );
        let unread = ContactQuery::new(page()).unread();
        count("unread", store.contacts(&unread).await.unwrap().rows.len());
        let label = ContactQuery::new(page()).with_field("label", "few");
        count("field", store.contacts(&label).await.unwrap().rows.len());
        let often = ContactQuery::new(page()).with_field("label", "often");
        count(
            "field of many",
            store.contacts(&often).await.unwrap().rows.len(),
        );
        count("conversation", talk(&store, &newest).await.len());
        let since = Revision::new(customers.cast_unsigned() - 30);
        let changed = store.changed(&page(), since, Duration::ZERO).await.unwrap();
        count("changed", changed.contacts.len());
        count("pending", store.pending(at(0), 9).await.unwrap().len());
        store.next_due().await.unwrap();
        count("next due", 1);
        counts.push(counted);
    }
    assert_eq!(counts[0], counts[1]);
    for (name, rows, steps) in &counts[0] {
        assert!(
            *rows > 0 && *steps > 0,
            "{name}: {rows} rows in {steps} steps"
        );
    }
}

fn fill(driver: &Connection, customers: i64) {
    driver
        .execute_batch(&format!(
            "PRAGMA synchronous = OFF; BEGIN;
             INSERT INTO page (page, revision, gone) VALUES ('1', {customers}, 0);
             WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {customers})
             INSERT INTO contact (contact_no, page_no, psid, last_at, first_at, unread, arrived, revision, newest_tie,
                 newest_kind, newest_text, asked_at, profile_due)
             SELECT n, 1, 'c' || n, n * 1000, n * 1000, n % 2, n, n, n, 0, 'Hello', 0, n FROM c;
             INSERT INTO message (contact_no, at, tie, id, kind, text)
             SELECT contact_no, last_at, newest_tie, 'm' || contact_no, 6, 'Hello' FROM contact;
             INSERT INTO field (contact_no, name, page_no, value, at)
             SELECT contact_no, 'label', 1, CASE WHEN contact_no % ({customers} / 10) = 1 THEN 'few' ELSE 'often' END, 1 FROM contact;
             COMMIT;"
        ))
        .unwrap();
}
