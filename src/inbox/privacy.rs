//! Requests of people about their data: deletion, and removal of the app.
//!
//! Meta names the person by an app-scoped id, and offers no way to find their conversations. So a
//! deletion request is recorded as open. It is resolved automatically only where the host stored
//! the id in the field [`ASID_FIELD`] of a customer. Otherwise a person finds and erases the
//! customer, and closes the request with [`Inbox::settle_privacy_request`].
//!
//! The requests are marks of the app's id, which is an id in the same space as the ids of Pages.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Inbox, InboxError};
use crate::{
    change::{Applied, Change, WorkOutcome},
    id::{AppId, Asid, PageId},
    model::{ContactKey, WorkKind},
    store::StoreError,
    time::Timestamp,
    webhook::SignedRequest,
};

/// Name of the field in which a host stores the app-scoped id of a customer.
///
/// The host learns the pair of ids when a customer logs in, for example by account linking. The
/// inbox uses it to resolve deletion requests.
pub const ASID_FIELD: &str = "asid";

/// Until the host stores the pair of ids, or a person settles the request.
const LOOK_AGAIN: Duration = Duration::from_secs(24 * 3600);
/// Customers that fit into one mark.
const AT_ONCE: usize = 3;
/// Rounds of [`AT_ONCE`] before other work has its turn.
const ROUNDS: usize = 20;
const ERASE_AT_ONCE: u32 = 500;

/// Request of a person about their data, from a callback of Meta.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |inbox, _ada, _now| {
/// # let app: AppId = "271828182845904".parse()?;
///
/// for request in inbox.privacy_requests(&app).await? {
///     println!("{:?} {} of {}", request.kind, request.code, request.requested_at);
/// }
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PrivacyRequest {
    /// Confirmation code, which the person has too.
    pub code: String,
    /// Kind of the request.
    pub kind: PrivacyRequestKind,
    /// App-scoped id of the person; `None` once the request is not open any more.
    pub user: Option<Asid>,
    /// Time when the first copy of the request arrived.
    pub requested_at: Timestamp,
    /// State of the request.
    pub state: PrivacyRequestState,
}

/// Kind of a [`PrivacyRequest`].
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |inbox, _ada, _now| {
/// # let app: AppId = "271828182845904".parse()?;
///
/// let all = inbox.privacy_requests(&app).await?;
/// let removals = all.iter().filter(|one| one.kind == PrivacyRequestKind::Deauthorization);
/// assert_eq!(removals.count(), 0);
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PrivacyRequestKind {
    /// The person requests the deletion of their data.
    Deletion,
    /// The person removed the app. Tokens that come from their login are invalid from now on.
    Deauthorization,
}

/// State of a [`PrivacyRequest`].
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |inbox, _ada, _now| {
/// # let app: AppId = "271828182845904".parse()?;
///
/// let all = inbox.privacy_requests(&app).await?;
/// let open = all.iter().filter(|one| one.state == PrivacyRequestState::Open);
/// assert_eq!(open.count(), 0);
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum PrivacyRequestState {
    /// It waits for the inbox or for a person.
    Open,
    /// All customers with this app-scoped id in [`ASID_FIELD`] are erased, with their rows.
    #[non_exhaustive]
    Erased {
        /// Time when the last row was erased.
        at: Timestamp,
    },
    /// A person settled it.
    #[non_exhaustive]
    Settled {
        /// Time of settling.
        at: Timestamp,
    },
}

/// Value of the mark.
#[derive(Clone, Deserialize, Serialize)]
struct Stored {
    user: Option<Asid>,
    requested_at: Timestamp,
    changed_at: Timestamp,
    state: PrivacyRequestState,
    /// Customers that are being erased: a crash in between finds them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    contacts: Vec<ContactKey>,
    /// Whether any customer was erased.
    #[serde(default)]
    has_erased: bool,
}

impl Inbox {
    /// Lists the privacy requests of an app, in the order of their codes.
    ///
    /// # Errors
    ///
    /// [`InboxError`]: the store failed.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, _now| {
    /// # let app: AppId = "271828182845904".parse()?;
    ///
    /// assert!(inbox.privacy_requests(&app).await?.is_empty());
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn privacy_requests(&self, app: &AppId) -> Result<Vec<PrivacyRequest>, InboxError> {
        let marks = self.store.page(&page_of(app)).await?.marks;
        let requests = marks.iter().filter_map(|(name, value)| read(name, value));
        requests.map(|found| Ok(found?.0)).collect()
    }

    /// Closes a privacy request, after a person did what it requires. Returns `false` when there is no
    /// open request with this code.
    ///
    /// # Errors
    ///
    /// [`InboxError`]: nothing changed.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, now| {
    /// # let app: AppId = "271828182845904".parse()?;
    ///
    /// let code = "3e25960a79dbc69b674cd4ec67a72c62"; // of an open request
    /// assert!(!inbox.settle_privacy_request(&app, code, now).await?, "there is none");
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn settle_privacy_request(
        &self,
        app: &AppId,
        code: &str,
        now: Timestamp,
    ) -> Result<bool, InboxError> {
        let page = page_of(app);
        let Some((request, stored)) = find(self, &page, code).await? else {
            return Ok(false);
        };
        if request.state != PrivacyRequestState::Open {
            return Ok(false);
        }
        let settled = Stored {
            user: None,
            state: PrivacyRequestState::Settled { at: now },
            contacts: Vec::new(),
            ..stored
        };
        put(self, &page, &request, settled, now).await?;
        Ok(true)
    }
}

impl PrivacyRequest {
    /// Text of the status page. It says "erased" only of what is proven to be erased.
    pub(super) fn status_text(&self) -> String {
        let what = match self.kind {
            PrivacyRequestKind::Deletion => "Request to delete data",
            PrivacyRequestKind::Deauthorization => "Removal of the app",
        };
        let state = match self.state {
            PrivacyRequestState::Open => {
                "The request is open. Nothing is confirmed to be erased yet.".to_owned()
            }
            PrivacyRequestState::Erased { at } => format!(
                "The conversations that were linked to this account were erased. Finished: {at}."
            ),
            PrivacyRequestState::Settled { at } => {
                format!("A member of the team completed the request. Completed: {at}.")
            }
        };
        let (code, at) = (&self.code, self.requested_at);
        format!("{what}\nConfirmation code: {code}\nReceived: {at}.\n{state}\n")
    }
}

impl PrivacyRequestKind {
    const ALL: [Self; 2] = [Self::Deletion, Self::Deauthorization];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Deletion => "deletion:",
            Self::Deauthorization => "deauthorization:",
        }
    }
}

/// Records a request once.
pub(super) async fn record(
    inbox: &Inbox,
    app: &AppId,
    kind: PrivacyRequestKind,
    signed: &SignedRequest,
    now: Timestamp,
) -> Result<(), InboxError> {
    let (page, code) = (page_of(app), signed.confirmation_code().to_owned());
    let name = format!("{}{code}", kind.prefix());
    if inbox.store.page(&page).await?.marks.contains_key(&name) {
        return Ok(());
    }
    let stored = Stored {
        user: Some(signed.user.clone()),
        requested_at: now,
        changed_at: now,
        state: PrivacyRequestState::Open,
        contacts: Vec::new(),
        has_erased: false,
    };
    let mut changes = vec![mark(&page, name, &stored)];
    if kind == PrivacyRequestKind::Deletion {
        changes.push(Change::WorkAdded {
            page,
            psid: None,
            kind: WorkKind::DELETION,
            id: code,
            at: now,
            due: now,
            data: String::new(),
        });
    }
    inbox.store.apply(&changes).await?;
    Ok(())
}

/// Returns the request with this code.
pub(super) async fn request(
    inbox: &Inbox,
    app: &AppId,
    code: &str,
) -> Result<Option<PrivacyRequest>, InboxError> {
    let found = find(inbox, &page_of(app), code).await?;
    Ok(found.map(|(request, _)| request))
}

/// Erases the customers that the host linked to the person of a deletion request.
pub(super) async fn resolve(
    inbox: &Inbox,
    page: &PageId,
    code: &str,
    now: Timestamp,
) -> Result<WorkOutcome, InboxError> {
    for _ in 0..ROUNDS {
        let Some((request, mut stored)) = find(inbox, page, code).await? else {
            return Ok(WorkOutcome::Done);
        };
        let (PrivacyRequestState::Open, Some(user)) = (request.state, request.user.clone()) else {
            return Ok(WorkOutcome::Done);
        };
        if stored.contacts.is_empty() {
            stored.contacts = linked(inbox, page, &user).await?;
            if stored.contacts.is_empty() {
                if !stored.has_erased {
                    return Ok(postponed(now + LOOK_AGAIN));
                }
                stored.user = None;
                stored.state = PrivacyRequestState::Erased { at: now };
                put(inbox, page, &request, stored, now).await?;
                return Ok(WorkOutcome::Done);
            }
            put(inbox, page, &request, stored.clone(), now).await?;
        }
        for contact in std::mem::take(&mut stored.contacts) {
            erase(inbox, &contact, now).await?;
        }
        stored.has_erased = true;
        put(inbox, page, &request, stored, now).await?;
    }
    Ok(postponed(now))
}

fn postponed(due: Timestamp) -> WorkOutcome {
    WorkOutcome::Postponed { due, tries: 0 }
}

/// Some of the customers of the app's Pages with this app-scoped id.
async fn linked(inbox: &Inbox, app: &PageId, user: &Asid) -> Result<Vec<ContactKey>, InboxError> {
    let mut linked = Vec::new();
    for contact in inbox.store.find(ASID_FIELD, user.as_str()).await? {
        let access = inbox.connections.access(&contact.key.page).await?;
        if access.is_some_and(|access| access.app.id == app.as_str()) {
            linked.push(contact.key);
        }
        if linked.len() == AT_ONCE {
            break;
        }
    }
    Ok(linked)
}

/// Erases a customer and waits until no row is left.
async fn erase(inbox: &Inbox, contact: &ContactKey, now: Timestamp) -> Result<(), InboxError> {
    inbox.forget(contact, now).await?;
    let erase = [Change::Erase {
        contact: contact.clone(),
        limit: ERASE_AT_ONCE,
    }];
    while inbox.store.apply(&erase).await?.first() == Some(&Applied::Changed) {}
    Ok(())
}

/// The id under which an app's requests are stored.
fn page_of(app: &AppId) -> PageId {
    PageId::new(app.as_str()).expect("all ids obey the same rule")
}

async fn find(
    inbox: &Inbox,
    page: &PageId,
    code: &str,
) -> Result<Option<(PrivacyRequest, Stored)>, InboxError> {
    let marks = inbox.store.page(page).await?.marks;
    let found = PrivacyRequestKind::ALL.into_iter().find_map(|kind| {
        let (name, value) = marks.get_key_value(&format!("{}{code}", kind.prefix()))?;
        read(name, value)
    });
    Ok(found.transpose()?)
}

/// Reads a mark; `None` for marks of other kinds.
fn read(name: &str, value: &str) -> Option<Result<(PrivacyRequest, Stored), StoreError>> {
    let (kind, code) = PrivacyRequestKind::ALL
        .into_iter()
        .find_map(|kind| Some((kind, name.strip_prefix(kind.prefix())?)))?;
    let Ok(stored) = serde_json::from_str::<Stored>(value) else {
        return Some(Err(StoreError::Unreadable("a privacy request")));
    };
    let request = PrivacyRequest {
        code: code.to_owned(),
        kind,
        user: stored.user.clone(),
        requested_at: stored.requested_at,
        state: stored.state,
    };
    Some(Ok((request, stored)))
}

async fn put(
    inbox: &Inbox,
    page: &PageId,
    request: &PrivacyRequest,
    mut stored: Stored,
    now: Timestamp,
) -> Result<(), InboxError> {
    // The latest value of a mark wins, also when our clock went back.
    stored.changed_at = now.max(stored.changed_at + Duration::from_millis(1));
    let name = format!("{}{}", request.kind.prefix(), request.code);
    inbox.store.apply(&[mark(page, name, &stored)]).await?;
    Ok(())
}

fn mark(page: &PageId, name: String, stored: &Stored) -> Change {
    Change::Mark {
        page: page.clone(),
        name,
        value: Some(serde_json::json!(stored).to_string()),
        at: stored.changed_at,
    }
}
