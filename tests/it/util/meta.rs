//! Meta's part: signed bodies and the simulator.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use messenger_crm::simulator::Simulator;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Answered, Crm};

/// What Meta's dashboard would know of a connection.
#[derive(Clone)]
pub(crate) struct Webhook {
    pub(crate) page: String,
    pub(crate) path: String,
    pub(crate) verify_token: String,
    pub(crate) secret: String,
}

impl Webhook {
    #[track_caller]
    pub(crate) fn of(connection: &Value, simulator: &Simulator) -> Self {
        let url = connection["webhook_url"].as_str().unwrap();
        let (_, rest) = url.split_once("://").unwrap();
        Self {
            page: connection["page"]["id"].as_str().unwrap().to_owned(),
            path: rest[rest.find('/').unwrap()..].to_owned(),
            verify_token: connection["verify_token"].as_str().unwrap().to_owned(),
            secret: simulator.app().app_secret.clone(),
        }
    }

    /// The header that Meta would send with this body.
    pub(crate) fn signature(&self, body: &[u8]) -> String {
        signature(&self.secret, body)
    }

    pub(crate) async fn deliver(&self, crm: &Crm, body: &[u8]) -> Answered {
        crm.ask("POST", &self.path, &self.signature(body), body)
            .await
    }

    pub(crate) async fn handshake(&self, crm: &Crm, token: &str, challenge: &str) -> Answered {
        let token = encoded(token);
        let query =
            format!("hub.mode=subscribe&hub.challenge={challenge}&hub.verify_token={token}");
        crm.get(&format!("{}?{query}", self.path)).await
    }
}

/// The whole header line.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    format!("x-hub-signature-256: {}\r\n", signed(secret, body))
}

pub(crate) fn signed(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// One thing that happened, as Meta tells it: who wrote, the message's id, the text.
pub(crate) fn message(page: &str, psid: &str, mid: &str, text: &str) -> Value {
    json!({
        "sender": {"id": psid},
        "recipient": {"id": page},
        "timestamp": now(),
        "message": {"mid": mid, "text": text},
    })
}

pub(crate) fn notification(page: &str, items: &[Value]) -> Vec<u8> {
    let entry = json!({"time": now(), "id": page, "messaging": items});
    let body = json!({"object": "page", "entry": [entry]});
    body.to_string().into_bytes()
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// For a value in a query.
pub(crate) fn encoded(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(byte).collect()
}

pub(crate) async fn simulator() -> Simulator {
    let simulator = Simulator::start("127.0.0.1:0".parse().unwrap()).await;
    simulator.unwrap()
}
