//! Values kept as JSON: lists that are read on demand, maps, and untyped members.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::{Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;

use super::{
    json::{Json, Syntax},
    wire::Value,
};
use crate::text::Text;

/// JSON as it was received, byte for byte. `Debug` prints only its length.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Raw<'a>(Cow<'a, str>);

impl<'a> Raw<'a> {
    pub(super) fn new(json: &'a str) -> Self {
        Self(Cow::Borrowed(json))
    }

    /// Returns the JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes)", self.0.len())
    }
}

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'a> Value<'a> for Raw<'a> {
    type Owned = Raw<'static>;

    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax> {
        let raw = json.skip()?;
        Ok((raw != "null").then_some(Self(Cow::Borrowed(raw))))
    }

    fn into_owned(self) -> Raw<'static> {
        Raw(Cow::Owned(self.0.into_owned()))
    }
}

/// Message ids of a receipt, read on demand, because most hosts need only the watermark.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Mids<'a>(Raw<'a>);

impl Mids<'_> {
    /// Returns the ids in Meta's order.
    pub fn iter(&self) -> impl Iterator<Item = Text<'_>> {
        let mut json = Json::new(self.0.as_str());
        let mut first = true;
        json.enter(b'[');
        // The list was read once already, so it has no errors; they would end it.
        std::iter::from_fn(move || match json.next_element(&mut first) {
            Ok(true) => json.text().ok(),
            _ => None,
        })
        .flatten()
    }
}

impl<'a> Value<'a> for Mids<'a> {
    type Owned = Mids<'static>;

    #[inline]
    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax> {
        let is_list = json.peek() == b'[';
        let raw = json.skip()?;
        Ok(is_list.then(|| Self(Raw::new(raw))))
    }

    fn into_owned(self) -> Mids<'static> {
        Mids(self.0.into_owned())
    }
}

/// JSON object whose names are not fixed, such as app ids, in the order of the body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Map<'a, V>(Vec<(Text<'a>, V)>);

impl<'a, V> Map<'a, V> {
    /// Returns the value with this name. `None` when the object has no such name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// Returns the names with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<'a, V: Value<'a>> Value<'a> for Map<'a, V> {
    type Owned = Map<'static, V::Owned>;

    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax> {
        if !json.enter(b'{') {
            return json.skip().map(|_| None);
        }
        let (mut map, mut first) = (Vec::new(), true);
        let mut seen = HashSet::new();
        while let Some(name) = json.next_member(&mut first)? {
            let name = name.decoded();
            if !seen.insert(name.clone()) {
                json.skip()?;
            } else if let Some(value) = V::read(json)? {
                map.push((name, value));
            }
        }
        Ok(Some(Self(map)))
    }

    fn into_owned(self) -> Self::Owned {
        let owned = self.0.into_iter();
        Map(owned
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect())
    }

    fn is_filled(&self) -> bool {
        !self.0.is_empty()
    }
}

/// A list inside a map, or a list of lists.
impl<'a> Value<'a> for Vec<Text<'a>> {
    type Owned = Vec<Text<'static>>;

    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax> {
        if json.peek() != b'[' {
            return json.skip().map(|_| None);
        }
        super::wire::Field::read(json).map(Some)
    }

    fn into_owned(self) -> Self::Owned {
        self.into_iter().map(Text::into_owned).collect()
    }
}
