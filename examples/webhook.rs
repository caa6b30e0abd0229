//! The smallest honest host: handshake, verify, read, print kinds and Pages.
//!
//! `APP_SECRET=… VERIFY_TOKEN=… cargo run --example webhook`
//!
//! It listens on 127.0.0.1:3001 or on what `LISTEN` says, and answers at `/webhook` alone: with a
//! slash at the end, or in capitals, that is another path and 404.

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

/// Whoever sends slower than this is cut off: once for the head, once for the body.
const PATIENCE: Duration = Duration::from_secs(10);

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
                // Out of descriptors, most likely: others must close first.
                eprintln!("cannot accept a connection: {error}");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let webhook = Arc::clone(&webhook);
        let service = service_fn(move |request| {
            let webhook = Arc::clone(&webhook);
            async move { Ok::<_, Infallible>(answer(&webhook, request).await) }
        });
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            server
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE);
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                eprintln!("connection: {error}");
            }
        });
    }
}

async fn answer(webhook: &Webhook, request: Request<Incoming>) -> Response<String> {
    let (parts, body) = request.into_parts();
    if parts.uri.path() != "/webhook" {
        return status(StatusCode::NOT_FOUND);
    }
    let body = match whole(body).await {
        Ok(body) => body,
        Err(refusal) => return status(refusal),
    };
    match webhook.respond(&parts, &body) {
        Outcome::Response(response) => return response,
        // A real host commits the events here before it answers.
        Outcome::Delivery(delivery) => delivery.events.iter().for_each(print),
        // And here it keeps the body.
        Outcome::Unreadable(error) => eprintln!("unreadable: {error}"),
    }
    status(StatusCode::OK)
}

/// The whole body, or why not. One that says how long it is gets its refusal before it is sent.
async fn whole(body: Incoming) -> Result<Bytes, StatusCode> {
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match timeout(PATIENCE, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// What may stand in a log: neither who wrote nor what.
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
