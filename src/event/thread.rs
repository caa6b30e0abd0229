//! Who may answer: thread control between apps, and Meta's own measures.

use super::wire::wire;
use crate::text::Text;

wire! {
    /// Control of a thread went from one app to another.
    ///
    /// Meta: [messaging_handovers](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_handovers)
    pub struct ThreadControl {
        /// The app that answers from now on.
        pub new_owner_app_id: Option<Text<'a>> = "new_owner_app_id";
        /// The app that answered before; absent when the thread was idle.
        pub previous_owner_app_id: Option<Text<'a>> = "previous_owner_app_id";
        /// What the app that did it wrote.
        pub metadata: Option<Text<'a>> = "metadata";
    }

    /// Another app asks for control of a thread.
    ///
    /// Meta: [messaging_handovers](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_handovers)
    pub struct ThreadRequest {
        /// The app that asks.
        pub requested_owner_app_id: Option<Text<'a>> = "requested_owner_app_id";
        /// What it wrote.
        pub metadata: Option<Text<'a>> = "metadata";
    }

    /// The context of a thread that was handed over; it stands beside a message.
    pub struct HopContext {
        /// The app that had the thread.
        pub app_id: Option<Text<'a>> = "app_id";
        /// What it wrote, such as `messenger_lead_gen_complete`.
        pub metadata: Option<Text<'a>> = "metadata";
    }

    /// Meta warned, blocked or unblocked the app on this Page.
    ///
    /// Meta: [messaging_policy_enforcement](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_policy_enforcement)
    pub struct PolicyEnforcement {
        /// `warning`, `block` or `unblock`.
        pub action: Option<Text<'a>> = "action";
        /// Why; absent for `unblock`.
        pub reason: Option<Text<'a>> = "reason";
    }
}
