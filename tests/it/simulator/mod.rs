//! The simulator over real sockets, with a callback of a few lines as the CRM.

#![allow(clippy::unwrap_used)]

mod clients;
mod command;
mod faults;
mod layers;
mod limits;
mod listening;
mod people;
mod phone;
mod rules;
mod scenes;
mod script;
mod sending;
mod trust;
mod webhooks;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use messenger_crm::simulator::{Customer, ProfileAnswer, SendAnswer, Simulator};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

const YIJUN: &str = "7324561089432101";
const AMELIE: &str = "24681357902468135";
const JONAS: &str = "5983017264490373";
const PAGE: &str = "102030405060708";
/// What a callback answers that does not.
const HANG: u16 = 0;
const SOON: Duration = Duration::from_secs(10);

/// One POST that the callback got, and the status it gave.
struct Call {
    signature: String,
    body: String,
    status: u16,
}

impl Call {
    fn item(&self) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["entry"][0]["messaging"][0].clone()
    }
}

type Answers = Arc<Mutex<dyn FnMut(&str) -> u16 + Send>>;

struct Callback {
    url: String,
    address: SocketAddr,
    calls: mpsc::UnboundedReceiver<Call>,
    server: JoinHandle<()>,
}

impl Callback {
    /// Answers every notification with 200.
    async fn start() -> Self {
        Self::answering(|_: &str| 200).await
    }

    async fn answering(answer: impl FnMut(&str) -> u16 + Send + 'static) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), answer).await
    }

    async fn at(address: SocketAddr, answer: impl FnMut(&str) -> u16 + Send + 'static) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let answers: Answers = Arc::new(Mutex::new(answer));
        let (told, calls) = mpsc::unbounded_channel();
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answers, told) = (answers.clone(), told.clone());
                connections.spawn(async move {
                    let service =
                        service_fn(move |request| take(request, answers.clone(), told.clone()));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self {
            url: format!("http://{address}/webhook?tenant=1"),
            address,
            calls,
            server,
        }
    }

    async fn next(&mut self) -> Call {
        let call = timeout(SOON, self.calls.recv()).await;
        call.expect("a notification in time").unwrap()
    }

    async fn silence(&mut self) {
        let call = timeout(Duration::from_millis(300), self.calls.recv()).await;
        assert!(call.is_err(), "{}", call.unwrap().unwrap().body);
    }

    async fn stop(self) {
        self.server.abort();
        let _ = self.server.await;
    }
}

async fn take(
    request: Request<Incoming>,
    answers: Answers,
    told: mpsc::UnboundedSender<Call>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    if parts.method == Method::GET {
        // Without a query it is not Meta, but somebody whom a 302 sent here.
        let query = parts.uri.query();
        return Ok(query.map_or_else(|| reply(200, ""), handshake));
    }
    assert_eq!(parts.headers["content-type"], "application/json");
    let body = String::from_utf8(body.to_vec()).unwrap();
    let status = (answers.lock().unwrap())(&body);
    let signature = parts.headers["x-hub-signature-256"]
        .to_str()
        .unwrap()
        .to_owned();
    told.send(Call {
        signature,
        body,
        status,
    })
    .unwrap();
    if status == HANG {
        std::future::pending::<()>().await;
    }
    Ok(reply(status, ""))
}

/// Each verify token stands for a kind of callback.
fn handshake(query: &str) -> Response<Full<Bytes>> {
    let value = |name: &str| {
        let prefix = format!("{name}=");
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(&prefix))
            .unwrap()
    };
    assert_eq!(value("tenant"), "1");
    assert_eq!(value("hub.mode"), "subscribe");
    let challenge = value("hub.challenge");
    assert!(challenge.bytes().all(|byte| byte.is_ascii_digit()));
    match value("hub.verify_token") {
        "right" => reply(200, challenge),
        "padded" => reply(200, &format!("{challenge}\n")),
        "cut" => reply(200, &challenge[1..]),
        "constant" => reply(200, "1158201444"),
        "created" => reply(201, challenge),
        _ => reply(403, challenge),
    }
}

fn reply(status: u16, body: &str) -> Response<Full<Bytes>> {
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    let response = Response::builder().status(status);
    let response = response.header("location", "/elsewhere");
    response.body(body).unwrap()
}

struct Answered {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Meta's envelope without the trace, which must be there.
    #[track_caller]
    fn refusal(&self) -> Value {
        let mut error = self.json()["error"].clone();
        let trace = error.as_object_mut().unwrap().remove("fbtrace_id").unwrap();
        assert!(trace.as_str().unwrap().len() > 8);
        error
    }
}

/// Bytes there and back; `None` when the connection closes without an answer.
async fn exchange(simulator: &Simulator, request: String) -> Option<Answered> {
    let address = simulator.url().replace("http://", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset is a way to close, too.
    let _ = stream.read_to_end(&mut answer).await;
    if answer.is_empty() {
        return None;
    }
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head[9..12].parse().unwrap();
    let body = answer[end + 4..].to_vec();
    Some(Answered { status, head, body })
}

async fn ask(simulator: &Simulator, request: &str, headers: &str, body: &str) -> Answered {
    let host = simulator.url().replace("http://", "");
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    exchange(simulator, text).await.expect("an answer")
}

fn hex_hmac(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn proof(simulator: &Simulator) -> String {
    hex_hmac(&simulator.app().app_secret, &simulator.app().page_token)
}

fn bearer(simulator: &Simulator) -> String {
    let token = &simulator.app().page_token;
    format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n")
}

async fn graph(simulator: &Simulator, method: &str, path: &str, body: &str) -> Answered {
    let mark = if path.contains('?') { '&' } else { '?' };
    let proof = proof(simulator);
    let request = format!("{method} /v27.0/{path}{mark}appsecret_proof={proof}");
    ask(simulator, &request, &bearer(simulator), body).await
}

/// The same without a version.
async fn graph_at(simulator: &Simulator, method: &str, path: &str, body: &str) -> Answered {
    let mark = if path.contains('?') { '&' } else { '?' };
    let proof = proof(simulator);
    let request = format!("{method} /{path}{mark}appsecret_proof={proof}");
    ask(simulator, &request, &bearer(simulator), body).await
}

async fn send(simulator: &Simulator, body: Value) -> Answered {
    graph(
        simulator,
        "POST",
        &format!("{PAGE}/messages"),
        &body.to_string(),
    )
    .await
}

fn text(psid: &str, text: &str) -> Value {
    json!({"recipient": {"id": psid}, "messaging_type": "RESPONSE", "message": {"text": text}})
}

async fn start() -> Simulator {
    Simulator::start("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap()
}

fn customer<'a>(simulator: &'a Simulator, psid: &'a str) -> Customer<'a> {
    simulator.customer(psid).unwrap()
}

async fn connected(callback: &Callback) -> Simulator {
    let simulator = start().await;
    simulator.subscribe(&callback.url, "right").await.unwrap();
    simulator
}

/// Follows the link of an attachment, a path, to its file.
async fn download(simulator: &Simulator, path: &str) -> Answered {
    let link = ask(simulator, &format!("GET {path}"), "", "").await;
    assert_eq!(link.status, 302, "{}", link.head);
    let mut lines = link.head.lines();
    let file = lines.find_map(|line| line.strip_prefix("location: "));
    ask(simulator, &format!("GET {}", file.unwrap()), "", "").await
}

/// Posts what the phone's own page would.
async fn phone(simulator: &Simulator, route: &str, headers: &str, body: &str) -> Answered {
    let headers = format!("content-type: application/json\r\n{headers}");
    ask(simulator, &format!("POST /phone/{route}"), &headers, body).await
}
