//! Is it Meta?
//!
//! A [`Webhook`] knows the secrets of one callback URL. It answers Meta's handshake, and it is the
//! way from bytes to events: [`Webhook::receive`] checks the signature over the raw bytes and reads
//! JSON only afterwards.

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
    DeletionAnswer, InvalidConfirmationCode, SignedRequest, SignedRequestError, sign_request,
};

use crate::secret::{AppSecret, VerifyToken};
use signature::Key;

/// The header that carries the signature, in lower case.
pub const SIGNATURE_HEADER: &str = "x-hub-signature-256";

/// The largest body that a host should accept unless it knows better: 16 MiB.
///
/// Meta documents no limit; a delivery holds at most 1,000 events.
pub const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// One callback URL: the secrets that sign what it receives, and its verify token.
///
/// # Examples
///
/// Events come with their proof:
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
/// and not without:
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
/// For bodies that were verified and kept there is [`parse_unverified`].
#[derive(Clone, Debug)]
pub struct Webhook {
    keys: Vec<Key>,
    verify_token: VerifyToken,
}

impl Webhook {
    /// A callback URL of the app with this secret.
    pub fn new(secret: &AppSecret, verify_token: VerifyToken) -> Self {
        Self {
            keys: vec![Key::new(secret)],
            verify_token,
        }
    }

    /// Accepts signatures by this secret as well, while an App Secret is being changed.
    #[must_use]
    pub fn with_secret(mut self, secret: &AppSecret) -> Self {
        self.keys.push(Key::new(secret));
        self
    }

    /// Answers the handshake: the challenge to send back, from the query of Meta's `GET`.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`] tells a query that is not a handshake from one with another token.
    ///
    /// Meta: [Verification requests](https://developers.facebook.com/docs/messenger-platform/webhooks#verification-requests)
    pub fn handshake(&self, query: &str) -> Result<String, HandshakeError> {
        handshake::challenge(query, &self.verify_token)
    }

    /// Checks the signature of a `POST` over its raw body.
    ///
    /// `signature` is the value of [`SIGNATURE_HEADER`], if there is exactly one.
    ///
    /// # Errors
    ///
    /// [`SignatureError`]: the body is not proven to be Meta's. Answer 401.
    ///
    /// Meta: [Validating payloads](https://developers.facebook.com/docs/messenger-platform/webhooks#validate-payloads)
    pub fn verify(&self, signature: Option<&[u8]>, body: &[u8]) -> Result<(), SignatureError> {
        signature::verify(&self.keys, signature, body)
    }

    /// Checks the signature of a `POST` and reads its events.
    ///
    /// # Errors
    ///
    /// [`ReceiveError::Signature`]: answer 401. [`ReceiveError::Envelope`]: it is Meta's, but
    /// unreadable: keep the bytes and answer 200, for any other answer makes Meta switch the Page
    /// off within an hour.
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
    /// [`receive`](Self::receive) is the plain way. This one holds a single event at a time, for
    /// hosts that look at each and keep none.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive); but JSON that breaks off shows only when the events before it
    /// have been read, as an error in the place of the next one.
    pub fn events<'a>(
        &self,
        signature: Option<&[u8]>,
        body: &'a [u8],
    ) -> Result<Events<'a>, ReceiveError> {
        self.verify(signature, body)?;
        Ok(Events::new(body)?)
    }

    /// Reads the body of a deauthorise or data-deletion callback, which is a form.
    ///
    /// These callbacks have addresses of their own and are signed by the same App Secrets. A
    /// deauthorisation is answered with any 200, a deletion with a [`DeletionAnswer`].
    ///
    /// # Errors
    ///
    /// [`SignedRequestError`]: it is not proven to be Meta's, or it names nobody.
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

/// Why a `POST` gave no events.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// It is not proven to be Meta's: answer 401.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It is Meta's and unreadable: keep the bytes, answer 200.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}
