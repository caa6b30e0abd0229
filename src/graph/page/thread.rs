//! Who holds a conversation, where several apps serve one Page.
//!
//! A conversation is idle, or held by one app until 24 hours after the last activity. Whoever does
//! not hold it gets 2018300 for a send ([`Advice::ThreadControl`](crate::graph::Advice)). Where
//! nothing is configured, every app may send.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::edge;
use crate::graph::{Answer, Call, Endpoint, Error};
use crate::id::{AppId, PageId, Psid};
use crate::time::Timestamp;

/// The app that is the Page's inbox at Meta.
pub const PAGE_INBOX_APP: &str = "263902037430900";

/// The longest time a conversation can be held on request.
const MAX_HOLD: Duration = Duration::from_secs(7 * 24 * 3600);

macro_rules! thread_calls {
    ($($(#[$doc:meta])* $name:ident = $edge:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// Meta: [Conversation routing](https://developers.facebook.com/docs/messenger-platform/conversation-routing)
        #[derive(Clone, Debug)]
        pub struct $name(Thread);

        impl $name {
            /// The conversation of this customer with this Page.
            pub fn new(page: PageId, psid: Psid) -> Self {
                Self(Thread::new(page, psid))
            }

            /// The same with a text for the other app.
            pub fn with_metadata(self, metadata: impl Into<String>) -> Self {
                Self(self.0.with("metadata", json!(metadata.into())))
            }
        }

        impl Endpoint for $name {
            type Output = ();

            fn call(&self) -> Result<Call, Error> {
                self.0.call($edge)
            }

            fn read(&self, answer: &Answer) -> Result<(), Error> {
                answer.done()
            }
        }
    )*};
}

thread_calls! {
    /// Hands a conversation to another app: whoever holds it may, or anybody while it is idle.
    PassThread = "pass_thread_control";
    /// Takes a conversation; only the default app may, where routing is on.
    TakeThread = "take_thread_control";
    /// Asks whoever holds a conversation for it; an idle one is given at once.
    RequestThread = "request_thread_control";
    /// Lets go of a conversation: it is idle then.
    ReleaseThread = "release_thread_control";
    /// Keeps a conversation for longer.
    ExtendThread = "extend_thread_control";
}

impl PassThread {
    /// The same to this app; without one it goes to the Page's default app.
    pub fn to(self, app: &AppId) -> Self {
        Self(self.0.with("target_app_id", json!(app)))
    }
}

impl ExtendThread {
    /// The same for this long, at most 7 days; what is longer is cut.
    pub fn lasting(self, duration: Duration) -> Self {
        let seconds = duration.min(MAX_HOLD).as_secs();
        Self(self.0.with("duration", json!(seconds)))
    }
}

/// A conversation and what is said about it.
#[derive(Clone)]
struct Thread {
    page: PageId,
    psid: Psid,
    members: Vec<(&'static str, Value)>,
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

impl Thread {
    fn new(page: PageId, psid: Psid) -> Self {
        Self {
            page,
            psid,
            members: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, value: Value) -> Self {
        self.members.push((name, value));
        self
    }

    fn call(&self, name: &'static str) -> Result<Call, Error> {
        let mut body = Map::new();
        body.insert("recipient".to_owned(), json!({ "id": self.psid }));
        for (name, value) in &self.members {
            body.insert((*name).to_owned(), value.clone());
        }
        Call::post(edge(&self.page, name)?)
            .for_page(&self.page)
            .with_json(&body)
    }
}

/// Asks who holds a conversation.
///
/// Meta: [Conversation routing](https://developers.facebook.com/docs/messenger-platform/conversation-routing)
#[derive(Clone, Debug)]
pub struct ThreadOwnerOf {
    page: PageId,
    psid: Psid,
}

/// Who holds a conversation.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ThreadOwner {
    /// Which app; Meta tells it only to that app and to the default one.
    pub app: Option<AppId>,
    /// Until when.
    pub until: Option<Timestamp>,
}

impl ThreadOwnerOf {
    /// The conversation of this customer with this Page.
    pub fn new(page: PageId, psid: Psid) -> Self {
        Self { page, psid }
    }
}

impl Endpoint for ThreadOwnerOf {
    /// Nothing when the conversation is idle.
    type Output = Option<ThreadOwner>;

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::get(edge(&self.page, "thread_owner")?)
            .for_page(&self.page)
            .with_query("recipient", self.psid.as_str()))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        let first = answer.object().objects("data").next();
        let owner = first.map(|first| first.object("thread_owner"));
        Ok(owner
            .filter(|owner| !owner.is_empty())
            .map(|owner| ThreadOwner {
                app: owner.id("app_id").and_then(|id| AppId::new(id).ok()),
                until: owner.time("expiration"),
            }))
    }
}

/// Asks whether conversations of a Page are routed.
///
/// Meta: [Conversation routing](https://developers.facebook.com/docs/messenger-platform/conversation-routing)
#[derive(Clone, Debug)]
pub struct ReadRouting(PageId);

/// How conversations of a Page are routed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Routing {
    /// Whether conversation routing is on.
    pub is_on: bool,
    /// Whether several apps serve the Page in Messenger.
    pub has_several_apps: bool,
}

impl ReadRouting {
    /// Those of this Page.
    pub fn new(page: PageId) -> Self {
        Self(page)
    }
}

impl Endpoint for ReadRouting {
    type Output = Routing;

    fn call(&self) -> Result<Call, Error> {
        let call = Call::get(crate::graph::Path::node(self.0.as_str())?).for_page(&self.0);
        Ok(call.with_query("fields", "messaging_feature_status"))
    }

    fn read(&self, answer: &Answer) -> Result<Routing, Error> {
        let status = answer.object().object("messaging_feature_status");
        if status.is_empty() {
            return Err(answer.unexpected());
        }
        Ok(Routing {
            is_on: status.is("hop_v2").unwrap_or(false),
            has_several_apps: status.is("msgr_multi_app").unwrap_or(false),
        })
    }
}
