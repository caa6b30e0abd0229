//! Whose token it is.

use super::{Access, Error, Graph};
use crate::id::PageId;

/// A Page, as its token shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The Page's id.
    pub id: PageId,
    /// The Page's name.
    pub name: Option<String>,
}

impl Graph {
    /// The Page that a token is for: the cheapest way to check a token.
    ///
    /// # Errors
    ///
    /// [`Error`] when Meta refuses the token, or cannot be asked.
    ///
    /// <https://developers.facebook.com/docs/graph-api/reference/page/>
    pub async fn page(&self, access: &Access) -> Result<Page, Error> {
        let answer = self.call(access, "me", Some("id,name"), None).await?;
        let id = answer.id("id").and_then(|id| PageId::new(id).ok());
        Ok(Page {
            id: id.ok_or(Error::Unexpected {
                status: answer.status,
            })?,
            name: answer.text("name"),
        })
    }
}
