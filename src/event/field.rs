//! Changes: what the field says that the value is.

use super::{
    Event, GroupComment, Kind, MarketingMessage, Raw, TemplateChange, TemplateStatus,
    TemplateUpdate,
    json::{Json, Syntax},
    wire::Value,
};
use crate::text::Text;

type Result<T> = std::result::Result<T, Syntax>;

impl<'a> Event<'a> {
    /// A change: its field says what its value is. `is_typed` when the object's fields are known.
    pub(super) fn read_change(&mut self, json: &mut Json<'a>, is_typed: bool) -> Result<()> {
        json.peek();
        let start = json.at();
        let (mut field, mut value) = (None, None);
        let is_object = json.members(|name, json| {
            match name {
                "field" if field.is_none() => field = Some(json.text()?),
                "value" if value.is_none() => value = Some(json.skip()?),
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
        if is_typed {
            // Documented flat, without a value: then the change itself is read.
            if let Some(kind) = of_field(&field, value.unwrap_or(json.since(start)))? {
                self.timestamp = match &kind {
                    Kind::MarketingMessage(message) => message.timestamp,
                    Kind::GroupComment(comment) => comment.created_at,
                    _ => None,
                };
                self.kind = kind;
                return Ok(());
            }
            if is_of_conversation(&field)
                && let Some(value) = value
            {
                self.read_item(&mut Json::new(value))?;
                if !matches!(self.kind, Kind::Unrecognized { .. }) {
                    return Ok(());
                }
                *self = Self::blank();
            }
        }
        let value = value.map(Raw::new);
        self.kind = Kind::Change { field, value };
        Ok(())
    }
}

/// The kinds that a field names, with their members in the value of the change.
pub(super) fn of_field<'a>(field: &Text<'a>, value: &'a str) -> Result<Option<Kind<'a>>> {
    let json = &mut Json::new(value);
    Ok(match field.as_str() {
        "group_feed" => GroupComment::read(json)?
            // An event that only repeats the field has nothing to say.
            .filter(|comment| comment.from.is_some() || comment.message.is_some())
            .map(|comment| Kind::GroupComment(Box::new(comment))),
        "inbox_labels" => Value::read(json)?.map(Kind::InboxLabel),
        "marketing_message_echoes"
        | "marketing_message_deliveries"
        | "marketing_message_reads"
        | "marketing_message_clicks"
        | "marketing_message_delivery_failed" => {
            MarketingMessage::read(json)?.map(|mut message| {
                message.field = Some(field.clone());
                Kind::MarketingMessage(Box::new(message))
            })
        }
        "marketing_messages_subscriber_upload_status" => {
            Value::read(json)?.map(Kind::SubscriberUpload)
        }
        "message_template_status_update" | "messenger_template_status_update" => {
            let update = TemplateUpdate::read(json)?;
            // Nested as in Meta's samples, or flat as in WhatsApp's.
            match update {
                Some(mut update) if update.changes.is_empty() => {
                    let status = TemplateStatus::read(&mut Json::new(value))?;
                    update.changes.push(TemplateChange {
                        field: None,
                        value: status.filter(|status| *status != TemplateStatus::default()),
                    });
                    Some(update)
                }
                update => update,
            }
            .map(Kind::TemplateUpdate)
        }
        "business_integrity" => Value::read(json)?.map(Kind::BusinessIntegrity),
        _ => None,
    })
}

/// Whether the value of a change of this field is an event of a conversation.
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
        )
}
