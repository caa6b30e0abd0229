//! Response of a successful call: JSON, or an error.

use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ApiError, BodySnippet, Error, Object, Usage, usage};

/// Response of a successful call. `Debug` shows status and usage, not the content.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// HTTP status.
    pub status: StatusCode,
    /// HTTP headers.
    pub headers: HeaderMap,
    json: Value,
    snippet: BodySnippet,
}

impl Response {
    /// Creates a response with status 200 and this JSON, for tests of your own endpoints. A value
    /// that cannot be written as JSON becomes `null`.
    pub fn from_json(json: &(impl Serialize + ?Sized)) -> Self {
        let json = serde_json::to_value(json).unwrap_or_default();
        Self {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            snippet: BodySnippet::new(json.to_string().as_bytes()),
            json,
        }
    }

    /// Reads an HTTP response. A body with an `error` object is a refusal, whatever the status is.
    ///
    /// # Errors
    ///
    /// [`Error::Api`] when Meta refused, [`Error::Redirect`] for status 3xx, and
    /// [`Error::UnexpectedResponse`] when the body is not JSON or the status is not 2xx.
    pub fn from_http(response: &http::Response<Vec<u8>>) -> Result<Self, Error> {
        let status = response.status();
        let json = serde_json::from_slice(response.body());
        if let Ok(Value::Object(members)) = &json
            && let Some(Value::Object(error)) = members.get("error")
        {
            return Err(ApiError::from_http(response, error).into());
        }
        if status.is_redirection() {
            return Err(Error::Redirect { status });
        }
        match json {
            Ok(json @ (Value::Object(_) | Value::Array(_))) if status.is_success() => Ok(Self {
                status,
                headers: response.headers().clone(),
                json,
                snippet: BodySnippet::new(response.body()),
            }),
            _ => Err(Error::UnexpectedResponse {
                status,
                retry_after: usage::retry_after(response.headers()),
                body: BodySnippet::new(response.body()),
            }),
        }
    }

    /// Returns the JSON object, or an empty one when the body is not an object.
    pub fn object(&self) -> Object<'_> {
        Object::new(&self.json)
    }

    /// Returns the JSON array, or an empty one when the body is not an array.
    pub fn array(&self) -> &[Value] {
        self.json.as_array().map_or(&[], Vec::as_slice)
    }

    /// Reads the JSON as a type of your own.
    ///
    /// # Errors
    ///
    /// [`Error::UnexpectedResponse`] when the JSON does not have this type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        T::deserialize(&self.json).map_err(|_| self.unexpected())
    }

    /// Reads whether Meta reports success, in one of three forms: `{"success":true}`,
    /// `{"success":"true"}` and `{"result":"success"}`.
    ///
    /// # Errors
    ///
    /// [`Error::NotDone`] when Meta reports failure, [`Error::UnexpectedResponse`] when it reports
    /// neither.
    pub fn success(&self) -> Result<(), Error> {
        let object = self.object();
        let is_result = object
            .text("result")
            .is_some_and(|result| result.contains("success"));
        match object.boolean("success") {
            Some(true) => Ok(()),
            Some(false) => Err(Error::NotDone {
                status: self.status,
            }),
            None if is_result => Ok(()),
            None => Err(self.unexpected()),
        }
    }

    /// Reads how much of the rate limits is used from the headers.
    pub fn usage(&self) -> Usage {
        Usage::from_headers(&self.headers)
    }

    /// Returns the Graph version that served the call. It differs from the requested version when
    /// that one has expired. `None` when Meta sends no `facebook-api-version` header.
    pub fn version(&self) -> Option<&str> {
        self.headers.get("facebook-api-version")?.to_str().ok()
    }

    /// Creates the error for a response that is not what the call expects. Use it in your own
    /// endpoints.
    pub fn unexpected(&self) -> Error {
        Error::UnexpectedResponse {
            status: self.status,
            retry_after: None,
            body: self.snippet.clone(),
        }
    }
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("usage", &self.usage())
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn response(status: u16, body: &str) -> Result<Response, Error> {
        let response = http::Response::builder().status(status);
        Response::from_http(&response.body(body.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn meta_reports_success_in_many_ways() {
        for body in [
            r#"{"success":true}"#,
            r#"{"success":"true"}"#,
            r#"{"result":"success"}"#,
            r#"{"result":"unlink account success"}"#,
        ] {
            assert!(response(200, body).unwrap().success().is_ok(), "{body}");
        }
        for body in [r#"{"success":false}"#, r#"{"success":"false"}"#] {
            let error = response(200, body).unwrap().success().unwrap_err();
            assert_eq!(
                error.to_string(),
                "Meta reports that the call had no effect (status 200)"
            );
        }
        for body in ["{}", r#"{"success":null}"#, r#"{"result":"error"}"#, "[]"] {
            let error = response(200, body).unwrap().success().unwrap_err();
            assert!(matches!(error, Error::UnexpectedResponse { .. }), "{body}");
        }
    }

    #[test]
    fn c12_a_redirect_is_an_error_of_its_own() {
        for (status, body) in [(301, ""), (302, "<html>"), (307, "{}"), (308, "[]")] {
            let error = response(status, body).unwrap_err();
            assert!(matches!(error, Error::Redirect { .. }), "{status}");
            assert_eq!(
                error.to_string(),
                format!(
                    "the response is a redirect (status {status}), which is not followed; check the \
                     base URL"
                )
            );
        }
    }

    #[test]
    fn a_response_can_be_built_and_is_not_printed() {
        let response = Response::from_json(&serde_json::json!({"name": "Ada"}));
        assert_eq!(response.object().text("name").as_deref(), Some("Ada"));
        assert!(!format!("{response:?}").contains("Ada"));
    }
}
