//! An event as the delivery that brings it.

use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap, SerializeSeq},
};

use super::{
    Channel, Event, Kind, Raw,
    json::{Json, Syntax},
    wire::{Field, Written},
};
use crate::text::Text;

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut delivery = serializer.serialize_map(None)?;
        delivery.serialize_entry("object", &self.object.name())?;
        delivery.serialize_entry("entry", &[Entry(self)])?;
        delivery.end()
    }
}

struct Entry<'e, 'a>(&'e Event<'a>);

impl Serialize for Entry<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        if matches!(event.kind, Kind::Unrecognized { .. }) && event.channel == Channel::Entry {
            return WithoutLists(event.raw()).serialize(serializer);
        }
        let mut entry = serializer.serialize_map(None)?;
        if let Some(page) = &event.page {
            entry.serialize_entry("id", page)?;
        }
        match event.channel {
            Channel::Entry => members(event, &mut entry)?,
            channel => entry.serialize_entry(channel.name(), &Items(event))?,
        }
        entry.end()
    }
}

/// An entry as it came, but for the lists beside it, which are events of their own.
struct WithoutLists<'e>(&'e str);

impl Serialize for WithoutLists<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = Json::new(self.0);
        if !json.enter(b'{') {
            return Raw::new(self.0).serialize(serializer);
        }
        let mut entry = serializer.serialize_map(None)?;
        let mut first = true;
        let mut next = || {
            let name = json.next_member(&mut first)?;
            name.map(|name| Ok((name.decoded(), json.skip()?)))
                .transpose()
        };
        // It was read once already, so it has no errors.
        while let Some((name, value)) = next().map_err(|Syntax| S::Error::custom("not JSON"))? {
            if !["messaging", "standby", "changes", "calls"].contains(&name.as_str()) {
                entry.serialize_entry(&name, &Raw::new(value))?;
            }
        }
        entry.end()
    }
}

/// The list of one event; what was no list itself is written as it was.
struct Items<'e, 'a>(&'e Event<'a>);

impl Serialize for Items<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Kind::Unrecognized {
            reason: super::NOT_A_LIST,
            ..
        } = self.0.kind
        {
            return self.0.raw.serialize(serializer);
        }
        let mut list = serializer.serialize_seq(Some(1))?;
        list.serialize_element(&Item(self.0))?;
        list.end()
    }
}

struct Item<'e, 'a>(&'e Event<'a>);

impl Serialize for Item<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        match (&event.kind, event.channel) {
            (Kind::Unrecognized { .. }, _) => event.raw.serialize(serializer),
            (_, Channel::Changes) => {
                let mut change = serializer.serialize_map(None)?;
                let field = match &event.kind {
                    Kind::Change { field, .. } => field.as_str(),
                    kind => kind.field().unwrap_or("messages"),
                };
                change.serialize_entry("field", field)?;
                match &event.kind {
                    Kind::Change { value: None, .. } => {}
                    Kind::Change { value, .. } => change.serialize_entry("value", value)?,
                    _ => change.serialize_entry("value", &Members(event))?,
                }
                change.end()
            }
            _ => Members(event).serialize(serializer),
        }
    }
}

struct Members<'e, 'a>(&'e Event<'a>);

impl Serialize for Members<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        members(self.0, &mut map)?;
        map.end()
    }
}

fn members<M: SerializeMap>(event: &Event<'_>, map: &mut M) -> Result<(), M::Error> {
    let is_echo = matches!(event.kind, Kind::Echo(_));
    let party = |id, is_known_by_ref: bool| Party {
        id,
        user_ref: (event.beside.as_ref())
            .and_then(|beside| beside.user_ref.as_ref())
            .filter(|_| is_known_by_ref),
    };
    for (name, party) in [
        ("sender", party(event.sender.as_ref(), !is_echo)),
        ("recipient", party(event.recipient.as_ref(), is_echo)),
    ] {
        if party.id.is_some() || party.user_ref.is_some() {
            map.serialize_entry(name, &party)?;
        }
    }
    if !matches!(event.kind, Kind::MarketingMessage(_)) {
        Field::write(&event.timestamp, "timestamp", map)?;
    }
    kind(&event.kind, map)?;
    if let Some(beside) = &event.beside {
        Field::write(&beside.prior_message, "prior_message", map)?;
        Field::write(&beside.hop_context, "hop_context", map)?;
        Field::write(&beside.lead, "lead", map)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Party<'e, 'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'e Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_ref: Option<&'e Text<'a>>,
}

fn kind<M: SerializeMap>(kind: &Kind<'_>, map: &mut M) -> Result<(), M::Error> {
    let name = kind.name();
    match kind {
        Kind::Message(of) | Kind::Echo(of) => map.serialize_entry("message", &Written(of)),
        Kind::MessageEdit(of) => map.serialize_entry(name, &Written(of)),
        Kind::Postback(of) => map.serialize_entry(name, &Written(of)),
        Kind::Delivery(of) => map.serialize_entry(name, &Written(of)),
        Kind::Read(of) => map.serialize_entry(name, &Written(of)),
        Kind::Reaction(of) => map.serialize_entry(name, &Written(of)),
        Kind::Optin(of) => map.serialize_entry(name, &Written(of)),
        Kind::Optout(of) => map.serialize_entry(name, &Written(of)),
        Kind::Referral(of) => map.serialize_entry(name, &Written(of)),
        Kind::AccountLinking(of) => map.serialize_entry(name, &Written(of)),
        Kind::PassThreadControl(of) => map.serialize_entry(name, &Written(of)),
        Kind::TakeThreadControl(of) => map.serialize_entry(name, &Written(of)),
        Kind::RequestThreadControl(of) => map.serialize_entry(name, &Written(of)),
        Kind::AppRoles(of) => map.serialize_entry(name, &Written(of)),
        Kind::Feedback(of) => map.serialize_entry(name, &Written(of)),
        Kind::CustomerInformation(of) => map.serialize_entry(name, &Written(of)),
        Kind::LeadForm(of) => map.serialize_entry(name, &Written(of)),
        Kind::ResponseFeedback(of) => map.serialize_entry(name, &Written(of)),
        Kind::Order(of) => map.serialize_entry(name, &Written(of)),
        Kind::Coupon(of) => map.serialize_entry(name, &Written(of)),
        Kind::Payment(of) => map.serialize_entry(name, &Written(of)),
        Kind::PreCheckout(of) => map.serialize_entry(name, &Written(of)),
        Kind::CheckoutUpdate(of) => map.serialize_entry(name, &Written(of)),
        Kind::GamePlay(of) => map.serialize_entry(name, &Written(of)),
        Kind::MessageRequest(of) => map.serialize_entry(name, &Written(of)),
        Kind::BrandedCamera(of) => map.serialize_entry(name, &Written(of)),
        Kind::MessageContext(of) => map.serialize_entry(name, &Written(of)),
        Kind::CallPermissionReply(of) => map.serialize_entry(name, &Written(of)),
        Kind::CallSettings(of) => map.serialize_entry(name, &Written(of)),
        Kind::PolicyEnforcement { enforcement, .. } => {
            map.serialize_entry(name, &Written(enforcement))
        }
        // These lie flat: no member names them.
        Kind::Call(of) => of.write_members(map),
        Kind::GroupComment(of) => of.write_members(map),
        Kind::InboxLabel(of) => of.write_members(map),
        Kind::MarketingMessage(of) => of.write_members(map),
        Kind::SubscriberUpload(of) => of.write_members(map),
        Kind::TemplateUpdate(of) => of.write_members(map),
        Kind::BusinessIntegrity(of) => of.write_members(map),
        // These are written as they came, before it comes to members.
        Kind::Change { .. } | Kind::Unrecognized { .. } => Ok(()),
    }
}
