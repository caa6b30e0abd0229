//! How PostgreSQL finds what is asked for, as its own executor tells: by which columns of which
//! index, and how many rows it visits; and how many bytes a row costs.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use messenger_crm::change::Change;
use messenger_crm::id::PageId;
use messenger_crm::model::{Revision, WorkKind};
use messenger_crm::store::{
    ContactFilter, ContactQuery, ContactStore, MessageQuery, PendingQuery, PostgresStore,
    SearchQuery,
};
use tokio_postgres::Client;

use super::server::Schema;
use super::visits::{Plans, assert_index, listening, visits};
use crate::store::{at, contact, received};

/// A store of so many customers with a message each, and what it does from now on.
async fn filled(schema: &Schema, customers: i64) -> Option<(PostgresStore, Plans)> {
    let (store, plans) = listening(schema).await?;
    store.apply(&samples()).await.unwrap();
    let client = schema.client().await;
    fill(&client, customers).await;
    plans.lock().unwrap().clear();
    Some((store, plans))
}

/// A message of each text, for the library to index.
fn samples() -> [Change; 4] {
    let who = contact("1", "c0");
    let sample = |number, text| received(&who, &format!("m{number}"), number, text);
    [
        sample(0, "hello"),
        sample(1, "rare"),
        sample(2, "how much is the oolong"),
        sample(3, "oolong"),
    ]
}

/// Customers by SQL, on top of the samples: one in five unread, one in a hundred due; one message each, alike in all but
/// one of a thousand; the first has a long conversation.
pub(crate) async fn fill(client: &Client, customers: i64) {
    let start = at(0).as_millis();
    let sql = format!(
        "INSERT INTO contact (contact_no, key_hash, page_no, psid, bucket, last_at, first_at, inbound_at, unread,
             arrived, revision, newest_tie, newest_kind, newest_text, asked_at, name, profile_due)
         SELECT n + 1000000, n, p.page_no, (20000000000000000 + n)::text, CASE WHEN n % 5 = 0 THEN 3 ELSE 0 END,
             {start} + n, {start} + n, {start} + n, CASE WHEN n % 5 = 0 THEN 1 ELSE 0 END, n, n, n, 0, 'how much is the oolong', {start} + n, 'Ada Lovelace',
             CASE WHEN n % 100 = 0 THEN {start} + n END
         FROM page p, generate_series(1, {customers}) n;
         INSERT INTO message (contact_no, at, tie, page_no, kind, id, text)
         SELECT n + 1000000, {start} + n, n * 7919, p.page_no, 108, 'm_' || repeat('x', 80) || lpad(n::text, 6, '0'),
             CASE WHEN n % 1000 = 0 THEN 'rare' ELSE 'how much is the oolong' END
         FROM page p, generate_series(1, {customers}) n;
         INSERT INTO message (contact_no, at, tie, page_no, kind, id, text)
         SELECT 1000001, {start} - n, n * 7919, p.page_no, 108, 'l_' || repeat('x', 80) || lpad(n::text, 6, '0'), 'oolong'
         FROM page p, generate_series(1, 2000) n;
         INSERT INTO text_gram (contact_no, at, tie, page_no, grams)
         SELECT m.contact_no, m.at, m.tie, m.page_no, sample.grams FROM message m JOIN (
             SELECT text, grams FROM message JOIN text_gram USING (page_no, contact_no, at, tie)
         ) sample USING (text) WHERE m.contact_no > 1000000;
         INSERT INTO label (contact_no, no, hash, page_no, bucket, last_at, name, value)
         SELECT contact_no, 0, contact_no, page_no, bucket, last_at, 'label', 'tea' FROM contact WHERE contact_no > 1000000;
         INSERT INTO mark (contact_no, tie, at, page_no, id)
         SELECT contact_no, contact_no, 1, page_no, 'x' FROM contact WHERE contact_no % 10 = 3;
         INSERT INTO outgoing (contact_no, at, tie, attempt, page_no, state, has_content, key, text)
         SELECT contact_no, 1, 1, 0, page_no, 2, 1, '\\x0190123456787fffbfffffffffffffff', 'x'
         FROM contact WHERE contact_no % 10 = 3;
         UPDATE page SET revision = {customers}"
    );
    client.batch_execute(&sql).await.unwrap();
    client.batch_execute("VACUUM ANALYZE").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn s27_every_read_goes_by_the_columns_of_an_index_and_visits_as_many_rows_of_ten_times_as_many()
 {
    let mut counts: Vec<Vec<(&str, u64)>> = Vec::new();
    for customers in [10_000, 100_000] {
        let Some(schema) = Schema::new("s27") else {
            return;
        };
        let Some((store, plans)) = filled(&schema, customers).await else {
            return;
        };
        let page = PageId::new("1").unwrap();
        let all = || ContactQuery::new(page.clone());
        let first = contact("1", "20000000000000001");
        let mut counted = Vec::new();
        let mut seen = |what: &'static str, checks: &[(&str, &str, &[&str])]| {
            let visits = visits(&plans);
            for (table, index, columns) in checks {
                assert_index(what, &visits, table, index, columns);
            }
            counted.push((what, visits.iter().map(|visit| visit.3).sum()));
        };
        let inbox = (
            "contact",
            "contact_inbox",
            &["page_no", "last_at", "contact_no"][..],
        );
        let listing = store.contacts(&all()).await.unwrap();
        assert_eq!(listing.rows.len(), 50);
        seen("inbox", &[inbox]);
        let mut query = all();
        query.after = listing.next;
        assert_eq!(store.contacts(&query).await.unwrap().rows.len(), 50);
        seen("inbox, next", &[inbox]);
        query.after = Some(format!("a-{}:0", at(0).as_millis() + customers / 2));
        assert_eq!(store.contacts(&query).await.unwrap().rows.len(), 50);
        seen("inbox, middle", &[inbox]);
        let unread = ContactFilter::new(page.clone()).unread();
        let listing = store.contacts(&unread.into()).await.unwrap();
        assert_eq!(listing.rows.len(), 50);
        seen(
            "unread",
            &[(
                "contact",
                "contact_bucket",
                &["page_no", "bucket", "last_at", "contact_no"],
            )],
        );

        let talk = store
            .messages(&MessageQuery::new(first.clone()))
            .await
            .unwrap();
        assert_eq!(talk.rows.len(), 50);
        seen(
            "conversation",
            &[
                (
                    "message",
                    "message_pkey",
                    &["page_no", "contact_no", "at", "tie"],
                ),
                (
                    "outgoing",
                    "outgoing_shown",
                    &["page_no", "contact_no", "at", "tie"],
                ),
                ("contact", "contact_psid", &["page_no", "psid"]),
            ],
        );
        assert!(store.contact(&first).await.unwrap().is_some());
        seen(
            "contact",
            &[("contact", "contact_psid", &["page_no", "psid"])],
        );

        let since = Revision::new(customers.cast_unsigned() - 50);
        let changed = store.changed(&page, since, Duration::ZERO).await.unwrap();
        assert_eq!(changed.contacts.len(), 50);
        seen(
            "changed",
            &[("contact", "contact_changed", &["page_no", "revision"])],
        );

        let kinds = [WorkKind::SEND, WorkKind::PROFILE];
        let query = PendingQuery::new(at(1_000_000), kinds).with_limit(20);
        let work = store.pending(&query).await.unwrap();
        assert_eq!(work.len(), 20);
        seen(
            "pending",
            &[
                (
                    "contact",
                    "contact_profile_due",
                    &["page_no", "profile_due"],
                ),
                ("contact", "contact_send_due", &["page_no", "send_due"]),
            ],
        );
        store.next_due(&query).await.unwrap();
        visits(&plans);

        let found = store
            .search(&SearchQuery::new(page.clone(), "oolong"))
            .await
            .unwrap();
        assert_eq!(found.rows.len(), 20);
        seen(
            "search, common",
            &[(
                "text_gram",
                "text_gram_pkey",
                &["page_no", "at", "tie", "contact_no"],
            )],
        );
        let found = store
            .search(&SearchQuery::new(page.clone(), "rare"))
            .await
            .unwrap();
        // One is the sample.
        assert_eq!(found.rows.len(), 20.min(customers as usize / 1000 + 1));
        let by_gin = visits(&plans);
        assert_index(
            "search, rare",
            &by_gin,
            "text_gram",
            "text_gram_grams",
            &["grams"],
        );

        // A message that is told twice is looked up by the hash of its id.
        let change = received(&contact("1", "c0"), "m0", 0, "hello");
        store.apply(&[change]).await.unwrap();
        seen(
            "look-up by mid",
            &[
                ("message", "message_id", &["contact_no", "tie"]),
                ("mark", "mark_id", &["page_no", "contact_no", "tie"]),
            ],
        );
        counts.push(counted);
    }
    assert_eq!(counts[0], counts[1], "with ten times as many customers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_costs_350_bytes_beyond_its_text_and_a_customer_600_beyond_names() {
    let Some(schema) = Schema::new("sizes") else {
        return;
    };
    let store = schema.open().await;
    store.apply(&samples()).await.unwrap();
    fill(&schema.client().await, 20_000).await;
    let messages = "SELECT pg_total_relation_size('message') / count(*) - avg(length(id) + length(text))::bigint FROM message";
    let customers = "SELECT pg_total_relation_size('contact') / count(*) - avg(length(name))::bigint FROM contact";
    let index = "SELECT pg_total_relation_size('text_gram') / count(*) FROM text_gram";
    let (message, customer) = (
        schema.number(messages).await,
        schema.number(customers).await,
    );
    println!(
        "bytes: {message} a message, {customer} a customer, {} for searching a message",
        schema.number(index).await
    );
    assert!(message <= 350, "{message} bytes");
    assert!(customer <= 600, "{customer} bytes");
}
