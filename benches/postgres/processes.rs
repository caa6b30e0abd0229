//! One process on a Page, and two.

use std::{process::Command, sync::Arc, time::Instant};

use messenger_crm::{
    change::Change,
    store::{PostgresStore, postgres::PostgresOptions},
};
use tokio::runtime::Runtime;

use crate::{
    deliver::deliver,
    server::Server,
    world::{Database, Outcome, World},
};

/// The word by which this program knows that it is one of several.
pub(crate) const CHILD: &str = "child";
const NAME: &str = "processes";
const COUNT: u64 = 8_000;

/// One process with 64 waiting, and two with 32 each.
pub(crate) fn processes(server: &Server<'_>) -> Outcome {
    drop(server.store(NAME)?);
    let client = server.client(NAME)?;
    let mut first = 0;
    let mut rates = Vec::new();
    for parts in [1, 2] {
        let begun = Instant::now();
        let mut children = Vec::new();
        for part in 0..parts {
            let (count, waiting) = (COUNT / parts, 64 / parts);
            let from = first + part * count;
            let arguments = [from, count, waiting].map(|number| number.to_string());
            let mut child = Command::new(std::env::current_exe()?);
            let child = child.args([CHILD, &Server::schema(NAME)]).args(arguments);
            children.push(child.spawn()?);
        }
        for mut child in children {
            assert!(child.wait()?.success());
        }
        rates.push(COUNT as f64 / begun.elapsed().as_secs_f64());
        first += COUNT;
        let sql = "SELECT count(*), count(DISTINCT id) FROM message";
        let found = server.runtime.block_on(client.query_one(sql, &[]))?;
        let found: (i64, i64) = (found.get(0), found.get(1));
        let told = first.cast_signed();
        assert_eq!(found, (told, told), "lost or doubled");
    }
    println!(
        "  one process, 64 waiting: {:.0} a second; two of 32 on one Page: {:.0}, nothing lost or doubled",
        rates[0], rates[1]
    );
    Ok(())
}

/// What one of several processes does.
pub(crate) fn child(runtime: &Runtime, address: &str, arguments: &[String]) -> Outcome {
    let [schema, from, count, waiting] = arguments else {
        return Err("a child needs four words".into());
    };
    let (from, count): (u64, u64) = (from.parse()?, count.parse()?);
    let world = World::new(10_000, 0);
    let changes = (from..from + count).map(|number| world.event(number).change());
    let changes: Arc<[Change]> = changes.collect::<Result<_, _>>()?;
    let options = PostgresOptions::new(address)?.with_schema(schema)?;
    let store = runtime.block_on(PostgresStore::connect_with(options))?;
    runtime.block_on(deliver(&store, changes, waiting.parse()?))?;
    Ok(())
}
