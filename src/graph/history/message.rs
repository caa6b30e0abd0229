//! The messages of a conversation.

use std::fmt;

use super::Participant;
use crate::graph::{Answer, Call, Endpoint, Error, Listing, Object, Paging, Path, Traffic};
use crate::id::{ConversationId, Mid, PageId};
use crate::time::Timestamp;

const FIELDS: &str = "id,created_time,from,to,message,attachments,sticker,reply_to";

/// A message of the past; its `Debug` shows neither text nor people.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct PastMessage {
    /// Its id: the same that the webhook told, as far as is known.
    pub mid: Mid,
    /// When it was sent, to the second.
    pub at: Option<Timestamp>,
    /// Who wrote it: the Page when the id is the Page's.
    pub from: Option<Participant>,
    /// The text.
    pub text: Option<String>,
    /// What hangs on it.
    pub attachments: Vec<Attached>,
    /// Where its sticker is.
    pub sticker_url: Option<String>,
    /// The message it quotes.
    pub reply_to: Option<Mid>,
}

/// What hangs on a message of the past.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Attached {
    /// Its id.
    pub id: Option<String>,
    /// The name of the file.
    pub name: Option<String>,
    /// Such as `image/jpeg`.
    pub media_type: Option<String>,
    /// How large it is, in bytes.
    pub bytes: Option<i64>,
    /// Where it is, for some time.
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

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached")
            .field("media_type", &self.media_type)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl PastMessage {
    pub(super) fn read(message: Object<'_>) -> Option<Self> {
        let from = message.object("from");
        let attachments = message.object("attachments");
        let reply_to = message.object("reply_to").id("mid");
        Some(Self {
            mid: Mid::new(message.id("id")?).ok()?,
            at: message.time("created_time"),
            from: Participant::read(from),
            text: message.text("message"),
            attachments: attachments.objects("data").map(Attached::read).collect(),
            sticker_url: message.text("sticker"),
            reply_to: reply_to.and_then(|mid| Mid::new(mid).ok()),
        })
    }

    /// Whether the Page wrote it; nothing when Meta does not tell who did.
    pub fn is_from(&self, page: &PageId) -> Option<bool> {
        self.from.as_ref().map(|from| from.id == page.as_str())
    }
}

impl Attached {
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

/// The newest messages as a part of a conversation's fields.
pub(super) fn nested(limit: u32) -> String {
    format!("messages.limit({limit}){{{FIELDS}}}")
}

/// Lists the messages of a conversation, newest first.
///
/// Meta: [Conversation](https://developers.facebook.com/docs/graph-api/reference/conversation/)
#[derive(Clone, Debug)]
pub struct MessagesOf {
    page: PageId,
    conversation: ConversationId,
    paging: Paging,
}

impl MessagesOf {
    /// This portion of this conversation. Others saw Meta give at most 100 at once.
    pub fn new(page: PageId, conversation: ConversationId, paging: Paging) -> Self {
        Self {
            page,
            conversation,
            paging,
        }
    }
}

impl Endpoint for MessagesOf {
    type Output = Listing<PastMessage>;

    fn call(&self) -> Result<Call, Error> {
        let path = Path::node(self.conversation.as_str())?.edge("messages");
        let call = Call::get(path)
            .for_page(&self.page)
            .with_traffic(Traffic::Conversations)
            .with_query("fields", FIELDS);
        Ok(self.paging.apply(call))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(Listing::read(answer, PastMessage::read))
    }
}

/// Reads one message; Meta refuses one older than the 20 newest with 9000001.
///
/// Meta: [Message](https://developers.facebook.com/docs/graph-api/reference/message/)
#[derive(Clone, Debug)]
pub struct ReadMessage {
    page: PageId,
    mid: Mid,
}

impl ReadMessage {
    /// This message of this Page.
    pub fn new(page: PageId, mid: Mid) -> Self {
        Self { page, mid }
    }
}

impl Endpoint for ReadMessage {
    type Output = PastMessage;

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::get(Path::node(self.mid.as_str())?)
            .for_page(&self.page)
            .with_traffic(Traffic::Conversations)
            .with_query("fields", FIELDS))
    }

    fn read(&self, answer: &Answer) -> Result<PastMessage, Error> {
        PastMessage::read(answer.object()).ok_or_else(|| answer.unexpected())
    }
}
