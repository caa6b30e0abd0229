//! What a Page keeps at Meta: settings, personas, labels, templates, and who holds a conversation.

use std::collections::{BTreeMap, BTreeSet};

use hyper::Method;
use hyper::body::Bytes;
use serde_json::{Map, Value, json};

use super::graph::Refusal;
use super::parameters::{Parameters, fields, listing, required, texts};
use super::status::{self, Restriction};
use super::thread;
use super::world::World;

/// What the Page keeps at Meta.
#[derive(Default)]
pub(super) struct Kept {
    drawn: u64,
    profile: Map<String, Value>,
    /// The webhook fields of the Page, once it is subscribed.
    fields: Option<Vec<String>>,
    personas: BTreeMap<String, Value>,
    labels: BTreeMap<String, Label>,
    /// The app that holds a person's conversation.
    pub(super) owners: BTreeMap<String, String>,
    blocked: BTreeSet<String>,
    templates: BTreeMap<String, Value>,
    pub(super) attachments: BTreeMap<String, Saved>,
    /// Why the Page may not send messages for now.
    pub(super) restriction: Option<Restriction>,
}

#[derive(Default)]
struct Label {
    name: String,
    people: BTreeSet<String>,
}

/// A medium that was uploaded or saved.
#[derive(Clone)]
pub(super) struct Saved {
    pub(super) kind: String,
    pub(super) url: String,
    /// What lies at that address, when it is here.
    pub(super) file: Option<(String, Bytes)>,
}

/// What the properties of a Messenger profile are called.
const PROPERTIES: [&str; 7] = [
    "account_linking_url",
    "commands",
    "get_started",
    "greeting",
    "ice_breakers",
    "persistent_menu",
    "whitelisted_domains",
];

impl Kept {
    pub(super) fn draw_id(&mut self) -> String {
        self.drawn += 1;
        format!("{}", 880_000_000_000_000 + self.drawn)
    }

    /// Whether another app holds this conversation.
    pub(super) fn is_held_by_another(&self, psid: &str, app: &str) -> bool {
        self.owners.get(psid).is_some_and(|owner| owner != app)
    }

    pub(super) fn has_persona(&self, id: &str) -> bool {
        self.personas.contains_key(id)
    }
}

/// An edge of the Page; nothing when there is no such edge.
pub(super) fn edge(
    world: &mut World,
    (app_id, page_id): (&str, &str),
    method: &Method,
    edge: &str,
    parameters: &Parameters,
) -> Option<Result<Value, Refusal>> {
    Some(match (method.as_str(), edge) {
        ("GET", "messenger_profile") => read_profile(&world.kept, parameters),
        ("POST", "messenger_profile") => write_profile(&mut world.kept, parameters),
        ("DELETE", "messenger_profile") => delete_profile(&mut world.kept, parameters),
        ("POST", "subscribed_apps") => subscribe(&mut world.kept, parameters),
        ("GET", "subscribed_apps") => Ok(subscribed(&world.kept, app_id)),
        ("DELETE", "subscribed_apps") => {
            world.kept.fields = None;
            Ok(json!({"success": true}))
        }
        ("POST", "personas") => create_persona(&mut world.kept, parameters),
        ("GET", "personas") => listing(world.kept.personas.values().cloned(), parameters),
        ("POST", "custom_labels") => create_label(&mut world.kept, parameters),
        ("GET", "custom_labels") => labels(&world.kept, None, parameters),
        ("POST", "message_templates") => create_template(&mut world.kept, parameters),
        ("GET", "message_templates") => listing(world.kept.templates.values().cloned(), parameters),
        ("DELETE", "message_templates") => {
            let name = required(parameters, "name");
            name.and_then(|name| match world.kept.templates.remove(&name) {
                Some(_) => Ok(json!({"success": true})),
                None => Err(Refusal::new(100, "(#100) No such template")),
            })
        }
        ("GET", "page_status") => Ok(status::show(world.kept.restriction, page_id)),
        ("GET", "thread_owner") => thread::owner(world, app_id, parameters),
        ("POST", "moderate_conversations") => moderate(world, parameters),
        ("POST", edge) => {
            let edge = edge.strip_suffix("_thread_control")?;
            thread::route(world, app_id, edge, parameters)?
        }
        _ => return None,
    })
}

/// Something of the Page's with an id of its own: a persona or a label.
pub(super) fn node(
    world: &mut World,
    method: &Method,
    id: &str,
    edge: Option<&str>,
    parameters: &Parameters,
) -> Option<Result<Value, Refusal>> {
    let done = Ok(json!({"success": true}));
    if let Some(persona) = world.kept.personas.get(id).cloned() {
        return match (method.as_str(), edge) {
            ("GET", None) => Some(Ok(persona)),
            ("DELETE", None) => {
                world.kept.personas.remove(id);
                Some(done)
            }
            _ => None,
        };
    }
    let user = parameters.get("user").and_then(Value::as_str);
    let user = user.map(str::to_owned);
    let is_person = user
        .as_deref()
        .is_some_and(|user| world.thread(user).is_some());
    let label = world.kept.labels.get_mut(id)?;
    Some(match (method.as_str(), edge, user) {
        ("GET", None, _) => Ok(json!({"id": id, "page_label_name": label.name})),
        ("DELETE", None, _) => {
            world.kept.labels.remove(id);
            done
        }
        ("POST" | "DELETE", Some("label"), None) => {
            Err(Refusal::new(100, "(#100) The parameter user is required"))
        }
        ("POST", Some("label"), Some(user)) if is_person => {
            label.people.insert(user);
            done
        }
        ("DELETE", Some("label"), Some(user)) if is_person => {
            label.people.remove(&user);
            done
        }
        ("POST" | "DELETE", Some("label"), Some(_)) => {
            Err(Refusal::new(100, "(#100) No matching user found").with_subcode(2_018_001))
        }
        _ => return None,
    })
}

/// The labels of the Page, or of one person.
pub(super) fn labels(
    kept: &Kept,
    psid: Option<&str>,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    let with_name = fields(parameters, "").any(|field| field == "page_label_name");
    let labels = kept.labels.iter();
    let labels = labels.filter(|(_, label)| psid.is_none_or(|psid| label.people.contains(psid)));
    let labels = labels.map(|(id, label)| {
        let mut shown = json!({ "id": id });
        if with_name {
            shown["page_label_name"] = json!(label.name);
        }
        shown
    });
    listing(labels, parameters)
}

fn read_profile(kept: &Kept, parameters: &Parameters) -> Result<Value, Refusal> {
    let asked: Vec<&str> = fields(parameters, "")
        .filter(|field| !field.is_empty())
        .collect();
    if let Some(unknown) = asked.iter().find(|field| !PROPERTIES.contains(field)) {
        let words = format!("(#100) Param fields[0] must be one of the properties, not {unknown}");
        return Err(Refusal::new(100, words));
    }
    let found = kept.profile.iter();
    let found = found.filter(|(name, _)| asked.contains(&name.as_str()));
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

fn write_profile(kept: &mut Kept, parameters: &Parameters) -> Result<Value, Refusal> {
    let set = parameters.iter();
    let set: Vec<_> = set
        .filter(|(name, _)| PROPERTIES.contains(&name.as_str()))
        .collect();
    if set.is_empty() {
        return Err(Refusal::new(100, "(#100) No property is set"));
    }
    let has_start =
        kept.profile.contains_key("get_started") || parameters.contains_key("get_started");
    if parameters.contains_key("persistent_menu") && !has_start {
        let words =
            "(#100) You must set a Get Started button if you also wish to use persistent menu";
        return Err(Refusal::new(100, words).with_subcode(2_018_145));
    }
    for (name, value) in set {
        kept.profile.insert(name.clone(), value.clone());
    }
    Ok(json!({"result": "success"}))
}

fn delete_profile(kept: &mut Kept, parameters: &Parameters) -> Result<Value, Refusal> {
    for name in texts(parameters, "fields") {
        kept.profile.remove(&name);
    }
    Ok(json!({"result": "success"}))
}

fn subscribe(kept: &mut Kept, parameters: &Parameters) -> Result<Value, Refusal> {
    let named = required(parameters, "subscribed_fields")?;
    let named: Vec<&str> = named.split(',').map(str::trim).collect();
    if let Some(unknown) = named.iter().find(|field| !status::is_page_field(field)) {
        let words =
            format!("(#100) Param subscribed_fields[0] must be a Page field, not {unknown}");
        return Err(Refusal::new(100, words));
    }
    kept.fields = Some(named.into_iter().map(str::to_owned).collect());
    Ok(json!({"success": true}))
}

fn subscribed(kept: &Kept, app_id: &str) -> Value {
    let app = |fields| json!({"category": "Business", "name": "Simulated app", "id": app_id, "subscribed_fields": fields});
    json!({"data": kept.fields.iter().map(app).collect::<Vec<_>>()})
}

fn create_persona(kept: &mut Kept, parameters: &Parameters) -> Result<Value, Refusal> {
    let name = required(parameters, "name")?;
    let url = required(parameters, "profile_picture_url")?;
    let id = kept.draw_id();
    let persona = json!({"name": name, "profile_picture_url": url, "id": id});
    kept.personas.insert(id.clone(), persona);
    Ok(json!({ "id": id }))
}

fn create_label(kept: &mut Kept, parameters: &Parameters) -> Result<Value, Refusal> {
    let name = required(parameters, "page_label_name")?;
    let id = kept.draw_id();
    let people = BTreeSet::new();
    kept.labels.insert(id.clone(), Label { name, people });
    Ok(json!({ "id": id }))
}

fn create_template(kept: &mut Kept, parameters: &Parameters) -> Result<Value, Refusal> {
    let (name, language) = (
        required(parameters, "name")?,
        required(parameters, "language")?,
    );
    let id = kept.draw_id();
    let template = json!({"id": id, "name": name, "language": language, "status": "APPROVED", "category": "UTILITY"});
    kept.templates.insert(name, template);
    Ok(json!({"id": id, "status": "APPROVED", "category": "UTILITY"}))
}

impl Kept {
    /// Whether a template of this name and language was approved.
    pub(super) fn has_template(&self, name: &str, language: &str) -> bool {
        let template = self.templates.get(name);
        template.is_some_and(|template| template["language"] == language)
    }
}

fn moderate(world: &mut World, parameters: &Parameters) -> Result<Value, Refusal> {
    let users = parameters.get("user_ids").and_then(Value::as_array);
    let users = users.filter(|users| (1..=10).contains(&users.len()));
    let actions = texts(parameters, "actions");
    let Some(users) = users.filter(|_| (1..=2).contains(&actions.len())) else {
        return Err(Refusal::new(
            100,
            "(#100) 1 to 10 users and 1 or 2 actions are needed",
        ));
    };
    for user in users {
        let psid = user["id"].as_str().unwrap_or_default().to_owned();
        person(world, &psid)?;
        for action in &actions {
            match action.as_str() {
                "block_user" | "ban_user" => {
                    world.kept.blocked.insert(psid.clone());
                }
                "unblock_user" | "unban_user" => {
                    world.kept.blocked.remove(&psid);
                }
                "move_to_spam" => {}
                _ => return Err(Refusal::new(100, "(#100) Param actions[0] is unknown")),
            }
        }
    }
    // A text, as Meta has it here.
    Ok(json!({"success": "true"}))
}

pub(super) fn person(world: &World, psid: &str) -> Result<(), Refusal> {
    match world.thread(psid) {
        Some(_) => Ok(()),
        None => {
            let words = "(#100) No matching user found";
            Err(Refusal::new(100, words).with_subcode(2_018_001))
        }
    }
}
