//! Settings of a Page: Messenger profile, subscriptions, personas, labels, templates, blocks.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::simulator::world::World;
use crate::simulator::world::page::{Label, Page};

use super::access::Caller;
use super::list;
use super::page_status::{self, is_page_field};
use super::parameters::{Call, Parameters, array, fields, json as inner, required, text, texts};
use super::refusal::Refusal;
use super::thread_control;

/// Properties of a Messenger profile.
const PROPERTIES: [&str; 7] = [
    "account_linking_url",
    "commands",
    "get_started",
    "greeting",
    "ice_breakers",
    "persistent_menu",
    "whitelisted_domains",
];

fn done() -> Value {
    json!({"success": true})
}

/// Scope that an edge of a Page needs.
fn scope(edge: &str) -> &'static str {
    match edge {
        "subscribed_apps" | "page_status" | "messenger_profile" | "custom_labels" => {
            "pages_manage_metadata"
        }
        _ => "pages_messaging",
    }
}

/// An edge of a Page. `None` when there is no such edge.
pub(crate) fn edge(
    world: &mut World,
    caller: &Caller,
    page_id: &str,
    edge: &str,
    call: Call<'_>,
) -> Option<Result<Value, Refusal>> {
    if let Err(refusal) = caller.needs(scope(edge)) {
        return Some(Err(refusal));
    }
    let app = caller.app.as_str();
    let parameters = call.parameters;
    let (url, now, id) = (world.url.clone(), world.now(), world.names.id());
    let list = |items: Vec<Value>| list::page(&url, caller, call, items.into_iter());
    if let Some(act) = edge.strip_suffix("_thread_control") {
        if call.method != "POST" {
            return None;
        }
        return thread_control::route(world, app, page_id, act, parameters);
    }
    if (call.method, edge) == ("GET", "thread_owner") {
        return Some(thread_control::owner(world, app, page_id, parameters));
    }
    let page = world.page_mut(page_id)?;
    Some(match (call.method, edge) {
        ("GET", "messenger_profile") => read_profile(page, parameters),
        ("POST", "messenger_profile") => write_profile(page, parameters),
        ("DELETE", "messenger_profile") => {
            for name in texts(parameters, "fields") {
                page.profile.remove(&name);
            }
            Ok(json!({"result": "success"}))
        }
        (_, "custom_user_settings") => user_settings(page, call)?,
        ("POST", "subscribed_apps") => subscribe(page, app, parameters),
        ("GET", "subscribed_apps") => Ok(subscribed(page, app)),
        ("DELETE", "subscribed_apps") => {
            page.subscriptions.remove(app);
            Ok(done())
        }
        ("POST", "personas") => create_persona(page, id, parameters),
        ("GET", "personas") => list(page.personas.values().cloned().collect()),
        ("POST", "custom_labels") => create_label(page, id, parameters),
        ("GET", "custom_labels") => list(labels(page, None, parameters)),
        ("POST", "message_templates") => create_template(page, id, parameters),
        ("GET", "message_templates") => list(page.templates.values().cloned().collect()),
        ("DELETE", "message_templates") => required(parameters, "name").and_then(|name| {
            let removed = page.templates.remove(&name);
            removed.map_or_else(
                || Err(Refusal::parameter("No such template")),
                |_| Ok(done()),
            )
        }),
        ("GET", "page_status") => Ok(page_status::show(page, now)),
        ("POST", "moderate_conversations") => moderate(page, parameters),
        _ => return None,
    })
}

/// A persona or a label. `None` when no Page of the app has this id.
pub(crate) fn node(
    world: &mut World,
    page_id: &str,
    id: &str,
    edge: Option<&str>,
    call: Call<'_>,
) -> Option<Result<Value, Refusal>> {
    let page = world.page_mut(page_id)?;
    if let Some(persona) = page.personas.get(id).cloned() {
        return match (call.method, edge) {
            ("GET", None) => Some(Ok(persona)),
            ("DELETE", None) => {
                page.personas.remove(id);
                Some(Ok(done()))
            }
            _ => None,
        };
    }
    let user = text(call.parameters.get("user"));
    let is_person = user
        .as_deref()
        .is_some_and(|user| page.thread(user).is_some());
    let label = page.labels.get_mut(id)?;
    Some(match (call.method, edge, user) {
        ("GET", None, _) => Ok(json!({"id": id, "page_label_name": label.name})),
        ("DELETE", None, _) => {
            page.labels.remove(id);
            Ok(done())
        }
        ("POST" | "DELETE", Some("label"), None) => {
            Err(Refusal::parameter("The parameter user is required"))
        }
        ("POST", Some("label"), Some(user)) if is_person => {
            label.people.insert(user);
            Ok(done())
        }
        ("DELETE", Some("label"), Some(user)) if is_person => {
            label.people.remove(&user);
            Ok(done())
        }
        ("POST" | "DELETE", Some("label"), Some(_)) => Err(Refusal::no_such_person()),
        _ => return None,
    })
}

/// The labels of the Page, or of one person.
pub(crate) fn labels(page: &Page, psid: Option<&str>, parameters: &Parameters) -> Vec<Value> {
    let with_name = fields(parameters, "").contains(&"page_label_name".to_owned());
    let labels = page.labels.iter();
    let labels = labels.filter(|(_, label)| psid.is_none_or(|psid| label.people.contains(psid)));
    let labels = labels.map(|(id, label)| {
        let mut shown = json!({ "id": id });
        if with_name {
            shown["page_label_name"] = json!(label.name);
        }
        shown
    });
    labels.collect()
}

fn read_profile(page: &Page, parameters: &Parameters) -> Result<Value, Refusal> {
    let asked = texts(parameters, "fields");
    if let Some(unknown) = asked
        .iter()
        .find(|field| !PROPERTIES.contains(&field.as_str()))
    {
        let words = format!("Param fields[0] must be one of the properties, not {unknown}");
        return Err(Refusal::parameter(&words));
    }
    let found = page.profile.iter();
    let found = found.filter(|(name, _)| asked.contains(name));
    let found: Map<String, Value> = found
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let data = if found.is_empty() {
        Vec::new()
    } else {
        vec![Value::Object(found)]
    };
    Ok(json!({ "data": data }))
}

fn write_profile(page: &mut Page, parameters: &Parameters) -> Result<Value, Refusal> {
    let set = parameters.iter();
    let set: Vec<_> = set
        .filter(|(name, _)| PROPERTIES.contains(&name.as_str()))
        .collect();
    if set.is_empty() {
        return Err(Refusal::parameter("No property is set"));
    }
    let has_start =
        page.profile.contains_key("get_started") || parameters.contains_key("get_started");
    if parameters.contains_key("persistent_menu") && !has_start {
        return Err(no_get_started());
    }
    for (name, value) in set {
        page.profile.insert(name.clone(), inner(value));
    }
    Ok(json!({"result": "success"}))
}

/// The persistent menu of one person. `None` for another method.
fn user_settings(page: &mut Page, call: Call<'_>) -> Option<Result<Value, Refusal>> {
    if !matches!(call.method, "GET" | "POST" | "DELETE") {
        return None;
    }
    Some(change_user_settings(page, call))
}

fn change_user_settings(page: &mut Page, call: Call<'_>) -> Result<Value, Refusal> {
    let parameters = call.parameters;
    let psid = required(parameters, "psid")?;
    let of_page = page.profile.get("persistent_menu").cloned();
    let has_start = page.profile.contains_key("get_started");
    let thread = page.thread_mut(&psid);
    let thread = thread.ok_or_else(Refusal::no_such_person)?;
    match call.method {
        "GET" => {
            let mut shown = Map::new();
            let menus = [
                ("user_level_persistent_menu", thread.menu.clone()),
                ("page_level_persistent_menu", of_page),
            ];
            for (name, menu) in menus {
                if let Some(menu) = menu {
                    shown.insert(name.to_owned(), menu);
                }
            }
            return Ok(json!({ "data": [shown] }));
        }
        "POST" => {
            let menu = array(parameters, "persistent_menu").filter(|menu| !menu.is_empty());
            let missing = || Refusal::parameter("The parameter persistent_menu is required");
            let menu = menu.ok_or_else(missing)?;
            if !has_start {
                return Err(no_get_started());
            }
            thread.menu = Some(Value::Array(menu));
        }
        _ => {
            let named = texts(parameters, "params");
            if named != ["persistent_menu"] {
                let words = "Param params must be [\"persistent_menu\"]";
                return Err(Refusal::parameter(words));
            }
            thread.menu = None;
        }
    }
    Ok(json!({"result": "success"}))
}

fn no_get_started() -> Refusal {
    let words = "You must set a Get Started button if you also wish to use persistent menu";
    Refusal::parameter(words).with_subcode(2_018_145)
}

fn subscribe(page: &mut Page, app: &str, parameters: &Parameters) -> Result<Value, Refusal> {
    let fields = page_fields(parameters, "subscribed_fields")?;
    page.failing_since.remove(app);
    page.subscriptions.insert(app.to_owned(), fields);
    Ok(done())
}

/// Names of webhook fields; one unknown name costs all of them.
pub(crate) fn page_fields(parameters: &Parameters, name: &str) -> Result<Vec<String>, Refusal> {
    let named = texts(parameters, name);
    if named.is_empty() {
        let words = format!("The parameter {name} is required");
        return Err(Refusal::parameter(&words));
    }
    if let Some(unknown) = named.iter().find(|field| !is_page_field(field)) {
        let words = format!("Param {name}[0] must be a Page field, not {unknown}");
        return Err(Refusal::parameter(&words));
    }
    Ok(named)
}

/// The app's own subscription; another app is not shown.
fn subscribed(page: &Page, app: &str) -> Value {
    let fields = page.subscriptions.get(app);
    let shown = fields.map(|fields| {
        json!({"category": "Business", "name": "Simulated app", "id": app,
               "subscribed_fields": fields})
    });
    json!({"data": shown.into_iter().collect::<Vec<_>>()})
}

fn create_persona(page: &mut Page, id: String, parameters: &Parameters) -> Result<Value, Refusal> {
    let name = required(parameters, "name")?;
    let url = required(parameters, "profile_picture_url")?;
    let persona = json!({"name": name, "profile_picture_url": url, "id": id});
    page.personas.insert(id.clone(), persona);
    Ok(json!({ "id": id }))
}

fn create_label(page: &mut Page, id: String, parameters: &Parameters) -> Result<Value, Refusal> {
    let name = required(parameters, "page_label_name")?;
    let people = BTreeSet::new();
    page.labels.insert(id.clone(), Label { name, people });
    Ok(json!({ "id": id }))
}

fn create_template(page: &mut Page, id: String, parameters: &Parameters) -> Result<Value, Refusal> {
    let name = required(parameters, "name")?;
    let language = required(parameters, "language")?;
    let mut template = json!({"id": id, "status": "APPROVED", "category": "UTILITY"});
    let answer = template.clone();
    template["name"] = json!(name);
    template["language"] = json!(language);
    page.templates.insert(name, template);
    Ok(answer)
}

fn moderate(page: &mut Page, parameters: &Parameters) -> Result<Value, Refusal> {
    let users = array(parameters, "user_ids").unwrap_or_default();
    let actions = texts(parameters, "actions");
    if !(1..=10).contains(&users.len()) || !(1..=2).contains(&actions.len()) {
        return Err(Refusal::parameter(
            "1 to 10 users and 1 or 2 actions are needed",
        ));
    }
    for user in users {
        let psid = text(user.get("id")).unwrap_or_default();
        let thread = page.thread_mut(&psid);
        let thread = thread.ok_or_else(Refusal::no_such_person)?;
        for action in &actions {
            match action.to_ascii_lowercase().as_str() {
                "block_user" | "ban_user" => thread.is_blocked = true,
                "unblock_user" | "unban_user" => thread.is_blocked = false,
                "move_to_spam" => {}
                _ => return Err(Refusal::parameter("Param actions[0] is unknown")),
            }
        }
    }
    // A text, as Meta has it here.
    Ok(json!({"success": "true"}))
}
