//! What stands in a URL after the version: a path that ids cannot change, and its parameters.

use std::fmt;

use super::Error;

/// A path below the version, such as `{page}/messages`.
///
/// Its fixed parts are literals of the program. Ids come in through [`Path::node`] alone, which
/// refuses what could lead elsewhere. `Debug` shows nothing: the path may hold a PSID.
#[derive(Clone, Eq, PartialEq)]
pub struct Path(String);

impl Path {
    /// The thing with this id.
    ///
    /// # Errors
    ///
    /// [`Error::Id`] for what no id of Meta's looks like: `me`, dots alone, or anything but ASCII
    /// letters, digits and `-_.=:$`. Such an id is refused and not encoded, because an encoded
    /// `..` still climbs in many a URL parser.
    pub fn node(id: &str) -> Result<Self, Error> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.=:$".contains(&byte);
        let is_dots = id.bytes().all(|byte| byte == b'.');
        if id == "me" || is_dots || !id.bytes().all(is_plain) {
            return Err(Error::Id);
        }
        Ok(Self(id.to_owned()))
    }

    /// An edge of it, such as `messages`.
    pub fn edge(mut self, name: &'static str) -> Self {
        self.0.extend(["/", name]);
        self
    }

    /// The same and one more id.
    ///
    /// # Errors
    ///
    /// As [`Path::node`].
    pub fn then(mut self, id: &str) -> Result<Self, Error> {
        let node = Self::node(id)?;
        self.0.extend(["/", node.as_str()]);
        Ok(self)
    }

    /// The path as it stands in the URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for Path {
    fn from(path: &'static str) -> Self {
        Self(path.to_owned())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Path(…)")
    }
}

/// Appends `name=value&…`, encoded for a query or a form.
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

/// Percent-encodes all but what RFC 3986 calls unreserved, and the comma that Meta's lists have.
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
            assert!(matches!(Path::node(id), Err(Error::Id)), "{id}");
        }
    }

    #[test]
    fn metas_ids_are_kept_as_they_are() {
        for id in ["7324561089432101", "t_10224", "m_AG5Hz2U-_=", "mid.$cAAE:1"] {
            assert_eq!(Path::node(id).unwrap().as_str(), id);
        }
        let path = Path::node("42").unwrap().edge("messages");
        assert_eq!(path.as_str(), "42/messages");
        assert_eq!(format!("{path:?}"), "Path(…)");
    }

    #[test]
    fn parameters_are_encoded() {
        let mut text = String::new();
        push_parameters(&mut text, [("fields", "id,name"), ("a b", "1&2=\u{e4}|")]);
        assert_eq!(text, "fields=id,name&a%20b=1%262%3D%C3%A4%7C");
    }
}
