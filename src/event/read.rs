//! Reads one event from its JSON, in one pass.

use super::{
    BusinessIntegrity, Call, Channel, Event, Extras, Kind, Message, Object, Raw,
    field::of_field,
    json::{Json, Syntax, Written},
    kind::{Reader, reader},
    wire::{Field, Value, moment},
};
use crate::{text::Text, time::Timestamp};

type Result<T> = std::result::Result<T, Syntax>;

/// The members of the envelope and of the entry that belong to every event of the entry.
#[derive(Clone, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) object: Object,
    pub(crate) channel: Channel,
    pub(crate) id: Option<Text<'a>>,
    pub(crate) time: Option<Timestamp>,
    /// JSON of `hop_context`; `None` when it is `null` or not read yet.
    pub(crate) hop_context: Option<&'a str>,
    /// JSON of `restrictions`, which belongs to `business_integrity`.
    pub(crate) restrictions: Option<&'a str>,
    /// JSON of `uid`.
    pub(crate) uid: Option<&'a str>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(object: Object, channel: Channel) -> Self {
        Self {
            object,
            channel,
            id: None,
            time: None,
            hop_context: None,
            restrictions: None,
            uid: None,
        }
    }

    /// The members that not every entry has.
    #[inline]
    pub(crate) fn rare(&mut self) -> [&mut Option<&'a str>; 3] {
        [&mut self.hop_context, &mut self.restrictions, &mut self.uid]
    }

    #[inline]
    pub(crate) fn has_rare(&self) -> bool {
        self.hop_context.is_some() || self.restrictions.is_some() || self.uid.is_some()
    }
}

impl<'a> Event<'a> {
    /// An event before reading.
    #[inline]
    pub(crate) fn blank() -> Self {
        Self {
            object: Object::Page,
            channel: Channel::Entry,
            entry_id: None,
            entry_time: None,
            sender: None,
            recipient: None,
            timestamp: None,
            kind: Kind::unrecognized(None, ""),
            extras: None,
            raw: Raw::new(""),
        }
    }

    /// Reads the next value as an event, into a [`blank`](Self::blank) one.
    ///
    /// It is filled in place, because an event is large and would be moved with every return.
    #[inline]
    pub(crate) fn read(&mut self, json: &mut Json<'a>, context: &Context<'a>) -> Result<()> {
        json.peek();
        let start = json.at();
        match (&context.object, context.channel) {
            (Object::Other(_), Channel::Changes) => self.read_change(json, false)?,
            (Object::Other(_), _) => {
                json.skip()?;
                self.kind = Kind::unrecognized(None, "the object is neither a page nor instagram");
            }
            (_, Channel::Changes) => self.read_change(json, true)?,
            (_, Channel::Calls) => self.read_call(json)?,
            _ => self.read_item(json)?,
        }
        self.place(context, json.since(start));
        // An echo without a readable `is_echo` must not become a message of the customer.
        if let Kind::Message(message) = &mut self.kind
            && self.sender.is_some()
            && self.sender == self.entry_id
        {
            self.kind = Kind::Echo(std::mem::take(message));
        }
        if context.has_rare() {
            self.add_entry_members(context)?;
        }
        Ok(())
    }

    /// Whether the event has the entry's `hop_context`, its `restrictions`, its `uid`.
    pub(crate) fn has_entry_members(&self) -> [bool; 3] {
        self.extras.as_ref().map_or([false; 3], |extras| {
            extras.entry.named().map(|(_, raw)| raw.is_some())
        })
    }

    /// Adds the members of the entry that belong to this event.
    #[cold]
    pub(crate) fn add_entry_members(&mut self, context: &Context<'a>) -> Result<()> {
        if context.channel == Channel::Entry {
            return Ok(());
        }
        if let Some(json) = context.hop_context {
            let extras = self.extras.get_or_insert_default();
            extras.entry_hop_context = Field::read(&mut Json::new(json))?;
            extras.entry.hop_context = Some(Raw::new(json));
        }
        if let Some(json) = context.uid {
            let extras = self.extras.get_or_insert_default();
            extras.entry_uid = Value::read(&mut Json::new(json))?;
            extras.entry.uid = Some(Raw::new(json));
        }
        if let (Some(json), Kind::BusinessIntegrity(integrity)) =
            (context.restrictions, &mut self.kind)
        {
            integrity.add(Field::read(&mut Json::new(json))?);
            let extras = self.extras.get_or_insert_default();
            extras.entry.restrictions = Some(Raw::new(json));
        }
        Ok(())
    }

    /// Keeps the next value, which cannot be an event, as raw JSON.
    pub(crate) fn set_aside(
        &mut self,
        json: &mut Json<'a>,
        context: &Context<'a>,
        name: Option<Text<'a>>,
        reason: &'static str,
    ) -> Result<()> {
        self.place(context, json.skip()?);
        self.kind = Kind::unrecognized(name, reason);
        Ok(())
    }

    #[inline]
    fn place(&mut self, context: &Context<'a>, raw: &'a str) {
        self.object = context.object.clone();
        self.channel = context.channel;
        self.entry_id.clone_from(&context.id);
        self.entry_time = context.time;
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
        let (mut field, mut created) = (None, None);
        let (mut unknown, mut damaged) = (None, None);
        let (mut first, mut decoded) = (true, String::new());
        // Meta writes these three first, without spaces: comparing costs less than scanning.
        if json.take(r#""sender":"#) {
            (first, seen) = (false, seen | 1 << SENDER);
            self.sender = party(json, &mut self.extras)?;
            if json.take(r#","recipient":"#) {
                seen |= 1 << RECIPIENT;
                self.recipient = party(json, &mut self.extras)?;
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
                Member::Sender => self.sender = party(json, &mut self.extras)?,
                Member::Recipient => self.recipient = party(json, &mut self.extras)?,
                Member::Timestamp => self.timestamp = Field::read(json)?,
                Member::Created => created = Field::read(json)?,
                Member::Field => field = json.text()?,
                Member::Extra => self.extras.get_or_insert_default().read(text, json)?,
                Member::Kind(read) => {
                    if json.peek() == b'n' {
                        json.skip()?;
                    } else if best != u8::MAX {
                        self.read_also(json, read, rank, &mut best)?;
                    } else if read(json, &mut self.kind)? {
                        best = rank;
                    } else {
                        damaged.get_or_insert(name);
                    }
                }
            }
        }
        if self
            .extras
            .as_ref()
            .is_some_and(|extras| **extras == Extras::default())
        {
            self.extras = None;
        }
        self.timestamp = self.timestamp.or(created);
        if best != u8::MAX {
            if let Kind::BusinessIntegrity(integrity) = &mut self.kind {
                integrity.read_restrictions_beside(json.since(start))?;
            }
            return Ok(());
        }
        if let Some(field) = &field
            && let Some(kind) = of_field(field, json.since(start))?
        {
            self.kind = kind;
            return Ok(());
        }
        let (name, reason) = match (damaged, unknown) {
            (Some(name), _) => (
                Some(name),
                "the member that names the kind has another type or no known member",
            ),
            (None, Some(name)) => (Some(name), "no member names a known kind"),
            (None, None) => (None, "no member names the kind"),
        };
        self.kind = Kind::unrecognized(name.map(Written::decoded), reason);
        Ok(())
    }

    /// Reads one more member that names a kind: the lowest rank is the event's kind.
    #[cold]
    fn read_also(
        &mut self,
        json: &mut Json<'a>,
        read: Reader,
        rank: u8,
        best: &mut u8,
    ) -> Result<()> {
        let mut kind = Kind::unrecognized(None, "");
        if read(json, &mut kind)? {
            if rank < *best {
                *best = rank;
                std::mem::swap(&mut self.kind, &mut kind);
            }
            self.extras.get_or_insert_default().also.push(kind);
        }
        Ok(())
    }

    fn read_call(&mut self, json: &mut Json<'a>) -> Result<()> {
        json.peek();
        let start = json.at();
        let Some(call) = Value::read(json)?.filter(Value::is_filled) else {
            self.kind = Kind::unrecognized(None, "the call is not an object with a known member");
            return Ok(());
        };
        self.kind = Kind::Call(call);
        self.timestamp = moment(json.since(start))?;
        Ok(())
    }
}

/// Reads one value as a time.
#[inline]
pub(crate) fn timestamp(json: &mut Json<'_>) -> Result<Option<Timestamp>> {
    Value::read(json)
}

impl<'a> BusinessIntegrity<'a> {
    /// Adds the restrictions that the event has next to `business_integrity`.
    #[cold]
    fn read_restrictions_beside(&mut self, item: &'a str) -> Result<()> {
        let mut restrictions = None;
        Json::new(item).members(|name, json| {
            match name {
                "restrictions" if restrictions.is_none() => {
                    restrictions = Some(Field::read(json)?);
                }
                _ => drop(json.skip()?),
            }
            Ok(())
        })?;
        self.add(restrictions.unwrap_or_default());
        Ok(())
    }
}

impl<'a> Extras<'a> {
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

/// The id of a sender or recipient. An empty id counts as absent.
#[inline]
fn party<'a>(
    json: &mut Json<'a>,
    extras: &mut Option<Box<Extras<'a>>>,
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
                let known = &mut extras.get_or_insert_default().user_ref;
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

/// Meaning of a member of an item.
enum Member {
    /// Names the kind. The reader returns `false` when the value has no typed form.
    Kind(Reader),
    Sender,
    Recipient,
    Timestamp,
    /// `created_time`, used without a `timestamp`.
    Created,
    Field,
    /// A typed member next to the one that names the kind.
    Extra,
    /// Belongs to the entry, when the entry itself is the event.
    Passing,
    Unknown,
}

// The numbers of the members that nearly every event has.
const SENDER: u8 = 63;
const RECIPIENT: u8 = 62;
const TIMESTAMP: u8 = 61;

/// Returns the meaning of a member and its rank: of kinds the lowest rank counts.
#[inline]
fn member(name: &str) -> (u8, Member) {
    match name {
        "sender" => (SENDER, Member::Sender),
        "recipient" => (RECIPIENT, Member::Recipient),
        "timestamp" => (TIMESTAMP, Member::Timestamp),
        "message" => (0, Member::Kind(message)),
        "field" => (60, Member::Field),
        "prior_message" => (59, Member::Extra),
        "hop_context" => (58, Member::Extra),
        "lead" => (57, Member::Extra),
        "id" | "time" | "uid" | "messaging" | "standby" | "changes" | "calls" => {
            (56, Member::Passing)
        }
        "created_time" => (54, Member::Created),
        _ => match reader(name) {
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
    if !message.is_filled() {
        *kind = Kind::unrecognized(None, "");
        return Ok(false);
    }
    message.merge_stickers();
    if message.is_echo {
        *kind = Kind::Echo(std::mem::take(message));
    }
    Ok(true)
}
