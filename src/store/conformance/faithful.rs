//! Whatever is written comes back: any text, in any place that holds one.

use std::path::Path;

use super::kit::{
    Folder, SQL, all_contacts, apply, at, customer, mid, page, person, received, talk,
};
use crate::{
    change::{Change, ProfileResponse, SendOutcome},
    id::{AppId, Mid},
    model::{
        Act, Advice, Attachment, Button, Card, ContactKey, Content, Coordinates, Entry, EntryId,
        Message, MessageState, OptIn, Outgoing, OutgoingKey, Picture, Profile, RawEvent, Reaction,
        Reason, Referral, Side, Source,
    },
    store::{ContactFilter, ContactQuery, ContactStore, RawEventQuery, StoreError},
};

/// Clause 7: any text comes back as it went in.
///
/// Each goes into every place that holds a text, ids and the bytes of what is kept included.
pub async fn faithful<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let folder = Folder::new();
    let store = open(folder.path()).await;
    let long = "長".repeat(100_000);
    let texts = [
        "",
        " ",
        " spaces \t\r\n ",
        SQL[0],
        SQL[1],
        SQL[2],
        "王小明 🇹🇼 👩‍👩‍👧",
        "\u{202e}right to left\u{202c}",
        "\u{fffd}\u{feff}\u{1}\u{7f}",
        "null",
        "e\u{301}",
        &long,
    ];
    for (number, text) in texts.iter().enumerate() {
        let start: String = text.chars().take(9).collect();
        let contact = customer("1", &format!("customer {number} {start}"));
        everywhere(&store, &contact, text, number).await;
    }
    let all = ContactQuery::new(page("1"));
    let listed = all_contacts(&store, all).await;
    assert_eq!(listed.len(), texts.len(), "no text did anything to others");
    for text in texts {
        // What is compared as a whole is found as it is, and nothing else is.
        let label = short(text);
        let filter = ContactFilter::new(page("1")).with_field(label, label);
        let found = all_contacts(&store, filter.into()).await;
        assert_eq!(found.len(), 1, "{} bytes", text.len());
        let filter = ContactFilter::new(page("1")).with_tag(label);
        assert_eq!(all_contacts(&store, filter.into()).await.len(), 1);
        assert_eq!(store.find(label, label).await.unwrap().len(), 1);
    }
    for sql in SQL {
        let filter = ContactFilter::new(page("1")).with_name(sql);
        let named = all_contacts(&store, filter.into()).await;
        assert_eq!(named.len(), 1, "{sql}");
    }
    for value in ["n".repeat(Change::MAX_NAME + 1)] {
        let long = Change::Tagged {
            contact: customer("1", "long"),
            tag: value,
            on: true,
            at: at(1),
            author: None,
        };
        let refused = store.apply(&[long]).await;
        assert!(
            matches!(refused, Err(StoreError::Refused(_))),
            "{refused:?}"
        );
    }
}

async fn everywhere(store: &impl ContactStore, contact: &ContactKey, text: &str, number: usize) {
    let place = format!("text {number}");
    // Some texts are too short for an id, or too long.
    let id = Mid::new(text).unwrap_or_else(|_| mid(&format!("m{number}")));
    let corrected = format!("corrected {number}");
    let content = content(text, &id);
    let other = OutgoingKey::new(at(5), [1; 10]);
    let mut entry = Entry::new(
        EntryId::of_message(&id),
        at(1),
        Source::Standby,
        content.clone(),
    );
    entry.app = AppId::new(text).ok();
    let mut echo = entry.clone();
    echo.id = EntryId::of_parts(&[text.as_bytes()]);
    echo.at = at(2);
    let reaction = Reaction {
        emoji: Some(text.to_owned()),
        name: Some(text.to_owned()),
    };
    let profile = Profile {
        name: Some(text.to_owned()),
        first_name: Some(text.to_owned()),
        last_name: Some(text.to_owned()),
    };
    let picture = Picture::new(text, text.as_bytes().to_vec());
    let reason = Reason {
        advice: Advice::FixRequest,
        code: None,
        subcode: None,
        trace: Some(text.to_owned()),
    };
    let raw: Vec<u8> = text.bytes().chain(0..=255).collect();
    let kept = EntryId::of_parts(&[b"kept", text.as_bytes()]);
    let changes = [
        Change::received(contact.clone(), entry.clone()),
        Change::Echoed {
            contact: contact.clone(),
            entry: echo.clone(),
            key: None,
        },
        received(contact, &corrected, 3, "before"),
        Change::Edited {
            contact: contact.clone(),
            mid: mid(&corrected),
            at: at(4),
            number: 1,
            text: text.to_owned(),
        },
        Change::Reacted {
            contact: contact.clone(),
            mid: id,
            at: at(3),
            by: Side::Page,
            reaction: Some(reaction.clone()),
        },
        Change::Queued {
            contact: contact.clone(),
            key: other.clone(),
            at: at(5),
            outgoing: Outgoing::from(content.clone()).with_request(text),
        },
        Change::Settled {
            contact: contact.clone(),
            key: other.clone(),
            attempt: 1,
            outcome: SendOutcome::Failed {
                reason: reason.clone(),
            },
        },
        Change::Profile {
            contact: contact.clone(),
            fetched_at: at(2),
            response: ProfileResponse::Known {
                profile: profile.clone(),
                picture: Some(picture.clone()),
            },
            due: None,
        },
        Change::Field {
            contact: contact.clone(),
            name: short(text).to_owned(),
            value: Some(short(text).to_owned()),
            at: at(2),
        },
        Change::Tagged {
            contact: contact.clone(),
            tag: short(text).to_owned(),
            on: true,
            at: at(2),
            author: None,
        },
        Change::RawEvent(RawEvent {
            page: Some(contact.page.clone()),
            psid: Some(contact.psid.clone()),
            id: kept.clone(),
            at: at(2),
            reason: text.to_owned(),
            raw: raw.clone(),
        }),
    ];
    for change in changes {
        apply(store, change).await;
    }

    let said = talk(store, contact).await;
    let ids: Vec<&str> = said.iter().map(|message| message.id.as_str()).collect();
    let expected = [
        other.as_str(),
        &corrected,
        echo.id.as_str(),
        entry.id.as_str(),
    ];
    assert_eq!(ids, expected, "{place}");
    let [queued, edited, echoed, received] = [&said[0], &said[1], &said[2], &said[3]];
    assert_eq!(queued.content, content, "{place}");
    assert_eq!(queued.state, Some(MessageState::Failed));
    assert_eq!(queued.reason, Some(reason), "{place}");
    let told = |message: &Message| (message.source, message.app.clone());
    assert_eq!(echoed.content, content, "{place}");
    assert_eq!(told(echoed), (Source::Standby, entry.app), "{place}");
    assert_eq!(received.content, content, "{place}");
    assert_eq!(edited.content.text.as_deref(), Some(text), "{place}");
    assert_eq!(received.reactions, [(Side::Page, reaction)], "{place}");

    let found = person(store, contact).await;
    assert_eq!(found.profile, Some(profile), "{place}");
    let field = found.fields.get(short(text)).map(String::as_str);
    assert_eq!(field, Some(short(text)), "{place}");
    assert!(found.tags.contains(short(text)), "{place}");
    let preview = found.preview.unwrap();
    let beginning: String = text.chars().take(60).collect();
    assert_eq!(preview.text, Some(beginning), "{place}");
    assert_eq!(preview.act.as_str(), text, "{place}");
    assert_eq!(preview.kinds, [text], "{place}");
    let seen = store.picture(contact).await.unwrap();
    assert_eq!(seen, Some(picture), "{place}");
    let mut query = RawEventQuery::new(Some(contact.page.clone()));
    query.limit = 99;
    let all = store.raw_events(&query).await.unwrap().rows;
    let found = all.iter().find(|one| one.id == kept).unwrap();
    assert_eq!(found.reason, text, "{place}");
    assert_eq!(found.raw, raw, "{place}");
    assert_eq!(found.psid.as_ref(), Some(&contact.psid), "{place}");
}

/// The beginning of a text, as long as a name may be.
fn short(text: &str) -> &str {
    let end = (0..=text.len().min(Change::MAX_NAME)).rev();
    let end = end.into_iter().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// A content that has everything, and it is this text.
fn content(text: &str, mid: &Mid) -> Content {
    let some = || Some(text.to_owned());
    let button = || Button {
        kind: some(),
        title: some(),
        url: some(),
        payload: some(),
    };
    Content {
        act: Act::new(text),
        text: some(),
        title: some(),
        payload: some(),
        attachments: vec![Attachment {
            kind: text.to_owned(),
            url: some(),
            title: some(),
            text: some(),
            id: some(),
            template: some(),
            coordinates: Some(Coordinates {
                latitude: text.to_owned(),
                longitude: text.to_owned(),
            }),
            cards: vec![Card {
                title: some(),
                subtitle: some(),
                image_url: some(),
                url: some(),
                product_id: some(),
                price: some(),
                quantity: Some(2),
                buttons: vec![button()],
            }],
            buttons: vec![button()],
            starts_at: Some(at(9)),
            ends_at: Some(at(10)),
        }],
        buttons: vec![button()],
        reply_to: Some(mid.clone()),
        referral: Some(Referral {
            source: some(),
            kind: some(),
            reference: some(),
            ad_id: some(),
            title: some(),
            product_id: some(),
            post_id: some(),
            photo_url: some(),
            video_url: some(),
            referer: some(),
            flow_id: some(),
        }),
        opt_in: Some(OptIn {
            kind: some(),
            token: some(),
            expires_at: Some(at(9)),
            status: some(),
            topic: some(),
        }),
        unsupported: true,
        raw: some(),
    }
}
