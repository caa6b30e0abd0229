//! What a delivery costs from its bytes to its events, beside what nobody can do without.
//!
//! `cargo bench --bench receive` prints, for each body, the time and throughput of each variant as
//! a multiple of the bare HMAC, what it allocates, and the most it holds at one time. At the end it
//! prints the multiples of all bodies in one table. Every typed field is read inside the measured
//! part, and the characters of each text are counted, so that escapes have been decoded.

use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use messenger_crm::{
    event::{Event, Kind},
    secret::{AppSecret, VerifyToken},
    webhook::{Webhook, parse_unverified, sign},
};
use serde::de::IgnoredAny;
use sha2::Sha256;

mod bodies;
mod textbook;
mod util;
use util::{Variant, interleave, print, print_memory};

const SECRET: &str = "60efff025951cddde78c8d03de52cc90";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = AppSecret::new(SECRET)?;
    let webhook = Webhook::new(&secret, VerifyToken::new("unused")?);
    let prepared = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())?;
    let only = std::env::args().nth(1).filter(|arg| !arg.starts_with('-'));
    let mut table = Vec::new();
    for (name, events, body) in bodies::all() {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let body = body.as_bytes();
        let signature = sign(&secret, body);
        let header = Some(signature.as_bytes());
        let hmac = || {
            let mut mac = prepared.clone();
            mac.update(black_box(body));
            mac.finalize().into_bytes()
        };
        let verified = || webhook.verify(black_box(header), black_box(body));
        let iterated = || {
            let mut sum = 0;
            // As a host would: `flatten` would move each event twice more.
            if let Ok(events) = webhook.events(black_box(header), black_box(body)) {
                for event in events {
                    sum += event.map_or(0, |event| read(&event));
                }
            }
            sum
        };
        let collected = || {
            let delivery = webhook.receive(black_box(header), black_box(body));
            delivery
                .iter()
                .flat_map(|delivery| &delivery.events)
                .map(read)
                .sum::<usize>()
        };
        let parsed = || {
            let delivery = parse_unverified(black_box(body));
            delivery
                .iter()
                .flat_map(|delivery| &delivery.events)
                .map(read)
                .sum::<usize>()
        };
        let ignored = || serde_json::from_slice::<IgnoredAny>(black_box(body)).is_ok();
        let value = || serde_json::from_slice::<serde_json::Value>(black_box(body));
        let textbook = || textbook::parse(black_box(body));
        let title = format!("{name}, {events} events");
        let measured = interleave(vec![
            Variant::new("HMAC alone, prepared key", hmac),
            Variant::new("verify", verified),
            Variant::new("receive, one by one", iterated),
            Variant::new("receive, collected", collected),
            Variant::new("parse, collected", parsed),
            Variant::new("serde_json IgnoredAny", ignored),
            Variant::new("serde_json Value", value),
            Variant::new("textbook: flatten and untagged", textbook),
        ]);
        print(&title, body.len(), &measured);
        let ratios: Vec<f64> = measured[1..4]
            .iter()
            .map(|variant| variant.nanos / measured[0].nanos)
            .collect();
        table.push((name, ratios));
        print_memory("receive, one by one", body.len(), iterated);
        print_memory("receive, collected", body.len(), collected);
        print_memory("serde_json Value", body.len(), value);
        print_memory("textbook: flatten and untagged", body.len(), textbook);
        println!();
    }
    println!("multiples of the HMAC   verify  one by one  collected");
    for (name, ratios) in table {
        println!(
            "{name:<22} {:>7.2} {:>11.2} {:>10.2}",
            ratios[0], ratios[1], ratios[2]
        );
    }
    Ok(())
}

/// Reads every field there is of the events in these bodies.
fn read(event: &Event<'_>) -> usize {
    let text =
        |text: &Option<messenger_crm::text::Text<'_>>| text.as_ref().map_or(0, |text| text.len());
    let mut sum = text(&event.entry_id) + text(&event.sender) + text(&event.recipient);
    sum += event.raw().len();
    sum += usize::from(event.timestamp.is_some()) + usize::from(event.extras.is_some());
    sum + match &event.kind {
        Kind::Message(message) | Kind::Echo(message) => {
            let quick_reply = message.quick_reply.as_ref();
            let attachments = message.attachments.iter().map(|attachment| {
                let payload = attachment.payload.as_ref().map_or(0, |payload| {
                    text(&payload.url)
                        + text(&payload.title)
                        + text(&payload.sticker_id)
                        + text(&payload.id)
                        + text(&payload.template_type)
                        + text(&payload.text)
                        + payload.elements.len()
                        + payload.buttons.len()
                });
                payload + text(&attachment.kind) + text(&attachment.title) + text(&attachment.url)
            });
            text(&message.mid)
                + message.text.as_ref().map_or(0, |text| text.chars().count())
                + quick_reply.map_or(0, |reply| text(&reply.payload))
                + message
                    .reply_to
                    .as_ref()
                    .map_or(0, |reply| text(&reply.mid))
                + attachments.sum::<usize>()
                + message
                    .referral
                    .as_ref()
                    .map_or(0, |referral| text(&referral.reference))
                + message.commands.len()
                + text(&message.app_id)
                + text(&message.metadata)
                + message.sticker_id.as_ref().map_or(0, |id| id.len())
                + usize::from(message.is_deleted)
                + usize::from(message.is_unsupported)
        }
        Kind::Postback(postback) => {
            text(&postback.mid)
                + text(&postback.title)
                + text(&postback.payload)
                + postback
                    .referral
                    .as_ref()
                    .map_or(0, |referral| text(&referral.reference))
        }
        Kind::Delivery(receipt) | Kind::Read(receipt) => {
            let mids = receipt.mids.iter().flat_map(|mids| mids.iter());
            mids.map(|mid| mid.len()).sum::<usize>() + usize::from(receipt.watermark.is_some())
        }
        kind => black_box(kind).name().len(),
    }
}
