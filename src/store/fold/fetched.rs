//! Rows that were loaded in one round trip, for a store that is a network away.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ContactRow, Ends, EntryRow, Missing, MissingEnds, OldRows, OutgoingRow, PageRow, Rows, WorkKey,
    WorkRow,
};
use crate::{
    change::{Applied, Change},
    id::PageId,
    model::{ContactKey, EntryId, OutgoingKey, Picture, RawEvent, Revision, Side, WorkKind},
    time::Timestamp,
};

/// Rows in memory, as they were loaded, and as the changes leave them.
///
/// Load the rows that [`row_keys`](super::row_keys) names, apply, and write the rows of
/// [`changed`](Self::changed). All of them bear one revision of their Page, because they are one
/// commit; a store that learns its revision only when it writes loads a number of its choice, and
/// puts the true one in its place.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    found: Batch,
    changed: Batch,
    ends: BTreeMap<MissingEnds, Ends>,
    due: BTreeSet<ContactKey>,
    old: BTreeMap<(ContactKey, Timestamp), OldRows>,
    inbound: BTreeMap<(ContactKey, Timestamp, u32), u32>,
    first_work: BTreeSet<(ContactKey, WorkKind)>,
    revisions: BTreeMap<PageId, Revision>,
    kept: BTreeMap<(Option<PageId>, EntryId), bool>,
    tombstones: BTreeMap<(PageId, [u8; 16]), Option<Timestamp>>,
    contacts_of: BTreeMap<(PageId, [u8; 16]), Option<ContactKey>>,
}

/// Rows by their keys; `None` for a row that is not there, or is to be removed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Batch {
    /// Customers.
    pub contacts: BTreeMap<ContactKey, Option<ContactRow>>,
    /// Entries.
    pub entries: BTreeMap<(ContactKey, EntryId), Option<EntryRow>>,
    /// Replies.
    pub outgoing: BTreeMap<(ContactKey, OutgoingKey), Option<OutgoingRow>>,
    /// Pictures.
    pub pictures: BTreeMap<ContactKey, Option<Picture>>,
    /// Items of work.
    pub work: BTreeMap<WorkKey, Option<WorkRow>>,
    /// Pauses and marks.
    pub pages: BTreeMap<PageId, PageRow>,
    /// Raw events to store.
    pub kept: BTreeMap<(Option<PageId>, EntryId), RawEvent>,
    /// Customers whose raw events are to be removed up to a time.
    pub remove_kept: BTreeMap<ContactKey, Timestamp>,
    /// Tombstones, later than those that are stored, of customers who are named and of others.
    pub tombstones: BTreeMap<(PageId, [u8; 16]), Timestamp>,
    /// Pages of which a customer is not shown any more: [`Changed::reset`](crate::store::Changed::reset)
    /// needs the revision of the last such commit.
    pub removed: BTreeSet<PageId>,
    /// The revisions that the Pages have now.
    pub revisions: BTreeMap<PageId, Revision>,
}

impl Fetched {
    /// Applies the changes of each call in order, always to the rows as they were loaded.
    ///
    /// # Errors
    ///
    /// [`Missing`]: load that row, and apply all of them again.
    pub fn apply(&mut self, calls: &[&[Change]]) -> Result<Vec<Vec<Applied>>, Missing> {
        self.changed = Batch::default();
        calls
            .iter()
            .map(|changes| super::apply(self, changes))
            .collect()
    }

    /// The rows that are different from what was loaded, to be written.
    pub const fn changed(&self) -> &Batch {
        &self.changed
    }

    /// The customer's row as it was added, before the changes; `None` when there was none.
    pub fn stored_contact(&self, key: &ContactKey) -> Option<&ContactRow> {
        self.found.contacts.get(key)?.as_ref()
    }

    /// Adds the revision that a Page had.
    pub fn add_revision(&mut self, page: PageId, revision: Revision) {
        self.revisions.insert(page, revision);
    }

    /// Adds the pause and marks of a Page as they are stored.
    pub fn add_page(&mut self, page: PageId, row: PageRow) {
        self.found.pages.insert(page, row);
    }

    /// Adds a customer's row as it is stored.
    pub fn add_contact(&mut self, key: ContactKey, row: Option<ContactRow>) {
        self.found.contacts.insert(key, row);
    }

    /// Adds an entry as it is stored.
    pub fn add_entry(&mut self, key: ContactKey, id: EntryId, row: Option<EntryRow>) {
        self.found.entries.insert((key, id), row);
    }

    /// Adds a reply as it is stored.
    pub fn add_outgoing(&mut self, key: ContactKey, reply: OutgoingKey, row: Option<OutgoingRow>) {
        self.found.outgoing.insert((key, reply), row);
    }

    /// Adds all replies of a customer that are due at some time.
    pub fn add_due(&mut self, key: ContactKey, rows: impl IntoIterator<Item = OutgoingRow>) {
        for row in rows {
            self.add_outgoing(key.clone(), row.key.clone(), Some(row));
        }
        self.due.insert(key);
    }

    /// Adds the rows that [`Missing::Old`] asked for.
    pub fn add_old(&mut self, key: ContactKey, cutoff: Timestamp, rows: OldRows) {
        for row in &rows.entries {
            self.add_entry(key.clone(), row.id.clone(), Some(row.clone()));
        }
        for row in &rows.outgoing {
            self.add_outgoing(key.clone(), row.key.clone(), Some(row.clone()));
        }
        self.old.insert((key, cutoff), rows);
    }

    /// Adds the number that [`Missing::Inbound`] asked for.
    pub fn add_inbound(&mut self, key: ContactKey, cutoff: Timestamp, limit: u32, count: u32) {
        self.inbound.insert((key, cutoff, limit), count);
    }

    /// Adds an item of work as it is stored.
    pub fn add_work(&mut self, key: WorkKey, row: Option<WorkRow>) {
        self.found.work.insert(key, row);
    }

    /// Adds the first two items of a kind in a conversation, of those that are not given up.
    pub fn add_first_work(
        &mut self,
        contact: ContactKey,
        kind: WorkKind,
        rows: impl IntoIterator<Item = (WorkKey, WorkRow)>,
    ) {
        for (key, row) in rows {
            self.add_work(key, Some(row));
        }
        self.first_work.insert((contact, kind));
    }

    /// Adds the ends that [`Missing::Ends`] asked for.
    pub fn add_ends(&mut self, missing: MissingEnds, ends: Ends) {
        self.ends.insert(missing, ends);
    }

    /// Adds whether a raw event is stored.
    pub fn add_kept(&mut self, page: Option<PageId>, id: EntryId, is_there: bool) {
        self.kept.insert((page, id), is_there);
    }

    /// Adds the time of a tombstone; `None` when there is none.
    pub fn add_tombstone(&mut self, page: PageId, hash: [u8; 16], at: Option<Timestamp>) {
        self.tombstones.insert((page, hash), at);
    }

    /// Adds the customer whose key has a hash; `None` when there is none.
    pub fn add_contact_of(&mut self, page: PageId, hash: [u8; 16], key: Option<ContactKey>) {
        self.contacts_of.insert((page, hash), key);
    }

    /// The tombstone that this commit has set.
    fn tombstone_here(&self, page: &PageId, hash: &[u8; 16]) -> Option<Timestamp> {
        self.changed.tombstones.get(&(page.clone(), *hash)).copied()
    }

    /// Writes a row of a customer who has none, because other rows are written: by it a tombstone
    /// finds them.
    fn require_contact(&mut self, key: &ContactKey) -> Result<(), Missing> {
        let Some(found) = self.found.contacts.get(key) else {
            return Err(Missing::Contact(key.clone()));
        };
        let found = found.as_ref();
        if found.is_none_or(ContactRow::is_tombstone) {
            let row = found.cloned().unwrap_or_default();
            let changed = self.changed.contacts.entry(key.clone());
            changed.or_insert(Some(row));
        }
        Ok(())
    }

    /// The rows of one customer in a map, those that changed over those that were found.
    fn of<'s, K: Ord, V>(
        found: &'s BTreeMap<(ContactKey, K), Option<V>>,
        changed: &'s BTreeMap<(ContactKey, K), Option<V>>,
        key: &ContactKey,
    ) -> BTreeMap<&'s K, Option<&'s V>> {
        let of_key = |((contact, _), _): &(&(ContactKey, K), &Option<V>)| contact == key;
        let rows = found.iter().chain(changed).filter(of_key);
        rows.map(|((_, id), row)| (id, row.as_ref())).collect()
    }

    /// Puts the changed rows of one customer in the place of those that were found, if they are old.
    fn put_over<K: Clone + Ord, V: Clone>(
        rows: &mut Vec<V>,
        changed: &BTreeMap<(ContactKey, K), Option<V>>,
        key: &ContactKey,
        id: impl Fn(&V) -> &K,
        is_old: impl Fn(&V) -> bool,
    ) {
        rows.retain(|row| !changed.contains_key(&(key.clone(), id(row).clone())));
        let here = changed.iter().filter(|((contact, _), _)| contact == key);
        rows.extend(here.filter_map(|(_, row)| row.clone()).filter(is_old));
    }
}

impl Rows for Fetched {
    type Error = Missing;

    fn revision(&mut self, page: &PageId) -> Result<Revision, Missing> {
        if let Some(revision) = self.changed.revisions.get(page) {
            return Ok(*revision);
        }
        let last = self.revisions.get(page);
        let last = last.ok_or_else(|| Missing::Revision(page.clone()))?;
        let next = last.next();
        self.changed.revisions.insert(page.clone(), next);
        Ok(next)
    }

    fn page(&mut self, page: &PageId) -> Result<PageRow, Missing> {
        let row = self.changed.pages.get(page);
        let row = row.or(self.found.pages.get(page)).cloned();
        row.ok_or_else(|| Missing::Page(page.clone()))
    }

    fn put_page(&mut self, page: &PageId, row: &PageRow) -> Result<(), Missing> {
        self.changed.pages.insert(page.clone(), row.clone());
        Ok(())
    }

    fn contact(&mut self, key: &ContactKey) -> Result<Option<ContactRow>, Missing> {
        let row = self.changed.contacts.get(key);
        let row = row.or(self.found.contacts.get(key)).cloned();
        let mut row = row.ok_or_else(|| Missing::Contact(key.clone()))?;
        if !self.changed.tombstones.is_empty()
            && let Some(at) = self.tombstone_here(&key.page, &key.hash())
        {
            let row = row.get_or_insert_default();
            row.forgotten = row.forgotten.max(Some(at));
        }
        Ok(row)
    }

    fn put_contact(&mut self, key: &ContactKey, row: &ContactRow) -> Result<(), Missing> {
        let before = self.changed.contacts.get(key);
        let before = before.or(self.found.contacts.get(key));
        let before = before.and_then(Option::as_ref);
        if before.is_some_and(ContactRow::is_shown) && !row.is_shown() {
            self.changed.removed.insert(key.page.clone());
        }
        let stored = self.stored_contact(key).and_then(|row| row.forgotten);
        if let Some(at) = row.forgotten.filter(|at| stored < Some(*at)) {
            let place = (key.page.clone(), key.hash());
            self.changed.tombstones.insert(place, at);
        }
        self.changed.contacts.insert(key.clone(), Some(row.clone()));
        Ok(())
    }

    fn put_picture(&mut self, key: &ContactKey, picture: Option<&Picture>) -> Result<(), Missing> {
        self.changed.pictures.insert(key.clone(), picture.cloned());
        Ok(())
    }

    fn entry(&mut self, key: &ContactKey, id: &EntryId) -> Result<Option<EntryRow>, Missing> {
        let place = (key.clone(), id.clone());
        let row = self.changed.entries.get(&place);
        match row.or(self.found.entries.get(&place)) {
            Some(row) => Ok(row.clone()),
            None => Err(Missing::Entry(place.0, place.1)),
        }
    }

    fn put_entry(
        &mut self,
        key: &ContactKey,
        id: &EntryId,
        row: Option<&EntryRow>,
    ) -> Result<(), Missing> {
        if row.is_some() {
            self.require_contact(key)?;
        }
        let place = (key.clone(), id.clone());
        self.changed.entries.insert(place, row.cloned());
        Ok(())
    }

    fn outgoing(
        &mut self,
        key: &ContactKey,
        reply: &OutgoingKey,
    ) -> Result<Option<OutgoingRow>, Missing> {
        let place = (key.clone(), reply.clone());
        let row = self.changed.outgoing.get(&place);
        match row.or(self.found.outgoing.get(&place)) {
            Some(row) => Ok(row.clone()),
            None => Err(Missing::Outgoing(place.0, place.1)),
        }
    }

    fn put_outgoing(
        &mut self,
        key: &ContactKey,
        reply: &OutgoingKey,
        row: Option<&OutgoingRow>,
    ) -> Result<(), Missing> {
        if row.is_some() {
            self.require_contact(key)?;
        }
        let place = (key.clone(), reply.clone());
        self.changed.outgoing.insert(place, row.cloned());
        Ok(())
    }

    fn due(&mut self, key: &ContactKey) -> Result<Vec<OutgoingRow>, Missing> {
        if !self.due.contains(key) {
            return Err(Missing::Due(key.clone()));
        }
        let replies = Self::of(&self.found.outgoing, &self.changed.outgoing, key);
        let replies = replies.into_values().flatten();
        let due = replies.filter(|reply| reply.due().is_some());
        Ok(due.cloned().collect())
    }

    fn ends(&mut self, key: &ContactKey, cutoff: Option<Timestamp>) -> Result<Ends, Missing> {
        let entries = Self::of(&self.found.entries, &self.changed.entries, key);
        let replies = Self::of(&self.found.outgoing, &self.changed.outgoing, key);
        let here: Vec<&EntryRow> = entries.values().copied().flatten().collect();
        let mut ends = Ends::of(
            here.iter().copied(),
            replies.values().copied().flatten(),
            cutoff,
        );
        // Rows that are removed here count as loaded, too.
        let missing = MissingEnds {
            contact: key.clone(),
            cutoff,
            replied_at: ends.replied_at,
            without: entries.into_keys().cloned().collect(),
            without_replies: replies.into_keys().cloned().collect(),
        };
        let Some(others) = self.ends.get(&missing) else {
            return Err(Missing::Ends(missing));
        };
        let position = |ends: &Ends| ends.newest.as_ref().map(|one| one.position);
        if position(others) > position(&ends) {
            ends.newest.clone_from(&others.newest);
        }
        let first = [ends.first_at, others.first_at].into_iter().flatten().min();
        (ends.first_at, ends.last_at) = (first, ends.last_at.max(others.last_at));
        ends.inbound_at = ends.inbound_at.max(others.inbound_at);
        ends.replied_at = ends.replied_at.max(others.replied_at);
        ends.unanswered_since = others.unanswered_since;
        for entry in here {
            ends.include_unanswered(entry, cutoff);
        }
        Ok(ends)
    }

    fn count_inbound(
        &mut self,
        key: &ContactKey,
        cutoff: Timestamp,
        limit: u32,
    ) -> Result<u32, Missing> {
        // Those of this commit count, too.
        let stored = self.inbound.get(&(key.clone(), cutoff, limit)).copied();
        let stored = stored.ok_or_else(|| Missing::Inbound(key.clone(), cutoff, limit))?;
        let counts = |row: &EntryRow| {
            let body = row.body.as_ref();
            body.is_some_and(|one| one.live && one.side == Side::Customer && one.at > cutoff)
        };
        let mut count = i64::from(stored);
        for (place, row) in &self.changed.entries {
            if place.0 == *key {
                let before = self.found.entries.get(place).and_then(Option::as_ref);
                count += i64::from(row.as_ref().is_some_and(counts));
                count -= i64::from(before.is_some_and(counts));
            }
        }
        Ok(u32::try_from(count.max(0)).unwrap_or(u32::MAX).min(limit))
    }

    fn old(&mut self, key: &ContactKey, cutoff: Timestamp, limit: u32) -> Result<OldRows, Missing> {
        let found = self.old.get(&(key.clone(), cutoff)).cloned();
        let mut old = found.ok_or_else(|| Missing::Old(key.clone(), cutoff, limit))?;
        let found = old.entries.len() + old.outgoing.len() + old.work.len();
        old.more = found >= limit as usize;
        // As this commit has left them so far: it may have added, changed and removed some.
        let Self { changed, .. } = self;
        let is_old = |row: &EntryRow| row.is_old(cutoff);
        Self::put_over(
            &mut old.entries,
            &changed.entries,
            key,
            |row| &row.id,
            is_old,
        );
        let is_old = |row: &OutgoingRow| row.key.born() <= cutoff;
        Self::put_over(
            &mut old.outgoing,
            &changed.outgoing,
            key,
            |row| &row.key,
            is_old,
        );
        old.work.retain(|key| !changed.work.contains_key(key));
        let here = changed.work.iter().filter_map(|(of, row)| {
            let is_old = row.as_ref().is_some_and(|row| row.at <= cutoff);
            (is_old && of.contact().as_ref() == Some(key)).then_some(of)
        });
        old.work.extend(here.cloned());
        Ok(old)
    }

    fn work(&mut self, key: &WorkKey) -> Result<Option<WorkRow>, Missing> {
        let row = self.changed.work.get(key);
        let row = row.or(self.found.work.get(key)).cloned();
        row.ok_or_else(|| Missing::Work(key.clone()))
    }

    fn put_work(&mut self, key: &WorkKey, row: Option<&WorkRow>) -> Result<(), Missing> {
        if let Some(contact) = key.contact().filter(|_| row.is_some()) {
            self.require_contact(&contact)?;
        }
        self.changed.work.insert(key.clone(), row.cloned());
        Ok(())
    }

    fn first_work(
        &mut self,
        contact: &ContactKey,
        kind: &WorkKind,
    ) -> Result<Option<(WorkKey, WorkRow)>, Missing> {
        let place = (contact.clone(), kind.clone());
        if !self.first_work.contains(&place) {
            return Err(Missing::FirstWork(place.0, place.1));
        }
        let rows = self.found.work.iter().chain(&self.changed.work);
        let rows: BTreeMap<&WorkKey, &Option<WorkRow>> = rows.collect();
        let is_of = |key: &WorkKey| {
            key.page == contact.page
                && key.psid.as_ref() == Some(&contact.psid)
                && key.kind == *kind
        };
        let rows = rows.into_iter().filter(|(key, _)| is_of(key));
        let rows = rows.filter_map(|(key, row)| Some((key, row.as_ref()?)));
        let first = rows
            .filter(|(_, row)| !row.given_up)
            .min_by(|(one, row), (other, next)| (row.at, &one.id).cmp(&(next.at, &other.id)));
        Ok(first.map(|(key, row)| (key.clone(), row.clone())))
    }

    fn keep(&mut self, event: &RawEvent) -> Result<bool, Missing> {
        let place = (event.page.clone(), event.id.clone());
        let Some(is_there) = self.kept.get(&place) else {
            return Err(Missing::Kept(place.0, place.1));
        };
        let is_new = !is_there && self.changed.kept.insert(place, event.clone()).is_none();
        Ok(is_new)
    }

    fn remove_kept(&mut self, key: &ContactKey, up_to: Timestamp) -> Result<(), Missing> {
        self.changed
            .kept
            .retain(|_, event| !event.is_of(key, up_to));
        let register = self.changed.remove_kept.entry(key.clone()).or_insert(up_to);
        *register = up_to.max(*register);
        Ok(())
    }

    fn contact_of(
        &mut self,
        page: &PageId,
        hash: &[u8; 16],
    ) -> Result<Option<ContactKey>, Missing> {
        let is_it = |key: &&ContactKey| key.page == *page && key.hash() == *hash;
        let changed = &self.changed;
        if let Some(here) = changed.contacts.keys().find(is_it) {
            return Ok(Some(here.clone()));
        }
        let mut kept = changed.kept.values().filter_map(RawEvent::contact);
        if let Some(here) = kept.find(|key| is_it(&key)) {
            return Ok(Some(here));
        }
        let place = (page.clone(), *hash);
        match self.contacts_of.get(&place) {
            Some(found) => Ok(found.clone()),
            None => Err(Missing::ContactOf(place.0, place.1)),
        }
    }

    fn put_tombstone(
        &mut self,
        page: &PageId,
        hash: &[u8; 16],
        at: Timestamp,
    ) -> Result<bool, Missing> {
        let place = (page.clone(), *hash);
        let Some(stored) = self.tombstones.get(&place) else {
            return Err(Missing::Tombstone(place.0, place.1));
        };
        let is_later = self.tombstone_here(page, hash).max(*stored) < Some(at);
        if is_later {
            self.changed.tombstones.insert(place, at);
        }
        Ok(is_later)
    }
}
