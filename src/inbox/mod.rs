//! What a CRM does: receive, reply, and what must be done later.
//!
//! | Task | Open |
//! |---|---|
//! | Serve the requests of Meta | [`Inbox::service`] |
//! | Name the apps and Pages of the host | [`Connections`], [`SinglePage`], [`ConnectionTable`] |
//! | Do pending work: send, fetch profiles, erase, check Pages | `Inbox::run` (feature `tokio`), or [`Inbox::step`] |
//! | Reply, send again, withdraw | [`Inbox::reply`], [`Inbox::send_again`], [`Inbox::dismiss`] |
//! | Whether a customer may be answered now | [`Inbox::window`], [`ReplyPolicy`] |
//! | Request a profile again | [`Inbox::refresh_profile`] |
//! | A bot, an export, a notification | [`Inbox::on_message`] |
//! | What keeps a Page from working, and its cure | [`Inbox::page_health`], [`Inbox::check_page`] |
//! | Connect and disconnect a Page | [`Inbox::page_connected`], [`Inbox::disconnect_page`] |
//! | Queues and failures | [`Inbox::health`], [`observe`], [`Inbox::with_error_hook`] |
//! | Erase a customer | [`Inbox::forget`], [`Inbox::privacy_requests`] |
//!
//! The store is the queue: every reply, look-up and handled message is a row there until it is done, so
//! that a program can end at any time without losing work, and any number of processes can share the work. `run` has
//! a loop with separate workers for each kind of work, on tokio. On another runtime call
//! [`Inbox::step`] in a loop, from as many tasks as you like: it does one piece of what is pending.
//! Every deadline is measured with the clock of the [`Graph`].
//!
//! # Examples
//!
//! ```
//! use std::sync::Arc;
//! use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! use messenger_crm::inbox::{Inbox, SinglePage, Step};
//! use messenger_crm::model::WorkerId;
//! use messenger_crm::{Timestamp, store::MemoryStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = AppAccess::new("271828182845904".parse()?, "60efff025951cddde78c8d03de52cc90".parse()?);
//! let access = Access::new(app, "1755847768034402".parse()?, "EAAtoken".parse()?);
//! let connections = SinglePage::new(access, "a-verify-token".parse()?);
//! let graph = ScriptedTransport::new().graph(); // in a program: `Graph::new()?`
//! let inbox = Inbox::new(Arc::new(MemoryStore::new()), graph, Arc::new(connections));
//!
//! let service = inbox.service(); // give it to your HTTP server
//! let live = http::Request::get("/livez").body(String::new())?;
//! assert_eq!(service.respond(live).await.status(), 200);
//!
//! let now = Timestamp::from(std::time::SystemTime::now());
//! assert_eq!(inbox.step(now, WorkerId::new(1)).await?, Step::Idle(None));
//! # Ok(())
//! # }
//! ```

mod body;
mod callbacks;
mod connections;
mod handlers;
mod health;
pub mod observe;
mod outbox;
mod outgoing;
mod page_health;
mod privacy;
mod profiles;
mod receive;
mod route;
#[cfg(feature = "tokio")]
mod run;
mod sending;
mod service;
mod unconnected;
mod window;
mod work;

pub use body::Peer;
pub use connections::{Callback, ConnectionTable, Connections, ConnectionsError, SinglePage};
pub use handlers::{HandlerError, IncomingMessage};
pub use health::{InboxHealth, QueueHealth};
pub use outbox::{Reply, ReplyError};
pub use page_health::{FoundProblem, PageHealth, PageProblem};
pub use privacy::{ASID_FIELD, PrivacyRequest, PrivacyRequestKind, PrivacyRequestState};
pub use receive::Received;
#[cfg(feature = "tokio")]
pub use run::RunOptions;
pub use service::{Report, WebhookService};
pub use unconnected::UnconnectedEvents;
pub use window::{MetaPolicy, ReplyPolicy, ReplyWindow};
pub use work::Step;

use std::{fmt, sync::Arc};

use crate::{
    change::{Applied, Change},
    graph::{
        Error, Graph,
        page::subscriptions::{RECOMMENDED, WebhookField},
    },
    model::ContactKey,
    store::{ContactStore, StoreError},
    time::Timestamp,
};

/// The inbox of any number of Pages. A clone is a handle to the same inbox.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |_inbox, _ada, _now| {
/// # let (store, graph) = (Arc::new(MemoryStore::new()), Graph::new()?);
/// # let connections = Arc::new(ConnectionTable::new());
/// let inbox = Inbox::new(store, graph, connections)
///     .with_policy(MetaPolicy::default().with_human_agent())
///     .with_webhook_fields(&[WebhookField::MESSAGES, WebhookField::MESSAGING_POSTBACKS])
///     .with_error_hook(|error| eprintln!("inbox: {error}"));
/// let service = inbox.service();
/// # drop(service);
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Debug)]
pub struct Inbox {
    store: Arc<dyn ContactStore>,
    graph: Graph,
    connections: Arc<dyn Connections>,
    policy: Arc<dyn ReplyPolicy>,
    handlers: Arc<handlers::Handlers>,
    health: Arc<page_health::Watch>,
    fields: Arc<[WebhookField]>,
    hook: Option<ErrorHook>,
    #[cfg(feature = "tokio")]
    bell: run::Bell,
}

#[derive(Clone)]
struct ErrorHook(Arc<dyn Fn(&InboxError) + Send + Sync>);

impl fmt::Debug for ErrorHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorHook")
    }
}

/// Error of the inbox. It is safe to try again later.
///
/// # Examples
///
/// ```
/// use messenger_crm::inbox::InboxError;
///
/// fn log(error: &InboxError) {
///     eprintln!("inbox: {}: {error}", error.kind());
/// }
/// # log(&InboxError::NotConnected);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The connections of the host cannot be read.
    #[error(transparent)]
    Connections(#[from] ConnectionsError),
    /// Meta refused a call, or cannot be reached.
    #[error(transparent)]
    Graph(#[from] Error),
    /// The host has no credentials for the Page.
    #[error("the page is not connected")]
    NotConnected,
    /// A handler of the host failed for a message, and is called again later.
    #[error("the handler {name:?} failed: {error}")]
    Handler {
        /// Name of the handler.
        name: String,
        /// The host's error.
        #[source]
        error: HandlerError,
    },
}

impl InboxError {
    /// Name of the variant in snake case, such as `store`.
    ///
    /// # Examples
    ///
    /// ```
    /// use messenger_crm::inbox::InboxError;
    ///
    /// assert_eq!(InboxError::NotConnected.kind(), "not_connected");
    /// ```
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Store(_) => "store",
            Self::Connections(_) => "connections",
            Self::Graph(_) => "graph",
            Self::NotConnected => "not_connected",
            Self::Handler { .. } => "handler",
        }
    }
}

impl Inbox {
    /// An inbox over this store, answering through this Graph, by Meta's rules.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |_inbox, ada, _now| {
    /// let connections = Arc::new(ConnectionTable::new());
    /// let inbox = Inbox::new(Arc::new(MemoryStore::new()), Graph::new()?, connections.clone());
    /// connections.put_page(&ada.page, "271828182845904".parse()?, "EAAtoken".parse()?);
    /// # drop(inbox);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn new(
        store: Arc<dyn ContactStore>,
        graph: Graph,
        connections: Arc<dyn Connections>,
    ) -> Self {
        Self {
            store,
            graph,
            connections,
            policy: Arc::new(MetaPolicy::default()),
            handlers: Arc::default(),
            health: Arc::default(),
            fields: RECOMMENDED.into(),
            hook: None,
            #[cfg(feature = "tokio")]
            bell: run::Bell::default(),
        }
    }

    /// Sets the rules by which customers are answered. [`MetaPolicy`] by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// let inbox = inbox.with_policy(MetaPolicy::default().with_human_agent());
    /// let contact = inbox.store().contact(&ada).await?.ok_or("nobody")?;
    /// let later = now + Duration::from_secs(2 * 24 * 3600);
    /// assert!(matches!(inbox.window(&contact, later), ReplyWindow::HumanAgent { .. }));
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub fn with_policy(self, policy: impl ReplyPolicy) -> Self {
        let policy = Arc::new(policy);
        Self { policy, ..self }
    }

    /// Sets the webhook fields to which [`check_page`](Self::check_page) subscribes the app.
    /// [`RECOMMENDED`] by default. Meta refuses all of them when the app may not receive one.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// let inbox = inbox.with_webhook_fields(&[WebhookField::MESSAGES, WebhookField::MESSAGE_READS]);
    /// inbox.check_page(&ada.page, now).await?; // subscribes to them
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub fn with_webhook_fields(self, fields: &[WebhookField]) -> Self {
        let fields = fields.into();
        Self { fields, ..self }
    }

    /// Sets a function that gets each failure of the workers, to log it. None by default.
    ///
    /// The errors of handlers are the host's own; no other error holds a text, a name or a token.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, _now| {
    /// let inbox = inbox.with_error_hook(|error| eprintln!("{}: {error}", error.kind()));
    /// # drop(inbox);
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub fn with_error_hook(self, hook: impl Fn(&InboxError) + Send + Sync + 'static) -> Self {
        let hook = Some(ErrorHook(Arc::new(hook)));
        Self { hook, ..self }
    }

    /// The store behind it.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, _now| {
    /// let contact = inbox.store().contact(&ada).await?.ok_or("nobody")?;
    /// assert_eq!(contact.unread, 1);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn store(&self) -> &dyn ContactStore {
        &*self.store
    }

    /// Erases everything that is known of a customer, for good.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing was erased.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// inbox.forget(&ada, now).await?;
    /// assert!(inbox.store().contact(&ada).await?.is_none());
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn forget(
        &self,
        contact: &ContactKey,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        let known = self.store.contact(contact).await?;
        let at = known.map_or(now, |known| known.forget_at(now));
        let contact = contact.clone();
        self.apply(Change::Forgotten { contact, at }).await
    }

    /// Applies one change.
    async fn apply(&self, change: Change) -> Result<Applied, StoreError> {
        let applied = self.store.apply(&[change]).await?;
        Ok(applied.first().copied().unwrap_or(Applied::Unchanged))
    }

    /// Wakes the workers of this process.
    fn ring(&self) {
        #[cfg(feature = "tokio")]
        self.bell.ring();
    }

    /// Reports a failure, after which the workers go on.
    #[cfg_attr(not(feature = "tokio"), allow(dead_code))]
    fn report(&self, error: &InboxError) {
        observe::failed(error);
        if let Some(ErrorHook(hook)) = &self.hook {
            hook(error);
        }
    }
}
