//! Bodies of requests: read within a size, a rate, and the bytes that all requests may hold.

use std::{
    collections::HashMap,
    future::poll_fn,
    net::IpAddr,
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Poll, ready},
    time::Duration,
};

use bytes::Buf;
use http_body::Body;

use crate::graph::Clock;

/// Bodies up to this size have bytes in reserve that larger ones cannot use.
const SMALL: usize = 64 * 1024;
/// Time before the rate of a sender counts.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes that are allocated because a length was announced, before any of them arrived.
const TRUSTED: u64 = 64 * 1024;

/// Address of the client, as an extension of the request. Set it when the server talks to clients
/// directly, or when a proxy that you trust names them.
///
/// Large bodies of one client may hold half of the bytes that all large bodies may hold. Without an
/// address, all clients share them.
///
/// # Examples
///
/// ```
/// use messenger_crm::inbox::Peer;
///
/// let mut request = http::Request::post("/webhook").body(String::new())?;
/// request.extensions_mut().insert(Peer("203.0.113.7".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs)]
pub struct Peer(pub IpAddr);

/// Error of a body that was not read to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BodyError {
    /// More bytes than the limit.
    TooLarge,
    /// The bytes arrive too slowly.
    TooSlow,
    /// All bodies together hold too many bytes.
    Busy,
    /// The client ended the body before its end.
    CutOff,
}

/// Bytes of bodies that are held now, with their limits.
#[derive(Debug)]
pub(super) struct InFlight {
    limits: Limits,
    held: Mutex<Held>,
}

/// Limits of [`InFlight`], in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bodies up to 64 KiB, all together.
    pub(super) small: usize,
    /// Larger bodies, all together.
    pub(super) large: usize,
}

#[derive(Debug, Default)]
struct Held {
    small: usize,
    large: usize,
    /// Bytes of large bodies by client.
    by_peer: HashMap<IpAddr, usize>,
}

impl InFlight {
    pub(super) fn new(limits: Limits) -> Self {
        let held = Mutex::default();
        Self { limits, held }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body in memory. Dropping it gives its bytes back to [`InFlight`].
#[derive(Debug)]
pub(super) struct Received<'a> {
    in_flight: &'a InFlight,
    peer: Option<IpAddr>,
    bytes: Vec<u8>,
    is_large: bool,
}

/// How a body is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Largest size, in bytes.
    pub(super) max_bytes: usize,
    /// Lowest rate, in bytes per second.
    pub(super) min_rate: u32,
    /// Longest time in all.
    pub(super) max_time: Duration,
}

impl Reading {
    /// Reads a whole body. `announced` is its length, if the client names one.
    pub(super) async fn read<'a, B: Body>(
        &self,
        body: B,
        announced: Option<u64>,
        clock: &dyn Clock,
        in_flight: &'a InFlight,
        peer: Option<IpAddr>,
    ) -> Result<Received<'a>, BodyError> {
        let announced = announced.unwrap_or_default().max(body.size_hint().lower());
        if announced > self.max_bytes as u64 {
            return Err(BodyError::TooLarge);
        }
        let mut received = Received {
            in_flight,
            peer,
            bytes: Vec::with_capacity(announced.min(TRUSTED) as usize),
            is_large: announced > SMALL as u64,
        };
        let mut body = pin!(body);
        let started = clock.elapsed();
        // One for the whole body: most bodies arrive at once, and need none.
        let mut timer = None;
        while !body.is_end_stream() {
            let until = started.saturating_add(self.time_for(received.bytes.len()));
            let frame = poll_fn(|context| {
                loop {
                    let left = until.saturating_sub(clock.elapsed());
                    if left.is_zero() {
                        return Poll::Ready(Err(BodyError::TooSlow));
                    }
                    if let Poll::Ready(frame) = body.as_mut().poll_frame(context) {
                        return Poll::Ready(Ok(frame));
                    }
                    let sleep = timer.get_or_insert_with(|| clock.sleep(left));
                    ready!(sleep.as_mut().poll(context));
                    // More bytes may have earned more time since it was set.
                    timer = None;
                }
            });
            match frame.await? {
                None => break,
                Some(Err(_)) => return Err(BodyError::CutOff),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        received.push(data, self.max_bytes)?;
                    }
                }
            }
        }
        Ok(received)
    }

    /// Time within which more than so many bytes must have arrived.
    fn time_for(&self, bytes: usize) -> Duration {
        let earned = (bytes as u64).saturating_mul(1000);
        let earned = earned.checked_div(self.min_rate.into());
        earned.map_or(self.max_time, |earned| {
            (PATIENCE + Duration::from_millis(earned)).min(self.max_time)
        })
    }
}

impl Received<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn push(&mut self, mut data: impl Buf, limit: usize) -> Result<(), BodyError> {
        let more = data.remaining();
        if more > limit.saturating_sub(self.bytes.len()) {
            return Err(BodyError::TooLarge);
        }
        self.count(more)?;
        while data.has_remaining() {
            let chunk = data.chunk();
            self.bytes.extend_from_slice(chunk);
            let length = chunk.len();
            data.advance(length);
        }
        Ok(())
    }

    /// Counts bytes before they are held. A small body that becomes large moves with all its bytes.
    fn count(&mut self, more: usize) -> Result<(), BodyError> {
        let before = self.bytes.len();
        let InFlight { limits, .. } = self.in_flight;
        let mut held = self.in_flight.held();
        if !self.is_large && before + more <= SMALL {
            if more > limits.small.saturating_sub(held.small) {
                return Err(BodyError::Busy);
            }
            held.small += more;
            return Ok(());
        }
        let added = if self.is_large { more } else { before + more };
        if added > limits.large.saturating_sub(held.large) {
            return Err(BodyError::Busy);
        }
        if let Some(peer) = self.peer {
            let of_peer = held.by_peer.get(&peer).copied().unwrap_or_default();
            if added > (limits.large / 2).saturating_sub(of_peer) {
                return Err(BodyError::Busy);
            }
            held.by_peer.insert(peer, of_peer + added);
        }
        held.large += added;
        if !self.is_large {
            held.small -= before;
            self.is_large = true;
        }
        Ok(())
    }
}

impl Drop for Received<'_> {
    fn drop(&mut self) {
        let counted = self.bytes.len();
        let mut held = self.in_flight.held();
        if !self.is_large {
            held.small = held.small.saturating_sub(counted);
            return;
        }
        held.large = held.large.saturating_sub(counted);
        let Some(peer) = self.peer else { return };
        if let Some(of_peer) = held.by_peer.get_mut(&peer) {
            *of_peer = of_peer.saturating_sub(counted);
            if *of_peer == 0 {
                held.by_peer.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        small: SMALL,
        large: 400_000,
    };

    fn received(in_flight: &InFlight, peer: Option<u8>) -> Received<'_> {
        Received {
            in_flight,
            peer: peer.map(|last| IpAddr::from([192, 0, 2, last])),
            bytes: Vec::new(),
            is_large: false,
        }
    }

    #[test]
    fn n18_large_bodies_leave_the_reserve_of_small_ones() {
        let in_flight = InFlight::new(LIMITS);
        let mut large = received(&in_flight, None);
        assert_eq!(large.push(&[b' '; 300_000][..], usize::MAX), Ok(()));
        let mut another = received(&in_flight, None);
        let refused = another.push(&[b' '; 200_000][..], usize::MAX);
        assert_eq!(refused, Err(BodyError::Busy));
        let mut small = received(&in_flight, None);
        assert_eq!(small.push(&[b' '; SMALL][..], usize::MAX), Ok(()));
        drop(large);
        assert_eq!(another.push(&[b' '; 200_000][..], usize::MAX), Ok(()));
        drop((small, another));
        let held = in_flight.held();
        assert_eq!((held.small, held.large), (0, 0));
    }

    #[test]
    fn n18_a_small_body_that_grows_is_counted_as_large() {
        let in_flight = InFlight::new(LIMITS);
        let mut body = received(&in_flight, None);
        for _ in 0..3 {
            assert_eq!(body.push(&[b' '; 30_000][..], usize::MAX), Ok(()));
        }
        let held = in_flight.held();
        assert_eq!((held.small, held.large), (0, 90_000));
    }

    #[test]
    fn n18_one_client_holds_half_of_the_large_bytes() {
        let in_flight = InFlight::new(LIMITS);
        let mut one = received(&in_flight, Some(1));
        assert_eq!(one.push(&[b' '; 150_000][..], usize::MAX), Ok(()));
        let mut again = received(&in_flight, Some(1));
        let refused = again.push(&[b' '; 100_000][..], usize::MAX);
        assert_eq!(refused, Err(BodyError::Busy));
        let mut other = received(&in_flight, Some(2));
        assert_eq!(other.push(&[b' '; 100_000][..], usize::MAX), Ok(()));
        drop((one, again, other));
        let held = in_flight.held();
        assert_eq!((held.large, held.by_peer.len()), (0, 0));
    }

    #[test]
    fn n18_time_is_earned_by_bytes() {
        let reading = Reading {
            max_bytes: usize::MAX,
            min_rate: 1000,
            max_time: Duration::from_secs(30),
        };
        assert_eq!(reading.time_for(0), PATIENCE);
        assert_eq!(reading.time_for(2500), Duration::from_millis(7500));
        assert_eq!(reading.time_for(usize::MAX), reading.max_time);
        let any = Reading {
            min_rate: 0,
            ..reading
        };
        assert_eq!(any.time_for(0), any.max_time);
    }

    /// Sends so many bytes every second.
    #[cfg(feature = "client")]
    struct Drip {
        seconds: u32,
        bytes: usize,
        pause: std::pin::Pin<Box<tokio::time::Sleep>>,
    }

    #[cfg(feature = "client")]
    impl Body for Drip {
        type Data = bytes::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
            ready!(self.pause.as_mut().poll(context));
            if self.seconds == 0 {
                return Poll::Ready(None);
            }
            self.seconds -= 1;
            self.pause = Box::pin(tokio::time::sleep(Duration::from_secs(1)));
            let data = bytes::Bytes::from(vec![b' '; self.bytes]);
            Poll::Ready(Some(Ok(http_body::Frame::data(data))))
        }
    }

    #[cfg(feature = "client")]
    #[tokio::test(start_paused = true)]
    async fn n18_a_body_may_take_the_time_that_its_bytes_earn() {
        let reading = Reading {
            max_bytes: usize::MAX,
            min_rate: 16 * 1024,
            max_time: Duration::from_secs(30),
        };
        let in_flight = InFlight::new(Limits {
            small: SMALL,
            large: 16 << 20,
        });
        let clock = crate::graph::TokioClock::new();
        for (seconds, bytes, expected) in [
            (20, 20_000, Ok(400_000)),
            (20, 10_000, Err(BodyError::TooSlow)),
            (40, 20_000, Err(BodyError::TooSlow)),
            (4, 1, Ok(4)),
            (6, 1, Err(BodyError::TooSlow)),
        ] {
            let pause = Box::pin(tokio::time::sleep(Duration::ZERO));
            let body = Drip {
                seconds,
                bytes,
                pause,
            };
            let read = reading.read(body, None, &clock, &in_flight, None).await;
            let length = read.map(|received| received.bytes.len());
            assert_eq!(length, expected, "{seconds} s of {bytes}");
        }
    }
}
