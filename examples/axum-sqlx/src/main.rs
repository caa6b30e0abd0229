//! A host in axum and sqlx: any number of Pages from tables, customers that are linked to rows of its
//! own in one transaction, a bot with quick replies and a template, metrics for Prometheus.
//!
//! `DATABASE_URL=postgres://… cargo run -p axum-sqlx`
//!
//! It listens on 127.0.0.1:3003, or on the address in `LISTEN`: `/webhook/{path of the app}` for Meta,
//! `/livez`, `/readyz` and `/metrics` for the operator. `GRAPH_URL` is the address of the simulator. Its
//! tables are in `schema.sql`: fill `app` and `page`.

use std::{env, error::Error, sync::Arc};

use async_trait::async_trait;
use axum::{Router, routing::get};
use messenger_crm::{
    AppId, AppSecret, PageId, PageToken, Timestamp, VerifyToken, Webhook,
    change::Change,
    graph::{
        Access, AppAccess, Graph,
        send::{OutgoingMessage, OutgoingQuickReply, Template, TemplateButton},
    },
    inbox::{
        Callback, Connections, ConnectionsError, HandlerError, Inbox, IncomingMessage, RunOptions,
    },
    store::PostgresStore,
};
use metrics_exporter_prometheus::PrometheusBuilder;
use sqlx::PgPool;
use tokio::{net::TcpListener, sync::watch};

/// The apps and Pages of this host, in its own tables.
#[derive(Debug)]
struct Tables(PgPool);

#[async_trait]
impl Connections for Tables {
    async fn callback(&self, path: &str) -> Result<Option<Callback>, ConnectionsError> {
        let sql = "SELECT id, secret, verify_token FROM app WHERE path = $1";
        let row: Option<(String, String, String)> = self.row(sql, path).await?;
        let callback = row.map(|(id, secret, verify_token)| {
            let (secret, token) = (AppSecret::new(secret)?, VerifyToken::new(verify_token)?);
            Ok(Callback::new(AppId::new(id)?, Webhook::new(&secret, token)))
        });
        callback.transpose().map_err(|error: BoxError| ConnectionsError::new(error))
    }

    async fn access(&self, page: &PageId) -> Result<Option<Access>, ConnectionsError> {
        let sql =
            "SELECT app.id, secret, token FROM page JOIN app ON app.id = app WHERE page.id = $1";
        let row: Option<(String, String, String)> = self.row(sql, page.as_str()).await?;
        let access = row.map(|(id, secret, token)| {
            let app = AppAccess::new(AppId::new(id)?, AppSecret::new(secret)?);
            Ok(Access::new(app, page.clone(), PageToken::new(token)?))
        });
        access.transpose().map_err(|error: BoxError| ConnectionsError::new(error))
    }

    async fn pages(&self) -> Result<Vec<PageId>, ConnectionsError> {
        let rows = sqlx::query_scalar::<_, String>("SELECT id FROM page").fetch_all(&self.0);
        let rows = rows.await.map_err(ConnectionsError::new)?.into_iter();
        rows.map(PageId::new).collect::<Result<_, _>>().map_err(ConnectionsError::new)
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

impl Tables {
    async fn row<T>(&self, sql: &'static str, key: &str) -> Result<Option<T>, ConnectionsError>
    where
        T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
    {
        let row = sqlx::query_as(sql).bind(key).fetch_optional(&self.0);
        row.await.map_err(ConnectionsError::new)
    }
}

/// Records in a table of ours when the customer wrote last, and links the customer to that row: both
/// or neither. `Inbox::store().find("customer", id)` finds the conversations of a row.
///
/// A handler may be called again for the same message: a second call changes nothing.
async fn link(
    pool: PgPool,
    store: PostgresStore,
    incoming: IncomingMessage,
) -> Result<(), HandlerError> {
    let contact = incoming.contact.key.clone();
    let at = incoming.message.at;
    let mut transaction = pool.begin().await?;
    let sql =
        "INSERT INTO customers (page, psid, wrote_at) VALUES ($1, $2, $3) ON CONFLICT (page, psid)
        DO UPDATE SET wrote_at = greatest(customers.wrote_at, excluded.wrote_at) RETURNING id";
    let row = sqlx::query_scalar::<_, i64>(sql)
        .bind(contact.page.as_str())
        .bind(contact.psid.as_str())
        .bind(at.as_millis());
    let id = row.fetch_one(&mut *transaction).await?;
    let field = Change::Field { contact, name: "customer".into(), value: Some(id.to_string()), at };
    store.apply_in(&mut transaction, &[field]).await?;
    transaction.commit().await?;
    Ok(())
}

/// A bot that asks, shows a template to customers who want prices, and is silent for customers who want
/// a person. It says that it is a program.
async fn bot(incoming: IncomingMessage) -> Result<(), HandlerError> {
    if incoming.contact.fields.contains_key("wants_person") {
        return Ok(());
    }
    let psid = &incoming.contact.key.psid;
    let message = match incoming.message.content.payload.as_deref() {
        Some("PRICES") => {
            let buttons = vec![TemplateButton::web_url("Prices", "https://tea.example/prices")];
            OutgoingMessage::template(psid, Template::buttons("Our teas of this spring", buttons))?
        }
        Some("PERSON") => OutgoingMessage::text(psid, "A colleague will answer you here.")?,
        _ => {
            let question = "This is the automatic assistant. Would you like to see our prices?";
            OutgoingMessage::text(psid, question)?.with_quick_replies(vec![
                OutgoingQuickReply::text("Prices", "PRICES"),
                OutgoingQuickReply::text("A person, please", "PERSON"),
            ])?
        }
    };
    incoming.reply_with(message).await?;
    if incoming.message.content.payload.as_deref() == Some("PERSON") {
        // An agent's program lists these customers, and removes the field.
        let (contact, at) = (incoming.contact.key.clone(), incoming.message.at);
        let field =
            Change::Field { contact, name: "wants_person".into(), value: Some("yes".into()), at };
        incoming.inbox().store().apply(&[field]).await?;
    }
    Ok(())
}

/// Waits for SIGINT, or for SIGTERM, with which an orchestrator ends a program.
async fn interrupted() -> std::io::Result<()> {
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

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let url = env::var("DATABASE_URL").map_err(|_| "DATABASE_URL is not set")?;
    let pool = PgPool::connect(&url).await?;
    sqlx::raw_sql(include_str!("schema.sql")).execute(&pool).await?;
    let store = PostgresStore::connect(&url).await?;
    let graph = match env::var("GRAPH_URL") {
        Ok(url) => Graph::new()?.with_base_url(&url)?,
        Err(_) => Graph::new()?,
    };
    let (of_host, linked) = (pool.clone(), store.clone());
    let inbox = Inbox::new(Arc::new(store), graph, Arc::new(Tables(pool)))
        .on_message("customers", move |incoming| link(of_host.clone(), linked.clone(), incoming))
        .on_message("bot", bot)
        .with_error_hook(|error| eprintln!("host: {error}"));

    let metrics = PrometheusBuilder::new().install_recorder()?;
    let watched = inbox.clone();
    let render = get(async move || {
        // It sets the gauges of the queues.
        let health = watched.health(Timestamp::from(std::time::SystemTime::now()));
        if let Err(error) = health.await {
            eprintln!("host: {error}");
        }
        metrics.render()
    });
    let router = Router::new().route("/metrics", render).fallback_service(inbox.service());

    let (stop, stopped) = watch::channel(false);
    let until = |mut stopped: watch::Receiver<bool>| async move {
        // An error means that the sender is gone, and with it the program.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let shutdown = until(stopped.clone());
    let workers = tokio::spawn(async move { inbox.run(RunOptions::default(), shutdown).await });
    let listener = TcpListener::bind(env::var("LISTEN").unwrap_or("127.0.0.1:3003".into())).await?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, router).with_graceful_shutdown(until(stopped));
    let serving = tokio::spawn(async move { server.await });
    println!("host http://{address}/webhook/");
    interrupted().await?;
    stop.send_replace(true);
    serving.await??;
    workers.await?;
    Ok(())
}
