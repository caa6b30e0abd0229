//! Our own answers: claims, outcomes and echoes.

use super::*;

#[tokio::test]
async fn i10_f4_an_answer_and_its_echo_are_one_bubble_in_any_order() {
    let answer = key(1);
    let orders: [Vec<Change>; 5] = [
        vec![
            settled(&ada(), &answer, 1, sent("m2")),
            echoed(&ada(), "m2", 3, Some(&answer)),
        ],
        vec![
            echoed(&ada(), "m2", 3, Some(&answer)),
            settled(&ada(), &answer, 1, sent("m2")),
        ],
        vec![
            settled(&ada(), &answer, 1, SendOutcome::Unknown),
            echoed(&ada(), "m2", 3, Some(&answer)),
        ],
        vec![
            echoed(&ada(), "m2", 3, Some(&answer)),
            settled(&ada(), &answer, 1, SendOutcome::Unknown),
        ],
        // An echo whose metadata got lost.
        vec![
            echoed(&ada(), "m2", 3, None),
            settled(&ada(), &answer, 1, sent("m2")),
        ],
    ];
    for (number, order) in orders.into_iter().enumerate() {
        let file = File::new();
        let store = file.open();
        apply(&store, received(&ada(), "m1", 1, "Hello")).await;
        apply(&store, queued(&ada(), &answer, 2)).await;
        let claim = claimed(&ada(), &answer, 1, 7, 60);
        assert_eq!(apply(&store, claim).await, Applied::Changed);
        assert_eq!(
            talk(&store, &ada()).await[0].state,
            Some(MessageState::Sending)
        );
        for change in order.iter().chain(&order) {
            apply(&store, change.clone()).await;
        }
        let talk = talk(&store, &ada()).await;
        assert_eq!(talk.len(), 2, "order {number}");
        assert_eq!(talk[0].key.as_ref(), Some(&answer), "order {number}");
        assert_eq!(talk[0].id, "m2", "order {number}");
        assert_eq!(talk[0].side, Side::Page, "order {number}");
        assert_eq!(talk[0].state, Some(MessageState::Sent), "order {number}");
        let late = pending(&store, 1000).await;
        assert!(
            late.iter()
                .all(|work| matches!(work, Pending::FetchProfile { .. })),
            "order {number}: {late:?}"
        );
    }
}

#[tokio::test]
async fn an_outcome_before_its_answer_is_one_bubble() {
    let file = File::new();
    let store = file.open();
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    apply(&store, settled(&ada(), &key(1), 1, sent("m2"))).await;
    apply(&store, queued(&ada(), &key(1), 2)).await;
    let talk = talk(&store, &ada()).await;
    let ids: Vec<&str> = talk.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(ids, ["m2", "m1"]);
    assert_eq!(talk[0].key, Some(key(1)));
    assert_eq!(talk[0].state, Some(MessageState::Sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn i18_f29_of_32_claims_exactly_one_wins() {
    let file = File::new();
    let store = file.open();
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    apply(&store, queued(&ada(), &key(1), 2)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for by in 0..32 {
        let store = store.clone();
        tasks.spawn(async move { apply(&store, claimed(&ada(), &key(1), 1, by, 60)).await });
    }
    let answers = tasks.join_all().await;
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!((count(Applied::Changed), count(Applied::Refused)), (1, 31));
}

#[tokio::test]
async fn a_newer_attempt_wins_and_a_stale_outcome_changes_nothing() {
    let file = File::new();
    let store = file.open();
    let answer = key(1);
    let not_sent = |due| SendOutcome::NotSent {
        due: at(due),
        reason: None,
        tries: 1,
    };
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    apply(&store, queued(&ada(), &answer, 2)).await;
    apply(&store, claimed(&ada(), &answer, 1, 7, 60)).await;
    let settle = |attempt, outcome| apply(&store, settled(&ada(), &answer, attempt, outcome));
    assert_eq!(settle(1, not_sent(70)).await, Applied::Changed);
    let stale = claimed(&ada(), &answer, 1, 8, 120);
    assert_eq!(apply(&store, stale).await, Applied::Refused);
    let newer = claimed(&ada(), &answer, 2, 8, 120);
    assert_eq!(apply(&store, newer.clone()).await, Applied::Changed);
    assert_eq!(apply(&store, newer).await, Applied::Unchanged);
    for outcome in [SendOutcome::Unknown, not_sent(200)] {
        assert_eq!(settle(1, outcome).await, Applied::Unchanged);
    }
    assert_eq!(
        talk(&store, &ada()).await[0].state,
        Some(MessageState::Sending)
    );
    assert_eq!(settle(2, sent("m2")).await, Applied::Changed);
    assert_eq!(settle(2, SendOutcome::Unknown).await, Applied::Unchanged);
    assert_eq!(settle(3, not_sent(300)).await, Applied::Unchanged);
    assert_eq!(
        talk(&store, &ada()).await[0].state,
        Some(MessageState::Sent)
    );
}

#[tokio::test]
async fn pending_gives_a_new_customers_profile_and_only_the_earliest_answer() {
    let file = File::new();
    let store = file.open();
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    let works = pending(&store, 1).await;
    let [
        Pending::FetchProfile {
            contact,
            attempt: 1,
            ..
        },
    ] = &works[..]
    else {
        panic!("{works:?}")
    };
    assert_eq!(*contact, ada());
    apply(&store, known(&ada(), 2, "Ada", None)).await;
    assert_eq!(next_due(&store).await, None);

    apply(&store, queued(&ada(), &key(2), 4)).await;
    apply(&store, queued(&ada(), &key(1), 3)).await;
    let heads = async |when| -> BTreeSet<String> {
        let works = pending(&store, when).await;
        let keys = works.into_iter().map(|work| match work {
            Pending::Send { key, .. } => key.as_str().to_owned(),
            other => panic!("{other:?}"),
        });
        keys.collect()
    };
    let only = |number| BTreeSet::from([key(number).as_str().to_owned()]);
    assert_eq!(heads(10).await, only(1));
    apply(&store, claimed(&ada(), &key(1), 1, 7, 60)).await;
    // The second waits for the first.
    assert_eq!(heads(10).await, BTreeSet::new());
    assert_eq!(next_due(&store).await, Some(at(60)));
    apply(&store, settled(&ada(), &key(1), 1, sent("m2"))).await;
    assert_eq!(heads(10).await, only(2));
}

#[tokio::test]
async fn i4_a_claim_that_ran_out_is_lapsed_and_never_sent_again() {
    let file = File::new();
    let store = file.open();
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    apply(&store, known(&ada(), 2, "Ada", None)).await;
    apply(&store, queued(&ada(), &key(1), 3)).await;
    apply(&store, claimed(&ada(), &key(1), 1, 7, 60)).await;
    assert!(pending(&store, 59).await.is_empty());
    let works = pending(&store, 60).await;
    assert!(
        matches!(&works[..], [Pending::Lapsed { attempt: 1, .. }]),
        "{works:?}"
    );
    let thief = claimed(&ada(), &key(1), 2, 8, 120);
    assert_eq!(apply(&store, thief).await, Applied::Refused);
    apply(&store, settled(&ada(), &key(1), 1, SendOutcome::Unknown)).await;
    assert!(pending(&store, 9999).await.is_empty());
    assert_eq!(
        talk(&store, &ada()).await[0].state,
        Some(MessageState::Unknown)
    );
}
