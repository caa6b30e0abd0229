//! A folder for the files of a bench.

use std::path::{Path, PathBuf};

/// Gone at the end; below `target` by itself, because the system's own folder may be in memory.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new folder in this place.
    pub(crate) fn new(place: &str) -> std::io::Result<Self> {
        let folder = Path::new(place).join(format!("bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} is still there: {error}", self.0.display());
        }
    }
}
