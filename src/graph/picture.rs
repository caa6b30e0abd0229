//! Profile pictures: address and download.

use std::fmt;

use http::Uri;
use http::header::{CONTENT_TYPE, LOCATION};

use super::{BaseUrl, Body, CALL_TIMEOUT, Error, PageClient, Request, TransportErrorKind};
use crate::model::Picture;

/// Most redirects that are followed.
const MAX_HOPS: usize = 3;

const META_DOMAINS: [&str; 3] = ["fbsbx.com", "fbcdn.net", "facebook.com"];
const MEDIA_TYPES: [&str; 4] = ["image/gif", "image/jpeg", "image/png", "image/webp"];

/// Largest picture that is read, in bytes.
pub const MAX_PICTURE_BYTES: usize = 1024 * 1024;

/// Address of a profile picture. Anyone with the address can see the picture without a login, so
/// `Debug` does not print it.
#[derive(Clone, Eq, PartialEq)]
pub struct PictureUrl(Box<str>);

impl PictureUrl {
    /// Keeps an address. It is checked when the picture is downloaded.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into().into())
    }

    /// Returns the address. Do not log it.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PictureUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PictureUrl(…)")
    }
}

/// Error for a picture that cannot be used. Read the profile again later for a new address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The address does not lead to Meta. No request was made.
    #[error("the picture's address does not lead to one of Meta's hosts")]
    Address,
    /// A redirect has no address, or one that does not lead to Meta. It was not followed.
    #[error("the picture's address redirects to a host that is not Meta's")]
    RedirectAddress,
    /// The address redirects more than three times.
    #[error("the picture's address redirects more than {MAX_HOPS} times")]
    TooManyRedirects,
    /// The host responded with a status other than 200. 403 means that the address has expired.
    #[error("the picture's host responded with status {status}", status = status.as_u16())]
    Status {
        /// HTTP status.
        status: http::StatusCode,
    },
    /// The file is not a GIF, JPEG, PNG or WebP.
    #[error("the picture is not a GIF, JPEG, PNG or WebP file")]
    MediaType,
    /// The file is larger than [`MAX_PICTURE_BYTES`].
    #[error("the picture is larger than {MAX_PICTURE_BYTES} bytes")]
    TooLarge,
}

impl PageClient {
    /// Downloads a profile picture from Meta, without token or proof. It follows up to three
    /// redirects, only to Meta's hosts (`fbsbx.com`, `fbcdn.net`, `facebook.com`) or to the
    /// simulator that this client calls.
    ///
    /// Permission: none.
    ///
    /// # Errors
    ///
    /// [`Error::Picture`] when the address does not lead to Meta, or there is no picture of at most
    /// [`MAX_PICTURE_BYTES`]; [`Error::Transport`] when there is no response.
    ///
    /// <https://developers.facebook.com/docs/messenger-platform/identity/user-profile>
    pub async fn picture(&self, url: &PictureUrl) -> Result<Picture, Error> {
        let mut uri = self.allowed(url.expose_secret(), PictureError::Address)?;
        for _ in 0..=MAX_HOPS {
            let response = self.download(uri.clone()).await?;
            if !response.status().is_redirection() {
                return read(response);
            }
            let location = response.headers().get(LOCATION);
            let location = location.and_then(|location| location.to_str().ok());
            let location = location.ok_or(PictureError::RedirectAddress)?;
            uri = self.allowed(&absolute(&uri, location), PictureError::RedirectAddress)?;
        }
        Err(PictureError::TooManyRedirects.into())
    }

    async fn download(&self, uri: Uri) -> Result<http::Response<Vec<u8>>, Error> {
        let mut request = http::Request::new(Body::Empty);
        *request.uri_mut() = uri;
        let request = Request::new(request, CALL_TIMEOUT, MAX_PICTURE_BYTES);
        match self.client.graph.transport().send(request).await {
            Err(error) if error.kind == TransportErrorKind::TooLarge => {
                Err(PictureError::TooLarge.into())
            }
            response => Ok(response?),
        }
    }

    fn allowed(&self, url: &str, refused: PictureError) -> Result<Uri, PictureError> {
        let uri: Uri = url.parse().map_err(|_| refused)?;
        let base = self.client.graph.base();
        let is_allowed = BaseUrl::of(&uri).is_some_and(|host| {
            let is_meta = META_DOMAINS
                .iter()
                .any(|domain| host.is_https_within(domain));
            is_meta || (base.is_loopback() && host == *base)
        });
        is_allowed.then_some(uri).ok_or(refused)
    }
}

/// Returns whether a host name in lower case is one of Meta's.
#[cfg(feature = "client")]
pub(super) fn is_meta_host(name: &str) -> bool {
    META_DOMAINS.iter().any(|domain| {
        let below = name.strip_suffix(domain);
        below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    })
}

/// Completes a `Location` that names only a path.
fn absolute(uri: &Uri, location: &str) -> String {
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority))
            if location.starts_with('/') && !location.starts_with("//") =>
        {
            format!("{scheme}://{authority}{location}")
        }
        _ => location.to_owned(),
    }
}

fn read(response: http::Response<Vec<u8>>) -> Result<Picture, Error> {
    let status = response.status();
    if status != http::StatusCode::OK {
        return Err(PictureError::Status { status }.into());
    }
    if response.body().len() > MAX_PICTURE_BYTES {
        return Err(PictureError::TooLarge.into());
    }
    // A browser may show these bytes: nothing that can contain a script, such as SVG.
    let media_type = response.headers().get(CONTENT_TYPE);
    let media_type = media_type
        .and_then(|media_type| media_type.to_str().ok())
        .filter(|media_type| MEDIA_TYPES.contains(media_type))
        .ok_or(PictureError::MediaType)?
        .to_owned();
    Ok(Picture::new(media_type, response.into_body()))
}

#[cfg(test)]
mod tests {
    use super::super::script::{block_on, test_access};
    use super::super::{InvalidBaseUrl, ScriptedTransport};
    use super::*;

    const META: &str = "https://platform-lookaside.fbsbx.com/platform/profilepic/?psid=1&hash=x";

    fn script(status: u16, media_type: &str, body: &[u8]) -> ScriptedTransport {
        let script = ScriptedTransport::new();
        script.response(response(status, "content-type", media_type, body));
        script
    }

    fn response(status: u16, name: &str, value: &str, body: &[u8]) -> http::Response<Vec<u8>> {
        let response = http::Response::builder().status(status).header(name, value);
        response.body(body.to_vec()).unwrap()
    }

    fn fetch(script: &ScriptedTransport, url: &str) -> Result<Picture, Error> {
        let page = script.graph().page(test_access());
        block_on(page.picture(&PictureUrl::new(url)))
    }

    #[track_caller]
    fn assert_refused(result: Result<Picture, Error>, reason: PictureError) {
        match result {
            Err(Error::Picture(error)) => assert_eq!(error, reason),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_picture_is_requested_without_token_or_proof() {
        let script = script(200, "image/jpeg", b"\xff\xd8");
        let picture = fetch(&script, META).unwrap();
        assert_eq!(picture.media_type, "image/jpeg");
        let request = script.requests().remove(0);
        assert_eq!(request.http.uri().to_string(), META);
        assert!(request.http.headers().is_empty() && request.http.body().is_empty());
        assert_eq!(request.max_response_bytes, MAX_PICTURE_BYTES);
    }

    const OTHER_HOSTS: [&str; 14] = [
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
    ];

    #[test]
    fn only_metas_hosts_receive_a_request() {
        for url in [
            "https://fbsbx.com/a",
            "https://scontent-fra3-1.xx.fbcdn.net/v/a.jpg?oh=1&oe=2",
            "https://graph.facebook.com:443/a",
        ] {
            assert!(fetch(&script(200, "image/png", b""), url).is_ok());
        }
        for url in OTHER_HOSTS {
            let script = ScriptedTransport::new();
            assert_refused(fetch(&script, url), PictureError::Address);
            assert!(script.requests().is_empty(), "{url}");
        }
    }

    #[test]
    fn b1_c12_up_to_three_redirects_are_followed_to_metas_hosts() {
        let script = ScriptedTransport::new();
        script.response(response(
            302,
            "location",
            "https://scontent.xx.fbcdn.net/1",
            b"",
        ));
        script.response(response(307, "location", "/2?a=b", b""));
        script.response(response(301, "location", "https://fbsbx.com/3", b""));
        script.response(response(200, "content-type", "image/jpeg", b"\xff\xd8"));
        assert_eq!(fetch(&script, META).unwrap().bytes, b"\xff\xd8");
        let requests = script.requests();
        let urls: Vec<_> = requests
            .iter()
            .map(|request| request.http.uri().to_string())
            .collect();
        assert_eq!(
            urls,
            [
                META,
                "https://scontent.xx.fbcdn.net/1",
                "https://scontent.xx.fbcdn.net/2?a=b",
                "https://fbsbx.com/3"
            ]
        );
        assert!(
            requests
                .iter()
                .all(|request| request.http.headers().is_empty())
        );
    }

    #[test]
    fn b1_a_redirect_elsewhere_is_not_followed() {
        for location in OTHER_HOSTS
            .into_iter()
            .chain(["//evil.com/a", "\u{7f}", "a"])
        {
            let script = ScriptedTransport::new();
            let mut redirect = response(302, "content-type", "text/html", b"");
            if let Ok(location) = location.parse() {
                redirect.headers_mut().insert(LOCATION, location);
            }
            script.response(redirect);
            assert_refused(fetch(&script, META), PictureError::RedirectAddress);
            assert_eq!(script.requests().len(), 1, "{location}");
        }
    }

    #[test]
    fn b1_a_circle_of_redirects_ends() {
        let script = ScriptedTransport::new();
        for _ in 0..9 {
            script.response(response(302, "location", META, b""));
        }
        assert_refused(fetch(&script, META), PictureError::TooManyRedirects);
        assert_eq!(script.requests().len(), 4);
    }

    #[test]
    fn the_simulator_may_serve_pictures_of_its_own() -> Result<(), InvalidBaseUrl> {
        let fetch = |url| {
            let script = script(200, "image/png", b"");
            let graph = script.graph().with_base_url("http://127.0.0.1:4000")?;
            Ok(block_on(
                graph.page(test_access()).picture(&PictureUrl::new(url)),
            ))
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
    fn a_remote_base_url_serves_no_pictures() {
        let graph = ScriptedTransport::new().graph();
        let graph = graph.with_base_url("https://proxy.example").unwrap();
        let url = PictureUrl::new("https://proxy.example/a");
        let found = block_on(graph.page(test_access()).picture(&url));
        assert_refused(found, PictureError::Address);
    }

    #[test]
    fn other_media_types_and_statuses_are_refused() {
        for media_type in ["image/svg+xml", "text/html", "image/png; a=b", ""] {
            let script = script(200, media_type, b"");
            assert_refused(fetch(&script, META), PictureError::MediaType);
        }
        let status = http::StatusCode::FORBIDDEN;
        let expired = script(403, "image/png", b"");
        assert_refused(fetch(&expired, META), PictureError::Status { status });
    }

    #[test]
    fn a_picture_has_at_most_a_mebibyte() {
        let largest = vec![0; MAX_PICTURE_BYTES];
        assert!(fetch(&script(200, "image/png", &largest), META).is_ok());
        let larger = vec![0; MAX_PICTURE_BYTES + 1];
        let larger = script(200, "image/png", &larger);
        assert_refused(fetch(&larger, META), PictureError::TooLarge);
    }

    #[test]
    fn an_address_is_never_printed() {
        assert_eq!(format!("{:?}", PictureUrl::new(META)), "PictureUrl(…)");
    }
}
