//! Replays, and deliveries for the Pages of other apps: a valid signature does not exclude them.

use std::time::Duration;

use messenger_crm::change::{Applied, Change};
use messenger_crm::id::{AppId, PageId};
use messenger_crm::secret::PageToken;
use messenger_crm::store::ContactStore as _;
use messenger_crm::time::Timestamp;
use messenger_crm::webhook::sign;
use serde_json::Value;

use super::{SECRET, secret, webhook};
use crate::connections::Connections;
use crate::store::{self, File, ada, at, talk};
use crate::util::{self, Crm, Folder, Webhook, message, notification, now};

const PSID: &str = "7324561089432101";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn texts(crm: &Crm, page: &str) -> Vec<String> {
    let path = format!("/api/messages?page={page}&psid={PSID}");
    let answer = crm.get(&path).await.expect(200).json();
    let messages = answer["messages"].as_array().unwrap();
    let text = |message: &Value| message["text"].as_str().unwrap().to_owned();
    messages.iter().map(text).collect()
}

async fn customers(crm: &Crm, page: &str) -> usize {
    let path = format!("/api/customers?page={page}");
    let answer = crm.get(&path).await.expect(200).json();
    answer["customers"].as_array().unwrap().len()
}

// ---- Replays --------------------------------------------------------------

#[tokio::test]
async fn v32_a_repeated_post_is_200_and_stored_once() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let crm = Crm::start(&folder, &simulator).await;
    let meta = crm.connect(&simulator).await;
    let month = u64::try_from(30 * DAY.as_millis()).unwrap();
    let mut old = message(&meta.page, PSID, "m_month", "a month ago");
    old["timestamp"] = (now() - month).into();
    let new = message(&meta.page, PSID, "m_today", "today");
    for event in [new, old] {
        let body = notification(&meta.page, &[event]);
        for _ in 0..3 {
            meta.deliver(&crm, &body).await.expect(200);
        }
    }
    let mut texts = texts(&crm, &meta.page).await;
    texts.sort();
    assert_eq!(texts, ["a month ago", "today"]);
}

/// Our clock is thirty days ahead when the same bytes arrive a second time.
#[tokio::test]
async fn v32_a_post_repeated_after_thirty_days_changes_nothing() {
    let file = File::new();
    let store = file.open();
    let body = store::delivery("1", &[store::message(&ada(), "m1", at(1), "Hello")]);
    let signature = sign(&secret(SECRET), &body);
    let receive = async |now: Timestamp| {
        let webhook = webhook(&[SECRET]);
        let delivery = webhook.receive(Some(signature.as_bytes()), &body).unwrap();
        let change = Change::of(&delivery.events[0], now);
        store.apply(&[change]).await.unwrap()
    };
    receive(at(2)).await;
    assert_eq!(receive(at(2) + 30 * DAY).await, [Applied::Unchanged]);
    assert_eq!(talk(&store, &ada()).await.len(), 1);
}

// ---- Pages of other apps --------------------------------------------------

/// Three Pages, the last two of one app, connected before the CRM starts.
async fn pages(folder: &Folder) -> [Webhook; 3] {
    let connections = Connections::open(&folder.database(), None).unwrap();
    [
        ("1041", "an app"),
        ("1042", "another app"),
        ("1043", "another app"),
    ]
    .map(|(page, app)| {
        let made = connections
            .put(
                PageId::new(page).unwrap(),
                format!("Page {page}"),
                AppId::new(app).unwrap(),
                secret(app),
                PageToken::new("EAAtoken").unwrap(),
            )
            .unwrap();
        Webhook {
            page: page.to_owned(),
            path: format!("/webhook/{}", made.path),
            verify_token: made.verify_token.expose_secret().to_owned(),
            secret: app.to_owned(),
        }
    })
}

#[tokio::test]
async fn v33_a_post_to_another_apps_path_is_401() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let [one, other, _] = pages(&folder).await;
    let crm = Crm::start(&folder, &simulator).await;
    let body = notification(&one.page, &[message(&one.page, PSID, "m_1", "strayed")]);
    let signature = one.signature(&body);
    crm.ask("POST", &other.path, &signature, &body)
        .await
        .expect(401);
    assert!(!folder.stores(b"strayed"));
    crm.ask("POST", &one.path, &signature, &body)
        .await
        .expect(200);
    assert_eq!(texts(&crm, &one.page).await, ["strayed"]);
}

/// The secret of one app does not permit writing to the Pages of another.
#[tokio::test]
async fn v33_events_for_a_page_of_another_app_are_kept_raw() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let [one, other, _] = pages(&folder).await;
    let crm = Crm::start(&folder, &simulator).await;
    for stranger in [one.page.as_str(), "999000111222333"] {
        let item = message(stranger, PSID, "m_2", "put into a wrong mouth");
        let body = notification(stranger, &[item]);
        other.deliver(&crm, &body).await.expect(200);
    }
    assert!(folder.stores(b"put into a wrong mouth"));
    for page in [&one.page, &other.page] {
        assert_eq!(customers(&crm, page).await, 0, "{page}");
    }
}

/// An app has one callback URL for all its Pages, and the entry names the Page.
#[tokio::test]
async fn v33_the_entry_decides_between_the_pages_of_one_app() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let [_, one, other] = pages(&folder).await;
    let crm = Crm::start(&folder, &simulator).await;
    let body = notification(
        &other.page,
        &[message(&other.page, PSID, "m_3", "for 1043")],
    );
    one.deliver(&crm, &body).await.expect(200);
    assert_eq!(texts(&crm, &other.page).await, ["for 1043"]);
    assert_eq!(customers(&crm, &one.page).await, 0);
}
