//! What the parts of the program share, and the workers that do what is pending.

use std::{sync::Arc, time::Duration};

use messenger_crm::{
    graph::Graph,
    inbox::{Inbox, RunOptions, WebhookService},
    model::OutgoingKey,
    store::SqliteStore,
};
use tokio::{sync::watch, task::JoinHandle};

use crate::{connections::Connections, now, vault};

pub(crate) struct Crm {
    pub(crate) inbox: Inbox,
    pub(crate) service: WebhookService,
    pub(crate) graph: Graph,
    pub(crate) connections: Arc<Connections>,
    pub(crate) public_url: String,
    pub(crate) demo: bool,
    /// True once the program is ending.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Told when a Page was connected.
    pub(crate) connected: watch::Sender<()>,
}

impl Crm {
    pub(crate) fn new(
        store: SqliteStore,
        graph: Graph,
        connections: Connections,
        public_url: String,
        demo: bool,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let connections = Arc::new(connections);
        let connections_of_inbox = Arc::clone(&connections);
        let inbox = Inbox::new(Arc::new(store), graph.clone(), connections_of_inbox)
            .with_error_hook(|error| eprintln!("crm: {error}"));
        let service = inbox.service().with_public_url(&public_url);
        let connected = watch::channel(()).0;
        Self {
            inbox,
            service,
            graph,
            connections,
            public_url,
            demo,
            stopping,
            connected,
        }
    }

    pub(crate) fn new_key(&self) -> OutgoingKey {
        OutgoingKey::new(now(), vault::random())
    }
}

/// Reads what other processes wrote to the table of connections.
pub(crate) async fn follow_connections(crm: Arc<Crm>) {
    let mut stopping = crm.stopping.clone();
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = ended(&mut stopping) => return,
        }
        let connections = Arc::clone(&crm.connections);
        match tokio::task::spawn_blocking(move || connections.refresh()).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => {
                crm.connected.send_replace(());
            }
            Ok(Err(error)) => eprintln!("crm: {error}"),
            Err(error) => eprintln!("crm: cannot read the connections: {error}"),
        }
    }
}

/// Waits until the program is ending.
pub(crate) async fn ended(stopping: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the program.
    let _ = stopping.wait_for(|stop| *stop).await;
}

pub(crate) fn work(crm: &Arc<Crm>) -> Vec<JoinHandle<()>> {
    vec![
        tokio::spawn(workers(Arc::clone(crm))),
        tokio::spawn(follow_connections(Arc::clone(crm))),
    ]
}

async fn workers(crm: Arc<Crm>) {
    let mut stopping = crm.stopping.clone();
    let shutdown = async { ended(&mut stopping).await };
    crm.inbox.run(RunOptions::default(), shutdown).await;
}
