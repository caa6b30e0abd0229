//! Optional members next to the one that names the kind.

use super::{
    HopContext, Kind, Lead, PriorMessage, Raw,
    wire::{Field, Value},
};
use crate::text::Text;

/// Optional members of an event next to the one that names its kind, and those of its entry.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Extras<'a> {
    /// Id that a plugin gave to a customer who had no PSID. Some events have both ids.
    pub user_ref: Option<Text<'a>>,
    /// Plugin through which the customer came. Only with their first message.
    pub prior_message: Option<PriorMessage<'a>>,
    /// Apps that controlled the thread before, from the event. Empty when there are none.
    pub hop_context: Vec<HopContext<'a>>,
    /// Apps that controlled the thread before, from the entry. Empty when there are none.
    ///
    /// The member belongs to the events that follow it in the entry. It also belongs to the list
    /// before it when that list has one event, as in Meta's documentation. Otherwise it is a
    /// separate event ([`Channel::Entry`](super::Channel::Entry)).
    #[doc(alias = "hop_context")]
    pub entry_hop_context: Vec<HopContext<'a>>,
    /// User id of the entry (`uid`). Only in deliveries whose object is `user` or `permissions`.
    #[doc(alias = "uid")]
    pub entry_uid: Option<Text<'a>>,
    /// Answers of the customer to a lead ad. Only with a referral.
    pub lead: Option<Lead<'a>>,
    /// Further kinds of the same event, in its order: Meta can send a `referral` next to a
    /// `message`. Nearly always empty.
    pub also: Vec<Kind<'a>>,
    pub(super) entry: EntryMembers<'a>,
}

/// Members of the entry that belong to the event, as JSON, so that it can be written again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct EntryMembers<'a> {
    pub(super) hop_context: Option<Raw<'a>>,
    pub(super) restrictions: Option<Raw<'a>>,
    pub(super) uid: Option<Raw<'a>>,
}

impl<'a> EntryMembers<'a> {
    /// The members by their names.
    pub(super) fn named(&self) -> [(&'static str, &Option<Raw<'a>>); 3] {
        [
            ("hop_context", &self.hop_context),
            ("restrictions", &self.restrictions),
            ("uid", &self.uid),
        ]
    }
}

impl Extras<'_> {
    pub(super) fn into_owned(self) -> Extras<'static> {
        Extras {
            user_ref: self.user_ref.map(Text::into_owned),
            prior_message: Field::into_owned(self.prior_message),
            hop_context: Field::into_owned(self.hop_context),
            entry_hop_context: Field::into_owned(self.entry_hop_context),
            entry_uid: self.entry_uid.map(Text::into_owned),
            lead: Field::into_owned(self.lead),
            also: self.also.into_iter().map(Kind::into_owned).collect(),
            entry: EntryMembers {
                hop_context: self.entry.hop_context.map(Value::into_owned),
                restrictions: self.entry.restrictions.map(Value::into_owned),
                uid: self.entry.uid.map(Value::into_owned),
            },
        }
    }
}
