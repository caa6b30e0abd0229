//! Customer feedback template: one question, answered on a scale or with a text.

use serde::{Deserialize, Serialize};

use super::{
    InvalidMessage, MAX_TITLE_UNITS, address, check_days, count, malformed, optional, privacy_url,
    redacted_debug, required, units,
};

/// Longest title of the template, and longest placeholder, in UTF-16 units.
const MAX_FEEDBACK_TITLE_UNITS: usize = 65;
/// Longest title of the button, in UTF-16 units.
const MAX_FEEDBACK_BUTTON_UNITS: usize = 20;
/// Longest id of a question, in UTF-16 units.
const MAX_QUESTION_ID_UNITS: usize = 80;
/// Shortest title of a question, in UTF-16 units.
const MIN_QUESTION_UNITS: usize = 5;
/// Longest title of a question, in UTF-16 units.
const MAX_QUESTION_UNITS: usize = 85;

/// Question about the customer's satisfaction. `Debug` shows no text.
///
/// The answer arrives as [`event::Feedback`](crate::event::Feedback). With
/// [`MessageTag::CUSTOMER_FEEDBACK`](crate::graph::send::MessageTag::CUSTOMER_FEEDBACK) it can be
/// sent up to 7 days after the customer's last message.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/templates/customer-feedback-template>
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
#[non_exhaustive]
pub struct CustomerFeedbackTemplate {
    /// Title, at most 65 UTF-16 units.
    pub title: String,
    /// Text below the title, at most [`MAX_TITLE_UNITS`].
    pub subtitle: String,
    /// Title of the button, at most 20 UTF-16 units.
    pub button_title: String,
    /// The question. Meta accepts exactly one.
    #[doc(alias = "feedback_screens")]
    pub question: FeedbackQuestion,
    /// Address of the business's privacy policy.
    #[doc(alias = "business_privacy")]
    pub privacy_url: String,
    /// Days for which the question can be answered, 1 to 7. When absent, 1.
    pub expires_in_days: Option<u8>,
}

/// Question of a feedback template. `Debug` shows no text.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FeedbackQuestion {
    /// Id that the answer repeats: letters, digits and `_`, at most 80 UTF-16 units.
    pub id: String,
    /// How the question is answered.
    #[doc(alias = "type")]
    #[serde(rename = "type")]
    pub kind: QuestionKind,
    /// Text of the question, 5 to 85 UTF-16 units. Meta's default text when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Names for the ends of the scale, such as `dis_sat`. Meta decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_label: Option<String>,
    /// Look of the scale, such as `five_stars`. Meta decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_option: Option<String>,
    /// Placeholder of a text field for a comment, at most 65 UTF-16 units. Empty for a field
    /// without a placeholder, absent for no field.
    #[serde(default, with = "follow_up", skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<String>,
}

/// How a feedback question is answered.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuestionKind {
    /// Customer satisfaction: a scale of five.
    Csat,
    /// Net promoter score: a scale from 0 to 10.
    Nps,
    /// Customer effort score: a scale from 1 to 7.
    Ces,
    /// A text of at most 400 characters.
    FreeForm,
}

redacted_debug!(CustomerFeedbackTemplate, FeedbackQuestion);

impl CustomerFeedbackTemplate {
    /// Creates a template that expires after one day.
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
            question,
            privacy_url: privacy_url.into(),
            expires_in_days: None,
        }
    }

    /// Sets for how many days the question can be answered, 1 to 7. Unset by default, which Meta
    /// takes as 1.
    #[doc(alias = "expires_in_days")]
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
            "the button title of the feedback",
            &self.button_title,
            MAX_FEEDBACK_BUTTON_UNITS,
        )?;
        self.question.check()?;
        address("the privacy URL", &self.privacy_url)?;
        check_days(self.expires_in_days)
    }
}

impl FeedbackQuestion {
    /// Creates a question with Meta's default text.
    pub fn new(id: impl Into<String>, kind: QuestionKind) -> Self {
        Self {
            id: id.into(),
            kind,
            title: None,
            score_label: None,
            score_option: None,
            follow_up: None,
        }
    }

    /// Sets the text of the question. Meta's default text by default.
    pub fn with_title(self, title: impl Into<String>) -> Self {
        Self {
            title: Some(title.into()),
            ..self
        }
    }

    /// Sets the names for the ends of the scale, and its look. Meta decides by default.
    pub fn with_score(self, label: impl Into<String>, option: impl Into<String>) -> Self {
        Self {
            score_label: Some(label.into()),
            score_option: Some(option.into()),
            ..self
        }
    }

    /// Adds a text field for a comment, with this placeholder, which may be empty. None by default.
    pub fn with_follow_up(self, placeholder: impl Into<String>) -> Self {
        Self {
            follow_up: Some(placeholder.into()),
            ..self
        }
    }

    fn check(&self) -> Result<(), InvalidMessage> {
        const ID: &str = "the id of the question";
        required(ID, &self.id, MAX_QUESTION_ID_UNITS)?;
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !self.id.bytes().all(is_allowed) {
            return Err(malformed(ID, "letters, digits and underscores", &self.id));
        }
        if let Some(title) = &self.title {
            let (what, limit) = ("the title of the question", MIN_QUESTION_UNITS);
            required(what, title, MAX_QUESTION_UNITS)?;
            let units = units(title);
            if units < limit {
                return Err(InvalidMessage::TooShort { what, units, limit });
            }
        }
        let placeholder = self.follow_up.as_ref().filter(|text| !text.is_empty());
        optional("the placeholder", placeholder, MAX_FEEDBACK_TITLE_UNITS)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    title: String,
    subtitle: String,
    button_title: String,
    feedback_screens: Vec<Screen>,
    #[serde(with = "privacy_url")]
    business_privacy: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_in_days: Option<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Screen {
    questions: Vec<FeedbackQuestion>,
}

impl From<CustomerFeedbackTemplate> for Wire {
    fn from(template: CustomerFeedbackTemplate) -> Self {
        Self {
            title: template.title,
            subtitle: template.subtitle,
            button_title: template.button_title,
            feedback_screens: vec![Screen {
                questions: vec![template.question],
            }],
            business_privacy: template.privacy_url,
            expires_in_days: template.expires_in_days,
        }
    }
}

impl TryFrom<Wire> for CustomerFeedbackTemplate {
    type Error = InvalidMessage;

    fn try_from(mut wire: Wire) -> Result<Self, InvalidMessage> {
        count("feedback screens", wire.feedback_screens.len(), 1, 1)?;
        let mut questions = wire.feedback_screens.remove(0).questions;
        count("questions", questions.len(), 1, 1)?;
        Ok(Self {
            title: wire.title,
            subtitle: wire.subtitle,
            button_title: wire.button_title,
            question: questions.remove(0),
            privacy_url: wire.business_privacy,
            expires_in_days: wire.expires_in_days,
        })
    }
}

/// Meta writes the further answer as an object with a type and a placeholder.
mod follow_up {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
    enum FollowUp {
        FreeForm {
            #[serde(default, skip_serializing_if = "String::is_empty")]
            placeholder: String,
        },
    }

    pub(super) fn serialize<S: Serializer>(
        placeholder: &Option<String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let follow_up = placeholder.clone();
        follow_up
            .map(|placeholder| FollowUp::FreeForm { placeholder })
            .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<String>, D::Error> {
        let follow_up = Option::deserialize(deserializer)?;
        Ok(follow_up.map(|FollowUp::FreeForm { placeholder }| placeholder))
    }
}
