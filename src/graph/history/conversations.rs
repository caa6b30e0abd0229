//! Conversations of the Page.

use super::get;
use super::messages::{PastMessage, nested};
use super::participant::Participant;
use crate::graph::{Call, Error, ListPage, Object, Path, Response};
use crate::id::{ConversationId, PageId, Psid};
use crate::time::Timestamp;

/// A past conversation.
///
/// <https://developers.facebook.com/docs/graph-api/reference/conversation/>
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Conversation {
    /// Id of the conversation. It is not a PSID.
    pub id: ConversationId,
    /// Time of the last activity, in whole seconds. Absent when Meta leaves it out.
    #[doc(alias = "updated_time")]
    pub updated_at: Option<Timestamp>,
    /// The customer and the Page.
    pub participants: Vec<Participant>,
    /// Whether the messaging window is open (not documented). Absent when Meta leaves it out.
    pub can_reply: Option<bool>,
    /// Number of messages. Absent when Meta leaves it out.
    pub message_count: Option<i64>,
    /// Number of messages that the Page has not read. Absent when Meta leaves it out.
    pub unread_count: Option<i64>,
    /// Newest messages, newest first. Empty unless requested. Pass [`next`](ListPage::next) to
    /// [`Call::after`] of [`list_messages`] to read older ones.
    ///
    /// [`list_messages`]: super::list_messages
    pub messages: ListPage<PastMessage>,
}

impl Conversation {
    /// Creates a conversation without messages, for tests.
    pub fn new(id: ConversationId, participants: Vec<Participant>) -> Self {
        Self {
            id,
            updated_at: None,
            participants,
            can_reply: None,
            message_count: None,
            unread_count: None,
            messages: ListPage::new(Vec::new(), None),
        }
    }

    /// Reads a conversation that has an id. The inner `None` means a nested list that has a next
    /// page without a position: this is an error and not the end of the list.
    fn read(conversation: Object<'_>) -> Option<Option<Self>> {
        let id = ConversationId::new(conversation.id("id")?).ok()?;
        let participants = conversation.object("participants");
        let messages = conversation.object("messages");
        let participants = participants.objects("data").filter_map(Participant::read);
        let messages = ListPage::of(messages, PastMessage::read);
        Some(messages.map(|messages| Self {
            id,
            updated_at: conversation.time("updated_time"),
            participants: participants.collect(),
            can_reply: conversation.boolean("can_reply"),
            message_count: conversation.number("message_count"),
            unread_count: conversation.number("unread_count"),
            messages,
        }))
    }

    /// Returns the customer: the participant that is not the Page. `None` when Meta names no other.
    pub fn customer(&self, page: &PageId) -> Option<Psid> {
        let mut people = self.participants.iter();
        let customer = people.find(|person| person.id != page.as_str())?;
        Psid::new(customer.id.as_str()).ok()
    }
}

/// Lists the conversations of the Page, last active first, each with up to `messages` of its newest
/// messages. Meta returns the details of at most 20.
///
/// Permissions, limits and refusals: see the [module](super).
///
/// <https://developers.facebook.com/docs/graph-api/reference/page/conversations/>
#[doc(alias = "conversations")]
pub fn list_conversations(messages: u32) -> Call<ListPage<Conversation>> {
    let path = Path::me().edge("conversations");
    let call = get(path, |response: &Response| {
        let page = ListPage::read(response, Conversation::read)?;
        let items: Option<Vec<_>> = page.items.into_iter().collect();
        let items = items.ok_or_else(|| response.unexpected())?;
        Ok(ListPage::new(items, page.next))
    });
    call.with_query("platform", "messenger")
        .with_query("fields", fields(messages))
}

/// Finds the conversation with a customer, with up to `messages` of its newest messages. The list
/// has one conversation, or none.
///
/// Permissions, limits and refusals: see the [module](super).
///
/// <https://developers.facebook.com/docs/graph-api/reference/page/conversations/>
pub fn find_conversation(customer: &Psid, messages: u32) -> Call<ListPage<Conversation>> {
    list_conversations(messages).with_query("user_id", customer.as_str())
}

/// Reads one conversation, with up to `messages` of its newest messages.
///
/// Permissions and limits: see the [module](super). Meta refuses with code 100 and subcode 33 a
/// conversation of another Page.
///
/// # Errors
///
/// [`Error::InvalidId`] when the id cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/graph-api/reference/conversation/>
pub fn get_conversation(
    conversation: &ConversationId,
    messages: u32,
) -> Result<Call<Conversation>, Error> {
    let call = get(Path::node(conversation.as_str())?, |response: &Response| {
        let conversation = Conversation::read(response.object()).flatten();
        conversation.ok_or_else(|| response.unexpected())
    });
    Ok(call.with_query("fields", fields(messages)))
}

fn fields(messages: u32) -> String {
    let mut fields = "id,updated_time,participants,can_reply,message_count,unread_count".to_owned();
    if messages > 0 {
        fields.extend([",", &nested(messages)]);
    }
    fields
}
