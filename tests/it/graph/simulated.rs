//! The calls over sockets, against a Messenger that writes and reads JSON of its own.

use std::process::Command;
use std::time::Duration;

use messenger_crm::graph::app::{
    Accounts, ExchangeCode, ExtendToken, InspectToken, Permissions, RevokePermission,
    UnsubscribeWebhook, WebhookSubscriptions,
};
use messenger_crm::graph::history::{Conversations, MessagesOf, ReadMessage};
use messenger_crm::graph::page::{
    AddLabel, CreateLabel, CreatePersona, CreateTemplate, DeleteLabel, DeletePersona,
    DeleteSettings, DeleteTemplate, ExtendThread, Greeting, Labels, LabelsOf, Menu, MenuItem,
    Moderate, Moderation, PassThread, Personas, ReadLabel, ReadPersona, ReadRouting, ReadSettings,
    ReleaseThread, RemoveLabel, RequestThread, Setting, Settings, SubscribeApp, SubscribedApps,
    TakeThread, Templates, ThreadOwnerOf, UnsubscribeApp, WriteSettings,
};
use messenger_crm::graph::send::{
    Action, Button, Content, FileKind, Media, Message, QuickReply, SaveAttachment, SendFile,
    SenderAction, Template, UtilityTemplate,
};
use messenger_crm::graph::{
    Access, Advice, Batch, Endpoint, Error, Graph, NoProfile, Paging, ProfileOf, ProfileOutcome,
    ReqwestTransport, TokioClock, Upload,
};
use messenger_crm::id::{AppId, Mid, PageId, Psid};
use messenger_crm::secret::{AppSecret, PageToken, UserToken};
use messenger_crm::simulator::Simulator;
use serde_json::json;

use crate::util::{Folder, binary};

struct Meta {
    simulator: Simulator,
    graph: Graph,
    page: PageId,
}

impl Meta {
    async fn new() -> Self {
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let builder = reqwest::Client::builder().no_proxy();
        let transport = ReqwestTransport::from_builder(builder).unwrap();
        let graph = Graph::new(transport)
            .with_clock(TokioClock::new())
            .with_timed_proof()
            .with_base_url(&simulator.url())
            .unwrap();
        let page = PageId::new(simulator.app().page_id.clone()).unwrap();
        Self {
            simulator,
            graph,
            page,
        }
    }

    fn secret(&self) -> AppSecret {
        AppSecret::new(self.simulator.app().app_secret.clone()).unwrap()
    }

    fn app(&self) -> AppId {
        AppId::new(self.simulator.app().app_id.clone()).unwrap()
    }

    fn as_page(&self) -> Access {
        let token = PageToken::new(self.simulator.app().page_token.clone()).unwrap();
        Access::new(token, self.secret())
    }

    fn as_user(&self) -> Access {
        let token = UserToken::new(self.simulator.app().user_token.clone()).unwrap();
        Access::new(token, self.secret())
    }

    fn as_app(&self) -> Access {
        Access::app(&self.app(), self.secret()).unwrap()
    }

    /// As the Page.
    async fn call<E: Endpoint + Sync>(&self, endpoint: &E) -> E::Output {
        self.graph.call(&self.as_page(), endpoint).await.unwrap()
    }

    async fn say(&self, message: Message) -> Mid {
        let sent = self.graph.send(&self.as_page(), &self.page, &message).await;
        sent.unwrap().mid.unwrap()
    }

    fn thread(&self) -> Vec<messenger_crm::simulator::Message> {
        self.simulator.thread(person(0).as_str()).unwrap()
    }
}

fn person(number: usize) -> Psid {
    Psid::new(Simulator::people()[number].psid).unwrap()
}

#[tokio::test]
async fn messages_of_all_kinds_arrive() {
    let meta = Meta::new().await;
    let first = meta.simulator.write(person(0).as_str(), "Hello?").unwrap();
    let quoted = Mid::new(first.clone()).unwrap();
    let text = Message::text(person(0), "What now?").unwrap();
    let text = text.with_reply_to(quoted.clone());
    let text = text.with_quick_replies(vec![QuickReply::text("Go", "GO"), QuickReply::UserEmail]);
    meta.say(text.unwrap()).await;
    let template = Template::buttons("Choose", vec![Button::postback("Go", "GO")]);
    meta.say(Message::template(person(0), template).unwrap())
        .await;
    let picture = Media::url("https://a.example/a.png");
    meta.say(Message::image(person(0), picture).unwrap()).await;
    let thumb = Content::Sticker(messenger_crm::graph::send::THUMBS_UP);
    meta.say(Message::new(person(0), thumb).unwrap()).await;
    let create = CreateTemplate::new(meta.page.clone(), "order", "en", json!([])).unwrap();
    assert_eq!(meta.call(&create).await.status.as_deref(), Some("APPROVED"));
    let utility = Content::Utility(UtilityTemplate::new("order", "en"));
    meta.say(Message::new(person(0), utility).unwrap()).await;

    let thread = meta.thread();
    assert_eq!(thread.len(), 6);
    assert_eq!(thread[1].reply_to.as_deref(), Some(first.as_str()));
    assert_eq!(thread[1].quick_replies.len(), 2);
    assert_eq!(
        thread[2].template.as_ref().unwrap()["template_type"],
        "button"
    );
    assert_eq!(thread[3].attachment.as_ref().unwrap().kind, "image");
    assert_eq!(thread[4].attachment.as_ref().unwrap().kind, "sticker");

    for (action, reaction) in [
        (
            Action::React {
                mid: quoted.clone(),
                reaction: "😊".to_owned(),
            },
            Some("😊"),
        ),
        (Action::Unreact { mid: quoted }, None),
        (Action::TypingOn, None),
        (Action::MarkSeen, None),
    ] {
        let sign = SenderAction::new(person(0), action).unwrap();
        let sent = meta.call(&sign.by(&meta.page)).await;
        assert_eq!(sent.recipient, Some(person(0)));
        assert_eq!(meta.thread()[0].reaction.as_deref(), reaction);
    }
}

#[tokio::test]
async fn c26_a_file_is_sent_saved_and_sent_again() {
    let meta = Meta::new().await;
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
    let file = |media_type| Upload::from_bytes("a.png", media_type, bytes.clone()).unwrap();
    let send = SendFile::new(
        meta.page.clone(),
        person(0),
        FileKind::Image,
        file("image/png"),
    );
    let send = send.with_metadata("crm-7").unwrap();
    assert!(meta.call(&send).await.mid.is_some());
    let shown = meta.thread().remove(0);
    assert_eq!(shown.metadata.as_deref(), Some("crm-7"));
    let url = shown.attachment.unwrap().url;
    let lies_there = reqwest::Client::builder().no_proxy().build().unwrap();
    let lies_there = lies_there
        .get(url)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert!(lies_there == bytes);

    let save = SaveAttachment::from_file(meta.page.clone(), FileKind::Image, file("image/png"));
    let saved = meta.call(&save).await;
    meta.say(Message::image(person(0), Media::saved(saved.id)).unwrap())
        .await;
    assert_eq!(meta.thread().len(), 2);

    let wrong = SaveAttachment::from_file(meta.page.clone(), FileKind::Video, file("image/png"));
    let error = meta.graph.call(&meta.as_page(), &wrong).await.unwrap_err();
    assert_eq!(error.advice(), Advice::FixRequest);
    let nothing = Media::saved("1".to_owned().try_into().unwrap());
    let nothing = Message::image(person(0), nothing).unwrap();
    let error = meta
        .graph
        .send(&meta.as_page(), &meta.page, &nothing)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Api(api) if api.subcode == Some(2_018_074)));
}

#[tokio::test]
async fn c26_a_file_on_the_disk_is_read_as_it_leaves() {
    let meta = Meta::new().await;
    let folder = Folder::new();
    let path = folder.path().join("menu.pdf");
    let bytes: Vec<u8> = (0..300_000_u32).map(|number| (number / 7) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    let file = Upload::open(&path, "application/pdf").await.unwrap();
    assert_eq!(file.bytes(), 300_000);
    let send = SendFile::new(meta.page.clone(), person(0), FileKind::File, file);
    meta.call(&send).await;
    let url = meta.thread()[0].attachment.clone().unwrap().url;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let lies_there = client.get(url).send().await.unwrap().bytes().await.unwrap();
    assert!(lies_there == bytes);

    // It shrinks before it is sent again: the request breaks off, and nobody gets half of it.
    std::fs::write(&path, &bytes[..1000]).unwrap();
    let error = meta.graph.call(&meta.as_page(), &send).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    assert_eq!(meta.thread().len(), 1);

    std::fs::write(&path, b"").unwrap();
    let empty = Upload::open(&path, "application/pdf").await.unwrap_err();
    assert_eq!(empty.to_string(), "the file is empty");
    let folder = Upload::open(folder.path(), "application/pdf")
        .await
        .unwrap_err();
    assert_eq!(folder.to_string(), "it is not a file");
    assert!(
        Upload::open(path.with_extension("gone"), "a/b")
            .await
            .is_err()
    );
}

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
async fn webhooks_of_the_app_are_read_and_ended() {
    let meta = Meta::new().await;
    let list = WebhookSubscriptions::new(meta.app());
    assert!(
        meta.graph
            .call(&meta.as_app(), &list)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let end = UnsubscribeWebhook::new(meta.app());
    meta.graph.call(&meta.as_app(), &end).await.unwrap();
    let error = meta.graph.call(&meta.as_page(), &list).await.unwrap_err();
    assert_eq!(error.advice(), Advice::Reauthorise);
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

#[tokio::test]
async fn the_example_sends_one_message_with_secrets_from_the_environment() {
    let meta = Meta::new().await;
    let app = meta.simulator.app();
    let run = |text: &'static str, token: String| {
        let mut send = Command::new(binary("send"));
        send.args([Simulator::people()[0].psid, text])
            .env("PAGE_TOKEN", token)
            .env("APP_SECRET", &app.app_secret)
            .env("GRAPH_URL", meta.simulator.url())
            .env("NO_PROXY", "127.0.0.1");
        // The simulator must go on answering while the program runs.
        let sent = tokio::task::spawn_blocking(move || send.output().unwrap());
        async move { sent.await.unwrap() }
    };
    let sent = run("Hello", app.page_token.clone()).await;
    let thread = meta.thread();
    assert_eq!(
        String::from_utf8(sent.stdout).unwrap(),
        format!("sent {}\n", thread[0].mid)
    );
    assert_eq!(thread[0].text.as_deref(), Some("Hello"));

    let refused = run("Hello", "EAAexpired".to_owned()).await;
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.starts_with("send: meta refused with status 400, code 190"),
        "{said}"
    );
    assert!(!said.contains("EAA"), "{said}");
    let blank = run(" ", app.page_token.clone()).await;
    assert_eq!(
        String::from_utf8(blank.stderr).unwrap(),
        "send: the text is blank\n"
    );
    assert_eq!(meta.thread().len(), 1);
}
