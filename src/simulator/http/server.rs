//! The one socket: accepts, reads a request whole, and passes it to the part that answers it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use url::{Host, Url};

use crate::simulator::world::fault::Fault;

use super::response::{Answer, Silence, text};
use super::shared::Shared;
use super::{control, graph, media, phone};

const LONGEST_BODY: usize = 1 << 20;
/// The longest form with a file in it: Meta takes files of 25 megabytes.
const LONGEST_FORM: usize = 26 << 20;
/// How long a request may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);
/// How long answers may take to leave once the simulator stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Paths that are not the Graph API's.
const OWN_PATHS: [&str; 5] = [
    "/attachments/",
    "/control/",
    "/media/",
    "/phone/",
    "/platform/",
];

pub(crate) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, shared.clone(), stop.clone()));
                }
                // Out of file handles, most likely: wait until some are free again.
                Err(_) => sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    // Connections that take longer are dropped with the set.
    let _late = timeout(FAREWELL, all).await;
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let service = service_fn(|request| answer(&shared, request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(ARRIVAL)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    // An error is the peer's leaving, or a chosen silence: nobody is left to tell.
    tokio::select! {
        _ = serving.as_mut() => return,
        _ = stop.changed() => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}

async fn answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Result<Answer, Silence> {
    let (parts, body) = request.into_parts();
    if !is_local(&parts.headers) {
        return Ok(text(StatusCode::FORBIDDEN, "host is not localhost"));
    }
    let path = parts.uri.path();
    let is_graph = !OWN_PATHS.iter().any(|own| path.starts_with(own)) && path != "/";
    let fault = shared
        .with(|world| is_graph.then(|| world.faults.take(path)))
        .flatten();
    if fault == Some(Fault::ResetBeforeReading) {
        graph::log_silence(shared, &parts);
        return Err(Silence);
    }
    let kind = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_form = kind.is_some_and(|kind| kind.starts_with(b"multipart/form-data"));
    let is_file = is_form || path == phone::UPLOADS;
    let longest = if is_file { LONGEST_FORM } else { LONGEST_BODY };
    let body = match timeout(ARRIVAL, Limited::new(body, longest).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return Ok(text(StatusCode::PAYLOAD_TOO_LARGE, "body is too long")),
        Err(_) => return Ok(text(StatusCode::REQUEST_TIMEOUT, "body came too slowly")),
    };
    let asked = Request::from_parts(parts, body);
    if is_graph {
        return graph::answer(shared, &asked, fault).await;
    }
    if let Some(answer) = phone::answer(shared, &asked).await {
        return Ok(answer);
    }
    if let Some(answer) = control::answer(shared, &asked).await {
        return Ok(answer);
    }
    let answer = media::answer(shared, &asked);
    Ok(answer.unwrap_or_else(|| text(StatusCode::NOT_FOUND, "nothing here")))
}

/// Refuses names that somebody else's DNS has pointed at this machine.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let url = host.and_then(|host| Url::parse(&format!("http://{host}/")).ok());
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_localhost_and_addresses_are_local() {
        let local = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            is_local(&headers)
        };
        for host in [
            "localhost",
            "LOCALHOST:4040",
            "127.0.0.1:4040",
            "[::1]:4040",
        ] {
            assert!(local(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:4040", "", "a@b"] {
            assert!(!local(host), "{host}");
        }
        assert!(!is_local(&HeaderMap::new()));
    }
}
