//! The kinds of events, in one table.

use super::{
    AccountLinking, BrandedCamera, BusinessIntegrity, Call, CallPermissionReply, CallSettings,
    CheckoutUpdate, Coupon, CustomerInformation, Feedback, GamePlay, GroupComment, InboxLabel,
    LeadForm, Map, MarketingMessage, Message, MessageContext, MessageEdit, Optin, Order, Payment,
    PolicyEnforcement, Postback, PreCheckout, Raw, Reaction, Receipt, Referral, ResponseFeedback,
    SubscriberUpload, TemplateUpdate, ThreadControl, ThreadRequest,
    json::{Json, Syntax},
    wire::{Field, Value},
};
use crate::text::Text;

/// Declares the kinds: `Variant(Type) = "name" | "another spelling", "field", "lists";`.
///
/// The enum, its documentation, [`Kind::TABLE`], the names and the readers come from this one
/// table. A kind under `members` is named by a member of the event's JSON object; the kinds under
/// `first` and `last` are read elsewhere. An empty field means that there is none.
macro_rules! kinds {
    (
        first {$(
            $(#[doc = $first_doc:literal])*
            $first:ident($first_type:ty) = $first_name:literal, $first_field:literal,
                $first_lists:literal;
        )*}
        members {$(
            $(#[doc = $doc:literal])*
            $variant:ident($type:ty) = $name:literal $(| $alias:literal)*, $field:literal,
                $lists:literal;
        )*}
        last {$(
            $(#[doc = $last_doc:literal])*
            $last:ident($last_type:ty) = $last_name:literal, $last_field:literal,
                $last_lists:literal;
        )*}
    ) => {
        /// Kind of an event and its typed content.
        ///
        /// | Variant | Name | Field to subscribe to | List of the entry |
        /// |---|---|---|---|
        $(#[doc = kinds!(@row $first, $first_name, $first_field, $first_lists)])*
        $(#[doc = kinds!(@row $variant, $name, $field, $lists)])*
        $(#[doc = kinds!(@row $last, $last_name, $last_field, $last_lists)])*
        #[doc = kinds!(@row Change, "the field", "any other", "changes")]
        #[doc = kinds!(@row Unrecognized, "the member", "", "any")]
        ///
        /// *Name* is the member of the event's JSON object that names the kind. The same table is
        /// [`Kind::TABLE`]. The *Test* button of the App Dashboard sends every kind in the list
        /// `changes`.
        ///
        /// A kind is typed only when at least one of its documented members is present. Otherwise
        /// the event is [`Unrecognized`](Self::Unrecognized) or a [`Change`](Self::Change). When
        /// several members of an event name a kind, [`Event::kind`](super::Event::kind) is the one
        /// that comes first in this table, and [`Extras::also`](super::Extras::also) has the
        /// others.
        ///
        /// Meta: [Webhook events](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events)
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Kind<'a> {
            $($(#[doc = $first_doc])* $first($first_type),)*
            $($(#[doc = $doc])* $variant($type),)*
            $($(#[doc = $last_doc])* $last($last_type),)*
            /// A change of a webhook field that has no type in this crate: `feed`, `leadgen`,
            /// `ratings`, …
            #[non_exhaustive]
            Change {
                /// Name of the field.
                field: Text<'a>,
                /// New value as JSON. Absent when the subscription does not include values.
                value: Option<Raw<'a>>,
                /// Member `verb` next to `field`. Usually absent, because Meta writes it into the
                /// value.
                verb: Option<Text<'a>>,
                /// Member `action` next to `field`, as in `page_upcoming_change`. Usually absent.
                action: Option<Text<'a>>,
            },
            /// An event that could not be interpreted. [`Event::raw`](super::Event::raw) has its
            /// JSON.
            #[non_exhaustive]
            Unrecognized {
                /// Name of the first unknown member, or of the damaged one. Absent when the event
                /// has neither.
                name: Option<Text<'a>>,
                /// Reason why the event has no type, in English. It contains no text from the event.
                reason: &'static str,
            },
        }

        impl Kind<'_> {
            /// The table of all typed kinds, in the order of precedence.
            ///
            /// # Examples
            ///
            /// ```
            /// use messenger_crm::event::Kind;
            ///
            /// let row = Kind::TABLE.iter().find(|row| row.name == "read").unwrap();
            /// assert_eq!(row.variant, "Read");
            /// assert_eq!(row.field, Some("message_reads"));
            /// ```
            pub const TABLE: &'static [KindRow] = &[
                $(KindRow::new(stringify!($first), $first_name, $first_field, $first_lists),)*
                $(KindRow::new(stringify!($variant), $name, $field, $lists),)*
                $(KindRow::new(stringify!($last), $last_name, $last_field, $last_lists),)*
            ];

            /// Name and field, as the table has them.
            fn row(&self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$first(_) => ($first_name, $first_field),)*
                    $(Self::$variant(_) => ($name, $field),)*
                    $(Self::$last(_) => ($last_name, $last_field),)*
                    Self::Change { .. } | Self::Unrecognized { .. } => ("", ""),
                }
            }

            /// Copies all borrowed text, so that the kind outlives the body.
            pub fn into_owned(self) -> Kind<'static> {
                match self {
                    $(Self::$first(of) => Kind::$first(Value::into_owned(of)),)*
                    $(Self::$variant(of) => Kind::$variant(Value::into_owned(of)),)*
                    $(Self::$last(of) => Kind::$last(Value::into_owned(of)),)*
                    Self::Change { field, value, verb, action } => Kind::Change {
                        field: field.into_owned(),
                        value: Field::into_owned(value),
                        verb: verb.map(Text::into_owned),
                        action: action.map(Text::into_owned),
                    },
                    Self::Unrecognized { name, reason } => Kind::Unrecognized {
                        name: name.map(Text::into_owned),
                        reason,
                    },
                }
            }
        }

        /// Places of the kinds that a member names: rank 0 is `message`.
        #[allow(clippy::upper_case_acronyms)]
        enum Rank {
            #[allow(dead_code)]
            Message,
            $($variant,)*
        }

        /// Returns the rank and the reader of the kind that a member names, except `message`.
        pub(super) fn reader(member: &str) -> Option<(u8, Reader)> {
            Some(match member {
                $($name $(| $alias)* => (
                    Rank::$variant as u8,
                    |json, kind| value(json, kind, Kind::$variant),
                ),)*
                _ => return None,
            })
        }
    };
    (@row $variant:ident, $name:literal, $field:literal, $lists:literal) => {
        concat!(
            "| [`", stringify!($variant), "`](Self::", stringify!($variant), ") | `", $name,
            "` | ", $field, " | ", $lists, " |",
        )
    };
}

/// Reads a value into a kind; `false` when the value has another type or no known member.
pub(super) type Reader = for<'a> fn(&mut Json<'a>, &mut Kind<'a>) -> Result<bool, Syntax>;

#[inline]
fn value<'a, V: Value<'a>>(
    json: &mut Json<'a>,
    kind: &mut Kind<'a>,
    of: impl FnOnce(V) -> Kind<'a>,
) -> Result<bool, Syntax> {
    let value = V::read(json)?.filter(V::is_filled);
    Ok(value.map(|value| *kind = of(value)).is_some())
}

kinds! {
    first {
        /// The customer wrote a message.
        Message(Message<'a>) = "message", "messages", "messaging, standby";
        /// The Page wrote a message: through this app, another app, or Meta's own inbox.
        ///
        /// A message is an echo when `is_echo` is set or when its sender is the Page.
        Echo(Message<'a>) = "echo", "message_echoes", "messaging, standby";
    }
    members {
        /// The customer edited a message.
        MessageEdit(MessageEdit<'a>) = "message_edit", "message_edits", "messaging";
        /// The customer tapped a button, *Get started*, a menu item or an ice breaker.
        Postback(Postback<'a>) = "postback", "messaging_postbacks", "messaging, standby";
        /// Messages of the Page were delivered to the customer.
        Delivery(Receipt<'a>) = "delivery", "message_deliveries", "messaging, standby";
        /// The customer read messages of the Page.
        Read(Receipt<'a>) = "read", "message_reads", "messaging, standby";
        /// A reaction to a message was added or removed.
        Reaction(Reaction<'a>) = "reaction", "message_reactions", "messaging";
        /// The customer agreed to receive messages.
        Optin(Box<Optin<'a>>) = "optin", "messaging_optins", "messaging";
        /// The customer opted out of messages. Meta documents no members, so this is the raw JSON.
        Optout(Raw<'a>) = "optout", "messaging_optouts", "messaging";
        /// The customer came back to the conversation through a link or an ad.
        Referral(Box<Referral<'a>>) = "referral", "messaging_referrals", "messaging";
        /// The customer linked or unlinked an account of the business.
        AccountLinking(AccountLinking<'a>) = "account_linking", "messaging_account_linking",
            "messaging";
        /// This app received control of the thread.
        PassThreadControl(ThreadControl<'a>) = "pass_thread_control", "messaging_handovers",
            "messaging";
        /// This app lost control of the thread.
        TakeThreadControl(ThreadControl<'a>) = "take_thread_control", "messaging_handovers",
            "messaging";
        /// Another app requests control of the thread from this app.
        RequestThreadControl(ThreadRequest<'a>) = "request_thread_control", "messaging_handovers",
            "messaging";
        /// Roles of the apps on the Page, by app id. Legacy.
        AppRoles(Map<'a, Vec<Text<'a>>>) = "app_roles", "messaging_handovers", "messaging";
        /// Meta warned, blocked or unblocked the app on this Page.
        ///
        /// Older webhooks spell the member `policy-enforcement`.
        PolicyEnforcement(PolicyEnforcement<'a>) = "policy_enforcement" | "policy-enforcement",
            "messaging_policy_enforcement", "messaging";
        /// The customer submitted a feedback form.
        Feedback(Feedback<'a>) = "messaging_feedback", "messaging_feedback", "messaging";
        /// The customer submitted a form with contact details.
        CustomerInformation(CustomerInformation<'a>) = "messaging_customer_information",
            "messaging_customer_information", "messaging";
        /// The customer submitted a lead form.
        LeadForm(LeadForm<'a>) = "form", "messaging_in_thread_lead_form_submit", "messaging";
        /// The customer rated a message with the thumb buttons.
        ResponseFeedback(ResponseFeedback<'a>) = "response_feedback", "response_feedback",
            "messaging";
        /// The customer sent a cart.
        Order(Order<'a>) = "order", "send_cart", "messaging";
        /// The customer tapped a coupon.
        Coupon(Coupon<'a>) = "template", "messages", "messaging";
        /// The customer paid. Legacy.
        Payment(Box<Payment<'a>>) = "payment", "messaging_payments", "messaging";
        /// The customer is about to pay. Legacy.
        PreCheckout(Box<PreCheckout<'a>>) = "pre_checkout", "messaging_pre_checkouts", "messaging";
        /// The customer changed the shipping address of a payment. Legacy.
        CheckoutUpdate(Box<CheckoutUpdate<'a>>) = "checkout_update", "messaging_checkout_updates",
            "messaging";
        /// The customer finished a round of an Instant Game. Legacy.
        GamePlay(Box<GamePlay<'a>>) = "game_play", "messaging_game_plays", "messaging";
        /// The customer accepted a message request; the text is `accept`. Legacy.
        MessageRequest(Text<'a>) = "message_request", "messaging_optins", "messaging";
        /// The customer used a camera effect. Legacy.
        BrandedCamera(BrandedCamera<'a>) = "branded_camera", "", "messaging";
        /// Meta detected a purchase in the conversation.
        MessageContext(MessageContext<'a>) = "message_context", "message_context",
            "messaging, changes";
        /// The customer allowed or rejected calls by the Page.
        CallPermissionReply(CallPermissionReply<'a>) = "call_permission_reply",
            "call_permission_reply", "the entry, messaging";
        /// The Page's call settings changed.
        CallSettings(Box<CallSettings<'a>>) = "call_settings", "call_settings_update", "the entry";
        /// Meta restricted the Page's business, warned it, or lifted a restriction.
        ///
        /// It concerns the Page and has no customer.
        BusinessIntegrity(BusinessIntegrity<'a>) = "business_integrity", "business_integrity",
            "messaging, changes";
    }
    last {
        /// A call began, changed or ended.
        Call(Box<Call<'a>>) = "calls", "calls", "calls";
        /// Somebody commented in the Page's group.
        GroupComment(Box<GroupComment<'a>>) = "group_feed", "group_feed", "messaging, changes";
        /// A label was added to a customer, or removed.
        InboxLabel(InboxLabel<'a>) = "inbox_labels", "inbox_labels", "changes";
        /// A marketing message was sent, delivered, read, clicked or refused.
        ///
        /// The name and the field are [`MarketingMessage::field`].
        MarketingMessage(Box<MarketingMessage<'a>>) = "marketing_message_*", "marketing_message_*",
            "changes";
        /// An upload of subscribers made progress.
        SubscriberUpload(Box<SubscriberUpload<'a>>) =
            "marketing_messages_subscriber_upload_status",
            "marketing_messages_subscriber_upload_status", "changes";
        /// The review of message templates came to a result.
        TemplateUpdate(TemplateUpdate<'a>) = "message_template_status_update",
            "message_template_status_update", "changes";
    }
}

/// One row of [`Kind::TABLE`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct KindRow {
    /// Name of the variant of [`Kind`].
    pub variant: &'static str,
    /// Member of the event that names the kind, or the field of a change.
    pub name: &'static str,
    /// Webhook field to subscribe to. Absent when Meta offers none.
    pub field: Option<&'static str>,
    /// Lists of an entry that can contain the kind, separated by commas.
    pub lists: &'static str,
}

impl KindRow {
    const fn new(
        variant: &'static str,
        name: &'static str,
        field: &'static str,
        lists: &'static str,
    ) -> Self {
        Self {
            variant,
            name,
            field: if field.is_empty() { None } else { Some(field) },
            lists,
        }
    }
}

impl<'a> Kind<'a> {
    pub(super) fn unrecognized(name: Option<Text<'a>>, reason: &'static str) -> Self {
        Self::Unrecognized { name, reason }
    }

    /// Returns the name of the kind: the member that names it, `echo` for an echo, or the field of a
    /// change.
    ///
    /// For an unrecognized event it is the name of the unknown or damaged member, or an empty text.
    pub fn name(&self) -> &str {
        match self {
            Self::MarketingMessage(message) => message.field.as_deref().unwrap_or_default(),
            Self::Change { field, .. } => field,
            Self::Unrecognized { name, .. } => name.as_deref().unwrap_or_default(),
            kind => kind.row().0,
        }
    }

    /// Returns the webhook field to subscribe to for events of this kind. `None` when there is none.
    ///
    /// Meta: [Webhook events](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events)
    pub fn field(&self) -> Option<&str> {
        let field = match self {
            Self::MarketingMessage(message) => message.field.as_deref().unwrap_or_default(),
            Self::Change { field, .. } => field,
            kind => kind.row().1,
        };
        Some(field).filter(|field| !field.is_empty())
    }

    /// Returns whether the kind is a change of a field of the Page, and not an event of a
    /// conversation or a call.
    pub fn is_change(&self) -> bool {
        matches!(
            self,
            Self::InboxLabel(_)
                | Self::MarketingMessage(_)
                | Self::SubscriberUpload(_)
                | Self::TemplateUpdate(_)
                | Self::BusinessIntegrity(_)
                | Self::Change { .. }
                | Self::Unrecognized { .. }
        )
    }
}
