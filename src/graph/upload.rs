//! Uploads: files that are sent to Meta in chunks, so that no file is in memory as a whole.

use std::fmt;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;

use super::Error;

/// Largest file that Meta accepts: 25 MiB.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/saving-assets>
pub const MAX_UPLOAD_BYTES: u64 = 25 * 1024 * 1024;

/// Source of a file's bytes. Each attempt of a call reads it again from the start.
pub trait UploadSource: Send + Sync + 'static {
    /// Starts to read the file from its first byte.
    fn open(&self) -> Box<dyn UploadChunks>;
}

/// Bytes of a file, chunk by chunk.
#[async_trait]
pub trait UploadChunks: Send + 'static {
    /// Reads the next chunk, which must fit into memory. `None` is the end of the file.
    ///
    /// # Errors
    ///
    /// Any error of the source. The call then fails, and its outcome is unknown.
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>>;
}

/// File to send or to save at Meta. `Debug` shows only media type and length. A clone is cheap.
///
/// ```
/// use messenger_crm::graph::Upload;
/// use messenger_crm::graph::send::{self, MediaKind};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let upload = Upload::from_bytes("offer.pdf", "application/pdf", b"%PDF-1.7".to_vec())?;
/// let call = send::save_file(MediaKind::File, upload)?; // page.call(&call).await?
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Upload {
    name: String,
    media_type: String,
    bytes: u64,
    source: Arc<dyn UploadSource>,
}

impl Upload {
    /// Creates an upload of a file with this length, in bytes.
    ///
    /// The customer sees `name` when the file is sent as
    /// [`MediaKind::File`](super::send::MediaKind::File). `media_type` is the MIME type, such as
    /// `image/png`; for an audio file it must begin with `audio/`.
    ///
    /// # Errors
    ///
    /// [`Error::Upload`] when the file is empty or longer than [`MAX_UPLOAD_BYTES`], when the name
    /// is blank or has a control character, or when the media type is not of the form
    /// `type/subtype`.
    pub fn new(
        name: impl Into<String>,
        media_type: impl Into<String>,
        bytes: u64,
        source: impl UploadSource,
    ) -> Result<Self, Error> {
        let (name, media_type) = (name.into(), media_type.into());
        if bytes == 0 {
            return Err(InvalidUpload::Empty.into());
        }
        if bytes > MAX_UPLOAD_BYTES {
            return Err(InvalidUpload::TooLarge { bytes }.into());
        }
        if name.trim().is_empty() || name.contains(char::is_control) {
            return Err(InvalidUpload::Name { bytes: name.len() }.into());
        }
        if !is_media_type(&media_type) {
            let bytes = media_type.len();
            return Err(InvalidUpload::MediaType { bytes }.into());
        }
        Ok(Self {
            name,
            media_type,
            bytes,
            source: Arc::new(source),
        })
    }

    /// Creates an upload of bytes in memory.
    ///
    /// # Errors
    ///
    /// The errors of [`Upload::new`].
    pub fn from_bytes(
        name: impl Into<String>,
        media_type: impl Into<String>,
        bytes: impl Into<Arc<[u8]>>,
    ) -> Result<Self, Error> {
        let bytes = bytes.into();
        Self::new(name, media_type, bytes.len() as u64, InMemory(bytes))
    }

    /// Returns the length of the file, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the media type, such as `image/png`.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }
}

fn is_media_type(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    text.split_once('/').is_some_and(|parts| {
        [parts.0, parts.1]
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(is_token))
    })
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("media_type", &self.media_type)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// Error returned for a file that Meta would refuse, or that cannot be put into a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUpload {
    /// The file has no bytes.
    #[error("the file is empty, it needs at least 1 byte")]
    Empty,
    /// The file is too large.
    #[error("the file has {bytes} bytes, at most {MAX_UPLOAD_BYTES} can be sent")]
    TooLarge {
        /// Length of the file, in bytes.
        bytes: u64,
    },
    /// The name is blank or has a control character.
    #[error("the file name ({bytes} bytes) is blank or has a control character")]
    Name {
        /// Length of the name, in bytes.
        bytes: usize,
    },
    /// The media type is not of the form `type/subtype`.
    #[error("the media type ({bytes} bytes) must be of the form type/subtype, such as image/png")]
    MediaType {
        /// Length of the media type, in bytes.
        bytes: usize,
    },
}

/// Multipart body of form fields and one file.
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

/// Escapes a name for a quoted string, as browsers do.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

impl UploadSource for Multipart {
    fn open(&self) -> Box<dyn UploadChunks> {
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
    /// Bytes of the file that are still to come.
    left: u64,
}

enum State {
    Head,
    File(Box<dyn UploadChunks>),
    End,
}

#[async_trait]
impl UploadChunks for Parts {
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        match &mut self.state {
            State::Head => {
                self.state = State::File(self.parts.file.source.open());
                Ok(Some(self.parts.head.to_vec()))
            }
            State::File(file) => match file.next().await? {
                // The request header has the length, so another length would corrupt the request.
                Some(chunk) => match self.left.checked_sub(chunk.len() as u64) {
                    Some(left) => {
                        self.left = left;
                        Ok(Some(chunk))
                    }
                    None => Err(io::Error::other("the file is longer than its upload says")),
                },
                None if self.left > 0 => {
                    Err(io::Error::other("the file is shorter than its upload says"))
                }
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

impl UploadSource for InMemory {
    fn open(&self) -> Box<dyn UploadChunks> {
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
impl UploadChunks for Slices {
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        const CHUNK_BYTES: usize = 64 * 1024;
        let rest = &self.bytes[self.at..];
        let chunk = &rest[..rest.len().min(CHUNK_BYTES)];
        self.at += chunk.len();
        Ok((!chunk.is_empty()).then(|| chunk.to_vec()))
    }
}
