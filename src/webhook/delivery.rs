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
    pub object: Object,
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

/// What was found.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// The value that comes next.
    Item,
    /// The entry that has just been read.
    Entry,
    /// The value that comes next, which cannot be an event.
    Aside(&'static str),
}

/// The entry at hand.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    start: usize,
    /// The lists that it has, one bit for each channel.
    lists: u8,
    knows_page: bool,
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
    pub fn object(&self) -> &Object {
        &self.place.object
    }

    fn collect_delivery(mut self) -> Result<Delivery<'a>, EnvelopeError> {
        let mut events: Vec<Event<'a>> = Vec::new();
        match self.read_all(&mut events) {
            Ok(()) => Ok(Delivery {
                object: self.place.object,
                events,
            }),
            Err(Syntax) => Err(self.error()),
        }
    }

    fn read_all(&mut self, events: &mut Vec<Event<'a>>) -> Result<(), Syntax> {
        while let Some(next) = self.seek()? {
            let last = events.len();
            events.reserve_exact(usize::from(last == 0));
            // Read where it stays: see `Event::read`.
            events.push(Event::blank());
            self.read(next, &mut events[last])?;
            if last == 0 {
                // What is left holds about so many more of this size: one allocation mostly.
                let size = events[0].raw().len().max(1);
                let left = self.body.len().saturating_sub(self.json.at());
                events.reserve_exact((left / size).min(RESERVE));
            }
        }
        Ok(())
    }

    /// Reads up to the entries, and the object wherever it stands.
    fn open(&mut self) -> Result<(), Syntax> {
        // Meta begins the deliveries of Pages like this; everything else is read below.
        if self.json.take(r#"{"object":"page","entry":["#) {
            self.place.object = Object::Page;
            self.state = State::Entries;
            return Ok(());
        }
        if !self.json.enter(b'{') {
            return Err(Syntax);
        }
        let (mut object, mut first) = (None, true);
        let (mut entries, mut has_entry) = (None, false);
        while let Some(name) = self.json.next_member(&mut first)? {
            match &*name.decoded() {
                "object" if object.is_none() => object = Some(self.json.text()?),
                "entry" if !has_entry => {
                    has_entry = true;
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
            name => Object::Other(name.map(|name| (*name).into())),
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

    /// Goes to the next event.
    #[inline]
    fn seek(&mut self) -> Result<Option<Next>, Syntax> {
        loop {
            match self.state {
                State::List => {
                    if self.json.next_element(&mut self.first[2])? {
                        return Ok(Some(Next::Item));
                    }
                    self.state = State::Entry;
                }
                State::Entry => {
                    if let Some(next) = self.seek_in_entry()? {
                        return Ok(Some(next));
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
                        return Ok(Some(Next::Aside("the entry is not an object")));
                    }
                    (self.state, self.first[1]) = (State::Entry, true);
                }
                State::Done => return Ok(None),
            }
        }
    }

    /// Reads one member of an entry, or its end.
    #[inline]
    fn seek_in_entry(&mut self) -> Result<Option<Next>, Syntax> {
        let Some(name) = self.json.next_member(&mut self.first[1])? else {
            self.state = State::Entries;
            self.place.channel = Channel::Entry;
            // An entry without a list is an event of its own, as `call_permission_reply` is.
            let is_event = self.entry.is_event || self.entry.lists == 0;
            return Ok(is_event.then_some(Next::Entry));
        };
        let mut decoded = String::new();
        let channel = match name.name(&mut decoded) {
            "messaging" => Channel::Messaging,
            "standby" => Channel::Standby,
            "changes" => Channel::Changes,
            "calls" => Channel::Calls,
            "id" if !self.entry.knows_page => {
                self.entry.knows_page = true;
                self.place.page = page(&mut self.json)?;
                return Ok(None);
            }
            name => {
                self.entry.is_event |= matches!(name, "call_permission_reply" | "call_settings");
                self.json.skip()?;
                return Ok(None);
            }
        };
        let list = 1 << channel as u8;
        if self.entry.lists & list != 0 {
            // Of two members of one name the first counts.
            self.json.skip()?;
            return Ok(None);
        }
        self.entry.lists |= list;
        if !self.entry.knows_page {
            self.entry.knows_page = true;
            self.place.page = page_after(self.json)?;
        }
        self.place.channel = channel;
        if self.json.enter(b'[') {
            (self.state, self.first[2]) = (State::List, true);
            Ok(None)
        } else if self.json.peek() == b'n' {
            self.json.skip()?;
            Ok(None)
        } else {
            Ok(Some(Next::Aside(NOT_A_LIST)))
        }
    }

    /// Reads the event that was found into one that is blank.
    #[inline]
    fn read(&mut self, next: Next, event: &mut Event<'a>) -> Result<(), Syntax> {
        match next {
            Next::Item => event.read(&mut self.json, &self.place),
            Next::Entry => {
                let mut whole = Json::new(self.json.since(self.entry.start));
                event.read(&mut whole, &self.place)
            }
            Next::Aside(reason) => event.set_aside(&mut self.json, &self.place, reason),
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
        let mut event = Event::blank();
        let read = match self.seek() {
            Ok(None) => return None,
            Ok(Some(next)) => self.read(next, &mut event),
            Err(error) => Err(error),
        };
        match read {
            Ok(()) => Some(Ok(event)),
            Err(Syntax) => {
                self.state = State::Done;
                Some(Err(self.error()))
            }
        }
    }
}

/// The id of an entry.
#[inline]
fn page<'a>(json: &mut Json<'a>) -> Result<Option<Text<'a>>, Syntax> {
    Ok(json.text()?.filter(|id| !id.is_empty()))
}

/// The id of an entry that stands behind one of its lists.
fn page_after<'a>(mut list: Json<'a>) -> Result<Option<Text<'a>>, Syntax> {
    list.skip()?;
    let mut first = false;
    while let Some(name) = list.next_member(&mut first)? {
        if &*name.decoded() == "id" {
            return page(&mut list);
        }
        list.skip()?;
    }
    Ok(None)
}
