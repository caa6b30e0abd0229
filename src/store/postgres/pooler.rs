//! Whether a connection keeps its server process, or a pooler gives each transaction another one.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    Client, Error,
    tls::{ChannelBinding, TlsConnect, TlsStream},
};

/// The code of a request to cancel, after its length.
const CANCEL: i32 = 80_877_102;

/// Whether the server process that announced itself when the connection began also answers now.
///
/// A pooler announces a number that it has made up, because it has no server process for the
/// connection yet. So it is recognized in every mode, also while other clients use it.
pub(super) async fn is_direct(client: &Client) -> Result<bool, Error> {
    let rows = client.query_typed("SELECT pg_backend_pid()", &[]).await?;
    let answers: Option<i32> = rows.first().map(|row| row.try_get(0)).transpose()?;
    let announced = announced(client).await;
    Ok(announced.is_some() && announced == answers)
}

/// The number of the server process that was announced. The driver shows it only in requests to
/// cancel, so one is written into memory.
async fn announced(client: &Client) -> Option<i32> {
    let memory = Memory::default();
    let request = client.cancel_token();
    request.cancel_query_raw(memory.clone(), Tls).await.ok()?;
    let written = memory.0.lock().unwrap_or_else(PoisonError::into_inner);
    process_of(&written)
}

/// The process that a request to cancel names; a request for TLS may stand before it.
fn process_of(written: &[u8]) -> Option<i32> {
    let request: &[u8; 16] = written.last_chunk()?;
    let mut numbers = request.chunks_exact(4).map(|bytes| {
        let number: Option<&[u8; 4]> = bytes.first_chunk();
        number.map(|bytes| i32::from_be_bytes(*bytes))
    });
    let is_cancel = numbers.next()?? == 16 && numbers.next()?? == CANCEL;
    numbers.next()?.filter(|_| is_cancel)
}

/// A stream in memory that keeps the bytes written to it. Each read returns the `S` that accepts TLS.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl AsyncRead for Memory {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for Memory {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// TLS that encrypts nothing, because nothing leaves the memory.
struct Tls;

impl TlsConnect<Memory> for Tls {
    type Stream = Memory;
    type Error = Infallible;
    type Future = Ready<Result<Memory, Infallible>>;

    fn connect(self, stream: Memory) -> Self::Future {
        ready(Ok(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_from_a_request_to_cancel_only() {
        let request = |code: i32| {
            let numbers = [16, code, 4321, 7];
            numbers.map(i32::to_be_bytes).concat()
        };
        let tls = [8, 80_877_103].map(i32::to_be_bytes).concat();
        assert_eq!(process_of(&request(CANCEL)), Some(4321));
        assert_eq!(process_of(&[tls, request(CANCEL)].concat()), Some(4321));
        assert_eq!(process_of(&request(CANCEL + 1)), None);
        assert_eq!(process_of(&request(CANCEL)[1..]), None);
    }
}
