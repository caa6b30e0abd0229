//! Triggered and replayed webhooks.

use messenger_crm::Webhook;
use messenger_crm::event::Kind;
use messenger_crm::secret::{AppSecret, VerifyToken};
use messenger_crm::simulator::script::{DeliveryOptions, Override, Sender, kinds, trigger};

use super::*;

/// Name of the variant of a triggered event, as this crate reads it.
fn variant(body: &Value, name: &str) -> &'static str {
    let bytes = Sender::encode(body);
    let signature = format!(
        "sha256={}",
        hex_hmac("secret", std::str::from_utf8(&bytes).unwrap())
    );
    let secret = AppSecret::new("secret").unwrap();
    let webhook = Webhook::new(&secret, VerifyToken::new("verify").unwrap());
    let events = webhook.events(Some(signature.as_bytes()), &bytes).unwrap();
    let events: Vec<_> = events.collect();
    assert_eq!(events.len(), 1, "{name}");
    let kind = &events[0].as_ref().unwrap().kind;
    let row = Kind::TABLE.iter().find(|row| row.name == kind.name());
    match kind {
        Kind::MarketingMessage(_) => "MarketingMessage",
        Kind::Change { .. } => "Change",
        Kind::Unrecognized { reason, .. } => panic!("{name}: {reason}"),
        _ => row.unwrap().variant,
    }
}

#[test]
fn l2_every_typed_kind_can_be_triggered() {
    let mut found: Vec<&str> = kinds()
        .map(|kind| {
            let body = trigger(kind.name, &[], 1_700_000_000_000).unwrap();
            variant(&body, kind.name)
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    let mut all: Vec<&str> = Kind::TABLE.iter().map(|row| row.variant).collect();
    all.push("Change");
    all.sort_unstable();
    assert_eq!(found, all);
    assert!(trigger("no_such_kind", &[], 0).is_err());
}

#[tokio::test]
async fn l2_a_triggered_event_is_signed_and_reaches_a_receiver() {
    let mut callback = Callback::start().await;
    let sender = Sender::new(&callback.url, "a-secret").unwrap();
    let text: Override = "message.text=你好/a".parse().unwrap();
    let body = trigger("message", &[text], 1_700_000_000_000).unwrap();
    let outcome = sender
        .deliver(&[Sender::encode(&body)], &DeliveryOptions::default())
        .await;
    assert!(outcome[0].is_accepted());
    let call = callback.next().await;
    assert_eq!(
        call.signature,
        format!("sha256={}", hex_hmac("a-secret", &call.body))
    );
    assert!(
        call.body.contains(r#""text":"\u4f60\u597d\/a""#),
        "{}",
        call.body
    );
}

#[tokio::test]
async fn l3_a_wrong_signature_and_copies_reach_the_receiver_as_such() {
    let mut callback = Callback::answering(|_: &str| 401).await;
    let sender = Sender::new(&callback.url, "a-secret").unwrap();
    let mut options = DeliveryOptions::default();
    options.copies = 2;
    options.bad_signature = true;
    let body = Sender::encode(&trigger("read", &[], 1_700_000_000_000).unwrap());
    let outcomes = sender.deliver(&[body], &options).await;
    let statuses: Vec<_> = outcomes.iter().map(|outcome| outcome.status).collect();
    assert_eq!(statuses, [Some(401), Some(401)]);
    let first = callback.next().await;
    assert_eq!(first.signature, format!("sha256={}", "0".repeat(64)));
    assert_eq!(callback.next().await.body, first.body);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_reported_and_other_machines_are_not_called() {
    let callback = Callback::start().await;
    let url = callback.url.clone();
    callback.stop().await;
    let sender = Sender::new(&url, "a-secret").unwrap();
    let body = Sender::encode(&json!({}));
    let outcome = sender.deliver(&[body], &DeliveryOptions::default()).await;
    assert_eq!(outcome[0].status, None);
    let words = outcome[0].error.as_deref().unwrap();
    assert!(words.starts_with("callback cannot be reached: "), "{words}");
    assert!(Sender::new("http://192.0.2.1/webhook", "a").is_err());
    assert!(Sender::new(&url, " ").is_err());
}
