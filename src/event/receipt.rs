//! Receipts and reactions: delivered, read, reacted to, rated.

use super::{raw::Mids, wire::wire};
use crate::{text::Text, time::Timestamp};

wire! {
    /// A delivery or read receipt.
    ///
    /// Only in [`Event::raw`](super::Event::raw): `seq`, a number that old webhooks have.
    ///
    /// Meta: [message_deliveries](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-deliveries),
    /// [message_reads](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-reads)
    pub struct Receipt {
        /// All messages of the Page up to this time were delivered, or read.
        pub watermark: Option<Timestamp> = "watermark";
        /// Delivery: ids of the delivered messages. Absent when Meta sends only the watermark.
        pub mids: Option<Mids<'a>> = "mids";
        /// Instagram: id of the read message, instead of the watermark.
        pub mid: Option<Text<'a>> = "mid";
    }

    /// A reaction to a message, added or removed.
    ///
    /// Meta: [message_reactions](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-reactions)
    pub struct Reaction {
        /// Id of the message.
        pub mid: Option<Text<'a>> = "mid";
        /// `react` or `unreact`.
        pub action: Option<Text<'a>> = "action";
        /// `smile`, `love`, …, `other`: an open set. Absent when the reaction is removed.
        pub reaction: Option<Text<'a>> = "reaction";
        /// The emoji. Absent when the reaction is removed.
        pub emoji: Option<Text<'a>> = "emoji";
    }

    /// A rating of a message by its thumb buttons.
    ///
    /// Meta: [response_feedback](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/response_feedback)
    pub struct ResponseFeedback {
        /// Id of the rated message.
        pub mid: Option<Text<'a>> = "mid";
        /// `Good response` or `Bad response`.
        pub feedback: Option<Text<'a>> = "feedback";
    }
}
