//! The Pages that this CRM answers for, and the secrets it needs for each.
//!
//! They are the CRM's own matter and not the library's: one table more in the same file.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use messenger_crm::graph::{Access, AppAccess};
use messenger_crm::id::{AppId, InvalidId, PageId};
use messenger_crm::inbox::{self, Callback};
use messenger_crm::secret::{AppSecret, InvalidSecret, PageToken, VerifyToken};
use messenger_crm::webhook::Webhook;
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
    /// SQLite's number of the last commit by another connection that was read.
    version: i64,
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
            // Before the table is read: what is committed meanwhile is read again.
            version: data_version(&sqlite)?,
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

    /// Reads the file again if another process wrote to it; `true` when the Pages are not the same
    /// as before.
    pub(crate) fn refresh(&self) -> Result<bool, ConnectionsError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sealed) = &mut *file else {
            return Ok(false);
        };
        let version = data_version(&sealed.sqlite)?;
        if version == sealed.version {
            return Ok(false);
        }
        let mut read = Known::default();
        for connection in sealed.load()? {
            read.insert(Arc::new(connection));
        }
        sealed.version = version;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = known.by_page.len() != read.by_page.len()
            || known
                .by_path
                .keys()
                .any(|path| !read.by_path.contains_key(path));
        *known = read;
        Ok(is_new)
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

    /// Forgets a Page and its secrets; `false` when it was not connected.
    pub(crate) fn remove(&self, page: &PageId) -> Result<bool, ConnectionsError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sealed) = &*file {
            let sql = "DELETE FROM crm_connection WHERE page = ?1";
            sealed.sqlite.execute(sql, [page.as_str()])?;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        Ok(known.remove(page))
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

#[async_trait]
impl inbox::Connections for Connections {
    async fn callback(&self, path: &str) -> Result<Option<Callback>, inbox::ConnectionsError> {
        Ok(self.by_path(path).map(|connection| {
            let webhook = Webhook::new(&connection.secret, connection.verify_token.clone());
            Callback::new(connection.app_id.clone(), webhook)
        }))
    }

    async fn access(&self, page: &PageId) -> Result<Option<Access>, inbox::ConnectionsError> {
        Ok(self.by_page(page).map(|connection| {
            let app = AppAccess::new(connection.app_id.clone(), connection.secret.clone());
            Access::new(app, connection.page.clone(), connection.token.clone())
        }))
    }

    async fn pages(&self) -> Result<Vec<PageId>, inbox::ConnectionsError> {
        let all = self.all();
        Ok(all
            .iter()
            .map(|connection| connection.page.clone())
            .collect())
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

    fn remove(&mut self, page: &PageId) -> bool {
        let old = self.by_page.remove(page);
        if let Some(old) = &old {
            self.by_path.remove(&old.path);
        }
        old.is_some()
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

/// Changes with every commit of another connection, also one of another process.
fn data_version(sqlite: &rusqlite::Connection) -> rusqlite::Result<i64> {
    sqlite.pragma_query_value(None, "data_version", |row| row.get(0))
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
mod tests;
