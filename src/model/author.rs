//! Author of a reply, a note or an act of the team.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Agent or program of the host that wrote a reply or a note, or changed a conversation.
///
/// `Debug` prints no id, because it may be a name.
///
/// # Examples
///
/// ```
/// use messenger_crm::model::Author;
///
/// let ada = Author::agent("ada@tea.example");
/// assert_eq!(serde_json::to_string(&ada)?, r#"{"id":"ada@tea.example"}"#);
/// assert!(Author::program("welcome bot").is_program);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Author {
    /// The host's id or name of the agent or program.
    pub id: String,
    /// Whether it is a program, such as a bot, and not a person.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_program: bool,
}

impl Author {
    /// Creates the author for a person.
    pub fn agent(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            is_program: false,
        }
    }

    /// Creates the author for a program.
    pub fn program(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            is_program: true,
        }
    }
}

impl fmt::Debug for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_program {
            "Author(program)"
        } else {
            "Author(agent)"
        })
    }
}
