//! Where a URL leads: scheme, host and port.
//!
//! Read by hand, and more strictly than any URL parser: what a lenient one would repair (white
//! space, backslashes, `user@`, `127.1`) is refused, so that the parser that makes the connection
//! cannot read another host than the one that was checked here.

use std::fmt;
use std::net::Ipv4Addr;

/// A base URL that is not `https://host[:port]`, nor `http://` to this machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBaseUrl {
    /// Not of the form `https://host[:port]`.
    #[error("the base URL must be https://host[:port], without user, path, query or fragment")]
    Malformed,
    /// `http://` to another machine.
    #[error("the base URL must be https, except to localhost, 127.0.0.0/8 or [::1]")]
    Insecure,
}

/// A scheme, a host in lower case, and the port that is meant.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Origin {
    is_https: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// Meta's Graph API.
    pub(super) fn meta() -> Self {
        Self {
            is_https: true,
            host: "graph.facebook.com".to_owned(),
            port: 443,
        }
    }

    /// Reads a base URL: an origin, and at most one slash after it.
    pub(super) fn base(url: &str) -> Result<Self, InvalidBaseUrl> {
        match Self::split(url) {
            Some((origin, "" | "/")) if origin.is_https || origin.is_loopback() => Ok(origin),
            Some((_, "" | "/")) => Err(InvalidBaseUrl::Insecure),
            _ => Err(InvalidBaseUrl::Malformed),
        }
    }

    /// The origin of a URL.
    pub(super) fn of(url: &str) -> Option<Self> {
        Self::split(url).map(|(origin, _)| origin)
    }

    fn split(url: &str) -> Option<(Self, &str)> {
        if !url
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        {
            return None;
        }
        let (is_https, rest) = match url.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, url.strip_prefix("http://")?),
        };
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        // The colon of a port is never inside the brackets of an IPv6 address.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let port = match port {
            None if is_https => 443,
            None => 80,
            Some(digits) => digits
                .parse()
                .ok()
                .filter(|port: &u16| *port != 0 && port.to_string() == digits)?,
        };
        let host = host.to_ascii_lowercase();
        let origin = Self {
            is_https,
            host,
            port,
        };
        (origin.host == "[::1]" || is_name(&origin.host)).then_some((origin, rest))
    }

    /// Whether it is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let is_loopback = |address: Ipv4Addr| address.is_loopback();
        matches!(self.host.as_str(), "localhost" | "[::1]")
            || self.host.parse().is_ok_and(is_loopback)
    }

    /// Whether it is HTTPS on its usual port at this domain or below it.
    pub(super) fn is_secure_within(&self, domain: &str) -> bool {
        let below = self.host.strip_suffix(domain);
        self.is_https
            && self.port == 443
            && below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    }
}

fn is_name(host: &str) -> bool {
    host.split('.').all(|label| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !label.is_empty() && label.bytes().all(is_plain)
    })
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.is_https {
            ("https", 443)
        } else {
            ("http", 80)
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port != usual {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c14_a_base_url_is_https_or_this_machine() {
        for (url, written) in [
            ("https://graph.facebook.com", "https://graph.facebook.com"),
            (
                "https://Graph.Facebook.com:443/",
                "https://graph.facebook.com",
            ),
            ("https://proxy.example:8443", "https://proxy.example:8443"),
            ("http://localhost:4000", "http://localhost:4000"),
            ("http://127.0.0.1", "http://127.0.0.1"),
            ("http://127.9.8.7:80", "http://127.9.8.7"),
            ("http://[::1]:4000", "http://[::1]:4000"),
        ] {
            assert_eq!(Origin::base(url).unwrap().to_string(), written);
        }
    }

    #[test]
    fn c14_http_to_another_machine_is_refused() {
        for url in [
            "http://graph.facebook.com",
            "http://localhost.example",
            "http://128.0.0.1",
            "http://127.0.0.1.example",
            "http://127.1",
            "http://0x7f.0.0.1",
        ] {
            assert_eq!(Origin::base(url), Err(InvalidBaseUrl::Insecure), "{url}");
        }
    }

    #[test]
    fn c14_what_is_no_base_url_is_refused() {
        for url in [
            "",
            "graph.facebook.com",
            "ftp://localhost",
            "https://",
            "https://host/path",
            "https://host//",
            "https://host?q",
            "https://host/#f",
            "https://user@host",
            "https://user:word@host",
            "https://host:",
            "https://host:0",
            "https://host:080",
            "https://host:+80",
            "https://host:65536",
            "https://host:80:80",
            "https://host\\@evil.com",
            "https://ho st",
            "https://host\n",
            "https://h\u{f6}st",
            "https://a..b",
            "https://host.",
            "https://[::2]",
            "http://[::1",
            "http://[::1]x",
            "https://%68ost",
        ] {
            assert_eq!(Origin::base(url), Err(InvalidBaseUrl::Malformed), "{url}");
        }
    }

    #[test]
    fn a_domain_holds_itself_and_what_is_below_it() {
        let within = |url| Origin::of(url).unwrap().is_secure_within("fbcdn.net");
        assert!(within("https://fbcdn.net/a"));
        assert!(within("https://scontent.xx.FBCDN.net:443/a"));
        assert!(!within("https://evilfbcdn.net/a"));
        assert!(!within("https://fbcdn.net.evil.com/a"));
    }
}
