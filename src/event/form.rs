//! What customers fill in: feedback, addresses, lead forms.

use super::{raw::Map, wire::wire};
use crate::text::Text;

wire! {
    /// The answers to a customer feedback template.
    ///
    /// Meta: [messaging_feedback](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_feedback)
    pub struct Feedback {
        /// One for each page of the form.
        pub screens: Vec<FeedbackScreen<'a>> = "feedback_screens";
    }

    /// One page of a feedback form.
    pub struct FeedbackScreen {
        /// Its number, from 0.
        pub screen_id: Option<i64> = "screen_id";
        /// The answers, by the ids that the Page gave to its questions.
        pub questions: Option<Map<'a, FeedbackAnswer<'a>>> = "questions";
    }

    /// The answer to one question.
    pub struct FeedbackAnswer {
        /// `csat`, `nps`, `ces` or `free_form`. An open set.
        pub kind: Option<Text<'a>> = "type";
        /// The score, in digits, or the text.
        pub payload: Option<Text<'a>> = "payload";
        /// What the customer added.
        pub follow_up: Option<FollowUp<'a>> = "follow_up";
    }

    /// What a customer added to a score.
    pub struct FollowUp {
        /// `free_form`. An open set.
        pub kind: Option<Text<'a>> = "type";
        /// The text.
        pub payload: Option<Text<'a>> = "payload";
    }

    /// What a customer filled into a customer information template, such as an address.
    ///
    /// Meta: [messaging_customer_information](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_customer_information)
    pub struct CustomerInformation {
        /// One for each page of the form.
        pub screens: Vec<InformationScreen<'a>> = "screens";
    }

    /// One page of an information form.
    pub struct InformationScreen {
        /// Its name.
        pub screen_id: Option<Text<'a>> = "screen_id";
        /// The answers.
        pub responses: Vec<InformationResponse<'a>> = "responses";
    }

    /// One line of an information form.
    pub struct InformationResponse {
        /// `name`, `phone`, `email`, `country`, `postal_code`, … An open set.
        pub key: Option<Text<'a>> = "key";
        /// What the customer wrote.
        pub value: Option<Text<'a>> = "value";
    }

    /// A lead form was sent off in the thread; the leads API has the answers.
    ///
    /// Meta: [messaging_in_thread_lead_form_submit](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_in_thread_lead_form_submit)
    pub struct LeadForm {
        /// Which form.
        pub id: Option<Text<'a>> = "id";
    }
}
