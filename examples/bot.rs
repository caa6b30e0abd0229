//! A bot that answers each message once, however often it is killed.
//!
//! `APP_ID=… APP_SECRET=… PAGE_ID=… PAGE_TOKEN=… VERIFY_TOKEN=… cargo run --features sqlite-bundled --example bot`
//!
//! It listens on 127.0.0.1:3002, or on the address in `LISTEN`, under the path `/webhook`. `DATABASE` is
//! its file, `bot.db` without it. `GRAPH_URL` is the address of the simulator, for a try without Meta.

use std::{env, error::Error, future::pending, sync::Arc};

use axum::Router;
use messenger_crm::{
    graph::{Access, AppAccess, Graph},
    inbox::{HandlerError, Inbox, IncomingMessage, RunOptions, SinglePage},
    store::SqliteStore,
};
use tokio::net::TcpListener;

/// In many places the law requires that a bot says that it is one.
async fn answer(incoming: IncomingMessage) -> Result<(), HandlerError> {
    let text = incoming.message.content.text.as_deref();
    let text = text.unwrap_or("something that I cannot read");
    let answer = format!("I am a program. You wrote: {text}");
    incoming.reply_text(answer).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let set = |name| env::var(name).map_err(|_| format!("{name} is not set"));
    let app = AppAccess::new(set("APP_ID")?.parse()?, set("APP_SECRET")?.parse()?);
    let access = Access::new(app, set("PAGE_ID")?.parse()?, set("PAGE_TOKEN")?.parse()?);
    let connections = Arc::new(SinglePage::new(access, set("VERIFY_TOKEN")?.parse()?));
    let store = SqliteStore::open(env::var("DATABASE").unwrap_or("bot.db".into()))?;
    let graph = match env::var("GRAPH_URL") {
        Ok(url) => Graph::new()?.with_base_url(&url)?,
        Err(_) => Graph::new()?,
    };
    let inbox = Inbox::new(Arc::new(store), graph, connections)
        .on_message("answer", answer)
        .with_error_hook(|error| eprintln!("bot: {error}"));
    let service = inbox.service();
    let options = RunOptions::default().single_process();
    tokio::spawn(async move { inbox.run(options, pending()).await });

    let listener = TcpListener::bind(env::var("LISTEN").unwrap_or("127.0.0.1:3002".into())).await?;
    println!("bot http://{}/webhook", listener.local_addr()?);
    axum::serve(listener, Router::new().fallback_service(service)).await?;
    Ok(())
}
