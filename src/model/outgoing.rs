//! A reply as it is queued.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Author, Content};
use crate::time::Timestamp;

/// A reply as it is queued: what it shows, what is sent, by whom and until when.
///
/// It holds no recipient, token or metadata. Unsending and erasing clear it like other content.
/// `Debug` prints no text.
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Outgoing {
    /// Content that conversation and list show.
    pub content: Content,
    /// Body of the request to the Send API as JSON, without `recipient` and without `metadata`.
    /// `None`: a message with the text of `content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Agent or program that wrote it; `None` when the host does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
    /// Latest time to send it; `None` without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<Timestamp>,
}

impl Outgoing {
    /// Creates a reply with text only.
    pub fn text(text: impl Into<String>) -> Self {
        Content::text(text).into()
    }

    /// Sets the author.
    #[must_use]
    pub fn with_author(self, author: Author) -> Self {
        let author = Some(author);
        Self { author, ..self }
    }

    /// Sets the body of the request: see [`request`](Self::request).
    #[must_use]
    pub fn with_request(self, request: impl Into<String>) -> Self {
        let request = Some(request.into());
        Self { request, ..self }
    }

    /// Sets the latest time to send it.
    #[must_use]
    pub fn with_latest(self, latest: Timestamp) -> Self {
        let latest = Some(latest);
        Self { latest, ..self }
    }
}

impl From<Content> for Outgoing {
    fn from(content: Content) -> Self {
        Self {
            content,
            ..Self::default()
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("content", &self.content)
            .field("author", &self.author)
            .field("latest", &self.latest)
            .finish_non_exhaustive()
    }
}
