//! Our reader of JSON and `serde_json` take the same for an envelope and read the same in it.

use std::mem::discriminant;

use messenger_crm::{
    event::{Channel, Event, Kind, Message, Raw, Receipt},
    webhook::parse_unverified,
};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::tree::{Tree, members};

/// A body.
pub(crate) fn run(input: &[u8]) {
    let expected = str::from_utf8(input).ok().and_then(events);
    let Ok(delivery) = parse_unverified(input) else {
        assert!(expected.is_none(), "only serde_json reads it");
        return;
    };
    let expected = expected.expect("only serde_json refuses it");
    let mut found = delivery.events.iter().peekable();
    for expected in expected {
        let is_there = found.peek().is_some_and(|event| expected.is(event));
        if is_there {
            found.next();
        } else {
            let carried = expected.carried.expect("an event is missing");
            let has = |member: &&str| {
                let mut events = delivery.events.iter();
                events.any(|event| event.to_delivery().contains(member))
            };
            assert!(carried.iter().all(has), "a member of an entry is lost");
        }
    }
    assert!(found.next().is_none(), "there is an event too many");

    // Read and written by serde_json, it has neither escapes nor anything that does not count.
    let Some(tree) = str::from_utf8(input).ok().and_then(Tree::read) else {
        return;
    };
    let normal = tree.to_string();
    let again = parse_unverified(normal.as_bytes()).expect("it is the same envelope");
    assert_eq!(again.object, delivery.object);
    assert_eq!(again.events.len(), delivery.events.len());
    for (one, other) in again.events.iter().zip(&delivery.events) {
        assert_same(one, other);
    }
}

/// They have the same content; the bytes of what is kept as JSON may differ.
#[track_caller]
fn assert_same(one: &Event<'_>, other: &Event<'_>) {
    assert_eq!(one.entry_id, other.entry_id);
    assert_eq!(one.entry_time, other.entry_time);
    assert_eq!(one.sender, other.sender);
    assert_eq!(one.recipient, other.recipient);
    assert_eq!(one.timestamp, other.timestamp);
    assert_eq!(Tree::read(one.raw()), Tree::read(other.raw()));
    assert_same_kind(&one.kind, &other.kind);
    match (&one.extras, &other.extras) {
        (Some(one), Some(other)) => {
            assert_eq!(one.user_ref, other.user_ref);
            assert_eq!(one.prior_message, other.prior_message);
            assert_eq!(one.hop_context, other.hop_context);
            assert_eq!(one.entry_hop_context, other.entry_hop_context);
            assert_eq!(one.entry_uid, other.entry_uid);
            assert_eq!(one.lead, other.lead);
            assert_eq!(one.also.len(), other.also.len());
            for (one, other) in one.also.iter().zip(&other.also) {
                assert_same_kind(one, other);
            }
        }
        (one, other) => assert_eq!(one, other),
    }
}

#[track_caller]
fn assert_same_kind(one: &Kind<'_>, other: &Kind<'_>) {
    assert_eq!(discriminant(one), discriminant(other));
    assert_eq!(one.name(), other.name());
    let json = |raw: &Raw<'_>| Tree::read(raw.as_str());
    match (one, other) {
        (Kind::Message(one), Kind::Message(other)) | (Kind::Echo(one), Kind::Echo(other)) => {
            let nlp = |message: &Message<'_>| message.nlp.as_deref().map(json);
            assert_eq!(nlp(one), nlp(other));
            let (mut one, mut other) = (one.clone(), other.clone());
            (one.nlp, other.nlp) = (None, None);
            assert_eq!(one, other);
        }
        (Kind::Delivery(one), Kind::Delivery(other)) | (Kind::Read(one), Kind::Read(other)) => {
            assert_eq!(one.watermark, other.watermark);
            assert_eq!(one.mid, other.mid);
            let mids = |receipt: &Receipt<'_>| {
                let mids = receipt.mids.iter().flat_map(|mids| mids.iter());
                mids.map(|mid| mid.to_string()).collect::<Vec<_>>()
            };
            assert_eq!(mids(one), mids(other));
        }
        (Kind::Optout(one), Kind::Optout(other)) => assert_eq!(json(one), json(other)),
        (
            Kind::Change {
                value: value_of_one,
                verb: verb_of_one,
                action: action_of_one,
                ..
            },
            Kind::Change {
                value,
                verb,
                action,
                ..
            },
        ) => {
            assert_eq!(value_of_one.as_ref().map(json), value.as_ref().map(json));
            assert_eq!((verb_of_one, action_of_one), (verb, action));
        }
        (one, other) => assert_eq!(one, other),
    }
}

/// An event that a body must have.
struct Expected<'a> {
    channel: Channel,
    raw: Json<'a>,
    page: Option<String>,
    /// When the event may be missing: the members that the other events must have then.
    carried: Option<Vec<&'a str>>,
}

enum Json<'a> {
    /// Byte for byte.
    Exact(&'a str),
    /// By its content; `None` when it nests too deep.
    Same(Option<Tree>),
}

impl Expected<'_> {
    fn is(&self, event: &Event<'_>) -> bool {
        let is_raw = match &self.raw {
            Json::Exact(raw) => event.raw() == *raw,
            Json::Same(tree) => Tree::read(event.raw()) == *tree,
        };
        is_raw && event.channel == self.channel && event.entry_id.as_deref() == self.page.as_deref()
    }
}

/// The events of a body; `None` when it is no delivery.
fn events(body: &str) -> Option<Vec<Expected<'_>>> {
    // As bytes it takes control characters in strings, which JSON has not: hence both.
    serde_json::from_str::<IgnoredAny>(body).ok()?;
    let envelope = members(body)?;
    let find = |name: &str| Some(envelope.iter().find(|(known, _)| known == name)?.1);
    text(find("object")?)?;
    let mut events = Vec::new();
    for entry in list(find("entry")?)? {
        read_entry(entry, &mut events);
    }
    let own = |(name, _): &&(String, &str)| !["object", "entry"].contains(&name.as_str());
    if envelope.iter().filter(own).any(|(_, raw)| *raw != "null") {
        events.push(Expected {
            channel: Channel::Envelope,
            raw: Json::Same(tree(envelope.iter().filter(own))),
            page: None,
            carried: None,
        });
    }
    Some(events)
}

fn read_entry<'a>(entry: &'a str, events: &mut Vec<Expected<'a>>) {
    let members = members(entry).unwrap_or_default();
    let page = members.iter().find(|(name, _)| name == "id");
    let page = page.and_then(|(_, raw)| text(raw));
    let page = page.filter(|page| !page.is_empty());
    let (mut has_list, mut has_own) = (false, false);
    let mut carried = Vec::new();
    for (name, raw) in &members {
        let channel = match name.as_str() {
            "messaging" => Channel::Messaging,
            "standby" => Channel::Standby,
            "changes" => Channel::Changes,
            "calls" => Channel::Calls,
            _ if *raw == "null" => continue,
            "id" => {
                has_own |= text(raw).is_none();
                continue;
            }
            "time" => {
                has_own |= text(raw).is_none_or(|text| !is_time(&text));
                continue;
            }
            "hop_context" | "restrictions" | "uid" => {
                carried.push(*raw);
                continue;
            }
            _ => {
                has_own = true;
                continue;
            }
        };
        has_list = true;
        let items = list(raw).unwrap_or_else(|| {
            let one = Some(*raw).filter(|raw| *raw != "null");
            one.into_iter().collect()
        });
        events.extend(items.into_iter().map(|raw| Expected {
            channel,
            raw: Json::Exact(raw),
            page: page.clone(),
            carried: None,
        }));
    }
    let is_sure = !has_list || has_own;
    if is_sure || !carried.is_empty() {
        let is_list = |name: &str| ["messaging", "standby", "changes", "calls"].contains(&name);
        let own = members.iter().filter(|(name, _)| !is_list(name));
        events.push(Expected {
            channel: Channel::Entry,
            raw: if has_list {
                Json::Same(tree(own))
            } else {
                Json::Exact(entry)
            },
            page,
            carried: (!is_sure).then_some(carried),
        });
    }
}

fn tree<'m>(members: impl Iterator<Item = &'m (String, &'m str)>) -> Option<Tree> {
    let members = members.map(|(name, raw)| Some((name.clone(), Tree::read(raw)?)));
    let tree = Tree::Members(members.collect::<Option<_>>()?);
    // As deep as it may be when it is read.
    Tree::read(&tree.to_string())
}

/// A whole number, which may have a fraction of zero.
fn is_time(text: &str) -> bool {
    let is_whole = |number: f64| number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    text.parse::<i64>().is_ok() || text.parse().is_ok_and(is_whole)
}

fn text(raw: &str) -> Option<String> {
    match Tree::read(raw)? {
        Tree::Text(text) | Tree::Number(text) => Some(text),
        _ => None,
    }
}

fn list(raw: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}
