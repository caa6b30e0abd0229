//! From the JSON of one event to its type, in one pass.

use super::{
    Beside, Call, Channel, Event, Kind, Message, Object, Raw,
    field::of_field,
    json::{Json, Syntax, Written},
    wire::{Field, Value},
};
use crate::text::Text;

type Result<T> = std::result::Result<T, Syntax>;

/// Where an event stands.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) object: Object,
    pub(crate) channel: Channel,
    pub(crate) page: Option<Text<'a>>,
}

impl<'a> Event<'a> {
    /// An event of which nothing has been read.
    #[inline]
    pub(crate) fn blank() -> Self {
        Self {
            object: Object::Other(None),
            channel: Channel::Entry,
            page: None,
            sender: None,
            recipient: None,
            timestamp: None,
            kind: Kind::unrecognized(None, ""),
            beside: None,
            raw: Raw::new(""),
        }
    }

    /// Reads the next value as an event, into one that is [`blank`](Self::blank).
    ///
    /// In place, because an event is large and would be moved with every return.
    #[inline]
    pub(crate) fn read(&mut self, json: &mut Json<'a>, place: &Place<'a>) -> Result<()> {
        json.peek();
        let start = json.at();
        match (&place.object, place.channel) {
            (Object::Other(_), Channel::Changes) => self.read_change(json, false)?,
            (Object::Other(_), _) => {
                json.skip()?;
                self.kind = Kind::unrecognized(None, "the object is neither a page nor instagram");
            }
            (_, Channel::Changes) => self.read_change(json, true)?,
            (_, Channel::Calls) => self.read_call(json)?,
            _ => self.read_item(json)?,
        }
        self.place(place, json.since(start));
        Ok(())
    }

    /// Keeps the next value as what cannot be an event.
    pub(crate) fn set_aside(
        &mut self,
        json: &mut Json<'a>,
        place: &Place<'a>,
        reason: &'static str,
    ) -> Result<()> {
        self.place(place, json.skip()?);
        self.kind = Kind::unrecognized(None, reason);
        Ok(())
    }

    #[inline]
    fn place(&mut self, place: &Place<'a>, raw: &'a str) {
        self.object = place.object.clone();
        self.channel = place.channel;
        self.page.clone_from(&place.page);
        self.raw = Raw::new(raw);
    }

    #[inline]
    pub(super) fn read_item(&mut self, json: &mut Json<'a>) -> Result<()> {
        json.peek();
        let start = json.at();
        if !json.enter(b'{') {
            json.skip()?;
            self.kind = Kind::unrecognized(None, "the event is not an object");
            return Ok(());
        }
        let (mut seen, mut best) = (0_u64, u8::MAX);
        let (mut field, mut unknown, mut damaged) = (None, None, None);
        let (mut first, mut decoded) = (true, String::new());
        // Meta writes these three first, without spaces: comparing costs less than scanning.
        if json.take(r#""sender":"#) {
            (first, seen) = (false, seen | 1 << SENDER);
            self.sender = party(json, &mut self.beside)?;
            if json.take(r#","recipient":"#) {
                seen |= 1 << RECIPIENT;
                self.recipient = party(json, &mut self.beside)?;
                if json.take(r#","timestamp":"#) {
                    seen |= 1 << TIMESTAMP;
                    self.timestamp = Field::read(json)?;
                }
            }
        }
        while let Some(name) = json.next_member(&mut first)? {
            let text = name.name(&mut decoded);
            let (rank, member) = member(text);
            let is_first = seen & 1 << rank == 0;
            seen |= 1 << rank;
            match member {
                Member::Unknown => {
                    unknown.get_or_insert(name);
                    json.skip()?;
                }
                Member::Passing => drop(json.skip()?),
                _ if !is_first => drop(json.skip()?),
                Member::Sender => self.sender = party(json, &mut self.beside)?,
                Member::Recipient => self.recipient = party(json, &mut self.beside)?,
                Member::Timestamp => self.timestamp = Field::read(json)?,
                Member::Field => field = json.text()?,
                Member::Beside => self.beside.get_or_insert_default().read(text, json)?,
                Member::Kind(read) => {
                    if rank >= best || json.peek() == b'n' {
                        json.skip()?;
                    } else if read(json, &mut self.kind)? {
                        best = rank;
                    } else {
                        damaged.get_or_insert(name);
                    }
                }
            }
        }
        if self
            .beside
            .as_ref()
            .is_some_and(|beside| **beside == Beside::default())
        {
            self.beside = None;
        }
        if best != u8::MAX {
            return Ok(());
        }
        if let Some(field) = &field
            && let Some(kind) = of_field(field, json.since(start))?
        {
            if let Kind::GroupComment(comment) = &kind {
                self.timestamp = self.timestamp.or(comment.created_at);
            }
            self.kind = kind;
            return Ok(());
        }
        let (name, reason) = match (damaged, unknown) {
            (Some(name), _) => (
                Some(name),
                "the member that names the kind has another type",
            ),
            (None, Some(name)) => (Some(name), "no member names a known kind"),
            (None, None) => (None, "no member names the kind"),
        };
        self.kind = Kind::unrecognized(name.map(Written::decoded), reason);
        Ok(())
    }

    fn read_call(&mut self, json: &mut Json<'a>) -> Result<()> {
        json.peek();
        let start = json.at();
        let Some(call) = Value::read(json)? else {
            self.kind = Kind::unrecognized(None, "the call is not an object");
            return Ok(());
        };
        self.kind = Kind::Call(call);
        let mut timestamp = None;
        Json::new(json.since(start)).members(|name, json| {
            match name {
                "timestamp" if timestamp.is_none() => timestamp = Some(Field::read(json)?),
                _ => drop(json.skip()?),
            }
            Ok(())
        })?;
        self.timestamp = timestamp.flatten();
        Ok(())
    }
}

impl<'a> Beside<'a> {
    fn read(&mut self, name: &str, json: &mut Json<'a>) -> Result<()> {
        match name {
            "prior_message" if self.prior_message.is_none() => {
                self.prior_message = Field::read(json)?;
            }
            "hop_context" if self.hop_context.is_empty() => self.hop_context = Field::read(json)?,
            "lead" if self.lead.is_none() => self.lead = Field::read(json)?,
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

/// The id of a sender or recipient; an empty one is an absent one.
#[inline]
fn party<'a>(
    json: &mut Json<'a>,
    beside: &mut Option<Box<Beside<'a>>>,
) -> Result<Option<Text<'a>>> {
    // Meta writes nearly all of them as an object of one string, without spaces.
    let mut short = *json;
    if short.take(r#"{"id":"#)
        && let Ok(id) = short.text()
        && short.take("}")
    {
        *json = short;
        return Ok(id.filter(|id| !id.is_empty()));
    }
    let (mut id, mut saw_id, mut saw_ref) = (None, false, false);
    json.members(|name, json| {
        match name {
            "id" if !saw_id => {
                saw_id = true;
                id = json.text()?.filter(|id| !id.is_empty());
            }
            "user_ref" if !saw_ref => {
                saw_ref = true;
                let user_ref = json.text()?.filter(|id| !id.is_empty());
                let known = &mut beside.get_or_insert_default().user_ref;
                if known.is_none() {
                    *known = user_ref;
                }
            }
            _ => drop(json.skip()?),
        }
        Ok(())
    })?;
    Ok(id)
}

/// What a member of an event is for.
enum Member {
    /// It names the kind, and this reads it; `false`, and the value is skipped, if it cannot be.
    Kind(Reader),
    Sender,
    Recipient,
    Timestamp,
    Field,
    Beside,
    /// It belongs to an entry that is its own event.
    Passing,
    Unknown,
}

// The numbers of the members that stand in nearly every event.
const SENDER: u8 = 63;
const RECIPIENT: u8 = 62;
const TIMESTAMP: u8 = 61;

type Reader = for<'a> fn(&mut Json<'a>, &mut Kind<'a>) -> Result<bool>;

/// What a member is for, and its number: of kinds the lowest counts.
#[inline]
fn member(name: &str) -> (u8, Member) {
    match name {
        "sender" => (SENDER, Member::Sender),
        "recipient" => (RECIPIENT, Member::Recipient),
        "timestamp" => (TIMESTAMP, Member::Timestamp),
        "message" => (0, Member::Kind(message)),
        "field" => (60, Member::Field),
        "prior_message" => (59, Member::Beside),
        "hop_context" => (58, Member::Beside),
        "lead" => (57, Member::Beside),
        "id" | "time" | "uid" | "messaging" | "standby" | "changes" | "calls" => {
            (56, Member::Passing)
        }
        _ => match kind(name) {
            Some((rank, read)) => (rank, Member::Kind(read)),
            None => (55, Member::Unknown),
        },
    }
}

fn message<'a>(json: &mut Json<'a>, kind: &mut Kind<'a>) -> Result<bool> {
    if json.peek() != b'{' {
        json.skip()?;
        return Ok(false);
    }
    *kind = Kind::Message(Message::default());
    let Kind::Message(message) = kind else {
        return Ok(false);
    };
    message.fill(json)?;
    message.merge_stickers();
    if message.is_echo {
        *kind = Kind::Echo(std::mem::take(message));
    }
    Ok(true)
}

fn kind(member: &str) -> Option<(u8, Reader)> {
    Some(match member {
        "message_edit" => (1, |json, kind| value(json, kind, Kind::MessageEdit)),
        "postback" => (2, |json, kind| value(json, kind, Kind::Postback)),
        "delivery" => (3, |json, kind| value(json, kind, Kind::Delivery)),
        "read" => (4, |json, kind| value(json, kind, Kind::Read)),
        "reaction" => (5, |json, kind| value(json, kind, Kind::Reaction)),
        "optin" => (6, |json, kind| value(json, kind, Kind::Optin)),
        "optout" => (7, |json, kind| value(json, kind, Kind::Optout)),
        "referral" => (8, |json, kind| value(json, kind, Kind::Referral)),
        "account_linking" => (9, |json, kind| value(json, kind, Kind::AccountLinking)),
        "pass_thread_control" => (10, |json, kind| value(json, kind, Kind::PassThreadControl)),
        "take_thread_control" => (11, |json, kind| value(json, kind, Kind::TakeThreadControl)),
        "request_thread_control" => (12, |json, kind| {
            value(json, kind, Kind::RequestThreadControl)
        }),
        "app_roles" => (13, |json, kind| value(json, kind, Kind::AppRoles)),
        "policy_enforcement" => (14, |json, kind| {
            value(json, kind, |enforcement| Kind::PolicyEnforcement {
                enforcement,
                is_hyphenated: false,
            })
        }),
        "policy-enforcement" => (15, |json, kind| {
            value(json, kind, |enforcement| Kind::PolicyEnforcement {
                enforcement,
                is_hyphenated: true,
            })
        }),
        "messaging_feedback" => (16, |json, kind| value(json, kind, Kind::Feedback)),
        "messaging_customer_information" => (17, |json, kind| {
            value(json, kind, Kind::CustomerInformation)
        }),
        "form" => (18, |json, kind| value(json, kind, Kind::LeadForm)),
        "response_feedback" => (19, |json, kind| value(json, kind, Kind::ResponseFeedback)),
        "order" => (20, |json, kind| value(json, kind, Kind::Order)),
        "template" => (21, |json, kind| value(json, kind, Kind::Coupon)),
        "payment" => (22, |json, kind| value(json, kind, Kind::Payment)),
        "pre_checkout" => (23, |json, kind| value(json, kind, Kind::PreCheckout)),
        "checkout_update" => (24, |json, kind| value(json, kind, Kind::CheckoutUpdate)),
        "game_play" => (25, |json, kind| value(json, kind, Kind::GamePlay)),
        "message_request" => (26, |json, kind| value(json, kind, Kind::MessageRequest)),
        "branded_camera" => (27, |json, kind| value(json, kind, Kind::BrandedCamera)),
        "message_context" => (28, |json, kind| value(json, kind, Kind::MessageContext)),
        "call_permission_reply" => (29, |json, kind| {
            value(json, kind, Kind::CallPermissionReply)
        }),
        "call_settings" => (30, |json, kind| value(json, kind, Kind::CallSettings)),
        _ => return None,
    })
}

#[inline]
fn value<'a, V: Value<'a>>(
    json: &mut Json<'a>,
    kind: &mut Kind<'a>,
    of: impl FnOnce(V) -> Kind<'a>,
) -> Result<bool> {
    let value = V::read(json)?;
    Ok(value.map(|value| *kind = of(value)).is_some())
}
