//! What is erased is gone from the file.

use super::*;

#[tokio::test]
async fn s23_nothing_of_a_forgotten_customer_is_left_in_the_file() {
    let folder = Folder::new();
    let store = open(&folder);
    let (psid, words) = ("76543210987654321", "Zimtschnecken");
    let who = contact("1", psid);
    let changes = [
        received(&who, "m_secret", 1, words),
        known(&who, 2, "Quentin Quux", None),
        queued(&who, &key(1), 3),
        Change::Field {
            contact: who.clone(),
            name: "note".to_owned(),
            value: Some("Kardamom".to_owned()),
            at: at(3),
        },
        received(&ada(), "m1", 1, "Hello"),
    ];
    store.apply(&changes).await.unwrap();
    let forgotten = Change::Forgotten {
        contact: who,
        at: at(9),
    };
    store.apply(&[forgotten]).await.unwrap();
    erase_all(&store).await;
    store.close().await.unwrap();
    for needle in [psid, words, "m_secret", "Quentin", "Quux", "Kardamom"] {
        assert!(!folder.holds(needle.as_bytes()), "{needle} is still there");
    }
    // Nor in the search index, where words are grams.
    let database = driver(&folder);
    for (table, wanted) in [("text_gram", 3), ("name_gram", 0)] {
        let vocabulary =
            format!("CREATE VIRTUAL TABLE temp.v_{table} USING fts5vocab (main, {table}, row)");
        database.execute_batch(&vocabulary).unwrap();
        let count: i64 = database
            .query_row(&format!("SELECT count(*) FROM temp.v_{table}"), [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(count, wanted, "words of {table}");
    }
}

#[tokio::test]
async fn s23_what_comes_and_is_taken_back_in_one_commit_leaves_no_word_in_the_index() {
    let folder = Folder::new();
    let store = open(&folder);
    let taken_back = Change::Unsent {
        contact: ada(),
        mid: messenger_crm::id::Mid::new("m2").unwrap(),
        at: at(3),
    };
    // The later one comes first: the index is written in another order than they came in.
    let changes = [
        received(&ada(), "m2", 2, "zyx"),
        received(&ada(), "m1", 1, "kept"),
        taken_back,
    ];
    store.apply(&changes).await.unwrap();
    for (text, found) in [("kept", 1), ("zyx", 0)] {
        let search = SearchQuery::new(page(), text);
        let rows = store.search(&search).await.unwrap().rows;
        assert_eq!(rows.len(), found, "{text}");
    }
    store.close().await.unwrap();
    let database = driver(&folder);
    database
        .execute_batch("CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, text_gram, row)")
        .unwrap();
    let words: i64 = database
        .query_row("SELECT count(*) FROM temp.words", [], |row| row.get(0))
        .unwrap();
    // "kep" and "ept".
    assert_eq!(words, 2);
}

#[tokio::test]
async fn s24_old_messages_expire_while_others_come_and_a_replay_does_not_bring_them_back() {
    let folder = Folder::new();
    let store = open(&folder);
    let first: Vec<Change> = (0..60)
        .map(|number| {
            received(
                &contact("1", &format!("c{}", number % 20)),
                &format!("m{number}"),
                number,
                "Hello",
            )
        })
        .collect();
    store.apply(&first).await.unwrap();
    let coming = tokio::spawn({
        let store = store.clone();
        async move {
            for number in 0..50 {
                let change = received(&ada(), &format!("n{number}"), 1000 + number, "Hello");
                store.apply(&[change]).await.unwrap();
            }
        }
    });
    // Everybody has one that is old, and one that is not.
    let cut = expire(&store, &page(), at(29)).await.unwrap();
    coming.await.unwrap();
    assert_eq!(cut, 20);
    for (number, change) in first.iter().enumerate() {
        let applied = store.apply(std::slice::from_ref(change)).await.unwrap();
        let expected = if number < 30 {
            Applied::Forgotten
        } else {
            Applied::Unchanged
        };
        assert_eq!(applied, [expected], "message {number}");
    }
    let last = contact("1", "c19");
    let left: Vec<String> = talk(&store, &last)
        .await
        .into_iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(left, ["m59", "m39"]);
    assert_eq!(person(&store, &last).await.first_at, at(39));
    assert_eq!(talk(&store, &ada()).await.len(), 50);
    assert_eq!(
        expire(&store, &page(), at(29)).await.unwrap(),
        0,
        "twice is once"
    );
}

#[tokio::test]
async fn what_never_came_is_swept() {
    let folder = Folder::new();
    let store = open(&folder);
    let stranger = contact("1", "stranger");
    let changes = [
        Change::Read {
            contact: stranger.clone(),
            up_to: at(1),
        },
        Change::Unsent {
            contact: ada(),
            mid: messenger_crm::id::Mid::new("m9").unwrap(),
            at: at(2),
        },
        Change::Field {
            contact: contact("1", "noted"),
            name: "note".to_owned(),
            value: Some("keep".to_owned()),
            at: at(1),
        },
        received(&ada(), "m1", 1, "Hello"),
    ];
    store.apply(&changes).await.unwrap();
    assert_eq!(store.sweep(at(1)).await.unwrap(), 0);
    assert_eq!(
        store.sweep(at(10)).await.unwrap(),
        2,
        "the stranger, and the unsend"
    );
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    let left: i64 = driver(&folder)
        .query_row("SELECT count(*) FROM contact", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 2);
}
