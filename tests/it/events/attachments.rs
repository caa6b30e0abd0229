//! Attachments of customers.

use messenger_crm::event::Attachment;

use super::expect::{Absent as _, Is as _, all, kind, of};
use super::{Fixture, event, event_line, fixture};

pub(super) const FIXTURES: &[Fixture] = &[
    fixture(
        "message.image",
        &[event(event_line!("message", "m_image"), |event| {
            let [cup, pot] = all(&kind!(event, Message).attachments);
            is(cup, "image", "https://scontent.example/v/cup.jpg?oh=1&oe=2");
            is(pot, "image", "https://scontent.example/v/pot.gif");
            of(&cup.payload)
                .url
                .is("https://scontent.example/v/cup.jpg?oh=1&oe=2");
        })],
    ),
    fixture(
        "message.media",
        &[event(event_line!("message", "m_media"), |event| {
            let [audio, video, file] = all(&kind!(event, Message).attachments);
            is(audio, "audio", "https://cdn.example/a.mp4");
            is(video, "video", "https://cdn.example/v.mp4");
            is(file, "file", "https://cdn.example/menu.pdf");
        })],
    ),
    fixture(
        "message.sticker",
        &[event(event_line!("message", "m_sticker"), |event| {
            let [sticker] = all(&kind!(event, Message).attachments);
            is(sticker, "sticker", "https://scontent.example/s.png");
            of(&sticker.payload).sticker_id.is("369239263222822");
        })],
    ),
    fixture(
        "message.sticker.transition",
        &[event(event_line!("message", "m_sticker2"), |event| {
            let [sticker] = all(&kind!(event, Message).attachments);
            is(sticker, "sticker", "https://scontent.example/s.png");
            of(&sticker.payload).sticker_id.is("369239263222822");
        })],
    ),
    fixture(
        "message.sticker.image",
        &[event(event_line!("message", "m_sticker3"), |event| {
            let [sticker] = all(&kind!(event, Message).attachments);
            is(sticker, "sticker", "https://scontent.example/s.png");
            of(&sticker.payload).sticker_id.is("369239343222814");
        })],
    ),
    fixture(
        "message.sticker.legacy",
        &[event(
            event_line!("message", "mid.1763990000001:a1b2c3d4"),
            |event| {
                let message = kind!(event, Message);
                assert_eq!(of(&message.sticker_id).as_str(), "369239383222810");
                let [sticker] = all(&message.attachments);
                is(sticker, "sticker", "https://scontent.example/s.png");
            },
        )],
    ),
    fixture(
        "message.fallback",
        &[event(event_line!("message", "m_fallback"), |event| {
            let message = kind!(event, Message);
            message.text.is("https://tea.example/");
            let [link] = all(&message.attachments);
            is(link, "fallback", "https://l.example/?u=tea");
            of(&link.payload).title.is("Tea, and nothing else");
            assert_eq!(link.any_title(), Some("Tea, and nothing else"));
        })],
    ),
    fixture(
        "message.fallback.bare",
        &[event(event_line!("message", "m_fallback2"), |event| {
            let [bare] = all(&kind!(event, Message).attachments);
            assert_eq!(
                (bare.kind_name(), bare.any_url(), bare.any_title()),
                ("fallback", None, None)
            );
            bare.payload.is_absent();
        })],
    ),
    fixture(
        "message.fallback.legacy",
        &[event(
            event_line!("message", "mid.$cAAR:fallback"),
            |event| {
                let [null, blob] = all(&kind!(event, Message).attachments);
                is(null, "fallback", "https://tea.example/");
                null.title.is("Tea");
                null.url.is("https://tea.example/");
                is(blob, "fallback", "https://old.example/");
                blob.title.is("Old tea");
                assert!(null.payload.is_none() && blob.payload.is_none());
            },
        )],
    ),
    fixture(
        "message.reel",
        &[event(event_line!("message", "m_reel"), |event| {
            let [reel] = all(&kind!(event, Message).attachments);
            is(reel, "reel", "/reel/1234/");
            of(&reel.payload).title.is("Pouring");
            of(&reel.payload).reel_video_id.is("123451234512345");
        })],
    ),
    fixture(
        "message.post",
        &[event(event_line!("message", "m_post"), |event| {
            let [post] = all(&kind!(event, Message).attachments);
            is(post, "post", "https://www.facebook.example/p/1");
            of(&post.payload).title.is("New harvest");
            of(&post.payload).id.is("123456789");
        })],
    ),
    fixture(
        "message.share",
        &[event(event_line!("message", "m_share"), |event| {
            let [share] = all(&kind!(event, Message).attachments);
            is(share, "share", "https://www.facebook.example/s/2");
            of(&share.payload).title.is("Tea house");
        })],
    ),
    fixture(
        "message.location",
        &[event(event_line!("message", "m_location"), |event| {
            let [place] = all(&kind!(event, Message).attachments);
            is(place, "location", "https://l.facebook.example/l.php?u=map");
            place.title.is("Mei's location");
            let at = of(&of(&place.payload).coordinates);
            assert_eq!((at.lat, at.long), (25.032_969_4, 121.565_417_7));
        })],
    ),
    fixture(
        "message.product",
        &[event(event_line!("message", "m_product"), |event| {
            let message = kind!(event, Message);
            message.text.is("Is this one still there?");
            is_tea_pot(&message.attachments);
        })],
    ),
    fixture(
        "message.appointment",
        &[event(event_line!("message", "m_appointment"), |event| {
            let [booking] = all(&kind!(event, Message).attachments);
            assert_eq!(booking.kind_name(), "appointment_booking");
            let booking = of(&booking.payload);
            booking.booking_id.is("bk_77");
            booking.status.is("requested");
            booking.start_time.is(1_764_039_600_000);
            booking.end_time.is(1_764_043_200_000);
            booking.timezone.is("Asia/Taipei");
        })],
    ),
    fixture(
        "message.unsupported_type",
        &[event(event_line!("message", "m_strange"), |event| {
            let [strange, hologram] = all(&kind!(event, Message).attachments);
            assert_eq!(
                (strange.kind_name(), strange.any_url()),
                ("unsupported_type", None)
            );
            is(hologram, "hologram", "https://cdn.example/h");
        })],
    ),
];

/// Asserts the type and link of an attachment.
#[track_caller]
pub(super) fn is(attachment: &Attachment<'_>, kind: &str, url: &str) {
    attachment.kind.is(kind);
    assert_eq!(attachment.any_url(), Some(url));
}

#[track_caller]
pub(super) fn is_tea_pot(attachments: &[Attachment<'_>]) {
    let [template] = all(attachments);
    assert_eq!(template.kind_name(), "template");
    let [pot] = all(&of(&of(&template.payload).product).elements);
    pot.id.is("5550001");
    pot.retailer_id.is("SKU-7");
    pot.image_url.is("https://scontent.example/p.jpg");
    pot.title.is("Tea pot");
    pot.subtitle.is("$40");
}
