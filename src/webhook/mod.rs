//! Webhooks: proof that a request is Meta's, and the events that it brings.
//!
//! A [`Webhook`] has the secrets of one callback URL. It answers Meta's handshake.
//! [`Webhook::receive`] is the way from bytes to events: it checks the signature over the raw bytes
//! and reads JSON only afterwards. [`Webhook::respond`] does both for a request of the `http` crate.
//!
//! ```
//! use messenger_crm::{
//!     event::Kind,
//!     secret::{AppSecret, VerifyToken},
//!     webhook::{Webhook, sign},
//! };
//!
//! let secret = AppSecret::new("60efff025951cddde78c8d03de52cc90")?;
//! let webhook = Webhook::new(&secret, VerifyToken::new("pasted into Meta's dashboard")?);
//!
//! let body = br#"{"object":"page","entry":[{"id":"1","messaging":[
//!     {"sender":{"id":"2"},"recipient":{"id":"1"},"message":{"mid":"m_1","text":"Hello~"}}]}]}"#;
//! // In production this is the value of the header `X-Hub-Signature-256`.
//! let signature = sign(&secret, body);
//! for event in webhook.receive(Some(signature.as_bytes()), body)? {
//!     let Kind::Message(message) = &event.kind else { continue };
//!     assert_eq!(message.text.as_deref(), Some("Hello~"));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod delivery;
mod entry;
mod events;
mod form;
mod handshake;
mod respond;
mod signature;
mod signed_request;

pub use delivery::{Delivery, EnvelopeError, EventJsonError, parse_unverified};
pub use events::Events;
pub use handshake::HandshakeError;
pub use respond::Outcome;
pub use signature::{SignatureError, sign};
pub use signed_request::{
    DeletionResponse, InvalidConfirmationCode, SignedRequest, SignedRequestError, sign_request,
};

use crate::secret::{AppSecret, VerifyToken};
use signature::Key;

/// Name of the header with the signature, in lower case.
pub const SIGNATURE_HEADER: &str = "x-hub-signature-256";

/// Recommended limit of a request body: 16 MiB.
///
/// Meta documents no limit. A delivery has at most 1,000 events.
pub const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Receiver of one callback URL: its App Secrets and its verify token.
///
/// # Examples
///
/// Reading events needs the signature:
///
/// ```
/// # use messenger_crm::webhook::{Delivery, ReceiveError, Webhook};
/// fn read<'a>(
///     webhook: &Webhook,
///     signature: Option<&[u8]>,
///     body: &'a [u8],
/// ) -> Result<Delivery<'a>, ReceiveError> {
///     webhook.receive(signature, body)
/// }
/// ```
///
/// Without it, the program does not compile:
///
/// ```compile_fail,E0061
/// # use messenger_crm::webhook::{Delivery, ReceiveError, Webhook};
/// fn read<'a>(
///     webhook: &Webhook,
///     signature: Option<&[u8]>,
///     body: &'a [u8],
/// ) -> Result<Delivery<'a>, ReceiveError> {
///     webhook.receive(body)
/// }
/// ```
///
/// [`parse_unverified`] reads bodies that were verified before.
#[derive(Clone, Debug)]
pub struct Webhook {
    keys: Vec<Key>,
    verify_token: VerifyToken,
}

impl Webhook {
    /// Creates the receiver of an app with this secret.
    pub fn new(secret: &AppSecret, verify_token: VerifyToken) -> Self {
        Self {
            keys: vec![Key::new(secret)],
            verify_token,
        }
    }

    /// Adds a second App Secret. Default: none. Use it while an App Secret is being renewed.
    #[must_use]
    pub fn with_secret(mut self, secret: &AppSecret) -> Self {
        self.keys.push(Key::new(secret));
        self
    }

    /// Returns the challenge to send back, from the query of Meta's `GET`.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`] when the query is not a handshake, or has another token.
    ///
    /// Meta: [Verification requests](https://developers.facebook.com/docs/messenger-platform/webhooks#verification-requests)
    pub fn handshake(&self, query: &str) -> Result<String, HandshakeError> {
        handshake::challenge(query, &self.verify_token)
    }

    /// Checks the signature of a `POST` over its raw body.
    ///
    /// `signature` is the value of [`SIGNATURE_HEADER`], or `None` unless there is exactly one.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] when the body is not proven to be Meta's. Answer 401.
    ///
    /// Meta: [Validating payloads](https://developers.facebook.com/docs/messenger-platform/webhooks#validate-payloads)
    pub fn verify(&self, signature: Option<&[u8]>, body: &[u8]) -> Result<(), SignatureError> {
        signature::verify(&self.keys, signature, body)
    }

    /// Checks the signature of a `POST` and reads its events.
    ///
    /// # Errors
    ///
    /// - [`ReceiveError::Signature`] when the body is not proven to be Meta's. Answer 401.
    /// - [`ReceiveError::Envelope`] when the body is Meta's and unreadable. Keep the bytes and
    ///   answer 200: any other answer makes Meta unsubscribe the Page within an hour.
    ///
    /// Meta: [Webhooks for Messenger](https://developers.facebook.com/docs/messenger-platform/webhooks)
    pub fn receive<'a>(
        &self,
        signature: Option<&[u8]>,
        body: &'a [u8],
    ) -> Result<Delivery<'a>, ReceiveError> {
        self.verify(signature, body)?;
        Ok(parse_unverified(body)?)
    }

    /// Checks the signature of a `POST` and reads its events one by one.
    ///
    /// Prefer [`receive`](Self::receive). This method holds one event at a time, for hosts that
    /// look at each event and keep none.
    ///
    /// # Errors
    ///
    /// The errors of [`receive`](Self::receive). JSON that breaks off is an error of the iterator, in
    /// place of the event where it breaks off.
    pub fn events<'a>(
        &self,
        signature: Option<&[u8]>,
        body: &'a [u8],
    ) -> Result<Events<'a>, ReceiveError> {
        self.verify(signature, body)?;
        Ok(Events::new(body)?)
    }

    /// Reads the body of a deauthorize or data deletion callback, which is a form.
    ///
    /// Each of these callbacks has its own URL; the same App Secrets sign them. Answer a
    /// deauthorization with 200, and a deletion with 200 and a [`DeletionResponse`].
    ///
    /// # Errors
    ///
    /// [`SignedRequestError`] when the form is not proven to be Meta's, or has no user id.
    ///
    /// # Examples
    ///
    /// ```
    /// use messenger_crm::{secret::{AppSecret, VerifyToken}, webhook::{Webhook, sign_request}};
    ///
    /// let secret = AppSecret::new("60efff025951cddde78c8d03de52cc90")?;
    /// let webhook = Webhook::new(&secret, VerifyToken::new("pasted into Meta's dashboard")?);
    ///
    /// let payload = r#"{"algorithm":"HMAC-SHA256","issued_at":1291836800,"user_id":"218471"}"#;
    /// let form = format!("signed_request={}", sign_request(&secret, payload));
    /// let request = webhook.signed_request(form.as_bytes())?;
    /// assert_eq!(request.user.as_str(), "218471");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Meta: [Data deletion callback](https://developers.facebook.com/docs/apps/delete-data)
    pub fn signed_request(&self, form: &[u8]) -> Result<SignedRequest, SignedRequestError> {
        signed_request::read(&self.keys, form)
    }
}

/// Error of a `POST` whose events cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The body is not proven to be Meta's. Answer 401.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The body is Meta's and unreadable. Keep the bytes and answer 200.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}
