//! Parts of a conversation.

use std::collections::BTreeSet;

use messenger_crm::store::Listing;

use super::*;

async fn part(store: &dyn ContactStore, start: MessageStart, limit: u32) -> Listing<Message> {
    let query = MessageQuery::new(ada()).with_start(start).with_limit(limit);
    store.messages(&query).await.unwrap()
}

fn ids(listing: &Listing<Message>) -> Vec<&str> {
    listing.rows.iter().map(|row| row.id.as_str()).collect()
}

/// Thirty messages, three of a moment, and two replies that wait among them.
async fn fill(store: &dyn ContactStore) -> Vec<String> {
    for number in 0..30 {
        let change = received(&ada(), &format!("m{number}"), number / 3, "Hello");
        apply(store, change).await;
    }
    apply(store, queued(&ada(), &key(1), 4)).await;
    apply(store, queued(&ada(), &key(2), 9)).await;
    let all = part(store, MessageStart::Newest, 100).await;
    assert_eq!((all.rows.len(), &all.next), (32, &None));
    all.rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn r10_a_conversation_opens_at_a_message_and_goes_on_in_both_directions() {
    on_each_store(async |store| {
        let all = fill(store).await;
        for (place, id) in all.iter().enumerate() {
            let around = part(store, MessageStart::Around(id.clone()), 6).await;
            // Where there are fewer newer ones, there is room for older ones.
            let from = place.saturating_sub(3);
            let to = (from + 6).min(all.len());
            assert_eq!(ids(&around), all[from..to], "around {id}");

            let mut seen: Vec<String> = ids(&around).into_iter().map(str::to_owned).collect();
            let mut next = around.next;
            while let Some(cursor) = next {
                let older = part(store, MessageStart::OlderThan(cursor), 5).await;
                seen.extend(ids(&older).into_iter().map(str::to_owned));
                next = older.next;
            }
            let mut previous = around.previous;
            while let Some(cursor) = previous {
                let newer = part(store, MessageStart::NewerThan(cursor), 5).await;
                let mut rows: Vec<String> = ids(&newer).into_iter().map(str::to_owned).collect();
                rows.extend(std::mem::take(&mut seen));
                seen = rows;
                previous = newer.previous;
            }
            assert_eq!(seen, all, "from {id}");
        }
    })
    .await;
}

#[tokio::test]
async fn r10_around_a_message_that_is_not_there_is_nothing() {
    on_each_store(async |store| {
        fill(store).await;
        // Hidden, and not removed yet.
        let expired = Change::Expired {
            contact: ada(),
            at: at(3),
        };
        apply(store, expired).await;
        for id in ["m99", key(9).as_str(), "", "m1", "m9", key(1).as_str()] {
            let around = part(store, MessageStart::Around(id.to_owned()), 6).await;
            assert_eq!(around.rows, [], "{id}");
            assert_eq!((around.next, around.previous), (None, None), "{id}");
        }
    })
    .await;
}

#[tokio::test]
async fn r10_what_arrives_later_is_found_before_the_first_row() {
    on_each_store(async |store| {
        fill(store).await;
        let newest = part(store, MessageStart::Newest, 5).await;
        let start = MessageStart::NewerThan(newest.previous.unwrap());
        assert_eq!(part(store, start.clone(), 5).await.rows, []);
        apply(store, received(&ada(), "new", 50, "Hello")).await;
        assert_eq!(ids(&part(store, start, 5).await), ["new"]);
    })
    .await;
}

#[tokio::test]
async fn n36_a_page_of_results_is_bounded_in_bytes_and_loses_nothing() {
    on_each_store(async |store| {
        let long = "x".repeat(300_000);
        for number in 0..12 {
            let change = received(&ada(), &format!("m{number}"), number, &long);
            apply(store, change).await;
        }
        let mut start = MessageStart::Newest;
        let mut visited = BTreeSet::new();
        loop {
            let listing = part(store, start, 100).await;
            assert!(
                (1..=4).contains(&listing.rows.len()),
                "{}",
                listing.rows.len()
            );
            for row in listing.rows {
                assert!(visited.insert(row.id));
            }
            match listing.next {
                Some(cursor) => start = MessageStart::OlderThan(cursor),
                None => break,
            }
        }
        assert_eq!(visited.len(), 12);
    })
    .await;
}

#[tokio::test]
async fn limits_of_0_and_beyond_1000_are_invalid() {
    on_each_store(async |store| {
        for limit in [0, 1001, u32::MAX] {
            let messages = MessageQuery::new(ada()).with_limit(limit);
            let contacts = ContactQuery::new(ada().page).with_limit(limit);
            let mut search = SearchQuery::new(ada().page, "hello");
            search.limit = limit;
            let errors = [
                store.messages(&messages).await.map(drop),
                store.contacts(&contacts).await.map(drop),
                store.search(&search).await.map(drop),
            ];
            for error in errors {
                assert!(
                    matches!(error, Err(StoreError::InvalidQuery(_))),
                    "{limit}: {error:?}"
                );
            }
        }
    })
    .await;
}
