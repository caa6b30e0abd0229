//! What is stored afterwards, and whether it is what was promised.

use std::collections::BTreeSet;

use messenger_crm::store::{ContactQuery, ContactStore, MessageQuery, MessageStart};

use super::host::PAGE;
use super::meta::Ledger;
use crate::util::Folder;

/// One message as the store returns it.
pub(super) struct Stored {
    pub(super) psid: String,
    pub(super) id: String,
    pub(super) text: String,
}

/// All messages of all customers, from page to page.
pub(super) async fn everything(store: &impl ContactStore) -> Vec<Stored> {
    let mut stored = Vec::new();
    let mut customers = BTreeSet::new();
    let mut query = ContactQuery::new(PAGE.parse().unwrap()).with_limit(3);
    loop {
        let listing = store.contacts(&query).await.unwrap();
        for contact in listing.rows {
            assert!(customers.insert(contact.key), "a customer is listed twice");
        }
        query.after = listing.next;
        if query.after.is_none() {
            break;
        }
    }
    for key in customers {
        let mut query = MessageQuery::new(key.clone()).with_limit(20);
        loop {
            let listing = store.messages(&query).await.unwrap();
            stored.extend(listing.rows.into_iter().map(|message| Stored {
                psid: key.psid.as_str().to_owned(),
                id: message.id.as_str().to_owned(),
                text: message.content.text.unwrap_or_default(),
            }));
            let Some(next) = listing.next else { break };
            query = query.with_start(MessageStart::OlderThan(next));
        }
    }
    stored
}

#[track_caller]
pub(super) fn check(ledger: &Ledger, stored: &[Stored]) {
    let mut texts = BTreeSet::new();
    let mut ids = BTreeSet::new();
    let (mut twice, mut strange) = (Vec::new(), Vec::new());
    for Stored { psid, id, text } in stored {
        if !texts.insert(text) || !ids.insert((psid, id)) {
            twice.push(text);
        }
        if ledger.posted.get(text) != Some(psid) {
            strange.push((psid, text));
        }
    }
    let lost: Vec<_> = ledger
        .acknowledged
        .iter()
        .filter(|text| !texts.contains(text))
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(twice.is_empty(), "stored twice: {twice:?}");
    assert!(
        strange.is_empty(),
        "never posted, or by another customer: {strange:?}"
    );
}

#[track_caller]
pub(super) fn sound(folder: &Folder) {
    let database = rusqlite::Connection::open(folder.database()).unwrap();
    let answer: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(answer, "ok");
}
