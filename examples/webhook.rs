//! A minimal webhook server: it commits what Meta sends to a store, and only then responds with 200.
//!
//! `APP_ID=… APP_SECRET=… PAGE_ID=… PAGE_TOKEN=… VERIFY_TOKEN=… cargo run --example webhook`
//!
//! It listens on 127.0.0.1:3001, or on the address in `LISTEN`. The path is `/webhook`; `/livez` and
//! `/readyz` are for an orchestrator. `DATABASE` is a file of SQLite or a URL of PostgreSQL, with the
//! features `sqlite` and `postgres`; without it the customers are kept in memory.

use std::{convert::Infallible, env, error::Error, process::ExitCode, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use messenger_crm::{
    graph::{Access, AppAccess, Graph},
    inbox::{Inbox, Peer, Report, SinglePage},
    store::{ContactStore, MemoryStore},
};
use tokio::{net::TcpListener, time::sleep};

/// Time-out for reading the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

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
    let app = AppAccess::new(set("APP_ID")?.parse()?, set("APP_SECRET")?.parse()?);
    let access = Access::new(app, set("PAGE_ID")?.parse()?, set("PAGE_TOKEN")?.parse()?);
    let connections = SinglePage::new(access, set("VERIFY_TOKEN")?.parse()?);
    let store = open(env::var("DATABASE").ok()).await?;
    let service = Inbox::new(store, Graph::new()?, Arc::new(connections)).service();

    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3001".into());
    let listener = TcpListener::bind(address).await?;
    println!("webhook http://{}/webhook", listener.local_addr()?);
    loop {
        let (stream, client) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Most likely there are too many open connections: wait until some are closed.
                eprintln!("cannot accept a connection: {error}");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let service = service.clone();
        let service = service_fn(move |mut request| {
            let service = service.clone();
            async move {
                // Behind a proxy this would be the proxy's address: leave it out there.
                request.extensions_mut().insert(Peer(client.ip()));
                let response = service.respond(request).await;
                response.extensions().get().map(log);
                Ok::<_, Infallible>(response)
            }
        });
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            server
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT);
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                eprintln!("connection: {error}");
            }
        });
    }
}

async fn open(database: Option<String>) -> Result<Arc<dyn ContactStore>, Box<dyn Error>> {
    Ok(match database {
        None => Arc::new(MemoryStore::new()),
        #[cfg(feature = "postgres")]
        Some(url) if url.contains("://") => {
            Arc::new(messenger_crm::store::PostgresStore::connect(&url).await?)
        }
        #[cfg(feature = "sqlite")]
        Some(file) if !file.contains("://") => {
            Arc::new(messenger_crm::store::SqliteStore::open(file)?)
        }
        Some(_) => {
            return Err("DATABASE needs the feature sqlite (a file) or postgres (a URL)".into());
        }
    })
}

/// Prints no id and no text: what a person wrote does not belong in a log.
fn log(report: &Report) {
    match report {
        Report::Committed { events, .. } => println!("{events} events committed"),
        Report::Quarantined { error, .. } => eprintln!("unreadable, kept raw: {error}"),
        Report::Failed(error) => eprintln!("not stored: {error}"),
        Report::TimedOut => eprintln!("not stored in time"),
        _ => {}
    }
}
