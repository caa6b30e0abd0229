//! The small signs between messages: typing, seen, reactions.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::call::to_messages;
use super::invalid::required;
use super::{InvalidMessage, Recipient, Sent};
use crate::graph::{Call, Error, RateClass};
use crate::id::{Mid, PersonaId};

/// A sign that a customer sees: typing, seen, or a reaction; its `Debug` shows the kind.
///
/// Its JSON is the body of the request to Meta, checked again when it is read back.
///
/// Meta: [Sender actions](https://developers.facebook.com/docs/messenger-platform/send-messages/sender-actions)
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct SenderAction {
    to: Recipient,
    action: Action,
    persona: Option<PersonaId>,
}

/// Which sign.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Three dots, for up to 20 seconds.
    TypingOn,
    /// No dots.
    TypingOff,
    /// Marks what the customer wrote as seen.
    MarkSeen,
    /// A reaction to a message; another one takes its place.
    React {
        /// The message.
        mid: Mid,
        /// An emoji.
        reaction: String,
    },
    /// Takes the reaction back.
    Unreact {
        /// The message.
        mid: Mid,
    },
}

impl Action {
    /// Meta's word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::TypingOn => "typing_on",
            Self::TypingOff => "typing_off",
            Self::MarkSeen => "mark_seen",
            Self::React { .. } => "react",
            Self::Unreact { .. } => "unreact",
        }
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl SenderAction {
    /// This sign for this customer.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the recipient or the reaction is blank, or the reaction is no emoji.
    pub fn new(to: impl Into<Recipient>, action: Action) -> Result<Self, InvalidMessage> {
        let to = to.into();
        to.check()?;
        if let Action::React { reaction, .. } = &action {
            // The longest emoji are families and flags of many code points.
            required("the reaction", reaction, 64)?;
        }
        Ok(Self {
            to,
            action,
            persona: None,
        })
    }

    /// The same under a persona's name and picture.
    pub fn with_persona(self, persona: PersonaId) -> Self {
        Self {
            persona: Some(persona),
            ..self
        }
    }
}

impl fmt::Debug for SenderAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderAction")
            .field("to", &self.to)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// Shows a sender action to a customer: typing, seen, a reaction.
///
/// Permission: `pages_messaging`.
///
/// # Errors
///
/// [`Error::NotJson`] when the action cannot be written as JSON.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/sender-actions>
pub fn action(action: &SenderAction) -> Result<Call<Sent>, Error> {
    to_messages(|response| Ok(Sent::read(response.object())))
        .with_rate_class(RateClass::Text)
        .with_json(action)
}

/// What Meta reads.
#[derive(Serialize, Deserialize)]
struct Wire {
    recipient: Recipient,
    sender_action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<Reacted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    persona_id: Option<PersonaId>,
}

#[derive(Serialize, Deserialize)]
struct Reacted {
    message_id: Mid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reaction: Option<String>,
}

impl From<SenderAction> for Wire {
    fn from(sign: SenderAction) -> Self {
        let sender_action = sign.action.as_str().to_owned();
        let payload = match sign.action {
            Action::React { mid, reaction } => Some(Reacted {
                message_id: mid,
                reaction: Some(reaction),
            }),
            Action::Unreact { mid } => Some(Reacted {
                message_id: mid,
                reaction: None,
            }),
            Action::TypingOn | Action::TypingOff | Action::MarkSeen => None,
        };
        Self {
            recipient: sign.to,
            sender_action,
            payload,
            persona_id: sign.persona,
        }
    }
}

impl TryFrom<Wire> for SenderAction {
    type Error = InvalidMessage;

    fn try_from(wire: Wire) -> Result<Self, InvalidMessage> {
        let action = match (wire.sender_action.as_str(), wire.payload) {
            ("typing_on", None) => Action::TypingOn,
            ("typing_off", None) => Action::TypingOff,
            ("mark_seen", None) => Action::MarkSeen,
            ("react", Some(reacted)) => Action::React {
                mid: reacted.message_id,
                reaction: reacted.reaction.unwrap_or_default(),
            },
            ("unreact", Some(reacted)) => Action::Unreact {
                mid: reacted.message_id,
            },
            _ => {
                return Err(InvalidMessage::Malformed {
                    what: "the sender action",
                    form: "typing_on, typing_off, mark_seen, or react or unreact with a message",
                });
            }
        };
        let sign = Self::new(wire.recipient, action)?;
        Ok(Self {
            persona: wire.persona_id,
            ..sign
        })
    }
}
