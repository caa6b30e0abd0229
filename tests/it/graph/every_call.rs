//! Every call of the client is answered by the simulator: what a developer can call, they can try.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use messenger_crm::graph::app::{accounts, login, subscriptions as webhooks, tokens};
use messenger_crm::graph::history;
use messenger_crm::graph::page::messenger_profile::{self, MessengerProfile, ProfileProperty};
use messenger_crm::graph::page::moderation::{ModerationAction, moderate};
use messenger_crm::graph::page::subscriptions::{self, WebhookField};
use messenger_crm::graph::page::{
    account_links, get_page, labels, personas, status, templates, thread,
};
use messenger_crm::graph::profile::get_profile;
use messenger_crm::graph::send::{self, MediaKind, OutgoingFile, OutgoingMessage, SenderAction};
use messenger_crm::graph::{ProfileField, Upload};
use messenger_crm::id::Psid;
use messenger_crm::secret::{PageToken, VerifyToken};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::simulated::{Meta, person};

/// Names of all functions of `src/graph` that make a call, such as `page/labels::create`.
fn endpoints(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            endpoints(&path, &format!("{prefix}{stem}/"), found);
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for part in source.split("\npub fn ").skip(1) {
            let signature = part.split('{').next().unwrap();
            let Some((_, result)) = signature.split_once("->") else {
                continue;
            };
            if result.contains("Call<") {
                let name = signature.split(['(', '<']).next().unwrap();
                let module = match stem.as_str() {
                    "mod" => prefix.trim_end_matches('/').to_owned(),
                    stem => format!("{prefix}{stem}"),
                };
                found.insert(format!("{module}::{name}"));
            }
        }
    }
}

/// Answers one handshake.
async fn callback() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        let challenge = request.split("hub.challenge=").nth(1).unwrap();
        let challenge = challenge.split(['&', ' ']).next().unwrap();
        let length = challenge.len();
        let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{challenge}");
        stream.write_all(response.as_bytes()).await.unwrap();
    });
    url
}

#[tokio::test]
async fn every_call_of_the_client_is_answered_by_the_simulator() {
    let meta = Meta::new().await;
    let (page, app, user) = (meta.page(), meta.app(), meta.user());
    let psid: Psid = person(0);
    let customer = meta.simulator.customer(psid.as_str()).unwrap();
    let mid = customer.writes("Hello?").unwrap();
    let mut walked = BTreeSet::new();
    macro_rules! walk {
        ($client:expr, $name:literal, $call:expr) => {{
            let answered = $client.call(&$call).await;
            walked.insert($name.to_owned());
            answered.unwrap_or_else(|error| panic!("{}: {error}", $name))
        }};
    }

    walk!(page, "page::get_page", get_page());
    walk!(page, "page/status::get", status::get());
    let profile = get_profile(&psid, &[ProfileField::Picture]).unwrap();
    walk!(page, "profile::get_profile", profile);
    let wanted = &[WebhookField::MESSAGES];
    walk!(
        page,
        "page/subscriptions::subscribe",
        subscriptions::subscribe(wanted).unwrap()
    );
    walk!(page, "page/subscriptions::get", subscriptions::get());
    walk!(
        page,
        "page/subscriptions::unsubscribe",
        subscriptions::unsubscribe()
    );

    let profile = MessengerProfile::new().with_get_started("START");
    let start = [ProfileProperty::GetStarted];
    walk!(
        page,
        "page/messenger_profile::set",
        messenger_profile::set(&profile).unwrap()
    );
    walk!(
        page,
        "page/messenger_profile::get",
        messenger_profile::get(&start).unwrap()
    );
    walk!(
        page,
        "page/messenger_profile::delete",
        messenger_profile::delete(&start).unwrap()
    );

    let label = walk!(page, "page/labels::create", labels::create("VIP").unwrap());
    walk!(page, "page/labels::list", labels::list());
    walk!(page, "page/labels::get", labels::get(&label).unwrap());
    walk!(
        page,
        "page/labels::add",
        labels::add(&label, &psid).unwrap()
    );
    walk!(
        page,
        "page/labels::list_of",
        labels::list_of(&psid).unwrap()
    );
    walk!(
        page,
        "page/labels::remove",
        labels::remove(&label, &psid).unwrap()
    );
    walk!(page, "page/labels::delete", labels::delete(&label).unwrap());

    let create = personas::create("Ada", "https://a.example/a.png").unwrap();
    let persona = walk!(page, "page/personas::create", create);
    walk!(page, "page/personas::list", personas::list());
    walk!(page, "page/personas::get", personas::get(&persona).unwrap());
    walk!(
        page,
        "page/personas::delete",
        personas::delete(&persona).unwrap()
    );

    let parts = json!([{"type": "BODY", "text": "Your order {{1}} is on its way."}]);
    walk!(
        page,
        "page/templates::create",
        templates::create("a", "en", &parts).unwrap()
    );
    let named = templates::create_named("b", "en", &parts).unwrap();
    walk!(page, "page/templates::create_named", named);
    let library = templates::create_from_library("c", "en", "order_1").unwrap();
    walk!(page, "page/templates::create_from_library", library);
    walk!(page, "page/templates::list", templates::list());
    walk!(
        page,
        "page/templates::delete",
        templates::delete("a").unwrap()
    );

    walk!(page, "page/thread::get_features", thread::get_features());
    walk!(page, "page/thread::take", thread::take(&psid, None));
    walk!(page, "page/thread::get_owner", thread::get_owner(&psid));
    let hour = Duration::from_secs(3600);
    walk!(page, "page/thread::extend", thread::extend(&psid, hour));
    walk!(page, "page/thread::pass", thread::pass(&psid, None, None));
    walk!(page, "page/thread::request", thread::request(&psid, None));
    page.call(&thread::take(&psid, None)).await.unwrap();
    walk!(page, "page/thread::release", thread::release(&psid));

    let token = customer.opens_account_link().unwrap();
    let found = walk!(
        page,
        "page/account_links::get_customer",
        account_links::get_customer(&token)
    );
    assert_eq!(found, psid);
    walk!(
        page,
        "page/account_links::unlink",
        account_links::unlink(&psid)
    );

    let message = OutgoingMessage::text(psid.clone(), "Hi").unwrap();
    walk!(page, "send/call::message", send::message(&message).unwrap());
    let typing = SenderAction::typing_on(psid.clone()).unwrap();
    walk!(page, "send/action::action", send::action(&typing).unwrap());
    let upload = || Upload::from_bytes("a.png", "image/png", b"PNG".to_vec()).unwrap();
    let file = OutgoingFile::new(psid.clone(), MediaKind::Image, upload()).unwrap();
    walk!(page, "send/file::file", send::file(&file).unwrap());
    let saved = send::save_file(MediaKind::Image, upload()).unwrap();
    walk!(page, "send/saved::save_file", saved);
    let saved = send::save_url(MediaKind::Image, "https://a.example/a.png").unwrap();
    walk!(page, "send/saved::save_url", saved);

    let list = history::list_conversations(5);
    let conversations = walk!(page, "history/conversations::list_conversations", list);
    let id = &conversations.items[0].id;
    let find = history::find_conversation(&psid, 5);
    walk!(page, "history/conversations::find_conversation", find);
    let get = history::get_conversation(id, 5).unwrap();
    walk!(page, "history/conversations::get_conversation", get);
    let list = history::list_messages(id).unwrap();
    walk!(page, "history/messages::list_messages", list);
    let get = history::get_message(&mid.parse().unwrap()).unwrap();
    walk!(page, "history/messages::get_message", get);
    let block = moderate(&[person(1)], &[ModerationAction::Block]).unwrap();
    walk!(page, "page/moderation::moderate", block);

    let verify_token = VerifyToken::new("verify-me").unwrap();
    let subscribe = webhooks::subscribe(&callback().await, &verify_token, WebhookField::ALL);
    walk!(app, "app/subscriptions::subscribe", subscribe.unwrap());
    walk!(app, "app/subscriptions::get", webhooks::get());
    walk!(
        app,
        "app/subscriptions::unsubscribe",
        webhooks::unsubscribe(wanted).unwrap()
    );
    walk!(
        app,
        "app/subscriptions::unsubscribe_all",
        webhooks::unsubscribe_all()
    );
    let token = PageToken::new(meta.simulator.app().page_token.clone()).unwrap();
    walk!(app, "app/tokens::inspect", tokens::inspect(token));
    let code = meta.simulator.app().login_code.clone();
    let exchange = login::exchange_code("https://a.example/back", &code);
    let issued = walk!(app, "app/login::exchange_code", exchange);
    walk!(
        app,
        "app/login::extend_token",
        login::extend_token(&issued.token)
    );

    walk!(user, "app/accounts::list", accounts::list());
    let businesses = walk!(
        user,
        "app/accounts::list_businesses",
        accounts::list_businesses()
    );
    let business = &businesses.items[0].id;
    let owned = accounts::list_owned_pages(business).unwrap();
    walk!(user, "app/accounts::list_owned_pages", owned);
    let client = accounts::list_client_pages(business).unwrap();
    walk!(user, "app/accounts::list_client_pages", client);
    walk!(
        user,
        "app/accounts::list_permissions",
        accounts::list_permissions()
    );
    let revoke = accounts::revoke_permission("pages_messaging").unwrap();
    walk!(user, "app/accounts::revoke_permission", revoke);
    walk!(
        user,
        "app/accounts::revoke_all_permissions",
        accounts::revoke_all_permissions()
    );

    let mut all = BTreeSet::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/graph");
    endpoints(&source, "", &mut all);
    assert!(all.len() > 50, "{all:?}");
    assert_eq!(walked, all);
}
