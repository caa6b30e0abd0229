//! The signed request of the deauthorize and data deletion callbacks.

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
use crate::{
    event::json::Json,
    id::Asid,
    secret::AppSecret,
    text::{Text, hex},
    time::Timestamp,
};

/// Meta leaves out the padding; some senders keep it.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const ALGORITHM: &str = "HMAC-SHA256";

/// Verified request from Meta: a person removed the app, or requests the deletion of their data.
///
/// The two callbacks have different URLs, so the URL shows which request it is. Meta may send a
/// request twice, so deleting data that is already deleted must succeed.
///
/// Meta: [Data deletion callback](https://developers.facebook.com/docs/apps/delete-data)
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct SignedRequest {
    /// App-scoped id of the person. It is not the PSID of their conversations.
    pub user: Asid,
    /// Time of the signature. Absent when Meta leaves it out.
    pub issued_at: Option<Timestamp>,
    /// Time when the person's token expires. Absent when Meta leaves it out, or when the token never
    /// expires.
    pub expires: Option<Timestamp>,
    json: String,
    code: String,
}

impl SignedRequest {
    /// Returns a confirmation code for the request: 32 hexadecimal digits, the same for every copy of
    /// it. Only who knows the App Secret can guess it.
    pub fn confirmation_code(&self) -> &str {
        &self.code
    }

    /// Returns the whole payload as JSON. It may contain a token of the person: do not log it.
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

/// Error of a form that is not a signed request. It contains no part of the expected signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignedRequestError {
    /// The form has no `signed_request`, or several. Respond with 400.
    #[error("expected exactly one signed_request in the form")]
    Missing,
    /// The value is not a tag of 32 bytes, a dot and a payload. Respond with 400.
    #[error("the signed_request must be a signature, a dot and a payload in base64url")]
    Malformed,
    /// The signature matches no configured App Secret. Respond with 401.
    #[error("the signature of the signed_request does not match any configured app secret")]
    Wrong,
    /// The signature is valid, but the payload names another algorithm. Respond with 400.
    #[error("the algorithm of the signed_request must be HMAC-SHA256")]
    Algorithm,
    /// The signature is valid, but the payload has no user id. Respond with 400.
    #[error("the payload of the signed_request has no user_id")]
    NoUser,
}

/// Response to a data deletion request, serialized as Meta expects it.
///
/// # Examples
///
/// ```
/// use messenger_crm::webhook::DeletionResponse;
///
/// let response = DeletionResponse::new("https://crm.example.com/deletion/7Q4", "7Q4")?;
/// assert_eq!(
///     serde_json::to_string(&response)?,
///     r#"{"url":"https://crm.example.com/deletion/7Q4","confirmation_code":"7Q4"}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Meta: [Data deletion callback](https://developers.facebook.com/docs/apps/delete-data)
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DeletionResponse {
    /// URL of a page that shows the person the state of their request.
    pub url: String,
    /// Code that identifies the request to the person: ASCII letters and digits.
    pub confirmation_code: String,
}

impl DeletionResponse {
    /// Creates a response from the URL of a page and a code of letters and digits.
    ///
    /// # Errors
    ///
    /// [`InvalidConfirmationCode`] when the code is empty, or has other characters than ASCII
    /// letters and digits.
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

/// Error of a confirmation code that Meta refuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a confirmation code must have at least one ASCII letter or digit, and no other characters"
)]
#[non_exhaustive]
pub struct InvalidConfirmationCode;

/// Returns the value of `signed_request` for a JSON payload, as Meta sends it. Use
/// it in tests of your server.
pub fn sign_request(secret: &AppSecret, payload: &str) -> String {
    let payload = URL_SAFE_NO_PAD.encode(payload);
    let tag = Key::new(secret).tag(payload.as_bytes());
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(tag.0))
}

pub(super) fn read(keys: &[Key], form: &[u8]) -> Result<SignedRequest, SignedRequestError> {
    use SignedRequestError::{Algorithm, Malformed, Missing, NoUser, Wrong};

    let form = std::str::from_utf8(form).map_err(|_| Missing)?;
    let [value] = form::fields(form, ["signed_request"]).map_err(|_| Missing)?;
    let value = value.ok_or(Missing)?;
    let (tag, payload) = value.split_once('.').ok_or(Malformed)?;
    let tag = BASE64URL.decode(tag).map_err(|_| Malformed)?;
    let tag = Tag(tag.try_into().map_err(|_| Malformed)?);
    // The tag covers the encoded text. Nothing of it is decoded before the check.
    if !is_by_any(keys, &tag, payload.as_bytes()) {
        return Err(Wrong);
    }
    let json = BASE64URL.decode(payload).map_err(|_| Malformed)?;
    let json = String::from_utf8(json).map_err(|_| Malformed)?;
    let payload = Payload::read(&json).ok_or(NoUser)?;
    let algorithm = payload.algorithm.ok_or(Algorithm)?;
    if !algorithm.eq_ignore_ascii_case(ALGORITHM) {
        return Err(Algorithm);
    }
    let user = payload.user_id.ok_or(NoUser)?;
    let issued_at = payload.issued_at.and_then(moment);
    let issued = issued_at.map_or(0, Timestamp::as_millis);
    let key = keys.first().ok_or(Wrong)?;
    let code = key.tag(format!("confirmation code of {} at {issued}", user.as_str()).as_bytes());
    Ok(SignedRequest {
        user: Asid::new(user.as_str()).map_err(|_| NoUser)?,
        issued_at,
        expires: payload.expires.and_then(moment),
        json,
        code: hex(&code.0[..16]),
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

/// Seconds since 1970; 0 means never.
fn moment(text: Text<'_>) -> Option<Timestamp> {
    let moment = text.parse().ok().map(Timestamp::from_meta);
    moment.filter(|moment| moment.as_millis() != 0)
}
