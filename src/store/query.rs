//! Queries of a store, and their results.

use serde::{Deserialize, Serialize};

use super::{
    StoreError,
    fold::WorkKey,
    search_text::{self, fold_names},
};
use crate::{
    change::Pause,
    id::{PageId, Psid},
    model::{Contact, ContactKey, Message, Outgoing, OutgoingKey, Revision, StatusKind, WorkKind},
    time::Timestamp,
};

/// Conditions on customers; all of them together must hold.
///
/// # Examples
///
/// ```
/// use messenger_crm::model::StatusKind;
/// use messenger_crm::store::ContactFilter;
///
/// let mine = ContactFilter::new("1755847768034402".parse()?)
///     .with_status(StatusKind::Open)
///     .with_assignee("ada")
///     .unread();
/// assert!(mine.unread);
/// # Ok::<(), messenger_crm::id::InvalidId>(())
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ContactFilter {
    /// The Pages; at least one.
    pub pages: Vec<PageId>,
    /// Statuses of which the conversation has one; empty for any.
    pub statuses: Vec<StatusKind>,
    /// Who is responsible; `None` for anybody or nobody.
    pub assignee: Option<AssigneeFilter>,
    /// Only customers with messages that nobody has seen.
    pub unread: bool,
    /// Only customers who wait for an answer.
    pub unanswered: bool,
    /// Tags that the customer has, all of them.
    pub tags: Vec<String>,
    /// Fields that the customer has with these values, all of them.
    pub fields: Vec<(String, String)>,
    /// Text in the customer's name, or their PSID. Case and accents do not matter.
    pub name: Option<String>,
}

/// Condition on who is responsible for a conversation.
#[derive(Clone, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AssigneeFilter {
    /// Nobody.
    Nobody,
    /// This agent.
    Agent(String),
}

impl ContactFilter {
    /// Creates a filter for all customers of a Page.
    pub fn new(page: PageId) -> Self {
        Self::of_pages(vec![page])
    }

    /// Creates a filter for all customers of several Pages.
    pub fn of_pages(pages: Vec<PageId>) -> Self {
        Self {
            pages,
            ..Self::default()
        }
    }

    /// Adds a status.
    #[must_use]
    pub fn with_status(mut self, status: StatusKind) -> Self {
        self.statuses.push(status);
        self
    }

    /// Keeps the conversations of an agent.
    #[must_use]
    pub fn with_assignee(mut self, agent: impl Into<String>) -> Self {
        self.assignee = Some(AssigneeFilter::Agent(agent.into()));
        self
    }

    /// Keeps the conversations for which nobody is responsible.
    #[must_use]
    pub fn unassigned(mut self) -> Self {
        self.assignee = Some(AssigneeFilter::Nobody);
        self
    }

    /// Keeps customers with messages that nobody has seen.
    #[must_use]
    pub fn unread(mut self) -> Self {
        self.unread = true;
        self
    }

    /// Keeps customers who wait for an answer.
    #[must_use]
    pub fn unanswered(mut self) -> Self {
        self.unanswered = true;
        self
    }

    /// Keeps customers with a tag.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Keeps customers whose field has exactly this value.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Keeps customers with this text in their name, and the one with this PSID.
    #[must_use]
    pub fn with_name(mut self, text: impl Into<String>) -> Self {
        self.name = Some(text.into());
        self
    }

    /// Whether a store lists and counts it exactly from its indexes: one condition, or one of the
    /// pairs status and assignee, status and unanswered, assignee and unread, tag and status.
    pub fn is_exact(&self) -> bool {
        let labels = self.tags.len() + self.fields.len();
        let is_agent = matches!(self.assignee, Some(AssigneeFilter::Agent(_)));
        self.name.is_none() && labels + usize::from(is_agent) <= 1
    }

    /// Whether a customer passes, except for the name and the Page.
    pub fn accepts(&self, contact: &Contact) -> bool {
        let has = |name: &str, value: &str| contact.fields.get(name).is_some_and(|is| is == value);
        let assignee = match &self.assignee {
            None => true,
            Some(AssigneeFilter::Nobody) => contact.assignee.is_none(),
            Some(AssigneeFilter::Agent(agent)) => contact.assignee.as_ref() == Some(agent),
        };
        assignee
            && (self.statuses.is_empty() || self.statuses.contains(&contact.status.kind()))
            && (!self.unread || contact.unread > 0)
            && (!self.unanswered || contact.unanswered_since.is_some())
            && self.tags.iter().all(|tag| contact.tags.contains(tag))
            && self.fields.iter().all(|(name, value)| has(name, value))
    }

    /// Whether a customer passes, except for the Page: [`accepts`](Self::accepts) and the name, in the
    /// form that [`check`](Self::check) returns.
    pub fn matches(&self, contact: &Contact, name: Option<&str>) -> bool {
        let is_named = |name: &str| {
            fold_names(contact.profile.as_ref()).contains(name)
                || contact.key.psid.as_str().eq_ignore_ascii_case(name)
        };
        self.accepts(contact) && name.is_none_or(is_named)
    }

    /// The name as searches compare it.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidQuery`] without a Page, and for a blank name.
    pub fn check(&self) -> Result<Option<String>, StoreError> {
        if self.pages.is_empty() {
            return Err(StoreError::InvalidQuery("the filter names no Page".into()));
        }
        self.name.as_deref().map(check_text).transpose()
    }
}

impl std::fmt::Debug for ContactFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactFilter")
            .field("pages", &self.pages)
            .field("statuses", &self.statuses)
            .field("is_by_assignee", &self.assignee.is_some())
            .field("unread", &self.unread)
            .field("unanswered", &self.unanswered)
            .field("tags", &self.tags.len())
            .field("fields", &self.fields.len())
            .field("is_by_name", &self.name.is_some())
            .finish()
    }
}

impl std::fmt::Debug for AssigneeFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::Agent(_) => "Agent(…)",
        })
    }
}

/// Order of a list of customers.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ContactOrder {
    /// Latest activity first.
    #[default]
    LastActivity,
    /// The customers who wait for an answer, the longest first; no others.
    WaitingLongest,
    /// The customers whose last inbound message opened the messaging window after this time, the
    /// earliest first; no others. With the time of 24 hours ago: the window that ends soonest.
    WindowEndingSoonest {
        /// Only windows that opened later.
        opened_after: Timestamp,
    },
    /// The customers whose first message is no later than this time, the earliest first; no others.
    /// For retention.
    OldestMessage {
        /// Only customers with a message up to this time.
        up_to: Timestamp,
    },
}

impl ContactOrder {
    /// Time that orders a customer; `None` when the order leaves them out.
    pub fn key(self, contact: &Contact) -> Option<Timestamp> {
        match self {
            Self::LastActivity => Some(contact.last_at),
            Self::WaitingLongest => contact.unanswered_since,
            Self::WindowEndingSoonest { opened_after } => {
                contact.inbound_at.filter(|at| *at > opened_after)
            }
            Self::OldestMessage { up_to } => Some(contact.first_at).filter(|at| *at <= up_to),
        }
    }

    /// The latest [`key`](Self::key) of a row: customers with a later one are left out.
    pub const fn latest(self) -> Timestamp {
        match self {
            Self::OldestMessage { up_to } => up_to,
            _ => Timestamp::from_millis(i64::MAX),
        }
    }

    /// The column that holds the [`key`](Self::key) in a database: see
    /// [`Fetched::json_rows`](super::fold::Fetched::json_rows).
    pub const fn column(self) -> &'static str {
        match self {
            Self::LastActivity => "last_at",
            Self::WaitingLongest => "unanswered_since",
            Self::WindowEndingSoonest { .. } => "inbound_at",
            Self::OldestMessage { .. } => "first_at",
        }
    }

    /// Whether later times come first.
    pub const fn is_descending(self) -> bool {
        matches!(self, Self::LastActivity)
    }
}

/// List of customers to return.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContactQuery {
    /// Conditions.
    pub filter: ContactFilter,
    /// Order.
    pub order: ContactOrder,
    /// Cursor of the page of results before; `None` for the first.
    pub after: Option<String>,
    /// Largest number of rows, from 1 to [`MAX_LIMIT`].
    pub limit: u32,
}

/// Largest limit of a page of results.
pub const MAX_LIMIT: u32 = 1_000;

/// Largest number of rows that a list looks at before it returns what it has, with a cursor.
pub const MAX_VISITED: usize = 10_000;

/// Largest size of a page of results, in bytes of texts. At least one row is returned.
pub const MAX_PAGE_BYTES: usize = 1 << 20;

impl ContactQuery {
    /// Creates the query for the first fifty customers of a Page.
    pub fn new(page: PageId) -> Self {
        ContactFilter::new(page).into()
    }

    /// Sets the order.
    #[must_use]
    pub fn with_order(self, order: ContactOrder) -> Self {
        Self { order, ..self }
    }

    /// Sets the largest number of rows.
    #[must_use]
    pub fn with_limit(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// The name as searches compare it.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidQuery`]: see [`ContactFilter::check`]; also for a limit that is 0 or too
    /// large.
    pub fn check(&self) -> Result<Option<String>, StoreError> {
        check_limit(self.limit)?;
        self.filter.check()
    }
}

impl From<ContactFilter> for ContactQuery {
    fn from(filter: ContactFilter) -> Self {
        Self {
            filter,
            order: ContactOrder::default(),
            after: None,
            limit: 50,
        }
    }
}

pub(super) fn check_limit(limit: u32) -> Result<(), StoreError> {
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(());
    }
    let text = format!("the limit is {limit}, and must be from 1 to {MAX_LIMIT}");
    Err(StoreError::InvalidQuery(text))
}

fn check_text(text: &str) -> Result<String, StoreError> {
    let folded = search_text::fold([text]);
    if folded.is_empty() {
        let text = "the text to search for is blank";
        return Err(StoreError::InvalidQuery(text.into()));
    }
    Ok(folded)
}

/// Part of a conversation to return.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MessageQuery {
    /// Customer of the conversation.
    pub contact: ContactKey,
    /// Where the part begins.
    pub start: MessageStart,
    /// Largest number of messages, from 1 to [`MAX_LIMIT`].
    pub limit: u32,
}

/// Where a part of a conversation begins. Cursors are those of a [`Listing`](super::Listing).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum MessageStart {
    /// At the newest message.
    #[default]
    Newest,
    /// Behind the cursor [`Listing::next`](super::Listing::next), with older messages.
    OlderThan(String),
    /// Before the cursor [`Listing::previous`](super::Listing::previous), with newer messages.
    NewerThan(String),
    /// Around the message with this [id](crate::model::Message::id), half on each side. Empty when
    /// there is no such message.
    Around(String),
}

impl MessageQuery {
    /// Creates the query for the newest fifty messages of a conversation.
    pub fn new(contact: ContactKey) -> Self {
        Self {
            contact,
            start: MessageStart::Newest,
            limit: 50,
        }
    }

    /// Sets where the part begins.
    #[must_use]
    pub fn with_start(self, start: MessageStart) -> Self {
        Self { start, ..self }
    }

    /// Sets the largest number of messages.
    #[must_use]
    pub fn with_limit(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// Checks the limit and the cursor.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidQuery`] for a limit that is 0 or too large, and for a cursor that is not
    /// one of a conversation.
    pub fn check(&self) -> Result<(), StoreError> {
        check_limit(self.limit)?;
        self.place().map(drop)
    }
}

/// Search in all conversations of Pages: of each customer the newest message that holds the text.
#[derive(Clone)]
#[non_exhaustive]
pub struct SearchQuery {
    /// The Pages; at least one.
    pub pages: Vec<PageId>,
    /// Text to find. Case and accents do not matter.
    pub text: String,
    /// Cursor of the page of results before; `None` for the first.
    pub after: Option<String>,
    /// Largest number of customers, from 1 to [`MAX_LIMIT`].
    pub limit: u32,
}

impl SearchQuery {
    /// Creates the query for the first twenty customers with a text in their conversation.
    pub fn new(page: PageId, text: impl Into<String>) -> Self {
        Self {
            pages: vec![page],
            text: text.into(),
            after: None,
            limit: 20,
        }
    }

    /// The text as searches compare it.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidQuery`] without a Page, for a blank text, and for a limit that is 0 or
    /// too large.
    pub fn check(&self) -> Result<String, StoreError> {
        check_limit(self.limit)?;
        if self.pages.is_empty() {
            return Err(StoreError::InvalidQuery("the search names no Page".into()));
        }
        check_text(&self.text)
    }
}

impl std::fmt::Debug for SearchQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pages, text, .. } = self;
        write!(f, "SearchQuery({pages:?}, {} bytes)", text.len())
    }
}

/// A customer whom a search found, with the newest message that holds the text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Hit {
    /// The customer.
    pub contact: Contact,
    /// The message.
    pub message: Message,
}

impl Hit {
    /// Creates a hit.
    pub const fn new(contact: Contact, message: Message) -> Self {
        Self { contact, message }
    }
}

/// Raw events to return, newest first.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RawEventQuery {
    /// Events that name this Page; `None` for those that name none.
    pub page: Option<PageId>,
    /// Cursor of the page of results before; `None` for the first.
    pub after: Option<String>,
    /// Largest number of events, from 1 to [`MAX_LIMIT`].
    pub limit: u32,
}

impl RawEventQuery {
    /// Creates the query for the newest fifty.
    pub fn new(page: Option<PageId>) -> Self {
        Self {
            page,
            after: None,
            limit: 50,
        }
    }
}

/// Customers of a Page that changed.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Changed {
    /// The customers, each once, in the order of their last change.
    pub contacts: Vec<ContactKey>,
    /// Revision to continue from.
    pub revision: Revision,
    /// Whether more has changed than is returned: ask again at once.
    pub more: bool,
    /// Whether everything that is shown must be read again: a customer was erased, or the revision
    /// asked for lies ahead of this store, which is then another one, or an older copy.
    pub reset: bool,
}

impl Changed {
    /// The result when everything must be read again: `since`, the revision asked for, is later than
    /// the `revision` of the Page, or earlier than the last one that `removed` a customer. `None`
    /// otherwise.
    pub fn reset(since: Revision, revision: Revision, removed: Revision) -> Option<Self> {
        (since > revision || since < removed).then(|| Self {
            revision,
            reset: true,
            ..Self::default()
        })
    }
}

/// Number of rows: exact up to [`MAX_COUNT`] where indexes tell.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Count {
    /// Exactly this number.
    Exactly(u32),
    /// At least this number.
    AtLeast(u32),
}

/// Rows are counted exactly up to this number.
pub const MAX_COUNT: u32 = 1_000;

impl Count {
    /// The count of rows that were counted up to one more than [`MAX_COUNT`].
    pub const fn of(counted: u32) -> Self {
        if counted > MAX_COUNT {
            Self::AtLeast(MAX_COUNT)
        } else {
            Self::Exactly(counted)
        }
    }

    /// The count of customers that pass a filter: at least so many, unless the filter
    /// [is exact](ContactFilter::is_exact).
    pub fn of_filter(counted: u32, filter: &ContactFilter) -> Self {
        match Self::of(counted) {
            Self::Exactly(count) if !filter.is_exact() => Self::AtLeast(count),
            count => count,
        }
    }
}

/// State of a Page in the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PageState {
    /// Revision of the last commit that changed something visible.
    pub revision: Revision,
    /// The pause of its work, also one that has ended by itself; `None` without.
    pub pause: Option<Pause>,
    /// Values of the host by name: see [`Change::Mark`](crate::change::Change::Mark).
    pub marks: std::collections::BTreeMap<String, String>,
}

impl PageState {
    /// Creates the state of a Page without pause and marks.
    pub fn new(revision: Revision) -> Self {
        Self {
            revision,
            ..Self::default()
        }
    }
}

/// Work to return.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PendingQuery {
    /// Current time: work that is due by then is returned.
    pub now: Timestamp,
    /// Kinds of work.
    pub kinds: Vec<WorkKind>,
    /// Largest number of items of each kind.
    pub limit: u32,
}

impl PendingQuery {
    /// Creates the query for work of these kinds, at most sixteen items of each.
    pub fn new(now: Timestamp, kinds: impl IntoIterator<Item = WorkKind>) -> Self {
        Self {
            now,
            kinds: kinds.into_iter().collect(),
            limit: 16,
        }
    }

    /// Sets the largest number of items of each kind.
    #[must_use]
    pub fn with_limit(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    pub(super) fn has(&self, kind: &WorkKind) -> bool {
        self.kinds.contains(kind)
    }
}

/// Work that is due.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Pending {
    /// A profile to fetch.
    #[non_exhaustive]
    FetchProfile {
        /// The customer.
        contact: ContactKey,
        /// Number of the attempt to claim.
        attempt: u32,
    },
    /// A reply to send.
    #[non_exhaustive]
    Send {
        /// The customer.
        contact: ContactKey,
        /// Key of the reply.
        key: OutgoingKey,
        /// Number of the attempt to claim.
        attempt: u32,
        /// Number of tries that failed.
        tries: u32,
        /// The reply.
        outgoing: Box<Outgoing>,
    },
    /// A claim to send whose lease has ended: whether the message was sent is unknown.
    #[non_exhaustive]
    Lapsed {
        /// The customer.
        contact: ContactKey,
        /// Key of the reply.
        key: OutgoingKey,
        /// Number of the attempt that was claimed.
        attempt: u32,
    },
    /// A snoozed conversation to open: apply [`Change::Woken`](crate::change::Change::Woken).
    #[non_exhaustive]
    Wake {
        /// The customer.
        contact: ContactKey,
    },
    /// Rows of erased messages to remove: apply [`Change::Erase`](crate::change::Change::Erase)
    /// until it answers [`Applied::Unchanged`](crate::change::Applied::Unchanged).
    #[non_exhaustive]
    Erase {
        /// The customer.
        contact: ContactKey,
    },
    /// An added item of work.
    #[non_exhaustive]
    Item {
        /// Key of the item.
        key: WorkKey,
        /// Number of the attempt to claim.
        attempt: u32,
        /// Number of tries that failed.
        tries: u32,
        /// Time that orders the items of a kind: that of the message for a handler.
        at: Timestamp,
        /// Whether a worker has claimed it: its lease has ended when the item is due.
        is_claimed: bool,
        /// What the worker needs to know.
        data: String,
    },
}

impl Pending {
    /// The Page that the work belongs to.
    pub const fn page(&self) -> &PageId {
        match self {
            Self::FetchProfile { contact, .. }
            | Self::Send { contact, .. }
            | Self::Lapsed { contact, .. }
            | Self::Wake { contact }
            | Self::Erase { contact } => &contact.page,
            Self::Item { key, .. } => &key.page,
        }
    }

    /// The customer that the work concerns; `None` for work of the Page.
    pub const fn psid(&self) -> Option<&Psid> {
        match self {
            Self::FetchProfile { contact, .. }
            | Self::Send { contact, .. }
            | Self::Lapsed { contact, .. }
            | Self::Wake { contact }
            | Self::Erase { contact } => Some(&contact.psid),
            Self::Item { key, .. } => key.psid.as_ref(),
        }
    }
}
