//! A customer's profile picture.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A profile picture with its media type. `Debug` prints the type and the length only.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Picture {
    /// Media type: `image/gif`, `image/jpeg`, `image/png` or `image/webp`.
    pub media_type: String,
    /// Content of the image file.
    pub bytes: Vec<u8>,
}

impl Picture {
    /// Creates a picture from its media type and file content.
    pub fn new(media_type: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            media_type: media_type.into(),
            bytes,
        }
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture")
            .field("media_type", &self.media_type)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}
