//! Facebook Messenger for CRMs: webhooks, a store of customers and conversations, and the Graph API.
//!
//! A customer writes to a Page. The CRM has to identify the customer, show the message, and send an
//! agent's reply. This crate verifies and parses the webhooks, stores customers and conversations in
//! a database of the host's choice, and sends replies through the Graph API.
//!
//! ```text
//!  bytes ──► webhook ──► event ──► change ──► store ──► inbox ──► graph ──► Meta
//!           verify      parse     meaning    remember   work      call
//!  └──────── pure: no async, no clock, no I/O ───┘└── async, behind traits: ContactStore, Transport ──┘
//! ```
//!
//! # Modules
//!
//! | Module | Purpose | Start with |
//! |---|---|---|
//! | [`webhook`] | verify that a request is from Meta | [`Webhook`] |
//! | [`event`] | typed events, with the raw JSON of each | [`Event`], [`Kind`] |
//! | [`model`] | the nouns of a CRM: contacts, messages, content, keys | [`model::Contact`], [`model::Message`] |
//! | [`change`] | what an event means for a CRM | [`Change`] |
//! | [`store`] | customers and conversations in memory, SQLite or PostgreSQL | [`ContactStore`] |
//! | [`inbox`] | store deliveries, send replies, fetch profiles | [`Inbox`] |
//! | [`graph`] | calls to the Graph API | [`Graph`] |
//! | [`id`], [`secret`], [`text`], [`time`] | the vocabulary of all others | [`PageId`], [`AppSecret`], [`Text`], [`Timestamp`] |
//!
//! The types in the last column that are written without a path are exported at the crate root, and
//! so are all ids and secrets.
//!
//! # Quick start
//!
//! ```
//! use messenger_crm::{AppSecret, Kind, VerifyToken, Webhook, webhook::sign};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let secret = AppSecret::new("60efff025951cddde78c8d03de52cc90")?;
//! let webhook = Webhook::new(&secret, VerifyToken::new("pasted into Meta's dashboard")?);
//!
//! let body = br#"{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":"2"},
//!     "recipient":{"id":"1"},"timestamp":1700000000000,"message":{"mid":"m_1","text":"Hello~"}}]}]}"#;
//! let signature = sign(&secret, body); // Meta puts it into the header X-Hub-Signature-256
//! let delivery = webhook.receive(Some(signature.as_bytes()), body)?;
//! for event in &delivery.events {
//!     if let Kind::Message(message) = &event.kind {
//!         assert_eq!(message.text.as_deref(), Some("Hello~"));
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | Feature | Default | Adds |
//! |---|---|---|
//! | `client` | yes | the Graph client over reqwest, with TLS by rustls |
//! | `sqlite` | | the SQLite store, linked to an installed SQLite |
//! | `sqlite-bundled` | | the SQLite store with SQLite compiled in |
//! | `postgres` | | the PostgreSQL store; runs on tokio |
//! | `conformance` | | the contract of a store as tests for your own store |
//! | `simulator` | | Messenger on loopback: the customer's phone, App Dashboard and Graph API |
//! | `full` | | all of them |

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod id;
pub mod secret;
pub mod text;
pub mod time;

pub mod webhook;

pub mod event;

pub mod model;

pub mod change;

pub mod store;

pub mod inbox;

pub mod graph;

#[cfg(feature = "simulator")]
pub mod simulator;

pub use self::change::Change;
pub use self::event::{Event, Kind};
pub use self::graph::Graph;
pub use self::id::{
    AppId, Asid, AttachmentId, ConversationId, LabelId, Mid, PageId, PersonaId, Psid,
};
pub use self::inbox::Inbox;
pub use self::secret::{AccessToken, AppSecret, PageToken, UserToken, VerifyToken};
pub use self::store::ContactStore;
pub use self::text::Text;
pub use self::time::Timestamp;
pub use self::webhook::Webhook;

/// The README's examples compile and run; some of them need the client.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;
