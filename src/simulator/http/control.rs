//! The control API: what a program changes about a running simulator, and what it learns of it.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::simulator::platform::{delivery, page_status};
use crate::simulator::world::delivery::DeliveryOptions;
use crate::simulator::world::fault::FaultRule;
use crate::simulator::world::rate_limit::Limits;

use super::page_access::{Refused, admit, ok, read};
use super::response::{Answer, Asked, pairs};
use super::shared::Shared;

/// How long a request for news waits for some.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
struct Time {
    advance_ms: u64,
}

#[derive(Deserialize)]
struct Restriction {
    page_id: String,
    /// Absent until it is lifted; 0 lifts it.
    #[serde(default)]
    seconds: Option<u64>,
}

/// How webhooks are delivered: [`DeliveryOptions`], with the delay in milliseconds.
#[derive(Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Delivery {
    copies: u32,
    shuffle: bool,
    seed: u64,
    batch: usize,
    delay_ms: u64,
    bad_signature: bool,
    sha1: bool,
    /// Divides the pauses between two attempts. Absent to leave it.
    repeat_speed: Option<u32>,
}

impl Default for Delivery {
    fn default() -> Self {
        Self::new(&DeliveryOptions::default(), None)
    }
}

impl Delivery {
    fn new(options: &DeliveryOptions, repeat_speed: Option<u32>) -> Self {
        Self {
            copies: options.copies,
            shuffle: options.shuffle,
            seed: options.seed,
            batch: options.batch,
            delay_ms: u64::try_from(options.delay.as_millis()).unwrap_or(u64::MAX),
            bad_signature: options.bad_signature,
            sha1: options.with_sha1,
            repeat_speed,
        }
    }

    fn options(&self) -> DeliveryOptions {
        DeliveryOptions {
            copies: self.copies,
            shuffle: self.shuffle,
            seed: self.seed,
            batch: self.batch,
            delay: Duration::from_millis(self.delay_ms),
            bad_signature: self.bad_signature,
            with_sha1: self.sha1,
        }
    }
}

/// Answers a request to the control API. `None` when the path is not of it.
pub(crate) async fn answer(shared: &Shared, asked: &Asked) -> Option<Answer> {
    let route = asked.uri().path().strip_prefix("/control/")?;
    let method = asked.method();
    if method == Method::GET {
        return match route {
            "requests" => Some(requests(shared, asked).await),
            "faults" => Some(ok(&shared.look(|world| json!(world.faults.rules)))),
            "limits" => Some(ok(&shared.look(|world| json!(world.counted.limits)))),
            "webhooks" => Some(ok(&shared.look(|world| {
                let deliveries = &world.deliveries;
                let speed = Some(deliveries.repeat_speed);
                json!(Delivery::new(&deliveries.options, speed))
            }))),
            _ => None,
        };
    }
    let done = match admit(asked.headers()) {
        Ok(()) => change(shared, method, route, asked.body()),
        Err(refused) => Err(refused),
    };
    Some(done.map_or_else(Refused::into_answer, |value| ok(&value)))
}

fn change(shared: &Shared, method: &Method, route: &str, body: &[u8]) -> Result<Value, Refused> {
    match (method.as_str(), route) {
        ("POST", "faults") => {
            let rule: FaultRule = read(body)?;
            shared.with(|world| world.faults.rules.push(rule));
        }
        ("DELETE", "faults") => shared.with(|world| world.faults.rules.clear()),
        ("POST", "webhooks") => {
            let asked: Delivery = read(body)?;
            if !(1..=delivery::MOST_COPIES).contains(&asked.copies) {
                let words = format!("copies is not 1 to {}", delivery::MOST_COPIES);
                return Err(Refused::new(StatusCode::BAD_REQUEST, words));
            }
            shared.with(|world| {
                if let Some(speed) = asked.repeat_speed {
                    world.deliveries.repeat_speed = speed;
                }
                delivery::set_options(world, asked.options());
            });
        }
        ("DELETE", "webhooks") => {
            shared.with(|world| delivery::set_options(world, DeliveryOptions::default()));
        }
        ("POST", "limits") => {
            let asked: Map<String, Value> = read(body)?;
            let mut limits = shared.look(|world| json!(world.counted.limits));
            for (name, limit) in asked {
                limits[name] = limit;
            }
            let limits: Limits = read(limits.to_string().as_bytes())?;
            shared.with(|world| world.counted.limits = limits);
        }
        ("POST", "time") => {
            let time: Time = read(body)?;
            shared.with(|world| world.clock.advance(Duration::from_millis(time.advance_ms)));
        }
        ("POST", "restriction") => {
            let asked: Restriction = read(body)?;
            let page = asked.page_id.as_str();
            shared.with(|world| match asked.seconds {
                Some(0) => page_status::lift(world, page),
                seconds => {
                    let duration = seconds.map(Duration::from_secs);
                    page_status::restrict(world, page, duration);
                }
            });
        }
        _ => return Err(Refused::new(StatusCode::NOT_FOUND, "nothing here")),
    }
    Ok(json!({}))
}

/// The requests after a number; waits for one when there is none yet.
async fn requests(shared: &Shared, asked: &Asked) -> Answer {
    let query = asked.uri().query().unwrap_or_default();
    let after = pairs(query.as_bytes()).find(|(name, _)| name == "after");
    let after = after.and_then(|(_, number)| number.parse().ok());
    let after: u64 = after.unwrap_or_default();
    let mut changes = shared.changes();
    let news = async {
        loop {
            changes.mark_unchanged();
            let found = shared.look(|world| world.requests.after(after));
            if !found.is_empty() || changes.changed().await.is_err() {
                return found;
            }
        }
    };
    let found = timeout(LONGEST_WAIT, news).await.unwrap_or_default();
    ok(&json!({ "requests": found }))
}
