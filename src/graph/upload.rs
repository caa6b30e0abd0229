//! A file on its way to Meta, in pieces: never in memory as a whole.

use std::fmt;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;

use super::Error;

/// The largest file that Meta takes, in bytes.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/saving-assets>
pub const MAX_UPLOAD_BYTES: u64 = 25 * 1024 * 1024;

/// Where the bytes of a body come from, as often as it must be sent.
pub trait Source: Send + Sync + 'static {
    /// The bytes, from the start.
    fn open(&self) -> Box<dyn Chunks>;
}

/// The bytes of a body, one piece after the other.
#[async_trait]
pub trait Chunks: Send + 'static {
    /// The next piece, of a size that may lie in memory; nothing at the end.
    ///
    /// # Errors
    ///
    /// Whatever keeps the rest from being read: the request then breaks off.
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>>;
}

/// A file to send or to save; its `Debug` shows type and length.
#[derive(Clone)]
pub struct Upload {
    name: String,
    media_type: String,
    bytes: u64,
    source: Arc<dyn Source>,
}

impl Upload {
    /// A file of this length, read from a source.
    ///
    /// `name` is the name that the customer sees for a file; `media_type` is such as `image/png`,
    /// and for audio must begin with `audio/`.
    ///
    /// # Errors
    ///
    /// [`Error::Upload`] when it is empty or longer than [`MAX_UPLOAD_BYTES`], or when name or type
    /// hold what no header can carry.
    pub fn new(
        name: impl Into<String>,
        media_type: impl Into<String>,
        bytes: u64,
        source: impl Source,
    ) -> Result<Self, Error> {
        let (name, media_type) = (name.into(), media_type.into());
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        let is_media_type = media_type.split_once('/').is_some_and(|(kind, subtype)| {
            [kind, subtype]
                .iter()
                .all(|part| !part.is_empty() && part.bytes().all(is_token))
        });
        let invalid = if bytes == 0 {
            InvalidUpload::Empty
        } else if bytes > MAX_UPLOAD_BYTES {
            InvalidUpload::TooLarge { bytes }
        } else if name.trim().is_empty() || name.contains(char::is_control) {
            InvalidUpload::Name
        } else if !is_media_type {
            InvalidUpload::MediaType
        } else {
            return Ok(Self {
                name,
                media_type,
                bytes,
                source: Arc::new(source),
            });
        };
        Err(invalid.into())
    }

    /// A file that lies in memory anyway.
    ///
    /// # Errors
    ///
    /// As [`Upload::new`].
    pub fn from_bytes(
        name: impl Into<String>,
        media_type: impl Into<String>,
        bytes: impl Into<Arc<[u8]>>,
    ) -> Result<Self, Error> {
        let bytes = bytes.into();
        Self::new(name, media_type, bytes.len() as u64, InMemory(bytes))
    }

    /// How long it is, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The type that was given, such as `image/png`.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("media_type", &self.media_type)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// A file that Meta would refuse, or that no request can carry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUpload {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// Too many bytes.
    #[error("the file has {bytes} bytes, at most {MAX_UPLOAD_BYTES} can be sent")]
    TooLarge {
        /// How many it has.
        bytes: u64,
    },
    /// A blank name, or one with control characters.
    #[error("the file's name is blank or holds a control character")]
    Name,
    /// Not such as `image/png`.
    #[error("the file's type does not look like image/png")]
    MediaType,
}

/// A body that is sent in pieces.
#[derive(Clone)]
pub(super) struct Multipart {
    head: Arc<[u8]>,
    file: Upload,
    tail: Arc<[u8]>,
}

impl Multipart {
    pub(super) fn new<'a>(
        boundary: &str,
        fields: impl IntoIterator<Item = (&'a str, &'a str)>,
        file: &Upload,
    ) -> Self {
        let mut head = String::new();
        for (name, value) in fields {
            let name = quoted(name);
            head.push_str(&format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        let (name, media_type) = (quoted(&file.name), &file.media_type);
        head.push_str(&format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"filedata\"; \
             filename=\"{name}\"\r\ncontent-type: {media_type}\r\n\r\n"
        ));
        Self {
            head: head.into_bytes().into(),
            file: file.clone(),
            tail: format!("\r\n--{boundary}--\r\n").into_bytes().into(),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.file.bytes + (self.head.len() + self.tail.len()) as u64
    }
}

/// A name between quotes, as browsers write it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

impl Source for Multipart {
    fn open(&self) -> Box<dyn Chunks> {
        Box::new(Parts {
            parts: self.clone(),
            state: State::Head,
            left: self.file.bytes,
        })
    }
}

struct Parts {
    parts: Multipart,
    state: State,
    /// What the file still owes.
    left: u64,
}

enum State {
    Head,
    File(Box<dyn Chunks>),
    End,
}

#[async_trait]
impl Chunks for Parts {
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        match &mut self.state {
            State::Head => {
                self.state = State::File(self.parts.file.source.open());
                Ok(Some(self.parts.head.to_vec()))
            }
            State::File(file) => match file.next().await? {
                // The length is in the header already: what differs would garble the request.
                Some(chunk) => match self.left.checked_sub(chunk.len() as u64) {
                    Some(left) => {
                        self.left = left;
                        Ok(Some(chunk))
                    }
                    None => Err(io::Error::other("the file is longer than was said")),
                },
                None if self.left > 0 => Err(io::Error::other("the file is shorter than was said")),
                None => {
                    self.state = State::End;
                    Ok(Some(self.parts.tail.to_vec()))
                }
            },
            State::End => Ok(None),
        }
    }
}

struct InMemory(Arc<[u8]>);

impl Source for InMemory {
    fn open(&self) -> Box<dyn Chunks> {
        Box::new(Slices {
            bytes: self.0.clone(),
            at: 0,
        })
    }
}

struct Slices {
    bytes: Arc<[u8]>,
    at: usize,
}

#[async_trait]
impl Chunks for Slices {
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        const PIECE: usize = 64 * 1024;
        let rest = &self.bytes[self.at..];
        let piece = &rest[..rest.len().min(PIECE)];
        self.at += piece.len();
        Ok((!piece.is_empty()).then(|| piece.to_vec()))
    }
}
