//! Webhooks: verifies that a request comes from Meta, and reads its events.
//!
//! A [`Webhook`] holds the App Secrets and the verify token of one callback URL. The signature is
//! checked over the raw bytes of the body; JSON is read only afterwards.
//!
//! | Function | Use it for |
//! |---|---|
//! | [`Webhook::respond`] | any request, when your server uses the types of the `http` crate |
//! | [`Webhook::receive`] | a `POST` with events, when it does not |
//! | [`Webhook::handshake`] | the `GET` by which Meta verifies the callback URL, when it does not |
//! | [`Webhook::signed_request`] | the deauthorize and data deletion callbacks |
//! | [`parse_unverified`] | a stored body that was verified before |
//! | [`sign`], [`sign_request`] | tests: creates what Meta sends |
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
pub(crate) use respond::text_response;
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
/// A body can be read only together with its signature:
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
/// A call without the signature does not compile:
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
/// For a stored body that was verified before, use [`parse_unverified`].
#[derive(Clone, Debug)]
pub struct Webhook {
    keys: Vec<Key>,
    verify_token: VerifyToken,
}

impl Webhook {
    /// Creates a receiver from the App Secret of the app, and the verify token that was entered in
    /// the App Dashboard.
    pub fn new(secret: &AppSecret, verify_token: VerifyToken) -> Self {
        Self {
            keys: vec![Key::new(secret)],
            verify_token,
        }
    }

    /// Adds another App Secret, whose signatures are accepted, too. None by default. Use it while
    /// you replace the App Secret.
    #[must_use]
    pub fn with_secret(mut self, secret: &AppSecret) -> Self {
        self.keys.push(Key::new(secret));
        self
    }

    /// Checks the query of Meta's `GET` and returns the challenge. Respond with 200 and the
    /// challenge as the body.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`] when the query is not a handshake (respond with 400), or has another
    /// verify token (respond with 403).
    ///
    /// Meta: [Verification requests](https://developers.facebook.com/docs/messenger-platform/webhooks#verification-requests)
    pub fn handshake(&self, query: &str) -> Result<String, HandshakeError> {
        handshake::challenge(query, &self.verify_token)
    }

    /// Checks the signature of a `POST` over its raw body.
    ///
    /// `signature` is the value of [`SIGNATURE_HEADER`]. Use `None` when the request has no such
    /// header, or more than one.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] when the signature does not prove that Meta sent the body. Respond with
    /// 401.
    ///
    /// Meta: [Validating payloads](https://developers.facebook.com/docs/messenger-platform/webhooks#validate-payloads)
    pub fn verify(&self, signature: Option<&[u8]>, body: &[u8]) -> Result<(), SignatureError> {
        signature::verify(&self.keys, signature, body)
    }

    /// Checks the signature of a `POST` and reads its events.
    ///
    /// `signature` is the value of [`SIGNATURE_HEADER`]. Use `None` when the request has no such
    /// header, or more than one.
    ///
    /// # Errors
    ///
    /// - [`ReceiveError::Signature`] when the signature does not prove that Meta sent the body.
    ///   Respond with 401.
    /// - [`ReceiveError::Envelope`] when Meta sent the body, but it is not a delivery. Store the
    ///   bytes and respond with 200: after any other status Meta unsubscribes the Page within an
    ///   hour.
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
    /// Prefer [`receive`](Self::receive). This method keeps one event in memory at a time, for hosts
    /// that read each event and keep none.
    ///
    /// # Errors
    ///
    /// The errors of [`receive`](Self::receive). A JSON syntax error after the first event is
    /// returned by the iterator, in place of the event that cannot be read.
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
    /// Each of these callbacks has its own URL; Meta signs both with the App Secret. Respond to a
    /// deauthorization with 200, and to a deletion request with 200 and a [`DeletionResponse`].
    ///
    /// # Errors
    ///
    /// [`SignedRequestError`] when the form is not signed with a configured App Secret, or has no
    /// user id.
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
    /// The signature does not prove that Meta sent the body. Respond with 401.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Meta sent the body, but it is not a delivery. Store the bytes and respond with 200.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}
