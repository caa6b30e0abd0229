//! Search in texts and names.

use messenger_crm::store::Hit;

use super::*;

async fn hits(store: &dyn ContactStore, text: &str) -> Vec<Hit> {
    let mut query = SearchQuery::new(ada().page, text);
    query.limit = 2;
    let mut all = Vec::new();
    loop {
        let listing = store.search(&query).await.unwrap();
        all.extend(listing.rows);
        query.after = listing.next;
        if query.after.is_none() {
            return all;
        }
    }
}

/// The messages found: customer and id.
async fn found(store: &dyn ContactStore, text: &str) -> Vec<(String, String)> {
    let hits = hits(store, text).await.into_iter();
    hits.map(|hit| (hit.contact.key.psid.to_string(), hit.message.id))
        .collect()
}

fn hit(psid: &str, id: &str) -> (String, String) {
    (psid.to_owned(), id.to_owned())
}

#[tokio::test]
async fn r11_a_search_finds_the_newest_message_of_each_customer_with_its_text() {
    on_each_store(async |store| {
        let (bob, cy) = (contact("1", "bob"), contact("1", "cy"));
        for (number, who) in [&ada(), &bob, &cy].into_iter().enumerate() {
            let base = i64::try_from(number).unwrap() * 10;
            apply(store, received(who, "m1", base, "Do you have Oolong?")).await;
            apply(store, received(who, "m2", base + 1, "oolong, please")).await;
            apply(store, received(who, "m3", base + 2, "Thank you")).await;
        }
        apply(store, received(&contact("2", "eve"), "m1", 1, "oolong")).await;
        let all = [hit("cy", "m2"), hit("bob", "m2"), hit("ada", "m2")];
        assert_eq!(found(store, "OOLONG").await, all);
        let first = hits(store, "oolong").await.remove(0);
        assert_eq!(
            first.message.content.text.as_deref(),
            Some("oolong, please")
        );
        assert_eq!(first.contact, person(store, &cy).await);
        // What was edited or unsent is found as it is now.
        let edited = Change::Edited {
            contact: cy.clone(),
            mid: Mid::new("m2").unwrap(),
            at: at(50),
            number: 1,
            text: "jasmine, please".to_owned(),
        };
        apply(store, edited).await;
        let unsent = Change::Unsent {
            contact: bob,
            mid: Mid::new("m2").unwrap(),
            at: at(51),
        };
        apply(store, unsent).await;
        let all = [hit("cy", "m1"), hit("bob", "m1"), hit("ada", "m2")];
        let mut now = found(store, "oolong").await;
        now.sort();
        let mut expected = all.to_vec();
        expected.sort();
        assert_eq!(now, expected);
        assert_eq!(found(store, "jasmine").await, [hit("cy", "m2")]);
    })
    .await;
}

#[tokio::test]
async fn r11_a_search_looks_beyond_the_latest_messages() {
    on_each_store(async |store| {
        apply(store, received(&ada(), "first", 0, "The teapot is broken")).await;
        let later: Vec<Change> = (1..80)
            .map(|number| received(&ada(), &format!("m{number}"), number, "Hello"))
            .collect();
        store.apply(&later).await.unwrap();
        assert_eq!(found(store, "teapot").await, [hit("ada", "first")]);
    })
    .await;
}

#[tokio::test]
async fn r11_accents_and_case_do_not_matter_in_texts_and_names() {
    on_each_store(async |store| {
        for (psid, name) in [("a", "Zoë Martín"), ("b", "García"), ("c", "王小明")] {
            let who = contact("1", psid);
            let text = format!("This is {name}");
            apply(store, received(&who, "m1", 1, &text)).await;
            apply(store, known(&who, 2, name, None)).await;
        }
        for (text, psid) in [("zoe", "a"), ("ZOË", "a"), ("martin", "a"), ("garcia", "b")] {
            assert_eq!(found(store, text).await, [hit(psid, "m1")], "{text}");
            assert_eq!(named(store, text).await, [psid], "{text}");
        }
        // One character of Chinese, and two.
        for text in ["王", "小", "明", "小明"] {
            assert_eq!(found(store, text).await, [hit("c", "m1")], "{text}");
            assert_eq!(named(store, text).await, ["c"], "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn r11_a_customer_is_found_by_their_psid() {
    on_each_store(async |store| {
        let who = contact("1", "7104000555666777");
        apply(store, received(&who, "m1", 1, "Hello")).await;
        apply(store, received(&ada(), "m1", 1, "Hello")).await;
        assert_eq!(named(store, "7104000555666777").await, ["7104000555666777"]);
        assert_eq!(named(store, "710400055566677").await, [""; 0], "not a part");
    })
    .await;
}

#[tokio::test]
async fn n16_a_blank_search_is_invalid_in_every_store() {
    on_each_store(async |store| {
        apply(store, received(&ada(), "m1", 1, "Hello")).await;
        for text in ["", " ", "\t\n", "\u{301}"] {
            let error = store.search(&SearchQuery::new(ada().page, text)).await;
            assert!(
                matches!(error, Err(StoreError::InvalidQuery(_))),
                "{text:?}: {error:?}"
            );
            let filter = ContactFilter::new(ada().page).with_name(text);
            let counted = store.count(&filter).await;
            assert!(
                matches!(counted, Err(StoreError::InvalidQuery(_))),
                "{text:?}: {counted:?}"
            );
            let listed = store.contacts(&filter.into()).await;
            assert!(
                matches!(listed, Err(StoreError::InvalidQuery(_))),
                "{text:?}: {listed:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn b23_a_like_is_shown_in_the_list_and_found_by_a_search() {
    on_each_store(async |store| {
        let event = json!({"sender": {"id": "ada"}, "recipient": {"id": "1"},
            "timestamp": at(1).as_millis(), "message": {"mid": "m1", "attachments": [
                {"type": "sticker", "payload": {"url": "https://a.b/s", "sticker_id": 369239263222822_i64}}]}});
        apply(store, change(&ada().page, event)).await;
        let preview = person(store, &ada()).await.preview.unwrap();
        assert_eq!(preview.text.as_deref(), Some("👍"));
        assert_eq!(preview.kinds, ["sticker"]);
        assert_eq!(found(store, "👍").await, [hit("ada", "m1")]);
    })
    .await;
}

#[tokio::test]
async fn r14_everything_a_person_could_see_comes_back_from_the_store() {
    let names = [
        "echo.generic_template",
        "echo.button_template",
        "echo.media_template",
        "message.location",
        "message.product",
        "message.post",
        "message.referral.ad",
        "message.quick_reply",
        "message.appointment",
        "message.unsupported",
        "message.sticker",
        "postback",
        "referral.ad",
    ];
    on_each_store(async |store| {
        for name in names {
            let body = crate::events::body(name);
            let delivery = parse_unverified(body.as_bytes()).unwrap();
            let change = Change::of(
                &delivery.events[0],
                Timestamp::from_millis(1_764_000_000_000),
            );
            let (Change::Received { contact, entry, .. } | Change::Echoed { contact, entry, .. }) =
                change.clone()
            else {
                panic!("{name}")
            };
            apply(store, change).await;
            let said = talk(store, &contact).await;
            let message = said.iter().find(|one| one.id == entry.id.as_str());
            assert_eq!(message.unwrap().content, entry.content, "{name}");
        }
    })
    .await;
}
