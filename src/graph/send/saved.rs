//! Saving a medium at Meta, to send it often.

use std::time::Duration;

use serde_json::json;

use super::call::MEDIA_TIMEOUT;
use super::file::message;
use super::{FileKind, Media};
use crate::graph::{Answer, Call, Endpoint, Error, Path, Traffic, Upload};
use crate::id::{AttachmentId, PageId};

/// How long a saved attachment can be sent: then it must be saved again.
pub const ATTACHMENT_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// Saves a medium at Meta, for its Page alone and for [`ATTACHMENT_LIFE`].
///
/// Needs `pages_messaging`. Errors of the file itself: 100/2018008 (cannot be fetched), 100/2018047
/// (not of that kind), 100/2018109 (too large), 100/2018294 (a film took too long).
///
/// Meta: [Attachment Upload API](https://developers.facebook.com/docs/messenger-platform/reference/attachment-upload-api)
#[derive(Clone, Debug)]
pub struct SaveAttachment {
    page: PageId,
    kind: FileKind,
    from: From,
}

#[derive(Clone, Debug)]
enum From {
    Address(Media),
    File(Upload),
}

/// A medium that lies at Meta.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SavedAttachment {
    /// Its id, for [`Media::saved`]. It is good for [`ATTACHMENT_LIFE`] from now.
    pub id: AttachmentId,
}

impl SaveAttachment {
    /// What lies at an address, which Meta fetches.
    pub fn from_url(page: PageId, kind: FileKind, url: impl Into<String>) -> Self {
        let from = From::Address(Media::url(url).reusable());
        Self { page, kind, from }
    }

    /// A file, sent piece by piece.
    pub fn from_file(page: PageId, kind: FileKind, file: Upload) -> Self {
        let from = From::File(file);
        Self { page, kind, from }
    }
}

impl Endpoint for SaveAttachment {
    type Output = SavedAttachment;

    fn call(&self) -> Result<Call, Error> {
        let path = Path::node(self.page.as_str())?.edge("message_attachments");
        let call = Call::post(path)
            .for_page(&self.page)
            .with_traffic(Traffic::Media)
            .with_timeout(MEDIA_TIMEOUT);
        match &self.from {
            From::Address(media) => {
                media.check()?;
                call.with_json(&json!({"message": {"attachment": {
                    "type": self.kind, "payload": media,
                }}}))
            }
            From::File(file) => {
                let message = message(self.kind, Media::default().reusable(), None)?;
                Ok(call.with_file(vec![("message".into(), message)], file.clone()))
            }
        }
    }

    fn read(&self, answer: &Answer) -> Result<SavedAttachment, Error> {
        let id = answer.object().id("attachment_id");
        let id = id.and_then(|id| AttachmentId::new(id).ok());
        id.map(|id| SavedAttachment { id })
            .ok_or_else(|| answer.unexpected())
    }
}
