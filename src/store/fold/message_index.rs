//! Values by which a database finds the messages of a conversation.

use super::{EntryRow, OutgoingRow, Position};
use crate::{
    model::{OutgoingKey, Side},
    time::Timestamp,
};

/// Values by which a database finds an entry or a reply: columns beside the row, for a store that
/// keeps rows as JSON.
///
/// With a cut ([`ContactRow::cutoff`](super::ContactRow::cutoff)) only rows whose `visible_at` is
/// later than the cut are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct MessageIndex {
    /// Position in the conversation; `None` when the row shows no message: an entry that waits for
    /// its message, a reply that the log shows.
    pub position: Option<Position>,
    /// A cut up to this time hides the row; `None` when it shows nothing without a cut.
    pub visible_at: Option<Timestamp>,
    /// A cut up to this time erases the row: the time that [`Rows::old`](super::Rows::old) compares.
    pub old_at: Timestamp,
    /// Time for the [ends](super::Ends) of the conversation; `None` when the row does not count.
    pub end_at: Option<Timestamp>,
    /// Whether it is an entry of the customer that opens the messaging window.
    pub is_inbound: bool,
    /// Whether it counts as an answer to the customer.
    pub is_answer: bool,
    /// Whether [`Rows::count_inbound`](super::Rows::count_inbound) counts it.
    pub is_live: bool,
}

impl EntryRow {
    /// Values by which a database finds the entry.
    pub fn index(&self) -> MessageIndex {
        let body = self.body.as_ref();
        let at = body.map(|body| body.at);
        let side = body.map(|body| body.side);
        // Our own copy is hidden with the reply that it comes from.
        let born = body.filter(|body| body.is_own()).map(|_| {
            let key = self.key.as_ref();
            key.map_or(Timestamp::from_millis(i64::MIN), OutgoingKey::born)
        });
        let is_customer = side == Some(Side::Customer);
        MessageIndex {
            position: self.position(),
            visible_at: at.map(|at| born.map_or(at, |born| at.min(born))),
            old_at: at.or_else(|| self.latest_at()).unwrap_or_default(),
            end_at: at.filter(|_| side != Some(Side::Team)),
            is_inbound: is_customer && body.is_some_and(|body| body.opens_window),
            is_answer: side == Some(Side::Page),
            is_live: is_customer && body.is_some_and(|body| body.live),
        }
    }
}

impl OutgoingRow {
    /// Values by which a database finds the reply.
    pub fn index(&self) -> MessageIndex {
        let born = self.key.born();
        let content = self.outgoing.as_ref();
        MessageIndex {
            position: self.position(),
            visible_at: content.map(|_| born),
            old_at: born,
            end_at: content.map(|_| self.at),
            is_inbound: false,
            is_answer: self.is_answer(),
            is_live: false,
        }
    }
}
