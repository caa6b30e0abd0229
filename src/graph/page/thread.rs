//! Conversation routing: which app controls a conversation, when several apps serve a Page.
//!
//! With routing, one app controls a conversation until 24 hours after the last activity, or the
//! conversation is idle. Meta refuses the messages of other apps with subcode 2018300
//! ([`Advice::ThreadControl`](crate::graph::Advice::ThreadControl)). Routing is off by default: then
//! every app may send.
//!
//! ```
//! use messenger_crm::graph::page::thread;
//! # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId, Psid};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"data":[{"thread_owner":{"app_id":"263902037430900"}}]}"#);
//! # script.json(200, r#"{"success":true}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let page = script.graph().page(access);
//! let customer = Psid::new("7324561089432101")?;
//! let owner = page.call(&thread::get_owner(&customer)).await?;
//! if owner.is_some_and(|owner| owner.app.as_ref() != Some(&page.access().app.id)) {
//!     page.call(&thread::request(&customer, Some("the order is disputed"))).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/messenger-platform/conversation-routing>

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{post_done, with_body};
use crate::graph::{Call, Path, Response};
use crate::id::{AppId, Psid};
use crate::time::Timestamp;

/// Id of the app that is the Page's inbox at Meta.
pub const PAGE_INBOX_APP: &str = "263902037430900";

/// Longest time for which [`extend`] keeps control: 7 days.
pub const MAX_EXTENSION: Duration = Duration::from_secs(7 * 24 * 3600);

/// The app that controls a conversation.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ThreadOwner {
    /// The app that controls the conversation. Meta returns it only when this is the calling app,
    /// or to the Page's default app; otherwise it is absent.
    #[doc(alias = "app_id")]
    pub app: Option<AppId>,
    /// End of the control. Absent when Meta leaves it out.
    #[doc(alias = "expiration")]
    pub until: Option<Timestamp>,
}

impl ThreadOwner {
    /// Creates an owner, for tests.
    pub fn new(app: Option<AppId>, until: Option<Timestamp>) -> Self {
        Self { app, until }
    }
}

/// How conversations of the Page are routed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ThreadFeatures {
    /// Whether conversation routing is on.
    #[doc(alias = "hop_v2")]
    pub is_routed: bool,
    /// Whether several apps serve the Page in Messenger.
    #[doc(alias = "msgr_multi_app")]
    pub has_several_apps: bool,
}

/// Passes control of a conversation to `app`, or to the Page's default app when it is `None`.
/// `metadata` is a text for that app.
///
/// Permission: `pages_messaging`. Meta refuses with code 100 and subcode 2018300 while another app
/// controls the conversation.
///
/// <https://developers.facebook.com/docs/messenger-platform/conversation-routing>
#[doc(alias = "pass_thread_control")]
pub fn pass(psid: &Psid, app: Option<&AppId>, metadata: Option<&str>) -> Call<()> {
    let app = app.map(|app| ("target_app_id", json!(app)));
    let metadata = metadata.map(|text| ("metadata", json!(text)));
    route("pass_thread_control", psid, app.into_iter().chain(metadata))
}

/// Takes control of a conversation from another app. `metadata` is a text for that app.
///
/// Permission: `pages_messaging`. Meta allows it only to the Page's default app while routing is
/// on, and refuses others with code 100 or 200.
///
/// <https://developers.facebook.com/docs/messenger-platform/conversation-routing>
#[doc(alias = "take_thread_control")]
pub fn take(psid: &Psid, metadata: Option<&str>) -> Call<()> {
    let metadata = metadata.map(|text| ("metadata", json!(text)));
    route("take_thread_control", psid, metadata)
}

/// Requests control of a conversation from the app that controls it. `metadata` is a text for that
/// app, which receives a webhook event and decides. Meta grants control of an idle conversation at
/// once.
///
/// Permission: `pages_messaging`.
///
/// <https://developers.facebook.com/docs/messenger-platform/conversation-routing>
#[doc(alias = "request_thread_control")]
pub fn request(psid: &Psid, metadata: Option<&str>) -> Call<()> {
    let metadata = metadata.map(|text| ("metadata", json!(text)));
    route("request_thread_control", psid, metadata)
}

/// Releases a conversation, which becomes idle.
///
/// Permission: `pages_messaging`. Meta refuses with code 100 and subcode 2018300 while another app
/// controls the conversation.
///
/// <https://developers.facebook.com/docs/messenger-platform/conversation-routing>
#[doc(alias = "release_thread_control")]
pub fn release(psid: &Psid) -> Call<()> {
    route("release_thread_control", psid, [])
}

/// Keeps control of a conversation for `duration` from now, at most for [`MAX_EXTENSION`].
///
/// Permission: `pages_messaging`. Meta refuses with code 100 and subcode 2018300 while another app
/// controls the conversation.
///
/// <https://developers.facebook.com/docs/messenger-platform/conversation-routing>
#[doc(alias = "extend_thread_control")]
pub fn extend(psid: &Psid, duration: Duration) -> Call<()> {
    let seconds = duration.min(MAX_EXTENSION).as_secs();
    route(
        "extend_thread_control",
        psid,
        [("duration", json!(seconds))],
    )
}

/// Reads which app controls a conversation. `None` when it is idle.
///
/// Permission: `pages_messaging`.
///
/// <https://developers.facebook.com/docs/messenger-platform/conversation-routing>
#[doc(alias = "thread_owner")]
pub fn get_owner(psid: &Psid) -> Call<Option<ThreadOwner>> {
    let call = Call::get(Path::me().edge("thread_owner"), |response: &Response| {
        let first = response.object().objects("data").next();
        let owner = first.map(|first| first.object("thread_owner"));
        let owner = owner.filter(|owner| !owner.is_empty());
        Ok(owner.map(|owner| ThreadOwner {
            app: owner.id("app_id").and_then(|id| AppId::new(id).ok()),
            until: owner.time("expiration"),
        }))
    });
    call.with_query("recipient", psid.as_str())
}

/// Reads how conversations of the Page are routed.
///
/// Permission: `pages_messaging`.
///
/// <https://developers.facebook.com/docs/messenger-platform/conversation-routing>
#[doc(alias = "messaging_feature_status")]
pub fn get_features() -> Call<ThreadFeatures> {
    let call = Call::get(Path::me(), |response: &Response| {
        let status = response.object().object("messaging_feature_status");
        if status.is_empty() {
            return Err(response.unexpected());
        }
        Ok(ThreadFeatures {
            is_routed: status.boolean("hop_v2").unwrap_or(false),
            has_several_apps: status.boolean("msgr_multi_app").unwrap_or(false),
        })
    });
    call.with_query("fields", "messaging_feature_status")
}

fn route(
    edge: &'static str,
    psid: &Psid,
    members: impl IntoIterator<Item = (&'static str, Value)>,
) -> Call<()> {
    let mut body = Map::new();
    body.insert("recipient".to_owned(), json!({ "id": psid }));
    for (name, value) in members {
        body.insert(name.to_owned(), value);
    }
    with_body(post_done(edge), &Value::Object(body))
}
