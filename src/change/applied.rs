//! The result of applying a change.

/// Result of applying one [`Change`](super::Change) to a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Applied {
    /// A new entry was stored. Notify an agent if the customer wrote it and it is live.
    #[non_exhaustive]
    New {
        /// Whether it is the first entry of this customer.
        customer: bool,
        /// Whether it is delivered now, and not imported: see
        /// [`Entry::live`](crate::model::Entry::live).
        live: bool,
    },
    /// A raw event was stored: see [`Change::RawEvent`](super::Change::RawEvent).
    Kept,
    /// Something visible changed, or a claim was won.
    Changed,
    /// The change was already stored: nothing visible changes, and neither does the revision.
    ///
    /// For a [`Claimed`](super::Change::Claimed) it means that the same worker already holds this
    /// attempt: another call has won it, or this call has, and its first result was lost. A worker
    /// that cannot tell which must not do the work: it lets the lease expire.
    Unchanged,
    /// Stored, but not visible until its message arrives or the customer writes.
    Parked,
    /// Dropped, because it is not later than the time of an erasure or expiry.
    Forgotten,
    /// Compare-and-set failed: another worker holds this attempt, somebody else decided or more
    /// messages arrived since the revision that was seen, another reply has this key, the customer
    /// has as many tags and fields as they can, or too many events were kept of a Page that nobody
    /// has connected.
    Refused,
}
