//! Deliveries of one event each, as many waiting at one time as there are tasks.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use messenger_crm::{
    change::Change,
    store::{ContactStore, StoreError},
};
use tokio::task::JoinSet;

/// Applies each change in a call of its own, so many at one time; answers how many in a second.
pub(crate) async fn deliver<S: ContactStore + Clone>(
    store: &S,
    changes: Arc<[Change]>,
    waiting: usize,
) -> Result<f64, Box<dyn Error + Send + Sync>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    for _ in 0..waiting {
        let (store, changes, next) = (store.clone(), Arc::clone(&changes), Arc::clone(&next));
        tasks.spawn(async move {
            while let Some(change) = changes.get(next.fetch_add(1, Ordering::Relaxed)) {
                store.apply(std::slice::from_ref(change)).await?;
            }
            Ok::<_, StoreError>(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(changes.len() as f64 / begun.elapsed().as_secs_f64())
}
