//! Parts of a conversation.

use tokio_postgres::types::Type;

use super::{
    columns::{MESSAGE, Next, OUTGOING, Param, ReadRow as _, to_sql},
    connection::{Lease, Pool},
    error::failed,
    lists::{find_contact, page_of, rows},
    options::Schema,
    pipeline::Trip,
};
use crate::{
    model::{ContactKey, EntryId, Message, OutgoingKey},
    store::{
        Listing, MessageQuery, MessageStart, Place, StoreError,
        fold::{ContactRow, EntryRow},
        sql::{Columns, millis},
    },
    time::Timestamp,
};

pub(super) async fn messages(
    pool: &Pool,
    schema: &Schema,
    query: &MessageQuery,
) -> Result<Listing<Message>, StoreError> {
    query.check()?;
    let client = Lease::read(pool).await?;
    let page = page_of(&client, schema, &query.contact.page).await?;
    let contact = find_contact(&client, schema, &query.contact).await?;
    let (Some((_, revision)), Some((page_no, number, contact))) = (page, contact) else {
        client.release();
        return Ok(Listing::default());
    };
    let part = Part {
        client: &client,
        schema,
        key: &query.contact,
        of: format!("page_no = {page_no} AND contact_no = {number}"),
        contact: &contact,
    };
    let around = match &query.start {
        MessageStart::Around(id) => part.place_of(id).await?,
        _ => None,
    };
    let (mut newer, mut older) = (Vec::new(), Vec::new());
    if let Some(reads) = query.reads(around)? {
        newer = part.read(">", "ASC", reads.newer_than, reads.newer).await?;
        older = part
            .read("<", "DESC", reads.older_than, reads.older)
            .await?;
    }
    client.release();
    Ok(query.listing(newer, older, revision))
}

struct Part<'a> {
    client: &'a Lease,
    schema: &'a Schema,
    key: &'a ContactKey,
    /// The condition for rows of the customer.
    of: String,
    contact: &'a ContactRow,
}

impl Part<'_> {
    /// The log and the queue, each up to a limit.
    async fn read(
        &self,
        than: &str,
        direction: &str,
        place: Place,
        limit: u32,
    ) -> Result<Vec<(Place, Message)>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let Self { schema, of, .. } = self;
        let (at, tie) = place.bounds(true);
        let cutoff = millis(self.contact.cutoff()).unwrap_or(i64::MIN);
        let limit = i64::from(limit);
        let order = format!("ORDER BY at {direction}, tie {direction} LIMIT $3");
        let params: Vec<Param<'_>> = vec![
            (&at, Type::INT8),
            (&tie, Type::INT8),
            (&limit, Type::INT8),
            (&cutoff, Type::INT8),
        ];
        let mut trip = Trip::new(self.client);
        trip.add(
            format!(
                "SELECT tie, {MESSAGE} FROM {schema}.message m WHERE {of} AND (at, tie) {than} ($1, $2) AND at > $4 {order}"
            ),
            params.clone(),
        );
        trip.add(
            format!(
                "SELECT tie, {} FROM {schema}.outgoing o WHERE {of} AND (at, tie) {than} ($1, $2) AND tie IS NOT NULL {order}",
                *OUTGOING
            ),
            params.into_iter().take(3).collect(),
        );
        let answers = trip.go().await.map_err(failed)?;
        let mut placed = Vec::new();
        for (at, rows) in answers.iter().enumerate() {
            for row in rows {
                let mut next = Next::of(row);
                let tie = next.number()?;
                let shown = if at == 0 {
                    next.entry()?.show(self.key, self.contact)
                } else {
                    next.outgoing()?.show(self.key, self.contact)
                };
                placed.extend(shown.map(|message| (Place::of_message(&message, tie), message)));
            }
        }
        Ok(placed)
    }

    /// Place of a message by its id.
    async fn place_of(&self, id: &str) -> Result<Option<Place>, StoreError> {
        let Self { schema, of, .. } = self;
        let found = if let Ok(key) = OutgoingKey::parse(id) {
            let sql = format!(
                "SELECT at, tie FROM {schema}.outgoing WHERE {of} AND key = $1 AND tie IS NOT NULL"
            );
            let key = key.to_bytes().to_vec();
            rows(self.client, &sql, &[(&key, Type::BYTEA)]).await?
        } else {
            let sql =
                format!("SELECT at, tie FROM {schema}.message WHERE {of} AND tie = $1 AND id = $2");
            let tie = EntryRow::tie(&EntryId::from_text(id));
            let id = to_sql(id);
            rows(self.client, &sql, &[(&tie, Type::INT8), (&id, Type::TEXT)]).await?
        };
        let Some(row) = found.first() else {
            return Ok(None);
        };
        let mut next = Next::of(row);
        let at = Timestamp::from_millis(next.number()?);
        Ok(Some(Place::new(at, next.number()?, true)))
    }
}
