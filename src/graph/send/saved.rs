//! Files saved at Meta, to send them often.

use std::time::Duration;

use serde_json::json;

use super::call::MEDIA_TIMEOUT;
use super::file::message_json;
use super::{FileKind, Media};
use crate::graph::{Call, Error, Path, RateClass, Response, Upload};
use crate::id::AttachmentId;

/// Time for which a saved file can be sent: 90 days. After it the file must be saved again.
pub const ATTACHMENT_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// Saves at Meta the file at `url`, for this Page and for [`ATTACHMENT_LIFE`]. The returned id goes
/// into [`Media::saved`].
///
/// Permission: `pages_messaging`. Refusals about the file: 100/2018008 (cannot be fetched),
/// 100/2018047 (of another kind), 100/2018109 (too large), 100/2018294 (a video took too long).
///
/// # Errors
///
/// [`Error::Message`] when the address is not an HTTPS URL.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/attachment-upload-api>
pub fn save_url(kind: FileKind, url: impl Into<String>) -> Result<Call<AttachmentId>, Error> {
    let media = Media::url(url).reusable();
    media.check()?;
    to_message_attachments().with_json(&json!({"message": {"attachment": {
        "type": kind, "payload": media,
    }}}))
}

/// Uploads a file to Meta piece by piece and saves it, for this Page and for [`ATTACHMENT_LIFE`].
///
/// Permission and refusals as for [`save_url`].
///
/// # Errors
///
/// [`Error::NotJson`] when the fields cannot be written as JSON.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/attachment-upload-api>
pub fn save_file(kind: FileKind, file: Upload) -> Result<Call<AttachmentId>, Error> {
    let message = message_json(kind, Media::default().reusable(), None)?;
    Ok(to_message_attachments().with_file(vec![("message".into(), message)], file))
}

fn to_message_attachments() -> Call<AttachmentId> {
    Call::post(Path::me().edge("message_attachments"), read)
        .with_rate_class(RateClass::Media)
        .with_timeout(MEDIA_TIMEOUT)
}

fn read(response: &Response) -> Result<AttachmentId, Error> {
    let id = response.object().id("attachment_id");
    id.and_then(|id| AttachmentId::new(id).ok())
        .ok_or_else(|| response.unexpected())
}
