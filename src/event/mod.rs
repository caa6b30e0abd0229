//! Webhook events as Rust types, each with its raw JSON.
//!
//! An [`Event`] says when and where something happened; its [`Kind`] says what. The table at
//! [`Kind`] lists all kinds, with the webhook field to subscribe to for each.
//!
//! Reading an event never fails. A damaged member counts as absent. An event that this crate does
//! not know, or that is too damaged, is [`Kind::Unrecognized`] with the reason. [`Event::raw`]
//! always returns the JSON byte for byte.
//!
//! ```
//! use messenger_crm::event::{Event, Kind};
//!
//! // A host receives events from `Webhook::receive`. In a test it writes the delivery itself.
//! let event = Event::from_unverified_json(
//!     r#"{"object":"page","entry":[{"id":"106540001112223","time":1763990000500,"messaging":[
//!         {"sender":{"id":"7104000555666777"},"recipient":{"id":"106540001112223"},
//!          "timestamp":1763990000001,"message":{"mid":"m_1","text":"Do you have oolong?"}}]}]}"#,
//! )?;
//! assert_eq!(event.customer().unwrap().as_str(), "7104000555666777");
//! let Kind::Message(message) = &event.kind else { panic!() };
//! assert_eq!(message.text.as_deref(), Some("Do you have oolong?"));
//!
//! // A delivery with only this event, to store it, to replay it or to forward it.
//! let delivery = event.to_delivery();
//! assert_eq!(Event::from_unverified_json(&delivery)?, event);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Fields
//!
//! - An `Option` is `None` and a list is empty when Meta leaves the member out. A `bool` is then
//!   `false`. The documentation of a field says more only where it helps.
//! - Where the documentation of a field begins with a word and a colon, only that kind of object has
//!   the field: "Echo: …", "Location: …".
//! - *Open set* means that Meta may add values: handle a value that you do not know.
//! - *Untrusted* means that the text can be anything: check a link before you show or open it.
//! - *Legacy* means that Meta has withdrawn the feature. Some apps may still receive such events.
//!
//! # Rules of reading
//!
//! - Ids and texts are strings or numbers. A number is kept as it is written.
//! - Times are numbers or strings of digits: milliseconds from 10¹² on, seconds below.
//! - `null`, or a value of another type than documented, counts as an absent member.
//! - A lone surrogate (half an emoji) is decoded as U+FFFD. U+0000 is kept; the store replaces it.
//! - Of two members with the same name the first one counts, even when it is `null`.
//! - Deep nesting uses no stack space, and reading takes time linear in the length.
//! - A member that no type here has is only in [`Event::raw`].
//! - An entry is a member of the list `entry` of a delivery. A member of an entry that is neither a
//!   list of events nor documented becomes a separate event ([`Channel::Entry`]). The same holds for
//!   a member of the envelope, the whole JSON object ([`Channel::Envelope`]).

mod call;
mod commerce;
mod entry_point;
mod extras;
mod field;
mod form;
pub(crate) mod json;
mod kind;
mod message;
mod page;
mod raw;
mod read;
mod receipt;
mod repeat;
mod thread;
mod wire;
mod write;

pub use self::call::{
    Call, CallHours, CallPermissionReply, CallSession, CallSettings, OperatingHours,
    SessionDescription,
};
pub use self::commerce::{
    Address, Amount, CheckoutUpdate, Coupon, Detection, MessageContext, Order, OrderedProduct,
    PayingUser, Payment, PaymentCredential, PreCheckout,
};
pub use self::entry_point::{
    AccountLinking, Ad, Lead, LeadAnswer, Optin, Postback, PriorMessage, ProductId, Referral,
};
pub use self::extras::Extras;
pub use self::form::{
    CustomerInformation, Feedback, FeedbackAnswer, FeedbackScreen, FollowUp, InformationResponse,
    InformationScreen, LeadForm,
};
pub use self::kind::{Kind, KindRow};
pub use self::message::{
    Attachment, Button, Command, Coordinates, Element, Message, MessageEdit, Payload, Products,
    QuickReply, ReplyTo, Story, Tag,
};
pub use self::page::{
    BrandedCamera, BusinessIntegrity, Commenter, GamePlay, GroupComment, InboxLabel,
    IntegrityAction, Label, LabeledUser, MarketingMessage, Restriction, SubscriberUpload,
    TemplateChange, TemplateStatus, TemplateUpdate, Violation,
};
pub use self::raw::{Map, Mids, Raw};
pub(crate) use self::read::{Context, timestamp};
pub use self::receipt::{Reaction, Receipt, ResponseFeedback};
pub use self::thread::{HopContext, PolicyEnforcement, ThreadControl, ThreadRequest};

use crate::{
    id::{PageId, Psid},
    text::Text,
    time::Timestamp,
};

/// Reason for an event in place of a list, when the member is not a list.
pub(crate) const NOT_A_LIST: &str = "not a list";

/// Object of a delivery: the product that its events belong to.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Object {
    /// A Page: Messenger.
    Page,
    /// An Instagram account. Its events have the same types; its id is not that of a Page.
    Instagram,
    /// Another product, by Meta's name. Its events are not typed; use [`Event::raw`].
    Other(Box<str>),
}

impl Object {
    /// Returns Meta's name of the object.
    pub fn name(&self) -> &str {
        match self {
            Self::Page => "page",
            Self::Instagram => "instagram",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for Object {
    fn from(name: &str) -> Self {
        match name {
            "page" => Self::Page,
            "instagram" => Self::Instagram,
            other => Self::Other(other.into()),
        }
    }
}

/// Place of an event in its delivery: the list of the entry that contains it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Channel {
    /// The list `messaging`: events of conversations that this app may answer.
    Messaging,
    /// The list `standby`: another app controls the conversation. Store the event, but do not reply.
    Standby,
    /// The list `changes`: changes of a webhook field, and all events that the *Test* button of the
    /// App Dashboard sends.
    Changes,
    /// The list `calls`: voice and video calls.
    Calls,
    /// No list: the event is made of members of the entry itself.
    Entry,
    /// No list: the event is made of members of the envelope other than `object` and `entry`.
    Envelope,
}

impl Channel {
    /// Returns Meta's name of the list, or `entry` and `envelope` for the entry and the envelope
    /// themselves.
    pub fn name(self) -> &'static str {
        match self {
            Self::Messaging => "messaging",
            Self::Standby => "standby",
            Self::Changes => "changes",
            Self::Calls => "calls",
            Self::Entry => "entry",
            Self::Envelope => "envelope",
        }
    }
}

/// One webhook event, borrowed from the body of its delivery.
///
/// `Serialize` writes the delivery that contains only this event, as
/// [`to_delivery`](Self::to_delivery) does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event<'a> {
    /// Product that the event belongs to.
    pub object: Object,
    /// List of the entry that contained the event.
    pub channel: Channel,
    /// Id of the entry, as Meta wrote it: the id of the Page, or `0` for a test from the App
    /// Dashboard. Absent in some documented events.
    #[doc(alias = "id")]
    pub entry_id: Option<Text<'a>>,
    /// Time of the entry: when Meta sent the notification. Absent when Meta leaves it out.
    #[doc(alias = "time")]
    pub entry_time: Option<Timestamp>,
    /// Id of the sender: the customer, or the Page in an echo. Absent in events that concern only
    /// the Page, and when the customer has no PSID yet.
    pub sender: Option<Text<'a>>,
    /// Id of the recipient: the Page, or the customer in an echo. Absent in events that concern only
    /// the Page.
    pub recipient: Option<Text<'a>>,
    /// Time of the event itself: its `timestamp`, or else its `created_time`. Absent when the event
    /// has neither; see [`happened_at`](Self::happened_at).
    #[doc(alias = "created_time")]
    pub timestamp: Option<Timestamp>,
    /// Typed content.
    pub kind: Kind<'a>,
    /// Optional members next to the one that names the kind, such as the answers to a lead ad.
    /// Absent when the event has none.
    pub extras: Option<Box<Extras<'a>>>,
    raw: Raw<'a>,
}

impl Event<'_> {
    /// Returns the JSON of the event, byte for byte as it was received.
    ///
    /// For [`Channel::Entry`] this is the entry without its lists. For [`Channel::Envelope`] it is
    /// the envelope without `object` and `entry`.
    pub fn raw(&self) -> &str {
        self.raw.as_str()
    }

    /// Returns the Page that the event belongs to, or the account for another [`Object`]. `None`
    /// when the event names none.
    pub fn page(&self) -> Option<PageId> {
        let text = self.entry_id.as_ref().or(match self.kind {
            Kind::Echo(_) => self.sender.as_ref(),
            _ => self.recipient.as_ref(),
        })?;
        PageId::new(text.to_storable()).ok()
    }

    /// Returns the customer whose conversation the event belongs to. In an echo this is the
    /// recipient.
    ///
    /// `None` for an event that concerns only the Page, such as [`Kind::BusinessIntegrity`].
    pub fn customer(&self) -> Option<Psid> {
        let text = match &self.kind {
            Kind::BusinessIntegrity(_) => None,
            Kind::Call(call) => call.customer(),
            Kind::InboxLabel(label) => label.user.as_ref().and_then(|user| user.id.as_ref()),
            Kind::MarketingMessage(message) => message.recipient_id.as_ref(),
            _ if self.is_by_page() => self.recipient.as_ref(),
            _ => self.sender.as_ref(),
        }?;
        Psid::new(text.to_storable()).ok()
    }

    /// Returns the best known time of the event: its own [`timestamp`](Self::timestamp), or else the
    /// [`entry_time`](Self::entry_time).
    ///
    /// Meta may send an event again with another entry time, so do not identify an event by it.
    pub fn happened_at(&self) -> Option<Timestamp> {
        self.timestamp.or(self.entry_time)
    }

    /// Whether the Page caused the event: it is an echo, or its sender is the Page.
    pub(crate) fn is_by_page(&self) -> bool {
        matches!(self.kind, Kind::Echo(_))
            || (self.entry_id.is_some() && self.sender == self.entry_id)
    }

    /// Returns whether the *Test* button of the App Dashboard sent the event. Its customer does not
    /// exist.
    ///
    /// The entry of such an event has the id `0`, which is not a Page.
    pub fn is_test(&self) -> bool {
        self.entry_id.as_deref() == Some("0")
    }

    /// Copies all borrowed text, so that the event outlives the body.
    pub fn into_owned(self) -> Event<'static> {
        Event {
            object: self.object,
            channel: self.channel,
            entry_id: self.entry_id.map(Text::into_owned),
            entry_time: self.entry_time,
            sender: self.sender.map(Text::into_owned),
            recipient: self.recipient.map(Text::into_owned),
            timestamp: self.timestamp,
            kind: self.kind.into_owned(),
            extras: self.extras.map(|extras| Box::new(extras.into_owned())),
            raw: wire::Value::into_owned(self.raw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A delivery may have a thousand events: what is rare and large is boxed.
    #[test]
    fn an_event_is_small() {
        assert!(
            size_of::<Event<'_>>() <= 392,
            "{} bytes",
            size_of::<Event<'_>>()
        );
    }
}
