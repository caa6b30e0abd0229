//! Calls in Messenger.

use super::wire::wire;
use crate::{text::Text, time::Timestamp};

wire! {
    /// Something happened to a call.
    ///
    /// Meta: [Calling API](https://developers.facebook.com/docs/messenger-platform/calling)
    pub struct Call {
        /// The call's id.
        pub id: Option<Text<'a>> = "id";
        /// `connect`, `call_status`, `media_update` or `terminate`. An open set.
        pub event: Option<Text<'a>> = "event";
        /// Connect: who calls, the customer or the Page.
        pub from: Option<Text<'a>> = "from";
        /// Connect: who is called.
        pub to: Option<Text<'a>> = "to";
        /// Connect: `business_initiated` or `user_initiated`.
        pub direction: Option<Text<'a>> = "call_direction";
        /// Call status: the customer.
        pub recipient_id: Option<Text<'a>> = "recipient_id";
        /// Call status: `ringing` or `accepted`.
        pub call_status: Option<Text<'a>> = "call_status";
        /// Media update: what the other side offers.
        pub session: Option<CallSession<'a>> = "session";
        /// Terminate: `Failed` or `Completed`.
        pub status: Option<Text<'a>> = "status";
        /// Terminate: when the call began.
        pub start_time: Option<Timestamp> = "start_time";
        /// Terminate: when it ended.
        pub end_time: Option<Timestamp> = "end_time";
        /// Terminate: how many seconds it took.
        pub duration: Option<i64> = "duration";
    }

    /// The media of a call.
    pub struct CallSession {
        /// The highest one counts.
        pub version: Option<i64> = "version";
        /// The new description of the session.
        pub sdp_renegotiation: Option<SessionDescription<'a>> = "sdp_renegotiation";
    }

    /// A session description, RFC 8866.
    pub struct SessionDescription {
        /// `offer`.
        pub kind: Option<Text<'a>> = "sdp_type";
        /// The description.
        pub sdp: Option<Text<'a>> = "sdp";
    }

    /// A customer allows calls, or not.
    ///
    /// Meta: [call_permission_reply](https://developers.facebook.com/docs/messenger-platform/calling)
    pub struct CallPermissionReply {
        /// `approve` or `reject`.
        pub response: Option<Text<'a>> = "response";
        /// Until when; with `approve` alone.
        pub expires_at: Option<Timestamp> = "expiration_timestamp";
    }

    /// The Page's settings for calls have changed.
    ///
    /// Meta: [call_settings_update](https://developers.facebook.com/docs/messenger-platform/calling)
    pub struct CallSettings {
        /// Whether voice calls are possible.
        pub audio_enabled: Option<bool> = "audio_enabled";
        /// Whether video calls are possible.
        pub video_enabled: Option<bool> = "video_enabled";
        /// Whether the icon is shown.
        pub icon_enabled: Option<bool> = "icon_enabled";
        /// `META` or `PARTNERS`.
        pub call_routing: Option<Text<'a>> = "call_routing";
        /// When the Page can be called.
        pub call_hours: Option<CallHours<'a>> = "call_hours";
    }

    /// When a Page can be called.
    pub struct CallHours {
        /// The IANA name of the time zone.
        pub timezone_id: Option<Text<'a>> = "timezone_id";
        /// Day by day.
        pub weekly_operating_hours: Vec<OperatingHours<'a>> = "weekly_operating_hours";
    }

    /// When a Page can be called on one day of the week.
    pub struct OperatingHours {
        /// `MONDAY`, …
        pub day_of_week: Option<Text<'a>> = "day_of_week";
        /// Four digits, as in `0400`.
        pub open_time: Option<Text<'a>> = "open_time";
        /// Four digits, as in `1020`.
        pub close_time: Option<Text<'a>> = "close_time";
    }
}
