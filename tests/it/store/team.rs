//! Acts of the team: status, assignee, notes, tags, unread marks.

use messenger_crm::model::{Act, Advice, Content, Entry, EntryId, Reason, Source, StatusKind};
use messenger_crm::store::Count;

use super::*;

fn noted(who: &ContactKey, id: &str, when: i64, text: &str) -> Change {
    let mut content = Content::text(text);
    content.act = Act::NOTE;
    let id = EntryId::of_parts(&[id.as_bytes()]);
    let mut entry = Entry::new(id, at(when), Source::Own, content);
    entry.author = Some(Author::agent("bob"));
    Change::Noted {
        contact: who.clone(),
        entry,
    }
}

/// Ada has written; the revision that an agent sees.
async fn hello(store: &dyn ContactStore) -> Revision {
    apply(store, received(&ada(), "m1", 1, "Hello")).await;
    person(store, &ada()).await.revision
}

/// The lines of the team: kind, title, author.
async fn lines(store: &dyn ContactStore, who: &ContactKey) -> Vec<(String, String, String)> {
    let said = talk(store, who).await.into_iter().rev();
    let lines = said.filter(|message| message.side == Side::Team);
    lines
        .map(|line| {
            let title = line.content.title.unwrap_or_default();
            let author = line.author.unwrap().id;
            (line.content.act.as_str().to_owned(), title, author)
        })
        .collect()
}

#[tokio::test]
async fn r1_of_two_agents_who_take_a_conversation_one_has_it_and_the_other_sees_who() {
    on_each_store(async |store| {
        let revision = hello(store).await;
        let first = apply(store, assigned(&ada(), "bea", revision, 2)).await;
        assert_eq!(first, Applied::Changed);
        let second = apply(store, assigned(&ada(), "cem", revision, 3)).await;
        assert_eq!(second, Applied::Refused);
        let found = person(store, &ada()).await;
        assert_eq!(found.assignee.as_deref(), Some("bea"));
        let third = apply(store, assigned(&ada(), "cem", found.revision, 4)).await;
        assert_eq!(third, Applied::Changed);
    })
    .await;
}

#[tokio::test]
async fn r2_a_live_message_opens_what_was_done_and_history_does_not() {
    on_each_store(async |store| {
        let revision = hello(store).await;
        apply(store, received(&ada(), "m2", 2, "Anybody?")).await;
        let late = status(&ada(), Status::Done, revision, 3);
        assert_eq!(apply(store, late).await, Applied::Refused);
        let revision = person(store, &ada()).await.revision;
        let done = status(&ada(), Status::Done, revision, 3);
        assert_eq!(apply(store, done).await, Applied::Changed);
        apply(store, seen(&ada(), revision)).await;

        let replayed = received(&ada(), "m0", 0, "from a raw event").into_past();
        let mut imported = replayed.clone();
        if let Change::Received { entry, .. } = &mut imported {
            let content = entry.content.clone();
            *entry = Entry::new("m9".parse().unwrap(), at(9), Source::Backfill, content);
        }
        for change in [replayed, imported] {
            let applied = apply(store, change).await;
            assert!(
                matches!(applied, Applied::New { live: false, .. }),
                "{applied:?}"
            );
            let found = person(store, &ada()).await;
            assert_eq!((found.status, found.unread), (Status::Done, 0));
        }
        apply(store, received(&ada(), "m3", 10, "And another thing")).await;
        let found = person(store, &ada()).await;
        assert_eq!((found.status, found.unread), (Status::Open, 1));
    })
    .await;
}

#[tokio::test]
async fn r3_a_snooze_ends_at_its_time_as_work_or_when_the_customer_writes() {
    on_each_store(async |store| {
        let revision = hello(store).await;
        apply(store, known(&ada(), 2, "Ada", None)).await;
        let until = Status::snoozed(Some(at(50)));
        apply(store, status(&ada(), until, revision, 2)).await;
        let snoozed = ContactFilter::new(ada().page).with_status(StatusKind::Snoozed);
        assert_eq!(store.count(&snoozed).await.unwrap(), Count::Exactly(1));
        assert_eq!(pending(store, 49).await, []);
        assert_eq!(next_due(store).await, Some(at(50)));
        let works = pending(store, 50).await;
        assert!(
            matches!(&works[..], [Pending::Wake { contact, .. }] if *contact == ada()),
            "{works:?}"
        );
        let woken = |when| Change::Woken {
            contact: ada(),
            at: at(when),
        };
        let before = person(store, &ada()).await.revision;
        assert_eq!(apply(store, woken(49)).await, Applied::Unchanged);
        assert_eq!(apply(store, woken(50)).await, Applied::Changed);
        let found = person(store, &ada()).await;
        assert_eq!(found.status, Status::Open);
        assert!(found.revision > before, "lists cannot follow");
        assert_eq!(store.count(&snoozed).await.unwrap(), Count::Exactly(0));
        assert_eq!(pending(store, 100).await, []);
        assert_eq!(apply(store, woken(50)).await, Applied::Unchanged);

        let until_they_write = status(&ada(), Status::snoozed(None), found.revision, 60);
        assert_eq!(apply(store, until_they_write).await, Applied::Changed);
        assert_eq!(pending(store, 9999).await, []);
        apply(store, received(&ada(), "m2", 70, "Here I am")).await;
        assert_eq!(person(store, &ada()).await.status, Status::Open);
    })
    .await;
}

#[tokio::test]
async fn r4_notes_are_lines_of_the_conversation_and_move_nothing_else() {
    on_each_store(async |store| {
        hello(store).await;
        apply(store, received(&ada(), "m2", 20, "Anybody?")).await;
        let before = person(store, &ada()).await;
        let second = noted(&ada(), "b", 30, "wants oolong");
        for note in [noted(&ada(), "a", 10, "is a regular"), second.clone()] {
            assert_new(apply(store, note).await);
        }
        assert_eq!(apply(store, second).await, Applied::Unchanged);
        let said = talk(store, &ada()).await;
        let texts: Vec<_> = said.iter().map(|one| one.content.text.as_deref()).collect();
        let expected = ["wants oolong", "Anybody?", "is a regular", "Hello"];
        assert_eq!(texts, expected.map(Some));
        let (note, author) = (&said[0], Some(Author::agent("bob")));
        assert_eq!(
            (note.side, note.at, &note.author),
            (Side::Team, at(30), &author)
        );
        assert_eq!(note.state, None);

        let mut after = person(store, &ada()).await;
        assert!(after.revision > before.revision);
        after.revision = before.revision;
        assert_eq!(after, before);
        let works = pending(store, 9999).await;
        assert!(
            matches!(&works[..], [Pending::FetchProfile { .. }]),
            "a note is never sent: {works:?}"
        );
        let query = SearchQuery::new(ada().page, "oolong");
        assert_eq!(store.search(&query).await.unwrap().rows, []);

        let forgotten = Change::Forgotten {
            contact: ada(),
            at: at(40),
        };
        apply(store, forgotten).await;
        assert_eq!(talk(store, &ada()).await, []);
        let late = noted(&ada(), "c", 15, "too late");
        assert_eq!(apply(store, late).await, Applied::Forgotten);
    })
    .await;
}

#[tokio::test]
async fn r5_a_reply_keeps_its_author_through_sending_and_echo() {
    on_each_store(async |store| {
        hello(store).await;
        let bea = Author::agent("bea");
        let mut reply = queued(&ada(), &key(1), 2);
        if let Change::Queued { outgoing, .. } = &mut reply {
            *outgoing = outgoing.clone().with_author(bea.clone());
        }
        let steps = [
            reply,
            claimed(&ada(), &key(1), 1, 7, 60),
            settled(&ada(), &key(1), 1, sent("m2")),
            echoed(&ada(), "m2", 3, Some(&key(1))),
        ];
        for step in steps {
            apply(store, step.clone()).await;
            let newest = talk(store, &ada()).await.remove(0);
            assert_eq!(newest.author.as_ref(), Some(&bea), "{step:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn r5_what_the_team_did_is_a_line_with_author_and_time() {
    on_each_store(async |store| {
        let revision = hello(store).await;
        let tag = |on, when| match tagged(&ada(), "vip", on, when) {
            Change::Tagged {
                contact,
                tag,
                on,
                at,
                ..
            } => Change::Tagged {
                contact,
                tag,
                on,
                at,
                author: Some(Author::program("bot")),
            },
            other => panic!("{other:?}"),
        };
        apply(store, assigned(&ada(), "bea", revision, 2)).await;
        apply(store, status(&ada(), Status::Done, revision, 3)).await;
        let reopen = person(store, &ada()).await.revision;
        apply(store, status(&ada(), Status::Open, reopen, 4)).await;
        apply(store, tag(true, 5)).await;
        apply(store, tag(false, 6)).await;
        let expected = [
            ("assigned", "bea", "ada"),
            ("status", "done", "ada"),
            ("status", "open", "ada"),
            ("tagged", "vip", "bot"),
            ("untagged", "vip", "bot"),
        ];
        let expected = expected.map(|(act, title, by)| (act.into(), title.into(), by.into()));
        assert_eq!(lines(store, &ada()).await, expected);
        let newest = talk(store, &ada()).await.remove(0);
        assert_eq!(newest.at, at(6));
        assert!(newest.author.unwrap().is_program);
        // Lines of the team answer nobody.
        let found = person(store, &ada()).await;
        assert_eq!(found.unanswered_since, Some(at(1)));
        assert_eq!(found.last_at, at(1));
    })
    .await;
}

#[tokio::test]
async fn r6_adding_and_removing_a_tag_commute_and_tags_are_counted() {
    on_each_store(async |store| {
        let (bob, cy) = (contact("1", "bob"), contact("1", "cy"));
        let changes = [
            tagged(&ada(), "vip", true, 5),
            tagged(&ada(), "vip", false, 6),
            tagged(&ada(), "late", false, 5),
            tagged(&ada(), "late", true, 6),
        ];
        for who in [&ada(), &bob, &cy] {
            apply(store, received(who, "m1", 1, "Hello")).await;
        }
        for change in changes.iter().chain(&changes) {
            apply(store, change.clone()).await;
        }
        let mine = person(store, &ada()).await.tags;
        assert!(mine.iter().eq(["late"]), "{mine:?}");
        for change in changes.into_iter().rev() {
            assert_eq!(apply(store, change).await, Applied::Unchanged);
        }
        apply(store, tagged(&bob, "late", true, 1)).await;
        apply(store, tagged(&bob, "vip", true, 1)).await;
        let counted = |tag: &str, count| (tag.to_owned(), Count::Exactly(count));
        let tags = store.tags(&ada().page).await.unwrap();
        assert_eq!(tags, [counted("late", 2), counted("vip", 1)]);
        let both = ContactFilter::new(ada().page)
            .with_tag("late")
            .with_tag("vip");
        let found = store.contacts(&both.into()).await.unwrap().rows;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].key, bob);
    })
    .await;
}

#[tokio::test]
async fn r6_a_customer_has_a_hundred_tags_and_fields_at_most() {
    on_each_store(async |store| {
        hello(store).await;
        for number in 0..Change::MAX_LABELS {
            let name = number.to_string();
            let change = match number % 2 {
                0 => tagged(&ada(), &name, true, 1),
                _ => field(&ada(), &name, "value"),
            };
            assert_eq!(apply(store, change).await, Applied::Changed, "{number}");
        }
        for change in [
            tagged(&ada(), "new", true, 1),
            field(&ada(), "new", "value"),
        ] {
            assert_eq!(apply(store, change).await, Applied::Refused);
        }
        let known = tagged(&ada(), "0", false, 2);
        assert_eq!(apply(store, known).await, Applied::Changed);
    })
    .await;
}

#[tokio::test]
async fn r12_unread_and_unanswered_are_two_things() {
    on_each_store(async |store| {
        let revision = hello(store).await;
        let found = person(store, &ada()).await;
        assert_eq!((found.unread, found.unanswered_since), (1, Some(at(1))));
        apply(store, seen(&ada(), revision)).await;
        apply(store, received(&ada(), "m2", 2, "Anybody?")).await;
        let found = person(store, &ada()).await;
        assert_eq!((found.unread, found.unanswered_since), (1, Some(at(1))));
        apply(store, queued(&ada(), &key(1), 3)).await;
        let found = person(store, &ada()).await;
        assert_eq!((found.unread, found.unanswered_since), (1, None));
        // A reply that failed answers nobody.
        let failed = SendOutcome::Failed {
            reason: Reason::new(Advice::OutsideWindow),
        };
        apply(store, settled(&ada(), &key(1), 1, failed)).await;
        assert_eq!(person(store, &ada()).await.unanswered_since, Some(at(1)));
        apply(store, echoed(&ada(), "m3", 1, None)).await;
        assert_eq!(person(store, &ada()).await.unanswered_since, Some(at(2)));
    })
    .await;
}

#[tokio::test]
async fn marked_unread_raises_the_count_and_seen_clears_it() {
    on_each_store(async |store| {
        let marked = |count| Change::MarkedUnread {
            contact: ada(),
            count,
        };
        assert_eq!(
            apply(store, marked(1)).await,
            Applied::Unchanged,
            "a stranger"
        );
        let revision = hello(store).await;
        assert_eq!(apply(store, marked(1)).await, Applied::Unchanged);
        apply(store, seen(&ada(), revision)).await;
        assert_eq!(apply(store, marked(2)).await, Applied::Changed);
        let found = person(store, &ada()).await;
        assert_eq!(found.unread, 2);
        let unread = ContactFilter::new(ada().page).unread();
        assert_eq!(store.count(&unread).await.unwrap(), Count::Exactly(1));
        assert_eq!(apply(store, marked(1)).await, Applied::Unchanged, "lower");
        let cleared = apply(store, seen(&ada(), found.revision)).await;
        assert_eq!(cleared, Applied::Changed);
        assert_eq!(person(store, &ada()).await.unread, 0);
    })
    .await;
}
