//! Sending a message, and what Meta says of it.

use std::fmt;
use std::time::Duration;

use super::Message;
use crate::graph::{
    Access, Answer, CALL_TIMEOUT, Call, Class, Endpoint, Error, Graph, Object, Path, Payload,
};
use crate::id::{AttachmentId, Mid, PageId, Psid};

/// How long a send may take for which Meta fetches a medium, or is given one: it gives a film 75
/// seconds.
pub(super) const MEDIA_TIMEOUT: Duration = Duration::from_secs(90);

/// Sends a message as a Page.
///
/// [`Graph::send`] does the same in fewer words.
///
/// Meta: [Send API](https://developers.facebook.com/docs/messenger-platform/reference/send-api/)
#[derive(Clone, Debug)]
pub struct SendMessage<'a> {
    page: &'a PageId,
    message: &'a Message,
}

impl<'a> SendMessage<'a> {
    /// This message from this Page.
    pub fn new(page: &'a PageId, message: &'a Message) -> Self {
        Self { page, message }
    }
}

impl Endpoint for SendMessage<'_> {
    type Output = Sent;

    fn call(&self) -> Result<Call, Error> {
        let mut call = send(self.page, self.message.to().as_str())?;
        call.payload = Payload::Json(self.message.to_json()?);
        let has_links = self.message.has_links();
        Ok(call
            .with_traffic(self.message.traffic())
            .with_timeout(if has_links {
                MEDIA_TIMEOUT
            } else {
                CALL_TIMEOUT
            }))
    }

    fn read(&self, answer: &Answer) -> Result<Sent, Error> {
        let sent = Sent::read(answer.object());
        // Without either it is no answer of the Send API, and what became of the message unknown.
        if sent.mid.is_none() && sent.recipient.is_none() {
            return Err(answer.unexpected());
        }
        Ok(sent)
    }
}

/// A call that a customer sees, in line with all others of the conversation.
pub(super) fn send(page: &PageId, to: &str) -> Result<Call, Error> {
    let path = Path::node(page.as_str())?.edge("messages");
    let mut call = Call::post(path).with_class(Class::Send).for_page(page);
    call.conversation = Some(format!("{page}/{to}"));
    Ok(call)
}

/// What Meta says of a message it has taken; its `Debug` shows ids, not people.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Sent {
    /// To whom; nothing for a `user_ref` or a phone number.
    pub recipient: Option<Psid>,
    /// The message's id; nothing for a sender action.
    pub mid: Option<Mid>,
    /// What Meta saved, for a medium that is reusable; good for 90 days.
    pub attachment: Option<AttachmentId>,
}

impl Sent {
    pub(super) fn read(answer: Object<'_>) -> Self {
        // The page about calls shows the recipient as an object.
        let recipient = answer
            .id("recipient_id")
            .or_else(|| answer.object("recipient").id("id"));
        Self {
            recipient: recipient.and_then(|id| Psid::new(id).ok()),
            mid: answer.id("message_id").and_then(|id| Mid::new(id).ok()),
            attachment: answer
                .id("attachment_id")
                .and_then(|id| AttachmentId::new(id).ok()),
        }
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("mid", &self.mid)
            .field("attachment", &self.attachment)
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
    /// # Cancel safety
    ///
    /// When the future is dropped, the outcome is unknown.
    ///
    /// Meta: [Send API](https://developers.facebook.com/docs/messenger-platform/reference/send-api/)
    pub async fn send(
        &self,
        access: &Access,
        page: &PageId,
        message: &Message,
    ) -> Result<Sent, Error> {
        self.call(access, &SendMessage::new(page, message)).await
    }
}
