//! Ids and times of changes: which events share an entry, and which time counts.

use std::collections::BTreeSet;

use messenger_crm::event::{Channel, Kind, Object};
use messenger_crm::model::{EntryId, RawEvent, Source};

use super::*;

#[test]
fn a_change_has_the_page_customer_and_time_of_its_event() {
    for_each_event(|name, event| {
        let change = Change::of(event, NOW);
        assert_eq!(change.page(), event.page().as_ref(), "{name}");
        let time = event
            .happened_at()
            .unwrap_or(NOW)
            .min(NOW + Change::MAX_AHEAD);
        match &change {
            Change::RawEvent(raw_event) => {
                assert_eq!(raw_event.psid, event.customer(), "{name}");
                assert_eq!(raw_event.at, time, "{name}");
                assert_eq!(raw_event.raw, event.to_delivery().into_bytes(), "{name}");
            }
            _ => {
                let psid = &change.contact().unwrap().psid;
                assert_eq!(Some(psid), event.customer().as_ref(), "{name}");
            }
        }
        if let Some(entry) = entry(&change) {
            assert_eq!(entry.at, time, "{name}");
            let is_standby = event.channel == Channel::Standby;
            assert_eq!(entry.source == Source::Standby, is_standby, "{name}");
        }
    });
}

#[test]
fn the_id_of_an_entry_is_its_mid_or_a_hash() {
    let mut hashed = BTreeSet::new();
    for_each_event(|name, event| {
        let mid = match &event.kind {
            Kind::Message(message) | Kind::Echo(message) => message.mid.as_deref(),
            Kind::Postback(postback) => postback.mid.as_deref(),
            _ => None,
        };
        let change = Change::of(event, NOW);
        let Some(entry) = entry(&change) else { return };
        match mid {
            Some(mid) => assert_eq!(entry.id.as_str(), mid, "{name}"),
            None => {
                assert!(entry.id.as_str().starts_with('~'), "{name}");
                // No two fixtures share a hash.
                assert!(hashed.insert(entry.id.clone()), "{name}");
            }
        }
    });
    assert!(hashed.len() > 20);
}

#[test]
fn a_repeated_delivery_is_an_equal_change() {
    for_each_event(|name, event| {
        // Another delivery time, and another position in the delivery.
        let copy = again(event, event.channel, "1763999999999");
        let [copy, change] =
            [&copy, event].map(|event| without_sending(event, Change::of(event, NOW)));
        assert_eq!(copy, change, "{name}");
    });
}

#[test]
fn a_standby_copy_has_the_same_id() {
    let mut count = 0;
    for_each_event(|name, event| {
        if event.channel != Channel::Messaging {
            return;
        }
        let copy = again(event, Channel::Standby, "1763990000123");
        let [mut change, copy] =
            [event, &copy].map(|event| without_sending(event, Change::of(event, NOW)));
        if let Some(entry) = entry_mut(&mut change) {
            assert_eq!(entry.source, Source::Webhook, "{name}");
            entry.source = Source::Standby;
            count += 1;
        }
        assert_eq!(copy, change, "{name}");
    });
    assert!(count > 60, "{count}");
}

#[test]
fn a_standby_postback_without_payload_has_the_same_id() {
    let [without, with] = ["", r#","payload":"MENU""#].map(|rest| {
        let postback = format!(r#""timestamp":1763990000001,"postback":{{"title":"Menu"{rest}}}"#);
        let change = change_of(&format!(r#"{{"sender":{{"id":"2"}},{postback}}}"#));
        entry(&change).unwrap().id.clone()
    });
    assert_eq!(without, with);
}

#[test]
fn another_time_or_content_has_another_id() {
    let id = |item: &str| -> EntryId {
        let change = change_of(&format!(r#"{{"sender":{{"id":"2"}},{item}}}"#));
        entry(&change).unwrap().id.clone()
    };
    let ids = [
        r#""timestamp":1763990000001,"postback":{"title":"A"}"#,
        r#""timestamp":1763990000002,"postback":{"title":"A"}"#,
        r#""timestamp":1763990000001,"postback":{"title":"B"}"#,
        r#""postback":{"title":"A"}"#,
        r#""timestamp":1763990000001,"referral":{"ref":"A"}"#,
        r#""timestamp":1763990000001,"referral":{"source":"A"}"#,
        r#""timestamp":1763990000001,"referral":{"ad_id":"A"}"#,
        r#""timestamp":1763990000001,"optin":{"ref":"A"}"#,
        r#""timestamp":1763990000001,"optin":{"notification_messages_token":"A"}"#,
        r#""timestamp":1763990000001,"optin":{"notification_messages_token":"A","notification_messages_status":"STOP NOTIFICATIONS"}"#,
        r#""timestamp":1763990000001,"account_linking":{"status":"linked"}"#,
        r#""timestamp":1763990000001,"account_linking":{"status":"unlinked"}"#,
    ]
    .map(id);
    let distinct: BTreeSet<&EntryId> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
}

#[test]
fn the_id_of_a_raw_event_depends_on_bytes_and_page() {
    let id = |page: &str, item: &str| {
        let body =
            format!(r#"{{"object":"page","entry":[{{"id":"{page}","messaging":[{item}]}}]}}"#);
        let change = Change::of(&parse_unverified(body.as_bytes()).unwrap().events[0], NOW);
        match change {
            Change::RawEvent(event) => event.id,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(id("1", "7"), id("1", "7"));
    assert_ne!(id("1", "7"), id("1", "8"));
    assert_ne!(id("1", "7"), id("2", "7"));
}

#[test]
fn timestamps_are_cut_to_two_minutes_ahead_and_default_to_now() {
    let year_2100 = r#""timestamp":4102444800000,"#;
    for (time, at) in [
        (year_2100, NOW + Change::MAX_AHEAD),
        ("", NOW),
        (r#""timestamp":"soon","#, NOW),
        (
            r#""timestamp":1763990000,"#,
            Timestamp::from_millis(1_763_990_000_000),
        ),
    ] {
        for kind in [
            r#""message":{"mid":"m"}"#,
            r#""message":{"mid":"m","is_echo":true}"#,
            r#""postback":{"title":"t"}"#,
            r#""message":{"mid":"m","is_deleted":true}"#,
            r#""message_edit":{"mid":"m","text":"t"}"#,
            r#""reaction":{"mid":"m","action":"unreact"}"#,
            r#""delivery":{"mids":["m"]}"#,
            r#""telepathy":{}"#,
        ] {
            let parties = r#""sender":{"id":"2"},"recipient":{"id":"3"},"#;
            let found = match change_of(&format!("{{{parties}{time}{kind}}}")) {
                Change::Received { entry, .. } | Change::Echoed { entry, .. } => entry.at,
                Change::Unsent { at, .. }
                | Change::Edited { at, .. }
                | Change::Reacted { at, .. }
                | Change::Delivered { at, .. }
                | Change::RawEvent(RawEvent { at, .. }) => at,
                other => panic!("{other:?}"),
            };
            assert_eq!(found, at, "{time}{kind}");
        }
    }
    for member in ["read", "delivery"] {
        let receipt = format!(r#""{member}":{{"watermark":4102444800000}}"#);
        let up_to = match change_of(&format!(r#"{{"sender":{{"id":"2"}},{receipt}}}"#)) {
            Change::Read { up_to, .. } => Some(up_to),
            Change::Delivered { up_to, .. } => up_to,
            other => panic!("{other:?}"),
        };
        assert_eq!(up_to, Some(NOW + Change::MAX_AHEAD), "{member}");
    }
}

#[test]
fn an_entry_without_a_timestamp_opens_no_window() {
    for (rest, opens_window) in [
        (r#""postback":{"title":"t"}"#, false),
        (r#""timestamp":1,"postback":{"title":"t"}"#, true),
        (r#""postback":{"title":"t","mid":"m"}"#, false),
        (r#""message":{"mid":"m"}"#, false),
        (r#""timestamp":1,"message":{"mid":"m"}"#, true),
        (
            r#""timestamp":1,"messaging_feedback":{"feedback_screens":[{}]}"#,
            false,
        ),
    ] {
        let change = change_of(&format!(r#"{{"sender":{{"id":"2"}},{rest}}}"#));
        let entry = entry(&change).unwrap();
        assert_eq!(entry.opens_window, opens_window, "{rest}");
    }
}

#[test]
fn only_five_kinds_of_entries_open_the_window() {
    let mut opening = BTreeSet::new();
    for_each_event(|_, event| {
        if let Change::Received { entry, .. } = Change::of(event, NOW)
            && entry.opens_window
        {
            opening.insert(entry.content.act.as_str().to_owned());
        }
    });
    let expected = ["message", "order", "postback", "referral", "template"];
    assert!(opening.iter().eq(expected), "{opening:?}");
}

#[test]
fn events_of_other_objects_have_no_customer() {
    for_each_event(|name, event| {
        if event.object != Object::Page {
            assert!(Change::of(event, NOW).contact().is_none(), "{name}");
        }
    });
}

/// The event from another delivery, in which it is not the first.
fn again(event: &Event<'_>, channel: Channel, time: &str) -> Event<'static> {
    let object = event.object.name();
    let id = event
        .entry_id
        .as_ref()
        .map_or(String::new(), |page| format!(r#","id":"{}""#, &**page));
    let raw = event.raw();
    let body = match channel {
        Channel::Entry => format!(r#"{{"object":"{object}","entry":[{raw}]}}"#),
        _ if matches!(raw, r#"{"a":1}"#) => {
            format!(r#"{{"object":"{object}","entry":[{{"time":{time}{id},"standby":{raw}}}]}}"#)
        }
        channel => {
            let list = channel.name();
            format!(r#"{{"object":"{object}","entry":[{{"time":{time}{id},"{list}":[9,{raw}]}}]}}"#)
        }
    };
    let mut events = parse_unverified(body.as_bytes()).unwrap().events;
    events.pop().unwrap().into_owned()
}

/// The change without what another sending of the event changes: the entry's time, which stands in
/// for a missing one, and the list of a kept event.
fn without_sending(event: &Event<'_>, mut change: Change) -> Change {
    match &mut change {
        Change::RawEvent(kept) => {
            let raw = std::mem::take(&mut kept.raw);
            let delivery = parse_unverified(&raw).unwrap();
            let [event] = &delivery.events[..] else {
                panic!("{} events", delivery.events.len())
            };
            kept.at = event.timestamp.unwrap_or(NOW);
            kept.raw = event.raw().as_bytes().to_vec();
        }
        Change::Received { entry, .. } | Change::Echoed { entry, .. }
            if event.timestamp.is_none() =>
        {
            (entry.at, entry.live) = (NOW, true);
        }
        Change::Delivered { at, .. } => *at = NOW,
        _ => {}
    }
    change
}

fn entry_mut(change: &mut Change) -> Option<&mut Entry> {
    match change {
        Change::Received { entry, .. } | Change::Echoed { entry, .. } => Some(entry),
        _ => None,
    }
}

#[test]
fn n26_a_message_is_cut_to_the_time_that_erasing_reaches() {
    let item = format!(
        r#"{{"sender":{{"id":"2"}},"timestamp":{},"message":{{"mid":"m","text":"t"}}}}"#,
        (NOW + Change::MAX_AHEAD).as_millis() + 1
    );
    let change = change_of(&item);
    let entry = entry(&change).unwrap();
    assert_eq!(entry.at, NOW + Change::MAX_AHEAD);
    assert!(entry.live);
}

#[test]
fn n38_what_happened_a_day_ago_is_history() {
    let day = 24 * 3600 * 1000;
    for (age, live) in [(0, true), (day - 1, true), (day, false), (30 * day, false)] {
        let item = format!(
            r#"{{"sender":{{"id":"2"}},"timestamp":{},"message":{{"mid":"m","text":"t"}}}}"#,
            NOW.as_millis() - age
        );
        assert_eq!(entry(&change_of(&item)).unwrap().live, live, "{age} ms ago");
    }
    let change = change_of(r#"{"sender":{"id":"2"},"message":{"mid":"m","text":"t"}}"#);
    assert!(entry(&change).unwrap().live);
    assert!(!entry(&change.into_past()).unwrap().live);
}

#[test]
fn r18_a_change_belongs_to_the_page_of_its_customer() {
    for item in [
        r#""message":{"mid":"m","text":"t"}"#,
        r#""telepathy":{}"#,
        r#""read":{"watermark":1}"#,
    ] {
        let change = change_of(&format!(r#"{{"sender":{{"id":"2"}},{item}}}"#));
        assert_eq!(change.page().unwrap(), "1", "{item}");
    }
}
