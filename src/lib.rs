//! Facebook Messenger for CRMs.
//!
//! A customer writes to a Page; the CRM must know who that is, show the message, and let an agent
//! answer. This crate reads what Meta sends, remembers customers and conversations in a store of
//! the host's choice, and answers through the Graph API.
//!
//! ```text
//! bytes ──► webhook ──► event ──► change ──► store ──► inbox ──► graph ──► Meta
//!           is it Meta?  what      what does  what we   what the  how we
//!                        happened? it mean?   know      CRM does  answer
//! ```
//!
//! # Quick start
//!
//! ```
//! use messenger_crm::{event::Kind, secret::{AppSecret, VerifyToken}, webhook::{Webhook, sign}};
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

/// The README's examples compile and run; some of them need the client.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../README.md")]
struct Readme;
