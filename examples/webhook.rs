//! The smallest honest host: handshake, verify, read, print kinds and ids.
//!
//! `APP_SECRET=… VERIFY_TOKEN=… cargo run --features http --example webhook`

use std::{convert::Infallible, env, error::Error, sync::Arc, time::Duration};

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use messenger_crm::{
    secret::{AppSecret, VerifyToken},
    webhook::{MAX_BODY_BYTES, Outcome, Webhook},
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = AppSecret::new(env::var("APP_SECRET").map_err(|_| "APP_SECRET is not set")?)?;
    let token = VerifyToken::new(env::var("VERIFY_TOKEN").map_err(|_| "VERIFY_TOKEN is not set")?)?;
    let webhook = Arc::new(Webhook::new(&secret, token));
    let listener = TcpListener::bind("127.0.0.1:3001").await?;
    println!("http://127.0.0.1:3001/webhook");
    loop {
        let (stream, _) = listener.accept().await?;
        let webhook = Arc::clone(&webhook);
        let service = service_fn(move |request| {
            let webhook = Arc::clone(&webhook);
            async move { Ok::<_, Infallible>(answer(&webhook, request).await) }
        });
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            server
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(10));
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
    let body = match tokio::time::timeout(
        Duration::from_secs(10),
        Limited::new(body, MAX_BODY_BYTES).collect(),
    )
    .await
    {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return status(StatusCode::PAYLOAD_TOO_LARGE);
        }
        _ => return status(StatusCode::BAD_REQUEST),
    };
    match webhook.respond(&parts, &body) {
        Outcome::Answer(answer) => return answer,
        Outcome::Delivery(delivery) => {
            for event in &delivery.events {
                let customer = event.customer();
                println!(
                    "{} from {}",
                    event.kind.name(),
                    customer.as_ref().map_or("nobody", |psid| psid.as_str())
                );
            }
        }
        // A real host keeps the body here before it answers.
        Outcome::Unreadable(error) => eprintln!("unreadable: {error}"),
        _ => {}
    }
    status(StatusCode::OK)
}

fn status(status: StatusCode) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    response
}
