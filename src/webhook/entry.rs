//! The members of an entry other than its lists, and those of the envelope other than its entries.

use std::collections::HashSet;

use crate::{
    event::{
        Channel, Context, Event,
        json::{Json, Syntax},
    },
    text::Text,
};

/// State of the current entry while it is read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    start: usize,
    /// The lists that it has, one bit for each channel.
    lists: u8,
    knows_id: bool,
    knows_time: bool,
    /// Whether it had a `hop_context`, `restrictions`, a `uid`.
    knows: [bool; 3],
    /// Whether it has an unknown member, or repeats a known one.
    has_unknown: bool,
    /// Whether its id or its time is of another type.
    is_damaged: bool,
    /// Whether an event of its lists has the entry's `hop_context`, `restrictions`, `uid`.
    is_carried: [bool; 3],
}

/// Returns the channel of a member that is a list of events.
#[inline]
pub(super) fn list_of(name: &str) -> Option<Channel> {
    Some(match name {
        "messaging" => Channel::Messaging,
        "standby" => Channel::Standby,
        "changes" => Channel::Changes,
        "calls" => Channel::Calls,
        _ => return None,
    })
}

impl Entry {
    pub(super) fn at(start: usize) -> Self {
        Self {
            start,
            ..Self::default()
        }
    }

    pub(super) fn start(&self) -> usize {
        self.start
    }

    pub(super) fn knows_id_and_time(&self) -> bool {
        self.knows_id && self.knows_time
    }

    /// Whether this is the first list of the channel.
    #[inline]
    pub(super) fn begin_list(&mut self, channel: Channel) -> bool {
        let list = 1 << channel as u8;
        let is_first = self.lists & list == 0;
        self.lists |= list;
        is_first
    }

    /// Reads the value of a member that is not a list of events.
    #[inline]
    pub(super) fn read<'a>(
        &mut self,
        name: &str,
        json: &mut Json<'a>,
        context: &mut Context<'a>,
    ) -> Result<(), Syntax> {
        match name {
            "id" if !self.knows_id => {
                self.knows_id = true;
                let first = json.peek();
                let id = json.text()?;
                self.is_damaged |= id.is_none() && first != b'n';
                context.id = id.filter(|id| !id.is_empty());
            }
            "time" if !self.knows_time => {
                self.knows_time = true;
                let first = json.peek();
                context.time = crate::event::timestamp(json)?;
                self.is_damaged |= context.time.is_none() && first != b'n';
            }
            "id" | "time" => drop(json.skip()?),
            "hop_context" => self.read_rare(0, json, context)?,
            "restrictions" => self.read_rare(1, json, context)?,
            "uid" => self.read_rare(2, json, context)?,
            _ => self.has_unknown |= json.skip()? != "null",
        }
        Ok(())
    }

    fn read_rare<'a>(
        &mut self,
        number: usize,
        json: &mut Json<'a>,
        context: &mut Context<'a>,
    ) -> Result<(), Syntax> {
        let value = json.skip()?;
        if !std::mem::replace(&mut self.knows[number], true) {
            *context.rare()[number] = Some(value).filter(|value| *value != "null");
        }
        Ok(())
    }

    /// Reads the members after the next list, for an entry that has its id or time there.
    #[cold]
    pub(super) fn look_behind_list<'a>(
        &mut self,
        mut json: Json<'a>,
        context: &mut Context<'a>,
    ) -> Result<(), Syntax> {
        json.skip()?;
        self.read_rest(json, context)?;
        (self.knows_id, self.knows_time) = (true, true);
        Ok(())
    }

    /// Adds the members after a list to the only event of the list, which has just been read.
    ///
    /// A list of several events gets none: that would cost a second pass over the list.
    #[inline]
    pub(super) fn look_behind_event<'a>(
        &mut self,
        mut json: Json<'a>,
        context: &mut Context<'a>,
        event: &mut Event<'a>,
    ) -> Result<(), Syntax> {
        json.enter(b']');
        if json.peek() == b',' {
            self.add_rest(json, context, event)
        } else {
            Ok(())
        }
    }

    #[cold]
    fn add_rest<'a>(
        &mut self,
        json: Json<'a>,
        context: &mut Context<'a>,
        event: &mut Event<'a>,
    ) -> Result<(), Syntax> {
        let mut new = context.clone();
        self.read_rest(json, &mut new)?;
        for (known, new) in context.rare().into_iter().zip(new.rare()) {
            // The event already has the members before the list.
            let is_new = known.is_none();
            *known = *new;
            *new = new.filter(|_| is_new);
        }
        event.add_entry_members(&new)
    }

    /// Reads the rest of the entry and skips its lists.
    fn read_rest<'a>(
        &mut self,
        mut json: Json<'a>,
        context: &mut Context<'a>,
    ) -> Result<(), Syntax> {
        let mut first = false;
        while let Some(name) = json.next_member(&mut first)? {
            let name = name.decoded();
            match list_of(&name) {
                Some(_) => drop(json.skip()?),
                None => self.read(&name, &mut json, context)?,
            }
        }
        Ok(())
    }

    /// Notes which members of the entry the event has.
    #[inline]
    pub(super) fn mark(&mut self, context: &Context<'_>, event: &Event<'_>) {
        if context.has_rare() {
            for (is_carried, has) in self.is_carried.iter_mut().zip(event.has_entry_members()) {
                *is_carried |= has;
            }
        }
    }

    /// Whether the entry that ended is itself an event.
    ///
    /// True for an entry without a list, such as `call_permission_reply`, and for one with a member
    /// that no event of its lists has.
    #[inline]
    pub(super) fn is_event(&self, entry: &str, context: &mut Context<'_>) -> bool {
        self.lists == 0
            || self.is_damaged
            || (context.has_rare() && self.is_any_left(context))
            || (self.has_unknown && has_unknown(entry))
    }

    #[cold]
    fn is_any_left(&self, context: &mut Context<'_>) -> bool {
        let members = context.rare().into_iter().zip(self.is_carried);
        members
            .into_iter()
            .any(|(member, is_carried)| member.is_some() && !is_carried)
    }

    /// Reads the entry as an event, without the lists, which are events already.
    pub(super) fn read_event<'a>(
        &self,
        entry: &'a str,
        context: &Context<'a>,
        event: &mut Event<'a>,
    ) -> Result<(), Syntax> {
        if self.lists == 0 {
            return event.read(&mut Json::new(entry), context);
        }
        let (own, _) = members_without(entry, |name| list_of(name).is_some())?;
        let mut new = Event::blank();
        new.read(&mut Json::new(&own), context)?;
        *event = new.into_owned();
        Ok(())
    }
}

/// Whether a member is unknown; of members with the same name, the first one counts.
#[cold]
fn has_unknown(entry: &str) -> bool {
    let is_known = |name: &str| {
        list_of(name).is_some()
            || matches!(name, "id" | "time" | "hop_context" | "restrictions" | "uid")
    };
    // It was read once already, so it has no errors.
    matches!(members_without(entry, is_known), Ok((_, Some(_))))
}

/// Whether the envelope has a member other than `object` and `entry`.
#[cold]
pub(super) fn has_envelope_members(body: &str) -> bool {
    matches!(members_without(body, is_of_envelope), Ok((_, Some(_))))
}

fn is_of_envelope(name: &str) -> bool {
    matches!(name, "object" | "entry")
}

/// Reads the members of the envelope other than `object` and `entry` as an event.
#[cold]
pub(super) fn read_envelope<'a>(
    body: &'a str,
    context: &Context<'a>,
    event: &mut Event<'a>,
) -> Result<(), Syntax> {
    let (own, name) = members_without(body, is_of_envelope)?;
    let context = Context::new(context.object.clone(), Channel::Envelope);
    let mut new = Event::blank();
    let reason = "the envelope has a member beside `object` and `entry`";
    new.set_aside(&mut Json::new(&own), &context, name, reason)?;
    *event = new.into_owned();
    Ok(())
}

/// Copies an object without some of its members, and returns the name of the first copied member
/// that is not `null`. The other members are copied byte for byte; of members with the same name,
/// the first one counts.
fn members_without<'a>(
    object: &'a str,
    is_left_out: impl Fn(&str) -> bool,
) -> Result<(String, Option<Text<'a>>), Syntax> {
    let mut json = Json::new(object);
    json.enter(b'{');
    let (mut own, mut first_name) = (String::from("{"), None);
    let (mut first, mut at, mut seen) = (true, json.at(), HashSet::new());
    while let Some(name) = json.next_member(&mut first)? {
        let name = name.decoded();
        let value = json.skip()?;
        if !is_left_out(&name) && seen.insert(name.clone()) {
            if own.len() > 1 {
                own.push(',');
            }
            let member = json.since(at);
            own.push_str(member.trim_start_matches([',', ' ', '\n', '\r', '\t']));
            if value != "null" {
                first_name.get_or_insert(name);
            }
        }
        at = json.at();
    }
    own.push('}');
    Ok((own, first_name))
}
