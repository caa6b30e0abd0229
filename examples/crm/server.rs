//! The HTTP server: which request goes where, and what never gets in.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited, combinators::BoxBody};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body, Bytes, Frame, Incoming},
    header::{self, HeaderValue},
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use messenger_crm::inbox::Report;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

use crate::{
    api,
    crm::{Crm, ended},
    live, pages,
};

pub(crate) type Reply = Response<BoxBody<Bytes, Infallible>>;

const BODY_TIME: Duration = Duration::from_secs(30);
const HEAD_TIME: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(3);
const MAX_API_BYTES: usize = 64 * 1024;
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

pub(crate) async fn serve(listener: TcpListener, crm: Arc<Crm>) {
    let connections = GracefulShutdown::new();
    let mut stopping = crm.stopping.clone();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of descriptors, most likely: others must close first.
                    eprintln!("crm: cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = ended(&mut stopping) => break,
        };
        let crm = Arc::clone(&crm);
        let service = service_fn(move |request| {
            let crm = Arc::clone(&crm);
            async move { Ok::<_, Infallible>(answer(&crm, request).await) }
        });
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME);
        let connection = connections.watch(server.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A connection that breaks is the client's matter; what it brought was answered or not.
            let _ = connection.await;
        });
    }
    // Whoever comes now is told at once, and does not wait for those who are still here.
    drop(listener);
    let _ = timeout(GRACE, connections.shutdown()).await;
}

async fn answer(crm: &Arc<Crm>, request: Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    let mut reply = match parts.uri.path() {
        path if path.starts_with("/webhook/") => webhook(crm, parts, body).await,
        "/livez" | "/readyz" => webhook(crm, parts, body).await,
        _ if !is_local_name(&parts.headers) => plain(
            StatusCode::FORBIDDEN,
            "pages are served on localhost and by address only\n",
        ),
        _ => inside(crm, &parts, body).await,
    };
    let headers = reply.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    reply
}

async fn inside(crm: &Arc<Crm>, parts: &Parts, body: Incoming) -> Reply {
    let path = parts.uri.path();
    match parts.method {
        Method::GET => match path {
            "/" | "/inbox" | "/settings" => pages::shell(&parts.headers, crm.demo),
            _ if path.starts_with("/inbox/") || path.starts_with("/customers/") => {
                pages::shell(&parts.headers, crm.demo)
            }
            "/api/events" => live::events(crm),
            _ => match pages::asset(path) {
                Some(asset) => asset,
                None => api::read(crm, path, parts.uri.query().unwrap_or_default()).await,
            },
        },
        Method::POST if path.starts_with("/api/") => {
            if let Some(refusal) = refuse_foreign(&parts.headers) {
                return refusal;
            }
            match receive(body).await {
                Ok(body) => api::write(crm, path, &body).await,
                Err(refusal) => refusal,
            }
        }
        _ => {
            let mut refusal = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
            refusal
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
            refusal
        }
    }
}

/// One callback URL for each connected Page; Meta has one for each app, so whatever is signed by the
/// same app comes in through any of its Pages.
async fn webhook(crm: &Arc<Crm>, parts: Parts, body: Incoming) -> Reply {
    let response = crm.service.respond(Request::from_parts(parts, body)).await;
    match response.extensions().get::<Report>() {
        Some(Report::Recorded) => eprintln!("crm: a request about personal data was recorded"),
        Some(Report::Quarantined { error, .. }) => eprintln!("crm: a body is kept raw: {error}"),
        Some(Report::Failed(error)) => eprintln!("crm: a delivery was not stored: {error}"),
        Some(Report::TimedOut) => eprintln!("crm: a delivery was not stored in time"),
        _ => {}
    }
    response.map(|body| Full::from(body).boxed())
}

/// Reads the body of a request of our own pages.
async fn receive(body: Incoming) -> Result<Bytes, Reply> {
    match timeout(BODY_TIME, Limited::new(body, MAX_API_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too large\n",
        )),
        Ok(Err(_)) => Err(plain(StatusCode::BAD_REQUEST, "the body was cut off\n")),
        Err(_) => Err(plain(
            StatusCode::REQUEST_TIMEOUT,
            "the body took too long\n",
        )),
    }
}

/// Pages answer to `localhost` and to addresses: a name may be anybody's (DNS rebinding), and the
/// public name carries the webhook alone.
fn is_local_name(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<std::net::IpAddr>().is_ok()
}

/// Only our own pages may write: no form and no script of another site can send JSON as theirs.
fn refuse_foreign(headers: &HeaderMap) -> Option<Reply> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text("host").unwrap_or_default();
    if text("sec-fetch-site").is_some_and(|site| site != "same-origin")
        || text("origin").is_some_and(|origin| {
            origin
                .split_once("://")
                .is_none_or(|(_, name)| name != host)
        })
    {
        return Some(api::error(StatusCode::FORBIDDEN, "foreign"));
    }
    let is_json = text("content-type").is_some_and(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim() == "application/json")
    });
    (!is_json).then(|| api::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"))
}

pub(crate) fn bytes(status: StatusCode, media_type: &str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()).boxed());
    *reply.status_mut() = status;
    let media_type = HeaderValue::from_str(media_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    reply.headers_mut().insert(header::CONTENT_TYPE, media_type);
    reply
}

pub(crate) fn plain(status: StatusCode, text: &'static str) -> Reply {
    bytes(status, "text/plain; charset=utf-8", text)
}

/// A stream of server-sent events.
pub(crate) struct Events(pub(crate) mpsc::Receiver<Bytes>);

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(context)
            .map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}
