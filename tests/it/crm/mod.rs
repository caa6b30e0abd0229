//! The example CRM from outside: what it must refuse, keep, hide and say.

#![allow(clippy::unwrap_used)]

mod keeping;
mod posting;
mod reading;
mod running;
mod settings;
mod visitors;

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use messenger_crm::simulator::Simulator;
use serde_json::{Value, json};

use crate::util::{
    self, Answered, Crm, Folder, SOON, Webhook, credentials, message, notification, signature,
};

const PSID: &str = "7324561089432101";
const LIMIT: usize = 16 * 1024 * 1024;
const CHALLENGE: &str = "1158201444";

/// A CRM with the simulator's Page connected.
struct Office {
    // Dropped in this order: the program before its folder.
    crm: Crm,
    webhook: Webhook,
    simulator: Simulator,
    folder: Folder,
}

impl Office {
    async fn open() -> Self {
        let folder = Folder::new();
        let simulator = util::simulator().await;
        let crm = Crm::start(&folder, &simulator).await;
        let webhook = crm.connect(&simulator).await;
        Self {
            crm,
            webhook,
            simulator,
            folder,
        }
    }

    fn hello(&self, mid: &str) -> Vec<u8> {
        let page = &self.webhook.page;
        notification(page, &[message(page, PSID, mid, "Hello~")])
    }

    /// Posts to the webhook with these header lines.
    async fn post(&self, headers: &str, body: &[u8]) -> Answered {
        self.crm
            .ask("POST", &self.webhook.path, headers, body)
            .await
    }

    /// Delivers the same body, refused or not, until it is answered so.
    async fn settles_at(&self, status: u16, body: &[u8]) {
        let mut last = 0;
        for _ in 0..50 {
            let answer = self.webhook.deliver(&self.crm, body).await;
            last = answer.expect_one_of(&[200, 503]).status;
            if last == status {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(last, status);
    }

    async fn customers(&self) -> Value {
        let path = format!("/api/customers?page={}", self.webhook.page);
        self.crm.get(&path).await.expect(200).json()["total"].clone()
    }

    async fn connections(&self) -> Vec<Value> {
        connections(&self.crm).await
    }
}

async fn connections(crm: &Crm) -> Vec<Value> {
    let answer = crm.get("/api/connections").await.expect(200).json();
    answer["connections"].as_array().unwrap().clone()
}
