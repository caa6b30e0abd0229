//! A conversation as the changes that make it again.

use super::{ContactRow, Conversation, EntryRow, OutgoingRow, OutgoingState};
use crate::{
    change::{Change, ProfileResponse, SendOutcome},
    id::Mid,
    model::{ContactKey, Content, Entry, Picture, Revision, Side, Source},
    time::Timestamp,
};

/// The changes that make this conversation again in a store that does not know it.
///
/// What is seen is the same, and what was erased stays erased. A claim is not exported: an answer
/// that was on its way is unknown afterwards.
pub fn export(
    key: &ContactKey,
    row: &ContactRow,
    rows: &Conversation,
    picture: Option<&Picture>,
) -> Vec<Change> {
    let mut log = Log {
        key,
        changes: Vec::new(),
    };
    let contact = || key.clone();
    if let Some(at) = row.forgotten {
        log.push(Change::Forgotten {
            contact: contact(),
            at,
        });
    }
    if let Some(at) = row.expired {
        log.push(Change::Expired {
            contact: contact(),
            at,
        });
    }
    for answer in &rows.outgoing {
        log.answer(answer);
    }
    let mut entries: Vec<&EntryRow> = rows.entries.iter().collect();
    entries.sort_by_key(|entry| entry.spot());
    let is_inbound = |entry: &&&EntryRow| {
        let body = entry.body.as_ref();
        body.is_some_and(|body| body.side == Side::Customer)
    };
    let inbound = entries.iter().filter(is_inbound).count();
    let mut to_see = inbound.saturating_sub(row.unread as usize);
    for entry in entries {
        log.entry(entry);
        if is_inbound(&&entry) && to_see > 0 {
            to_see -= 1;
            log.see_if(to_see == 0);
        }
    }
    for (name, field) in &rows.fields {
        log.push(Change::Field {
            contact: contact(),
            name: name.clone(),
            value: field.value.clone(),
            at: field.at,
        });
    }
    if let Some(at) = row.inbound_at {
        log.push(Change::Opened {
            contact: contact(),
            at,
        });
    }
    if let Some(up_to) = row.delivered {
        log.push(Change::Delivered {
            contact: contact(),
            at: up_to,
            up_to: Some(up_to),
            mids: Vec::new(),
        });
    }
    if let Some(up_to) = row.read {
        log.push(Change::Read {
            contact: contact(),
            up_to,
        });
    }
    log.profile(row, picture);
    log.changes
}

struct Log<'k> {
    key: &'k ContactKey,
    changes: Vec<Change>,
}

impl Log<'_> {
    fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Everything told so far has been seen.
    fn see_if(&mut self, is_seen: bool) {
        if is_seen {
            self.push(Change::Seen {
                contact: self.key.clone(),
                revision: Revision::new(u64::MAX),
            });
        }
    }

    fn answer(&mut self, answer: &OutgoingRow) {
        let (contact, key) = (self.key.clone(), answer.key.clone());
        if let Some(content) = &answer.content {
            self.push(Change::Queued {
                contact: contact.clone(),
                key: key.clone(),
                at: answer.at,
                content: content.clone(),
            });
        }
        let outcome = match &answer.state {
            OutgoingState::Queued => None,
            OutgoingState::Sending { .. } | OutgoingState::Unknown => Some(SendOutcome::Unknown),
            OutgoingState::NotSent { due } => Some(SendOutcome::NotSent { due: *due }),
            OutgoingState::Failed { reason } => Some(SendOutcome::Failed {
                reason: reason.clone(),
            }),
            OutgoingState::Dismissed => Some(SendOutcome::Dismissed),
        };
        let sent = answer
            .mids
            .iter()
            .map(|mid| SendOutcome::Sent { mid: mid.clone() });
        for outcome in outcome.into_iter().chain(sent) {
            self.push(Change::Settled {
                contact: contact.clone(),
                key: key.clone(),
                attempt: answer.attempt,
                outcome,
            });
        }
    }

    fn entry(&mut self, row: &EntryRow) {
        // Our own body comes with the answer.
        if let Some(body) = row.body.as_ref().filter(|body| body.source != Source::Own) {
            let content: &Content = &body.content;
            for at in body.times() {
                let mut entry = Entry::new(row.id.clone(), at, body.source, content.clone());
                entry.timeless = !body.later.is_empty();
                entry.app.clone_from(&body.app);
                entry.opens_window = false;
                let contact = self.key.clone();
                self.push(match body.side {
                    Side::Customer => Change::Received { contact, entry },
                    Side::Page => Change::Echoed {
                        contact,
                        entry,
                        key: row.key.clone(),
                    },
                });
            }
        }
        let Ok(mid) = Mid::new(row.id.as_str()) else {
            return;
        };
        let contact = || self.key.clone();
        let mut changes = Vec::new();
        if let Some(edit) = &row.edit {
            changes.push(Change::Edited {
                contact: contact(),
                mid: mid.clone(),
                at: edit.at,
                number: edit.number,
                text: edit.text.clone(),
            });
        }
        if let Some(at) = row.unsent_at {
            changes.push(Change::Unsent {
                contact: contact(),
                mid: mid.clone(),
                at,
            });
        }
        let reactions = [
            (Side::Customer, &row.customer_reaction),
            (Side::Page, &row.page_reaction),
        ];
        for (by, reacted) in reactions {
            if let Some(reacted) = reacted {
                changes.push(Change::Reacted {
                    contact: contact(),
                    mid: mid.clone(),
                    at: reacted.at,
                    by,
                    reaction: reacted.reaction.clone(),
                });
            }
        }
        if let Some(at) = row.delivered_at {
            changes.push(Change::Delivered {
                contact: contact(),
                at,
                up_to: None,
                mids: vec![mid],
            });
        }
        self.changes.append(&mut changes);
    }

    fn profile(&mut self, row: &ContactRow, picture: Option<&Picture>) {
        let mut answered = |at: Option<Timestamp>, response| {
            if let Some(fetched_at) = at {
                self.push(Change::Profile {
                    contact: self.key.clone(),
                    fetched_at,
                    response,
                    due: row.ask_again.filter(|_| at == row.asked_at),
                });
            }
        };
        let profile = row.profile.clone();
        if let Some((profile, picture)) = profile.clone().zip(picture) {
            let picture = Some(picture.clone());
            answered(row.picture_at, ProfileResponse::Known { profile, picture });
        }
        if let Some(profile) = profile {
            let picture = None;
            answered(row.profile_at, ProfileResponse::Known { profile, picture });
        }
        if row.asked_at > row.profile_at {
            answered(row.asked_at, ProfileResponse::Failed);
        }
    }
}
