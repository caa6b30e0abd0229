//! A customer's picture, from where Meta keeps it.

use std::fmt;

use super::{Error, Graph, Method, Origin, Request, TransportErrorKind};

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

/// A picture; its `Debug` shows the type and the length.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Picture {
    /// `image/gif`, `image/jpeg`, `image/png` or `image/webp`.
    pub media_type: String,
    /// The file, at most [`MAX_PICTURE_BYTES`].
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture")
            .field("media_type", &self.media_type)
            .field("bytes", &self.bytes.len())
            .finish()
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
        Ok(Picture {
            media_type,
            bytes: response.body,
        })
    }

    fn may_hold_pictures(&self, url: &PictureUrl) -> bool {
        Origin::of(url.expose_secret()).is_some_and(|origin| {
            DOMAINS.iter().any(|domain| origin.is_secure_within(domain))
                || (self.base.is_loopback() && origin == self.base)
        })
    }
}
