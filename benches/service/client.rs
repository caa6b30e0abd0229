//! Deliveries over HTTP, as Meta makes them, from a process of its own.

use std::{
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use messenger_crm::{
    secret::AppSecret,
    webhook::{SIGNATURE_HEADER, sign},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    host::SECRET,
    world::{Event, Outcome, PAGE, World},
};

/// The word by which this program knows that it is a client.
pub(crate) const CHILD: &str = "client";

/// The body of a delivery with this event.
pub(crate) fn body(event: &Event) -> String {
    let Event {
        psid,
        mid,
        at,
        text,
    } = event;
    let item = json!({
        "sender": {"id": psid}, "recipient": {"id": PAGE}, "timestamp": at,
        "message": {"mid": mid, "text": text}
    });
    let entry = json!({"id": PAGE, "time": at, "messaging": [item]});
    json!({"object": "page", "entry": [entry]}).to_string()
}

/// The signature header of a body.
pub(crate) fn signature(body: &str) -> Outcome<String> {
    Ok(sign(&AppSecret::new(SECRET)?, body.as_bytes()).to_string())
}

/// A client that is connected, and waits for its start.
pub(crate) struct Client(Child);

impl Client {
    /// Connects so many times to this server, to deliver so many events from this one on.
    pub(crate) fn connect(address: &str, from: u64, count: u64, waiting: u64) -> Outcome<Self> {
        let numbers = [from, count, waiting].map(|number| number.to_string());
        let child = Command::new(std::env::current_exe()?)
            .args([CHILD, address])
            .args(numbers)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut client = Self(child);
        client.wait()?;
        Ok(client)
    }

    /// Delivers, and returns when all is acknowledged.
    pub(crate) fn deliver(mut self) -> Outcome {
        self.0.stdin.as_mut().ok_or("no input")?.write_all(b".")?;
        self.wait()?;
        match self.0.wait()?.success() {
            true => Ok(()),
            false => Err("the client failed".into()),
        }
    }

    fn wait(&mut self) -> Outcome {
        let output = self.0.stdout.as_mut().ok_or("no output")?;
        Ok(output.read_exact(&mut [0])?)
    }
}

/// What the process of a client does.
pub(crate) async fn child(world: World, arguments: &[String]) -> Outcome {
    let [address, from, count, waiting] = arguments else {
        return Err("a client needs four words".into());
    };
    let (from, count): (u64, u64) = (from.parse()?, count.parse()?);
    let requests = (from..from + count).map(|number| request(&world.event(number)));
    let requests: Arc<[Vec<u8>]> = requests.collect::<Outcome<_>>()?;
    let mut connections = Vec::new();
    for _ in 0..waiting.parse()? {
        connections.push(TcpStream::connect(address).await?);
    }
    signal()?;
    std::io::stdin().read_exact(&mut [0])?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        tasks.spawn(async move {
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                connection.write_all(request).await?;
                acknowledged(&mut connection).await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    signal()
}

fn request(event: &Event) -> Outcome<Vec<u8>> {
    let body = body(event);
    let (length, signature) = (body.len(), signature(&body)?);
    let head = format!(
        "POST /webhook HTTP/1.1\r\nhost: crm.example.com\r\naccept: */*\r\nuser-agent: facebookexternalua\r\n\
         content-type: application/json\r\n{SIGNATURE_HEADER}: {signature}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    Ok(head.into_bytes())
}

/// Reads a response, whose body is `ok` and the end of a line.
async fn acknowledged(connection: &mut TcpStream) -> Outcome {
    let (mut response, mut length) = ([0; 1024], 0);
    while !response[..length].ends_with(b"\r\n\r\nok\n") {
        let read = connection.read(&mut response[length..]).await?;
        if read == 0 {
            let text = String::from_utf8_lossy(&response[..length]);
            return Err(format!("not acknowledged: {text}").into());
        }
        length += read;
    }
    match response.starts_with(b"HTTP/1.1 200 ") {
        true => Ok(()),
        false => Err("a refusal".into()),
    }
}

fn signal() -> Outcome {
    let mut output = std::io::stdout();
    output.write_all(b".")?;
    Ok(output.flush()?)
}
