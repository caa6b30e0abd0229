//! The examples as child processes, and a client that can also say what no client should.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fs, thread};

use hmac::{Hmac, KeyInit as _, Mac as _};
use messenger_crm::simulator::Simulator;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::example::binary;

/// Longer than anything here takes on a slow machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);

// ---- The program ---------------------------------------------------------

/// A folder of one test, removed with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("crm-{}-{count}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("crm.db")
    }

    /// Whether any value of any table of the database contains these bytes.
    pub(crate) fn stores(&self, needle: &[u8]) -> bool {
        let database = rusqlite::Connection::open(self.database()).unwrap();
        let mut tables = database
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
            .unwrap();
        let tables: Vec<String> = tables
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        tables.iter().any(|table| {
            let mut all = database
                .prepare(&format!("SELECT * FROM \"{table}\""))
                .unwrap();
            let columns = all.column_count();
            let mut rows = all.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    use rusqlite::types::ValueRef;
                    if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) =
                        row.get_ref(column).unwrap()
                        && contains(bytes, needle)
                    {
                        return true;
                    }
                }
            }
            false
        })
    }

    /// Whether any file here contains these bytes.
    pub(crate) fn holds(&self, needle: &[u8]) -> bool {
        fs::read_dir(&self.0).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            path.is_file() && contains(&fs::read(path).unwrap(), needle)
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// A program that writes to pipes which are always read.
pub(crate) struct Process {
    child: Child,
    pub(crate) stdout: Arc<Mutex<String>>,
    pub(crate) stderr: Arc<Mutex<String>>,
    readers: Vec<thread::JoinHandle<()>>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null());
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdout, out) = gathered(child.stdout.take().unwrap());
        let (stderr, err) = gathered(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
            readers: vec![out, err],
        }
    }

    /// SIGKILL: nothing is finished, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// `None` when it still runs after that time.
    pub(crate) async fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                for reader in self.readers.drain(..) {
                    reader.join().unwrap();
                }
                return Some(status);
            }
            if begun.elapsed() > within {
                return None;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// What follows this name on standard output; the reason when it ends without.
    pub(crate) async fn address(&mut self, name: &str) -> Result<String, String> {
        let begun = Instant::now();
        loop {
            let ended = self.ended(Duration::ZERO).await;
            let printed = self.stdout.lock().unwrap().clone();
            let address = printed.lines().find_map(|line| {
                let rest = line.strip_prefix(name)?;
                rest.starts_with(' ').then(|| rest.trim().to_owned())
            });
            if let Some(address) = address {
                return Ok(address);
            }
            let stderr = self.stderr.lock().unwrap().clone();
            if let Some(status) = ended {
                return Err(format!("{name} ended with {status}: {stderr}{printed}"));
            }
            if begun.elapsed() > SOON {
                return Err(format!("no {name} address was printed: {stderr}{printed}"));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn gathered(pipe: impl Read + Send + 'static) -> (Arc<Mutex<String>>, thread::JoinHandle<()>) {
    let text = Arc::new(Mutex::new(String::new()));
    let growing = text.clone();
    let reader = thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).unwrap_or(0) > 0 {
            let line = std::mem::take(&mut line);
            growing
                .lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&line));
        }
    });
    (text, reader)
}

/// How a program ended that should not have started.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
}

impl Ended {
    /// One line on standard error that says what it is about, and a code of failure.
    #[track_caller]
    pub(crate) fn is_one_clear_line(&self, about: &str) {
        let Self { status, stderr } = self;
        assert!(status.code().is_some_and(|code| code != 0), "{status}");
        assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(stderr.contains(about), "{about} is not in: {stderr}");
    }
}

/// Starts the CRM on a database and an address on which it must give up.
pub(crate) async fn refused(database: &Path, listen: &str, graph: &str) -> Ended {
    gives_up(&mut command(database, listen, graph)).await
}

/// Starts a program that must give up.
pub(crate) async fn gives_up(command: &mut Command) -> Ended {
    let mut process = Process::start(command);
    let status = process.ended(SOON).await;
    let stderr = process.stderr.lock().unwrap().clone();
    let Some(status) = status else {
        panic!("it still runs: {stderr}");
    };
    Ended { status, stderr }
}

fn command(database: &Path, listen: &str, graph: &str) -> Command {
    let mut command = Command::new(binary("crm"));
    command.arg("--database").arg(database);
    command.args(["--listen", listen, "--graph-url", graph]);
    command.args(["--public-url", &format!("http://{listen}")]);
    command
}

/// A running CRM; dropping it kills it.
pub(crate) struct Crm {
    process: Process,
    /// `127.0.0.1:8080`
    pub(crate) address: String,
}

impl Crm {
    pub(crate) async fn start(folder: &Folder, simulator: &Simulator) -> Self {
        let started = Self::at(folder, simulator, "127.0.0.1:0").await;
        started.unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// Once more where it was before; the port may take a moment to be free.
    pub(crate) async fn again(folder: &Folder, simulator: &Simulator, address: &str) -> Self {
        let begun = Instant::now();
        loop {
            match Self::at(folder, simulator, address).await {
                Ok(crm) => return crm,
                Err(reason) if begun.elapsed() > Duration::from_secs(10) => panic!("{reason}"),
                Err(reason) => eprintln!("once more after: {reason}"),
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn at(folder: &Folder, simulator: &Simulator, listen: &str) -> Result<Self, String> {
        Self::of(&mut command(&folder.database(), listen, &simulator.url())).await
    }

    /// As it starts for somebody who tries it: with a Messenger of its own.
    pub(crate) async fn demo(folder: &Folder) -> Self {
        let started = Self::of(Command::new(binary("crm")).current_dir(folder.path())).await;
        started.unwrap_or_else(|reason| panic!("{reason}"))
    }

    async fn of(command: &mut Command) -> Result<Self, String> {
        let mut process = Process::start(command);
        let url = process.address("CRM").await?;
        let address = url.strip_prefix("http://").unwrap().trim_end_matches('/');
        Ok(Self {
            address: address.to_owned(),
            process,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.child.id()
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    pub(crate) async fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        self.process.ended(within).await
    }

    /// Connects the simulator's Page.
    pub(crate) async fn connect(&self, simulator: &Simulator) -> Webhook {
        let answer = self
            .post("/api/connections", &credentials(simulator))
            .await
            .expect(201);
        Webhook::of(&answer.json()["connection"], simulator)
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.ask("GET", path, "", b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answered {
        let headers = "content-type: application/json\r\n";
        self.ask("POST", path, headers, body.to_string().as_bytes())
            .await
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Answered {
        let headers = format!("host: {}\r\n{headers}", self.address);
        self.ask_as(method, path, &headers, body).await
    }

    /// The same with a Host of the caller's choice.
    pub(crate) async fn ask_as(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Answered {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        self.exchange(&[head.as_bytes(), body].concat()).await
    }

    pub(crate) async fn exchange(&self, request: &[u8]) -> Answered {
        exchange(&self.address, request).await
    }
}

/// Bytes there and back. The answer may come before all was sent.
pub(crate) async fn exchange(address: &str, request: &[u8]) -> Answered {
    Answered::of(&exchange_raw(address, request).await)
}

/// The same, with all that came back until the connection was closed.
pub(crate) async fn exchange_raw(address: &str, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    let writing = async {
        let _ = writer.write_all(request).await;
        std::future::pending::<()>().await;
    };
    // A reset is a way to close, too.
    let reading = async { drop(reader.read_to_end(&mut answer).await) };
    let exchanged = timeout(SOON, async {
        tokio::select! {
            () = writing => {}
            () = reading => {}
        }
    });
    exchanged.await.expect("an answer in time");
    answer
}

pub(crate) fn credentials(simulator: &Simulator) -> Value {
    let app = simulator.app();
    json!({
        "app_id": app.app_id,
        "app_secret": app.app_secret,
        "page_token": app.page_token,
    })
}

// ---- Answers -------------------------------------------------------------

pub(crate) struct Answered {
    pub(crate) status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answered {
    #[track_caller]
    fn of(answer: &[u8]) -> Self {
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.expect("the head of an answer");
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        Self {
            status: head[9..12].parse().unwrap(),
            head,
            body: answer[end + 4..].to_vec(),
        }
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        self.expect_one_of(&[status])
    }

    #[track_caller]
    pub(crate) fn expect_one_of(self, statuses: &[u16]) -> Self {
        let (head, text) = (&self.head, String::from_utf8_lossy(&self.body));
        assert!(
            statuses.contains(&self.status),
            "not {statuses:?}: {head}\n\n{text}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Whether the head or the body mentions it.
    pub(crate) fn mentions(&self, needle: &str) -> bool {
        self.head.contains(needle) || contains(&self.body, needle.as_bytes())
    }
}

// ---- Meta's part ---------------------------------------------------------

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
