//! What Meta answered: JSON, or an error.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ApiError, Error, Excerpt, Object, Response, Usage};

/// A success of Meta's.
#[derive(Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How much of the limits is used, as far as the headers tell.
    pub usage: Usage,
    /// The version of the Graph API that answered: not the one that was asked when that is gone.
    pub version: Option<String>,
    json: Value,
    excerpt: Excerpt,
}

impl Answer {
    /// Reads an answer; an error object counts under any status, even 200.
    pub(super) fn read(response: &Response) -> Result<Self, Error> {
        let status = response.status;
        let json = serde_json::from_slice(&response.body);
        if let Ok(Value::Object(members)) = &json
            && let Some(Value::Object(error)) = members.get("error")
        {
            return Err(ApiError::read(response, error).into());
        }
        if (300..400).contains(&status) {
            return Err(Error::Redirected { status });
        }
        match json {
            Ok(json @ (Value::Object(_) | Value::Array(_))) if (200..300).contains(&status) => {
                Ok(Self {
                    status,
                    usage: Usage::read(response),
                    version: response.header("facebook-api-version").map(str::to_owned),
                    json,
                    excerpt: Excerpt::of(&response.body),
                })
            }
            _ => Err(Error::Unexpected {
                status,
                retry_after: super::usage::retry_after(response),
                body: Excerpt::of(&response.body),
            }),
        }
    }

    /// The answer as an object, which is empty when it is none.
    pub fn object(&self) -> Object<'_> {
        Object::of(&self.json)
    }

    /// The answer as a list, which is empty when it is none.
    pub fn list(&self) -> &[Value] {
        self.json.as_array().map_or(&[], Vec::as_slice)
    }

    /// The answer as a type of your own.
    ///
    /// # Errors
    ///
    /// [`Error::Unexpected`] when it does not fit.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        T::deserialize(&self.json).map_err(|_| self.unexpected())
    }

    /// Reads Meta's many ways of saying that it is done.
    ///
    /// # Errors
    ///
    /// [`Error::NotDone`] when Meta says that it is not, [`Error::Unexpected`] when it says neither.
    pub fn done(&self) -> Result<(), Error> {
        let object = self.object();
        let is_result = object
            .text("result")
            .is_some_and(|result| result.contains("success"));
        match object.is("success") {
            Some(true) => Ok(()),
            Some(false) => Err(Error::NotDone {
                status: self.status,
            }),
            None if is_result => Ok(()),
            None => Err(self.unexpected()),
        }
    }

    /// The error that this answer is not what was asked for.
    pub fn unexpected(&self) -> Error {
        Error::Unexpected {
            status: self.status,
            retry_after: None,
            body: self.excerpt.clone(),
        }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("usage", &self.usage)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn answer(status: u16, body: &str) -> Result<Answer, Error> {
        Answer::read(&Response::new(status, None, body.as_bytes().to_vec()))
    }

    #[test]
    fn meta_says_done_in_many_ways() {
        for body in [
            r#"{"success":true}"#,
            r#"{"success":"true"}"#,
            r#"{"result":"success"}"#,
            r#"{"result":"unlink account success"}"#,
        ] {
            assert!(answer(200, body).unwrap().done().is_ok(), "{body}");
        }
        for body in [r#"{"success":false}"#, r#"{"success":"false"}"#] {
            let error = answer(200, body).unwrap().done().unwrap_err();
            assert_eq!(error.to_string(), "meta answered that it was not done");
        }
        for body in ["{}", r#"{"success":null}"#, r#"{"result":"error"}"#, "[]"] {
            let error = answer(200, body).unwrap().done().unwrap_err();
            assert!(matches!(error, Error::Unexpected { .. }), "{body}");
        }
    }

    #[test]
    fn c12_a_redirect_is_an_error_of_its_own() {
        for (status, body) in [(301, ""), (302, "<html>"), (307, "{}"), (308, "[]")] {
            let error = answer(status, body).unwrap_err();
            assert!(matches!(error, Error::Redirected { .. }), "{status}");
            assert_eq!(
                error.to_string(),
                format!("meta answered with a redirect, status {status}, which is not followed")
            );
        }
    }
}
