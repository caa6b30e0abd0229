//! The simulated world: apps, Pages, people, threads and time. No I/O.

pub(crate) mod app;
pub(crate) mod clock;
pub(crate) mod delivery;
pub(crate) mod fault;
pub(crate) mod file;
pub(crate) mod names;
pub(crate) mod page;
pub(crate) mod person;
pub(crate) mod rate_limit;
pub(crate) mod request;
pub(crate) mod scene;
pub(crate) mod thread;

use std::collections::BTreeMap;

use self::app::{AccessToken, App, MetaApp};
use self::clock::Clock;
use self::delivery::Deliveries;
use self::fault::Faults;
use self::file::File;
use self::names::Names;
use self::page::Page;
use self::rate_limit::Counted;
use self::request::Requests;
use self::thread::{Draft, Message, Thread};

/// The simulated world.
pub(crate) struct World {
    /// Address of the simulator, for links.
    pub(crate) url: String,
    pub(crate) clock: Clock,
    pub(crate) names: Names,
    pub(crate) apps: Vec<MetaApp>,
    pub(crate) pages: Vec<Page>,
    pub(crate) tokens: Vec<AccessToken>,
    /// Uploaded files by id.
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) faults: Faults,
    pub(crate) requests: Requests,
    pub(crate) counted: Counted,
    pub(crate) deliveries: Deliveries,
    /// Signs the addresses of pictures and files.
    pub(crate) picture_key: [u8; 32],
}

impl World {
    pub(crate) fn new(
        url: String,
        clock: Clock,
        mut names: Names,
        apps: Vec<MetaApp>,
        pages: Vec<Page>,
        tokens: Vec<AccessToken>,
    ) -> Self {
        let picture_key = names.bytes("picture key");
        Self {
            url,
            clock,
            names,
            apps,
            pages,
            tokens,
            files: BTreeMap::new(),
            faults: Faults::default(),
            requests: Requests::default(),
            counted: Counted::default(),
            deliveries: Deliveries::default(),
            picture_key,
        }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    pub(crate) fn app(&self, id: &str) -> Option<&MetaApp> {
        self.apps.iter().find(|app| app.id == id)
    }

    pub(crate) fn app_mut(&mut self, id: &str) -> Option<&mut MetaApp> {
        self.apps.iter_mut().find(|app| app.id == id)
    }

    pub(crate) fn page(&self, id: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == id)
    }

    pub(crate) fn page_mut(&mut self, id: &str) -> Option<&mut Page> {
        self.pages.iter_mut().find(|page| page.id == id)
    }

    /// The Page that a person writes to.
    pub(crate) fn page_of(&self, psid: &str) -> Option<&Page> {
        let mut pages = self.pages.iter();
        pages.find(|page| page.thread(psid).is_some())
    }

    pub(crate) fn thread(&self, psid: &str) -> Option<&Thread> {
        self.pages.iter().find_map(|page| page.thread(psid))
    }

    pub(crate) fn thread_mut(&mut self, psid: &str) -> Option<&mut Thread> {
        let mut pages = self.pages.iter_mut();
        pages.find_map(|page| page.thread_mut(psid))
    }

    /// Token of an app for a Page, or of the person who runs the app.
    pub(crate) fn token(&self, app: &str, page: Option<&str>) -> Option<&AccessToken> {
        let mut tokens = self.tokens.iter();
        tokens.find(|token| token.app == app && token.page.as_deref() == page)
    }

    /// Credentials of an app and a Page.
    pub(crate) fn credentials(&self, app_id: &str, page_id: &str) -> Option<App> {
        let (app, page) = (self.app(app_id)?, self.page(page_id)?);
        let text =
            |token: Option<&AccessToken>| token.map(|token| token.text.clone()).unwrap_or_default();
        let branch = self.pages.iter().find(|page| page.is_in_portfolio);
        let branch_page_id = branch.map(|page| page.id.clone()).unwrap_or_default();
        let foreign = self.apps.iter().find(|app| app.id != app_id);
        Some(App {
            app_id: app.id.clone(),
            app_secret: app.secret.clone(),
            page_id: page.id.clone(),
            page_name: page.name.clone(),
            page_token: text(self.token(app_id, Some(page_id))),
            user_token: text(self.token(app_id, None)),
            login_code: app.login_code.clone(),
            branch_page_token: text(self.token(app_id, Some(&branch_page_id))),
            branch_page_id,
            foreign_token: text(foreign.and_then(|app| self.token(&app.id, Some(page_id)))),
        })
    }

    /// Puts a message into a thread.
    pub(crate) fn keep(&mut self, psid: &str, app: Option<&str>, draft: Draft) -> Option<Message> {
        self.thread(psid)?;
        let mut attachments = draft.attachments.into_iter();
        let message = Message {
            mid: self.names.mid(),
            from_page: app.is_some(),
            text: draft.text,
            attachment: attachments.next(),
            more_attachments: attachments.collect(),
            template: draft.template,
            quick_replies: draft.quick_replies,
            reply_to: draft.reply_to,
            reaction: None,
            person_reaction: None,
            metadata: draft.metadata,
            persona_id: draft.persona_id,
            app_id: app.map(str::to_owned),
            timestamp: self.clock.tick(),
            edits: 0,
            is_unsent: false,
            acknowledged: false,
        };
        let thread = self.thread_mut(psid)?;
        thread.messages.push(message.clone());
        Some(message)
    }
}
