//! Saves files at Meta, to send each of them often.

use std::time::Duration;

use serde_json::json;

use super::call::MEDIA_TIMEOUT;
use super::file::json_text;
use super::{MediaKind, MediaSource};
use crate::graph::{Call, Error, Path, RateClass, Response, Upload};
use crate::id::AttachmentId;

/// Time for which a saved file can be sent: 90 days. After that, save it again.
pub const ATTACHMENT_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// Saves the file at a URL at Meta, for this Page and [`ATTACHMENT_LIFE`]. The returned id goes into
/// [`MediaSource::Saved`].
///
/// Permission: `pages_messaging`. Limits: 25 MB, and 8 MB for an image; 10 uploads per second per
/// Page. Meta refuses the file with code 100 and subcode 2018008 (it cannot be downloaded), 2018047
/// (it is of another kind), 2018109 (it is too large) or 2018294 (a video took too long).
///
/// # Errors
///
/// [`Error::Message`] when the URL is not a web address.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/attachment-upload-api>
pub fn save_url(kind: MediaKind, url: impl Into<String>) -> Result<Call<AttachmentId>, Error> {
    let source = MediaSource::reusable_url(url);
    source.check()?;
    to_message_attachments()
        .with_json(&json!({"message": {"attachment": {"type": kind, "payload": source}}}))
}

/// Uploads a file in chunks and saves it at Meta, for this Page and [`ATTACHMENT_LIFE`]. The
/// returned id goes into [`MediaSource::Saved`].
///
/// Permission: `pages_messaging`. Limits: 25 MB; 10 uploads per second per Page. Meta refuses the
/// file with code 100 and subcode 2018047 (it is of another kind) or 2018109 (it is too large).
///
/// # Errors
///
/// [`Error::NotJson`] when the fields cannot be written as JSON.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/attachment-upload-api>
pub fn save_file(kind: MediaKind, file: Upload) -> Result<Call<AttachmentId>, Error> {
    let message = json!({"attachment": {"type": kind, "payload": {"is_reusable": true}}});
    let fields = vec![("message".into(), json_text(&message)?)];
    Ok(to_message_attachments().with_file(fields, file))
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
