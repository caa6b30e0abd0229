//! The window of customers that changed, from rows that are sorted by revision.

use crate::{
    id::{PageId, Psid},
    model::{ContactKey, Revision},
    store::Changed,
};

/// Customers of one answer; all of a revision are returned together.
pub(in crate::store) const MAX_CHANGED: usize = 1_000;

/// Next step of a store with the rows that it has read.
pub(in crate::store) enum Window {
    /// The answer.
    Done(Changed),
    /// One revision has more rows than fit: read all rows of it, and nothing else.
    AllOf(i64),
}

/// The answer from up to [`MAX_CHANGED`] rows and one more.
pub(in crate::store) fn window(
    page: &PageId,
    mut rows: Vec<(Psid, i64)>,
    revision: Revision,
) -> Window {
    let mut until = revision;
    let more = rows.len() > MAX_CHANGED;
    if more && let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        let (first, last) = (first.1, last.1);
        if first == last {
            return Window::AllOf(first);
        }
        rows.retain(|(_, revision)| *revision < last);
        let end = rows.last().map_or(first, |(_, revision)| *revision);
        until = super::revision(end);
    }
    Window::Done(answer(page, rows, until, more))
}

/// The answer from all rows of one revision.
pub(in crate::store) fn answer(
    page: &PageId,
    rows: Vec<(Psid, i64)>,
    revision: Revision,
    more: bool,
) -> Changed {
    let key = |(psid, _)| ContactKey::new(page.clone(), psid);
    Changed {
        contacts: rows.into_iter().map(key).collect(),
        revision,
        more,
        ..Changed::default()
    }
}
