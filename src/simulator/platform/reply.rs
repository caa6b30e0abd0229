//! Outcomes of Graph calls that are not refused.

use serde_json::Value;

/// Outcome of a call that was not refused.
pub(crate) enum Reply {
    Json(Value),
    /// Ten seconds late.
    Late(Value),
    /// The connection closes without a response.
    Silence,
    /// The callback has to prove itself first.
    Handshake(Handshake),
}

/// A subscription that waits for the handshake.
pub(crate) struct Handshake {
    pub(crate) app: String,
    pub(crate) callback_url: String,
    pub(crate) verify_token: String,
    pub(crate) fields: Vec<String>,
}
