//! A small CRM for Messenger: an inbox, customers, answers, and its own settings.
//!
//! Without arguments it is the demo, connected to a simulated Messenger:
//!
//! `cargo run --release --features simulator,sqlite-bundled --example crm`

mod api;
mod args;
mod connections;
mod crm;
mod live;
mod pages;
mod server;
mod shapes;
mod vault;
mod words;

use std::{env, io, process::ExitCode, sync::Arc, time::SystemTime};

use args::{Args, Mode, Parsed};
use connections::Connections;
use crm::Crm;
use messenger_crm::{
    graph::Graph,
    secret::{AppSecret, PageToken},
    simulator::Simulator,
    store::{SqliteStore, StoreError},
    time::Timestamp,
};
use tokio::{net::TcpListener, sync::watch};

#[tokio::main]
async fn main() -> ExitCode {
    let run = match Args::parse(env::args_os().skip(1)) {
        Ok(Parsed::Run(args)) => run(args).await,
        Ok(Parsed::Help(text)) => {
            println!("{text}");
            Ok(())
        }
        Err(error) => Err(error),
    };
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crm: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), String> {
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let own_url = format!("http://{address}");
    // A throw-away database goes away with the program.
    let (database, _scratch) = match args.database {
        Some(database) => (database, None),
        None => {
            let scratch = Scratch::new()
                .map_err(|error| format!("cannot make a throw-away database: {error}"))?;
            (scratch.0.join("demo.db"), Some(scratch))
        }
    };
    let store = SqliteStore::open(&database).map_err(|error| match error {
        StoreError::TooNew { .. } => format!("cannot open {}: {error}", database.display()),
        _ => format!("cannot open the database {}: {error}", database.display()),
    })?;
    let graph = Graph::new().map_err(|error| error.to_string())?;

    let (stop, stopping) = watch::channel(false);
    let (simulator, crm) = match args.mode {
        Mode::Demo => {
            let local = ([127, 0, 0, 1], 0).into();
            let simulator = Simulator::start(local)
                .await
                .map_err(|error| format!("cannot start the simulator: {error}"))?;
            let graph = graph
                .with_base_url(&simulator.url())
                .map_err(|error| error.to_string())?;
            let connections = Connections::in_memory();
            (
                Some(simulator),
                Crm::new(store, graph, connections, own_url.clone(), true, stopping),
            )
        }
        Mode::Real {
            public_url,
            graph_url,
        } => {
            let graph = match graph_url {
                Some(url) => graph
                    .with_base_url(&url)
                    .map_err(|error| format!("--graph-url: {error}"))?,
                None => graph,
            };
            let connections = Connections::open(&database, env::var("MESSENGER_CRM_KEY").ok())
                .map_err(|error| error.to_string())?;
            (
                None,
                Crm::new(store, graph, connections, public_url, false, stopping),
            )
        }
    };
    let crm = Arc::new(crm);
    let workers = crm::work(&crm);
    let serving = tokio::spawn(server::serve(listener, Arc::clone(&crm)));
    println!("CRM    {own_url}");
    if let Some(simulator) = &simulator {
        connect_demo(&crm, simulator, &own_url).await?;
        println!("Phone  {}", simulator.url());
    }

    interrupted()
        .await
        .map_err(|error| format!("cannot wait for a signal: {error}"))?;
    stop.send_replace(true);
    // A call to Meta may take its fifteen seconds; whoever cannot wait asks twice.
    tokio::spawn(async {
        if interrupted().await.is_ok() {
            std::process::exit(130);
        }
    });
    let served = serving.await;
    for worker in workers {
        worker.await.map_err(|error| error.to_string())?;
    }
    if let Some(simulator) = simulator {
        simulator.shutdown().await;
    }
    served.map_err(|error| error.to_string())
}

/// Connects the CRM to the simulator's Page, as a person would in the settings and the dashboard.
async fn connect_demo(crm: &Crm, simulator: &Simulator, own_url: &str) -> Result<(), String> {
    let app = simulator.app();
    let text = |error: &dyn std::error::Error| error.to_string();
    let secret = AppSecret::new(&*app.app_secret).map_err(|error| text(&error))?;
    let token = PageToken::new(&*app.page_token).map_err(|error| text(&error))?;
    let app_id = messenger_crm::id::AppId::new(&*app.app_id).map_err(|error| text(&error))?;
    let page = messenger_crm::id::PageId::new(&*app.page_id).map_err(|error| text(&error))?;
    let connection = crm
        .connections
        .put(page, app.page_name.to_string(), app_id, secret, token)
        .map_err(|error| text(&error))?;
    simulator
        .subscribe(
            &format!("{own_url}/webhook/{}", connection.path),
            connection.verify_token.expose_secret(),
        )
        .await
        .map_err(|error| text(&error))
}

async fn interrupted() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

/// A folder that goes away with the program.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let folder = env::temp_dir().join(format!(
            "messenger-crm-{:016x}",
            u64::from_be_bytes(vault::random())
        ));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("crm: cannot remove {}: {error}", self.0.display());
        }
    }
}
