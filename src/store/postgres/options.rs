//! How to reach the database.

use std::{fmt, path::PathBuf, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod, Runtime};
use rustls::ClientConfig;
use tokio_postgres::{
    Config,
    config::{SslMode, TargetSessionAttrs},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    connection::{Pool, Prepares},
    error::misconfigured,
    servers::Servers,
    tls,
};
use crate::store::StoreError;

/// Nobody waits longer for a connection: a webhook must be answered within five seconds.
pub(super) const WAIT: Duration = Duration::from_secs(3);

/// A server that has not answered the network for so long has vanished.
const VANISHED: Duration = Duration::from_secs(4);

/// How to reach the database, and how many connections to hold.
///
/// `sslmode` in the address says how TLS is used:
///
/// | `sslmode`          | TLS | the certificate |
/// | ------------------ | --- | --------------- |
/// | `disable`          | never | |
/// | `prefer` (default) | if the server offers it | is not checked: it helps against nobody who can answer in the server's place |
/// | `require`          | always | is not checked either |
/// | `verify-full`      | always | must be issued for the host by an authority that the system knows, or by one in the PEM file that `sslrootcert` names |
///
/// The address may name several servers: `postgres://user@one,two/database`. All of them are asked at
/// once, and the store uses the one that accepts writes (`target_session_attrs=read-write`, the
/// default for several servers), so that it finds the new primary after a failover.
///
/// Over a network that is not yours only `verify-full` is safe. With
/// [`with_tls`](Self::with_tls), `sslmode` decides only whether TLS is used.
#[derive(Clone)]
pub struct PostgresOptions {
    config: Config,
    trust: Trust,
    tls: Option<MakeRustlsConnect>,
    schema: Schema,
    connections: usize,
    prepares: Prepares,
}

/// Whose certificate is good.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Trust {
    Anybody,
    System,
    File(PathBuf),
}

impl PostgresOptions {
    /// The options of an address like `postgres://user:password@host/database?sslmode=verify-full`.
    ///
    /// The tables lie in the schema `messenger`, and there are at most eight connections.
    ///
    /// # Errors
    ///
    /// [`StoreError::Misconfigured`] when the address cannot be understood; the text does not repeat
    /// it.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let (rest, mode, root) = tls_of(url)?;
        let mut config: Config = rest
            .parse()
            .map_err(|_| misconfigured("the address of the database cannot be understood"))?;
        let (mode, trust) = match (mode.as_deref(), root) {
            (Some("disable"), _) => (SslMode::Disable, Trust::Anybody),
            (None | Some("prefer"), _) => (SslMode::Prefer, Trust::Anybody),
            (Some("require"), _) => (SslMode::Require, Trust::Anybody),
            (Some("verify-full"), None) => (SslMode::Require, Trust::System),
            (Some("verify-full"), Some(file)) => (SslMode::Require, Trust::File(file.into())),
            _ => {
                return Err(misconfigured(
                    "sslmode must be disable, prefer, require or verify-full",
                ));
            }
        };
        config.ssl_mode(mode);
        config.connect_timeout(WAIT);
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        if hosts > 1 && config.get_target_session_attrs() == TargetSessionAttrs::Any {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        // A server whose machine has vanished does not close its connections.
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(VANISHED);
        }
        if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
            config.keepalives_idle(VANISHED);
            config.keepalives_interval(Duration::from_secs(1));
        }
        if config.get_application_name().is_none() {
            config.application_name("messenger-crm");
        }
        Ok(Self {
            config,
            trust,
            tls: None,
            schema: Schema {
                name: "messenger".to_owned(),
                has_search: true,
            },
            connections: 8,
            prepares: Prepares::automatic(),
        })
    }

    /// Keeps the tables in this schema, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Misconfigured`] unless it is made of `a` to `z`, `0` to `9` and `_`, begins
    /// with a letter and has at most 63 characters.
    pub fn with_schema(self, name: &str) -> Result<Self, StoreError> {
        let schema = Schema {
            has_search: self.schema.has_search,
            ..Schema::new(name)?
        };
        Ok(Self { schema, ..self })
    }

    /// Creates the tables without an index of the texts, if they are not there.
    ///
    /// The index takes more room than the messages. Without it
    /// [`search`](crate::store::ContactStore::search) looks through the newest messages only.
    /// Tables that have an index keep it.
    #[must_use]
    pub fn without_search(mut self) -> Self {
        self.schema.has_search = false;
        self
    }

    /// Holds at most so many connections. The default is 8. Reads leave four of them to writes, or
    /// half when there are fewer than 8.
    #[must_use]
    pub fn with_connections(self, connections: usize) -> Self {
        let connections = connections.max(1);
        Self {
            connections,
            ..self
        }
    }

    /// Whether statements that write stay prepared on their connection, which saves the server the
    /// work to parse and plan them again.
    ///
    /// By default they do on connections to the server itself. Each connection is asked before its
    /// first statement: a pooler announces another server process than the one that answers. Behind a
    /// pooler nothing is kept in a session, so that any may stand between.
    ///
    /// `true` is good for a pooler in session mode, or one that follows prepared statements (PgBouncer
    /// with `max_prepared_statements`). With another, clients could run the statements of each
    /// other.
    #[must_use]
    pub fn with_prepared_statements(self, prepares: bool) -> Self {
        let prepares = match prepares {
            true => Prepares::Always,
            false => Prepares::Never,
        };
        Self { prepares, ..self }
    }

    /// Uses this TLS configuration, with its crypto provider, client certificate and rules for the
    /// server's certificate. `sslrootcert` has no effect then.
    ///
    /// By default the certificate is checked as `sslmode` says, with the default crypto provider of
    /// the process, or aws-lc-rs when there is none.
    #[must_use]
    pub fn with_tls(self, config: ClientConfig) -> Self {
        let tls = Some(MakeRustlsConnect::new(config));
        Self { tls, ..self }
    }

    pub(super) fn open(self) -> Result<(Pool, Schema), StoreError> {
        let tls = match self.tls {
            Some(tls) => tls,
            None => MakeRustlsConnect::new(tls::config(&self.trust)?),
        };
        let servers = Servers::new(&self.config, tls.clone());
        let recycling_method = RecyclingMethod::Fast;
        let config = ManagerConfig { recycling_method };
        let manager = Manager::from_connect(self.config, servers, config);
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(self.connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .build()
            .map_err(|error| misconfigured(error.to_string()))?;
        let pool = Pool::new(pool, Some(tls)).with_prepares(self.prepares);
        Ok((pool, self.schema))
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresOptions(schema {}, …)", self.schema.name())
    }
}

/// The schema of the tables; its name is displayed as SQL wants it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Schema {
    name: String,
    /// Whether the texts have an index, or are to have one.
    pub(super) has_search: bool,
}

impl Schema {
    pub(super) fn new(name: &str) -> Result<Self, StoreError> {
        let is_plain = name.len() <= 63
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if is_plain {
            Ok(Self {
                name: name.to_owned(),
                has_search: true,
            })
        } else {
            Err(misconfigured(
                "the schema's name must be made of a-z, 0-9 and _",
            ))
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some plain names are words of SQL.
        write!(f, "\"{}\"", self.name)
    }
}

type Tls3 = (String, Option<String>, Option<String>);

/// The driver knows neither `verify-full` nor `sslrootcert`, so they are taken out of the address.
fn tls_of(url: &str) -> Result<Tls3, StoreError> {
    let (mut mode, mut root) = (None, None);
    let mut take = |part: &str| {
        let (name, value) = part.split_once('=')?;
        match name.trim() {
            "sslmode" => mode = Some(value.trim().to_owned()),
            "sslrootcert" => root = Some(value.trim().to_owned()),
            _ => return None,
        }
        Some(())
    };
    let rest = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        match url.split_once('?') {
            None => url.to_owned(),
            Some((address, query)) => {
                let kept: Vec<&str> = query
                    .split('&')
                    .filter(|part| take(part).is_none())
                    .collect();
                format!("{address}?{}", kept.join("&"))
            }
        }
    } else {
        // Words like `host=localhost user=crm`: those of TLS hold no spaces.
        let kept: Vec<&str> = url
            .split_inclusive(' ')
            .filter(|part| take(part).is_none())
            .collect();
        kept.concat()
    };
    let root = root.map(|root| percent_decoded(&root)).transpose()?;
    Ok((rest, mode, root))
}

fn percent_decoded(text: &str) -> Result<String, StoreError> {
    let bad = || misconfigured("sslrootcert cannot be understood");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = char::from(rest.next()?).to_digit(16)?;
            u8::try_from(digit).ok()
        };
        let (high, low) = (digit().ok_or_else(bad)?, digit().ok_or_else(bad)?);
        bytes.push(high << 4 | low);
    }
    String::from_utf8(bytes).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn tls(url: &str, mode: SslMode, trust: Trust) {
        let options = PostgresOptions::new(url).expect("an address");
        assert_eq!(options.config.get_ssl_mode(), mode, "{url}");
        assert_eq!(options.trust, trust, "{url}");
    }

    #[test]
    fn sslmode_says_how_tls_is_used() {
        let url = "postgres://u:p@h/d";
        tls(url, SslMode::Prefer, Trust::Anybody);
        let with = |query: &str| format!("{url}?{query}");
        tls(&with("sslmode=disable"), SslMode::Disable, Trust::Anybody);
        tls(&with("sslmode=prefer"), SslMode::Prefer, Trust::Anybody);
        tls(&with("sslmode=require"), SslMode::Require, Trust::Anybody);
        tls(
            &with("sslmode=verify-full"),
            SslMode::Require,
            Trust::System,
        );
        tls(
            &with("application_name=x&sslmode=verify-full&sslrootcert=/a%20b.pem"),
            SslMode::Require,
            Trust::File("/a b.pem".into()),
        );
        tls(
            "host=h sslmode=verify-full user=u",
            SslMode::Require,
            Trust::System,
        );
    }

    #[track_caller]
    fn refused(url: &str, text: &str) {
        let error = PostgresOptions::new(url).expect_err("no address");
        assert_eq!(
            error.to_string(),
            format!("the store is misconfigured: {text}")
        );
    }

    #[test]
    fn an_address_that_is_none_is_not_repeated() {
        refused(
            "postgres://u:secret@h:x/d",
            "the address of the database cannot be understood",
        );
        let mode = "sslmode must be disable, prefer, require or verify-full";
        refused("postgres://u:secret@h/d?sslmode=verify-ca", mode);
        refused("postgres://u:secret@h/d?sslmode=allow", mode);
        refused(
            "postgres://u:secret@h/d?sslmode=verify-full&sslrootcert=%q",
            "sslrootcert cannot be understood",
        );
        let options = PostgresOptions::new("postgres://u:secret@h/d").expect("an address");
        assert_eq!(
            format!("{options:?}"),
            "PostgresOptions(schema messenger, …)"
        );
    }

    #[test]
    fn a_schema_has_a_plain_name() {
        for good in ["messenger", "crm_2"] {
            assert!(Schema::new(good).is_ok(), "{good}");
        }
        for bad in ["", "2crm", "Crm", "a.b", "a\"b", "a b", "é"] {
            assert!(Schema::new(bad).is_err(), "{bad}");
        }
    }
}
