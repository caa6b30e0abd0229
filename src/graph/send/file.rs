//! Sends a file that is uploaded in the same call.

use std::fmt;

use serde::Serialize;
use serde_json::json;

use super::call::{MEDIA_TIMEOUT, read_sent, to_messages};
use super::invalid::required;
use super::{
    InvalidMessage, MAX_METADATA_UNITS, MediaKind, MessageTag, NotificationType, Purpose,
    Recipient, Sent,
};
use crate::graph::{Call, Error, RateClass, Upload};
use crate::id::PersonaId;

/// Sends a file, which is read and uploaded in chunks. To send a file to many customers, or with a
/// quote or quick replies, save it first with [`save_file`](super::save_file).
///
/// Permission: `pages_messaging`. Limits: 25 MB; 10 images, audios, videos and files per second per
/// Page.
///
/// # Errors
///
/// [`Error::NotJson`] when the fields cannot be written as JSON.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages#sending_attachments>
pub fn file(file: &OutgoingFile) -> Result<Call<Sent>, Error> {
    let mut fields = vec![
        ("recipient".into(), json_text(&file.to)?),
        ("messaging_type".into(), file.purpose.as_str().to_owned()),
    ];
    if let Some(tag) = file.purpose.tag() {
        fields.push(("tag".into(), tag.as_str().to_owned()));
    }
    if let Some(kind) = file.notification_type {
        fields.push(("notification_type".into(), kind.as_str().to_owned()));
    }
    if let Some(persona) = &file.persona {
        fields.push(("persona_id".into(), persona.as_str().to_owned()));
    }
    let mut message = json!({"attachment": {"type": file.kind, "payload": {}}});
    if let Some(metadata) = &file.metadata {
        message["metadata"] = metadata.as_str().into();
    }
    fields.push(("message".into(), json_text(&message)?));
    Ok(to_messages(read_sent)
        .with_rate_class(RateClass::Media)
        .with_timeout(MEDIA_TIMEOUT)
        .with_file(fields, file.file.clone()))
}

/// File to upload and send in one call. `Debug` shows neither people nor names.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages#sending_attachments>
#[derive(Clone)]
pub struct OutgoingFile {
    to: Recipient,
    kind: MediaKind,
    file: Upload,
    purpose: Purpose,
    metadata: Option<String>,
    notification_type: Option<NotificationType>,
    persona: Option<PersonaId>,
}

impl OutgoingFile {
    /// Creates a file with the purpose [`Purpose::Response`].
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the recipient is blank.
    pub fn new(
        to: impl Into<Recipient>,
        kind: MediaKind,
        file: Upload,
    ) -> Result<Self, InvalidMessage> {
        let to = to.into();
        to.check()?;
        Ok(Self {
            to,
            kind,
            file,
            purpose: Purpose::Response,
            metadata: None,
            notification_type: None,
            persona: None,
        })
    }

    /// Sets the purpose. [`Purpose::Response`] by default.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage::Mismatch`] for [`Purpose::Utility`] and [`MessageTag::CUSTOMER_FEEDBACK`],
    /// which are only for templates.
    #[doc(alias = "messaging_type")]
    pub fn with_purpose(self, purpose: Purpose) -> Result<Self, InvalidMessage> {
        let is_for_templates =
            purpose == Purpose::Utility || purpose.tag() == Some(&MessageTag::CUSTOMER_FEEDBACK);
        if is_for_templates {
            return Err(InvalidMessage::Mismatch(
                "a file cannot have the messaging type UTILITY or the tag CUSTOMER_FEEDBACK",
            ));
        }
        Ok(Self { purpose, ..self })
    }

    /// Sets the metadata, which Meta returns in the message's echo. None by default.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when it is blank or longer than [`MAX_METADATA_UNITS`].
    pub fn with_metadata(self, metadata: impl Into<String>) -> Result<Self, InvalidMessage> {
        let metadata = metadata.into();
        required("the metadata", &metadata, MAX_METADATA_UNITS)?;
        Ok(Self {
            metadata: Some(metadata),
            ..self
        })
    }

    /// Sets how the customer's device announces the message. Unset by default, which Meta takes as
    /// [`NotificationType::Regular`].
    pub fn with_notification_type(self, notification_type: NotificationType) -> Self {
        Self {
            notification_type: Some(notification_type),
            ..self
        }
    }

    /// Sets the persona whose name and picture the message has. The Page's own by default.
    #[doc(alias = "persona_id")]
    pub fn with_persona(self, persona: PersonaId) -> Self {
        Self {
            persona: Some(persona),
            ..self
        }
    }
}

impl fmt::Debug for OutgoingFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingFile")
            .field("to", &self.to)
            .field("kind", &self.kind)
            .field("file", &self.file)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

pub(super) fn json_text(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::NotJson)
}
