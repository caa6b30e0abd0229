//! C20: what is printed holds no token, URL with one, message text, name or PSID.

use std::error::Error as _;
use std::fmt::Debug;
use std::io;

use messenger_crm::graph::app::{ExchangeCode, ExtendToken, InspectToken};
use messenger_crm::graph::history::Conversations;
use messenger_crm::graph::page::{AddLabel, LinkedPerson, PassThread, SubscribedApps};
use messenger_crm::graph::send::{
    Action, Attachment, Button, Content, Element, InvalidMessage, Media, Message, QuickReply,
    Recipient, SendFile, SendMessage, SenderAction, Template, UtilityTemplate,
};
use messenger_crm::graph::{
    Answer, ApiError, Batch, Call, Cursor, Endpoint, Error, Paging, PictureError, PictureUrl,
    Profile, ProfileOf, ProfileOutcome, Request, Response, TransportError, TransportErrorKind,
    Upload,
};
use messenger_crm::id::{AppId, LabelId, Psid};
use messenger_crm::secret::{AppSecret, UserToken};
use serde_json::json;

use super::{PROOF, SECRET, Script, access, answer, ask, page};

const CANARIES: [&str; 8] = [
    "EAAtoken",
    SECRET,
    PROOF,
    "canary-text",
    "CanaryName",
    "990099009900",
    "canary-code",
    "access_token",
];

fn psid() -> Psid {
    Psid::new("990099009900").unwrap()
}

#[track_caller]
fn assert_silent(what: &str, printed: &str) {
    for canary in CANARIES {
        assert!(
            !printed.contains(canary),
            "{what} prints {canary}: {printed}"
        );
    }
}

#[track_caller]
fn assert_debug(value: &impl Debug) {
    assert_silent("Debug", &format!("{value:?} {value:#?}"));
}

#[track_caller]
fn assert_error(error: &Error) {
    assert_debug(error);
    assert_silent("Display", &error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        assert_silent("a source", &format!("{cause} {cause:?}"));
        source = cause.source();
    }
}

/// A refusal in which everything that Meta could put a secret into holds one.
const LEAKY: &str = r#"{"error":{"message":"EAAtoken canary-text","type":"CanaryName","code":190,"error_subcode":463,
    "error_user_title":"CanaryName","error_user_msg":"canary-text","error_data":{"access_token":"EAAtoken"},
    "fbtrace_id":"https://a.example/?access_token=EAAtoken"}}"#;

async fn errors() -> Vec<Error> {
    let ask = async |line| {
        let script = Script::new([line]);
        let found: Result<(), Error> = script
            .graph()
            .call(&access(), &SubscribedApps::new(page()))
            .await
            .map(drop);
        found.unwrap_err()
    };
    let source = io::Error::other("broken pipe");
    let broken = TransportError::new(TransportErrorKind::Unknown).with_source(source);
    let mut errors = vec![
        ask(answer(400, LEAKY)).await,
        ask(answer(200, LEAKY)).await,
        ask(answer(500, "EAAtoken canary-text CanaryName 990099009900")).await,
        ask(answer(302, "canary-text")).await,
        broken.into(),
        Error::NotDone { status: 200 },
        Error::Paused {
            wait: std::time::Duration::from_secs(1),
        },
        Error::Id,
        Error::NotJson,
        Error::NotBatchable,
        PictureError::Address.into(),
        PictureError::Status { status: 403 }.into(),
        PictureError::MediaType.into(),
        PictureError::TooLarge.into(),
    ];
    errors.extend(invalid().into_iter().map(Error::from));
    let files = [
        Upload::from_bytes("CanaryName", "image/png", Vec::new()),
        Upload::from_bytes("CanaryName\n", "image/png", vec![1]),
        Upload::from_bytes("CanaryName", "canary-text", vec![1]),
    ];
    errors.extend(files.into_iter().map(Result::unwrap_err));
    errors.push(Batch::new(vec![ProfileOf::new(psid()); 51]).unwrap_err());
    errors
}

fn invalid() -> Vec<InvalidMessage> {
    let text = |text: &str| Message::text(psid(), text);
    let long = "canary-text".repeat(200);
    let button = |title: &str| {
        Template::buttons("canary-text", vec![Button::postback(title, "canary-text")])
    };
    vec![
        text(&long).unwrap_err(),
        text(" ").unwrap_err(),
        text("a").unwrap().with_metadata(long.as_str()).unwrap_err(),
        text("a")
            .unwrap()
            .with_quick_replies(vec![QuickReply::text(&long, "a")])
            .unwrap_err(),
        text("a")
            .unwrap()
            .with_quick_replies(vec![QuickReply::UserEmail; 14])
            .unwrap_err(),
        Message::template(psid(), button(&long)).unwrap_err(),
        Message::template(psid(), Template::generic(vec![Element::new("CanaryName")])).unwrap_err(),
        Message::template(psid(), Template::generic(vec![])).unwrap_err(),
        Message::image(psid(), Media::url("canary-text")).unwrap_err(),
        Message::image(psid(), Media::default()).unwrap_err(),
    ]
}

#[tokio::test]
async fn c20_no_error_prints_a_secret_a_text_or_a_person() {
    for error in errors().await {
        assert_error(&error);
    }
}

#[tokio::test]
async fn c4_what_meta_said_is_kept_whole_and_handed_out_on_request() {
    let script = Script::new([answer(400, LEAKY)]);
    let error = script.graph().page(&access()).await.unwrap_err();
    let Error::Api(api) = error else {
        panic!("{error:?}");
    };
    let ApiError {
        code,
        subcode,
        kind,
        message,
        user_title,
        user_message,
        details,
        body,
        ..
    } = *api;
    assert_eq!((code, subcode), (Some(190), Some(463)));
    assert_eq!(kind.as_deref(), Some("CanaryName"));
    assert_eq!(message.as_deref(), Some("EAAtoken canary-text"));
    assert_eq!(user_title.as_deref(), Some("CanaryName"));
    assert_eq!(user_message.as_deref(), Some("canary-text"));
    assert_eq!(details.as_deref(), Some(r#"{"access_token":"EAAtoken"}"#));
    assert_eq!(body.expose_secret(), LEAKY);
    // A trace that is none is not kept, because traces are printed.
    assert_eq!(api.trace, None);
}

#[tokio::test]
async fn c20_no_request_or_answer_prints_a_secret_a_text_or_a_person() {
    let message = Message::text(psid(), "canary-text").unwrap();
    let message = message.with_metadata("canary-text").unwrap();
    let message = message
        .with_quick_replies(vec![QuickReply::text("canary-text", "canary-code")])
        .unwrap();
    assert_debug(&message);
    assert_debug(&message.content());
    let page_id = page();
    let send = SendMessage::new(&page_id, &message);
    assert_debug(&send);
    let call: Call = send.call().unwrap();
    assert_debug(&call);
    let body = r#"{"recipient_id":"990099009900","message_id":"m_1","access_token":"EAAtoken"}"#;
    let (asked, sent): (Request, _) = ask(&send, body).await;
    assert_debug(&asked);
    assert_debug(&asked.body);
    assert_debug(&sent.unwrap());

    let file = Upload::from_bytes("CanaryName.png", "image/png", b"canary-text".to_vec()).unwrap();
    assert_debug(&file);
    let file = SendFile::new(
        page(),
        psid(),
        messenger_crm::graph::send::FileKind::Image,
        file,
    );
    let call = file.call().unwrap();
    assert_debug(&call);
    let response = Response::new(200, Some("text/html".to_owned()), b"canary-text".to_vec());
    assert_debug(&response.with_header("location", "EAAtoken"));
    assert_debug(&SenderAction::new(psid(), Action::TypingOn).unwrap());
    assert_debug(&Recipient::UserRef("canary-code".to_owned()));
    assert_debug(&Attachment::Image(Media::url(
        "https://a.example/canary-text",
    )));
    assert_debug(&Content::Utility(UtilityTemplate::new("canary-text", "en")));
    assert_debug(&Template::buttons(
        "canary-text",
        vec![Button::postback("canary-text", "a")],
    ));
    assert_debug(&LinkedPerson::new("canary-code"));
    assert_debug(&Cursor::new("canary-code"));
    assert_debug(&ProfileOf::new(psid()));
    assert_debug(&AddLabel::new(LabelId::new("1").unwrap(), psid()));
    assert_debug(&PassThread::new(page(), psid()).with_metadata("canary-text"));
    assert_debug(&Conversations::new(page(), Paging::default()).with(psid()));
    assert_debug(&PictureUrl::new("https://a.example/canary-text"));
    let app = || AppId::new("1").unwrap();
    let secret = || AppSecret::new(SECRET).unwrap();
    let user = UserToken::new("EAAtoken").unwrap();
    assert_debug(&ExchangeCode::new(
        app(),
        secret(),
        "https://a.example",
        "canary-code",
    ));
    assert_debug(&ExtendToken::new(app(), secret(), user.clone()));
    assert_debug(&InspectToken::new(user));
    assert_debug(&access());

    let profile = json!({"name": "CanaryName", "first_name": "CanaryName", "id": "990099009900",
        "profile_pic": "https://a.example/canary-text"});
    let (asked, found) = ask(&ProfileOf::new(psid()), &profile.to_string()).await;
    assert_debug(&asked);
    let found: ProfileOutcome = found.unwrap();
    assert_debug(&found);
    let _: Option<Profile> = found.known();
    let (asked, _) = ask(&AddLabel::new(LabelId::new("1").unwrap(), psid()), "{}").await;
    assert_debug(&asked);
}

/// An endpoint of a host's own, whose answer is printed whole by its `Debug`.
struct Whole;

impl Endpoint for Whole {
    type Output = Answer;

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::get("me"))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        assert_debug(&answer.object());
        Ok(answer.clone())
    }
}

#[tokio::test]
async fn c20_an_answer_in_a_hosts_hands_prints_nothing_of_it() {
    let (_, found) = ask(&Whole, r#"{"name":"CanaryName","access_token":"EAAtoken"}"#).await;
    assert_debug(&found.unwrap());
}
