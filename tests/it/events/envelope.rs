//! Around the events: several lists and entries, other objects, and what nobody knows.

use messenger_crm::event::{Event, Object};

use super::expect::{Is as _, all, kind, of, reason};
use super::{Fixture, event, fixture};

pub(super) const FIXTURES: &[Fixture] = &[
    fixture("envelope.empty", "2.1", &[]),
    fixture("envelope.empty_list", "2.2", &[]),
    fixture("envelope.null_lists", "2.2", &[]),
    fixture(
        "envelope.several_events",
        "1.5",
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
        "1.5",
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
        "2.2",
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
            event("changes change:feed 106540001112223 - - -", |event| {
                assert_eq!(event.raw(), r#"{"field":"feed","value":{"item":"post"}}"#);
            }),
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
        "2.2",
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
        "1.3",
        &[event(
            "messaging message 106540001112223 7104000555666777 1763990000001 m_last",
            |event| kind!(event, Message).text.is("backwards"),
        )],
    ),
    fixture(
        "other.user",
        "2.5",
        &[event("changes change:email 5550009 - - -", |event| {
            is_about(event, "user");
            assert!(event.raw().contains("mei@tea.example"));
        })],
    ),
    // The field of another object is not Messenger's, though it bears the name.
    fixture(
        "other.whatsapp",
        "2.1",
        &[event("changes change:messages 3001 - - -", |event| {
            is_about(event, "whatsapp_business_account");
        })],
    ),
];

pub(super) const INSTAGRAM: &[Fixture] = &[
    fixture(
        "instagram.message",
        "2.5",
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
        "3.1.1",
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
        "3.1.2",
        &[event(
            "messaging message 17841400000000001 910000000000001 1763990000001 aWdfZAG3",
            |event| {
                let [mention] = all(&kind!(event, Message).attachments);
                mention.kind.is("story_mention");
                assert_eq!(mention.url(), Some("https://lookaside.example/mention"));
            },
        )],
    ),
    fixture(
        "instagram.shares",
        "3.1.2",
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
        "2.5",
        &[event(
            "messaging message 17841400000000001 910000000000001 1763990000001 aWdfZAG1",
            |event| assert!(kind!(event, Message).is_deleted),
        )],
    ),
    fixture(
        "instagram.read",
        "3.6",
        &[event(
            "messaging read 17841400000000001 910000000000001 1763990000001 aWdfZAG9",
            |event| assert!(kind!(event, Read).watermark.is_none()),
        )],
    ),
    fixture(
        "instagram.reaction",
        "3.7",
        &[event(
            "messaging reaction 17841400000000001 910000000000001 1763990000001 aWdfZAG9",
            |event| kind!(event, Reaction).emoji.is("🍵"),
        )],
    ),
    fixture(
        "instagram.echo",
        "2.5",
        &[event(
            "messaging echo 17841400000000001 910000000000001 1763990000001 aWdfZAG9",
            |event| kind!(event, Echo).text.is("hello"),
        )],
    ),
    fixture(
        "instagram.standby",
        "2.5",
        &[event(
            "standby message 17841400000000001 910000000000001 1763990000001 aWdfZAG1",
            |event| assert_eq!(event.object, Object::Instagram),
        )],
    ),
    fixture(
        "instagram.comments",
        "2.3",
        &[event(
            "changes change:comments 17841400000000001 - - -",
            |event| assert_eq!(event.object, Object::Instagram),
        )],
    ),
];

pub(super) const UNKNOWN: &[Fixture] = &[
    fixture(
        "unknown.kind",
        "2.4",
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
        "2.4",
        &[event(
            "messaging unrecognized:- 106540001112223 - - -",
            |event| {
                reason(event, "no member names the kind");
                assert_eq!(event.raw(), "{}");
            },
        )],
    ),
    fixture(
        "unknown.bare_entry",
        "2.2",
        &[event(
            "entry unrecognized:- 106540001112223 - - -",
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
        "2.2",
        &[event(
            "entry unrecognized:changed_fields 106540001112223 - - -",
            |event| reason(event, "no member names a known kind"),
        )],
    ),
    fixture(
        "unknown.damaged",
        "2.4",
        &[
            event(
                "messaging unrecognized:message 106540001112223 7104000555666777 1763990000001 -",
                |event| reason(event, "the member that names the kind has another type"),
            ),
            event("messaging unrecognized:- 106540001112223 - - -", |event| {
                reason(event, "the event is not an object");
                assert_eq!(event.raw(), "7");
            }),
            event("messaging unrecognized:- 106540001112223 - - -", |event| {
                reason(event, "the event is not an object");
                assert_eq!(event.raw(), "null");
            }),
            event(
                "messaging message 106540001112223 7104000555666777 1763990000002 m_survivor",
                |event| {
                    kind!(event, Message).text.is("here");
                },
            ),
            event("standby unrecognized:- 106540001112223 - - -", |event| {
                reason(event, "not a list");
                assert_eq!(event.raw(), r#"{"a":1}"#);
            }),
            event("entry unrecognized:- - - - -", |event| {
                reason(event, "the entry is not an object");
                assert_eq!(event.raw(), "3");
            }),
        ],
    ),
    fixture(
        "unknown.object",
        "2.1",
        &[event("messaging unrecognized:- 5550009 - - -", |event| {
            is_about(event, "permissions");
            reason(event, "the object is neither a page nor instagram");
        })],
    ),
];

#[track_caller]
fn is_about(event: &Event<'_>, object: &str) {
    assert_eq!(event.object.name(), Some(object));
}
