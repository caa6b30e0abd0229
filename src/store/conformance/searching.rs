//! Search in conversations. A store without a search may declare it off.

use std::path::Path;

use super::{
    kit::{Folder, SQL, all_hits, apply, at, customer, echoed, mid, page, received},
    model::{Reads, run},
};
use crate::{
    change::Change,
    model::{ContactKey, Content, Entry, EntryId, Outgoing, OutgoingKey, Source},
    store::{ContactStore, SearchQuery},
};

/// Clause 21: a search finds the newest message of each customer that holds the text, and nothing
/// that is erased.
pub async fn searchable<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let (ada, bob) = (customer("1", "ada"), customer("1", "bob"));
    let changes = [
        received(&ada, "a1", 1, "Do you have Oolong?"),
        echoed(
            &ada,
            "a2",
            2,
            "We have 100% OOLÓNG _ \\ '; DROP TABLE message; --",
        ),
        received(&ada, "a3", 3, "烏龍茶 please"),
        received(&bob, "b1", 4, "oolong for me"),
        Change::Noted {
            contact: bob.clone(),
            entry: Entry::new(
                EntryId::of_parts(&[b"note"]),
                at(5),
                Source::Own,
                Content::text("oolong lover"),
            ),
        },
        Change::Queued {
            contact: bob.clone(),
            key: OutgoingKey::new(at(6), [1; 10]),
            at: at(6),
            outgoing: Outgoing::text("oolong is sold out"),
        },
    ];
    store.apply(&changes).await.unwrap();
    found(&store, "oolong", &["b1", "a2"]).await;
    found(&store, "have oolong", &["a1"]).await;
    found(&store, "100% oolong _ \\ '; drop", &["a2"]).await;
    found(&store, "烏龍", &["a3"]).await;
    found(&store, "nobody said this", &[]).await;
    let elsewhere = SearchQuery::new(page("2"), "oolong");
    assert!(all_hits(&store, elsewhere).await.is_empty());

    let contact = || ada.clone();
    let edited = Change::Edited {
        contact: contact(),
        mid: mid("a2"),
        at: at(7),
        number: 1,
        text: "We have none".to_owned(),
    };
    apply(&store, edited).await;
    found(&store, "oolong", &["b1", "a1"]).await;
    let unsent = Change::Unsent {
        contact: contact(),
        mid: mid("a1"),
        at: at(8),
    };
    apply(&store, unsent).await;
    found(&store, "oolong", &["b1"]).await;
    for (number, text) in SQL.iter().enumerate() {
        let id = format!("sql {number}");
        apply(&store, received(&customer("1", "sql"), &id, 9, text)).await;
        found(&store, text, &[&id]).await;
    }
    forgotten(&store, &bob).await;
}

/// The search by chance: after random changes it finds what that of
/// [`MemoryStore`](crate::store::MemoryStore) finds. It belongs to the clause [`searchable`].
pub async fn search_like_the_model<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    run(open, Reads::Search).await;
}

/// Erased messages are not found, neither at once nor after a replay.
async fn forgotten(store: &impl ContactStore, who: &ContactKey) {
    let forget = Change::Forgotten {
        contact: who.clone(),
        at: at(100),
    };
    for _ in 0..2 {
        apply(store, forget.clone()).await;
        found(store, "oolong", &[]).await;
        apply(store, received(who, "b1", 4, "oolong for me")).await;
        found(store, "oolong", &[]).await;
    }
    apply(store, received(who, "later", 101, "oolong again")).await;
    found(store, "oolong", &["later"]).await;
}

/// Searches on Page 1 and compares the ids of the messages, the newest first.
async fn found(store: &impl ContactStore, text: &str, expected: &[&str]) {
    let mut hits = all_hits(store, SearchQuery::new(page("1"), text)).await;
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.message.at));
    let ids: Vec<&str> = hits.iter().map(|hit| hit.message.id.as_str()).collect();
    assert_eq!(ids, expected, "{text}");
    for hit in &hits {
        assert_eq!(hit.contact.key, hit.message.contact, "{text}");
    }
}
