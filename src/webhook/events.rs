//! The events of a body, read one by one.

use super::{
    delivery::{Delivery, EnvelopeError},
    entry::{Entry, has_envelope_members, list_of, read_envelope},
};
use crate::event::{
    Channel, Context, Event, NOT_A_LIST, Object,
    json::{Json, Syntax},
};

/// More events than this are not reserved ahead; Meta puts no more into a delivery.
const RESERVE: usize = 1000;

/// Lazy iterator over the events of one `POST`: `next` reads one event.
///
/// A JSON syntax error ends the iterator with an [`EnvelopeError`]. The events before it are valid.
/// Store the bytes of such a body, because the events after it are not read.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    json: Json<'a>,
    body: &'a str,
    context: Context<'a>,
    state: State,
    /// Whether the next value is the first of its list of entries, entry, list.
    first: [bool; 3],
    entry: Entry,
    /// Whether the envelope has members other than `object` and `entry`, or repeats one of them.
    has_envelope_members: bool,
}

/// Position in the envelope.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// An entry, or the end of the entries.
    Entries,
    /// A member of an entry, or its end.
    Entry,
    /// An event, or the end of its list.
    List,
    /// The members of the envelope after its entries.
    Envelope,
    Done,
}

/// Kind of the value found.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// The next value is the first event of its list.
    FirstItem,
    /// The next value is a later event of its list.
    Item,
    /// The entry that ended here is an event.
    Entry,
    /// The next value cannot be an event.
    Aside(&'static str),
    /// The envelope that ended here is an event.
    Envelope,
}

impl<'a> Events<'a> {
    /// Reads a body whose signature was checked before.
    pub(crate) fn new(body: &'a [u8]) -> Result<Self, EnvelopeError> {
        let body = std::str::from_utf8(body).map_err(|error| EnvelopeError::Encoding {
            at: error.valid_up_to(),
        })?;
        let mut events = Self {
            json: Json::new(body),
            body,
            context: Context::new(Object::Page, Channel::Entry),
            state: State::Entries,
            first: [true; 3],
            entry: Entry::default(),
            has_envelope_members: false,
        };
        match events.open() {
            Ok(None) => Ok(events),
            Ok(Some(expected)) => Err(EnvelopeError::Shape { expected }),
            Err(Syntax) => Err(events.error()),
        }
    }

    /// Returns the product that the events belong to.
    pub fn object(&self) -> &Object {
        &self.context.object
    }

    pub(super) fn collect_delivery(mut self) -> Result<Delivery<'a>, EnvelopeError> {
        let mut events: Vec<Event<'a>> = Vec::new();
        match self.read_all(&mut events) {
            Ok(()) => Ok(Delivery {
                object: self.context.object,
                events,
            }),
            Err(Syntax) => Err(self.error()),
        }
    }

    fn read_all(&mut self, events: &mut Vec<Event<'a>>) -> Result<(), Syntax> {
        while let Some(next) = self.seek()? {
            let last = events.len();
            events.reserve_exact(usize::from(last == 0));
            // Read in place: see `Event::read`.
            events.resize_with(last + 1, Event::blank);
            self.read(next, &mut events[last])?;
            if last == 0 {
                // The rest of the body holds about so many events of this size: mostly one
                // allocation is enough.
                let size = events[0].raw().len().max(1);
                let left = self.body.len().saturating_sub(self.json.at());
                events.reserve_exact((left / size).min(RESERVE));
            }
        }
        Ok(())
    }

    /// Reads up to the entries, and `object` at any position; returns what is missing.
    fn open(&mut self) -> Result<Option<&'static str>, Syntax> {
        // Meta begins the deliveries of Pages like this; everything else is read below.
        if self.json.take(r#"{"object":"page","entry":["#) {
            self.context.object = Object::Page;
            return Ok(None);
        }
        if !self.json.enter(b'{') {
            self.json.skip()?;
            return self.end("an object was expected");
        }
        let (mut object, mut entries) = (None, None);
        let mut first = true;
        while let Some(name) = self.json.next_member(&mut first)? {
            match &*name.decoded() {
                "object" if object.is_none() => object = Some(self.json.text()?),
                "entry" if entries.is_none() => {
                    let is_list = self.json.peek() == b'[';
                    entries = Some(is_list.then_some(self.json));
                    if is_list && matches!(object, Some(Some(_))) {
                        break;
                    }
                    self.json.skip()?;
                }
                "object" | "entry" => drop(self.json.skip()?),
                _ => self.has_envelope_members |= self.json.skip()? != "null",
            }
        }
        let Some(object) = object.flatten() else {
            return self.end("a text `object` was expected");
        };
        let Some(entries) = entries.flatten() else {
            return self.end("a list `entry` was expected");
        };
        self.context.object = Object::from(object.as_str());
        self.json = entries;
        self.json.enter(b'[');
        Ok(None)
    }

    /// Returns what is missing, in a body that is JSON to its end.
    fn end(&mut self, expected: &'static str) -> Result<Option<&'static str>, Syntax> {
        if self.json.is_at_end() {
            Ok(Some(expected))
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
                    let is_first = self.first[2];
                    if self.json.next_element(&mut self.first[2])? {
                        return Ok(Some(if is_first {
                            Next::FirstItem
                        } else {
                            Next::Item
                        }));
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
                        self.state = State::Envelope;
                        continue;
                    }
                    self.json.peek();
                    self.entry = Entry::at(self.json.at());
                    self.context.id = None;
                    self.context.time = None;
                    for member in self.context.rare() {
                        *member = None;
                    }
                    if !self.json.enter(b'{') {
                        self.context.channel = Channel::Entry;
                        return Ok(Some(Next::Aside("the entry is not an object")));
                    }
                    (self.state, self.first[1]) = (State::Entry, true);
                }
                State::Envelope => {
                    self.state = State::Done;
                    self.close()?;
                    let is_event = self.has_envelope_members && has_envelope_members(self.body);
                    return Ok(is_event.then_some(Next::Envelope));
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
            self.context.channel = Channel::Entry;
            let entry = self.json.since(self.entry.start());
            let is_event = self.entry.is_event(entry, &mut self.context);
            return Ok(is_event.then_some(Next::Entry));
        };
        let mut decoded = String::new();
        let name = name.name(&mut decoded);
        let Some(channel) = list_of(name) else {
            self.entry.read(name, &mut self.json, &mut self.context)?;
            return Ok(None);
        };
        if !self.entry.begin_list(channel) {
            // Of two members of one name the first counts.
            self.json.skip()?;
            return Ok(None);
        }
        if !self.entry.knows_id_and_time() {
            self.entry.look_behind_list(self.json, &mut self.context)?;
        }
        self.context.channel = channel;
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
            Next::Item => event.read(&mut self.json, &self.context)?,
            Next::FirstItem => {
                event.read(&mut self.json, &self.context)?;
                if self.json.peek() == b']' {
                    self.entry
                        .look_behind_event(self.json, &mut self.context, event)?;
                }
            }
            Next::Aside(reason) => event.set_aside(&mut self.json, &self.context, None, reason)?,
            Next::Entry => {
                let whole = self.json.since(self.entry.start());
                return self.entry.read_event(whole, &self.context, event);
            }
            Next::Envelope => return read_envelope(self.body, &self.context, event),
        }
        self.entry.mark(&self.context, event);
        Ok(())
    }

    /// Reads the members of the envelope after its entries.
    fn close(&mut self) -> Result<(), Syntax> {
        let mut first = false;
        while let Some(name) = self.json.next_member(&mut first)? {
            let is_known = matches!(&*name.decoded(), "object" | "entry");
            self.has_envelope_members |= self.json.skip()? != "null" && !is_known;
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
