//! Sends one message from the command line.
//!
//! The secrets come from the environment, never from the command line, where everybody on the
//! machine can read them:
//!
//! `PAGE_TOKEN=… APP_SECRET=… cargo run --example send -- <PSID> <text>`
//!
//! With `GRAPH_URL=http://127.0.0.1:4040` it goes to the simulator (the example `simulator` prints
//! what it needs), without it to Meta.

use std::{env, error::Error, process::ExitCode};

use messenger_crm::{
    graph::{Access, Graph, Message, ReqwestTransport, TokioClock},
    id::Psid,
    secret::{AppSecret, PageToken},
};

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
    let access = Access::new(
        PageToken::new(secret("PAGE_TOKEN")?)?,
        AppSecret::new(secret("APP_SECRET")?)?,
    );
    let message = Message::text(Psid::new(psid)?, text)?;

    let mut graph = Graph::new(ReqwestTransport::new()?).with_clock(TokioClock::new());
    if let Ok(url) = env::var("GRAPH_URL") {
        graph = graph.with_base_url(&url)?;
    }
    let page = graph.page(&access).await?;
    match graph.send(&access, &page.id, &message).await {
        Ok(sent) => {
            let mid = sent
                .mid
                .as_ref()
                .map_or("without an id", |mid| mid.as_str());
            println!("sent {mid}");
            Ok(())
        }
        Err(error) if error.outcome_is_unknown() => {
            Err(format!("{error}: it may have been sent all the same").into())
        }
        Err(error) => Err(format!("{error} (advice: {})", error.advice()).into()),
    }
}

fn secret(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set"))
}
