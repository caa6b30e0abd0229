//! Change of thread control after a message.

use serde::{Deserialize, Serialize};

use crate::id::AppId;

/// What happens to thread control once the message is sent. Needs conversation routing to be
/// enabled for the Page.
///
/// <https://developers.facebook.com/docs/messenger-platform/conversation-routing>
#[doc(alias = "thread_control")]
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "control_type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ThreadControlAction {
    /// Passes the conversation to another app.
    Pass {
        /// App that gets the conversation. When absent, the Page's default app.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app_id: Option<AppId>,
    },
    /// Releases the conversation, so that no app controls it.
    Release,
}
