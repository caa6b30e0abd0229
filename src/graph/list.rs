//! Lists that Meta returns page by page, with a cursor.

use std::fmt;
use std::str::FromStr;

use super::{Call, Error, Object, Response};

/// Parameters that name a position in a list.
const PLACES: [&str; 7] = [
    "after",
    "before",
    "since",
    "until",
    "offset",
    "__paging_token",
    "__previous",
];

/// Longest cursor that is accepted, in bytes.
const MAX_CURSOR_BYTES: usize = 8192;

/// Position in a list where its next page begins. `Display` and `FromStr` convert it to text and
/// back.
///
/// Do not store it for long: Meta may reject it later. It is valid only with the limit of the call
/// that returned it. It never contains a token.
#[derive(Clone, Eq, PartialEq)]
pub struct Cursor(Vec<(String, String)>);

impl Cursor {
    fn after(cursor: String) -> Self {
        Self(vec![("after".to_owned(), cursor)])
    }

    /// Takes the parameters that name the position from the URL of the next page, without the token.
    fn in_url(url: &str) -> Option<Self> {
        let (_, query) = url.split_once('?')?;
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let pairs = query.split('&').filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        });
        let places: Vec<_> = pairs
            .filter(|(name, value)| PLACES.contains(&name.as_str()) && !value.is_empty())
            .collect();
        (!places.is_empty()).then_some(Self(places))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        let pairs = self.0.iter();
        super::path::push_parameters(
            &mut text,
            pairs.map(|(name, value)| (name.as_str(), value.as_str())),
        );
        f.write_str(&text)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let read = |pair: &str| {
            let (name, value) = pair.split_once('=')?;
            Some((decode(name)?, decode(value)?))
        };
        let pairs: Option<Vec<_>> = text.split('&').map(read).collect();
        match pairs {
            Some(pairs)
                if text.len() <= MAX_CURSOR_BYTES
                    && pairs.iter().all(|(name, value)| {
                        PLACES.contains(&name.as_str()) && !value.is_empty()
                    }) =>
            {
                Ok(Self(pairs))
            }
            _ => Err(Error::InvalidCursor),
        }
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({} bytes)", self.to_string().len())
    }
}

/// Decodes percent escapes and `+`.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let high = digit(rest.next()?)?;
                let low = digit(rest.next()?)?;
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListPage<T> {
    /// Items of this page. The page can have few items, or none, although more pages follow.
    pub items: Vec<T>,
    /// Position of the next page. Only `None` means the end of the list.
    pub next: Option<Cursor>,
}

impl<T> ListPage<T> {
    /// Creates a page, for tests.
    pub fn new(items: Vec<T>, next: Option<Cursor>) -> Self {
        Self { items, next }
    }

    /// Reads a page of a list from the response. `item` returns `None` for elements to skip.
    ///
    /// # Errors
    ///
    /// [`Error::UnexpectedResponse`] when Meta says that there is a next page, but not its position.
    pub fn read(
        response: &Response,
        item: impl Fn(Object<'_>) -> Option<T>,
    ) -> Result<Self, Error> {
        Self::of(response.object(), item).ok_or_else(|| response.unexpected())
    }

    /// Reads a page of a list that is nested in an object, or `None` as [`ListPage::read`] fails.
    pub(super) fn of(object: Object<'_>, item: impl Fn(Object<'_>) -> Option<T>) -> Option<Self> {
        let paging = object.object("paging");
        // Meta's `next` is a whole URL with the access token in it: it is neither followed nor kept.
        let next = match paging.text("next") {
            None => None,
            Some(url) => match paging.object("cursors").text("after") {
                Some(after) => Some(Cursor::after(after)),
                None => Some(Cursor::in_url(&url)?),
            },
        };
        Some(Self {
            items: object.objects("data").filter_map(item).collect(),
            next,
        })
    }
}

impl<T: 'static> Call<ListPage<T>> {
    /// Sets how many items a page has at most. Meta decides by default.
    pub fn with_limit(mut self, limit: u32) -> Self {
        self.parts.query.retain(|(name, _)| name != "limit");
        self.with_query("limit", limit.to_string())
    }

    /// Returns the call for the page that begins at `cursor`.
    pub fn after(mut self, cursor: &Cursor) -> Self {
        self.parts
            .query
            .retain(|(name, _)| !PLACES.contains(&name.as_ref()));
        for (name, value) in &cursor.0 {
            self = self.with_query(name.clone(), value.clone());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn list() -> Call<ListPage<String>> {
        Call::get("list", |response| {
            ListPage::read(response, |object| object.id("id"))
        })
    }

    fn next(paging: &Value) -> Result<Option<String>, Error> {
        let response = Response::from_json(&json!({"data": [], "paging": paging}));
        let page = list().read(Ok(&response))?;
        Ok(page.next.map(|cursor| cursor.to_string()))
    }

    #[test]
    fn c25_a_list_is_walked_by_cursor_without_the_token() {
        let url = "https://graph.facebook.com/v27.0/1/conversations?access_token=EAAtoken&limit=25";
        assert_eq!(
            next(&json!({"cursors": {"before": "b", "after": "QVFIU=="}, "next": url})).unwrap(),
            Some("after=QVFIU%3D%3D".to_owned())
        );
        let with_after = format!("{url}&after=QVFIU%3D%3D&appsecret_proof=c0ffee");
        assert_eq!(
            next(&json!({"next": with_after})).unwrap(),
            Some("after=QVFIU%3D%3D".to_owned())
        );
    }

    #[test]
    fn the_end_is_the_absence_of_next() {
        for paging in [
            json!({"cursors": {"after": "QVFIU"}}),
            json!({}),
            json!(null),
            json!({"next": ""}),
            json!({"next": 7}),
        ] {
            assert_eq!(next(&paging).unwrap(), None, "{paging}");
        }
    }

    #[test]
    fn g16_b19_a_page_without_cursors_is_followed_by_metas_own_parameters() {
        let url = "https://graph.facebook.com/v27.0/1/feed?access_token=EAAtoken&limit=25\
                   &until=1700000000&__paging_token=enc_A%2BB";
        let found = next(&json!({"next": url, "previous": url}))
            .unwrap()
            .unwrap();
        assert_eq!(found, "until=1700000000&__paging_token=enc_A%2BB");
        let call = list()
            .with_query("fields", "id")
            .with_query("after", "old")
            .after(&found.parse().unwrap());
        let query: Vec<_> = call
            .parts
            .query
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(
            query,
            [
                ("fields", "id"),
                ("until", "1700000000"),
                ("__paging_token", "enc_A+B")
            ]
        );
        let offset = "https://graph.facebook.com/v27.0/1/x?offset=25&limit=25";
        assert_eq!(
            next(&json!({"next": offset})).unwrap().unwrap(),
            "offset=25"
        );
    }

    #[test]
    fn g16_a_next_page_without_a_place_is_an_error() {
        for url in [
            "https://graph.facebook.com/v27.0/1/x",
            "https://graph.facebook.com/v27.0/1/x?access_token=EAAtoken&limit=25",
            "https://graph.facebook.com/v27.0/1/x?after=",
            "https://graph.facebook.com/v27.0/1/x?after=%zz",
            "nonsense",
        ] {
            let error = next(&json!({"next": url})).unwrap_err();
            assert!(matches!(error, Error::UnexpectedResponse { .. }), "{url}");
            assert!(!format!("{error:?} {error}").contains("EAAtoken"));
        }
    }

    #[test]
    fn a_cursor_is_checked_when_it_is_parsed() {
        for text in ["after=QVFIU%3D", "until=1&__paging_token=a", "offset=25"] {
            assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        }
        let long = format!("after={}", "a".repeat(MAX_CURSOR_BYTES));
        for text in [
            "",
            "QVFIU",
            "after",
            "after=",
            "access_token=EAA",
            "fields=id&after=a",
            "after=%",
            "after=%ff",
            &long,
        ] {
            let error = text.parse::<Cursor>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "the cursor is not one that a list returned; read the list from its first page"
            );
        }
    }

    #[test]
    fn a_cursor_is_not_printed() {
        let cursor: Cursor = "after=QVFIU".parse().unwrap();
        assert_eq!(format!("{cursor:?}"), "Cursor(11 bytes)");
    }

    #[test]
    fn unreadable_items_are_skipped() {
        let json = json!({"data": [{"id": 1}, 7, {"name": "x"}, {"id": "2"}]});
        let page = list().read(Ok(&Response::from_json(&json))).unwrap();
        assert_eq!(page.items, ["1", "2"]);
    }
}
