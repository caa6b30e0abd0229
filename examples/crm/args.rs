//! What the command line says.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use lexopt::prelude::*;
use url::{Host, Url};

const HELP: &str = "\
A small CRM for Facebook Messenger.

Usage: crm                                          a demo, with Messenger simulated
       crm --database FILE --public-url URL         the real thing

Options:
      --database FILE    where customers, messages and connections are kept
      --listen ADDR      where to listen (127.0.0.1:3000)
      --public-url URL   the address under which Meta reaches this server, https
      --graph-url URL    another Graph API than Meta's, for trials
  -h, --help             print this

Environment:
  MESSENGER_CRM_KEY      the key that seals the secrets in the database: 64 hex digits, or
                         base64 of 32 bytes; without it the key is kept in FILE.key
";

#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// Messenger is simulated.
    Demo,
    /// Meta, or whatever answers at `graph_url`.
    Real {
        public_url: String,
        graph_url: Option<String>,
    },
}

#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Args {
    pub(crate) mode: Mode,
    pub(crate) database: Option<PathBuf>,
    pub(crate) listen: SocketAddr,
}

#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Parsed {
    Run(Args),
    Help(&'static str),
}

impl Args {
    /// Reads the arguments, the program's own name not among them. An error is one line.
    pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Parsed, String> {
        let mut database = None;
        let mut listen = None;
        let mut public_url = None;
        let mut graph_url = None;

        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next().map_err(line)? {
            match arg {
                Short('h') | Long("help") => return Ok(Parsed::Help(HELP)),
                Long("database") => once(&mut database, "--database", &mut parser)?,
                Long("listen") => once(&mut listen, "--listen", &mut parser)?,
                Long("public-url") => once(&mut public_url, "--public-url", &mut parser)?,
                Long("graph-url") => once(&mut graph_url, "--graph-url", &mut parser)?,
                other => return Err(line(other.unexpected())),
            }
        }

        // SQLite would take these two for a database that is gone with the process.
        if database
            .as_ref()
            .is_some_and(|path| path.is_empty() || path == ":memory:")
        {
            return Err("--database needs the path of a file".to_owned());
        }
        let listen = match listen {
            None => SocketAddr::from((Ipv4Addr::LOCALHOST, 3000)),
            Some(listen) => {
                let listen = text("--listen", listen)?;
                listen.parse().map_err(|_| {
                    format!(
                        "--listen needs an IP address and a port, such as 127.0.0.1:3000, \
                         not {listen:?}"
                    )
                })?
            }
        };
        let mode = match (public_url, graph_url) {
            (None, None) => Mode::Demo,
            (None, Some(_)) => return Err("--graph-url needs --public-url".to_owned()),
            (Some(_), _) if database.is_none() => {
                return Err("--public-url needs --database".to_owned());
            }
            (Some(public_url), graph_url) => Mode::Real {
                public_url: public(&text("--public-url", public_url)?)?,
                graph_url: graph_url.map(|url| text("--graph-url", url)).transpose()?,
            },
        };
        Ok(Parsed::Run(Self {
            mode,
            database: database.map(PathBuf::from),
            listen,
        }))
    }
}

fn once(
    slot: &mut Option<OsString>,
    name: &str,
    parser: &mut lexopt::Parser,
) -> Result<(), String> {
    match slot.replace(parser.value().map_err(line)?) {
        None => Ok(()),
        Some(_) => Err(format!("{name} is given twice")),
    }
}

fn text(name: &str, value: OsString) -> Result<String, String> {
    value
        .into_string()
        .map_err(|value| format!("{name} is not valid UTF-8: {value:?}"))
}

/// The address that Meta is told, without a slash at its end.
fn public(given: &str) -> Result<String, String> {
    let refused = |why: &str| Err(format!("--public-url {given:?} {why}"));
    let Ok(url) = Url::parse(given) else {
        return refused("is not a URL");
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return refused("must be https: Meta calls nothing else"),
        _ => return refused("must begin with https://"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The URL is not repeated: it holds a password.
        return Err("--public-url must not hold a user name or a password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refused("must not have a query or a fragment");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// One line, whatever was given.
fn line(error: lexopt::Error) -> String {
    error.to_string().replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Parsed, String> {
        Args::parse(args.iter().map(OsString::from))
    }

    #[track_caller]
    fn run(args: &[&str]) -> Args {
        match parse(args) {
            Ok(Parsed::Run(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn public_url(url: &str) -> String {
        match run(&["--database", "crm.db", "--public-url", url]).mode {
            Mode::Real { public_url, .. } => public_url,
            Mode::Demo => panic!("the demo"),
        }
    }

    #[track_caller]
    fn refused(args: &[&str], error: &str) {
        assert_eq!(parse(args).unwrap_err(), error);
    }

    #[test]
    fn nothing_said_is_the_demo_on_loopback() {
        let listen = "127.0.0.1:3000".parse().unwrap();
        assert_eq!(
            run(&[]),
            Args {
                mode: Mode::Demo,
                database: None,
                listen
            }
        );
    }

    #[test]
    fn a_public_url_is_the_real_thing() {
        let args = run(&[
            "--database=crm.db",
            "--listen",
            "[::1]:80",
            "--public-url",
            "https://crm.example/",
            "--graph-url",
            "http://127.0.0.1:9/",
        ]);
        let mode = Mode::Real {
            public_url: "https://crm.example".into(),
            graph_url: Some("http://127.0.0.1:9/".into()),
        };
        let listen = "[::1]:80".parse().unwrap();
        assert_eq!(
            args,
            Args {
                mode,
                database: Some("crm.db".into()),
                listen
            }
        );
        let plain = run(&[
            "--database",
            "crm.db",
            "--public-url",
            "https://crm.example",
        ]);
        assert_eq!(plain.listen, "127.0.0.1:3000".parse().unwrap());
    }

    #[test]
    fn a_public_url_is_https_or_loopback_without_a_slash_at_its_end() {
        assert_eq!(
            public_url("https://crm.example/base/"),
            "https://crm.example/base"
        );
        assert_eq!(public_url("http://localhost:3000"), "http://localhost:3000");
        assert_eq!(
            public_url("http://127.0.0.1:3000/"),
            "http://127.0.0.1:3000"
        );
        assert_eq!(public_url("http://[::1]:3000"), "http://[::1]:3000");
    }

    #[test]
    fn a_public_url_that_meta_could_not_call_is_refused() {
        for (url, error) in [
            ("crm.example", "--public-url \"crm.example\" is not a URL"),
            (
                "http://crm.example",
                "--public-url \"http://crm.example\" must be https: Meta calls nothing else",
            ),
            (
                "http://127.0.0.1.example",
                "--public-url \"http://127.0.0.1.example\" must be https: Meta calls nothing else",
            ),
            (
                "ftp://crm.example",
                "--public-url \"ftp://crm.example\" must begin with https://",
            ),
            (
                "https://crm.example/?a",
                "--public-url \"https://crm.example/?a\" must not have a query or a fragment",
            ),
            (
                "https://crm.example/#a",
                "--public-url \"https://crm.example/#a\" must not have a query or a fragment",
            ),
            (
                "https://me:hush@crm.example",
                "--public-url must not hold a user name or a password",
            ),
        ] {
            refused(&["--database", "crm.db", "--public-url", url], error);
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        refused(
            &["--graph-url", "http://127.0.0.1:9"],
            "--graph-url needs --public-url",
        );
        refused(
            &["--public-url", "https://crm.example"],
            "--public-url needs --database",
        );
        refused(
            &["--database", ":memory:"],
            "--database needs the path of a file",
        );
        refused(&["--database", ""], "--database needs the path of a file");
        refused(
            &["--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2"],
            "--listen is given twice",
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_in_one_line() {
        refused(
            &["--listen", "3000"],
            "--listen needs an IP address and a port, such as 127.0.0.1:3000, not \"3000\"",
        );
        refused(&["--listen"], "missing argument for option '--listen'");
        refused(&["--port", "1"], "invalid option '--port'");
        assert!(!parse(&["a\nb"]).unwrap_err().contains('\n'));
    }

    #[test]
    fn help_wins() {
        assert_eq!(parse(&["--graph-url", "x", "-h"]), Ok(Parsed::Help(HELP)));
        assert_eq!(parse(&["--help"]), Ok(Parsed::Help(HELP)));
    }
}
