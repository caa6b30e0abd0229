//! Messenger on loopback, for tests and for trying it without Meta.
//!
//! A [`Simulator`] is one server on one loopback address that plays all of
//! Meta's parts: the **phone** on which three invented people write to a Page,
//! the **dashboard** where the callback is verified, the **Graph API** that the
//! CRM sends through, and the **webhook calls** that tell the CRM what happened.
//! Open [`Simulator::url`] in a browser to use it by hand, or call the methods
//! to do the same in a test.
//!
//! What it knows: text, quick replies, templates, pictures and other attachments
//! by address, by upload and by saved id, *Get Started*, typing and seen marks,
//! the Page's reactions, echoes, delivery and read marks, profiles and their
//! pictures, the Page's settings, personas, labels and templates, who holds a
//! conversation, conversations of the past, the login's tokens, business
//! portfolios, the status of the Page, and Meta's refusals of all that. It requires `appsecret_proof`, as Meta does of
//! apps that ask it to. What it does not know (stacks of images) it refuses and
//! says so. It does not count
//! the 24-hour window; choose [`SendAnswer::OutsideWindow`] to see it closed.
//!
//! It writes and reads its own JSON and makes its own signatures, so that it and
//! this library cannot be wrong alike.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use messenger_crm::simulator::Simulator;
//!
//! let simulator = Simulator::start("127.0.0.1:0".parse()?).await?;
//! simulator.subscribe("http://127.0.0.1:3000/webhook", "verify-me").await?;
//! let person = Simulator::people()[0].psid;
//! simulator.write(person, "Are you open today?")?;
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod account;
mod app;
mod choice;
mod draft;
mod event;
mod form;
mod graph;
mod page;
mod parameters;
mod past;
mod phone;
mod portfolio;
mod profile;
mod send;
mod server;
mod status;
mod thread;
mod webhook;
mod world;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

pub use app::{App, Person};
pub use choice::{ProfileAnswer, SendAnswer};
pub use webhook::SubscribeError;
pub use world::{Attachment, Message};

use app::{Names, PEOPLE};
use status::Restriction;
use world::{Draft, World};

/// A running simulator; dropping it stops it at once.
///
/// Notifications about one person go out in the order in which things happened,
/// each again and again until the callback answers 200, for as long as the
/// simulator runs. Without a callback nobody is told, then or later, as with Meta.
pub struct Simulator {
    platform: Arc<Platform>,
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
    // Held for their `Drop`, which ends them.
    _delivering: JoinSet<()>,
}

impl Simulator {
    /// Listens on a loopback address (port 0 takes a free one) and starts.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] when the address is not a loopback one:
    /// whoever reaches the page sees the credentials. Otherwise what the system
    /// says about the address, or about its source of randomness.
    pub async fn start(listen: SocketAddr) -> io::Result<Self> {
        if !listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the simulator listens on loopback addresses only",
            ));
        }
        let listener = TcpListener::bind(listen).await?;
        let app = App::draw()?;
        let picture_key = Names::seeded()?.draw();
        let (world, queues) = World::new(&app, Names::seeded()?);
        let platform = Arc::new(Platform {
            url: format!("http://{}", listener.local_addr()?),
            app,
            picture_key,
            http: webhook::client().map_err(io::Error::other)?,
            callback: watch::channel(None).0,
            world: Mutex::new(world),
        });
        let mut delivering = JoinSet::new();
        for (person, queue) in PEOPLE.iter().zip(queues) {
            delivering.spawn(webhook::deliver(platform.clone(), person.psid, queue));
        }
        let (stop, stopping) = watch::channel(false);
        let mut serving = JoinSet::new();
        serving.spawn(server::serve(listener, platform.clone(), stopping));
        Ok(Self {
            platform,
            stop,
            serving,
            _delivering: delivering,
        })
    }

    /// Where everything is, such as `http://127.0.0.1:4040`: the phone in a
    /// browser, the Graph API for a client.
    #[must_use]
    pub fn url(&self) -> String {
        self.platform.url.clone()
    }

    /// The app and its Page, with their credentials.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.platform.app
    }

    /// The people who can write to the Page.
    #[must_use]
    pub fn people() -> &'static [Person] {
        &PEOPLE
    }

    /// Verifies a callback by Meta's handshake and sends what follows there.
    ///
    /// What still waits for an earlier callback goes to the new one.
    ///
    /// # Errors
    ///
    /// See [`SubscribeError`]; an earlier callback then stays.
    ///
    /// Meta: [Webhooks](https://developers.facebook.com/docs/graph-api/webhooks/getting-started)
    pub async fn subscribe(
        &self,
        callback_url: &str,
        verify_token: &str,
    ) -> Result<(), SubscribeError> {
        webhook::subscribe(&self.platform, callback_url, verify_token).await
    }

    /// The person writes a text; returns the message's id.
    ///
    /// # Errors
    ///
    /// When nobody has this PSID, or the text is blank.
    pub fn write(&self, psid: &str, text: &str) -> Result<String, PhoneError> {
        self.platform.write(psid, text)
    }

    /// The person sends a picture; returns the message's id.
    ///
    /// # Errors
    ///
    /// When nobody has this PSID.
    pub fn send_picture(&self, psid: &str) -> Result<String, PhoneError> {
        self.platform.send_picture(psid)
    }

    /// The person taps *Get Started*, whose payload is `GET_STARTED`; returns
    /// the id of the postback.
    ///
    /// # Errors
    ///
    /// When nobody has this PSID.
    pub fn tap_get_started(&self, psid: &str) -> Result<String, PhoneError> {
        self.platform.tap_get_started(psid)
    }

    /// The person reads all that the Page has sent so far; whether any was unread.
    ///
    /// # Errors
    ///
    /// When nobody has this PSID.
    pub fn read(&self, psid: &str) -> Result<bool, PhoneError> {
        self.platform.read(psid, u64::MAX)
    }

    /// The thread on the person's phone, oldest message first.
    ///
    /// # Errors
    ///
    /// When nobody has this PSID.
    pub fn thread(&self, psid: &str) -> Result<Vec<Message>, PhoneError> {
        let world = self.platform.world();
        let thread = world.thread(psid).ok_or(PhoneError::UnknownPerson)?;
        Ok(thread.messages.clone())
    }

    /// Chooses the answer to every send that follows.
    pub fn answer_sends(&self, answer: SendAnswer) {
        self.platform.world().sends = answer;
    }

    /// Chooses the answer to every profile request that follows.
    pub fn answer_profiles(&self, answer: ProfileAnswer) {
        self.platform.world().profiles = answer;
    }

    /// Restricts the Page from sending messages, for a time or until it is lifted: sends are refused
    /// with 10/1893063, and `page_status` shows the restriction.
    pub fn restrict_page(&self, duration: Option<Duration>) {
        let until = duration.map(|duration| now() / 1000 + duration.as_secs());
        self.platform.world().kept.restriction = Some(Restriction {
            since: now() / 1000,
            until,
        });
    }

    /// Lifts the restriction of [`restrict_page`](Self::restrict_page).
    pub fn lift_restriction(&self) {
        self.platform.world().kept.restriction = None;
    }

    /// Sets whether the app is *native or desktop*, so that its own token is refused with code 104.
    /// False by default.
    pub fn set_native_app(&self, is_native: bool) {
        self.platform.world().is_native = is_native;
    }

    /// How many notifications the callback has not yet answered with 200.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.platform.world().pending
    }

    /// Stops: finishes the answers that are on their way, for two seconds at
    /// most, and gives up the notifications that are still pending.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        while self.serving.join_next().await.is_some() {}
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("url", &self.platform.url)
            .field("app", &self.platform.app)
            .finish_non_exhaustive()
    }
}

/// Why a phone did nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// Nobody has this PSID.
    #[error("nobody has this psid")]
    UnknownPerson,
    /// There is nothing to send in a blank text.
    #[error("text is blank")]
    BlankText,
}

/// What all connections and deliveries share.
struct Platform {
    url: String,
    app: App,
    picture_key: [u8; 32],
    http: reqwest::Client,
    callback: watch::Sender<Option<Url>>,
    world: Mutex<World>,
}

impl Platform {
    /// Never held across an await.
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, psid: &str, text: &str) -> Result<String, PhoneError> {
        if text.trim().is_empty() {
            return Err(PhoneError::BlankText);
        }
        let draft = Draft {
            text: Some(text.to_owned()),
            ..Draft::default()
        };
        self.world()
            .person_sends(psid, draft)
            .ok_or(PhoneError::UnknownPerson)
    }

    fn send_picture(&self, psid: &str) -> Result<String, PhoneError> {
        let attachment = Attachment {
            kind: "image".to_owned(),
            url: format!("{}{}", self.url, phone::PICTURE),
        };
        let draft = Draft {
            attachment: Some(attachment),
            ..Draft::default()
        };
        self.world()
            .person_sends(psid, draft)
            .ok_or(PhoneError::UnknownPerson)
    }

    fn tap_get_started(&self, psid: &str) -> Result<String, PhoneError> {
        self.world()
            .person_taps(psid, "Get Started", "GET_STARTED")
            .ok_or(PhoneError::UnknownPerson)
    }

    fn read(&self, psid: &str, until: u64) -> Result<bool, PhoneError> {
        self.world()
            .person_reads(psid, until)
            .ok_or(PhoneError::UnknownPerson)
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
