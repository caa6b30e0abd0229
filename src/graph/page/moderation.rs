//! Blocks customers, and moves conversations to spam.
//!
//! ```
//! use messenger_crm::graph::page::moderation::{self, ModerationAction};
//! # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId, Psid};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"success":"true"}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let page = script.graph().page(access);
//! let customers = [Psid::new("7324561089432101")?];
//! let actions = [ModerationAction::Block, ModerationAction::MoveToSpam];
//! page.call(&moderation::moderate(&customers, &actions)?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/messenger-platform/moderate-conversations>

use serde_json::json;

use super::{post_done, with_body};
use crate::graph::send::InvalidMessage;
use crate::graph::send::invalid::count;
use crate::graph::{Call, Error};
use crate::id::Psid;

/// Most customers in one call: 10.
pub const MAX_MODERATED: usize = 10;

/// Most actions in one call.
const MAX_ACTIONS: usize = 2;

/// Action of [`moderate`] for each customer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ModerationAction {
    /// The customer can no longer write to the Page.
    #[doc(alias = "block_user")]
    Block,
    /// Undoes [`Block`](Self::Block).
    #[doc(alias = "unblock_user")]
    Unblock,
    /// The customer can no longer do anything on the Page.
    #[doc(alias = "ban_user")]
    Ban,
    /// Undoes [`Ban`](Self::Ban).
    #[doc(alias = "unban_user")]
    Unban,
    /// The conversation moves to the spam folder.
    #[doc(alias = "move_to_spam")]
    MoveToSpam,
}

impl ModerationAction {
    /// Returns Meta's name of the action.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block_user",
            Self::Unblock => "unblock_user",
            Self::Ban => "ban_user",
            Self::Unban => "unban_user",
            Self::MoveToSpam => "move_to_spam",
        }
    }
}

/// Blocks, unblocks, bans or unbans customers, or moves their conversations to spam: 1 to
/// [`MAX_MODERATED`] customers, 1 or 2 actions.
///
/// Permission: `pages_messaging`. When Meta refuses with code 100 or 1, repeat the call for one
/// customer at a time to find the one that it refuses.
///
/// # Errors
///
/// [`Error::TooMany`] for more than [`MAX_MODERATED`] customers or two actions, [`Error::Message`]
/// for none, or for an action together with the one that undoes it.
///
/// <https://developers.facebook.com/docs/messenger-platform/moderate-conversations>
#[doc(alias = "moderate_conversations")]
pub fn moderate(customers: &[Psid], actions: &[ModerationAction]) -> Result<Call<()>, Error> {
    for (what, given, limit) in [
        ("customers", customers.len(), MAX_MODERATED),
        ("actions", actions.len(), MAX_ACTIONS),
    ] {
        if given > limit {
            let count = given;
            return Err(Error::TooMany { what, count, limit });
        }
        count(what, given, 1, limit)?;
    }
    let has = |action| actions.contains(&action);
    if has(ModerationAction::Block) && has(ModerationAction::Unblock)
        || has(ModerationAction::Ban) && has(ModerationAction::Unban)
    {
        let words = "an action and the one that undoes it cannot be in one call";
        return Err(InvalidMessage::Mismatch(words).into());
    }
    let customers: Vec<_> = customers.iter().map(|psid| json!({ "id": psid })).collect();
    let actions: Vec<_> = actions.iter().map(|action| action.as_str()).collect();
    let body = json!({"user_ids": customers, "actions": actions});
    Ok(with_body(post_done("moderate_conversations"), &body))
}
