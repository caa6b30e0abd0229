//! Service, workers and store for a long time, with customers, a handler, agents and faults.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use http::Response;
use messenger_crm::{
    graph::{Graph, send::OutgoingMessage},
    inbox::{Inbox, IncomingMessage, Reply, Report, RunOptions},
    model::{MessageState, OutgoingKey, Side, WorkKind},
    store::{ContactQuery, ContactStore, MAX_LIMIT, MessageQuery, MessageStart, SqliteStore},
};
use tokio::{
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
    time::{interval, sleep, timeout},
};

use crate::{
    host::{Between, Commits, inbox, now, serve},
    phones::{CHILD, text},
    world::{Outcome, PAGE, median},
};

/// One commit of so many is refused.
const REFUSED: u32 = 50;
/// Time between two replies of the agents.
const AGENTS: Duration = Duration::from_millis(500);
/// Time between two looks at memory, descriptors and WAL.
const LOOK: Duration = Duration::from_secs(5);
/// Time in which all replies must be settled after the last message.
const PATIENCE: Duration = Duration::from_secs(600);

/// Counters of the service and the workers.
#[derive(Default)]
struct Counts {
    events: AtomicU64,
    refused: AtomicU64,
    not_stored: AtomicU64,
    failures: AtomicU64,
    replies: AtomicU64,
}

/// Runs for so many minutes, prints a line each minute, and fails when a message was lost or stored
/// twice, or a reply sent twice.
pub(crate) async fn soak(folder: &Path, minutes: u64) -> Outcome {
    let mut phones = Phones::start(minutes)?;
    let graph = Graph::new()?.with_base_url(&phones.line().await?)?;
    let path = folder.join("soak.db");
    let store = SqliteStore::open(&path)?;
    let one_of = Arc::new(AtomicU32::new(REFUSED));
    let commits = Commits::Refused {
        one_of: one_of.clone(),
    };
    let counts = Arc::new(Counts::default());
    let failures = counts.clone();
    let inbox = inbox(Between::new(store.clone(), commits), graph)?
        .on_message("answer", async |incoming: IncomingMessage| {
            let text = incoming.message.content.text.as_deref();
            let answer = format!("answer to {}", text.unwrap_or_default());
            incoming.reply_text(answer).await?;
            Ok(())
        })
        .with_error_hook(move |_| {
            failures.failures.fetch_add(1, Relaxed);
        });
    let (service, counted) = (inbox.service(), counts.clone());
    let address = serve(move |request| {
        let (service, counted) = (service.clone(), counted.clone());
        async move {
            let response = service.respond(request).await;
            counted.add(&response);
            response
        }
    })
    .await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let workers = tokio::spawn({
        let inbox = inbox.clone();
        let options = RunOptions::default().single_process();
        async move {
            let stopped = async { stopped.await.unwrap_or_default() };
            inbox.run(options, stopped).await;
        }
    });
    let agents = agents(inbox.clone(), counts.clone());
    phones.write(&format!("http://{address}/webhook"))?;

    println!("soak for {minutes} minutes, on {}", path.display());
    let watched = watch(&inbox, &path, &counts, minutes).await?;
    agents.abort();
    // Each delivery is repeated until it is acknowledged; then nothing may be refused any more.
    one_of.store(0, Relaxed);
    let written: u64 = timeout(PATIENCE, phones.line()).await??.parse()?;
    timeout(PATIENCE, settled(&inbox)).await??;
    phones.write("the replies are sent")?;
    let shown = phones.line().await?;
    let (shown, again) = shown.split_once(' ').ok_or("no numbers")?;
    phones.end()?;
    stop.send(()).map_err(|()| "the workers ended early")?;
    workers.await?;

    println!("  {written} messages were acknowledged; the phones show {shown} replies");
    check(&store, written).await?;
    if again != "0" {
        return Err(format!("{again} replies were sent twice").into());
    }
    println!("  each message is stored once, no reply was sent twice");
    watched.print();
    Ok(())
}

impl Counts {
    fn add(&self, response: &Response<String>) {
        match response.extensions().get::<Report>() {
            Some(Report::Committed { events, .. }) => {
                self.events.fetch_add(*events as u64, Relaxed);
            }
            Some(_) => {
                self.not_stored.fetch_add(1, Relaxed);
            }
            None => {
                self.refused
                    .fetch_add(u64::from(response.status() == 401), Relaxed);
            }
        }
    }
}

/// Agents who reply to the customer who wrote last.
fn agents(inbox: Inbox, counts: Arc<Counts>) -> JoinHandle<Outcome> {
    tokio::spawn(async move {
        let mut ticks = interval(AGENTS);
        for number in 0_u64.. {
            ticks.tick().await;
            let query = ContactQuery::new(PAGE.parse()?).with_limit(1);
            let Some(customer) = inbox.store().contacts(&query).await?.rows.pop() else {
                continue;
            };
            let mut chance = [0; 10];
            chance[..8].copy_from_slice(&number.to_be_bytes());
            let key = OutgoingKey::new(now(), chance);
            let psid = customer.key.psid.clone();
            let message = OutgoingMessage::text(psid, format!("agent's reply {number}"))?;
            let reply = Reply::new(key, message);
            // A reply that the store refused was not queued: an agent would press the button again.
            if inbox.reply(&customer.key.page, reply, now()).await.is_ok() {
                counts.replies.fetch_add(1, Relaxed);
            }
        }
        Ok(())
    })
}

/// Samples taken while it runs.
#[derive(Default)]
struct Watched {
    memory: Vec<f64>,
    descriptors: Vec<f64>,
    wal: Vec<f64>,
}

async fn watch(inbox: &Inbox, path: &Path, counts: &Counts, minutes: u64) -> Outcome<Watched> {
    let mut watched = Watched::default();
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let wal = PathBuf::from(wal);
    let begun = Instant::now();
    let mut before = 0;
    for minute in 1..=minutes {
        while begun.elapsed() < Duration::from_secs(60 * minute) {
            sleep(LOOK).await;
            watched.memory.push(resident_mib("VmRSS")?);
            let descriptors = std::fs::read_dir("/proc/self/fd")?.count();
            watched.descriptors.push(descriptors as f64);
            watched
                .wal
                .push(std::fs::metadata(&wal)?.len() as f64 / MIB);
        }
        let health = inbox.health(now()).await?;
        let queues = health.queues.iter();
        let queues = queues.map(|queue| format!("{} {}", queue.kind.as_str(), queue.depth));
        let queues: Vec<String> = queues.collect();
        let last = |all: &[f64]| all.last().copied().unwrap_or_default();
        let events = counts.events.load(Relaxed);
        println!(
            "  {minute:>3} min: {:>3.0} events/s, RSS {:.1} MiB, {:.0} descriptors, WAL {:.1} MiB; waiting: {}; \
             so far 503 {}, 401 {}, failures of the workers {}, agents' replies {}",
            (events - before) as f64 / 60.0,
            last(&watched.memory),
            last(&watched.descriptors),
            last(&watched.wal),
            queues.join(", "),
            counts.not_stored.load(Relaxed),
            counts.refused.load(Relaxed),
            counts.failures.load(Relaxed),
            counts.replies.load(Relaxed),
        );
        before = events;
    }
    Ok(watched)
}

impl Watched {
    fn print(&self) {
        println!("  median of the first third and of the last");
        for (name, all) in [
            ("RSS in MiB", &self.memory),
            ("descriptors", &self.descriptors),
            ("WAL in MiB", &self.wal),
        ] {
            let third = all.len() / 3;
            let first = median(all[..third].to_vec());
            let last = median(all[all.len() - third..].to_vec());
            println!(
                "    {name:<12} {first:>8.1} {last:>8.1}   {:+.1}",
                last - first
            );
        }
    }
}

const MIB: f64 = 1024.0 * 1024.0;

/// Memory of this process that Linux counts under this name.
pub(crate) fn resident_mib(name: &str) -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(name));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kib
        .ok_or("the system does not count memory")?
        .parse::<f64>()?
        / 1024.0)
}

/// Waits until no message waits for the handler and no reply for Meta, also those that are tried
/// again later.
async fn settled(inbox: &Inbox) -> Outcome {
    loop {
        let later = now() + Duration::from_secs(3600);
        let health = inbox.health(later).await?;
        let mut queues = health.queues.iter();
        if queues.all(|queue| queue.kind == WorkKind::PROFILE || queue.depth == 0) {
            return Ok(());
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Fails unless the store has each message of the customers once.
async fn check(store: &SqliteStore, written: u64) -> Outcome {
    let mut times = vec![0_u32; usize::try_from(written)?];
    let mut replies = [0_u64; 3];
    let mut query = ContactQuery::new(PAGE.parse()?).with_limit(MAX_LIMIT);
    loop {
        let listed = store.contacts(&query).await?;
        for customer in &listed.rows {
            let mut query = MessageQuery::new(customer.key.clone()).with_limit(MAX_LIMIT);
            loop {
                let listed = store.messages(&query).await?;
                for message in &listed.rows {
                    match (message.side, message.state) {
                        (Side::Customer, _) => {
                            let said = message.content.text.as_deref().unwrap_or_default();
                            let number = said.rsplit(' ').next().unwrap_or_default();
                            let number: usize = number.parse()?;
                            if said != text(number as u64) {
                                return Err(format!("nobody wrote {said:?}").into());
                            }
                            *times.get_mut(number).ok_or("a message too many")? += 1;
                        }
                        (_, Some(MessageState::Unknown)) => replies[1] += 1,
                        (_, Some(MessageState::Failed)) => replies[2] += 1,
                        _ => replies[0] += 1,
                    }
                }
                match listed.next {
                    Some(cursor) => query.start = MessageStart::OlderThan(cursor),
                    None => break,
                }
            }
        }
        match listed.next {
            Some(cursor) => query.after = Some(cursor),
            None => break,
        }
    }
    let [sent, unknown, failed] = replies;
    println!("  stored replies: {sent} sent, {unknown} unknown, {failed} failed");
    let lost = times.iter().filter(|times| **times == 0).count();
    let again = times.iter().filter(|times| **times > 1).count();
    if lost + again > 0 {
        return Err(format!("{lost} messages were lost, {again} are stored twice").into());
    }
    Ok(())
}

/// The other side, a process.
struct Phones {
    process: Child,
    input: ChildStdin,
    output: Option<BufReader<ChildStdout>>,
}

impl Phones {
    fn start(minutes: u64) -> Outcome<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([CHILD, "--minutes", &minutes.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().ok_or("no input")?;
        let output = process.stdout.take().map(BufReader::new);
        Ok(Self {
            process,
            input,
            output,
        })
    }

    fn write(&mut self, line: &str) -> Outcome {
        writeln!(self.input, "{line}")?;
        Ok(self.input.flush()?)
    }

    async fn line(&mut self) -> Outcome<String> {
        let mut output = self.output.take().ok_or("an earlier read was given up")?;
        let (output, line) = spawn_blocking(move || {
            let mut line = String::new();
            output.read_line(&mut line).map(|_| (output, line))
        })
        .await??;
        self.output = Some(output);
        match line.is_empty() {
            true => Err("the phones have ended".into()),
            false => Ok(line.trim_end().to_owned()),
        }
    }

    fn end(mut self) -> Outcome {
        match self.process.wait()?.success() {
            true => Ok(()),
            false => Err("the phones failed".into()),
        }
    }
}
