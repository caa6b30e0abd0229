//! Work that waits: replies, handlers, pauses and what is fair.

use std::collections::BTreeMap;

use messenger_crm::change::{Pause, WorkOutcome};
use messenger_crm::model::{Advice, Reason};

use super::*;

fn bot() -> WorkKind {
    WorkKind::handle("bot")
}

/// The items that are due for the bot: psid, message, attempt.
async fn items(store: &dyn ContactStore, when: i64) -> Vec<(String, String, u32)> {
    let query = PendingQuery::new(at(when), [bot()]);
    let works = store.pending(&query).await.unwrap().into_iter();
    let item = |work| match work {
        Pending::Item { key, attempt, .. } => (key.psid.unwrap().to_string(), key.id, attempt),
        other => panic!("{other:?}"),
    };
    let mut items: Vec<_> = works.map(item).collect();
    items.sort();
    items
}

fn item(psid: &str, mid: &str, attempt: u32) -> (String, String, u32) {
    (psid.to_owned(), mid.to_owned(), attempt)
}

fn take(who: &ContactKey, mid: &str, attempt: u32, by: u64) -> Change {
    Change::Claimed {
        page: who.page.clone(),
        psid: Some(who.psid.clone()),
        work: Work::item(bot(), mid),
        attempt,
        until: at(60),
        by: WorkerId::new(by),
    }
}

fn end(who: &ContactKey, mid: &str, attempt: u32, outcome: WorkOutcome) -> Change {
    Change::WorkSettled {
        page: who.page.clone(),
        psid: Some(who.psid.clone()),
        kind: bot(),
        id: mid.to_owned(),
        attempt,
        outcome,
    }
}

fn replay(mid: &str, due: i64) -> Change {
    Change::WorkReplayed {
        page: ada().page,
        psid: Some(ada().psid),
        kind: bot(),
        id: mid.to_owned(),
        due: at(due),
    }
}

#[tokio::test]
async fn r20_a_handler_gets_each_message_of_a_conversation_in_order_and_once() {
    on_each_store(async |store| {
        let bob = contact("1", "bob");
        // The later one arrives first.
        for (mid, when) in [("m2", 2), ("m1", 1), ("m3", 3)] {
            let change = received_with(&bot(), &ada(), mid, when);
            assert_new(apply(store, change.clone()).await);
            assert_eq!(apply(store, change).await, Applied::Unchanged);
        }
        apply(store, received_with(&bot(), &bob, "b1", 1)).await;
        let of_bob = item("bob", "b1", 1);
        let expected = [item("ada", "m1", 1), of_bob.clone()];
        assert_eq!(items(store, 0).await, expected, "whatever any clock says");
        assert_eq!(
            apply(store, take(&ada(), "m2", 1, 7)).await,
            Applied::Refused
        );
        assert_eq!(
            apply(store, take(&ada(), "m1", 1, 7)).await,
            Applied::Changed
        );
        assert_eq!(
            apply(store, take(&ada(), "m1", 1, 8)).await,
            Applied::Refused
        );
        assert_eq!(items(store, 59).await, std::slice::from_ref(&of_bob));
        let done = || WorkOutcome::Done;
        apply(store, end(&ada(), "m1", 1, done())).await;
        assert_eq!(items(store, 1).await, [item("ada", "m2", 1), of_bob]);
        assert_eq!(
            apply(store, end(&ada(), "m1", 1, done())).await,
            Applied::Unchanged
        );
    })
    .await;
}

#[tokio::test]
async fn r20_f3_a_worker_that_crashed_is_followed_by_another_one() {
    on_each_store(async |store| {
        apply(store, received_with(&bot(), &ada(), "m1", 1)).await;
        apply(store, take(&ada(), "m1", 1, 7)).await;
        assert_eq!(items(store, 59).await, []);
        assert_eq!(items(store, 60).await, [item("ada", "m1", 2)]);
        assert_eq!(
            apply(store, take(&ada(), "m1", 2, 8)).await,
            Applied::Changed
        );
        let late = end(&ada(), "m1", 1, WorkOutcome::Done);
        assert_eq!(apply(store, late).await, Applied::Refused);
        let done = end(&ada(), "m1", 2, WorkOutcome::Done);
        assert_eq!(apply(store, done).await, Applied::Changed);
        assert_eq!(items(store, 9999).await, []);
    })
    .await;
}

#[tokio::test]
async fn r20_a_poison_message_is_tried_later_then_given_up_and_the_next_goes_on() {
    on_each_store(async |store| {
        for (mid, when) in [("m1", 1), ("m2", 2)] {
            apply(store, received_with(&bot(), &ada(), mid, when)).await;
        }
        apply(store, take(&ada(), "m1", 1, 7)).await;
        let later = WorkOutcome::Postponed {
            due: at(30),
            tries: 1,
        };
        apply(store, end(&ada(), "m1", 1, later)).await;
        assert_eq!(items(store, 29).await, [], "the second one waits for it");
        let works = store.pending(&PendingQuery::new(at(30), [bot()])).await;
        let works = works.unwrap();
        assert!(
            matches!(
                &works[..],
                [Pending::Item {
                    attempt: 2,
                    tries: 1,
                    ..
                }]
            ),
            "{works:?}"
        );
        apply(store, take(&ada(), "m1", 2, 7)).await;
        apply(store, end(&ada(), "m1", 2, WorkOutcome::GivenUp)).await;
        assert_eq!(items(store, 30).await, [item("ada", "m2", 1)]);
        assert_eq!(
            apply(store, take(&ada(), "m1", 3, 7)).await,
            Applied::Refused
        );
    })
    .await;
}

#[tokio::test]
async fn r20_f26_an_item_that_was_given_up_can_be_replayed() {
    on_each_store(async |store| {
        for (mid, when) in [("m1", 1), ("m2", 2), ("m3", 3)] {
            apply(store, received_with(&bot(), &ada(), mid, when)).await;
        }
        assert_eq!(apply(store, replay("m1", 5)).await, Applied::Unchanged);
        for mid in ["m1", "m2"] {
            apply(store, take(&ada(), mid, 1, 7)).await;
            apply(store, end(&ada(), mid, 1, WorkOutcome::GivenUp)).await;
        }
        assert_eq!(items(store, 30).await, [item("ada", "m3", 1)]);
        // The later one waits for an item that a worker holds, and the earlier one goes before it.
        apply(store, take(&ada(), "m3", 1, 7)).await;
        assert_eq!(apply(store, replay("m2", 5)).await, Applied::Changed);
        assert_eq!(items(store, 30).await, []);
        apply(store, end(&ada(), "m3", 1, WorkOutcome::Done)).await;
        assert_eq!(items(store, 30).await, [item("ada", "m2", 2)]);
        assert_eq!(apply(store, replay("m1", 5)).await, Applied::Changed);
        assert_eq!(items(store, 30).await, [item("ada", "m1", 2)]);
        assert_eq!(apply(store, replay("m1", 5)).await, Applied::Unchanged);
        // The attempt before is over, also for a worker that learns it late.
        let late = end(&ada(), "m1", 1, WorkOutcome::Done);
        assert_eq!(apply(store, late).await, Applied::Refused);
        for mid in ["m1", "m2"] {
            apply(store, take(&ada(), mid, 2, 7)).await;
            apply(store, end(&ada(), mid, 2, WorkOutcome::Done)).await;
            assert_eq!(apply(store, replay(mid, 5)).await, Applied::Refused);
        }
        assert_eq!(items(store, 9999).await, []);
    })
    .await;
}

#[tokio::test]
async fn r20_a_replay_does_not_bring_back_what_was_erased() {
    on_each_store(async |store| {
        apply(store, received_with(&bot(), &ada(), "m1", 1)).await;
        apply(store, take(&ada(), "m1", 1, 7)).await;
        apply(store, end(&ada(), "m1", 1, WorkOutcome::GivenUp)).await;
        let forgotten = Change::Forgotten {
            contact: ada(),
            at: at(9),
        };
        apply(store, forgotten).await;
        assert_eq!(apply(store, replay("m1", 20)).await, Applied::Forgotten);
        assert_eq!(items(store, 9999).await, []);
    })
    .await;
}

#[tokio::test]
async fn n38_history_and_replays_are_no_work_for_a_handler() {
    on_each_store(async |store| {
        let past = received_with(&bot(), &ada(), "m1", 1).into_past();
        assert_new(apply(store, past).await);
        assert_eq!(items(store, 9999).await, []);
        // The same message live, because the import was faster.
        let live = apply(store, received_with(&bot(), &ada(), "m1", 1)).await;
        assert!(matches!(live, Applied::New { live: true, .. }), "{live:?}");
        assert_eq!(items(store, 9999).await, [item("ada", "m1", 1)]);
        assert_eq!(person(store, &ada()).await.unread, 1);
    })
    .await;
}

#[tokio::test]
async fn r20_erasing_a_customer_erases_the_work_of_their_handlers() {
    on_each_store(async |store| {
        apply(store, received_with(&bot(), &ada(), "m1", 1)).await;
        let forgotten = Change::Forgotten {
            contact: ada(),
            at: at(9),
        };
        apply(store, forgotten).await;
        erase_all(store).await;
        assert_eq!(items(store, 9999).await, []);
        assert_eq!(next_due_of(store, [bot()]).await, None);
    })
    .await;
}

async fn next_due_of(
    store: &dyn ContactStore,
    kinds: impl IntoIterator<Item = WorkKind>,
) -> Option<Timestamp> {
    let query = PendingQuery::new(at(0), kinds);
    store.next_due(&query).await.unwrap()
}

fn paused(page: &str, when: i64, pause: Option<Pause>) -> Change {
    Change::Paused {
        page: PageId::new(page).unwrap(),
        at: at(when),
        pause,
    }
}

/// Work of every kind that is due, by Page.
async fn by_page(store: &dyn ContactStore, when: i64) -> BTreeMap<String, usize> {
    let kinds = KINDS.into_iter().chain([bot()]);
    let works = store.pending(&PendingQuery::new(at(when), kinds)).await;
    let mut counts = BTreeMap::new();
    for work in works.unwrap() {
        *counts.entry(work.page().to_string()).or_default() += 1;
    }
    counts
}

fn counts(of: &[(&str, usize)]) -> BTreeMap<String, usize> {
    let counts = of.iter();
    counts
        .map(|(page, count)| ((*page).to_owned(), *count))
        .collect()
}

#[tokio::test]
async fn n9_a_paused_page_has_no_work_due_until_the_pause_ends() {
    on_each_store(async |store| {
        for page in ["1", "2"] {
            let who = contact(page, "ada");
            // A reply, a profile and a handler.
            apply(store, received_with(&bot(), &who, "m1", 1)).await;
            apply(store, queued(&who, &key(1), 2)).await;
        }
        assert_eq!(by_page(store, 5).await, counts(&[("1", 3), ("2", 3)]));
        let pause = Pause::new("the token is refused", None);
        apply(store, paused("1", 10, Some(pause.clone()))).await;
        assert_eq!(by_page(store, 9999).await, counts(&[("2", 3)]));
        let state = store.page(&ada().page).await.unwrap();
        assert_eq!(state.pause, Some(pause));

        // It holds nobody else up, and an older word does not end it.
        assert_eq!(apply(store, paused("1", 9, None)).await, Applied::Unchanged);
        apply(
            store,
            paused("2", 10, Some(Pause::new("throttled", Some(at(50))))),
        )
        .await;
        assert_eq!(by_page(store, 49).await, counts(&[]));
        let kinds = KINDS.into_iter().chain([bot()]);
        assert_eq!(
            next_due_of(store, kinds).await,
            Some(at(50)),
            "when the one pause ends; the other has no end"
        );
        assert_eq!(by_page(store, 50).await, counts(&[("2", 3)]), "by itself");
        apply(store, paused("1", 11, None)).await;
        assert_eq!(by_page(store, 50).await, counts(&[("1", 3), ("2", 3)]));
        assert_eq!(store.page(&ada().page).await.unwrap().pause, None);
    })
    .await;
}

#[tokio::test]
async fn n9_a_pause_holds_back_neither_erasing_nor_the_end_of_a_snooze() {
    on_each_store(async |store| {
        let bob = contact("1", "bob");
        for who in [&ada(), &bob] {
            apply(store, received(who, "m1", 1, "Hello")).await;
        }
        let revision = person(store, &ada()).await.revision;
        let until = Status::snoozed(Some(at(20)));
        apply(store, status(&ada(), until, revision, 2)).await;
        apply(store, paused("1", 3, Some(Pause::new("restricted", None)))).await;
        let forgotten = Change::Forgotten {
            contact: bob,
            at: at(9),
        };
        apply(store, forgotten).await;
        let works = pending(store, 20).await;
        assert!(
            matches!(&works[..], [Pending::Wake { .. }, Pending::Erase { .. }]),
            "{works:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn n9_each_page_has_its_turn_however_much_another_one_has_to_send() {
    on_each_store(async |store| {
        let reply = async |page: &str, number: i64| {
            let who = contact(page, &format!("c{number}"));
            apply(store, received(&who, "m1", 1, "Hello")).await;
            apply(store, queued(&who, &key(1), 2 + number)).await;
        };
        for number in 0..20 {
            reply("1", number).await;
        }
        for number in 0..2 {
            reply("2", 100 + number).await;
            reply("3", 200 + number).await;
        }
        let query = PendingQuery::new(at(9999), [WorkKind::SEND]).with_limit(6);
        let works = store.pending(&query).await.unwrap();
        let pages: Vec<&str> = works.iter().map(|work| work.page().as_str()).collect();
        let mut sorted = pages.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["1", "1", "2", "2", "3", "3"], "{pages:?}");
    })
    .await;
}

#[tokio::test]
async fn marks_of_a_page_are_registers() {
    on_each_store(async |store| {
        let mark = |value: Option<&str>, when| Change::Mark {
            page: ada().page,
            name: "import".to_owned(),
            value: value.map(str::to_owned),
            at: at(when),
        };
        let marks = async || store.page(&ada().page).await.unwrap().marks;
        assert_eq!(apply(store, mark(Some("b"), 2)).await, Applied::Changed);
        assert_eq!(apply(store, mark(Some("a"), 1)).await, Applied::Unchanged);
        assert_eq!(apply(store, mark(Some("b"), 2)).await, Applied::Unchanged);
        assert_eq!(marks().await["import"], "b");
        assert_eq!(apply(store, mark(None, 3)).await, Applied::Changed);
        assert!(marks().await.is_empty());
        assert_eq!(apply(store, mark(Some("b"), 2)).await, Applied::Unchanged);
        assert!(marks().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn n11_a_queued_reply_and_a_new_profile_are_due_at_once_whatever_the_clock_says() {
    on_each_store(async |store| {
        // Meta's clock is a day ahead of ours.
        let day = 24 * 3600;
        apply(store, received(&ada(), "m1", day, "Hello")).await;
        apply(store, queued(&ada(), &key(1), day + 1)).await;
        let works = pending(store, 0).await;
        assert!(
            matches!(
                &works[..],
                [Pending::Send { .. }, Pending::FetchProfile { .. }]
            ),
            "{works:?}"
        );
        assert_eq!(next_due(store).await, Some(Timestamp::default()));
        assert_eq!(talk(store, &ada()).await[0].at, at(day + 1), "its order");
    })
    .await;
}

#[tokio::test]
async fn n30_a_key_that_is_used_again_with_other_words_is_refused_to_a_person() {
    on_each_store(async |store| {
        let reply = |text: &str, author| Change::Queued {
            contact: ada(),
            key: key(1),
            at: at(2),
            outgoing: Outgoing::text(text).with_author(author),
        };
        let (bea, bot) = (Author::agent("bea"), Author::program("bot"));
        apply(store, received(&ada(), "m1", 1, "Hello")).await;
        assert_new(apply(store, reply("first", bea.clone())).await);
        let again = apply(store, reply("first", bea.clone())).await;
        assert_eq!(again, Applied::Unchanged);
        let other = apply(store, reply("second", bea)).await;
        assert_eq!(other, Applied::Refused);
        let program = apply(store, reply("second", bot)).await;
        assert_eq!(program, Applied::Unchanged, "its first words stand");
        let said = talk(store, &ada()).await;
        assert_eq!(said.len(), 2);
        assert_eq!(said[0].content.text.as_deref(), Some("first"));
    })
    .await;
}

#[tokio::test]
async fn w33_of_all_who_send_again_exactly_one_new_key_wins() {
    on_each_store(async |store| {
        let again = |new: u8| Change::Resent {
            contact: ada(),
            key: key(1),
            new: key(new),
            at: at(20),
            latest: Some(at(99)),
            author: Some(Author::agent("bea")),
        };
        apply(store, received(&ada(), "m1", 1, "Hello")).await;
        assert_eq!(
            apply(store, again(2)).await,
            Applied::Refused,
            "no such reply"
        );
        apply(store, queued(&ada(), &key(1), 2)).await;
        assert_eq!(apply(store, again(2)).await, Applied::Refused, "it waits");
        let failed = SendOutcome::Failed {
            reason: Reason::new(Advice::TryAgain),
        };
        apply(store, claimed(&ada(), &key(1), 1, 7, 60)).await;
        apply(store, settled(&ada(), &key(1), 1, failed)).await;
        let mut won = Vec::new();
        for tab in 2..10 {
            match apply(store, again(tab)).await {
                Applied::New { .. } => won.push(key(tab)),
                Applied::Refused => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(won, [key(2)]);
        assert_eq!(apply(store, again(2)).await, Applied::Unchanged);
        let said = talk(store, &ada()).await;
        let states: Vec<_> = said.iter().filter_map(|one| one.state).collect();
        assert_eq!(states, [MessageState::Queued, MessageState::Failed]);
        assert_eq!(said[1].resent_as, Some(key(2)), "no tab offers it again");
        assert_eq!(said[0].content, said[1].content);
        let works = pending(store, 20).await;
        let outgoing = works.iter().find_map(|work| match work {
            Pending::Send {
                key: sent,
                outgoing,
                ..
            } if *sent == key(2) => Some(outgoing),
            _ => None,
        });
        assert_eq!(outgoing.unwrap().latest, Some(at(99)));
    })
    .await;
}
