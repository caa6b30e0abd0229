//! Processor time of one durable delivery, beside its parts.
//!
//! All variants run in each round with the same events, and as many requests or commits wait at one
//! time, so that commits are shared alike. Ratios are taken within a round.

use std::{hint::black_box, path::Path, sync::Arc};

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use messenger_crm::{
    change::Change,
    graph::Graph,
    secret::{AppSecret, VerifyToken},
    store::{MemoryStore, SqliteStore},
    webhook::Webhook,
};
use tokio::runtime::Runtime;

use crate::{
    client::{Client, body, signature},
    deliver::deliver,
    host::{Between, Commits, SECRET, VERIFY_TOKEN, inbox, now, serve},
    processor::{since, worked},
    world::{Outcome, World, median},
};

/// Deliveries of a round.
const COUNT: u64 = 4_000;
/// Names of what is measured, in its order.
const NAMES: [&str; 6] = [
    "hyper collecting the body",
    "verify and parse",
    "making the change",
    "the store committing the change",
    "the service, its store keeps nothing",
    "the service on SQLite",
];

pub(crate) fn cost(
    runtime: &Runtime,
    folder: &Path,
    world: World,
    rounds: u64,
    waiting: u64,
) -> Outcome {
    let store = |name: &str| SqliteStore::open(folder.join(name));
    let (by_itself, served) = (store("store.db")?, store("served.db")?);
    let nothing = Between::new(MemoryStore::new(), Commits::Skipped);
    let services = [
        inbox(nothing, Graph::new()?)?.service(),
        inbox(served.clone(), Graph::new()?)?.service(),
    ];
    let bare = runtime.block_on(serve(collect))?;
    let [without, durable] = services.map(|service| {
        runtime.block_on(serve(move |request| {
            let service = service.clone();
            async move { service.respond(request).await }
        }))
    });
    let addresses = [bare, without?, durable?].map(|address| address.to_string());
    let webhook = Webhook::new(&AppSecret::new(SECRET)?, VerifyToken::new(VERIFY_TOKEN)?);

    let mut costs = [const { Vec::new() }; NAMES.len()];
    let (mut to_sum, mut to_hyper) = (Vec::new(), Vec::new());
    let mut shared = [const { Vec::new() }; 2];
    for round in 0..rounds {
        let from = round * COUNT;
        let over_http = |address: &str| -> Outcome<f64> {
            let client = Client::connect(address, from, COUNT, waiting)?;
            let before = worked();
            client.deliver()?;
            since(before, COUNT).ok_or("the system does not count processor time".into())
        };
        let mut took = [0.0; NAMES.len()];
        took[0] = over_http(&addresses[0])?;
        let mut signed = Vec::new();
        for number in from..from + COUNT {
            let body = body(&world.event(number));
            signed.push((signature(&body)?, body));
        }
        let before = worked();
        for (signature, body) in &signed {
            black_box(webhook.receive(Some(signature.as_bytes()), body.as_bytes())?);
        }
        took[1] = since(before, COUNT).unwrap_or(f64::NAN);
        let mut deliveries = Vec::new();
        for (signature, body) in &signed {
            deliveries.push(webhook.receive(Some(signature.as_bytes()), body.as_bytes())?);
        }
        let before = worked();
        let events = deliveries.iter().flat_map(|delivery| &delivery.events);
        let changes: Arc<[Change]> = events.map(|event| Change::of(event, now())).collect();
        took[2] = since(before, COUNT).unwrap_or(f64::NAN);
        let (before, commits) = (worked(), by_itself.commits());
        runtime.block_on(deliver(&by_itself, changes, usize::try_from(waiting)?))?;
        took[3] = since(before, COUNT).unwrap_or(f64::NAN);
        shared[0].push(COUNT as f64 / (by_itself.commits() - commits) as f64);
        took[4] = over_http(&addresses[1])?;
        let commits = served.commits();
        took[5] = over_http(&addresses[2])?;
        shared[1].push(COUNT as f64 / (served.commits() - commits) as f64);

        to_sum.push(took[5] / (took[0] + took[1] + took[3]));
        to_hyper.push(took[4] / took[0]);
        for (costs, took) in costs.iter_mut().zip(took) {
            costs.push(took);
        }
    }
    println!("processor time of a delivery, {waiting} waiting, median of {rounds} rounds");
    for (name, costs) in NAMES.into_iter().zip(costs) {
        println!("  {name:<38} {:>7.1} µs", median(costs));
    }
    let [by_itself, served] = shared.map(median);
    println!(
        "  changes in a transaction: {by_itself:.1} of the store by itself, {served:.1} of the service"
    );
    println!(
        "  on SQLite {:.2} x the sum of hyper, verify and parse, and the store (at most 1.25)",
        median(to_sum)
    );
    println!(
        "  without a store {:.2} x hyper collecting the body (at most 1.3)",
        median(to_hyper)
    );
    Ok(())
}

/// The least that a server must do.
async fn collect(request: Request<Incoming>) -> Response<String> {
    let body = request.into_body().collect().await;
    let is_whole = body.is_ok_and(|body| !body.to_bytes().is_empty());
    let status = match is_whole {
        true => StatusCode::OK,
        false => StatusCode::BAD_REQUEST,
    };
    let mut response = Response::new("ok\n".to_owned());
    *response.status_mut() = status;
    response
}
