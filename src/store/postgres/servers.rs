//! Several servers, of which one accepts writes.

use std::{future::Future, pin::Pin};

use deadpool_postgres::Connect;
use futures_util::future::select_ok;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error, config::Host};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The servers of an address.
pub(super) struct Servers {
    each: Vec<Config>,
    tls: MakeRustlsConnect,
}

impl Servers {
    pub(super) fn new(config: &Config, tls: MakeRustlsConnect) -> Self {
        let each = each(config).unwrap_or_else(|| vec![config.clone()]);
        Self { each, tls }
    }
}

impl Connect for Servers {
    /// Asks all servers at once and takes the first that is suitable: one after the other, a server
    /// that has vanished would use up the time.
    fn connect(
        &self,
        _: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let attempts = self.each.iter().map(|config| {
            let tls = self.tls.clone();
            Box::pin(config.connect(tls))
        });
        let first = select_ok(attempts);
        Box::pin(async move {
            let ((client, connection), _) = first.await?;
            let task = tokio::spawn(async move {
                // Statements under way get the error too.
                drop(connection.await);
            });
            Ok((client, task))
        })
    }
}

/// The same configuration for each of several servers. `None` for a single one, and for numbers of
/// names, addresses and ports that do not match, which the driver refuses.
fn each(config: &Config) -> Option<Vec<Config>> {
    let (hosts, addresses, ports) = (
        config.get_hosts(),
        config.get_hostaddrs(),
        config.get_ports(),
    );
    let count = hosts.len().max(addresses.len());
    let is_whole = [hosts.len(), addresses.len()].map(|number| number == 0 || number == count);
    let is_whole = is_whole == [true, true] && [0, 1, count].contains(&ports.len());
    if count < 2 || !is_whole {
        return None;
    }
    let one = |place: usize| {
        let mut one = common(config);
        match hosts.get(place) {
            Some(Host::Tcp(host)) => drop(one.host(host)),
            #[cfg(unix)]
            Some(Host::Unix(path)) => drop(one.host_path(path)),
            None => {}
        }
        if let Some(address) = addresses.get(place) {
            one.hostaddr(*address);
        }
        if let Some(port) = ports.get(place).or(ports.first()) {
            one.port(*port);
        }
        one
    };
    Some((0..count).map(one).collect())
}

/// All but the servers.
fn common(config: &Config) -> Config {
    let mut common = Config::new();
    if let Some(user) = config.get_user() {
        common.user(user);
    }
    if let Some(password) = config.get_password() {
        common.password(password);
    }
    if let Some(database) = config.get_dbname() {
        common.dbname(database);
    }
    if let Some(options) = config.get_options() {
        common.options(options);
    }
    if let Some(name) = config.get_application_name() {
        common.application_name(name);
    }
    if let Some(time) = config.get_connect_timeout() {
        common.connect_timeout(*time);
    }
    if let Some(time) = config.get_tcp_user_timeout() {
        common.tcp_user_timeout(*time);
    }
    if let Some(time) = config.get_keepalives_interval() {
        common.keepalives_interval(time);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        common.keepalives_retries(retries);
    }
    common
        .keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding())
        .load_balance_hosts(config.get_load_balance_hosts());
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n39_each_server_has_the_whole_configuration() {
        let rest = "user=u password=p dbname=d options='-c a=b' application_name=n sslmode=require
            sslnegotiation=direct connect_timeout=1 tcp_user_timeout=2 keepalives=0 keepalives_idle=3
            keepalives_interval=4 keepalives_retries=5 target_session_attrs=read-only
            channel_binding=require load_balance_hosts=random";
        let config = |servers: &str| -> Config {
            let address = format!("{servers} {rest}");
            address.parse().expect("an address")
        };
        for (servers, wanted) in [
            ("host=a,b port=1,2", ["host=a port=1", "host=b port=2"]),
            ("host=a,/b port=1", ["host=a port=1", "host=/b port=1"]),
            (
                "host=a,b hostaddr=::1,::2",
                ["host=a hostaddr=::1", "host=b hostaddr=::2"],
            ),
        ] {
            let found = each(&config(servers)).expect("several servers");
            assert_eq!(found, wanted.map(config), "{servers}");
        }
        for servers in ["host=a", "host=a,b hostaddr=::1", "host=a,b,c port=1,2"] {
            assert_eq!(each(&config(servers)), None, "{servers}");
        }
    }
}
