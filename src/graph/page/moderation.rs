//! Blocking people, and putting conversations into spam.

use serde_json::json;

use super::edge;
use crate::graph::{Answer, Call, Endpoint, Error};
use crate::id::{PageId, Psid};

/// The most people in one call.
pub const MAX_MODERATED: usize = 10;

/// The most actions in one call.
const MAX_ACTIONS: usize = 2;

/// What is done with people.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Moderation {
    /// They cannot write to the Page.
    Block,
    /// They can again.
    Unblock,
    /// They cannot do anything on the Page.
    Ban,
    /// They can again.
    Unban,
    /// Their conversation goes to spam.
    MoveToSpam,
}

impl Moderation {
    /// Meta's word for it.
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

/// Blocks people or frees them, or puts their conversations into spam.
///
/// When Meta refuses with 100 or 1, try one person at a time.
///
/// Meta: [Moderate conversations](https://developers.facebook.com/docs/messenger-platform/moderate-conversations)
#[derive(Clone, Debug)]
pub struct Moderate {
    page: PageId,
    people: Vec<Psid>,
    actions: Vec<Moderation>,
}

impl Moderate {
    /// These actions for these people.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] when there are more than [`MAX_MODERATED`] people or two actions.
    pub fn new(page: PageId, people: Vec<Psid>, actions: Vec<Moderation>) -> Result<Self, Error> {
        for (what, count, limit) in [
            ("people", people.len(), MAX_MODERATED),
            ("actions", actions.len(), MAX_ACTIONS),
        ] {
            if count > limit {
                return Err(Error::TooMany { what, count, limit });
            }
        }
        Ok(Self {
            page,
            people,
            actions,
        })
    }
}

impl Endpoint for Moderate {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        let people: Vec<_> = self
            .people
            .iter()
            .map(|psid| json!({ "id": psid }))
            .collect();
        let actions: Vec<_> = self.actions.iter().map(|action| action.as_str()).collect();
        Call::post(edge(&self.page, "moderate_conversations")?)
            .for_page(&self.page)
            .with_json(&json!({"user_ids": people, "actions": actions}))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}
