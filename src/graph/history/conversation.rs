//! The list of conversations.

use std::fmt;

use super::message::{PastMessage, nested};
use crate::graph::{Answer, Call, Endpoint, Error, Listing, Object, Paging, Path, Traffic};
use crate::id::{ConversationId, PageId, Psid};
use crate::time::Timestamp;

/// Somebody in a conversation; its `Debug` shows nothing of them.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Participant {
    /// The customer's PSID, or the Page's id.
    pub id: String,
    /// The name.
    pub name: Option<String>,
}

impl fmt::Debug for Participant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Participant(…)")
    }
}

impl Participant {
    pub(super) fn read(person: Object<'_>) -> Option<Self> {
        Some(Self {
            id: person.id("id")?,
            name: person.text("name"),
        })
    }
}

/// A conversation of the past.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Conversation {
    /// Its id, which is not a PSID.
    pub id: ConversationId,
    /// When something happened last.
    pub updated_at: Option<Timestamp>,
    /// The customer and the Page.
    pub participants: Vec<Participant>,
    /// Whether the Page may write, as far as Meta tells.
    pub can_reply: Option<bool>,
    /// How many messages there are.
    pub message_count: Option<i64>,
    /// How many of them nobody has seen.
    pub unread_count: Option<i64>,
    /// The newest messages, when they were asked for, newest first; more of them through
    /// [`MessagesOf`](super::MessagesOf).
    pub messages: Listing<PastMessage>,
}

impl Conversation {
    fn read(conversation: Object<'_>) -> Option<Self> {
        let participants = conversation.object("participants");
        let messages = conversation.object("messages");
        Some(Self {
            id: ConversationId::new(conversation.id("id")?).ok()?,
            updated_at: conversation.time("updated_time"),
            participants: participants
                .objects("data")
                .filter_map(Participant::read)
                .collect(),
            can_reply: conversation.is("can_reply"),
            message_count: conversation.number("message_count"),
            unread_count: conversation.number("unread_count"),
            messages: Listing::of(messages, PastMessage::read),
        })
    }

    /// The customer: whoever in it is not the Page.
    pub fn customer(&self, page: &PageId) -> Option<Psid> {
        let mut people = self.participants.iter();
        let customer = people.find(|person| person.id != page.as_str())?;
        Psid::new(customer.id.as_str()).ok()
    }
}

/// Lists a Page's conversations, last active first.
///
/// Meta: [Conversations](https://developers.facebook.com/docs/graph-api/reference/page/conversations/)
#[derive(Clone, Debug)]
pub struct Conversations {
    page: PageId,
    paging: Paging,
    messages: u32,
    with: Option<Psid>,
}

impl Conversations {
    /// This portion of them. Others saw Meta give at most 200 at once.
    pub fn new(page: PageId, paging: Paging) -> Self {
        Self {
            page,
            paging,
            messages: 0,
            with: None,
        }
    }

    /// The one with this customer alone.
    pub fn with(self, customer: Psid) -> Self {
        Self {
            with: Some(customer),
            ..self
        }
    }

    /// The same, each with as many of its newest messages; details are told of 20 at most.
    pub fn with_messages(self, messages: u32) -> Self {
        Self { messages, ..self }
    }
}

impl Endpoint for Conversations {
    type Output = Listing<Conversation>;

    fn call(&self) -> Result<Call, Error> {
        let mut fields =
            "id,updated_time,participants,can_reply,message_count,unread_count".to_owned();
        if self.messages > 0 {
            fields.extend([",", &nested(self.messages)]);
        }
        let path = Path::node(self.page.as_str())?.edge("conversations");
        let mut call = Call::get(path)
            .for_page(&self.page)
            .with_traffic(Traffic::Conversations)
            .with_query("platform", "messenger")
            .with_query("fields", fields);
        if let Some(customer) = &self.with {
            call = call.with_query("user_id", customer.as_str());
        }
        Ok(self.paging.apply(call))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(Listing::read(answer, Conversation::read))
    }
}
