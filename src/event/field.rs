//! Changes of webhook fields: the field determines the type of the value.

use super::{
    Event, GroupComment, Kind, MarketingMessage, Raw, SubscriberUpload, TemplateChange,
    TemplateStatus, TemplateUpdate,
    json::{Json, Syntax},
    wire::{Value, moment},
};
use crate::text::Text;

type Result<T> = std::result::Result<T, Syntax>;

impl<'a> Event<'a> {
    /// Reads a change. `is_typed`: whether the fields of the object are those of Messenger.
    pub(super) fn read_change(&mut self, json: &mut Json<'a>, is_typed: bool) -> Result<()> {
        json.peek();
        let start = json.at();
        let (mut field, mut value, mut verb, mut action) = (None, None, None, None);
        let is_object = json.members(|name, json| {
            match name {
                "field" if field.is_none() => field = Some(json.text()?),
                "value" if value.is_none() => value = Some(json.skip()?),
                "verb" if verb.is_none() => verb = Some(json.text()?),
                "action" if action.is_none() => action = Some(json.text()?),
                _ => drop(json.skip()?),
            }
            Ok(())
        })?;
        if !is_object {
            self.kind = Kind::unrecognized(None, "the change is not an object");
            return Ok(());
        }
        let Some(field) = field.flatten() else {
            self.kind = Kind::unrecognized(None, "the change names no field");
            return Ok(());
        };
        let value = value.filter(|value| *value != "null");
        // Marketing messages are documented flat, without a value.
        let members = value.unwrap_or(json.since(start));
        if is_typed {
            if is_of_conversation(&field)
                && let Some(value) = value
            {
                self.read_item(&mut Json::new(value))?;
                if !matches!(self.kind, Kind::Unrecognized { .. }) {
                    return Ok(());
                }
                *self = Self::blank();
            }
            if let Some(kind) = of_field(&field, members)? {
                self.timestamp = moment(members)?;
                self.kind = kind;
                return Ok(());
            }
        }
        self.timestamp = moment(members)?;
        self.kind = Kind::Change {
            field,
            value: value.map(Raw::new),
            verb: verb.flatten(),
            action: action.flatten(),
        };
        Ok(())
    }
}

/// Reads the kinds that a field names; their members lie flat in the value of the change.
///
/// `None` when the field has no type here, or when no documented member is present.
pub(super) fn of_field<'a>(field: &Text<'a>, value: &'a str) -> Result<Option<Kind<'a>>> {
    let json = &mut Json::new(value);
    match field.as_str() {
        "group_feed" => filled(json, |comment: GroupComment<'a>| {
            Kind::GroupComment(Box::new(comment))
        }),
        "inbox_labels" => filled(json, Kind::InboxLabel),
        "marketing_message_echoes"
        | "marketing_message_deliveries"
        | "marketing_message_reads"
        | "marketing_message_clicks"
        | "marketing_message_delivery_failed" => {
            let Some(mut message) = MarketingMessage::read(json)? else {
                return Ok(None);
            };
            // Meta repeats the field in the value. A value with only that member is not filled.
            message.field = None;
            Ok(message.is_filled().then(|| {
                message.field = Some(field.clone());
                Kind::MarketingMessage(Box::new(message))
            }))
        }
        "marketing_messages_subscriber_upload_status" => {
            let Some(mut upload) = SubscriberUpload::read(json)? else {
                return Ok(None);
            };
            upload.field = None;
            Ok(upload.is_filled().then(|| {
                upload.field = Some(field.clone());
                Kind::SubscriberUpload(Box::new(upload))
            }))
        }
        "message_template_status_update" | "messenger_template_status_update" => {
            template_update(value)
        }
        "business_integrity" => filled(json, Kind::BusinessIntegrity),
        _ => Ok(None),
    }
}

fn filled<'a, V: Value<'a>>(
    json: &mut Json<'a>,
    of: impl FnOnce(V) -> Kind<'a>,
) -> Result<Option<Kind<'a>>> {
    Ok(V::read(json)?.filter(V::is_filled).map(of))
}

/// Reads both forms: nested as in Meta's samples for Messenger, or flat as in those for WhatsApp.
fn template_update(value: &str) -> Result<Option<Kind<'_>>> {
    let Some(mut update) = TemplateUpdate::read(&mut Json::new(value))? else {
        return Ok(None);
    };
    if update.changes.is_empty()
        && let Some(status) = TemplateStatus::read(&mut Json::new(value))?.filter(Value::is_filled)
    {
        update.changes.push(TemplateChange {
            field: None,
            value: Some(status),
        });
    }
    Ok(update.is_filled().then_some(Kind::TemplateUpdate(update)))
}

/// Whether the value of a change of this field is an item of a conversation.
fn is_of_conversation(field: &str) -> bool {
    field.starts_with("messaging_")
        || matches!(
            field,
            "messages"
                | "message_echoes"
                | "message_edits"
                | "message_edit"
                | "message_deliveries"
                | "message_reads"
                | "message_reactions"
                | "message_requests"
                | "message_context"
                | "response_feedback"
                | "send_cart"
                | "standby"
                | "call_permission_reply"
                | "call_settings_update"
                | "business_integrity"
        )
}
