//! The business portfolio of the person who runs the app, and the Pages in it.

use serde_json::{Value, json};

use crate::simulator::world::World;
use crate::simulator::world::page::Page;

use super::access::Caller;
use super::list;
use super::parameters::{Call, fields, text};
use super::refusal::Refusal;

/// Id of the only portfolio.
const BUSINESS: &str = "506070809010203";

pub(crate) fn businesses(world: &World, caller: &Caller, call: Call<'_>) -> Result<Value, Refusal> {
    let business = json!({"id": BUSINESS, "name": "Shops and more"});
    list::page(&world.url, caller, call, [business].into_iter())
}

/// The Pages that the person manages themselves.
pub(crate) fn accounts(world: &World, caller: &Caller, call: Call<'_>) -> Result<Value, Refusal> {
    let pages = world.pages.iter().filter(|page| !page.is_in_portfolio);
    let pages = pages.map(|page| show(world, caller, call, page));
    list::page(&world.url, caller, call, pages)
}

/// The Pages that the portfolio owns, or manages for others. `None` when the path is of neither.
pub(crate) fn pages(
    world: &World,
    caller: &Caller,
    call: Call<'_>,
) -> Option<Result<Value, Refusal>> {
    match call.path.split_once('/')? {
        (BUSINESS, "owned_pages") => Some(owned(world, caller, call)),
        // Pages that me/accounts has, too.
        (BUSINESS, "client_pages") => Some(accounts(world, caller, call)),
        (_, "owned_pages" | "client_pages") => {
            let words = "(#200) The person has no role in this business";
            Some(Err(Refusal::new(200, words)))
        }
        _ => None,
    }
}

/// The first page of this list is empty, and its next one is named without a cursor, as Meta does
/// now and then.
fn owned(world: &World, caller: &Caller, call: Call<'_>) -> Result<Value, Refusal> {
    let place = |name| text(call.parameters.get(name));
    match (
        place("until").as_deref(),
        place("__paging_token").as_deref(),
    ) {
        (Some("1700000000"), Some("enc_A+B")) => {
            let pages = world.pages.iter().filter(|page| page.is_in_portfolio);
            let pages = pages.map(|page| show(world, caller, call, page));
            Ok(json!({ "data": pages.collect::<Vec<_>>() }))
        }
        (None, None) => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("access_token", &caller.token);
            query.append_pair("limit", "25");
            query.append_pair("until", "1700000000");
            query.append_pair("__paging_token", "enc_A+B");
            let (url, version, path) = (&world.url, call.version, call.path);
            let next = format!("{url}/{version}/{path}?{}", query.finish());
            Ok(json!({"data": [], "paging": {"next": next}}))
        }
        _ => Err(Refusal::parameter("Invalid cursors values")),
    }
}

/// A Page as a list of Pages shows it.
fn show(world: &World, caller: &Caller, call: Call<'_>, page: &Page) -> Value {
    let token = world.token(&caller.app, Some(&page.id));
    let mut shown = json!({ "id": page.id });
    for field in fields(call.parameters, "access_token,category,name,tasks") {
        match field.as_str() {
            "access_token" => shown[&field] = json!(token.map(|token| &token.text)),
            "category" => shown[&field] = json!("Shopping & retail"),
            "name" => shown[&field] = json!(page.name),
            "tasks" => shown[&field] = json!(["MESSAGING", "MODERATE", "MANAGE"]),
            _ => {}
        }
    }
    shown
}
