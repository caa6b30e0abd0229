//! Messages of customers.

use super::expect::{Absent as _, Is as _, all, kind, of};
use super::{Fixture, event, event_line, fixture};

pub(super) const FIXTURES: &[Fixture] = &[
    fixture(
        "message.text",
        &[event(event_line!("message", "m_text"), |event| {
            let message = kind!(event, Message);
            message.mid.is("m_text");
            message.text.is("Do you have oolong?");
            message.quick_reply.is_absent();
            assert!(
                message.attachments.is_empty() && !message.is_deleted && !message.is_unsupported
            );
            assert!(event.extras.is_none() && !event.is_test());
            event.sender.is("7104000555666777");
            event.recipient.is("106540001112223");
            assert_eq!(event.kind.field(), Some("messages"));
        })],
    ),
    fixture(
        "message.quick_reply",
        &[event(event_line!("message", "m_quick"), |event| {
            let message = kind!(event, Message);
            message.text.is("Green");
            of(&message.quick_reply).payload.is("PICK_GREEN");
            of(&message.reply_to).mid.is("m_question");
            assert!(!of(&message.reply_to).is_self_reply);
        })],
    ),
    fixture(
        "message.reply_to",
        &[event(event_line!("message", "m_reply"), |event| {
            let reply_to = of(&kind!(event, Message).reply_to);
            reply_to.mid.is("m_text");
            assert!(reply_to.is_self_reply);
            reply_to.story.is_absent();
        })],
    ),
    fixture(
        "message.escapes",
        &[event(event_line!("message", "m_escapes"), |event| {
            kind!(event, Message)
                .text
                .is("äöå https://tea.example/ 你好 😀 \u{fffd} \"\\\n\t\0");
        })],
    ),
    fixture(
        "message.referral.product",
        &[event(event_line!("message", "m_shop"), |event| {
            let referral = of(&kind!(event, Message).referral);
            of(&referral.product).id.is("5550001");
            referral.source.is_absent();
        })],
    ),
    fixture(
        "message.referral.ad",
        &[event(event_line!("message", "m_ad"), |event| {
            let referral = of(&kind!(event, Message).referral);
            referral.reference.is("spring");
            referral.ad_id.is("6045246247433");
            referral.source.is("ADS");
            referral.kind.is("OPEN_THREAD");
            let ad = of(&referral.ad);
            ad.title.is("Spring tea");
            ad.photo_url.is("https://cdn.example/ad.jpg");
            ad.video_url.is("https://cdn.example/ad.mp4");
            ad.post_id.is("998877");
            ad.product_id.is("5550001");
            ad.flow_id.is("4711");
        })],
    ),
    fixture(
        "message.commands",
        &[event(event_line!("message", "m_command"), |event| {
            let [find, near] = all(&kind!(event, Message).commands);
            find.name.is("find");
            near.name.is("near");
        })],
    ),
    fixture(
        "message.nlp",
        &[event(event_line!("message", "m_nlp"), |event| {
            let nlp = of(&kind!(event, Message).nlp).as_str();
            assert!(
                nlp.starts_with(r#"{"entities":{"datetime":[{"confidence":0.9987,"#),
                "{nlp}"
            );
            assert!(
                nlp.ends_with(r#"[{"locale":"en_XX","confidence":0.99}]}"#),
                "{nlp}"
            );
        })],
    ),
    fixture(
        "message.nlp.errors",
        &[event(event_line!("message", "m_nlp2"), |event| {
            let nlp = of(&kind!(event, Message).nlp);
            let errors = r#"{"errors":[{"code":"msg-invalid","message":"the max is 1024"}]}"#;
            assert_eq!(nlp.as_str(), errors);
        })],
    ),
    fixture(
        "message.prior_message",
        &[event(event_line!("message", "m_prior"), |event| {
            let prior = of(&of(&event.extras).prior_message);
            prior.source.is("checkbox_plugin");
            prior.identifier.is("ref-2a7f");
        })],
    ),
    fixture(
        "message.hop_context",
        &[event(
            "messaging message 106540001112223 7104000555666777 1763990000000 m_lead",
            |event| {
                let [hop] = all(&of(&event.extras).hop_context);
                hop.app_id.is("498721317747541");
                hop.metadata.is("messenger_lead_gen_complete");
                kind!(event, Message)
                    .text
                    .is("Lead summary:\nDo you drink tea?: Yes");
            },
        )],
    ),
    fixture(
        "message.hop_context.list",
        &[event(event_line!("message", "m_hops"), |event| {
            let [inbox, bot] = all(&of(&event.extras).hop_context);
            inbox.app_id.is("263902037430900");
            inbox.metadata.is("");
            bot.app_id.is("1517000481860");
            bot.metadata.is("from the bot");
        })],
    ),
    fixture(
        "message.hop_context.entry",
        &[event(event_line!("message", "m_hop"), |event| {
            let extras = of(&event.extras);
            assert!(extras.hop_context.is_empty());
            let [hop] = all(&extras.entry_hop_context);
            hop.app_id.is("2653000441517780");
            hop.metadata.is("");
        })],
    ),
    fixture(
        "message.user_ref",
        &[event(event_line!("message", "m_ref"), |event| {
            of(&event.extras).user_ref.is("ref-2a7f");
            event.sender.is("7104000555666777");
        })],
    ),
    fixture(
        "message.tags",
        &[event(event_line!("message", "m_tags"), |event| {
            let [tag] = all(&kind!(event, Message).tags);
            tag.source.is("customer_chat_plugin");
        })],
    ),
    fixture(
        "message.deleted",
        &[event(event_line!("message", "m_text"), |event| {
            assert!(kind!(event, Message).is_deleted);
        })],
    ),
    fixture(
        "message.unsupported",
        &[event(event_line!("message", "m_unsupported"), |event| {
            let message = kind!(event, Message);
            assert!(message.is_unsupported && !message.is_deleted);
            message.text.is_absent();
        })],
    ),
    fixture(
        "message.numbers",
        &[event(
            "messaging message 106540001112223 71040005556667778889 1763990000001 m_numbers",
            |event| event.sender.is("71040005556667778889"),
        )],
    ),
    fixture(
        "message.community",
        &[event(event_line!("message", "m_community"), |event| {
            assert!(event.raw().contains(r#""community":{"id":"31415"}"#));
        })],
    ),
    fixture(
        "message_edit",
        &[event(event_line!("message_edit", "m_text"), |event| {
            let edit = kind!(event, MessageEdit);
            edit.text.is("Do you have green oolong?");
            edit.num_edit.is(Some(1));
            assert_eq!(event.kind.field(), Some("message_edits"));
        })],
    ),
    fixture(
        "message_edit.string",
        &[event(event_line!("message_edit", "m_text"), |event| {
            kind!(event, MessageEdit).num_edit.is(Some(2));
        })],
    ),
];
