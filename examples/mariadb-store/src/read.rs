//! Customers, conversations and raw events, as they are shown.

use messenger_crm::id::PageId;
use messenger_crm::model::{Contact, ContactKey, EntryId, Message, Picture, RawEvent, Revision};
use messenger_crm::store::fold::{ContactRow, EntryRow, OutgoingRow, PageRow};
use messenger_crm::store::{
    AssigneeFilter, Changed, ContactFilter, ContactQuery, Count, Listing, MAX_COUNT, MessageQuery,
    MessageStart, PageState, Place, RawEventQuery, StoreError,
};
use messenger_crm::time::Timestamp;
use mysql_async::Value;

use crate::connection::{Error, Tx, id, marks, millis, one, parse, rows, values};
use crate::load;

/// Customers of one answer to [`changed_since`]; all of a revision are returned together.
const MAX_CHANGED: u32 = 1_000;

pub(crate) async fn contact(tx: &mut Tx, key: &ContactKey) -> Result<Option<Contact>, Error> {
    let row = load::contact(tx, key).await?;
    Ok(row.and_then(|row| row.show(key.clone())))
}

pub(crate) async fn picture(tx: &mut Tx, key: &ContactKey) -> Result<Option<Picture>, Error> {
    let sql = "SELECT media_type, bytes FROM picture WHERE page = ? AND psid = ?";
    let found: Option<(String, Vec<u8>)> = one(tx, sql, load::place(key)).await?;
    Ok(found.map(|(media_type, bytes)| Picture::new(media_type, bytes)))
}

pub(crate) async fn page(tx: &mut Tx, page: &PageId) -> Result<PageState, Error> {
    let sql = "SELECT data FROM page WHERE page = ? AND data IS NOT NULL";
    let found: Option<Vec<u8>> = one(tx, sql, values![page.as_str()]).await?;
    let row: Option<PageRow> = found.map(|data| parse(&data)).transpose()?;
    Ok(row.unwrap_or_default().show(revision(tx, page.as_str()).await?.0))
}

/// Revision of a Page, and the last one that removed a customer.
async fn revision(tx: &mut Tx, page: &str) -> Result<(Revision, Revision), Error> {
    let sql = "SELECT revision, removed FROM page WHERE page = ?";
    let (revision, removed) = one(tx, sql, values![page]).await?.unwrap_or_default();
    Ok((Revision::new(revision), Revision::new(removed)))
}

pub(crate) async fn contacts(tx: &mut Tx, query: &ContactQuery) -> Result<Listing<Contact>, Error> {
    let name = query.check()?;
    let is_descending = query.order.is_descending();
    let (at, number) = query.start()?.bounds(is_descending);
    let column = query.order.column();
    let (than, direction) = if is_descending { ("<", "DESC") } else { (">", "ASC") };
    let (condition, mut values) = condition(&query.filter, name)?;
    let sql = format!(
        "SELECT page, psid, contact_no, data FROM contact c WHERE {condition}
         AND {column} {than}= ? AND ({column} {than} ? OR contact_no {than} ?) AND {column} <= ?
         ORDER BY {column} {direction}, contact_no {direction} LIMIT ?"
    );
    let latest = query.order.latest().as_millis();
    values.extend(values![at, at, number, latest, query.limit + 1]);
    let mut found = Vec::new();
    type Columns = (String, String, i64, Vec<u8>);
    for (page, psid, number, data) in rows::<Columns>(tx, &sql, values).await? {
        let shown = shown(page, psid, &data)?;
        found.extend(shown.and_then(|contact| Some((query.place(&contact, number)?, contact))));
    }
    let listing = query.listing(found);
    Ok(match &query.filter.pages[..] {
        [page] => listing.with_revision(revision(tx, page.as_str()).await?.0),
        _ => listing,
    })
}

fn shown(page: String, psid: String, data: &[u8]) -> Result<Option<Contact>, Error> {
    let row: ContactRow = parse(data)?;
    Ok(row.show(ContactKey::new(id(page)?, id(psid)?)))
}

/// The condition on customers `c` who pass a filter.
fn condition(filter: &ContactFilter, name: Option<String>) -> Result<(String, Vec<Value>), Error> {
    let pages = filter.pages.iter().map(|page| Value::from(page.as_str()));
    let mut values: Vec<Value> = pages.collect();
    let mut sql = format!("c.page IN ({}) AND last_at IS NOT NULL", marks(values.len()));
    let mut and = |condition: &str, more: Vec<Value>| {
        sql = format!("{sql} AND {condition}");
        values.extend(more);
    };
    if !filter.statuses.is_empty() {
        let kinds = filter.statuses.iter().map(|kind| kind.as_str().into()).collect();
        and(&format!("status IN ({})", marks(filter.statuses.len())), kinds);
    }
    match &filter.assignee {
        None => {}
        Some(AssigneeFilter::Nobody) => and("assignee IS NULL", vec![]),
        Some(AssigneeFilter::Agent(agent)) => and("assignee = ?", values![agent]),
        Some(_) => return Err(StoreError::InvalidQuery("the filter is not known".into()).into()),
    }
    if filter.unread {
        and("unread > 0", vec![]);
    }
    if filter.unanswered {
        and("unanswered_since IS NOT NULL", vec![]);
    }
    let tags = filter.tags.iter().map(|tag| (tag, None));
    let fields = filter.fields.iter().map(|(name, value)| (name, Some(value)));
    for (name, value) in tags.chain(fields) {
        let label = "EXISTS (SELECT 1 FROM label l WHERE l.page = c.page AND l.psid = c.psid
            AND l.name = ? AND l.value <=> ?)";
        and(label, values![name, value]);
    }
    if let Some(name) = name {
        let named = "(locate(?, names) > 0 OR lower(convert(c.psid USING utf8mb4)) = ?)";
        and(named, values![name.as_bytes(), &name]);
    }
    Ok((sql, values))
}

pub(crate) async fn tags(tx: &mut Tx, page: &PageId) -> Result<Vec<(String, Count)>, Error> {
    let sql = "SELECT name, count(*) FROM label JOIN contact USING (page, psid)
        WHERE page = ? AND value IS NULL AND last_at IS NOT NULL GROUP BY name ORDER BY name";
    let found: Vec<(String, u32)> = rows(tx, sql, values![page.as_str()]).await?;
    Ok(found.into_iter().map(|(tag, count)| (tag, Count::of(count))).collect())
}

pub(crate) async fn find(tx: &mut Tx, field: &str, value: &str) -> Result<Vec<Contact>, Error> {
    let sql = "SELECT page, psid, data FROM label JOIN contact USING (page, psid)
        WHERE name = ? AND value = ? AND last_at IS NOT NULL ORDER BY page, psid LIMIT ?";
    let values = values![field, value, MAX_COUNT];
    let mut found = Vec::new();
    for (page, psid, data) in rows::<(String, String, Vec<u8>)>(tx, sql, values).await? {
        found.extend(shown(page, psid, &data)?);
    }
    Ok(found)
}

pub(crate) async fn messages(tx: &mut Tx, query: &MessageQuery) -> Result<Listing<Message>, Error> {
    query.check()?;
    let key = &query.contact;
    let (revision, _) = revision(tx, key.page.as_str()).await?;
    let contact = load::contact(tx, key).await?.unwrap_or_default();
    let around = match &query.start {
        MessageStart::Around(id) => {
            let sql = "SELECT at, tie FROM message WHERE page = ? AND psid = ? AND id = ? AND tie IS NOT NULL";
            let values = [load::place(key), values![id]].concat();
            let found: Option<(i64, i64)> = one(tx, sql, values).await?;
            found.map(|(at, tie)| Place::new(Timestamp::from_millis(at), tie, true))
        }
        _ => None,
    };
    let (mut newer, mut older) = (Vec::new(), Vec::new());
    if let Some(reads) = query.reads(around)? {
        newer = part(tx, key, &contact, (">", "ASC"), reads.newer_than, reads.newer).await?;
        older = part(tx, key, &contact, ("<", "DESC"), reads.older_than, reads.older).await?;
    }
    Ok(query.listing(newer, older, revision))
}

/// Messages on one side of a place, the nearest first.
async fn part(
    tx: &mut Tx,
    key: &ContactKey,
    contact: &ContactRow,
    (than, direction): (&str, &str),
    place: Place,
    limit: u32,
) -> Result<Vec<(Place, Message)>, Error> {
    let sql = format!(
        "SELECT is_reply, tie, data FROM message WHERE page = ? AND psid = ? AND tie IS NOT NULL
         AND visible_at > ? AND at {than}= ? AND (at {than} ? OR tie {than} ?)
         ORDER BY at {direction}, tie {direction} LIMIT ?"
    );
    let (at, tie) = place.bounds(true);
    let cutoff = millis(contact.cutoff()).unwrap_or(i64::MIN);
    let values = [load::place(key), values![cutoff, at, at, tie, limit]].concat();
    let mut found = Vec::new();
    for (is_reply, tie, data) in rows::<(bool, i64, Vec<u8>)>(tx, &sql, values).await? {
        let message = match is_reply {
            true => parse::<OutgoingRow>(&data)?.show(key, contact),
            false => parse::<EntryRow>(&data)?.show(key, contact),
        };
        found.extend(message.map(|message| (Place::of_message(&message, tie), message)));
    }
    Ok(found)
}

pub(crate) async fn raw_events(
    tx: &mut Tx,
    query: &RawEventQuery,
) -> Result<Listing<RawEvent>, Error> {
    query.check()?;
    let (at, last) = query.start()?;
    let sql = "SELECT id, psid, at, reason, raw FROM raw_event
        WHERE page = ? AND at <= ? AND (at < ? OR id < ?) ORDER BY at DESC, id DESC LIMIT ?";
    let page = load::page_id(query.page.as_ref());
    let values = values![page, at, at, last, query.limit + 1];
    type Columns = (String, Option<String>, i64, String, Vec<u8>);
    let mut events = Vec::new();
    for (name, psid, at, reason, raw) in rows::<Columns>(tx, sql, values).await? {
        let at = Timestamp::from_millis(at);
        let mut event = RawEvent::new(EntryId::from_text(name), at, reason, raw);
        event.page.clone_from(&query.page);
        event.psid = psid.map(id).transpose()?;
        events.push(event);
    }
    Ok(query.listing(events).with_revision(revision(tx, page).await?.0))
}

pub(crate) async fn changed_since(
    tx: &mut Tx,
    page: &PageId,
    since: Revision,
) -> Result<Changed, Error> {
    let (now, removed) = revision(tx, page.as_str()).await?;
    if let Some(reset) = Changed::reset(since, now, removed) {
        return Ok(reset);
    }
    let (name, number) = (page.as_str(), since.number());
    let sql = "SELECT revision FROM contact WHERE page = ? AND revision > ? AND last_at IS NOT NULL
        ORDER BY revision LIMIT 1 OFFSET ?";
    let end: Option<u64> = one(tx, sql, values![name, number, MAX_CHANGED - 1]).await?;
    let end = end.unwrap_or(now.number());
    let sql = "SELECT psid FROM contact WHERE page = ? AND revision > ? AND revision <= ?
        AND last_at IS NOT NULL ORDER BY revision";
    let mut changed = Changed::default();
    for psid in rows::<String>(tx, sql, values![name, number, end]).await? {
        changed.contacts.push(ContactKey::new(page.clone(), id(psid)?));
    }
    (changed.revision, changed.more) = (Revision::new(end), end < now.number());
    Ok(changed)
}
