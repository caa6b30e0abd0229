//! Thread control between apps, and Meta's policy enforcement.

use super::wire::wire;
use crate::text::Text;

wire! {
    /// A change of thread control: the thread has another owner.
    ///
    /// Meta: [messaging_handovers](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_handovers)
    pub struct ThreadControl {
        /// Id of the app that owns the thread from now on.
        pub new_owner_app_id: Option<Text<'a>> = "new_owner_app_id";
        /// Id of the app that owned the thread before. Absent when no app did.
        pub previous_owner_app_id: Option<Text<'a>> = "previous_owner_app_id";
        /// Developer-defined text from the app that passed or took control.
        pub metadata: Option<Text<'a>> = "metadata";
    }

    /// A request of another app for thread control.
    ///
    /// Meta: [messaging_handovers](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_handovers)
    pub struct ThreadRequest {
        /// Id of the app that requests control.
        pub requested_owner_app_id: Option<Text<'a>> = "requested_owner_app_id";
        /// Developer-defined text from that app.
        pub metadata: Option<Text<'a>> = "metadata";
    }

    /// An app that controlled the thread before, listed next to a message.
    pub struct HopContext {
        /// Id of the app.
        pub app_id: Option<Text<'a>> = "app_id";
        /// Text from the app, such as `messenger_lead_gen_complete`. It may be empty.
        pub metadata: Option<Text<'a>> = "metadata";
    }

    /// A warning, block or unblock of the app on this Page.
    ///
    /// Meta: [messaging_policy_enforcement](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_policy_enforcement)
    pub struct PolicyEnforcement {
        /// `warning`, `block` or `unblock`.
        pub action: Option<Text<'a>> = "action";
        /// Reason in English. Absent for `unblock`.
        pub reason: Option<Text<'a>> = "reason";
    }
}
