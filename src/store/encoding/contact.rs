//! A customer's columns.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{optional, optional_json, revision_to_sql, side, time, worker};
use crate::{
    model::{Act, MessageState, OutgoingKey, Profile, Revision, Side, WorkerId},
    store::{
        StoreError,
        fold::{ContactRow, Snippet, Spot},
    },
    time::Timestamp,
};

/// A customer's row as it is written.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct ContactValues {
    pub(in crate::store) last_at: Option<i64>,
    pub(in crate::store) first_at: Option<i64>,
    pub(in crate::store) inbound_at: Option<i64>,
    pub(in crate::store) unread: u32,
    pub(in crate::store) arrived: i64,
    pub(in crate::store) revision: i64,
    /// Only where it is not `last_at`.
    pub(in crate::store) newest_at: Option<i64>,
    pub(in crate::store) newest_tie: Option<i64>,
    pub(in crate::store) newest_kind: Option<i16>,
    pub(in crate::store) newest_text: Option<String>,
    pub(in crate::store) newest_more: Option<String>,
    pub(in crate::store) delivered: Option<i64>,
    pub(in crate::store) read: Option<i64>,
    pub(in crate::store) forgotten: Option<i64>,
    pub(in crate::store) expired: Option<i64>,
    pub(in crate::store) asked_at: Option<i64>,
    pub(in crate::store) ask_again: Option<i64>,
    pub(in crate::store) attempt: Option<u32>,
    pub(in crate::store) by: Option<i64>,
    pub(in crate::store) lease: Option<i64>,
    /// Only where it is not `asked_at`, or there is no name.
    pub(in crate::store) profile_at: Option<i64>,
    pub(in crate::store) name: Option<String>,
    pub(in crate::store) first_name: Option<String>,
    pub(in crate::store) last_name: Option<String>,
    /// Only where it is not `asked_at`.
    pub(in crate::store) picture_at: Option<i64>,
    pub(in crate::store) picture: Option<u32>,
    pub(in crate::store) send_due: Option<i64>,
    /// For an index; it is not read.
    pub(in crate::store) profile_due: Option<i64>,
}

impl ContactValues {
    pub(in crate::store) fn of(row: &ContactRow) -> Result<Self, StoreError> {
        let snippet = row.preview.as_ref();
        let at = snippet.map(|snippet| snippet.spot.at);
        let other =
            |at: Option<Timestamp>, usual: Option<Timestamp>| time(at.filter(|_| at != usual));
        let profile = row.profile.clone().unwrap_or_default();
        let has_names = profile != Profile::default();
        let profile_at = row
            .profile_at
            .filter(|at| !has_names || Some(*at) != row.asked_at);
        Ok(Self {
            last_at: time(row.last_at),
            first_at: time(row.first_at),
            inbound_at: time(row.inbound_at),
            unread: row.unread,
            arrived: revision_to_sql(row.inbound_revision),
            revision: revision_to_sql(row.revision),
            newest_at: other(at, row.last_at),
            newest_tie: snippet.map(|snippet| snippet.spot.tie),
            newest_kind: snippet.map(|snippet| {
                i16::from(snippet.side == Side::Page) | i16::from(snippet.unsent) << 1
            }),
            newest_text: snippet.and_then(|snippet| snippet.text.clone()),
            newest_more: snippet.map(SnippetMore::of).transpose()?.flatten(),
            delivered: time(row.delivered),
            read: time(row.read),
            forgotten: time(row.forgotten),
            expired: time(row.expired),
            asked_at: time(row.asked_at),
            ask_again: time(row.ask_again),
            attempt: Some(row.profile_attempt).filter(|attempt| *attempt > 0),
            by: worker(row.profile_by),
            lease: time(row.profile_lease),
            profile_at: time(profile_at),
            name: profile.name,
            first_name: profile.first_name,
            last_name: profile.last_name,
            picture_at: other(row.picture_at, row.asked_at),
            picture: row.picture.map(NonZeroU32::get),
            send_due: time(row.send_due),
            profile_due: time(row.profile_due()),
        })
    }

    pub(in crate::store) fn into_row(self) -> Result<ContactRow, StoreError> {
        let at = |at: Option<i64>| at.map(Timestamp::from_millis);
        let mut row = ContactRow {
            last_at: at(self.last_at),
            first_at: at(self.first_at),
            inbound_at: at(self.inbound_at),
            unread: self.unread,
            inbound_revision: Revision::new(self.arrived.cast_unsigned()),
            revision: Revision::new(self.revision.cast_unsigned()),
            delivered: at(self.delivered),
            read: at(self.read),
            forgotten: at(self.forgotten),
            expired: at(self.expired),
            asked_at: at(self.asked_at),
            ask_again: at(self.ask_again),
            profile_attempt: self.attempt.unwrap_or(0),
            profile_by: self.by.map(|by| WorkerId::new(by.cast_unsigned())),
            profile_lease: at(self.lease),
            picture: self.picture.and_then(NonZeroU32::new),
            send_due: at(self.send_due),
            ..ContactRow::default()
        };
        if let (Some(newest), Some(tie), Some(kind)) = (
            at(self.newest_at).or(row.last_at),
            self.newest_tie,
            self.newest_kind,
        ) {
            let more: SnippetMore = optional(self.newest_more.as_deref())?;
            let spot = Spot::new(newest, tie);
            let mut snippet = Snippet::from_parts(spot, side(kind), more.act, self.newest_text);
            snippet.unsent = kind & 2 != 0;
            (snippet.kinds, snippet.key, snippet.state) = (more.kinds, more.key, more.state);
            row.preview = Some(snippet);
        }
        let mut profile = Profile::default();
        (profile.name, profile.first_name, profile.last_name) =
            (self.name, self.first_name, self.last_name);
        // A customer with a profile without any name has a time of its own.
        if self.profile_at.is_some() || profile != Profile::default() {
            row.profile_at = at(self.profile_at).or(row.asked_at);
            row.profile = Some(profile);
        }
        row.picture_at = at(self.picture_at)
            .or(row.asked_at)
            .filter(|_| self.picture.is_some());
        Ok(row)
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
        optional_json(&Self {
            act: snippet.act.clone(),
            kinds: snippet.kinds.clone(),
            key: snippet.key.clone(),
            state: snippet.state,
        })
    }
}
