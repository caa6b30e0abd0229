//! Call that sends a message, and its response.

use std::fmt;
use std::time::Duration;

use super::Message;
use crate::graph::{CALL_TIMEOUT, Call, Error, Idempotency, Object, Path, Payload, Response};
use crate::id::{AttachmentId, Mid, Psid};

/// Time-out of a send for which Meta downloads a file, or receives one: Meta gives a video 75
/// seconds.
pub(super) const MEDIA_TIMEOUT: Duration = Duration::from_secs(90);

/// Sends a message to a customer. [`PageClient::send`](crate::graph::PageClient::send) is shorter.
///
/// Permission: `pages_messaging`.
///
/// # Errors
///
/// [`Error::NotJson`] when the message cannot be written as JSON.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/send-api/>
pub fn message(message: &Message) -> Result<Call<Sent>, Error> {
    let mut call = to_messages(read_sent)
        .with_rate_class(message.rate_class())
        .with_timeout(if message.has_links() {
            MEDIA_TIMEOUT
        } else {
            CALL_TIMEOUT
        });
    call.parts.payload = Payload::Json(message.to_json()?);
    Ok(call)
}

/// Creates a call to the Send API, whose effect a customer sees.
pub(super) fn to_messages<T: 'static>(
    read: impl Fn(&Response) -> Result<T, Error> + Send + Sync + 'static,
) -> Call<T> {
    Call::post(Path::me().edge("messages"), read).with_idempotency(Idempotency::Send)
}

pub(super) fn read_sent(response: &Response) -> Result<Sent, Error> {
    let sent = Sent::read(response.object());
    // Without either it is not a response of the Send API, and the outcome is unknown.
    if sent.mid.is_none() && sent.recipient.is_none() {
        return Err(response.unexpected());
    }
    Ok(sent)
}

/// Response of the Send API; its `Debug` shows no PSID.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Sent {
    /// PSID of the recipient. Absent when Meta does not return it, as for some private replies.
    pub recipient: Option<Psid>,
    /// Id of the message. Absent for a sender action.
    pub mid: Option<Mid>,
    /// Id of the saved file, valid for 90 days. Absent unless the file was sent as reusable.
    pub attachment: Option<AttachmentId>,
}

impl Sent {
    pub(super) fn read(object: Object<'_>) -> Self {
        // The page about calls shows the recipient as an object.
        let recipient = object
            .id("recipient_id")
            .or_else(|| object.object("recipient").id("id"));
        Self {
            recipient: recipient.and_then(|id| Psid::new(id).ok()),
            mid: object.id("message_id").and_then(|id| Mid::new(id).ok()),
            attachment: object
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
