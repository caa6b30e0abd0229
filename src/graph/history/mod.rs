//! Conversations of the past, as Meta keeps them: for filling in what no webhook brought.
//!
//! Needs `pages_manage_metadata`, `pages_read_engagement` and `pages_messaging`, and a Page token
//! issued to a person with the task `MESSAGING`. Meta takes 2 calls a second for each Page, and shows
//! details of the 20 newest messages of a conversation alone; older ones are refused with 9000001.
//! When it refuses with code 1, "reduce the amount of data", ask for fewer at once from the
//! beginning.

mod conversation;
mod message;

pub use self::conversation::{Conversation, Conversations, Participant};
pub use self::message::{Attached, MessagesOf, PastMessage, ReadMessage};
