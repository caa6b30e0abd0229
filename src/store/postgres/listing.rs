//! What the store shows. Every listing is one statement, or one snapshot, and one round trip.

use std::collections::BTreeMap;

use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

use super::{
    columns::{CONTACT, Columns, to_sql},
    connection::{Lease, Pool, Trip},
    error::failed,
    options::Schema,
    search, talk,
};
use crate::{
    id::PageId,
    model::{Contact, ContactKey, EntryId, Message, Picture, RawEvent, Revision},
    store::{
        Count, Listing, MAX_COUNT, MessageQuery, MessageScope, RawEventQuery, StoreError,
        cursor::{Cursor, cut},
        fold::ContactRow,
    },
    time::Timestamp,
};

/// The number of a Page and its revision, if there is anything of it.
pub(super) async fn page_of(
    client: &Lease,
    schema: &Schema,
    page: &PageId,
) -> Result<Option<(i32, i64)>, StoreError> {
    let sql = format!("SELECT page_no, revision FROM {schema}.page WHERE page = $1");
    let page = to_sql(page.as_str());
    let rows = client.query_typed(&sql, &[(&page, Type::TEXT)]).await;
    let rows = rows.map_err(failed)?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut next = Columns::of(row);
    Ok(Some((next.get()?, next.get()?)))
}

pub(super) async fn contact(
    pool: &Pool,
    schema: &Schema,
    key: &ContactKey,
) -> Result<Option<Contact>, StoreError> {
    let sql = format!(
        "SELECT {} FROM {schema}.page p JOIN {schema}.contact c ON c.page_no = p.page_no
         WHERE p.page = $1 AND c.psid = $2",
        shown(schema)
    );
    let (page, psid) = (to_sql(key.page.as_str()), to_sql(key.psid.as_str()));
    let rows = ask(pool, &sql, &[(&page, Type::TEXT), (&psid, Type::TEXT)]).await?;
    match rows.first() {
        Some(row) => Ok(Found::of(row)?.show(&key.page)),
        None => Ok(None),
    }
}

/// A customer as they are shown, with what the host wrote down.
pub(super) fn shown(schema: &Schema) -> String {
    let fields = |column: &str| {
        format!(
            "ARRAY(SELECT f.{column} FROM {schema}.field f
             WHERE f.page_no = c.page_no AND f.contact_no = c.contact_no AND f.value IS NOT NULL ORDER BY f.name)"
        )
    };
    let (names, values) = (fields("name"), fields("value"));
    format!("c.contact_no, c.psid, {CONTACT}, {names}, {values}")
}

pub(super) struct Found {
    contact_no: i64,
    psid: crate::id::Psid,
    pub(super) row: ContactRow,
    fields: BTreeMap<String, String>,
}

impl Found {
    pub(super) fn of(row: &Row) -> Result<Self, StoreError> {
        let mut next = Columns::of(row);
        let (contact_no, psid, row) = (next.get()?, next.psid()?, next.contact()?);
        let (names, values) = (next.texts()?, next.texts()?);
        let fields = names.into_iter().zip(values).collect();
        Ok(Self {
            contact_no,
            psid,
            row,
            fields,
        })
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor::new(self.row.last_at.unwrap_or_default(), self.contact_no)
    }

    pub(super) fn show(self, page: &PageId) -> Option<Contact> {
        let key = ContactKey::new(page.clone(), self.psid);
        self.row.show(&key, self.fields)
    }
}

pub(super) async fn picture(
    pool: &Pool,
    schema: &Schema,
    key: &ContactKey,
) -> Result<Option<Picture>, StoreError> {
    let sql = format!(
        "SELECT i.media_type, i.bytes FROM {schema}.page p JOIN {schema}.contact c ON c.page_no = p.page_no
         JOIN {schema}.picture i ON i.page_no = c.page_no AND i.contact_no = c.contact_no
         WHERE p.page = $1 AND c.psid = $2"
    );
    let (page, psid) = (to_sql(key.page.as_str()), to_sql(key.psid.as_str()));
    let rows = ask(pool, &sql, &[(&page, Type::TEXT), (&psid, Type::TEXT)]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut next = Columns::of(row);
    Ok(Some(Picture {
        media_type: next.text()?.unwrap_or_default(),
        bytes: next.get()?,
    }))
}

pub(super) async fn messages(
    pool: &Pool,
    schema: &Schema,
    query: &MessageQuery,
) -> Result<Listing<Message>, StoreError> {
    let (limit, after) = (query.limit as usize, query.after.as_deref());
    match &query.scope {
        MessageScope::Conversation(key) => talk::talk(pool, schema, key, after, limit).await,
        MessageScope::Search { page, text } => {
            search::search(pool, schema, (page, text), after, limit).await
        }
    }
}

pub(super) async fn kept(
    pool: &Pool,
    schema: &Schema,
    query: &RawEventQuery,
) -> Result<Listing<RawEvent>, StoreError> {
    let (at, id) = match query.after.as_deref() {
        None => (i64::MAX, "\u{10ffff}".to_owned()),
        Some(after) => after
            .split_once(':')
            .and_then(|(at, id)| Some((at.parse().ok()?, to_sql(id))))
            .ok_or(StoreError::Unreadable("the cursor"))?,
    };
    let client = Lease::read(pool).await?;
    let (page_no, revision) = match &query.page {
        None => (0, 0),
        Some(page) => match page_of(&client, schema, page).await? {
            Some(found) => found,
            None => {
                client.release();
                return Ok(nothing());
            }
        },
    };
    let limit = query.limit as usize;
    let more = more_than(limit);
    let mut trip = Trip::new(&client);
    trip.add(
        format!(
            "SELECT id, psid, at, reason, raw FROM {schema}.kept WHERE page_no = $1 AND (at, id COLLATE \"C\") < ($2, $3)
             ORDER BY at DESC, id COLLATE \"C\" DESC LIMIT $4"
        ),
        vec![
            (&page_no, Type::INT4),
            (&at, Type::INT8),
            (&id, Type::TEXT),
            (&more, Type::INT8),
        ],
    );
    trip.add(
        format!(
            "SELECT count(*) FROM (SELECT 1 FROM {schema}.kept WHERE page_no = $1 ORDER BY at DESC LIMIT {}) few",
            MAX_COUNT + 1
        ),
        vec![(&page_no, Type::INT4)],
    );
    let answers = trip.go().await.map_err(failed)?;
    client.release();
    let kept = answers[0].iter().map(|row| {
        let mut next = Columns::of(row);
        Ok(RawEvent {
            id: EntryId::from_text(next.text()?.unwrap_or_default()),
            page: query.page.clone(),
            psid: next.text()?.map(crate::store::encoding::psid).transpose()?,
            at: Timestamp::from_millis(next.get()?),
            reason: next.text()?.unwrap_or_default(),
            raw: next.get()?,
        })
    });
    let mut rows: Vec<RawEvent> = kept.collect::<Result<_, StoreError>>()?;
    let next = cut(&mut rows, limit, |kept| {
        format!("{}:{}", kept.at.as_millis(), kept.id.as_str())
    });
    Ok(Listing {
        next,
        rows,
        total: count(&answers[1])?,
        revision: Revision::new(revision.cast_unsigned()),
    })
}

pub(super) fn nothing<T>() -> Listing<T> {
    Listing {
        rows: Vec::new(),
        next: None,
        total: Count::Exactly(0),
        revision: Revision::default(),
    }
}

/// One statement on a connection of its own.
pub(super) async fn ask(
    pool: &Pool,
    sql: &str,
    params: &[(&(dyn ToSql + Sync), Type)],
) -> Result<Vec<Row>, StoreError> {
    let client = Lease::read(pool).await?;
    let rows = client.query_typed(sql, params).await.map_err(failed)?;
    client.release();
    Ok(rows)
}

/// One more than asked for tells whether there is more.
pub(super) fn more_than(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

pub(super) fn count(rows: &[Row]) -> Result<Count, StoreError> {
    let counted: i64 = match rows.first() {
        Some(row) => row.try_get(0).map_err(failed)?,
        None => 0,
    };
    Ok(Count::of(u32::try_from(counted).unwrap_or(u32::MAX)))
}
