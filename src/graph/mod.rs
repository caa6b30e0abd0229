//! How we answer: the calls to Meta's Graph API.
//!
//! A call is plain data, an [`Endpoint`]; a [`Transport`] moves it, and what comes back is either
//! what was asked for or an [`Error`] that says what to do about it ([`Error::advice`]). There is
//! one door, [`Graph::call`], for the calls of this library and for your own alike.
//!
//! | What | Calls |
//! |---|---|
//! | Answer a customer | [`Graph::send`], and everything in [`send`] |
//! | Who is this customer? | [`Graph::profile`], then [`Graph::picture`] |
//! | Whose token is this? | [`Graph::page`] |
//! | Set up the Page: webhooks, menu, personas, labels, who holds a conversation | [`page`] |
//! | Set up the app, log in, look into tokens | [`app`] |
//! | Read conversations of the past | [`history`] |
//! | Up to fifty calls in one | [`Batch`] |
//!
//! Every call carries the token in its `Authorization` header and an `appsecret_proof`; a picture,
//! which lies on another host, carries neither. Two kinds of call have secrets as parameters: the
//! login's go as POST forms, and [`app::InspectToken`], which Meta only answers to a GET, has a
//! secret for a URL.
//!
//! # What is repeated
//!
//! Nothing, until [`Graph::with_clock`] gives it time. Then a call is repeated when that can do no
//! harm ([`Class`] has the table, [`RetryPolicy`] the numbers), the Page slows down before Meta says
//! stop ([`Limits`]), and really stops when Meta does. A message that may have been sent is never
//! repeated: it cannot be taken back.
//!
//! Messages to one customer go out one after the other, in the order in which they were made.

mod access;
mod advice;
mod answer;
pub mod app;
mod batch;
#[cfg(feature = "client")]
mod client;
mod clock;
#[cfg(feature = "client")]
mod disk;
mod endpoint;
mod error;
mod exchange;
pub mod history;
mod lanes;
mod limiter;
mod listing;
mod object;
mod origin;
mod pace;
pub mod page;
mod path;
mod picture;
mod profile;
mod refusal;
mod retry;
#[cfg(test)]
mod script;
pub mod send;
mod transport;
mod upload;
mod usage;
mod version;

use std::sync::Arc;

pub use self::access::Access;
pub use self::answer::Answer;
pub use self::batch::{Batch, MAX_BATCH};
#[cfg(feature = "client")]
pub use self::client::ReqwestTransport;
pub use self::clock::Clock;
#[cfg(feature = "client")]
pub use self::clock::TokioClock;
pub use self::endpoint::{CALL_TIMEOUT, Call, Class, Endpoint, Payload, Traffic};
pub use self::error::Error;
pub use self::limiter::{Limiter, Limits};
pub use self::listing::{Cursor, Listing, Paging};
pub use self::object::Object;
pub use self::origin::InvalidBaseUrl;
pub use self::path::Path;
pub use self::picture::{MAX_PICTURE_BYTES, PictureError, PictureUrl};
pub use self::profile::{NoProfile, Profile, ProfileOf, ProfileOutcome};
pub use self::refusal::{ApiError, Excerpt};
pub use self::retry::RetryPolicy;
pub use self::send::{InvalidMessage, Message, Sent};
pub use self::transport::{
    Body, Method, READ_HEADERS, Request, Response, Transport, TransportError, TransportErrorKind,
};
pub use self::upload::{Chunks, InvalidUpload, MAX_UPLOAD_BYTES, Source, Upload};
pub use self::usage::{BusinessUsage, Share, Usage};
pub use self::version::{GraphVersion, InvalidVersion};
pub use crate::model::Advice;

use self::lanes::Lanes;
use self::origin::Origin;
use self::pace::Pace;

/// Meta's Graph API, through a [`Transport`].
///
/// It holds no token and belongs to no Page: one is enough for a whole program. A clone is cheap,
/// and shares the order of conversations and the speed limits with the first.
#[derive(Clone, Debug)]
pub struct Graph {
    transport: Arc<dyn Transport>,
    base: Origin,
    version: GraphVersion,
    clock: Option<Arc<dyn Clock>>,
    retry: RetryPolicy,
    pace: Pace,
    lanes: Lanes,
    is_proof_timed: bool,
}

impl Graph {
    /// The Graph API at `https://graph.facebook.com`, in [`GraphVersion::LATEST`].
    pub fn new(transport: impl Transport) -> Self {
        Self {
            transport: Arc::new(transport),
            base: Origin::meta(),
            version: GraphVersion::LATEST,
            clock: None,
            retry: RetryPolicy::default(),
            pace: Pace::default(),
            lanes: Lanes::default(),
            is_proof_timed: false,
        }
    }

    /// The same at another address, such as the simulator's.
    ///
    /// # Errors
    ///
    /// [`InvalidBaseUrl`] when it is anything but `https://host[:port]`, or `http://` to
    /// `localhost`, `127.0.0.0/8` or `[::1]`: a token must not cross a network in clear.
    pub fn with_base_url(self, url: &str) -> Result<Self, InvalidBaseUrl> {
        Ok(Self {
            base: Origin::base(url)?,
            ..self
        })
    }

    /// The same in another version.
    pub fn with_version(self, version: GraphVersion) -> Self {
        Self { version, ..self }
    }

    /// The same with time: from now on it repeats calls and keeps to the speed limits.
    pub fn with_clock(self, clock: impl Clock) -> Self {
        Self {
            clock: Some(Arc::new(clock)),
            ..self
        }
    }

    /// The same with other rules for repeating; they need a clock.
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// The same with other speed limits, counted afresh; they need a clock.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self {
            pace: Pace::new(limits),
            ..self
        }
    }

    /// The same with an `appsecret_proof` that is good for five minutes only; it needs a clock, and
    /// one that goes right.
    ///
    /// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
    pub fn with_timed_proof(self) -> Self {
        Self {
            is_proof_timed: true,
            ..self
        }
    }
}

/// What a call brought, and what the answer's headers tell.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply<T> {
    /// What was asked for.
    pub output: T,
    /// How much of the limits is used, as far as Meta tells.
    pub usage: Usage,
    /// The version that answered: another than was asked for once that one is gone.
    pub version: Option<String>,
}
