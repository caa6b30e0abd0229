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

/// A hundredfold period of the customers that [`fill`] writes, so that both ends of every list look
/// the same whatever their number.
const PERIOD: i64 = 2 * 3 * 5 * 7;

/// Each list that the contract calls exact, with each order, and all other reads.
#[tokio::test]
async fn r7_s27_a_listing_visits_as_many_rows_at_100_800_customers_as_at_10_080() {
    let mut counts = Vec::new();
    for customers in [48 * PERIOD, 480 * PERIOD] {
        let folder = Folder::new();
        let store = open(&folder);
        fill(&mut driver(&folder), customers);
        let newest = contact("1", &format!("c{customers}"));
        let half = customers / 2;
        let mut middle = ContactQuery::new(page());
        middle.after = Some(format!("a-{}:-{half}", half * 1000));
        let mut counted = Vec::new();
        let mut last = store.steps();
        let mut count = |name: String, rows: usize| {
            counted.push((name, rows, store.steps() - last));
            last = store.steps();
        };
        let rows = store.contacts(&middle).await.unwrap().rows.len();
        count("inbox in the middle".to_owned(), rows);
        for (name, filter) in exact() {
            assert!(filter.is_exact(), "{name}");
            for order in orders() {
                let query = ContactQuery::from(filter.clone()).with_order(order);
                let rows = store.contacts(&query).await.unwrap().rows.len();
                count(format!("{name} by {order:?}"), rows);
            }
        }
        for filter in [
            ContactFilter::new(page()),
            ContactFilter::new(page()).unread(),
        ] {
            let counted = store.count(&filter).await.unwrap();
            assert_eq!(counted, Count::AtLeast(1000));
            count("count".to_owned(), 1);
        }
        let few = store.find("label", "few").await.unwrap();
        count("find".to_owned(), few.len());
        count("conversation".to_owned(), talk(&store, &newest).await.len());
        let since = Revision::new(customers.cast_unsigned() - 30);
        let changed = store.changed(&page(), since, Duration::ZERO).await.unwrap();
        count("changed".to_owned(), changed.contacts.len());
        let query = PendingQuery::new(at(0), KINDS).with_limit(9);
        let works = store.pending(&query).await.unwrap();
        count("pending".to_owned(), works.len());
        store.next_due(&query).await.unwrap();
        count("next due".to_owned(), 1);
        counts.push(counted);
    }
    for (few, many) in counts[0].iter().zip(&counts[1]) {
        assert_eq!(few, many);
        let (name, rows, steps) = few;
        assert!(*rows > 0 && *steps > 0, "{name}: {rows} in {steps} steps");
    }
}

fn exact() -> Vec<(&'static str, ContactFilter)> {
    let here = || ContactFilter::new(page());
    vec![
        ("all", here()),
        ("status", here().with_status(StatusKind::Done)),
        ("agent", here().with_assignee("ada")),
        ("nobody", here().unassigned()),
        ("unread", here().unread()),
        ("unanswered", here().unanswered()),
        ("tag", here().with_tag("vip")),
        ("field", here().with_field("label", "few")),
        ("field of many", here().with_field("label", "often")),
        (
            "status and agent",
            here().with_status(StatusKind::Open).with_assignee("ada"),
        ),
        (
            "status and unanswered",
            here().with_status(StatusKind::Open).unanswered(),
        ),
        ("agent and unread", here().with_assignee("ada").unread()),
        (
            "tag and status",
            here().with_tag("vip").with_status(StatusKind::Snoozed),
        ),
    ]
}

fn orders() -> [ContactOrder; 3] {
    [
        ContactOrder::LastActivity,
        ContactOrder::WaitingLongest,
        ContactOrder::WindowEndingSoonest {
            opened_after: Timestamp::from_millis(1000),
        },
    ]
}

/// Writes one customer as the store does, and makes the others from their labels.
fn fill(driver: &mut Connection, customers: i64) {
    let seed = contact("1", "seed");
    let field = |value: &str, when| Change::Field {
        contact: seed.clone(),
        name: "label".to_owned(),
        value: Some(value.to_owned()),
        at: at(when),
    };
    let tag = Change::Tagged {
        contact: seed.clone(),
        tag: "vip".to_owned(),
        on: true,
        at: at(1),
        author: None,
    };
    let hello = received(&seed, "m", 1, "Hello");
    let sql = "CREATE TEMP TABLE seen (hash, name, value)";
    driver.execute_batch(sql).unwrap();
    for changes in [vec![hello, field("few", 1), tag], vec![field("often", 2)]] {
        let mut transaction = driver.transaction().unwrap();
        SqliteStore::apply_in(&mut transaction, &changes).unwrap();
        transaction.commit().unwrap();
        let sql = "INSERT INTO seen SELECT hash, name, value FROM label WHERE hash NOT IN (SELECT hash FROM seen)";
        driver.execute_batch(sql).unwrap();
    }
    driver
        .execute_batch(&format!(
            "PRAGMA synchronous = OFF; BEGIN;
             DELETE FROM contact; DELETE FROM message; DELETE FROM label; DELETE FROM document;
             UPDATE page SET revision = {customers};
             WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {customers})
             INSERT INTO contact (contact_no, page_no, psid, key_hash, last_at, first_at, inbound_at, unanswered_since,
                 unread, arrived, revision, newest_tie, newest_kind, newest_text, asked_at, profile_due,
                 assignee, bucket, labels)
             SELECT n, 1, 'c' || n, n, n * 1000, n * 1000, n * 1000, iif(n % 5 = 0, n * 1000, NULL),
                 n % 2, n, n, n, 0, 'Hello', 0, n,
                 iif(n % 7 = 0, 'ada', NULL), n % 3 + n % 2 * 3 + (n % 5 = 0) * 6 + (n % 7 = 0) * 12,
                 json_object('fields', json_object('label', json_object(
                     'at', 1, 'value', iif(n % ({customers} / 16) = 0, 'few', 'often'))),
                 'tags', iif(n % 2 = 0, json_object('vip', json_object('at', 1, 'on', json('true'))), json('{{}}')))
             FROM c;
             INSERT INTO message (contact_no, at, tie, id, kind, text)
             SELECT contact_no, last_at, newest_tie, 'm' || contact_no, 108, 'Hello' FROM contact;
             INSERT INTO label (contact_no, no, page_no, hash, name, value, bucket, last_at, unanswered_since, inbound_at)
             SELECT contact_no, 1, 1, hash, seen.name, value, bucket, last_at, unanswered_since, inbound_at
             FROM contact JOIN seen ON value = iif(contact_no % ({customers} / 16) = 0, 'few', 'often');
             INSERT INTO label (contact_no, no, page_no, hash, name, value, bucket, last_at, unanswered_since, inbound_at)
             SELECT contact_no, 2, 1, hash, seen.name, value, bucket, last_at, unanswered_since, inbound_at
             FROM contact JOIN seen ON value IS NULL WHERE contact_no % 2 = 0;
             COMMIT;"
        ))
        .unwrap();
}
