//! Status of the Page: violations, restrictions, and what to do about them.
//!
//! While messaging is restricted, Meta refuses messages with code 10 and subcode 1893063. Read the
//! status when a Page is connected, after this refusal, and once a day. Meta sends changes with the
//! webhook field [`business_integrity`](super::subscriptions::WebhookField::BUSINESS_INTEGRITY).
//!
//! ```
//! use messenger_crm::graph::page::status;
//! # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//! # use messenger_crm::time::Timestamp;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"status":"restricted","restrictions":[{"feature":"page_messaging_api",
//! #     "expiration_time":1795910400}]}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let page = script.graph().page(access);
//! # let now = Timestamp::from_millis(1_795_824_000_000);
//! let status = page.call(&status::get()).await?;
//! if let Some(restriction) = status.messaging_restriction(now) {
//!     match restriction.until {
//!         Some(until) => println!("sending is paused until {until}"),
//!         None => println!("sending is paused until Meta lifts the restriction"),
//!     }
//! }
//! # assert!(status.messaging_restriction(now).is_some());
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/pages-api/integrity-webhook>

use crate::graph::{Call, Object, Path, Response};
use crate::time::Timestamp;

/// Status of a Page at Meta.
///
/// <https://developers.facebook.com/docs/pages-api/integrity-webhook>
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct PageStatus {
    /// `ok`, `warning`, `restricted` or `suspended`; Meta may add values. It can be `ok` although
    /// there is a restriction, so use [`restrictions`](Self::restrictions). Absent when Meta leaves
    /// it out.
    pub status: Option<String>,
    /// Time of this status. Absent when Meta leaves it out.
    #[doc(alias = "timestamp")]
    pub at: Option<Timestamp>,
    /// Rules that the Page broke.
    pub violations: Vec<PageViolation>,
    /// Features that are restricted.
    pub restrictions: Vec<PageRestriction>,
    /// Actions that Meta advises.
    pub recommended_actions: Vec<PageStatusAction>,
    /// Actions taken, such as an appeal, with their state.
    #[doc(alias = "actions_events")]
    pub action_events: Vec<PageStatusAction>,
}

/// A rule that the Page broke.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct PageViolation {
    /// Meta's name of the rule, such as `SPAM`. Absent when Meta leaves it out.
    #[doc(alias = "type")]
    pub kind: Option<String>,
    /// Text for the people who manage the Page. Absent when Meta leaves it out.
    pub description: Option<String>,
    /// URL of the rule. Absent when Meta leaves it out.
    #[doc(alias = "link")]
    pub url: Option<String>,
}

/// A restriction of one feature of the Page.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PageRestriction {
    /// The restricted feature.
    pub feature: PageFeature,
    /// `UNRESTRICTED` once Meta has lifted the restriction. Absent when Meta leaves it out.
    pub status: Option<String>,
    /// Text for the people who manage the Page. Absent when Meta leaves it out.
    pub description: Option<String>,
    /// Start of the restriction. Absent when Meta leaves it out.
    #[doc(alias = "applied_time")]
    pub since: Option<Timestamp>,
    /// End of the restriction. Absent when it lasts until Meta lifts it.
    #[doc(alias = "expiration_time")]
    pub until: Option<Timestamp>,
    /// Names of the rules that the Page broke.
    #[doc(alias = "violation_type")]
    pub violations: Vec<String>,
}

/// Feature that a restriction concerns. Meta may add values.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PageFeature {
    /// Sending messages through the API.
    #[doc(alias = "page_messaging_api")]
    MessagingApi,
    /// Sending messages at all.
    #[doc(alias = "page_messaging")]
    Messaging,
    /// Changing anything on the Page.
    #[doc(alias = "page_read_only")]
    ReadOnly,
    /// Being visible to people.
    #[doc(alias = "page_publish")]
    Publish,
    /// Another feature, by Meta's name.
    Other(String),
}

/// Kind of an action that Meta advises, or that was taken. Meta may add values.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PageAction {
    /// Read about the rule.
    #[doc(alias = "LEARN_MORE")]
    LearnMore,
    /// Appeal against the decision.
    #[doc(alias = "FILE_APPEAL")]
    FileAppeal,
    /// Ask Meta's support.
    #[doc(alias = "SUPPORT_TICKET")]
    SupportTicket,
    /// Another action, by Meta's name.
    Other(String),
}

/// Action that Meta advises to the people who manage the Page, or that they took.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PageStatusAction {
    /// The action.
    #[doc(alias = "action_type")]
    #[doc(alias = "type")]
    pub action: PageAction,
    /// URL for the action. Absent for an action that was taken, and when Meta leaves it out.
    pub url: Option<String>,
    /// Names of the rules that the Page broke. Empty for an action that was taken.
    #[doc(alias = "violation_type")]
    pub violations: Vec<String>,
    /// State of an action that was taken: `OPEN`, `OPENED`, `RESOLVED` or `CLOSED`; Meta may add
    /// values. Absent for an action that Meta advises, and when Meta leaves it out.
    pub status: Option<String>,
    /// Time when the action was taken. Absent for an action that Meta advises, and when Meta leaves
    /// it out.
    #[doc(alias = "created_time")]
    pub created_at: Option<Timestamp>,
    /// Time of the last change of `status`. Absent when it has not changed.
    #[doc(alias = "updated_time")]
    pub updated_at: Option<Timestamp>,
}

/// Reads the status of the Page. Members that Meta leaves out, or that have another type than
/// documented, count as absent.
///
/// Permission: `pages_manage_metadata`. Meta refuses with code 200 without it. Treat the status as
/// unknown then, not as `ok`.
///
/// <https://developers.facebook.com/docs/pages-api/integrity-webhook>
#[doc(alias = "page_status")]
pub fn get() -> Call<PageStatus> {
    Call::get(Path::me().edge("page_status"), |response: &Response| {
        let object = response.object();
        if object.is_empty() {
            return Err(response.unexpected());
        }
        // Some of Meta's edges wrap their object in a list.
        let status = object.objects("data").next().unwrap_or(object);
        Ok(PageStatus::read(status))
    })
}

impl PageStatus {
    /// Creates a status with these restrictions, for tests.
    pub fn new(restrictions: Vec<PageRestriction>) -> Self {
        Self {
            restrictions,
            ..Self::default()
        }
    }

    /// Returns the restriction of messaging that is in force at `now`. Of several restrictions it
    /// is the one that ends last. `None` when messaging is not restricted.
    /// [`PageFeature::ReadOnly`] and [`PageFeature::Publish`] do not count.
    pub fn messaging_restriction(&self, now: Timestamp) -> Option<&PageRestriction> {
        let restrictions = self.restrictions.iter();
        restrictions
            .filter(|restriction| {
                let feature = &restriction.feature;
                matches!(feature, PageFeature::MessagingApi | PageFeature::Messaging)
                    && restriction.is_in_force(now)
            })
            .max_by_key(|restriction| (restriction.until.is_none(), restriction.until))
    }

    fn read(status: Object<'_>) -> Self {
        let violations = status.objects("violations");
        let restrictions = status.objects("restrictions");
        let actions = status.objects("recommended_actions");
        // Meta's API has one name, its webhook the other.
        let events = status.objects("actions_events");
        let events = events.chain(status.objects("action_events"));
        Self {
            status: status.text("status"),
            at: status.time("timestamp"),
            violations: violations.map(PageViolation::read).collect(),
            restrictions: restrictions.filter_map(PageRestriction::read).collect(),
            recommended_actions: actions
                .filter_map(|action| PageStatusAction::read(action, "action_type"))
                .collect(),
            action_events: events
                .filter_map(|event| PageStatusAction::read(event, "type"))
                .collect(),
        }
    }
}

impl PageViolation {
    fn read(violation: Object<'_>) -> Self {
        Self {
            kind: violation.text("type"),
            description: violation.text("description"),
            url: violation.text("url").or_else(|| violation.text("link")),
        }
    }
}

impl PageRestriction {
    /// Creates a restriction, for tests.
    pub fn new(feature: PageFeature, until: Option<Timestamp>) -> Self {
        Self {
            feature,
            status: None,
            description: None,
            since: None,
            until,
            violations: Vec::new(),
        }
    }

    /// Returns whether the restriction has neither been lifted nor ended at `now`.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        let is_lifted = self
            .status
            .as_ref()
            .is_some_and(|status| status.eq_ignore_ascii_case("unrestricted"));
        !is_lifted && self.until.is_none_or(|until| until > now)
    }

    fn read(restriction: Object<'_>) -> Option<Self> {
        Some(Self {
            feature: PageFeature::from_meta(&restriction.text("feature")?),
            status: restriction.text("status"),
            description: restriction.text("description"),
            since: time(restriction, "applied_time"),
            until: time(restriction, "expiration_time"),
            violations: restriction.texts("violation_type"),
        })
    }
}

impl PageFeature {
    fn from_meta(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "page_messaging_api" => Self::MessagingApi,
            "page_messaging" => Self::Messaging,
            "page_read_only" => Self::ReadOnly,
            "page_publish" => Self::Publish,
            _ => Self::Other(name.to_owned()),
        }
    }

    /// Returns Meta's name of the feature.
    pub fn as_str(&self) -> &str {
        match self {
            Self::MessagingApi => "page_messaging_api",
            Self::Messaging => "page_messaging",
            Self::ReadOnly => "page_read_only",
            Self::Publish => "page_publish",
            Self::Other(name) => name,
        }
    }
}

impl PageAction {
    fn from_meta(name: &str) -> Self {
        match name {
            "LEARN_MORE" => Self::LearnMore,
            "FILE_APPEAL" | "APPEAL" => Self::FileAppeal,
            "SUPPORT_TICKET" => Self::SupportTicket,
            _ => Self::Other(name.to_owned()),
        }
    }

    /// Returns Meta's name of the action.
    pub fn as_str(&self) -> &str {
        match self {
            Self::LearnMore => "LEARN_MORE",
            Self::FileAppeal => "FILE_APPEAL",
            Self::SupportTicket => "SUPPORT_TICKET",
            Self::Other(name) => name,
        }
    }
}

impl PageStatusAction {
    /// Reads an action; `kind` is the member that names it.
    fn read(action: Object<'_>, kind: &str) -> Option<Self> {
        Some(Self {
            action: PageAction::from_meta(&action.text(kind)?),
            url: action.text("url"),
            violations: action.texts("violation_type"),
            status: action.text("status"),
            created_at: time(action, "created_time"),
            updated_at: time(action, "updated_time"),
        })
    }
}

/// Reads a time; Meta writes zero for none.
fn time(object: Object<'_>, name: &str) -> Option<Timestamp> {
    object.time(name).filter(|time| time.as_millis() != 0)
}
