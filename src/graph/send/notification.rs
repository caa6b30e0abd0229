//! How the customer's device announces a message.

use serde::{Deserialize, Serialize};

/// How the customer's device announces a message.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/send-api/>
#[doc(alias = "notification_type")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum NotificationType {
    /// With sound or vibration. Meta's default.
    Regular,
    /// On the screen only.
    SilentPush,
    /// Not at all.
    NoPush,
}

impl NotificationType {
    /// Returns Meta's name of the type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "REGULAR",
            Self::SilentPush => "SILENT_PUSH",
            Self::NoPush => "NO_PUSH",
        }
    }
}
