//! The webhook fields of a Page, as one table.

use std::borrow::Cow;
use std::fmt;

use crate::graph::Error;
use crate::graph::send::InvalidMessage;
use crate::graph::send::invalid::required;

/// Longest name of a field, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// A webhook field: a kind of event that Meta sends for a Page.
///
/// The constants are the fields that concern messages, calls, comments, leads and the state of the
/// Page; [`WebhookField::new`] names any other. Fields order and compare by Meta's names.
///
/// <https://developers.facebook.com/docs/graph-api/webhooks/reference/page/>
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct WebhookField(Cow<'static, str>);

macro_rules! fields {
    ($($name:ident = $text:literal, $purpose:literal, $permission:expr;)*) => {
        impl WebhookField {
            $(
                #[doc = concat!("`", $text, "`: ", $purpose, ".")]
                pub const $name: Self = Self(Cow::Borrowed($text));
            )*

            /// All fields that have a constant.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            fn row(&self) -> Option<(&'static str, Option<&'static str>)> {
                match self.as_str() {
                    $($text => Some(($purpose, $permission)),)*
                    _ => None,
                }
            }
        }
    };
}

const MESSAGING: Option<&str> = Some("pages_messaging");
const UTILITY: Option<&str> = Some("page_utility_messaging");
const METADATA: Option<&str> = Some("pages_manage_metadata");

fields! {
    MESSAGES = "messages", "a customer sent a message", MESSAGING;
    MESSAGE_ECHOES = "message_echoes", "the Page sent a message, from any app", MESSAGING;
    MESSAGE_EDITS = "message_edits", "a customer edited a message", MESSAGING;
    MESSAGE_DELIVERIES = "message_deliveries", "messages of the Page were delivered", MESSAGING;
    MESSAGE_READS = "message_reads", "the customer read messages of the Page", MESSAGING;
    MESSAGE_REACTIONS = "message_reactions", "a reaction to a message was added or removed", MESSAGING;
    MESSAGING_POSTBACKS = "messaging_postbacks", "a customer tapped a button with a payload", MESSAGING;
    MESSAGING_REFERRALS = "messaging_referrals", "a known customer came through a link or an ad", MESSAGING;
    MESSAGING_OPTINS = "messaging_optins", "a customer agreed to receive messages", MESSAGING;
    MESSAGING_OPTOUTS = "messaging_optouts", "a customer no longer agrees to receive messages", MESSAGING;
    MESSAGING_HANDOVERS = "messaging_handovers", "control of a conversation changed or was requested", MESSAGING;
    STANDBY = "standby", "events of conversations that another app controls", MESSAGING;
    MESSAGING_POLICY_ENFORCEMENT = "messaging_policy_enforcement", "Meta warned, blocked or unblocked the Page", MESSAGING;
    MESSAGING_FEEDBACK = "messaging_feedback", "a customer answered a feedback form", MESSAGING;
    MESSAGING_ACCOUNT_LINKING = "messaging_account_linking", "a customer linked or unlinked an account", MESSAGING;
    MESSAGING_CUSTOMER_INFORMATION = "messaging_customer_information", "a customer answered a form for contact data", MESSAGING;
    MESSAGING_IN_THREAD_LEAD_FORM_SUBMIT = "messaging_in_thread_lead_form_submit", "a customer answered a lead form in the conversation", MESSAGING;
    MESSAGING_GAME_PLAYS = "messaging_game_plays", "a customer played an Instant Game", MESSAGING;
    MESSAGING_PAYMENTS = "messaging_payments", "a customer paid; closed by Meta to new Pages", MESSAGING;
    MESSAGING_PRE_CHECKOUTS = "messaging_pre_checkouts", "a customer is about to pay; closed by Meta to new Pages", MESSAGING;
    MESSAGING_CHECKOUT_UPDATES = "messaging_checkout_updates", "a customer chose an address for a delivery; closed by Meta to new Pages", MESSAGING;
    MESSAGE_CONTEXT = "message_context", "Meta found a purchase in the conversation", MESSAGING;
    RESPONSE_FEEDBACK = "response_feedback", "a customer rated a message; subscribing shows thumbs under the Page's messages", MESSAGING;
    SEND_CART = "send_cart", "a customer sent the cart of the Page's shop", MESSAGING;
    INBOX_LABELS = "inbox_labels", "a label was created, deleted, added to a customer or removed", MESSAGING;
    MESSAGE_TEMPLATE_STATUS_UPDATE = "message_template_status_update", "Meta approved or rejected a utility template", UTILITY;
    BUSINESS_INTEGRITY = "business_integrity", "Meta found a violation or changed a restriction of the Page", METADATA;
    CALLS = "calls", "a call was made, accepted or ended", None;
    CALL_PERMISSION_REPLY = "call_permission_reply", "a customer answered whether the Page may call", None;
    CALL_SETTINGS_UPDATE = "call_settings_update", "the call settings of the Page changed", None;
    MARKETING_MESSAGE_ECHOES = "marketing_message_echoes", "a marketing message was sent", None;
    MARKETING_MESSAGE_DELIVERIES = "marketing_message_deliveries", "a marketing message was delivered", None;
    MARKETING_MESSAGE_READS = "marketing_message_reads", "a marketing message was read", None;
    MARKETING_MESSAGE_CLICKS = "marketing_message_clicks", "a customer tapped a marketing message", None;
    MARKETING_MESSAGE_DELIVERY_FAILED = "marketing_message_delivery_failed", "a marketing message could not be sent", None;
    FEED = "feed", "posts, comments and reactions on the Page", None;
    GROUP_FEED = "group_feed", "comments in a group of the Page", None;
    MENTION = "mention", "a post or comment mentions the Page", None;
    RATINGS = "ratings", "a recommendation of the Page", None;
    LEADGEN = "leadgen", "a person filled in a lead form of an ad", None;
}

impl WebhookField {
    /// Creates a field that has no constant.
    ///
    /// # Errors
    ///
    /// [`Error::Message`] when the name is blank, longer than 100 bytes, or has anything but
    /// lowercase ASCII letters, digits and `_`.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, Error> {
        let name = name.into();
        required("the name of the webhook field", &name, MAX_NAME_BYTES)?;
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !name.bytes().all(is_plain) {
            let words = "the name of a webhook field has only lowercase letters, digits and _";
            return Err(InvalidMessage::Mismatch(words).into());
        }
        Ok(Self(name))
    }

    /// Keeps a name that Meta sent.
    pub(in crate::graph) fn from_meta(name: String) -> Self {
        Self(name.into())
    }

    /// Returns Meta's name of the field.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns a description of the events of the field. `None` for a field without a constant.
    pub fn purpose(&self) -> Option<&'static str> {
        self.row().map(|(purpose, _)| purpose)
    }

    /// Returns the permission that the field needs, in addition to `pages_manage_metadata` for the
    /// subscription. `None` when it is not known.
    pub fn permission(&self) -> Option<&'static str> {
        self.row().and_then(|(_, permission)| permission)
    }
}

impl fmt::Display for WebhookField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for WebhookField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookField({:?})", self.0)
    }
}

impl AsRef<str> for WebhookField {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Fields that a CRM needs, for [`subscribe`](super::subscriptions::subscribe).
///
/// `response_feedback` is not included, because it shows thumb buttons to customers.
pub const RECOMMENDED: [WebhookField; 13] = [
    WebhookField::MESSAGES,
    WebhookField::MESSAGING_POSTBACKS,
    WebhookField::MESSAGE_DELIVERIES,
    WebhookField::MESSAGE_READS,
    WebhookField::MESSAGE_ECHOES,
    WebhookField::MESSAGE_EDITS,
    WebhookField::MESSAGE_REACTIONS,
    WebhookField::MESSAGING_REFERRALS,
    WebhookField::MESSAGING_OPTINS,
    WebhookField::MESSAGING_HANDOVERS,
    WebhookField::STANDBY,
    WebhookField::MESSAGING_POLICY_ENFORCEMENT,
    WebhookField::MESSAGING_FEEDBACK,
];

/// Joins the names of fields with commas.
///
/// # Errors
///
/// [`Error::Message`] when there are none.
pub(in crate::graph) fn join(fields: &[WebhookField]) -> Result<String, Error> {
    crate::graph::send::invalid::count("webhook fields", fields.len(), 1, usize::MAX)?;
    let names: Vec<&str> = fields.iter().map(WebhookField::as_str).collect();
    Ok(names.join(","))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_field_is_listed_once_and_has_a_purpose() {
        let names: BTreeSet<_> = WebhookField::ALL.iter().collect();
        assert_eq!(names.len(), WebhookField::ALL.len());
        for field in WebhookField::ALL {
            assert_eq!(
                WebhookField::new(field.as_str().to_owned()).unwrap(),
                *field
            );
            assert!(field.purpose().is_some(), "{field}");
        }
        let other = WebhookField::new("location").unwrap();
        assert_eq!((other.purpose(), other.permission()), (None, None));
        assert_eq!(WebhookField::MESSAGES.permission(), Some("pages_messaging"));
    }

    #[test]
    fn the_recommended_fields_are_those_of_a_crm() {
        assert_eq!(
            join(&RECOMMENDED).unwrap(),
            "messages,messaging_postbacks,message_deliveries,message_reads,message_echoes,\
             message_edits,message_reactions,messaging_referrals,messaging_optins,\
             messaging_handovers,standby,messaging_policy_enforcement,messaging_feedback"
        );
        assert!(!RECOMMENDED.contains(&WebhookField::RESPONSE_FEEDBACK));
    }

    #[test]
    fn a_name_that_could_name_two_fields_is_refused() {
        for name in ["", " ", "messages,feed", "Messages", "a&b", "a b"] {
            assert!(WebhookField::new(name).is_err(), "{name}");
        }
        assert_eq!(
            WebhookField::new("a".repeat(101)).unwrap_err().to_string(),
            "the name of the webhook field has 101 UTF-16 units, at most 100 can be sent"
        );
        assert_eq!(
            join(&[]).unwrap_err().to_string(),
            "there are 0 webhook fields, at least 1 are needed"
        );
    }
}
