//! JSON as `serde_json` reads it, under the rules that events are read by: of two members of one
//! name the first counts, half a surrogate pair is U+FFFD, a number is what is written.

use std::{collections::HashSet, fmt};

use serde_json::value::RawValue;

/// Deeper than this it is not read: a tree is walked by recursion.
const DEEPEST: u32 = 64;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    /// `null`, `true` or `false`.
    Word(&'static str),
    /// As it is written.
    Number(String),
    /// Decoded.
    Text(String),
    List(Vec<Self>),
    /// In their order.
    Members(Vec<(String, Self)>),
}

impl Tree {
    /// `None` when it is no JSON, or nests too deep.
    pub(crate) fn read(json: &str) -> Option<Self> {
        Self::of(serde_json::from_str(json).ok()?, 0)
    }

    fn of(raw: &RawValue, depth: u32) -> Option<Self> {
        let json = raw.get();
        if depth > DEEPEST {
            return None;
        }
        Some(match json.as_bytes()[0] {
            b'n' => Self::Word("null"),
            b't' => Self::Word("true"),
            b'f' => Self::Word("false"),
            b'"' => Self::Text(serde_json::from_str::<Name>(json).ok()?.0),
            b'[' => {
                let list: Vec<&RawValue> = serde_json::from_str(json).ok()?;
                let list = list.into_iter().map(|one| Self::of(one, depth + 1));
                Self::List(list.collect::<Option<_>>()?)
            }
            b'{' => {
                let members = members(json)?.into_iter();
                let members = members.map(|(name, raw)| {
                    let raw = serde_json::from_str(raw).ok()?;
                    Some((name, Self::of(raw, depth + 1)?))
                });
                Self::Members(members.collect::<Option<_>>()?)
            }
            _ => Self::Number(json.to_owned()),
        })
    }
}

/// Without a space more than it needs.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Number(number) => f.write_str(number),
            Self::Text(text) => write_text(text, f),
            Self::List(list) => {
                f.write_str("[")?;
                for (index, value) in list.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("]")
            }
            Self::Members(members) => {
                f.write_str("{")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    write_text(name, f)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

/// The members of an object, in their order, each value as it is written.
pub(crate) fn members(json: &str) -> Option<Vec<(String, &str)>> {
    let Pairs(mut pairs) = serde_json::from_str(json).ok()?;
    let mut seen = HashSet::new();
    pairs.retain(|(name, _)| seen.insert(name.clone()));
    Some(pairs)
}

/// Names and values, repeated ones too.
struct Pairs<'a>(Vec<(String, &'a str)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Name(name), value)) = map.next_entry::<_, &RawValue>()? {
                    pairs.push((name, value.get()));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

/// A string, with U+FFFD for each half of a surrogate pair.
struct Name(String);

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, mut bytes: &[u8]) -> Result<Name, E> {
                let mut text = String::new();
                loop {
                    match str::from_utf8(bytes) {
                        Ok(rest) => {
                            text.push_str(rest);
                            return Ok(Name(text));
                        }
                        Err(error) => {
                            let (good, rest) = bytes.split_at(error.valid_up_to());
                            text.extend(str::from_utf8(good).ok());
                            text.push(char::REPLACEMENT_CHARACTER);
                            // serde_json writes half a pair in three bytes, as if it were a
                            // character.
                            bytes = &rest[3..];
                        }
                    }
                }
            }
        }

        deserializer.deserialize_bytes(Visitor)
    }
}
