//! A customer's picture, from where Meta keeps it.

use std::fmt;

use super::{CALL_TIMEOUT, Error, Graph, Method, Origin, Request, TransportErrorKind};
use crate::model::Picture;

/// The largest picture that is read, in bytes.
pub const MAX_PICTURE_BYTES: usize = 1024 * 1024;

const DOMAINS: [&str; 3] = ["fbsbx.com", "fbcdn.net", "facebook.com"];
const MEDIA_TYPES: [&str; 4] = ["image/gif", "image/jpeg", "image/png", "image/webp"];

/// Where a picture lies: whoever knows the address sees the picture, so it is never printed.
#[derive(Clone, Eq, PartialEq)]
pub struct PictureUrl(Box<str>);

impl PictureUrl {
    /// Takes an address as it is; where it leads is checked when it is fetched.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into().into())
    }

    /// The address itself.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PictureUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PictureUrl(…)")
    }
}

/// Why a picture was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The address does not lead to Meta; nothing was asked.
    #[error("the picture's address does not lead to Meta")]
    Address,
    /// Any status but 200; 403 when the address has expired.
    #[error("the picture was answered with status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// Not a GIF, JPEG, PNG or WebP.
    #[error("the picture is not a gif, jpeg, png or webp")]
    MediaType,
    /// More than [`MAX_PICTURE_BYTES`].
    #[error("the picture is larger than {MAX_PICTURE_BYTES} bytes")]
    TooLarge,
}

impl Graph {
    /// Fetches a picture from Meta, without token or proof.
    ///
    /// # Errors
    ///
    /// [`Error::Picture`] when the address does not lead to Meta (or to the simulator that this
    /// `Graph` talks to), or what lies there is no picture of at most [`MAX_PICTURE_BYTES`];
    /// [`Error::Transport`] when there is no answer.
    ///
    /// <https://developers.facebook.com/docs/messenger-platform/identity/user-profile>
    pub async fn picture(&self, url: &PictureUrl) -> Result<Picture, Error> {
        if !self.may_hold_pictures(url) {
            return Err(PictureError::Address.into());
        }
        let request = Request {
            method: Method::Get,
            url: url.expose_secret().to_owned(),
            bearer: None,
            body: None,
            max_response_bytes: MAX_PICTURE_BYTES,
            timeout: CALL_TIMEOUT,
        };
        let response = match self.transport.send(request).await {
            Err(error) if error.kind == TransportErrorKind::TooLarge => {
                return Err(PictureError::TooLarge.into());
            }
            response => response?,
        };
        if response.status != 200 {
            let status = response.status;
            return Err(PictureError::Status { status }.into());
        }
        if response.body.len() > MAX_PICTURE_BYTES {
            return Err(PictureError::TooLarge.into());
        }
        // A browser may be shown these bytes: nothing that can hold a script, such as SVG.
        let media_type = response
            .content_type
            .filter(|media_type| MEDIA_TYPES.contains(&media_type.as_str()))
            .ok_or(PictureError::MediaType)?;
        Ok(Picture::new(media_type, response.body))
    }

    fn may_hold_pictures(&self, url: &PictureUrl) -> bool {
        Origin::of(url.expose_secret()).is_some_and(|origin| {
            DOMAINS.iter().any(|domain| origin.is_secure_within(domain))
                || (self.base.is_loopback() && origin == self.base)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::{Script, block_on};
    use super::super::{InvalidBaseUrl, TransportError};
    use super::*;

    const META: &str = "https://platform-lookaside.fbsbx.com/platform/profilepic/?psid=1&hash=x";

    fn fetch(script: &Script, url: &str) -> Result<Picture, Error> {
        block_on(script.graph().picture(&PictureUrl::new(url)))
    }

    #[track_caller]
    fn assert_refused(result: Result<Picture, Error>, reason: PictureError) {
        match result {
            Err(Error::Picture(error)) => assert_eq!(error, reason),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_picture_comes_without_token_or_proof() {
        let script = Script::answer(200, "image/jpeg", b"\xff\xd8");
        let picture = fetch(&script, META).unwrap();
        assert_eq!(
            format!("{picture:?}"),
            r#"Picture { media_type: "image/jpeg", bytes: 2 }"#
        );
        let asked = script.asked().unwrap();
        assert_eq!(asked.url, META);
        assert!(asked.bearer.is_none() && asked.body.is_none());
        assert_eq!(asked.max_response_bytes, MAX_PICTURE_BYTES);
    }

    #[test]
    fn only_metas_hosts_are_asked() {
        for url in [
            "https://fbsbx.com/a",
            "https://scontent-fra3-1.xx.fbcdn.net/v/a.jpg?oh=1&oe=2",
            "https://graph.facebook.com:443/a",
        ] {
            assert!(fetch(&Script::answer(200, "image/png", b""), url).is_ok());
        }
        for url in [
            "",
            "fbsbx.com",
            "https://evil.com/a",
            "https://fbsbx.com.evil.com/a",
            "https://evilfbsbx.com/a",
            "http://x.fbcdn.net/a",
            "https://user@fbsbx.com/a",
            "https://fbsbx.com@evil.com/a",
            "https://fbsbx.com:8443/a",
            "https://evil.com\\.fbsbx.com/a",
            "https://evil.com#.fbsbx.com/a",
            "https://evil.com?.fbsbx.com",
            "http://127.0.0.1:4000/a",
            "file:///etc/passwd",
        ] {
            let script = Script::default();
            assert_refused(fetch(&script, url), PictureError::Address);
            assert!(script.asked().is_none(), "{url}");
        }
    }

    #[test]
    fn the_simulator_may_hold_pictures_of_its_own() -> Result<(), InvalidBaseUrl> {
        let fetch = |url| {
            let script = Script::answer(200, "image/png", b"");
            let graph = script.graph().with_base_url("http://127.0.0.1:4000")?;
            Ok(block_on(graph.picture(&PictureUrl::new(url))))
        };
        assert!(fetch("http://127.0.0.1:4000/platform/profilepic?psid=1")?.is_ok());
        for url in [
            "http://127.0.0.1:4001/a",
            "https://127.0.0.1:4000/a",
            "http://localhost:4000/a",
        ] {
            assert_refused(fetch(url)?, PictureError::Address);
        }
        Ok(())
    }

    #[test]
    fn a_remote_base_url_is_no_place_for_pictures() {
        let graph = Script::default().graph();
        let graph = graph.with_base_url("https://proxy.example").unwrap();
        let url = PictureUrl::new("https://proxy.example/a");
        assert_refused(block_on(graph.picture(&url)), PictureError::Address);
    }

    #[test]
    fn only_pictures_are_taken() {
        for media_type in ["image/svg+xml", "text/html", "image/png; a=b", ""] {
            let script = Script::answer(200, media_type, b"");
            assert_refused(fetch(&script, META), PictureError::MediaType);
        }
        let expired = Script::answer(403, "image/png", b"");
        assert_refused(fetch(&expired, META), PictureError::Status { status: 403 });
        let redirected = Script::answer(302, "image/png", b"");
        assert_refused(
            fetch(&redirected, META),
            PictureError::Status { status: 302 },
        );
    }

    #[test]
    fn a_picture_has_at_most_a_mebibyte() {
        let largest = vec![0; MAX_PICTURE_BYTES];
        assert!(fetch(&Script::answer(200, "image/png", &largest), META).is_ok());
        let larger = vec![0; MAX_PICTURE_BYTES + 1];
        let larger = Script::answer(200, "image/png", &larger);
        assert_refused(fetch(&larger, META), PictureError::TooLarge);
        let endless = TransportError::new(TransportErrorKind::TooLarge);
        assert_refused(
            fetch(&Script::result(Err(endless)), META),
            PictureError::TooLarge,
        );
    }

    #[test]
    fn an_address_is_never_printed() {
        assert_eq!(format!("{:?}", PictureUrl::new(META)), "PictureUrl(…)");
    }
}
