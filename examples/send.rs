//! Sends one message from the command line.
//!
//! The credentials come from the environment, because every user of the machine can read a command
//! line:
//!
//! `APP_ID=… APP_SECRET=… PAGE_ID=… PAGE_TOKEN=… cargo run --example send -- <PSID> <text>`
//!
//! The message goes to Meta, or with `GRAPH_URL=http://127.0.0.1:4040` to the simulator (the example
//! `simulator` prints the credentials).

use std::{env, error::Error, process::ExitCode};

use messenger_crm::graph::{Access, AppAccess, Graph, OutgoingMessage};
use messenger_crm::id::{AppId, PageId, Psid};
use messenger_crm::secret::{AppSecret, PageToken};

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match send(&words).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("send: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn send(words: &[String]) -> Result<(), Box<dyn Error>> {
    let [psid, text] = words else {
        return Err("usage: send <PSID> <text>".into());
    };
    let app = AppAccess::new(
        AppId::new(variable("APP_ID")?)?,
        AppSecret::new(variable("APP_SECRET")?)?,
    );
    let page = PageId::new(variable("PAGE_ID")?)?;
    let access = Access::new(app, page, PageToken::new(variable("PAGE_TOKEN")?)?);
    let message = OutgoingMessage::text(Psid::new(psid)?, text)?;

    let mut graph = Graph::new()?;
    if let Ok(url) = env::var("GRAPH_URL") {
        graph = graph.with_base_url(&url)?;
    }
    match graph.page(access).send(&message).await {
        Ok(sent) => {
            let mid = sent
                .mid
                .as_ref()
                .map_or("without an id", |mid| mid.as_str());
            println!("sent {mid}");
            Ok(())
        }
        Err(error) if error.outcome_is_unknown() => {
            Err(format!("{error}; the message may have been sent").into())
        }
        Err(error) => Err(format!("{error} (advice: {})", error.advice()).into()),
    }
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set"))
}
