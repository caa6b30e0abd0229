//! Whether a customer may be answered now, and how.

use std::{fmt::Debug, time::Duration};

use crate::{
    graph::send::{
        HUMAN_AGENT_WINDOW, MAX_STANDARD_WINDOW, MessageTag, OutgoingMessage, Purpose,
        STANDARD_WINDOW,
    },
    model::{Author, Contact},
    time::Timestamp,
};

/// Longest time that a reply of a program waits.
const PROGRAM_WAITS: Duration = Duration::from_secs(3600);

/// Whether and how a customer may be answered at a time.
///
/// # Examples
///
/// ```
/// use messenger_crm::{Timestamp, inbox::ReplyWindow};
///
/// let until = Timestamp::from_millis(1_795_824_000_000);
/// assert_eq!(ReplyWindow::Open { until }.until(), Some(until));
/// assert_eq!(ReplyWindow::Template.until(), None);
/// ```
#[expect(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReplyWindow {
    /// People and programs may answer.
    Open {
        /// End of the standard messaging window.
        until: Timestamp,
    },
    /// The shortest window that Meta promises is over, and a longer one may be open. A person may
    /// answer after confirming that Meta can refuse it; a program may not.
    Maybe {
        /// End of the longest window that is possible.
        until: Timestamp,
    },
    /// A person may answer, with the tag `HUMAN_AGENT`.
    HumanAgent {
        /// End of the time for a person's answer.
        until: Timestamp,
    },
    /// Only utility templates can be sent.
    Template,
    /// Nothing can be sent.
    Closed,
}

impl ReplyWindow {
    /// End of the window; `None` for a window without an end.
    ///
    /// # Examples
    ///
    /// ```
    /// use messenger_crm::inbox::ReplyWindow;
    ///
    /// assert_eq!(ReplyWindow::Closed.until(), None);
    /// ```
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::Open { until } | Self::Maybe { until } | Self::HumanAgent { until } => {
                Some(until)
            }
            Self::Template | Self::Closed => None,
        }
    }
}

/// The rules by which a host answers. They are asked when a reply is queued, and again just before
/// each attempt to send it.
///
/// # Examples
///
/// ```
/// use messenger_crm::Timestamp;
/// use messenger_crm::inbox::{MetaPolicy, ReplyPolicy, ReplyWindow};
/// use messenger_crm::model::Contact;
///
/// /// Nobody answers a customer with the tag "blocked".
/// #[derive(Debug)]
/// struct Polite(MetaPolicy);
///
/// impl ReplyPolicy for Polite {
///     fn window(&self, contact: &Contact, now: Timestamp) -> ReplyWindow {
///         if contact.tags.contains("blocked") {
///             return ReplyWindow::Closed;
///         }
///         self.0.window(contact, now)
///     }
/// }
/// # let _ = Polite(MetaPolicy::default());
/// ```
pub trait ReplyPolicy: Debug + Send + Sync + 'static {
    /// Whether and how this customer may be answered at `now`.
    fn window(&self, contact: &Contact, now: Timestamp) -> ReplyWindow;
}

/// Meta's rules: open for 24 hours after the customer's last action, then seven days for people when
/// the app has the feature *Human Agent*, otherwise [`Maybe`](ReplyWindow::Maybe) for seven days.
///
/// <https://developers.facebook.com/docs/messenger-platform/policy/policy-overview>
///
/// # Examples
///
/// ```
/// use messenger_crm::inbox::{MetaPolicy, ReplyPolicy, ReplyWindow};
/// use messenger_crm::model::{Contact, ContactKey};
/// use messenger_crm::time::Timestamp;
///
/// let at = |hours: i64| Timestamp::from_millis(1_795_824_000_000 + hours * 3_600_000);
/// let mut ada = Contact::new(ContactKey::new("1".parse()?, "2".parse()?), at(0));
/// ada.inbound_at = Some(at(0));
/// let policy = MetaPolicy::default();
/// assert_eq!(policy.window(&ada, at(1)), ReplyWindow::Open { until: at(24) });
/// assert_eq!(policy.window(&ada, at(30)), ReplyWindow::Maybe { until: at(168) });
/// let policy = policy.with_human_agent();
/// assert_eq!(policy.window(&ada, at(30)), ReplyWindow::HumanAgent { until: at(168) });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct MetaPolicy {
    has_human_agent: bool,
}

impl MetaPolicy {
    /// Says that Meta has granted the app the feature *Human Agent*. Off by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use messenger_crm::inbox::MetaPolicy;
    ///
    /// assert_ne!(MetaPolicy::default().with_human_agent(), MetaPolicy::default());
    /// ```
    #[must_use]
    pub const fn with_human_agent(self) -> Self {
        Self {
            has_human_agent: true,
        }
    }
}

impl ReplyPolicy for MetaPolicy {
    fn window(&self, contact: &Contact, now: Timestamp) -> ReplyWindow {
        // A customer who did nothing that is known, such as one of an import.
        let last = contact.inbound_at.unwrap_or(contact.last_at);
        let (open, human) = (last + STANDARD_WINDOW, last + HUMAN_AGENT_WINDOW);
        let possible = last + MAX_STANDARD_WINDOW;
        if contact.inbound_at.is_some() && now < open {
            ReplyWindow::Open { until: open }
        } else if self.has_human_agent && now < human {
            ReplyWindow::HumanAgent { until: human }
        } else if now < possible {
            ReplyWindow::Maybe { until: possible }
        } else {
            ReplyWindow::Template
        }
    }
}

/// Reason for which a reply cannot be sent now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Barred {
    /// A person has to confirm it.
    NeedsConfirmation,
    /// Nobody can send it.
    Closed,
}

fn is_program(author: Option<&Author>) -> bool {
    author.is_some_and(|author| author.is_program)
}

/// Whether a message may be sent in this window, and with which purpose. A purpose that the author
/// chose stays: Meta decides about it.
pub(super) fn purpose(
    message: &OutgoingMessage,
    window: ReplyWindow,
    author: Option<&Author>,
    is_confirmed: bool,
) -> Result<Purpose, Barred> {
    let chosen = message.purpose();
    match (window, chosen) {
        (ReplyWindow::Closed, _) => Err(Barred::Closed),
        (ReplyWindow::Open { .. }, _) => Ok(chosen.clone()),
        (_, purpose) if !purpose.needs_standard_window() => Ok(chosen.clone()),
        (ReplyWindow::Maybe { .. } | ReplyWindow::HumanAgent { .. }, _) if is_program(author) => {
            Err(Barred::Closed)
        }
        (ReplyWindow::Maybe { .. }, _) if !is_confirmed => Err(Barred::NeedsConfirmation),
        (ReplyWindow::Maybe { .. }, _) => Ok(chosen.clone()),
        (ReplyWindow::HumanAgent { .. }, _) => Ok(Purpose::Tagged(MessageTag::HUMAN_AGENT)),
        (ReplyWindow::Template, _) => Err(Barred::Closed),
    }
}

/// Latest time to send a reply for which its author named none: the end of the window for a person,
/// at most an hour for a program.
pub(super) fn latest(
    window: ReplyWindow,
    author: Option<&Author>,
    now: Timestamp,
) -> Option<Timestamp> {
    let end = window.until();
    if is_program(author) {
        let hour = now + PROGRAM_WAITS;
        return Some(end.map_or(hour, |end| end.min(hour)));
    }
    end
}
