//! The business portfolio of the person who runs the app, and the Pages in it.

use serde_json::{Value, json};

use super::app::App;
use super::graph::Refusal;
use super::parameters::{Parameters, fields, listing};

/// The id of the only portfolio.
const BUSINESS: &str = "506070809010203";

pub(super) fn businesses(parameters: &Parameters) -> Result<Value, Refusal> {
    let business = json!({"id": BUSINESS, "name": "Shops and more"});
    listing([business].into_iter(), parameters)
}

/// The Pages that the portfolio owns, or manages for others; nothing when it is not one.
pub(super) fn pages(
    app: &App,
    path: &str,
    parameters: &Parameters,
) -> Option<Result<Value, Refusal>> {
    match path.split_once('/')? {
        (BUSINESS, "owned_pages") => Some(owned(app, parameters)),
        // A Page that me/accounts has, too.
        (BUSINESS, "client_pages") => {
            let page = show(&app.page_id, &app.page_name, &app.page_token, parameters);
            Some(listing([page].into_iter(), parameters))
        }
        (_, "owned_pages" | "client_pages") => {
            let words = "(#200) The person has no role in this business";
            Some(Err(Refusal::new(200, words)))
        }
        _ => None,
    }
}

/// The first portion of this list is empty, and its next one is named without a cursor, as Meta does
/// now and then.
fn owned(app: &App, parameters: &Parameters) -> Result<Value, Refusal> {
    let place = |name| parameters.get(name).and_then(Value::as_str);
    match (place("until"), place("__paging_token")) {
        (Some("1700000000"), Some("enc_A+B")) => {
            let (id, token) = (&app.branch_page_id, &app.branch_page_token);
            let page = show(id, "Branch Shop", token, parameters);
            Ok(json!({ "data": [page] }))
        }
        (None, None) => {
            let next = "https://graph.facebook.com/v27.0/506070809010203/owned_pages\
                        ?access_token=EAAnext&limit=25&until=1700000000&__paging_token=enc_A%2BB";
            Ok(json!({"data": [], "paging": {"next": next}}))
        }
        _ => Err(Refusal::new(100, "(#100) Invalid cursors values")),
    }
}

/// A Page as a list of Pages shows it.
pub(super) fn show(id: &str, name: &str, token: &str, parameters: &Parameters) -> Value {
    let mut page = json!({ "id": id });
    for field in fields(parameters, "access_token,category,name") {
        match field {
            "access_token" => page[field] = json!(token),
            "category" => page[field] = json!("Shopping & retail"),
            "name" => page[field] = json!(name),
            _ => {}
        }
    }
    page
}
