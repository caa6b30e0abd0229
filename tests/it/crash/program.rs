//! The smallest host: a webhook that commits each delivery before it answers 200. The kill tests run
//! it, so that they depend on nothing but the library.
//!
//! `DATABASE` is a file of SQLite or an address of PostgreSQL (with `SCHEMA`), `LISTEN` an address,
//! `APP_SECRET` and `VERIFY_TOKEN` those of the app. On SIGTERM it answers what has begun, and ends.

use std::{
    convert::Infallible,
    env,
    error::Error,
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http_body_util::{BodyExt as _, Limited};
use hyper::{
    Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use messenger_crm::{
    change::Change,
    secret::{AppSecret, VerifyToken},
    store::{ContactStore, PostgresStore, SqliteStore, postgres::PostgresOptions},
    time::Timestamp,
    webhook::{MAX_BODY_BYTES, Outcome, Webhook},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    time::timeout,
};

/// Time for a request to arrive.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

struct Host {
    webhook: Webhook,
    store: Box<dyn ContactStore>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("host: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let set = |name| env::var(name).map_err(|_| format!("{name} is not set"));
    let secret = AppSecret::new(set("APP_SECRET")?)?;
    let webhook = Webhook::new(&secret, VerifyToken::new(set("VERIFY_TOKEN")?)?);
    let database = set("DATABASE")?;
    let store: Box<dyn ContactStore> = if database.contains("://") {
        let options = PostgresOptions::new(&database)?.with_schema(&set("SCHEMA")?)?;
        Box::new(PostgresStore::connect_with(options).await?)
    } else {
        Box::new(SqliteStore::open(database)?)
    };
    let host = Arc::new(Host { webhook, store });
    let listener = TcpListener::bind(set("LISTEN")?).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    println!("host {}", listener.local_addr()?);
    let connections = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            _ = terminate.recv() => break,
        };
        let host = Arc::clone(&host);
        let service = service_fn(move |request| {
            let host = Arc::clone(&host);
            async move { Ok::<_, Infallible>(host.respond(request).await) }
        });
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(READ_TIMEOUT);
        let connection = connections.watch(server.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // The client of a killed test is gone.
            drop(connection.await);
        });
    }
    drop(listener);
    connections.shutdown().await;
    Ok(())
}

impl Host {
    async fn respond(&self, request: Request<Incoming>) -> Response<String> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, MAX_BODY_BYTES).collect();
        let Ok(Ok(body)) = timeout(READ_TIMEOUT, body).await else {
            return status(StatusCode::BAD_REQUEST);
        };
        let body = body.to_bytes();
        let delivery = match self.webhook.respond(&parts, &body) {
            Outcome::Response(response) => return response,
            Outcome::Delivery(delivery) => delivery,
            Outcome::Unreadable(error) => {
                eprintln!("host: unreadable: {error}");
                return status(StatusCode::INTERNAL_SERVER_ERROR);
            }
        };
        let now = Timestamp::from(SystemTime::now());
        let changes: Vec<Change> = (delivery.events.iter())
            .map(|event| Change::of(event, now))
            .collect();
        // All events of the tests are of one Page.
        match self.store.apply(&changes).await {
            Ok(_) => status(StatusCode::OK),
            Err(error) => {
                eprintln!("host: {error}");
                status(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}

fn status(status: StatusCode) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    response
}
