//! Changes to a body: `path=value`.

use std::str::FromStr;

use serde_json::{Value, json};
use thiserror::Error;

/// A change to the body of an event: `message.text=Hello`, `sender.id=42`, `message.is_echo=true`.
///
/// The path begins at the event; with a leading slash it begins at the body (`/entry.0.id=42`).
/// Numbers in it are places in a list. The value is JSON when it can be read as such, and text
/// otherwise; put quotes around a number that should be text. An empty value removes the member.
/// Where the sample has a text, a number becomes text, so that ids stay texts without quotes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Override {
    path: String,
    value: Option<Value>,
}

/// Error for an override that is not `path=value`.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("an override is path=value, such as message.text=Hello")]
#[non_exhaustive]
pub struct InvalidOverride;

/// Error for an override whose path does not exist in the body.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("the path {0:?} leads nowhere: it goes through a value that is no object or list")]
#[non_exhaustive]
pub struct NoSuchPlace(pub String);

impl FromStr for Override {
    type Err = InvalidOverride;

    fn from_str(text: &str) -> Result<Self, InvalidOverride> {
        let (path, value) = text.split_once('=').ok_or(InvalidOverride)?;
        if path.trim_matches('/').is_empty() {
            return Err(InvalidOverride);
        }
        let value = match value {
            "" => None,
            text => Some(serde_json::from_str(text).unwrap_or_else(|_| json!(text))),
        };
        Ok(Self {
            path: path.to_owned(),
            value,
        })
    }
}

impl Override {
    pub(super) fn apply(&self, body: &mut Value, event: &str) -> Result<(), NoSuchPlace> {
        let nowhere = || NoSuchPlace(self.path.clone());
        let (mut place, path) = match self.path.strip_prefix('/') {
            Some(path) => (body, path),
            None => (body.pointer_mut(event).ok_or_else(nowhere)?, &*self.path),
        };
        let mut names: Vec<&str> = path.split('.').collect();
        let last = names.pop().ok_or_else(nowhere)?;
        for name in names {
            place = step(place, name).ok_or_else(nowhere)?;
        }
        let Some(value) = &self.value else {
            return remove(place, last).ok_or_else(nowhere);
        };
        let place = step(place, last).ok_or_else(nowhere)?;
        *place = match (&*place, value) {
            (Value::String(_), Value::Number(number)) => json!(number.to_string()),
            _ => value.clone(),
        };
        Ok(())
    }
}

/// The member or element of this name; a missing member is made.
fn step<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    match value {
        Value::Null => {
            *value = json!({});
            Some(&mut value[name])
        }
        Value::Object(members) => Some(members.entry(name).or_insert(Value::Null)),
        Value::Array(list) => list.get_mut(name.parse::<usize>().ok()?),
        _ => None,
    }
}

fn remove(value: &mut Value, name: &str) -> Option<()> {
    match value {
        Value::Object(members) => members.remove(name).map(|_| ()),
        Value::Array(list) => {
            let place = name.parse().ok().filter(|place| *place < list.len())?;
            list.remove(place);
            Some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(text: &str) -> Result<Value, NoSuchPlace> {
        let mut body = json!({"entry": [{"id": "1", "event": {"sender": {"id": "2"}, "n": 1}}]});
        let change: Override = text.parse().unwrap();
        change.apply(&mut body, "/entry/0/event")?;
        Ok(body["entry"][0].clone())
    }

    #[test]
    fn l3_overrides_set_make_and_remove() {
        let event = |text| applied(text).unwrap()["event"].clone();
        assert_eq!(event("sender.id=42")["sender"]["id"], "42");
        assert_eq!(event("n=42")["n"], 42);
        assert_eq!(event("message.text=a=b")["message"]["text"], "a=b");
        assert_eq!(event("message.is_echo=true")["message"]["is_echo"], true);
        assert_eq!(event("mid=\"7\"")["mid"], "7");
        assert!(event("sender=").get("sender").is_none());
        assert_eq!(applied("/entry.0.id=9").unwrap()["id"], "9");
    }

    #[test]
    fn l3_an_override_that_leads_nowhere_is_refused() {
        for text in ["n.x=1", "gone=", "/entry.7.id=1"] {
            assert!(applied(text).is_err(), "{text}");
        }
        for text in ["", "message", "=1", "/=1"] {
            assert_eq!(text.parse::<Override>(), Err(InvalidOverride), "{text}");
        }
    }
}
