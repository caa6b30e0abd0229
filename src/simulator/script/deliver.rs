//! Posts bodies to a callback: signed, in order or not.

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::time::sleep;

use crate::simulator::http::client::{CallError, Callback};
use crate::simulator::http::webhook::{explained, signed, wrongly_signed};
use crate::simulator::platform::event;
use crate::simulator::world::delivery::{DeliveryOptions, shuffle};

/// Error for a [`Sender`] that cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SenderError {
    /// The callback cannot be called.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The secret is empty.
    #[error("the App Secret is empty: bodies are signed with it")]
    EmptySecret,
}

/// Outcome of posting a body.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Delivered {
    /// Position of the body among those that were given, from 0; of the first one of a batch.
    pub number: usize,
    /// HTTP status of the response. Absent when there was none.
    pub status: Option<u16>,
    /// Reason why there was no response. Absent when there was one.
    pub error: Option<String>,
}

impl Delivered {
    /// Returns whether the callback answered 200.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.status == Some(200)
    }
}

/// Signs bodies and posts them to a callback on this machine.
pub struct Sender {
    callback: Callback,
    secret: String,
}

impl Sender {
    /// Creates a sender for a callback and the App Secret that it checks signatures with.
    ///
    /// # Errors
    ///
    /// When the URL is not `http` to this machine, or the secret is empty.
    pub fn new(callback_url: &str, secret: impl Into<String>) -> Result<Self, SenderError> {
        let secret = secret.into();
        if secret.trim().is_empty() {
            return Err(SenderError::EmptySecret);
        }
        let callback = Callback::parse(callback_url)?;
        Ok(Self { callback, secret })
    }

    /// Writes a body as Meta does, with its escapes.
    #[must_use]
    pub fn encode(body: &Value) -> Bytes {
        event::json(body).into()
    }

    /// Posts bodies and returns the outcomes, in the order of posting.
    ///
    /// Bodies are posted one after another; a refused one is not repeated.
    pub async fn deliver(&self, bodies: &[Bytes], options: &DeliveryOptions) -> Vec<Delivered> {
        let mut outcomes = Vec::new();
        for (number, body) in arrange(bodies, options) {
            sleep(options.delay).await;
            outcomes.push(self.post(number, &body, options).await);
        }
        outcomes
    }

    async fn post(&self, number: usize, body: &Bytes, options: &DeliveryOptions) -> Delivered {
        let request = match options.bad_signature {
            true => wrongly_signed(body),
            false => signed(body, &self.secret, options.with_sha1),
        };
        let (status, error) = match self.callback.call(request).await {
            Ok(answered) => (Some(answered.status.as_u16()), None),
            Err(error) => (None, Some(explained(&error))),
        };
        Delivered {
            number,
            status,
            error,
        }
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// Puts bodies into the order of posting, batched and repeated.
fn arrange(bodies: &[Bytes], options: &DeliveryOptions) -> Vec<(usize, Bytes)> {
    let numbered = bodies.iter().cloned().enumerate();
    let mut all: Vec<(usize, Bytes)> = numbered
        .flat_map(|body| std::iter::repeat_n(body, options.copies.max(1) as usize))
        .collect();
    if options.shuffle {
        shuffle(&mut all, &mut options.order());
    }
    if options.batch <= 1 {
        return all;
    }
    batched(all, options.batch)
}

/// Joins the entries of neighbors. A body that is not an object with entries is not joined.
fn batched(bodies: Vec<(usize, Bytes)>, longest: usize) -> Vec<(usize, Bytes)> {
    let mut joined: Vec<(usize, Bytes)> = Vec::new();
    let mut open: Option<(usize, Vec<Value>)> = None;
    let close = |open: &mut Option<(usize, Vec<Value>)>, joined: &mut Vec<_>| {
        if let Some((number, entries)) = open.take() {
            let body = json!({"object": "page", "entry": entries});
            joined.push((number, Sender::encode(&body)));
        }
    };
    for (number, body) in bodies {
        let read: Option<Value> = serde_json::from_slice(&body).ok();
        let entries = read.filter(|body| body["object"] == "page");
        let Some(entries) = entries.and_then(|body| body["entry"].as_array().cloned()) else {
            close(&mut open, &mut joined);
            joined.push((number, body));
            continue;
        };
        let held = open.as_ref().map_or(0, |(_, held)| held.len());
        if held + entries.len() > longest {
            close(&mut open, &mut joined);
        }
        open.get_or_insert_with(|| (number, Vec::new()))
            .1
            .extend(entries);
    }
    close(&mut open, &mut joined);
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies() -> Vec<Bytes> {
        let bodies = (0..5).map(|id| json!({"object": "page", "entry": [{"id": id}]}));
        bodies.map(|body| Sender::encode(&body)).collect()
    }

    #[test]
    fn l3_bodies_are_repeated_batched_and_shuffled_by_a_seed() {
        let count = |options: &DeliveryOptions| arrange(&bodies(), options).len();
        let mut options = DeliveryOptions::default();
        assert_eq!(arrange(&bodies(), &options)[4].1, bodies()[4]);
        options.copies = 2;
        assert_eq!(count(&options), 10);
        options.batch = 4;
        assert_eq!(count(&options), 3);
        let options = DeliveryOptions {
            shuffle: true,
            seed: 7,
            ..DeliveryOptions::default()
        };
        let order = |options| -> Vec<usize> {
            let arranged = arrange(&bodies(), options);
            arranged.into_iter().map(|(number, _)| number).collect()
        };
        assert_eq!(order(&options), order(&options));
        let mut sorted = order(&options);
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4]);
    }
}
