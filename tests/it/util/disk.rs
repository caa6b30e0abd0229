//! A disk that can be full.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::skipped;

/// A file system of so many mebibytes, gone when the test is over.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// `None` where none can be mounted: a container may be root and still not be allowed to.
    pub(crate) fn new(test: &str, mebibytes: u32) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("crm-disk-{}-{test}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]);
        let mounted = mount.arg(&folder).output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self(folder));
        }
        fs::remove_dir(&folder).unwrap();
        skipped(test, "no file system can be mounted here");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn grow(&self, mebibytes: u32) {
        let size = format!("remount,size={mebibytes}m");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-o", &size]).arg(&self.0).status();
        assert!(mounted.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        let _ = fs::remove_dir(&self.0);
    }
}
