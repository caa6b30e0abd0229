//! Worlds made by chance: what Meta might say about a few customers.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{
    change::{Change, Pause, ProfileResponse, SendOutcome},
    id::{Mid, PageId, Psid},
    model::{
        Act, Author, ContactKey, Content, Entry, EntryId, Outgoing, OutgoingKey, Picture, Profile,
        RawEvent, Reaction, Reason, Side, Source,
    },
    time::Timestamp,
};

/// A few customers and a few messages, so that much of what happens is about the same ones.
#[cfg(test)]
pub(crate) fn world(dice: &mut Dice) -> Vec<Change> {
    let length = if dice.below(10) == 0 {
        200
    } else {
        4 + dice.below(20)
    };
    let mut changes: Vec<Change> = (0..length).map(|_| fact(dice)).collect();
    // The first told of one key counts, and of one attempt there is one outcome: no two tellings.
    let mut told = std::collections::BTreeSet::new();
    changes.retain(|change| match change {
        Change::Queued { contact, key, .. } => told.insert((contact.clone(), key.clone())),
        _ => true,
    });
    changes
}

/// Two people, one of whom knows two Pages.
pub(crate) fn contacts() -> [ContactKey; 3] {
    [("1", "ada"), ("1", "bob"), ("2", "ada")]
        .map(|(page, psid)| ContactKey::new(PageId::new(page).unwrap(), Psid::new(psid).unwrap()))
}

pub(crate) fn fact(dice: &mut Dice) -> Change {
    let contact = dice.pick(&contacts());
    // Two messages of the customer, then two of each answer, which was sent twice: whoever tells
    // of a message, it is of the same side and of the same answer.
    let number = dice.below(6);
    let side = if number < 2 {
        Side::Customer
    } else {
        Side::Page
    };
    let mid = Mid::new(format!("m{number}")).unwrap();
    let key = OutgoingKey::new(at(number / 4 * 20 + 5), [7; 10]);
    let when = at(dice.below(50));
    let late = at(50 + dice.below(5));
    let sources = [Source::Webhook, Source::Standby, Source::Backfill];
    let text = format!("text {}", dice.below(3));
    match dice.below(24) {
        0..=5 => {
            let id = EntryId::of_message(&mid);
            let content = Content::text(text);
            let mut entry = Entry::new(id, when, dice.pick(&sources), content);
            entry.opens_window = dice.below(2) == 0;
            if side == Side::Customer {
                return Change::received(contact, entry);
            }
            let key = (dice.below(2) == 0).then_some(key);
            Change::Echoed {
                contact,
                entry,
                key,
            }
        }
        6 if dice.below(2) == 0 => {
            let content = Content::text(text);
            let id = EntryId::of_parts(&[b"feedback"]);
            let mut entry = Entry::new(id, when, dice.pick(&sources), content);
            entry.opens_window = false;
            Change::received(contact, entry)
        }
        6 => {
            let parts: [&[u8]; 2] = [b"postback", &[dice.below(2) as u8]];
            let content = Content::new(Act::POSTBACK);
            let entry = Entry::new(EntryId::of_parts(&parts), when, Source::Webhook, content);
            Change::received(contact, entry)
        }
        7 => Change::Edited {
            contact,
            mid,
            at: when,
            number: dice.below(3) as u32,
            text,
        },
        // Nobody takes back what was not sent yet.
        8 => Change::Unsent {
            contact,
            mid,
            at: late,
        },
        9 => Change::Reacted {
            contact,
            mid,
            at: when,
            by: dice.pick(&[Side::Customer, Side::Page]),
            reaction: (dice.below(3) > 0).then(|| Reaction::new(text)),
        },
        10 => Change::Delivered {
            contact,
            at: when,
            up_to: (dice.below(2) == 0).then_some(when),
            mids: vec![mid],
        },
        11 if number == 0 => Change::Opened { contact, at: when },
        11 => Change::Read {
            contact,
            up_to: when,
        },
        12 => {
            let profile = Profile {
                name: Some(text),
                ..Profile::default()
            };
            let picture =
                (dice.below(2) == 0).then(|| Picture::new("image/png", vec![number as u8]));
            let answers = [
                ProfileResponse::Known { profile, picture },
                ProfileResponse::Unavailable,
                ProfileResponse::Failed,
            ];
            Change::Profile {
                contact,
                fetched_at: when,
                response: dice.pick(&answers),
                due: (dice.below(2) == 0).then_some(late),
            }
        }
        13 => {
            let is_theirs = dice.below(2) == 0;
            let parts: [&[u8]; 3] = [
                contact.psid.as_str().as_bytes(),
                &[u8::from(is_theirs)],
                &number.to_be_bytes(),
            ];
            Change::RawEvent(RawEvent {
                id: EntryId::of_parts(&parts),
                page: Some(contact.page),
                psid: is_theirs.then_some(contact.psid),
                at: at(number * 10),
                reason: "strange".to_owned(),
                raw: vec![1, 2, 3],
            })
        }
        14 => Change::Queued {
            contact,
            at: Timestamp::from_millis(key.born().as_millis() + 3),
            key,
            outgoing: Outgoing::text("answer"),
        },
        15 | 16 => {
            let attempt = dice.below(3) as u32;
            let reason = Reason {
                advice: crate::model::Advice::FixRequest,
                code: Some(i64::from(attempt)),
                subcode: None,
                trace: None,
            };
            let outcomes = [
                SendOutcome::Sent {
                    mid: Mid::new(format!("m{}", number.max(2))).unwrap(),
                },
                SendOutcome::Unknown,
                SendOutcome::NotSent {
                    due: at(60),
                    reason: None,
                    tries: attempt,
                },
                SendOutcome::Failed { reason },
                SendOutcome::Dismissed,
            ];
            Change::Settled {
                contact,
                key,
                attempt,
                outcome: dice.pick(&outcomes),
            }
        }
        17 => Change::Field {
            contact,
            name: dice.pick(&["label", "note"]).to_owned(),
            value: (dice.below(3) > 0).then_some(text),
            at: when,
        },
        18 if number < 2 => Change::Tombstone {
            hash: contact.hash(),
            page: contact.page,
            at: when,
        },
        18 => Change::Forgotten { contact, at: when },
        19 => Change::Expired { contact, at: when },
        20 => Change::Tagged {
            contact,
            tag: dice.pick(&["vip", "late"]).to_owned(),
            on: dice.below(3) > 0,
            at: when,
            author: None,
        },
        21 => {
            let (id, content) = (EntryId::of_parts(&[b"note"]), Content::new(Act::NOTE));
            let mut entry = Entry::new(id, at(when.as_millis() as u64 % 3), Source::Own, content);
            entry.author = Some(Author::agent("ada"));
            Change::Noted { contact, entry }
        }
        22 => Change::Paused {
            page: contact.page,
            at: when,
            pause: (dice.below(2) == 0).then(|| Pause::new(text, Some(late))),
        },
        _ => Change::Mark {
            page: contact.page,
            name: "import".to_owned(),
            value: (dice.below(3) > 0).then_some(text),
            at: when,
        },
    }
}

pub(crate) fn at(time: u64) -> Timestamp {
    Timestamp::from_millis(time.cast_signed())
}

/// Chance that can be had again: xorshift64.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) % end
    }

    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }
}

/// The seed that the variable names, to repeat a run, or one of the clock's.
pub(crate) fn first_seed(variable: &str) -> u64 {
    let named = std::env::var(variable).ok();
    named.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_nanos() as u64)
    })
}
