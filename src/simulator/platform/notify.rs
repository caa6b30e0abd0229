//! Which app is notified of what.

use serde_json::{Value, json};

use crate::simulator::world::World;
use crate::simulator::world::delivery::Notice;
use crate::simulator::world::thread::Message;

use super::delivery;
use super::event::{self, Event};

/// Kinds that an app receives in `standby` while another app holds the thread.
const STANDBY: [&str; 4] = ["message", "delivery", "read", "postback"];

/// Queues an event for every app that is subscribed to its field.
pub(crate) fn notify(world: &mut World, field: &str, event: &Event<'_>, mid: Option<&str>) {
    for app in subscribers(world, event.page, field) {
        let owner = event.psid.and_then(|psid| world.thread(psid));
        let owner = owner.and_then(|thread| thread.owner(world.now()));
        let is_standby = owner.is_some_and(|owner| owner != app);
        let reaches = !is_standby
            || (STANDBY.contains(&event.name) && is_subscribed(world, event.page, &app, "standby"));
        if reaches {
            queue(world, &app, event, is_standby, mid);
        }
    }
}

/// Queues an event for one app, when it is subscribed to its field.
pub(crate) fn notify_app(world: &mut World, app: &str, field: &str, event: &Event<'_>) {
    if is_subscribed(world, event.page, app, field) {
        queue(world, app, event, false, None);
    }
}

/// Queues a change of the Page for every app that is subscribed to its field.
pub(crate) fn notify_change(world: &mut World, page: &str, field: &str, value: &Value) {
    let entry = event::change(page, world.now() / 1000, field, value);
    for app in subscribers(world, page, field) {
        delivery::queue(world, &app, || Notice {
            page: page.to_owned(),
            psid: String::new(),
            entry: entry.clone(),
            mid: None,
        });
    }
}

fn queue(world: &mut World, app: &str, event: &Event<'_>, is_standby: bool, mid: Option<&str>) {
    let entry = event.entry(world.now(), is_standby);
    delivery::queue(world, app, || Notice {
        page: event.page.to_owned(),
        psid: event.psid.unwrap_or_default().to_owned(),
        entry: entry.clone(),
        mid: mid.map(str::to_owned),
    });
}

fn subscribers(world: &World, page: &str, field: &str) -> Vec<String> {
    let apps = world.apps.iter().map(|app| &app.id);
    let apps = apps.filter(|app| is_subscribed(world, page, app, field));
    apps.cloned().collect()
}

/// Whether an app is subscribed to a field at both levels: its own and the Page's.
fn is_subscribed(world: &World, page: &str, app: &str, field: &str) -> bool {
    let fields = world
        .page(page)
        .and_then(|page| page.subscriptions.get(app));
    let is_installed = fields.is_some_and(|fields| holds(fields, field));
    let own = world.app(app);
    is_installed && own.is_some_and(|app| app.callback.is_some() && holds(&app.fields, field))
}

fn holds(fields: &[String], field: &str) -> bool {
    fields.iter().any(|held| held == field)
}

/// A message as a webhook shows it.
pub(crate) fn content(message: &Message) -> Value {
    let mut content = json!({"mid": message.mid});
    if let Some(text) = &message.text {
        content["text"] = json!(text);
    }
    let attachments = message.attachment.iter().chain(&message.more_attachments);
    let attachments = attachments.map(|attachment| {
        let mut payload = json!({"url": attachment.url});
        if let Some(id) = attachment.sticker_id {
            payload["sticker_id"] = json!(id);
        }
        json!({"type": attachment.kind, "payload": payload})
    });
    let template = message.template.iter();
    let template =
        template.map(|template| json!({"title": "", "type": "template", "payload": template}));
    let attachments: Vec<Value> = attachments.chain(template).collect();
    if !attachments.is_empty() {
        content["attachments"] = json!(attachments);
    }
    if let Some(mid) = &message.reply_to {
        content["reply_to"] = json!({"mid": mid});
    }
    content
}
