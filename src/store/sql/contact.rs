//! Columns of a customer.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{
    columns, count, list, message, millis, optional, optional_json, revision, revision_to_sql,
    time, to_json, worker, worker_to_sql,
};
use crate::{
    model::{Act, MessageState, OutgoingKey, Profile, Side, Status},
    store::{
        StoreError,
        fold::{ContactRow, Position, Snippet},
    },
    time::Timestamp,
};

columns! {
    /// A customer's row as it is written.
    struct ContactColumns {
        last_at: int,
        first_at: int,
        inbound_at: int,
        unanswered_since: int,
        replied_at: int,
        unread: int,
        arrived: int,
        revision: int,
        /// Which lists the conversation is in: see [`list::bucket`].
        bucket: int,
        /// Only where it is not `last_at`.
        newest_at: int,
        newest_tie: int,
        newest_kind: int,
        newest_text: text,
        newest_more: text,
        profile_due: int,
        opened_at: int,
        status_until: int,
        status_revision: int,
        assignee_revision: int,
        assignee: text,
        labels: text,
        reaction: text,
        delivered: int,
        read: int,
        forgotten: int,
        expired: int,
        asked_at: int,
        ask_again: int,
        attempt: int,
        by: int,
        lease: int,
        /// Only where it is not `asked_at`, or there is no name.
        profile_at: int,
        name: text,
        first_name: text,
        last_name: text,
        /// Only where it is not `asked_at`.
        picture_at: int,
        picture: int,
        send_due: int,
        wake_due: int,
        erasing: int,
    }
}

impl ContactColumns {
    pub(in crate::store) fn of(row: &ContactRow) -> Result<Self, StoreError> {
        let snippet = row.preview.as_ref();
        let at = snippet.map(|snippet| snippet.position.at);
        let other =
            |at: Option<Timestamp>, usual: Option<Timestamp>| millis(at.filter(|_| at != usual));
        let profile = row.profile.clone().unwrap_or_default();
        let has_names = profile != Profile::default();
        let profile_at = row
            .profile_at
            .filter(|at| !has_names || Some(*at) != row.asked_at);
        let some = |number: u32| Some(i64::from(number)).filter(|number| *number > 0);
        let decided = |number: i64| Some(number).filter(|number| *number > 0);
        Ok(Self {
            last_at: millis(row.last_at),
            first_at: millis(row.first_at),
            inbound_at: millis(row.inbound_at),
            unanswered_since: millis(row.unanswered_since),
            replied_at: millis(row.replied_at),
            unread: Some(row.unread.into()),
            arrived: Some(revision_to_sql(row.inbound_revision)),
            revision: Some(revision_to_sql(row.revision)),
            bucket: Some(list::bucket(row).into()),
            newest_at: other(at, row.last_at),
            newest_tie: snippet.map(|snippet| snippet.position.tie),
            newest_kind: snippet
                .map(|snippet| message::side_code(snippet.side) | i64::from(snippet.unsent) << 2),
            newest_text: snippet.and_then(|snippet| snippet.text.clone()),
            newest_more: snippet.map(SnippetMore::of).transpose()?.flatten(),
            profile_due: millis(row.profile_due()),
            opened_at: millis(row.opened_at),
            status_until: millis(row.status.until()),
            status_revision: decided(revision_to_sql(row.status_revision)),
            assignee_revision: decided(revision_to_sql(row.assignee_revision)),
            assignee: row.assignee.clone(),
            labels: optional_json(&row.labels)?,
            reaction: row.reaction.as_ref().map(to_json).transpose()?,
            delivered: millis(row.delivered),
            read: millis(row.read),
            forgotten: millis(row.forgotten),
            expired: millis(row.expired),
            asked_at: millis(row.asked_at),
            ask_again: millis(row.ask_again),
            attempt: some(row.profile_attempt),
            by: worker_to_sql(row.profile_by),
            lease: millis(row.profile_lease),
            profile_at: millis(profile_at),
            name: profile.name,
            first_name: profile.first_name,
            last_name: profile.last_name,
            picture_at: other(row.picture_at, row.asked_at),
            picture: row.picture.map(|version| version.get().into()),
            send_due: millis(row.send_due),
            wake_due: millis(row.wake_due()),
            erasing: row.erasing.then_some(1),
        })
    }

    pub(in crate::store) fn into_row(self) -> Result<ContactRow, StoreError> {
        let mut row = ContactRow {
            last_at: time(self.last_at),
            first_at: time(self.first_at),
            inbound_at: time(self.inbound_at),
            unanswered_since: time(self.unanswered_since),
            replied_at: time(self.replied_at),
            unread: count(self.unread)?,
            inbound_revision: revision(self.arrived.unwrap_or(0)),
            revision: revision(self.revision.unwrap_or(0)),
            status: status(self.bucket, self.status_until),
            status_revision: revision(self.status_revision.unwrap_or(0)),
            assignee: self.assignee,
            assignee_revision: revision(self.assignee_revision.unwrap_or(0)),
            labels: optional(self.labels.as_deref())?,
            reaction: optional(self.reaction.as_deref())?,
            opened_at: time(self.opened_at),
            delivered: time(self.delivered),
            read: time(self.read),
            forgotten: time(self.forgotten),
            expired: time(self.expired),
            asked_at: time(self.asked_at),
            ask_again: time(self.ask_again),
            profile_attempt: count(self.attempt)?,
            profile_by: worker(self.by),
            profile_lease: time(self.lease),
            picture: NonZeroU32::new(count(self.picture)?),
            send_due: time(self.send_due),
            erasing: self.erasing.is_some(),
            ..ContactRow::default()
        };
        if let (Some(newest), Some(tie), Some(kind)) = (
            time(self.newest_at).or(row.last_at),
            self.newest_tie,
            self.newest_kind,
        ) {
            let more: SnippetMore = optional(self.newest_more.as_deref())?;
            let position = Position::new(newest, tie);
            let side: Side = message::side(kind);
            let mut snippet = Snippet::from_parts(position, side, more.act, self.newest_text);
            snippet.unsent = kind & 4 != 0;
            (snippet.kinds, snippet.key, snippet.state) = (more.kinds, more.key, more.state);
            row.preview = Some(snippet);
        }
        let mut profile = Profile::default();
        (profile.name, profile.first_name, profile.last_name) =
            (self.name, self.first_name, self.last_name);
        // A customer with a profile without any name has a separate time.
        if self.profile_at.is_some() || profile != Profile::default() {
            row.profile_at = time(self.profile_at).or(row.asked_at);
            row.profile = Some(profile);
        }
        row.picture_at = time(self.picture_at)
            .or(row.asked_at)
            .filter(|_| self.picture.is_some());
        Ok(row)
    }
}

fn status(bucket: Option<i64>, until: Option<i64>) -> Status {
    match list::status_of(bucket.unwrap_or(0)) {
        1 => Status::snoozed(time(until)),
        2 => Status::Done,
        _ => Status::Open,
    }
}

/// Members that few snippets have.
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
        optional_json(&Self {
            act: snippet.act.clone(),
            kinds: snippet.kinds.clone(),
            key: snippet.key.clone(),
            state: snippet.state,
        })
    }
}
