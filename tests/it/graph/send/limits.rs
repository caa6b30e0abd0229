//! What is refused before it is sent.

use super::*;

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
