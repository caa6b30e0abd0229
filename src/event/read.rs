//! From the JSON of one event to its type, in one pass.

use super::{
    Beside, Call, Channel, Event, GroupComment, Kind, MarketingMessage, Message, Object, Raw,
    TemplateChange, TemplateStatus, TemplateUpdate,
    json::{Json, Syntax},
    wire::{Field, Value},
};
use crate::{text::Text, time::Timestamp};

type Result<T> = std::result::Result<T, Syntax>;

/// Where an event stands.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) object: Object<'a>,
    pub(crate) channel: Channel,
    pub(crate) page: Option<Text<'a>>,
}

impl<'a> Event<'a> {
    /// Reads the next value as an event.
    #[inline]
    pub(crate) fn read(json: &mut Json<'a>, place: &Place<'a>) -> Result<Self> {
        json.peek();
        let start = json.at();
        let item = match (&place.object, place.channel) {
            (Object::Other(_), Channel::Changes) => Item::read_change(json, false)?,
            (Object::Other(_), _) => {
                json.skip()?;
                Item::unrecognized(None, "the object is neither a page nor instagram")
            }
            (_, Channel::Changes) => Item::read_change(json, true)?,
            (_, Channel::Calls) => Item::read_call(json)?,
            _ => Item::read(json)?,
        };
        Ok(Self {
            object: place.object.clone(),
            channel: place.channel,
            page: place.page.clone(),
            sender: item.sender,
            recipient: item.recipient,
            user_ref: item.user_ref,
            timestamp: item.timestamp,
            kind: item.kind,
            beside: item.beside,
            raw: Raw::new(json.since(start)),
        })
    }

    /// Keeps the next value as what cannot be an event.
    pub(crate) fn set_aside(
        json: &mut Json<'a>,
        place: &Place<'a>,
        reason: &'static str,
    ) -> Result<Self> {
        let raw = Raw::new(json.skip()?);
        let item = Item::unrecognized(None, reason);
        Ok(Self {
            object: place.object.clone(),
            channel: place.channel,
            page: place.page.clone(),
            sender: None,
            recipient: None,
            user_ref: None,
            timestamp: None,
            kind: item.kind,
            beside: None,
            raw,
        })
    }
}

struct Item<'a> {
    sender: Option<Text<'a>>,
    recipient: Option<Text<'a>>,
    user_ref: Option<Text<'a>>,
    timestamp: Option<Timestamp>,
    kind: Kind<'a>,
    beside: Option<Box<Beside<'a>>>,
}

impl<'a> Item<'a> {
    fn of(kind: Kind<'a>) -> Self {
        Self {
            sender: None,
            recipient: None,
            user_ref: None,
            timestamp: None,
            kind,
            beside: None,
        }
    }

    fn unrecognized(name: Option<Text<'a>>, reason: &'static str) -> Self {
        Self::of(Kind::Unrecognized { name, reason })
    }

    #[inline]
    fn read(json: &mut Json<'a>) -> Result<Self> {
        json.peek();
        let start = json.at();
        if !json.enter(b'{') {
            json.skip()?;
            return Ok(Self::unrecognized(None, "the event is not an object"));
        }
        let (mut sender, mut recipient) = (None, None);
        let (mut timestamp, mut field) = (None, None);
        let mut beside: Option<Box<Beside<'a>>> = None;
        let mut kind: Option<(u8, Kind<'a>)> = None;
        let (mut seen, mut unknown, mut damaged) = (0_u64, None, None);
        let mut first = true;
        while let Some(name) = json.next_member(&mut first)? {
            match name.as_str() {
                "sender" if sender.is_none() => sender = Some(party(json)?),
                "recipient" if recipient.is_none() => recipient = Some(party(json)?),
                "timestamp" if timestamp.is_none() => timestamp = Some(Field::read(json)?),
                "field" if field.is_none() => field = Some(json.text()?),
                "prior_message" | "hop_context" | "lead" => {
                    beside
                        .get_or_insert_default()
                        .read(&name, &mut seen, json)?;
                }
                other => {
                    let Some((rank, read)) = reader(other) else {
                        if !IN_PASSING.contains(&other) && unknown.is_none() {
                            unknown = Some(name);
                        }
                        json.skip()?;
                        continue;
                    };
                    let is_first = seen & 1 << rank == 0;
                    seen |= 1 << rank;
                    let is_better = kind.as_ref().is_none_or(|(best, _)| rank < *best);
                    if !is_first || !is_better || json.peek() == b'n' {
                        json.skip()?;
                    } else if let Some(read) = read(json)? {
                        kind = Some((rank, read));
                    } else {
                        damaged.get_or_insert(name);
                    }
                }
            }
        }
        let (sender, from) = sender.unwrap_or_default();
        let (recipient, to) = recipient.unwrap_or_default();
        let mut item = Self {
            sender,
            recipient,
            user_ref: from.or(to),
            timestamp: timestamp.unwrap_or_default(),
            kind: match (kind, damaged) {
                (Some((_, kind)), _) => kind,
                (None, Some(name)) => Kind::Unrecognized {
                    name: Some(name),
                    reason: "the member that names the kind has another type",
                },
                (None, None) => Kind::Unrecognized {
                    reason: match unknown {
                        Some(_) => "no member names a known kind",
                        None => "no member names the kind",
                    },
                    name: unknown,
                },
            },
            beside: beside.filter(|beside| **beside != Beside::default()),
        };
        if let (Kind::Unrecognized { .. }, Some(Some(field))) = (&item.kind, &field)
            && let Some(kind) = of_field(field, json.since(start))?
        {
            item.kind = kind;
            if let Kind::GroupComment(comment) = &item.kind {
                item.timestamp = item.timestamp.or(comment.created_at);
            }
        }
        Ok(item)
    }

    /// A change: its field says what its value is. `is_typed` when the object's fields are known.
    fn read_change(json: &mut Json<'a>, is_typed: bool) -> Result<Self> {
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
            return Ok(Self::unrecognized(None, "the change is not an object"));
        }
        let Some(field) = field.flatten() else {
            return Ok(Self::unrecognized(None, "the change names no field"));
        };
        let value = value.filter(|value| *value != "null");
        if is_typed {
            // Documented flat, without a value: then the change itself is read.
            if let Some(kind) = of_field(&field, value.unwrap_or(json.since(start)))? {
                let timestamp = match &kind {
                    Kind::MarketingMessage(message) => message.timestamp,
                    Kind::GroupComment(comment) => comment.created_at,
                    _ => None,
                };
                return Ok(Self {
                    timestamp,
                    ..Self::of(kind)
                });
            }
            if is_of_conversation(&field)
                && let Some(value) = value
            {
                let item = Self::read(&mut Json::new(value))?;
                if !matches!(item.kind, Kind::Unrecognized { .. }) {
                    return Ok(item);
                }
            }
        }
        let value = value.map(Raw::new);
        Ok(Self::of(Kind::Change { field, value }))
    }

    fn read_call(json: &mut Json<'a>) -> Result<Self> {
        json.peek();
        let start = json.at();
        let Some(call) = Call::read(json)? else {
            return Ok(Self::unrecognized(None, "the call is not an object"));
        };
        let mut timestamp = None;
        Json::new(json.since(start)).members(|name, json| {
            match name {
                "timestamp" if timestamp.is_none() => timestamp = Some(Field::read(json)?),
                _ => drop(json.skip()?),
            }
            Ok(())
        })?;
        Ok(Self {
            timestamp: timestamp.unwrap_or_default(),
            ..Self::of(Kind::Call(Box::new(call)))
        })
    }
}

impl<'a> Beside<'a> {
    /// `seen` has one bit for each name that was read, above those of the kinds.
    fn read(&mut self, name: &str, seen: &mut u64, json: &mut Json<'a>) -> Result<()> {
        let mut is_first = |bit: u32| {
            let is_first = *seen & 1 << bit == 0;
            *seen |= 1 << bit;
            is_first
        };
        match name {
            "prior_message" if is_first(61) => self.prior_message = Field::read(json)?,
            "hop_context" if is_first(62) => self.hop_context = Field::read(json)?,
            "lead" if is_first(63) => self.lead = Field::read(json)?,
            _ => drop(json.skip()?),
        }
        Ok(())
    }
}

impl Call<'_> {
    pub(super) fn customer(&self) -> Option<&Text<'_>> {
        match self.direction.as_deref() {
            Some("user_initiated") => self.from.as_ref(),
            Some("business_initiated") => self.to.as_ref(),
            _ => self.recipient_id.as_ref(),
        }
    }
}

/// Members that stand around the one that names the kind, and of an entry that is its own event.
const IN_PASSING: [&str; 13] = [
    "sender",
    "recipient",
    "timestamp",
    "field",
    "id",
    "time",
    "uid",
    "messaging",
    "standby",
    "changes",
    "calls",
    "prior_message",
    "hop_context",
];

/// The id and the `user_ref` of a sender or recipient.
#[inline]
fn party<'a>(json: &mut Json<'a>) -> Result<(Option<Text<'a>>, Option<Text<'a>>)> {
    let (mut id, mut user_ref) = (None, None);
    json.members(|name, json| {
        match name {
            "id" if id.is_none() => id = Some(json.text()?),
            "user_ref" if user_ref.is_none() => user_ref = Some(json.text()?),
            _ => drop(json.skip()?),
        }
        Ok(())
    })?;
    Ok((filled(id), filled(user_ref)))
}

/// An empty id is an absent one.
fn filled<'a>(id: Option<Option<Text<'a>>>) -> Option<Text<'a>> {
    id.flatten().filter(|id| !id.is_empty())
}

/// How the member of a kind is read.
type Reader = for<'a> fn(&mut Json<'a>) -> Result<Option<Kind<'a>>>;

/// Which kind a member names: the lower the number, the more it counts.
fn reader(member: &str) -> Option<(u8, Reader)> {
    Some(match member {
        "message" => (0, |json| {
            Ok(Message::read(json)?.map(|message| {
                let message = message.with_stickers_once();
                if message.is_echo {
                    Kind::Echo(message)
                } else {
                    Kind::Message(message)
                }
            }))
        }),
        "message_edit" => (1, |json| value(json, Kind::MessageEdit)),
        "postback" => (2, |json| value(json, Kind::Postback)),
        "delivery" => (3, |json| value(json, Kind::Delivery)),
        "read" => (4, |json| value(json, Kind::Read)),
        "reaction" => (5, |json| value(json, Kind::Reaction)),
        "optin" => (6, |json| value(json, Kind::Optin)),
        "optout" => (7, |json| value(json, Kind::Optout)),
        "referral" => (8, |json| value(json, Kind::Referral)),
        "account_linking" => (9, |json| value(json, Kind::AccountLinking)),
        "pass_thread_control" => (10, |json| value(json, Kind::PassThreadControl)),
        "take_thread_control" => (11, |json| value(json, Kind::TakeThreadControl)),
        "request_thread_control" => (12, |json| value(json, Kind::RequestThreadControl)),
        "app_roles" => (13, |json| value(json, Kind::AppRoles)),
        "policy_enforcement" => (14, |json| {
            value(json, |enforcement| Kind::PolicyEnforcement {
                enforcement,
                is_hyphenated: false,
            })
        }),
        "policy-enforcement" => (15, |json| {
            value(json, |enforcement| Kind::PolicyEnforcement {
                enforcement,
                is_hyphenated: true,
            })
        }),
        "messaging_feedback" => (16, |json| value(json, Kind::Feedback)),
        "messaging_customer_information" => (17, |json| value(json, Kind::CustomerInformation)),
        "form" => (18, |json| value(json, Kind::LeadForm)),
        "response_feedback" => (19, |json| value(json, Kind::ResponseFeedback)),
        "order" => (20, |json| value(json, Kind::Order)),
        "template" => (21, |json| value(json, Kind::Coupon)),
        "payment" => (22, |json| value(json, Kind::Payment)),
        "pre_checkout" => (23, |json| value(json, Kind::PreCheckout)),
        "checkout_update" => (24, |json| value(json, Kind::CheckoutUpdate)),
        "game_play" => (25, |json| value(json, Kind::GamePlay)),
        "message_request" => (26, |json| value(json, Kind::MessageRequest)),
        "branded_camera" => (27, |json| value(json, Kind::BrandedCamera)),
        "message_context" => (28, |json| value(json, Kind::MessageContext)),
        "call_permission_reply" => (29, |json| value(json, Kind::CallPermissionReply)),
        "call_settings" => (30, |json| value(json, Kind::CallSettings)),
        _ => return None,
    })
}

#[inline]
fn value<'a, V: Value<'a>>(
    json: &mut Json<'a>,
    kind: impl FnOnce(V) -> Kind<'a>,
) -> Result<Option<Kind<'a>>> {
    Ok(V::read(json)?.map(kind))
}

/// The kinds that a field names, with their members in the value of the change.
fn of_field<'a>(field: &Text<'a>, value: &'a str) -> Result<Option<Kind<'a>>> {
    let json = &mut Json::new(value);
    Ok(match field.as_str() {
        "group_feed" => GroupComment::read(json)?
            // An event that only repeats the field has nothing to say.
            .filter(|comment| comment.from.is_some() || comment.message.is_some())
            .map(|comment| Kind::GroupComment(Box::new(comment))),
        "inbox_labels" => self::value(json, Kind::InboxLabel)?,
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
        "marketing_messages_subscriber_upload_status" => self::value(json, Kind::SubscriberUpload)?,
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
        "business_integrity" => self::value(json, Kind::BusinessIntegrity)?,
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
