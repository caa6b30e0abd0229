//! Erasing, tombstones and clocks.

use messenger_crm::model::{Content, Entry, EntryId, RawEvent, Reaction, Source};

use super::*;

fn tombstone(who: &ContactKey, when: i64) -> Change {
    Change::Tombstone {
        page: who.page.clone(),
        hash: who.hash(),
        at: at(when),
    }
}

#[tokio::test]
async fn n15_a_tombstone_holds_for_a_customer_with_a_row_and_never_goes_back() {
    on_each_store(async |store| {
        let stranger = contact("1", "stranger");
        for (mid, when) in [("m1", 1), ("m5", 5), ("m9", 9)] {
            apply(store, received(&ada(), mid, when, "Hello")).await;
        }
        for who in [&ada(), &stranger] {
            assert_ne!(apply(store, tombstone(who, 5)).await, Applied::Unchanged);
            assert_eq!(apply(store, tombstone(who, 4)).await, Applied::Unchanged);
            assert_eq!(apply(store, tombstone(who, 5)).await, Applied::Unchanged);
            for (mid, when) in [("m1", 1), ("m5", 5)] {
                let applied = apply(store, received(who, mid, when, "Hello")).await;
                assert_eq!(applied, Applied::Forgotten, "{mid} of {}", who.psid);
            }
        }
        let ids: Vec<String> = talk(store, &ada())
            .await
            .into_iter()
            .map(|one| one.id)
            .collect();
        assert_eq!(ids, ["m9"]);
        assert_new(apply(store, received(&stranger, "m6", 6, "Hello")).await);
        // A later one takes that, too, now that there is a row.
        apply(store, tombstone(&stranger, 7)).await;
        assert!(store.contact(&stranger).await.unwrap().is_none());
        erase_all(store).await;
        let again = apply(store, received(&stranger, "m6", 6, "Hello")).await;
        assert_eq!(again, Applied::Forgotten);
    })
    .await;
}

#[tokio::test]
async fn n26_a_message_of_the_future_is_erased_and_one_of_the_next_day_stays() {
    on_each_store(async |store| {
        let now = at(0);
        let ahead = now + Change::MAX_AHEAD;
        let hello = |mid: &str, when: Timestamp| {
            let id = EntryId::of_message(&Mid::new(mid).unwrap());
            let entry = Entry::new(id, when, Source::Webhook, Content::text("Hello"));
            Change::received(ada(), entry)
        };
        // As far ahead as a change can be.
        apply(store, hello("m1", ahead)).await;
        let forget_at = person(store, &ada()).await.forget_at(now);
        assert!(forget_at <= ahead, "erasing reaches too far");
        let forgotten = Change::Forgotten {
            contact: ada(),
            at: forget_at,
        };
        assert_eq!(apply(store, forgotten).await, Applied::Changed);
        assert!(store.contact(&ada()).await.unwrap().is_none());
        assert_eq!(apply(store, hello("m1", ahead)).await, Applied::Forgotten);
        let next_day = at(24 * 3600);
        let applied = apply(store, hello("m2", next_day)).await;
        assert!(matches!(applied, Applied::New { customer: true, .. }));
        assert_eq!(talk(store, &ada()).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn b7_a_message_that_comes_again_with_a_later_time_moves_nothing() {
    on_each_store(async |store| {
        let bob = contact("1", "bob");
        apply(store, received(&ada(), "m1", 1, "Hello")).await;
        apply(store, received(&ada(), "m2", 5, "Anybody?")).await;
        apply(store, received(&bob, "b1", 9, "Hello")).await;
        let before = (person(store, &ada()).await, talk(store, &ada()).await);
        for minutes in [10, 20, 10] {
            let again = received(&ada(), "m1", 1 + minutes * 60, "Hello");
            assert_eq!(apply(store, again).await, Applied::Unchanged);
        }
        let after = (person(store, &ada()).await, talk(store, &ada()).await);
        assert_eq!(after, before);
        let query = ContactQuery::new(ada().page);
        let listed = store.contacts(&query).await.unwrap().rows;
        let listed: Vec<&ContactKey> = listed.iter().map(|contact| &contact.key).collect();
        assert_eq!(listed, [&bob, &ada()]);
        assert_eq!(before.0.inbound_at, Some(at(5)));
    })
    .await;
}

#[tokio::test]
async fn b7_of_two_copies_the_earlier_counts_also_when_it_comes_last() {
    on_each_store(async |store| {
        apply(store, received(&ada(), "m1", 601, "Hello")).await;
        apply(store, received(&ada(), "m1", 1, "Hello")).await;
        let found = person(store, &ada()).await;
        assert_eq!((found.first_at, found.last_at), (at(1), at(1)));
        assert_eq!((found.inbound_at, found.unread), (Some(at(1)), 1));
    })
    .await;
}

#[tokio::test]
async fn b8_a_delivery_marks_the_messages_it_names_and_all_before_its_watermark() {
    on_each_store(async |store| {
        for (mid, when) in [("p1", 1), ("p2", 2), ("p3", 3), ("p4", 4)] {
            apply(store, echoed(&ada(), mid, when, None)).await;
        }
        let delivered = |mid: &str, up_to| Change::Delivered {
            contact: ada(),
            at: at(5),
            up_to,
            mids: vec![Mid::new(mid).unwrap()],
        };
        let states = async || -> Vec<MessageState> {
            let said = talk(store, &ada()).await.into_iter().rev();
            said.filter_map(|message| message.state).collect()
        };
        use MessageState::{Delivered, Sent};
        // A watermark of 0, as Meta sends.
        apply(store, delivered("p3", Some(Timestamp::default()))).await;
        assert_eq!(states().await, [Sent, Sent, Delivered, Sent]);
        apply(store, delivered("p4", Some(at(1)))).await;
        assert_eq!(states().await, [Delivered, Sent, Delivered, Delivered]);
        apply(store, delivered("p2", None)).await;
        assert_eq!(states().await, [Delivered; 4]);
    })
    .await;
}

#[tokio::test]
async fn b16_a_reaction_without_words_is_visible_in_the_list_and_nothing_is_unread() {
    on_each_store(async |store| {
        let reacted = |emoji: Option<&str>, when| Change::Reacted {
            contact: ada(),
            mid: Mid::new("p1").unwrap(),
            at: at(when),
            by: Side::Customer,
            reaction: emoji.map(Reaction::new),
        };
        apply(store, echoed(&ada(), "p1", 1, None)).await;
        let before = person(store, &ada()).await;
        assert_eq!(apply(store, reacted(Some("👍"), 5)).await, Applied::Changed);
        let found = person(store, &ada()).await;
        let reaction = found.reaction.unwrap();
        assert_eq!((reaction.at, reaction.entry.as_str()), (at(5), "p1"));
        assert_eq!(reaction.reaction, Reaction::new("👍"));
        assert!(found.revision > before.revision);
        assert_eq!((found.unread, found.last_at), (0, before.last_at));
        assert_eq!(found.inbound_at, Some(at(5)), "the Page may answer");
        assert_eq!(
            apply(store, reacted(Some("❤"), 4)).await,
            Applied::Unchanged
        );
        assert_eq!(apply(store, reacted(None, 6)).await, Applied::Changed);
        assert_eq!(person(store, &ada()).await.reaction, None);
    })
    .await;
}

#[tokio::test]
async fn r18_changes_of_two_pages_in_one_call_are_refused_whole() {
    on_each_store(async |store| {
        let other = contact("2", "ada");
        let mut nobody = RawEvent::new(EntryId::of_parts(&[b"raw"]), at(1), "strange", vec![1]);
        let changes = [
            received(&other, "m2", 1, "Hello"),
            tombstone(&other, 1),
            Change::RawEvent(nobody.clone()),
        ];
        for second in changes {
            let both = [received(&ada(), "m1", 1, "Hello"), second];
            let error = store.apply(&both).await;
            assert!(matches!(error, Err(StoreError::Refused(_))), "{error:?}");
            assert!(store.contact(&ada()).await.unwrap().is_none());
            assert!(store.contact(&other).await.unwrap().is_none());
        }
        nobody.page = Some(ada().page);
        let one = [received(&ada(), "m1", 1, "Hello"), Change::RawEvent(nobody)];
        assert_eq!(store.apply(&one).await.unwrap().len(), 2);
        assert_eq!(store.apply(&[]).await.unwrap(), []);
    })
    .await;
}
