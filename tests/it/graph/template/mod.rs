//! Templates and their buttons: exact JSON and limits.

mod buttons;

use messenger_crm::graph::send::{
    Button, Coupon, CustomerFeedback, CustomerInformation, Element, FeedbackQuestion, GameMetadata,
    Generic, GridAction, GridImage, ImageGrid, MediaTemplate, Message, NotificationOptIn,
    QuestionKind, Receipt, ReceiptElement, Template, WebUrl,
};
use messenger_crm::id::AttachmentId;
use messenger_crm::time::Timestamp;
use serde_json::{Value, json};

use super::psid;
use super::send::assert_json;

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
pub(super) fn assert_refused(template: impl Into<Template>, words: &str) {
    let refused = Message::template(psid(), template).unwrap_err();
    assert_eq!(refused.to_string(), words);
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
