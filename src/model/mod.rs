//! The nouns of a CRM: customers, messages, content, keys and reasons.
//!
//! [`Change`](crate::change::Change) says what happened in these terms, a
//! [`ContactStore`](crate::store::ContactStore) stores and returns them, and the Graph client uses
//! [`Advice`] and [`Picture`]. This module depends on ids, texts and times only.
//!
//! | Subject | Types |
//! |---|---|
//! | A customer | [`Contact`], [`Profile`], [`Picture`], [`Preview`], [`ContactReaction`] |
//! | A conversation | [`Entry`] as written, [`Message`] as read, [`Outgoing`], [`MessageState`], [`Status`], [`Side`], [`Source`], [`Author`] |
//! | Content of a message | [`Content`], [`Act`], [`Attachment`], [`Card`], [`Button`], [`Coordinates`], [`Referral`], [`OptIn`], [`Reaction`] |
//! | Keys | [`ContactKey`], [`EntryId`], [`OutgoingKey`], [`Revision`], [`WorkerId`] |
//! | Work | [`WorkKind`] |
//! | Failures | [`Reason`], [`Advice`], [`RawEvent`] |
//!
//! # Examples
//!
//! ```
//! use messenger_crm::model::{Content, Entry, EntryId, Source};
//! use messenger_crm::{id::Mid, time::Timestamp};
//!
//! let mid = Mid::new("m_1")?;
//! let at = Timestamp::from_millis(1_700_000_000_000);
//! let entry = Entry::new(EntryId::of_message(&mid), at, Source::Webhook, Content::text("Hello~"));
//! assert_eq!(entry.content.text.as_deref(), Some("Hello~"));
//! # Ok::<(), messenger_crm::id::InvalidId>(())
//! ```

mod advice;
mod author;
mod contact;
mod content;
mod key;
mod message;
mod outgoing;
mod outgoing_key;
mod picture;
mod raw_event;
mod reason;
mod status;
mod work_kind;

pub use self::advice::Advice;
pub use self::author::Author;
pub use self::contact::{Contact, ContactReaction, Preview, Profile};
pub use self::content::{
    Act, Attachment, Button, Card, Content, Coordinates, OptIn, Reaction, Referral,
};
pub(crate) use self::key::first_16_bytes;
pub use self::key::{ContactKey, EntryId, Revision, WorkerId};
pub use self::message::{Entry, Message, MessageState, Side, Source};
pub use self::outgoing::Outgoing;
pub use self::outgoing_key::{InvalidKey, OutgoingKey};
pub use self::picture::Picture;
pub use self::raw_event::RawEvent;
pub use self::reason::Reason;
pub use self::status::{Status, StatusKind};
pub use self::work_kind::WorkKind;
