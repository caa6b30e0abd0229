//! C20: what is printed holds no token, URL with one, message text, name or PSID.

use std::error::Error as _;
use std::fmt::Debug;
use std::io;

use messenger_crm::graph::app::{accounts, login, tokens};
use messenger_crm::graph::history;
use messenger_crm::graph::page::{account_links, labels, thread};
use messenger_crm::graph::send::{
    self, InvalidMessage, MediaKind, MediaSource, OutgoingFile, OutgoingMessage,
    OutgoingQuickReply, Recipient, SenderAction, Template, TemplateButton, UtilityTemplate,
};
use messenger_crm::graph::{
    AccessError, ApiError, BodySnippet, Call, Cursor, Error, ListPage, PictureError, PictureUrl,
    Profile, ProfileField, ProfileOutcome, Response, ScriptedTransport, TransportError,
    TransportErrorKind, Upload, profile,
};
use messenger_crm::id::{LabelId, Psid};
use messenger_crm::secret::{PageToken, UserToken};
use serde_json::json;

use super::{PROOF, SECRET, Script, access, any_read, app_access, ask, response};

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
        Script::new([line])
            .page()
            .call(&any_read())
            .await
            .unwrap_err()
    };
    let source = io::Error::other("broken pipe");
    let broken = TransportError::new(TransportErrorKind::Unknown).with_source(source);
    let status = http::StatusCode::FORBIDDEN;
    let mut errors = vec![
        ask(response(400, LEAKY)).await,
        ask(response(200, LEAKY)).await,
        ask(response(
            500,
            "EAAtoken canary-text CanaryName 990099009900",
        ))
        .await,
        ask(response(302, "canary-text")).await,
        broken.into(),
        Error::NotDone { status },
        Error::Paused {
            wait: std::time::Duration::from_secs(1),
        },
        Error::DeadlinePassed,
        Error::ResponseTooLarge { limit: 1 },
        Error::EndlessList { page: 1 },
        Error::InvalidCursor,
        Error::InvalidToken,
        Error::UrlTooLong { bytes: 70_000 },
        Error::NotJson,
        labels::get(&LabelId::new("canary-text/..").unwrap()).unwrap_err(),
        "access_token=EAAtoken".parse::<Cursor>().unwrap_err(),
        PictureError::Address.into(),
        PictureError::RedirectAddress.into(),
        PictureError::TooManyRedirects.into(),
        PictureError::Status { status }.into(),
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
    errors
}

fn invalid() -> Vec<InvalidMessage> {
    let text = |text: &str| OutgoingMessage::text(psid(), text);
    let long = "canary-text".repeat(200);
    let buttons = |title: &str| {
        let button = TemplateButton::postback(title, "canary-text");
        Template::buttons("canary-text", vec![button])
    };
    let quick_reply = |title: &str| OutgoingQuickReply::text(title, "a");
    vec![
        text(&long).unwrap_err(),
        text(" ").unwrap_err(),
        text("a").unwrap().with_metadata(long.as_str()).unwrap_err(),
        text("a")
            .unwrap()
            .with_quick_replies(vec![quick_reply(&long)])
            .unwrap_err(),
        text("a")
            .unwrap()
            .with_quick_replies(vec![quick_reply("CanaryName"); 14])
            .unwrap_err(),
        OutgoingMessage::template(psid(), buttons(&long)).unwrap_err(),
        OutgoingMessage::media(psid(), MediaKind::Image, MediaSource::url("canary-text"))
            .unwrap_err(),
    ]
}

#[tokio::test]
async fn c20_f16_no_error_prints_a_secret_a_text_or_a_person() {
    for error in errors().await {
        assert_error(&error);
    }
}

#[tokio::test]
async fn c4_the_whole_refusal_is_readable_on_request() {
    let script = Script::new([response(400, LEAKY)]);
    let error = script.page().call(&any_read()).await.unwrap_err();
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
    // Traces are printed, so one of another form is not kept.
    assert_eq!(api.trace, None);
}

#[tokio::test]
async fn c20_no_message_prints_a_text_or_a_person() {
    let message = OutgoingMessage::text(psid(), "canary-text").unwrap();
    let message = message.with_metadata("canary-text").unwrap();
    let message = message
        .with_quick_replies(vec![OutgoingQuickReply::text("canary-text", "canary-code")])
        .unwrap();
    assert_debug(&message);
    assert_debug(&message.content());
    let call = send::message(&message).unwrap();
    assert_debug(&call);
    assert_debug(&call.parts);
    assert_debug(&call.parts.path);
    let body = r#"{"recipient_id":"990099009900","message_id":"m_1","access_token":"EAAtoken"}"#;
    let (request, sent) = ask(&call, body).await;
    assert_debug(&request);
    assert_debug(request.http.body());
    assert_debug(&sent.unwrap());

    let file = Upload::from_bytes("CanaryName.png", "image/png", b"canary-text".to_vec()).unwrap();
    assert_debug(&file);
    let file = OutgoingFile::new(psid(), MediaKind::Image, file).unwrap();
    assert_debug(&file);
    assert_debug(&send::file(&file).unwrap());
    assert_debug(&SenderAction::typing_on(psid()).unwrap());
    assert_debug(&Recipient::Comment("canary-code".to_owned()));
    assert_debug(&MediaSource::url("https://a.example/canary-text"));
    assert_debug(&UtilityTemplate::new("canary-text", "en"));
    assert_debug(&TemplateButton::postback("canary-text", "a"));
    let button = TemplateButton::postback("canary-text", "a");
    assert_debug(&Template::buttons("canary-text", vec![button]));
}

#[tokio::test]
async fn c20_no_call_client_or_response_prints_a_secret_a_text_or_a_person() {
    let label = LabelId::new("1").unwrap();
    let user = UserToken::new("EAAtoken").unwrap();
    assert_debug(&account_links::get_customer("canary-code"));
    assert_debug(&labels::add(&label, &psid()).unwrap());
    assert_debug(&thread::pass(&psid(), None, Some("canary-text")));
    assert_debug(&history::find_conversation(&psid(), 20));
    assert_debug(&login::exchange_code("https://a.example", "canary-code"));
    assert_debug(&login::extend_token(&user));
    assert_debug(&tokens::inspect(user.clone()));
    assert_debug(&accounts::list());
    assert_debug(&PictureUrl::new("https://a.example/canary-text"));
    assert_debug(&"after=canary-code".parse::<Cursor>().unwrap());
    assert_debug(&BodySnippet::new(b"canary-text"));
    assert_debug(&access());
    assert_debug(&app_access());

    let script = ScriptedTransport::new();
    script.json(200, r#"{"name":"CanaryName"}"#);
    let graph = script.graph();
    assert_debug(&graph.page(access()));
    assert_debug(&graph.app(app_access()));
    assert_debug(&graph.user(&app_access(), &user));
    graph
        .page(access())
        .call(&labels::add(&label, &psid()).unwrap())
        .await
        .unwrap_err();
    assert_debug(&script.requests());

    let body = json!({"name": "CanaryName", "first_name": "CanaryName", "id": "990099009900",
        "profile_pic": "https://a.example/canary-text"});
    let call = profile::get_profile(&psid(), &[ProfileField::Picture]).unwrap();
    let (request, found) = ask(&call, &body.to_string()).await;
    assert_debug(&request);
    let found: ProfileOutcome = found.unwrap();
    assert_debug(&found);
    let _: Option<Profile> = found.known();

    let whole: Call<Response> = Call::get("me", |response| Ok(response.clone()));
    let (_, found) = ask(&whole, r#"{"name":"CanaryName","access_token":"EAAtoken"}"#).await;
    let found = found.unwrap();
    assert_debug(&found);
    assert_debug(&found.object());
    let page = ListPage::new(vec![1], "after=canary-code".parse().ok());
    assert_debug(&page);
}

#[tokio::test]
async fn g14_no_mistake_in_the_credentials_prints_them() {
    for info in [
        r#"{"data":{"type":"USER","is_valid":true,"user_id":"990099009900","application":"CanaryName"}}"#,
        r#"{"data":{"is_valid":false,"error":{"code":190,"message":"EAAtoken canary-text"}}}"#,
        LEAKY,
    ] {
        let script = Script::json(200, info);
        let app = script.graph().app(app_access());
        let token = PageToken::new("EAAtoken").unwrap();
        let error: AccessError = app.find_page(&token).await.unwrap_err();
        assert_debug(&error);
        assert_silent("Display", &error.to_string());
    }
}
