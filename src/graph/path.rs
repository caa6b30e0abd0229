//! Path and parameters of a URL. An id cannot change which endpoint the URL names.

use std::fmt;

use super::Error;

/// A path after the version, such as `{page}/messages`.
///
/// The fixed parts are literals of your program. [`Path::node`] and [`Path::then`] add ids, and
/// refuse an id that could change the meaning of the URL. `Debug` does not show the path, because
/// it may contain a PSID.
///
/// ```
/// use messenger_crm::graph::Path;
///
/// let of_page = Path::me().edge("messages"); // {page}/messages
/// let of_label = Path::node("1001")?.edge("label"); // 1001/label
/// assert!(Path::node("../me").is_err());
/// # Ok::<(), messenger_crm::graph::Error>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Path {
    is_me: bool,
    rest: String,
}

impl Path {
    /// Starts with the Page, app or person that the client acts for. The URL has the id of the Page
    /// or the app, and `me` for a person.
    pub fn me() -> Self {
        Self {
            is_me: true,
            rest: String::new(),
        }
    }

    /// Starts with the node that has this id.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidId`] when it is empty, `me`, only dots, or contains anything but ASCII
    /// letters, digits and `-_.=:$`. Such an id is refused, not encoded, because some URL parsers
    /// also follow an encoded `..`.
    pub fn node(id: &str) -> Result<Self, Error> {
        check(id)?;
        Ok(Self {
            is_me: false,
            rest: id.to_owned(),
        })
    }

    /// Appends an edge, such as `messages`.
    pub fn edge(mut self, name: &'static str) -> Self {
        if self.is_me || !self.rest.is_empty() {
            self.rest.push('/');
        }
        self.rest.push_str(name);
        self
    }

    /// Appends an id.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidId`], as for [`Path::node`].
    pub fn then(mut self, id: &str) -> Result<Self, Error> {
        check(id)?;
        self.rest.push('/');
        self.rest.push_str(id);
        Ok(self)
    }

    /// Returns the path for the URL, with `me` in place of [`Path::me`].
    pub(super) fn resolve(&self, me: &str) -> Result<String, Error> {
        if !self.is_me {
            return Ok(self.rest.clone());
        }
        if me != "me" {
            check(me)?;
        }
        Ok(format!("{me}{}", self.rest))
    }
}

fn check(id: &str) -> Result<(), Error> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.=:$".contains(&byte);
    if id == "me" || id.bytes().all(|byte| byte == b'.') {
        return Err(Error::InvalidId { at: 0 });
    }
    match id.bytes().position(|byte| !is_plain(byte)) {
        Some(at) => Err(Error::InvalidId { at }),
        None => Ok(()),
    }
}

impl From<&'static str> for Path {
    fn from(path: &'static str) -> Self {
        Self {
            is_me: false,
            rest: path.to_owned(),
        }
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Path(…)")
    }
}

/// Appends `name=value&…`, percent-encoded for a query or a form.
pub(super) fn push_parameters<'a>(
    text: &mut String,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    for (index, (name, value)) in parameters.into_iter().enumerate() {
        if index > 0 {
            text.push('&');
        }
        push_encoded(text, name);
        text.push('=');
        push_encoded(text, value);
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters and the comma of Meta's lists.
fn push_encoded(text: &mut String, plain: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in plain.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~,".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c15_an_id_that_could_lead_elsewhere_is_refused() {
        for id in [
            "", ".", "..", "...", "me", "a/b", "a?b", "a#b", "a%2fb", "a b", "a&b", "a\\b",
            "\u{e4}", "a\n", "a\u{0}", "{a}", "a;b", "a@b",
        ] {
            assert!(
                matches!(Path::node(id), Err(Error::InvalidId { .. })),
                "{id}"
            );
            let page = Path::me().edge("messages").resolve(id);
            assert!(id == "me" || page.is_err(), "{id}");
        }
        let error = Path::node("42/x").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the id has a character at byte 2 that no id of Meta has; \
             allowed are ASCII letters, digits and -_.=:$"
        );
    }

    #[test]
    fn ids_of_meta_are_kept() {
        for id in ["7324561089432101", "t_10224", "m_AG5Hz2U-_=", "mid.$cAAE:1"] {
            assert_eq!(Path::node(id).unwrap().resolve("1").unwrap(), id);
        }
        let path = Path::node("42").unwrap().edge("messages");
        assert_eq!(path.resolve("1").unwrap(), "42/messages");
        assert_eq!(format!("{path:?}"), "Path(…)");
    }

    #[test]
    fn me_is_the_page_or_app_of_the_client() {
        let path = Path::me().edge("personas");
        assert_eq!(
            path.resolve("1755847768034402").unwrap(),
            "1755847768034402/personas"
        );
        assert_eq!(path.resolve("me").unwrap(), "me/personas");
        assert_eq!(Path::me().resolve("7").unwrap(), "7");
    }

    #[test]
    fn parameters_are_encoded() {
        let mut text = String::new();
        push_parameters(&mut text, [("fields", "id,name"), ("a b", "1&2=\u{e4}|")]);
        assert_eq!(text, "fields=id,name&a%20b=1%262%3D%C3%A4%7C");
    }
}
