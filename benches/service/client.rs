//! Deliveries over HTTP, as Meta makes them, from a separate process.

use std::{
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
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
    time::sleep,
};

use crate::{
    bodies::SIZE,
    host::SECRET,
    world::{Event, Outcome, PAGE, World},
};

/// The word by which this program knows that it is a client.
pub(crate) const CHILD: &str = "client";

/// The word by which it knows that its bodies are large.
const LARGE: &str = "large";

/// The body of a delivery with this event.
pub(crate) fn body(event: &Event) -> String {
    body_of(&item(event))
}

/// The body of a delivery with these events.
fn body_of(items: &str) -> String {
    format!(r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":1,"messaging":[{items}]}}]}}"#)
}

fn item(event: &Event) -> String {
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
    item.to_string()
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
        let [from, count, waiting] = &numbers;
        Self::start(&[address, from, count, waiting])
    }

    /// Prepares a large body, to deliver it so many times at one time.
    pub(crate) fn large(address: &str, at_once: u64) -> Outcome<Self> {
        Self::start(&[LARGE, address, &at_once.to_string()])
    }

    fn start(arguments: &[&str]) -> Outcome<Self> {
        let child = Command::new(std::env::current_exe()?)
            .arg(CHILD)
            .args(arguments)
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

/// Runs the process of a client.
pub(crate) async fn child(world: World, arguments: &[String]) -> Outcome {
    if let [first, address, at_once] = arguments
        && first == LARGE
    {
        return large(world, address, at_once.parse()?).await;
    }
    let [address, from, count, waiting] = arguments else {
        return Err("a client needs four words".into());
    };
    let (from, count): (u64, u64) = (from.parse()?, count.parse()?);
    let requests = (from..from + count).map(|number| request(&body(&world.event(number))));
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

/// Delivers one large body several times; what finds no room is sent again, as Meta does.
async fn large(world: World, address: &str, at_once: u64) -> Outcome {
    let mut items = String::new();
    for number in 0.. {
        let item = item(&world.event(number));
        if items.len() + item.len() + 1_000 > SIZE {
            break;
        }
        if !items.is_empty() {
            items.push(',');
        }
        items.push_str(&item);
    }
    let request: Arc<[u8]> = request(&body_of(&items))?.into();
    signal()?;
    std::io::stdin().read_exact(&mut [0])?;
    let mut tasks = JoinSet::new();
    for _ in 0..at_once {
        let (request, address) = (Arc::clone(&request), address.to_owned());
        tasks.spawn(async move {
            loop {
                let mut connection = TcpStream::connect(&address).await?;
                // A server without room closes before it has read everything.
                let written = connection.write_all(&request).await;
                if written.is_ok() && acknowledged(&mut connection).await.is_ok() {
                    return Outcome::Ok(());
                }
                sleep(Duration::from_millis(50)).await;
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    signal()
}

fn request(body: &str) -> Outcome<Vec<u8>> {
    let (length, signature) = (body.len(), signature(body)?);
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
