//! Messages and files over sockets, to a Messenger that writes and reads JSON of its own.

use std::process::Command;

use messenger_crm::graph::page::templates;
use messenger_crm::graph::send::{
    self, MediaKind, MediaSource, OutgoingContent, OutgoingFile, OutgoingMessage,
    OutgoingQuickReply, Recipient, SenderAction, Template, TemplateButton, UtilityTemplate,
};
use messenger_crm::graph::{
    Access, Advice, AppAccess, AppClient, Call, Error, Graph, PageClient, Path, ReqwestTransport,
    TokioClock, Upload, UserClient,
};
use messenger_crm::id::{AppId, Mid, PageId, Psid};
use messenger_crm::secret::{AppSecret, PageToken, UserToken};
use messenger_crm::simulator::{Limits, Simulator};
use serde_json::{Value, json};

use crate::example::binary;
use crate::util::Folder;

pub(super) struct Meta {
    pub(super) simulator: Simulator,
    pub(super) graph: Graph,
}

impl Meta {
    pub(super) async fn new() -> Self {
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        // A busy machine can bring calls together that the client keeps apart.
        simulator.set_limits(Limits::none());
        let builder = reqwest::Client::builder().no_proxy();
        let transport = ReqwestTransport::from_builder(builder).unwrap();
        let graph = Graph::from_parts(transport, TokioClock::new())
            .with_timed_proof()
            .with_base_url(&simulator.url())
            .unwrap();
        Self { simulator, graph }
    }

    pub(super) fn app_access(&self) -> AppAccess {
        let app = self.simulator.app();
        AppAccess::new(
            AppId::new(app.app_id.clone()).unwrap(),
            AppSecret::new(app.app_secret.clone()).unwrap(),
        )
    }

    pub(super) fn access(&self) -> Access {
        self.access_with(&self.simulator.app().page_token)
    }

    pub(super) fn access_with(&self, token: &str) -> Access {
        let page = PageId::new(self.simulator.app().page_id.clone()).unwrap();
        Access::new(self.app_access(), page, PageToken::new(token).unwrap())
    }

    pub(super) fn page(&self) -> PageClient {
        self.graph.page(self.access())
    }

    pub(super) fn app(&self) -> AppClient {
        self.graph.app(self.app_access())
    }

    pub(super) fn user(&self) -> UserClient {
        let token = UserToken::new(self.simulator.app().user_token.clone()).unwrap();
        self.graph.user(&self.app_access(), &token)
    }

    fn thread(&self) -> Vec<messenger_crm::simulator::Message> {
        self.simulator.thread(person(0).as_str()).unwrap()
    }

    /// Downloads the attachment of the first message in the thread.
    async fn download(&self) -> Vec<u8> {
        let url = self.thread()[0].attachment.clone().unwrap().url;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.get(url).send().await.unwrap();
        response.bytes().await.unwrap().to_vec()
    }

    /// Sends a text as the Page, with these members beside it.
    pub(super) fn text(&self, psid: &Psid, text: &str, members: &[(&str, Value)]) -> Call<Mid> {
        let mut body = json!({"recipient": {"id": psid}, "messaging_type": "RESPONSE",
            "message": {"text": text}});
        for (name, value) in members {
            body[*name] = value.clone();
        }
        let call = Call::post(Path::me().edge("messages"), |response| {
            let mid = response.object().id("message_id");
            mid.and_then(|mid| Mid::new(mid).ok())
                .ok_or_else(|| response.unexpected())
        });
        call.with_json(&body).unwrap()
    }
}

pub(super) fn person(number: usize) -> Psid {
    Psid::new(Simulator::people()[number].psid).unwrap()
}

#[tokio::test]
async fn messages_of_all_kinds_arrive() {
    let meta = Meta::new().await;
    let page = meta.page();
    let first = meta.simulator.write(person(0).as_str(), "Hello?").unwrap();
    let quoted = Mid::new(first.clone()).unwrap();
    let text = |text| OutgoingMessage::text(person(0), text).unwrap();
    let quick_replies = vec![
        OutgoingQuickReply::text("Go", "GO"),
        OutgoingQuickReply::UserEmail,
    ];
    let components = json!([{"type": "BODY", "text": "Hello"}]);
    let create = templates::create("order", "en", &components).unwrap();
    page.call(&create).await.unwrap();
    let buttons = vec![TemplateButton::postback("Go", "GO")];
    let picture = MediaSource::url("https://a.example/a.png");
    let utility = OutgoingContent::Utility(UtilityTemplate::new("order", "en"));
    for message in [
        text("What now?").with_reply_to(quoted.clone()),
        text("Choose").with_quick_replies(quick_replies).unwrap(),
        OutgoingMessage::template(person(0), Template::buttons("Choose", buttons)).unwrap(),
        OutgoingMessage::media(person(0), MediaKind::Image, picture).unwrap(),
        OutgoingMessage::new(person(0), OutgoingContent::Sticker(send::THUMBS_UP)).unwrap(),
        OutgoingMessage::new(person(0), utility).unwrap(),
    ] {
        let sent = page.send(&message).await.unwrap();
        assert_eq!(sent.mid.unwrap().as_str(), meta.thread().pop().unwrap().mid);
    }
    let thread = meta.thread();
    assert_eq!(thread.len(), 7);
    assert_eq!(thread[1].reply_to.as_deref(), Some(first.as_str()));
    assert_eq!(thread[2].quick_replies.len(), 2);
    let template = thread[3].template.as_ref().unwrap();
    assert_eq!(template["template_type"], "button");
    assert_eq!(thread[4].attachment.as_ref().unwrap().kind, "image");
    assert_eq!(thread[5].attachment.as_ref().unwrap().kind, "sticker");

    for (action, reaction) in [
        (
            SenderAction::react(person(0), quoted.clone(), "😊").unwrap(),
            Some("😊"),
        ),
        (SenderAction::unreact(person(0), quoted).unwrap(), None),
        (SenderAction::typing_on(person(0)).unwrap(), None),
        (SenderAction::mark_seen(person(0)).unwrap(), None),
    ] {
        let sent = page.call(&send::action(&action).unwrap()).await.unwrap();
        assert_eq!(sent.recipient, Some(person(0)));
        assert_eq!(meta.thread()[0].reaction.as_deref(), reaction);
    }
}

#[tokio::test]
async fn l19_a_private_reply_reaches_the_author_of_a_comment_over_sockets() {
    let meta = Meta::new().await;
    let author = person(0);
    let customer = meta.simulator.customer(author.as_str()).unwrap();
    let comment = customer.comments("Price?").unwrap();
    let reply = OutgoingMessage::text(Recipient::Comment(comment), "Ten.").unwrap();
    let sent = meta.page().send(&reply).await.unwrap();
    assert_eq!(sent.recipient, Some(author));
    assert_eq!(meta.thread()[0].text.as_deref(), Some("Ten."));
    let error = meta.page().send(&reply).await.unwrap_err();
    assert!(matches!(error, Error::Api(refusal) if refusal.code == Some(10900)));
}

#[tokio::test]
async fn c26_a_file_is_sent_saved_and_sent_again() {
    let meta = Meta::new().await;
    let page = meta.page();
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
    let upload = || Upload::from_bytes("a.png", "image/png", bytes.clone()).unwrap();
    let file = OutgoingFile::new(person(0), MediaKind::Image, upload()).unwrap();
    let file = file.with_metadata("crm-7").unwrap();
    let sent = page.call(&send::file(&file).unwrap()).await.unwrap();
    assert!(sent.mid.is_some());
    assert_eq!(meta.thread()[0].metadata.as_deref(), Some("crm-7"));
    assert!(meta.download().await == bytes);

    let save = send::save_file(MediaKind::Image, upload()).unwrap();
    let saved = MediaSource::saved(page.call(&save).await.unwrap());
    let again = OutgoingMessage::media(person(0), MediaKind::Image, saved).unwrap();
    page.send(&again).await.unwrap();
    assert_eq!(meta.thread().len(), 2);

    let wrong = send::save_file(MediaKind::Video, upload()).unwrap();
    let error = page.call(&wrong).await.unwrap_err();
    assert_eq!(error.advice(), Advice::FixRequest);
    let nothing = MediaSource::saved("1".parse().unwrap());
    let nothing = OutgoingMessage::media(person(0), MediaKind::Image, nothing).unwrap();
    let error = page.send(&nothing).await.unwrap_err();
    assert!(matches!(error, Error::Api(refusal) if refusal.subcode == Some(2_018_074)));
}

#[tokio::test]
async fn c26_a_file_on_disk_is_read_while_it_is_sent() {
    let meta = Meta::new().await;
    let page = meta.page();
    let folder = Folder::new();
    let path = folder.path().join("menu.pdf");
    let bytes: Vec<u8> = (0..300_000_u32).map(|number| (number / 7) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    let upload = Upload::open(&path, "application/pdf").await.unwrap();
    assert_eq!(upload.bytes(), 300_000);
    let file = OutgoingFile::new(person(0), MediaKind::File, upload).unwrap();
    let call = send::file(&file).unwrap();
    page.call(&call).await.unwrap();
    assert!(meta.download().await == bytes);

    // The file shrinks before it is sent again: the request breaks off, and half of it is not sent.
    std::fs::write(&path, &bytes[..1000]).unwrap();
    let error = page.call(&call).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    assert_eq!(meta.thread().len(), 1);

    std::fs::write(&path, b"").unwrap();
    let empty = Upload::open(&path, "application/pdf").await.unwrap_err();
    assert_eq!(
        empty.to_string(),
        "the file is empty, it needs at least 1 byte"
    );
    let no_file = Upload::open(folder.path(), "application/pdf").await;
    assert_eq!(no_file.unwrap_err().to_string(), "the path is not a file");
    let gone = Upload::open(path.with_extension("gone"), "a/b").await;
    assert!(gone.is_err());
}

#[tokio::test]
async fn the_example_sends_one_message_with_credentials_from_the_environment() {
    let meta = Meta::new().await;
    let app = meta.simulator.app();
    let run = |text: &'static str, token: &str| {
        let mut send = Command::new(binary("send"));
        send.args([Simulator::people()[0].psid, text])
            .env("APP_ID", &app.app_id)
            .env("APP_SECRET", &app.app_secret)
            .env("PAGE_ID", &app.page_id)
            .env("PAGE_TOKEN", token)
            .env("GRAPH_URL", meta.simulator.url())
            .env("NO_PROXY", "127.0.0.1");
        // The simulator must go on answering while the program runs.
        let output = tokio::task::spawn_blocking(move || send.output().unwrap());
        async move { output.await.unwrap() }
    };
    let sent = run("Hello", &app.page_token).await;
    let thread = meta.thread();
    assert_eq!(
        String::from_utf8(sent.stdout).unwrap(),
        format!("sent {}\n", thread[0].mid)
    );
    assert_eq!(thread[0].text.as_deref(), Some("Hello"));

    let refused = run("Hello", "EAAexpired").await;
    assert!(!refused.status.success());
    let printed = String::from_utf8(refused.stderr).unwrap();
    let start = "send: Meta refused the call: the access token is not valid (status 400, code 190";
    assert!(printed.starts_with(start), "{printed}");
    assert!(!printed.contains("EAA"), "{printed}");
    let blank = run(" ", &app.page_token).await;
    assert_eq!(
        String::from_utf8(blank.stderr).unwrap(),
        "send: the text is blank\n"
    );
    assert_eq!(meta.thread().len(), 1);
}
