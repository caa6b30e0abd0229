//! Deliveries that are in flight when it ends.

use std::collections::BTreeSet;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{sleep, timeout};

use super::meta::{Dice, Meta};
use super::stored::{check, everything, sound};
use crate::util::{self, Crm, Folder, SOON, Webhook};

/// As it may, a kill falls between a commit and its answers in one of a few rounds: many share one
/// commit, and each of them waits for an answer of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_what_was_committed_and_not_answered_is_sent_again_and_is_there_once() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let mut crm = Crm::start(&folder, &simulator).await;
    let address = crm.address.clone();
    let webhook = crm.connect(&simulator).await;
    let meta = Arc::new(Meta::of(webhook, &crm));
    let database = rusqlite::Connection::open(folder.database()).unwrap();
    let mut count = database.prepare("SELECT count(*) FROM message").unwrap();
    let mut count = || -> i64 { count.query_row([], |row| row.get(0)).unwrap() };
    let mut dice = Dice::new(3);
    for round in 1.. {
        let before = count();
        let mut tasks = JoinSet::new();
        for task in 0..64 {
            let mut dice = Dice::new(dice.next());
            let delivery = meta.next(&mut dice, &format!("round {round}, task {task}"));
            let meta = meta.clone();
            tasks.spawn(async move { meta.post(delivery, &mut dice).await });
        }
        block_in_place(|| {
            let begun = Instant::now();
            while count() < before + 16 {
                assert!(
                    begun.elapsed() < SOON,
                    "round {round}: nothing is committed"
                );
            }
            crm.kill();
        });
        tasks.join_all().await;
        crm = Crm::again(&folder, &simulator, &address).await;
        let stored = everything(&crm, &meta.webhook.page).await;
        let texts: BTreeSet<&String> = stored.iter().map(|one| &one.text).collect();
        let again = std::mem::take(&mut meta.ledger.lock().unwrap().again);
        let is_stored = |text: &String| texts.contains(text);
        let unanswered = again.iter().filter(|one| {
            let is_new = |text: &String| !meta.ledger.lock().unwrap().acknowledged.contains(text);
            one.texts.iter().all(|text| is_new(text) && is_stored(text))
        });
        let unanswered = unanswered.count();
        for delivery in again {
            meta.post(delivery, &mut dice).await;
        }
        let stored = everything(&crm, &meta.webhook.page).await;
        {
            let ledger = meta.ledger.lock().unwrap();
            check(&ledger, &stored);
            let all = ledger.posted.len();
            assert_eq!(ledger.acknowledged.len(), all, "all were sent again");
        }
        println!("round {round}: {unanswered} were committed and not answered");
        if unanswered > 0 {
            break;
        }
        assert!(round < 60, "no kill fell between a commit and an answer");
    }
    drop(crm);
    sound(&folder);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i16_sigterm_under_load_answers_what_has_begun_takes_nothing_new_and_ends() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let mut crm = Crm::start(&folder, &simulator).await;
    let address = crm.address.clone();
    let webhook = crm.connect(&simulator).await;
    let meta = Arc::new(Meta::of(webhook, &crm));
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let (meta, dice) = (meta.clone(), Dice::new(task));
        let name = format!("task {task}");
        tasks.spawn(async move { meta.post_on(dice, name).await });
    }
    let begun = Instant::now();
    while meta.answers() < 50 {
        assert!(begun.elapsed() < SOON, "no POST got 200");
        sleep(Duration::from_millis(5)).await;
    }
    let half = Half::begin(&meta.webhook, &crm).await;
    let told = Instant::now();
    terminate(&crm);
    // Nobody else gets in while the one who has begun is waited for.
    loop {
        match timeout(SOON, TcpStream::connect(&address)).await.unwrap() {
            Err(_) => break,
            Ok(_) => sleep(Duration::from_millis(5)).await,
        }
        assert!(told.elapsed() < Duration::from_secs(2), "it still accepts");
    }
    assert_eq!(crm.ended(Duration::ZERO).await, None);
    let answer = half.finish().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let status = crm.ended(Duration::from_secs(5)).await;
    assert_eq!(status.expect("an end in 5 seconds").code(), Some(0));
    meta.dying.store(true, Ordering::SeqCst);
    tasks.join_all().await;

    let crm = Crm::again(&folder, &simulator, &address).await;
    let mut stored = everything(&crm, &meta.webhook.page).await;
    let is_half = |text: &str| text == Half::TEXT;
    assert!(stored.iter().any(|one| is_half(&one.text)));
    stored.retain(|one| !is_half(&one.text));
    check(&meta.ledger.lock().unwrap(), &stored);
    drop(crm);
    sound(&folder);
}

#[cfg(unix)]
#[tokio::test]
async fn i16_a_second_sigterm_ends_it_at_once() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let mut crm = Crm::start(&folder, &simulator).await;
    let webhook = crm.connect(&simulator).await;
    let half = Half::begin(&webhook, &crm).await;
    terminate(&crm);
    // It waits for the rest of that body.
    let status: Option<ExitStatus> = crm.ended(Duration::from_millis(500)).await;
    assert_eq!(status, None);
    terminate(&crm);
    let status = crm.ended(Duration::from_secs(1)).await;
    assert_eq!(status.expect("an end at once").code(), Some(130));
    drop(half);
    sound(&folder);
}

#[cfg(unix)]
fn terminate(crm: &Crm) {
    let id = crm.id().to_string();
    let told = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status();
    assert!(told.unwrap().success());
}

/// A signed POST of which the last byte is still to come.
struct Half {
    stream: TcpStream,
    last: u8,
}

impl Half {
    const TEXT: &str = "I have begun";

    async fn begin(webhook: &Webhook, crm: &Crm) -> Self {
        let item = util::message(&webhook.page, "7", "m_half", Self::TEXT);
        let mut body = util::notification(&webhook.page, &[item]);
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n{}\r\n",
            webhook.path,
            crm.address,
            body.len(),
            webhook.signature(&body),
        );
        let last = body.pop().unwrap();
        let mut stream = TcpStream::connect(&crm.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        // The server has read the head when it has answered somebody who came later, or soon.
        crm.get("/").await.expect(200);
        sleep(Duration::from_millis(200)).await;
        Self { stream, last }
    }

    async fn finish(mut self) -> String {
        self.stream.write_all(&[self.last]).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(SOON, self.stream.read_to_end(&mut answer)).await;
        read.expect("an answer in time").unwrap();
        String::from_utf8(answer).unwrap()
    }
}
