//! Cost of a list of fifty with few customers and with many, beside bare SQL for the same columns.

use std::{hint::black_box, time::Instant};

use messenger_crm::{
    id::PageId,
    model::{ContactKey, StatusKind},
    store::{
        AssigneeFilter, ContactFilter, ContactOrder, ContactQuery, ContactStore, MessageQuery,
        SearchQuery,
    },
    time::Timestamp,
};
use tokio::runtime::Runtime;

use crate::world::{
    AGENTS, FIELD, LOST, Outcome, PAGE, PLANS, RARE, TAG, World, at, contact, median, name, psid,
};

/// So many places are looked at, spread over all customers.
const PLACES: usize = 200;
const LIMIT: u32 = 50;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// A world in a store.
pub(crate) struct Side<'s> {
    pub(crate) store: &'s dyn ContactStore,
    pub(crate) world: World,
    /// `None` where there is nothing to compare with.
    pub(crate) bare: Option<&'s dyn BareReads>,
}

/// A database that is asked without the library.
pub(crate) trait BareReads {
    /// Reads the columns of a list, of one row more than its limit; returns the number of rows.
    fn read(&self, list: &List) -> Outcome<usize>;
    /// Steps that the database has made for all reads of the store so far, where it counts them.
    fn steps(&self) -> Option<u64>;
}

/// A list to read.
pub(crate) enum List {
    Customers {
        filter: ContactFilter,
        order: ContactOrder,
        /// Where the list goes on.
        after: Option<Cursor>,
    },
    Conversation(ContactKey),
    Search(&'static str),
    /// Customers by a part of their name.
    Named {
        text: String,
        is_frequent: bool,
    },
}

/// A place in the inbox.
#[derive(Clone)]
pub(crate) struct Cursor {
    text: String,
    /// Time of the last customer before it.
    pub(crate) at: Timestamp,
}

/// One line to print.
struct Line {
    name: String,
    /// The list at a place; there are as many as [`PLACES`].
    list: ListAt,
}

type ListAt = Box<dyn Fn(World, &[Cursor], usize) -> Outcome<List>>;

/// Cost on one side: microseconds of the store and of bare SQL, steps, and rows.
struct Measured {
    store: f64,
    bare: f64,
    steps: f64,
    rows: usize,
}

pub(crate) fn pages(runtime: &Runtime, [small, large]: [Side<'_>; 2], runs: usize) -> Outcome {
    println!(
        "lists of {LIMIT}, median of {runs}, warm, in microseconds (x bare SQL for the same columns)"
    );
    println!("  from {}", small.world.name());
    println!("  to   {}", large.world.name());
    let cursors = [
        runtime.block_on(cursors(small.store, small.world))?,
        runtime.block_on(cursors(large.store, large.world))?,
    ];
    for Line { name, list } in lines().into_iter().chain(filters()) {
        let mut measured = [Vec::new(), Vec::new()];
        // The first rounds warm what is kept in memory, and do not count.
        for run in 0..runs + PLACES {
            for (number, side) in [&small, &large].into_iter().enumerate() {
                let list = list(side.world, &cursors[number], run % PLACES)?;
                let found = side.measure(runtime, &list)?;
                if found.rows == 0 {
                    return Err(format!("{name}: nothing among {}", side.world.name()).into());
                }
                if run >= PLACES {
                    measured[number].push(found);
                }
            }
        }
        let [few, many] = measured.map(|all| Measured {
            store: median(all.iter().map(|one| one.store).collect()),
            bare: median(all.iter().map(|one| one.bare).collect()),
            steps: median(all.iter().map(|one| one.steps).collect()),
            rows: all.last().map_or(0, |one| one.rows),
        });
        println!(
            "  {name:<34} {:>8.1} ({:>5.2} x) -> {:>8.1} ({:>5.2} x) {:>6.2} x   steps {:>6.0} -> {:>6.0}   rows {:>2} -> {:>2}",
            few.store,
            few.store / few.bare,
            many.store,
            many.store / many.bare,
            many.store / few.store,
            few.steps,
            many.steps,
            few.rows,
            many.rows
        );
    }
    Ok(())
}

impl Side<'_> {
    fn measure(&self, runtime: &Runtime, list: &List) -> Outcome<Measured> {
        let steps = self.bare.and_then(BareReads::steps);
        let begun = Instant::now();
        let rows = runtime.block_on(read(self.store, list))?;
        let store = micros(begun);
        let after = self.bare.and_then(BareReads::steps);
        let begun = Instant::now();
        if let Some(bare) = self.bare {
            black_box(bare.read(list)?);
        }
        Ok(Measured {
            store,
            bare: self.bare.map_or(f64::NAN, |_| micros(begun)),
            steps: (steps.zip(after)).map_or(f64::NAN, |(before, after)| (after - before) as f64),
            rows,
        })
    }
}

fn micros(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e6
}

async fn read(store: &dyn ContactStore, list: &List) -> Outcome<usize> {
    Ok(match list {
        List::Customers {
            filter,
            order,
            after,
        } => {
            let mut query = ContactQuery::from(filter.clone()).with_order(*order);
            query.after = after.as_ref().map(|cursor| cursor.text.clone());
            black_box(store.contacts(&query.with_limit(LIMIT)).await?)
                .rows
                .len()
        }
        List::Conversation(key) => {
            let query = MessageQuery::new(key.clone()).with_limit(LIMIT);
            black_box(store.messages(&query).await?).rows.len()
        }
        List::Search(word) => {
            let mut query = SearchQuery::new(PageId::new(PAGE)?, *word);
            query.limit = LIMIT;
            black_box(store.search(&query).await?).rows.len()
        }
        List::Named { text, .. } => {
            let filter = ContactFilter::new(PageId::new(PAGE)?).with_name(text.as_str());
            let query = ContactQuery::from(filter).with_limit(LIMIT);
            black_box(store.contacts(&query).await?).rows.len()
        }
    })
}

/// The lists of the inbox, the conversation, and searches.
fn lines() -> Vec<Line> {
    let line = |name: &str, list: fn(World, &[Cursor], usize) -> Outcome<List>| Line {
        name: name.to_owned(),
        list: Box::new(list),
    };
    vec![
        line("inbox, anywhere", |_, cursors, place| {
            let after = cursors.get(place).cloned();
            Ok(List::Customers {
                filter: ContactFilter::new(PageId::new(PAGE)?),
                order: ContactOrder::LastActivity,
                after: Some(after.ok_or("the inbox is shorter than it should be")?),
            })
        }),
        line("conversation", |world, _, place| {
            Ok(List::Conversation(contact(&psid(customer(world, place)))?))
        }),
        line("search, three old hits", |_, _, _| Ok(List::Search(LOST))),
        line("search, a rare word", |_, _, _| Ok(List::Search(RARE))),
        line("search, a common word", |_, _, _| {
            Ok(List::Search("oolong"))
        }),
        line("names, one of them", |world, _, place| {
            Ok(List::Named {
                text: name(customer(world, place)).1,
                is_frequent: false,
            })
        }),
        line("names, one in eight", |world, _, place| {
            Ok(List::Named {
                text: name(customer(world, place)).0.to_owned(),
                is_frequent: true,
            })
        }),
    ]
}

/// Every exact filter with every order (R7).
fn filters() -> Vec<Line> {
    type With = fn(ContactFilter) -> ContactFilter;
    type Of = fn(World) -> ContactOrder;
    let filters: [(&str, With); 12] = [
        ("all", |all| all),
        ("open", |all| all.with_status(StatusKind::Open)),
        ("of an agent", |all| all.with_assignee(AGENTS[0])),
        ("of nobody", |all| all.unassigned()),
        ("unread", |all| all.unread()),
        ("unanswered", |all| all.unanswered()),
        ("tag", |all| all.with_tag(TAG)),
        ("field", |all| all.with_field(FIELD, PLANS[0])),
        ("open, of an agent", |all| {
            all.with_status(StatusKind::Open).with_assignee(AGENTS[0])
        }),
        ("open, unanswered", |all| {
            all.with_status(StatusKind::Open).unanswered()
        }),
        ("of an agent, unread", |all| {
            all.with_assignee(AGENTS[0]).unread()
        }),
        ("open, tag", |all| {
            all.with_status(StatusKind::Open).with_tag(TAG)
        }),
    ];
    let orders: [(&str, Of); 3] = [
        ("latest", |_| ContactOrder::LastActivity),
        ("waiting longest", |_| ContactOrder::WaitingLongest),
        ("window ends", |world| ContactOrder::WindowEndingSoonest {
            opened_after: Timestamp::from_millis(at(world.messages) - DAY),
        }),
    ];
    let mut lines = Vec::new();
    for (filter, with) in filters {
        for (order, of) in orders {
            let list = move |world: World, _: &[Cursor], _: usize| {
                Ok(List::Customers {
                    filter: with(ContactFilter::new(PageId::new(PAGE)?)),
                    order: of(world),
                    after: None,
                })
            };
            lines.push(Line {
                name: format!("{filter}: {order}"),
                list: Box::new(list),
            });
        }
    }
    lines
}

/// The customer of a place.
fn customer(world: World, place: usize) -> u64 {
    place as u64 * (world.customers / PLACES as u64)
}

/// Walks through the inbox once; returns places that are spread over all of it.
async fn cursors(store: &dyn ContactStore, world: World) -> Outcome<Vec<Cursor>> {
    let mut query = ContactQuery::new(PageId::new(PAGE)?);
    query.limit = u32::try_from(world.customers / (PLACES as u64 + 1))?.min(1000);
    let mut all = Vec::new();
    loop {
        let listing = store.contacts(&query).await?;
        let (Some(text), Some(last)) = (listing.next, listing.rows.last()) else {
            break;
        };
        let at = last.last_at;
        query.after = Some(text.clone());
        all.push(Cursor { text, at });
    }
    let step = (all.len() / PLACES).max(1);
    Ok(all.into_iter().step_by(step).take(PLACES).collect())
}

/// Parts of the bare SQL of a list of customers.
pub(crate) struct ListSql {
    /// Column that orders the list.
    pub(crate) column: &'static str,
    pub(crate) direction: &'static str,
    /// Compares the column with the bound, where the list begins.
    pub(crate) than: &'static str,
    pub(crate) bound: i64,
    /// A condition for each part of the index that is read; an empty one for the whole index.
    pub(crate) buckets: Vec<String>,
}

impl ListSql {
    /// The list from the beginning, or `before` a time of [`ContactOrder::LastActivity`].
    pub(crate) fn new(filter: &ContactFilter, order: ContactOrder, before: i64) -> Outcome<Self> {
        let bound = match order {
            ContactOrder::LastActivity => before,
            ContactOrder::WaitingLongest => i64::MIN,
            ContactOrder::WindowEndingSoonest { opened_after } => opened_after.as_millis(),
            _ => return Err("there is no bare SQL for this order".into()),
        };
        let (than, direction) = match order.is_descending() {
            true => ("<", "DESC"),
            false => (">", "ASC"),
        };
        let buckets = buckets(filter, order);
        let is_whole = buckets.len() == 24 && order == ContactOrder::LastActivity;
        let conditions = buckets.iter().map(|one| format!("AND bucket = {one}"));
        Ok(Self {
            column: order.column(),
            direction,
            than,
            bound,
            buckets: if is_whole {
                vec![String::new()]
            } else {
                conditions.collect()
            },
        })
    }
}

/// The buckets that a filter accepts: 1 for snoozed, 2 for done, and 3, 6 and 12 for unread,
/// unanswered and assigned.
fn buckets(filter: &ContactFilter, order: ContactOrder) -> Vec<i64> {
    let is_open_only = filter.statuses == [StatusKind::Open];
    let waits = filter.unanswered || order == ContactOrder::WaitingLongest;
    let accepts = |bucket: &i64| {
        (!is_open_only || bucket % 3 == 0)
            && (!filter.unread || bucket / 3 % 2 == 1)
            && (!waits || bucket / 6 % 2 == 1)
            && match filter.assignee {
                None => true,
                Some(AssigneeFilter::Nobody) => bucket / 12 == 0,
                Some(_) => bucket / 12 == 1,
            }
    };
    (0..24).filter(accepts).collect()
}
