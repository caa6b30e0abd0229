//! A folder of one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of one test, removed with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("crm-{}-{count}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("crm.db")
    }

    /// Whether any value of any table of the database contains these bytes.
    #[cfg(feature = "full")]
    pub(crate) fn stores(&self, needle: &[u8]) -> bool {
        let database = rusqlite::Connection::open(self.database()).unwrap();
        let mut tables = database
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
            .unwrap();
        let tables: Vec<String> = tables
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        tables.iter().any(|table| {
            let mut all = database
                .prepare(&format!("SELECT * FROM \"{table}\""))
                .unwrap();
            let columns = all.column_count();
            let mut rows = all.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    use rusqlite::types::ValueRef;
                    if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) =
                        row.get_ref(column).unwrap()
                        && contains(bytes, needle)
                    {
                        return true;
                    }
                }
            }
            false
        })
    }

    /// Whether any file here contains these bytes.
    pub(crate) fn holds(&self, needle: &[u8]) -> bool {
        fs::read_dir(&self.0).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            path.is_file() && contains(&fs::read(path).unwrap(), needle)
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
