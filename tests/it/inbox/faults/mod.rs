//! Rows of the fault matrix that need Meta, a server and a store at once: the simulator is Meta, and
//! everything goes over sockets.

mod meta;
mod stores;

use std::sync::atomic::{AtomicUsize, Ordering};

use messenger_crm::inbox::{IncomingMessage, PageProblem, RunOptions};
use messenger_crm::simulator::Simulator;
use messenger_crm::simulator::script::DeliveryOptions;
use messenger_crm::store::MemoryStore;
use tokio::time::timeout;

use super::run::{Office, Workers, access_of, inbox_of, office_on, until};
use super::service::{ask, serve};
use super::*;
use crate::util::{Answered, SOON, signature};

fn now() -> Timestamp {
    Timestamp::from(std::time::SystemTime::now())
}

/// PSIDs of two people who can be answered.
fn people() -> [&'static str; 2] {
    let people = Simulator::people();
    [people[0].psid, people[1].psid]
}

/// An office whose webhooks arrive.
struct Host {
    office: Office,
    store: Arc<dyn ContactStore>,
    address: String,
    /// Failures of the workers.
    failures: Arc<AtomicUsize>,
}

impl Host {
    async fn new(store: impl ContactStore) -> Self {
        Self::with(store, |inbox| inbox).await
    }

    async fn with(store: impl ContactStore, with: impl FnOnce(Inbox) -> Inbox) -> Self {
        let failures = Arc::new(AtomicUsize::new(0));
        let count = failures.clone();
        let store: Arc<dyn ContactStore> = Arc::new(store);
        let office = office_on(store.clone(), |inbox| {
            with(inbox).with_error_hook(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
            })
        })
        .await;
        let address = serve(office.inbox.service()).await;
        let callback = format!("http://{address}/webhook");
        office.simulator.subscribe(&callback, "hush").await.unwrap();
        Self {
            office,
            store,
            address,
            failures,
        }
    }

    fn simulator(&self) -> &Simulator {
        &self.office.simulator
    }

    fn inbox(&self) -> &Inbox {
        &self.office.inbox
    }

    fn contact(&self, psid: &str) -> ContactKey {
        contact(self.office.page.as_str(), psid)
    }

    /// Waits until Meta has delivered everything.
    async fn delivered(&self) {
        let delivered = timeout(SOON, self.simulator().delivered()).await;
        delivered.expect("all webhooks are accepted");
    }

    /// A person writes, and Meta has delivered it.
    async fn hears(&self, psid: &str, text: &str) -> ContactKey {
        self.simulator().write(psid, text).unwrap();
        self.delivered().await;
        self.contact(psid)
    }

    /// A message as Meta would post it.
    fn body(&self, psid: &str, mid: &str, text: &str) -> Vec<u8> {
        let who = self.contact(psid);
        delivery(who.page.as_str(), &[message(&who, mid, now(), text)])
    }

    async fn deliver(&self, body: &[u8]) -> Answered {
        let headers = signature(&self.simulator().app().app_secret, body);
        ask(&self.address, "POST", "/webhook", &headers, body).await
    }

    async fn get(&self, path: &str) -> Answered {
        ask(&self.address, "GET", path, "", b"").await
    }

    async fn try_queue(
        &self,
        who: &ContactKey,
        number: u8,
        text: &str,
    ) -> Result<Applied, ReplyError> {
        let message = OutgoingMessage::text(&who.psid, text).unwrap();
        let reply = Reply::new(key(number), message);
        self.inbox().reply(&who.page, reply, now()).await
    }

    async fn queue(&self, who: &ContactKey, number: u8, text: &str) {
        self.try_queue(who, number, text).await.unwrap();
    }

    fn start(&self) -> Workers {
        Workers::start(self.inbox(), RunOptions::default())
    }

    /// Waits until the workers have failed so many times from now on.
    async fn fails(&self, times: usize) {
        let before = self.failures.load(Ordering::SeqCst);
        until("the workers fail", async || {
            self.failures.load(Ordering::SeqCst) >= before + times
        })
        .await;
    }

    async fn state(&self, who: &ContactKey, number: u8) -> Option<MessageState> {
        let talk = talk(self.inbox().store(), who).await;
        let one = talk.iter().find(|one| one.key == Some(key(number)));
        one.unwrap().state
    }

    /// Waits until a reply has come to this state.
    async fn becomes(&self, who: &ContactKey, number: u8, state: MessageState) {
        until(&format!("reply {number} is {state:?}"), async || {
            self.state(who, number).await == Some(state)
        })
        .await;
    }

    /// Waits until a reply has reached the customer, as far as Meta says.
    async fn arrives(&self, who: &ContactKey, number: u8) {
        use MessageState::{Delivered, Read, Sent};
        until(&format!("reply {number} arrives"), async || {
            let state = self.state(who, number).await;
            matches!(state, Some(Sent | Delivered | Read))
        })
        .await;
    }

    /// Texts of the Page on the phone of a person, in order.
    fn phone(&self, psid: &str) -> Vec<String> {
        let thread = self.simulator().thread(psid).unwrap().into_iter();
        let of_page = thread.filter(|one| one.from_page);
        of_page.map(|one| one.text.unwrap()).collect()
    }

    /// How often the Graph API was asked for this.
    fn requests(&self, path: &str) -> usize {
        let requests = self.simulator().requests().into_iter();
        requests.filter(|one| one.path.contains(path)).count()
    }

    /// Texts of a conversation in the store, oldest first.
    async fn texts(&self, who: &ContactKey) -> Vec<String> {
        let talk = talk(self.inbox().store(), who).await.into_iter().rev();
        talk.filter_map(|one| one.content.text).collect()
    }

    async fn end(self, workers: Workers) {
        workers.end(SOON).await;
        self.office.simulator.shutdown().await;
    }
}
