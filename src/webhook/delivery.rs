//! One `POST` and its events, in order.

use crate::{
    event::{
        Channel, Event, NOT_A_LIST, Object, Place,
        json::{Json, Syntax},
    },
    text::Text,
};

/// More events than this are not reserved ahead; Meta puts no more into a delivery.
const RESERVE: usize = 1000;

/// What one `POST` brought, whole.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery<'a> {
    /// What it is about: Pages, or something that is kept apart.
    pub object: Object<'a>,
    /// The events, in the order of the body.
    pub events: Vec<Event<'a>>,
}

/// A body that is no envelope of events at all.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not UTF-8.
    #[error("the body is not UTF-8 from byte {at}")]
    Encoding {
        /// The first byte that is not, from 0.
        at: usize,
    },
    /// Not JSON, or JSON that is no object with a list of entries.
    #[error("the body is no envelope at line {line} column {column}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1, in bytes.
        column: usize,
    },
}

/// Reads a body whose signature nobody has checked: only for bodies that were verified and kept.
///
/// # Errors
///
/// [`EnvelopeError`] when the body as a whole is unreadable. Damage inside an event stays there.
pub fn parse_unverified(body: &[u8]) -> Result<Delivery<'_>, EnvelopeError> {
    Events::new(body)?.collect_delivery()
}

/// The events of one `POST`, read one by one as they are asked for.
///
/// Nothing is held but the event at hand. A body that turns out to be unreadable ends with the
/// error: what was read before it is as good as ever, and the rest is lost unless the host keeps
/// the bytes.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    json: Json<'a>,
    body: &'a str,
    place: Place<'a>,
    state: State,
    /// Whether the next value is the first of its list of entries, entry, list.
    first: [bool; 3],
    entry: Entry,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// An entry, or the end of the entries.
    Entries,
    /// A member of an entry, or its end.
    Entry,
    /// An event, or the end of its list.
    List,
    Done,
}

/// The entry at hand.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    start: usize,
    /// The lists that it has, one bit for each channel.
    lists: u8,
    /// Whether a member of the entry itself names a kind.
    is_event: bool,
}

impl<'a> Events<'a> {
    pub(super) fn new(body: &'a [u8]) -> Result<Self, EnvelopeError> {
        let body = std::str::from_utf8(body).map_err(|error| EnvelopeError::Encoding {
            at: error.valid_up_to(),
        })?;
        let mut events = Self {
            json: Json::new(body),
            body,
            place: Place {
                object: Object::Other(None),
                channel: Channel::Entry,
                page: None,
            },
            state: State::Done,
            first: [true; 3],
            entry: Entry::default(),
        };
        match events.open() {
            Ok(()) => Ok(events),
            Err(Syntax) => Err(events.error()),
        }
    }

    /// What the events are about.
    pub fn object(&self) -> &Object<'a> {
        &self.place.object
    }

    fn collect_delivery(mut self) -> Result<Delivery<'a>, EnvelopeError> {
        let mut events = Vec::new();
        while let Some(event) = self.next() {
            let event = event?;
            if events.is_empty() {
                // What is left holds about so many more of this size: one allocation mostly.
                let size = event.raw().len().max(1);
                let left = self.body.len().saturating_sub(self.json.at());
                events.reserve_exact(1 + (left / size).min(RESERVE));
            }
            events.push(event);
        }
        Ok(Delivery {
            object: self.place.object,
            events,
        })
    }

    /// Reads up to the entries, and the object wherever it stands.
    fn open(&mut self) -> Result<(), Syntax> {
        if !self.json.enter(b'{') {
            return Err(Syntax);
        }
        let (mut object, mut first) = (None, true);
        let mut entries = None;
        while let Some(name) = self.json.next_member(&mut first)? {
            match name.as_str() {
                "object" if object.is_none() => object = Some(self.json.text()?),
                "entry" if entries.is_none() => {
                    if self.json.peek() != b'[' {
                        if self.json.skip()? != "null" {
                            return Err(Syntax);
                        }
                        continue;
                    }
                    entries = Some(self.json);
                    if object.is_some() {
                        break;
                    }
                    self.json.skip()?;
                }
                _ => drop(self.json.skip()?),
            }
        }
        self.place.object = match object.flatten() {
            Some(name) if name.as_str() == "page" => Object::Page,
            Some(name) if name.as_str() == "instagram" => Object::Instagram,
            name => Object::Other(name),
        };
        if let Some(entries) = entries {
            self.json = entries;
            self.json.enter(b'[');
            self.state = State::Entries;
            Ok(())
        } else if self.json.is_at_end() {
            Ok(())
        } else {
            Err(Syntax)
        }
    }

    #[inline]
    fn step(&mut self) -> Result<Option<Event<'a>>, Syntax> {
        loop {
            match self.state {
                State::List => {
                    if self.json.next_element(&mut self.first[2])? {
                        return Event::read(&mut self.json, &self.place).map(Some);
                    }
                    self.state = State::Entry;
                }
                State::Entry => {
                    if let Some(event) = self.entry()? {
                        return Ok(Some(event));
                    }
                }
                State::Entries => {
                    if !self.json.next_element(&mut self.first[0])? {
                        self.state = State::Done;
                        return self.close().map(|()| None);
                    }
                    self.json.peek();
                    self.entry = Entry {
                        start: self.json.at(),
                        ..Entry::default()
                    };
                    self.place.page = None;
                    if !self.json.enter(b'{') {
                        self.place.channel = Channel::Entry;
                        let reason = "the entry is not an object";
                        return Event::set_aside(&mut self.json, &self.place, reason).map(Some);
                    }
                    self.place.page = page(self.json)?;
                    (self.state, self.first[1]) = (State::Entry, true);
                }
                State::Done => return Ok(None),
            }
        }
    }

    /// Reads one member of an entry, or its end.
    fn entry(&mut self) -> Result<Option<Event<'a>>, Syntax> {
        let Some(name) = self.json.next_member(&mut self.first[1])? else {
            self.state = State::Entries;
            // An entry without a list is an event of its own, as `call_permission_reply` is.
            if self.entry.lists != 0 && !self.entry.is_event {
                return Ok(None);
            }
            self.place.channel = Channel::Entry;
            let mut whole = Json::new(self.json.since(self.entry.start));
            return Event::read(&mut whole, &self.place).map(Some);
        };
        let channel = match name.as_str() {
            "messaging" => Channel::Messaging,
            "standby" => Channel::Standby,
            "changes" => Channel::Changes,
            "calls" => Channel::Calls,
            name => {
                self.entry.is_event |= matches!(name, "call_permission_reply" | "call_settings");
                self.json.skip()?;
                return Ok(None);
            }
        };
        let list = 1 << channel as u8;
        if self.entry.lists & list != 0 {
            // Of two members of one name the first counts.
            return self.json.skip().map(|_| None);
        }
        self.entry.lists |= list;
        self.place.channel = channel;
        if self.json.enter(b'[') {
            (self.state, self.first[2]) = (State::List, true);
            Ok(None)
        } else if self.json.peek() == b'n' {
            self.json.skip().map(|_| None)
        } else {
            Event::set_aside(&mut self.json, &self.place, NOT_A_LIST).map(Some)
        }
    }

    /// Reads what follows the entries.
    fn close(&mut self) -> Result<(), Syntax> {
        let mut first = false;
        while self.json.next_member(&mut first)?.is_some() {
            self.json.skip()?;
        }
        if self.json.is_at_end() {
            Ok(())
        } else {
            Err(Syntax)
        }
    }

    fn error(&self) -> EnvelopeError {
        let read = &self.body.as_bytes()[..self.json.at().min(self.body.len())];
        let line_start = read.iter().rposition(|byte| *byte == b'\n');
        EnvelopeError::Json {
            line: 1 + read.iter().filter(|byte| **byte == b'\n').count(),
            column: read.len() - line_start.map_or(0, |at| at + 1) + 1,
        }
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Result<Event<'a>, EnvelopeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self.step() {
            Ok(event) => event.map(Ok),
            Err(Syntax) => {
                self.state = State::Done;
                Some(Err(self.error()))
            }
        }
    }
}

/// The id of an entry, wherever it stands in it: mostly before the lists.
#[inline]
fn page<'a>(mut entry: Json<'a>) -> Result<Option<Text<'a>>, Syntax> {
    let mut first = true;
    while let Some(name) = entry.next_member(&mut first)? {
        if name.as_str() == "id" {
            return Ok(entry.text()?.filter(|id| !id.is_empty()));
        }
        entry.skip()?;
    }
    Ok(None)
}
