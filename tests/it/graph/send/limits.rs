//! Messages that Meta would refuse are refused before they are sent.

use messenger_crm::graph::Upload;
use messenger_crm::graph::send::{MAX_IMAGES, OutgoingFile};

use super::*;

#[test]
fn c16_a_text_has_1_to_2000_utf_16_units() {
    let text = |text: String| OutgoingMessage::text(psid(), text);
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
fn c17_quick_replies_have_limits() {
    let replies = |count| vec![OutgoingQuickReply::text("Yes", "YES"); count];
    let with = |replies| text().with_quick_replies(replies);
    assert!(with(replies(13)).is_ok());
    let title = |count: usize| vec![OutgoingQuickReply::text("a".repeat(count), "A")];
    let payload = |count: usize| vec![OutgoingQuickReply::text("a", "a".repeat(count))];
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
            vec![OutgoingQuickReply::image("red.png", "", "")],
            "the image URL of a quick reply (7 UTF-16 units) must be a URL that begins with \
             https:// or http:// and has no white space",
        ),
    ] {
        assert_eq!(with(replies).unwrap_err().to_string(), words);
    }
    let sticker = OutgoingMessage::new(psid(), OutgoingContent::Sticker(THUMBS_UP)).unwrap();
    assert_eq!(
        sticker
            .with_quick_replies(replies(1))
            .unwrap_err()
            .to_string(),
        "quick replies need a text, one file or a template"
    );
}

#[test]
fn c17_metadata_and_buttons_have_limits() {
    let metadata = |count: usize| text().with_metadata("a".repeat(count));
    assert!(metadata(999).is_ok());
    assert_eq!(
        metadata(1000).unwrap_err().to_string(),
        "the metadata has 1000 UTF-16 units, at most 999 can be sent"
    );
    let buttons = |count| {
        Template::buttons(
            "What now?",
            vec![TemplateButton::postback("Go", "GO"); count],
        )
    };
    assert!(OutgoingMessage::template(psid(), buttons(3)).is_ok());
    assert_refused(buttons(4), "there are 4 buttons, at most 3 can be sent");
    assert_refused(buttons(0), "there are 0 buttons, at least 1 are needed");
    let long = Template::buttons("a".repeat(641), vec![TemplateButton::postback("Go", "GO")]);
    assert_refused(
        long,
        "the text of the template has 641 UTF-16 units, at most 640 can be sent",
    );
}

#[test]
fn a_message_has_1_to_30_images() {
    let images = |count| {
        let source = MediaSource::url("https://a.example/a.png");
        OutgoingMessage::new(psid(), OutgoingContent::Images(vec![source; count]))
    };
    assert!(images(1).is_ok() && images(MAX_IMAGES).is_ok());
    assert_eq!(
        images(31).unwrap_err().to_string(),
        "there are 31 images, at most 30 can be sent"
    );
    assert_eq!(
        images(0).unwrap_err().to_string(),
        "there are 0 images, at least 1 are needed"
    );
}

#[test]
fn live_tags_are_constants_and_the_set_is_open() {
    let tagged = body(&text().with_tag(MessageTag::HUMAN_AGENT).unwrap());
    assert_eq!(
        (&tagged["messaging_type"], &tagged["tag"]),
        (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT"))
    );
    let next = text().with_tag(MessageTag::new("TAG_OF_NEXT_YEAR"));
    assert_eq!(body(&next.unwrap())["tag"], "TAG_OF_NEXT_YEAR");
}

#[test]
fn purpose_and_content_must_go_together() {
    let refused = |message: Result<OutgoingMessage, InvalidMessage>| {
        let error = message.unwrap_err();
        assert!(matches!(error, InvalidMessage::Mismatch(_)));
        error.to_string()
    };
    assert_eq!(
        refused(text().with_tag(MessageTag::CUSTOMER_FEEDBACK)),
        "the tag CUSTOMER_FEEDBACK is only for a customer feedback template"
    );
    let utility = "a utility template and the messaging type UTILITY need each other";
    assert_eq!(refused(text().with_purpose(Purpose::Utility)), utility);
    let template = UtilityTemplate::new("hello", "en");
    let message = OutgoingMessage::utility(psid(), template).unwrap();
    assert_eq!(refused(message.with_purpose(Purpose::Response)), utility);
    let sticker = OutgoingMessage::new(psid(), OutgoingContent::Sticker(THUMBS_UP)).unwrap();
    assert!(sticker.clone().with_purpose(Purpose::Update).is_ok());
    assert_eq!(
        refused(sticker.with_tag(MessageTag::HUMAN_AGENT)),
        "a sticker needs the messaging type RESPONSE or UPDATE: Meta accepts it only inside the \
         standard messaging window"
    );
    let upload = Upload::from_bytes("a.png", "image/png", b"1".to_vec()).unwrap();
    let file = OutgoingFile::new(psid(), MediaKind::Image, upload).unwrap();
    for purpose in [
        Purpose::Utility,
        Purpose::Tagged(MessageTag::CUSTOMER_FEEDBACK),
    ] {
        assert_eq!(
            file.clone().with_purpose(purpose).unwrap_err().to_string(),
            "a file cannot have the messaging type UTILITY or the tag CUSTOMER_FEEDBACK"
        );
    }
}
