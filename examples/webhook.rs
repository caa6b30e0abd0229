//! A minimal webhook server: responds to the handshake, verifies each `POST`, and prints the kind and
//! the Page of each event.
//!
//! `APP_SECRET=… VERIFY_TOKEN=… cargo run --example webhook`
//!
//! It listens on 127.0.0.1:3001, or on the address in `LISTEN`. The path is `/webhook`; any other path,
//! such as `/webhook/` or `/Webhook`, gets 404.

use std::{convert::Infallible, env, error::Error, process::ExitCode, sync::Arc, time::Duration};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use messenger_crm::{
    event::Event,
    secret::{AppSecret, VerifyToken},
    webhook::{MAX_BODY_BYTES, Outcome, Webhook},
};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};

/// Time-out for reading the head of a request, and again for reading its body.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("webhook: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<Infallible, Box<dyn Error>> {
    let set = |name| env::var(name).map_err(|_| format!("{name} is not set"));
    let secret = AppSecret::new(set("APP_SECRET")?)?;
    let webhook = Arc::new(Webhook::new(
        &secret,
        VerifyToken::new(set("VERIFY_TOKEN")?)?,
    ));
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3001".into());
    let listener = TcpListener::bind(address).await?;
    println!("webhook http://{}/webhook", listener.local_addr()?);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Most likely there are too many open connections: wait until some are closed.
                eprintln!("cannot accept a connection: {error}");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let webhook = Arc::clone(&webhook);
        let service = service_fn(move |request| {
            let webhook = Arc::clone(&webhook);
            async move { Ok::<_, Infallible>(respond(&webhook, request).await) }
        });
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            server
                .timer(TokioTimer::new())
                .header_read_timeout(READ_TIMEOUT);
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                eprintln!("connection: {error}");
            }
        });
    }
}

async fn respond(webhook: &Webhook, request: Request<Incoming>) -> Response<String> {
    let (parts, body) = request.into_parts();
    if parts.uri.path() != "/webhook" {
        return status(StatusCode::NOT_FOUND);
    }
    let body = match read_body(body).await {
        Ok(body) => body,
        Err(refusal) => return status(refusal),
    };
    match webhook.respond(&parts, &body) {
        Outcome::Response(response) => return response,
        // A real server commits the events to its store here, before it responds with 200.
        Outcome::Delivery(delivery) => delivery.events.iter().for_each(print),
        // A real server stores the body here.
        Outcome::Unreadable(error) => eprintln!("unreadable: {error}"),
    }
    status(StatusCode::OK)
}

/// Reads the whole body, or returns the status of the refusal. A body whose `Content-Length` is too large
/// is refused before it is read.
async fn read_body(body: Incoming) -> Result<Bytes, StatusCode> {
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match timeout(READ_TIMEOUT, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Prints the kind and the Page. The customer's id and text do not belong in a log.
fn print(event: &Event<'_>) {
    let page = event.page();
    println!(
        "{} on {}",
        event.kind.name(),
        page.as_ref().map_or("no Page", |page| page.as_str())
    );
}

fn status(status: StatusCode) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    response
}
