//! Lenient access to the members of a JSON object.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::time::Timestamp;

/// A JSON object, read leniently: a member of another type counts as absent.
#[derive(Clone, Copy)]
pub struct Object<'a>(Option<&'a Map<String, Value>>);

impl<'a> Object<'a> {
    /// Wraps a JSON value. A value that is not an object counts as an empty object.
    pub fn new(value: &'a Value) -> Self {
        Self(value.as_object())
    }

    fn member(self, name: &str) -> Option<&'a Value> {
        self.0?.get(name).filter(|value| !value.is_null())
    }

    /// Returns whether the object is absent or has no members.
    pub fn is_empty(self) -> bool {
        self.0.is_none_or(Map::is_empty)
    }

    /// Returns a text, or `None` when it is blank. U+0000 becomes U+FFFD, because not every
    /// database can store it.
    pub fn text(self, name: &str) -> Option<String> {
        self.member(name).and_then(text)
    }

    /// Returns an id: a text, or a whole number as its digits.
    pub fn id(self, name: &str) -> Option<String> {
        self.member(name).and_then(id)
    }

    /// Returns a whole number, also one written as text.
    pub fn number(self, name: &str) -> Option<i64> {
        let value = self.member(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    /// Returns a number, also one written as text.
    pub fn decimal(self, name: &str) -> Option<f64> {
        let value = self.member(name)?;
        value.as_f64().or_else(|| value.as_str()?.parse().ok())
    }

    /// Returns a boolean, also one written as text.
    pub fn boolean(self, name: &str) -> Option<bool> {
        let value = self.member(name)?;
        value.as_bool().or_else(|| value.as_str()?.parse().ok())
    }

    /// Returns a time: a number of seconds, or text such as `2022-07-12T19:11:07+0000`.
    pub fn time(self, name: &str) -> Option<Timestamp> {
        match self.number(name) {
            Some(seconds) => Some(Timestamp::from_meta(seconds)),
            None => self.member(name)?.as_str()?.parse().ok(),
        }
    }

    /// Returns a nested object, or an empty one when there is none.
    pub fn object(self, name: &str) -> Self {
        Self(self.member(name).and_then(Value::as_object))
    }

    /// Returns the objects of an array; elements of other types are skipped.
    pub fn objects(self, name: &str) -> impl Iterator<Item = Object<'a>> {
        let list = self.list(name).iter();
        list.filter(|value| value.is_object()).map(Object::new)
    }

    /// Returns the texts of an array, with whole numbers as their digits; other elements are
    /// skipped.
    pub fn texts(self, name: &str) -> Vec<String> {
        self.list(name).iter().filter_map(id).collect()
    }

    fn list(self, name: &str) -> &'a [Value] {
        let list = self.member(name).and_then(Value::as_array);
        list.map_or(&[], Vec::as_slice)
    }

    /// Returns a member as JSON text.
    pub fn raw(self, name: &str) -> Option<String> {
        self.member(name).map(Value::to_string)
    }

    /// Returns a member as a type of your own, or `None` when it does not have this type.
    pub fn parse<T: DeserializeOwned>(self, name: &str) -> Option<T> {
        T::deserialize(self.member(name)?).ok()
    }
}

impl std::fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({} members)", self.0.map_or(0, Map::len))
    }
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    (!text.trim().is_empty()).then(|| text.replace('\0', "\u{fffd}"))
}

fn id(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => text(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_is_seconds_or_a_date() {
        let time = |value: Value| {
            let json = json!({ "at": value });
            Object::new(&json).time("at").map(Timestamp::as_millis)
        };
        for value in [
            json!(1_657_653_067),
            json!("1657653067"),
            json!("2022-07-12T19:11:07+0000"),
            json!("2022-07-12T21:11:07+02:00"),
        ] {
            assert_eq!(time(value.clone()), Some(1_657_653_067_000), "{value}");
        }
        // Of a date the milliseconds are kept.
        let fraction = json!("2022-07-12T14:41:07.123-0430");
        assert_eq!(time(fraction), Some(1_657_653_067_123));
        for value in [
            json!("2022-02-30T19:11:07+0000"),
            json!("2022-07-12"),
            json!("soon"),
            json!(1.5),
            json!([1_657_653_067]),
        ] {
            assert_eq!(time(value.clone()), None, "{value}");
        }
    }

    #[test]
    fn what_is_damaged_is_missing() {
        let json = json!({
            "id": 9_007_199_254_740_993_i64, "text": "a\u{0}b", "blank": " ", "null": null,
            "number": "7", "decimal": -3.5, "yes": "true", "no": false, "time": 1_527_459_824,
            "list": [{"a": 1}, 2, {}], "texts": ["a", 2, null],
        });
        let object = Object::new(&json);
        assert_eq!(object.id("id").as_deref(), Some("9007199254740993"));
        assert_eq!(object.text("text").as_deref(), Some("a\u{fffd}b"));
        assert_eq!(object.text("blank"), None);
        assert_eq!(object.id("null"), None);
        assert_eq!(object.id("decimal"), None);
        assert_eq!(object.number("number"), Some(7));
        assert_eq!(object.number("decimal"), None);
        assert_eq!(object.decimal("decimal"), Some(-3.5));
        assert_eq!(
            (object.boolean("yes"), object.boolean("no")),
            (Some(true), Some(false))
        );
        assert_eq!(object.boolean("number"), None);
        let seconds = Timestamp::from_millis(1_527_459_824_000);
        assert_eq!(object.time("time"), Some(seconds));
        assert_eq!(object.objects("list").count(), 2);
        assert_eq!(object.texts("texts"), ["a", "2"]);
        assert_eq!(object.raw("no").as_deref(), Some("false"));
        assert!(object.object("list").is_empty());
    }
}
