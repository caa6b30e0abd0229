//! What is kept stays, what is forgotten goes, and both can be found.

use std::{collections::BTreeMap, path::Path};

use super::kit::{
    Folder, all_contacts, apply, at, customer, erase_all, ids, page, pending, person, received,
    talk,
};
use crate::{
    change::{Applied, Change, ProfileResponse},
    model::{EntryId, Outgoing, OutgoingKey, Picture, Profile, RawEvent, Reaction, Side},
    store::{
        ContactFilter, ContactQuery, ContactStore, MessageQuery, MessageStart, Pending,
        RawEventQuery,
    },
};

/// Clause 6: walking by cursor visits each row that was there exactly once, though others write.
pub async fn complete<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    for number in 0..11 {
        // Three at a time share a moment.
        let contact = customer("1", &format!("c{number}"));
        apply(
            &store,
            received(&contact, &format!("m{number}"), number / 3, "Hello"),
        )
        .await;
    }
    let mut query = ContactQuery::new(page("1"));
    query.limit = 2;
    let mut visits = BTreeMap::new();
    for number in 0.. {
        let listing = store.contacts(&query).await.unwrap();
        for row in listing.rows {
            *visits.entry(row.key.psid.to_string()).or_insert(0) += 1;
        }
        query.after = listing.next;
        if query.after.is_none() {
            break;
        }
        let other = customer("1", &format!("new {number}"));
        apply(
            &store,
            received(&other, &format!("n{number}"), 100 + number, "Me too"),
        )
        .await;
    }
    for number in 0..11 {
        assert_eq!(
            visits.get(&format!("c{number}")),
            Some(&1),
            "customer {number} of {visits:?}"
        );
    }

    let ada = customer("2", "ada");
    for number in 0..11 {
        apply(
            &store,
            received(&ada, &format!("a{number}"), number / 3, "Hello"),
        )
        .await;
    }
    let mut query = MessageQuery::new(ada.clone());
    query.limit = 2;
    let mut visits = BTreeMap::new();
    for number in 0.. {
        let listing = store.messages(&query).await.unwrap();
        for row in listing.rows {
            *visits.entry(row.id).or_insert(0) += 1;
        }
        match listing.next {
            Some(cursor) => query.start = MessageStart::OlderThan(cursor),
            None => break,
        }
        apply(
            &store,
            received(&ada, &format!("b{number}"), 100 + number, "And"),
        )
        .await;
    }
    for number in 0..11 {
        assert_eq!(
            visits.get(&format!("a{number}")),
            Some(&1),
            "message {number} of {visits:?}"
        );
    }
}

/// Clause 8: after `Forgotten` nothing of that customer up to that time is readable, nothing of
/// others is missing, and a replay does not bring it back; a later message starts afresh.
pub async fn forgetful<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let (ada, bob) = (customer("1", "ada"), customer("1", "bob"));
    let told = |who: &crate::model::ContactKey| {
        let contact = || who.clone();
        let profile = Profile {
            name: Some("Secretly Known".to_owned()),
            ..Profile::default()
        };
        let message = format!("m of {}", who.psid);
        [
            received(who, &message, 1, "secret words"),
            Change::Reacted {
                contact: contact(),
                mid: crate::id::Mid::new(message).unwrap(),
                at: at(2),
                by: Side::Customer,
                reaction: Some(Reaction::new("❤")),
            },
            Change::Queued {
                contact: contact(),
                key: OutgoingKey::new(at(3), [1; 10]),
                at: at(3),
                outgoing: Outgoing::text("secret answer"),
            },
            Change::Profile {
                contact: contact(),
                fetched_at: at(4),
                response: ProfileResponse::Known {
                    profile,
                    picture: Some(Picture::new("image/png", vec![1, 2, 3])),
                },
                due: None,
            },
            Change::Field {
                contact: contact(),
                name: "note".to_owned(),
                value: Some("secret".to_owned()),
                at: at(4),
            },
            Change::RawEvent(RawEvent {
                page: Some(who.page.clone()),
                psid: Some(who.psid.clone()),
                id: EntryId::of_parts(&[who.psid.as_str().as_bytes()]),
                at: at(4),
                reason: "strange".to_owned(),
                raw: b"secret".to_vec(),
            }),
        ]
    };
    let (of_ada, of_bob) = (told(&ada), told(&bob));
    store.apply(&of_ada).await.unwrap();
    store.apply(&of_bob).await.unwrap();
    let before = person(&store, &bob).await;
    let forget_at = person(&store, &ada).await.forget_at(at(5));
    let forget = Change::Forgotten {
        contact: ada.clone(),
        at: forget_at,
    };
    assert_eq!(apply(&store, forget.clone()).await, Applied::Changed);
    for turn in ["forgotten", "forgotten and told again", "forgotten twice"] {
        assert_eq!(store.contact(&ada).await.unwrap(), None, "{turn}");
        assert_eq!(store.picture(&ada).await.unwrap(), None, "{turn}");
        assert!(talk(&store, &ada).await.is_empty(), "{turn}");
        let here = || ContactFilter::new(page("1"));
        let named = here().with_name("secretly");
        assert_eq!(all_contacts(&store, named.into()).await.len(), 1, "{turn}");
        let noted = here().with_field("note", "secret");
        assert_eq!(all_contacts(&store, noted.into()).await.len(), 1, "{turn}");
        assert_eq!(
            store.find("note", "secret").await.unwrap().len(),
            1,
            "{turn}"
        );
        let kept = store
            .raw_events(&RawEventQuery::new(Some(page("1"))))
            .await
            .unwrap();
        assert_eq!(kept.rows.len(), 1, "{turn}");
        let works = pending(&store, at(1000)).await;
        let is_hers = |work: &&Pending| {
            let is_erase = matches!(work, Pending::Erase { .. });
            work.psid() == Some(&ada.psid) && !is_erase
        };
        assert_eq!(works.iter().filter(is_hers).count(), 0, "{turn}");
        assert_eq!(person(&store, &bob).await, before, "{turn}");
        assert_eq!(talk(&store, &bob).await.len(), 2, "{turn}");
        if turn == "forgotten and told again" {
            erase_all(&store).await;
        }
        if turn == "forgotten" {
            let answers = store.apply(&of_ada).await.unwrap();
            assert_eq!(answers, [Applied::Forgotten; 6], "{turn}");
        } else {
            assert_eq!(
                apply(&store, forget.clone()).await,
                Applied::Unchanged,
                "{turn}"
            );
        }
    }
    let later = received(&ada, "later", 1000, "Hello again");
    let applied = apply(&store, later).await;
    assert!(
        matches!(applied, Applied::New { customer: true, .. }),
        "{applied:?}"
    );
    let again = person(&store, &ada).await;
    assert_eq!(
        (again.unread, again.first_at, again.profile),
        (1, at(1000), None)
    );
    assert_eq!(ids(&store, &ada).await, ["later"]);
    fields_outlive(&store).await;
}

/// Fields and tags later than that stay, whether they came before or afterwards.
async fn fields_outlive(store: &impl ContactStore) {
    for (psid, is_told_before) in [("cy", true), ("dan", false)] {
        let who = customer("3", psid);
        let field = |name: &str, when| Change::Field {
            contact: who.clone(),
            name: name.to_owned(),
            value: Some(name.to_owned()),
            at: at(when),
        };
        let forget = |when| Change::Forgotten {
            contact: who.clone(),
            at: at(when),
        };
        let id = |number| format!("m{number} of {psid}");
        let noted = [field("old", 4), field("later", 9)];
        apply(store, received(&who, &id(1), 1, "Hello")).await;
        if is_told_before {
            store.apply(&noted).await.unwrap();
        }
        assert_eq!(apply(store, forget(5)).await, Applied::Changed, "{psid}");
        if !is_told_before {
            let told = store.apply(&noted).await.unwrap();
            assert_eq!(told, [Applied::Forgotten, Applied::Parked], "{psid}");
        }
        // Told again, alone and together with the cut, it is what it was.
        let again = store.apply(&noted).await.unwrap();
        assert_eq!(again, [Applied::Forgotten, Applied::Unchanged], "{psid}");
        assert_eq!(apply(store, forget(5)).await, Applied::Unchanged, "{psid}");
        assert_eq!(store.contact(&who).await.unwrap(), None, "{psid}");
        apply(store, received(&who, &id(2), 10, "Hello again")).await;
        let fields = person(store, &who).await.fields;
        assert!(fields.keys().eq(["later"]), "{psid}: {fields:?}");
        // A later cut takes it, too.
        apply(store, forget(20)).await;
        apply(store, received(&who, &id(3), 30, "And again")).await;
        let fields = person(store, &who).await.fields;
        assert!(fields.is_empty(), "{psid}: {fields:?}");
    }
}

/// Clause 11: a clone is a handle to the same data.
pub async fn shared<S: Clone + ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let (ada, clone) = (customer("1", "ada"), store.clone());
    apply(&store, received(&ada, "m1", 1, "Hello")).await;
    assert_eq!(ids(&clone, &ada).await, ["m1"]);
    apply(&clone, received(&ada, "m2", 2, "Hello again")).await;
    drop(clone);
    assert_eq!(ids(&store, &ada).await, ["m2", "m1"]);
}

/// Clause 13: what was acknowledged is there when the store is opened again, though nobody closed
/// it: neither is it dropped.
pub async fn durable<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let ada = customer("1", "ada");
    let mut expected = Vec::new();
    for number in 0..4 {
        let store = open(folder.path()).await;
        assert_eq!(
            ids(&store, &ada).await,
            expected,
            "opened {number} times before"
        );
        let id = format!("m{number}");
        apply(&store, received(&ada, &id, number, "Hello")).await;
        expected.insert(0, id);
        std::mem::forget(store);
    }
}

/// Clause 14: the rows visited for a page of the inbox do not depend on how many customers there
/// are. `visited` tells how many the store has visited so far, in whatever it counts.
pub async fn bounded<S: ContactStore>(open: impl AsyncFn(&Path) -> S, visited: impl Fn(&S) -> u64) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let mut counts: Vec<Vec<u64>> = Vec::new();
    // Listings count their rows up to a thousand, so that it begins beyond.
    for (from, to) in [(0, 1200), (1200, 4800)] {
        let numbers: Vec<i64> = (from..to).collect();
        for some in numbers.chunks(200) {
            let changes: Vec<Change> = some
                .iter()
                .map(|number| {
                    let contact = customer("1", &format!("c{number}"));
                    received(&contact, &format!("m{number}"), *number, "Hello")
                })
                .collect();
            store.apply(&changes).await.unwrap();
        }
        let mut counted = Vec::new();
        let mut query = ContactQuery::new(page("1"));
        query.limit = 20;
        // The first page, one in the middle of the first thousand, and the unread ones.
        for _ in 0..3 {
            let before = visited(&store);
            let listing = store.contacts(&query).await.unwrap();
            counted.push(visited(&store) - before);
            assert_eq!(listing.rows.len(), 20);
            query.after = listing.next;
        }
        let before = visited(&store);
        let unread = ContactFilter::new(page("1")).unread();
        store.contacts(&unread.into()).await.unwrap();
        counted.push(visited(&store) - before);
        assert!(
            counted.iter().all(|count| *count > 0),
            "nothing was counted: {counted:?}"
        );
        counts.push(counted);
    }
    for (few, many) in counts[0].iter().zip(&counts[1]) {
        // A step more or less is not what grows with the customers.
        let differ = few.abs_diff(*many) > few / 20;
        assert!(!differ, "with four times as many customers: {counts:?}");
    }
}
