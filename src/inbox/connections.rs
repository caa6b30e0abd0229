//! Connections: the apps and Pages of a host, with their secrets.

use std::{
    collections::HashMap,
    error::Error,
    fmt::Debug,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;

use crate::{
    graph::{Access, AppAccess},
    id::{AppId, PageId},
    secret::{PageToken, VerifyToken},
    webhook::Webhook,
};

/// The apps and Pages of a host: the secrets of a webhook by its path, the credentials of a Page by
/// its id.
///
/// [`SinglePage`] and [`ConnectionTable`] are ready implementations. A host that keeps its
/// connections in a database implements the trait itself.
///
/// The inbox asks for every request and every piece of work, and caches nothing. An implementation
/// that reads the database each time sees the changes of all processes at once; one that caches must
/// read again after a few seconds.
///
/// # Examples
///
/// Two tables of a database: one row for each app and one for each Page. Encrypt the secrets in your
/// own program. A pool of connections can take the place of the mutex.
///
#[cfg_attr(feature = "sqlite", doc = "```")]
#[cfg_attr(not(feature = "sqlite"), doc = "```ignore")]
/// use std::sync::Mutex;
///
/// use async_trait::async_trait;
/// use messenger_crm::graph::{Access, AppAccess};
/// use messenger_crm::inbox::{Callback, Connections, ConnectionsError};
/// use messenger_crm::{AppId, AppSecret, PageId, PageToken, VerifyToken, Webhook};
/// use rusqlite::{OptionalExtension, Row};
///
/// #[derive(Debug)]
/// struct Database(Mutex<rusqlite::Connection>);
///
/// impl Database {
///     fn row<T>(
///         &self,
///         sql: &str,
///         key: &str,
///         read: impl FnOnce(&Row<'_>) -> Result<T, Box<dyn std::error::Error + Send + Sync>>,
///     ) -> Result<Option<T>, ConnectionsError> {
///         let sqlite = self.0.lock().map_err(|_| ConnectionsError::new("the connection is lost"))?;
///         let row = sqlite.query_row(sql, [key], |row| Ok(read(row))).optional();
///         row.map_err(ConnectionsError::new)?.transpose().map_err(ConnectionsError::new)
///     }
/// }
///
/// #[async_trait]
/// impl Connections for Database {
///     async fn callback(&self, path: &str) -> Result<Option<Callback>, ConnectionsError> {
///         self.row("SELECT id, secret, verify_token FROM app WHERE path = ?1", path, |row| {
///             let secret = AppSecret::new(row.get::<_, String>(1)?)?;
///             let verify_token = VerifyToken::new(row.get::<_, String>(2)?)?;
///             let app = AppId::new(row.get::<_, String>(0)?)?;
///             Ok(Callback::new(app, Webhook::new(&secret, verify_token)))
///         })
///     }
///
///     async fn access(&self, page: &PageId) -> Result<Option<Access>, ConnectionsError> {
///         let sql = "SELECT app.id, app.secret, page.token FROM page \
///                    JOIN app ON app.id = page.app WHERE page.id = ?1";
///         self.row(sql, page.as_str(), |row| {
///             let secret = AppSecret::new(row.get::<_, String>(1)?)?;
///             let app = AppAccess::new(AppId::new(row.get::<_, String>(0)?)?, secret);
///             let token = PageToken::new(row.get::<_, String>(2)?)?;
///             Ok(Access::new(app, page.clone(), token))
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sqlite = rusqlite::Connection::open_in_memory()?;
/// sqlite.execute_batch(
///     "CREATE TABLE app (id TEXT PRIMARY KEY, path TEXT UNIQUE, secret TEXT, verify_token TEXT);
///      CREATE TABLE page (id TEXT PRIMARY KEY, app TEXT REFERENCES app, token TEXT);
///      INSERT INTO app VALUES ('271828182845904', '7Q4', '60efff025951cddd', 'a-verify-token');
///      INSERT INTO page VALUES ('1755847768034402', '271828182845904', 'EAAtoken');",
/// )?;
/// let database = Database(Mutex::new(sqlite));
/// let access = database.access(&"1755847768034402".parse()?).await?.expect("a connected Page");
/// assert_eq!(access.app.id, database.callback("7Q4").await?.expect("an app").app);
/// assert!(database.callback("another").await?.is_none());
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Connections: Debug + Send + Sync + 'static {
    /// The app behind a path of the webhook; `None` when no app has this path.
    ///
    /// The path is what follows the prefix of the service: empty for `/webhook`, `7Q4` for
    /// `/webhook/7Q4`. `deauthorize` and `deletion` are not paths: they name the callbacks of the app
    /// with the empty path.
    ///
    /// # Errors
    ///
    /// [`ConnectionsError`] when it cannot be found out. The service then responds with 503.
    async fn callback(&self, path: &str) -> Result<Option<Callback>, ConnectionsError>;

    /// The credentials of a Page; `None` when the Page is not connected.
    ///
    /// # Errors
    ///
    /// [`ConnectionsError`] when it cannot be found out. Work of the Page is then done later.
    async fn access(&self, page: &PageId) -> Result<Option<Access>, ConnectionsError>;

    /// The connected Pages, which the workers [check](super::Inbox::check_page) every few minutes.
    ///
    /// The default names none: then the host checks its Pages itself.
    ///
    /// # Errors
    ///
    /// [`ConnectionsError`] when it cannot be found out. The workers ask again.
    async fn pages(&self) -> Result<Vec<PageId>, ConnectionsError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl<C: Connections + ?Sized> Connections for Arc<C> {
    async fn callback(&self, path: &str) -> Result<Option<Callback>, ConnectionsError> {
        (**self).callback(path).await
    }

    async fn access(&self, page: &PageId) -> Result<Option<Access>, ConnectionsError> {
        (**self).access(page).await
    }

    async fn pages(&self) -> Result<Vec<PageId>, ConnectionsError> {
        (**self).pages().await
    }
}

/// The app behind a callback URL.
///
/// # Examples
///
/// ```
/// use messenger_crm::{Webhook, inbox::Callback};
///
/// let webhook = Webhook::new(&"60efff025951cddde78c8d03de52cc90".parse()?, "a-verify-token".parse()?);
/// let callback = Callback::new("271828182845904".parse()?, webhook);
/// assert_eq!(callback.app.as_str(), "271828182845904");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Callback {
    /// Id of the app. A delivery may only write to Pages whose credentials name this app.
    pub app: AppId,
    /// App Secrets and verify token of the app.
    pub webhook: Webhook,
}

impl Callback {
    /// Creates the answer of [`Connections::callback`].
    pub fn new(app: AppId, webhook: Webhook) -> Self {
        Self { app, webhook }
    }
}

/// Error returned when connections cannot be read, such as a failure of their database.
///
/// Its text may appear in logs: it must not contain a secret.
///
/// # Examples
///
/// ```
/// use messenger_crm::inbox::ConnectionsError;
///
/// let error = ConnectionsError::new("the table is locked");
/// assert_eq!(error.to_string(), "the connections cannot be read: the table is locked");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the connections cannot be read: {0}")]
pub struct ConnectionsError(#[source] Box<dyn Error + Send + Sync>);

impl ConnectionsError {
    /// Creates the error from its cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// Connections of a host with one Page, whose callback URL ends with the prefix of the service.
///
/// # Examples
///
/// ```
/// use messenger_crm::graph::{Access, AppAccess};
/// use messenger_crm::inbox::SinglePage;
///
/// let app = AppAccess::new("271828182845904".parse()?, "60efff025951cddde78c8d03de52cc90".parse()?);
/// let access = Access::new(app, "1755847768034402".parse()?, "EAAtoken".parse()?);
/// let connections = SinglePage::new(access, "a-verify-token".parse()?);
/// # drop(connections);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SinglePage {
    access: Access,
    callback: Callback,
}

impl SinglePage {
    /// Creates the connections of one Page.
    pub fn new(access: Access, verify_token: VerifyToken) -> Self {
        let webhook = Webhook::new(&access.app.secret, verify_token);
        let callback = Callback::new(access.app.id.clone(), webhook);
        Self { access, callback }
    }
}

#[async_trait]
impl Connections for SinglePage {
    async fn callback(&self, path: &str) -> Result<Option<Callback>, ConnectionsError> {
        Ok(path.is_empty().then(|| self.callback.clone()))
    }

    async fn access(&self, page: &PageId) -> Result<Option<Access>, ConnectionsError> {
        Ok((*page == self.access.page).then(|| self.access.clone()))
    }

    async fn pages(&self) -> Result<Vec<PageId>, ConnectionsError> {
        Ok(vec![self.access.page.clone()])
    }
}

/// Connections in memory: apps with their paths, and Pages with their tokens. A clone is a handle to
/// the same table.
///
/// The App Secret belongs to the app and not to the Page: a new one counts for all Pages of the app.
///
/// # Examples
///
/// ```
/// use messenger_crm::graph::AppAccess;
/// use messenger_crm::inbox::{ConnectionTable, Connections};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = AppAccess::new("271828182845904".parse()?, "60efff025951cddde78c8d03de52cc90".parse()?);
/// let page = "1755847768034402".parse()?;
/// let table = ConnectionTable::new();
/// table.put_page(&page, app.id.clone(), "EAAtoken".parse()?);
/// table.put_app("7Q4", app, "a-verify-token".parse()?);
/// assert!(table.access(&page).await?.is_some());
/// table.remove_page(&page);
/// assert!(table.access(&page).await?.is_none());
/// table.remove_app(&"271828182845904".parse()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConnectionTable(Arc<RwLock<Table>>);

#[derive(Debug, Default)]
struct Table {
    callbacks: HashMap<String, Callback>,
    apps: HashMap<AppId, AppAccess>,
    pages: HashMap<PageId, (AppId, PageToken)>,
}

impl ConnectionTable {
    /// Creates an empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an app with the path of its webhook, or replaces the path and the secrets of the app.
    pub fn put_app(&self, path: impl Into<String>, app: AppAccess, verify_token: VerifyToken) {
        let callback = Callback::new(app.id.clone(), Webhook::new(&app.secret, verify_token));
        self.write(|table| {
            table.callbacks.retain(|_, other| other.app != app.id);
            table.callbacks.insert(path.into(), callback);
            table.apps.insert(app.id.clone(), app);
        });
    }

    /// Removes an app. Its Pages are not connected until it is added again.
    pub fn remove_app(&self, app: &AppId) {
        self.write(|table| {
            table.callbacks.retain(|_, callback| callback.app != *app);
            table.apps.remove(app);
        });
    }

    /// Adds a Page with the token that was issued to this app, or replaces it.
    pub fn put_page(&self, page: &PageId, app: AppId, token: PageToken) {
        self.write(|table| {
            table.pages.insert(page.clone(), (app, token));
        });
    }

    /// Removes a Page.
    pub fn remove_page(&self, page: &PageId) {
        self.write(|table| {
            table.pages.remove(page);
        });
    }

    fn write(&self, change: impl FnOnce(&mut Table)) {
        // No change leaves the table half done.
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

#[async_trait]
impl Connections for ConnectionTable {
    async fn callback(&self, path: &str) -> Result<Option<Callback>, ConnectionsError> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(table.callbacks.get(path).cloned())
    }

    async fn access(&self, page: &PageId) -> Result<Option<Access>, ConnectionsError> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(table.pages.get(page).and_then(|(app, token)| {
            let app = table.apps.get(app)?.clone();
            Some(Access::new(app, page.clone(), token.clone()))
        }))
    }

    async fn pages(&self) -> Result<Vec<PageId>, ConnectionsError> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_whole = |(page, (app, _)): (&PageId, &(AppId, PageToken))| {
            table.apps.contains_key(app).then(|| page.clone())
        };
        Ok(table.pages.iter().filter_map(is_whole).collect())
    }
}
