//! Columns of an entry.

use serde::{Deserialize, Serialize};

use super::{columns, is_default, optional, optional_json, outgoing_key};
use crate::{
    id::AppId,
    model::{Author, Content, EntryId, OutgoingKey, Side, Source},
    store::{
        StoreError,
        fold::{Body, BodyCopy, Edit, EntryRow, Reacted},
    },
    time::Timestamp,
};

columns! {
    /// An entry as it is written; without a time it waits for its message.
    struct EntryColumns {
        id: text,
        key: bytes,
        marks: text,
        at: int,
        /// Side, source, and two flags: see [`Body`].
        kind: int,
        text: text,
        more: text,
    }
}

/// Bits of `kind` that hold the side.
pub(in crate::store) const SIDE: i64 = 3;
const SOURCE_SHIFT: u32 = 2;
const OPENS_WINDOW: i64 = 1 << 5;
/// Bit of `kind` of an entry that a live delivery brought.
pub(in crate::store) const PRIMARY_LIVE: i64 = 1 << 6;

pub(super) const fn side_code(side: Side) -> i64 {
    match side {
        Side::Customer => 0,
        Side::Page => 1,
        Side::Team => 2,
    }
}

/// A side of a newer program is read as that of the team.
pub(super) const fn side(kind: i64) -> Side {
    match kind & SIDE {
        0 => Side::Customer,
        1 => Side::Page,
        _ => Side::Team,
    }
}

const fn source_code(source: Source) -> i64 {
    match source {
        Source::Own => 0,
        Source::Backfill => 1,
        Source::Standby => 2,
        Source::Webhook => 3,
    }
}

/// A source of a newer program is read as an import.
const fn source(kind: i64) -> Source {
    match (kind >> SOURCE_SHIFT) & 7 {
        0 => Source::Own,
        2 => Source::Standby,
        3 => Source::Webhook,
        _ => Source::Backfill,
    }
}

/// Members that few messages have.
#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
struct Marks {
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<Author>,
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

/// Content without its text, the app that sent it, and other copies.
#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
struct More {
    #[serde(skip_serializing_if = "is_default")]
    content: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<AppId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    copies: Vec<BodyCopy>,
}

impl EntryColumns {
    pub(in crate::store) fn of(row: &EntryRow) -> Result<Self, StoreError> {
        let marks = Marks {
            author: row.author.clone(),
            edit: row.edit.clone(),
            unsent_at: row.unsent_at,
            customer_reaction: row.customer_reaction.clone(),
            page_reaction: row.page_reaction.clone(),
            delivered_at: row.delivered_at,
            sent_twice: row.sent_twice,
        };
        let mut columns = Self {
            id: Some(row.id.as_str().to_owned()),
            key: row.key.as_ref().map(|key| key.to_bytes().to_vec()),
            marks: optional_json(&marks)?,
            ..Self::default()
        };
        if let Some(body) = &row.body {
            let mut more = More {
                content: body.content.clone(),
                app: body.app.clone(),
                copies: body.copies.clone(),
            };
            columns.text = more.content.text.take();
            columns.more = optional_json(&more)?;
            columns.at = Some(body.at.as_millis());
            let flag = |is: bool, bit: i64| if is { bit } else { 0 };
            columns.kind = Some(
                side_code(body.side)
                    | source_code(body.source) << SOURCE_SHIFT
                    | flag(body.opens_window, OPENS_WINDOW)
                    | flag(body.live, PRIMARY_LIVE),
            );
        }
        Ok(columns)
    }

    pub(in crate::store) fn into_row(self) -> Result<EntryRow, StoreError> {
        let marks: Marks = optional(self.marks.as_deref())?;
        let mut row = EntryRow::new(EntryId::from_text(self.id.unwrap_or_default()));
        let key: Option<OutgoingKey> = self.key.as_deref().map(outgoing_key).transpose()?;
        (row.key, row.author, row.edit) = (key, marks.author, marks.edit);
        row.unsent_at = marks.unsent_at;
        row.customer_reaction = marks.customer_reaction;
        row.page_reaction = marks.page_reaction;
        row.delivered_at = marks.delivered_at;
        row.sent_twice = marks.sent_twice;
        if let (Some(at), Some(kind)) = (self.at, self.kind) {
            let mut more: More = optional(self.more.as_deref())?;
            more.content.text = self.text;
            let at = Timestamp::from_millis(at);
            let mut body = Body::new(at, source(kind), side(kind), more.content);
            body.opens_window = kind & OPENS_WINDOW != 0;
            body.live = kind & PRIMARY_LIVE != 0;
            (body.app, body.copies) = (more.app, more.copies);
            row.body = Some(body);
        }
        Ok(row)
    }
}
