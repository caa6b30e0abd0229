//! What the CRM shows afterwards, and whether it is what it promised.

use std::collections::BTreeSet;

use serde_json::Value;

use super::meta::Ledger;
use crate::util::{Crm, Folder, encoded};

/// One message as the API shows it.
pub(super) struct Stored {
    pub(super) psid: String,
    pub(super) id: String,
    pub(super) text: String,
}

/// All messages of all customers, from page to page.
pub(super) async fn everything(crm: &Crm, page: &str) -> Vec<Stored> {
    let mut stored = Vec::new();
    let mut customers = BTreeSet::new();
    let mut after = String::new();
    loop {
        let answer = crm
            .get(&format!("/api/customers?page={page}{after}"))
            .await
            .expect(200)
            .json();
        for customer in answer["customers"].as_array().unwrap() {
            let psid = string(&customer["psid"]);
            assert!(customers.insert(psid.clone()), "{psid} is listed twice");
        }
        match &answer["next"] {
            Value::Null => break,
            cursor => after = format!("&after={}", encoded(&string(cursor))),
        }
    }
    for psid in customers {
        let mut before = String::new();
        let mut cursors = BTreeSet::new();
        loop {
            let path = format!("/api/messages?page={page}&psid={psid}{before}");
            let answer = crm.get(&path).await.expect(200).json();
            for message in answer["messages"].as_array().unwrap() {
                stored.push(Stored {
                    psid: psid.clone(),
                    id: string(&message["id"]),
                    text: string(&message["text"]),
                });
            }
            if answer["earlier"].is_null() {
                break;
            }
            let cursor = string(&answer["earlier"]);
            before = format!("&before={}", encoded(&cursor));
            assert!(cursors.insert(cursor), "the listing goes in a circle");
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

#[track_caller]
pub(super) fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
