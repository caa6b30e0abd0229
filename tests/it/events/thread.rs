//! Thread control, standby and policy enforcement.

use messenger_crm::event::Event;

use super::expect::{Absent as _, Is as _, kind};
use super::{Fixture, event, event_line, fixture};

pub(super) const FIXTURES: &[Fixture] = &[
    fixture(
        "pass_thread_control",
        &[event(event_line!("pass_thread_control", "-"), |event| {
            let control = kind!(event, PassThreadControl);
            control.previous_owner_app_id.is("263902037430900");
            control.new_owner_app_id.is("1517000481860111");
            control.metadata.is("please help");
            assert_eq!(event.kind.field(), Some("messaging_handovers"));
        })],
    ),
    fixture(
        "pass_thread_control.idle",
        &[event(event_line!("pass_thread_control", "-"), |event| {
            let control = kind!(event, PassThreadControl);
            assert!(control.previous_owner_app_id.is_none() && control.metadata.is_none());
            control.new_owner_app_id.is("1517000481860111");
        })],
    ),
    fixture(
        "take_thread_control",
        &[event(event_line!("take_thread_control", "-"), |event| {
            let control = kind!(event, TakeThreadControl);
            control.previous_owner_app_id.is("1517000481860111");
            control.new_owner_app_id.is("263902037430900");
            control.metadata.is("a person takes over");
        })],
    ),
    fixture(
        "request_thread_control",
        &[event(event_line!("request_thread_control", "-"), |event| {
            kind!(event, RequestThreadControl)
                .requested_owner_app_id
                .is("263902037430900");
            kind!(event, RequestThreadControl).metadata.is("mine");
        })],
    ),
    fixture(
        "app_roles",
        &[event(
            "messaging app_roles 106540001112223 - 1763990000001 -",
            |event| {
                let roles = kind!(event, AppRoles);
                let of_app = |app| roles.get(app).unwrap();
                of_app("1517000481860111").is(&["primary_receiver", "automation"]);
                of_app("263902037430900").is(&["secondary_receiver"]);
                assert_eq!(roles.iter().count(), 2);
                assert!(roles.get("1").is_none());
            },
        )],
    ),
    fixture(
        "standby.message",
        &[event(
            "standby message 106540001112223 7104000555666777 1763990000001 m_text",
            |event| kind!(event, Message).text.is("Do you have oolong?"),
        )],
    ),
    fixture(
        "standby.echo",
        &[event(
            "standby echo 106540001112223 7104000555666777 1763990000001 m_inbox",
            |event| kind!(event, Echo).text.is("A person wrote this"),
        )],
    ),
    fixture(
        "standby.postback",
        &[event(
            "standby postback 106540001112223 7104000555666777 1763990000001 m_postback",
            |event| {
                kind!(event, Postback).title.is("Get Started");
                kind!(event, Postback).payload.is_absent();
            },
        )],
    ),
    fixture(
        "standby.postback.bare",
        &[event(
            "standby postback 106540001112223 7104000555666777 1763990000001 -",
            |event| kind!(event, Postback).title.is("Menu"),
        )],
    ),
    fixture(
        "standby.delivery",
        &[event(
            "standby delivery 106540001112223 7104000555666777 1763990000001 -",
            |event| kind!(event, Delivery).watermark.is(1_763_989_999_500),
        )],
    ),
    fixture(
        "standby.read",
        &[event(
            "standby read 106540001112223 7104000555666777 1763990000001 -",
            |event| kind!(event, Read).watermark.is(1_763_989_999_800),
        )],
    ),
    fixture(
        "policy_enforcement",
        &[event(
            "messaging policy_enforcement 106540001112223 - 1763990000001 -",
            |event| {
                policy(event, "block", Some("The bot wrote too much."));
                assert_eq!(event.kind.field(), Some("messaging_policy_enforcement"));
            },
        )],
    ),
    fixture(
        "policy_enforcement.hyphen",
        &[event(
            "messaging policy_enforcement 106540001112223 - 1763990000001 -",
            |event| policy(event, "warning", Some("The bot writes too much.")),
        )],
    ),
    fixture(
        "policy_enforcement.unblock",
        &[event(
            "messaging policy_enforcement 106540001112223 - 1763990000001 -",
            |event| policy(event, "unblock", None),
        )],
    ),
];

#[track_caller]
fn policy(event: &Event<'_>, action: &str, reason: Option<&str>) {
    let enforcement = kind!(event, PolicyEnforcement);
    enforcement.action.is(action);
    assert_eq!(enforcement.reason.as_deref(), reason);
}
