//! Forms that customers submit: feedback, contact details, lead forms.

use super::{raw::Map, wire::wire};
use crate::text::Text;

wire! {
    /// The answers to a customer feedback template.
    ///
    /// Meta: [messaging_feedback](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_feedback)
    pub struct Feedback {
        /// The pages of the form.
        #[doc(alias = "feedback_screens")]
        pub screens: Vec<FeedbackScreen<'a>> = "feedback_screens";
    }

    /// One page of a feedback form.
    pub struct FeedbackScreen {
        /// Number of the page, from 0.
        pub screen_id: Option<i64> = "screen_id";
        /// The answers, by the ids that the Page gave to its questions.
        pub questions: Option<Map<'a, FeedbackAnswer<'a>>> = "questions";
    }

    /// The answer to one question.
    pub struct FeedbackAnswer {
        /// `csat`, `nps`, `ces` or `free_form`. An open set.
        #[doc(alias = "type")]
        pub kind: Option<Text<'a>> = "type";
        /// The score, in digits, or the text.
        pub payload: Option<Text<'a>> = "payload";
        /// Comment on the score. Absent when the customer wrote none.
        pub follow_up: Option<FollowUp<'a>> = "follow_up";
    }

    /// A comment on a score.
    pub struct FollowUp {
        /// `free_form`. An open set.
        #[doc(alias = "type")]
        pub kind: Option<Text<'a>> = "type";
        /// Text of the comment.
        pub payload: Option<Text<'a>> = "payload";
    }

    /// The answers to a customer information template, such as an address.
    ///
    /// Meta: [messaging_customer_information](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_customer_information)
    pub struct CustomerInformation {
        /// The pages of the form.
        pub screens: Vec<InformationScreen<'a>> = "screens";
    }

    /// One page of an information form.
    pub struct InformationScreen {
        /// Name of the page.
        pub screen_id: Option<Text<'a>> = "screen_id";
        /// The answers.
        pub responses: Vec<InformationResponse<'a>> = "responses";
    }

    /// One field of an information form.
    pub struct InformationResponse {
        /// `name`, `phone`, `email`, `country`, `postal_code`, … An open set.
        pub key: Option<Text<'a>> = "key";
        /// Text that the customer entered.
        pub value: Option<Text<'a>> = "value";
    }

    /// A lead form that the customer submitted in the thread. Read the answers from Meta's leads
    /// API.
    ///
    /// Meta: [messaging_in_thread_lead_form_submit](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_in_thread_lead_form_submit)
    pub struct LeadForm {
        /// Id of the form.
        pub id: Option<Text<'a>> = "id";
    }
}
