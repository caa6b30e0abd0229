//! Customers of a Page and their messages. Every run makes equal ones.

use std::error::Error;

use messenger_crm::{
    change::{Applied, Change},
    id::{InvalidId, Mid, PageId, Psid},
    model::{ContactKey, Content, Entry, EntryId, Revision, Source, Status},
    store::ContactStore,
    time::Timestamp,
};
use tokio::runtime::Runtime;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// A database to be measured: the library's store on it, and the bare driver.
pub(crate) trait Database {
    type Store: ContactStore + Clone;
    type Bare: Bare;
    type Plain: Bare;

    /// A store on a new database.
    fn store(&self, name: &str) -> Outcome<Self::Store>;
    /// How many transactions this store has committed.
    fn commits(&self, store: &Self::Store) -> u64;
    /// The bare driver on a new database, with the tables of the store.
    fn bare(&self, name: &str) -> Outcome<Self::Bare>;
    /// The bare driver on two plain tables: customers by their last message, and messages.
    fn plain(&self, name: &str) -> Outcome<Self::Plain>;
    /// Fails unless both databases hold the same customers and messages.
    fn compare(&self, store: &str, bare: &str) -> Outcome;
}

/// A driver without a library: it inserts rows that are given to it whole.
pub(crate) trait Bare {
    type Row;

    /// The row of this event, with all that can be known beforehand.
    fn row(&self, event: &Event) -> Outcome<Self::Row>;
    /// Inserts rows, so many of them in one transaction.
    fn insert(&mut self, rows: &[Self::Row], in_one: usize) -> Outcome;
}

/// The only Page.
pub(crate) const PAGE: &str = "102934857610293";
/// A word that one message of a thousand holds.
pub(crate) const RARE: &str = "osmanthus";
/// A word that these old messages hold and no others, however many there are.
pub(crate) const LOST: &str = "bergamot";
const LOST_IN: [u64; 3] = [11, 511, 911];
/// A tag that one customer of eight has.
pub(crate) const TAG: &str = "wholesale";
/// A field of every customer, with one of four values.
pub(crate) const FIELD: &str = "plan";
pub(crate) const PLANS: [&str; 4] = ["free", "basic", "plus", "gold"];
/// Each is responsible for one customer of eight; nobody is for the other half.
pub(crate) const AGENTS: [&str; 4] = ["ada", "ben", "cleo", "dan"];

/// A number of customers, and of messages that they write in turns, each time in another order.
#[derive(Clone, Copy)]
pub(crate) struct World {
    pub(crate) customers: u64,
    pub(crate) messages: u64,
}

/// One message.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) psid: String,
    pub(crate) mid: String,
    pub(crate) at: i64,
    pub(crate) text: String,
}

impl World {
    pub(crate) fn new(customers: u64, messages: u64) -> Self {
        Self {
            customers,
            messages,
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("{} customers, {} messages", self.customers, self.messages)
    }

    /// Who writes the message with this number: a step that has no divisor in common with their
    /// number visits each once.
    pub(crate) fn writer(&self, number: u64) -> u64 {
        let (turn, place) = (number / self.customers, number % self.customers);
        (place * 7_919 + turn * 104_729) % self.customers
    }

    /// The message of this customer in this turn.
    pub(crate) fn number(&self, customer: u64, turn: u64) -> u64 {
        let behind = customer + self.customers - turn * 104_729 % self.customers;
        let place = behind % self.customers * inverse(7_919, self.customers) % self.customers;
        turn * self.customers + place
    }

    pub(crate) fn event(&self, number: u64) -> Event {
        Event {
            psid: psid(self.writer(number)),
            mid: mid(number),
            at: at(number),
            text: text(number),
        }
    }
}

impl Event {
    /// The change that the event means.
    pub(crate) fn change(&self) -> Result<Change, InvalidId> {
        self.change_of(PAGE)
    }

    /// The same on another Page.
    pub(crate) fn change_of(&self, page: &str) -> Result<Change, InvalidId> {
        let id = EntryId::of_message(&Mid::new(self.mid.as_str())?);
        let at = Timestamp::from_millis(self.at);
        let content = Content::text(self.text.as_str());
        let entry = Entry::new(id, at, Source::Webhook, content);
        let contact = ContactKey::new(PageId::new(page)?, Psid::new(self.psid.as_str())?);
        Ok(Change::received(contact, entry))
    }
}

/// Whether a customer has messages that nobody has seen: one of four.
pub(crate) fn is_unread(customer: u64) -> bool {
    drawn(customer, 0).is_multiple_of(4)
}

/// Whether a customer waits for an answer: one of two.
pub(crate) fn is_unanswered(customer: u64) -> bool {
    drawn(customer, 1).is_multiple_of(2)
}

/// Applies the team's decisions about each customer.
pub(crate) fn decide(runtime: &Runtime, store: &dyn ContactStore, world: World) -> Outcome {
    let all: Vec<u64> = (0..world.customers).collect();
    for customers in all.chunks(250) {
        let mut changes: Vec<Change> = Vec::new();
        for customer in customers {
            changes.extend(team(world, *customer)?);
        }
        let applied = runtime.block_on(store.apply(&changes))?;
        if applied.iter().any(|one| *one != Applied::Changed) {
            return Err("the team's decisions were not taken".into());
        }
    }
    Ok(())
}

/// Decisions of the team about a customer: three of ten conversations are open, six are done.
fn team(world: World, customer: u64) -> Outcome<Vec<Change>> {
    let contact = contact(&psid(customer))?;
    let at = Timestamp::from_millis(at(world.messages));
    let revision = Revision::new(world.messages);
    let mut changes = vec![Change::Field {
        contact: contact.clone(),
        name: FIELD.into(),
        value: Some(PLANS[(drawn(customer, 2) % 4) as usize].into()),
        at,
    }];
    if drawn(customer, 3).is_multiple_of(8) {
        changes.push(Change::Tagged {
            contact: contact.clone(),
            tag: TAG.into(),
            on: true,
            at,
            author: None,
        });
    }
    let status = match drawn(customer, 4) % 10 {
        0..=5 => Some(Status::Done),
        6 => Some(Status::snoozed(None)),
        _ => None,
    };
    changes.extend(status.map(|status| Change::Status {
        contact: contact.clone(),
        status,
        revision,
        at,
        author: None,
    }));
    let agent = AGENTS.get((drawn(customer, 5) % 8) as usize);
    changes.extend(agent.map(|agent| Change::Assigned {
        contact,
        assignee: Some((*agent).into()),
        revision,
        at,
        author: None,
    }));
    Ok(changes)
}

/// A number that looks like chance, for one of a customer's properties.
fn drawn(customer: u64, property: u64) -> u64 {
    mixed(customer * 8 + property) >> 7
}

pub(crate) fn contact(psid: &str) -> Result<ContactKey, InvalidId> {
    Ok(ContactKey::new(PageId::new(PAGE)?, Psid::new(psid)?))
}

/// Seventeen digits.
pub(crate) fn psid(customer: u64) -> String {
    format!(
        "{}",
        24_000_000_000_000_000 + mixed(customer) % 1_000_000_000 * 1_000_000 + customer
    )
}

/// A first name that many have, and a family of their own.
pub(crate) fn name(customer: u64) -> (&'static str, String) {
    const FIRST: [&str; 8] = [
        "Mirela", "Tobias", "Xiulan", "Oswin", "Ngaire", "Bartosz", "Delphine", "Kwame",
    ];
    const SYLLABLES: [&str; 16] = [
        "ba", "ko", "ri", "ten", "mu", "sal", "vi", "dor", "ne", "ga", "lin", "os", "pe", "zu",
        "har", "wy",
    ];
    // An odd factor gives each customer below 2²⁰ another number of 20 bits.
    let mut bits = customer * 0x9_e375;
    let mut family = String::new();
    for _ in 0..5 {
        family.push_str(SYLLABLES[(bits & 15) as usize]);
        bits >>= 4;
    }
    (FIRST[mixed(customer) as usize % 8], family)
}

/// A tenth of a second lies between two messages.
pub(crate) fn at(number: u64) -> i64 {
    1_700_000_000_000 + number as i64 * 100
}

/// 88 bytes.
fn mid(number: u64) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut mid = String::from("m_");
    for part in 0..9 {
        let mut bits = mixed(number * 9 + part);
        for _ in 0..10 {
            mid.push(char::from(DIGITS[(bits & 63) as usize]));
            bits >>= 6;
        }
    }
    mid.truncate(88);
    mid
}

/// Two to nine words.
fn text(number: u64) -> String {
    const WORDS: [&str; 32] = [
        "do", "you", "still", "have", "the", "oolong", "from", "spring", "harvest", "please",
        "send", "two", "boxes", "to", "my", "office", "thanks", "how", "much", "is", "delivery",
        "for", "green", "tea", "and", "a", "pot", "when", "will", "it", "arrive", "tomorrow",
    ];
    let mut bits = mixed(number);
    let words = 2 + bits % 8;
    let mut text = String::new();
    for _ in 0..words {
        bits >>= 5;
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(WORDS[(bits & 31) as usize]);
    }
    if number % 1000 == 7 {
        text.push(' ');
        text.push_str(RARE);
    }
    if LOST_IN.contains(&number) {
        text.push(' ');
        text.push_str(LOST);
    }
    text
}

/// A number that looks like chance (splitmix64).
pub(crate) fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// The factor that undoes a step when the places go round in a circle (Euclid).
fn inverse(step: u64, places: u64) -> u64 {
    let (mut old, mut new) = ((step as i64, 1), (places as i64, 0));
    while new.0 != 0 {
        let times = old.0 / new.0;
        (old, new) = (new, (old.0 - times * new.0, old.1 - times * new.1));
    }
    old.1.rem_euclid(places as i64) as u64
}

/// The middle of what was measured.
pub(crate) fn median(mut measured: Vec<f64>) -> f64 {
    measured.sort_by(f64::total_cmp);
    measured
        .get(measured.len() / 2)
        .copied()
        .unwrap_or(f64::NAN)
}
