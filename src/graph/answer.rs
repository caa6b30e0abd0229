//! What Meta answered: a JSON object, or an error.

use serde_json::{Map, Value};

use super::{ApiError, Error, Response};

/// The JSON object of a success, whose members may all be missing or of another type.
pub(super) struct Answer {
    pub(super) status: u16,
    members: Map<String, Value>,
}

impl Answer {
    /// Reads an answer; an error object counts under any status, even 200.
    pub(super) fn read(response: &Response) -> Result<Self, Error> {
        let status = response.status;
        let unexpected = Error::Unexpected { status };
        let Ok(Value::Object(members)) = serde_json::from_slice(&response.body) else {
            return Err(unexpected);
        };
        if let Some(Value::Object(error)) = members.get("error") {
            return Err(ApiError::read(status, error).into());
        }
        if !(200..300).contains(&status) {
            return Err(unexpected);
        }
        Ok(Self { status, members })
    }

    /// A text that is there and not blank.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text(&self.members, name)
    }

    /// An id: a text or a whole number.
    pub(super) fn id(&self, name: &str) -> Option<String> {
        match self.members.get(name)? {
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => self.text(name),
        }
    }
}

/// A member that is a text and not blank, without U+0000, which no store can keep.
pub(super) fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    let text = members.get(name)?.as_str()?;
    (!text.trim().is_empty()).then(|| text.replace('\0', "\u{fffd}"))
}
