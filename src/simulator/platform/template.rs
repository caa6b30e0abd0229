//! Templates: cards, buttons and forms that the Page sends.

use serde_json::Value;

use super::parameters::{Parameters, object, string};
use super::refusal::Refusal;

const TEMPLATES: [&str; 13] = [
    "button",
    "call_prompt",
    "calling_optin",
    "coupon",
    "customer_feedback",
    "customer_information",
    "generic",
    "image_grid",
    "instant_form",
    "media",
    "notification_messages",
    "product",
    "receipt",
];
const BUTTONS: [&str; 7] = [
    "account_link",
    "account_unlink",
    "audio_call",
    "game_play",
    "phone_number",
    "postback",
    "web_url",
];

/// Checks a template and returns its payload.
pub(crate) fn template(described: &Parameters) -> Result<Value, Refusal> {
    let payload = object(described, "payload")?.unwrap_or_default();
    let kind = string(&payload, "template_type")?.unwrap_or_default();
    if !TEMPLATES.contains(&kind.as_str()) {
        let words = format!(
            "Param template_type must be one of {{{}}}",
            TEMPLATES.join(", ")
        );
        return Err(Refusal::parameter(&words));
    }
    match kind.as_str() {
        "generic" => {
            for element in elements(&payload, "elements", 1, 10)? {
                required(element, "title", 80, "elements[title]")?;
                buttons(element, 0)?;
            }
        }
        "button" => {
            let payload = Value::Object(payload.clone());
            required(&payload, "text", 640, "payload[text]")?;
            buttons(&payload, 1)?;
        }
        "product" => {
            elements(&payload, "elements", 1, 10)?;
        }
        "media" | "image_grid" => {
            for element in elements(&payload, "elements", 1, 1)? {
                buttons(element, 0)?;
            }
        }
        "receipt" => {
            for name in [
                "recipient_name",
                "order_number",
                "currency",
                "payment_method",
            ] {
                let payload = Value::Object(payload.clone());
                required(&payload, name, 1000, &format!("payload[{name}]"))?;
            }
        }
        "coupon" | "customer_feedback" => {
            let payload = Value::Object(payload.clone());
            required(&payload, "title", 80, "payload[title]")?;
        }
        _ => {}
    }
    Ok(Value::Object(payload))
}

fn elements<'a>(
    members: &'a Parameters,
    name: &str,
    least: usize,
    most: usize,
) -> Result<&'a [Value], Refusal> {
    let list = members.get(name).and_then(Value::as_array);
    let list = list.filter(|list| (least..=most).contains(&list.len()));
    let wrong = || {
        let words = format!("Param payload[{name}] must have {least} to {most} elements");
        Refusal::parameter(&words)
    };
    list.map(Vec::as_slice).ok_or_else(wrong)
}

fn buttons(of: &Value, least: usize) -> Result<(), Refusal> {
    if least == 0 && of["buttons"].is_null() {
        return Ok(());
    }
    let members = of.as_object().cloned().unwrap_or_default();
    for button in elements(&members, "buttons", least, 3)? {
        let kind = button["type"].as_str().unwrap_or_default();
        if !BUTTONS.contains(&kind) {
            let words = format!("Param type must be one of {{{}}}", BUTTONS.join(", "));
            return Err(Refusal::parameter(&words));
        }
        if matches!(kind, "web_url" | "postback" | "phone_number") {
            required(button, "title", 20, "buttons[title]")?;
        }
        let needed = match kind {
            "web_url" | "account_link" => "url",
            "postback" | "phone_number" => "payload",
            _ => continue,
        };
        required(button, needed, 2083, &format!("buttons[{needed}]"))?;
    }
    Ok(())
}

/// A text that must be there and not too long.
fn required(of: &Value, name: &str, longest: usize, shown: &str) -> Result<(), Refusal> {
    let text = of[name].as_str().filter(|text| !text.is_empty());
    let Some(text) = text else {
        return Err(Refusal::parameter(&format!(
            "The parameter {shown} is required"
        )));
    };
    if text.chars().count() > longest {
        let words = format!("Length of param {shown} must be less than or equal to {longest}");
        return Err(Refusal::parameter(&words));
    }
    Ok(())
}
