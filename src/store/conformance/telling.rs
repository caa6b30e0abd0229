//! What is told comes back: the clauses that one caller can try.

use std::path::Path;

use super::kit::{
    Folder, all_contacts, apply, assert_new, at, customer, echoed, erase_all, ids, mid, page,
    pending, person, received, talk,
};
use crate::{
    change::{Applied, Change},
    model::{
        ContactKey, Content, Entry, EntryId, MessageState, Outgoing, OutgoingKey, Reaction,
        Revision, Side, Source, Status, WorkKind,
    },
    store::{ContactFilter, ContactQuery, ContactStore},
};

/// Clause 1: the same change twice is once, and the answer says so.
pub async fn idempotent<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let ada = customer("1", "ada");
    let contact = || ada.clone();
    let key = OutgoingKey::new(at(4), [1; 10]);
    let changes = [
        received(&ada, "m1", 1, "Hello"),
        echoed(&ada, "m2", 2, "Hello, Ada"),
        Change::Edited {
            contact: contact(),
            mid: mid("m1"),
            at: at(3),
            number: 1,
            text: "Hello!".to_owned(),
        },
        Change::Reacted {
            contact: contact(),
            mid: mid("m2"),
            at: at(3),
            by: Side::Customer,
            reaction: Some(Reaction::new("❤")),
        },
        Change::Read {
            contact: contact(),
            up_to: at(3),
        },
        Change::Field {
            contact: contact(),
            name: "label".to_owned(),
            value: Some("vip".to_owned()),
            at: at(3),
        },
        Change::Queued {
            contact: contact(),
            key,
            at: at(4),
            outgoing: Outgoing::text("Anything else?"),
        },
    ];
    for change in &changes {
        let applied = apply(&store, change.clone()).await;
        assert!(!matches!(applied, Applied::Unchanged), "{change:?}");
    }
    let (before, said) = (person(&store, &ada).await, talk(&store, &ada).await);
    assert_eq!((before.unread, said.len()), (1, 3));
    for change in &changes {
        let applied = apply(&store, change.clone()).await;
        assert_eq!(applied, Applied::Unchanged, "{change:?}");
    }
    let again = store.apply(&changes).await.unwrap();
    assert_eq!(again, [Applied::Unchanged; 7]);
    assert_eq!(
        person(&store, &ada).await,
        before,
        "the revision stands, too"
    );
    assert_eq!(talk(&store, &ada).await, said);

    // What has no time of its own comes with another one when it is told again.
    let bob = customer("1", "bob");
    let feedback = |when| feedback(&bob, when);
    apply(&store, received(&bob, "b1", 5, "Hello")).await;
    assert_new(apply(&store, feedback(10)).await);
    let (before, said) = (person(&store, &bob).await, talk(&store, &bob).await);
    assert_eq!(apply(&store, feedback(30)).await, Applied::Unchanged);
    assert_eq!(person(&store, &bob).await, before, "the inbox moved");
    assert_eq!(talk(&store, &bob).await, said);
    tombs(&store).await;
}

/// A tombstone of somebody who is not named: told once, unless a later one comes.
async fn tombs(store: &impl ContactStore) {
    let eve = customer("1", "eve");
    let buried = |when| Change::Tombstone {
        page: eve.page.clone(),
        hash: eve.hash(),
        at: at(when),
    };
    for (when, expected) in [
        (5, Applied::Parked),
        (5, Applied::Unchanged),
        (4, Applied::Unchanged),
        (6, Applied::Parked),
    ] {
        assert_eq!(apply(store, buried(when)).await, expected, "at {when}");
    }
    let twice = [buried(7), buried(7), received(&eve, "e1", 7, "Hello")];
    assert_eq!(
        store.apply(&twice).await.unwrap(),
        [Applied::Parked, Applied::Unchanged, Applied::Forgotten],
        "told twice in one commit, and of somebody who wrote before"
    );

    // A customer whom nothing but work names is found, too.
    let dan = customer("1", "dan");
    let work = Change::WorkAdded {
        page: dan.page.clone(),
        psid: Some(dan.psid.clone()),
        kind: WorkKind::MEDIA,
        id: "of dan".to_owned(),
        at: at(3),
        due: at(3),
        data: "secret".to_owned(),
    };
    assert_eq!(apply(store, work).await, Applied::Changed);
    let buried = Change::Tombstone {
        page: dan.page.clone(),
        hash: dan.hash(),
        at: at(5),
    };
    assert_eq!(apply(store, buried).await, Applied::Parked);
    erase_all(store).await;
    let left = pending(store, at(1000)).await;
    assert!(
        left.iter().all(|work| work.psid() != Some(&dan.psid)),
        "{left:?}"
    );
}

/// What the customer said, and Meta does not say when.
fn feedback(who: &ContactKey, when: i64) -> Change {
    let id = EntryId::of_parts(&[b"feedback", who.psid.as_str().as_bytes()]);
    let mut entry = Entry::new(id, at(when), Source::Webhook, Content::text("5"));
    entry.opens_window = false;
    Change::received(who.clone(), entry)
}

/// Clause 3: last activity, delivered and read marks never move back, unless what has no time of
/// its own turns out to be older.
pub async fn monotonic<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let ada = customer("1", "ada");
    let delivered = |when| Change::Delivered {
        contact: ada.clone(),
        at: at(when),
        up_to: Some(at(when)),
        mids: Vec::new(),
    };
    let read = |when| Change::Read {
        contact: ada.clone(),
        up_to: at(when),
    };
    for change in [
        received(&ada, "m20", 20, "new"),
        echoed(&ada, "p5", 5, "5"),
        echoed(&ada, "p15", 15, "15"),
        delivered(15),
        read(5),
        received(&ada, "m10", 10, "old"),
        delivered(4),
        read(3),
    ] {
        apply(&store, change).await;
    }
    let contact = person(&store, &ada).await;
    assert_eq!((contact.first_at, contact.last_at), (at(5), at(20)));
    assert_eq!(contact.inbound_at, Some(at(20)));
    assert_eq!(
        (contact.delivered, contact.read),
        (Some(at(15)), Some(at(5)))
    );
    assert_eq!(contact.preview.unwrap().at, at(20));
    let said = talk(&store, &ada).await;
    let states: Vec<MessageState> = said.iter().filter_map(|message| message.state).collect();
    assert_eq!(states, [MessageState::Delivered, MessageState::Read]);

    // Of two tellings the earlier may come last, where clocks differ.
    let bob = customer("1", "bob");
    apply(&store, received(&bob, "b1", 5, "Hello")).await;
    assert_new(apply(&store, feedback(&bob, 10)).await);
    assert_eq!(person(&store, &bob).await.last_at, at(10));
    assert_eq!(apply(&store, feedback(&bob, 3)).await, Applied::Changed);
    let found = person(&store, &bob).await;
    assert_eq!((found.first_at, found.last_at), (at(3), at(5)));
    assert_eq!(found.preview.unwrap().at, at(5));
    assert_eq!(ids(&store, &bob).await[0], "b1");
}

/// Clause 4: by time, then by a fixed hash of the message's id, not by arrival.
pub async fn ordered<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let messages = [("a", 5), ("b", 3), ("c", 3), ("d", 3), ("e", 1), ("f", 4)];
    let mut seen: Option<Vec<String>> = None;
    for turn in 0..messages.len() {
        let folder = Folder::new();
        let store = open(folder.path()).await;
        let ada = customer("1", "ada");
        let mut arrival = messages;
        arrival.rotate_left(turn);
        for (id, when) in arrival {
            apply(&store, received(&ada, id, when, id)).await;
        }
        let order = ids(&store, &ada).await;
        assert_eq!(
            (&order[0], &order[1], &order[5]),
            (&"a".to_owned(), &"f".to_owned(), &"e".to_owned())
        );
        let first = seen.get_or_insert_with(|| order.clone());
        assert_eq!(order, *first, "it depends on who came first");
    }
}

/// Clause 5: the same person on two Pages is two customers, the same message id under two
/// customers two messages.
pub async fn separate<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let all = [
        customer("1", "ada"),
        customer("1", "bob"),
        customer("2", "ada"),
    ];
    for (number, contact) in all.iter().enumerate() {
        let text = format!("I am number {number}");
        assert_new(apply(&store, received(contact, "same", 1, &text)).await);
    }
    for (number, contact) in all.iter().enumerate() {
        let said = talk(&store, contact).await;
        assert_eq!(said.len(), 1);
        let text = said[0].content.text.as_deref();
        assert_eq!(text, Some(format!("I am number {number}").as_str()));
        assert_eq!(said[0].contact, *contact);
        assert_eq!(person(&store, contact).await.key, *contact);
    }
    for (name, count) in [("1", 2), ("2", 1), ("3", 0)] {
        let listed = all_contacts(&store, ContactQuery::new(page(name))).await;
        assert_eq!(listed.len(), count, "page {name}");
    }
}

/// Clause 12: a reaction, edit or unsend that arrives before its message is applied when the
/// message comes.
pub async fn patient<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let ada = customer("1", "ada");
    let contact = || ada.clone();
    apply(&store, received(&ada, "m0", 1, "I am known")).await;
    let early = [
        Change::Reacted {
            contact: contact(),
            mid: mid("m1"),
            at: at(9),
            by: Side::Page,
            reaction: Some(Reaction::new("👍")),
        },
        Change::Edited {
            contact: contact(),
            mid: mid("m1"),
            at: at(8),
            number: 1,
            text: "as it was meant".to_owned(),
        },
        Change::Unsent {
            contact: contact(),
            mid: mid("m2"),
            at: at(9),
        },
    ];
    for change in early {
        assert_eq!(apply(&store, change).await, Applied::Parked);
    }
    assert_eq!(
        ids(&store, &ada).await,
        ["m0"],
        "they show nothing by themselves"
    );
    assert_new(apply(&store, received(&ada, "m1", 5, "as it was typed")).await);
    assert_new(apply(&store, received(&ada, "m2", 4, "regretted")).await);
    let said = talk(&store, &ada).await;
    assert_eq!(said[0].content.text.as_deref(), Some("as it was meant"));
    assert_eq!(said[0].edited_at, Some(at(8)));
    assert_eq!(said[0].reactions, [(Side::Page, Reaction::new("👍"))]);
    assert_eq!(
        (said[1].unsent_at, &said[1].content.text),
        (Some(at(9)), &None)
    );
}

/// Clause 16: neither unread nor done hides what arrived after it was seen.
pub async fn honest<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let ada = customer("1", "ada");
    let seen = |revision| Change::Seen {
        contact: ada.clone(),
        revision,
    };
    apply(&store, received(&ada, "m1", 5, "Hello")).await;
    let looked_at = person(&store, &ada).await.revision;
    // It happened before, and arrives afterwards.
    apply(&store, received(&ada, "m2", 3, "Anybody?")).await;
    assert_eq!(apply(&store, seen(looked_at)).await, Applied::Refused);
    let done = |revision| Change::Status {
        contact: ada.clone(),
        status: Status::Done,
        revision,
        at: at(6),
        author: None,
    };
    assert_eq!(apply(&store, done(looked_at)).await, Applied::Refused);
    assert_eq!(person(&store, &ada).await.status, Status::Open);
    assert_eq!(
        apply(&store, seen(Revision::default())).await,
        Applied::Refused
    );
    assert_eq!(person(&store, &ada).await.unread, 2);
    let unread = ContactQuery::from(ContactFilter::new(page("1")).unread());
    assert_eq!(all_contacts(&store, unread.clone()).await.len(), 1);
    let now = person(&store, &ada).await.revision;
    assert_eq!(apply(&store, seen(now)).await, Applied::Changed);
    assert_eq!(person(&store, &ada).await.unread, 0);
    assert!(all_contacts(&store, unread).await.is_empty());
    let now = person(&store, &ada).await.revision;
    assert_eq!(apply(&store, done(now)).await, Applied::Changed);
    apply(&store, received(&ada, "m3", 4, "Hello?")).await;
    let found = person(&store, &ada).await;
    assert_eq!((found.status, found.unread), (Status::Open, 1));
}
