//! Which Graph call leads where.

use serde_json::{Value, json};

use crate::simulator::world::World;
use crate::simulator::world::fault::ProfileAnswer;
use crate::simulator::world::thread::Thread;

use super::access::{Caller, Role};
use super::parameters::{Call, fields, required, text};
use super::refusal::Refusal;
use super::reply::Reply;
use super::{account, customer, history, list, page_settings, profile, send};

/// Carries out a call. The caller is absent for the login's own call only.
pub(crate) fn route(
    world: &mut World,
    caller: Option<&Caller>,
    call: Call<'_>,
) -> Result<Reply, Refusal> {
    let Some(caller) = caller else {
        return account::exchange(world, call.parameters).map(Reply::Json);
    };
    if let Some(found) = account::route(world, caller, call) {
        return found;
    }
    let (node, edge) = match call.path.split_once('/') {
        None => (call.path, None),
        Some((node, edge)) => (node, Some(edge)),
    };
    let is_page = node == "me" || world.page(node).is_some();
    let Role::Page(own) = &caller.role else {
        if is_page {
            let words = "(#210) A page access token is required to request this resource.";
            return Err(Refusal::new(210, words));
        }
        return Err(Refusal::unsupported(call.method, node));
    };
    let found = if node == "me" || node == own {
        page_call(world, caller, own, edge, call)
    } else {
        other_node(world, caller, own, node, edge, call)
    };
    found.unwrap_or_else(|| Err(Refusal::unsupported(call.method, node)))
}

/// A call of the Page that the token belongs to.
fn page_call(
    world: &mut World,
    caller: &Caller,
    page: &str,
    edge: Option<&str>,
    call: Call<'_>,
) -> Option<Result<Reply, Refusal>> {
    let Some(edge) = edge else {
        return (call.method == "GET").then(|| show_page(world, page, call).map(Reply::Json));
    };
    let needs = |scope| caller.needs(scope);
    Some(match (call.method, edge) {
        ("POST", "messages") => {
            needs("pages_messaging").and_then(|()| send::send(world, &caller.app, page, call))
        }
        ("POST", "message_attachments") => needs("pages_messaging")
            .and_then(|()| send::save(world, page, call))
            .map(Reply::Json),
        ("POST", "unlink_accounts") => unlink(world, page, call).map(Reply::Json),
        ("GET", "conversations") => needs("pages_read_engagement")
            .and_then(|()| history::conversations(world, caller, page, call))
            .map(Reply::Json),
        _ => page_settings::edge(world, caller, page, edge, call)?.map(Reply::Json),
    })
}

/// A call of something that belongs to the Page: a person, a thread, a message, a label, a persona.
fn other_node(
    world: &mut World,
    caller: &Caller,
    page: &str,
    node: &str,
    edge: Option<&str>,
    call: Call<'_>,
) -> Option<Result<Reply, Refusal>> {
    let is_person = world.page(page)?.thread(node).is_some();
    Some(match (call.method, edge) {
        ("GET", None) if is_person => {
            let found = profile::profile(world, node, call.parameters);
            let is_slow = world.faults.profiles == ProfileAnswer::Slow;
            found.map(if is_slow { Reply::Late } else { Reply::Json })
        }
        ("GET", Some("custom_labels")) if is_person => {
            let labels = page_settings::labels(world.page(page)?, Some(node), call.parameters);
            list::page(&world.url, caller, call, labels.into_iter()).map(Reply::Json)
        }
        ("GET", Some("messages")) => {
            history::messages(world, caller, page, node, call)?.map(Reply::Json)
        }
        ("GET", None) if node.starts_with("t_") => {
            history::one_conversation(world, page, node, call)?.map(Reply::Json)
        }
        ("GET", None) if node.starts_with("m_") => {
            history::message(world, page, node)?.map(Reply::Json)
        }
        _ => page_settings::node(world, page, node, edge, call)?.map(Reply::Json),
    })
}

/// Unlinks the account of a person.
fn unlink(world: &mut World, page: &str, call: Call<'_>) -> Result<Value, Refusal> {
    let psid = required(call.parameters, "psid")?;
    let thread = world.page(page).and_then(|page| page.thread(&psid));
    thread.ok_or_else(Refusal::no_such_person)?;
    let done = customer::link_account(world, &psid, None);
    done.map_err(|_| Refusal::no_such_person())?;
    Ok(json!({"result": "unlink account success"}))
}

fn show_page(world: &World, page: &str, call: Call<'_>) -> Result<Value, Refusal> {
    let page = world.page(page).ok_or_else(Refusal::no_such_person)?;
    let mut answer = json!({"id": page.id});
    let linking = text(call.parameters.get("account_linking_token"));
    for field in fields(call.parameters, "id,name") {
        match field.as_str() {
            "id" => {}
            "name" => answer[&field] = json!(page.name),
            "category" => answer[&field] = json!("Shopping & retail"),
            "messaging_feature_status" => {
                answer[&field] =
                    json!({"hop_v2": true, "msgr_multi_app": true, "ig_multi_app": false});
            }
            "recipient" if linking.is_some() => {
                let now = world.now();
                let is_of = |thread: &&Thread| {
                    let held = thread.linking.as_ref();
                    held.is_some_and(|(token, end)| Some(token) == linking.as_ref() && *end > now)
                };
                let thread = page.threads.iter().find(is_of);
                let thread =
                    thread.ok_or_else(|| Refusal::new(10303, "Invalid account_linking_token"))?;
                answer[&field] = json!(thread.person.psid);
            }
            _ => return Err(Refusal::nonexisting(&field, "Page")),
        }
    }
    Ok(answer)
}
