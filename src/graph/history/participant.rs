//! Participant of a conversation.

use crate::graph::Object;

/// A person or Page in a conversation. `Debug` shows nothing.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Participant {
    /// PSID of the customer, or id of the Page.
    pub id: String,
    /// Name. Absent when Meta leaves it out.
    pub name: Option<String>,
}

crate::graph::redacted::redacted_debug!(Participant);

impl Participant {
    /// Creates a participant without a name, for tests.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
        }
    }

    pub(super) fn read(person: Object<'_>) -> Option<Self> {
        Some(Self {
            id: person.id("id")?,
            name: person.text("name"),
        })
    }
}
