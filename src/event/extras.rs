//! Optional members beside the one that names the kind.

use super::{
    HopContext, Kind, Lead, PriorMessage, Raw,
    wire::{Field, Value},
};
use crate::text::Text;

/// Optional members of an item beside the one that names the kind, and those of its entry.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Extras<'a> {
    /// Name that a plugin gives to a customer: without a PSID yet, or beside it.
    pub user_ref: Option<Text<'a>>,
    /// Plugin that the customer came through; only beside their first message.
    pub prior_message: Option<PriorMessage<'a>>,
    /// Apps that had the thread before, from the item. Empty without any.
    pub hop_context: Vec<HopContext<'a>>,
    /// Apps that had the thread before, from the entry. Empty without any.
    ///
    /// Meta writes it behind the list. It belongs to the events behind it, and to the event before
    /// it when that is the only one of its list, as Meta documents; else it is a separate event
    /// ([`Channel::Entry`](super::Channel::Entry)).
    #[doc(alias = "hop_context")]
    pub entry_hop_context: Vec<HopContext<'a>>,
    /// User id of the entry (`uid`), in deliveries whose object is a user or their permissions.
    #[doc(alias = "uid")]
    pub entry_uid: Option<Text<'a>>,
    /// Answers of the customer to a lead ad; only beside a referral.
    pub lead: Option<Lead<'a>>,
    /// Kinds that other members of the same item name, such as a `referral` beside a `message`, in
    /// the order of the item. Nearly always empty.
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
