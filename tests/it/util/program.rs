//! The examples as child processes.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use messenger_crm::simulator::Simulator;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::{Answered, Folder, SOON, Webhook};
use crate::example::binary;

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

    /// SIGTERM: asks it to end.
    #[cfg(unix)]
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status();
        assert!(status.unwrap().success());
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

    #[cfg(unix)]
    pub(crate) fn terminate(&self) {
        self.process.terminate();
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
