//! Call that sends a message, and its response.

use std::fmt;
use std::time::Duration;

use super::{OutgoingContent, OutgoingMessage};
use crate::graph::{CALL_TIMEOUT, Call, Error, Idempotency, Object, Path, Response};
use crate::id::{AttachmentId, Mid, Psid};

/// Time-out of a call for which Meta downloads or receives a file. Meta itself waits 75 seconds for
/// a video.
pub(super) const MEDIA_TIMEOUT: Duration = Duration::from_secs(90);

/// Sends a message. [`PageClient::send`](crate::graph::PageClient::send) makes and sends this call.
///
/// Permission: `pages_messaging`. Limits: 300 texts, templates and stickers per second per Page; 10
/// images, audios, videos and files per second per Page.
///
/// Meta has no idempotency key, so the client never repeats a call whose outcome is unknown. Meta
/// refuses a message outside the messaging window with code 10 and subcode 2018278
/// ([`Advice::OutsideWindow`](crate::graph::Advice::OutsideWindow)). It refuses a private reply with
/// code 10900 when the comment already has one, and with 10903 when the author cannot receive one.
///
/// # Errors
///
/// [`Error::NotJson`] when the message cannot be written as JSON.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/send-api/>
pub fn message(message: &OutgoingMessage) -> Result<Call<Sent>, Error> {
    let content = message.content();
    let is_media = matches!(
        content,
        OutgoingContent::Media { .. } | OutgoingContent::Images(_)
    );
    to_messages(read_sent)
        .with_rate_class(content.rate_class())
        .with_timeout(if is_media {
            MEDIA_TIMEOUT
        } else {
            CALL_TIMEOUT
        })
        .with_json(message)
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

/// Response of the Send API. `Debug` shows no PSID.
#[derive(Clone, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Sent {
    /// PSID of the recipient. Absent when Meta does not return it, as for a phone number or a
    /// `user_ref`.
    #[doc(alias = "recipient_id")]
    pub recipient: Option<Psid>,
    /// Id of the message. Absent for a sender action.
    #[doc(alias = "message_id")]
    pub mid: Option<Mid>,
    /// Id of the saved file, valid for [90 days](super::ATTACHMENT_LIFE). Absent unless the file was
    /// sent as [reusable](super::MediaSource::reusable_url).
    pub attachment_id: Option<AttachmentId>,
}

impl Sent {
    /// Creates the response to a message, for tests. [`Sent::default`] is a response without any
    /// member.
    pub fn new(recipient: Psid, mid: Mid) -> Self {
        Self {
            recipient: Some(recipient),
            mid: Some(mid),
            attachment_id: None,
        }
    }

    pub(super) fn read(object: Object<'_>) -> Self {
        // Meta's page about calls shows the recipient as an object.
        let recipient = object
            .id("recipient_id")
            .or_else(|| object.object("recipient").id("id"));
        Self {
            recipient: recipient.and_then(|id| Psid::new(id).ok()),
            mid: object.id("message_id").and_then(|id| Mid::new(id).ok()),
            attachment_id: object
                .id("attachment_id")
                .and_then(|id| AttachmentId::new(id).ok()),
        }
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("mid", &self.mid)
            .field("attachment_id", &self.attachment_id)
            .finish_non_exhaustive()
    }
}
