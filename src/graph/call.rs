//! A call as data: what to request, and how to read the response.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde::Serialize;

use super::upload::Upload;
use super::{ApiError, Error, Path, Response};

/// Time-out of one attempt of a call that sets no other: 15 seconds.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Largest response to a call that reads: 16 MiB. 200 conversations with 20 messages each fit.
pub const MAX_READ_BYTES: usize = 16 * 1024 * 1024;

/// Largest response to a call that changes something: 1 MiB.
pub const MAX_WRITE_BYTES: usize = 1024 * 1024;

/// Call to the Graph API as data: a request, and the functions that read the response or the
/// refusal.
///
/// Endpoints are functions that return a call. To use an endpoint that this crate lacks, write such
/// a function:
///
/// ```
/// use messenger_crm::graph::{Call, Path};
///
/// /// Reads how many people follow the Page.
/// fn followers() -> Call<Option<i64>> {
///     Call::get(Path::me(), |response| Ok(response.object().number("followers_count")))
///         .with_query("fields", "followers_count")
/// }
/// # let call = followers();
/// # assert_eq!(call.parts.query[0].1, "followers_count");
/// ```
///
/// `page.call(&followers())` sends it as any other call: with token and proof, retries, rate limits.
///
/// `Debug` shows no path, parameter or body.
pub struct Call<T> {
    /// The request and its rules.
    pub parts: CallParts,
    read: Arc<Read<T>>,
}

type Read<T> = dyn Fn(Result<&Response, ApiError>) -> Result<T, Error> + Send + Sync;

/// The request of a [`Call`] and the rules for sending it.
#[derive(Clone)]
#[non_exhaustive]
pub struct CallParts {
    /// HTTP method.
    pub method: Method,
    /// Path after the version.
    pub path: Path,
    /// Parameters in the URL. The client adds the `appsecret_proof`.
    pub query: Vec<(Cow<'static, str>, String)>,
    /// Request body.
    pub payload: Payload,
    /// Effect of the call, which decides whether it may be repeated.
    pub idempotency: Idempotency,
    /// Rate limit that the call counts against, in addition to those that all calls share.
    pub rate_class: RateClass,
    /// Time-out of one attempt. [`CALL_TIMEOUT`] by default.
    pub timeout: Duration,
    /// Largest response body that is read, in bytes: [`MAX_READ_BYTES`] for calls that read,
    /// [`MAX_WRITE_BYTES`] for others.
    pub max_response_bytes: usize,
    /// Whether the call belongs to the login, where there is no token yet. The client then sends
    /// `client_id` and `client_secret` as form fields instead of the `Authorization` header and the
    /// `appsecret_proof`. False by default.
    pub is_login: bool,
}

/// Effect of a call at Meta, which decides after which failure the client repeats it.
///
/// | | not sent, throttled | refused as transient | outcome unknown |
/// |---|---|---|---|
/// | [`Read`](Self::Read) | repeated | repeated | repeated |
/// | [`Setup`](Self::Setup) | repeated | repeated | reported |
/// | [`Send`](Self::Send) | repeated | reported, unless [`RetryPolicy::retry_transient_sends`] | reported |
///
/// [`RetryPolicy::retry_transient_sends`]: super::RetryPolicy::retry_transient_sends
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Idempotency {
    /// The call changes nothing.
    Read,
    /// The call changes a setting, or creates something that no customer sees.
    Setup,
    /// A customer sees the effect of the call, such as a message.
    Send,
}

/// Meta's rate limit that a call counts against, in addition to those that all calls share.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RateClass {
    /// Texts, links, reactions, stickers and templates: 300 per second per Page.
    Text,
    /// Images, audio, video and files: 10 per second per Page.
    Media,
    /// Reading conversations: 2 per second per Page.
    Conversations,
    /// Any other call, without a limit for its class.
    Other,
}

/// Body of a call. `Debug` shows only the kind.
#[derive(Clone)]
#[non_exhaustive]
pub enum Payload {
    /// No body.
    Empty,
    /// JSON text.
    Json(Vec<u8>),
    /// Form fields.
    Form(Vec<(Cow<'static, str>, String)>),
    /// Form fields and one file, sent in chunks.
    Multipart {
        /// Fields before the file.
        fields: Vec<(Cow<'static, str>, String)>,
        /// The file, in the field `filedata`.
        file: Upload,
    },
}

impl<T: 'static> Call<T> {
    /// Creates a call that reads (`GET`).
    pub fn get(
        path: impl Into<Path>,
        read: impl Fn(&Response) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Self {
        Self::new(Method::GET, path.into(), Idempotency::Read, read)
    }

    /// Creates a call that changes something (`POST`).
    pub fn post(
        path: impl Into<Path>,
        read: impl Fn(&Response) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Self {
        Self::new(Method::POST, path.into(), Idempotency::Setup, read)
    }

    /// Creates a call that removes something (`DELETE`).
    pub fn delete(
        path: impl Into<Path>,
        read: impl Fn(&Response) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Self {
        Self::new(Method::DELETE, path.into(), Idempotency::Setup, read)
    }

    fn new(
        method: Method,
        path: Path,
        idempotency: Idempotency,
        read: impl Fn(&Response) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Self {
        Self {
            parts: CallParts {
                method,
                path,
                query: Vec::new(),
                payload: Payload::Empty,
                idempotency,
                rate_class: RateClass::Other,
                timeout: CALL_TIMEOUT,
                max_response_bytes: match idempotency {
                    Idempotency::Read => MAX_READ_BYTES,
                    _ => MAX_WRITE_BYTES,
                },
                is_login: false,
            },
            read: Arc::new(move |response| read(response?)),
        }
    }

    /// Sets the function that reads a refusal, for calls where some refusals are a normal result. By
    /// default every refusal is [`Error::Api`].
    pub fn with_refusal(
        self,
        refused: impl Fn(ApiError) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Self {
        let read = self.read;
        Self {
            parts: self.parts,
            read: Arc::new(move |response| match response {
                Ok(response) => read(Ok(response)),
                Err(refusal) => refused(refusal),
            }),
        }
    }

    /// Converts the value that the call returns.
    pub fn map<U: 'static>(
        self,
        convert: impl Fn(T) -> Result<U, Error> + Send + Sync + 'static,
    ) -> Call<U> {
        let read = self.read;
        Call {
            parts: self.parts,
            read: Arc::new(move |response| convert(read(response)?)),
        }
    }

    /// Makes the call return its value together with the whole [`Response`]: status, headers with
    /// usage and version, JSON.
    pub fn with_response(self) -> Call<(T, Response)> {
        let read = self.read;
        Call {
            parts: self.parts,
            read: Arc::new(move |response| {
                let response = response?;
                Ok((read(Ok(response))?, response.clone()))
            }),
        }
    }

    /// Adds a parameter to the URL. It must not be a secret, because URLs are often logged; use
    /// [`with_form`](Self::with_form) for secrets.
    pub fn with_query(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        self.parts.query.push((name.into(), value.into()));
        self
    }

    /// Sets a JSON body.
    ///
    /// # Errors
    ///
    /// [`Error::NotJson`] when `body` cannot be written as JSON, such as a map whose keys are not
    /// strings.
    pub fn with_json(mut self, body: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let json = serde_json::to_vec(body).map_err(|_| Error::NotJson)?;
        self.parts.payload = Payload::Json(json);
        Ok(self)
    }

    /// Sets form fields as the body. Use it for parameters that are secrets.
    pub fn with_form(mut self, fields: Vec<(Cow<'static, str>, String)>) -> Self {
        self.parts.payload = Payload::Form(fields);
        self
    }

    /// Sets form fields and a file as the body.
    pub fn with_file(mut self, fields: Vec<(Cow<'static, str>, String)>, file: Upload) -> Self {
        self.parts.payload = Payload::Multipart { fields, file };
        self
    }

    /// Sets the effect of the call, which decides whether it may be repeated. [`Idempotency::Read`]
    /// by default for [`get`](Self::get), otherwise [`Idempotency::Setup`].
    pub fn with_idempotency(mut self, idempotency: Idempotency) -> Self {
        self.parts.idempotency = idempotency;
        self
    }

    /// Sets the rate limit that the call counts against. [`RateClass::Other`] by default.
    pub fn with_rate_class(mut self, rate_class: RateClass) -> Self {
        self.parts.rate_class = rate_class;
        self
    }

    /// Sets the time-out of one attempt. [`CALL_TIMEOUT`] by default.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.parts.timeout = timeout;
        self
    }

    /// Sets the largest response body that is read, in bytes. [`MAX_READ_BYTES`] by default for
    /// [`get`](Self::get), otherwise [`MAX_WRITE_BYTES`].
    pub fn with_max_response_bytes(mut self, bytes: usize) -> Self {
        self.parts.max_response_bytes = bytes;
        self
    }

    /// Makes the client send the App ID and App Secret as form fields instead of its token; see
    /// [`CallParts::is_login`].
    pub fn for_login(mut self) -> Self {
        self.parts.is_login = true;
        self
    }

    /// Reads a response or a refusal with the functions of this call. Use it to test your own
    /// endpoints.
    ///
    /// # Errors
    ///
    /// [`Error`] when the response is not what the call expects, or when the call does not accept
    /// the refusal as a normal result.
    pub fn read(&self, response: Result<&Response, ApiError>) -> Result<T, Error> {
        (self.read)(response)
    }
}

impl<T> Clone for Call<T> {
    fn clone(&self) -> Self {
        Self {
            parts: self.parts.clone(),
            read: self.read.clone(),
        }
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.parts).finish()
    }
}

impl fmt::Debug for CallParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallParts")
            .field("method", &self.method)
            .field("payload", &self.payload)
            .field("idempotency", &self.idempotency)
            .field("rate_class", &self.rate_class)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Json(_) => "Json(…)",
            Self::Form(_) => "Form(…)",
            Self::Multipart { .. } => "Multipart(…)",
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_shows_no_path_parameter_or_body() {
        let call = Call::post(Path::node("4242").unwrap(), |_| Ok(()))
            .with_query("name", "Ada")
            .with_json(&json!({"text": "hello"}))
            .unwrap();
        assert_eq!(
            format!("{call:?}"),
            "Call(CallParts { method: POST, payload: Json(…), idempotency: Setup, \
             rate_class: Other, .. })"
        );
    }

    #[test]
    fn a_call_reads_responses_and_refusals_without_a_client() {
        let call = Call::get("me", |response| Ok(response.object().number("n")))
            .with_refusal(|refusal| match refusal.code {
                Some(100) => Ok(None),
                _ => Err(refusal.into()),
            })
            .map(|number| Ok(number.map(|number| number + 1)));
        let response = Response::from_json(&json!({"n": 41}));
        assert_eq!(call.read(Ok(&response)).unwrap(), Some(42));
        assert_eq!(call.read(Err(ApiError::from_code(100))).unwrap(), None);
        assert!(call.read(Err(ApiError::from_code(190))).is_err());
    }

    #[test]
    fn g6_calls_that_read_may_have_large_responses() {
        let read = Call::get("me", |_| Ok(()));
        assert_eq!(read.parts.max_response_bytes, 16 * 1024 * 1024);
        let write = Call::delete("me", |_| Ok(()));
        assert_eq!(write.parts.max_response_bytes, 1024 * 1024);
    }
}
