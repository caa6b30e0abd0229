//! The Pages that this CRM answers for, and the secrets it needs for each.
//!
//! They are the CRM's own matter and not the library's: one table more in the same file.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use messenger_crm::id::{AppId, InvalidId, PageId};
use messenger_crm::secret::{AppSecret, InvalidSecret, PageToken, VerifyToken};
use rusqlite::{OpenFlags, params};

use crate::vault::{Vault, VaultError, random};

const TABLE: &str = "\
    CREATE TABLE IF NOT EXISTS crm_connection (
        page         TEXT NOT NULL PRIMARY KEY,
        name         TEXT NOT NULL,
        app_id       TEXT NOT NULL,
        path         TEXT NOT NULL UNIQUE,
        secret       BLOB NOT NULL,
        token        BLOB NOT NULL,
        verify_token BLOB NOT NULL
    ) STRICT";

/// One Page, connected.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) page: PageId,
    pub(crate) name: String,
    pub(crate) app_id: AppId,
    pub(crate) secret: AppSecret,
    pub(crate) token: PageToken,
    /// The last part of the webhook's address: 22 characters that nobody can guess.
    pub(crate) path: String,
    pub(crate) verify_token: VerifyToken,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionsError {
    #[error("the table of connections: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the connection of Page {page}: {source}")]
    Unseal { page: String, source: VaultError },
    #[error("the table of connections: {0}")]
    Id(#[from] InvalidId),
    #[error("the table of connections: {0}")]
    Secret(#[from] InvalidSecret),
}

/// All of them: read from memory, written to the file first.
pub(crate) struct Connections {
    /// Whoever holds this is the only one who writes. The demo has no file.
    file: Mutex<Option<Sealed>>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    by_page: HashMap<PageId, Arc<Connection>>,
    by_path: HashMap<String, Arc<Connection>>,
}

struct Sealed {
    sqlite: rusqlite::Connection,
    vault: Vault,
}

impl Connections {
    /// Reads the connections in `database`, which is made when it is missing. `vault_env` is the
    /// value of `MESSENGER_CRM_KEY`.
    pub(crate) fn open(
        database: &Path,
        vault_env: Option<String>,
    ) -> Result<Self, ConnectionsError> {
        // Without SQLITE_OPEN_URI: a path is a path.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sqlite = rusqlite::Connection::open_with_flags(database, flags)?;
        sqlite.busy_timeout(Duration::from_secs(5))?;
        sqlite.pragma_update(None, "journal_mode", "WAL")?;
        sqlite.pragma_update(None, "synchronous", "FULL")?;
        sqlite.execute_batch(TABLE)?;
        let must_exist =
            sqlite.query_row("SELECT EXISTS (SELECT 1 FROM crm_connection)", [], |row| {
                row.get(0)
            })?;
        let sealed = Sealed {
            vault: Vault::open(vault_env, database, must_exist)?,
            sqlite,
        };
        let mut known = Known::default();
        for connection in sealed.load()? {
            known.insert(Arc::new(connection));
        }
        Ok(Self {
            file: Mutex::new(Some(sealed)),
            known: RwLock::new(known),
        })
    }

    /// None yet, and nothing on the disk.
    pub(crate) fn in_memory() -> Self {
        Self {
            file: Mutex::new(None),
            known: RwLock::default(),
        }
    }

    /// Connects a Page. When it is connected already, its webhook stays where it is.
    pub(crate) fn put(
        &self,
        page: PageId,
        name: String,
        app_id: AppId,
        secret: AppSecret,
        token: PageToken,
    ) -> Result<Arc<Connection>, ConnectionsError> {
        self.write(|known| {
            let (path, verify_token) = match known.by_page.get(&page) {
                Some(old) => (old.path.clone(), old.verify_token.clone()),
                None => address()?,
            };
            Ok(Some(Connection {
                page,
                name,
                app_id,
                secret,
                token,
                path,
                verify_token,
            }))
        })
        .map(|connection| connection.expect("the closure above always has one"))
    }

    /// Gives the webhook of a Page a new address and a new verify token; the old address is gone.
    pub(crate) fn reset(&self, page: &PageId) -> Result<Option<Arc<Connection>>, ConnectionsError> {
        self.write(|known| {
            let Some(old) = known.by_page.get(page) else {
                return Ok(None);
            };
            let (path, verify_token) = address()?;
            Ok(Some(Connection {
                path,
                verify_token,
                ..Connection::clone(old)
            }))
        })
    }

    pub(crate) fn by_path(&self, path: &str) -> Option<Arc<Connection>> {
        self.read(|known| known.by_path.get(path).cloned())
    }

    pub(crate) fn by_page(&self, page: &PageId) -> Option<Arc<Connection>> {
        self.read(|known| known.by_page.get(page).cloned())
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        let mut all: Vec<_> = self.read(|known| known.by_page.values().cloned().collect());
        all.sort_by(|a, b| (&a.name, &a.page).cmp(&(&b.name, &b.page)));
        all
    }

    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a connection out of what is known, keeps it in the file, and only then shows it.
    fn write(
        &self,
        make: impl FnOnce(&Known) -> Result<Option<Connection>, ConnectionsError>,
    ) -> Result<Option<Arc<Connection>>, ConnectionsError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(connection) = self.read(make)? else {
            return Ok(None);
        };
        if let Some(sealed) = &*file {
            sealed.store(&connection)?;
        }
        let connection = Arc::new(connection);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(Arc::clone(&connection));
        Ok(Some(connection))
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

impl Known {
    fn insert(&mut self, connection: Arc<Connection>) {
        if let Some(old) = self
            .by_page
            .insert(connection.page.clone(), Arc::clone(&connection))
        {
            self.by_path.remove(&old.path);
        }
        self.by_path.insert(connection.path.clone(), connection);
    }
}

impl Sealed {
    fn store(&self, connection: &Connection) -> Result<(), ConnectionsError> {
        let Connection {
            page,
            name,
            app_id,
            secret,
            token,
            path,
            verify_token,
        } = connection;
        let page = page.as_str();
        let seal = |plain, column| self.vault.seal(plain, &bound_to(page, column));
        self.sqlite.execute(
            "INSERT INTO crm_connection (page, name, app_id, path, secret, token, verify_token)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                ON CONFLICT (page) DO UPDATE SET
                    name = excluded.name,
                    app_id = excluded.app_id,
                    path = excluded.path,
                    secret = excluded.secret,
                    token = excluded.token,
                    verify_token = excluded.verify_token",
            params![
                page,
                name,
                app_id.as_str(),
                path,
                seal(secret.expose_secret(), "secret"),
                seal(token.expose_secret(), "token"),
                seal(verify_token.expose_secret(), "verify_token"),
            ],
        )?;
        Ok(())
    }

    fn load(&self) -> Result<Vec<Connection>, ConnectionsError> {
        let mut select = self.sqlite.prepare(
            "SELECT page, name, app_id, path, secret, token, verify_token FROM crm_connection",
        )?;
        let mut rows = select.query([])?;
        let mut connections = Vec::new();
        while let Some(row) = rows.next()? {
            let page: String = row.get("page")?;
            let unseal = |column: &str| -> Result<String, ConnectionsError> {
                let sealed: Vec<u8> = row.get(column)?;
                self.vault
                    .unseal(&sealed, &bound_to(&page, column))
                    .map_err(|source| ConnectionsError::Unseal {
                        page: page.clone(),
                        source,
                    })
            };
            connections.push(Connection {
                name: row.get("name")?,
                app_id: AppId::new(row.get::<_, String>("app_id")?)?,
                path: row.get("path")?,
                secret: AppSecret::new(unseal("secret")?)?,
                token: PageToken::new(unseal("token")?)?,
                verify_token: VerifyToken::new(unseal("verify_token")?)?,
                page: PageId::new(page)?,
            });
        }
        Ok(connections)
    }
}

/// Where a sealed secret belongs. No column has a line break in its name, so no two are alike.
fn bound_to(page: &str, column: &str) -> String {
    format!("{page}\n{column}")
}

/// A path and a verify token for a webhook.
fn address() -> Result<(String, VerifyToken), InvalidSecret> {
    let path = URL_SAFE_NO_PAD.encode(random::<16>());
    Ok((
        path,
        VerifyToken::new(URL_SAFE_NO_PAD.encode(random::<24>()))?,
    ))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::vault::tests::Folder;

    fn page(id: &str) -> PageId {
        PageId::new(id).unwrap()
    }

    #[track_caller]
    fn put(connections: &Connections, id: &str, name: &str, secret: &str) -> Arc<Connection> {
        connections
            .put(
                page(id),
                name.to_owned(),
                AppId::new("42").unwrap(),
                AppSecret::new(secret).unwrap(),
                PageToken::new(format!("token-{secret}")).unwrap(),
            )
            .unwrap()
    }

    #[track_caller]
    fn same(a: &Connection, b: &Connection) {
        let parts = |c: &Connection| {
            let verify_token = c.verify_token.clone();
            let secrets = (c.secret.clone(), c.token.clone(), verify_token);
            (
                c.page.clone(),
                c.name.clone(),
                c.app_id.clone(),
                c.path.clone(),
                secrets,
            )
        };
        assert!(parts(a) == parts(b));
    }

    fn raw(folder: &Folder) -> rusqlite::Connection {
        rusqlite::Connection::open(folder.database()).unwrap()
    }

    #[test]
    fn a_connection_is_found_by_page_and_by_path() {
        let connections = Connections::in_memory();
        let made = put(&connections, "1", "Tea", "hush-1");
        assert_eq!(made.path.len(), 22);
        assert!(
            made.path
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        same(&connections.by_page(&page("1")).unwrap(), &made);
        same(&connections.by_path(&made.path).unwrap(), &made);
        assert!(connections.by_page(&page("2")).is_none());
        assert!(connections.by_path("").is_none());
        let other = put(&connections, "2", "Coffee", "hush-2");
        assert_ne!(other.path, made.path);
        assert!(other.verify_token != made.verify_token);
    }

    #[test]
    fn the_same_page_again_keeps_its_webhook() {
        let connections = Connections::in_memory();
        let old = put(&connections, "1", "Tea", "hush-1");
        let new = put(&connections, "1", "Tea House", "hush-2");
        assert_eq!(new.path, old.path);
        assert!(new.verify_token == old.verify_token);
        assert_eq!(new.name, "Tea House");
        assert_eq!(new.secret.expose_secret(), "hush-2");
        assert_eq!(new.token.expose_secret(), "token-hush-2");
        same(&connections.by_path(&old.path).unwrap(), &new);
        assert_eq!(connections.all().len(), 1);
    }

    #[test]
    fn a_reset_moves_the_webhook() {
        let folder = Folder::new();
        let connections = Connections::open(&folder.database(), None).unwrap();
        let old = put(&connections, "1", "Tea", "hush-1");
        let new = connections.reset(&page("1")).unwrap().unwrap();
        assert_ne!(new.path, old.path);
        assert!(new.verify_token != old.verify_token);
        assert!(connections.by_path(&old.path).is_none());
        same(&connections.by_path(&new.path).unwrap(), &new);
        assert!(connections.reset(&page("2")).unwrap().is_none());
        drop(connections);
        let again = Connections::open(&folder.database(), None).unwrap();
        assert!(again.by_path(&old.path).is_none());
        same(&again.by_path(&new.path).unwrap(), &new);
    }

    #[test]
    fn all_are_in_the_order_of_their_names() {
        let connections = Connections::in_memory();
        for (id, name) in [("3", "Tea"), ("1", "Coffee"), ("2", "Tea")] {
            put(&connections, id, name, "hush");
        }
        let all = connections.all();
        assert_eq!(
            all.iter().map(|c| c.page.as_str()).collect::<Vec<_>>(),
            ["1", "2", "3"]
        );
    }

    #[test]
    fn what_was_put_is_there_after_opening_again() {
        let folder = Folder::new();
        let connections = Connections::open(&folder.database(), None).unwrap();
        put(&connections, "1", "Tea", "hush-1");
        let renewed = put(&connections, "1", "Tea House", "hush-2");
        let other = put(&connections, "2", "Coffee", "hush-3");
        drop(connections);
        let again = Connections::open(&folder.database(), None).unwrap();
        let all = again.all();
        assert_eq!(all.len(), 2);
        same(&all[0], &other);
        same(&all[1], &renewed);
    }

    #[test]
    fn no_secret_is_in_the_bytes_of_the_files() {
        let folder = Folder::new();
        let connections = Connections::open(&folder.database(), None).unwrap();
        let made = put(&connections, "1", "Tea House", "hush-1");
        let check = |files: &[PathBuf]| {
            let bytes: Vec<u8> = files
                .iter()
                .flat_map(|file| std::fs::read(file).unwrap())
                .collect();
            let holds = |text: &str| {
                bytes
                    .windows(text.len())
                    .any(|part| part == text.as_bytes())
            };
            // What is no secret is there: these are the right files.
            assert!(holds("Tea House"));
            assert!(holds(&made.path));
            assert!(!holds("hush-1"));
            assert!(!holds(made.verify_token.expose_secret()));
        };
        let mut wal = folder.database().into_os_string();
        wal.push("-wal");
        check(&[folder.database(), wal.into()]);
        drop(connections);
        check(&[folder.database()]);
    }

    #[test]
    fn another_key_is_a_clear_error() {
        let folder = Folder::new();
        let key = |digit: &str| Some(digit.repeat(64));
        put(
            &Connections::open(&folder.database(), key("a")).unwrap(),
            "1",
            "Tea",
            "hush",
        );
        let error = Connections::open(&folder.database(), key("b")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the connection of Page 1: a sealed secret does not open: \
             the key is another one, or the database was changed"
        );
        assert!(Connections::open(&folder.database(), key("a")).is_ok());
    }

    #[test]
    fn a_lost_key_file_is_not_replaced() {
        let folder = Folder::new();
        drop(Connections::open(&folder.database(), None).unwrap());
        std::fs::remove_file(folder.key()).unwrap();
        // Nothing is sealed yet, so a new key does no harm.
        put(
            &Connections::open(&folder.database(), None).unwrap(),
            "1",
            "Tea",
            "hush",
        );
        std::fs::remove_file(folder.key()).unwrap();
        let error = Connections::open(&folder.database(), None).unwrap_err();
        assert!(
            matches!(error, ConnectionsError::Vault(VaultError::Missing(_))),
            "{error}"
        );
        assert!(!folder.key().exists());
    }

    #[test]
    fn a_secret_of_another_page_is_refused() {
        let folder = Folder::new();
        let connections = Connections::open(&folder.database(), None).unwrap();
        put(&connections, "1", "Tea", "hush-1");
        put(&connections, "2", "Coffee", "hush-2");
        drop(connections);
        raw(&folder)
            .execute_batch(
                "UPDATE crm_connection SET token =
                    (SELECT token FROM crm_connection WHERE page = '2') WHERE page = '1'",
            )
            .unwrap();
        let error = Connections::open(&folder.database(), None).unwrap_err();
        assert!(
            matches!(&error, ConnectionsError::Unseal { page, .. } if page == "1"),
            "{error}"
        );
    }

    #[test]
    fn what_the_file_refuses_is_not_shown() {
        let folder = Folder::new();
        let connections = Connections::open(&folder.database(), None).unwrap();
        let old = put(&connections, "1", "Tea", "hush");
        raw(&folder)
            .execute_batch("DROP TABLE crm_connection")
            .unwrap();
        assert!(connections.reset(&page("1")).is_err());
        same(&connections.by_path(&old.path).unwrap(), &old);
    }

    #[test]
    fn a_connection_is_never_printed() {
        let made = put(&Connections::in_memory(), "1", "Tea", "hush");
        assert_eq!(
            format!("{made:?}"),
            "Connection { page: PageId(\"1\"), .. }"
        );
    }
}
