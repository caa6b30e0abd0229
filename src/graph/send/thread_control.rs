//! Change of thread control after a message.

use serde::{Deserialize, Serialize};

use crate::id::AppId;

/// Thread control after the message is sent.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "control_type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ThreadControl {
    Pass {
        /// When absent, the Page's default app.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app_id: Option<AppId>,
    },
    Release,
}
