//! The simulator over real sockets, with a callback of a few lines as the CRM.

#![allow(clippy::unwrap_used)]

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
use messenger_crm::simulator::{ProfileAnswer, SendAnswer, Simulator};
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

// ---- A callback ----------------------------------------------------------

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

// ---- A client ------------------------------------------------------------

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
    let request = format!("{method} /v25.0/{path}{mark}appsecret_proof={proof}");
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

async fn connected(callback: &Callback) -> Simulator {
    let simulator = start().await;
    simulator.subscribe(&callback.url, "right").await.unwrap();
    simulator
}

/// Posts what the phone's own page would.
async fn phone(simulator: &Simulator, route: &str, headers: &str, body: &str) -> Answered {
    let headers = format!("content-type: application/json\r\n{headers}");
    ask(simulator, &format!("POST /phone/{route}"), &headers, body).await
}

// ---- Listening -----------------------------------------------------------

#[tokio::test]
async fn other_than_loopback_addresses_are_refused() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = Simulator::start(address.parse().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{address}");
    }
}

#[tokio::test]
async fn shutdown_closes_idle_connections_and_frees_the_port() {
    let mut callback = Callback::answering(|_: &str| 500).await;
    let simulator = connected(&callback).await;
    simulator.write(YIJUN, "never taken").unwrap();
    callback.next().await;
    let address: SocketAddr = simulator.url().replace("http://", "").parse().unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    timeout(SOON, simulator.shutdown()).await.unwrap();
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0);
    TcpListener::bind(address).await.unwrap();
    // What had left before the end may still arrive.
    tokio::time::sleep(Duration::from_millis(200)).await;
    while callback.calls.try_recv().is_ok() {}
    tokio::time::sleep(Duration::from_millis(500)).await;
    callback.silence().await;
}

#[tokio::test]
async fn credentials_are_fresh_at_each_start_but_ids_are_not() {
    let (one, other) = (start().await, start().await);
    assert_eq!(one.app().app_id, other.app().app_id);
    assert_eq!(one.app().page_id, PAGE);
    assert_ne!(one.app().app_secret, other.app().app_secret);
    assert_ne!(one.app().page_token, other.app().page_token);
    assert_eq!(one.app().app_secret.len(), 32);
    assert!(one.app().page_token.starts_with("EAA"));
    let shown = format!("{one:?}");
    assert!(!shown.contains(&one.app().app_secret) && !shown.contains(&one.app().page_token));
}

// ---- The handshake -------------------------------------------------------

#[tokio::test]
async fn only_200_and_exactly_the_challenge_is_a_handshake() {
    let callback = Callback::start().await;
    let simulator = start().await;
    simulator.subscribe(&callback.url, "right").await.unwrap();
    let wrong = "callback answered the handshake with 200, but not with exactly the challenge";
    for (token, words) in [
        ("padded", wrong),
        ("cut", wrong),
        ("constant", wrong),
        (
            "created",
            "callback answered the handshake with HTTP status 201, not 200",
        ),
        (
            "other",
            "callback answered the handshake with HTTP status 403, not 200",
        ),
        (" ", "verify token is blank"),
    ] {
        let error = simulator.subscribe(&callback.url, token).await.unwrap_err();
        assert_eq!(error.to_string(), words, "{token}");
    }
}

#[tokio::test]
async fn a_callback_that_cannot_be_called_says_why_without_the_token() {
    let simulator = start().await;
    for url in ["", "webhook", "file:///etc/passwd"] {
        let error = simulator.subscribe(url, "right").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "callback url is not an absolute http or https address"
        );
    }
    let gone = Callback::start().await;
    let url = gone.url.clone();
    gone.stop().await;
    let error = simulator.subscribe(&url, "very-secret").await.unwrap_err();
    assert_eq!(error.to_string(), "callback cannot be reached");
    assert!(!format!("{error:?}").contains("very-secret"), "{error:?}");
}

#[tokio::test]
async fn a_failed_handshake_keeps_the_callback_there_was() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    simulator
        .subscribe(&callback.url, "padded")
        .await
        .unwrap_err();
    let mid = simulator.write(YIJUN, "still here").unwrap();
    assert_eq!(callback.next().await.item()["message"]["mid"], *mid);
}

#[tokio::test]
async fn before_the_handshake_nobody_is_told() {
    let mut callback = Callback::start().await;
    let simulator = start().await;
    simulator.write(YIJUN, "anybody?").unwrap();
    assert_eq!(simulator.pending(), 0);
    simulator.subscribe(&callback.url, "right").await.unwrap();
    callback.silence().await;
}

// ---- Webhooks ------------------------------------------------------------

#[tokio::test]
async fn a_message_is_signed_and_escaped_as_meta_does() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let mid = simulator.write(AMELIE, "Grüße 你好 🙂 a/b").unwrap();
    let call = callback.next().await;
    let signature = hex_hmac(&simulator.app().app_secret, &call.body);
    assert_eq!(call.signature, format!("sha256={signature}"));
    let time = call
        .body
        .strip_prefix(r#"{"object":"page","entry":[{"time":"#)
        .unwrap();
    let rest = &time[13..];
    let timestamp = call.item()["timestamp"].as_u64().unwrap();
    assert_eq!(
        rest,
        format!(
            r#","id":"{PAGE}","messaging":[{{"sender":{{"id":"{AMELIE}"}},"recipient":{{"id":"{PAGE}"}},"timestamp":{timestamp},"message":{{"mid":"{mid}","text":"Gr\u00fc\u00dfe \u4f60\u597d \ud83d\ude42 a\/b"}}}}]}}]}}"#
        )
    );
    assert_eq!(call.item()["message"]["text"], "Grüße 你好 🙂 a/b");
}

#[tokio::test]
async fn pictures_and_get_started_are_told_in_metas_words() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    simulator.send_picture(YIJUN).unwrap();
    let item = callback.next().await.item();
    let attachment = &item["message"]["attachments"][0];
    assert_eq!(attachment["type"], "image");
    let url = attachment["payload"]["url"].as_str().unwrap();
    let path = url.strip_prefix(&simulator.url()).unwrap();
    let picture = ask(&simulator, &format!("GET {path}"), "", "").await;
    assert!(picture.body.starts_with(b"\x89PNG"));
    assert!(item["message"].get("text").is_none());

    let mid = simulator.tap_get_started(YIJUN).unwrap();
    assert_eq!(
        callback.next().await.item()["postback"],
        json!({"mid": mid, "title": "Get Started", "payload": "GET_STARTED"})
    );
}

#[tokio::test]
async fn a_refused_notification_comes_again_and_later_ones_wait_for_it() {
    let mut refusals = vec![503, 302, 202, 500].into_iter();
    let mut callback = Callback::answering(move |_: &str| refusals.next().unwrap_or(200)).await;
    let simulator = connected(&callback).await;
    let mids = ["one", "two", "three"].map(|text| simulator.write(YIJUN, text).unwrap());
    assert_eq!(simulator.pending(), 3);
    let first = callback.next().await;
    assert_eq!(
        (first.item()["message"]["mid"].as_str(), first.status),
        (Some(&*mids[0]), 503)
    );
    for status in [302, 202, 500, 200] {
        let again = callback.next().await;
        assert_eq!(
            (again.status, &again.body, &again.signature),
            (status, &first.body, &first.signature)
        );
    }
    for mid in &mids[1..] {
        assert_eq!(callback.next().await.item()["message"]["mid"], **mid);
    }
    callback.silence().await;
    assert_eq!(simulator.pending(), 0);
}

#[tokio::test]
async fn a_callback_that_hangs_is_asked_again_after_five_seconds() {
    let mut answers = vec![HANG].into_iter();
    let mut callback = Callback::answering(move |_: &str| answers.next().unwrap_or(200)).await;
    let simulator = connected(&callback).await;
    simulator.write(YIJUN, "hello?").unwrap();
    let first = callback.next().await;
    let asked = Instant::now();
    let again = callback.next().await;
    assert_eq!((again.status, again.body), (200, first.body));
    assert!(asked.elapsed() > Duration::from_millis(4500));
}

#[tokio::test]
async fn one_persons_refused_notification_does_not_hold_up_another_persons() {
    let mut callback =
        Callback::answering(|body: &str| if body.contains(YIJUN) { 500 } else { 200 }).await;
    let simulator = connected(&callback).await;
    simulator.write(YIJUN, "stuck").unwrap();
    callback.next().await;
    simulator.write(AMELIE, "free").unwrap();
    while callback.next().await.status != 200 {}
    timeout(SOON, async {
        while simulator.pending() != 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    assert!(!simulator.thread(YIJUN).unwrap()[0].acknowledged);
    assert!(simulator.thread(AMELIE).unwrap()[0].acknowledged);
}

#[tokio::test]
async fn a_crm_that_was_down_hears_everything_once_it_is_up() {
    let callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let address = callback.address;
    callback.stop().await;
    let mids = ["one", "two"].map(|text| simulator.write(YIJUN, text).unwrap());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(simulator.pending(), 2);
    let mut callback = Callback::at(address, |_: &str| 200).await;
    for mid in &mids {
        assert_eq!(callback.next().await.item()["message"]["mid"], **mid);
    }
}

// ---- Sending -------------------------------------------------------------

#[tokio::test]
async fn a_sent_message_is_shown_echoed_delivered_and_read() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let mut body = text(AMELIE, "Bonjour ☕");
    body["message"]["metadata"] = json!("key-1");
    let sent = send(&simulator, body).await;
    let mid = sent.json()["message_id"].as_str().unwrap().to_owned();
    assert_eq!(sent.status, 200);
    assert_eq!(
        sent.json(),
        json!({"recipient_id": AMELIE, "message_id": mid})
    );
    let shown = &simulator.thread(AMELIE).unwrap()[0];
    assert_eq!(
        (shown.text.as_deref(), shown.from_page),
        (Some("Bonjour ☕"), true)
    );

    let app_id: u64 = simulator.app().app_id.parse().unwrap();
    assert_eq!(
        callback.next().await.item(),
        json!({
            "sender": {"id": PAGE}, "recipient": {"id": AMELIE}, "timestamp": shown.timestamp,
            "message": {"is_echo": true, "app_id": app_id, "metadata": "key-1", "mid": mid, "text": "Bonjour ☕"},
        })
    );
    let delivered = callback.next().await.item();
    assert_eq!(delivered["sender"], json!({"id": AMELIE}));
    assert_eq!(
        delivered["delivery"],
        json!({"mids": [mid], "watermark": shown.timestamp})
    );

    callback.silence().await;
    assert!(simulator.read(AMELIE).unwrap());
    let read = callback.next().await.item();
    assert_eq!(read["sender"], json!({"id": AMELIE}));
    assert_eq!(read["read"], json!({"watermark": shown.timestamp}));
    assert!(!simulator.read(AMELIE).unwrap(), "read once only");
    callback.silence().await;
}

#[tokio::test]
async fn what_the_page_has_not_sent_cannot_be_read() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    simulator.write(YIJUN, "mine").unwrap();
    callback.next().await;
    assert!(!simulator.read(YIJUN).unwrap());
    callback.silence().await;
}

#[tokio::test]
async fn an_attachment_by_address_is_delivered_as_such() {
    let simulator = start().await;
    let attachment = json!({"type": "image", "payload": {"url": "https://shop.example/shirt.png"}});
    let body = json!({"recipient": {"id": YIJUN}, "message": {"attachment": attachment}});
    assert_eq!(send(&simulator, body).await.status, 200);
    let shown = simulator
        .thread(YIJUN)
        .unwrap()
        .remove(0)
        .attachment
        .unwrap();
    assert_eq!(
        (&*shown.kind, &*shown.url),
        ("image", "https://shop.example/shirt.png")
    );
}

#[tokio::test]
async fn a_form_is_as_good_as_json() {
    let simulator = start().await;
    let app = simulator.app();
    let body = format!(
        "access_token={}&appsecret_proof={}&recipient=%7B%22id%22%3A%22{YIJUN}%22%7D&message=%7B%22text%22%3A%22hi%22%7D",
        app.page_token,
        proof(&simulator)
    );
    let headers = "content-type: application/x-www-form-urlencoded\r\n";
    let sent = ask(&simulator, "POST /v7.0/me/messages", headers, &body).await;
    assert_eq!(sent.json()["recipient_id"], YIJUN);
}

#[tokio::test]
async fn sender_actions_answer_without_a_message_id() {
    let simulator = start().await;
    for action in ["typing_on", "typing_off", "mark_seen", "TYPING_ON"] {
        let body = json!({"recipient": {"id": YIJUN}, "sender_action": action});
        assert_eq!(
            send(&simulator, body).await.json(),
            json!({"recipient_id": YIJUN})
        );
    }
    let state = ask(
        &simulator,
        &format!("GET /phone/state?psid={YIJUN}"),
        "",
        "",
    )
    .await;
    assert_eq!(state.json()["typing"], true);
    assert!(simulator.thread(YIJUN).unwrap().is_empty());
}

#[tokio::test]
async fn wrong_sends_are_refused_and_reach_nobody() {
    let simulator = start().await;
    let refused = |code: u32, subcode: Option<u32>, message: &str| {
        let mut error = json!({"message": message, "type": "OAuthException", "code": code});
        if let Some(subcode) = subcode {
            error["error_subcode"] = json!(subcode);
        }
        error
    };
    let both = json!({
        "recipient": {"id": YIJUN}, "message": {"text": "hi"}, "sender_action": "typing_on",
    });
    let mut tagged = text(YIJUN, "hi");
    tagged["messaging_type"] = json!("MESSAGE_TAG");
    tagged["tag"] = json!("ACCOUNT_UPDATE");
    let mut template = text(YIJUN, "hi");
    template["message"]["attachments"] = json!([]);
    let empty = "(#100) Message cannot be empty, must provide valid attachment or text";
    for (body, error) in [
        (
            text("1", "hi"),
            refused(100, Some(2_018_001), "(#100) No matching user found"),
        ),
        (
            both,
            refused(
                100,
                Some(2_018_014),
                "(#100) A request has either message or sender_action, not both",
            ),
        ),
        (text(YIJUN, ""), refused(100, None, empty)),
        (
            text(YIJUN, &"字".repeat(2001)),
            refused(
                100,
                None,
                "(#100) Length of param message[text] must be less than or equal to 2000",
            ),
        ),
        (
            json!({"message": {"text": "hi"}}),
            refused(100, None, "(#100) The parameter recipient is required"),
        ),
        (
            tagged,
            refused(
                100,
                None,
                "(#100) Param tag must be one of {HUMAN_AGENT, CUSTOMER_FEEDBACK}",
            ),
        ),
        (
            template,
            refused(
                100,
                None,
                "(#100) This simulator does not know message[attachments]",
            ),
        ),
    ] {
        let answer = send(&simulator, body).await;
        assert_eq!((answer.status, answer.refusal()), (400, error));
    }
    assert!(simulator.thread(YIJUN).unwrap().is_empty());
    assert_eq!(
        send(&simulator, text(YIJUN, &"字".repeat(2000)))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn chosen_refusals_reach_nobody_and_end_with_the_choice() {
    let simulator = start().await;
    for (answer, status, code, subcode, transient) in [
        (
            SendAnswer::OutsideWindow,
            400,
            10,
            json!(2_018_278),
            Value::Null,
        ),
        (SendAnswer::TokenExpired, 400, 190, json!(463), Value::Null),
        (SendAnswer::Unavailable, 503, 2, Value::Null, json!(true)),
    ] {
        simulator.answer_sends(answer);
        let refused = send(&simulator, text(YIJUN, "hi")).await;
        let error = refused.refusal();
        assert_eq!((refused.status, &error["code"]), (status, &json!(code)));
        assert_eq!(
            (&error["error_subcode"], &error["is_transient"]),
            (&subcode, &transient)
        );
    }
    assert!(simulator.thread(YIJUN).unwrap().is_empty());
    simulator.answer_sends(SendAnswer::Accepted);
    assert_eq!(send(&simulator, text(YIJUN, "hi")).await.status, 200);
}

#[tokio::test]
async fn a_send_without_an_answer_is_delivered_all_the_same() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    simulator.answer_sends(SendAnswer::NoAnswer);
    let (body, proof) = (text(YIJUN, "hello?").to_string(), proof(&simulator));
    let request = format!(
        "POST /v25.0/me/messages?appsecret_proof={proof} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n{}\r\n{body}",
        body.len(),
        bearer(&simulator)
    );
    assert!(exchange(&simulator, request).await.is_none());
    assert_eq!(callback.next().await.item()["message"]["text"], "hello?");
    assert_eq!(simulator.thread(YIJUN).unwrap().len(), 1);
}

// ---- Trust ---------------------------------------------------------------

#[tokio::test]
async fn a_call_needs_the_right_token_and_the_right_proof() {
    let simulator = start().await;
    let (app, right) = (simulator.app(), proof(&simulator));
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let timed = |time: u64| {
        let message = format!("{}|{time}", app.page_token);
        let proof = hex_hmac(&app.app_secret, &message);
        format!("?appsecret_proof={proof}&appsecret_time={time}")
    };
    let missing = "API calls from the server require an appsecret_proof argument";
    let invalid = "Invalid appsecret_proof provided in the API argument";
    for (query, message) in [
        (format!("?appsecret_proof={right}"), None),
        (timed(now), None),
        (timed(now - 200), None),
        (String::new(), Some(missing)),
        (
            format!("?appsecret_proof={}", right.to_uppercase()),
            Some(invalid),
        ),
        (
            format!("?appsecret_proof={right}&appsecret_time={now}"),
            Some(invalid),
        ),
        (timed(now - 400), Some(invalid)),
        (timed(now + 400), Some(invalid)),
    ] {
        let request = format!("GET /v25.0/me{query}");
        let answer = ask(&simulator, &request, &bearer(&simulator), "").await;
        match message {
            None => assert_eq!(answer.json(), json!({"id": PAGE, "name": "Corner Shop"})),
            Some(message) => {
                let error =
                    json!({"message": message, "type": "GraphMethodException", "code": 100});
                assert_eq!((answer.status, answer.refusal()), (400, error), "{query}");
            }
        }
    }
    let request = format!("GET /v25.0/me?appsecret_proof={right}");
    let wrong = ask(
        &simulator,
        &request,
        "authorization: Bearer EAAother\r\n",
        "",
    )
    .await;
    assert_eq!(wrong.refusal()["code"], 190);
    assert_eq!(
        ask(&simulator, &request, "", "").await.refusal()["code"],
        104
    );
    let parameter = format!("{request}&access_token={}", app.page_token);
    assert_eq!(ask(&simulator, &parameter, "", "").await.status, 200);
}

#[tokio::test]
async fn what_does_not_exist_is_refused_like_meta() {
    let simulator = start().await;
    for (method, path, node) in [
        ("GET", "999", "999"),
        ("GET", "me/unknown", "me"),
        ("POST", "7324561089432101/messages", YIJUN),
    ] {
        let error = graph(&simulator, method, path, "").await.refusal();
        let method = method.to_lowercase();
        assert_eq!(
            error,
            json!({
                "message": format!("Unsupported {method} request. Object with ID '{node}' does not exist, cannot be loaded due to missing permissions, or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"),
                "type": "GraphMethodException", "code": 100, "error_subcode": 33,
            })
        );
    }
    let proof = proof(&simulator);
    for version in ["v6.0/", "v25/", "25.0/", ""] {
        let request = format!("GET /{version}me?appsecret_proof={proof}");
        let answer = ask(&simulator, &request, &bearer(&simulator), "").await;
        assert_eq!(answer.refusal()["error_subcode"], 33, "{version}");
    }
}

// ---- Profiles ------------------------------------------------------------

#[tokio::test]
async fn a_profile_holds_what_was_asked_for() {
    let simulator = start().await;
    let profile = graph(
        &simulator,
        "GET",
        &format!("{YIJUN}?fields=first_name,name"),
        "",
    )
    .await;
    assert_eq!(
        profile.json(),
        json!({"id": YIJUN, "first_name": "怡君", "name": "林怡君"})
    );
    let refused = graph(
        &simulator,
        "GET",
        &format!("{YIJUN}?fields=name,locale"),
        "",
    )
    .await;
    assert_eq!(
        refused.refusal()["message"],
        "(#100) Tried accessing nonexisting field (locale) on node type (User)"
    );
    let none = json!({
        "message": "(#100) No profile available for this user.",
        "type": "OAuthException", "code": 100, "error_subcode": 2_018_218,
    });
    assert_eq!(graph(&simulator, "GET", JONAS, "").await.refusal(), none);
    simulator.answer_profiles(ProfileAnswer::Refused);
    assert_eq!(graph(&simulator, "GET", YIJUN, "").await.refusal(), none);
    simulator.answer_profiles(ProfileAnswer::Empty);
    assert_eq!(graph(&simulator, "GET", YIJUN, "").await.json(), json!({}));
    simulator.answer_profiles(ProfileAnswer::WithoutPicture);
    let profile = graph(&simulator, "GET", AMELIE, "").await.json();
    assert_eq!(
        profile,
        json!({"id": AMELIE, "first_name": "Amélie", "last_name": "Laurent"})
    );
    simulator.answer_profiles(ProfileAnswer::Slow);
    let slow = graph(&simulator, "GET", YIJUN, "");
    assert!(timeout(Duration::from_millis(400), slow).await.is_err());
}

#[tokio::test]
async fn a_picture_needs_the_signature_of_its_address() {
    let simulator = start().await;
    let profile = graph(
        &simulator,
        "GET",
        &format!("{YIJUN}?fields=profile_pic"),
        "",
    )
    .await
    .json();
    let url = profile["profile_pic"].as_str().unwrap();
    let path = url.strip_prefix(&simulator.url()).unwrap();
    let picture = ask(&simulator, &format!("GET {path}"), "", "").await;
    assert_eq!(picture.status, 200);
    assert!(
        picture
            .head
            .to_lowercase()
            .contains("content-type: image/png")
    );
    assert!(picture.body.starts_with(b"\x89PNG"));
    for (from, to) in [
        (YIJUN, AMELIE),
        ("ext=", "ext=9"),
        ("hash=", "hash=0"),
        ("1024", "1025"),
    ] {
        let forged = ask(
            &simulator,
            &format!("GET {}", path.replace(from, to)),
            "",
            "",
        )
        .await;
        assert_eq!(
            (forged.status, forged.text()),
            (403, "URL signature expired"),
            "{to}"
        );
    }
}

// ---- The page ------------------------------------------------------------

#[tokio::test]
async fn the_page_runs_its_own_script_only() {
    let simulator = start().await;
    let page = ask(&simulator, "GET /", "", "").await;
    assert!(
        page.head.contains("default-src 'none'; script-src 'self'"),
        "{}",
        page.head
    );
    let html = page.text();
    for inline in ["style=", "onclick", "<style", "<script>"] {
        assert!(!html.contains(inline), "{inline}");
    }
    for file in [
        "phone.js",
        "phone.css",
        "page.png",
        &format!("people/{JONAS}.png"),
    ] {
        let answer = ask(&simulator, &format!("GET /phone/{file}"), "", "").await;
        assert_eq!(answer.status, 200, "{file}");
    }
}

#[tokio::test]
async fn the_page_writes_and_subscribes() {
    let mut callback = Callback::start().await;
    let simulator = start().await;
    let subscription =
        |token| json!({"callback_url": callback.url, "verify_token": token}).to_string();
    let refused = phone(&simulator, "subscription", "", &subscription("other")).await;
    assert_eq!(
        (refused.status, refused.json()),
        (
            422,
            json!({"error": "callback answered the handshake with HTTP status 403, not 200"})
        )
    );
    let saved = phone(&simulator, "subscription", "", &subscription("right")).await;
    assert_eq!(saved.status, 200);
    let body = json!({"psid": YIJUN, "text": "hi"}).to_string();
    let written = phone(
        &simulator,
        "messages",
        "sec-fetch-site: same-origin\r\n",
        &body,
    )
    .await;
    let item = callback.next().await.item();
    assert_eq!(item["message"]["mid"], written.json()["mid"]);
    phone(
        &simulator,
        "answers",
        "",
        r#"{"sends":"token_expired","profiles":"empty"}"#,
    )
    .await;
    assert_eq!(
        send(&simulator, text(YIJUN, "hi")).await.refusal()["code"],
        190
    );
    assert_eq!(graph(&simulator, "GET", YIJUN, "").await.json(), json!({}));
}

#[tokio::test]
async fn other_sites_cannot_use_the_phone() {
    let simulator = start().await;
    let body = json!({"psid": YIJUN, "text": "hi"}).to_string();
    let origin = "origin: https://evil.example\r\n";
    let neighbour = "origin: http://127.0.0.1:1\r\n";
    for header in [
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\n",
        origin,
        neighbour,
    ] {
        assert_eq!(
            phone(&simulator, "messages", header, &body).await.status,
            403,
            "{header}"
        );
    }
    let form = "content-type: text/plain\r\n";
    assert_eq!(
        ask(&simulator, "POST /phone/messages", form, &body)
            .await
            .status,
        415
    );
    let rebound = "GET /phone/app HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    assert_eq!(
        exchange(&simulator, rebound.to_owned())
            .await
            .unwrap()
            .status,
        403
    );
    assert!(simulator.thread(YIJUN).unwrap().is_empty());
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_refused() {
    let simulator = start().await;
    let body = " ".repeat((1 << 20) + 1);
    assert_eq!(phone(&simulator, "messages", "", &body).await.status, 413);
}
