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
