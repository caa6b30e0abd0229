//! Past conversations and messages, read from Meta.
//!
//! Permissions: `pages_manage_metadata`, `pages_read_engagement` and `pages_messaging`, with a Page
//! token of a person who has the task `MESSAGING`.
//!
//! Limits: 2 calls per second per Page ([`RateClass::Conversations`](crate::graph::RateClass)), at
//! most 200 conversations or 100 messages in one page of a list (not documented). Meta returns the
//! details of only the 20 newest messages of a conversation. After a refusal with code 1, "reduce
//! the amount of data", the same call fails again: read the list from its first page with a smaller
//! [`with_limit`](crate::graph::Call::with_limit).
//!
//! ```
//! use messenger_crm::graph::history;
//! # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"data":[{"id":"t_1","participants":{"data":[{"id":"7324561089432101"},
//! #     {"id":"1755847768034402"}]},"messages":{"data":[{"id":"m_1","message":"Hello?",
//! #     "from":{"id":"7324561089432101"},"created_time":"2026-11-28T09:00:00+0000"}]}}]}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let client = script.graph().page(access);
//! let page = &client.access().page;
//! let list = history::list_conversations(20).with_limit(50);
//! for conversation in client.walk(&list, 1000).await?.items {
//!     let customer = conversation.customer(page).ok_or("no customer")?;
//!     for message in &conversation.messages.items {
//!         let is_from_page = message.is_from(page) == Some(true);
//!         # assert!(!is_from_page);
//!         println!("{} from {customer}: {}", message.mid, is_from_page);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Against the simulator (feature `simulator`), over HTTP:
//!
//! ```
//! # #[cfg(feature = "simulator")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use messenger_crm::graph::{Access, AppAccess, Graph, history};
//! use messenger_crm::simulator::Simulator;
//!
//! let simulator = Simulator::start("127.0.0.1:0".parse()?).await?;
//! let of = simulator.app();
//! let app = AppAccess::new(of.app_id.parse()?, of.app_secret.parse()?);
//! let customer = Simulator::people()[0].psid;
//! simulator.write(customer, "Do you have oolong?")?;
//! let access = Access::new(app, of.page_id.parse()?, of.page_token.parse()?);
//! let graph = Graph::new()?.with_base_url(&simulator.url())?;
//! let page = graph.page(access);
//! let list = history::find_conversation(&customer.parse()?, 20);
//! let conversation = page.call(&list).await?.items.remove(0);
//! let message = &conversation.messages.items[0];
//! assert_eq!(message.text.as_deref(), Some("Do you have oolong?"));
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "simulator"))]
//! # fn main() {}
//! ```
//!
//! <https://developers.facebook.com/docs/messenger-platform/conversations>

mod conversations;
mod messages;
mod participant;

pub use self::conversations::{
    Conversation, find_conversation, get_conversation, list_conversations,
};
pub use self::messages::{PastAttachment, PastMessage, get_message, list_messages};
pub use self::participant::Participant;

use super::{Call, Path, RateClass, Response};

/// Creates a call that counts against the limit of the Conversations API.
fn get<T: 'static>(
    path: Path,
    read: impl Fn(&Response) -> Result<T, super::Error> + Send + Sync + 'static,
) -> Call<T> {
    Call::get(path, read).with_rate_class(RateClass::Conversations)
}
