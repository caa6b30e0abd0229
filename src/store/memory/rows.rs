//! The rows of the store in memory.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
};

use crate::{
    change::Change,
    id::PageId,
    model::{Contact, ContactKey, EntryId, Message, OutgoingKey, Picture, RawEvent, Revision},
    store::{
        Pending,
        fold::{
            ContactRow, Conversation, Ends, EntryRow, FieldRow, OutgoingRow, Rows, Spot, export,
        },
    },
    time::Timestamp,
};

#[derive(Debug, Default)]
pub(crate) struct MemoryRows {
    pages: HashMap<PageId, Page>,
    talks: BTreeMap<ContactKey, Talk>,
    /// Who was forgotten, under a hash that names nobody.
    forgotten: BTreeMap<[u8; 16], (PageId, Timestamp)>,
    kept: BTreeMap<(Option<PageId>, EntryId), RawEvent>,
}

#[derive(Debug, Default)]
struct Page {
    revision: Revision,
    /// The last revision that took a customer away.
    gone: Revision,
    /// Whether the revision is already that of this transaction.
    is_bumped: bool,
}

/// One customer and their conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Talk {
    pub(crate) contact: ContactRow,
    pub(crate) picture: Option<Picture>,
    pub(crate) fields: BTreeMap<String, FieldRow>,
    entries: BTreeMap<EntryId, EntryRow>,
    outgoing: BTreeMap<OutgoingKey, OutgoingRow>,
}

impl Talk {
    pub(crate) fn show(&self, key: &ContactKey) -> Option<Contact> {
        let fields = self
            .fields
            .iter()
            .filter_map(|(name, field)| Some((name.clone(), field.value.clone()?)));
        self.contact.show(key, fields.collect())
    }

    pub(crate) fn bubbles(&self, key: &ContactKey) -> Vec<(Spot, Message)> {
        let entries = self.entries.values();
        let entries = entries.filter_map(|row| Some((row.spot()?, row.show(key, &self.contact)?)));
        let queued = self.outgoing.values();
        let queued = queued.filter_map(|row| Some((row.spot()?, row.show(key)?)));
        entries.chain(queued).collect()
    }

    pub(crate) fn search(&self, key: &ContactKey, text: &str) -> Vec<(Spot, Message)> {
        self.entries
            .values()
            .filter(|row| row.searchable().contains(text))
            .filter_map(|row| Some((row.spot()?, row.show(key, &self.contact)?)))
            .collect()
    }

    fn head(&self) -> Option<&OutgoingRow> {
        let due = self
            .outgoing
            .values()
            .filter(|answer| answer.due().is_some());
        due.min_by_key(|answer| (answer.at, &answer.key))
    }

    fn conversation(&self) -> Conversation {
        Conversation {
            entries: self.entries.values().cloned().collect(),
            outgoing: self.outgoing.values().cloned().collect(),
            fields: (self.fields.iter())
                .map(|(name, field)| (name.clone(), field.clone()))
                .collect(),
        }
    }
}

impl MemoryRows {
    /// A transaction begins: each Page that it changes gets its next revision.
    pub(crate) fn begin(&mut self) {
        self.pages
            .values_mut()
            .for_each(|page| page.is_bumped = false);
    }

    /// The Page's revision, and the last one that took a customer away.
    pub(crate) fn page(&self, page: &PageId) -> (Revision, Revision) {
        let page = self.pages.get(page);
        page.map_or_else(Default::default, |page| (page.revision, page.gone))
    }

    pub(crate) fn talk(&self, key: &ContactKey) -> Option<&Talk> {
        self.talks.get(key)
    }

    pub(crate) fn of_page<'a>(
        &'a self,
        page: &'a PageId,
    ) -> impl Iterator<Item = (&'a ContactKey, &'a Talk)> {
        self.talks.iter().filter(move |(key, _)| key.page == *page)
    }

    pub(crate) fn kept(&self, page: Option<&PageId>) -> Vec<RawEvent> {
        let kept = self.kept.values();
        kept.filter(|kept| kept.page.as_ref() == page)
            .cloned()
            .collect()
    }

    pub(crate) fn pending(&self, now: Timestamp, limit: usize) -> Vec<Pending> {
        let due = |due: Option<Timestamp>| due.filter(|due| *due <= now);
        let mut sends: Vec<(Timestamp, Pending)> = self
            .talks
            .iter()
            .filter_map(|(key, talk)| {
                Some((due(talk.contact.send_due)?, talk.head()?.pending(key)?))
            })
            .collect();
        let mut profiles: Vec<(Timestamp, Pending)> = self
            .talks
            .iter()
            .filter_map(|(key, talk)| {
                Some((due(talk.contact.profile_due())?, talk.contact.pending(key)))
            })
            .collect();
        for work in [&mut sends, &mut profiles] {
            work.sort_by_key(|(due, _)| *due);
            work.truncate(limit);
        }
        let work = sends.into_iter().chain(profiles);
        work.map(|(_, work)| work).collect()
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let contacts = self.talks.values().map(|talk| &talk.contact);
        contacts
            .flat_map(|row| [row.send_due, row.profile_due()])
            .flatten()
            .min()
    }

    pub(crate) fn export(&self) -> Vec<Change> {
        let talks = self.talks.iter().flat_map(|(key, talk)| {
            export(
                key,
                &talk.contact,
                &talk.conversation(),
                talk.picture.as_ref(),
            )
        });
        let buried = self
            .forgotten
            .iter()
            .map(|(hash, (page, at))| Change::Tombstone {
                page: page.clone(),
                hash: *hash,
                at: *at,
            });
        let kept = self
            .kept
            .values()
            .map(|event| Change::RawEvent(event.clone()));
        buried.chain(talks).chain(kept).collect()
    }

    #[cfg(test)]
    pub(crate) fn talks(&self) -> impl Iterator<Item = (&ContactKey, &Talk)> {
        self.talks.iter()
    }

    #[cfg(test)]
    pub(crate) fn revisions(&self) -> BTreeMap<PageId, Revision> {
        let pages = self.pages.iter();
        pages
            .map(|(id, page)| (id.clone(), page.revision))
            .collect()
    }

    #[cfg(test)]
    pub(crate) fn kept_ids(&self) -> Vec<(Option<PageId>, EntryId)> {
        self.kept.keys().cloned().collect()
    }

    #[cfg(test)]
    pub(crate) fn tombs(&self) -> BTreeMap<[u8; 16], (PageId, Timestamp)> {
        self.forgotten.clone()
    }

    fn change(&mut self, key: &ContactKey) -> &mut Talk {
        self.talks.entry(key.clone()).or_default()
    }
}

impl Rows for MemoryRows {
    type Error = Infallible;

    fn revision(&mut self, page: &PageId) -> Result<Revision, Infallible> {
        let page = self.pages.entry(page.clone()).or_default();
        if !page.is_bumped {
            (page.revision, page.is_bumped) = (page.revision.next(), true);
        }
        Ok(page.revision)
    }

    fn contact(&mut self, key: &ContactKey) -> Result<Option<ContactRow>, Infallible> {
        let row = self.talks.get(key).map(|talk| talk.contact.clone());
        let Some((_, at)) = self.forgotten.get(&key.hash()) else {
            return Ok(row);
        };
        let mut row = row.unwrap_or_default();
        row.forgotten = Some(*at);
        Ok(Some(row))
    }

    fn put_contact(&mut self, key: &ContactKey, row: &ContactRow) -> Result<(), Infallible> {
        if let Some(at) = row.forgotten {
            self.forgotten.insert(key.hash(), (key.page.clone(), at));
        }
        let talk = self.change(key);
        let was_shown = talk.contact.is_shown();
        talk.contact = row.clone();
        let is_bare = talk.entries.is_empty() && talk.outgoing.is_empty() && talk.fields.is_empty();
        if row.is_tombstone() && is_bare {
            self.talks.remove(key);
        }
        if was_shown && !row.is_shown() {
            let page = self.pages.entry(key.page.clone()).or_default();
            page.gone = page.revision;
        }
        Ok(())
    }

    fn put_picture(
        &mut self,
        key: &ContactKey,
        picture: Option<&Picture>,
    ) -> Result<(), Infallible> {
        self.change(key).picture = picture.cloned();
        Ok(())
    }

    fn entry(&mut self, key: &ContactKey, id: &EntryId) -> Result<Option<EntryRow>, Infallible> {
        let talk = self.talks.get(key);
        Ok(talk.and_then(|talk| talk.entries.get(id)).cloned())
    }

    fn put_entry(
        &mut self,
        key: &ContactKey,
        id: &EntryId,
        row: Option<&EntryRow>,
    ) -> Result<(), Infallible> {
        put(&mut self.change(key).entries, id.clone(), row);
        Ok(())
    }

    fn outgoing(
        &mut self,
        key: &ContactKey,
        answer: &OutgoingKey,
    ) -> Result<Option<OutgoingRow>, Infallible> {
        let talk = self.talks.get(key);
        Ok(talk.and_then(|talk| talk.outgoing.get(answer)).cloned())
    }

    fn put_outgoing(
        &mut self,
        key: &ContactKey,
        answer: &OutgoingKey,
        row: Option<&OutgoingRow>,
    ) -> Result<(), Infallible> {
        put(&mut self.change(key).outgoing, answer.clone(), row);
        Ok(())
    }

    fn field(&mut self, key: &ContactKey, name: &str) -> Result<Option<FieldRow>, Infallible> {
        let talk = self.talks.get(key);
        Ok(talk.and_then(|talk| talk.fields.get(name)).cloned())
    }

    fn put_field(
        &mut self,
        key: &ContactKey,
        name: &str,
        row: Option<&FieldRow>,
    ) -> Result<(), Infallible> {
        put(&mut self.change(key).fields, name.to_owned(), row);
        Ok(())
    }

    fn head(&mut self, key: &ContactKey) -> Result<Option<OutgoingRow>, Infallible> {
        let talk = self.talks.get(key);
        Ok(talk.and_then(Talk::head).cloned())
    }

    fn ends(&mut self, key: &ContactKey) -> Result<Ends, Infallible> {
        let ends = |talk: &Talk| Ends::of(talk.entries.values(), talk.outgoing.values());
        Ok(self.talks.get(key).map(ends).unwrap_or_default())
    }

    fn conversation(&mut self, key: &ContactKey) -> Result<Conversation, Infallible> {
        let talk = self.talks.get(key);
        Ok(talk.map(Talk::conversation).unwrap_or_default())
    }

    fn keep(&mut self, kept: &RawEvent) -> Result<bool, Infallible> {
        let place = (kept.page.clone(), kept.id.clone());
        let is_new = !self.kept.contains_key(&place);
        if is_new {
            self.kept.insert(place, kept.clone());
        }
        Ok(is_new)
    }

    fn remove_kept(&mut self, key: &ContactKey, up_to: Timestamp) -> Result<(), Infallible> {
        self.kept.retain(|_, kept| !kept.is_of(key, up_to));
        Ok(())
    }

    fn bury(&mut self, page: &PageId, hash: &[u8; 16], at: Timestamp) -> Result<bool, Infallible> {
        let buried = self.forgotten.get(hash).map(|(_, at)| *at);
        let is_later = buried < Some(at);
        if is_later {
            self.forgotten.insert(*hash, (page.clone(), at));
        }
        Ok(is_later)
    }
}

fn put<K: Ord, V: Clone>(rows: &mut BTreeMap<K, V>, key: K, row: Option<&V>) {
    match row {
        Some(row) => rows.insert(key, row.clone()),
        None => rows.remove(&key),
    };
}
