//! What the rows show, the same in every store.

use std::collections::BTreeMap;

use super::{ContactRow, EntryRow, OutgoingRow, OutgoingState};
use crate::{
    model::{Contact, ContactKey, Message, MessageState, Preview, Side, Source},
    store::Pending,
    time::Timestamp,
};

impl ContactRow {
    /// The customer, if there is anything to show.
    pub fn show(&self, key: &ContactKey, fields: BTreeMap<String, String>) -> Option<Contact> {
        let (first_at, last_at) = (self.first_at?, self.last_at?);
        let preview = self.preview.as_ref().map(|snippet| Preview {
            at: snippet.spot.at,
            side: snippet.side,
            act: snippet.act.clone(),
            text: snippet.text.clone(),
            kinds: snippet.kinds.clone(),
            unsent: snippet.unsent,
            state: match snippet.side {
                Side::Customer => None,
                Side::Page => snippet.state.or(Some(self.ticks(snippet.spot.at))),
            },
        });
        Some(Contact {
            key: key.clone(),
            first_at,
            last_at,
            inbound_at: self.inbound_at,
            delivered: self.delivered,
            read: self.read,
            unread: self.unread,
            profile: self.profile.clone(),
            profile_due: self.profile_due(),
            picture: self.picture,
            preview,
            fields,
            revision: self.revision,
        })
    }

    /// The profile to be fetched.
    pub fn pending(&self, key: &ContactKey) -> Pending {
        Pending::FetchProfile {
            contact: key.clone(),
            attempt: self.profile_attempt.saturating_add(1),
        }
    }

    /// Ticks are derived when reading, never stored: a receipt costs one row however long the talk.
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
    /// The bubble, unless it waits for its message.
    pub fn show(&self, key: &ContactKey, contact: &ContactRow) -> Option<Message> {
        let body = self.body.as_ref()?;
        let mut content = body.content.clone();
        content.text = self.text().map(str::to_owned);
        let state = (body.side == Side::Page).then(|| match contact.ticks(body.at) {
            MessageState::Sent if self.delivered_at.is_some() => MessageState::Delivered,
            ticks => ticks,
        });
        let reactions = [
            (Side::Customer, &self.customer_reaction),
            (Side::Page, &self.page_reaction),
        ];
        let reactions = reactions
            .into_iter()
            .filter_map(|(side, reacted)| Some((side, reacted.as_ref()?.reaction.clone()?)));
        Some(Message {
            contact: key.clone(),
            id: self.id.as_str().to_owned(),
            key: self.key.clone(),
            at: body.at,
            side: body.side,
            source: body.source,
            app: body.app.clone(),
            content,
            edited_at: self.edit.as_ref().map(|edit| edit.at),
            unsent_at: self.unsent_at,
            reactions: reactions.collect(),
            state,
            reason: None,
            sent_twice: self.sent_twice,
        })
    }
}

impl OutgoingRow {
    /// The bubble, unless the log shows it, or nobody wants to see it.
    pub fn show(&self, key: &ContactKey) -> Option<Message> {
        self.spot()?;
        let reason = match &self.state {
            OutgoingState::Failed { reason } => Some(reason.clone()),
            _ => None,
        };
        Some(Message {
            contact: key.clone(),
            id: self.key.as_str().to_owned(),
            key: Some(self.key.clone()),
            at: self.at,
            side: Side::Page,
            source: Source::Own,
            app: None,
            content: self.content.clone()?,
            edited_at: None,
            unsent_at: None,
            reactions: Vec::new(),
            state: Some(self.state.shown()),
            reason,
            sent_twice: false,
        })
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
                content: Box::new(self.content.clone()?),
            },
        })
    }
}
