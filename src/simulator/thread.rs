//! Who holds a conversation.

use serde_json::{Value, json};

use super::app::INBOX_APP;
use super::graph::Refusal;
use super::page::person;
use super::parameters::{Parameters, required};
use super::send::object;
use super::world::World;

pub(super) fn owner(
    world: &World,
    app_id: &str,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    let psid = required(parameters, "recipient")?;
    person(world, &psid)?;
    let owner = world.kept.owners.get(&psid);
    let owner = owner.map(|owner| {
        let expiration = super::now() / 1000 + 24 * 3600;
        // Another app is not told who it is.
        if owner == app_id {
            json!({"thread_owner": {"app_id": owner, "expiration": expiration}})
        } else {
            json!({"thread_owner": {"expiration": expiration}})
        }
    });
    Ok(json!({"data": owner.into_iter().collect::<Vec<_>>()}))
}

/// Passing, taking, asking for, letting go and keeping a conversation.
pub(super) fn route(
    world: &mut World,
    app_id: &str,
    what: &str,
    parameters: &Parameters,
) -> Option<Result<Value, Refusal>> {
    if !matches!(what, "pass" | "take" | "request" | "release" | "extend") {
        return None;
    }
    let routed = (|| {
        let recipient = object(parameters, "recipient")?.unwrap_or_default();
        let psid = required(&recipient, "id")?;
        person(world, &psid)?;
        let is_held = world.kept.is_held_by_another(&psid, app_id);
        let owners = &mut world.kept.owners;
        match what {
            "pass" | "release" | "extend" if is_held => {
                let words = "(#100) Another app is controlling this thread now.";
                return Err(Refusal::new(100, words).with_subcode(2_018_300));
            }
            "release" => {
                owners.remove(&psid);
            }
            "pass" => {
                let target = parameters.get("target_app_id").and_then(Value::as_str);
                owners.insert(psid, target.unwrap_or(INBOX_APP).to_owned());
            }
            // Whoever is asked has to answer; an idle conversation is given at once.
            "request" if is_held => {}
            _ => {
                owners.insert(psid, app_id.to_owned());
            }
        }
        Ok(json!({"success": true}))
    })();
    Some(routed)
}
