//! The first round trip: customers are locked, and all rows that the changes touch are read.
//!
//! The lock of a customer's row is the lock of the conversation: every rule looks at one
//! conversation only. They are locked in one order by everybody. A customer who is not there yet
//! cannot be locked: whoever writes them second fails, and begins anew.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    columns::{CONTACT, Fields, MARK, MESSAGE, Many, OUTGOING, ReadRow as _, WORK, to_sql},
    error::Failure,
    options::Schema,
    row_fetch::{RowFetch, by_contact, on_contacts, on_pages},
    session::{Parameter, Session, Statement, run},
};
use crate::{
    change::Change,
    id::PageId,
    model::{ContactKey, EntryId, OutgoingKey, Revision},
    store::{
        StoreError,
        fold::{
            ContactRow, Ends, EntryRow, Fetched, Missing, MissingEnds, OldRows, RowKeys, WorkKey,
            WorkRow, row_keys,
        },
        sql::{Columns, PRIMARY_LIVE, SIDE, WorkColumns, key_hash, millis, psid},
    },
    time::Timestamp,
};

/// Messages that are looked at for one that a cut leaves visible.
const VISIBLE: u32 = 100;

/// The revision that a commit works with until it has its own: later than any there is.
pub(super) const PENDING_REVISION: Revision = Revision::new(i64::MAX.cast_unsigned());

/// What is known of the rows that changes touch.
#[derive(Default)]
pub(super) struct Known {
    pub(super) rows: Fetched,
    pub(super) pages: BTreeMap<PageId, i32>,
    pub(super) contacts: BTreeMap<ContactKey, Place>,
    /// The entries that are stored, as they are.
    pub(super) entries: BTreeMap<(ContactKey, EntryId), EntryRow>,
    /// The items of work that are stored.
    pub(super) work: BTreeSet<WorkKey>,
}

/// The condition for rows of one customer. Texts of statements that are the same for all customers
/// can stay prepared.
const OF_CONTACT: &str = "page_no = $1 AND contact_no = $2";

/// Where a customer's rows lie, or will lie.
pub(super) struct Place {
    pub(super) page_no: i32,
    pub(super) contact_no: i64,
    /// The customer's row, if it is there.
    pub(super) row: Option<ContactRow>,
}

/// Locks and reads, after the command that begins the transaction or savepoint.
pub(super) async fn load<S: Session>(
    session: &mut S,
    schema: &Schema,
    begin: &str,
    changes: &[&[Change]],
) -> Result<Known, Failure> {
    let all = || changes.iter().copied().flatten();
    let keys = row_keys(all());
    let pages: BTreeSet<&PageId> = all().filter_map(Change::page).collect();
    let mut known = Known::default();
    first(session, schema, Some(begin), &pages, &keys, &mut known).await?;
    if known.pages.len() < pages.len() {
        create(session, schema, &pages).await?;
        known = Known::default();
        first(session, schema, None, &pages, &keys, &mut known).await?;
    }
    for page in pages {
        // The fold counts one on from here.
        let last = Revision::new(PENDING_REVISION.number() - 1);
        known.rows.add_revision(page.clone(), last);
    }
    Ok(known)
}

/// Reads what the fold wants to see in addition.
pub(super) async fn load_more<S: Session>(
    session: &mut S,
    schema: &Schema,
    known: &mut Known,
    missing: Missing,
) -> Result<(), Failure> {
    let mut keys = RowKeys::default();
    match missing {
        Missing::Entry(key, id) => drop(keys.entries.insert((key, id))),
        Missing::Outgoing(key, reply) => drop(keys.outgoing.insert((key, reply))),
        Missing::Due(key) => drop(keys.due.insert(key)),
        Missing::Work(key) => drop(keys.work.insert(key)),
        Missing::FirstWork(contact, kind) => drop(keys.first_work.insert((contact, kind))),
        Missing::Kept(page, id) => drop(keys.kept.insert((page, id))),
        Missing::Tombstone(page, hash) => drop(keys.tombstones.insert((page, hash))),
        Missing::Page(page) => drop(keys.pages.insert(page)),
        Missing::Contact(key) => {
            keys.contacts.insert(key);
            return first(session, schema, None, &BTreeSet::new(), &keys, known).await;
        }
        Missing::Ends(missing) => return ends(session, schema, known, missing).await,
        Missing::Old(key, cutoff, limit) => {
            keys = old(session, schema, known, &key, cutoff, limit).await?;
        }
        Missing::Inbound(key, cutoff, limit) => {
            return inbound(session, schema, known, key, cutoff, limit).await;
        }
        Missing::ContactOf(page, hash) => {
            return contact_of(session, schema, known, page, hash).await;
        }
        Missing::Revision(_) => {
            return Err(StoreError::Unreadable("a row that no change names").into());
        }
    }
    let fetch = RowFetch::of(schema, &keys);
    let statements: Vec<Statement<'_>> = fetch.statements().collect();
    let results = run(session, &statements).await?;
    Ok(fetch.read(results.into_iter(), known)?)
}

async fn first<S: Session>(
    session: &mut S,
    schema: &Schema,
    begin: Option<&str>,
    pages: &BTreeSet<&PageId>,
    keys: &RowKeys,
    known: &mut Known,
) -> Result<(), Failure> {
    let contacts: Vec<&ContactKey> = keys.contacts.iter().collect();
    let named = by_contact(contacts.iter().copied());
    let hashes = contacts.iter().map(|key| Some(key.hash().to_vec()));
    let hashed = by_contact(contacts.iter().copied()).bytes("hash", hashes.collect());
    // Most Pages are named together with their customers.
    let with_contacts: BTreeSet<&PageId> = contacts.iter().map(|key| &key.page).collect();
    let without_contacts: Vec<&PageId> = pages.difference(&with_contacts).copied().collect();
    let page_names = Many::default().texts(
        "page",
        without_contacts.iter().map(|page| Some(page.as_str())),
    );
    let fetch = RowFetch::of(schema, keys);

    let mut statements: Vec<Statement<'_>> = begin.map(Statement::command).into_iter().collect();
    statements.push(Statement::new(
        format!(
            "SELECT w.n, {} FROM {} w CROSS JOIN LATERAL (
                 SELECT * FROM {schema}.contact x WHERE x.page_no = w.page_no AND x.psid = w.psid FOR NO KEY UPDATE
             ) c",
            *CONTACT,
            on_pages(schema, &named)
        ),
        named.parameters(),
    ));
    // A statement of its own: it sees what the lock has waited for.
    statements.push(Statement::new(
        format!(
            "SELECT c.n, c.contact_no, c.page_no,
             (SELECT t.at FROM {schema}.tombstone t WHERE t.page_no = c.page_no AND t.hash = c.hash),
             CASE WHEN c.contact_no IS NULL AND c.page_no IS NOT NULL THEN nextval('{schema}.contact_no') END
             FROM {} c",
            on_contacts(schema, &hashed)
        ),
        hashed.parameters(),
    ));
    if !without_contacts.is_empty() {
        let sql = format!(
            "SELECT w.n, w.page_no FROM {} w WHERE w.page_no IS NOT NULL",
            on_pages(schema, &page_names)
        );
        statements.push(Statement::new(sql, page_names.parameters()));
    }
    statements.extend(fetch.statements());
    let mut results = run(session, &statements).await?.into_iter();
    if begin.is_some() {
        results.next();
    }
    let mut rows_of_next = || results.next().unwrap_or_default();
    let (locked, places) = (rows_of_next(), rows_of_next());
    let found_pages = if without_contacts.is_empty() {
        Vec::new()
    } else {
        rows_of_next()
    };

    for row in found_pages {
        let mut next = Fields::of(row);
        let page = without_contacts.get(next.place()?);
        if let (Some(page), Some(number)) = (page, next.page_no()?) {
            known.pages.insert((*page).clone(), number);
        }
    }
    let mut rows = BTreeMap::new();
    for row in locked {
        let mut next = Fields::of(row);
        let place = next.place()?;
        let (number, _, row) = next.contact()?;
        rows.insert(place, (number, row));
    }
    for row in places {
        let mut next = Fields::of(row);
        let place = next.place()?;
        let there = next.int()?;
        let page_no = next.page_no()?;
        let forgotten = next.int()?;
        let new = next.int()?;
        let (Some(key), Some(page_no)) = (contacts.get(place), page_no) else {
            continue;
        };
        known.pages.insert(key.page.clone(), page_no);
        let forgotten = forgotten.map(Timestamp::from_millis);
        let place = match (rows.remove(&place), there, new) {
            (Some((contact_no, mut row)), ..) => {
                row.forgotten = row.forgotten.max(forgotten);
                Place {
                    page_no,
                    contact_no,
                    row: Some(row),
                }
            }
            (None, None, Some(contact_no)) => Place {
                page_no,
                contact_no,
                row: None,
            },
            // They came between the two statements, and are not locked.
            _ => return Err(Failure::overtaken()),
        };
        // Of somebody who was erased the tombstone is left.
        let tombstone = forgotten.map(|_| ContactRow::default());
        let mut seen = place.row.clone().or(tombstone);
        if let Some(row) = &mut seen {
            row.forgotten = row.forgotten.max(forgotten);
        }
        known.rows.add_contact((*key).clone(), seen);
        known.contacts.insert((*key).clone(), place);
    }
    Ok(fetch.read(results, known)?)
}

async fn create<S: Session>(
    session: &mut S,
    schema: &Schema,
    pages: &BTreeSet<&PageId>,
) -> Result<(), Failure> {
    let names = Many::default().texts("page", pages.iter().map(|page| Some(page.as_str())));
    let sql = format!(
        "INSERT INTO {schema}.page (page) SELECT page FROM {} AS w(page) ORDER BY page ON CONFLICT (page) DO NOTHING",
        names.unnested()
    );
    run(session, &[Statement::new(sql, names.parameters())]).await?;
    Ok(())
}

impl Known {
    pub(super) fn found(&mut self, key: &ContactKey, row: EntryRow) {
        let (key, id) = (key.clone(), row.id.clone());
        self.entries.insert((key.clone(), id.clone()), row.clone());
        self.rows.add_entry(key, id, Some(row));
    }

    pub(super) fn found_work(&mut self, key: WorkKey, row: WorkRow) {
        self.work.insert(key.clone());
        self.rows.add_work(key, Some(row));
    }

    /// The parameters of [`OF_CONTACT`] for a customer that is stored.
    fn stored(&self, key: &ContactKey) -> Option<[Parameter<'static>; 2]> {
        let place = self.contacts.get(key).filter(|place| place.row.is_some())?;
        Some([
            Parameter::Int4(place.page_no),
            Parameter::Int8(place.contact_no),
        ])
    }
}

/// The first key that is younger than a time.
fn keys_after(cutoff: Option<Timestamp>) -> Vec<u8> {
    match cutoff {
        None => Vec::new(),
        Some(cutoff) => {
            let next = cutoff + std::time::Duration::from_millis(1);
            OutgoingKey::new(next, [0; 10]).to_bytes().to_vec()
        }
    }
}

/// The ends of a conversation, but for the rows in hand.
async fn ends<S: Session>(
    session: &mut S,
    schema: &Schema,
    known: &mut Known,
    missing: MissingEnds,
) -> Result<(), Failure> {
    let mut ends = Ends::default();
    let cutoff = missing.cutoff;
    let Some([page_no, contact_no]) = known.stored(&missing.contact) else {
        known.rows.add_ends(missing, ends);
        return Ok(());
    };
    let ids = missing.without.iter();
    let ids: Vec<Option<String>> = ids.map(|id| Some(to_sql(id.as_str()))).collect();
    let keys = missing.without_replies.iter();
    let keys: Vec<Option<Vec<u8>>> = keys.map(|key| Some(key.to_bytes().to_vec())).collect();
    let first_key = keys_after(cutoff);
    let limit = if cutoff.is_none() { 1 } else { VISIBLE };
    let (customer, page) = (
        format!("AND kind & {SIDE} = 0 AND kind & 32 <> 0"),
        format!("AND kind & {SIDE} = 1"),
    );
    let entries = |condition: &str, order: &str| {
        format!(
            "SELECT {MESSAGE} FROM {schema}.message m WHERE {OF_CONTACT} AND at > $4 AND id <> ALL ($3) {condition}
             ORDER BY at {order}, tie {order} LIMIT {limit}"
        )
    };
    let after = millis(cutoff).unwrap_or(i64::MIN);
    let entries_after = |at| {
        vec![
            page_no,
            contact_no,
            Parameter::TextArray(&ids),
            Parameter::Int8(at),
        ]
    };
    let mut statements = Vec::new();
    for (condition, order) in [
        (format!("AND kind & {SIDE} < 2"), "ASC"),
        (format!("AND kind & {SIDE} < 2"), "DESC"),
        (customer.clone(), "DESC"),
        (page, "DESC"),
    ] {
        let sql = entries(&condition, order);
        statements.push(Statement::new(sql, entries_after(after)));
    }
    for end in [
        "AND has_content = 1 ORDER BY at LIMIT 1",
        "AND has_content = 1 ORDER BY at DESC LIMIT 100",
        "AND tie IS NOT NULL ORDER BY at DESC, tie DESC LIMIT 1",
    ] {
        statements.push(Statement::new(
            format!(
                "SELECT {} FROM {schema}.outgoing o WHERE {OF_CONTACT} AND key >= $4 AND key <> ALL ($3) {end}",
                *OUTGOING
            ),
            vec![
                page_no,
                contact_no,
                Parameter::ByteaArray(&keys),
                Parameter::Bytea(&first_key),
            ],
        ));
    }
    let results = run(session, &statements).await?;
    for (at, rows) in results.into_iter().enumerate() {
        for row in rows {
            if at > 3 {
                ends.include_reply(&Fields::of(row).outgoing()?, cutoff);
                continue;
            }
            let row = Fields::of(row).entry()?;
            let visible = row.visible(cutoff);
            if visible.is_some_and(|row| row.body.is_some()) {
                ends.include(&row, cutoff);
                break;
            }
        }
    }
    let replied = ends.replied_at.max(missing.replied_at);
    let since = millis(replied.max(cutoff)).unwrap_or(i64::MIN);
    let statement = Statement::new(entries(&customer, "ASC"), entries_after(since));
    let results = run(session, &[statement]).await?;
    let mut unanswered = Ends {
        replied_at: replied,
        ..Ends::default()
    };
    for row in results.into_iter().flatten() {
        unanswered.include_unanswered(&Fields::of(row).entry()?, cutoff);
    }
    ends.unanswered_since = unanswered.unanswered_since;
    known.rows.add_ends(missing, ends);
    Ok(())
}

/// Rows that a cut has erased, and the keys of those that belong to them.
async fn old<S: Session>(
    session: &mut S,
    schema: &Schema,
    known: &mut Known,
    key: &ContactKey,
    cutoff: Timestamp,
    limit: u32,
) -> Result<RowKeys, Failure> {
    let (mut rows, mut keys) = (OldRows::default(), RowKeys::default());
    if let Some([page_no, contact_no]) = known.stored(key) {
        let first_key = keys_after(Some(cutoff));
        let mut statements = vec![Statement::new(
            format!(
                "SELECT {} FROM {schema}.outgoing o WHERE {OF_CONTACT} AND key < $3 LIMIT $4",
                *OUTGOING
            ),
            vec![
                page_no,
                contact_no,
                Parameter::Bytea(&first_key),
                Parameter::Int8(limit.into()),
            ],
        )];
        let until = vec![
            page_no,
            contact_no,
            Parameter::Int8(cutoff.as_millis()),
            Parameter::Int8(limit.into()),
        ];
        for sql in [
            format!(
                "SELECT {MESSAGE} FROM {schema}.message m WHERE {OF_CONTACT} AND at <= $3 LIMIT $4"
            ),
            format!("SELECT {MARK} FROM {schema}.mark m WHERE {OF_CONTACT} AND at <= $3 LIMIT $4"),
            format!(
                "SELECT {} FROM {schema}.work k WHERE {OF_CONTACT} AND at <= $3 LIMIT $4",
                *WORK
            ),
        ] {
            statements.push(Statement::new(sql, until.clone()));
        }
        let mut results = run(session, &statements).await?.into_iter();
        let limit = limit as usize;
        for row in results.next().into_iter().flatten() {
            rows.outgoing.push(Fields::of(row).outgoing()?);
        }
        for row in results.by_ref().take(2).flatten() {
            if rows.outgoing.len() + rows.entries.len() < limit {
                let row = Fields::of(row).entry()?;
                known.found(key, row.clone());
                rows.entries.push(row);
            }
        }
        for row in results.flatten() {
            if rows.outgoing.len() + rows.entries.len() + rows.work.len() < limit {
                let (item, row) = WorkColumns::read_of(key, &mut Fields::of(row))?;
                known.found_work(item.clone(), row);
                rows.work.push(item);
            }
        }
        let here: BTreeSet<&EntryId> = rows.entries.iter().map(|row| &row.id).collect();
        let mids = rows.outgoing.iter().flat_map(|row| &row.mids);
        let ids = mids.map(EntryId::of_message);
        keys.entries = ids
            .filter(|id| !here.contains(id))
            .map(|id| (key.clone(), id))
            .collect();
        let here: BTreeSet<&OutgoingKey> = rows.outgoing.iter().map(|row| &row.key).collect();
        keys.outgoing = (rows.entries.iter())
            .filter_map(|row| row.key.clone())
            .filter(|key| !here.contains(key))
            .map(|reply| (key.clone(), reply))
            .collect();
    }
    known.rows.add_old(key.clone(), cutoff, rows);
    Ok(keys)
}

async fn inbound<S: Session>(
    session: &mut S,
    schema: &Schema,
    known: &mut Known,
    key: ContactKey,
    cutoff: Timestamp,
    limit: u32,
) -> Result<(), Failure> {
    let mut count = 0;
    if let Some([page_no, contact_no]) = known.stored(&key) {
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {schema}.message WHERE {OF_CONTACT} AND at > $3
             AND kind & {SIDE} = 0 AND kind & {PRIMARY_LIVE} <> 0 LIMIT $4) few"
        );
        let parameters = vec![
            page_no,
            contact_no,
            Parameter::Int8(cutoff.as_millis()),
            Parameter::Int8(limit.into()),
        ];
        let results = run(session, &[Statement::new(sql, parameters)]).await?;
        for row in results.into_iter().flatten() {
            count = Fields::of(row).number()?;
        }
    }
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    known.rows.add_inbound(key, cutoff, limit, count);
    Ok(())
}

/// The customer of a Page with a row or a raw event whose key has this hash.
async fn contact_of<S: Session>(
    session: &mut S,
    schema: &Schema,
    known: &mut Known,
    page: PageId,
    hash: [u8; 16],
) -> Result<(), Failure> {
    let mut found = None;
    if let Some(page_no) = known.pages.get(&page) {
        let sql = format!(
            "SELECT psid FROM {schema}.contact WHERE key_hash = $1 AND page_no = $2
             UNION SELECT psid FROM {schema}.raw_event WHERE page_no = $2 AND psid IS NOT NULL"
        );
        let parameters = vec![Parameter::Int8(key_hash(&hash)), Parameter::Int4(*page_no)];
        let results = run(session, &[Statement::new(sql, parameters)]).await?;
        for row in results.into_iter().flatten() {
            let text = Fields::of(row).text()?.unwrap_or_default();
            let key = ContactKey::new(page.clone(), psid(text)?);
            if key.hash() == hash {
                found = Some(key);
            }
        }
    }
    known.rows.add_contact_of(page, hash, found);
    Ok(())
}
