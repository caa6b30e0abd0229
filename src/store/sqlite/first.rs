//! Files of the first schema, and how they come to that of this program.

use std::num::NonZeroU32;

use rusqlite::{Transaction, params};
use serde::{Deserialize, de::DeserializeOwned};

use super::{connection::failed, migrate::create, read::all, rows::SqliteRows};
use crate::{
    change::{Change, ProfileResponse, SendOutcome},
    id::{Mid, PageId, Psid},
    model::{
        ContactKey, Content, Entry, EntryId, OutgoingKey, Picture, Profile, RawEvent, Reason,
        Revision, Side, Source,
    },
    store::{
        StoreError,
        fold::{self, Rows},
    },
    time::Timestamp,
};

/// The first schema kept its rows as JSON: they are read as the changes that made them.
pub(super) fn migrate(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction
        .execute_batch(
            "DROP INDEX contact_inbox; DROP INDEX contact_send_due; DROP INDEX contact_profile_due;
             DROP INDEX message_order; DROP INDEX outgoing_waiting; DROP INDEX outgoing_shown;
             ALTER TABLE page RENAME TO old_page; ALTER TABLE contact RENAME TO old_contact;
             ALTER TABLE picture RENAME TO old_picture; ALTER TABLE message RENAME TO old_message;
             ALTER TABLE outgoing RENAME TO old_outgoing; ALTER TABLE kept RENAME TO old_kept;",
        )
        .map_err(failed)?;
    create(transaction)?;
    // A browser that knows the old revision must see that there is a newer one.
    transaction
        .execute_batch(
            "INSERT INTO page (page, revision, gone) SELECT page, revision, 0 FROM old_page",
        )
        .map_err(failed)?;
    let mut rows = SqliteRows::new(transaction);
    let contacts = "SELECT page, psid, data FROM old_contact";
    let mut contacts = transaction.prepare(contacts).map_err(failed)?;
    let mut contacts = contacts.query([]).map_err(failed)?;
    while let Some(row) = contacts.next().map_err(failed)? {
        let text = |column| row.get::<_, String>(column).map_err(failed);
        let unreadable = |_| StoreError::Unreadable("a customer's key");
        let key = ContactKey::new(
            PageId::new(text(0)?).map_err(unreadable)?,
            Psid::new(text(1)?).map_err(unreadable)?,
        );
        let contact: OldContact = from_json(&text(2)?)?;
        fold::apply(&mut rows, &old_conversation(transaction, &key)?)?;
        let picture = old_picture(transaction, &key)?;
        fold::apply(&mut rows, &contact.changes(&key, picture))?;
        // How much was seen is no change of its own.
        if let Some(mut now) = rows.contact(&key)?.filter(|now| now.is_shown()) {
            (now.unread, now.profile_attempt) = (contact.unread, contact.profile_attempt);
            now.inbound_revision = contact.inbound_revision;
            rows.put_contact(&key, &now)?;
        }
    }
    fold::apply(&mut rows, &old_kept(transaction)?)?;
    rows.finish()?;
    transaction
        .execute_batch(
            "DROP TABLE old_page; DROP TABLE old_contact; DROP TABLE old_picture; DROP TABLE old_message;
             DROP TABLE old_outgoing; DROP TABLE old_kept;",
        )
        .map_err(failed)
}

#[derive(Deserialize)]
struct OldContact {
    inbound_at: Option<Timestamp>,
    unread: u32,
    inbound_revision: Revision,
    delivered: Option<Timestamp>,
    read: Option<Timestamp>,
    profile: Option<Profile>,
    profile_at: Option<Timestamp>,
    profile_due: Option<Timestamp>,
    profile_attempt: u32,
    picture: Option<NonZeroU32>,
}

impl OldContact {
    fn changes(&self, key: &ContactKey, picture: Option<Picture>) -> Vec<Change> {
        let contact = || key.clone();
        let mut changes = Vec::new();
        if let Some(at) = self.inbound_at {
            changes.push(Change::Opened {
                contact: contact(),
                at,
            });
        }
        if let Some(up_to) = self.delivered {
            changes.push(Change::Delivered {
                contact: contact(),
                at: up_to,
                up_to: Some(up_to),
                mids: Vec::new(),
            });
        }
        if let Some(up_to) = self.read {
            changes.push(Change::Read {
                contact: contact(),
                up_to,
            });
        }
        if let Some(fetched_at) = self.profile_at {
            let picture = picture.filter(|_| self.picture.is_some());
            let response = match self.profile.clone() {
                Some(profile) => ProfileResponse::Known { profile, picture },
                None => ProfileResponse::Failed,
            };
            changes.push(Change::Profile {
                contact: contact(),
                fetched_at,
                response,
                due: self.profile_due,
            });
        }
        changes
    }
}

#[derive(Deserialize)]
struct OldMessage {
    entry: OldEntry,
    side: Side,
    key: Option<OutgoingKey>,
}

#[derive(Deserialize)]
struct OldEntry {
    id: EntryId,
    at: Timestamp,
    source: Source,
    content: Content,
}

#[derive(Deserialize)]
struct OldOutgoing {
    key: OutgoingKey,
    at: Timestamp,
    content: Option<Content>,
    attempt: u32,
    state: OldState,
    mids: Vec<Mid>,
}

#[derive(Deserialize)]
enum OldState {
    Queued,
    Sending {},
    Unknown,
    NotSent { due: Timestamp },
    Failed { reason: Reason },
    Sent,
}

fn old_conversation(
    transaction: &Transaction<'_>,
    key: &ContactKey,
) -> Result<Vec<Change>, StoreError> {
    let place = params![key.page.as_str(), key.psid.as_str()];
    let read = |table: &str| {
        let sql = format!("SELECT data FROM {table} WHERE page = ?1 AND psid = ?2");
        all(transaction, &sql, place, |row| {
            row.get::<_, String>(0).map_err(failed)
        })
    };
    let mut changes = Vec::new();
    for text in read("old_outgoing")? {
        let old: OldOutgoing = from_json(&text)?;
        let (contact, key) = (key.clone(), old.key);
        if let Some(content) = old.content {
            changes.push(Change::Queued {
                contact: contact.clone(),
                key: key.clone(),
                at: old.at,
                content,
            });
        }
        let outcome = match old.state {
            OldState::Queued | OldState::Sent => None,
            // Nobody knows how an attempt ended that was under way.
            OldState::Sending {} | OldState::Unknown => Some(SendOutcome::Unknown),
            OldState::NotSent { due } => Some(SendOutcome::NotSent { due }),
            OldState::Failed { reason } => Some(SendOutcome::Failed { reason }),
        };
        let sent = old.mids.into_iter().map(|mid| SendOutcome::Sent { mid });
        changes.extend(
            outcome
                .into_iter()
                .chain(sent)
                .map(|outcome| Change::Settled {
                    contact: contact.clone(),
                    key: key.clone(),
                    attempt: old.attempt,
                    outcome,
                }),
        );
    }
    for text in read("old_message")? {
        let OldMessage {
            entry: old,
            side,
            key: answer,
        } = from_json(&text)?;
        let entry = Entry::new(old.id, old.at, old.source, old.content);
        let contact = key.clone();
        changes.push(match side {
            Side::Customer => Change::Received { contact, entry },
            // It came with the answer.
            Side::Page if entry.source == Source::Own => continue,
            Side::Page => Change::Echoed {
                contact,
                entry,
                key: answer,
            },
        });
    }
    Ok(changes)
}

fn old_picture(
    transaction: &Transaction<'_>,
    key: &ContactKey,
) -> Result<Option<Picture>, StoreError> {
    let pictures = all(
        transaction,
        "SELECT media_type, bytes FROM old_picture WHERE page = ?1 AND psid = ?2",
        params![key.page.as_str(), key.psid.as_str()],
        |row| {
            Ok(Picture {
                media_type: row.get(0).map_err(failed)?,
                bytes: row.get(1).map_err(failed)?,
            })
        },
    )?;
    Ok(pictures.into_iter().next())
}

fn old_kept(transaction: &Transaction<'_>) -> Result<Vec<Change>, StoreError> {
    all(
        transaction,
        "SELECT page, id, at, reason, raw FROM old_kept",
        [],
        |row| {
            let page: Option<String> = row.get(0).map_err(failed)?;
            let unreadable = |_| StoreError::Unreadable("the id of a Page");
            Ok(Change::RawEvent(RawEvent {
                page: page.map(PageId::new).transpose().map_err(unreadable)?,
                psid: None,
                id: EntryId::from_text(row.get::<_, String>(1).map_err(failed)?),
                at: Timestamp::from_millis(row.get(2).map_err(failed)?),
                reason: row.get(3).map_err(failed)?,
                raw: row.get(4).map_err(failed)?,
            }))
        },
    )
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("a row of the first schema"))
}
