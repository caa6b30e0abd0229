//! Rows that were loaded in one trip, for a store that is a network away.

use std::collections::{BTreeMap, BTreeSet};

use super::{ContactRow, Conversation, Ends, EntryRow, FieldRow, Missing, OutgoingRow, Rows};
use crate::{
    change::{Applied, Change},
    id::PageId,
    model::{ContactKey, EntryId, OutgoingKey, Picture, RawEvent, Revision},
    time::Timestamp,
};

/// Rows in memory, as they were loaded, and what became of them.
///
/// Load what [`wanted`](super::wanted) names, apply, and write the rows of [`changed`](Self::changed). All of
/// them bear one revision of their Page, because they are one commit; a store that learns its
/// revision only when it writes loads a number of its choice, and puts the true one in its place.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    found: Shelf,
    changed: Shelf,
    ends: BTreeMap<ContactKey, (BTreeSet<EntryId>, BTreeSet<OutgoingKey>, Ends)>,
    due: BTreeSet<ContactKey>,
    conversations: BTreeSet<ContactKey>,
    revisions: BTreeMap<PageId, Revision>,
    kept: BTreeMap<(Option<PageId>, EntryId), bool>,
    buried: BTreeMap<(PageId, [u8; 16]), Option<Timestamp>>,
}

/// Rows by their keys; `None` for a row that is not there, or is to be removed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct Shelf {
    pub contacts: BTreeMap<ContactKey, Option<ContactRow>>,
    pub entries: BTreeMap<(ContactKey, EntryId), Option<EntryRow>>,
    pub outgoing: BTreeMap<(ContactKey, OutgoingKey), Option<OutgoingRow>>,
    pub fields: BTreeMap<(ContactKey, String), Option<FieldRow>>,
    pub pictures: BTreeMap<ContactKey, Option<Picture>>,
    /// What is to be kept raw.
    pub kept: BTreeMap<(Option<PageId>, EntryId), RawEvent>,
    /// What was kept of these customers up to then is to be removed.
    pub remove_kept: BTreeMap<ContactKey, Timestamp>,
    /// Tombstones, later than those that are stored.
    pub buried: BTreeMap<(PageId, [u8; 16]), Timestamp>,
    /// The revisions that the Pages have now.
    pub revisions: BTreeMap<PageId, Revision>,
}

impl Loaded {
    /// Applies the changes of each delivery in order, always to the rows as they were loaded.
    ///
    /// # Errors
    ///
    /// [`Missing`]: load that row, and apply all of them again.
    pub fn apply(&mut self, deliveries: &[&[Change]]) -> Result<Vec<Vec<Applied>>, Missing> {
        self.changed = Shelf::default();
        deliveries
            .iter()
            .map(|changes| super::apply(self, changes))
            .collect()
    }

    /// The rows that are different from what was loaded, to be written.
    pub fn changed(&self) -> &Shelf {
        &self.changed
    }

    /// The revision that a Page had.
    pub fn put_page(&mut self, page: PageId, revision: Revision) {
        self.revisions.insert(page, revision);
    }

    /// A customer's row as it is stored.
    pub fn put_contact(&mut self, key: ContactKey, row: Option<ContactRow>) {
        self.found.contacts.insert(key, row);
    }

    /// An entry as it is stored.
    pub fn put_entry(&mut self, key: ContactKey, id: EntryId, row: Option<EntryRow>) {
        self.found.entries.insert((key, id), row);
    }

    /// An answer as it is stored.
    pub fn put_outgoing(&mut self, key: ContactKey, answer: OutgoingKey, row: Option<OutgoingRow>) {
        self.found.outgoing.insert((key, answer), row);
    }

    /// A field as it is stored.
    pub fn put_field(&mut self, key: ContactKey, name: String, row: Option<FieldRow>) {
        self.found.fields.insert((key, name), row);
    }

    /// All answers of a customer that are due at all.
    pub fn put_due(&mut self, key: ContactKey, rows: impl IntoIterator<Item = OutgoingRow>) {
        for row in rows {
            self.put_outgoing(key.clone(), row.key.clone(), Some(row));
        }
        self.due.insert(key);
    }

    /// The ends of a conversation, leaving aside the rows that [`Missing::Ends`] named.
    pub fn put_ends(
        &mut self,
        key: ContactKey,
        but: BTreeSet<EntryId>,
        but_answers: BTreeSet<OutgoingKey>,
        ends: Ends,
    ) {
        self.ends.insert(key, (but, but_answers, ends));
    }

    /// Everything of a conversation.
    pub fn put_conversation(&mut self, key: ContactKey, rows: Conversation) {
        for row in rows.entries {
            self.put_entry(key.clone(), row.id.clone(), Some(row));
        }
        for (name, row) in rows.fields {
            self.put_field(key.clone(), name, Some(row));
        }
        self.put_due(key.clone(), rows.outgoing);
        self.conversations.insert(key);
    }

    /// Whether this is kept already.
    pub fn put_kept(&mut self, page: Option<PageId>, id: EntryId, is_there: bool) {
        self.kept.insert((page, id), is_there);
    }

    /// Up to when somebody was forgotten who is not named any more.
    pub fn put_buried(&mut self, page: PageId, hash: [u8; 16], at: Option<Timestamp>) {
        self.buried.insert((page, hash), at);
    }

    /// What this commit has told of somebody's tombstone.
    fn buried_here(&self, page: &PageId, hash: &[u8; 16]) -> Option<Timestamp> {
        let forgotten = |(key, row): (&ContactKey, &Option<ContactRow>)| {
            let at = row.as_ref()?.forgotten?;
            (key.page == *page && key.hash() == *hash).then_some(at)
        };
        let by_name = self.changed.contacts.iter().filter_map(forgotten).max();
        let by_hash = self.changed.buried.get(&(page.clone(), *hash));
        by_name.max(by_hash.copied())
    }

    /// The rows of one customer in a map, those that changed over those that were found.
    fn of<'s, K: Ord, V>(
        found: &'s BTreeMap<(ContactKey, K), Option<V>>,
        changed: &'s BTreeMap<(ContactKey, K), Option<V>>,
        key: &ContactKey,
    ) -> BTreeMap<&'s K, &'s V> {
        let mut rows = BTreeMap::new();
        for ((contact, id), row) in found.iter().chain(changed) {
            if contact == key {
                match row {
                    Some(row) => rows.insert(id, row),
                    None => rows.remove(id),
                };
            }
        }
        rows
    }
}

impl Rows for Loaded {
    type Error = Missing;

    fn revision(&mut self, page: &PageId) -> Result<Revision, Missing> {
        if let Some(revision) = self.changed.revisions.get(page) {
            return Ok(*revision);
        }
        let last = self.revisions.get(page);
        let last = last.ok_or_else(|| Missing::Page(page.clone()))?;
        let next = last.next();
        self.changed.revisions.insert(page.clone(), next);
        Ok(next)
    }

    fn contact(&mut self, key: &ContactKey) -> Result<Option<ContactRow>, Missing> {
        let row = self.changed.contacts.get(key);
        let row = row.or(self.found.contacts.get(key)).cloned();
        let mut row = row.ok_or_else(|| Missing::Contact(key.clone()))?;
        if !self.changed.buried.is_empty()
            && let Some(at) = self.buried_here(&key.page, &key.hash())
        {
            let row = row.get_or_insert_default();
            row.forgotten = row.forgotten.max(Some(at));
        }
        Ok(row)
    }

    fn put_contact(&mut self, key: &ContactKey, row: &ContactRow) -> Result<(), Missing> {
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
        if let Some(row) = row.or(self.found.entries.get(&place)) {
            Ok(row.clone())
        } else if self.conversations.contains(key) {
            Ok(None)
        } else {
            Err(Missing::Entry(place.0, place.1))
        }
    }

    fn put_entry(
        &mut self,
        key: &ContactKey,
        id: &EntryId,
        row: Option<&EntryRow>,
    ) -> Result<(), Missing> {
        let place = (key.clone(), id.clone());
        self.changed.entries.insert(place, row.cloned());
        Ok(())
    }

    fn outgoing(
        &mut self,
        key: &ContactKey,
        answer: &OutgoingKey,
    ) -> Result<Option<OutgoingRow>, Missing> {
        let place = (key.clone(), answer.clone());
        let row = self.changed.outgoing.get(&place);
        if let Some(row) = row.or(self.found.outgoing.get(&place)) {
            Ok(row.clone())
        } else if self.conversations.contains(key) {
            Ok(None)
        } else {
            Err(Missing::Outgoing(place.0, place.1))
        }
    }

    fn put_outgoing(
        &mut self,
        key: &ContactKey,
        answer: &OutgoingKey,
        row: Option<&OutgoingRow>,
    ) -> Result<(), Missing> {
        let place = (key.clone(), answer.clone());
        self.changed.outgoing.insert(place, row.cloned());
        Ok(())
    }

    fn field(&mut self, key: &ContactKey, name: &str) -> Result<Option<FieldRow>, Missing> {
        let place = (key.clone(), name.to_owned());
        let row = self.changed.fields.get(&place);
        if let Some(row) = row.or(self.found.fields.get(&place)) {
            Ok(row.clone())
        } else if self.conversations.contains(key) {
            Ok(None)
        } else {
            Err(Missing::Field(place.0, place.1))
        }
    }

    fn put_field(
        &mut self,
        key: &ContactKey,
        name: &str,
        row: Option<&FieldRow>,
    ) -> Result<(), Missing> {
        let place = (key.clone(), name.to_owned());
        self.changed.fields.insert(place, row.cloned());
        Ok(())
    }

    fn head(&mut self, key: &ContactKey) -> Result<Option<OutgoingRow>, Missing> {
        if !self.due.contains(key) {
            return Err(Missing::Due(key.clone()));
        }
        let answers = Self::of(&self.found.outgoing, &self.changed.outgoing, key);
        let due = answers.values().filter(|answer| answer.due().is_some());
        Ok(due
            .min_by_key(|answer| (answer.at, &answer.key))
            .map(|answer| (*answer).clone()))
    }

    fn ends(&mut self, key: &ContactKey) -> Result<Ends, Missing> {
        let entries = Self::of(&self.found.entries, &self.changed.entries, key);
        let answers = Self::of(&self.found.outgoing, &self.changed.outgoing, key);
        let mut ends = Ends::of(entries.values().copied(), answers.values().copied());
        if self.conversations.contains(key) {
            return Ok(ends);
        }
        // Rows that are removed here count as being in hand, too.
        let ids = |(contact, id): &(ContactKey, EntryId)| (contact == key).then(|| id.clone());
        let keys = |(contact, id): &(ContactKey, OutgoingKey)| (contact == key).then(|| id.clone());
        let but: BTreeSet<EntryId> = (self.found.entries.keys())
            .chain(self.changed.entries.keys())
            .filter_map(ids)
            .collect();
        let but_answers: BTreeSet<OutgoingKey> = (self.found.outgoing.keys())
            .chain(self.changed.outgoing.keys())
            .filter_map(keys)
            .collect();
        match self.ends.get(key) {
            Some((but_then, answers_then, others))
                if *but_then == but && *answers_then == but_answers =>
            {
                ends.include(others.first_at, others.newest.clone());
                Ok(ends)
            }
            _ => Err(Missing::Ends {
                contact: key.clone(),
                but,
                but_answers,
            }),
        }
    }

    fn conversation(&mut self, key: &ContactKey) -> Result<Conversation, Missing> {
        if !self.conversations.contains(key) {
            return Err(Missing::Conversation(key.clone()));
        }
        let entries = Self::of(&self.found.entries, &self.changed.entries, key);
        let answers = Self::of(&self.found.outgoing, &self.changed.outgoing, key);
        let fields = Self::of(&self.found.fields, &self.changed.fields, key);
        Ok(Conversation {
            entries: entries.into_values().cloned().collect(),
            outgoing: answers.into_values().cloned().collect(),
            fields: (fields.into_iter())
                .map(|(name, row)| (name.clone(), row.clone()))
                .collect(),
        })
    }

    fn keep(&mut self, kept: &RawEvent) -> Result<bool, Missing> {
        let place = (kept.page.clone(), kept.id.clone());
        let Some(is_there) = self.kept.get(&place) else {
            return Err(Missing::Kept(place.0, place.1));
        };
        let is_new = !is_there && self.changed.kept.insert(place, kept.clone()).is_none();
        Ok(is_new)
    }

    fn remove_kept(&mut self, key: &ContactKey, up_to: Timestamp) -> Result<(), Missing> {
        self.changed.kept.retain(|_, kept| !kept.is_of(key, up_to));
        let register = self.changed.remove_kept.entry(key.clone()).or_insert(up_to);
        *register = up_to.max(*register);
        Ok(())
    }

    fn bury(&mut self, page: &PageId, hash: &[u8; 16], at: Timestamp) -> Result<bool, Missing> {
        let place = (page.clone(), *hash);
        let Some(stored) = self.buried.get(&place) else {
            return Err(Missing::Buried(place.0, place.1));
        };
        let is_later = self.buried_here(page, hash).max(*stored) < Some(at);
        if is_later {
            self.changed.buried.insert(place, at);
        }
        Ok(is_later)
    }
}
