//! Customers, messages and work as every store returns them.

use super::{ContactRow, EntryRow, OutgoingRow, OutgoingState, ReactionRow, WorkKey, WorkRow};
use crate::{
    model::{Contact, ContactKey, Message, MessageState, Preview, Side, Source, WorkKind},
    store::Pending,
    time::Timestamp,
};

impl ContactRow {
    /// The customer, if there is anything to show.
    pub fn show(self, key: ContactKey) -> Option<Contact> {
        let (first_at, last_at) = (self.first_at?, self.last_at?);
        let profile_due = self.profile_due();
        let ticks = self.preview.as_ref().map(|snippet| {
            let at = snippet.position.at;
            snippet.state.unwrap_or_else(|| self.ticks(at))
        });
        let mut contact = Contact::new(key, last_at);
        contact.first_at = first_at;
        contact.inbound_at = self.inbound_at;
        (contact.delivered, contact.read) = (self.delivered, self.read);
        (contact.unread, contact.unanswered_since) = (self.unread, self.unanswered_since);
        contact.status = self.status;
        contact.assignee = self.assignee;
        (contact.fields, contact.tags) = self.labels.into_set();
        contact.reaction = self.reaction.and_then(ReactionRow::show);
        contact.profile = self.profile;
        (contact.profile_due, contact.picture) = (profile_due, self.picture);
        contact.preview = self.preview.map(|snippet| {
            let mut preview = Preview::new(snippet.position.at, snippet.side, "");
            preview.act = snippet.act;
            (preview.text, preview.kinds) = (snippet.text, snippet.kinds);
            preview.unsent = snippet.unsent;
            preview.state = ticks.filter(|_| snippet.side == Side::Page);
            preview
        });
        contact.revision = self.revision;
        Some(contact)
    }

    /// The work of fetching the profile.
    pub fn pending_profile(&self, key: &ContactKey) -> Pending {
        Pending::FetchProfile {
            contact: key.clone(),
            attempt: self.profile_attempt.saturating_add(1),
        }
    }

    /// The work of a kind of a customer for whom it is due: [`PROFILE`](WorkKind::PROFILE),
    /// [`WAKE`](WorkKind::WAKE) or [`ERASE`](WorkKind::ERASE). `None` for other kinds, which come from
    /// other rows.
    pub fn pending(&self, kind: &WorkKind, key: &ContactKey) -> Option<Pending> {
        let contact = key.clone();
        match kind {
            kind if *kind == WorkKind::PROFILE => Some(self.pending_profile(key)),
            kind if *kind == WorkKind::WAKE => Some(Pending::Wake { contact }),
            kind if *kind == WorkKind::ERASE => Some(Pending::Erase { contact }),
            _ => None,
        }
    }

    /// State of a sent message. It follows from two watermarks, so that a receipt changes one row
    /// however long the conversation is.
    fn ticks(&self, at: Timestamp) -> MessageState {
        if self.read >= Some(at) {
            MessageState::Read
        } else if self.delivered >= Some(at) {
            MessageState::Delivered
        } else {
            MessageState::Sent
        }
    }
}

impl EntryRow {
    /// The message, unless it waits for its body or a cut has erased it.
    pub fn show(mut self, key: &ContactKey, contact: &ContactRow) -> Option<Message> {
        if let Some(cutoff) = contact.cutoff() {
            self = self.visible(Some(cutoff))?;
        }
        let body = self.body?;
        let mut content = body.content;
        let edited_at = self.edit.as_ref().map(|edit| edit.at);
        if let Some(edit) = self.edit {
            content.text = self.unsent_at.is_none().then_some(edit.text);
        }
        let mut message = Message::new(key.clone(), self.id.as_str(), body.at, body.side, content);
        message.key = self.key;
        message.source = body.source;
        message.app = body.app;
        message.author = self.author;
        message.edited_at = edited_at;
        message.unsent_at = self.unsent_at;
        let reactions = [
            (Side::Customer, self.customer_reaction),
            (Side::Page, self.page_reaction),
        ];
        let reactions = reactions
            .into_iter()
            .filter_map(|(side, reacted)| Some((side, reacted?.reaction?)));
        message.reactions = reactions.collect();
        message.state = (body.side == Side::Page).then(|| match contact.ticks(body.at) {
            MessageState::Sent if self.delivered_at.is_some() => MessageState::Delivered,
            ticks => ticks,
        });
        message.sent_twice = self.sent_twice;
        Some(message)
    }
}

impl OutgoingRow {
    /// The message, unless the log shows it, it is dismissed, or a cut has erased it.
    pub fn show(&self, key: &ContactKey, contact: &ContactRow) -> Option<Message> {
        self.position()?;
        if contact.cutoff() >= Some(self.key.born()) {
            return None;
        }
        let outgoing = self.outgoing.as_ref()?;
        let content = outgoing.content.clone();
        let mut message =
            Message::new(key.clone(), self.key.as_str(), self.at, Side::Page, content);
        message.key = Some(self.key.clone());
        message.source = Source::Own;
        message.author.clone_from(&outgoing.author);
        message.state = Some(self.state.shown());
        match &self.state {
            OutgoingState::Failed { reason } => message.reason = Some(reason.clone()),
            OutgoingState::NotSent { due, reason, .. } => {
                (message.reason, message.next_attempt) = (reason.clone(), Some(*due));
            }
            _ => {}
        }
        message.resent_as.clone_from(&self.resent_as);
        Some(message)
    }

    /// The work that it is, when it is due.
    pub fn pending(&self, key: &ContactKey) -> Option<Pending> {
        self.due()?;
        let (contact, key) = (key.clone(), self.key.clone());
        Some(match self.state {
            OutgoingState::Sending { .. } => Pending::Lapsed {
                contact,
                key,
                attempt: self.attempt,
            },
            _ => Pending::Send {
                contact,
                key,
                attempt: self.attempt.saturating_add(1),
                tries: self.state.tries(),
                outgoing: Box::new(self.outgoing.clone()?),
            },
        })
    }
}

impl WorkRow {
    /// The work that it is, when it is due.
    pub fn pending(&self, key: &WorkKey) -> Pending {
        Pending::Item {
            at: self.at,
            is_claimed: self.by.is_some(),
            key: key.clone(),
            attempt: self.attempt.saturating_add(1),
            tries: self.tries,
            data: self.data.clone(),
        }
    }
}
