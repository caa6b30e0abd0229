//! Conversation Routing: the app that holds a conversation.

use serde_json::{Value, json};

use crate::simulator::world::World;
use crate::simulator::world::scene::INBOX_APP;

use super::event::Event;
use super::notify::notify_app;
use super::parameters::{Parameters, number, object, required, text};
use super::refusal::Refusal;

const DAY: u64 = 24 * 60 * 60 * 1000;
const FIELD: &str = "messaging_handovers";

pub(crate) fn owner(
    world: &World,
    app: &str,
    page: &str,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    let psid = required(parameters, "recipient")?;
    let thread = world.page(page).and_then(|page| page.thread(&psid));
    let thread = thread.ok_or_else(Refusal::no_such_person)?;
    let owner = thread.owner(world.now()).map(|owner| {
        let expiration = thread.owned_until / 1000;
        // Another app does not learn which one it is.
        if owner == app {
            json!({"thread_owner": {"app_id": owner, "expiration": expiration}})
        } else {
            json!({"thread_owner": {"expiration": expiration}})
        }
    });
    Ok(json!({"data": owner.into_iter().collect::<Vec<_>>()}))
}

/// Refuses an act on a thread that another app holds.
pub(crate) fn check(world: &World, app: &str, psid: &str) -> Result<(), Refusal> {
    let owner = world
        .thread(psid)
        .and_then(|thread| thread.owner(world.now()));
    if owner.is_none_or(|owner| owner == app) {
        return Ok(());
    }
    let words = "Another app is controlling this thread now.";
    Err(Refusal::parameter(words).with_subcode(2_018_300))
}

/// Passing, taking, requesting, releasing and extending control. `None` for anything else.
pub(crate) fn route(
    world: &mut World,
    app: &str,
    page: &str,
    act: &str,
    parameters: &Parameters,
) -> Option<Result<Value, Refusal>> {
    if !matches!(act, "pass" | "take" | "request" | "release" | "extend") {
        return None;
    }
    Some(control(world, app, page, act, parameters))
}

fn control(
    world: &mut World,
    app: &str,
    page: &str,
    act: &str,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    let recipient = object(parameters, "recipient")?.unwrap_or_default();
    let psid = required(&recipient, "id")?;
    let thread = world.page(page).and_then(|page| page.thread(&psid));
    let thread = thread.ok_or_else(Refusal::no_such_person)?;
    let now = world.now();
    let previous = thread.owner(now).map(str::to_owned);
    if matches!(act, "pass" | "release" | "extend") {
        check(world, app, &psid)?;
    }
    let metadata = text(parameters.get("metadata"));
    let event_of = |name, content: Value| {
        let mut content = content;
        if let Some(metadata) = &metadata {
            content["metadata"] = json!(metadata);
        }
        (name, content)
    };
    let change = |new: &str| json!({"previous_owner_app_id": previous, "new_owner_app_id": new});
    let (owner, until, notice) = match act {
        "release" => (None, now, None),
        "pass" => {
            let target = text(parameters.get("target_app_id"));
            let target = target.unwrap_or_else(|| INBOX_APP.to_owned());
            let event = event_of("pass_thread_control", change(&target));
            (Some(target.clone()), now + DAY, Some((target, event)))
        }
        "extend" => {
            let seconds = number(parameters, "duration").unwrap_or(24 * 60 * 60);
            let longest = 7 * DAY;
            let until = now + seconds.saturating_mul(1000).min(longest);
            (Some(app.to_owned()), until, None)
        }
        "request" if previous.as_deref().is_some_and(|owner| owner != app) => {
            let owner = previous.clone().unwrap_or_default();
            let content = json!({"requested_owner_app_id": app});
            let event = event_of("request_thread_control", content);
            tell(world, page, &psid, Some((owner, event)));
            return Ok(json!({"success": true}));
        }
        // An idle conversation is given at once.
        _ => {
            let lost = previous.clone().filter(|owner| owner != app);
            let event = event_of("take_thread_control", change(app));
            let event = lost.map(|lost| (lost, event));
            (Some(app.to_owned()), now + DAY, event)
        }
    };
    if let Some(thread) = world.thread_mut(&psid) {
        thread.owner = owner;
        thread.owned_until = until;
    }
    tell(world, page, &psid, notice);
    Ok(json!({"success": true}))
}

/// Gives a thread to an app for a day, and notifies the app that lost it.
pub(crate) fn take(world: &mut World, page: &str, psid: &str, app: &str) {
    let now = world.now();
    let Some(thread) = world.thread_mut(psid) else {
        return;
    };
    let previous = thread.owner(now).map(str::to_owned);
    thread.owner = Some(app.to_owned());
    thread.owned_until = now + DAY;
    let lost = previous.filter(|owner| owner != app);
    let notice = lost.map(|lost| {
        let content = json!({"previous_owner_app_id": lost, "new_owner_app_id": app});
        (lost, ("take_thread_control", content))
    });
    tell(world, page, psid, notice);
}

/// Notifies the app that won or lost control.
fn tell(
    world: &mut World,
    page: &str,
    psid: &str,
    notice: Option<(String, (&'static str, Value))>,
) {
    let Some((app, (name, content))) = notice else {
        return;
    };
    let timestamp = world.clock.tick();
    let event = Event {
        page,
        psid: Some(psid),
        timestamp,
        name,
        content,
    };
    notify_app(world, &app, FIELD, &event);
}
