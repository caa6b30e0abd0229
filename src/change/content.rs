//! Content of messages, converted for the store.

use crate::{
    event::{self, Event, Kind},
    id::Mid,
    model::{Act, Attachment, Content, Referral},
    text::Text,
};

/// Content of a message or echo.
pub(super) fn of(event: &Event<'_>, message: &event::Message<'_>) -> Content {
    let extras = event.extras.as_ref();
    let prior = extras.and_then(|extras| extras.prior_message.as_ref());
    let prior = prior.map(|prior| Referral {
        source: own(&prior.source),
        reference: own(&prior.identifier),
        ..Referral::default()
    });
    Content {
        text: own(&message.text),
        payload: message
            .quick_reply
            .as_ref()
            .and_then(|reply| own(&reply.payload)),
        attachments: message.attachments.iter().map(attachment).collect(),
        reply_to: message.reply_to.as_ref().and_then(|to| mid(&to.mid)),
        referral: (message.referral.as_deref())
            .or_else(|| extras?.also.iter().find_map(referral_of))
            .map(referral)
            .or(prior),
        ..Content::new(Act::MESSAGE)
    }
}

/// A referral beside the message.
fn referral_of<'e, 'a>(kind: &'e Kind<'a>) -> Option<&'e event::Referral<'a>> {
    match kind {
        Kind::Referral(referral) => Some(referral),
        _ => None,
    }
}

pub(super) fn referral(referral: &event::Referral<'_>) -> Referral {
    let ad = referral.ad.as_ref();
    let product = referral
        .product
        .as_ref()
        .and_then(|product| own(&product.id));
    Referral {
        source: own(&referral.source),
        kind: own(&referral.kind),
        reference: own(&referral.reference),
        ad_id: own(&referral.ad_id),
        title: ad.and_then(|ad| own(&ad.title)),
        product_id: product.or_else(|| ad.and_then(|ad| own(&ad.product_id))),
    }
}

fn attachment(attachment: &event::Attachment<'_>) -> Attachment {
    let storable = |text: &str| Text::from(text).to_storable();
    let payload = attachment.payload.as_ref();
    let card = payload.and_then(|payload| {
        let shared = payload
            .product
            .as_ref()
            .and_then(|product| product.elements.first());
        shared.or(payload.elements.first())
    });
    let id = payload.and_then(|payload| {
        let ids = [
            &payload.sticker_id,
            &payload.id,
            &payload.reel_video_id,
            &payload.booking_id,
        ];
        ids.into_iter().find_map(own)
    });
    Attachment {
        kind: storable(attachment.kind_name()),
        url: attachment.any_url().map(storable),
        title: (attachment
            .any_title()
            .filter(|title| !title.is_empty())
            .map(storable))
        .or_else(|| card.and_then(|card| own(&card.title))),
        text: payload
            .and_then(|payload| own(&payload.text).or_else(|| own(&payload.status)))
            .or_else(|| card.and_then(|card| own(&card.subtitle))),
        id: id.or_else(|| card.and_then(|card| own(&card.id))),
    }
}

/// The text as the store keeps it.
pub(super) fn own(text: &Option<Text<'_>>) -> Option<String> {
    text.as_ref().map(Text::to_storable)
}

/// The text as a message id; `None` when it is not a valid one.
pub(super) fn mid(text: &Option<Text<'_>>) -> Option<Mid> {
    Mid::new(own(text)?).ok()
}

/// The present lines, joined, without U+0000; `None` when there are none.
pub(super) fn lines(lines: impl Iterator<Item = Option<String>>) -> Option<String> {
    let lines: Vec<String> = lines.flatten().collect();
    (!lines.is_empty()).then(|| Text::from(lines.join("\n")).to_storable())
}
