//! Access tokens: to which Page, person or app one belongs, and its scopes.

use serde_json::Value;

use crate::simulator::world::World;

use super::parameters::{Parameters, text};
use super::refusal::Refusal;

/// How far an `appsecret_time` may be from now, in seconds.
const PROOF_LIFE: u64 = 5 * 60;

/// Owner of the token that a call comes with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// The token of a Page.
    Page(String),
    /// The token of the person who runs the app.
    User,
    /// The app access token.
    App,
}

/// The caller of the Graph API.
pub(crate) struct Caller {
    pub(crate) app: String,
    pub(crate) role: Role,
    pub(crate) token: String,
    scopes: Vec<String>,
}

impl Caller {
    /// Refuses a token that lacks a scope.
    pub(crate) fn needs(&self, scope: &str) -> Result<(), Refusal> {
        if self.scopes.iter().any(|granted| granted == scope) {
            return Ok(());
        }
        let words = format!("(#200) Requires {scope} permission to manage the object");
        Err(Refusal::new(200, words))
    }
}

/// Finds out who calls. `machine_time` is the time of the machine in seconds, against which a timed
/// proof is checked: a client does not know the time of the simulated world.
pub(crate) fn authorize(
    world: &World,
    token: Option<&str>,
    parameters: &Parameters,
    machine_time: u64,
) -> Result<Caller, Refusal> {
    let Some(token) = token else {
        let words = "An access token is required to request this resource.";
        return Err(Refusal::new(104, words));
    };
    let caller = identify(world, token)?;
    check_proof(world, &caller, parameters, machine_time)?;
    Ok(caller)
}

fn identify(world: &World, token: &str) -> Result<Caller, Refusal> {
    if let Some(found) = world.tokens.iter().find(|found| found.text == token) {
        return Ok(Caller {
            app: found.app.clone(),
            role: found.page.clone().map_or(Role::User, Role::Page),
            token: token.to_owned(),
            scopes: found.scopes.clone(),
        });
    }
    let Some((id, _)) = token.split_once('|') else {
        let words = "Invalid OAuth access token - Cannot parse access token";
        return Err(Refusal::new(190, words));
    };
    let Some(app) = world.app(id) else {
        let words = "Error validating application. Cannot get application info due to a system \
                     error.";
        return Err(Refusal::new(101, words));
    };
    if token != app.token() {
        return Err(Refusal::new(190, "Invalid OAuth access token signature."));
    }
    if app.is_native {
        let words = "This method must be called with a token that is not the app's own.";
        return Err(Refusal::new(104, words));
    }
    Ok(Caller {
        app: app.id.clone(),
        role: Role::App,
        token: token.to_owned(),
        scopes: Vec::new(),
    })
}

fn check_proof(
    world: &World,
    caller: &Caller,
    parameters: &Parameters,
    machine_time: u64,
) -> Result<(), Refusal> {
    let Some(app) = world.app(&caller.app) else {
        return Ok(());
    };
    let Some(proof) = parameters.get("appsecret_proof") else {
        if !app.requires_proof {
            return Ok(());
        }
        let words = "API calls from the server require an appsecret_proof argument";
        return Err(Refusal::new(100, words).of_method());
    };
    let time = text(parameters.get("appsecret_time"));
    let is_fresh = time.as_ref().is_none_or(|time| {
        let time = time.parse::<u64>();
        time.is_ok_and(|time| time.abs_diff(machine_time) <= PROOF_LIFE)
    });
    let right = app.proof(&caller.token, time.as_deref());
    if is_fresh && proof == &Value::String(right) {
        return Ok(());
    }
    let words = "Invalid appsecret_proof provided in the API argument";
    Err(Refusal::new(100, words).of_method())
}
