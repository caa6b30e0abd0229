//! Erasing: hidden at once, removed in slices.

use std::path::Path;

use super::kit::{
    Folder, all_contacts, apply, at, customer, ids, mid, pending, person, received, talk,
};
use crate::{
    change::{Applied, Change, SendOutcome},
    model::{ContactKey, Outgoing, OutgoingKey, Reaction, Side, WorkKind},
    store::{ContactFilter, ContactQuery, ContactStore, Count, Pending},
};

/// Rows that one slice removes at most.
const SLICE: u32 = 7;
/// Messages of the erased conversation, which take several slices.
const MESSAGES: i64 = 30;

/// Clause 19: erasing hides at once, and removes rows in slices that resume after a crash.
///
/// The store is opened again after each slice, unless it forgets everything then.
pub async fn gentle<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let (ada, bob) = (customer("1", "ada"), customer("1", "bob"));
    let hello = received(&bob, "b1", 1, "secret of somebody else");
    let store = open(folder.path()).await;
    apply(&store, hello.clone()).await;
    drop(store);
    let mut store = open(folder.path()).await;
    let is_durable = store.contact(&bob).await.unwrap().is_some();
    if !is_durable {
        apply(&store, hello).await;
    }
    fill(&store, &ada).await;
    let before = person(&store, &bob).await;
    let forget = Change::Forgotten {
        contact: ada.clone(),
        at: at(100),
    };
    assert_eq!(apply(&store, forget).await, Applied::Changed);
    hidden(&store, &ada).await;

    let erase = || Change::Erase {
        contact: ada.clone(),
        limit: SLICE,
    };
    let is_left = async |store: &S| {
        let works = pending(store, at(1000)).await;
        works.iter().any(|work| {
            let is_erase = matches!(work, Pending::Erase { .. });
            is_erase && work.psid() == Some(&ada.psid)
        })
    };
    let mut slices = 0;
    while is_left(&store).await {
        slices += 1;
        assert!(slices < 100, "erasing does not end");
        let applied = apply(&store, erase()).await;
        assert!(
            matches!(applied, Applied::Changed | Applied::Unchanged),
            "{applied:?}"
        );
        if is_durable {
            drop(store);
            store = open(folder.path()).await;
        }
        if slices == 1 {
            // Somebody writes meanwhile, and the customer comes back.
            hidden(&store, &ada).await;
            apply(&store, received(&bob, "b2", 2, "meanwhile")).await;
            let applied = apply(&store, received(&ada, "later", 101, "again")).await;
            assert!(
                matches!(applied, Applied::New { customer: true, .. }),
                "{applied:?}"
            );
        }
        let found = person(&store, &ada).await;
        assert_eq!((found.unread, found.first_at), (1, at(101)), "{slices}");
        assert_eq!(ids(&store, &ada).await, ["later"], "{slices}");
    }
    let least = MESSAGES / i64::from(SLICE);
    assert!(slices > least, "{MESSAGES} messages in {slices} slices");
    assert_eq!(apply(&store, erase()).await, Applied::Unchanged);
    let old = received(&ada, "m1", 1, "secret 1");
    assert_eq!(apply(&store, old).await, Applied::Forgotten);
    assert_eq!(ids(&store, &ada).await, ["later"]);
    assert_eq!(ids(&store, &bob).await, ["b2", "b1"]);
    assert_eq!(person(&store, &bob).await.first_at, before.first_at);
    expired(&store, &customer("2", "ada")).await;
    copied(&store, &customer("2", "cleo")).await;
    added(&store, &customer("2", "dora")).await;
}

/// Writes a conversation with rows of every table.
async fn fill(store: &impl ContactStore, who: &ContactKey) {
    let mut changes = Vec::new();
    for number in 0..MESSAGES {
        let text = format!("secret {number}");
        changes.push(received(who, &format!("m{number}"), number, &text));
    }
    for number in 0..3 {
        changes.push(Change::Queued {
            contact: who.clone(),
            key: OutgoingKey::new(at(40), [number; 10]),
            at: at(40),
            outgoing: Outgoing::text("secret answer"),
        });
        changes.push(Change::Reacted {
            contact: who.clone(),
            mid: mid(&format!("unknown {number}")),
            at: at(41),
            by: Side::Customer,
            reaction: Some(Reaction::new("❤")),
        });
        changes.push(Change::WorkAdded {
            page: who.page.clone(),
            psid: Some(who.psid.clone()),
            kind: WorkKind::MEDIA,
            id: number.to_string(),
            at: at(42),
            due: at(42),
            data: "secret".to_owned(),
        });
    }
    store.apply(&changes).await.unwrap();
}

/// Nothing of an erased customer is shown, found, counted or sent.
async fn hidden(store: &impl ContactStore, who: &ContactKey) {
    assert_eq!(store.contact(who).await.unwrap(), None);
    assert!(talk(store, who).await.is_empty());
    let here = ContactFilter::new(who.page.clone());
    let listed = all_contacts(store, here.clone().into()).await;
    assert!(listed.iter().all(|contact| contact.key != *who));
    assert_eq!(listed.len(), 1, "the other customer");
    assert_eq!(store.count(&here).await.unwrap(), Count::Exactly(1));
    let works = pending(store, at(1000)).await;
    let is_send = |work: &Pending| matches!(work, Pending::Send { .. } | Pending::Lapsed { .. });
    assert!(!works.iter().any(is_send), "{works:?}");
}

/// The same of messages that have expired: later ones stay.
async fn expired(store: &impl ContactStore, who: &ContactKey) {
    for number in 0..MESSAGES {
        let text = format!("secret {number}");
        apply(store, received(who, &format!("m{number}"), number, &text)).await;
    }
    let expire = Change::Expired {
        contact: who.clone(),
        at: at(MESSAGES - 3),
    };
    assert_eq!(apply(store, expire).await, Applied::Changed);
    let erase = Change::Erase {
        contact: who.clone(),
        limit: SLICE,
    };
    for slice in 0.. {
        let found = person(store, who).await;
        let expected = (2, at(MESSAGES - 2), at(MESSAGES - 1));
        let seen = (found.unread, found.first_at, found.last_at);
        assert_eq!(seen, expected, "{slice}");
        assert_eq!(ids(store, who).await, ["m29", "m28"], "{slice}");
        if apply(store, erase.clone()).await == Applied::Unchanged {
            assert!(
                i64::from(slice) >= (MESSAGES - 2) / i64::from(SLICE),
                "{slice}"
            );
            break;
        }
        assert!(slice < 100, "erasing does not end");
    }
    let all = all_contacts(store, ContactQuery::new(who.page.clone())).await;
    assert_eq!(all.len(), 1);
}

/// A later copy of an erased message that comes in the same call is not erased with it.
async fn copied<S: ContactStore>(store: &S, cleo: &ContactKey) {
    for id in ["cleo1", "cleo2"] {
        apply(store, received(cleo, id, 1, "first")).await;
    }
    let changes = [
        Change::Forgotten {
            contact: cleo.clone(),
            at: at(10),
        },
        received(cleo, "cleo1", 20, "the copy"),
        Change::Erase {
            contact: cleo.clone(),
            limit: 1,
        },
    ];
    store.apply(&changes).await.unwrap();
    let erase = || Change::Erase {
        contact: cleo.clone(),
        limit: 1,
    };
    for _ in 0..5 {
        assert_eq!(ids(store, cleo).await, ["cleo1"]);
        assert_eq!(person(store, cleo).await.first_at, at(20));
        apply(store, erase()).await;
    }
    assert_eq!(apply(store, erase()).await, Applied::Unchanged);
}

/// Rows that one call adds and hides, it can also remove.
async fn added<S: ContactStore>(store: &S, dora: &ContactKey) {
    let erase = || Change::Erase {
        contact: dora.clone(),
        limit: 100,
    };
    let rows = [
        received(dora, "dora1", 1, "secret"),
        // Before the reply itself.
        Change::Settled {
            contact: dora.clone(),
            key: OutgoingKey::new(at(11), [0; 10]),
            attempt: 1,
            outcome: SendOutcome::Unknown,
        },
        Change::WorkAdded {
            page: dora.page.clone(),
            psid: Some(dora.psid.clone()),
            kind: WorkKind::MEDIA,
            id: "dora".to_owned(),
            at: at(21),
            due: at(21),
            data: "secret".to_owned(),
        },
    ];
    for (number, row) in (0..).zip(rows) {
        let expire = Change::Expired {
            contact: dora.clone(),
            at: at(10 + 10 * number),
        };
        let answers = store.apply(&[row.clone(), expire, erase()]).await.unwrap();
        assert_eq!(answers[2], Applied::Changed, "{row:?}");
        assert_eq!(apply(store, erase()).await, Applied::Unchanged, "{row:?}");
    }
}
