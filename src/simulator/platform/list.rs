//! Pages of a list, with Meta's cursors.

use serde_json::{Value, json};

use super::access::Caller;
use super::parameters::{Call, number, text};
use super::refusal::Refusal;

/// Longest page of a list.
const LONGEST: usize = 500;

/// Returns the page of a list that the call asks for.
///
/// The address of the next page is one of the simulator and has the token in it, as Meta's does.
pub(crate) fn page(
    url: &str,
    caller: &Caller,
    call: Call<'_>,
    items: impl Iterator<Item = Value>,
) -> Result<Value, Refusal> {
    let limit = number(call.parameters, "limit").unwrap_or(25);
    let limit = usize::try_from(limit).unwrap_or(LONGEST).min(LONGEST);
    let cursor = |name: &str, prefix: &str| match call.parameters.get(name) {
        None => Ok(None),
        Some(value) => {
            let text = text(Some(value)).unwrap_or_default();
            let place = text
                .strip_prefix(prefix)
                .and_then(|place| place.parse().ok());
            match place {
                Some(place) => Ok(Some(place)),
                None => Err(Refusal::parameter("Invalid cursors values")),
            }
        }
    };
    let start: usize = match (cursor("after", "AFTER")?, cursor("before", "BEFORE")?) {
        (Some(after), _) => after,
        (None, Some(before)) => usize::saturating_sub(before, limit),
        (None, None) => 0,
    };
    let mut rest = items.skip(start);
    let data: Vec<Value> = rest.by_ref().take(limit).collect();
    if data.is_empty() {
        return Ok(json!({ "data": [] }));
    }
    let end = start + data.len();
    let mut found = json!({"data": data, "paging": {"cursors": {
        "before": format!("BEFORE{start}"), "after": format!("AFTER{end}"),
    }}});
    if rest.next().is_some() {
        found["paging"]["next"] =
            json!(address(url, caller, call, "after", &format!("AFTER{end}")));
    }
    if start > 0 {
        let before = format!("BEFORE{start}");
        found["paging"]["previous"] = json!(address(url, caller, call, "before", &before));
    }
    Ok(found)
}

/// Address of another page of the same list.
fn address(url: &str, caller: &Caller, call: Call<'_>, name: &str, cursor: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("access_token", &caller.token);
    for (name, value) in call.parameters {
        if !matches!(name.as_str(), "access_token" | "after" | "before") {
            let value = text(Some(value)).unwrap_or_else(|| value.to_string());
            query.append_pair(name, &value);
        }
    }
    query.append_pair(name, cursor);
    format!("{url}/{}/{}?{}", call.version, call.path, query.finish())
}
