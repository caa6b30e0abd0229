//! Messages of a conversation.

use std::fmt;

use super::get;
use super::participant::Participant;
use crate::graph::{Call, Error, ListPage, Object, Path, Response};
use crate::id::{ConversationId, Mid, PageId};
use crate::time::Timestamp;

const FIELDS: &str = "id,created_time,from,to,message,attachments,sticker,reply_to";

/// A past message. `Debug` shows neither text nor people.
///
/// <https://developers.facebook.com/docs/graph-api/reference/message/>
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct PastMessage {
    /// Id of the message. It equals that in webhooks (not documented).
    #[doc(alias = "id")]
    pub mid: Mid,
    /// Time when the message was sent, in whole seconds. Absent when Meta leaves it out.
    #[doc(alias = "created_time")]
    pub at: Option<Timestamp>,
    /// Sender of the message. Absent when Meta leaves it out.
    pub from: Option<Participant>,
    /// Text. Absent for messages without one.
    #[doc(alias = "message")]
    pub text: Option<String>,
    /// Attachments. Empty for messages without one.
    pub attachments: Vec<PastAttachment>,
    /// Address of the sticker. Absent for messages without one.
    #[doc(alias = "sticker")]
    pub sticker_url: Option<String>,
    /// Message that this one quotes. Absent when it quotes none.
    pub reply_to: Option<Mid>,
}

/// An attachment of a past message. `Debug` shows neither name nor address.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct PastAttachment {
    /// Id of the attachment. Absent when Meta leaves it out.
    pub id: Option<String>,
    /// Name of the file. Absent when Meta leaves it out.
    pub name: Option<String>,
    /// Media type, such as `image/jpeg`. Absent when Meta leaves it out.
    #[doc(alias = "mime_type")]
    pub media_type: Option<String>,
    /// Length, in bytes. Absent when Meta leaves it out.
    #[doc(alias = "size")]
    pub bytes: Option<i64>,
    /// Address of the file, which expires. Absent when Meta leaves it out.
    #[doc(alias = "file_url")]
    pub url: Option<String>,
}

impl fmt::Debug for PastMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PastMessage")
            .field("mid", &self.mid)
            .field("at", &self.at)
            .field("attachments", &self.attachments.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PastAttachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PastAttachment")
            .field("media_type", &self.media_type)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl PastMessage {
    /// Creates a message without content, for tests.
    pub fn new(mid: Mid, from: Option<Participant>) -> Self {
        Self {
            mid,
            at: None,
            from,
            text: None,
            attachments: Vec::new(),
            sticker_url: None,
            reply_to: None,
        }
    }

    /// Sets the text, for tests.
    pub fn with_text(self, text: impl Into<String>) -> Self {
        let text = Some(text.into());
        Self { text, ..self }
    }

    pub(super) fn read(message: Object<'_>) -> Option<Self> {
        let attachments = message.object("attachments");
        let reply_to = message.object("reply_to").id("mid");
        Some(Self {
            mid: Mid::new(message.id("id")?).ok()?,
            at: message.time("created_time"),
            from: Participant::read(message.object("from")),
            text: message.text("message"),
            attachments: attachments
                .objects("data")
                .map(PastAttachment::read)
                .collect(),
            sticker_url: message.text("sticker"),
            reply_to: reply_to.and_then(|mid| Mid::new(mid).ok()),
        })
    }

    /// Returns whether the Page sent the message. `None` when the sender is absent.
    pub fn is_from(&self, page: &PageId) -> Option<bool> {
        self.from.as_ref().map(|from| from.id == page.as_str())
    }
}

impl PastAttachment {
    fn read(attachment: Object<'_>) -> Self {
        let image = attachment.object("image_data").text("url");
        let video = attachment.object("video_data").text("url");
        Self {
            id: attachment.id("id"),
            name: attachment.text("name"),
            media_type: attachment.text("mime_type"),
            bytes: attachment.number("size"),
            url: attachment.text("file_url").or(image).or(video),
        }
    }
}

/// Writes the newest messages as a field of a conversation.
pub(super) fn nested(limit: u32) -> String {
    format!("messages.limit({limit}){{{FIELDS}}}")
}

/// Lists the messages of a conversation, newest first.
///
/// Permissions, limits and refusals: see the [module](super). Meta refuses with code 100 and subcode
/// 33 a conversation of another Page.
///
/// # Errors
///
/// [`Error::InvalidId`] when the id cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/graph-api/reference/conversation/>
pub fn list_messages(conversation: &ConversationId) -> Result<Call<ListPage<PastMessage>>, Error> {
    let path = Path::node(conversation.as_str())?.edge("messages");
    let call = get(path, |response: &Response| {
        ListPage::read(response, PastMessage::read)
    });
    Ok(call.with_query("fields", FIELDS))
}

/// Reads one message.
///
/// Permissions and limits: see the [module](super). Meta refuses with code 9000001 a message that
/// was deleted, or that is older than the 20 newest of its conversation.
///
/// # Errors
///
/// [`Error::InvalidId`] when the id cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/graph-api/reference/message/>
pub fn get_message(mid: &Mid) -> Result<Call<PastMessage>, Error> {
    let call = get(Path::node(mid.as_str())?, |response: &Response| {
        PastMessage::read(response.object()).ok_or_else(|| response.unexpected())
    });
    Ok(call.with_query("fields", FIELDS))
}
