//! Deliveries for a long time, while a snapshot is open that keeps the server from removing old rows.

use std::time::{Duration, Instant};

use messenger_crm::store::ContactStore;
use tokio::{task::JoinSet, time::sleep_until};
use tokio_postgres::Client;

use crate::{
    server::Server,
    world::{Database, Outcome, World},
};

/// Deliveries in a second.
const RATE: u64 = 300;
/// Time between two lines.
const LINE: u64 = 5 * 60;

/// Delivers for so many minutes: `MINUTES`, or 60.
pub(crate) fn soak(server: &Server<'_>) -> Outcome {
    let minutes: u64 = std::env::var("MINUTES").map_or(Ok(60), |text| text.parse())?;
    let store = server.store("soak")?;
    let (client, idle) = (server.client("soak")?, server.client("soak")?);
    println!("{RATE} deliveries a second for {minutes} minutes, a snapshot is open all the time");
    server.runtime.block_on(async {
        idle.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM contact")
            .await?;
        let world = World::new(10_000, 0);
        let (begun, step) = (Instant::now(), Duration::from_secs(1) / RATE as u32);
        let mut all = JoinSet::new();
        let mut took = Vec::new();
        for number in 0..minutes * 60 * RATE {
            let due = begun + step * number as u32;
            sleep_until(due.into()).await;
            let change = world.event(number).change()?;
            let store = store.clone();
            all.spawn(async move { store.apply(&[change]).await.map(|_| due.elapsed()) });
            while let Some(done) = all.try_join_next() {
                took.push(done??);
            }
            if (number + 1) % (LINE * RATE) == 0 {
                print(&client, number + 1, std::mem::take(&mut took)).await?;
            }
        }
        while let Some(done) = all.join_next().await {
            took.push(done??);
        }
        idle.batch_execute("COMMIT").await?;
        print(&client, minutes * 60 * RATE, took).await
    })
}

async fn print(client: &Client, number: u64, mut took: Vec<Duration>) -> Outcome {
    took.sort_unstable();
    let at = |part: usize| took.get((took.len() * part / 1000).min(took.len().saturating_sub(1)));
    let millis = |part| at(part).map_or(0.0, |took| took.as_secs_f64() * 1e3);
    let sql = "SELECT relname::text, pg_total_relation_size(oid) / 1048576 FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY 2 DESC LIMIT 4";
    let mut sizes = Vec::new();
    for row in client.query(sql, &[]).await? {
        let (name, size): (String, i64) = (row.get(0), row.get(1));
        sizes.push(format!("{name} {size} MB"));
    }
    println!(
        "  {number:>8} deliveries, p50 {:.1} ms, p99 {:.1} ms, the slowest {:.1} ms; {}",
        millis(500),
        millis(990),
        millis(1000),
        sizes.join(", ")
    );
    Ok(())
}
