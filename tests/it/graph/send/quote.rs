//! The quote is left out where it would cost the message.

use super::*;

fn quoting() -> OutgoingMessage {
    text().with_reply_to(Mid::new("m_1").unwrap())
}

/// Asserts whether the request quotes the message, and that the accessor says so.
#[track_caller]
fn assert_quotes(message: &OutgoingMessage, expected: bool) {
    assert_eq!(message.reply_to().unwrap().as_str(), "m_1");
    assert_eq!(message.sends_quote(), expected, "{message:?}");
    let body = body(message);
    assert_eq!(body.get("reply_to").is_some(), expected, "{body}");
}

#[test]
fn b11_inside_the_window_the_quote_is_sent() {
    assert_quotes(&quoting(), true);
    assert_quotes(&quoting().with_purpose(Purpose::Update).unwrap(), true);
}

#[test]
fn b11_outside_the_window_the_quote_is_left_out_and_the_message_is_sent() {
    for tag in [MessageTag::HUMAN_AGENT, MessageTag::new("TAG_OF_NEXT_YEAR")] {
        let message = quoting().with_tag(tag.clone()).unwrap();
        assert_quotes(&message, false);
        let body = body(&message);
        assert_eq!(body["message"], json!({"text": "Hello"}));
        assert_eq!(body["tag"], tag.as_str());
    }
    let template = UtilityTemplate::new("hello", "en");
    let utility = OutgoingMessage::utility(psid(), template).unwrap();
    assert_quotes(&utility.with_reply_to(Mid::new("m_1").unwrap()), false);
}

#[test]
fn b11_the_quote_returns_when_the_purpose_is_changed_back() {
    let late = quoting().with_tag(MessageTag::HUMAN_AGENT).unwrap();
    assert_quotes(&late, false);
    assert_quotes(&late.with_purpose(Purpose::Response).unwrap(), true);
}

#[test]
fn b11_a_private_reply_has_no_quote() {
    for to in [
        Recipient::Comment("1_2".to_owned()),
        Recipient::Post("1_3".to_owned()),
    ] {
        let message = OutgoingMessage::text(to, "Hello").unwrap();
        assert_quotes(&message.with_reply_to(Mid::new("m_1").unwrap()), false);
    }
}

#[test]
fn without_a_quote_there_is_none_to_send() {
    let message = text();
    assert_eq!(message.reply_to(), None);
    assert!(!message.sends_quote());
    assert_eq!(body(&message).get("reply_to"), None);
}
