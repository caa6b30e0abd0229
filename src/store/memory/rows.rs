//! The rows of the store in memory.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
};

use crate::{
    change::Change,
    id::PageId,
    model::{
        Contact, ContactKey, EntryId, Message, OutgoingKey, Picture, RawEvent, Revision, Side,
        WorkKind,
    },
    store::{
        Pending, PendingQuery,
        fold::{
            self, ContactRow, Ends, EntryRow, OldRows, OutgoingRow, PageRow, Position, Rows,
            WorkKey, WorkRow,
        },
    },
    time::Timestamp,
};

#[derive(Debug, Default)]
pub(crate) struct MemoryRows {
    pages: HashMap<PageId, Page>,
    conversations: BTreeMap<ContactKey, Conversation>,
    work: BTreeMap<WorkKey, WorkRow>,
    /// Erased customers, by a hash that names nobody.
    tombstones: BTreeMap<[u8; 16], (PageId, Timestamp)>,
    kept: BTreeMap<(Option<PageId>, EntryId), RawEvent>,
}

#[derive(Debug, Default)]
struct Page {
    revision: Revision,
    /// The last revision that removed a customer.
    removed: Revision,
    /// Whether the revision is already that of this transaction.
    is_bumped: bool,
    row: PageRow,
}

/// One customer and the conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conversation {
    pub(crate) contact: ContactRow,
    pub(crate) picture: Option<Picture>,
    pub(super) entries: BTreeMap<EntryId, EntryRow>,
    pub(super) outgoing: BTreeMap<OutgoingKey, OutgoingRow>,
}

impl Conversation {
    pub(crate) fn show(&self, key: &ContactKey) -> Option<Contact> {
        self.contact.clone().show(key.clone())
    }

    pub(crate) fn messages(&self, key: &ContactKey) -> Vec<(Position, Message)> {
        let cutoff = self.contact.cutoff();
        let is_later = |position: &Position| Some(position.at) > cutoff;
        let entries = self.entries.values().filter_map(|row| {
            let position = row.position().filter(is_later)?;
            Some((position, row.clone().show(key, &self.contact)?))
        });
        let queued = self.outgoing.values();
        let queued =
            queued.filter_map(|row| Some((row.position()?, row.show(key, &self.contact)?)));
        entries.chain(queued).collect()
    }

    /// The newest message that holds a text.
    pub(crate) fn search(&self, key: &ContactKey, text: &str) -> Option<(Position, Message)> {
        let hits = self.entries.values().filter_map(|row| {
            let position = row.position()?;
            row.is_hit(text, &self.contact).then_some((position, row))
        });
        let (position, row) = hits.max_by_key(|(position, _)| *position)?;
        Some((position, row.clone().show(key, &self.contact)?))
    }

    fn head(&self) -> Option<&OutgoingRow> {
        let cutoff = self.contact.cutoff();
        let due = self.outgoing.values();
        let due = due.filter(|reply| reply.due().is_some() && Some(reply.key.born()) > cutoff);
        due.min_by_key(|reply| (reply.at, &reply.key))
    }

    /// Leaves out of each entry what a cut has hidden.
    #[cfg(test)]
    pub(crate) fn hide_cut(&mut self) {
        let cutoff = self.contact.cutoff();
        let entries = std::mem::take(&mut self.entries).into_values();
        let entries = entries.filter_map(|row| row.visible(cutoff));
        self.entries = entries.map(|row| (row.id.clone(), row)).collect();
    }

    fn is_bare(&self) -> bool {
        self.entries.is_empty() && self.outgoing.is_empty() && self.picture.is_none()
    }
}

impl MemoryRows {
    /// Begins a transaction: each Page that it changes gets its next revision.
    pub(crate) fn begin(&mut self) {
        self.pages
            .values_mut()
            .for_each(|page| page.is_bumped = false);
    }

    /// The Page's revision, and the last one that removed a customer.
    pub(crate) fn revision_of(&self, page: &PageId) -> (Revision, Revision) {
        let page = self.pages.get(page);
        page.map_or_else(Default::default, |page| (page.revision, page.removed))
    }

    pub(crate) fn page_row(&self, page: &PageId) -> PageRow {
        let page = self.pages.get(page);
        page.map(|page| page.row.clone()).unwrap_or_default()
    }

    pub(crate) fn conversation(&self, key: &ContactKey) -> Option<&Conversation> {
        self.conversations.get(key)
    }

    pub(crate) fn conversations(&self) -> impl Iterator<Item = (&ContactKey, &Conversation)> {
        self.conversations.iter()
    }

    pub(crate) fn of_page<'a>(
        &'a self,
        page: &'a PageId,
    ) -> impl Iterator<Item = (&'a ContactKey, &'a Conversation)> {
        self.conversations()
            .filter(move |(key, _)| key.page == *page)
    }

    pub(crate) fn kept(&self, page: Option<&PageId>) -> Vec<RawEvent> {
        let kept = self.kept.values();
        kept.filter(|kept| kept.page.as_ref() == page)
            .cloned()
            .collect()
    }

    /// All work with its time, of Pages that are not paused.
    fn all_work(&self, query: &PendingQuery) -> Vec<(WorkKind, Timestamp, Pending)> {
        let mut all = Vec::new();
        // When work of a Page is due: not before its pause ends, and never when that has no end.
        let after_pause = |page: &PageId, due: Timestamp| {
            let pause = self
                .pages
                .get(page)
                .and_then(|page| page.row.pause.as_ref());
            match pause.filter(|pause| pause.holds(query.now)) {
                Some(pause) => pause.until.map(|until| until.max(due)),
                None => Some(due),
            }
        };
        for (key, conversation) in &self.conversations {
            let row = &conversation.contact;
            if let Some(due) = row.wake_due().filter(|_| query.has(&WorkKind::WAKE)) {
                let contact = key.clone();
                all.push((WorkKind::WAKE, due, Pending::Wake { contact }));
            }
            if row.erasing && query.has(&WorkKind::ERASE) {
                let contact = key.clone();
                let due = Timestamp::default();
                all.push((WorkKind::ERASE, due, Pending::Erase { contact }));
            }
            let send_due = row.send_due.filter(|_| query.has(&WorkKind::SEND));
            if let Some(due) = send_due.and_then(|due| after_pause(&key.page, due))
                && let Some(send) = conversation.head().and_then(|head| head.pending(key))
            {
                all.push((WorkKind::SEND, due, send));
            }
            let profile_due = row.profile_due().filter(|_| query.has(&WorkKind::PROFILE));
            if let Some(due) = profile_due.and_then(|due| after_pause(&key.page, due)) {
                all.push((WorkKind::PROFILE, due, row.pending_profile(key)));
            }
        }
        for (key, row) in &self.work {
            if let Some(due) = row.due.and_then(|due| after_pause(&key.page, due))
                && key.kind.is_item()
                && query.has(&key.kind)
            {
                all.push((key.kind.clone(), due, row.pending(key)));
            }
        }
        all
    }

    pub(crate) fn pending(&self, query: &PendingQuery) -> Vec<Pending> {
        let mut all = self.all_work(query);
        all.retain(|(_, due, _)| *due <= query.now);
        all.sort_by_key(|(_, due, _)| *due);
        let mut chosen = Vec::new();
        for kind in &query.kinds {
            // In turn from each Page.
            let mut pages: BTreeMap<&PageId, Vec<&Pending>> = BTreeMap::new();
            for (_, _, work) in all.iter().filter(|(of, ..)| of == kind) {
                pages.entry(work.page()).or_default().push(work);
            }
            let mut turns: Vec<(usize, &Pending)> = pages
                .into_values()
                .flat_map(|works| works.into_iter().enumerate())
                .collect();
            turns.sort_by_key(|(turn, _)| *turn);
            let limit = query.limit as usize;
            chosen.extend(turns.into_iter().take(limit).map(|(_, work)| work.clone()));
        }
        chosen
    }

    pub(crate) fn next_due(&self, query: &PendingQuery) -> Option<Timestamp> {
        let all = self.all_work(query).into_iter();
        all.map(|(_, due, _)| due).min()
    }

    pub(crate) fn export(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (hash, (page, at)) in &self.tombstones {
            changes.push(Change::Tombstone {
                page: page.clone(),
                hash: *hash,
                at: *at,
            });
        }
        for (page, state) in &self.pages {
            changes.extend(fold::export_page(page, &state.row));
        }
        for (key, conversation) in &self.conversations {
            let (row, picture) = (&conversation.contact, conversation.picture.as_ref());
            changes.extend(fold::export_contact(key, row, picture));
            let cutoff = row.cutoff();
            let replies = conversation.outgoing.values();
            let replies = replies.filter(|reply| Some(reply.key.born()) > cutoff);
            changes.extend(replies.flat_map(|reply| fold::export_reply(key, reply)));
            let entries = conversation.entries.values();
            let entries = entries.filter_map(|row| row.visible(cutoff));
            changes.extend(entries.flat_map(|row| fold::export_entry(key, &row)));
            changes.extend(fold::export_acts(key, row));
        }
        let work = self.work.iter();
        changes.extend(work.filter_map(|(key, row)| fold::export_work(key, row)));
        let kept = self.kept.values();
        changes.extend(kept.map(|event| Change::RawEvent(event.clone())));
        changes
    }

    #[cfg(test)]
    pub(crate) fn revisions(&self) -> BTreeMap<PageId, Revision> {
        let pages = self.pages.iter();
        pages
            .map(|(id, page)| (id.clone(), page.revision))
            .collect()
    }

    #[cfg(test)]
    pub(crate) fn page_rows(&self) -> BTreeMap<PageId, PageRow> {
        let pages = self.pages.iter();
        let pages = pages.filter(|(_, page)| page.row != PageRow::default());
        pages
            .map(|(id, page)| (id.clone(), page.row.clone()))
            .collect()
    }

    #[cfg(test)]
    pub(crate) fn all(&self, key: &ContactKey) -> (Vec<EntryRow>, Vec<OutgoingRow>) {
        let one = self.conversations.get(key).cloned().unwrap_or_default();
        (
            one.entries.into_values().collect(),
            one.outgoing.into_values().collect(),
        )
    }

    #[cfg(test)]
    pub(crate) fn works(&self) -> BTreeMap<WorkKey, WorkRow> {
        self.work.clone()
    }

    #[cfg(test)]
    pub(crate) fn kept_ids(&self) -> Vec<(Option<PageId>, EntryId)> {
        self.kept.keys().cloned().collect()
    }

    #[cfg(test)]
    pub(crate) fn tombstones(&self) -> BTreeMap<[u8; 16], (PageId, Timestamp)> {
        self.tombstones.clone()
    }

    fn change(&mut self, key: &ContactKey) -> &mut Conversation {
        self.conversations.entry(key.clone()).or_default()
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

    fn page(&mut self, page: &PageId) -> Result<PageRow, Infallible> {
        Ok(self.page_row(page))
    }

    fn put_page(&mut self, page: &PageId, row: &PageRow) -> Result<(), Infallible> {
        self.pages.entry(page.clone()).or_default().row = row.clone();
        Ok(())
    }

    fn contact(&mut self, key: &ContactKey) -> Result<Option<ContactRow>, Infallible> {
        let row = self.conversations.get(key);
        let row = row.map(|conversation| conversation.contact.clone());
        let Some((_, at)) = self.tombstones.get(&key.hash()) else {
            return Ok(row);
        };
        let mut row = row.unwrap_or_default();
        row.forgotten = Some(*at);
        Ok(Some(row))
    }

    fn put_contact(&mut self, key: &ContactKey, row: &ContactRow) -> Result<(), Infallible> {
        if let Some(at) = row.forgotten {
            self.tombstones.insert(key.hash(), (key.page.clone(), at));
        }
        let conversation = self.change(key);
        let was_shown = conversation.contact.is_shown();
        conversation.contact = row.clone();
        if row.is_tombstone() && conversation.is_bare() {
            self.conversations.remove(key);
        }
        if was_shown && !row.is_shown() {
            let page = self.pages.entry(key.page.clone()).or_default();
            page.removed = page.revision;
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
        let conversation = self.conversations.get(key);
        Ok(conversation.and_then(|one| one.entries.get(id)).cloned())
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
        reply: &OutgoingKey,
    ) -> Result<Option<OutgoingRow>, Infallible> {
        let conversation = self.conversations.get(key);
        Ok(conversation
            .and_then(|one| one.outgoing.get(reply))
            .cloned())
    }

    fn put_outgoing(
        &mut self,
        key: &ContactKey,
        reply: &OutgoingKey,
        row: Option<&OutgoingRow>,
    ) -> Result<(), Infallible> {
        put(&mut self.change(key).outgoing, reply.clone(), row);
        Ok(())
    }

    fn due(&mut self, key: &ContactKey) -> Result<Vec<OutgoingRow>, Infallible> {
        let conversation = self.conversations.get(key).into_iter();
        let replies = conversation.flat_map(|one| one.outgoing.values());
        Ok(replies
            .filter(|reply| reply.due().is_some())
            .cloned()
            .collect())
    }

    fn ends(&mut self, key: &ContactKey, cutoff: Option<Timestamp>) -> Result<Ends, Infallible> {
        let ends =
            |one: &Conversation| Ends::of(one.entries.values(), one.outgoing.values(), cutoff);
        Ok(self.conversations.get(key).map(ends).unwrap_or_default())
    }

    fn count_inbound(
        &mut self,
        key: &ContactKey,
        cutoff: Timestamp,
        limit: u32,
    ) -> Result<u32, Infallible> {
        let conversation = self.conversations.get(key).into_iter();
        let entries = conversation.flat_map(|one| one.entries.values());
        let counted = entries.filter(|row| {
            let body = row.body.as_ref();
            body.is_some_and(|one| one.live && one.side == Side::Customer && one.at > cutoff)
        });
        Ok(u32::try_from(counted.count())
            .unwrap_or(u32::MAX)
            .min(limit))
    }

    fn old(
        &mut self,
        key: &ContactKey,
        cutoff: Timestamp,
        limit: u32,
    ) -> Result<OldRows, Infallible> {
        let mut old = OldRows::default();
        let limit = limit as usize;
        if let Some(conversation) = self.conversations.get(key) {
            let outgoing = conversation.outgoing.values();
            let outgoing = outgoing.filter(|row| row.key.born() <= cutoff);
            old.outgoing = outgoing.take(limit).cloned().collect();
            let entries = conversation.entries.values();
            let entries = entries.filter(|row| row.is_old(cutoff));
            let room = limit - old.outgoing.len();
            old.entries = entries.take(room).cloned().collect();
        }
        let room = limit - old.outgoing.len() - old.entries.len();
        let work = self.work.iter().filter(|(of, row)| {
            of.page == key.page && of.psid.as_ref() == Some(&key.psid) && row.at <= cutoff
        });
        old.work = work.take(room).map(|(of, _)| of.clone()).collect();
        Ok(old)
    }

    fn work(&mut self, key: &WorkKey) -> Result<Option<WorkRow>, Infallible> {
        Ok(self.work.get(key).cloned())
    }

    fn put_work(&mut self, key: &WorkKey, row: Option<&WorkRow>) -> Result<(), Infallible> {
        put(&mut self.work, key.clone(), row);
        Ok(())
    }

    fn first_work(
        &mut self,
        contact: &ContactKey,
        kind: &WorkKind,
    ) -> Result<Option<(WorkKey, WorkRow)>, Infallible> {
        let work = self.work.iter().filter(|(key, row)| {
            !row.given_up
                && key.page == contact.page
                && key.psid.as_ref() == Some(&contact.psid)
                && key.kind == *kind
        });
        let first = work.min_by_key(|(key, row)| (row.at, &key.id));
        Ok(first.map(|(key, row)| (key.clone(), row.clone())))
    }

    fn keep(&mut self, event: &RawEvent) -> Result<bool, Infallible> {
        let place = (event.page.clone(), event.id.clone());
        let is_new = !self.kept.contains_key(&place);
        if is_new {
            self.kept.insert(place, event.clone());
        }
        Ok(is_new)
    }

    fn remove_kept(&mut self, key: &ContactKey, up_to: Timestamp) -> Result<(), Infallible> {
        self.kept.retain(|_, event| !event.is_of(key, up_to));
        Ok(())
    }

    fn contact_of(
        &mut self,
        page: &PageId,
        hash: &[u8; 16],
    ) -> Result<Option<ContactKey>, Infallible> {
        let rows = self.of_page(page).map(|(key, _)| key.clone());
        let work = self.work.keys().filter(|work| work.page == *page);
        let kept = self.kept(Some(page)).into_iter();
        let mut keys = rows
            .chain(work.filter_map(WorkKey::contact))
            .chain(kept.filter_map(|event| event.contact()));
        Ok(keys.find(|key| key.hash() == *hash))
    }

    fn put_tombstone(
        &mut self,
        page: &PageId,
        hash: &[u8; 16],
        at: Timestamp,
    ) -> Result<bool, Infallible> {
        let stored = self.tombstones.get(hash).map(|(_, at)| *at);
        let is_later = stored < Some(at);
        if is_later {
            self.tombstones.insert(*hash, (page.clone(), at));
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
