//! Access to the routes of the page and of the control API: by programs and by the page itself, and
//! not by pages of other sites.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::simulator::platform::customer::PhoneError;

use super::response::{Answer, content};
use super::webhook::{SubscribeError, explained};

pub(crate) fn ok(value: &Value) -> Answer {
    content(StatusCode::OK, "application/json", value.to_string())
}

pub(crate) struct Refused {
    status: StatusCode,
    reason: String,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { status, reason }
    }

    pub(crate) fn into_answer(self) -> Answer {
        let body = json!({"error": self.reason}).to_string();
        content(self.status, "application/json", body)
    }
}

impl From<PhoneError> for Refused {
    fn from(error: PhoneError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    }
}

impl From<SubscribeError> for Refused {
    fn from(error: SubscribeError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, explained(&error))
    }
}

/// Other sites' pages must not use the phone: JSON cannot come from their forms,
/// and browsers tell where a request comes from.
pub(crate) fn admit(headers: &HeaderMap) -> Result<(), Refused> {
    admit_type(headers, "application/json")
}

/// The same for a file, whose type is in the query. Forms cannot send this type, either.
pub(crate) fn admit_file(headers: &HeaderMap) -> Result<(), Refused> {
    admit_type(headers, "application/octet-stream")
}

fn admit_type(headers: &HeaderMap, wanted: &str) -> Result<(), Refused> {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = header(CONTENT_TYPE).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some(wanted) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Refused::new(
            status,
            format!("content type is not {wanted}"),
        ));
    }
    let here = header(HOST).map(|host| format!("http://{host}"));
    let site = header(HeaderName::from_static("sec-fetch-site"));
    let foreign = site.is_some_and(|site| site != "same-origin")
        || (headers.contains_key(ORIGIN) && header(ORIGIN) != here.as_deref());
    if foreign {
        return Err(Refused::new(
            StatusCode::FORBIDDEN,
            "request comes from another site",
        ));
    }
    Ok(())
}

pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|_| {
        Refused::new(
            StatusCode::BAD_REQUEST,
            "body is not the JSON expected here",
        )
    })
}
