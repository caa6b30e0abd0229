//! Messenger on this machine: for tests, for trying things out, and for CI, without Meta.
//!
//! A [`Simulator`] is one server on one loopback address that plays all of Meta's parts: the
//! **phones** of invented people, the **dashboard** where the callback is verified, the **Graph
//! API** that a CRM sends through, and the **webhooks** that tell the CRM what happened. A person
//! uses it in the browser, at [`Simulator::url`]; a test calls the methods.
//! It listens on loopback addresses and connects to loopback addresses only.
//!
//! What it simulates:
//!
//! - several apps, Pages, tokens and people, with ids of the caller's choice ([`Scene`]);
//! - everything a person does ([`Customer`]): text, picture, voice, file, sticker, like; uploaded
//!   files; comments, which the Page can reply to privately; taps on quick replies, buttons, menu and *Get Started*; edits, unsends, reactions, quotes, blocks; m.me links,
//!   ads and account linking;
//! - a colleague who replies in Meta's own inbox ([`Simulator::write_from_inbox`]);
//! - webhooks signed and escaped as Meta does, to every app that is subscribed at both levels, in
//!   `standby` while another app holds the thread; repeats as slow as Meta's; the unsubscription after
//!   an hour of failures; late, doubled, joined, shuffled and wrongly signed webhooks
//!   ([`Simulator::set_delivery`]);
//! - the Graph API calls of this crate, with Meta's errors, the messaging window, token types and
//!   scopes, `appsecret_proof`, paging, batches, rate limits and usage headers ([`Limits`]);
//! - faults ([`FaultRule`]), a clock that the test moves ([`Simulator::advance`]), and a record of
//!   what was asked ([`Simulator::requests`]).
//!
//! What it does not simulate it refuses, and says so: recipients such as `user_ref` and `phone_number`.
//!
//! It writes and reads its own JSON and makes its own signatures, so that it and the rest of this
//! crate cannot be wrong alike.
//!
//! # A test in ten lines
//!
//! ```no_run
//! # async fn start_my_crm(_graph: &str) -> String { String::new() }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use messenger_crm::simulator::Simulator;
//!
//! let simulator = Simulator::start("127.0.0.1:0".parse()?).await?;
//! let callback_url = start_my_crm(&simulator.url()).await;
//! simulator.subscribe(&callback_url, "my-verify-token").await?;
//!
//! let amelie = simulator.customer("24681357902468135")?;
//! amelie.writes("Are you open today?")?;
//! let sent = simulator.wait_for_requests("/messages", 1).await;
//! assert_eq!(sent[0].parameters["message"]["text"], "Yes, until six.");
//! # Ok(())
//! # }
//! ```

mod customer;
mod http;
mod platform;
pub mod script;
mod world;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::customer::Customer;
pub use self::http::client::CallError;
pub use self::http::webhook::SubscribeError;
pub use self::platform::customer::PhoneError;
pub use self::world::app::App;
pub use self::world::fault::{Fault, FaultRule, ProfileAnswer, SendAnswer};
pub use self::world::person::{Person, PersonSetup};
pub use self::world::rate_limit::Limits;
pub use self::world::request::GraphRequest;
pub use self::world::scene::{AppSetup, PageSetup, Scene, SceneError};
pub use self::world::thread::{Attachment, Message};

use self::http::shared::Shared;
use self::http::{delivery, server, webhook};
use self::platform::delivery as schedule;
use self::platform::page_status;
use self::platform::send::send_from_inbox;
use self::script::DeliveryOptions;
use self::world::person::PEOPLE;

/// A running simulator; dropping it stops it at once.
///
/// Webhooks about one person go out in the order of the events. One that the callback does not answer
/// with 200 is repeated as Meta does it, in simulated time: at once, after a minute, and then ever more
/// slowly; meanwhile later ones overtake it. An hour of failures unsubscribes the app from the Page.
/// Without a callback no webhooks are made: those of an earlier time never come.
pub struct Simulator {
    shared: Arc<Shared>,
    url: String,
    app: App,
    stop: watch::Sender<bool>,
    serving: JoinSet<()>,
    // Held for its `Drop`, which ends it.
    _delivering: JoinSet<()>,
}

impl Simulator {
    /// Starts the default scene on a loopback address. Port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// See [`start_scene`](Self::start_scene).
    pub async fn start(listen: SocketAddr) -> io::Result<Self> {
        Self::start_scene(listen, Scene::default()).await
    }

    /// Starts a scene on a loopback address. Port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] when the address is not a loopback one (the page shows the
    /// credentials to everybody who reaches it), or with a [`SceneError`] as its source when the
    /// scene cannot be started. Otherwise the system's error about the address or about its source
    /// of randomness.
    pub async fn start_scene(listen: SocketAddr, scene: Scene) -> io::Result<Self> {
        if !listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the simulator listens on loopback addresses only",
            ));
        }
        let listener = TcpListener::bind(listen).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut seed = [0; 32];
        match scene.seed() {
            Some(number) => seed[..8].copy_from_slice(&number.to_be_bytes()),
            None => {
                getrandom::fill(&mut seed).map_err(|error| io::Error::other(error.to_string()))?
            }
        }
        let invalid = |error: SceneError| io::Error::new(io::ErrorKind::InvalidInput, error);
        let world = scene.build(seed, url.clone()).map_err(invalid)?;
        let first = world.apps.first().zip(world.pages.first());
        let app = first.and_then(|(app, page)| world.credentials(&app.id, &page.id));
        let app = app.ok_or_else(|| invalid(SceneError::Empty))?;
        let (shared, ready) = Shared::new(world);
        let shared = Arc::new(shared);
        let mut delivering = JoinSet::new();
        delivering.spawn(delivery::deliver(Arc::clone(&shared), ready));
        delivering.spawn(delivery::watch_clock(Arc::clone(&shared)));
        let (stop, stopping) = watch::channel(false);
        let mut serving = JoinSet::new();
        serving.spawn(server::serve(listener, Arc::clone(&shared), stopping));
        Ok(Self {
            shared,
            url,
            app,
            stop,
            serving,
            _delivering: delivering,
        })
    }

    /// Returns the address of everything, such as `http://127.0.0.1:4040`: the phone for a browser,
    /// the Graph API for a client.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Returns the credentials of the first app and the first Page.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Returns the credentials of an app and a Page. `None` when the scene lacks one of them.
    #[must_use]
    pub fn credentials(&self, app_id: &str, page_id: &str) -> Option<App> {
        self.shared.look(|world| world.credentials(app_id, page_id))
    }

    /// Returns the people of the default scene.
    #[must_use]
    pub fn people() -> &'static [Person] {
        &PEOPLE
    }

    /// Returns a person of the scene.
    ///
    /// # Errors
    ///
    /// When nobody has this PSID.
    pub fn customer<'a>(&'a self, psid: &'a str) -> Result<Customer<'a>, PhoneError> {
        Customer::new(&self.shared, psid)
    }

    /// Verifies the callback of the first app by Meta's handshake, and subscribes the app to all
    /// fields, on every Page that it is not yet subscribed to.
    ///
    /// Webhooks that an earlier callback did not accept go to the new one at once.
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
        self.subscribe_app(&self.app.app_id, callback_url, verify_token)
            .await
    }

    /// Verifies the callback of an app of the scene, and subscribes that app. See
    /// [`subscribe`](Self::subscribe).
    ///
    /// # Errors
    ///
    /// See [`SubscribeError`]; an earlier callback then stays.
    pub async fn subscribe_app(
        &self,
        app_id: &str,
        callback_url: &str,
        verify_token: &str,
    ) -> Result<(), SubscribeError> {
        webhook::subscribe_to_all(&self.shared, app_id, callback_url, verify_token).await
    }

    /// Sends a text as this person and returns its message id.
    ///
    /// # Errors
    ///
    /// When nobody has this PSID, or the text is blank.
    pub fn write(&self, psid: &str, text: &str) -> Result<String, PhoneError> {
        self.customer(psid)?.writes(text)
    }

    /// Writes to this person from Meta's own inbox, as a colleague would, and returns the message id.
    ///
    /// The app receives an echo of another app, and the inbox takes control of the thread for a day.
    ///
    /// # Errors
    ///
    /// When nobody has this PSID, or the text is blank.
    pub fn write_from_inbox(&self, psid: &str, text: &str) -> Result<String, PhoneError> {
        if text.trim().is_empty() {
            return Err(PhoneError::BlankText);
        }
        let sent = self.shared.with(|world| send_from_inbox(world, psid, text));
        sent.ok_or(PhoneError::UnknownPerson)
    }

    /// Returns the thread on the person's phone, oldest message first.
    ///
    /// # Errors
    ///
    /// When nobody has this PSID.
    pub fn thread(&self, psid: &str) -> Result<Vec<Message>, PhoneError> {
        Ok(self.customer(psid)?.thread())
    }

    /// Chooses the response to every send that follows.
    pub fn answer_sends(&self, answer: SendAnswer) {
        self.shared.with(|world| world.faults.sends = answer);
    }

    /// Chooses the response to every profile request that follows.
    pub fn answer_profiles(&self, answer: ProfileAnswer) {
        self.shared.with(|world| world.faults.profiles = answer);
    }

    /// Adds a fault. Of several that apply to a call the oldest is taken.
    pub fn add_fault(&self, rule: FaultRule) {
        self.shared.with(|world| world.faults.rules.push(rule));
    }

    /// Ends all faults of [`add_fault`](Self::add_fault).
    pub fn clear_faults(&self) {
        self.shared.with(|world| world.faults.rules.clear());
    }

    /// Changes how webhooks are delivered from now on. Those that waited for their first attempt go out
    /// at once.
    ///
    /// To join webhooks or to change their order, the simulator collects them for
    /// [`delay`](DeliveryOptions::delay), but at least for one second of the simulated time. A webhook
    /// with a wrong signature that the callback refuses is repeated like any other.
    ///
    /// ```no_run
    /// # fn example(simulator: &messenger_crm::simulator::Simulator) {
    /// use messenger_crm::simulator::script::DeliveryOptions;
    ///
    /// let mut twice = DeliveryOptions::default();
    /// twice.copies = 2;
    /// simulator.set_delivery(twice);
    /// # }
    /// ```
    pub fn set_delivery(&self, options: DeliveryOptions) {
        self.shared
            .with(|world| schedule::set_options(world, options));
    }

    /// Divides the pauses between two attempts at a webhook by this factor. 1 by default: the pauses
    /// are as long as Meta's.
    pub fn set_repeat_speed(&self, factor: u32) {
        self.shared
            .with(|world| world.deliveries.repeat_speed = factor);
    }

    /// Changes the rate limits. The calls of before count against the new ones, as far as there was a
    /// limit that they counted against.
    pub fn set_limits(&self, limits: Limits) {
        self.shared.with(|world| world.counted.limits = limits);
    }

    /// Restricts the first Page from sending messages, for a time or until it is lifted: sends are
    /// refused with 10/1893063, `page_status` shows the restriction, and a `business_integrity`
    /// webhook goes out.
    pub fn restrict_page(&self, duration: Option<Duration>) {
        let page = &self.app.page_id;
        self.shared
            .with(|world| page_status::restrict(world, page, duration));
    }

    /// Lifts the restriction of [`restrict_page`](Self::restrict_page).
    pub fn lift_restriction(&self) {
        let page = &self.app.page_id;
        self.shared.with(|world| page_status::lift(world, page));
    }

    /// Sets whether the first app is *native or desktop*, so that its own token is refused with code
    /// 104. False by default.
    pub fn set_native_app(&self, is_native: bool) {
        self.change_app(|app| app.is_native = is_native);
    }

    /// Sets whether *Require App Secret* is on for the first app. True by default. A proof that is
    /// sent must be right in any case.
    pub fn set_proof_required(&self, is_required: bool) {
        self.change_app(|app| app.requires_proof = is_required);
    }

    /// Sets whether the webhooks of the first app carry the legacy header `X-Hub-Signature` (SHA-1),
    /// too. False by default.
    pub fn set_sha1(&self, with_sha1: bool) {
        self.change_app(|app| app.signs_with_sha1 = with_sha1);
    }

    fn change_app(&self, change: impl FnOnce(&mut world::app::MetaApp)) {
        let app = &self.app.app_id;
        self.shared.with(|world| world.app_mut(app).map(change));
    }

    /// Returns the simulated time in milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.shared.look(world::World::now)
    }

    /// Moves the simulated time forward: windows close, thread control ends, and webhooks that are due
    /// by then go out.
    pub fn advance(&self, time: Duration) {
        self.shared.with(|world| world.clock.advance(time));
    }

    /// Returns how many webhooks the callbacks have not yet answered with 200. One that is copied counts
    /// as often as it is posted.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shared.look(|world| world.deliveries.pending)
    }

    /// Waits until no webhook is pending.
    ///
    /// It does not return while a callback fails or a webhook waits for a simulated time that does not
    /// come. Wrap it in [`tokio::time::timeout`].
    pub async fn delivered(&self) {
        let mut changes = self.shared.changes();
        while self.pending() > 0 && changes.changed().await.is_ok() {}
    }

    /// Waits until no webhook is under way: each one was answered, or waits for its next attempt.
    ///
    /// A callback that does not answer holds it up for five seconds.
    pub async fn settled(&self) {
        let is_under_way = || self.shared.look(|world| world.deliveries.are_under_way());
        let mut changes = self.shared.changes();
        while is_under_way() && changes.changed().await.is_ok() {}
    }

    /// Returns what was asked of the Graph API so far, oldest first: the latest 10,000 requests.
    #[must_use]
    pub fn requests(&self) -> Vec<GraphRequest> {
        self.shared.look(|world| world.requests.after(0))
    }

    /// Waits until at least `count` requests whose path contains `path` were answered, and returns
    /// all of them, oldest first.
    ///
    /// It does not return when fewer come. Wrap it in [`tokio::time::timeout`].
    pub async fn wait_for_requests(&self, path: &str, count: usize) -> Vec<GraphRequest> {
        let mut changes = self.shared.changes();
        loop {
            changes.mark_unchanged();
            let mut found = self.requests();
            found.retain(|request| request.path.contains(path));
            if found.len() >= count || changes.changed().await.is_err() {
                return found;
            }
        }
    }

    /// Stops: finishes the responses that are on their way, for two seconds at most, and gives up
    /// the notifications that are still pending.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        while self.serving.join_next().await.is_some() {}
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("url", &self.url)
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}
