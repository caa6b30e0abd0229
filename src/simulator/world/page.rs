//! A Page: its threads, and what it keeps at Meta.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::thread::Thread;

/// A Page and its conversations.
pub(crate) struct Page {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whether a business portfolio owns it, so that `me/accounts` does not list it.
    pub(crate) is_in_portfolio: bool,
    pub(crate) threads: Vec<Thread>,
    /// Webhook fields by the id of the app that is installed on the Page.
    pub(crate) subscriptions: BTreeMap<String, Vec<String>>,
    /// Time of the first failure since the last success, in milliseconds, by app.
    pub(crate) failing_since: BTreeMap<String, u64>,
    /// The Messenger profile by app.
    pub(crate) profile: Map<String, Value>,
    pub(crate) personas: BTreeMap<String, Value>,
    pub(crate) labels: BTreeMap<String, Label>,
    pub(crate) templates: BTreeMap<String, Value>,
    pub(crate) attachments: BTreeMap<String, Saved>,
    /// Comments of people on a post of the Page, by id.
    pub(crate) comments: BTreeMap<String, Comment>,
    /// Restriction of sending. Absent when the Page may send.
    pub(crate) restriction: Option<Restriction>,
}

impl Page {
    pub(crate) fn new(id: String, name: String) -> Self {
        Self {
            id,
            name,
            is_in_portfolio: false,
            threads: Vec::new(),
            subscriptions: BTreeMap::new(),
            failing_since: BTreeMap::new(),
            profile: Map::new(),
            personas: BTreeMap::new(),
            labels: BTreeMap::new(),
            templates: BTreeMap::new(),
            attachments: BTreeMap::new(),
            comments: BTreeMap::new(),
            restriction: None,
        }
    }

    pub(crate) fn thread(&self, psid: &str) -> Option<&Thread> {
        let mut threads = self.threads.iter();
        threads.find(|thread| thread.person.psid == psid)
    }

    pub(crate) fn thread_mut(&mut self, psid: &str) -> Option<&mut Thread> {
        let mut threads = self.threads.iter_mut();
        threads.find(|thread| thread.person.psid == psid)
    }
}

#[derive(Default)]
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) people: BTreeSet<String>,
}

/// A comment of a person on a post of the Page.
pub(crate) struct Comment {
    pub(crate) psid: String,
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    /// Whether the Page has sent its private reply.
    pub(crate) is_answered: bool,
}

/// A medium that was uploaded or saved.
#[derive(Clone)]
pub(crate) struct Saved {
    pub(crate) kind: String,
    pub(crate) url: String,
    /// Id of the file, when it lies here.
    pub(crate) file: Option<String>,
    /// Time of saving, in milliseconds since 1970.
    pub(crate) at: u64,
}

/// Restriction of sending; its times are in seconds since 1970.
#[derive(Clone, Copy)]
pub(crate) struct Restriction {
    pub(crate) since: u64,
    /// `None` until it is lifted.
    pub(crate) until: Option<u64>,
}

impl Restriction {
    pub(crate) fn is_in_force(self, now: u64) -> bool {
        self.until.is_none_or(|until| until > now / 1000)
    }
}
