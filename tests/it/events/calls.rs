//! Calls.

use super::expect::{Absent as _, Is as _, all, kind, of};
use super::{Fixture, event, fixture};

pub(super) const FIXTURES: &[Fixture] = &[
    fixture(
        "calls.connect",
        &[event(
            "calls calls 106540001112223 7104000555666777 1763990000000 -",
            |event| {
                let call = kind!(event, Call);
                call.id.is("c_M5YPh");
                call.event.is("connect");
                call.from.is("7104000555666777");
                call.to.is("106540001112223");
                call.direction.is("user_initiated");
                assert_eq!(event.kind.field(), Some("calls"));
            },
        )],
    ),
    fixture(
        "calls.connect.business",
        &[event(
            "calls calls 106540001112223 7104000555666777 1763990000000 -",
            |event| kind!(event, Call).direction.is("business_initiated"),
        )],
    ),
    fixture(
        "calls.call_status",
        &[event(
            "calls calls 106540001112223 7104000555666777 1763990002000 -",
            |event| {
                kind!(event, Call).event.is("call_status");
                kind!(event, Call).recipient_id.is("7104000555666777");
                kind!(event, Call).call_status.is("ringing");
            },
        )],
    ),
    fixture(
        "calls.media_update",
        &[event(
            "calls calls 106540001112223 - 1763990003000 -",
            |event| {
                let session = of(&kind!(event, Call).session);
                session.version.is(Some(2));
                of(&session.sdp_renegotiation).kind.is("offer");
                of(&session.sdp_renegotiation)
                    .sdp
                    .is("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n");
            },
        )],
    ),
    fixture(
        "calls.terminate",
        &[event(
            "calls calls 106540001112223 - 1763990063000 -",
            |event| {
                let call = kind!(event, Call);
                call.status.is("Completed");
                call.start_time.is(1_763_990_001_000);
                call.end_time.is(1_763_990_062_000);
                call.duration.is(Some(61));
            },
        )],
    ),
    fixture(
        "calls.terminate.failed",
        &[event(
            "calls calls 106540001112223 - 1763990063000 -",
            |event| {
                kind!(event, Call).status.is("Failed");
                kind!(event, Call).duration.is(None);
            },
        )],
    ),
    fixture(
        "call_permission_reply",
        &[event(
            "entry call_permission_reply 106540001112223 7104000555666777 1763990000000 -",
            |event| {
                kind!(event, CallPermissionReply).response.is("approve");
                kind!(event, CallPermissionReply)
                    .expires_at
                    .is(1_764_594_800_000);
                assert_eq!(event.kind.field(), Some("call_permission_reply"));
            },
        )],
    ),
    fixture(
        "call_permission_reply.messaging",
        &[event(
            "messaging call_permission_reply 106540001112223 7104000555666777 1763990000000 -",
            |event| {
                kind!(event, CallPermissionReply).response.is("reject");
                kind!(event, CallPermissionReply).expires_at.is_absent();
            },
        )],
    ),
    fixture(
        "call_settings",
        &[event(
            "entry call_settings 106540001112223 - 1763990000000 -",
            |event| {
                let settings = kind!(event, CallSettings);
                assert_eq!(settings.audio_enabled, Some(true));
                assert_eq!(settings.video_enabled, Some(false));
                assert_eq!(settings.icon_enabled, Some(true));
                settings.call_routing.is("PARTNERS");
                let hours = of(&settings.call_hours);
                hours.timezone_id.is("Asia/Taipei");
                let [monday, tuesday] = all(&hours.weekly_operating_hours);
                monday.day_of_week.is("MONDAY");
                monday.open_time.is("0400");
                monday.close_time.is("1020");
                tuesday.day_of_week.is("TUESDAY");
                assert_eq!(event.kind.field(), Some("call_settings_update"));
            },
        )],
    ),
];
