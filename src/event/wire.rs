//! The typed members of an event: how they are read and copied from the body.
//!
//! A struct is a table of members ([`wire!`]): the Rust name, the type, the name in the JSON. Of
//! two members with the same name the first one counts. A member of another type than expected, or
//! `null`, counts as absent.

use super::json::{Json, Syntax};
use crate::{text::Text, time::Timestamp};

/// Most elements that are reserved ahead, so that a long list of empty values does not cost memory.
const RESERVE: usize = 32;

/// A type that a member or an element of a list can have.
pub(crate) trait Value<'a>: Sized {
    /// The type without borrowed content.
    type Owned;

    /// Reads one value. A value of another type is skipped and `None` returned.
    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax>;

    fn into_owned(self) -> Self::Owned;

    /// Whether at least one documented member is present.
    fn is_filled(&self) -> bool {
        true
    }
}

/// A member of a struct: an optional value, a list, or a flag.
pub(crate) trait Field<'a>: Default {
    type Owned;

    fn read(json: &mut Json<'a>) -> Result<Self, Syntax>;

    fn into_owned(self) -> Self::Owned;

    /// Whether the member is present with a value of the expected type.
    fn is_present(&self) -> bool;
}

impl<'a, V: Value<'a>> Field<'a> for Option<V> {
    type Owned = Option<V::Owned>;

    #[inline]
    fn read(json: &mut Json<'a>) -> Result<Self, Syntax> {
        V::read(json)
    }

    fn into_owned(self) -> Self::Owned {
        self.map(V::into_owned)
    }

    #[inline]
    fn is_present(&self) -> bool {
        self.is_some()
    }
}

/// A single object stands for a list of one, as Meta writes `hop_context`.
impl<'a, V: Value<'a>> Field<'a> for Vec<V> {
    type Owned = Vec<V::Owned>;

    fn read(json: &mut Json<'a>) -> Result<Self, Syntax> {
        let mut list = Self::new();
        if !json.enter(b'[') {
            if json.peek() == b'{' {
                list.extend(V::read(json)?);
            } else {
                json.skip()?;
            }
            return Ok(list);
        }
        let mut first = true;
        while json.next_element(&mut first)? {
            if let Some(value) = V::read(json)? {
                if list.is_empty() {
                    list.reserve_exact(1 + rest(*json));
                }
                list.push(value);
            }
        }
        Ok(list)
    }

    fn into_owned(self) -> Self::Owned {
        self.into_iter().map(V::into_owned).collect()
    }

    #[inline]
    fn is_present(&self) -> bool {
        !self.is_empty()
    }
}

/// A list that is rarely present: a boxed slice is smaller than a `Vec`.
impl<'a, V: Value<'a>> Field<'a> for Box<[V]> {
    type Owned = Box<[V::Owned]>;

    fn read(json: &mut Json<'a>) -> Result<Self, Syntax> {
        <Vec<V> as Field<'a>>::read(json).map(Vec::into_boxed_slice)
    }

    fn into_owned(self) -> Self::Owned {
        self.into_iter().map(V::into_owned).collect()
    }

    #[inline]
    fn is_present(&self) -> bool {
        !self.is_empty()
    }
}

/// How many elements follow, so that a list is allocated once.
fn rest(mut json: Json<'_>) -> usize {
    let (mut count, mut first) = (0, false);
    while count < RESERVE && matches!(json.next_element(&mut first), Ok(true)) {
        if json.skip().is_err() {
            break;
        }
        count += 1;
    }
    count
}

impl<'a> Field<'a> for bool {
    type Owned = Self;

    #[inline]
    fn read(json: &mut Json<'a>) -> Result<Self, Syntax> {
        Ok(<Self as Value<'a>>::read(json)?.unwrap_or_default())
    }

    fn into_owned(self) -> Self {
        self
    }

    #[inline]
    fn is_present(&self) -> bool {
        *self
    }
}

impl<'a> Value<'a> for Text<'a> {
    type Owned = Text<'static>;

    #[inline]
    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax> {
        json.text()
    }

    fn into_owned(self) -> Text<'static> {
        self.into_owned()
    }
}

/// `true` and `false`, also as strings.
impl<'a> Value<'a> for bool {
    type Owned = Self;

    #[inline]
    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax> {
        if json.peek() == b'"' {
            return Ok(json.text()?.and_then(|text| text.parse().ok()));
        }
        Ok(match json.skip()? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        })
    }

    fn into_owned(self) -> Self {
        self
    }
}

/// Milliseconds or seconds, as a number or as a string of digits.
impl<'a> Value<'a> for Timestamp {
    type Owned = Self;

    #[inline]
    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax> {
        Ok(json.integer(whole)?.map(Self::from_meta))
    }

    fn into_owned(self) -> Self {
        self
    }
}

/// A number whose fraction is zero.
fn whole(number: &str) -> Option<i64> {
    let number: f64 = number.parse().ok()?;
    // 2^53: up to there a float is exact.
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

/// A whole number; a string of digits too.
impl<'a> Value<'a> for i64 {
    type Owned = Self;

    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax> {
        json.integer(whole)
    }

    fn into_owned(self) -> Self {
        self
    }
}

/// A number that is finite.
impl<'a> Value<'a> for f64 {
    type Owned = Self;

    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax> {
        let number = json.text()?.and_then(|text| text.parse().ok());
        Ok(number.filter(|number: &Self| number.is_finite()))
    }

    fn into_owned(self) -> Self {
        self
    }
}

impl<'a, V: Value<'a>> Value<'a> for Box<V> {
    type Owned = Box<V::Owned>;

    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax> {
        Ok(V::read(json)?.map(Self::new))
    }

    fn into_owned(self) -> Self::Owned {
        Box::new(V::into_owned(*self))
    }

    fn is_filled(&self) -> bool {
        V::is_filled(self)
    }
}

/// Time of a flat object: its `timestamp`, or else its `created_time`.
pub(super) fn moment(json: &str) -> Result<Option<Timestamp>, Syntax> {
    let (mut timestamp, mut created) = (None, None);
    Json::new(json).members(|name, json| {
        match name {
            "timestamp" if timestamp.is_none() => timestamp = Some(Field::read(json)?),
            "created_time" if created.is_none() => created = Some(Field::read(json)?),
            _ => drop(json.skip()?),
        }
        Ok(())
    })?;
    Ok(timestamp.flatten().or(created.flatten()))
}

/// Declares structs of the wire: `pub field: Type = "name on the wire" | "another one";`.
///
/// Each gets its reader and its owned form from this one table.
macro_rules! wire {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {$(
            $(#[$doc:meta])*
            $vis:vis $field:ident: $type:ty = $key:literal $(| $alias:literal)*;
        )*}
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name<'a> {$(
            $(#[$doc])*
            $vis $field: $type,
        )*}

        impl<'a> $crate::event::wire::Value<'a> for $name<'a> {
            type Owned = $name<'static>;

            #[inline]
            fn read(
                json: &mut $crate::event::json::Json<'a>,
            ) -> Result<Option<Self>, $crate::event::json::Syntax> {
                let mut new = Self::default();
                Ok(new.fill(json)?.then_some(new))
            }

            fn into_owned(self) -> Self::Owned {
                $name {$($field: $crate::event::wire::Field::into_owned(self.$field),)*}
            }

            #[inline]
            fn is_filled(&self) -> bool {
                false $(|| $crate::event::wire::Field::is_present(&self.$field))*
            }
        }

        impl<'a> $name<'a> {
            /// Reads the members of an object. Another value is skipped and `false` returned.
            ///
            /// In place, because an event is large and would be moved with every return.
            #[inline]
            pub(super) fn fill(
                &mut self,
                json: &mut $crate::event::json::Json<'a>,
            ) -> Result<bool, $crate::event::json::Syntax> {
                #[allow(non_camel_case_types)]
                enum Bit {
                    $($field,)*
                }
                let mut seen = 0_u32;
                json.members(|name, json| {
                    match name {
                        $($key $(| $alias)* if seen & 1 << Bit::$field as u32 == 0 => {
                            seen |= 1 << Bit::$field as u32;
                            self.$field = $crate::event::wire::Field::read(json)?;
                        })*
                        _ => drop(json.skip()?),
                    }
                    Ok(())
                })
            }
        }
    )*};
}

pub(super) use wire;
