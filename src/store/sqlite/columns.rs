//! Rows as columns: what every row has is a column, what few have is JSON.

use rusqlite::{Row, types::ToSql};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::connection::failed;
use crate::{
    id::{AppId, Mid},
    store::{
        Act, Content, EntryId, MessageState, OutgoingKey, Profile, Reason, Revision, Side, Source,
        StoreError, WorkerId,
        fold::{
            Body, ContactRow, Edit, EntryRow, OutgoingRow, OutgoingState, Reacted, Snippet, Spot,
        },
    },
    time::Timestamp,
};

/// The columns of a customer, in the order that [`contact`] reads them.
pub(super) const CONTACT: &str = "contact.contact_no, psid, last_at, first_at, inbound_at, unread, arrived, contact.revision, \
     newest_at, newest_tie, newest_kind, newest_text, newest_more, delivered, read, forgotten, expired, \
     asked_at, ask_again, attempt, by, lease, profile_at, name, first_name, last_name, picture_at, picture, send_due";

/// The columns of a message, in the order that [`entry`] reads them.
pub(super) const MESSAGE: &str = "id, key, marks, at, kind, text, more";

/// The columns of an answer, in the order that [`outgoing`] reads them.
pub(super) const OUTGOING: &str =
    "key, at, has_content, text, more, attempt, state, state_due, reason, by, mids";

pub(super) fn contact(row: &Row<'_>) -> Result<(i64, String, ContactRow), StoreError> {
    let mut next = Columns::new(row);
    let number = next.get()?;
    let psid = next.get()?;
    let mut contact = ContactRow {
        last_at: next.time()?,
        first_at: next.time()?,
        inbound_at: next.time()?,
        unread: next.get()?,
        inbound_revision: next.revision()?,
        revision: next.revision()?,
        ..ContactRow::default()
    };
    contact.preview = snippet(&mut next, contact.last_at)?;
    contact.delivered = next.time()?;
    contact.read = next.time()?;
    contact.forgotten = next.time()?;
    contact.expired = next.time()?;
    contact.asked_at = next.time()?;
    contact.ask_again = next.time()?;
    contact.profile_attempt = next.get::<Option<u32>>()?.unwrap_or(0);
    contact.profile_by = next.worker()?;
    contact.profile_lease = next.time()?;
    let profile_at = next.time()?;
    let profile = Profile {
        name: next.get()?,
        first_name: next.get()?,
        last_name: next.get()?,
    };
    // A customer with a profile without any name has a time of its own.
    if profile_at.is_some() || profile != Profile::default() {
        contact.profile_at = profile_at.or(contact.asked_at);
        contact.profile = Some(profile);
    }
    let picture_at = next.time()?;
    let picture: Option<u32> = next.get()?;
    contact.picture = picture.and_then(std::num::NonZeroU32::new);
    contact.picture_at = picture_at
        .or(contact.asked_at)
        .filter(|_| picture.is_some());
    contact.send_due = next.time()?;
    Ok((number, psid, contact))
}

/// The values of a customer's row, in the order of the statements that write it.
pub(super) struct ContactValues {
    /// What a message changes.
    pub(super) hot: Vec<Box<dyn ToSql>>,
    /// What it does not.
    pub(super) cold: Vec<Box<dyn ToSql>>,
}

/// The names of the columns of [`ContactValues`].
pub(super) const HOT: [&str; 11] = [
    "last_at",
    "first_at",
    "inbound_at",
    "unread",
    "arrived",
    "revision",
    "newest_at",
    "newest_tie",
    "newest_kind",
    "newest_text",
    "newest_more",
];
pub(super) const COLD: [&str; 17] = [
    "delivered",
    "read",
    "forgotten",
    "expired",
    "asked_at",
    "ask_again",
    "attempt",
    "by",
    "lease",
    "profile_at",
    "name",
    "first_name",
    "last_name",
    "picture_at",
    "picture",
    "send_due",
    "profile_due",
];

impl ContactValues {
    pub(super) fn of(row: &ContactRow) -> Result<Self, StoreError> {
        let snippet = row.preview.as_ref();
        let at = snippet.map(|snippet| snippet.spot.at);
        let other =
            |at: Option<Timestamp>, usual: Option<Timestamp>| time(at.filter(|_| at != usual));
        let more = snippet.map(SnippetMore::of).transpose()?.flatten();
        let profile = row.profile.clone().unwrap_or_default();
        let has_names = profile != Profile::default();
        let profile_at = row
            .profile_at
            .filter(|at| !has_names || Some(*at) != row.asked_at);
        Ok(Self {
            hot: vec![
                Box::new(time(row.last_at)),
                Box::new(time(row.first_at)),
                Box::new(time(row.inbound_at)),
                Box::new(row.unread),
                Box::new(revision_to_sql(row.inbound_revision)),
                Box::new(revision_to_sql(row.revision)),
                Box::new(other(at, row.last_at)),
                Box::new(snippet.map(|snippet| snippet.spot.tie)),
                Box::new(snippet.map(snippet_kind)),
                Box::new(snippet.and_then(|snippet| snippet.text.clone())),
                Box::new(more),
            ],
            cold: vec![
                Box::new(time(row.delivered)),
                Box::new(time(row.read)),
                Box::new(time(row.forgotten)),
                Box::new(time(row.expired)),
                Box::new(time(row.asked_at)),
                Box::new(time(row.ask_again)),
                Box::new(Some(row.profile_attempt).filter(|attempt| *attempt > 0)),
                Box::new(worker(row.profile_by)),
                Box::new(time(row.profile_lease)),
                Box::new(time(profile_at)),
                Box::new(profile.name),
                Box::new(profile.first_name),
                Box::new(profile.last_name),
                Box::new(other(row.picture_at, row.asked_at)),
                Box::new(row.picture.map(std::num::NonZeroU32::get)),
                Box::new(time(row.send_due)),
                Box::new(time(row.profile_due())),
            ],
        })
    }
}

/// What few snippets have.
#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
struct SnippetMore {
    #[serde(skip_serializing_if = "Act::is_message")]
    act: Act,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<OutgoingKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<MessageState>,
}

impl SnippetMore {
    fn of(snippet: &Snippet) -> Result<Option<String>, StoreError> {
        let more = Self {
            act: snippet.act.clone(),
            kinds: snippet.kinds.clone(),
            key: snippet.key.clone(),
            state: snippet.state,
        };
        optional_json(&more)
    }
}

fn snippet_kind(snippet: &Snippet) -> i64 {
    i64::from(snippet.side == Side::Page) | i64::from(snippet.unsent) << 1
}

fn snippet(
    next: &mut Columns<'_, '_>,
    last_at: Option<Timestamp>,
) -> Result<Option<Snippet>, StoreError> {
    let at = next.time()?.or(last_at);
    let tie: Option<i64> = next.get()?;
    let kind: Option<i64> = next.get()?;
    let text = next.get()?;
    let more: SnippetMore = next.json()?.unwrap_or_default();
    let (Some(at), Some(tie), Some(kind)) = (at, tie, kind) else {
        return Ok(None);
    };
    let side = if kind & 1 == 0 {
        Side::Customer
    } else {
        Side::Page
    };
    let mut snippet = Snippet::from_parts(Spot::new(at, tie), side, more.act, text);
    snippet.unsent = kind & 2 != 0;
    (snippet.kinds, snippet.key, snippet.state) = (more.kinds, more.key, more.state);
    Ok(Some(snippet))
}

/// What few messages have.
#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Marks {
    #[serde(skip_serializing_if = "Option::is_none")]
    edit: Option<Edit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsent_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_reaction: Option<Reacted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_reaction: Option<Reacted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sent_twice: bool,
}

/// A content without its text, and the app that sent it.
#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
struct More {
    #[serde(skip_serializing_if = "is_default")]
    content: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<AppId>,
}

/// An entry as it is written.
pub(super) struct EntryValues {
    pub(super) key: Option<[u8; 16]>,
    pub(super) marks: Option<String>,
    pub(super) body: Option<BodyValues>,
}

pub(super) struct BodyValues {
    pub(super) at: i64,
    pub(super) kind: i64,
    pub(super) text: Option<String>,
    pub(super) more: Option<String>,
}

impl EntryValues {
    pub(super) fn of(row: &EntryRow) -> Result<Self, StoreError> {
        let marks = Marks {
            edit: row.edit.clone(),
            unsent_at: row.unsent_at,
            customer_reaction: row.customer_reaction.clone(),
            page_reaction: row.page_reaction.clone(),
            delivered_at: row.delivered_at,
            sent_twice: row.sent_twice,
        };
        Ok(Self {
            key: row.key.as_ref().map(OutgoingKey::to_bytes),
            marks: optional_json(&marks)?,
            body: row.body.as_ref().map(BodyValues::of).transpose()?,
        })
    }
}

impl BodyValues {
    fn of(body: &Body) -> Result<Self, StoreError> {
        let (text, more) = content_values(&body.content, body.app.clone())?;
        let source = match body.source {
            Source::Own => 0,
            Source::Backfill => 1,
            Source::Standby => 2,
            Source::Webhook => 3,
        };
        Ok(Self {
            at: body.at.as_millis(),
            kind: i64::from(body.side == Side::Page) | source << 1,
            text,
            more,
        })
    }
}

/// The text, and the rest as JSON if there is any.
pub(super) fn content_values(
    content: &Content,
    app: Option<AppId>,
) -> Result<(Option<String>, Option<String>), StoreError> {
    let mut content = content.clone();
    let text = content.text.take();
    Ok((text, optional_json(&More { content, app })?))
}

/// A message; of a row of `mark` the columns of the body are not read.
pub(super) fn entry(row: &Row<'_>, has_body: bool) -> Result<EntryRow, StoreError> {
    let mut next = Columns::new(row);
    let mut entry = EntryRow::new(EntryId::from_text(next.get::<String>()?));
    entry.key = next.key()?;
    let marks: Marks = next.json()?.unwrap_or_default();
    entry.edit = marks.edit;
    entry.unsent_at = marks.unsent_at;
    entry.customer_reaction = marks.customer_reaction;
    entry.page_reaction = marks.page_reaction;
    entry.delivered_at = marks.delivered_at;
    entry.sent_twice = marks.sent_twice;
    if has_body {
        let at = Timestamp::from_millis(next.get()?);
        let kind: i64 = next.get()?;
        let text = next.get()?;
        let more: More = next.json()?.unwrap_or_default();
        let side = if kind & 1 == 0 {
            Side::Customer
        } else {
            Side::Page
        };
        let source = match kind >> 1 {
            0 => Source::Own,
            1 => Source::Backfill,
            2 => Source::Standby,
            3 => Source::Webhook,
            _ => return Err(StoreError::Unreadable("the source of a message")),
        };
        let content = Content {
            text,
            ..more.content
        };
        let mut body = Body::new(at, source, side, content);
        body.app = more.app;
        entry.body = Some(body);
    }
    Ok(entry)
}

/// The number of a state, when it is due, and why.
pub(super) fn state_values(
    state: &OutgoingState,
) -> Result<(i64, Option<i64>, Option<String>), StoreError> {
    Ok(match state {
        OutgoingState::Queued => (0, None, None),
        OutgoingState::Sending { until } => (1, Some(until.as_millis()), None),
        OutgoingState::Unknown => (2, None, None),
        OutgoingState::NotSent { due } => (3, Some(due.as_millis()), None),
        OutgoingState::Failed { reason } => (4, None, Some(to_json(reason)?)),
        OutgoingState::Dismissed => (5, None, None),
    })
}

pub(super) fn outgoing(row: &Row<'_>) -> Result<OutgoingRow, StoreError> {
    const BAD: StoreError = StoreError::Unreadable("an answer");
    let mut next = Columns::new(row);
    let mut answer = OutgoingRow::new(next.key()?.ok_or(BAD)?);
    answer.at = Timestamp::from_millis(next.get()?);
    let has_content: bool = next.get()?;
    let text = next.get()?;
    let more: More = next.json()?.unwrap_or_default();
    answer.content = has_content.then_some(Content {
        text,
        ..more.content
    });
    answer.attempt = next.get()?;
    let state: i64 = next.get()?;
    let due = next.time()?;
    let reason: Option<Reason> = next.json()?;
    answer.state = match (state, due, reason) {
        (0, ..) => OutgoingState::Queued,
        (1, Some(until), _) => OutgoingState::Sending { until },
        (2, ..) => OutgoingState::Unknown,
        (3, Some(due), _) => OutgoingState::NotSent { due },
        (4, _, Some(reason)) => OutgoingState::Failed { reason },
        (5, ..) => OutgoingState::Dismissed,
        _ => return Err(BAD),
    };
    answer.by = next.worker()?;
    let mids: Option<String> = next.get()?;
    let mids = mids.iter().flat_map(|mids| mids.split('\n'));
    answer.mids = mids
        .map(|mid| Mid::new(mid).map_err(|_| BAD))
        .collect::<Result<_, _>>()?;
    Ok(answer)
}

/// The columns of a row, one after the other.
struct Columns<'r, 's> {
    row: &'r Row<'s>,
    next: usize,
}

impl<'r, 's> Columns<'r, 's> {
    fn new(row: &'r Row<'s>) -> Self {
        Self { row, next: 0 }
    }

    fn get<T: rusqlite::types::FromSql>(&mut self) -> Result<T, StoreError> {
        let value = self.row.get(self.next).map_err(failed)?;
        self.next += 1;
        Ok(value)
    }

    fn time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<i64>>()?.map(Timestamp::from_millis))
    }

    fn revision(&mut self) -> Result<Revision, StoreError> {
        Ok(Revision::new(self.get::<i64>()?.cast_unsigned()))
    }

    fn worker(&mut self) -> Result<Option<WorkerId>, StoreError> {
        let number = self.get::<Option<i64>>()?;
        Ok(number.map(|number| WorkerId::new(number.cast_unsigned())))
    }

    fn key(&mut self) -> Result<Option<OutgoingKey>, StoreError> {
        let bytes: Option<[u8; 16]> = self.get()?;
        bytes
            .map(|bytes| {
                OutgoingKey::from_bytes(bytes).map_err(|_| StoreError::Unreadable("a key"))
            })
            .transpose()
    }

    fn json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.get()?;
        text.map(|text| {
            serde_json::from_str(&text).map_err(|_| StoreError::Unreadable("a part of a row"))
        })
        .transpose()
    }
}

pub(super) fn time(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}

pub(super) fn worker(by: Option<WorkerId>) -> Option<i64> {
    by.map(|by| by.number().cast_signed())
}

/// Pages do not see 2⁶³ commits.
pub(super) fn revision_to_sql(revision: Revision) -> i64 {
    i64::try_from(revision.number()).unwrap_or(i64::MAX)
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(error.into()))
}

/// Nothing for what says nothing.
fn optional_json<T: Default + PartialEq + Serialize>(
    value: &T,
) -> Result<Option<String>, StoreError> {
    if *value == T::default() {
        return Ok(None);
    }
    to_json(value).map(Some)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
