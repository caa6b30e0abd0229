//! The nouns of a CRM: customers, messages, content, keys and reasons.
//!
//! [`Change`](crate::change::Change) says what happened in these terms, a
//! [`ContactStore`](crate::store::ContactStore) stores and returns them, and the Graph client uses
//! [`Advice`] and [`Picture`]. This module depends on ids, texts and times only.
//!
//! | Subject | Types |
//! |---|---|
//! | A customer | [`Contact`], [`Profile`], [`Picture`], [`Preview`] |
//! | A conversation | [`Entry`] as written, [`Message`] as read, [`MessageState`], [`Side`], [`Source`] |
//! | What a message says | [`Content`], [`Act`], [`Attachment`], [`Referral`], [`OptIn`], [`Reaction`] |
//! | Keys | [`ContactKey`], [`EntryId`], [`OutgoingKey`], [`Revision`], [`WorkerId`] |
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
mod contact;
mod content;
mod key;
mod message;
mod outgoing_key;
mod picture;
mod raw_event;
mod reason;

pub use self::advice::Advice;
pub use self::contact::{Contact, Preview, Profile};
pub use self::content::{Act, Attachment, Content, OptIn, Reaction, Referral};
pub use self::key::{ContactKey, EntryId, Revision, WorkerId};
pub use self::message::{Entry, Message, MessageState, Side, Source};
pub use self::outgoing_key::{InvalidKey, OutgoingKey};
pub use self::picture::Picture;
pub use self::raw_event::RawEvent;
pub use self::reason::Reason;
