//! How much memory large deliveries take: counted, so that it cannot grow unseen.
//!
//! A separate program, because whatever allocates in it is counted, in all threads.

#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "client", feature = "sqlite"))]

use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use messenger_crm::graph::{Access, AppAccess, Graph};
use messenger_crm::inbox::{Inbox, SinglePage, WebhookService};
use messenger_crm::secret::AppSecret;
use messenger_crm::store::SqliteStore;
use messenger_crm::webhook::{SIGNATURE_HEADER, sign};
use peak_alloc::PeakAlloc;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const SECRET: &str = "60efff025951cddde78c8d03de52cc90";
/// Size of a body, just below the limit.
const BODY: usize = 15_500_000;
/// Bytes that all large bodies may hold: four of eight fit.
const IN_FLIGHT: usize = 64 * 1024 * 1024;

/// One test, because another at the same time would be counted as well.
#[tokio::test]
async fn n19_large_bodies_take_at_most_six_times_their_size() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("memory-{}.db", std::process::id()));
    let store = SqliteStore::open_without_search(&path).unwrap();
    let app = AppAccess::new("271828182845904".parse().unwrap(), SECRET.parse().unwrap());
    let access = Access::new(app, "1".parse().unwrap(), "EAAtoken".parse().unwrap());
    let connections = SinglePage::new(access, "hush".parse().unwrap());
    let inbox = Inbox::new(
        Arc::new(store.clone()),
        Graph::new().unwrap(),
        Arc::new(connections),
    );
    let service = inbox.service().with_bytes_in_flight(1 << 20, IN_FLIGHT);
    // The machine may be slow; the size counts.
    let service = service.with_deadline(Duration::from_secs(3600));
    // As many events as there can be, and few with long texts, which take less time.
    let [many, few] = ["Do you still have it?".to_owned(), "oolong ".repeat(150)]
        .map(|text| -> &[u8] { body(&text).leak() });
    let signature_of = |body| sign(&AppSecret::new(SECRET).unwrap(), body).to_string();
    let signatures = [many, few].map(signature_of);

    let before = ALLOCATED.current_usage();
    ALLOCATED.reset_peak_usage();
    assert_eq!(deliver(&service, many, &signatures[0]).await, 200);
    let peak = ALLOCATED.peak_usage() - before;
    println!("one body: {:.2} x its size", peak as f64 / BODY as f64);
    assert!(peak <= 6 * BODY, "{peak} bytes for a body of {BODY}");

    ALLOCATED.reset_peak_usage();
    let mut all = JoinSet::new();
    for _ in 0..8 {
        let (service, signature) = (service.clone(), signatures[1].clone());
        all.spawn(async move {
            // As Meta does, who sends again what found no room.
            while deliver(&service, few, &signature).await != 200 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    let peak = ALLOCATED.peak_usage() - before;
    println!(
        "eight bodies: {:.2} x what they may hold",
        peak as f64 / IN_FLIGHT as f64
    );
    assert!(
        peak <= 6 * IN_FLIGHT,
        "{peak} bytes for {IN_FLIGHT} in flight"
    );
    let kept = ALLOCATED.current_usage().saturating_sub(before);
    println!(
        "afterwards: {:.2} x the size of one",
        kept as f64 / BODY as f64
    );
    assert!(kept <= BODY, "{kept} bytes are kept");
    drop(service);
    store.close().await.unwrap();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}

/// A delivery with as many messages of this text as the size allows.
fn body(text: &str) -> Vec<u8> {
    let mut body = String::from(r#"{"object":"page","entry":[{"id":"1","time":1,"messaging":["#);
    for number in 0.. {
        write!(
            body,
            r#"{{"sender":{{"id":"{}"}},"recipient":{{"id":"1"}},"timestamp":{},"message":{{"mid":"m_{number:086}","text":"{text}"}}}},"#,
            24_000_000_000_000_000_u64 + number % 1_000,
            1_700_000_000_000_u64 + number,
        )
        .unwrap();
        if body.len() + 300 + text.len() > BODY {
            break;
        }
    }
    body.pop();
    body.push_str("]}]}");
    body.into_bytes()
}

async fn deliver(service: &WebhookService, body: &'static [u8], signature: &str) -> u16 {
    let request = http::Request::post("/webhook").header(SIGNATURE_HEADER, signature);
    let request = request.body(Arriving(body)).unwrap();
    service.respond(request).await.status().as_u16()
}

/// A body that arrives in parts which are not allocated.
struct Arriving(&'static [u8]);

impl Body for Arriving {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let (part, rest) = self.0.split_at(self.0.len().min(16 * 1024));
        self.0 = rest;
        let frame = (!part.is_empty()).then(|| Ok(Frame::data(Bytes::from_static(part))));
        Poll::Ready(frame)
    }
}
