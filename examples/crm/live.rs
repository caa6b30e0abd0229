//! Tells browsers that there is something to read again.

use std::{collections::HashSet, sync::Arc, time::Duration};

use http_body_util::BodyExt;
use hyper::{
    Response,
    body::Bytes,
    header::{self, HeaderValue},
};
use messenger_crm::{id::PageId, model::Revision};
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    crm::{Crm, ended},
    server::{Events, Reply},
};

/// Tells the browser of every commit that changed something of a connected Page.
pub(crate) fn events(crm: &Arc<Crm>) -> Reply {
    let (sender, receiver) = mpsc::channel(16);
    let crm = Arc::clone(crm);
    tokio::spawn(async move {
        let (mut connected, mut stopping) = (crm.connected.subscribe(), crm.stopping.clone());
        let mut watched = HashSet::new();
        while sender.send(Bytes::from_static(b": ping\n\n")).await.is_ok() {
            for connection in crm.connections.all() {
                if watched.insert(connection.page.clone()) {
                    tokio::spawn(watch(
                        Arc::clone(&crm),
                        connection.page.clone(),
                        sender.clone(),
                    ));
                }
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(15)) => {}
                _ = connected.changed() => {}
                () = ended(&mut stopping) => return,
            }
        }
    });
    let mut stream = Response::new(Events(receiver).boxed());
    stream.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    stream
}

async fn watch(crm: Arc<Crm>, page: PageId, sender: mpsc::Sender<Bytes>) {
    let mut stopping = crm.stopping.clone();
    let present = Revision::new(u64::MAX);
    let mut since = match crm
        .inbox
        .store()
        .changed(&page, present, Duration::ZERO)
        .await
    {
        Ok(changed) => changed.revision,
        Err(_) => return,
    };
    loop {
        let changed = tokio::select! {
            changed = crm.inbox.store().changed(&page, since, Duration::from_secs(20)) => changed,
            () = sender.closed() => return,
            () = ended(&mut stopping) => return,
        };
        match changed {
            Ok(changed) if changed.revision != since => {
                let revision = changed.revision;
                since = revision;
                let event = format!("data: {}\n\n", json!({"page": page, "revision": revision}));
                if sender.send(event.into()).await.is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
