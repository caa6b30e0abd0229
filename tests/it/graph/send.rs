//! What is sent: exact JSON, limits, and the way through an outbox and back.

use messenger_crm::graph::send::{
    Action, Attachment, Button, Content, Coupon, CustomerFeedback, CustomerInformation, Element,
    FeedbackQuestion, FileKind, GameMetadata, Generic, GridAction, GridImage, HandOver, ImageGrid,
    InvalidMessage, Media, MediaTemplate, Message, NotificationOptIn, PersonName, Purpose, Push,
    QuestionKind, QuickReply, Receipt, ReceiptElement, Recipient, SaveAttachment, SendFile,
    SendMessage, SenderAction, THUMBS_UP, Tag, Template, UtilityButton, UtilityComponent,
    UtilityParameter, UtilityTemplate, WebUrl,
};
use messenger_crm::graph::{Body, Error, Traffic, Upload};
use messenger_crm::graph::{Class, Endpoint as _};
use messenger_crm::id::{AppId, AttachmentId, Mid, PersonaId};
use messenger_crm::time::Timestamp;
use serde_json::{Value, json};

use super::{Script, access, ask, json_of, line, page, psid};

const SENT: &str = r#"{"recipient_id":"1254477777772919","message_id":"m_AG5Hz2U"}"#;

/// Asserts the request of a message, and that it comes back from an outbox unchanged.
#[track_caller]
fn assert_json(message: Result<Message, InvalidMessage>, expected: &Value) {
    let message = message.unwrap();
    let written = serde_json::to_value(&message).unwrap();
    assert_eq!(&written, expected);
    let read: Message = serde_json::from_value(written).unwrap();
    assert_eq!(read, message);
}

/// Asserts what a template becomes.
#[track_caller]
fn assert_template(template: impl Into<Template>, payload: &Value) {
    let expected = json!({
        "recipient": {"id": "1254477777772919"}, "messaging_type": "RESPONSE",
        "message": {"attachment": {"type": "template", "payload": payload}},
    });
    assert_json(Message::template(psid(), template), &expected);
}

/// Asserts what is said of a template that is beyond a limit.
#[track_caller]
fn assert_refused(template: impl Into<Template>, words: &str) {
    let refused = Message::template(psid(), template).unwrap_err();
    assert_eq!(refused.to_string(), words);
}

fn text() -> Message {
    Message::text(psid(), "Hello").unwrap()
}

#[tokio::test]
async fn c1_a_text_is_one_post_with_bearer_and_proof_and_no_token_in_its_url() {
    let script = Script::json(200, SENT);
    let message = Message::text(psid(), "Hello, \"world\"!").unwrap();
    let message = message.with_metadata("crm-7").unwrap();
    script
        .graph()
        .send(&access(), &page(), &message)
        .await
        .unwrap();
    let asked = script.only();
    assert_eq!(line(&asked), "POST 1755847768034402/messages");
    assert!(!asked.url.contains("EAA") && !asked.url.contains("access_token"));
    assert_eq!(
        asked.body.unwrap().as_bytes().unwrap(),
        br#"{"recipient":{"id":"1254477777772919"},"messaging_type":"RESPONSE","message":{"text":"Hello, \"world\"!","metadata":"crm-7"}}"#
    );
}

#[tokio::test]
async fn c2_both_ids_are_returned() {
    let (message, page) = (text(), page());
    let (_, sent) = ask(&SendMessage::new(&page, &message), SENT).await;
    let sent = sent.unwrap();
    assert_eq!(sent.recipient, Some(psid()));
    assert_eq!(sent.mid, Some(Mid::new("m_AG5Hz2U").unwrap()));
    let body = r#"{"recipient":{"id":1},"message_id":"m_1","attachment_id":687799999980546}"#;
    let (_, sent) = ask(&SendMessage::new(&page, &message), body).await;
    let sent = sent.unwrap();
    assert_eq!(sent.recipient.unwrap().as_str(), "1");
    assert_eq!(sent.attachment.unwrap().as_str(), "687799999980546");
}

#[tokio::test]
async fn c3_a_success_that_cannot_be_read_leaves_the_outcome_unknown() {
    for body in [
        "",
        "<html>",
        r#"{"recipient_id":"12"#,
        "{}",
        "[]",
        r#"{"message_id":""}"#,
    ] {
        let (message, page) = (text(), page());
        let (_, sent) = ask(&SendMessage::new(&page, &message), body).await;
        let error = sent.unwrap_err();
        assert!(
            matches!(error, Error::Unexpected { status: 200, .. }),
            "{body}"
        );
        assert!(error.outcome_is_unknown(), "{body}");
    }
}

#[test]
fn everything_beside_a_text() {
    let all = text()
        .with_quick_replies(vec![
            QuickReply::text("Great", "GREAT"),
            QuickReply::picture("https://a.example/red.png", "", ""),
            QuickReply::UserPhoneNumber,
            QuickReply::UserEmail,
        ])
        .unwrap()
        .with_purpose(Purpose::Update)
        .unwrap()
        .with_push(Push::SilentPush)
        .with_persona(PersonaId::new("7").unwrap())
        .with_reply_to(Mid::new("m_1").unwrap())
        .with_hand_over(HandOver::Pass {
            app_id: Some(AppId::new("42").unwrap()),
        })
        .with_metadata("crm-7");
    assert_json(
        all,
        &json!({
            "recipient": {"id": "1254477777772919"}, "messaging_type": "UPDATE",
            "message": {
                "text": "Hello", "metadata": "crm-7",
                "quick_replies": [
                    {"content_type": "text", "title": "Great", "payload": "GREAT"},
                    {"content_type": "text", "title": "", "payload": "", "image_url": "https://a.example/red.png"},
                    {"content_type": "user_phone_number"}, {"content_type": "user_email"},
                ],
            },
            "notification_type": "SILENT_PUSH", "persona_id": "7", "reply_to": {"mid": "m_1"},
            "thread_control": {"control_type": "pass", "app_id": "42"},
        }),
    );
    let released = serde_json::to_value(text().with_hand_over(HandOver::Release)).unwrap();
    assert_eq!(
        released["thread_control"],
        json!({"control_type": "release"})
    );
    for (push, word) in [(Push::Regular, "REGULAR"), (Push::NoPush, "NO_PUSH")] {
        let message = serde_json::to_value(text().with_push(push)).unwrap();
        assert_eq!(message["notification_type"], word);
    }
}

#[test]
fn all_forms_of_a_recipient() {
    // platform.md 4.2
    let name = PersonName::new("Jenny", "Doe");
    for (recipient, expected) in [
        (
            Recipient::Comment("1_2".to_owned()),
            json!({"comment_id": "1_2"}),
        ),
        (Recipient::Post("1_3".to_owned()), json!({"post_id": "1_3"})),
        (
            Recipient::UserRef("ref".to_owned()),
            json!({"user_ref": "ref"}),
        ),
        (
            Recipient::NotificationToken("n".to_owned()),
            json!({"notification_messages_token": "n"}),
        ),
        (
            Recipient::OneTimeToken("o".to_owned()),
            json!({"one_time_notif_token": "o"}),
        ),
        (
            Recipient::PhoneNumber {
                number: "+1".to_owned(),
                name: Some(name),
            },
            json!({"phone_number": "+1", "name": {"first_name": "Jenny", "last_name": "Doe"}}),
        ),
        (
            Recipient::PhoneNumber {
                number: "+1".to_owned(),
                name: None,
            },
            json!({"phone_number": "+1"}),
        ),
    ] {
        assert!(!recipient.as_str().is_empty());
        let message = Message::text(recipient, "Hello");
        assert_json(
            message,
            &json!({"recipient": expected, "messaging_type": "RESPONSE", "message": {"text": "Hello"}}),
        );
    }
    let blank = Message::text(Recipient::Comment(" ".to_owned()), "Hello").unwrap_err();
    assert_eq!(blank.to_string(), "the recipient is blank");
}

#[test]
fn media_stickers_and_stacks() {
    let saved = || Media::saved(AttachmentId::new("1745504518999123").unwrap());
    let link = |name: &str| Media::url(format!("https://a.example/{name}"));
    let said = |message: Message| serde_json::to_value(message).unwrap()["message"].clone();
    let image = Message::image(psid(), link("a.png").reusable()).unwrap();
    assert_eq!(
        said(image),
        json!({"attachment": {"type": "image", "payload": {"url": "https://a.example/a.png", "is_reusable": true}}})
    );
    let audio = Message::attachment(psid(), Attachment::Audio(saved())).unwrap();
    assert_eq!(
        said(audio),
        json!({"attachment": {"type": "audio", "payload": {"attachment_id": "1745504518999123"}}})
    );
    for (attachment, kind) in [
        (Attachment::Video(link("a.mp4")), "video"),
        (Attachment::File(link("a.pdf")), "file"),
    ] {
        let message = said(Message::attachment(psid(), attachment).unwrap());
        assert_eq!(message["attachment"]["type"], kind);
    }
    let stack = Content::Images(vec![link("a.png"), saved()]);
    assert_eq!(
        said(Message::new(psid(), stack).unwrap()),
        json!({"attachments": [
            {"type": "image", "payload": {"url": "https://a.example/a.png"}},
            {"type": "image", "payload": {"attachment_id": "1745504518999123"}},
        ]})
    );
    let thumb = Message::new(psid(), Content::Sticker(THUMBS_UP)).unwrap();
    assert_eq!(said(thumb), json!({"sticker_id": 369_239_263_222_822_u64}));
}

#[test]
fn c16_a_text_has_1_to_2000_utf_16_units() {
    let text = |text: String| Message::text(psid(), text);
    assert!(text("a".repeat(2000)).is_ok());
    assert!(text("\u{1f600}".repeat(1000)).is_ok());
    for (long, units) in [("a".repeat(2001), 2001), ("\u{1f600}".repeat(2000), 4000)] {
        assert_eq!(
            text(long).unwrap_err().to_string(),
            format!("the text has {units} UTF-16 units, at most 2000 can be sent")
        );
    }
    for blank in ["", " ", "\n\t\u{a0}"] {
        assert_eq!(
            text(blank.to_owned()).unwrap_err().to_string(),
            "the text is blank"
        );
    }
}

#[test]
fn c17_quick_replies_titles_buttons_and_metadata_have_limits() {
    let replies = |count| vec![QuickReply::text("Yes", "YES"); count];
    let with = |replies| text().with_quick_replies(replies);
    assert!(with(replies(13)).is_ok());
    let title = |count: usize| vec![QuickReply::text("a".repeat(count), "A")];
    let payload = |count: usize| vec![QuickReply::text("a", "a".repeat(count))];
    assert!(with(title(20)).is_ok() && with(payload(1000)).is_ok());
    for (replies, words) in [
        (
            replies(14),
            "there are 14 quick replies, at most 13 can be sent",
        ),
        (
            title(21),
            "the title of a quick reply has 21 UTF-16 units, at most 20 can be sent",
        ),
        (
            payload(1001),
            "the payload of a quick reply has 1001 UTF-16 units, at most 1000 can be sent",
        ),
        (title(0), "the title of a quick reply is blank"),
        (
            vec![QuickReply::picture("red.png", "", "")],
            "the picture of a quick reply must be a web address without white space",
        ),
    ] {
        assert_eq!(with(replies).unwrap_err().to_string(), words);
    }
    let metadata = |count: usize| text().with_metadata("a".repeat(count));
    assert!(metadata(999).is_ok());
    assert_eq!(
        metadata(1000).unwrap_err().to_string(),
        "the metadata has 1000 UTF-16 units, at most 999 can be sent"
    );
    let buttons = |count| Template::buttons("What now?", vec![Button::postback("Go", "GO"); count]);
    assert!(Message::template(psid(), buttons(3)).is_ok());
    assert_refused(buttons(4), "there are 4 buttons, at most 3 can be sent");
    assert_refused(buttons(0), "there are 0 buttons, at least 1 are needed");
    let long = Template::buttons("a".repeat(641), vec![Button::postback("Go", "GO")]);
    assert_refused(
        long,
        "the text of the template has 641 UTF-16 units, at most 640 can be sent",
    );
}

#[test]
fn every_live_button_and_its_limits() {
    let game = Button::GamePlay {
        title: "Play".to_owned(),
        payload: Some("{}".to_owned()),
        game_metadata: Some(GameMetadata::player("1")),
    };
    let call = Button::AudioCall {
        title: "Call".to_owned(),
        payload: "CALL".to_owned(),
        expires_in_days: Some(7),
    };
    let link = WebUrl::new("https://a.example/v")
        .with_title("See")
        .with_height("tall")
        .with_extensions(Some("https://a.example/f".to_owned()))
        .without_sharing();
    for (button, expected) in [
        (
            Button::WebUrl(link),
            json!({"type": "web_url", "title": "See", "url": "https://a.example/v", "webview_height_ratio": "tall",
                "messenger_extensions": true, "fallback_url": "https://a.example/f", "webview_share_button": "hide"}),
        ),
        (
            Button::web_url("See", "https://a.example"),
            json!({"type": "web_url", "title": "See", "url": "https://a.example"}),
        ),
        (
            Button::postback("Go", "GO"),
            json!({"type": "postback", "title": "Go", "payload": "GO"}),
        ),
        (
            Button::phone_number("Call", "+15105551234"),
            json!({"type": "phone_number", "title": "Call", "payload": "+15105551234"}),
        ),
        (
            Button::account_link("https://a.example/login"),
            json!({"type": "account_link", "url": "https://a.example/login"}),
        ),
        (Button::AccountUnlink, json!({"type": "account_unlink"})),
        (
            game,
            json!({"type": "game_play", "title": "Play", "payload": "{}", "game_metadata": {"player_id": "1"}}),
        ),
        (
            Button::game_play("Play"),
            json!({"type": "game_play", "title": "Play"}),
        ),
        (
            call,
            json!({"type": "audio_call", "title": "Call", "payload": "CALL", "expires_in_days": 7}),
        ),
    ] {
        let payload =
            json!({"template_type": "button", "text": "What now?", "buttons": [expected]});
        assert_template(Template::buttons("What now?", vec![button]), &payload);
    }
    let call = Button::AudioCall {
        title: "Call".to_owned(),
        payload: "CALL".to_owned(),
        expires_in_days: Some(8),
    };
    let mut fallback = WebUrl::new("https://a.example").with_title("See");
    fallback.fallback_url = Some("https://a.example".to_owned());
    for (button, words) in [
        (
            Button::postback("a".repeat(21), "A"),
            "the title of a button has 21 UTF-16 units, at most 20 can be sent",
        ),
        (
            Button::postback("a", "a".repeat(1001)),
            "the payload of a button has 1001 UTF-16 units, at most 1000 can be sent",
        ),
        (
            Button::postback("a", ""),
            "the payload of a button is blank",
        ),
        (
            Button::WebUrl(WebUrl::new("https://a.example")),
            "the title of a button is blank",
        ),
        (
            Button::web_url("See", "javascript:alert(1)"),
            "the address of a button must be a web address without white space",
        ),
        (
            Button::phone_number("Call", "0800"),
            "the number of a button must be a plus sign and digits",
        ),
        (
            Button::phone_number("Call", "+1 5"),
            "the number of a button must be a plus sign and digits",
        ),
        (
            call,
            "the days of a call button is 8, it must be from 1 to 7",
        ),
        (
            Button::WebUrl(fallback),
            "a fallback address goes with the messenger extensions alone",
        ),
    ] {
        assert_refused(Template::buttons("What now?", vec![button]), words);
    }
}

#[test]
fn generic_media_and_product_templates() {
    let element = Element::new("Hats")
        .with_subtitle("For everyone")
        .with_image("https://a.example/h.png")
        .with_default_action(WebUrl::new("https://a.example/h").with_height("tall"))
        .with_buttons(vec![Button::postback("Chat", "CHAT")]);
    assert_template(
        Generic::new(vec![element]).with_square_images().sharable(),
        &json!({"template_type": "generic", "image_aspect_ratio": "square", "sharable": true, "elements": [{
            "title": "Hats", "subtitle": "For everyone", "image_url": "https://a.example/h.png",
            "default_action": {"type": "web_url", "url": "https://a.example/h", "webview_height_ratio": "tall"},
            "buttons": [{"type": "postback", "title": "Chat", "payload": "CHAT"}],
        }]}),
    );
    let card = || Element::new("Hats").with_subtitle("For everyone");
    let many = |count| Template::generic(vec![card(); count]);
    assert!(Message::template(psid(), many(10)).is_ok());
    assert_refused(many(11), "there are 11 elements, at most 10 can be sent");
    assert_refused(many(0), "there are 0 elements, at least 1 are needed");
    for (element, words) in [
        (
            Element::new("Hats"),
            "an element needs something beside its title",
        ),
        (
            Element::new("a".repeat(81)).with_subtitle("b"),
            "the title of an element has 81 UTF-16 units, at most 80 can be sent",
        ),
        (
            Element::new("a").with_subtitle("b".repeat(81)),
            "the subtitle of an element has 81 UTF-16 units, at most 80 can be sent",
        ),
        (
            card().with_buttons(vec![Button::AccountUnlink; 4]),
            "there are 4 buttons, at most 3 can be sent",
        ),
        (
            card().with_default_action(WebUrl::new("https://a.example").with_title("See")),
            "a default action has no title",
        ),
    ] {
        assert_refused(Template::generic(vec![element]), words);
    }
    let saved = AttachmentId::new("1").unwrap();
    assert_template(
        MediaTemplate::saved("image", saved, vec![Button::postback("Go", "GO")]),
        &json!({"template_type": "media", "elements": [{"media_type": "image", "attachment_id": "1",
            "buttons": [{"type": "postback", "title": "Go", "payload": "GO"}]}]}),
    );
    let film = |kind| MediaTemplate::facebook_url(kind, "https://www.facebook.com/v/1", vec![]);
    assert_template(
        film("video"),
        &json!({"template_type": "media", "elements": [{"media_type": "video", "url": "https://www.facebook.com/v/1"}]}),
    );
    assert_refused(
        film("gif"),
        "the medium of the template must be image or video",
    );
    assert_template(
        Template::products(["7", "8"]),
        &json!({"template_type": "product", "elements": [{"id": "7"}, {"id": "8"}]}),
    );
    assert_refused(
        Template::products(["7"; 11]),
        "there are 11 products, at most 10 can be sent",
    );
}

#[test]
fn a_receipt_and_a_coupon() {
    let mut receipt = Receipt::new("Ada", "7", "EUR", "Visa 2345", 56.14)
        .ordered_at(Timestamp::from_millis(1_428_444_852_999));
    receipt.elements = vec![ReceiptElement::new("Shirt", 50.0)];
    assert_template(
        receipt.clone(),
        &json!({"template_type": "receipt", "recipient_name": "Ada", "order_number": "7", "currency": "EUR",
            "payment_method": "Visa 2345", "timestamp": "1428444852", "summary": {"total_cost": 56.14},
            "elements": [{"title": "Shirt", "price": 50.0}]}),
    );
    receipt.elements = vec![ReceiptElement::new("Shirt", 50.0); 101];
    assert_refused(
        receipt,
        "there are 101 elements of the receipt, at most 100 can be sent",
    );
    let endless = Receipt::new("Ada", "7", "EUR", "Visa", f64::NAN);
    assert_refused(endless, "an amount of the receipt must be a finite number");
    let nobody = Receipt::new("", "7", "EUR", "Visa", 1.0);
    assert_refused(nobody, "the recipient of the receipt is blank");

    assert_template(
        Coupon::code("10% off", "TEN"),
        &json!({"template_type": "coupon", "title": "10% off", "coupon_code": "TEN"}),
    );
    let url = Coupon::url("10% off", "https://a.example/c");
    assert!(Message::template(psid(), url).is_ok());
    assert_refused(
        Coupon::code("Off", "T EN"),
        "the code of the coupon must be a text without spaces",
    );
    let mut none = Coupon::code("Off", "TEN");
    none.coupon_code = None;
    assert_refused(none, "a coupon has a code or an address");
}

#[test]
fn feedback_information_and_the_rest() {
    let question = FeedbackQuestion::new("hauydmns8", QuestionKind::Csat)
        .with_title("How was it?")
        .with_score("neg_pos", "five_stars")
        .with_follow_up(Some("Say more".to_owned()));
    let feedback = CustomerFeedback::new(
        "Rate us",
        "Tell us",
        "Rate",
        question,
        "https://a.example/p",
    );
    assert_template(
        feedback.clone().with_days(3),
        &json!({"template_type": "customer_feedback", "title": "Rate us", "subtitle": "Tell us", "button_title": "Rate",
            "feedback_screens": [{"questions": [{"id": "hauydmns8", "type": "csat", "title": "How was it?",
                "score_label": "neg_pos", "score_option": "five_stars",
                "follow_up": {"type": "free_form", "placeholder": "Say more"}}]}],
            "business_privacy": {"url": "https://a.example/p"}, "expires_in_days": 3}),
    );
    assert_refused(
        feedback.with_days(8),
        "the days until it expires is 8, it must be from 1 to 7",
    );
    let short = FeedbackQuestion::new("q", QuestionKind::FreeForm).with_title("Why?");
    let short = CustomerFeedback::new("a", "b", "c", short, "https://a.example");
    assert_refused(
        short,
        "the question has 4 UTF-16 units, it needs at least 5",
    );
    let odd = FeedbackQuestion::new("a-b", QuestionKind::Nps);
    let odd = CustomerFeedback::new("a", "b", "c", odd, "https://a.example");
    assert_refused(
        odd,
        "the id of the question must be letters, digits and underscores",
    );

    let ask =
        |country: &str| CustomerInformation::new(vec![country.to_owned()], "https://a.example/p");
    assert_template(
        ask("DE").with_days(2),
        &json!({"template_type": "customer_information", "countries": ["DE"],
            "business_privacy": {"url": "https://a.example/p"}, "expires_in_days": 2}),
    );
    assert_refused(ask("de"), "a country must be two capital letters");
    assert_template(
        Template::instant_form("9"),
        &json!({"template_type": "instant_form", "form_id": "9"}),
    );
    assert_template(
        Template::call_prompt(Some(7)),
        &json!({"template_type": "call_prompt", "ttl_days": 7}),
    );
    assert_template(
        Template::CallingOptin {},
        &json!({"template_type": "calling_optin"}),
    );
    let mut opt_in = NotificationOptIn::new("OPT_IN");
    opt_in.title = Some("News".to_owned());
    assert_template(
        opt_in,
        &json!({"template_type": "notification_messages", "title": "News", "payload": "OPT_IN"}),
    );
}

#[test]
fn an_image_grid() {
    let image = || GridImage::new("https://a.example/a.png");
    let link = GridAction::WebUrl {
        url: "https://a.example".to_owned(),
    };
    let tap = GridAction::Postback {
        payload: "A".to_owned(),
        text: "This one".to_owned(),
    };
    let grid = ImageGrid::new(vec![
        image().hero().with_action(link),
        image().with_action(tap),
    ])
    .with_title("New")
    .with_subtitle("This week")
    .with_buttons(vec![Button::postback("More", "MORE")]);
    assert_template(
        grid,
        &json!({"template_type": "image_grid", "elements": [{
            "images": [
                {"url": "https://a.example/a.png", "is_hero_image": true, "action": {"type": "web_url", "url": "https://a.example"}},
                {"url": "https://a.example/a.png", "action": {"type": "postback", "payload": "A", "text": "This one"}},
            ],
            "title": "New", "subtitle": "This week",
            "buttons": [{"type": "postback", "title": "More", "payload": "MORE"}],
        }]}),
    );
    let grid = |count| ImageGrid::new(vec![image(); count]);
    assert_refused(
        grid(1),
        "there are 1 images of the grid, at least 2 are needed",
    );
    assert_refused(
        grid(7),
        "there are 7 images of the grid, at most 6 can be sent",
    );
    assert_refused(
        ImageGrid::new(vec![image().hero(); 2]),
        "there are 2 hero images, at most 1 can be sent",
    );
    assert_refused(
        grid(2).with_title("a".repeat(46)),
        "the title of the grid has 46 UTF-16 units, at most 45 can be sent",
    );
    assert_refused(
        grid(2).with_buttons(vec![Button::AccountUnlink]),
        "the buttons of an image grid are links and postbacks alone",
    );
}

#[test]
fn a_utility_template_is_inside_the_message() {
    // platform.md 4.8
    let template = UtilityTemplate::new("order_update", "en")
        .with_component(UtilityComponent::Header(vec![UtilityParameter::text(
            "Order",
        )]))
        .with_component(UtilityComponent::Body(vec![UtilityParameter::named(
            "order_id", "566701",
        )]))
        .with_component(UtilityComponent::Buttons(vec![
            UtilityButton::Postback {
                payload: "12345".to_owned(),
            },
            UtilityButton::Url {
                url: "1234".to_owned(),
            },
        ]));
    assert_json(
        Message::new(psid(), Content::Utility(template)),
        &json!({ "recipient": {"id": "1254477777772919"}, "messaging_type": "UTILITY",
          "message": { "template": { "name": "order_update", "language": {"code": "en"},
            "components": [ {"type": "header", "parameters": [{"type": "text", "text": "Order"}]},
                            {"type": "body", "parameters": [{"type": "text", "parameter_name": "order_id", "text": "566701"}]},
                            {"type": "buttons", "parameters": [{"type": "POSTBACK", "payload": "12345"}, {"type": "URL", "url": "1234"}]} ] } } }),
    );
    let refused = text().with_purpose(Purpose::Utility).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a utility template and the messaging type UTILITY go together"
    );
}

#[test]
fn live_tags_are_sent_and_dead_ones_say_since_when() {
    let tagged = serde_json::to_value(text().with_tag(Tag::HUMAN_AGENT).unwrap()).unwrap();
    assert_eq!(
        (&tagged["messaging_type"], &tagged["tag"]),
        (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT"))
    );
    let refused = text().with_tag(Tag::CUSTOMER_FEEDBACK).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the tag CUSTOMER_FEEDBACK goes with a customer feedback template alone"
    );
    // Meta may add tags, and the library lets them through.
    assert!(text().with_tag(Tag::new("NEXT_YEARS_TAG")).is_ok());
    #[expect(deprecated, reason = "that is what is tested")]
    let dead = Tag::ACCOUNT_UPDATE;
    assert_eq!(dead.as_str(), "ACCOUNT_UPDATE");
}

#[test]
fn what_comes_back_from_an_outbox_is_checked_again() {
    for (json, words) in [
        (
            json!({"recipient": {"id": "1"}, "messaging_type": "RESPONSE", "message": {"text": ""}}),
            "the text is blank",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {"text": "a".repeat(2001)}}),
            "the text has 2001 UTF-16 units, at most 2000 can be sent",
        ),
        (
            json!({"recipient": {}, "message": {"text": "a"}}),
            "a message has exactly one recipient",
        ),
        (
            json!({"recipient": {"id": "1", "user_ref": "2"}, "message": {"text": "a"}}),
            "a message has exactly one recipient",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {}}),
            "a message says exactly one thing",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {"text": "a", "sticker_id": 1}}),
            "a message says exactly one thing",
        ),
        (
            json!({"recipient": {"id": "1"}, "messaging_type": "MESSAGE_TAG", "message": {"text": "a"}}),
            "a tag goes with the messaging type MESSAGE_TAG alone",
        ),
        (
            json!({"recipient": {"id": "1"}, "messaging_type": "RESPONSE", "tag": "HUMAN_AGENT", "message": {"text": "a"}}),
            "a tag goes with the messaging type MESSAGE_TAG alone",
        ),
        (
            json!({"recipient": {"id": "1"}, "messaging_type": "SHOUT", "message": {"text": "a"}}),
            "the messaging type must be RESPONSE, UPDATE, MESSAGE_TAG or UTILITY",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {"attachment": {"type": "image", "payload": {}}}}),
            "an attachment has either an address or an id",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {"attachments": [{"type": "video", "payload": {"url": "https://a.example"}}]}}),
            "a stack holds images alone",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {"attachments": []}}),
            "there are 0 images, at least 1 are needed",
        ),
    ] {
        let error = serde_json::from_value::<Message>(json).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
    let action = json!({"recipient": {"id": "1"}, "sender_action": "react", "payload": {"message_id": "m_1"}});
    let error = serde_json::from_value::<SenderAction>(action).unwrap_err();
    assert_eq!(error.to_string(), "the reaction is blank");
    let action = json!({"recipient": {"id": "1"}, "sender_action": "dance"});
    assert!(serde_json::from_value::<SenderAction>(action).is_err());
}

#[tokio::test]
async fn sender_actions() {
    // platform.md 4.5
    let mid = || Mid::new("m_1").unwrap();
    for (action, expected) in [
        (
            Action::TypingOn,
            json!({"recipient": {"id": "1254477777772919"}, "sender_action": "typing_on"}),
        ),
        (
            Action::TypingOff,
            json!({"recipient": {"id": "1254477777772919"}, "sender_action": "typing_off"}),
        ),
        (
            Action::MarkSeen,
            json!({"recipient": {"id": "1254477777772919"}, "sender_action": "mark_seen"}),
        ),
        (
            Action::React {
                mid: mid(),
                reaction: "😊".to_owned(),
            },
            json!({"recipient": {"id": "1254477777772919"}, "sender_action": "react",
                "payload": {"message_id": "m_1", "reaction": "😊"}}),
        ),
        (
            Action::Unreact { mid: mid() },
            json!({"recipient": {"id": "1254477777772919"}, "sender_action": "unreact",
                "payload": {"message_id": "m_1"}}),
        ),
    ] {
        let action = SenderAction::new(psid(), action).unwrap();
        let read: SenderAction =
            serde_json::from_value(serde_json::to_value(&action).unwrap()).unwrap();
        assert_eq!(read, action);
        let (asked, sent) = ask(
            &action.by(&page()),
            r#"{"recipient_id":"1254477777772919"}"#,
        )
        .await;
        assert_eq!(line(&asked), "POST 1755847768034402/messages");
        assert_eq!(json_of(&asked), expected);
        assert_eq!(sent.unwrap().mid, None);
    }
    let call = SenderAction::new(psid(), Action::TypingOn)
        .unwrap()
        .with_persona(PersonaId::new("7").unwrap());
    assert_eq!(serde_json::to_value(&call).unwrap()["persona_id"], "7");
}

#[test]
fn a_send_is_in_line_with_its_conversation_and_counted_by_its_kind() {
    let page = page();
    let image = Message::image(psid(), Media::url("https://a.example/a.png")).unwrap();
    for (message, traffic, seconds) in [(text(), Traffic::Text, 15), (image, Traffic::Media, 90)] {
        let call = SendMessage::new(&page, &message).call().unwrap();
        assert_eq!((call.class, call.traffic), (Class::Send, traffic));
        assert_eq!(
            call.conversation.as_deref(),
            Some("1755847768034402/1254477777772919")
        );
        assert_eq!(call.timeout.as_secs(), seconds);
        assert_eq!(call.page, Some(page.clone()));
    }
}

#[tokio::test]
async fn c26_saving_by_address_and_sending_again() {
    let save = SaveAttachment::from_url(page(), FileKind::Image, "https://a.example/a.png");
    let (asked, saved) = ask(&save, r#"{"attachment_id":"1857777774821032"}"#).await;
    assert_eq!(line(&asked), "POST 1755847768034402/message_attachments");
    assert_eq!(
        json_of(&asked),
        json!({"message": {"attachment": {"type": "image", "payload": {"url": "https://a.example/a.png", "is_reusable": true}}}})
    );
    let id = saved.unwrap().id;
    let again = Message::image(psid(), Media::saved(id)).unwrap();
    let again = serde_json::to_value(again).unwrap();
    assert_eq!(
        again["message"]["attachment"]["payload"],
        json!({"attachment_id": "1857777774821032"})
    );
    let (_, broken) = ask(&save, "{}").await;
    assert!(matches!(broken, Err(Error::Unexpected { .. })));
}

#[tokio::test]
async fn c26_a_file_is_a_form_with_one_file() {
    let file = Upload::from_bytes("a \"b\".png", "image/png", b"12345".to_vec()).unwrap();
    let send = SendFile::new(page(), psid(), FileKind::Image, file)
        .with_purpose(Purpose::Tagged(Tag::HUMAN_AGENT))
        .with_metadata("crm-7")
        .unwrap();
    let (asked, sent) = ask(&send, SENT).await;
    assert!(sent.unwrap().mid.is_some());
    assert_eq!(line(&asked), "POST 1755847768034402/messages");
    let Some(Body::Stream {
        content_type,
        bytes,
        source,
        ..
    }) = asked.body
    else {
        panic!("a stream");
    };
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap()
        .to_owned();
    assert_eq!(boundary.len(), 32);
    let mut body = Vec::new();
    let mut chunks = source.open();
    while let Some(chunk) = chunks.next().await.unwrap() {
        body.extend(chunk);
    }
    assert_eq!(bytes, body.len() as u64);
    assert_eq!(
        String::from_utf8(body).unwrap(),
        [
            "--B\r\ncontent-disposition: form-data; name=\"recipient\"\r\n\r\n{\"id\":\"1254477777772919\"}\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"messaging_type\"\r\n\r\nMESSAGE_TAG\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"tag\"\r\n\r\nHUMAN_AGENT\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"message\"\r\n\r\n",
            "{\"attachment\":{\"type\":\"image\",\"payload\":{}},\"metadata\":\"crm-7\"}\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"filedata\"; filename=\"a %22b%22.png\"\r\n",
            "content-type: image/png\r\n\r\n12345\r\n--B--\r\n",
        ]
        .concat()
        .replace("--B", &format!("--{boundary}"))
    );
}

#[test]
fn c26_a_file_has_1_byte_to_25_megabytes() {
    struct Nothing;
    impl messenger_crm::graph::Source for Nothing {
        fn open(&self) -> Box<dyn messenger_crm::graph::Chunks> {
            panic!("nobody reads a file that is refused")
        }
    }
    let file = |name: &str, media_type: &str, bytes| Upload::new(name, media_type, bytes, Nothing);
    assert!(file("a", "image/png", 25 * 1024 * 1024).is_ok());
    for (name, media_type, bytes, words) in [
        ("a", "image/png", 0, "the file is empty"),
        (
            "a",
            "image/png",
            26_214_401,
            "the file has 26214401 bytes, at most 26214400 can be sent",
        ),
        (
            " ",
            "image/png",
            1,
            "the file's name is blank or holds a control character",
        ),
        (
            "a\r\nb",
            "image/png",
            1,
            "the file's name is blank or holds a control character",
        ),
        (
            "a",
            "png",
            1,
            "the file's type does not look like image/png",
        ),
        (
            "a",
            "image/png\r\nx: y",
            1,
            "the file's type does not look like image/png",
        ),
    ] {
        assert_eq!(
            file(name, media_type, bytes).unwrap_err().to_string(),
            words
        );
    }
}

#[tokio::test]
async fn c26_a_file_of_another_length_breaks_off() {
    for said in [4, 6] {
        let file = Upload::new("a", "image/png", said, Five).unwrap();
        let (asked, _) = ask(
            &SaveAttachment::from_file(page(), FileKind::Image, file),
            "{}",
        )
        .await;
        let Some(Body::Stream { source, .. }) = asked.body else {
            panic!("a stream");
        };
        let mut chunks = source.open();
        let error = loop {
            match chunks.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended well"),
                Err(error) => break error,
            }
        };
        let longer = if said == 4 { "longer" } else { "shorter" };
        assert_eq!(
            error.to_string(),
            format!("the file is {longer} than was said")
        );
    }
}

struct Five;

impl messenger_crm::graph::Source for Five {
    fn open(&self) -> Box<dyn messenger_crm::graph::Chunks> {
        Box::new(Once(Some(b"12345".to_vec())))
    }
}

struct Once(Option<Vec<u8>>);

#[async_trait::async_trait]
impl messenger_crm::graph::Chunks for Once {
    async fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        Ok(self.0.take())
    }
}
