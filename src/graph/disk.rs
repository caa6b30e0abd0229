//! A file on the disk, read as it leaves.

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::{Chunks, Source, Upload};

/// How much of a file lies in memory at once, in bytes.
const PIECE: usize = 64 * 1024;

impl Upload {
    /// A file on the disk, of which no more than a piece is ever in memory.
    ///
    /// It must stay as it is until it has been sent: a file that grows or shrinks breaks off.
    ///
    /// # Errors
    ///
    /// What the system says about the file; within, [`Error::Upload`](super::Error::Upload) when it is empty or larger
    /// than [`MAX_UPLOAD_BYTES`](super::MAX_UPLOAD_BYTES), or when name or type hold what no header
    /// can carry.
    pub async fn open(
        path: impl Into<PathBuf> + Send,
        media_type: impl Into<String> + Send,
    ) -> io::Result<Self> {
        let path = path.into();
        let found = tokio::fs::metadata(&path).await?;
        if !found.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let name = path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        Self::new(name, media_type, found.len(), OnDisk(path)).map_err(io::Error::other)
    }
}

struct OnDisk(PathBuf);

impl Source for OnDisk {
    fn open(&self) -> Box<dyn Chunks> {
        Box::new(Reading::Closed(self.0.clone()))
    }
}

enum Reading {
    Closed(PathBuf),
    Open(File),
}

#[async_trait]
impl Chunks for Reading {
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let file = match self {
            Self::Open(file) => file,
            Self::Closed(path) => {
                let file = File::open(path).await?;
                *self = Self::Open(file);
                return self.next().await;
            }
        };
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok((read > 0).then_some(piece))
    }
}
