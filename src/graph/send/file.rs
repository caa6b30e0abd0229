//! Sending a file from the disk, streamed.

use serde::Serialize;

use super::call::{MEDIA_TIMEOUT, read_sent, to_messages};
use super::{Media, Purpose, Recipient, Sent};
use crate::graph::{Call, Error, RateClass, Upload};

/// What a file is shown as.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileKind {
    /// A picture.
    Image,
    /// A sound; the file's type must begin with `audio/`.
    Audio,
    /// A film.
    Video,
    /// A file to keep.
    File,
}

/// Sends a file as a Page, piece by piece: it is never in memory as a whole.
///
/// To send one file to many, save it once with [`SaveAttachment`](super::SaveAttachment).
///
/// Meta: [Sending attachments](https://developers.facebook.com/docs/messenger-platform/send-messages)
#[derive(Clone, Debug)]
pub struct SendFile {
    to: Recipient,
    kind: FileKind,
    file: Upload,
    purpose: Purpose,
    metadata: Option<String>,
}

impl SendFile {
    /// This file to this customer, as an answer.
    pub fn new(to: impl Into<Recipient>, kind: FileKind, file: Upload) -> Self {
        Self {
            to: to.into(),
            kind,
            file,
            purpose: Purpose::Response,
            metadata: None,
        }
    }

    /// The same for another purpose.
    pub fn with_purpose(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    /// The same with metadata, which Meta repeats in the echo.
    ///
    /// # Errors
    ///
    /// [`Error::Message`] when it is blank or longer than
    /// [`MAX_METADATA_UNITS`](super::MAX_METADATA_UNITS).
    pub fn with_metadata(self, metadata: impl Into<String>) -> Result<Self, Error> {
        let metadata = metadata.into();
        super::invalid::required("the metadata", &metadata, super::MAX_METADATA_UNITS)?;
        Ok(Self {
            metadata: Some(metadata),
            ..self
        })
    }
}

/// Sends a file to a customer, piece by piece: it is never in memory as a whole. To send one file
/// to many, save it once with [`save_file`](super::save_file).
///
/// Permission: `pages_messaging`.
///
/// # Errors
///
/// [`Error::Message`] when the recipient is blank.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages>
pub fn file(message: &SendFile) -> Result<Call<Sent>, Error> {
    message.to.check()?;
    let mut fields = vec![
        ("recipient".into(), json(&message.to)?),
        ("messaging_type".into(), message.purpose.as_str().to_owned()),
    ];
    if let Some(tag) = message.purpose.tag() {
        fields.push(("tag".into(), tag.as_str().to_owned()));
    }
    let text = message_json(message.kind, Media::default(), message.metadata.as_deref())?;
    fields.push(("message".into(), text));
    Ok(to_messages(read_sent)
        .with_rate_class(RateClass::Media)
        .with_timeout(MEDIA_TIMEOUT)
        .with_file(fields, message.file.clone()))
}

/// The message round a medium, as the text of a form's field.
pub(super) fn message_json(
    kind: FileKind,
    media: Media,
    metadata: Option<&str>,
) -> Result<String, Error> {
    #[derive(Serialize)]
    struct Said<'a> {
        attachment: Attached,
        #[serde(skip_serializing_if = "Option::is_none")]
        metadata: Option<&'a str>,
    }
    #[derive(Serialize)]
    struct Attached {
        r#type: FileKind,
        payload: Media,
    }
    json(&Said {
        attachment: Attached {
            r#type: kind,
            payload: media,
        },
        metadata,
    })
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::NotJson)
}
