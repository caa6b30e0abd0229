//! Messages and files over sockets, to a Messenger that writes and reads JSON of its own.

use std::process::Command;

use messenger_crm::graph::page::CreateTemplate;
use messenger_crm::graph::send::{
    Action, Button, Content, FileKind, Media, Message, QuickReply, SaveAttachment, SendFile,
    SenderAction, Template, UtilityTemplate,
};
use messenger_crm::graph::{
    Access, Advice, Endpoint, Error, Graph, ReqwestTransport, TokioClock, Upload,
};
use messenger_crm::id::{AppId, Mid, PageId, Psid};
use messenger_crm::secret::{AppSecret, PageToken, UserToken};
use messenger_crm::simulator::Simulator;
use serde_json::json;

use crate::example::binary;
use crate::util::Folder;

pub(super) struct Meta {
    pub(super) simulator: Simulator,
    pub(super) graph: Graph,
    pub(super) page: PageId,
}

impl Meta {
    pub(super) async fn new() -> Self {
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

    pub(super) fn secret(&self) -> AppSecret {
        AppSecret::new(self.simulator.app().app_secret.clone()).unwrap()
    }

    pub(super) fn app(&self) -> AppId {
        AppId::new(self.simulator.app().app_id.clone()).unwrap()
    }

    pub(super) fn as_page(&self) -> Access {
        let token = PageToken::new(self.simulator.app().page_token.clone()).unwrap();
        Access::new(token, self.secret())
    }

    pub(super) fn as_user(&self) -> Access {
        let token = UserToken::new(self.simulator.app().user_token.clone()).unwrap();
        Access::new(token, self.secret())
    }

    pub(super) fn as_app(&self) -> Access {
        Access::app(&self.app(), self.secret()).unwrap()
    }

    /// As the Page.
    pub(super) async fn call<E: Endpoint + Sync>(&self, endpoint: &E) -> E::Output {
        self.graph.call(&self.as_page(), endpoint).await.unwrap()
    }

    pub(super) async fn say(&self, message: Message) -> Mid {
        let sent = self.graph.send(&self.as_page(), &self.page, &message).await;
        sent.unwrap().mid.unwrap()
    }

    pub(super) fn thread(&self) -> Vec<messenger_crm::simulator::Message> {
        self.simulator.thread(person(0).as_str()).unwrap()
    }
}

pub(super) fn person(number: usize) -> Psid {
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
