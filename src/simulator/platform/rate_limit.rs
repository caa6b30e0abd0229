//! Which limits a call counts against, and the refusal when one is used up.

use serde_json::Value;

use crate::simulator::world::World;
use crate::simulator::world::rate_limit::{Kind, Scope, Usage};

use super::access::{Caller, Role};
use super::parameters::{Call, object, text};
use super::refusal::Refusal;

/// Counts a call, or refuses it.
pub(crate) fn count(
    world: &mut World,
    caller: Option<&Caller>,
    call: Call<'_>,
) -> Result<(), Refusal> {
    let Some(caller) = caller else {
        return Ok(());
    };
    let now = world.now();
    let mut scopes = vec![all_calls(caller)];
    if let Role::Page(page) = &caller.role {
        scopes.extend(special(page, call));
    }
    world.counted.count(scopes, now).map_err(refused)
}

/// Use of the limit of the app, and of the one of its calls for a Page.
pub(crate) fn usage(world: &mut World, caller: &Caller) -> (Usage, Option<Usage>) {
    let now = world.now();
    let of_app = Scope {
        kind: Kind::AppCalls,
        of: caller.app.clone(),
    };
    let app = world.counted.usage(&of_app, now);
    let is_page = matches!(caller.role, Role::Page(_));
    let page = is_page.then(|| world.counted.usage(&all_calls(caller), now));
    (app, page)
}

/// The refusal of a call for which the Page has made too many.
pub(crate) fn page_refusal() -> Refusal {
    refused(Kind::PageCalls)
}

/// The refusal of a call for which the app has made too many.
pub(crate) fn app_refusal() -> Refusal {
    refused(Kind::AppCalls)
}

fn all_calls(caller: &Caller) -> Scope {
    match &caller.role {
        Role::Page(page) => Scope {
            kind: Kind::PageCalls,
            of: format!("{} {page}", caller.app),
        },
        Role::User | Role::App => Scope {
            kind: Kind::AppCalls,
            of: caller.app.clone(),
        },
    }
}

/// The limit of one kind of calls. Absent for most calls.
fn special(page: &str, call: Call<'_>) -> Option<Scope> {
    let (node, edge) = call.path.split_once('/').unwrap_or((call.path, ""));
    let is_own = node == "me" || node == page;
    let kind = match edge {
        "messages" if is_own && call.method == "POST" => sending(call),
        "messenger_profile" if is_own => Kind::MessengerProfile,
        "custom_user_settings" if is_own => {
            let psid = text(call.parameters.get("psid")).unwrap_or_default();
            return Some(Scope {
                kind: Kind::UserSettings,
                of: format!("{page} {psid}"),
            });
        }
        "conversations" if is_own => Kind::Conversations,
        "" | "messages" if node.starts_with("t_") || node.starts_with("m_") => Kind::Conversations,
        _ => return None,
    };
    Some(Scope {
        kind,
        of: page.to_owned(),
    })
}

fn sending(call: Call<'_>) -> Kind {
    let member = |name| object(call.parameters, name).ok().flatten();
    let recipient = member("recipient").unwrap_or_default();
    if recipient.contains_key("comment_id") || recipient.contains_key("post_id") {
        return Kind::PrivateReplies;
    }
    let message = member("message").unwrap_or_default();
    let described = object(&message, "attachment").ok().flatten();
    let kind = described.and_then(|described| text(described.get("type")));
    let has_media = kind.is_some_and(|kind| kind != "template");
    match has_media || message.get("attachments").is_some_and(Value::is_array) {
        true => Kind::Media,
        false => Kind::Texts,
    }
}

fn refused(kind: Kind) -> Refusal {
    match kind {
        Kind::PageCalls => Refusal::new(
            80006,
            "(#80006) There have been too many calls to this Messenger account. Wait a bit and \
             try again.",
        ),
        Kind::AppCalls => Refusal::new(4, "(#4) Application request limit reached"),
        _ => Refusal::new(
            613,
            "(#613) Calls to this api have exceeded the rate limit.",
        ),
    }
}
