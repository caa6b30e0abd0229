//! How we answer: the calls to Meta's Graph API.
//!
//! A call is plain data, a [`Request`]; a [`Transport`] moves it, and what comes back is either
//! what was asked for or an [`Error`] that says what to do about it ([`Error::advice`]). Nothing
//! here repeats a call by itself: a message that was sent twice cannot be taken back.
//!
//! | What | Call |
//! |---|---|
//! | Whose token is this? | [`Graph::page`] |
//! | Who is this customer? | [`Graph::profile`], then [`Graph::picture`] |
//! | Answer them | [`Graph::send`] |
//!
//! Every call carries the token in its `Authorization` header and an `appsecret_proof`; a picture,
//! which lies on another host, carries neither.

mod access;
mod advice;
mod answer;
#[cfg(feature = "client")]
mod client;
mod error;
mod origin;
mod page;
mod picture;
mod profile;
#[cfg(test)]
mod script;
mod send;
mod transport;
mod version;

use std::sync::Arc;

pub use self::access::Access;
pub use self::advice::Advice;
#[cfg(feature = "client")]
pub use self::client::ReqwestTransport;
pub use self::error::{ApiError, Error};
pub use self::origin::InvalidBaseUrl;
pub use self::page::Page;
pub use self::picture::{MAX_PICTURE_BYTES, Picture, PictureError, PictureUrl};
pub use self::profile::Profile;
pub use self::send::{InvalidMessage, MAX_METADATA_UNITS, MAX_TEXT_UNITS, Message, Sent};
pub use self::transport::{
    Method, Request, Response, Transport, TransportError, TransportErrorKind,
};
pub use self::version::{GraphVersion, InvalidVersion};

use self::answer::Answer;
use self::origin::Origin;

/// The longest JSON answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Meta's Graph API, through a [`Transport`].
///
/// It holds no token and belongs to no Page: one is enough for a whole program, and a clone is
/// cheap.
#[derive(Clone, Debug)]
pub struct Graph {
    transport: Arc<dyn Transport>,
    base: Origin,
    version: GraphVersion,
}

impl Graph {
    /// The Graph API at `https://graph.facebook.com`, in [`GraphVersion::LATEST`].
    pub fn new(transport: impl Transport) -> Self {
        Self {
            transport: Arc::new(transport),
            base: Origin::meta(),
            version: GraphVersion::LATEST,
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

    /// Calls `/{version}/{path}` as a Page; `path` and `fields` must be safe in a URL.
    async fn call(
        &self,
        access: &Access,
        path: &str,
        fields: Option<&str>,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, Error> {
        let mut url = format!("{}/{}/{path}?", self.base, self.version);
        if let Some(fields) = fields {
            url.extend(["fields=", fields, "&"]);
        }
        url.extend(["appsecret_proof=", &access.proof()]);
        let request = Request {
            method: match body {
                Some(_) => Method::Post,
                None => Method::Get,
            },
            url,
            bearer: Some(access.token.clone()),
            body,
            max_response_bytes: MAX_ANSWER_BYTES,
        };
        Answer::read(&self.transport.send(request).await?)
    }
}

/// An id as one segment of a path.
///
/// Meta's ids are digits. Anything that could name another place, such as `..` or `me`, is refused
/// and not encoded, because an encoded `..` still climbs in many a URL parser.
fn segment(id: &str) -> Result<&str, Error> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if id == "me" || id.is_empty() || !id.bytes().all(is_plain) {
        return Err(Error::Id);
    }
    Ok(id)
}
