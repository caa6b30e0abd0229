//! Calls of Page and app over sockets, to a Messenger that writes and reads JSON of its own.

use std::time::Duration;

use messenger_crm::graph::app::{accounts, login, subscriptions as webhooks, tokens};
use messenger_crm::graph::history::{
    find_conversation, get_conversation, get_message, list_conversations, list_messages,
};
use messenger_crm::graph::page::messenger_profile::{
    self, DEFAULT_LOCALE, Menu, MenuItem, MessengerProfile, ProfileProperty,
};
use messenger_crm::graph::page::moderation::{ModerationAction, moderate};
use messenger_crm::graph::page::subscriptions::{RECOMMENDED, WebhookField};
use messenger_crm::graph::page::{
    get_page, labels, personas, status, subscriptions, templates, thread,
};
use messenger_crm::graph::{
    Access, AccessError, Advice, AppAccess, Error, NoProfile, ProfileOutcome,
};
use messenger_crm::id::{AppId, PageId, Psid};
use messenger_crm::secret::{AppSecret, PageToken, VerifyToken};
use messenger_crm::simulator::ProfileAnswer;
use messenger_crm::time::Timestamp;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::simulated::{Meta, person};

#[tokio::test]
async fn the_messenger_profile_is_set_read_and_deleted_over_sockets() {
    let meta = Meta::new().await;
    let page = meta.page();
    let all = messenger_profile::get(&ProfileProperty::ALL).unwrap();
    assert_eq!(page.call(&all).await.unwrap(), MessengerProfile::new());
    let menu = MessengerProfile::new().with_menu(
        DEFAULT_LOCALE,
        Menu::new(vec![MenuItem::postback("Help", "HELP")]),
    );
    let without_start = messenger_profile::set(&menu).unwrap();
    let error = page.call(&without_start).await.unwrap_err();
    assert_eq!(error.advice(), Advice::FixRequest);
    let profile = menu
        .with_get_started("START")
        .with_greeting(DEFAULT_LOCALE, "Hi!");
    let set = messenger_profile::set(&profile).unwrap();
    page.call(&set).await.unwrap();
    assert_eq!(page.call(&all).await.unwrap(), profile);
    let delete = messenger_profile::delete(&[ProfileProperty::Greeting]).unwrap();
    page.call(&delete).await.unwrap();
    let left = page.call(&all).await.unwrap();
    assert!(left.greeting.is_empty() && left.get_started.is_some());
}

#[tokio::test]
async fn a_page_is_subscribed_and_unsubscribed_over_sockets() {
    let meta = Meta::new().await;
    let page = meta.page();
    let subscribe = subscriptions::subscribe(&RECOMMENDED).unwrap();
    page.call(&subscribe).await.unwrap();
    let apps = page.call(&subscriptions::get()).await.unwrap().items;
    assert_eq!(apps[0].fields, RECOMMENDED);
    assert_eq!(apps[0].id, meta.app_access().id);

    // One unknown field costs all of them.
    let unknown = WebhookField::new("no_such_field").unwrap();
    let subscribe = subscriptions::subscribe(&[WebhookField::MESSAGES, unknown]).unwrap();
    let error = page.call(&subscribe).await.unwrap_err();
    assert_eq!(error.advice(), Advice::FixRequest);
    let apps = page.call(&subscriptions::get()).await.unwrap().items;
    assert_eq!(apps[0].fields, RECOMMENDED);
    let subscribe = subscriptions::subscribe(WebhookField::ALL).unwrap();
    page.call(&subscribe).await.unwrap();

    page.call(&subscriptions::unsubscribe()).await.unwrap();
    let apps = page.call(&subscriptions::get()).await.unwrap().items;
    assert!(apps.is_empty());
    let features = page.call(&thread::get_features()).await.unwrap();
    assert!(features.is_routed && features.has_several_apps);
}

#[tokio::test]
async fn c25_a_list_is_walked_by_cursor_over_sockets() {
    let meta = Meta::new().await;
    let page = meta.page();
    for name in ["a", "b", "c", "d", "e"] {
        let create = personas::create(name, "https://a.example/a.png").unwrap();
        page.call(&create).await.unwrap();
    }
    let names = |list: &[personas::Persona]| -> String {
        let names = list.iter().filter_map(|persona| persona.name.as_deref());
        names.collect()
    };
    let list = personas::list().with_limit(2);
    let all = page.walk(&list, 100).await.unwrap();
    assert_eq!((names(&all.items).as_str(), all.next), ("abcde", None));
    let some = page.walk(&list, 3).await.unwrap();
    assert_eq!(names(&some.items), "abcd");
    let rest = page
        .walk(&list.after(&some.next.unwrap()), 3)
        .await
        .unwrap();
    assert_eq!(names(&rest.items), "e");
}

#[tokio::test]
async fn b19_g16_a_list_without_cursors_is_walked_over_sockets() {
    let meta = Meta::new().await;
    let user = meta.user();
    let businesses = user.call(&accounts::list_businesses()).await.unwrap().items;
    let owned = accounts::list_owned_pages(&businesses[0].id).unwrap();
    let first = user.call(&owned).await.unwrap();
    assert!(first.items.is_empty());
    let next = first.next.unwrap().to_string();
    assert_eq!(next, "until=1700000000&__paging_token=enc_A%2BB");
    let all = user.walk(&owned, 100).await.unwrap();
    assert_eq!(all.items.len(), 1);
    assert!(all.items[0].token.is_some());
    let strange = accounts::list_owned_pages("1").unwrap();
    let error = user.call(&strange).await.unwrap_err();
    assert_eq!(error.advice(), Advice::Permission);
}

#[tokio::test]
async fn b24_all_pages_of_a_person_are_found_over_sockets() {
    let meta = Meta::new().await;
    let app = meta.simulator.app();
    let found = meta.user().all_accounts(100).await.unwrap();
    assert!(found.is_complete());
    let pages: Vec<_> = found
        .accounts
        .iter()
        .map(|account| account.page.as_str())
        .collect();
    assert_eq!(pages, [app.page_id.as_str(), app.branch_page_id.as_str()]);
    for account in found.accounts {
        let access = Access::new(meta.app_access(), account.page, account.token.unwrap());
        meta.graph.page(access).check().await.unwrap();
    }
}

#[tokio::test]
async fn personas_come_and_go_over_sockets() {
    let meta = Meta::new().await;
    let page = meta.page();
    let create = personas::create("Ada", "https://a.example/a.png").unwrap();
    let persona = page.call(&create).await.unwrap();
    let get = personas::get(&persona).unwrap();
    let name = page.call(&get).await.unwrap().name;
    assert_eq!(name.as_deref(), Some("Ada"));
    let as_ada = meta.text(&person(0), "Hello", &[("persona_id", json!(persona))]);
    page.call(&as_ada).await.unwrap();
    page.call(&personas::delete(&persona).unwrap())
        .await
        .unwrap();
    assert!(page.call(&get).await.is_err());
    assert!(page.call(&as_ada).await.is_err());
}

#[tokio::test]
async fn labels_and_templates_come_and_go_over_sockets() {
    let meta = Meta::new().await;
    let page = meta.page();
    let label = page.call(&labels::create("VIP").unwrap()).await.unwrap();
    let get = labels::get(&label).unwrap();
    let name = page.call(&get).await.unwrap().name;
    assert_eq!(name.as_deref(), Some("VIP"));
    assert_eq!(page.call(&labels::list()).await.unwrap().items.len(), 1);
    let of_person = labels::list_of(&person(0)).unwrap();
    assert!(page.call(&of_person).await.unwrap().items.is_empty());
    let add = labels::add(&label, &person(0)).unwrap();
    page.call(&add).await.unwrap();
    assert_eq!(page.call(&of_person).await.unwrap().items[0].id, label);
    let remove = labels::remove(&label, &person(0)).unwrap();
    page.call(&remove).await.unwrap();
    assert!(page.call(&of_person).await.unwrap().items.is_empty());
    let delete = labels::delete(&label).unwrap();
    page.call(&delete).await.unwrap();
    assert!(page.call(&labels::list()).await.unwrap().items.is_empty());

    let create = templates::create_from_library("a", "en", "order_1").unwrap();
    let made = page.call(&create).await.unwrap();
    assert_eq!(made.status.as_deref(), Some("APPROVED"));
    let found = page.call(&templates::list()).await.unwrap().items;
    assert_eq!(found[0].name.as_deref(), Some("a"));
    let delete = templates::delete("a").unwrap();
    page.call(&delete).await.unwrap();
    assert!(
        page.call(&templates::list())
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn a_conversation_that_another_app_controls_cannot_be_answered() {
    let meta = Meta::new().await;
    let page = meta.page();
    let owner = thread::get_owner(&person(0));
    assert_eq!(page.call(&owner).await.unwrap(), None);
    page.call(&thread::take(&person(0), None)).await.unwrap();
    let ours = page.call(&owner).await.unwrap().unwrap();
    assert_eq!(ours.app, Some(meta.app_access().id));
    let extend = thread::extend(&person(0), Duration::from_secs(60));
    page.call(&extend).await.unwrap();
    let pass = thread::pass(&person(0), None, None);
    page.call(&pass).await.unwrap();
    let held = page.call(&owner).await.unwrap().unwrap();
    assert!(held.app.is_none() && held.until.is_some());

    let message = meta.text(&person(0), "Hello", &[]);
    let error = page.call(&message).await.unwrap_err();
    assert_eq!(error.advice(), Advice::ThreadControl);
    let request = thread::request(&person(0), Some("please"));
    page.call(&request).await.unwrap();
    let error = page.call(&thread::release(&person(0))).await.unwrap_err();
    assert_eq!(error.advice(), Advice::ThreadControl);
    page.call(&thread::take(&person(0), None)).await.unwrap();
    page.call(&message).await.unwrap();
    let block = moderate(&[person(1)], &[ModerationAction::Block]).unwrap();
    page.call(&block).await.unwrap();
}

#[tokio::test]
async fn a_restricted_page_shows_until_when_it_cannot_send() {
    let meta = Meta::new().await;
    let page = meta.page();
    let now = Timestamp::from(std::time::SystemTime::now());
    let free = page.call(&status::get()).await.unwrap();
    assert_eq!(free.status.as_deref(), Some("ok"));
    assert_eq!(free.messaging_restriction(now), None);

    meta.simulator
        .restrict_page(Some(Duration::from_secs(3600)));
    let found = page.call(&status::get()).await.unwrap();
    let restriction = found.messaging_restriction(now).unwrap();
    let left = restriction.until.unwrap().as_millis() - now.as_millis();
    assert!((3_590_000..3_660_000).contains(&left), "{left}");
    assert_eq!(found.violations[0].kind.as_deref(), Some("SPAM"));
    let appeal = &found.recommended_actions[0];
    assert_eq!(appeal.action, status::PageAction::FileAppeal);
    assert!(appeal.url.is_some());
    assert_eq!(found.action_events[0].status.as_deref(), Some("OPEN"));
    let message = meta.text(&person(0), "Hello", &[]);
    let error = page.call(&message).await.unwrap_err();
    assert_eq!(error.advice(), Advice::Blocked);

    meta.simulator.restrict_page(None);
    let found = page.call(&status::get()).await.unwrap();
    assert_eq!(found.messaging_restriction(now).unwrap().until, None);
    meta.simulator.lift_restriction();
    let found = page.call(&status::get()).await.unwrap();
    assert_eq!(found.messaging_restriction(now), None);
    page.call(&message).await.unwrap();
}

#[tokio::test]
async fn a_login_leads_to_a_page_token_that_works() {
    let meta = Meta::new().await;
    let code = meta.simulator.app().login_code.clone();
    let back = "https://a.example/back";
    let app = meta.app();
    let short = app.call(&login::exchange_code(back, &code)).await.unwrap();
    let long = app.call(&login::extend_token(&short.token)).await.unwrap();
    let user = meta.graph.user(&meta.app_access(), &long.token);
    let permissions = user.call(&accounts::list_permissions()).await.unwrap();
    assert!(
        permissions
            .items
            .iter()
            .all(accounts::Permission::is_granted)
    );
    let account = user.call(&accounts::list()).await.unwrap().items.remove(0);
    assert_eq!(account.tasks, ["MESSAGING", "MODERATE", "MANAGE"]);
    let token = account.token.unwrap();
    let access = Access::new(meta.app_access(), account.page.clone(), token.clone());
    let page = meta.graph.page(access).check().await.unwrap();
    assert_eq!(page.id, account.page);
    assert_eq!(page.name.as_deref(), Some("Corner Shop"));

    let info = app.call(&tokens::inspect(token)).await.unwrap();
    assert!(info.is_valid && info.permits("pages_messaging", &account.page));
    assert_eq!(info.expires, Some(tokens::Expiry::Never));
    assert!(info.data_access_expires.unwrap().time().is_some());
    let gone = tokens::inspect(PageToken::new("EAAgone").unwrap());
    assert!(!app.call(&gone).await.unwrap().is_valid);
    let revoke = accounts::revoke_permission("pages_messaging").unwrap();
    user.call(&revoke).await.unwrap();
    let revoke = accounts::revoke_all_permissions();
    user.call(&revoke).await.unwrap();
    let wrong = login::exchange_code(back, "another");
    assert!(app.call(&wrong).await.is_err());
}

/// Checks credentials that are wrong in one place and returns the words of the mistake.
async fn mistake(meta: &Meta, access: Access) -> String {
    match meta.graph.page(access).check().await {
        Err(AccessError::Graph(error)) => panic!("{error}"),
        Err(mistake) => mistake.to_string(),
        Ok(page) => panic!("{page:?}"),
    }
}

#[tokio::test]
async fn g14_each_wrong_credential_is_named_over_sockets() {
    let meta = Meta::new().await;
    let app = meta.simulator.app();
    let right = meta.graph.page(meta.access()).check().await.unwrap();
    assert_eq!(right.id.as_str(), app.page_id);

    let app_token = format!("{}|{}", app.app_id, app.app_secret);
    for (token, start) in [
        (app.user_token.as_str(), "the token belongs to a person"),
        (&app_token, "the token belongs to an app"),
        (
            &app.branch_page_token,
            "the token belongs to the Page 102030405060709, not to the Page",
        ),
        (
            &app.foreign_token,
            "the token was issued to another app, not to the app",
        ),
        ("EAAgone", "the token is not valid: "),
    ] {
        let words = mistake(&meta, meta.access_with(token)).await;
        assert!(words.starts_with(start), "{words}");
        assert!(!words.contains(token), "{words}");
    }

    // App ID 999 with the right secret, Page and token; and the other way around.
    let mut access = meta.access();
    access.app.id = AppId::new("999").unwrap();
    let words = mistake(&meta, access).await;
    assert_eq!(
        words,
        "the App ID and the App Secret do not belong together"
    );
    let mut access = meta.access();
    access.app.secret = AppSecret::new("0".repeat(32)).unwrap();
    assert_eq!(mistake(&meta, access).await, words);
    let mut access = meta.access();
    access.page = PageId::new("42").unwrap();
    let words = mistake(&meta, access).await;
    assert!(
        words.starts_with("the token belongs to the Page 1020"),
        "{words}"
    );
}

#[tokio::test]
async fn g14_a_native_app_is_checked_without_its_token() {
    let meta = Meta::new().await;
    meta.simulator.set_native_app(true);
    let app = meta.simulator.app();
    let error = meta.app().call(&webhooks::get()).await.unwrap_err();
    assert!(matches!(error, Error::Api(refusal) if refusal.code == Some(104)));
    meta.graph.page(meta.access()).check().await.unwrap();
    for (token, start) in [
        (app.user_token.as_str(), "the token belongs to a person"),
        (&app.branch_page_token, "the token belongs to the Page 1020"),
        (&app.foreign_token, "the App ID and the App Secret"),
        ("EAAgone", "the token is not valid: "),
    ] {
        let words = mistake(&meta, meta.access_with(token)).await;
        assert!(words.starts_with(start), "{words}");
    }
}

#[tokio::test]
async fn a_person_or_another_page_cannot_call_for_the_page() {
    let meta = Meta::new().await;
    let person_as_page = meta
        .graph
        .page(meta.access_with(&meta.simulator.app().user_token));
    for error in [
        person_as_page.call(&get_page()).await.unwrap_err(),
        person_as_page.call(&labels::list()).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::Api(_)), "{error}");
    }
    let branch = meta.simulator.app().branch_page_token.clone();
    let other = meta.graph.page(meta.access_with(&branch));
    assert!(other.call(&labels::list()).await.is_err());
}

#[tokio::test]
async fn the_webhook_of_the_app_is_subscribed_read_and_ended() {
    let meta = Meta::new().await;
    let app = meta.app();
    // Meta requests the address during the call.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook", listener.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        assert!(request.contains("hub.verify_token=verify-me"), "{request}");
        let challenge = request.split("hub.challenge=").nth(1).unwrap();
        let challenge = challenge.split(['&', ' ']).next().unwrap();
        let length = challenge.len();
        let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{challenge}");
        stream.write_all(response.as_bytes()).await.unwrap();
    });
    let token = VerifyToken::new("verify-me").unwrap();
    let subscribe = webhooks::subscribe(&url, &token, &[WebhookField::MESSAGES]).unwrap();
    app.call(&subscribe).await.unwrap();
    answering.await.unwrap();
    let found = app.call(&webhooks::get()).await.unwrap().items.remove(0);
    assert_eq!(found.callback_url.as_deref(), Some(url.as_str()));
    let version = Some("v27.0".to_owned());
    assert_eq!(found.fields, [(WebhookField::MESSAGES, version)]);
    let nobody = app.call(&subscribe).await.unwrap_err();
    assert!(matches!(nobody, Error::Api(refusal) if refusal.code == Some(2200)));
    app.call(&webhooks::unsubscribe_all()).await.unwrap();
    assert!(app.call(&webhooks::get()).await.unwrap().items.is_empty());

    // App Secret of another app.
    let secret = AppSecret::new("0".repeat(32)).unwrap();
    let stranger = meta.graph.app(AppAccess::new(meta.app_access().id, secret));
    let error = stranger.call(&webhooks::get()).await.unwrap_err();
    assert_eq!(error.advice(), Advice::Reauthorize);
}

#[tokio::test]
async fn conversations_of_the_past_are_read() {
    let meta = Meta::new().await;
    let page = meta.page();
    let page_id = &page.access().page;
    let mid = meta.simulator.write(person(0).as_str(), "Hello?").unwrap();
    meta.simulator.write(person(1).as_str(), "Bonjour").unwrap();
    page.call(&meta.text(&person(0), "Yes", &[])).await.unwrap();
    let list = page
        .call(&list_conversations(20).with_limit(1))
        .await
        .unwrap();
    assert!(list.next.is_some());
    let newest = &list.items[0];
    assert_eq!(newest.customer(page_id), Some(person(0)));
    let texts: Vec<_> = newest
        .messages
        .items
        .iter()
        .map(|message| message.text.as_deref())
        .collect();
    assert_eq!(texts, [Some("Yes"), Some("Hello?")]);
    assert_eq!(newest.messages.items[0].is_from(page_id), Some(true));
    let only = page
        .call(&find_conversation(&person(1), 0))
        .await
        .unwrap()
        .items;
    assert_eq!((only.len(), only[0].message_count), (1, Some(1)));
    let again = get_conversation(&only[0].id, 1).unwrap();
    let again = page.call(&again).await.unwrap();
    assert_eq!(again.messages.items[0].text.as_deref(), Some("Bonjour"));
    let messages = list_messages(&newest.id).unwrap();
    assert_eq!(page.call(&messages).await.unwrap().items.len(), 2);
    let get = get_message(&mid.parse().unwrap()).unwrap();
    let message = page.call(&get).await.unwrap();
    assert_eq!(message.text.as_deref(), Some("Hello?"));
    assert!(message.at.is_some());
    for number in 0..20 {
        let text = number.to_string();
        meta.simulator.write(person(0).as_str(), &text).unwrap();
    }
    let error = page.call(&get).await.unwrap_err();
    assert!(matches!(error, Error::Api(refusal) if refusal.code == Some(9_000_001)));
}

#[tokio::test]
async fn profiles_are_known_not_readable_or_not_found() {
    let meta = Meta::new().await;
    let page = meta.page();
    for number in [0, 1] {
        let profile = page
            .profile(&person(number))
            .await
            .unwrap()
            .known()
            .unwrap();
        assert!(profile.name.is_some() && profile.picture.is_some());
    }
    for (psid, reason) in [
        (person(2), NoProfile::NotReadable),
        (Psid::new("1").unwrap(), NoProfile::NotFound),
    ] {
        let outcome = page.profile(&psid).await.unwrap();
        assert_eq!(outcome, ProfileOutcome::Unavailable(reason));
    }
}

#[tokio::test]
async fn b17_a_refused_picture_costs_the_picture_only_over_sockets() {
    let meta = Meta::new().await;
    meta.simulator
        .answer_profiles(ProfileAnswer::PictureRefused);
    let profile = meta.page().profile(&person(0)).await.unwrap();
    let profile = profile.known().unwrap();
    assert!(profile.name.is_some() && profile.picture.is_none());
}

#[tokio::test]
async fn b1_a_picture_that_redirects_is_shown() {
    let meta = Meta::new().await;
    let page = meta.page();
    let mut pictures = Vec::new();
    for answer in [ProfileAnswer::Shown, ProfileAnswer::PictureRedirects] {
        meta.simulator.answer_profiles(answer);
        let profile = page.profile(&person(0)).await.unwrap().known().unwrap();
        let url = profile.picture.unwrap();
        let redirects = url.expose_secret().contains("redirect");
        assert_eq!(redirects, answer == ProfileAnswer::PictureRedirects);
        pictures.push(page.picture(&url).await.unwrap());
    }
    assert_eq!(pictures[0].media_type, "image/png");
    assert!(pictures[0].bytes == pictures[1].bytes);
}
