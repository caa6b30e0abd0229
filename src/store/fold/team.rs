//! Acts of the team: status, assignee, fields and tags.

use super::{FieldRow, Rows, TagRow, conversation::Conversation};
use crate::{
    change::{Applied, Change},
    model::{Act, Author, Content, Entry, EntryId, Revision, Source, Status},
    time::Timestamp,
};

impl<R: Rows + ?Sized> Conversation<'_, R> {
    pub(super) fn status(
        &mut self,
        status: Status,
        revision: Revision,
        at: Timestamp,
        author: Option<&Author>,
    ) -> Result<Applied, R::Error> {
        if self.row.status == status {
            return Ok(Applied::Unchanged);
        }
        let hides_news = status != Status::Open && self.row.inbound_revision > revision;
        if !self.row.is_shown() || self.row.status_revision > revision || hides_news {
            return Ok(Applied::Refused);
        }
        self.row.status = status;
        self.row.status_revision = self.rows.revision(&self.key.page)?;
        let name = match status {
            Status::Open => "open",
            Status::Snoozed { .. } => "snoozed",
            Status::Done => "done",
        };
        self.add_line(Act::STATUS, Some(name), at, author)?;
        Ok(self.changed())
    }

    /// A snooze ends by itself.
    pub(super) fn woken(&mut self, at: Timestamp) -> Result<Applied, R::Error> {
        let is_over = self.row.status.until().is_some_and(|until| until <= at);
        if is_over {
            self.row.status = Status::Open;
            self.row.status_revision = self.rows.revision(&self.key.page)?;
        }
        Ok(self.changed_if(is_over))
    }

    pub(super) fn assigned(
        &mut self,
        assignee: Option<&str>,
        revision: Revision,
        at: Timestamp,
        author: Option<&Author>,
    ) -> Result<Applied, R::Error> {
        if self.row.assignee.as_deref() == assignee {
            return Ok(Applied::Unchanged);
        }
        if !self.row.is_shown() || self.row.assignee_revision > revision {
            return Ok(Applied::Refused);
        }
        self.row.assignee = assignee.map(str::to_owned);
        self.row.assignee_revision = self.rows.revision(&self.key.page)?;
        self.add_line(Act::ASSIGNED, assignee, at, author)?;
        Ok(self.changed())
    }

    pub(super) fn field(&mut self, name: &str, value: Option<&str>, at: Timestamp) -> Applied {
        if self.is_forgotten(at) {
            return Applied::Forgotten;
        }
        let row = FieldRow::new(at, value.map(str::to_owned));
        let stored = self.row.labels.fields.get(name);
        if stored >= Some(&row) {
            return Applied::Unchanged;
        }
        if stored.is_none() && self.row.labels.len() >= Change::MAX_LABELS {
            return Applied::Refused;
        }
        let is_visible = value != stored.and_then(|stored| stored.value.as_deref());
        self.row.labels.fields.insert(name.to_owned(), row);
        self.label_changed(is_visible)
    }

    pub(super) fn tagged(
        &mut self,
        tag: &str,
        on: bool,
        at: Timestamp,
        author: Option<&Author>,
    ) -> Result<Applied, R::Error> {
        if self.is_forgotten(at) {
            return Ok(Applied::Forgotten);
        }
        let (row, stored) = (TagRow::new(at, on), self.row.labels.tags.get(tag).copied());
        if stored >= Some(row) {
            return Ok(Applied::Unchanged);
        }
        if stored.is_none() && self.row.labels.len() >= Change::MAX_LABELS {
            return Ok(Applied::Refused);
        }
        self.row.labels.tags.insert(tag.to_owned(), row);
        let is_visible = on != stored.is_some_and(|stored| stored.on);
        if is_visible {
            let act = if on { Act::TAGGED } else { Act::UNTAGGED };
            self.add_line(act, Some(tag), at, author)?;
        }
        Ok(self.label_changed(is_visible))
    }

    /// A removal of what never was is kept, but not visible.
    fn label_changed(&mut self, is_visible: bool) -> Applied {
        if is_visible {
            self.changed()
        } else {
            Applied::Parked
        }
    }

    /// Adds the line of an act to the conversation, if its author is known.
    fn add_line(
        &mut self,
        act: Act,
        title: Option<&str>,
        at: Timestamp,
        author: Option<&Author>,
    ) -> Result<(), R::Error> {
        let Some(author) = author else {
            return Ok(());
        };
        let id = EntryId::of_parts(&[
            act.as_str().as_bytes(),
            &at.as_millis().to_be_bytes(),
            title.unwrap_or_default().as_bytes(),
            author.id.as_bytes(),
        ]);
        let mut content = Content::new(act);
        content.title = title.map(str::to_owned);
        let mut entry = Entry::new(id, at, Source::Own, content);
        entry.author = Some(author.clone());
        self.noted(&entry)?;
        Ok(())
    }
}
