//! Facebook Messenger for CRMs: webhooks, a store of customers and conversations, and the Graph API.
//!
//! A customer writes to a Page. The CRM has to identify the customer, show the message, and send an
//! agent's reply. This crate verifies and parses the webhooks, stores customers and conversations in
//! a database that you choose, and sends replies through the Graph API.
//!
//! ```text
//!  bytes ──► webhook ──► event ──► change ──► store ──► inbox ──► graph ──► Meta
//!            verify      parse     interpret  save      work      call
//!  └──────── pure: no async, no clock, no I/O ┘└── async, behind traits: ContactStore, Transport ──┘
//! ```
//!
//! # Which module do I need?
//!
//! | Task | Open |
//! |---|---|
//! | Receive and store webhooks in my HTTP server | [`inbox`]: [`Inbox::service`] |
//! | Receive webhooks without a store | [`webhook`]: [`Webhook::respond`], [`Webhook::receive`] |
//! | Read what happened | [`event`]: [`Kind`] lists all kinds of events |
//! | Store what was received, and list customers and messages | [`inbox`]: [`Inbox::receive`]; [`store`]: [`ContactStore`] |
//! | Send an agent's reply once, also after a crash | [`inbox`]: [`Inbox::reply`], [`Inbox::step`] |
//! | Send a message without a store | [`graph::send`] |
//! | Know whether a customer can be written to now | [`graph::send::Window`] |
//! | Show a customer's name and picture | [`graph::profile`] |
//! | Log a person in and connect their Pages | [`graph::app`] |
//! | Subscribe to webhooks, set the menu, labels, personas | [`graph::page`] |
//! | Import past conversations | [`graph::history`] |
//! | Call an endpoint that this crate lacks | [`graph::Call`] |
//! | Delete a customer's data when Meta requests it | [`Inbox::service`], [`Inbox::privacy_requests`], [`Inbox::forget`] |
//! | Use my own database | [`store`], with the tests of the feature `conformance` |
//! | Test my program without Meta | [`webhook::sign`], [`graph::ScriptedTransport`], the feature `simulator` |
//!
//! # Modules
//!
//! | Module | Purpose | Start with |
//! |---|---|---|
//! | [`webhook`] | verify that a request comes from Meta | [`Webhook`] |
//! | [`event`] | typed events, with the raw JSON of each | [`Event`], [`Kind`] |
//! | [`model`] | data types of a CRM: contacts, messages, content, keys | [`model::Contact`], [`model::Message`] |
//! | [`change`] | convert an event into a change of the CRM's data | [`Change`] |
//! | [`store`] | customers and conversations in memory, SQLite or PostgreSQL | [`ContactStore`] |
//! | [`inbox`] | store deliveries, send replies, fetch profiles | [`Inbox`] |
//! | [`graph`] | call the Graph API | [`Graph`] |
//! | [`id`], [`secret`], [`text`], [`time`] | basic types that all modules use | [`PageId`], [`AppSecret`], [`Text`], [`Timestamp`] |
//!
//! Types that this page shows without a module are exported at the crate root, and so are all ids
//! and secrets.
//!
//! # Terms
//!
//! | Term | Meaning |
//! |---|---|
//! | host | your program, which uses this crate |
//! | Page | the Facebook Page of a business, to which customers write |
//! | PSID | page-scoped id: the id of a customer for one Page ([`Psid`]) |
//! | delivery | one `POST` from Meta, with one or more events |
//! | echo | the event by which Meta reports a message that the Page sent |
//! | standby | the list of events of conversations that another app controls |
//! | messaging window | the time after a customer's action in which the Page may send freely |
//!
//! # Quick start
//!
//! Verify a delivery and read its events:
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
//! let signature = sign(&secret, body); // Meta sends it in the header X-Hub-Signature-256
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
//! | `tower` | yes | the HTTP service of the inbox as a `tower_service::Service` |
//! | `tokio` | yes | `Inbox::run`: the workers of the inbox, on tokio |
//! | `tracing` | | events of the inbox for `tracing` |
//! | `metrics` | | counters and gauges of the inbox for the facade `metrics` |
//! | `sqlite` | | the SQLite store, linked to an installed SQLite |
//! | `sqlite-bundled` | | the SQLite store with SQLite compiled in |
//! | `postgres` | | the PostgreSQL store; runs on tokio |
//! | `sqlx` | | the PostgreSQL store in transactions of sqlx 0.8 |
//! | `conformance` | | tests that check your own store against the contract of [`ContactStore`] |
//! | `simulator` | | Messenger simulated on loopback: the customer's phone, App Dashboard and Graph API |
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
