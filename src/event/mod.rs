//! What happened?
//!
//! An event cannot fail. What is damaged or unknown is kept as [`Kind::Unrecognized`] with the
//! reason, and [`Event::raw`] always holds the bytes as they came, so that nothing is lost.

mod message;
mod read;

pub use message::{Attachment, Message, Postback};

use serde_json::value::RawValue;

use crate::{
    id::{PageId, Psid},
    text::Text,
    time::Timestamp,
};

/// The list of an entry that an event came in.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Channel {
    /// The normal one.
    Messaging,
    /// Another app owns the thread: to be recorded, not to be answered.
    Standby,
    /// Changes of a field, among them what the dashboard's *Test* button sends.
    Changes,
    /// Calls.
    Calls,
    /// The entry itself.
    Entry,
}

/// One thing that happened, borrowed from the body of the delivery.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The list that it came in.
    pub channel: Channel,
    /// The Page of the entry, as Meta wrote it.
    pub page: Option<Text<'a>>,
    /// Who did it: the customer, or the Page in an echo.
    pub sender: Option<Text<'a>>,
    /// To whom: the Page, or the customer in an echo.
    pub recipient: Option<Text<'a>>,
    /// When it happened.
    pub timestamp: Option<Timestamp>,
    /// What it is.
    pub kind: Kind<'a>,
    raw: &'a RawValue,
}

/// What an event is, told by the one key it has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Kind<'a> {
    /// The customer wrote.
    Message(Message<'a>),
    /// The Page wrote: through us, another app, or a person in Meta's own inbox.
    Echo(Message<'a>),
    /// The customer tapped a button.
    Postback(Postback<'a>),
    /// Messages reached the customer.
    #[non_exhaustive]
    Delivery {
        /// Everything sent up to here has arrived.
        watermark: Option<Timestamp>,
        /// Which ones, when Meta says so.
        mids: Vec<Text<'a>>,
    },
    /// The customer has read.
    #[non_exhaustive]
    Read {
        /// Everything sent up to here has been read.
        watermark: Option<Timestamp>,
    },
    /// What has no type here, or is damaged: see [`Event::raw`].
    #[non_exhaustive]
    Unrecognized {
        /// The field of a change, where it is one.
        name: Option<Text<'a>>,
        /// Why it is not typed.
        reason: &'static str,
    },
}

impl Kind<'_> {
    /// The name of the kind: Meta's key, `echo` for an echo.
    pub fn name(&self) -> &str {
        match self {
            Self::Message(_) => "message",
            Self::Echo(_) => "echo",
            Self::Postback(_) => "postback",
            Self::Delivery { .. } => "delivery",
            Self::Read { .. } => "read",
            Self::Unrecognized { name, .. } => name.as_deref().unwrap_or("unrecognized"),
        }
    }
}

impl<'a> Event<'a> {
    /// The JSON of the event, byte for byte as it came.
    pub fn raw(&self) -> &'a str {
        self.raw.get()
    }

    /// The Page it belongs to.
    pub fn page(&self) -> Option<PageId> {
        let text = self.page.as_ref().or(match self.kind {
            Kind::Echo(_) => self.sender.as_ref(),
            _ => self.recipient.as_ref(),
        })?;
        PageId::new(text.to_storable()).ok()
    }

    /// The customer whose conversation it belongs to: in an echo that is the recipient.
    pub fn customer(&self) -> Option<Psid> {
        let text = match self.kind {
            Kind::Echo(_) => self.recipient.as_ref(),
            _ => self.sender.as_ref(),
        }?;
        Psid::new(text.to_storable()).ok()
    }

    pub(crate) fn set_aside(&mut self, reason: &'static str) {
        let name = match &mut self.kind {
            Kind::Unrecognized { name, .. } => name.take(),
            typed => Some(typed.name().to_owned().into()),
        };
        self.kind = Kind::Unrecognized { name, reason };
    }
}
