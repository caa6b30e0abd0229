//! Echoes: messages of the Page.

use super::attachments::{is, is_tea_pot};
use super::expect::{Absent as _, Is as _, all, kind, of};
use super::{Fixture, event, event_line, fixture};

pub(super) const FIXTURES: &[Fixture] = &[
    fixture(
        "echo.text",
        &[event(event_line!("echo", "m_echo"), |event| {
            let echo = kind!(event, Echo);
            echo.app_id.is("1517000481860111");
            echo.metadata.is("order-7");
            echo.text.is("Yes, we do");
            of(&echo.reply_to).mid.is("m_text");
            event.sender.is("106540001112223");
            event.recipient.is("7104000555666777");
            assert_eq!(event.kind.field(), Some("message_echoes"));
        })],
    ),
    fixture(
        "echo.own",
        &[event(event_line!("echo", "m_own"), |event| {
            let echo = kind!(event, Echo);
            echo.app_id.is("1517000481860111");
            echo.metadata.is("019ab5e1-7a60-7abc-8def-0123456789ab");
        })],
    ),
    fixture(
        "echo.inbox",
        &[event(event_line!("echo", "m_inbox"), |event| {
            let echo = kind!(event, Echo);
            assert!(echo.app_id.is_none() && echo.metadata.is_none());
            echo.text.is("A person wrote this");
        })],
    ),
    fixture(
        "echo.media_template",
        &[event(event_line!("echo", "m_media_template"), |event| {
            let [template] = all(&kind!(event, Echo).attachments);
            is(template, "template", "https://www.facebook.example/photo/1");
            template.title.is("");
            let payload = of(&template.payload);
            payload.template_type.is("media");
            let [picture] = all(&payload.elements);
            picture.media_type.is("image");
            picture.attachment_id.is("2457000337685388");
            let [button] = all(&picture.buttons);
            button.kind.is("web_url");
            button.url.is("https://tea.example/");
            button.title.is("Look");
        })],
    ),
    fixture(
        "echo.generic_template",
        &[event(event_line!("echo", "m_generic"), |event| {
            let [template] = all(&kind!(event, Echo).attachments);
            template.title.is("Our tea");
            let payload = of(&template.payload);
            payload.template_type.is("generic");
            let [oolong, video] = all(&payload.elements);
            oolong.title.is("Oolong");
            oolong.subtitle.is("half fermented");
            oolong.image_url.is("https://cdn.example/o.jpg");
            let [buy, call] = all(&oolong.buttons);
            buy.kind.is("postback");
            buy.title.is("Buy");
            buy.payload.is("BUY_OOLONG");
            call.payload.is("+886200000000");
            video.media_type.is("video");
            video.url.is("https://www.facebook.example/v/9");
        })],
    ),
    fixture(
        "echo.button_template",
        &[event(event_line!("echo", "m_button"), |event| {
            let [template] = all(&kind!(event, Echo).attachments);
            let payload = of(&template.payload);
            payload.template_type.is("button");
            payload.text.is("What now?");
            let [more] = all(&payload.buttons);
            more.payload.is("MORE");
        })],
    ),
    fixture(
        "echo.product",
        &[event(event_line!("echo", "m_product_echo"), |event| {
            is_tea_pot(&kind!(event, Echo).attachments);
        })],
    ),
    fixture(
        "echo.fallback",
        &[event(event_line!("echo", "m_legacy"), |event| {
            let [legacy] = all(&kind!(event, Echo).attachments);
            is(legacy, "fallback", "https://www.facebook.example/");
            legacy.title.is("Legacy Attachment");
            legacy.payload.is_absent();
        })],
    ),
    fixture(
        "echo.user_ref",
        &[event(
            "messaging echo 106540001112223 - 1763990000001 m_echo_ref",
            |event| {
                of(&event.extras).user_ref.is("ref-2a7f");
                event.recipient.is_absent();
            },
        )],
    ),
    fixture(
        "echo.deleted",
        &[event(event_line!("echo", "m_echo"), |event| {
            assert!(kind!(event, Echo).is_deleted);
        })],
    ),
];
