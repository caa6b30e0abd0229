//! Files on disk, read while they are uploaded.

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::{Upload, UploadChunks, UploadSource};

/// Part of a file that is in memory at once, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;

impl Upload {
    /// Creates an upload of a file on disk. The file is read while it is sent, in chunks of 64 KiB.
    ///
    /// The customer sees the name of the file without its folder. Do not change the file before it
    /// is sent: the call fails when its length has changed.
    ///
    /// # Errors
    ///
    /// An error of the system when the path is not a readable file. The error contains
    /// [`Error::Upload`](super::Error::Upload) when the file is empty or longer than
    /// [`MAX_UPLOAD_BYTES`](super::MAX_UPLOAD_BYTES), or when its name or media type is invalid.
    pub async fn open(
        path: impl Into<PathBuf> + Send,
        media_type: impl Into<String> + Send,
    ) -> io::Result<Self> {
        let path = path.into();
        let metadata = tokio::fs::metadata(&path).await?;
        if !metadata.is_file() {
            return Err(io::Error::other("the path is not a file"));
        }
        let name = path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        Self::new(name, media_type, metadata.len(), OnDisk(path)).map_err(io::Error::other)
    }
}

struct OnDisk(PathBuf);

impl UploadSource for OnDisk {
    fn open(&self) -> Box<dyn UploadChunks> {
        Box::new(Reader::Closed(self.0.clone()))
    }
}

enum Reader {
    Closed(PathBuf),
    Open(File),
}

#[async_trait]
impl UploadChunks for Reader {
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let file = match self {
            Self::Open(file) => file,
            Self::Closed(path) => {
                let file = File::open(path).await?;
                *self = Self::Open(file);
                return self.next().await;
            }
        };
        let mut chunk = vec![0; CHUNK_BYTES];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok((read > 0).then_some(chunk))
    }
}
