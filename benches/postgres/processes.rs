//! One process, and two on one Page or on two.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use messenger_crm::{
    change::Change,
    id::PageId,
    store::{ContactStore, PostgresStore, postgres::PostgresOptions},
};
use tokio::runtime::Runtime;

use crate::{
    deliver::deliver,
    server::Server,
    world::{Database, Outcome, PAGE, World, median},
};

/// The word by which this program knows that it is one of several.
pub(crate) const CHILD: &str = "child";
const NAME: &str = "processes";
const COUNT: u64 = 8_000;
const ROUNDS: usize = 5;
/// The Page of the second process.
const OTHER: &str = "102934857610294";

/// One process with 64 waiting, two with 32 each on one Page, and two on a Page each; in turn, so
/// that they are compared within a round.
pub(crate) fn processes(server: &Server<'_>) -> Outcome {
    drop(server.store(NAME)?);
    let client = server.client(NAME)?;
    let (mut first, mut rates) = (0, [const { Vec::new() }; 3]);
    for _ in 0..ROUNDS {
        for (rates, pages) in
            rates
                .iter_mut()
                .zip([&[PAGE] as &[&str], &[PAGE, PAGE], &[PAGE, OTHER]])
        {
            rates.push(together(server, pages, first)?);
            first += COUNT;
            let sql = "SELECT count(*), count(DISTINCT id) FROM message";
            let found = server.runtime.block_on(client.query_one(sql, &[]))?;
            let found: (i64, i64) = (found.get(0), found.get(1));
            let applied = first.cast_signed();
            assert_eq!(found, (applied, applied), "lost or doubled");
        }
    }
    let [one, two, apart] = rates.map(median);
    println!(
        "  one process, 64 waiting: {one:.0} a second; two of 32 on one Page {:.2} x, on two Pages {:.2} x; nothing lost or doubled",
        two / one,
        apart / one
    );
    Ok(())
}

/// A process for each of these Pages, all at one time; how many deliveries in a second.
fn together(server: &Server<'_>, pages: &[&str], first: u64) -> Outcome<f64> {
    let parts = pages.len() as u64;
    let mut children = Vec::new();
    for (part, page) in (0..).zip(pages) {
        let from = first + part * (COUNT / parts);
        let arguments = [from, COUNT / parts, 64 / parts].map(|number| number.to_string());
        let mut child = Command::new(std::env::current_exe()?);
        if server.is_unprepared {
            child.arg("--unprepared");
        }
        child
            .args([CHILD, &Server::schema(NAME), page])
            .args(arguments);
        children.push(child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
    }
    // Starting and connecting does not count: all begin at one signal.
    let mut line = [0];
    for child in &mut children {
        child
            .stdout
            .as_mut()
            .ok_or("no output")?
            .read_exact(&mut line)?;
    }
    let begun = Instant::now();
    for child in &mut children {
        child.stdin.as_mut().ok_or("no input")?.write_all(&line)?;
    }
    for child in &mut children {
        child
            .stdout
            .as_mut()
            .ok_or("no output")?
            .read_exact(&mut line)?;
    }
    let rate = COUNT as f64 / begun.elapsed().as_secs_f64();
    for mut child in children {
        assert!(child.wait()?.success());
    }
    Ok(rate)
}

/// What one of several processes does.
pub(crate) fn child(
    runtime: &Runtime,
    address: &str,
    is_unprepared: bool,
    arguments: &[String],
) -> Outcome {
    let [schema, page, from, count, waiting] = arguments else {
        return Err("a child needs five words".into());
    };
    let (from, count): (u64, u64) = (from.parse()?, count.parse()?);
    let world = World::new(10_000, 0);
    let changes = (from..from + count).map(|number| world.event(number).change_of(page));
    let changes: Arc<[Change]> = changes.collect::<Result<_, _>>()?;
    let mut options = PostgresOptions::new(address)?.with_schema(schema)?;
    if is_unprepared {
        options = options.with_prepared_statements(false);
    }
    let store = runtime.block_on(PostgresStore::connect_with(options))?;
    // Connected, and the Page is there.
    runtime.block_on(store.page(&PageId::new(page.as_str())?))?;
    let (mut input, mut output) = (std::io::stdin(), std::io::stdout());
    let mut line = [b'.'];
    output.write_all(&line)?;
    output.flush()?;
    input.read_exact(&mut line)?;
    runtime.block_on(deliver(&store, changes, waiting.parse()?))?;
    output.write_all(&line)?;
    Ok(output.flush()?)
}
