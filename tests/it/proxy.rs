//! A bad line on loopback: it delays, cuts, resets, drips and garbles what goes through it.
//!
//! It knows bytes alone, so it can stand before anything that speaks TCP.

#![allow(clippy::unwrap_used)]

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// What the line does to what comes from the server; what goes to it is left alone, but for
/// [`Fault::Refuse`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Closes each connection as soon as it is made.
    Refuse,
    /// Lets nothing through for so long, then all of it.
    Delay(Duration),
    /// Lets so many bytes through, then closes as if that were all.
    Cut(usize),
    /// Lets so many bytes through, then resets the connection.
    Reset(usize),
    /// Lets one byte through each time.
    Drip(Duration),
    /// Flips a bit of every byte from this one on.
    Garble(usize),
    /// Swallows all, and keeps the connection open.
    Swallow,
    /// Swallows all, and keeps the connection to the server open after the client closed its own:
    /// to the server the client has vanished.
    Vanish,
}

/// A line to one server.
pub(crate) struct Proxy {
    address: SocketAddr,
    fault: Arc<Mutex<Fault>>,
    connections: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Proxy {
    /// A good line to this server.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fault = Arc::new(Mutex::new(Fault::None));
        let connections = Arc::new(AtomicUsize::new(0));
        let ended = Arc::new(AtomicUsize::new(0));
        let (faults, counted, done) = (fault.clone(), connections.clone(), ended.clone());
        let serving = tokio::spawn(async move {
            let mut lines = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let (faults, done) = (faults.clone(), done.clone());
                lines.spawn(async move {
                    join(client, server, faults).await;
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            fault,
            connections,
            ended,
            serving,
        }
    }

    /// Where to connect to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same for HTTP.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the line does from now on, to connections that are there already too.
    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many of them are over.
    pub(crate) fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn join(mut client: TcpStream, server: SocketAddr, fault: Arc<Mutex<Fault>>) {
    if *fault.lock().unwrap() == Fault::Refuse {
        client.set_zero_linger().unwrap();
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let is_reset = tokio::select! {
        is_reset = spoil(from_server, to_client, &fault) => is_reset.unwrap_or(false),
        () = pass(from_client, to_server, &fault) => false,
    };
    if is_reset {
        // Without it the connection would be closed with a farewell.
        client.set_zero_linger().unwrap();
    }
}

/// Hands on what the client says, and never ends: the server has the last word.
async fn pass(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, fault: &Mutex<Fault>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if to.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
    let has_vanished = *fault.lock().unwrap() == Fault::Vanish;
    if !has_vanished {
        let _ = to.shutdown().await;
    }
    std::future::pending().await
}

/// Hands on what the server says, spoiled; whether the client is to see a reset at the end.
async fn spoil(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    fault: &Mutex<Fault>,
) -> io::Result<bool> {
    let mut bytes = vec![0; 64 * 1024];
    let mut passed = 0;
    loop {
        let read = from.read(&mut bytes).await?;
        let piece = &mut bytes[..read];
        let chosen = *fault.lock().unwrap();
        if read == 0 {
            return Ok(false);
        }
        match chosen {
            Fault::None | Fault::Refuse => to.write_all(piece).await?,
            Fault::Delay(time) => {
                sleep(time).await;
                to.write_all(piece).await?;
            }
            Fault::Cut(limit) | Fault::Reset(limit) => {
                let left = limit.saturating_sub(passed).min(read);
                to.write_all(&piece[..left]).await?;
                if left < read {
                    return Ok(matches!(chosen, Fault::Reset(_)));
                }
            }
            Fault::Drip(time) => {
                for byte in piece {
                    to.write_all(&[*byte]).await?;
                    sleep(time).await;
                }
            }
            Fault::Garble(first) => {
                for (index, byte) in piece.iter_mut().enumerate() {
                    if passed + index >= first {
                        *byte ^= 0x20;
                    }
                }
                to.write_all(piece).await?;
            }
            Fault::Swallow | Fault::Vanish => {}
        }
        passed += read;
    }
}
