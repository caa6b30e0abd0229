//! What Meta tells: any number of times, in any order.

use super::*;

#[tokio::test]
async fn s2_the_same_message_twice_is_once() {
    let file = File::new();
    let store = file.open();
    let hello = received(&ada(), "m1", 1, "Hello");
    let first = apply(&store, hello.clone()).await;
    assert!(
        matches!(first, Applied::New { customer: true, .. }),
        "{first:?}"
    );
    let revision = person(&store, &ada()).await.revision;
    assert_eq!(apply(&store, hello).await, Applied::Unchanged);
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    let person = person(&store, &ada()).await;
    assert_eq!((person.unread, person.revision), (1, revision));
    let second = apply(&store, received(&ada(), "m2", 2, "Hello")).await;
    assert!(
        matches!(
            second,
            Applied::New {
                customer: false,
                ..
            }
        ),
        "{second:?}"
    );
}

#[tokio::test]
async fn s7_i11_f20_ticks_hold_for_messages_that_come_after_the_receipt_and_never_go_down() {
    let file = File::new();
    let store = file.open();
    let read = |when| Change::Read {
        contact: ada(),
        up_to: at(when),
    };
    let delivered = |when| Change::Delivered {
        contact: ada(),
        at: at(when),
        up_to: Some(at(when)),
        mids: Vec::new(),
    };
    assert_eq!(apply(&store, delivered(20)).await, Applied::Parked);
    assert_eq!(apply(&store, read(10)).await, Applied::Parked);
    assert!(store.contact(&ada()).await.unwrap().is_none());
    for (mid, when) in [("m5", 5), ("m15", 15), ("m25", 25)] {
        apply(&store, echoed(&ada(), mid, when, None)).await;
    }
    let states = async || -> Vec<MessageState> {
        let talk = talk(&store, &ada()).await;
        talk.iter().filter_map(|message| message.state).collect()
    };
    let expected = [
        MessageState::Sent,
        MessageState::Delivered,
        MessageState::Read,
    ];
    assert_eq!(states().await, expected);
    assert_eq!(apply(&store, read(3)).await, Applied::Unchanged);
    assert_eq!(apply(&store, delivered(20)).await, Applied::Unchanged);
    assert_eq!(states().await, expected);
    assert_eq!(apply(&store, read(25)).await, Applied::Changed);
    assert_eq!(states().await, [MessageState::Read; 3]);
}

#[tokio::test]
async fn seen_with_an_older_revision_leaves_the_new_message_unread() {
    let file = File::new();
    let store = file.open();
    let seen = |revision| Change::Seen {
        contact: ada(),
        revision,
    };
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    let old = person(&store, &ada()).await.revision;
    apply(&store, received(&ada(), "m2", 2, "Anybody?")).await;
    assert_eq!(apply(&store, seen(old)).await, Applied::Refused);
    assert_eq!(
        apply(&store, seen(Revision::new(0))).await,
        Applied::Refused
    );
    assert_eq!(person(&store, &ada()).await.unread, 2);
    let new = person(&store, &ada()).await.revision;
    assert_eq!(apply(&store, seen(new)).await, Applied::Changed);
    assert_eq!(person(&store, &ada()).await.unread, 0);
    assert_eq!(apply(&store, seen(new)).await, Applied::Unchanged);
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_s2_i7_f19_a_hundred_tasks_recording_one_message_make_one() {
    let file = File::new();
    let store = file.open();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let store = store.clone();
        tasks.spawn(async move { apply(&store, received(&ada(), "m1", 1, "Hello")).await });
    }
    let answers = tasks.join_all().await;
    let new = |answer: &&Applied| matches!(answer, Applied::New { customer: true, .. });
    assert_eq!(answers.iter().filter(new).count(), 1);
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    assert_eq!(person(&store, &ada()).await.unread, 1);
}

#[tokio::test]
async fn opening_again_finds_everything() {
    let file = File::new();
    let picture = Picture::new("image/png", vec![0, 255, 7]);
    let (before, messages) = {
        let store = file.open();
        apply(&store, received(&ada(), "m1", 1, "Hello")).await;
        apply(&store, queued(&ada(), &key(1), 2)).await;
        apply(&store, known(&ada(), 3, "Ada", Some(picture.clone()))).await;
        (person(&store, &ada()).await, talk(&store, &ada()).await)
    };
    let store = file.open();
    let after = person(&store, &ada()).await;
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    assert_eq!(
        format!("{messages:?}"),
        format!("{:?}", talk(&store, &ada()).await)
    );
    assert_eq!(after.profile.unwrap().name.as_deref(), Some("Ada"));
    assert_eq!(store.picture(&ada()).await.unwrap(), Some(picture));
    let works = pending(&store, 10).await;
    assert!(
        matches!(&works[..], [Pending::Send { attempt: 1, .. }]),
        "{works:?}"
    );
    let again = apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    assert_eq!(again, Applied::Unchanged);
}

#[tokio::test]
async fn s3_the_same_person_on_two_pages_is_two_customers() {
    let file = File::new();
    let store = file.open();
    for page in ["1", "2"] {
        let applied = apply(&store, received(&contact(page, "ada"), "m1", 1, "Hello")).await;
        assert!(
            matches!(applied, Applied::New { customer: true, .. }),
            "{applied:?}"
        );
    }
    for page in ["1", "2"] {
        let query = ContactQuery::new(PageId::new(page).unwrap());
        assert_eq!(store.contacts(&query).await.unwrap().rows.len(), 1);
        assert_eq!(talk(&store, &contact(page, "ada")).await.len(), 1);
    }
}

#[tokio::test]
async fn the_same_mid_under_two_customers_is_two_messages() {
    let file = File::new();
    let store = file.open();
    for psid in ["ada", "bob"] {
        let who = contact("1", psid);
        let applied = apply(&store, received(&who, "m1", 1, psid)).await;
        assert!(matches!(applied, Applied::New { .. }), "{applied:?}");
    }
    for psid in ["ada", "bob"] {
        let talk = talk(&store, &contact("1", psid)).await;
        assert_eq!(talk[0].content.text.as_deref(), Some(psid));
    }
}

#[tokio::test]
async fn s8_a_profile_brings_its_picture_and_nothing_older_replaces_it() {
    let file = File::new();
    let store = file.open();
    let picture = Picture::new("image/png", vec![1, 2, 3]);
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    let change = known(&ada(), 10, "Ada", Some(picture.clone()));
    assert_eq!(apply(&store, change).await, Applied::Changed);
    assert_eq!(store.picture(&ada()).await.unwrap(), Some(picture.clone()));
    let first = person(&store, &ada()).await.picture.unwrap();
    let older = known(&ada(), 9, "Bob", Some(Picture::new("image/gif", vec![9])));
    assert_eq!(apply(&store, older).await, Applied::Unchanged);
    let failed = Change::Profile {
        contact: ada(),
        fetched_at: at(11),
        response: ProfileResponse::Failed,
        due: Some(at(20)),
    };
    apply(&store, failed).await;
    let after = person(&store, &ada()).await;
    assert_eq!(after.profile.unwrap().name.as_deref(), Some("Ada"));
    assert_eq!(after.picture, Some(first));
    assert_eq!(store.picture(&ada()).await.unwrap(), Some(picture));
    let newer = known(&ada(), 12, "Ada", Some(Picture::new("image/gif", vec![9])));
    apply(&store, newer).await;
    assert_ne!(person(&store, &ada()).await.picture, Some(first));
}
