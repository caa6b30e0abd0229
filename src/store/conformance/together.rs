//! Many at once, and some who give up: the clauses about callers who do not wait for each other.

use std::{collections::BTreeSet, path::Path, pin::pin, task::Context, time::Duration};

use super::kit::{
    Folder, POISON, apply, assert_new, at, claimed, customer, ids, next_due, page, pending, person,
    polled, received, talk, together,
};
use crate::{
    change::{Applied, Change, SendOutcome, Work},
    model::{ContactKey, MessageState, Outgoing, OutgoingKey, Revision, Status},
    store::{ContactStore, Pending, StoreError},
};

/// Clause 2: the changes of one call appear whole or not at all.
pub async fn atomic<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let (ada, bob) = (customer("1", "ada"), customer("1", "bob"));
    let both = [
        received(&ada, "m1", 1, "first"),
        received(&bob, "m2", 2, "second"),
    ];
    // Whoever looks on between two steps sees both, or none.
    let mut applying = pin!(store.apply(&both));
    let mut is_done = false;
    while !is_done {
        let step = std::future::poll_fn(|context: &mut Context<'_>| {
            std::task::Poll::Ready(applying.as_mut().poll(context).is_ready())
        });
        is_done = step.await;
        let seen = (
            store.contact(&ada).await.unwrap(),
            store.contact(&bob).await.unwrap(),
        );
        // One look may fall before the commit and the other behind it, but not the other way round.
        assert!(
            !(seen.0.is_some() && seen.1.is_none()),
            "only the first is there"
        );
    }
    // A call that is refused has done nothing.
    let cy = customer("1", "cy");
    let changes = [
        received(&cy, "m3", 3, "good"),
        received(&cy, "m4", 4, POISON),
        received(&cy, "m5", 5, "good"),
    ];
    let count = match store.apply(&changes).await {
        Ok(_) => 3,
        Err(_) => 0,
    };
    assert_eq!(talk(&store, &cy).await.len(), count);
}

/// Clause 9: a hundred tasks recording one message make one.
pub async fn concurrent<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let ada = customer("1", "ada");
    let change = received(&ada, "m1", 1, "Hello");
    let one = || apply(&store, change.clone());
    let answers = together((0..100).map(|_| one())).await;
    let is_new = |answer: &&Applied| matches!(answer, Applied::New { customer: true, .. });
    assert_eq!(answers.iter().filter(is_new).count(), 1, "{answers:?}");
    let others = answers
        .iter()
        .filter(|answer| matches!(answer, Applied::New { .. }));
    assert_eq!(others.count(), 1, "{answers:?}");
    assert_eq!(ids(&store, &ada).await, ["m1"]);
    assert_eq!(person(&store, &ada).await.unread, 1);
}

/// Clause 10: a dropped future has done all or nothing.
pub async fn cancel_safe<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    for polls in 0..8 {
        let contact = customer("1", &format!("dropped after {polls}"));
        let ids_of = |name| format!("{name}{polls}");
        let changes = [
            received(&contact, &ids_of("a"), 1, "first"),
            received(&contact, &ids_of("b"), 2, "second"),
            received(&contact, &ids_of("c"), 3, "third"),
        ];
        let was_done = polled(store.apply(&changes), polls);
        // Whatever was begun of a conversation is over when what is told of it next is.
        apply(&store, received(&contact, &ids_of("d"), 4, "last")).await;
        let count = talk(&store, &contact).await.len() - 1;
        assert!(count == 0 || count == 3, "{count} of 3 after {polls} polls");
        assert!(count == 3 || !was_done, "acknowledged and gone");
        let answers = store.apply(&changes).await.unwrap();
        let new = answers
            .iter()
            .filter(|answer| matches!(answer, Applied::New { .. }));
        assert_eq!(new.count(), 3 - count, "applying again tells what was done");
        assert_eq!(talk(&store, &contact).await.len(), 4);
    }
}

/// Clause 15: what a store can never accept costs that call alone, and is told from what may help
/// to repeat.
pub async fn isolated<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let contacts: Vec<_> = (0..64)
        .map(|number| customer("1", &format!("c{number}")))
        .collect();
    let one = async |number: usize| {
        let text = if number == 33 { POISON } else { "good" };
        let change = received(&contacts[number], &format!("m{number}"), 1, text);
        store.apply(&[change]).await
    };
    let answers = together((0..64).map(one)).await;
    for (number, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(_) => assert_eq!(ids(&store, &contacts[number]).await.len(), 1),
            Err(StoreError::Refused(_)) if number == 33 => {
                assert_eq!(store.contact(&contacts[number]).await.unwrap(), None);
            }
            Err(error) => panic!("message {number}: {error}"),
        }
    }
    apply(&store, received(&contacts[33], "m", 2, "good")).await;
    assert!(ids(&store, &contacts[33]).await.contains(&"m".to_owned()));
}

/// Clause 17: no revision is skipped, whatever commits first.
pub async fn resumable<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let here = page("1");
    let changed = async |since| store.changed(&here, since, Duration::ZERO).await.unwrap();
    let mut told = BTreeSet::new();
    let mut since = changed(Revision::default()).await.revision;
    for round in 0..4 {
        let one = |number: i64| {
            let contact = customer("1", &format!("c{round}-{number}"));
            apply(
                &store,
                received(&contact, &format!("m{round}-{number}"), number, "Hello"),
            )
        };
        let _: Vec<Applied> = together((0..16).map(one)).await;
        loop {
            let changed = changed(since).await;
            assert!(!changed.reset, "nobody was forgotten");
            assert!(changed.revision >= since, "it goes back");
            told.extend(
                changed
                    .contacts
                    .into_iter()
                    .map(|contact| contact.psid.to_string()),
            );
            since = changed.revision;
            if !changed.more {
                break;
            }
        }
        assert_eq!(told.len(), 16 * (round + 1), "some were skipped");
    }
    let quiet = changed(since).await;
    assert_eq!((quiet.contacts, quiet.revision), (Vec::new(), since));
    // From the beginning it tells of each once.
    let all = changed(Revision::default()).await;
    assert_eq!(all.contacts.len(), 64);
    assert!(changed(since.next()).await.reset, "no such revision yet");
    let gone = customer("1", "c0-0");
    let forgotten = Change::Forgotten {
        contact: gone,
        at: at(1000),
    };
    apply(&store, forgotten).await;
    assert!(changed(since).await.reset, "a customer is gone");
}

/// Clause 18: of all that claim an attempt, one wins.
pub async fn fenced<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let ada = customer("1", "ada");
    let key = OutgoingKey::new(at(2), [1; 10]);
    apply(&store, received(&ada, "m1", 1, "Hello")).await;
    let queued = Change::Queued {
        contact: ada.clone(),
        key: key.clone(),
        at: at(2),
        outgoing: Outgoing::text("Hello, Ada"),
    };
    apply(&store, queued).await;
    let claim = |work: Work, attempt, by| claimed(&ada, work, attempt, at(60), by);
    for work in [Work::Send(key.clone()), Work::Profile] {
        let one = |by| apply(&store, claim(work.clone(), 1, by));
        let answers = together((0..32).map(one)).await;
        let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
        assert_eq!(
            (count(Applied::Changed), count(Applied::Refused)),
            (1, 31),
            "{work:?}"
        );
    }
    // A claim in force cannot be taken over; one that ran out is no message to be sent again.
    let send = || Work::Send(key.clone());
    assert_eq!(apply(&store, claim(send(), 2, 99)).await, Applied::Refused);
    assert!(pending(&store, at(59)).await.is_empty());
    assert_eq!(next_due(&store).await, Some(at(60)));
    let due = pending(&store, at(60)).await;
    let is_lapsed = |work: &Pending| matches!(work, Pending::Lapsed { attempt: 1, .. });
    assert!(due.iter().any(is_lapsed), "{due:?}");
    let settled = |attempt, outcome| Change::Settled {
        contact: ada.clone(),
        key: key.clone(),
        attempt,
        outcome,
    };
    apply(
        &store,
        settled(
            1,
            SendOutcome::NotSent {
                due: at(70),
                reason: None,
                tries: 1,
            },
        ),
    )
    .await;
    assert_eq!(apply(&store, claim(send(), 1, 98)).await, Applied::Refused);
    assert_eq!(apply(&store, claim(send(), 2, 99)).await, Applied::Changed);
    // The first worker wakes up and knows nothing better.
    apply(&store, settled(1, SendOutcome::Unknown)).await;
    let said = talk(&store, &ada).await;
    assert_eq!(said[0].state, Some(MessageState::Sending));
}

/// Clause 20: of two agents who assign or finish a conversation from the same state, one wins, and
/// the others can see who.
pub async fn exclusive<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let ada = customer("1", "ada");
    apply(&store, received(&ada, "m1", 1, "Hello")).await;
    let assign = |agent: Option<&str>, revision| Change::Assigned {
        contact: ada.clone(),
        assignee: agent.map(str::to_owned),
        revision,
        at: at(2),
        author: None,
    };
    let seen = person(&store, &ada).await.revision;
    let agents: Vec<String> = (0..8).map(|number| format!("agent {number}")).collect();
    let one = |agent| apply(&store, assign(Some(agent), seen));
    let answers = together(agents.iter().map(|agent| one(agent))).await;
    let found = person(&store, &ada).await;
    for (agent, answer) in agents.iter().zip(answers) {
        let has_it = found.assignee.as_ref() == Some(agent);
        let expected = if has_it {
            Applied::Changed
        } else {
            Applied::Refused
        };
        assert_eq!(answer, expected, "{agent}");
    }
    let owner = found.assignee.as_deref();
    assert!(owner.is_some(), "nobody won");
    assert_eq!(apply(&store, assign(owner, seen)).await, Applied::Unchanged);
    assert_eq!(apply(&store, assign(None, seen)).await, Applied::Refused);
    let free = assign(None, found.revision);
    assert_eq!(apply(&store, free).await, Applied::Changed);
    assert_eq!(person(&store, &ada).await.assignee, None);
    finished(&store, &ada).await;
}

/// Of all who change the status from the same state one wins; a new message opens the conversation.
async fn finished(store: &impl ContactStore, ada: &ContactKey) {
    let change = |status, revision| Change::Status {
        contact: ada.clone(),
        status,
        revision,
        at: at(3),
        author: None,
    };
    let seen = person(store, ada).await.revision;
    let statuses = [
        Status::Done,
        Status::snoozed(None),
        Status::snoozed(Some(at(50))),
        Status::snoozed(Some(at(60))),
    ];
    let one = |status| apply(store, change(status, seen));
    let answers = together(statuses.map(one)).await;
    let found = person(store, ada).await;
    for (status, answer) in statuses.into_iter().zip(answers) {
        let expected = if found.status == status {
            Applied::Changed
        } else {
            Applied::Refused
        };
        assert_eq!(answer, expected, "{status:?}");
    }
    assert_ne!(found.status, Status::Open, "nobody won");
    let open = change(Status::Open, seen);
    assert_eq!(apply(store, open).await, Applied::Refused);
    assert_new(apply(store, received(ada, "m2", 70, "And")).await);
    assert_eq!(person(store, ada).await.status, Status::Open);
}
