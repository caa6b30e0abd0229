//! Memory of the service while eight bodies near the limit arrive at one time.

use std::path::Path;

use messenger_crm::{graph::Graph, store::SqliteStore};
use tokio::runtime::Runtime;

use crate::{
    client::Client,
    host::{inbox, serve},
    soak::resident_mib,
    world::Outcome,
};

/// Size of a body in bytes.
pub(crate) const SIZE: usize = 15_500_000;
/// How many arrive at one time. The service has room for four of them; the others are sent again.
const AT_ONCE: u64 = 8;

pub(crate) fn bodies(runtime: &Runtime, folder: &Path) -> Outcome {
    let store = SqliteStore::open(folder.join("bodies.db"))?;
    let service = inbox(store, Graph::new()?)?.service();
    // The size counts, not the time.
    let service = service.with_deadline(std::time::Duration::from_secs(3600));
    let address = runtime.block_on(serve(move |request| {
        let service = service.clone();
        async move { service.respond(request).await }
    }))?;
    let client = Client::large(&address.to_string(), AT_ONCE)?;
    // From now on the largest memory is counted anew.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let before = resident_mib("VmRSS")?;
    client.deliver()?;
    println!(
        "{AT_ONCE} signed bodies of {SIZE} bytes at one time, on SQLite: RSS {before:.0} MiB before, \
         {:.0} at most, {:.0} afterwards",
        resident_mib("VmHWM")?,
        resident_mib("VmRSS")?
    );
    Ok(())
}
