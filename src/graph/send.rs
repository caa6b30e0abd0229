//! A message to a customer: what is sent, and what Meta says to it.

use std::fmt;

use serde::Serialize;

use super::{Access, Error, Graph, segment};
use crate::id::{Mid, PageId, Psid};

/// The longest text of a message, in UTF-16 units.
///
/// Meta says "2000 characters" and does not say which; UTF-16 units are the most cautious count.
pub const MAX_TEXT_UNITS: usize = 2000;

/// The longest metadata of a message, in UTF-16 units.
pub const MAX_METADATA_UNITS: usize = 999;

/// A text that answers a customer; its `Debug` shows neither the text nor the customer.
#[derive(Clone, Eq, PartialEq)]
pub struct Message {
    to: Psid,
    text: String,
    metadata: Option<String>,
}

impl Message {
    /// A text for a customer.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the text is blank or longer than [`MAX_TEXT_UNITS`].
    ///
    /// <https://developers.facebook.com/docs/messenger-platform/reference/send-api/>
    pub fn text(to: Psid, text: impl Into<String>) -> Result<Self, InvalidMessage> {
        let text: String = text.into();
        if text.trim().is_empty() {
            return Err(InvalidMessage::Blank);
        }
        match text.encode_utf16().count() {
            units if units > MAX_TEXT_UNITS => Err(InvalidMessage::TextTooLong { units }),
            _ => Ok(Self {
                to,
                text,
                metadata: None,
            }),
        }
    }

    /// The same with metadata, which Meta repeats in the message's echo: the way to recognise it.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when it is longer than [`MAX_METADATA_UNITS`].
    pub fn with_metadata(self, metadata: &str) -> Result<Self, InvalidMessage> {
        match metadata.encode_utf16().count() {
            units if units > MAX_METADATA_UNITS => Err(InvalidMessage::MetadataTooLong { units }),
            _ => Ok(Self {
                metadata: Some(metadata.to_owned()),
                ..self
            }),
        }
    }

    fn to_json(&self) -> Vec<u8> {
        let body = Body {
            recipient: Recipient {
                id: self.to.as_str(),
            },
            messaging_type: "RESPONSE",
            message: Content {
                text: &self.text,
                metadata: self.metadata.as_deref(),
            },
        };
        serde_json::to_vec(&body).expect("structs of texts are always JSON")
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("text_bytes", &self.text.len())
            .field("has_metadata", &self.metadata.is_some())
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Body<'a> {
    recipient: Recipient<'a>,
    messaging_type: &'static str,
    message: Content<'a>,
}

#[derive(Serialize)]
struct Recipient<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct Content<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a str>,
}

/// A message that Meta would refuse.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// No text, or white space only.
    #[error("the text is blank")]
    Blank,
    /// Too much text.
    #[error("the text has {units} UTF-16 units, at most {MAX_TEXT_UNITS} can be sent")]
    TextTooLong {
        /// Its length in UTF-16 units.
        units: usize,
    },
    /// Too much metadata.
    #[error("the metadata has {units} UTF-16 units, at most {MAX_METADATA_UNITS} can be sent")]
    MetadataTooLong {
        /// Its length in UTF-16 units.
        units: usize,
    },
}

/// What Meta says of a message it has taken.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Sent {
    /// To whom.
    pub recipient: Option<Psid>,
    /// The message's id.
    pub mid: Option<Mid>,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("mid", &self.mid)
            .finish_non_exhaustive()
    }
}

impl Graph {
    /// Sends a message as a Page, once.
    ///
    /// # Errors
    ///
    /// [`Error`] when Meta refuses or cannot be asked. Meta knows no idempotency key: when
    /// [`Error::outcome_is_unknown`], the message may have been sent, and only its echo can tell.
    ///
    /// <https://developers.facebook.com/docs/messenger-platform/reference/send-api/>
    pub async fn send(
        &self,
        access: &Access,
        page: &PageId,
        message: &Message,
    ) -> Result<Sent, Error> {
        let path = format!("{}/messages", segment(page.as_str())?);
        let answer = self
            .call(access, &path, None, Some(message.to_json()))
            .await?;
        Ok(Sent {
            recipient: answer.id("recipient_id").and_then(|id| Psid::new(id).ok()),
            mid: answer.id("message_id").and_then(|id| Mid::new(id).ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Method;
    use super::super::script::{PROOF, Script, access, block_on};
    use super::*;

    fn message(text: &str) -> Result<Message, InvalidMessage> {
        Message::text(Psid::new("1254477777772919").unwrap(), text)
    }

    fn send(script: &Script, message: &Message) -> Result<Sent, Error> {
        let page = PageId::new("1755847768034402").unwrap();
        block_on(script.graph().send(&access(), &page, message))
    }

    #[test]
    fn a_message_is_sent_as_json() {
        let script = Script::json(
            200,
            r#"{ "recipient_id": "1254444444682919", "message_id": "m_AG5Hz2U" }"#,
        );
        let message = message("Hello, \"world\"!").unwrap();
        let sent = send(&script, &message.with_metadata("crm-7").unwrap()).unwrap();
        assert_eq!(sent.recipient, Some(Psid::new("1254444444682919").unwrap()));
        assert_eq!(sent.mid, Some(Mid::new("m_AG5Hz2U").unwrap()));

        let asked = script.asked().unwrap();
        assert_eq!(asked.method, Method::Post);
        assert_eq!(
            asked.url,
            format!(
                "https://graph.facebook.com/v26.0/1755847768034402/messages\
                 ?appsecret_proof={PROOF}"
            )
        );
        assert_eq!(asked.bearer, Some(access().token));
        assert_eq!(
            String::from_utf8(asked.body.unwrap()).unwrap(),
            r#"{"recipient":{"id":"1254477777772919"},"messaging_type":"RESPONSE","message":{"text":"Hello, \"world\"!","metadata":"crm-7"}}"#
        );
    }

    #[test]
    fn without_metadata_there_is_no_member() {
        let script = Script::json(200, "{}");
        let sent = send(&script, &message("Hello").unwrap()).unwrap();
        assert_eq!((sent.recipient, sent.mid), (None, None));
        assert_eq!(
            String::from_utf8(script.asked().unwrap().body.unwrap()).unwrap(),
            r#"{"recipient":{"id":"1254477777772919"},"messaging_type":"RESPONSE","message":{"text":"Hello"}}"#
        );
    }

    #[test]
    fn a_text_has_at_most_2000_utf_16_units() {
        assert!(message(&"a".repeat(2000)).is_ok());
        assert!(message(&"\u{e4}".repeat(2000)).is_ok());
        assert!(message(&"\u{1f600}".repeat(1000)).is_ok());
        let long = message(&format!("a{}", "\u{1f600}".repeat(1000))).unwrap_err();
        assert_eq!(
            long.to_string(),
            "the text has 2001 UTF-16 units, at most 2000 can be sent"
        );
    }

    #[test]
    fn a_text_is_not_blank() {
        for blank in ["", " ", "\n\t\u{a0}"] {
            assert_eq!(message(blank).unwrap_err(), InvalidMessage::Blank);
        }
    }

    #[test]
    fn metadata_has_fewer_than_1000_units() {
        let message = message("Hello").unwrap();
        assert!(message.clone().with_metadata(&"a".repeat(999)).is_ok());
        let long = message.with_metadata(&"a".repeat(1000)).unwrap_err();
        assert_eq!(
            long.to_string(),
            "the metadata has 1000 UTF-16 units, at most 999 can be sent"
        );
    }

    #[test]
    fn a_page_id_that_could_name_another_place_is_not_asked() {
        let script = Script::default();
        let page = PageId::new("1/feed?").unwrap();
        let message = message("Hello").unwrap();
        let refused = block_on(script.graph().send(&access(), &page, &message));
        assert!(matches!(refused, Err(Error::Id)));
        assert!(script.asked().is_none());
    }

    #[test]
    fn neither_text_nor_customer_is_printed() {
        let message = message("Hello").unwrap().with_metadata("crm-7").unwrap();
        assert_eq!(
            format!("{message:?}"),
            "Message { text_bytes: 5, has_metadata: true, .. }"
        );
        let script = Script::json(200, r#"{"recipient_id":"4242","message_id":"m_1"}"#);
        let sent = send(&script, &message).unwrap();
        assert_eq!(format!("{sent:?}"), r#"Sent { mid: Some(Mid("m_1")), .. }"#);
    }
}
