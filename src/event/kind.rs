//! What an event is.

use super::{
    AccountLinking, BrandedCamera, BusinessIntegrity, Call, CallPermissionReply, CallSettings,
    CheckoutUpdate, Coupon, CustomerInformation, Feedback, GamePlay, GroupComment, InboxLabel,
    LeadForm, Map, MarketingMessage, Message, MessageContext, MessageEdit, Optin, Order, Payment,
    PolicyEnforcement, Postback, PreCheckout, Raw, Reaction, Receipt, Referral, ResponseFeedback,
    SubscriberUpload, TemplateUpdate, ThreadControl, ThreadRequest,
    wire::{Field, Value},
};
use crate::text::Text;

/// What an event is, told by the one member it has.
///
/// Where an event has several of them, the first in this list counts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind<'a> {
    /// The customer wrote.
    Message(Message<'a>),
    /// The Page wrote: through us, another app, or a person in Meta's own inbox.
    Echo(Message<'a>),
    /// The customer changed a message.
    MessageEdit(MessageEdit<'a>),
    /// The customer tapped a button.
    Postback(Postback<'a>),
    /// Messages reached the customer.
    Delivery(Receipt<'a>),
    /// The customer has read.
    Read(Receipt<'a>),
    /// The customer reacted to a message.
    Reaction(Reaction<'a>),
    /// The customer agreed to be written to.
    Optin(Box<Optin<'a>>),
    /// The customer does not want to be written to. Meta documents no members.
    Optout(Raw<'a>),
    /// The customer came back through a link or an ad.
    Referral(Box<Referral<'a>>),
    /// The customer linked their account, or ended that.
    AccountLinking(AccountLinking<'a>),
    /// We got control of the thread.
    PassThreadControl(ThreadControl<'a>),
    /// We lost control of the thread.
    TakeThreadControl(ThreadControl<'a>),
    /// Another app asks us for control of the thread.
    RequestThreadControl(ThreadRequest<'a>),
    /// The roles of apps on the Page, by app id. Legacy.
    AppRoles(Map<'a, Vec<Text<'a>>>),
    /// Meta warned, blocked or unblocked the app.
    #[non_exhaustive]
    PolicyEnforcement {
        /// What Meta did.
        enforcement: PolicyEnforcement<'a>,
        /// Whether the member was written `policy-enforcement`, as in older webhooks.
        is_hyphenated: bool,
    },
    /// The customer filled in a feedback form.
    Feedback(Feedback<'a>),
    /// The customer filled in an information form.
    CustomerInformation(CustomerInformation<'a>),
    /// The customer sent off a lead form.
    LeadForm(LeadForm<'a>),
    /// The customer judged a message.
    ResponseFeedback(ResponseFeedback<'a>),
    /// The customer sent a cart.
    Order(Order<'a>),
    /// The customer tapped a coupon.
    Coupon(Coupon<'a>),
    /// A payment. Legacy.
    Payment(Box<Payment<'a>>),
    /// A payment about to be made. Legacy.
    PreCheckout(Box<PreCheckout<'a>>),
    /// A new address for a payment. Legacy.
    CheckoutUpdate(Box<CheckoutUpdate<'a>>),
    /// A round of an Instant Game. Legacy.
    GamePlay(Box<GamePlay<'a>>),
    /// The customer accepted a message request: `accept`. Legacy.
    MessageRequest(Text<'a>),
    /// The customer used a camera effect. Legacy.
    BrandedCamera(BrandedCamera<'a>),
    /// Meta believes to have seen a purchase.
    MessageContext(MessageContext<'a>),
    /// The customer allows calls, or not.
    CallPermissionReply(CallPermissionReply<'a>),
    /// The Page's settings for calls have changed.
    CallSettings(Box<CallSettings<'a>>),
    /// Something happened to a call.
    Call(Box<Call<'a>>),
    /// A comment in the Page's group.
    GroupComment(Box<GroupComment<'a>>),
    /// A label was put on a customer, or taken off.
    InboxLabel(InboxLabel<'a>),
    /// What became of a marketing message.
    MarketingMessage(Box<MarketingMessage<'a>>),
    /// How far an upload of subscribers has come.
    SubscriberUpload(Box<SubscriberUpload<'a>>),
    /// What became of message templates.
    TemplateUpdate(TemplateUpdate<'a>),
    /// Meta judged the business.
    BusinessIntegrity(BusinessIntegrity<'a>),
    /// A change of a field that is not of a conversation: `feed`, `leadgen`, `ratings`, …
    #[non_exhaustive]
    Change {
        /// Which field.
        field: Text<'a>,
        /// The new value, if Meta sends values.
        value: Option<Raw<'a>>,
    },
    /// What has no name here, or is damaged: see [`Event::raw`](super::Event::raw).
    #[non_exhaustive]
    Unrecognized {
        /// The first member that has no name here, or the one that is damaged.
        name: Option<Text<'a>>,
        /// Why it is not typed.
        reason: &'static str,
    },
}

impl<'a> Kind<'a> {
    pub(super) fn unrecognized(name: Option<Text<'a>>, reason: &'static str) -> Self {
        Self::Unrecognized { name, reason }
    }

    /// The name of the kind: the member that tells it, `echo` for an echo, the field of a change.
    pub fn name(&self) -> &str {
        self.member_and_field().0
    }

    /// The field to subscribe to for events of this kind.
    ///
    /// Meta: [Webhook events](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events)
    pub fn field(&self) -> Option<&str> {
        Some(self.member_and_field().1).filter(|field| !field.is_empty())
    }

    /// Whether it is a change of a field, rather than an event of a conversation or a call.
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

    fn member_and_field(&self) -> (&str, &str) {
        const HANDOVERS: &str = "messaging_handovers";
        match self {
            Self::Message(_) => ("message", "messages"),
            Self::Echo(_) => ("echo", "message_echoes"),
            Self::MessageEdit(_) => ("message_edit", "message_edits"),
            Self::Postback(_) => ("postback", "messaging_postbacks"),
            Self::Delivery(_) => ("delivery", "message_deliveries"),
            Self::Read(_) => ("read", "message_reads"),
            Self::Reaction(_) => ("reaction", "message_reactions"),
            Self::Optin(_) => ("optin", "messaging_optins"),
            Self::Optout(_) => ("optout", "messaging_optouts"),
            Self::Referral(_) => ("referral", "messaging_referrals"),
            Self::AccountLinking(_) => ("account_linking", "messaging_account_linking"),
            Self::PassThreadControl(_) => ("pass_thread_control", HANDOVERS),
            Self::TakeThreadControl(_) => ("take_thread_control", HANDOVERS),
            Self::RequestThreadControl(_) => ("request_thread_control", HANDOVERS),
            Self::AppRoles(_) => ("app_roles", HANDOVERS),
            Self::PolicyEnforcement { is_hyphenated, .. } => (
                if *is_hyphenated {
                    "policy-enforcement"
                } else {
                    "policy_enforcement"
                },
                "messaging_policy_enforcement",
            ),
            Self::Feedback(_) => ("messaging_feedback", "messaging_feedback"),
            Self::CustomerInformation(_) => (
                "messaging_customer_information",
                "messaging_customer_information",
            ),
            Self::LeadForm(_) => ("form", "messaging_in_thread_lead_form_submit"),
            Self::ResponseFeedback(_) => ("response_feedback", "response_feedback"),
            Self::Order(_) => ("order", "send_cart"),
            Self::Coupon(_) => ("template", "messages"),
            Self::Payment(_) => ("payment", "messaging_payments"),
            Self::PreCheckout(_) => ("pre_checkout", "messaging_pre_checkouts"),
            Self::CheckoutUpdate(_) => ("checkout_update", "messaging_checkout_updates"),
            Self::GamePlay(_) => ("game_play", "messaging_game_plays"),
            Self::MessageRequest(_) => ("message_request", "messaging_optins"),
            Self::BrandedCamera(_) => ("branded_camera", ""),
            Self::MessageContext(_) => ("message_context", "message_context"),
            Self::CallPermissionReply(_) => ("call_permission_reply", "call_permission_reply"),
            Self::CallSettings(_) => ("call_settings", "call_settings_update"),
            Self::Call(_) => ("calls", "calls"),
            Self::GroupComment(_) => ("group_feed", "group_feed"),
            Self::InboxLabel(_) => ("inbox_labels", "inbox_labels"),
            Self::MarketingMessage(message) => {
                let field = message.field.as_deref().unwrap_or_default();
                (field, field)
            }
            Self::SubscriberUpload(_) => {
                let field = "marketing_messages_subscriber_upload_status";
                (field, field)
            }
            Self::TemplateUpdate(_) => (
                "message_template_status_update",
                "message_template_status_update",
            ),
            Self::BusinessIntegrity(_) => ("business_integrity", "business_integrity"),
            Self::Change { field, .. } => (field, field),
            Self::Unrecognized { name, .. } => (name.as_deref().unwrap_or_default(), ""),
        }
    }

    /// The same without the body.
    pub fn into_owned(self) -> Kind<'static> {
        match self {
            Self::Message(of) => Kind::Message(of.into_owned()),
            Self::Echo(of) => Kind::Echo(of.into_owned()),
            Self::MessageEdit(of) => Kind::MessageEdit(of.into_owned()),
            Self::Postback(of) => Kind::Postback(of.into_owned()),
            Self::Delivery(of) => Kind::Delivery(of.into_owned()),
            Self::Read(of) => Kind::Read(of.into_owned()),
            Self::Reaction(of) => Kind::Reaction(of.into_owned()),
            Self::Optin(of) => Kind::Optin(of.into_owned()),
            Self::Optout(of) => Kind::Optout(of.into_owned()),
            Self::Referral(of) => Kind::Referral(of.into_owned()),
            Self::AccountLinking(of) => Kind::AccountLinking(of.into_owned()),
            Self::PassThreadControl(of) => Kind::PassThreadControl(of.into_owned()),
            Self::TakeThreadControl(of) => Kind::TakeThreadControl(of.into_owned()),
            Self::RequestThreadControl(of) => Kind::RequestThreadControl(of.into_owned()),
            Self::AppRoles(of) => Kind::AppRoles(of.into_owned()),
            Self::PolicyEnforcement {
                enforcement,
                is_hyphenated,
            } => Kind::PolicyEnforcement {
                enforcement: enforcement.into_owned(),
                is_hyphenated,
            },
            Self::Feedback(of) => Kind::Feedback(of.into_owned()),
            Self::CustomerInformation(of) => Kind::CustomerInformation(of.into_owned()),
            Self::LeadForm(of) => Kind::LeadForm(of.into_owned()),
            Self::ResponseFeedback(of) => Kind::ResponseFeedback(of.into_owned()),
            Self::Order(of) => Kind::Order(of.into_owned()),
            Self::Coupon(of) => Kind::Coupon(of.into_owned()),
            Self::Payment(of) => Kind::Payment(of.into_owned()),
            Self::PreCheckout(of) => Kind::PreCheckout(of.into_owned()),
            Self::CheckoutUpdate(of) => Kind::CheckoutUpdate(of.into_owned()),
            Self::GamePlay(of) => Kind::GamePlay(of.into_owned()),
            Self::MessageRequest(of) => Kind::MessageRequest(of.into_owned()),
            Self::BrandedCamera(of) => Kind::BrandedCamera(of.into_owned()),
            Self::MessageContext(of) => Kind::MessageContext(of.into_owned()),
            Self::CallPermissionReply(of) => Kind::CallPermissionReply(of.into_owned()),
            Self::CallSettings(of) => Kind::CallSettings(of.into_owned()),
            Self::Call(of) => Kind::Call(of.into_owned()),
            Self::GroupComment(of) => Kind::GroupComment(of.into_owned()),
            Self::InboxLabel(of) => Kind::InboxLabel(of.into_owned()),
            Self::MarketingMessage(of) => Kind::MarketingMessage(of.into_owned()),
            Self::SubscriberUpload(of) => Kind::SubscriberUpload(of.into_owned()),
            Self::TemplateUpdate(of) => Kind::TemplateUpdate(of.into_owned()),
            Self::BusinessIntegrity(of) => Kind::BusinessIntegrity(of.into_owned()),
            Self::Change { field, value } => Kind::Change {
                field: field.into_owned(),
                value: Field::into_owned(value),
            },
            Self::Unrecognized { name, reason } => Kind::Unrecognized {
                name: name.map(Text::into_owned),
                reason,
            },
        }
    }
}
