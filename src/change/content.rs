//! Content of messages, converted for the store.

use crate::{
    event::{self, Event, Kind},
    id::Mid,
    model::{Act, Attachment, Button, Card, Content, Coordinates, Referral},
    text::Text,
};

/// Ids of Messenger's "like" stickers, in three sizes.
const LIKES: [&str; 3] = ["369239263222822", "369239343222814", "369239383222810"];

/// Content of a message or echo.
pub(super) fn of(event: &Event<'_>, message: &event::Message<'_>) -> Content {
    let extras = event.extras.as_ref();
    let prior = extras.and_then(|extras| extras.prior_message.as_ref());
    let prior = prior.map(|prior| Referral {
        source: own(&prior.source),
        reference: own(&prior.identifier),
        ..Referral::default()
    });
    let mut attachments: Vec<Attachment> = message.attachments.iter().map(attachment).collect();
    // Older messages name the sticker beside its picture.
    if let Some(id) = message.sticker_id.as_deref() {
        let stickers = attachments.iter_mut().filter(|one| one.kind == "sticker");
        for sticker in stickers.filter(|one| one.id.is_none()) {
            sticker.id = Some(id.to_storable());
        }
    }
    let is_like = |one: &Attachment| {
        let id = one.id.as_deref();
        id.is_some_and(|id| one.kind == "sticker" && LIKES.contains(&id))
    };
    let like = || (attachments.iter().any(is_like)).then(|| "👍".to_owned());
    let text = own(&message.text).or_else(like);
    let is_unknown = |one: &Attachment| *one == Attachment::new(one.kind.clone());
    let is_nothing = text.is_none() && attachments.is_empty();
    let raw = (is_nothing || attachments.iter().any(is_unknown))
        .then(|| Text::from(event.raw()).to_storable());
    Content {
        text,
        payload: message
            .quick_reply
            .as_ref()
            .and_then(|reply| own(&reply.payload)),
        attachments,
        reply_to: message.reply_to.as_ref().and_then(|to| mid(&to.mid)),
        referral: (message.referral.as_deref())
            .or_else(|| extras?.also.iter().find_map(referral_of))
            .map(referral)
            .or(prior),
        unsupported: message.is_unsupported,
        raw,
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
        post_id: ad.and_then(|ad| own(&ad.post_id)),
        photo_url: ad.and_then(|ad| own(&ad.photo_url)),
        video_url: ad.and_then(|ad| own(&ad.video_url)),
        referer: own(&referral.referer_uri).or_else(|| own(&referral.origin_domain)),
        flow_id: ad.and_then(|ad| own(&ad.flow_id)),
    }
}

fn attachment(attachment: &event::Attachment<'_>) -> Attachment {
    let storable = |text: &str| Text::from(text).to_storable();
    let payload = attachment.payload.as_ref();
    let id = payload.and_then(|payload| {
        let ids = [
            &payload.sticker_id,
            &payload.id,
            &payload.reel_video_id,
            &payload.booking_id,
        ];
        ids.into_iter().find_map(own)
    });
    let cards: Vec<Card> = payload.map_or_else(Vec::new, |payload| {
        let products = payload.product.iter().flat_map(|one| &one.elements);
        products.chain(&payload.elements).map(card).collect()
    });
    let title = attachment.any_title().filter(|title| !title.is_empty());
    Attachment {
        kind: storable(attachment.kind_name()),
        url: attachment.any_url().map(storable),
        title: title.map(storable),
        text: payload.and_then(|payload| own(&payload.text).or_else(|| own(&payload.status))),
        id,
        template: payload.and_then(|payload| own(&payload.template_type)),
        coordinates: payload.and_then(|payload| {
            let at = payload.coordinates.as_ref()?;
            Some(Coordinates {
                latitude: at.lat.to_string(),
                longitude: at.long.to_string(),
            })
        }),
        cards,
        buttons: payload.map_or_else(Vec::new, |payload| buttons(&payload.buttons)),
        starts_at: payload.and_then(|payload| payload.start_time),
        ends_at: payload.and_then(|payload| payload.end_time),
    }
}

fn card(element: &event::Element<'_>) -> Card {
    let action = element.default_action.as_ref();
    let price = own(&element.price).map(|price| match own(&element.currency) {
        Some(currency) => format!("{price} {currency}"),
        None => price,
    });
    Card {
        title: own(&element.title),
        subtitle: own(&element.subtitle),
        image_url: own(&element.image_url),
        url: own(&element.url).or_else(|| action.and_then(|action| own(&action.url))),
        product_id: own(&element.id).or_else(|| own(&element.retailer_id)),
        price,
        quantity: element.quantity,
        buttons: buttons(&element.buttons),
    }
}

fn buttons(buttons: &[event::Button<'_>]) -> Vec<Button> {
    let button = |button: &event::Button<'_>| Button {
        kind: own(&button.kind),
        title: own(&button.title),
        url: own(&button.url),
        payload: own(&button.payload),
    };
    buttons.iter().map(button).collect()
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
