//! The HTTP service, over sockets and without a server.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use messenger_crm::graph::TokioClock;
use messenger_crm::inbox::{
    Callback, ConnectionTable, Connections, ConnectionsError, Report, WebhookService,
};
use messenger_crm::store::{MemoryStore, MessageStart};
use messenger_crm::webhook::{SIGNATURE_HEADER, sign};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::full::Full;
use super::*;
use crate::util::{Answered, Process, SOON, exchange, signature, skipped};

/// An inbox on tokio's clock.
pub(super) fn inbox(store: impl ContactStore, connections: Arc<dyn Connections>) -> Inbox {
    let graph = Graph::from_parts(ScriptedTransport::new(), TokioClock::new());
    Inbox::new(Arc::new(store), graph, connections)
}

/// Serves on a free port, and returns the address.
pub(super) async fn serve(service: WebhookService) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service.clone();
            let service = service_fn(move |request| {
                let service = service.clone();
                async move { Ok::<_, Infallible>(service.respond(request).await) }
            });
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new());
            // The tests also break connections.
            tokio::spawn(async move {
                drop(server.serve_connection(TokioIo::new(stream), service).await)
            });
        }
    });
    address
}

fn head(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n")
}

pub(super) async fn ask(
    address: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> Answered {
    let length = format!("content-length: {}\r\n{headers}", body.len());
    let request = [head(method, path, &length).as_bytes(), body].concat();
    exchange(address, &request).await
}

async fn deliver(address: &str, body: &[u8]) -> Answered {
    ask(address, "POST", "/webhook", &signature(SECRET, body), body).await
}

fn hello(mid: &str) -> Vec<u8> {
    delivery("1", &[message(&ada(), mid, at(1), "Hello")])
}

// ---- Requests -------------------------------------------------------------

#[tokio::test]
async fn h1_v1_handshake_delivery_wrong_signature_and_other_paths() {
    let store = MemoryStore::new();
    let address = serve(inbox(store.clone(), page_1()).service()).await;
    let query = "hub.mode=subscribe&hub.verify_token=hush&hub.challenge=1158201444";
    let handshake = ask(&address, "GET", &format!("/webhook?{query}"), "", b"").await;
    assert_eq!(handshake.expect(200).text(), "1158201444");
    let wrong = query.replace("hush", "wrong");
    ask(&address, "GET", &format!("/webhook?{wrong}"), "", b"")
        .await
        .expect(403);

    let body = hello("m1");
    for headers in ["", &signature("another", &body)] {
        ask(&address, "POST", "/webhook", headers, &body)
            .await
            .expect(401);
    }
    assert!(store.contact(&ada()).await.unwrap().is_none());
    for _ in 0..2 {
        deliver(&address, &body).await.expect(200);
    }
    assert_eq!(talk(&store, &ada()).await.len(), 1);

    let refused = ask(&address, "PUT", "/webhook", "", &body)
        .await
        .expect(405);
    assert_eq!(refused.header("allow"), Some("GET, POST"));
    ask(&address, "GET", "/livez", "", b"").await.expect(200);
    ask(&address, "GET", "/readyz", "", b"").await.expect(200);
    ask(&address, "POST", "/readyz", "", b"").await.expect(405);
}

/// The body never arrives: the path is refused, and a length that is too large.
#[tokio::test]
async fn n18_v25_unknown_paths_and_huge_bodies_are_refused_before_the_body() {
    let service = inbox(MemoryStore::new(), page_1()).service();
    let address = serve(service.with_max_body_bytes(1_000)).await;
    let request = head("POST", "/webhook/unknown", "content-length: 900\r\n");
    exchange(&address, request.as_bytes()).await.expect(404);
    let request = head("POST", "/webhook", "content-length: 1001\r\n");
    exchange(&address, request.as_bytes()).await.expect(413);
    let chunked = head("POST", "/webhook", "transfer-encoding: chunked\r\n");
    let request = format!("{chunked}3e9\r\n{}", " ".repeat(1_001));
    exchange(&address, request.as_bytes()).await.expect(413);
}

#[tokio::test]
async fn g10_i7_a_signed_body_that_is_no_delivery_is_kept_raw_and_acknowledged() {
    let store = MemoryStore::new();
    let address = serve(inbox(store.clone(), page_1()).service()).await;
    for body in [&b"{"[..], b"\xff", br#"{"object":"page"}"#] {
        for _ in 0..2 {
            deliver(&address, body).await.expect(200);
        }
        let kept = store.raw_events(&RawEventQuery::new(None)).await.unwrap();
        assert!(kept.rows.iter().any(|kept| kept.raw == body));
    }
    let kept = store.raw_events(&RawEventQuery::new(None)).await.unwrap();
    assert_eq!(kept.rows.len(), 3);
}

// ---- Limits ---------------------------------------------------------------

#[tokio::test]
async fn n18_f18_slow_large_uploads_do_not_shut_out_small_deliveries() {
    let address = serve(small_service()).await;
    let uploads = small_beside_slow_uploads(&address, &[503]).await;
    let mut large = hello("m1");
    large.resize(400_000, b' ');
    deliver(&address, &large).await.expect(503);
    drop(uploads);
    while deliver(&address, &large)
        .await
        .expect_one_of(&[200, 503])
        .status
        == 503
    {}
}

/// A service in which eight slow uploads take all that large bodies may hold.
fn small_service() -> WebhookService {
    let service = inbox(MemoryStore::new(), page_1()).service();
    let service = service.with_min_rate(0);
    service.with_bytes_in_flight(1 << 20, 400_000)
}

/// Eight uploads take what large bodies may hold, and stall; at least four find no room, and are
/// answered with one of these. Meanwhile each small delivery is acknowledged. The service answers 503
/// after its deadline, so that 200 is in time.
async fn small_beside_slow_uploads(address: &str, refusals: &[u16]) -> JoinSet<()> {
    let (refused, mut refused_with) = tokio::sync::mpsc::unbounded_channel();
    let mut uploads = JoinSet::new();
    for _ in 0..8 {
        let mut upload = TcpStream::connect(address).await.unwrap();
        let head = head("POST", "/webhook", "content-length: 16000000\r\n");
        upload.write_all(head.as_bytes()).await.unwrap();
        let refused = refused.clone();
        uploads.spawn(async move {
            // The server may close before all of it is written.
            let written = upload.write_all(&[b' '; 100_000]).await;
            let mut answer = [0; 12];
            if written.is_err() || upload.read_exact(&mut answer).await.is_err() {
                answer = *b"HTTP/1.1 503";
            }
            refused.send(answer).unwrap();
        });
    }
    for _ in 0..4 {
        let answer = refused_with.recv().await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(refusals.contains(&status), "{answer}");
    }
    for number in 0..50 {
        let small = hello(&format!("small {number}"));
        deliver(address, &small).await.expect(200);
    }
    uploads
}

/// nginx cannot tell a slow upload from a delivery: it hands over what arrives.
#[tokio::test]
async fn n18_behind_nginx_slow_large_uploads_do_not_shut_out_small_deliveries() {
    let service = serve(small_service()).await;
    let Some(nginx) = Nginx::before(&service, "n18_behind_nginx").await else {
        return;
    };
    // nginx answers 502 when the service closes before nginx has written all it has.
    drop(small_beside_slow_uploads(&nginx.address, &[502, 503]).await);
}

/// nginx of one test, in the foreground and as one process.
struct Nginx {
    address: String,
    _process: Process,
    _folder: Folder,
}

impl Nginx {
    /// Starts it before this server, without buffers for requests.
    async fn before(server: &str, test: &str) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
        let mut programs = places.map(|place| place.join("nginx"));
        let Some(program) = programs.find(|program| program.exists()) else {
            skipped(test, "there is no nginx on the path or in /usr/sbin");
            return None;
        };
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let folder = Folder::new();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};\n"))
            .concat();
        let settings = format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\n{temporary}\
             server {{\nlisten {address};\nclient_max_body_size 20m;\n\
             location / {{\nproxy_pass http://{server};\nproxy_http_version 1.1;\n\
             proxy_request_buffering off;\n}}\n}}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, settings).unwrap();
        let mut command = std::process::Command::new(program);
        let command = command.args(["-e", "stderr", "-p"]).arg(folder.path());
        let mut process = Process::start(command.arg("-c").arg(&file));
        let begun = std::time::Instant::now();
        while TcpStream::connect(&address).await.is_err() {
            let ended = process.ended(Duration::ZERO).await;
            let printed = process.stderr.lock().unwrap().clone();
            assert!(ended.is_none() && begun.elapsed() < SOON, "{printed}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(Self {
            address,
            _process: process,
            _folder: folder,
        })
    }
}

#[tokio::test]
async fn n19_a_large_body_is_committed_in_slices_and_each_event_once() {
    let store = MemoryStore::new();
    let service = inbox(store.clone(), page_1()).service();
    let mut events: Vec<Value> = (0..2_500)
        .map(|number| message(&ada(), &format!("m{number}"), at(number), "Hello"))
        .collect();
    events.push(events[0].clone());
    let body = delivery("1", &events);
    for _ in 0..2 {
        let response = service.respond(signed(&body)).await;
        assert_eq!(response.status(), 200);
        let report = response.extensions().get::<Report>();
        assert!(
            matches!(report, Some(Report::Committed { events: 2_501, .. })),
            "{report:?}"
        );
    }
    let mut query = MessageQuery::new(ada());
    let mut count = 0;
    loop {
        let listed = store.messages(&query).await.unwrap();
        count += listed.rows.len();
        match listed.next {
            Some(cursor) => query.start = MessageStart::OlderThan(cursor),
            None => break,
        }
    }
    assert_eq!(count, 2_500);
}

/// The clock of the script passes at once: a body that waits for its sender is too slow.
#[tokio::test]
async fn n18_f18_without_a_server_a_body_that_stalls_is_408() {
    let graph = ScriptedTransport::new().graph();
    let service = Inbox::new(Arc::new(MemoryStore::new()), graph, page_1()).service();
    let request = http::Request::post("/webhook").body(Never).unwrap();
    assert_eq!(service.respond(request).await.status(), 408);
}

/// A body of which nothing arrives.
struct Never;

impl hyper::body::Body for Never {
    type Data = hyper::body::Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Infallible>>> {
        Poll::Pending
    }
}

pub(super) fn signed(body: &[u8]) -> http::Request<String> {
    let secret = AppSecret::new(SECRET).unwrap();
    let request = http::Request::post("/webhook").header(SIGNATURE_HEADER, sign(&secret, body));
    request
        .body(String::from_utf8(body.to_vec()).unwrap())
        .unwrap()
}

// ---- The store ------------------------------------------------------------

#[tokio::test]
async fn i8_a_store_that_cannot_write_is_503_and_nothing_is_lost() {
    let file = File::new();
    let full = Full::new(file.open());
    let address = serve(inbox(full.clone(), page_1()).service()).await;
    let body = hello("m1");
    full.set_full(true);
    deliver(&address, &body).await.expect(503);
    deliver(&address, b"{").await.expect(503);
    ask(&address, "GET", "/readyz", "", b"").await.expect(503);
    ask(&address, "GET", "/livez", "", b"").await.expect(200);
    full.set_full(false);
    deliver(&address, &body).await.expect(200);
    ask(&address, "GET", "/readyz", "", b"").await.expect(200);
    assert_eq!(talk(&file.open(), &ada()).await.len(), 1);
}

#[tokio::test]
async fn i9_f9_a_store_that_hangs_is_503_at_the_deadline() {
    let file = File::new();
    let full = Full::new(file.open());
    full.set_stuck(true);
    let service = inbox(full.clone(), page_1()).service();
    let service = service.with_deadline(Duration::from_millis(20));
    let response = service.respond(signed(&hello("m1"))).await;
    assert_eq!(response.status(), 503);
    let report = response.extensions().get::<Report>();
    assert!(matches!(report, Some(Report::TimedOut)), "{report:?}");
    full.set_stuck(false);
    let service = service.with_deadline(Duration::from_secs(60));
    assert_eq!(service.respond(signed(&hello("m1"))).await.status(), 200);
    assert_eq!(talk(&file.open(), &ada()).await.len(), 1);
}

// ---- Connections ----------------------------------------------------------

/// Two inboxes share a table, as two processes share a database.
#[tokio::test]
async fn n28_v33_a_change_of_the_connections_counts_for_the_next_request() {
    let (table, store) = (ConnectionTable::new(), MemoryStore::new());
    let one = inbox(store.clone(), Arc::new(table.clone())).service();
    let other = inbox(store.clone(), Arc::new(table.clone())).service();
    let send = async |service: &WebhookService, mid: &str| {
        let mut request = signed(&hello(mid));
        *request.uri_mut() = "/webhook/7Q4".parse().unwrap();
        service.respond(request).await.status().as_u16()
    };
    assert_eq!(send(&one, "m1").await, 404);
    let app = AppAccess::new(AppId::new("11").unwrap(), AppSecret::new(SECRET).unwrap());
    let token = || PageToken::new("EAAtoken").unwrap();
    let (page, verify_token) = (PageId::new("1").unwrap(), VerifyToken::new("hush").unwrap());
    table.put_app("7Q4", app.clone(), verify_token.clone());

    // A Page of nobody, and one of another app: kept raw.
    assert_eq!(send(&one, "m1").await, 200);
    table.put_page(&page, AppId::new("12").unwrap(), token());
    assert_eq!(send(&other, "m1").await, 200);
    assert!(store.contact(&ada()).await.unwrap().is_none());
    table.put_page(&page, app.id.clone(), token());
    for (service, mid) in [(&one, "m2"), (&other, "m3")] {
        assert_eq!(send(service, mid).await, 200);
    }
    assert_eq!(talk(&store, &ada()).await.len(), 2);

    let renewed = AppAccess::new(app.id, AppSecret::new("renewed").unwrap());
    table.put_app("7Q4", renewed, verify_token);
    assert_eq!(send(&one, "m4").await, 401);
    assert_eq!(send(&other, "m4").await, 401);
}

/// A database of connections that is away.
#[derive(Debug)]
struct Away;

#[async_trait]
impl Connections for Away {
    async fn callback(&self, _: &str) -> Result<Option<Callback>, ConnectionsError> {
        Err(ConnectionsError::new("the database is away"))
    }

    async fn access(&self, _: &PageId) -> Result<Option<Access>, ConnectionsError> {
        Err(ConnectionsError::new("the database is away"))
    }
}

#[tokio::test]
async fn i8_connections_that_cannot_be_read_are_503_and_work_waits() {
    let store = MemoryStore::new();
    let inbox = inbox(store.clone(), Arc::new(Away));
    let response = inbox.service().respond(signed(&hello("m1"))).await;
    assert_eq!(response.status(), 503);
    let queued = received(&ada(), "m1", 1, "Hello");
    store.apply(&[queued]).await.unwrap();
    let error = inbox.step(at(1), WorkerId::new(1)).await;
    assert!(
        matches!(error, Err(InboxError::Connections(_))),
        "{error:?}"
    );
    let step = inbox.step(at(1), WorkerId::new(1)).await.unwrap();
    assert!(
        matches!(step, Step::Idle(Some(due)) if due > at(1)),
        "{step:?}"
    );
}

#[tokio::test]
async fn the_service_is_a_tower_service() {
    use tower_service::Service as _;
    let mut service = inbox(MemoryStore::new(), page_1()).service();
    let ready = std::future::poll_fn(|context| {
        tower_service::Service::<http::Request<String>>::poll_ready(&mut service, context)
    });
    let Ok(()) = ready.await;
    let Ok(response) = service.call(signed(&hello("m1"))).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn i12_a_thousand_escaped_texts_of_two_thousand_characters_are_accepted() {
    let store = MemoryStore::new();
    let service = inbox(store.clone(), page_1()).service();
    let text = "烏".repeat(2_000);
    let events: Vec<Value> = (0..1_000)
        .map(|number| message(&ada(), &format!("m{number}"), at(number), &text))
        .collect();
    // As Meta writes it: everything that is not ASCII is escaped.
    let body = String::from_utf8(delivery("1", &events)).unwrap();
    let body = body.replace('烏', "\\u70cf").into_bytes();
    assert!(body.len() > 12_000_000, "{}", body.len());
    let response = service.respond(signed(&body)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(talk(&store, &ada()).await[0].content.text, Some(text));
}

/// Two hundred uploads whose signature nobody can know yet: what they hold is bounded, and what Meta
/// sends meanwhile is served.
#[tokio::test]
async fn i13_two_hundred_uploads_without_a_signature_are_bounded_and_others_are_served() {
    let service = inbox(MemoryStore::new(), page_1()).service();
    let address = serve(service.with_bytes_in_flight(1 << 20, 32 << 20)).await;
    let mut uploads = JoinSet::new();
    for _ in 0..200 {
        let mut upload = TcpStream::connect(&address).await.unwrap();
        let head = head("POST", "/webhook", "content-length: 16000000\r\n");
        upload.write_all(head.as_bytes()).await.unwrap();
        uploads.spawn(async move {
            let half = vec![b' '; 8_000_000];
            // It is refused before all of it is written, or waits with half of it.
            let mut answer = Vec::new();
            let refused = upload.write_all(&half).await.is_err()
                || upload.read_to_end(&mut answer).await.is_err()
                || !answer.starts_with(b"HTTP/1.1 200");
            assert!(refused);
        });
    }
    for number in 0..50 {
        let small = hello(&format!("small {number}"));
        deliver(&address, &small).await.expect(200);
    }
    uploads.shutdown().await;
}
