//! A host: an HTTP server, an inbox, and a store that can be made to fail.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use messenger_crm::{
    change::{Applied, Change},
    graph::{Access, AppAccess, Graph},
    id::PageId,
    inbox::{Inbox, SinglePage},
    model::{Contact, ContactKey, Message, Picture, RawEvent, Revision},
    store::{
        Changed, ContactQuery, ContactStore, Listing, MessageQuery, PageState, Pending,
        PendingQuery, RawEventQuery, StoreError,
    },
    time::Timestamp,
};
use tokio::{net::TcpListener, time::sleep};

use crate::world::{Outcome, PAGE};

/// The app and its secrets, here and at the simulator.
pub(crate) const APP: &str = "271828182845904";
pub(crate) const SECRET: &str = "60efff025951cddde78c8d03de52cc90";
pub(crate) const PAGE_TOKEN: &str = "EAAtoken";
pub(crate) const VERIFY_TOKEN: &str = "hush";

/// An inbox of the Page [`PAGE`] on this store.
pub(crate) fn inbox(store: impl ContactStore, graph: Graph) -> Outcome<Inbox> {
    let app = AppAccess::new(APP.parse()?, SECRET.parse()?);
    let access = Access::new(app, PAGE.parse()?, PAGE_TOKEN.parse()?);
    let connections = SinglePage::new(access, VERIFY_TOKEN.parse()?);
    Ok(Inbox::new(Arc::new(store), graph, Arc::new(connections)))
}

/// Serves HTTP on a free port, and returns its address.
pub(crate) async fn serve<F, R>(respond: F) -> io::Result<SocketAddr>
where
    F: Fn(Request<Incoming>) -> R + Clone + Send + 'static,
    R: Future<Output = Response<String>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(Duration::from_millis(100)).await;
                continue;
            };
            let respond = respond.clone();
            let service = service_fn(move |request| {
                let response = respond(request);
                async move { Ok::<_, Infallible>(response.await) }
            });
            let mut server = http1::Builder::new();
            let connection = server
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A client may end a connection as it likes.
            tokio::spawn(async move { drop(connection.await) });
        }
    });
    Ok(address)
}

/// The current time.
pub(crate) fn now() -> Timestamp {
    Timestamp::from(std::time::SystemTime::now())
}

/// How a [`Between`] treats commits.
#[derive(Clone, Debug)]
pub(crate) enum Commits {
    /// Nothing: each change is answered as applied.
    Skipped,
    /// Of so many one is refused, the others are committed; 0 refuses none.
    Refused { one_of: Arc<AtomicU32> },
}

/// A store that does not commit everything it is given.
#[derive(Clone, Debug)]
pub(crate) struct Between<S> {
    store: S,
    commits: Commits,
    asked: Arc<AtomicU64>,
}

impl<S> Between<S> {
    pub(crate) fn new(store: S, commits: Commits) -> Self {
        let asked = Arc::default();
        Self {
            store,
            commits,
            asked,
        }
    }
}

#[async_trait]
impl<S: ContactStore> ContactStore for Between<S> {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        match &self.commits {
            Commits::Skipped => return Ok(vec![Applied::Changed; changes.len()]),
            Commits::Refused { one_of } => {
                let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
                let one_of = u64::from(one_of.load(Ordering::Relaxed));
                if number.checked_rem(one_of) == Some(0) {
                    return Err(StoreError::Unavailable("refused on purpose".into()));
                }
            }
        }
        self.store.apply(changes).await
    }
    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        self.store.contact(key).await
    }
    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        self.store.picture(key).await
    }
    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        self.store.contacts(query).await
    }
    async fn find(&self, field: &str, value: &str) -> Result<Vec<Contact>, StoreError> {
        self.store.find(field, value).await
    }
    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        self.store.messages(query).await
    }
    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        self.store.raw_events(query).await
    }
    async fn page(&self, page: &PageId) -> Result<PageState, StoreError> {
        self.store.page(page).await
    }
    async fn pending(&self, query: &PendingQuery) -> Result<Vec<Pending>, StoreError> {
        self.store.pending(query).await
    }
    async fn next_due(&self, query: &PendingQuery) -> Result<Option<Timestamp>, StoreError> {
        self.store.next_due(query).await
    }
    async fn changed_since(&self, page: &PageId, since: Revision) -> Result<Changed, StoreError> {
        self.store.changed_since(page, since).await
    }
}
