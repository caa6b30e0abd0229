//! What became of a message: delivered, read, reacted to, judged.

use super::{raw::Mids, wire::wire};
use crate::{text::Text, time::Timestamp};

wire! {
    /// Messages reached the customer, or were read.
    ///
    /// Meta: [message_deliveries](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-deliveries),
    /// [message_reads](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-reads)
    pub struct Receipt {
        /// Everything sent up to here has arrived, or has been read.
        pub watermark: Option<Timestamp> = "watermark";
        /// Deliveries: which messages, when Meta says so.
        pub mids: Option<Mids<'a>> = "mids";
        /// Instagram: the message that was read; there is no watermark then.
        pub mid: Option<Text<'a>> = "mid";
    }

    /// A customer reacted to a message, or took that back.
    ///
    /// Meta: [message_reactions](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-reactions)
    pub struct Reaction {
        /// The message reacted to.
        pub mid: Option<Text<'a>> = "mid";
        /// `react` or `unreact`.
        pub action: Option<Text<'a>> = "action";
        /// `smile`, `love`, …, `other`: an open set. Absent when it is taken back.
        pub reaction: Option<Text<'a>> = "reaction";
        /// The emoji itself. Absent when it is taken back.
        pub emoji: Option<Text<'a>> = "emoji";
    }

    /// A customer judged a message by its thumb buttons.
    ///
    /// Meta: [response_feedback](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/response_feedback)
    pub struct ResponseFeedback {
        /// The message judged.
        pub mid: Option<Text<'a>> = "mid";
        /// `Good response` or `Bad response`.
        pub feedback: Option<Text<'a>> = "feedback";
    }
}
