//! Parameters of a Graph call.

use hyper::body::Bytes;
use serde_json::{Map, Value};

use super::refusal::Refusal;

/// The parameters of a call: those of the query, then those of the body. None is `null`.
pub(crate) type Parameters = Map<String, Value>;

/// The file of a form.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) name: String,
    /// Absent when the form names none.
    pub(crate) media_type: Option<String>,
    pub(crate) bytes: Bytes,
}

/// A call, read.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// Path without slash and version.
    pub(crate) path: &'a str,
    /// Version that answers, such as `v27.0`.
    pub(crate) version: &'a str,
    pub(crate) parameters: &'a Parameters,
    pub(crate) file: Option<&'a File>,
}

/// Removes every member that is `null`: to Meta it is absent.
pub(crate) fn remove_nulls(members: &mut Parameters) {
    members.retain(|_, value| !value.is_null());
    for value in members.values_mut() {
        if let Value::Object(inner) = value {
            remove_nulls(inner);
        }
    }
}

/// Names in the parameter `fields`, or the default ones.
pub(crate) fn fields(parameters: &Parameters, default: &str) -> Vec<String> {
    let named = texts(parameters, "fields");
    if named.is_empty() {
        return default.split(',').map(str::to_owned).collect();
    }
    named
}

/// A parameter that must be there, as text.
pub(crate) fn required(parameters: &Parameters, name: &str) -> Result<String, Refusal> {
    let found = text(parameters.get(name)).filter(|text| !text.trim().is_empty());
    found.ok_or_else(|| Refusal::parameter(&format!("The parameter {name} is required")))
}

/// A text or a number, as text.
pub(crate) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A list of texts: a JSON list, JSON text of one, or names separated by commas.
pub(crate) fn texts(parameters: &Parameters, name: &str) -> Vec<String> {
    let list = match parameters.get(name) {
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Array(list)) => list,
            _ => {
                let names = text.split(',').map(str::trim);
                let names = names.filter(|name| !name.is_empty());
                return names.map(str::to_owned).collect();
            }
        },
        Some(Value::Array(list)) => list.clone(),
        _ => return Vec::new(),
    };
    list.iter().filter_map(|item| text(Some(item))).collect()
}

/// A list, as JSON or as JSON text in a form.
pub(crate) fn array(parameters: &Parameters, name: &str) -> Option<Vec<Value>> {
    match parameters.get(name)? {
        Value::Array(list) => Some(list.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// A value as it is, or the JSON that a form holds as text.
pub(crate) fn json(value: &Value) -> Value {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        value => value.clone(),
    }
}

/// A member that is an object, or JSON text of one, as in a form.
pub(crate) fn object(members: &Parameters, name: &str) -> Result<Option<Parameters>, Refusal> {
    let wrong = || Refusal::parameter(&format!("Param {name} must be a JSON object"));
    let mut object = match members.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(object)) => object.clone(),
        Some(Value::String(text)) => {
            serde_json::from_str::<Parameters>(text).map_err(|_| wrong())?
        }
        Some(_) => return Err(wrong()),
    };
    remove_nulls(&mut object);
    Ok(Some(object))
}

pub(crate) fn string(members: &Parameters, name: &str) -> Result<Option<String>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::parameter(&format!(
            "Param {name} must be a string"
        ))),
    }
}

/// A flag, as JSON or as text in a form.
pub(crate) fn flag(members: &Parameters, name: &str) -> Option<bool> {
    match members.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A number, as JSON or as text in a query.
pub(crate) fn number(members: &Parameters, name: &str) -> Option<u64> {
    text(members.get(name))?.parse().ok()
}
