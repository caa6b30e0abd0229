//! A question how it was.

use serde::{Deserialize, Serialize};

use super::{InvalidMessage, MAX_TITLE_UNITS, count, range, required};
use crate::graph::send::invalid::{address, optional};

/// The longest title of a question how it was, in UTF-16 units.
const MAX_FEEDBACK_TITLE_UNITS: usize = 65;
/// The longest title of its button, in UTF-16 units.
const MAX_FEEDBACK_BUTTON_UNITS: usize = 20;
/// The longest id of a question.
const MAX_QUESTION_ID_UNITS: usize = 80;
/// A question has 5 to 85 UTF-16 units.
const QUESTION_UNITS: (usize, usize) = (5, 85);

/// A question how it was; the answer comes as an event of its own.
///
/// Within 7 days of what the customer wrote it may be sent with
/// [`Tag::CUSTOMER_FEEDBACK`](super::super::Tag::CUSTOMER_FEEDBACK).
///
/// Meta: [Customer feedback template](https://developers.facebook.com/docs/messenger-platform/send-messages/templates/customer-feedback-template)
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CustomerFeedback {
    /// The title.
    pub title: String,
    /// The line below.
    pub subtitle: String,
    /// The title of the button.
    pub button_title: String,
    /// Exactly one.
    pub feedback_screens: Vec<FeedbackScreen>,
    /// What becomes of the answer.
    pub business_privacy: PrivacyUrl,
    /// For how many days it can be answered, 1 to 7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_days: Option<u8>,
}

/// A screen of questions.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FeedbackScreen {
    /// Exactly one.
    pub questions: Vec<FeedbackQuestion>,
}

/// A question.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FeedbackQuestion {
    /// What the answer is named by: letters, digits and `_`.
    pub id: String,
    /// How it is answered.
    pub r#type: QuestionKind,
    /// The question, 5 to 85 UTF-16 units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the ends of the scale are called, such as `dis_sat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_label: Option<String>,
    /// What the scale looks like, such as `five_stars`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_option: Option<String>,
    /// A text that may follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<FollowUp>,
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuestionKind {
    /// Customer satisfaction.
    Csat,
    /// Net promoter score.
    Nps,
    /// Customer effort.
    Ces,
    /// A text of at most 400 characters.
    FreeForm,
}

/// A text that may follow an answer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FollowUp {
    /// Free text.
    FreeForm {
        /// What stands there before it is written, at most 65 UTF-16 units.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        placeholder: Option<String>,
    },
}

/// Where a business tells what it does with answers.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PrivacyUrl {
    /// The page.
    pub url: String,
}

super::super::hush!(
    CustomerFeedback,
    FeedbackScreen,
    FeedbackQuestion,
    FollowUp,
    PrivacyUrl
);

impl PrivacyUrl {
    /// This page.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into() }
    }
}

impl CustomerFeedback {
    /// One question.
    pub fn new(
        title: impl Into<String>,
        subtitle: impl Into<String>,
        button_title: impl Into<String>,
        question: FeedbackQuestion,
        privacy_url: impl Into<String>,
    ) -> Self {
        Self {
            title: title.into(),
            subtitle: subtitle.into(),
            button_title: button_title.into(),
            feedback_screens: vec![FeedbackScreen {
                questions: vec![question],
            }],
            business_privacy: PrivacyUrl::new(privacy_url),
            expires_in_days: None,
        }
    }

    /// The same for as many days.
    pub fn with_days(self, days: u8) -> Self {
        Self {
            expires_in_days: Some(days),
            ..self
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        let (title, subtitle) = (&self.title, &self.subtitle);
        required("the title of the feedback", title, MAX_FEEDBACK_TITLE_UNITS)?;
        required("the subtitle of the feedback", subtitle, MAX_TITLE_UNITS)?;
        required(
            "the button of the feedback",
            &self.button_title,
            MAX_FEEDBACK_BUTTON_UNITS,
        )?;
        count("feedback screens", self.feedback_screens.len(), 1, 1)?;
        for screen in &self.feedback_screens {
            count("questions", screen.questions.len(), 1, 1)?;
            screen
                .questions
                .iter()
                .try_for_each(FeedbackQuestion::check)?;
        }
        address("the privacy page", &self.business_privacy.url)?;
        check_days(self.expires_in_days)
    }
}

/// Checks for how many days something can be answered.
pub(super) fn check_days(days: Option<u8>) -> Result<(), InvalidMessage> {
    let days = days.map_or(1, i64::from);
    range("the days until it expires", days, 1, 7)
}

impl FeedbackQuestion {
    /// A question of this kind; the answer bears the id.
    pub fn new(id: impl Into<String>, kind: QuestionKind) -> Self {
        Self {
            id: id.into(),
            r#type: kind,
            title: None,
            score_label: None,
            score_option: None,
            follow_up: None,
        }
    }

    /// The same in words of your own.
    pub fn with_title(self, title: impl Into<String>) -> Self {
        Self {
            title: Some(title.into()),
            ..self
        }
    }

    /// The same with a scale: what its ends are called and what it looks like.
    pub fn with_score(self, label: impl Into<String>, option: impl Into<String>) -> Self {
        Self {
            score_label: Some(label.into()),
            score_option: Some(option.into()),
            ..self
        }
    }

    /// The same with a text that may follow.
    pub fn with_follow_up(self, placeholder: Option<String>) -> Self {
        Self {
            follow_up: Some(FollowUp::FreeForm { placeholder }),
            ..self
        }
    }

    fn check(&self) -> Result<(), InvalidMessage> {
        const WHAT: &str = "the id of the question";
        required(WHAT, &self.id, MAX_QUESTION_ID_UNITS)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !self.id.bytes().all(is_plain) {
            let form = "letters, digits and underscores";
            return Err(InvalidMessage::Malformed { what: WHAT, form });
        }
        if let Some(title) = &self.title {
            let (what, (limit, most)) = ("the question", QUESTION_UNITS);
            required(what, title, most)?;
            let units = title.encode_utf16().count();
            if units < limit {
                return Err(InvalidMessage::TooShort { what, units, limit });
            }
        }
        match &self.follow_up {
            Some(FollowUp::FreeForm { placeholder }) => {
                let limit = MAX_FEEDBACK_TITLE_UNITS;
                optional("the placeholder", placeholder.as_ref(), limit)
            }
            None => Ok(()),
        }
    }
}
