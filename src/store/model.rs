//! What a store shows: customers, messages, work.

use std::{fmt, num::NonZeroU32};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    graph::Advice,
    id::{Mid, PageId, Psid},
    time::Timestamp,
};

/// A customer of a Page. The same person is another customer for another Page.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct ContactKey {
    /// The Page.
    pub page: PageId,
    /// The person, as this Page knows them.
    pub psid: Psid,
}

impl ContactKey {
    /// The customer of this Page with this id.
    pub fn new(page: PageId, psid: Psid) -> Self {
        Self { page, psid }
    }
}

/// The number of a commit that changed something of a Page.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Revision(pub(crate) u64);

impl Revision {
    /// A revision that was written down as a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

/// Which worker holds a claim: any number that no other worker has.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct WorkerId(u64);

impl WorkerId {
    /// A worker by its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

/// What identifies an entry of a conversation: Meta's message id, or a hash where there is none.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct EntryId(Box<str>);

impl EntryId {
    /// The id of a message.
    pub fn of_message(mid: &Mid) -> Self {
        Self(mid.as_str().into())
    }

    /// The id of something without a message id: a hash of what defines it.
    ///
    /// The parts must be the same when Meta sends the event again.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // The length keeps ("ab", "c") from ("a", "bc").
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        Self(
            digest[..16]
                .iter()
                .fold(String::from("~"), |text, byte| {
                    text + &format!("{byte:02x}")
                })
                .into(),
        )
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Our own key of an answer: a UUID of version 7, so that it tells when it was born.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct OutgoingKey(Box<str>);

/// A text that is no UUID of version 7.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key is not a UUID of version 7")]
#[non_exhaustive]
pub struct InvalidKey;

impl OutgoingKey {
    /// A new key, from the time and ten random bytes.
    pub fn new(born: Timestamp, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&born.as_millis().to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = bytes[6] & 0x0f | 0x70;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = bytes
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        Self(
            format!(
                "{}-{}-{}-{}-{}",
                &hex[..8],
                &hex[8..12],
                &hex[12..16],
                &hex[16..20],
                &hex[20..]
            )
            .into(),
        )
    }

    /// A key from its text, as [`as_str`](Self::as_str) gave it.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let good = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                14 => byte == b'7',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        if good {
            Ok(Self(text.into()))
        } else {
            Err(InvalidKey)
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OutgoingKey {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        Self::parse(&text)
    }
}

impl From<OutgoingKey> for String {
    fn from(key: OutgoingKey) -> Self {
        key.0.into()
    }
}

/// Who wrote.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Side {
    /// The customer.
    Customer,
    /// The Page.
    Page,
}

/// How an entry came to us; of two bodies of one message the later in this list counts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Source {
    /// We sent it, and no echo has come.
    Own,
    /// By webhook, while another app owned the thread.
    Standby,
    /// By webhook.
    Webhook,
}

/// What an entry says.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Content {
    /// The text.
    pub text: Option<String>,
    /// The label of the button that was tapped.
    pub title: Option<String>,
    /// What stands behind the button or quick reply.
    pub payload: Option<String>,
    /// What came with it.
    pub attachments: Vec<Attachment>,
}

impl Content {
    /// A text and nothing else.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Content({} bytes of text, {} attachments)",
            self.text.as_ref().map_or(0, String::len),
            self.attachments.len()
        )
    }
}

/// Something that came with a message.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Attachment {
    /// `image`, `audio`, … An open set.
    pub kind: String,
    /// Where Meta keeps it, for a while. Untrusted.
    pub url: Option<String>,
    /// Its title.
    pub title: Option<String>,
}

impl Attachment {
    pub(crate) fn of(attachment: &crate::event::Attachment<'_>) -> Self {
        Self {
            kind: attachment.kind.to_storable(),
            url: attachment.url.as_ref().map(crate::text::Text::to_storable),
            title: attachment
                .title
                .as_ref()
                .map(crate::text::Text::to_storable),
        }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({})", self.kind)
    }
}

/// One line of a conversation, as it happened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// What identifies it within the conversation.
    pub id: EntryId,
    /// When it happened.
    pub at: Timestamp,
    /// How it came to us.
    pub source: Source,
    /// What it says.
    pub content: Content,
}

/// Who a customer is, as far as Meta tells.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Profile {
    /// The full name.
    pub name: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(…)")
    }
}

/// A customer's picture.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Picture {
    /// `image/jpeg`, `image/png`, `image/gif` or `image/webp`.
    pub media_type: String,
    /// The file.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Picture({}, {} bytes)",
            self.media_type,
            self.bytes.len()
        )
    }
}

impl Picture {
    /// A picture of this type.
    pub fn new(media_type: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            media_type: media_type.into(),
            bytes,
        }
    }
}

/// Why an answer was refused, or is waiting: what Meta said, without its words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// What to do about it.
    pub advice: Advice,
    /// Meta's code.
    pub code: Option<i64>,
    /// Meta's subcode.
    pub subcode: Option<i64>,
    /// Meta's trace id, for its support.
    pub trace: Option<String>,
}

impl Reason {
    /// The reason behind a Graph error.
    pub fn of(error: &crate::graph::Error) -> Self {
        let api = match error {
            crate::graph::Error::Api(api) => Some(api),
            _ => None,
        };
        Self {
            advice: error.advice(),
            code: api.and_then(|api| api.code),
            subcode: api.and_then(|api| api.subcode),
            trace: api.and_then(|api| api.trace.clone()),
        }
    }
}

/// Where an answer of ours stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum MessageState {
    /// Stored, waiting to be sent.
    Queued,
    /// On its way.
    Sending,
    /// It may have been sent, or not: the echo will tell.
    Unknown,
    /// Meta refused it.
    Failed,
    /// Meta has it.
    Sent,
    /// It reached the customer.
    Delivered,
    /// The customer has read it.
    Read,
}

/// The last message of a conversation, for the inbox.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Preview {
    /// When.
    pub at: Timestamp,
    /// Who wrote it.
    pub side: Side,
    /// What it says.
    pub content: Content,
    /// The answer of ours that it is, if it still waits in the queue or failed there.
    pub key: Option<OutgoingKey>,
}

/// A customer, as the inbox shows them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Contact {
    /// Who.
    pub key: ContactKey,
    /// When they first wrote or were written to.
    pub first_at: Timestamp,
    /// The last activity.
    pub last_at: Timestamp,
    /// When the customer last wrote: what opens the messaging window.
    pub inbound_at: Option<Timestamp>,
    /// How many messages of theirs nobody has seen.
    pub unread: u32,
    /// Their profile, when Meta gave one.
    pub profile: Option<Profile>,
    /// Whether the profile is still to be asked for.
    pub profile_due: Option<Timestamp>,
    /// Whether there is a picture, and which one: it changes when the picture does.
    pub picture: Option<NonZeroU32>,
    /// The last message.
    pub preview: Option<Preview>,
    /// The commit that last changed something here.
    pub revision: Revision,
}

/// One bubble of a conversation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Message {
    /// Meta's id, a hash, or our key while there is neither.
    pub id: String,
    /// Our key, when it is an answer of ours.
    pub key: Option<OutgoingKey>,
    /// When.
    pub at: Timestamp,
    /// Who wrote it.
    pub side: Side,
    /// How it came to us.
    pub source: Source,
    /// What it says.
    pub content: Content,
    /// Where it stands, when the Page wrote it.
    pub state: Option<MessageState>,
    /// Why it failed or waits.
    pub reason: Option<Reason>,
}

/// Which customers to list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContactQuery {
    /// Of which Page.
    pub page: PageId,
    /// Only whose name or last message holds this text, without regard to case.
    pub search: Option<String>,
    /// Continue behind this cursor.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl ContactQuery {
    /// The first fifty customers of a Page.
    pub fn new(page: PageId) -> Self {
        Self {
            page,
            search: None,
            after: None,
            limit: 50,
        }
    }
}

/// Which messages to list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MessageQuery {
    /// Of which conversation.
    pub contact: ContactKey,
    /// Continue behind this cursor, towards the past.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl MessageQuery {
    /// The newest fifty messages of a conversation.
    pub fn new(contact: ContactKey) -> Self {
        Self {
            contact,
            after: None,
            limit: 50,
        }
    }
}

/// How many rows there are in all: exact up to 1,000, because counting further costs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Count {
    /// Exactly so many.
    Exactly(u32),
    /// More than so many.
    MoreThan(u32),
}

/// One page of results.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listing<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next listing begins, if there is more.
    pub next: Option<String>,
    /// How many rows there are in all.
    pub total: Count,
    /// The state of the Page that was read, or an earlier one.
    pub revision: Revision,
}

/// A piece of work that is due.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Pending {
    /// A profile to fetch.
    #[non_exhaustive]
    FetchProfile {
        /// Whose.
        contact: ContactKey,
        /// The attempt to claim.
        attempt: u32,
    },
    /// An answer to send.
    #[non_exhaustive]
    Send {
        /// To whom.
        contact: ContactKey,
        /// Which answer.
        key: OutgoingKey,
        /// The attempt to claim.
        attempt: u32,
        /// What it says.
        content: Content,
    },
    /// A claim to send that ran out: nobody knows whether the message left.
    #[non_exhaustive]
    Lapsed {
        /// To whom.
        contact: ContactKey,
        /// Which answer.
        key: OutgoingKey,
        /// The attempt that was claimed.
        attempt: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_when_it_was_born_and_reads_back() {
        let key = OutgoingKey::new(Timestamp::from_millis(0x0190_1234_5678), [0xff; 10]);
        assert_eq!(key.as_str(), "01901234-5678-7fff-bfff-ffffffffffff");
        assert_eq!(OutgoingKey::parse(key.as_str()), Ok(key));
        for bad in [
            "",
            "01901234-5678-4fff-bfff-ffffffffffff",
            "01901234-5678-7fff-bfff-fffffffffffF",
        ] {
            assert_eq!(OutgoingKey::parse(bad), Err(InvalidKey), "{bad}");
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(
            EntryId::of_parts(&[b"ab", b"c"]),
            EntryId::of_parts(&[b"a", b"bc"])
        );
    }
}
