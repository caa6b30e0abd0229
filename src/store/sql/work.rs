//! Columns of an item of work.

use super::{Columns, columns, count, millis, time, worker, worker_to_sql};
use crate::{
    model::{ContactKey, WorkKind},
    store::{
        StoreError,
        fold::{WorkKey, WorkRow},
    },
    time::Timestamp,
};

columns! {
    /// An item of work as it is written.
    struct WorkColumns {
        kind: text,
        id: text,
        at: int,
        due: int,
        given_up: int,
        attempt: int,
        tries: int,
        by: int,
        data: text,
    }
}

impl WorkColumns {
    pub(in crate::store) fn of(key: &WorkKey, row: &WorkRow) -> Self {
        Self {
            kind: Some(key.kind.as_str().to_owned()),
            id: Some(key.id.clone()),
            at: Some(row.at.as_millis()),
            due: millis(row.due),
            given_up: row.given_up.then_some(1),
            attempt: Some(row.attempt.into()),
            tries: Some(row.tries.into()),
            by: worker_to_sql(row.by),
            data: Some(row.data.clone()).filter(|data| !data.is_empty()),
        }
    }

    pub(in crate::store) fn into_row(self) -> Result<WorkRow, StoreError> {
        let at = Timestamp::from_millis(self.at.unwrap_or(0));
        let mut row = WorkRow::new(at, time(self.due), self.data.unwrap_or_default());
        row.given_up = self.given_up.is_some();
        (row.attempt, row.tries) = (count(self.attempt)?, count(self.tries)?);
        row.by = worker(self.by);
        Ok(row)
    }

    /// The item with its key: first the Page, then the customer or an empty text, then the columns.
    pub(in crate::store) fn read_with_key(
        next: &mut impl Columns,
    ) -> Result<(WorkKey, WorkRow), StoreError> {
        let page = next.page_id()?;
        let psid = next.text()?.filter(|psid| !psid.is_empty());
        let psid = psid.map(super::psid).transpose()?;
        let columns = Self::read(next)?;
        let kind = WorkKind::new(columns.kind.clone().unwrap_or_default());
        let id = columns.id.clone().unwrap_or_default();
        Ok((WorkKey::new(page, psid, kind, id), columns.into_row()?))
    }

    /// The same of a customer that is known.
    pub(in crate::store) fn read_of(
        contact: &ContactKey,
        next: &mut impl Columns,
    ) -> Result<(WorkKey, WorkRow), StoreError> {
        let columns = Self::read(next)?;
        let kind = WorkKind::new(columns.kind.clone().unwrap_or_default());
        let id = columns.id.clone().unwrap_or_default();
        let (page, psid) = (contact.page.clone(), Some(contact.psid.clone()));
        Ok((WorkKey::new(page, psid, kind, id), columns.into_row()?))
    }
}
