//! Base URL of the Graph API, and which hosts may serve pictures.
//!
//! `http::Uri` parses; the checks here are stricter than any parser: user info, odd ports and odd
//! host names are refused, so that the parser that makes the connection cannot see another host.

use std::fmt;
use std::net::Ipv4Addr;

use http::Uri;

/// Error for a base URL that is not `https://host[:port]`, or `http://` to this machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBaseUrl {
    /// The URL is not of the form `https://host[:port]`.
    #[error("the base URL must be https://host[:port], without user, path, query or fragment")]
    Malformed,
    /// The URL is `http://` to another machine.
    #[error("the base URL must be https, except to localhost, 127.0.0.0/8 or [::1]")]
    Insecure,
}

/// Scheme, host in lower case, and effective port.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct BaseUrl {
    is_https: bool,
    host: String,
    port: u16,
}

impl BaseUrl {
    /// Meta's Graph API.
    pub(super) fn meta() -> Self {
        Self {
            is_https: true,
            host: "graph.facebook.com".to_owned(),
            port: 443,
        }
    }

    /// Parses a base URL, with at most one slash at its end.
    pub(super) fn parse(url: &str) -> Result<Self, InvalidBaseUrl> {
        let uri: Uri = url.parse().map_err(|_| InvalidBaseUrl::Malformed)?;
        let base = Self::of(&uri).ok_or(InvalidBaseUrl::Malformed)?;
        if uri.path() != "/" || uri.query().is_some() || url.contains('#') {
            return Err(InvalidBaseUrl::Malformed);
        }
        if base.is_https || base.is_loopback() {
            Ok(base)
        } else {
            Err(InvalidBaseUrl::Insecure)
        }
    }

    /// Returns where a URL leads, or `None` for anything unusual.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let is_https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?.as_str();
        let host = uri.host()?.to_ascii_lowercase();
        let port = match uri.port() {
            None if is_https => 443,
            None => 80,
            Some(port) => Some(port.as_u16()).filter(|port| *port != 0)?,
        };
        let written = match uri.port() {
            None => host.clone(),
            Some(port) => format!("{host}:{}", port.as_u16()),
        };
        // Without user info, leading zeros or a colon without a port.
        let is_plain = authority.eq_ignore_ascii_case(&written);
        let is_host = host == "[::1]" || is_name(&host);
        (is_plain && is_host).then_some(Self {
            is_https,
            host,
            port,
        })
    }

    /// Returns whether it is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let is_loopback = |address: Ipv4Addr| address.is_loopback();
        matches!(self.host.as_str(), "localhost" | "[::1]")
            || self.host.parse().is_ok_and(is_loopback)
    }

    /// Returns whether it is HTTPS on port 443 at this domain or below it.
    pub(super) fn is_https_within(&self, domain: &str) -> bool {
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

impl fmt::Display for BaseUrl {
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

impl fmt::Debug for BaseUrl {
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
            assert_eq!(BaseUrl::parse(url).unwrap().to_string(), written);
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
            assert_eq!(BaseUrl::parse(url), Err(InvalidBaseUrl::Insecure), "{url}");
        }
    }

    #[test]
    fn c14_anything_else_is_refused() {
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
            assert_eq!(BaseUrl::parse(url), Err(InvalidBaseUrl::Malformed), "{url}");
        }
    }

    #[test]
    fn a_domain_contains_itself_and_its_subdomains() {
        let within = |url: &str| {
            let uri = url.parse().unwrap();
            BaseUrl::of(&uri).unwrap().is_https_within("fbcdn.net")
        };
        assert!(within("https://fbcdn.net/a"));
        assert!(within("https://scontent.xx.FBCDN.net:443/a"));
        assert!(!within("https://evilfbcdn.net/a"));
        assert!(!within("https://fbcdn.net.evil.com/a"));
    }
}
