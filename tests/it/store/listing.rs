//! Listing and searching.

use super::*;

#[tokio::test]
async fn s5_f20_a_late_message_does_not_move_the_inbox_backwards() {
    let file = File::new();
    let store = file.open();
    apply(&store, received(&ada(), "m2", 20, "new")).await;
    apply(&store, received(&ada(), "m1", 10, "old")).await;
    let person = person(&store, &ada()).await;
    assert_eq!(
        (person.first_at, person.last_at, person.inbound_at),
        (at(10), at(20), Some(at(20)))
    );
    let preview = person.preview.unwrap();
    assert_eq!(preview.at, at(20));
    assert_eq!(preview.text.as_deref(), Some("new"));
    assert_eq!(person.unread, 2);
    let talk = talk(&store, &ada()).await;
    let mids: Vec<&str> = talk.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(mids, ["m2", "m1"]);
}

#[tokio::test]
async fn s6_paging_visits_each_customer_once() {
    let file = File::new();
    let store = file.open();
    for number in 0..7 {
        // Two at a time share a moment.
        let who = contact("1", &format!("c{number}"));
        apply(&store, received(&who, "m1", number / 2, "Hello")).await;
    }
    apply(&store, received(&contact("2", "other"), "m1", 1, "Hello")).await;
    let mut query = ContactQuery::new(ada().page);
    query.limit = 2;
    let mut visited = Vec::new();
    loop {
        let listing = store.contacts(&query).await.unwrap();
        assert!(listing.rows.len() <= 2);
        visited.extend(listing.rows.into_iter().map(|row| row.key.psid.to_string()));
        query.after = listing.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(visited, ["c6", "c5", "c4", "c3", "c2", "c1", "c0"]);
    query.after = Some("no cursor".to_owned());
    let error = store.contacts(&query).await.unwrap_err();
    assert!(matches!(error, StoreError::InvalidQuery(_)), "{error}");
}

#[tokio::test]
async fn paging_visits_each_message_once_queued_answers_included() {
    let file = File::new();
    let store = file.open();
    for number in 0..4 {
        let mid = format!("m{number}");
        apply(&store, received(&ada(), &mid, number, "Hello")).await;
    }
    apply(&store, queued(&ada(), &key(1), 3)).await;
    let mut query = MessageQuery::new(ada());
    query.limit = 2;
    let mut visited = Vec::new();
    loop {
        let listing = store.messages(&query).await.unwrap();
        assert!(listing.rows.len() <= 2);
        visited.extend(listing.rows.into_iter().map(|row| (row.at, row.id)));
        match listing.next {
            Some(cursor) => query.start = MessageStart::OlderThan(cursor),
            None => break,
        }
    }
    assert!(visited.is_sorted_by(|one, next| one > next), "{visited:?}");
    assert_eq!(visited.len(), 5);
}

#[tokio::test]
async fn s11_a_search_knows_no_case_and_no_wildcard_and_finds_two_cjk_characters() {
    let file = File::new();
    let store = file.open();
    for (psid, name) in [
        ("a", "Ada LOVELACE"),
        ("b", "100% Bob"),
        ("c", "snake_case"),
        ("d", "王小明"),
        ("e", "Élodie"),
    ] {
        let who = contact("1", psid);
        apply(&store, received(&who, "m1", 1, "hi")).await;
        apply(&store, known(&who, 2, name, None)).await;
    }
    assert_eq!(named(&store, "lovelace").await, ["a"]);
    assert_eq!(named(&store, " ADA ").await, ["a"]);
    assert_eq!(named(&store, "éLODIE").await, ["e"]);
    assert_eq!(named(&store, "%").await, ["b"]);
    assert_eq!(named(&store, "_").await, ["c"]);
    assert_eq!(named(&store, "小明").await, ["d"]);
    assert_eq!(named(&store, "nobody").await, [""; 0]);
    assert_eq!(named(&store, "hi").await, [""; 0]);
    let query = SearchQuery::new(ada().page, "HI");
    assert_eq!(store.search(&query).await.unwrap().rows.len(), 5);
}
