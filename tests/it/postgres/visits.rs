//! What the server's own executor tells of each statement: which rows it visits, and by what.

#![allow(clippy::unwrap_used)]

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, LockResult, Mutex, MutexGuard};

use messenger_crm::store::postgres::deadpool_postgres::{Connect, Manager, Pool};
use messenger_crm::store::{ContactStore, PostgresStore};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls};

use super::server::{Schema, skipped};
use crate::store::{contact, received};

/// How the server executed each statement of a store with one connection.
pub(crate) struct Plans {
    heard: Heard,
    pool: Pool,
}

type Heard = Arc<Mutex<Vec<Value>>>;

impl Plans {
    /// The plans so far. The server explains the last statement of a transaction when it ends, which
    /// a read does not wait for: here the connection is waited for.
    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, Vec<Value>>> {
        let ended = async {
            let client = self.pool.get().await.unwrap();
            client.simple_query("SELECT 1").await.unwrap();
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(ended));
        self.heard.lock()
    }
}

/// Connections that hear how the server executes each statement.
struct Listening(Heard);

impl Connect for Listening {
    fn connect(
        &self,
        config: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let (mut config, plans) = (config.clone(), self.0.clone());
        config.options(
            "-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0
             -c auto_explain.log_analyze=on -c auto_explain.log_timing=off -c auto_explain.log_format=json
             -c auto_explain.log_level=notice -c jit=off",
        );
        Box::pin(async move {
            let (client, mut connection) = config.connect(NoTls).await?;
            let task = tokio::spawn(async move {
                while let Some(Ok(message)) =
                    poll_fn(|context| connection.poll_message(context)).await
                {
                    if let AsyncMessage::Notice(notice) = message
                        && let Some(start) = notice.message().find('{')
                    {
                        let plan = serde_json::from_str(&notice.message()[start..]).unwrap();
                        plans.lock().unwrap().push(plan);
                    }
                }
            });
            Ok((client, task))
        })
    }
}

/// A store with one customer, and what the server does for it from now on.
pub(crate) async fn listening(schema: &Schema) -> Option<(PostgresStore, Plans)> {
    let heard = Heard::default();
    let config: Config = schema.address.parse().unwrap();
    let manager = Manager::from_connect(config, Listening(heard.clone()), Default::default());
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    let opened = PostgresStore::with_pool(pool.clone(), &schema.name).await;
    let store = opened.unwrap();
    store
        .apply(&[received(&contact("1", "c0"), "m0", 0, "hello")])
        .await
        .unwrap();
    if heard.lock().unwrap().is_empty() {
        skipped(
            "plans",
            "the server has no auto_explain, or the role may not load it",
        );
        return None;
    }
    heard.lock().unwrap().clear();
    Some((store, Plans { heard, pool }))
}

/// What a plan does with tables: (table, index, its condition, rows visited).
pub(crate) type Visit = (String, String, String, u64);

pub(crate) fn visits(plans: &Plans) -> Vec<Visit> {
    let mut visits = Vec::new();
    for plan in plans.lock().unwrap().drain(..) {
        walk(&plan["Plan"], "", &mut visits);
    }
    visits
}

fn walk(node: &Value, table: &str, visits: &mut Vec<Visit>) {
    let text = |name: &str| node[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| node[name].as_f64().unwrap_or(0.0);
    let kind = text("Node Type");
    let relation = text("Relation Name");
    let table = if relation.is_empty() {
        table.to_owned()
    } else {
        relation
    };
    if kind.contains("Scan") && !table.is_empty() && kind != "CTE Scan" {
        let rows = number("Actual Rows")
            + number("Rows Removed by Filter")
            + number("Rows Removed by Index Recheck");
        let index = if kind == "Seq Scan" {
            "none".to_owned()
        } else {
            text("Index Name")
        };
        visits.push((
            table.clone(),
            index,
            text("Index Cond"),
            (rows * number("Actual Loops")) as u64,
        ));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        walk(child, &table, visits);
    }
}

/// Each of these tables is reached by this index and by these columns of it.
#[track_caller]
pub(crate) fn assert_index(
    what: &str,
    visits: &[Visit],
    table: &str,
    index: &str,
    columns: &[&str],
) {
    let found: Vec<&Visit> = visits
        .iter()
        .filter(|visit| visit.0 == table && !visit.1.is_empty())
        .collect();
    assert!(!found.is_empty(), "{what}: {visits:#?}");
    assert!(
        found.iter().all(|visit| visit.1 != "none"),
        "{what} looks at all of {table}: {visits:#?}"
    );
    let by_all =
        |visit: &&Visit| visit.1 == index && columns.iter().all(|column| visit.2.contains(column));
    assert!(
        found.iter().any(by_all),
        "{what}: no {index} by {columns:?} in {visits:#?}"
    );
}
