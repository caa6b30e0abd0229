//! The reason a reply failed or waits.

use serde::{Deserialize, Serialize};

use super::Advice;

/// Reason why sending a reply failed or was postponed: Meta's numbers, without its message text.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// Recommended reaction.
    pub advice: Advice,
    /// Meta's error code; `None` when Meta sent none or did not respond.
    pub code: Option<i64>,
    /// Meta's error subcode; `None` when Meta sent none or did not respond.
    #[doc(alias = "error_subcode")]
    pub subcode: Option<i64>,
    /// Trace id for Meta's support; `None` when Meta sent none or did not respond.
    #[doc(alias = "fbtrace_id")]
    pub trace: Option<String>,
}

impl Reason {
    /// Creates a reason without Meta's numbers.
    pub const fn new(advice: Advice) -> Self {
        Self {
            advice,
            code: None,
            subcode: None,
            trace: None,
        }
    }
}
