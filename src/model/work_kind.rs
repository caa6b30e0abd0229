//! Kinds of work.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Kind of work that workers claim. An open set: hosts add their own.
///
/// Work of a kind that begins with `handle:` is done in the order of each conversation, one item
/// at a time; items of other kinds do not wait for each other.
///
/// # Examples
///
/// ```
/// use messenger_crm::model::WorkKind;
///
/// let bot = WorkKind::handle("bot");
/// assert_eq!(bot.as_str(), "handle:bot");
/// assert!(bot.is_ordered());
/// ```
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct WorkKind(Cow<'static, str>);

impl WorkKind {
    /// Replies to send.
    pub const SEND: Self = Self(Cow::Borrowed("send"));
    /// Profiles to fetch.
    pub const PROFILE: Self = Self(Cow::Borrowed("profile"));
    /// Snoozed conversations to open.
    pub const WAKE: Self = Self(Cow::Borrowed("wake"));
    /// Rows of erased or expired messages to remove.
    pub const ERASE: Self = Self(Cow::Borrowed("erase"));
    /// Files to store, or to remove.
    pub const MEDIA: Self = Self(Cow::Borrowed("media"));
    /// History to import.
    pub const IMPORT: Self = Self(Cow::Borrowed("import"));

    /// Requests of people to delete their data.
    pub const DELETION: Self = Self(Cow::Borrowed("deletion"));

    /// Creates the kind for a handler of new messages with this name.
    pub fn handle(name: &str) -> Self {
        Self(Cow::Owned(format!("handle:{name}")))
    }

    /// Creates another kind.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Cow::Owned(name.into()))
    }

    /// Name of the kind.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether its work consists of items that are added, and is not derived from other rows.
    pub(crate) fn is_item(&self) -> bool {
        ![Self::SEND, Self::PROFILE, Self::WAKE, Self::ERASE].contains(self)
    }

    /// Whether the items of one conversation wait for each other.
    pub fn is_ordered(&self) -> bool {
        self.0.starts_with("handle:")
    }
}
