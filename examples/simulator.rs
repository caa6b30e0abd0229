//! Messenger without Meta: a phone, Meta's dashboard and the Graph API on this machine.
//!
//!     cargo run --example simulator --features simulator
//!
//! Open the printed address, give the CRM the credentials shown there, and let
//! the page verify the CRM's webhook. With `--callback-url` and `--verify-token`
//! the last step is done at once, as soon as the CRM answers.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lexopt::{Arg, Parser, ValueExt as _};
use messenger_crm::simulator::Simulator;
use tokio::time::sleep;

const USAGE: &str = "\
usage: simulator [--listen ADDRESS] [--callback-url URL --verify-token TOKEN] [--print-credentials]

  --listen ADDRESS       loopback address and port (127.0.0.1:4040; port 0 takes a free one)
  --callback-url URL     verify this webhook at once, waiting up to 60 seconds for it
  --verify-token TOKEN   the verify token to do so with
  --print-credentials    print the App Secret and the Page token, too";

/// How long a callback may take to come up.
const START_UP: Duration = Duration::from_secs(60);

struct Options {
    listen: SocketAddr,
    callback: Option<(String, String)>,
    print_credentials: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("simulator: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let Some(options) = options().map_err(|error| format!("{error}\n{USAGE}"))? else {
        println!("{USAGE}");
        return Ok(());
    };
    let mut stopped =
        pin!(stopped().map_err(|error| format!("cannot listen for signals: {error}"))?);
    let simulator = Simulator::start(options.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;
    introduce(&simulator, options.print_credentials);
    if let Some((url, token)) = &options.callback {
        tokio::select! {
            subscribed = subscribe(&simulator, url, token) => subscribed?,
            () = &mut stopped => return Ok(()),
        }
        println!("Webhook    {url} verified");
    }
    stopped.await;
    simulator.shutdown().await;
    Ok(())
}

/// Ctrl-C, and what service managers send; heard from the call on, not from the await.
#[cfg(unix)]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

fn introduce(simulator: &Simulator, print_credentials: bool) {
    let (url, app) = (simulator.url(), simulator.app());
    println!("Phone      {url}");
    println!("Graph      {url}");
    println!("App ID     {}", app.app_id);
    if print_credentials {
        println!("App Secret {}", app.app_secret);
        println!("Page token {}", app.page_token);
    } else {
        println!("The App Secret and the Page token are on the phone's page.");
    }
}

/// Verifies the callback, giving a CRM that starts at the same time a while.
async fn subscribe(simulator: &Simulator, url: &str, token: &str) -> Result<(), String> {
    let started = Instant::now();
    loop {
        let refusal = match simulator.subscribe(url, token).await {
            Ok(()) => return Ok(()),
            Err(refusal) => refusal,
        };
        if !refusal.is_temporary() || started.elapsed() > START_UP {
            return Err(format!("cannot subscribe {url}: {refusal}"));
        }
        sleep(Duration::from_millis(250)).await;
    }
}

/// `None` when only the usage is asked for.
fn options() -> Result<Option<Options>, lexopt::Error> {
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 4040));
    let (mut url, mut token, mut print_credentials) = (None, None, false);
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("listen") => listen = arguments.value()?.parse()?,
            Arg::Long("callback-url") => url = Some(arguments.value()?.string()?),
            Arg::Long("verify-token") => token = Some(arguments.value()?.string()?),
            Arg::Long("print-credentials") => print_credentials = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    let callback = match (url, token) {
        (Some(url), Some(token)) => Some((url, token)),
        (None, None) => None,
        _ => return Err("--callback-url and --verify-token go together".into()),
    };
    Ok(Some(Options {
        listen,
        callback,
        print_credentials,
    }))
}
