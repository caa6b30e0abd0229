//! Tables of a host that refer to customers.

#![allow(clippy::unwrap_used)]

use messenger_crm::change::{Applied, Change};
use messenger_crm::model::ContactKey;
use messenger_crm::store::postgres::PostgresFault;
use messenger_crm::store::{ContactStore, PostgresStore, StoreError};
use tokio::task::JoinSet;

use super::server::Schema;
use crate::store::{ada, at, contact, erase_all, received, talk};

fn forgotten(who: &ContactKey) -> Change {
    Change::Forgotten {
        contact: who.clone(),
        at: at(9),
    }
}

/// A store with two customers, to whom two rows of the host's own table refer.
async fn with_leads(schema: &Schema, on_delete: &str) -> PostgresStore {
    let store = schema.open().await;
    for who in [ada(), contact("1", "bob")] {
        let changes = [received(&who, "m1", 1, "Hello")];
        store.apply(&changes).await.unwrap();
    }
    let sql = format!(
        "CREATE TABLE lead (name text, contact_no bigint,
             CONSTRAINT lead_contact FOREIGN KEY (contact_no) REFERENCES contact (contact_no) {on_delete});
         INSERT INTO lead SELECT psid, contact_no FROM contact JOIN page USING (page_no) WHERE page = '1'"
    );
    schema.client().await.batch_execute(&sql).await.unwrap();
    store
}

#[tokio::test]
async fn r19_a_foreign_key_that_cascades_or_sets_null_follows_an_erased_customer() {
    for (on_delete, expected) in [("ON DELETE CASCADE", 1), ("ON DELETE SET NULL", 2)] {
        let Some(schema) = Schema::new("r19") else {
            return;
        };
        let store = with_leads(&schema, on_delete).await;
        assert_eq!(store.check().await.unwrap(), []);
        schema.open().await;
        // The number of a customer stays the same.
        let changes = [received(&ada(), "m2", 2, "Hello again")];
        store.apply(&changes).await.unwrap();
        let linked =
            "SELECT count(*) FROM lead JOIN contact USING (contact_no) WHERE psid = lead.name";
        assert_eq!(schema.number(linked).await, 2);
        store.apply(&[forgotten(&ada())]).await.unwrap();
        erase_all(&store).await;
        let rows = schema.number("SELECT count(*) FROM lead").await;
        assert_eq!(rows, expected, "{on_delete}");
        assert_eq!(schema.number(linked).await, 1, "{on_delete}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r19_a_foreign_key_that_forbids_erasing_is_named_and_stops_nobody_else() {
    let Some(schema) = Schema::new("r19") else {
        return;
    };
    let store = with_leads(&schema, "").await;
    let faults = store.check().await.unwrap();
    let expected = PostgresFault::ForeignKey {
        constraint: "lead_contact".to_owned(),
        table: format!("{}.lead", schema.name),
    };
    assert_eq!(faults, [expected]);
    let error = PostgresStore::connect_with(schema.options())
        .await
        .unwrap_err();
    let text = format!(
        "the store is misconfigured: the foreign key lead_contact of {}.lead forbids erasing customers; declare it ON DELETE CASCADE or SET NULL",
        schema.name
    );
    assert_eq!(error.to_string(), text);

    store.apply(&[forgotten(&ada())]).await.unwrap();
    // Others share its commits.
    let mut calls = JoinSet::new();
    let erasing = store.clone();
    calls.spawn(async move {
        let slice = Change::Erase {
            contact: ada(),
            limit: 100,
        };
        loop {
            let applied = erasing.apply(std::slice::from_ref(&slice)).await?;
            assert_ne!(applied, [Applied::Unchanged]);
        }
    });
    for number in 0..64 {
        let (store, who) = (store.clone(), contact("1", &format!("c{number}")));
        calls.spawn(async move {
            for mid in ["m1", "m2", "m3"] {
                store.apply(&[received(&who, mid, 1, "Hello")]).await?;
            }
            Ok(())
        });
    }
    let errors = calls.join_all().await.into_iter().filter_map(Result::err);
    let errors: Vec<StoreError> = errors.collect();
    let text = "the store is misconfigured: the server answered 23503 \
        (a foreign key forbids it: declare it ON DELETE CASCADE or SET NULL) at lead_contact";
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].to_string(), text);
    assert!(talk(&store, &ada()).await.is_empty());

    // It goes on where it was once the foreign key is corrected.
    let sql = "ALTER TABLE lead DROP CONSTRAINT lead_contact, ADD CONSTRAINT lead_contact
        FOREIGN KEY (contact_no) REFERENCES contact (contact_no) ON DELETE SET NULL";
    schema.client().await.batch_execute(sql).await.unwrap();
    erase_all(&store).await;
    let ada = "SELECT count(*) FROM contact WHERE psid = 'ada'";
    assert_eq!(schema.number(ada).await, 0);
}
