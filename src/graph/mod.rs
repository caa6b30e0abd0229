//! Client of Meta's Graph API: sends messages, reads profiles, and configures Pages and apps.
//!
//! Create one [`Graph`] for the whole program. It creates clients:
//!
//! | Client | Token | Use it for |
//! |---|---|---|
//! | [`Graph::page`] | Page token | messages, profiles, pictures, history, settings of the Page |
//! | [`Graph::app`] | app token | webhook of the app, login, inspection of tokens |
//! | [`Graph::user`] | user token | the Pages of a person who logged in |
//!
//! A client sends a [`Call`]: a request as data, with a function that reads the response. An
//! endpoint is a function that returns a call:
//!
//! | Module | Endpoints |
//! |---|---|
//! | [`send`] | messages, files, sender actions |
//! | [`profile`] | name and picture of a customer |
//! | [`page`] | webhook fields, menu, personas, labels, conversation routing, status of the Page |
//! | [`app`] | webhook of the app, login, tokens, Pages of a person |
//! | [`history`] | past conversations |
//!
//! Some tasks need more than one call, so they are methods: [`PageClient::check`] checks
//! credentials, [`PageClient::profile`] and [`PageClient::picture`] read a customer's profile and
//! picture, [`PageClient::walk`] reads a list page by page, and [`UserClient::all_accounts`] finds
//! all Pages of a person.
//!
//! ```
//! use messenger_crm::graph::{Access, AppAccess, OutgoingMessage, ScriptedTransport, page::labels};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A program calls `Graph::new()?`; this example uses scripted responses.
//! let script = ScriptedTransport::new();
//! script.json(200, r#"{"recipient_id":"7324561089432101","message_id":"m_1"}"#);
//! script.json(200, r#"{"id":"1001"}"#);
//! let graph = script.graph();
//!
//! let app = AppAccess::new("271828182845904".parse()?, "60efff025951cddde78c8d03de52cc90".parse()?);
//! let page = graph.page(Access::new(app, "1755847768034402".parse()?, "EAAtoken".parse()?));
//!
//! let customer: messenger_crm::Psid = "7324561089432101".parse()?;
//! page.send(&OutgoingMessage::text(customer, "Is Tuesday all right?")?).await?;
//! let label = page.call(&labels::create("VIP")?).await?;
//! assert_eq!(label.as_str(), "1001");
//! # Ok(())
//! # }
//! ```
//!
//! # Retries and rate limits
//!
//! Both are on by default. A failed call is repeated when that is safe ([`Idempotency`] has the
//! table, [`RetryPolicy`] the numbers). A message that may have been sent is never repeated. Calls
//! of a Page are slowed down before Meta refuses them ([`RateLimits`]), and paused when Meta
//! throttles.
//!
//! # Errors
//!
//! [`Error::advice`] returns what to do. For a message, check [`Error::outcome_is_unknown`] first.
//! The documentation of an endpoint lists the codes with which Meta refuses the call; they arrive as
//! [`Error::Api`]. *Not documented* marks a behavior that Meta's pages do not describe.
//!
//! # Secrets
//!
//! Each call has the token in its `Authorization` header and an `appsecret_proof` in its URL.
//! Requests for pictures have neither. `Debug` and errors of this module contain no token, URL,
//! text or name.

mod access;
mod access_check;
mod advice;
mod api_error;
pub mod app;
mod base_url;
mod call;
mod client;
mod clock;
#[cfg(feature = "client")]
mod disk;
mod error;
pub mod history;
mod list;
mod object;
pub mod page;
mod page_client;
mod path;
mod picture;
pub mod profile;
mod rate_limit;
mod redacted;
#[cfg(feature = "client")]
mod reqwest_transport;
#[cfg(feature = "client")]
mod resolver;
mod response;
mod retry;
mod script;
pub mod send;
mod transport;
mod upload;
mod usage;
mod version;

pub use self::access::{Access, AppAccess};
pub use self::access_check::AccessError;
pub use self::api_error::{ApiError, BodySnippet};
pub use self::base_url::InvalidBaseUrl;
pub use self::call::{
    CALL_TIMEOUT, Call, CallParts, Idempotency, MAX_READ_BYTES, MAX_WRITE_BYTES, Payload, RateClass,
};
pub use self::client::Graph;
pub use self::clock::Clock;
#[cfg(feature = "client")]
pub use self::clock::TokioClock;
pub(crate) use self::clock::within;
pub use self::error::Error;
pub use self::list::{Cursor, ListPage};
pub use self::object::Object;
pub use self::page_client::{AppClient, PageClient, UserClient};
pub use self::path::Path;
pub use self::picture::{MAX_PICTURE_BYTES, PictureError, PictureUrl};
pub use self::profile::{NoProfile, Profile, ProfileField, ProfileOutcome};
pub use self::rate_limit::RateLimits;
#[cfg(feature = "client")]
pub use self::reqwest_transport::ReqwestTransport;
pub use self::response::Response;
pub use self::retry::RetryPolicy;
pub use self::script::{ScriptedClock, ScriptedTransport};
pub use self::send::{InvalidMessage, OutgoingMessage, Sent};
pub use self::transport::{Body, Request, Transport, TransportError, TransportErrorKind};
pub use self::upload::{InvalidUpload, MAX_UPLOAD_BYTES, Upload, UploadChunks, UploadSource};
pub use self::usage::{LimitUsage, Usage};
pub use self::version::{GraphVersion, InvalidVersion};
pub use crate::model::Advice;

use self::base_url::BaseUrl;
