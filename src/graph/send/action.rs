//! Sender actions: typing indicator, read mark, reactions.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::call::to_messages;
use super::invalid::{malformed, required};
use super::{InvalidMessage, Recipient, Sent};
use crate::graph::{Call, Error, RateClass};
use crate::id::{Mid, PersonaId};

/// Longest reaction, in UTF-16 units: the longest emoji are families and flags of many code points.
const MAX_REACTION_UNITS: usize = 64;

/// Sends a sender action: typing indicator, read mark or reaction.
///
/// Permission: `pages_messaging`. Limit: 300 per second per Page, shared with texts. The response
/// has no message id.
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

/// Typing indicator, read mark or reaction. `Debug` shows the kind only.
///
/// `Serialize` writes the body of the request to Meta. `Deserialize` reads it back and checks it
/// again.
///
/// ```
/// use messenger_crm::graph::send::{self, SenderAction};
/// use messenger_crm::id::{Mid, Psid};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let customer = Psid::new("7324561089432101")?;
/// let reaction = SenderAction::react(&customer, Mid::new("m_1")?, "👍")?;
/// let call = send::action(&reaction)?; // page.call(&call).await?
/// # Ok(())
/// # }
/// ```
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/sender-actions>
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct SenderAction {
    to: Recipient,
    kind: Kind,
    persona: Option<PersonaId>,
}

#[derive(Clone, Eq, PartialEq)]
enum Kind {
    TypingOn,
    TypingOff,
    MarkSeen,
    React { mid: Mid, reaction: String },
    Unreact { mid: Mid },
}

impl SenderAction {
    /// Shows the typing indicator, for at most 20 seconds.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the recipient is blank.
    pub fn typing_on(to: impl Into<Recipient>) -> Result<Self, InvalidMessage> {
        Self::new(to.into(), Kind::TypingOn)
    }

    /// Hides the typing indicator.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the recipient is blank.
    pub fn typing_off(to: impl Into<Recipient>) -> Result<Self, InvalidMessage> {
        Self::new(to.into(), Kind::TypingOff)
    }

    /// Marks the customer's messages as read.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the recipient is blank.
    pub fn mark_seen(to: impl Into<Recipient>) -> Result<Self, InvalidMessage> {
        Self::new(to.into(), Kind::MarkSeen)
    }

    /// Adds a reaction to a message, or replaces the reaction that the Page added before.
    /// `reaction` is an emoji.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the recipient or the reaction is blank, or the reaction is longer
    /// than 64 UTF-16 units.
    pub fn react(
        to: impl Into<Recipient>,
        mid: Mid,
        reaction: impl Into<String>,
    ) -> Result<Self, InvalidMessage> {
        let reaction = reaction.into();
        Self::new(to.into(), Kind::React { mid, reaction })
    }

    /// Removes the Page's reaction from a message.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the recipient is blank.
    pub fn unreact(to: impl Into<Recipient>, mid: Mid) -> Result<Self, InvalidMessage> {
        Self::new(to.into(), Kind::Unreact { mid })
    }

    /// Sets the persona that is shown as typing. The Page itself by default.
    #[doc(alias = "persona_id")]
    pub fn with_persona(self, persona: PersonaId) -> Self {
        Self {
            persona: Some(persona),
            ..self
        }
    }

    /// Returns the recipient.
    pub fn to(&self) -> &Recipient {
        &self.to
    }

    /// Returns Meta's name of the action, such as `typing_on`.
    #[doc(alias = "sender_action")]
    pub fn kind(&self) -> &'static str {
        match self.kind {
            Kind::TypingOn => "typing_on",
            Kind::TypingOff => "typing_off",
            Kind::MarkSeen => "mark_seen",
            Kind::React { .. } => "react",
            Kind::Unreact { .. } => "unreact",
        }
    }

    /// Returns the message that a reaction belongs to, or `None` for another action.
    pub fn mid(&self) -> Option<&Mid> {
        match &self.kind {
            Kind::React { mid, .. } | Kind::Unreact { mid } => Some(mid),
            Kind::TypingOn | Kind::TypingOff | Kind::MarkSeen => None,
        }
    }

    /// Returns the reaction that is added, or `None` for another action.
    pub fn reaction(&self) -> Option<&str> {
        match &self.kind {
            Kind::React { reaction, .. } => Some(reaction),
            _ => None,
        }
    }

    fn new(to: Recipient, kind: Kind) -> Result<Self, InvalidMessage> {
        to.check()?;
        if let Kind::React { reaction, .. } = &kind {
            required("the reaction", reaction, MAX_REACTION_UNITS)?;
        }
        Ok(Self {
            to,
            kind,
            persona: None,
        })
    }
}

impl fmt::Debug for SenderAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderAction")
            .field("to", &self.to)
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    recipient: Recipient,
    sender_action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<Payload>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    persona_id: Option<PersonaId>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    message_id: Mid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reaction: Option<String>,
}

impl From<SenderAction> for Wire {
    fn from(action: SenderAction) -> Self {
        let sender_action = action.kind().to_owned();
        let payload = match action.kind {
            Kind::React { mid, reaction } => Some(Payload {
                message_id: mid,
                reaction: Some(reaction),
            }),
            Kind::Unreact { mid } => Some(Payload {
                message_id: mid,
                reaction: None,
            }),
            Kind::TypingOn | Kind::TypingOff | Kind::MarkSeen => None,
        };
        Self {
            recipient: action.to,
            sender_action,
            payload,
            persona_id: action.persona,
        }
    }
}

impl TryFrom<Wire> for SenderAction {
    type Error = InvalidMessage;

    fn try_from(wire: Wire) -> Result<Self, InvalidMessage> {
        let kind = match (wire.sender_action.as_str(), wire.payload) {
            ("typing_on", None) => Kind::TypingOn,
            ("typing_off", None) => Kind::TypingOff,
            ("mark_seen", None) => Kind::MarkSeen,
            ("react", Some(payload)) => Kind::React {
                mid: payload.message_id,
                reaction: payload.reaction.unwrap_or_default(),
            },
            ("unreact", Some(payload)) => Kind::Unreact {
                mid: payload.message_id,
            },
            (other, _) => {
                return Err(malformed(
                    "the sender action",
                    "typing_on, typing_off or mark_seen without a payload, or react or unreact with \
                     a message id",
                    other,
                ));
            }
        };
        let action = Self::new(wire.recipient, kind)?;
        Ok(Self {
            persona: wire.persona_id,
            ..action
        })
    }
}
