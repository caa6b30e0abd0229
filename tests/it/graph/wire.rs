//! Over real sockets: the simulator behind a proxy that breaks connections.

use std::net::SocketAddr;
use std::time::Duration;

use messenger_crm::graph::{
    Access, AppAccess, Error, Graph, OutgoingMessage, PageClient, ProfileOutcome, ReqwestTransport,
    TokioClock, send,
};
use messenger_crm::id::{AppId, PageId, Psid};
use messenger_crm::secret::{AppSecret, PageToken};
use messenger_crm::simulator::{SendAnswer, Simulator};
use tokio::net::{TcpSocket, TcpStream};

use crate::proxy::{Fault, Proxy};

const SHORT: Duration = Duration::from_secs(4);

/// The simulator behind the proxy, and a client of its Page.
pub(super) struct Desk {
    pub(super) simulator: Simulator,
    pub(super) proxy: Proxy,
    pub(super) graph: Graph,
    pub(super) page: PageClient,
}

pub(super) fn transport() -> ReqwestTransport {
    let builder = reqwest::Client::builder().no_proxy();
    ReqwestTransport::from_builder(builder).unwrap()
}

impl Desk {
    pub(super) async fn new() -> Self {
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let address = simulator
            .url()
            .strip_prefix("http://")
            .unwrap()
            .parse()
            .unwrap();
        let proxy = Proxy::to(address).await;
        let app = simulator.app().clone();
        let graph = Graph::from_parts(transport(), TokioClock::new())
            .with_base_url(&proxy.url())
            .unwrap();
        let secret = AppSecret::new(app.app_secret).unwrap();
        let access = Access::new(
            AppAccess::new(AppId::new(app.app_id).unwrap(), secret),
            PageId::new(app.page_id).unwrap(),
            PageToken::new(app.page_token).unwrap(),
        );
        Self {
            page: graph.page(access),
            graph,
            proxy,
            simulator,
        }
    }

    pub(super) fn person() -> Psid {
        Psid::new(Simulator::people()[0].psid).unwrap()
    }

    pub(super) async fn send(&self, text: &str) -> Result<(), Error> {
        let message = OutgoingMessage::text(Self::person(), text).unwrap();
        // A short time-out, for connections that stay silent.
        let call = send::message(&message).unwrap().with_timeout(SHORT);
        self.page.call(&call).await.map(drop)
    }

    pub(super) async fn read(&self) -> Result<(), Error> {
        self.page.call(&super::any_read()).await
    }

    /// Number of messages that the customer received.
    pub(super) fn received(&self) -> usize {
        let thread = self.simulator.thread(Self::person().as_str()).unwrap();
        thread.iter().filter(|message| message.from_page).count()
    }
}

#[tokio::test]
async fn c1_a_text_reaches_the_customer_through_a_good_line() {
    let desk = Desk::new().await;
    desk.send("Hello").await.unwrap();
    assert_eq!(desk.received(), 1);
    desk.read().await.unwrap();
    let profile = desk.page.profile(&Desk::person()).await.unwrap();
    assert!(matches!(profile, ProfileOutcome::Known(_)));
}

#[tokio::test]
async fn c9_f14_a_line_that_breaks_after_the_request_leaves_the_outcome_unknown_and_sends_once() {
    for fault in [
        Fault::Cut(0),
        Fault::Cut(40),
        Fault::Reset(0),
        Fault::Reset(40),
        Fault::Garble(0),
        Fault::Swallow,
    ] {
        let desk = Desk::new().await;
        desk.proxy.set(fault);
        let error = desk.send("Hello").await.unwrap_err();
        assert!(error.outcome_is_unknown(), "{fault:?}: {error:?}");
        assert_eq!(desk.received(), 1, "{fault:?}");
        assert_eq!(desk.proxy.connections(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn c3_f16_a_response_that_is_garbled_inside_leaves_the_outcome_unknown() {
    let desk = Desk::new().await;
    // The head has gone through by then: only the JSON is spoiled.
    desk.proxy.set(Fault::Garble(220));
    let error = desk.send("Hello").await.unwrap_err();
    assert!(error.outcome_is_unknown(), "{error:?}");
    assert_eq!(desk.received(), 1);
}

#[tokio::test]
async fn c8_f15_a_refused_connection_is_tried_again() {
    // The port is taken, but nobody listens there yet: who connects is refused.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = socket.local_addr().unwrap();
    let desk = Desk::new().await;
    let graph = desk
        .graph
        .clone()
        .with_base_url(&format!("http://{closed}"))
        .unwrap();
    let message = OutgoingMessage::text(Desk::person(), "Hello").unwrap();
    let waiting = {
        let page = graph.page(desk.page.access().clone());
        tokio::spawn(async move { page.send(&message).await })
    };
    // The first wait is a quarter of a second at least.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let simulator: SocketAddr = desk.proxy.address();
    let mended = socket.listen(1).unwrap();
    let line = tokio::spawn(async move {
        let (mut client, _) = mended.accept().await.unwrap();
        let mut server = TcpStream::connect(simulator).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    });
    waiting.await.unwrap().unwrap();
    line.abort();
    assert_eq!(desk.received(), 1);
}

#[tokio::test]
async fn c9_f14_a_read_is_repeated_over_a_bad_line() {
    for fault in [Fault::Cut(0), Fault::Reset(30), Fault::Refuse] {
        let desk = Desk::new().await;
        desk.proxy.set(fault);
        let page = desk.page.clone();
        let waiting = tokio::spawn(async move { page.call(&super::any_read()).await });
        // The fault has been met once, not merely waited for.
        while desk.proxy.ended() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        desk.proxy.set(Fault::None);
        waiting.await.unwrap().unwrap();
        assert!(desk.proxy.connections() >= 2, "{fault:?}");
    }
}

#[tokio::test]
async fn c10_g5_a_transient_refusal_of_a_send_is_unknown_and_not_repeated() {
    let desk = Desk::new().await;
    desk.simulator.answer_sends(SendAnswer::Unavailable);
    let error = desk.send("Hello").await.unwrap_err();
    assert!(error.outcome_is_unknown(), "{error:?}");
    assert_eq!(desk.received(), 0);
    assert_eq!(desk.proxy.connections(), 1);
}

#[tokio::test]
async fn a_slow_line_is_waited_for() {
    for fault in [
        Fault::Delay(Duration::from_millis(200)),
        Fault::Drip(Duration::from_micros(100)),
    ] {
        let desk = Desk::new().await;
        desk.proxy.set(fault);
        desk.send("Hello").await.unwrap();
        assert_eq!(desk.received(), 1, "{fault:?}");
    }
}
