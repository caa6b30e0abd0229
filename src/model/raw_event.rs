//! An event stored raw.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ContactKey, EntryId};
use crate::{
    id::{PageId, Psid},
    time::Timestamp,
};

/// An event stored raw because it could not be interpreted, with the reason.
///
/// Erasing a customer erases the raw events that name them, up to the erased time. `Debug` prints
/// the id and the length only.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RawEvent {
    /// Hash of the Page and the bytes.
    pub id: EntryId,
    /// The Page it names; `None` when it names none.
    pub page: Option<PageId>,
    /// The customer it names; `None` when it names none.
    pub psid: Option<Psid>,
    /// Time of the event, or of its receipt when it has no timestamp.
    pub at: Timestamp,
    /// Reason why it was not interpreted.
    pub reason: String,
    /// JSON of the event, byte for byte; or a whole request body without readable envelope.
    pub raw: Vec<u8>,
}

impl RawEvent {
    /// Creates a raw event that names no Page and no customer.
    pub fn new(id: EntryId, at: Timestamp, reason: impl Into<String>, raw: Vec<u8>) -> Self {
        Self {
            id,
            page: None,
            psid: None,
            at,
            reason: reason.into(),
            raw,
        }
    }

    /// The customer that it names together with the Page.
    pub fn contact(&self) -> Option<ContactKey> {
        let (page, psid) = (self.page.clone()?, self.psid.clone()?);
        Some(ContactKey::new(page, psid))
    }

    /// Whether erasing this customer up to a time erases this event.
    pub(crate) fn is_of(&self, contact: &ContactKey, up_to: Timestamp) -> bool {
        self.page.as_ref() == Some(&contact.page)
            && self.psid.as_ref() == Some(&contact.psid)
            && self.at <= up_to
    }
}

impl fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawEvent({:?}, {} bytes)", self.id, self.raw.len())
    }
}
