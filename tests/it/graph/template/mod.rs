//! Templates: request bodies and limits.

mod buttons;
mod forms;

use messenger_crm::graph::send::{
    CouponTemplate, CustomerFeedbackTemplate, CustomerInformationTemplate, FeedbackQuestion,
    GenericElement, GenericTemplate, GridImage, ImageGridTemplate, MediaKind, MediaSource,
    MediaTemplate, OutgoingMessage, QuestionKind, ReceiptAdjustment, ReceiptElement,
    ReceiptTemplate, Template, TemplateButton, WebUrl,
};
use messenger_crm::id::AttachmentId;
use messenger_crm::time::Timestamp;
use serde_json::{Value, json};

use super::psid;
use super::send::assert_body;

/// Asserts the payload of a template in its request, and that it can be read back.
#[track_caller]
fn assert_template(template: impl Into<Template>, payload: &Value) {
    let expected = json!({
        "recipient": {"id": "1254477777772919"}, "messaging_type": "RESPONSE",
        "message": {"attachment": {"type": "template", "payload": payload}},
    });
    assert_body(OutgoingMessage::template(psid(), template), &expected);
}

/// Asserts the error for a template that breaks a limit.
#[track_caller]
pub(super) fn assert_refused(template: impl Into<Template>, words: &str) {
    let refused = OutgoingMessage::template(psid(), template).unwrap_err();
    assert_eq!(refused.to_string(), words);
}

#[test]
fn generic_template() {
    let element = GenericElement::new("Hats")
        .with_subtitle("For everyone")
        .with_image("https://a.example/h.png")
        .with_default_action(WebUrl::new("https://a.example/h").with_height("tall"))
        .with_buttons(vec![TemplateButton::postback("Chat", "CHAT")]);
    assert_template(
        GenericTemplate::new(vec![element])
            .with_square_images()
            .with_sharing(),
        &json!({"template_type": "generic", "image_aspect_ratio": "square", "sharable": true, "elements": [{
            "title": "Hats", "subtitle": "For everyone", "image_url": "https://a.example/h.png",
            "default_action": {"type": "web_url", "url": "https://a.example/h", "webview_height_ratio": "tall"},
            "buttons": [{"type": "postback", "title": "Chat", "payload": "CHAT"}],
        }]}),
    );
    let card = || GenericElement::new("Hats").with_subtitle("For everyone");
    let many = |count| Template::generic(vec![card(); count]);
    assert!(OutgoingMessage::template(psid(), many(10)).is_ok());
    assert_refused(many(11), "there are 11 elements, at most 10 can be sent");
    assert_refused(many(0), "there are 0 elements, at least 1 are needed");
    for (element, words) in [
        (
            GenericElement::new("Hats"),
            "an element needs a subtitle, image, default action or button beside its title",
        ),
        (
            GenericElement::new("a".repeat(81)).with_subtitle("b"),
            "the title of an element has 81 UTF-16 units, at most 80 can be sent",
        ),
        (
            GenericElement::new("a").with_subtitle("b".repeat(81)),
            "the subtitle of an element has 81 UTF-16 units, at most 80 can be sent",
        ),
        (
            card().with_buttons(vec![TemplateButton::AccountUnlink; 4]),
            "there are 4 buttons, at most 3 can be sent",
        ),
        (
            card().with_default_action(WebUrl::new("https://a.example").with_title("See")),
            "a default action cannot have a title",
        ),
    ] {
        assert_refused(Template::generic(vec![element]), words);
    }
}

#[test]
fn media_template() {
    let saved = MediaSource::saved(AttachmentId::new("1").unwrap());
    assert_template(
        MediaTemplate::new(MediaKind::Image, saved)
            .with_buttons(vec![TemplateButton::postback("Go", "GO")]),
        &json!({"template_type": "media", "elements": [{"media_type": "image", "attachment_id": "1",
            "buttons": [{"type": "postback", "title": "Go", "payload": "GO"}]}]}),
    );
    let video = "https://www.facebook.com/v/1";
    let mut sharable = MediaTemplate::new(MediaKind::Video, MediaSource::url(video));
    sharable.sharable = Some(true);
    assert_template(
        sharable,
        &json!({"template_type": "media", "sharable": true, "elements": [{"media_type": "video", "url": video}]}),
    );
    for (template, words) in [
        (
            MediaTemplate::new(MediaKind::Audio, MediaSource::url(video)),
            "a media template shows an image or a video, not an audio or a file",
        ),
        (
            MediaTemplate::new(MediaKind::Video, MediaSource::reusable_url(video)),
            "the file of a media template cannot be saved at Meta in the same call",
        ),
        (
            MediaTemplate::new(MediaKind::Video, MediaSource::url(video))
                .with_buttons(vec![TemplateButton::AccountUnlink; 4]),
            "there are 4 buttons, at most 3 can be sent",
        ),
    ] {
        assert_refused(template, words);
    }
}

#[test]
fn product_template() {
    assert_template(
        Template::products(["7", "8"]),
        &json!({"template_type": "product", "elements": [{"id": "7"}, {"id": "8"}]}),
    );
    assert_refused(
        Template::products(["7"; 11]),
        "there are 11 products, at most 10 can be sent",
    );
    assert_refused(Template::products([""]), "the id of a product is blank");
}

#[test]
fn receipt_template() {
    let receipt = || ReceiptTemplate::new("Ada", "7", "EUR", "Visa 2345", 56.14);
    let mut full = receipt().with_timestamp(Timestamp::from_millis(1_428_444_852_999));
    full.elements = vec![ReceiptElement::new("Shirt", 50.0)];
    full.subtotal = Some(50.0);
    full.shipping_cost = Some(4.95);
    full.total_tax = Some(6.19);
    full.adjustments = vec![ReceiptAdjustment::new("New customer", -5.0)];
    assert_template(
        full,
        &json!({"template_type": "receipt", "recipient_name": "Ada", "order_number": "7", "currency": "EUR",
            "payment_method": "Visa 2345", "timestamp": "1428444852", "adjustments": [{"name": "New customer", "amount": -5.0}],
            "summary": {"subtotal": 50.0, "shipping_cost": 4.95, "total_tax": 6.19, "total_cost": 56.14},
            "elements": [{"title": "Shirt", "price": 50.0}]}),
    );
    assert_template(
        receipt(),
        &json!({"template_type": "receipt", "recipient_name": "Ada", "order_number": "7",
            "currency": "EUR", "payment_method": "Visa 2345", "summary": {"total_cost": 56.14}}),
    );
    let mut many = receipt();
    many.elements = vec![ReceiptElement::new("Shirt", 50.0); 101];
    assert_refused(
        many,
        "there are 101 elements of the receipt, at most 100 can be sent",
    );
    let mut late = receipt();
    late.timestamp = Some("yesterday".to_owned());
    assert_refused(
        late,
        "the time of the receipt (9 UTF-16 units) must be a number of seconds",
    );
    assert_refused(
        ReceiptTemplate::new("Ada", "7", "EUR", "Visa", f64::NAN),
        "an amount of the receipt is infinite or not a number",
    );
    assert_refused(
        ReceiptTemplate::new("", "7", "EUR", "Visa", 1.0),
        "the recipient of the receipt is blank",
    );
}

#[test]
fn coupon_template() {
    assert_template(
        CouponTemplate::code("10% off", "TEN"),
        &json!({"template_type": "coupon", "title": "10% off", "coupon_code": "TEN"}),
    );
    assert_template(
        CouponTemplate::url("10% off", "https://a.example/c"),
        &json!({"template_type": "coupon", "title": "10% off", "coupon_url": "https://a.example/c"}),
    );
    assert_refused(
        CouponTemplate::code("Off", "T EN"),
        "the code of the coupon (4 UTF-16 units) must be a text without spaces",
    );
    let mut none = CouponTemplate::code("Off", "TEN");
    none.coupon_code = None;
    assert_refused(none, "a coupon needs a code or a URL");
}

#[test]
fn image_grid_template() {
    let image = || GridImage::new("https://a.example/a.png");
    let hero = || GridImage::hero("https://a.example/a.png");
    let grid = ImageGridTemplate::new(vec![
        hero().with_link("https://a.example"),
        image().with_postback("A", "This one"),
    ])
    .with_title("New")
    .with_subtitle("This week")
    .with_buttons(vec![TemplateButton::postback("More", "MORE")]);
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
    let grid = |count| ImageGridTemplate::new(vec![image(); count]);
    for (grid, words) in [
        (
            grid(1),
            "there are 1 images of the grid, at least 2 are needed",
        ),
        (
            grid(7),
            "there are 7 images of the grid, at most 6 can be sent",
        ),
        (
            ImageGridTemplate::new(vec![hero(); 2]),
            "there are 2 large images of the grid, at most 1 can be sent",
        ),
        (
            ImageGridTemplate::new(vec![image(), image().with_postback("", "This one")]),
            "the payload of an action is blank",
        ),
        (
            grid(2).with_title("a".repeat(46)),
            "the title of the grid has 46 UTF-16 units, at most 45 can be sent",
        ),
        (
            grid(2).with_buttons(vec![TemplateButton::AccountUnlink]),
            "a button of an image grid can only open a web page or send a postback",
        ),
    ] {
        assert_refused(grid, words);
    }
}
