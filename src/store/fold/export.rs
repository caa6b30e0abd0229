//! A conversation as the changes that make it again.

use super::{Body, ContactRow, EntryRow, OutgoingRow, OutgoingState, PageRow, WorkKey, WorkRow};
use crate::{
    change::{Change, ProfileResponse, SendOutcome},
    id::{Mid, PageId},
    model::{ContactKey, Entry, Picture, Revision, Side, Source, Status},
    time::Timestamp,
};

/// The changes that make the pause and marks of a Page again.
pub fn export_page(page: &PageId, row: &PageRow) -> Vec<Change> {
    let paused = row.paused_at.map(|at| Change::Paused {
        page: page.clone(),
        at,
        pause: row.pause.clone(),
    });
    let marks = row.marks.iter().map(|(name, mark)| Change::Mark {
        page: page.clone(),
        name: name.clone(),
        value: mark.value.clone(),
        at: mark.at,
    });
    paused.into_iter().chain(marks).collect()
}

/// The changes that make a customer's row again; its messages and acts follow.
pub fn export_contact(
    key: &ContactKey,
    row: &ContactRow,
    picture: Option<&Picture>,
) -> Vec<Change> {
    let contact = || key.clone();
    let mut changes = Vec::new();
    if let Some(at) = row.forgotten {
        changes.push(Change::Forgotten {
            contact: contact(),
            at,
        });
    }
    if let Some(at) = row.expired {
        changes.push(Change::Expired {
            contact: contact(),
            at,
        });
    }
    for (name, field) in &row.labels.fields {
        changes.push(Change::Field {
            contact: contact(),
            name: name.clone(),
            value: field.value.clone(),
            at: field.at,
        });
    }
    for (tag, row) in &row.labels.tags {
        changes.push(Change::Tagged {
            contact: contact(),
            tag: tag.clone(),
            on: row.on,
            at: row.at,
            author: None,
        });
    }
    if let Some(at) = row.opened_at {
        changes.push(Change::Opened {
            contact: contact(),
            at,
        });
    }
    if let Some(up_to) = row.delivered {
        changes.push(Change::Delivered {
            contact: contact(),
            at: up_to,
            up_to: Some(up_to),
            mids: Vec::new(),
        });
    }
    if let Some(up_to) = row.read {
        changes.push(Change::Read {
            contact: contact(),
            up_to,
        });
    }
    profile(key, row, picture, &mut changes);
    changes
}

fn profile(
    key: &ContactKey,
    row: &ContactRow,
    picture: Option<&Picture>,
    changes: &mut Vec<Change>,
) {
    let mut answered = |at: Option<Timestamp>, response| {
        if let Some(fetched_at) = at {
            changes.push(Change::Profile {
                contact: key.clone(),
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

/// The changes that make a reply again. A claim is not exported: the outcome of a reply that was
/// being sent is unknown afterwards.
pub fn export_reply(key: &ContactKey, reply: &OutgoingRow) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Some(outgoing) = &reply.outgoing {
        changes.push(Change::Queued {
            contact: key.clone(),
            key: reply.key.clone(),
            at: reply.at,
            outgoing: outgoing.clone(),
        });
    }
    let outcome = match &reply.state {
        OutgoingState::Queued => None,
        OutgoingState::Sending { .. } | OutgoingState::Unknown => Some(SendOutcome::Unknown),
        OutgoingState::NotSent { due, reason, tries } => Some(SendOutcome::NotSent {
            due: *due,
            reason: reason.clone(),
            tries: *tries,
        }),
        OutgoingState::Failed { reason } => Some(SendOutcome::Failed {
            reason: reason.clone(),
        }),
        OutgoingState::Dismissed => Some(SendOutcome::Dismissed),
    };
    let sent = reply
        .mids
        .iter()
        .map(|mid| SendOutcome::Sent { mid: mid.clone() });
    for outcome in outcome.into_iter().chain(sent) {
        changes.push(Change::Settled {
            contact: key.clone(),
            key: reply.key.clone(),
            attempt: reply.attempt,
            outcome,
        });
    }
    changes
}

/// The changes that make an entry again.
pub fn export_entry(key: &ContactKey, row: &EntryRow) -> Vec<Change> {
    let mut changes = Vec::new();
    // Our own body comes with the reply.
    let bodies = row.body.iter().flat_map(Body::all);
    for body in bodies.filter(|body| body.source != Source::Own || body.side == Side::Team) {
        let contact = key.clone();
        let mut entry = Entry::new(row.id.clone(), body.at, body.source, body.content);
        (entry.live, entry.opens_window) = (body.live, body.opens_window);
        (entry.app, entry.author) = (body.app, row.author.clone());
        changes.push(match body.side {
            Side::Customer => Change::Received {
                contact,
                entry,
                work: Vec::new(),
            },
            Side::Page => Change::Echoed {
                contact,
                entry,
                key: row.key.clone(),
            },
            Side::Team => Change::Noted { contact, entry },
        });
    }
    let Ok(mid) = Mid::new(row.id.as_str()) else {
        return changes;
    };
    let contact = || key.clone();
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
    changes
}

/// The change that makes an item of work again; `None` when it is given up.
pub fn export_work(key: &WorkKey, row: &WorkRow) -> Option<Change> {
    (!row.given_up).then(|| Change::WorkAdded {
        page: key.page.clone(),
        psid: key.psid.clone(),
        kind: key.kind.clone(),
        id: key.id.clone(),
        at: row.at,
        due: row.due.unwrap_or_default(),
        data: row.data.clone(),
    })
}

/// The acts of a conversation, which come last: they hold for whatever revisions the new store has.
pub fn export_acts(key: &ContactKey, row: &ContactRow) -> Vec<Change> {
    if !row.is_shown() {
        return Vec::new();
    }
    let (contact, latest) = (|| key.clone(), Revision::new(u64::MAX));
    let mut changes = vec![Change::Seen {
        contact: contact(),
        revision: latest,
    }];
    if row.unread > 0 {
        changes.push(Change::MarkedUnread {
            contact: contact(),
            count: row.unread,
        });
    }
    let at = row.last_at.unwrap_or_default();
    if row.status != Status::Open {
        changes.push(Change::Status {
            contact: contact(),
            status: row.status,
            revision: latest,
            at,
            author: None,
        });
    }
    if row.assignee.is_some() {
        changes.push(Change::Assigned {
            contact: contact(),
            assignee: row.assignee.clone(),
            revision: latest,
            at,
            author: None,
        });
    }
    changes
}
