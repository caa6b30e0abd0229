//! Posts webhooks to the callbacks of the apps.

use std::collections::HashMap;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::simulator::platform::{delivery, event};
use crate::simulator::world::delivery::Delivery;

use super::client::Callback;
use super::shared::Shared;
use super::webhook::{explained, signed, wrongly_signed};

/// Posts webhooks that are due: those about one person one after another, those about different
/// people side by side. Webhooks that were collected are posted one after another.
pub(crate) async fn deliver(shared: Arc<Shared>, mut ready: mpsc::UnboundedReceiver<Delivery>) {
    let mut queues = HashMap::new();
    let mut tasks = JoinSet::new();
    while let Some(delivery) = ready.recv().await {
        let key = match delivery.notices.as_slice() {
            [only] if !delivery.is_collected => {
                Some((delivery.app.clone(), only.page.clone(), only.psid.clone()))
            }
            _ => None,
        };
        let key = key.unwrap_or_else(|| (delivery.app.clone(), String::new(), String::new()));
        let queue = queues.entry(key).or_insert_with(|| {
            let (sender, mut queue) = mpsc::unbounded_channel::<Delivery>();
            let shared = Arc::clone(&shared);
            tasks.spawn(async move {
                while let Some(delivery) = queue.recv().await {
                    attempt(&shared, delivery).await;
                }
            });
            sender
        });
        // The task ends with this function only.
        let _alive = queue.send(delivery);
    }
}

/// Sends off what becomes due while the clock runs and nothing else happens.
pub(crate) async fn watch_clock(shared: Arc<Shared>) {
    let mut changes = shared.changes();
    loop {
        changes.mark_unchanged();
        let wait = shared.look(|world| world.clock.until(world.deliveries.next_due()?));
        let changed = match wait {
            None => changes.changed().await,
            Some(wait) => tokio::select! {
                () = sleep(wait) => {
                    shared.with(|_| ());
                    Ok(())
                }
                changed = changes.changed() => changed,
            },
        };
        if changed.is_err() {
            return;
        }
    }
}

/// Posts a webhook once.
async fn attempt(shared: &Shared, posted: Delivery) {
    let entries = posted.notices.iter().map(|notice| &*notice.entry);
    let body = Bytes::from(event::body(entries));
    let target = shared.look(|world| {
        let app = world.app(&posted.app)?;
        let callback = Callback::parse(app.callback.as_deref()?).ok()?;
        let options = &world.deliveries.options;
        let request = match options.bad_signature {
            true => wrongly_signed(&body),
            false => signed(&body, &app.secret, app.signs_with_sha1 || options.with_sha1),
        };
        Some((callback, request))
    });
    let Some((callback, request)) = target else {
        shared.with(|world| delivery::dropped(world, &posted));
        return;
    };
    match post(&callback, request).await {
        Ok(()) => shared.with(|world| delivery::delivered(world, &posted)),
        Err(reason) => shared.with(|world| delivery::failed(world, posted, reason)),
    }
}

async fn post(callback: &Callback, request: Request<Full<Bytes>>) -> Result<(), String> {
    match callback.call(request).await {
        Ok(answered) if answered.status == StatusCode::OK => Ok(()),
        Ok(answered) => Err(format!(
            "callback answered with HTTP status {}, not 200",
            answered.status.as_u16()
        )),
        Err(error) => Err(explained(&error)),
    }
}
