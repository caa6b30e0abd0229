//! What a call says: parameters of the query and of the body, and lists in portions.

use hyper::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::form::{self, File};
use super::graph::Refusal;
use super::server::{Asked, pairs};

/// The parameters of a call: those of the query, then those of the body.
pub(super) type Parameters = Map<String, Value>;

pub(super) fn parameters(asked: &Asked) -> Result<(Parameters, Option<File>), Refusal> {
    let query = asked.uri().query().unwrap_or_default();
    let mut parameters: Parameters = strings(query.as_bytes()).collect();
    let body = asked.body();
    if body.is_empty() {
        return Ok((parameters, None));
    }
    let kind = asked.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        parameters.extend(strings(body));
        return Ok((parameters, None));
    }
    if kind.starts_with("multipart/form-data") {
        let (fields, file) = form::read(kind, body)?;
        parameters.extend(fields);
        return Ok((parameters, file));
    }
    let members: Parameters = serde_json::from_slice(body)
        .map_err(|_| Refusal::new(100, "(#100) The body is not a JSON object"))?;
    parameters.extend(members);
    Ok((parameters, None))
}

fn strings(encoded: &[u8]) -> impl Iterator<Item = (String, Value)> {
    pairs(encoded).map(|(name, value)| (name, Value::String(value)))
}

pub(super) fn fields<'a>(
    parameters: &'a Parameters,
    default: &'a str,
) -> impl Iterator<Item = &'a str> {
    let named = parameters.get("fields").and_then(Value::as_str);
    let named = named.filter(|named| !named.trim().is_empty());
    named.unwrap_or(default).split(',').map(str::trim)
}

/// A parameter that must be there, as text.
pub(super) fn required(parameters: &Parameters, name: &str) -> Result<String, Refusal> {
    let found = parameters.get(name).and_then(Value::as_str);
    let found = found.filter(|text| !text.trim().is_empty());
    let missing = || Refusal::new(100, format!("(#100) The parameter {name} is required"));
    found.map(str::to_owned).ok_or_else(missing)
}

/// A parameter that is a list of texts, as JSON or as text of it.
pub(super) fn texts(parameters: &Parameters, name: &str) -> Vec<String> {
    let list = match parameters.get(name) {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        Some(list) => list.clone(),
        None => Value::Null,
    };
    serde_json::from_value(list).unwrap_or_default()
}

/// A portion of a list, with Meta's cursors; its `next` holds a token, as Meta's does.
pub(super) fn listing(
    items: impl Iterator<Item = Value>,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    let number = |name: &str| match parameters.get(name)? {
        Value::String(text) => text.parse().ok(),
        value => value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok()),
    };
    let limit: usize = number("limit").unwrap_or(25);
    let after = parameters.get("after").and_then(Value::as_str);
    let start: usize = match after.map(|after| after.strip_prefix("AFTER").map(str::parse)) {
        None => 0,
        Some(Some(Ok(place))) => place,
        Some(_) => return Err(Refusal::new(100, "(#100) Invalid cursors values")),
    };
    let mut rest = items.skip(start);
    let data: Vec<Value> = rest.by_ref().take(limit).collect();
    let end = start + data.len();
    let mut answer = json!({"data": data, "paging": {"cursors": {
        "before": format!("BEFORE{start}"), "after": format!("AFTER{end}"),
    }}});
    if rest.next().is_some() {
        let next = format!("https://graph.facebook.com/?access_token=EAAnext&after=AFTER{end}");
        answer["paging"]["next"] = json!(next);
    }
    Ok(answer)
}
