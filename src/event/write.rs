//! Writes the delivery that contains one event.

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;

use super::{Channel, Event, Kind, NOT_A_LIST};

impl Event<'_> {
    /// Returns the delivery that contains only this event: the whole body of a `POST`, as JSON.
    ///
    /// It contains the JSON of the event byte for byte, and the members of the envelope and of the
    /// entry that belong to the event. [`from_unverified_json`](Self::from_unverified_json) reads it
    /// back as an equal event.
    pub fn to_delivery(&self) -> String {
        let mut json = String::with_capacity(self.raw().len() + 128);
        json.push_str(r#"{"object":"#);
        push_text(&mut json, self.object.name());
        json.push_str(r#","entry":["#);
        match self.channel {
            // The entry's own JSON has its id and time.
            Channel::Entry => json.push_str(self.raw()),
            Channel::Envelope => {
                json.push_str("],");
                // Both are objects: the members of the second follow those of the first.
                json.push_str(self.raw().strip_prefix('{').unwrap_or_default());
                return json;
            }
            _ => self.push_entry(&mut json),
        }
        json.push_str("]}");
        json
    }

    fn push_entry(&self, json: &mut String) {
        json.push('{');
        if let Some(id) = &self.entry_id {
            json.push_str(r#""id":"#);
            push_text(json, id);
            json.push(',');
        }
        if let Some(time) = self.entry_time {
            json.push_str(&format!(r#""time":{},"#, time.to_meta()));
        }
        if let Some(extras) = &self.extras {
            for (name, raw) in extras.entry.named() {
                if let Some(raw) = raw {
                    json.push_str(&format!(r#""{name}":{},"#, raw.as_str()));
                }
            }
        }
        // A value that was not a list is written unchanged.
        let is_list = !matches!(
            self.kind,
            Kind::Unrecognized {
                reason: NOT_A_LIST,
                ..
            }
        );
        let (open, close) = if is_list { ("[", "]}") } else { ("", "}") };
        json.push_str(&format!(r#""{}":{open}"#, self.channel.name()));
        json.push_str(self.raw());
        json.push_str(close);
    }
}

fn push_text(json: &mut String, text: &str) {
    json.push_str(&serde_json::Value::from(text).to_string());
}

/// Writes the [delivery](Event::to_delivery) of the event.
impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = RawValue::from_string(self.to_delivery()).map_err(S::Error::custom)?;
        json.serialize(serializer)
    }
}
