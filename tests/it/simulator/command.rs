//! The command line, as another process.

use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::*;
use crate::corpus;
use crate::example::binary;

const SECRET: &str = "a-secret";

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(binary("simulator"));
    command.args(words).env("APP_SECRET", SECRET);
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

async fn run(words: &[&str]) -> (Output, String) {
    let output = command(words).output().await.unwrap();
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    (output, printed)
}

/// A program that runs until it is dropped, and what it prints.
async fn running(mut command: Command) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = timeout(SOON, lines.next_line()).await;
    line.expect("a line in time").unwrap().unwrap()
}

#[tokio::test]
async fn l2_l3_an_event_is_triggered_from_the_command_line() {
    let mut callback = Callback::start().await;
    let words = [
        "trigger",
        "message",
        "--callback-url",
        &callback.url,
        "--json",
    ];
    let change = [
        "--override",
        "message.text=Do you deliver?",
        "--override",
        "sender.id=42",
    ];
    let (output, printed) = run(&[&words[..], &change[..]].concat()).await;
    assert!(output.status.success());
    let outcome: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(outcome["status"], 200);
    let call = callback.next().await;
    assert_eq!(
        call.signature,
        format!("sha256={}", hex_hmac(SECRET, &call.body))
    );
    assert_eq!(call.item()["message"]["text"], "Do you deliver?");
    assert_eq!(call.item()["sender"]["id"], "42");

    let (_, listed) = run(&["trigger", "--list"]).await;
    for kind in ["message ", "postback ", "business_integrity ", "calls "] {
        assert!(listed.lines().any(|line| line.starts_with(kind)), "{kind}");
    }
    let mut refusing = Callback::answering(|_: &str| 503).await;
    let (output, printed) = run(&["trigger", "read", "--callback-url", &refusing.url]).await;
    assert_eq!(
        (output.status.code(), printed.as_str()),
        (Some(1), "read 503\n")
    );
    refusing.next().await;
}

#[tokio::test]
async fn l3_a_triggered_event_is_copied_joined_and_wrongly_signed_from_the_command_line() {
    let mut callback = Callback::answering(|_: &str| 401).await;
    let words = ["trigger", "message", "--callback-url", &callback.url];
    let several = ["--copies", "3", "--batch", "2", "--bad-signature"];
    let (output, printed) = run(&[&words[..], &several].concat()).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(printed, "message 401\nmessage 401\n0 of 2 answered 200\n");
    for count in [2, 1] {
        let call = callback.next().await;
        assert_eq!(call.signature, format!("sha256={}", "0".repeat(64)));
        let body: Value = serde_json::from_str(&call.body).unwrap();
        assert_eq!(body["entry"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn a_wrong_command_line_says_so_without_the_secret() {
    for words in [
        &["nonsense"][..],
        &["trigger", "nonsense", "--print"],
        &["trigger", "message"],
        &["trigger", "message", "--callback-url", "http://192.0.2.1/"],
        &["trigger", "message", "--override", "nonsense"],
        &["replay"],
        &["fault", "nonsense"],
        &["limit", "page_calls"],
        &["run", "--limit", "nonsense=1"],
        &["--nonsense"],
    ] {
        let (output, _) = run(words).await;
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {complaint}");
        assert!(complaint.starts_with("simulator: "), "{complaint}");
        assert!(!complaint.contains(SECRET), "{complaint}");
    }
    let (output, help) = run(&["--help"]).await;
    assert!(output.status.success() && help.contains("First steps"));
}

#[tokio::test]
async fn l5_l6_a_running_simulator_is_listened_to_limited_and_broken() {
    let (_child, mut lines) = running(command(&[
        "run",
        "--listen",
        "127.0.0.1:0",
        "--json",
        "--print-credentials",
        "--limit",
        "media=7",
    ]))
    .await;
    let ready: Value = serde_json::from_str(&line(&mut lines).await).unwrap();
    let text_of = |name: &str| ready[name].as_str().unwrap().to_owned();
    let url = text_of("url");
    let (output, _) = run(&[
        "fault",
        "throttled",
        "--at",
        &url,
        "--path",
        "/messages",
        "--times",
        "1",
    ])
    .await;
    assert!(output.status.success());
    let (_listener, mut heard) = running(command(&["listen", "--at", &url, "--json"])).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let proof = hex_hmac(&text_of("app_secret"), &text_of("page_token"));
    for code in [Some(80006), None] {
        let sent = client
            .post(format!("{url}/v27.0/me/messages?appsecret_proof={proof}"))
            .bearer_auth(text_of("page_token"))
            .body(text(YIJUN, "hi").to_string());
        sent.send().await.unwrap();
        let request: Value = serde_json::from_str(&line(&mut heard).await).unwrap();
        assert_eq!(request["code"], json!(code));
        assert_eq!(request["parameters"]["message"]["text"], "hi");
    }
    let limit = ["limit", "page_calls=1", "texts=0", "--at", &url];
    let (output, _) = run(&limit).await;
    assert!(output.status.success());
    let limits = client.get(format!("{url}/control/limits")).send().await;
    let limits: Value = serde_json::from_slice(&limits.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!(
        (&limits["page_calls"], &limits["media"]),
        (&json!(1), &json!(7))
    );
    let (output, _) = run(&["advance", "90000", "--at", &url]).await;
    assert!(output.status.success());
    let (output, _) = run(&["fault", "none", "--at", &url]).await;
    assert!(output.status.success());
}

#[tokio::test]
async fn l3_webhooks_of_a_running_simulator_are_broken_from_the_command_line() {
    let mut callback = Callback::start().await;
    let words = ["run", "--listen", "127.0.0.1:0", "--json", "--callback-url"];
    let token = ["--verify-token", "right", "--repeat-speed", "60"];
    let (_child, mut lines) =
        running(command(&[&words[..], &[&callback.url], &token].concat())).await;
    let ready: Value = serde_json::from_str(&line(&mut lines).await).unwrap();
    let url = ready["url"].as_str().unwrap();
    let verified: Value = serde_json::from_str(&line(&mut lines).await).unwrap();
    assert_eq!(verified["verified"], callback.url);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let write = async |text: &str| {
        let body = json!({"psid": YIJUN, "text": text}).to_string();
        let sent = client.post(format!("{url}/phone/messages"));
        let sent = sent.header("content-type", "application/json").body(body);
        assert_eq!(sent.send().await.unwrap().status(), 200);
    };
    let fault = ["fault", "webhooks", "--at", url];
    let several = ["--copies", "2", "--batch", "4", "--bad-signature"];
    let (output, _) = run(&[&fault[..], &several].concat()).await;
    assert!(output.status.success());
    write("one").await;
    let call = callback.next().await;
    let body: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(body["entry"].as_array().unwrap().len(), 2);
    assert_eq!(call.signature, format!("sha256={}", "0".repeat(64)));
    let state = client.get(format!("{url}/control/webhooks")).send().await;
    let state: Value = serde_json::from_slice(&state.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!(
        state,
        json!({"copies": 2, "shuffle": false, "seed": 0, "batch": 4, "delay_ms": 0,
               "bad_signature": true, "sha1": false, "repeat_speed": 60})
    );
    let (output, _) = run(&[&fault[..], &["--copies", "1000"]].concat()).await;
    assert_eq!(output.status.code(), Some(1));
    let (output, _) = run(&["fault", "none", "--at", url]).await;
    assert!(output.status.success());
    write("three").await;
    let call = callback.next().await;
    assert_eq!(call.item()["message"]["text"], "three");
    assert_ne!(call.signature, format!("sha256={}", "0".repeat(64)));
}

#[tokio::test]
async fn l4_the_recorded_corpus_is_replayed_into_the_webhook_example() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let mut receiver = Command::new(binary("webhook"));
    receiver
        .env("APP_ID", "271828182845904")
        .env("APP_SECRET", SECRET)
        .env("PAGE_ID", "102938475610293")
        .env("PAGE_TOKEN", "EAAtoken")
        .env("VERIFY_TOKEN", "verify-me");
    receiver.env("LISTEN", "127.0.0.1:0").kill_on_drop(true);
    let (_receiver, mut lines) = running(receiver).await;
    let address = line(&mut lines).await;
    let url = address.strip_prefix("webhook ").unwrap();
    let index = std::fs::read_to_string(folder.join("index.tsv")).unwrap();
    let mut files = Vec::new();
    let mut expected = Vec::new();
    for row in index.lines().filter(|row| row.starts_with("webhook/")) {
        let (file, rest) = row.split_once('\t').unwrap();
        files.push(folder.join(file).to_str().unwrap().to_owned());
        let (_, kinds) = rest.split('\t').next().unwrap().split_once(':').unwrap();
        expected.push(kinds.split('|').count());
    }
    let mut words = vec!["replay", "--callback-url", url, "--json"];
    words.extend(files.iter().map(String::as_str));
    let (output, printed) = run(&words).await;
    assert!(output.status.success(), "{printed}");
    assert_eq!(printed.lines().count(), files.len());
    assert!(printed.lines().all(|line| line.contains("\"status\":200")));
    for (events, file) in expected.into_iter().zip(files) {
        let printed = line(&mut lines).await;
        assert_eq!(printed, format!("{events} events committed"), "{file}");
    }
}
