//! The signed request: how Meta tells that somebody removed the app, or wants their data deleted.

use std::fmt;

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD},
    },
};
use serde::Serialize;

use super::{
    form,
    signature::{Key, Tag, is_by_any},
};
use crate::{event::json::Json, id::Asid, secret::AppSecret, text::Text, time::Timestamp};

/// Meta leaves the padding out; some senders keep it.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const ALGORITHM: &str = "HMAC-SHA256";

/// Who removed the app, or wants their data deleted: proven to be said by Meta.
///
/// The callback's address says which of the two it is. Nothing keeps a request from being sent
/// twice, so deleting what is deleted already must be no error.
///
/// Meta: [Data deletion callback](https://developers.facebook.com/docs/apps/delete-data)
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct SignedRequest {
    /// The person, as the app knows them: not the PSID that they write to a Page under.
    pub user: Asid,
    /// When Meta signed it.
    pub issued_at: Option<Timestamp>,
    /// When it ends, if it does.
    pub expires: Option<Timestamp>,
    json: String,
}

impl SignedRequest {
    /// The whole payload, as JSON. It may hold a token of that person.
    pub fn raw(&self) -> &str {
        &self.json
    }
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("issued_at", &self.issued_at)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// Why a form is no signed request of Meta's. Nothing in it tells what would have been right.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignedRequestError {
    /// No form, or one with no or more than one `signed_request`: answer 400.
    #[error("there is not exactly one signed_request in the form")]
    Missing,
    /// Not a tag of 32 bytes, a dot and a payload: answer 400.
    #[error("the signed_request is not a signature, a dot and a payload in base64url")]
    Malformed,
    /// Well formed, and by none of the secrets: answer 401.
    #[error("the signed_request is by none of the app secrets")]
    Wrong,
    /// Signed, and says that it is signed otherwise: answer 400.
    #[error("the algorithm of the signed_request is not HMAC-SHA256")]
    Algorithm,
    /// Signed, and names nobody: answer 400.
    #[error("the payload of the signed_request names no user")]
    Nobody,
}

/// What Meta wants to hear when somebody asks for their data to be deleted, as JSON.
///
/// # Examples
///
/// ```
/// use messenger_crm::webhook::DeletionAnswer;
///
/// let answer = DeletionAnswer::new("https://crm.example.com/deletion/7Q4", "7Q4")?;
/// assert_eq!(
///     serde_json::to_string(&answer)?,
///     r#"{"url":"https://crm.example.com/deletion/7Q4","confirmation_code":"7Q4"}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Meta: [Data deletion callback](https://developers.facebook.com/docs/apps/delete-data)
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DeletionAnswer {
    /// A page on which that person can read, in plain words, how far their request is.
    pub url: String,
    /// What that person asks with.
    pub confirmation_code: String,
}

impl DeletionAnswer {
    /// An answer with the address of a page, and a code of letters and digits.
    ///
    /// # Errors
    ///
    /// [`InvalidConfirmationCode`] when the code is empty, or holds anything but ASCII letters and
    /// digits.
    pub fn new(
        url: impl Into<String>,
        confirmation_code: impl Into<String>,
    ) -> Result<Self, InvalidConfirmationCode> {
        let confirmation_code = confirmation_code.into();
        if confirmation_code.is_empty()
            || !confirmation_code
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(InvalidConfirmationCode);
        }
        Ok(Self {
            url: url.into(),
            confirmation_code,
        })
    }
}

/// A confirmation code that Meta does not take.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a confirmation code has only ASCII letters and digits, and at least one")]
#[non_exhaustive]
pub struct InvalidConfirmationCode;

/// The value of `signed_request` for a JSON payload, as Meta would send it: for a host's own tests.
pub fn sign_request(secret: &AppSecret, payload: &str) -> String {
    let payload = URL_SAFE_NO_PAD.encode(payload);
    let tag = Key::new(secret).tag(payload.as_bytes());
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(tag.0))
}

pub(super) fn read(keys: &[Key], form: &[u8]) -> Result<SignedRequest, SignedRequestError> {
    use SignedRequestError::{Algorithm, Malformed, Missing, Nobody, Wrong};

    let form = std::str::from_utf8(form).map_err(|_| Missing)?;
    let [value] = form::fields(form, ["signed_request"]).map_err(|_| Missing)?;
    let value = value.ok_or(Missing)?;
    let (tag, payload) = value.split_once('.').ok_or(Malformed)?;
    let tag = BASE64URL.decode(tag).map_err(|_| Malformed)?;
    let tag = Tag(tag.try_into().map_err(|_| Malformed)?);
    // The tag is over the text as it came, and nothing is read out of it before.
    if !is_by_any(keys, &tag, payload.as_bytes()) {
        return Err(Wrong);
    }
    let json = BASE64URL.decode(payload).map_err(|_| Malformed)?;
    let json = String::from_utf8(json).map_err(|_| Malformed)?;
    let payload = Payload::read(&json).ok_or(Nobody)?;
    let algorithm = payload.algorithm.ok_or(Algorithm)?;
    if !algorithm.eq_ignore_ascii_case(ALGORITHM) {
        return Err(Algorithm);
    }
    let user = payload.user_id.ok_or(Nobody)?;
    Ok(SignedRequest {
        user: Asid::new(user.as_str()).map_err(|_| Nobody)?,
        issued_at: payload.issued_at.and_then(moment),
        expires: payload.expires.and_then(moment),
        json,
    })
}

#[derive(Default)]
struct Payload<'a> {
    algorithm: Option<Text<'a>>,
    user_id: Option<Text<'a>>,
    issued_at: Option<Text<'a>>,
    expires: Option<Text<'a>>,
}

impl<'a> Payload<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut json = Json::new(text);
        let mut payload = Self::default();
        let is_object = json.members(|name, json| {
            let member = match name {
                "algorithm" => &mut payload.algorithm,
                "user_id" => &mut payload.user_id,
                "issued_at" => &mut payload.issued_at,
                "expires" => &mut payload.expires,
                _ => return json.skip().map(drop),
            };
            let value = json.text()?;
            if member.is_none() {
                *member = value;
            }
            Ok(())
        });
        (is_object.ok()? && json.is_at_end()).then_some(payload)
    }
}

/// Seconds since 1970; 0 stands for never.
fn moment(text: Text<'_>) -> Option<Timestamp> {
    let moment = text.parse().ok().map(Timestamp::from_meta);
    moment.filter(|moment| moment.as_millis() != 0)
}
