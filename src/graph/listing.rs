//! A list of Meta's in portions, walked by cursor.

use std::fmt;

use super::{Answer, Call, Object};

/// A place in a list: not for keeping, and good only with the limit it was made with.
#[derive(Clone, Eq, PartialEq)]
pub struct Cursor(Box<str>);

impl Cursor {
    /// A cursor as Meta gave it.
    pub fn new(cursor: impl Into<String>) -> Self {
        Self(cursor.into().into())
    }

    /// The cursor as Meta gave it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({} bytes)", self.0.len())
    }
}

/// A portion of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listing<T> {
    /// What is in this portion: it may be short, or empty, and there may still be more.
    pub items: Vec<T>,
    /// Where the rest begins, if there is one.
    ///
    /// It comes from Meta's `cursors.after`. Meta's `next`, a whole URL, holds the access token: it
    /// only tells that there is more, and is neither followed nor kept.
    pub next: Option<Cursor>,
}

impl<T> Listing<T> {
    /// Reads a portion; what `item` cannot read is left out.
    pub(super) fn read<'a>(answer: &'a Answer, item: impl Fn(Object<'a>) -> Option<T>) -> Self {
        Self::of(answer.object(), item)
    }

    /// The same for a list within an object.
    pub(super) fn of<'a>(object: Object<'a>, item: impl Fn(Object<'a>) -> Option<T>) -> Self {
        let paging = object.object("paging");
        let after = paging.object("cursors").text("after");
        Self {
            items: object.objects("data").filter_map(item).collect(),
            next: paging
                .text("next")
                .and_then(|url| after.or_else(|| after_in(&url)))
                .map(Cursor::new),
        }
    }
}

/// The cursor in a URL that holds no secret but the token next to it.
fn after_in(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let after = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("after="))?;
    // A cursor is base64; what is encoded otherwise is not worth a decoder.
    let after = after.replace("%3D", "=").replace("%3d", "=");
    (!after.is_empty() && !after.contains('%')).then_some(after)
}

/// Which portion of a list.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Paging {
    /// How many at most; without one Meta decides.
    pub limit: Option<u32>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

impl Paging {
    /// The beginning, with as many at most.
    pub fn first(limit: u32) -> Self {
        Self {
            limit: Some(limit),
            after: None,
        }
    }

    /// The same from this place on.
    pub fn after(self, cursor: Cursor) -> Self {
        Self {
            after: Some(cursor),
            ..self
        }
    }

    pub(super) fn apply(&self, mut call: Call) -> Call {
        if let Some(limit) = self.limit {
            call = call.with_query("limit", limit.to_string());
        }
        if let Some(after) = &self.after {
            call = call.with_query("after", after.as_str());
        }
        call
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn next(paging: &Value) -> Option<String> {
        let json = json!({"data": [], "paging": paging});
        let listing = Listing::of(Object::of(&json), |object| object.id("id"));
        listing.next.map(|cursor| cursor.as_str().to_owned())
    }

    #[test]
    fn c25_next_only_tells_that_there_is_more() {
        let url = "https://graph.facebook.com/v26.0/1/conversations?access_token=EAAtoken&limit=25";
        assert_eq!(
            next(&json!({"cursors": {"before": "b", "after": "QVFIU"}, "next": url})),
            Some("QVFIU".to_owned())
        );
        assert_eq!(next(&json!({"cursors": {"after": "QVFIU"}})), None);
        assert_eq!(next(&json!({})), None);
        assert_eq!(next(&Value::Null), None);
        assert_eq!(next(&json!({ "next": url })), None);
        let with_cursor = format!("{url}&after=QVFIU%3D%3D");
        assert_eq!(
            next(&json!({ "next": with_cursor })),
            Some("QVFIU==".to_owned())
        );
        for hostile in ["after=", "nonsense", "?after=%zz", "https://x/?after="] {
            assert_eq!(next(&json!({ "next": hostile })), None, "{hostile}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let json = json!({"data": [{"id": "1"}, {}, 7, {"id": 2}]});
        let listing = Listing::of(Object::of(&json), |object| object.id("id"));
        assert_eq!(listing.items, ["1", "2"]);
    }

    #[test]
    fn a_cursor_is_not_printed() {
        let paging = Paging::first(25).after(Cursor::new("QVFIU"));
        assert_eq!(
            format!("{paging:?}"),
            "Paging { limit: Some(25), after: Some(Cursor(5 bytes)) }"
        );
    }
}
