//! Envelopes: several lists and entries, other objects, unknown members.

use messenger_crm::event::{Event, Object};

use super::expect::{Is as _, all, kind, of, reason};
use super::{Fixture, event, fixture};

pub(super) const FIXTURES: &[Fixture] = &[
    fixture("envelope.empty", &[]),
    fixture("envelope.empty_list", &[]),
    fixture("envelope.null_lists", &[]),
    fixture(
        "envelope.several_events",
        &[
            event(
                "messaging message 106540001112223 7104000555666777 1763990000001 m_first",
                |event| {
                    kind!(event, Message).text.is("one");
                },
            ),
            event(
                "messaging read 106540001112223 7104000555666778 1763990000002 -",
                |event| {
                    kind!(event, Read).watermark.is(1_763_990_000_000);
                },
            ),
            event(
                "messaging message 106540001112223 7104000555666777 1763990000003 m_second",
                |event| {
                    kind!(event, Message).text.is("two");
                },
            ),
        ],
    ),
    fixture(
        "envelope.several_entries",
        &[
            event(
                "messaging message 106540001112223 7104000555666777 1763990000001 m_here",
                |event| {
                    kind!(event, Message).text.is("one");
                },
            ),
            event(
                "messaging message 106540001119999 8204000555666777 1763990000002 m_there",
                |event| {
                    kind!(event, Message).text.is("two");
                },
            ),
        ],
    ),
    fixture(
        "envelope.several_lists",
        &[
            event(
                "messaging message 106540001112223 7104000555666777 1763990000001 m_mine",
                |event| {
                    kind!(event, Message).text.is("one");
                },
            ),
            event(
                "standby message 106540001112223 7104000555666778 1763990000002 m_theirs",
                |event| {
                    kind!(event, Message).text.is("two");
                },
            ),
            event(
                "changes change:feed 106540001112223 - 1763990000123 -",
                |event| {
                    assert_eq!(event.raw(), r#"{"field":"feed","value":{"item":"post"}}"#);
                },
            ),
            event(
                "calls calls 106540001112223 7104000555666777 1763990000000 -",
                |event| {
                    kind!(event, Call).id.is("c_1");
                },
            ),
        ],
    ),
    fixture(
        "envelope.members_beside",
        &[
            event(
                "messaging read 106540001112223 7104000555666778 1763990000001 -",
                |event| {
                    kind!(event, Read).watermark.is(1_763_990_000_000);
                },
            ),
            event(
                "entry call_permission_reply 106540001112223 7104000555666777 1763990009000 -",
                |event| {
                    kind!(event, CallPermissionReply).response.is("reject");
                },
            ),
        ],
    ),
    fixture(
        "envelope.names_last",
        &[event(
            "messaging message 106540001112223 7104000555666777 1763990000001 m_last",
            |event| kind!(event, Message).text.is("backwards"),
        )],
    ),
    fixture(
        "other.user",
        &[event(
            "changes change:email 5550009 - 1763990000000 -",
            |event| {
                is_about(event, "user");
                assert!(event.raw().contains("mei@tea.example"));
            },
        )],
    ),
    // A field of another object is not Messenger's field of the same name.
    fixture(
        "other.whatsapp",
        &[event("changes change:messages 3001 - - -", |event| {
            is_about(event, "whatsapp_business_account");
        })],
    ),
];

pub(super) const INSTAGRAM: &[Fixture] = &[
    fixture(
        "instagram.message",
        &[event(
            "messaging message 17841400000000001 910000000000001 1763990000001 aWdfZAG1",
            |event| {
                assert_eq!(event.object, Object::Instagram);
                kind!(event, Message).text.is("hi");
            },
        )],
    ),
    fixture(
        "instagram.story_reply",
        &[event(
            "messaging message 17841400000000001 910000000000001 1763990000001 aWdfZAG2",
            |event| {
                let story = of(&of(&kind!(event, Message).reply_to).story);
                story.id.is("17850000000000001");
                story.url.is("https://lookaside.example/story");
            },
        )],
    ),
    fixture(
        "instagram.story_mention",
        &[event(
            "messaging message 17841400000000001 910000000000001 1763990000001 aWdfZAG3",
            |event| {
                let [mention] = all(&kind!(event, Message).attachments);
                mention.kind.is("story_mention");
                assert_eq!(mention.any_url(), Some("https://lookaside.example/mention"));
            },
        )],
    ),
    fixture(
        "instagram.shares",
        &[event(
            "messaging message 17841400000000001 910000000000001 1763990000001 aWdfZAG4",
            |event| {
                let [share, reel, post] = all(&kind!(event, Message).attachments);
                share.kind.is("share");
                reel.kind.is("ig_reel");
                of(&reel.payload).reel_video_id.is("17850000000000002");
                of(&reel.payload).title.is("Steam");
                post.kind.is("ig_post");
                of(&post.payload).id.is("17850000000000003");
            },
        )],
    ),
    fixture(
        "instagram.deleted",
        &[event(
            "messaging message 17841400000000001 910000000000001 1763990000001 aWdfZAG1",
            |event| assert!(kind!(event, Message).is_deleted),
        )],
    ),
    fixture(
        "instagram.read",
        &[event(
            "messaging read 17841400000000001 910000000000001 1763990000001 aWdfZAG9",
            |event| assert!(kind!(event, Read).watermark.is_none()),
        )],
    ),
    fixture(
        "instagram.reaction",
        &[event(
            "messaging reaction 17841400000000001 910000000000001 1763990000001 aWdfZAG9",
            |event| kind!(event, Reaction).emoji.is("🍵"),
        )],
    ),
    fixture(
        "instagram.echo",
        &[event(
            "messaging echo 17841400000000001 910000000000001 1763990000001 aWdfZAG9",
            |event| kind!(event, Echo).text.is("hello"),
        )],
    ),
    fixture(
        "instagram.standby",
        &[event(
            "standby message 17841400000000001 910000000000001 1763990000001 aWdfZAG1",
            |event| assert_eq!(event.object, Object::Instagram),
        )],
    ),
    fixture(
        "instagram.comments",
        &[event(
            "changes change:comments 17841400000000001 - 1763990000000 -",
            |event| assert_eq!(event.object, Object::Instagram),
        )],
    ),
];

pub(super) const UNKNOWN: &[Fixture] = &[
    fixture(
        "unknown.kind",
        &[event(
            "messaging unrecognized:telepathy 106540001112223 7104000555666777 1763990000001 -",
            |event| {
                reason(event, "no member names a known kind");
                assert!(
                    event
                        .raw()
                        .ends_with(r#""telepathy":{"emoji":"\u2764","n":1.50e2}}"#)
                );
            },
        )],
    ),
    fixture(
        "unknown.bare",
        &[event(
            "messaging unrecognized:- 106540001112223 - 1763990000123 -",
            |event| {
                reason(event, "no member names the kind");
                assert_eq!(event.raw(), "{}");
            },
        )],
    ),
    fixture(
        "unknown.bare_entry",
        &[event(
            "entry unrecognized:- 106540001112223 - 1763990000123 -",
            |event| {
                reason(event, "no member names the kind");
                assert_eq!(
                    event.raw(),
                    r#"{"time":1763990000123,"id":"106540001112223"}"#
                );
            },
        )],
    ),
    fixture(
        "unknown.changed_fields",
        &[event(
            "entry unrecognized:changed_fields 106540001112223 - 1763990000000 -",
            |event| reason(event, "no member names a known kind"),
        )],
    ),
    fixture(
        "unknown.damaged",
        &[
            event(
                "messaging unrecognized:message 106540001112223 7104000555666777 1763990000001 -",
                |event| {
                    reason(
                        event,
                        "the member that names the kind has another type or no known member",
                    )
                },
            ),
            event(
                "messaging unrecognized:- 106540001112223 - 1763990000123 -",
                |event| {
                    reason(event, "the event is not an object");
                    assert_eq!(event.raw(), "7");
                },
            ),
            event(
                "messaging unrecognized:- 106540001112223 - 1763990000123 -",
                |event| {
                    reason(event, "the event is not an object");
                    assert_eq!(event.raw(), "null");
                },
            ),
            event(
                "messaging message 106540001112223 7104000555666777 1763990000002 m_survivor",
                |event| {
                    kind!(event, Message).text.is("here");
                },
            ),
            event(
                "standby unrecognized:- 106540001112223 - 1763990000123 -",
                |event| {
                    reason(event, "not a list");
                    assert_eq!(event.raw(), r#"{"a":1}"#);
                },
            ),
            event("entry unrecognized:- - - - -", |event| {
                reason(event, "the entry is not an object");
                assert_eq!(event.raw(), "3");
            }),
        ],
    ),
    fixture(
        "unknown.object",
        &[event(
            "messaging unrecognized:- 5550009 - 1763990000123 -",
            |event| {
                is_about(event, "permissions");
                reason(event, "the object is neither a page nor instagram");
            },
        )],
    ),
];

#[track_caller]
fn is_about(event: &Event<'_>, object: &str) {
    assert_eq!(event.object.name(), object);
}
