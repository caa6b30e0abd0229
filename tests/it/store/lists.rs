//! Lists with filters and orders, and their counts.

use messenger_crm::model::StatusKind;
use messenger_crm::store::{ContactOrder, Count};

use super::*;

const CUSTOMERS: i64 = 60;

/// Customers of two Pages in many states; some share a moment.
async fn fill(store: &dyn ContactStore) {
    for number in 0..CUSTOMERS {
        let page = if number % 4 == 3 { "2" } else { "1" };
        let who = contact(page, &format!("c{number}"));
        let when = number / 2;
        apply(store, received(&who, "m1", when, "Hello")).await;
        apply(
            store,
            known(&who, when, &format!("Name {}", number % 6), None),
        )
        .await;
        if number % 3 == 0 {
            apply(store, queued(&who, &key(1), when + 1)).await;
        }
        let revision = person(store, &who).await.revision;
        if number % 5 == 0 {
            apply(store, seen(&who, revision)).await;
        }
        match number % 7 {
            0 => drop(apply(store, status(&who, Status::Done, revision, 90)).await),
            1 => drop(apply(store, status(&who, Status::snoozed(None), revision, 90)).await),
            _ => {}
        }
        match number % 4 {
            0 => drop(apply(store, assigned(&who, "bea", revision, 90)).await),
            1 => drop(apply(store, assigned(&who, "cem", revision, 90)).await),
            _ => {}
        }
        if number % 2 == 0 {
            apply(store, tagged(&who, "vip", true, 1)).await;
        }
        if number % 3 == 0 {
            apply(store, tagged(&who, "late", true, 1)).await;
        }
        let plan = if number % 5 == 1 { "gold" } else { "silver" };
        apply(store, field(&who, "plan", plan)).await;
    }
}

fn pages(names: &[&str]) -> ContactFilter {
    let pages = names.iter().map(|name| PageId::new(*name).unwrap());
    ContactFilter::of_pages(pages.collect())
}

/// Filters that the contract calls exact, and others.
fn filters() -> Vec<ContactFilter> {
    let mut filters = Vec::new();
    for names in [&["1"][..], &["2"], &["1", "2"], &["3", "2"]] {
        let here = || pages(names);
        filters.extend([
            here(),
            here().with_status(StatusKind::Done),
            here()
                .with_status(StatusKind::Open)
                .with_status(StatusKind::Snoozed),
            here().with_assignee("bea"),
            here().unassigned(),
            here().unread(),
            here().unanswered(),
            here().with_tag("vip"),
            here().with_field("plan", "gold"),
            here().with_status(StatusKind::Open).with_assignee("bea"),
            here().with_status(StatusKind::Open).unanswered(),
            here().with_assignee("bea").unread(),
            here().with_tag("vip").with_status(StatusKind::Open),
            // An index gives only a part of these.
            here().with_tag("vip").with_tag("late"),
            here().with_tag("vip").with_field("plan", "silver").unread(),
            here().with_assignee("cem").with_tag("late"),
            here().with_name("name 3"),
            here().with_name("3").with_tag("late").unanswered(),
        ]);
    }
    filters
}

fn orders() -> [ContactOrder; 4] {
    [
        ContactOrder::LastActivity,
        ContactOrder::WaitingLongest,
        ContactOrder::WindowEndingSoonest {
            opened_after: at(7),
        },
        ContactOrder::OldestMessage { up_to: at(20) },
    ]
}

async fn walk(store: &dyn ContactStore, query: &ContactQuery) -> Vec<Contact> {
    let mut query = query.clone().with_limit(7);
    let mut all = Vec::new();
    loop {
        let listing = store.contacts(&query).await.unwrap();
        assert!(listing.rows.len() <= 7);
        all.extend(listing.rows);
        query.after = listing.next;
        if query.after.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn r7_r8_each_filter_with_each_order_finds_every_match_once_and_in_order() {
    on_each_store(async |store| {
        fill(store).await;
        let mut everybody = Vec::new();
        for page in ["1", "2"] {
            let query = ContactQuery::from(pages(&[page])).with_limit(1000);
            everybody.extend(store.contacts(&query).await.unwrap().rows);
        }
        assert_eq!(everybody.len(), CUSTOMERS as usize);
        let mut matches = 0;
        for filter in filters() {
            let is_named = |contact: &Contact| {
                let name = contact.profile.as_ref().unwrap().name.clone().unwrap();
                let name = name.to_lowercase();
                filter.name.as_ref().is_none_or(|text| name.contains(text))
            };
            let passes = |contact: &&Contact| {
                let is_here = filter.pages.contains(&contact.key.page);
                is_here && filter.accepts(contact) && is_named(contact)
            };
            for order in orders() {
                let query = ContactQuery::from(filter.clone()).with_order(order);
                let listed = walk(store, &query).await;
                let time = |contact: &Contact| {
                    let at = order.key(contact).unwrap().as_millis();
                    if order.is_descending() { -at } else { at }
                };
                assert!(listed.is_sorted_by_key(time), "{filter:?} {order:?}");
                let in_order = everybody.iter().filter(passes);
                let in_order = in_order.filter(|contact| order.key(contact).is_some());
                let mut expected: Vec<&ContactKey> = in_order.map(|one| &one.key).collect();
                let mut found: Vec<&ContactKey> = listed.iter().map(|one| &one.key).collect();
                expected.sort();
                found.sort();
                assert_eq!(found, expected, "{filter:?} {order:?}");
                matches += found.len();
            }
            let count = u32::try_from(everybody.iter().filter(passes).count()).unwrap();
            let expected = if filter.is_exact() {
                Count::Exactly(count)
            } else {
                Count::AtLeast(count)
            };
            assert_eq!(store.count(&filter).await.unwrap(), expected, "{filter:?}");
        }
        assert!(matches > 1000, "{matches}");
    })
    .await;
}

#[tokio::test]
async fn r8_counts_are_exact_to_a_thousand_and_the_same_in_every_store() {
    on_each_store(async |store| {
        let changes: Vec<Change> = (0..1000)
            .map(|number| received(&contact("1", &format!("c{number}")), "m1", number, "Hello"))
            .collect();
        for some in changes.chunks(100) {
            store.apply(some).await.unwrap();
        }
        let (all, unread) = (pages(&["1"]), pages(&["1"]).unread());
        for filter in [&all, &unread] {
            assert_eq!(store.count(filter).await.unwrap(), Count::Exactly(1000));
        }
        for number in 0..2 {
            let one_more = contact("1", &format!("more {number}"));
            apply(store, received(&one_more, "m1", 5, "Hello")).await;
            for filter in [&all, &unread] {
                assert_eq!(store.count(filter).await.unwrap(), Count::AtLeast(1000));
            }
        }
        let none = pages(&["1"]).with_assignee("nobody");
        assert_eq!(store.count(&none).await.unwrap(), Count::Exactly(0));
        let error = store.count(&pages(&[])).await;
        assert!(
            matches!(error, Err(StoreError::InvalidQuery(_))),
            "{error:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn r9_r13_a_customer_is_found_by_the_hosts_own_id_on_all_pages() {
    on_each_store(async |store| {
        let other = contact("2", "ada of another Page");
        for who in [&other, &ada(), &contact("1", "bob")] {
            apply(store, received(who, "m1", 1, "Hello")).await;
        }
        apply(store, field(&ada(), "customer", "4711")).await;
        apply(store, field(&other, "customer", "4711")).await;
        apply(store, field(&contact("1", "bob"), "customer", "47")).await;
        // A field of a customer who has not written yet.
        apply(store, field(&contact("1", "cy"), "customer", "4711")).await;
        let found = store.find("customer", "4711").await.unwrap();
        let keys: Vec<ContactKey> = found.into_iter().map(|contact| contact.key).collect();
        assert_eq!(keys, [ada(), other]);
        for (name, value) in [
            ("customer", "471"),
            ("customers", "4711"),
            ("4711", "customer"),
        ] {
            assert_eq!(store.find(name, value).await.unwrap(), [], "{name}");
        }
        let removed = Change::Field {
            contact: ada(),
            name: "customer".to_owned(),
            value: None,
            at: at(2),
        };
        apply(store, removed).await;
        assert_eq!(store.find("customer", "4711").await.unwrap().len(), 1);
    })
    .await;
}
