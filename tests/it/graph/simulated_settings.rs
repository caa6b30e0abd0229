//! The other calls over sockets, to a Messenger that writes and reads JSON of its own.

use std::time::Duration;

use messenger_crm::graph::app::{
    Accounts, ExchangeCode, ExtendToken, InspectToken, Permissions, RevokePermission,
    SubscribeWebhook, UnsubscribeWebhook, WebhookSubscriptions,
};
use messenger_crm::graph::history::{Conversations, MessagesOf, ReadMessage};
use messenger_crm::graph::page::{
    AddLabel, CreateLabel, CreatePersona, CreateTemplate, DeleteLabel, DeletePersona,
    DeleteSettings, DeleteTemplate, ExtendThread, Greeting, Labels, LabelsOf, Menu, MenuItem,
    Moderate, Moderation, PassThread, Personas, ReadLabel, ReadPersona, ReadRouting, ReadSettings,
    ReleaseThread, RemoveLabel, RequestThread, Setting, Settings, SubscribeApp, SubscribedApps,
    TakeThread, Templates, ThreadOwnerOf, UnsubscribeApp, WriteSettings,
};
use messenger_crm::graph::send::Message;
use messenger_crm::graph::{
    Access, Advice, Batch, Error, NoProfile, Paging, ProfileOf, ProfileOutcome,
};
use messenger_crm::id::{Mid, Psid};
use messenger_crm::secret::PageToken;

use messenger_crm::secret::VerifyToken;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::simulated::{Meta, person};

#[tokio::test]
async fn settings_are_written_read_and_deleted() {
    let meta = Meta::new().await;
    let page = || meta.page.clone();
    assert_eq!(meta.call(&ReadSettings::new(page())).await, Settings::new());
    let menu = Settings::new().with_menu(vec![Menu::new(vec![MenuItem::postback("Help", "HELP")])]);
    let early = WriteSettings::new(page(), menu.clone()).unwrap();
    let error = meta.graph.call(&meta.as_page(), &early).await.unwrap_err();
    assert_eq!(error.advice(), Advice::FixRequest);
    let all = menu
        .with_get_started("START")
        .with_greeting(vec![Greeting::new("Hi!")]);
    meta.call(&WriteSettings::new(page(), all.clone()).unwrap())
        .await;
    assert_eq!(meta.call(&ReadSettings::new(page())).await, all);
    meta.call(&DeleteSettings::new(page(), [Setting::Greeting]))
        .await;
    let left = meta.call(&ReadSettings::new(page())).await;
    assert!(left.greeting.is_none() && left.get_started.is_some());

    meta.call(&SubscribeApp::new(page(), ["messages", "message_echoes"]))
        .await;
    let apps = meta.call(&SubscribedApps::new(page())).await.items;
    assert_eq!(apps[0].fields, ["messages", "message_echoes"]);
    assert_eq!(apps[0].id, meta.app());
    meta.call(&UnsubscribeApp::new(page())).await;
    assert!(
        meta.call(&SubscribedApps::new(page()))
            .await
            .items
            .is_empty()
    );
    assert!(meta.call(&ReadRouting::new(page())).await.is_on);
}

#[tokio::test]
async fn c25_a_list_is_walked_by_cursor() {
    let meta = Meta::new().await;
    let page = || meta.page.clone();
    for name in ["a", "b", "c", "d", "e"] {
        let create = CreatePersona::new(page(), name, "https://a.example/a.png").unwrap();
        meta.call(&create).await;
    }
    let (mut names, mut paging, mut calls) = (Vec::new(), Paging::first(2), 0);
    loop {
        let listing = meta.call(&Personas::new(page(), paging)).await;
        names.extend(listing.items.into_iter().filter_map(|persona| persona.name));
        calls += 1;
        match listing.next {
            Some(next) => paging = Paging::first(2).after(next),
            None => break,
        }
    }
    assert_eq!((names.join(""), calls), ("abcde".to_owned(), 3));
}

#[tokio::test]
async fn personas_labels_and_templates_come_and_go() {
    let meta = Meta::new().await;
    let page = || meta.page.clone();
    let create = CreatePersona::new(page(), "Ada", "https://a.example/a.png").unwrap();
    let persona = meta.call(&create).await;
    let read = ReadPersona::new(persona.clone());
    assert_eq!(meta.call(&read).await.name.as_deref(), Some("Ada"));
    let as_ada = || {
        Message::text(person(0), "Hello")
            .unwrap()
            .with_persona(persona.clone())
    };
    meta.say(as_ada()).await;
    meta.call(&DeletePersona::new(persona.clone())).await;
    assert!(meta.graph.call(&meta.as_page(), &read).await.is_err());
    let gone = meta
        .graph
        .send(&meta.as_page(), &meta.page, &as_ada())
        .await;
    assert!(gone.is_err());

    let label = meta.call(&CreateLabel::new(page(), "VIP").unwrap()).await;
    assert_eq!(
        meta.call(&ReadLabel::new(label.clone()))
            .await
            .name
            .as_deref(),
        Some("VIP")
    );
    assert_eq!(
        meta.call(&Labels::new(page(), Paging::default()))
            .await
            .items
            .len(),
        1
    );
    let of_person = LabelsOf::new(person(0), Paging::default());
    assert!(meta.call(&of_person).await.items.is_empty());
    meta.call(&AddLabel::new(label.clone(), person(0))).await;
    assert_eq!(meta.call(&of_person).await.items[0].id, label);
    meta.call(&RemoveLabel::new(label.clone(), person(0))).await;
    assert!(meta.call(&of_person).await.items.is_empty());
    meta.call(&DeleteLabel::new(label)).await;
    assert!(
        meta.call(&Labels::new(page(), Paging::default()))
            .await
            .items
            .is_empty()
    );

    meta.call(&CreateTemplate::from_library(page(), "a", "en", "order_1").unwrap())
        .await;
    let templates = meta
        .call(&Templates::new(page(), Paging::default()))
        .await
        .items;
    assert_eq!(templates[0].name.as_deref(), Some("a"));
    meta.call(&DeleteTemplate::new(page(), "a")).await;
    assert!(
        meta.call(&Templates::new(page(), Paging::default()))
            .await
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn a_conversation_that_another_app_holds_cannot_be_answered() {
    let meta = Meta::new().await;
    let page = || meta.page.clone();
    let owner = ThreadOwnerOf::new(page(), person(0));
    assert_eq!(meta.call(&owner).await, None);
    meta.call(&TakeThread::new(page(), person(0))).await;
    assert_eq!(meta.call(&owner).await.unwrap().app, Some(meta.app()));
    meta.call(&ExtendThread::new(page(), person(0)).lasting(Duration::from_secs(60)))
        .await;
    meta.call(&PassThread::new(page(), person(0))).await;
    let held = meta.call(&owner).await.unwrap();
    assert!(held.app.is_none() && held.until.is_some());

    let message = Message::text(person(0), "Hello").unwrap();
    let error = meta
        .graph
        .send(&meta.as_page(), &meta.page, &message)
        .await
        .unwrap_err();
    assert_eq!(error.advice(), Advice::ThreadControl);
    meta.call(&RequestThread::new(page(), person(0))).await;
    let release = ReleaseThread::new(page(), person(0));
    assert!(meta.graph.call(&meta.as_page(), &release).await.is_err());
    meta.call(&TakeThread::new(page(), person(0))).await;
    meta.say(message).await;
    let block = Moderate::new(page(), vec![person(1)], vec![Moderation::Block]).unwrap();
    meta.call(&block).await;
}

#[tokio::test]
async fn a_login_leads_to_a_page_token_that_works() {
    let meta = Meta::new().await;
    let code = meta.simulator.app().login_code.clone();
    let back = "https://a.example/back";
    let exchange = ExchangeCode::new(meta.app(), meta.secret(), back, code);
    let short = meta.graph.call(&meta.as_app(), &exchange).await.unwrap();
    let extend = ExtendToken::new(meta.app(), meta.secret(), short.token);
    let long = meta.graph.call(&meta.as_app(), &extend).await.unwrap();
    let user = Access::new(long.token, meta.secret());
    let permissions = meta.graph.call(&user, &Permissions::new()).await.unwrap();
    assert!(
        permissions
            .items
            .iter()
            .all(|permission| permission.is_granted())
    );
    let accounts = meta
        .graph
        .call(&user, &Accounts::new(Paging::default()))
        .await
        .unwrap();
    let account = &accounts.items[0];
    assert_eq!(account.page, meta.page);
    let as_page = Access::new(account.token.clone().unwrap(), meta.secret());
    assert_eq!(meta.graph.page(&as_page).await.unwrap().id, meta.page);

    let inspect = InspectToken::new(as_page.token);
    let facts = meta.graph.call(&meta.as_app(), &inspect).await.unwrap();
    assert!(facts.is_valid && facts.permits("pages_messaging", &meta.page));
    // In a batch the token that is looked into stands in no URL.
    let batch = Batch::new([
        inspect,
        InspectToken::new(PageToken::new("EAAgone").unwrap()),
    ])
    .unwrap();
    let facts = meta.graph.call(&meta.as_app(), &batch).await.unwrap();
    assert!(facts[0].as_ref().unwrap().is_valid);
    assert!(!facts[1].as_ref().unwrap().is_valid);
    meta.graph
        .call(&meta.as_user(), &RevokePermission::all())
        .await
        .unwrap();
    let wrong = ExchangeCode::new(meta.app(), meta.secret(), back, "another");
    assert!(meta.graph.call(&meta.as_app(), &wrong).await.is_err());
}

#[tokio::test]
async fn webhooks_of_the_app_are_begun_read_and_ended() {
    let meta = Meta::new().await;
    let list = WebhookSubscriptions::new(meta.app());
    // Meta calls the address while it is being told of it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook", listener.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(stream.read_u8().await.unwrap());
        }
        let asked = String::from_utf8(asked).unwrap();
        assert!(asked.contains("hub.verify_token=verify-me"), "{asked}");
        let challenge = asked.split("hub.challenge=").nth(1).unwrap();
        let challenge = challenge.split(['&', ' ']).next().unwrap();
        let length = challenge.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{challenge}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    let token = || VerifyToken::new("verify-me").unwrap();
    let begin = |url: &str| SubscribeWebhook::new(meta.app(), url, token(), ["messages"]);
    meta.graph.call(&meta.as_app(), &begin(&url)).await.unwrap();
    answering.await.unwrap();
    let begun = meta
        .graph
        .call(&meta.as_app(), &list)
        .await
        .unwrap()
        .items
        .remove(0);
    assert_eq!(begun.callback_url.as_deref(), Some(url.as_str()));
    assert_eq!(begun.fields[0].0, "messages");
    let nobody = meta
        .graph
        .call(&meta.as_app(), &begin(&url))
        .await
        .unwrap_err();
    assert!(matches!(nobody, Error::Api(api) if api.code == Some(2200)));
    let end = UnsubscribeWebhook::new(meta.app());
    meta.graph.call(&meta.as_app(), &end).await.unwrap();
    assert!(
        meta.graph
            .call(&meta.as_app(), &list)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let error = meta.graph.call(&meta.as_page(), &list).await.unwrap_err();
    assert_eq!(error.advice(), Advice::Reauthorize);
}

#[tokio::test]
async fn conversations_of_the_past_are_read() {
    let meta = Meta::new().await;
    let mid = meta.simulator.write(person(0).as_str(), "Hello?").unwrap();
    meta.simulator.write(person(1).as_str(), "Bonjour").unwrap();
    meta.say(Message::text(person(0), "Yes").unwrap()).await;
    let list = Conversations::new(meta.page.clone(), Paging::first(1)).with_messages(20);
    let listing = meta.call(&list).await;
    assert!(listing.next.is_some());
    let newest = &listing.items[0];
    assert_eq!(newest.customer(&meta.page), Some(person(0)));
    let texts: Vec<_> = newest
        .messages
        .items
        .iter()
        .map(|message| message.text.as_deref())
        .collect();
    assert_eq!(texts, [Some("Yes"), Some("Hello?")]);
    assert_eq!(newest.messages.items[0].is_from(&meta.page), Some(true));
    let with = Conversations::new(meta.page.clone(), Paging::default()).with(person(1));
    let only = meta.call(&with).await.items;
    assert_eq!((only.len(), only[0].message_count), (1, Some(1)));
    let messages = MessagesOf::new(meta.page.clone(), newest.id.clone(), Paging::default());
    assert_eq!(meta.call(&messages).await.items.len(), 2);
    let read = ReadMessage::new(meta.page.clone(), Mid::new(mid).unwrap());
    let message = meta.call(&read).await;
    assert_eq!(message.text.as_deref(), Some("Hello?"));
    assert!(message.at.is_some());
    for number in 0..20 {
        meta.simulator
            .write(person(0).as_str(), &number.to_string())
            .unwrap();
    }
    let error = meta.graph.call(&meta.as_page(), &read).await.unwrap_err();
    assert!(matches!(error, Error::Api(api) if api.code == Some(9_000_001)));
}

#[tokio::test]
async fn profiles_come_alone_and_in_a_batch() {
    let meta = Meta::new().await;
    let people = (0..3).map(|number| ProfileOf::new(person(number)));
    let stranger = ProfileOf::new(Psid::new("1").unwrap());
    let batch = Batch::new(people.chain([stranger])).unwrap();
    let found: Vec<_> = meta
        .call(&batch)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(matches!(&found[0], ProfileOutcome::Known(profile) if profile.name.is_some()));
    assert!(matches!(&found[1], ProfileOutcome::Known(_)));
    assert_eq!(found[2], ProfileOutcome::Nobody(NoProfile::Unavailable));
    assert_eq!(found[3], ProfileOutcome::Nobody(NoProfile::Unknown));
    let alone = meta
        .graph
        .profile(&meta.as_page(), &person(2))
        .await
        .unwrap();
    assert_eq!(alone, ProfileOutcome::Nobody(NoProfile::Unavailable));
}
