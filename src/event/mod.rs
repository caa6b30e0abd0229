//! What happened?
//!
//! An event cannot fail. A member that is damaged is an absent one; what has no name here, or is
//! too damaged to be typed, is [`Kind::Unrecognized`] with the reason. [`Event::raw`] always holds
//! the bytes as they came, so that nothing is lost.
//!
//! # What is accepted
//!
//! - Ids and texts are strings, or numbers, which are kept as they are written.
//! - Times are milliseconds from 10¹² on and seconds below, as numbers or strings of digits.
//! - `null`, and a value of another type than expected, is an absent member.
//! - Half an emoji (a lone surrogate) is decoded as U+FFFD, and the event stays typed. U+0000 is
//!   read as it is; what goes into a store has it replaced.
//! - Of two members of one name the first counts, be it `null`.
//! - Values may nest and be as long as they like: it costs neither stack nor more than linear time.
//! - Members that have no name here are passed over; [`Event::raw`] has them.
//! - One event may bear several of the members that name a kind: the first of the list in [`Kind`]
//!   counts.

mod call;
mod commerce;
mod entry_point;
mod field;
mod form;
pub(crate) mod json;
mod kind;
mod message;
mod page;
mod raw;
mod read;
mod receipt;
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
    AccountLinking, Ad, Answer, Lead, Optin, Postback, PriorMessage, ProductId, Referral,
};
pub use self::form::{
    CustomerInformation, Feedback, FeedbackAnswer, FeedbackScreen, FollowUp, InformationResponse,
    InformationScreen, LeadForm,
};
pub use self::kind::Kind;
pub use self::message::{
    Attachment, Button, Command, Coordinates, Element, Message, MessageEdit, Payload, Products,
    QuickReply, ReplyTo, Story, Tag,
};
pub use self::page::{
    BrandedCamera, BusinessIntegrity, Commenter, GamePlay, GroupComment, InboxLabel,
    IntegrityAction, Label, Labelled, MarketingMessage, Restriction, SubscriberUpload,
    TemplateChange, TemplateStatus, TemplateUpdate, Violation,
};
pub use self::raw::{Map, Mids, Raw};
pub(crate) use self::read::Place;
pub use self::receipt::{Reaction, Receipt, ResponseFeedback};
pub use self::thread::{HopContext, PolicyEnforcement, ThreadControl, ThreadRequest};

use crate::{
    id::{PageId, Psid},
    text::Text,
    time::Timestamp,
};

/// Why the value of a known list is kept as it is.
pub(crate) const NOT_A_LIST: &str = "not a list";

/// What the events of a delivery are about.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Object {
    /// A Page: Messenger.
    Page,
    /// An Instagram account. Its messages have the same types and other ids: never a Page's.
    Instagram,
    /// Something else, by its name, if it has one. Its events are kept and not typed.
    Other(Option<Box<str>>),
}

impl Object {
    /// Meta's name of it.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Page => Some("page"),
            Self::Instagram => Some("instagram"),
            Self::Other(name) => name.as_deref(),
        }
    }
}

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

impl Channel {
    /// Meta's name of the list; `entry` for the entry itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Messaging => "messaging",
            Self::Standby => "standby",
            Self::Changes => "changes",
            Self::Calls => "calls",
            Self::Entry => "entry",
        }
    }
}

/// One thing that happened, borrowed from the body of the delivery.
///
/// Serialised, it is a delivery of Meta's form that brings this event alone: reading that gives
/// the same event again.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event<'a> {
    /// What it is about: a Page, or something that is kept apart.
    pub object: Object,
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
    /// What else it says, if anything.
    pub beside: Option<Box<Beside<'a>>>,
    raw: Raw<'a>,
}

/// What may stand beside the member that names the kind.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Beside<'a> {
    /// What a plugin calls a customer who has no PSID yet, or had none before.
    pub user_ref: Option<Text<'a>>,
    /// The plugin that the customer came through.
    pub prior_message: Option<PriorMessage<'a>>,
    /// The apps that had the thread before.
    pub hop_context: Vec<HopContext<'a>>,
    /// What the customer answered to a lead ad.
    pub lead: Option<Lead<'a>>,
}

impl Event<'_> {
    /// The JSON of the event, byte for byte as it came.
    pub fn raw(&self) -> &str {
        self.raw.as_str()
    }

    /// The Page it belongs to, or the account of another object.
    pub fn page(&self) -> Option<PageId> {
        let text = self.page.as_ref().or(match self.kind {
            Kind::Echo(_) => self.sender.as_ref(),
            _ => self.recipient.as_ref(),
        })?;
        PageId::new(text.to_storable()).ok()
    }

    /// The customer whose conversation it belongs to: in an echo that is the recipient.
    pub fn customer(&self) -> Option<Psid> {
        let text = match &self.kind {
            Kind::Call(call) => call.customer(),
            Kind::InboxLabel(label) => label.user.as_ref().and_then(|user| user.id.as_ref()),
            Kind::MarketingMessage(message) => message.recipient_id.as_ref(),
            _ if self.is_by_page() => self.recipient.as_ref(),
            _ => self.sender.as_ref(),
        }?;
        Psid::new(text.to_storable()).ok()
    }

    /// Whether the Page itself did it.
    pub(crate) fn is_by_page(&self) -> bool {
        matches!(self.kind, Kind::Echo(_)) || (self.page.is_some() && self.sender == self.page)
    }

    /// Whether the *Test* button of Meta's dashboard sent it: there is no such customer.
    ///
    /// Meta does not say so. Such a delivery has the entry id `0`, and brings events of a
    /// conversation as changes, which no production traffic does.
    pub fn is_test(&self) -> bool {
        self.page.as_deref() == Some("0")
            || (self.channel == Channel::Changes && !self.kind.is_change())
    }

    /// The same without the body.
    pub fn into_owned(self) -> Event<'static> {
        Event {
            object: self.object,
            channel: self.channel,
            page: self.page.map(Text::into_owned),
            sender: self.sender.map(Text::into_owned),
            recipient: self.recipient.map(Text::into_owned),
            timestamp: self.timestamp,
            kind: self.kind.into_owned(),
            beside: self.beside.map(|beside| Box::new(beside.into_owned())),
            raw: wire::Value::into_owned(self.raw),
        }
    }
}

impl Beside<'_> {
    fn into_owned(self) -> Beside<'static> {
        Beside {
            user_ref: self.user_ref.map(Text::into_owned),
            prior_message: wire::Field::into_owned(self.prior_message),
            hop_context: wire::Field::into_owned(self.hop_context),
            lead: wire::Field::into_owned(self.lead),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a thousand events every byte counts a thousand times: what is rare and large is boxed.
    #[test]
    fn an_event_is_small() {
        assert!(
            size_of::<Event<'_>>() <= 400,
            "{} bytes",
            size_of::<Event<'_>>()
        );
    }
}
