//! The host program on a database of one test.

use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use messenger_crm::store::{ContactStore, PostgresStore, SqliteStore};
use tokio::time::sleep;

use super::stored::{Stored, everything, sound};
use crate::example::binary;
use crate::postgres::server::Schema;
use crate::util::{Folder, Process};

pub(super) const PAGE: &str = "102938475610293";
pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Where the host stores.
pub(super) enum Database {
    Sqlite(Folder),
    Postgres(Schema),
}

impl Database {
    fn command(&self, listen: &str) -> Command {
        let mut command = Command::new(binary("host"));
        command
            .env("APP_SECRET", SECRET)
            .env("VERIFY_TOKEN", "of the kill tests");
        command.env("LISTEN", listen);
        match self {
            Self::Sqlite(folder) => command.env("DATABASE", folder.database()),
            Self::Postgres(schema) => command
                .env("DATABASE", &schema.address)
                .env("SCHEMA", &schema.name),
        };
        command
    }

    /// Starts the host on a free port.
    pub(super) async fn start(&self) -> Host {
        let started = Host::of(self.command("127.0.0.1:0")).await;
        started.unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// Starts it where it was before; the port may take a moment to be free.
    pub(super) async fn again(&self, address: &str) -> Host {
        let begun = Instant::now();
        loop {
            match Host::of(self.command(address)).await {
                Ok(host) => return host,
                Err(reason) if begun.elapsed() > Duration::from_secs(10) => panic!("{reason}"),
                Err(reason) => eprintln!("once more after: {reason}"),
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// All that is stored.
    pub(super) async fn everything(&self) -> Vec<Stored> {
        match self {
            Self::Sqlite(folder) => read(SqliteStore::open(folder.database()).unwrap()).await,
            Self::Postgres(schema) => {
                let store = PostgresStore::connect_with(schema.options()).await;
                read(store.unwrap()).await
            }
        }
    }

    /// Fails when the database is damaged.
    pub(super) async fn sound(&self) {
        match self {
            Self::Sqlite(folder) => sound(folder),
            // Rows that an index has and the table has not, or the other way round.
            Self::Postgres(schema) => {
                let client = schema.client().await;
                let mut counts = Vec::new();
                for sequential in ["on", "off"] {
                    let sql = format!("SET enable_seqscan = {sequential}");
                    client.batch_execute(&sql).await.unwrap();
                    let count = "SELECT count(*) FROM message";
                    counts.push(client.query_one(count, &[]).await.unwrap().get::<_, i64>(0));
                }
                assert_eq!(counts[0], counts[1]);
            }
        }
    }
}

async fn read(store: impl ContactStore) -> Vec<Stored> {
    everything(&store).await
}

/// The running host; dropping it kills it.
pub(super) struct Host {
    process: Process,
    pub(super) address: String,
}

impl Host {
    async fn of(mut command: Command) -> Result<Self, String> {
        let mut process = Process::start(&mut command);
        let address = process.address("host").await?;
        Ok(Self { process, address })
    }

    pub(super) fn kill(&mut self) {
        self.process.kill();
    }

    #[cfg(unix)]
    pub(super) fn terminate(&self) {
        self.process.terminate();
    }

    #[cfg(unix)]
    pub(super) async fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        self.process.ended(within).await
    }
}
