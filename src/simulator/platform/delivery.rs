//! When a webhook goes out, how often it is repeated, and when Meta gives up.
//!
//! Meta repeats a failed webhook at once and then ever more slowly, for 36 hours. It names no pauses:
//! here the second one is a minute, and each doubles the one before, up to six hours.

use crate::simulator::world::World;
use crate::simulator::world::delivery::{Delivery, DeliveryOptions, Notice, shuffle};

const MINUTE: u64 = 60 * 1000;
const HOUR: u64 = 60 * MINUTE;
/// Longest pause between two attempts, in milliseconds.
const LONGEST_PAUSE: u64 = 6 * HOUR;
/// How long a webhook is repeated, in milliseconds.
const REPEATED: u64 = 36 * HOUR;
/// How long a callback may fail before its app is unsubscribed from the Page, in milliseconds.
const PATIENCE: u64 = HOUR;
/// Least time for which webhooks are collected, in milliseconds.
const COLLECTED: u64 = 1000;
/// How often a webhook is posted at most.
pub(crate) const MOST_COPIES: u32 = 100;

/// Queues a notice for an app.
pub(crate) fn queue(world: &mut World, app: &str, notice: impl Fn() -> Notice) {
    let now = world.now();
    let deliveries = &mut world.deliveries;
    let options = &deliveries.options;
    let delay = u64::try_from(options.delay.as_millis()).unwrap_or(u64::MAX);
    let is_collected = options.collects();
    let delay = if is_collected {
        delay.max(COLLECTED)
    } else {
        delay
    };
    for _ in 0..options.copies.clamp(1, MOST_COPIES) {
        deliveries.pending += 1;
        deliveries.waiting.push(Delivery {
            app: app.to_owned(),
            notices: vec![notice()],
            due: now.saturating_add(delay),
            is_collected,
            failures: 0,
            failing_since: None,
        });
    }
}

/// Changes how webhooks are delivered. Those that waited for their first attempt go out at once.
pub(crate) fn set_options(world: &mut World, options: DeliveryOptions) {
    let now = world.now();
    for delivery in &mut world.deliveries.waiting {
        if delivery.failures == 0 {
            delivery.due = now;
        }
    }
    release(world);
    world.deliveries.order = options.order();
    world.deliveries.options = options;
}

/// Makes everything that waits for its next attempt due: the callback of the app is a new one.
pub(crate) fn hurry(world: &mut World, app: &str) {
    let now = world.now();
    for delivery in &mut world.deliveries.waiting {
        if delivery.app == app && delivery.failures > 0 {
            delivery.due = now;
        }
    }
}

/// Moves what is due from the waiting webhooks to the ready ones.
pub(crate) fn release(world: &mut World) {
    let now = world.now();
    let due = world.deliveries.next_due();
    if due.is_none_or(|due| due > now) {
        return;
    }
    let mut waiting = std::mem::take(&mut world.deliveries.waiting);
    waiting.sort_by_key(|delivery| delivery.due);
    let mut closing: Vec<String> = Vec::new();
    for delivery in &waiting {
        if delivery.is_collected && delivery.due <= now && !closing.contains(&delivery.app) {
            closing.push(delivery.app.clone());
        }
    }
    // What was collected for an app goes out together, also what came a moment ago.
    let mut collected: Vec<Vec<Delivery>> = closing.iter().map(|_| Vec::new()).collect();
    for delivery in waiting {
        let place = closing.iter().position(|app| *app == delivery.app);
        match place.filter(|_| delivery.is_collected) {
            Some(place) => collected[place].push(delivery),
            None if delivery.due <= now => world.deliveries.ready.push(delivery),
            None => world.deliveries.waiting.push(delivery),
        }
    }
    for together in collected {
        arrange(world, together);
    }
}

/// Changes the order of webhooks and joins neighbors, as the options say.
fn arrange(world: &mut World, mut together: Vec<Delivery>) {
    let deliveries = &mut world.deliveries;
    if deliveries.options.shuffle {
        shuffle(&mut together, &mut deliveries.order);
    }
    let longest = deliveries.options.batch.max(1);
    let mut open: Option<Delivery> = None;
    for delivery in together {
        match &mut open {
            Some(joined) if joined.notices.len() < longest => {
                joined.notices.extend(delivery.notices);
            }
            _ => deliveries.ready.extend(open.replace(delivery)),
        }
    }
    deliveries.ready.extend(open);
}

/// The callback answered 200.
pub(crate) fn delivered(world: &mut World, delivery: &Delivery) {
    let deliveries = &mut world.deliveries;
    deliveries.pending = deliveries.pending.saturating_sub(delivery.notices.len());
    for notice in &delivery.notices {
        if let Some(page) = world.page_mut(&notice.page) {
            page.failing_since.remove(&delivery.app);
        }
        let thread = world.thread_mut(&notice.psid);
        let mid = notice.mid.as_deref();
        let message = thread.and_then(|thread| thread.message_mut(mid?));
        if let Some(message) = message {
            message.acknowledged = true;
        }
    }
}

/// The callback failed: the webhook waits for its next attempt. After an hour of failures Meta
/// unsubscribes the app from the Page and drops what waits.
pub(crate) fn failed(world: &mut World, mut delivery: Delivery, reason: String) {
    let now = world.now();
    world.deliveries.last_failure = Some((now, reason));
    for place in 0..delivery.notices.len() {
        let page = delivery.notices[place].page.clone();
        if has_failed_too_long(world, &delivery.app, &page, now) {
            drop_waiting(world, &delivery.app, &page);
        }
    }
    let before = delivery.notices.len();
    delivery.notices.retain(|notice| {
        let page = world.page(&notice.page);
        page.is_some_and(|page| page.subscriptions.contains_key(&delivery.app))
    });
    let since = *delivery.failing_since.get_or_insert(now);
    if now.saturating_sub(since) >= REPEATED {
        delivery.notices.clear();
    }
    let gone = before - delivery.notices.len();
    let deliveries = &mut world.deliveries;
    deliveries.pending = deliveries.pending.saturating_sub(gone);
    if delivery.notices.is_empty() {
        return;
    }
    let pause = pause(delivery.failures, deliveries.repeat_speed);
    delivery.due = now.saturating_add(pause);
    delivery.failures += 1;
    delivery.is_collected = false;
    deliveries.waiting.push(delivery);
}

/// Drops a webhook whose app has no callback any more.
pub(crate) fn dropped(world: &mut World, delivery: &Delivery) {
    let deliveries = &mut world.deliveries;
    deliveries.pending = deliveries.pending.saturating_sub(delivery.notices.len());
}

/// Unsubscribes the app from the Page when its callback has failed for an hour. Returns whether it
/// did.
fn has_failed_too_long(world: &mut World, app: &str, page: &str, now: u64) -> bool {
    let Some(page) = world.page_mut(page) else {
        return false;
    };
    let since = *page.failing_since.entry(app.to_owned()).or_insert(now);
    let is_too_long = now.saturating_sub(since) >= PATIENCE;
    if is_too_long {
        page.subscriptions.remove(app);
        page.failing_since.remove(app);
    }
    is_too_long
}

fn drop_waiting(world: &mut World, app: &str, page: &str) {
    let deliveries = &mut world.deliveries;
    for delivery in &mut deliveries.waiting {
        if delivery.app == app {
            let before = delivery.notices.len();
            delivery.notices.retain(|notice| notice.page != page);
            let gone = before - delivery.notices.len();
            deliveries.pending = deliveries.pending.saturating_sub(gone);
        }
    }
    let waiting = &mut deliveries.waiting;
    waiting.retain(|delivery| !delivery.notices.is_empty());
}

/// Pause in milliseconds after so many earlier failures.
fn pause(failures: u32, speed: u32) -> u64 {
    let pause = match failures {
        0 => 0,
        failures => MINUTE.saturating_mul(1 << (failures - 1).min(16)),
    };
    pause.min(LONGEST_PAUSE) / u64::from(speed.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l5_a_failed_webhook_is_repeated_at_once_and_then_ever_more_slowly() {
        let minutes: Vec<u64> = (0..12)
            .map(|failures| pause(failures, 1) / MINUTE)
            .collect();
        assert_eq!(minutes, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
        assert_eq!(pause(1, 60), 1000);
        assert_eq!(pause(u32::MAX, 1), LONGEST_PAUSE);
    }
}
