//! The first round trip: customers are locked, and all rows that the changes touch are read.
//!
//! The lock of a customer's row is the lock of the conversation: every rule looks at one
//! conversation only. They are locked in one order by everybody. A customer who is not there yet
//! cannot be locked: whoever writes them second fails, and begins anew.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Client, types::Type};

use super::{
    asked::{Asked, by_contact, on_contacts, on_pages},
    columns::{CONTACT, Columns, MESSAGE, Many, OUTGOING, to_sql},
    connection::Trip,
    error::Failure,
    options::Schema,
};
use crate::{
    change::Change,
    id::PageId,
    model::{ContactKey, EntryId, OutgoingKey, Revision},
    store::{
        StoreError,
        fold::{ContactRow, Ends, EntryRow, Loaded, Missing, Wanted, wanted},
    },
    time::Timestamp,
};

/// The revision that a commit works with until it has its own: later than any there is.
pub(super) const UNTOLD: Revision = Revision::new(i64::MAX.cast_unsigned());

/// What is known of the rows that changes touch.
#[derive(Default)]
pub(super) struct Known {
    pub(super) rows: Loaded,
    pub(super) pages: BTreeMap<PageId, i32>,
    pub(super) contacts: BTreeMap<ContactKey, Place>,
    /// The entries that are stored, as they are.
    pub(super) entries: BTreeMap<(ContactKey, EntryId), EntryRow>,
}

/// Where a customer's rows lie, or will lie.
pub(super) struct Place {
    pub(super) page_no: i32,
    pub(super) contact_no: i64,
    /// The customer's row, if it is there.
    pub(super) row: Option<ContactRow>,
}

/// Locks and reads, after `begin` if there is no transaction yet.
pub(super) async fn load(
    client: &Client,
    schema: &Schema,
    begin: Option<&str>,
    changes: &[&[Change]],
) -> Result<Known, Failure> {
    let all = || changes.iter().copied().flatten();
    let wanted = wanted(all());
    let pages: BTreeSet<&PageId> = all().filter_map(Change::page).collect();
    let mut known = first(client, schema, begin, &pages, &wanted).await?;
    if known.pages.len() < pages.len() {
        create(client, schema, &pages).await?;
        known = first(client, schema, None, &pages, &wanted).await?;
    }
    for page in pages {
        // The fold counts one on from here.
        let last = Revision::new(UNTOLD.number() - 1);
        known.rows.put_page(page.clone(), last);
    }
    Ok(known)
}

/// Reads what the fold wants to see in addition.
pub(super) async fn load_more(
    client: &Client,
    schema: &Schema,
    known: &mut Known,
    missing: Missing,
) -> Result<(), Failure> {
    let mut wanted = Wanted::default();
    match missing {
        Missing::Entry(key, id) => drop(wanted.entries.insert((key, id))),
        Missing::Outgoing(key, answer) => drop(wanted.outgoing.insert((key, answer))),
        Missing::Field(key, name) => drop(wanted.fields.insert((key, name))),
        Missing::Due(key) => drop(wanted.due.insert(key)),
        Missing::Conversation(key) => drop(wanted.conversations.insert(key)),
        Missing::Kept(page, id) => drop(wanted.kept.insert((page, id))),
        Missing::Buried(page, hash) => drop(wanted.buried.insert((page, hash))),
        Missing::Ends {
            contact,
            but,
            but_answers,
        } => return ends(client, schema, known, contact, but, but_answers).await,
        Missing::Contact(_) | Missing::Page(_) => {
            return Err(StoreError::Unreadable("a row that no change names").into());
        }
    }
    let asked = Asked::of(schema, &wanted);
    let mut trip = Trip::new(client);
    asked.add(&mut trip);
    let answers = trip.go().await?;
    Ok(asked.read(answers, known)?)
}

async fn first(
    client: &Client,
    schema: &Schema,
    begin: Option<&str>,
    pages: &BTreeSet<&PageId>,
    wanted: &Wanted,
) -> Result<Known, Failure> {
    let contacts: Vec<&ContactKey> = wanted.contacts.iter().collect();
    let named = by_contact(contacts.iter().copied());
    let hashes = contacts.iter().map(|key| Some(key.hash().to_vec()));
    let hashed = by_contact(contacts.iter().copied()).bytes("hash", hashes.collect());
    // Most Pages are told of together with their customers.
    let with_contacts: BTreeSet<&PageId> = contacts.iter().map(|key| &key.page).collect();
    let alone: Vec<&PageId> = pages.difference(&with_contacts).copied().collect();
    let page_names = Many::default().texts("page", alone.iter().map(|page| Some(page.as_str())));
    let asked = Asked::of(schema, wanted);

    let mut trip = Trip::new(client);
    if let Some(begin) = begin {
        trip.control(begin);
    }
    trip.add(
        format!(
            "SELECT w.n, c.contact_no, c.page_no, {CONTACT} FROM {} w CROSS JOIN LATERAL (
                 SELECT * FROM {schema}.contact x WHERE x.page_no = w.page_no AND x.psid = w.psid FOR NO KEY UPDATE
             ) c",
            on_pages(schema, &named)
        ),
        named.params(),
    );
    // A statement of its own: it sees what the lock has waited for.
    trip.add(
        format!(
            "SELECT c.n, c.contact_no, c.page_no,
             (SELECT f.at FROM {schema}.forgotten f WHERE f.page_no = c.page_no AND f.hash = c.hash),
             CASE WHEN c.contact_no IS NULL AND c.page_no IS NOT NULL THEN nextval('{schema}.contact_no') END
             FROM {} c",
            on_contacts(schema, &hashed)
        ),
        hashed.params(),
    );
    if !alone.is_empty() {
        let sql = format!(
            "SELECT w.n, w.page_no FROM {} w WHERE w.page_no IS NOT NULL",
            on_pages(schema, &page_names)
        );
        trip.add(sql, page_names.params());
    }
    asked.add(&mut trip);
    let mut answers = trip.go().await?.into_iter();
    if begin.is_some() {
        answers.next();
    }
    let mut answer = || answers.next().unwrap_or_default();
    let (locked, told) = (answer(), answer());
    let found_pages = if alone.is_empty() {
        Vec::new()
    } else {
        answer()
    };

    let mut known = Known::default();
    for row in &found_pages {
        let mut next = Columns::of(row);
        if let Some(page) = alone.get(next.place()?) {
            known.pages.insert((*page).clone(), next.get()?);
        }
    }
    let mut rows = BTreeMap::new();
    for row in &locked {
        let mut next = Columns::of(row);
        let place = next.place()?;
        let number: (i64, i32) = (next.get()?, next.get()?);
        rows.insert(place, (number.0, next.contact()?));
    }
    for row in &told {
        let mut next = Columns::of(row);
        let place = next.place()?;
        let there: Option<i64> = next.get()?;
        let page_no: Option<i32> = next.get()?;
        let forgotten: Option<i64> = next.get()?;
        let new: Option<i64> = next.get()?;
        let (Some(key), Some(page_no)) = (contacts.get(place), page_no) else {
            continue;
        };
        known.pages.insert(key.page.clone(), page_no);
        let forgotten = forgotten.map(Timestamp::from_millis);
        let place = match (rows.remove(&place), there, new) {
            (Some((contact_no, mut row)), ..) => {
                row.forgotten = forgotten;
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
        let mut seen = place.row.clone().unwrap_or_default();
        seen.forgotten = forgotten;
        known.rows.put_contact((*key).clone(), Some(seen));
        known.contacts.insert((*key).clone(), place);
    }
    asked.read(answers.collect(), &mut known)?;
    Ok(known)
}

async fn create(
    client: &Client,
    schema: &Schema,
    pages: &BTreeSet<&PageId>,
) -> Result<(), Failure> {
    let names = Many::default().texts("page", pages.iter().map(|page| Some(page.as_str())));
    let sql = format!(
        "INSERT INTO {schema}.page (page) SELECT page FROM {} AS w(page) ORDER BY page ON CONFLICT (page) DO NOTHING",
        names.unnested()
    );
    client.query_typed(&sql, &names.params()).await?;
    Ok(())
}

impl Known {
    pub(super) fn found(&mut self, key: &ContactKey, row: EntryRow) {
        let (key, id) = (key.clone(), row.id.clone());
        self.entries.insert((key.clone(), id.clone()), row.clone());
        self.rows.put_entry(key, id, Some(row));
    }
}

/// The ends of a conversation, but for the rows in hand.
async fn ends(
    client: &Client,
    schema: &Schema,
    known: &mut Known,
    key: ContactKey,
    but: BTreeSet<EntryId>,
    but_answers: BTreeSet<OutgoingKey>,
) -> Result<(), Failure> {
    let mut ends = Ends::default();
    if let Some(place) = known.contacts.get(&key).filter(|place| place.row.is_some()) {
        let ids: Vec<String> = but.iter().map(|id| to_sql(id.as_str())).collect();
        let keys: Vec<Vec<u8>> = (but_answers.iter().map(|key| key.to_bytes().to_vec())).collect();
        let of = format!(
            "page_no = {} AND contact_no = {}",
            place.page_no, place.contact_no
        );
        let entry = |order: &str| {
            format!(
                "(SELECT {MESSAGE} FROM {schema}.message m WHERE {of} AND id <> ALL ($1)
                 ORDER BY at {order}, tie {order} LIMIT 1)"
            )
        };
        let mut trip = Trip::new(client);
        let entries = format!("{} UNION ALL {}", entry("ASC"), entry("DESC"));
        trip.add(entries, vec![(&ids, Type::TEXT_ARRAY)]);
        let shown = format!(
            "SELECT {OUTGOING} FROM {schema}.outgoing o WHERE {of} AND tie IS NOT NULL AND key <> ALL ($1)
             ORDER BY at DESC, tie DESC LIMIT 1"
        );
        trip.add(shown, vec![(&keys, Type::BYTEA_ARRAY)]);
        let first = format!(
            "SELECT min(at) FROM {schema}.outgoing WHERE {of} AND has_content AND key <> ALL ($1)"
        );
        trip.add(first, vec![(&keys, Type::BYTEA_ARRAY)]);
        let answers = trip.go().await?;
        for row in &answers[0] {
            let row = Columns::of(row).entry()?;
            ends.include(row.body.as_ref().map(|body| body.at), row.snippet());
        }
        for row in &answers[1] {
            ends.include(None, Columns::of(row).outgoing()?.snippet());
        }
        for row in &answers[2] {
            let at: Option<i64> = Columns::of(row).get()?;
            ends.include(at.map(Timestamp::from_millis), None);
        }
    }
    known.rows.put_ends(key, but, but_answers, ends);
    Ok(())
}
