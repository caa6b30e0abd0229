//! Voice and video calls in Messenger.

use super::wire::wire;
use crate::{text::Text, time::Timestamp};

wire! {
    /// One event of a call.
    ///
    /// Meta: [Calling API](https://developers.facebook.com/docs/messenger-platform/calling)
    pub struct Call {
        /// Call id.
        pub id: Option<Text<'a>> = "id";
        /// `connect`, `call_status`, `media_update` or `terminate`. An open set.
        pub event: Option<Text<'a>> = "event";
        /// `connect`: id of the caller, the customer or the Page.
        pub from: Option<Text<'a>> = "from";
        /// `connect`: id of the person or Page that is called.
        pub to: Option<Text<'a>> = "to";
        /// `connect`: `business_initiated` or `user_initiated`.
        #[doc(alias = "call_direction")]
        pub direction: Option<Text<'a>> = "call_direction";
        /// `call_status`: PSID of the customer.
        pub recipient_id: Option<Text<'a>> = "recipient_id";
        /// `call_status`: `ringing` or `accepted`.
        pub call_status: Option<Text<'a>> = "call_status";
        /// `media_update`: the new media session.
        pub session: Option<CallSession<'a>> = "session";
        /// `terminate`: `Failed` or `Completed`.
        pub status: Option<Text<'a>> = "status";
        /// `terminate`: start of the call.
        pub start_time: Option<Timestamp> = "start_time";
        /// `terminate`: end of the call.
        pub end_time: Option<Timestamp> = "end_time";
        /// `terminate`: duration in seconds.
        pub duration: Option<i64> = "duration";
    }

    /// Media session of a call.
    pub struct CallSession {
        /// Version of the session. The session with the highest version is valid.
        pub version: Option<i64> = "version";
        /// The new session description.
        pub sdp_renegotiation: Option<SessionDescription<'a>> = "sdp_renegotiation";
    }

    /// Session description (SDP), RFC 8866.
    pub struct SessionDescription {
        /// Type of the description: `offer`.
        #[doc(alias = "sdp_type")]
        pub kind: Option<Text<'a>> = "sdp_type";
        /// Text of the description.
        pub sdp: Option<Text<'a>> = "sdp";
    }

    /// A customer's decision about calls by the Page.
    ///
    /// Meta: [call_permission_reply](https://developers.facebook.com/docs/messenger-platform/calling)
    pub struct CallPermissionReply {
        /// `approve` or `reject`.
        pub response: Option<Text<'a>> = "response";
        /// Time when the permission expires. Only with `approve`.
        #[doc(alias = "expiration_timestamp")]
        pub expires_at: Option<Timestamp> = "expiration_timestamp";
    }

    /// The Page's call settings after a change.
    ///
    /// Meta: [call_settings_update](https://developers.facebook.com/docs/messenger-platform/calling)
    pub struct CallSettings {
        /// Whether voice calls are possible.
        pub audio_enabled: Option<bool> = "audio_enabled";
        /// Whether video calls are possible.
        pub video_enabled: Option<bool> = "video_enabled";
        /// Whether the call icon is shown.
        pub icon_enabled: Option<bool> = "icon_enabled";
        /// Routing of calls: `META` or `PARTNERS`.
        pub call_routing: Option<Text<'a>> = "call_routing";
        /// Hours in which the Page accepts calls.
        pub call_hours: Option<CallHours<'a>> = "call_hours";
    }

    /// Hours in which a Page accepts calls.
    pub struct CallHours {
        /// IANA name of the time zone.
        pub timezone_id: Option<Text<'a>> = "timezone_id";
        /// Hours of each day.
        pub weekly_operating_hours: Vec<OperatingHours<'a>> = "weekly_operating_hours";
    }

    /// Hours of one day of the week.
    pub struct OperatingHours {
        /// Day of the week: `MONDAY`, …
        pub day_of_week: Option<Text<'a>> = "day_of_week";
        /// Start as `HHMM`, such as `0400`.
        pub open_time: Option<Text<'a>> = "open_time";
        /// End as `HHMM`, such as `1020`.
        pub close_time: Option<Text<'a>> = "close_time";
    }
}
