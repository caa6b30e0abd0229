//! What a Page says to a customer: messages, files, and the small signs between them.
//!
//! A [`Message`] that exists is one that Meta's limits allow: they are checked when it is made and
//! when it is read back from where it waited. Its JSON is the body of the request, so what lies in
//! an outbox is what will be sent.
//!
//! ```
//! use messenger_crm::graph::send::{Button, Message, QuickReply, Template};
//! use messenger_crm::id::Psid;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let customer = Psid::new("7324561089432101")?;
//! let question = Message::text(customer.clone(), "Is Tuesday all right?")?
//!     .with_quick_replies(vec![QuickReply::text("Yes", "YES"), QuickReply::text("No", "NO")])?
//!     .with_metadata("order 7")?;
//! let choice = Message::template(
//!     customer,
//!     Template::buttons("Your order is ready.", vec![
//!         Button::web_url("See it", "https://shop.example/orders/7"),
//!         Button::postback("Cancel it", "CANCEL 7"),
//!     ]),
//! )?;
//! assert!(format!("{question:?}").contains("text"));
//! # Ok(())
//! # }
//! ```
//!
//! Sending needs the permission `pages_messaging`, and a Page token issued to a person with the
//! task `MESSAGING`.
//!
//! Meta: [Send API](https://developers.facebook.com/docs/messenger-platform/reference/send-api/)

mod action;
mod attachment;
mod button;
mod call;
mod content;
mod file;
pub(super) mod invalid;
mod message;
mod purpose;
mod quick_reply;
mod recipient;
mod saved;
mod template;
mod utility;
mod window;

/// `Debug` that tells the type and nothing of what is in it: texts do not belong in logs.
macro_rules! hush {
    ($($name:ident),* $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
use hush;

pub use self::action::{Action, SenderAction, action};
pub use self::attachment::{Attachment, MAX_IMAGES, Media, THUMBS_UP};
pub use self::button::{Button, GameMetadata, MAX_BUTTON_TITLE_UNITS, MAX_PAYLOAD_UNITS, WebUrl};
pub use self::call::{Sent, message};
pub use self::content::Content;
pub use self::file::{FileKind, SendFile, file};
pub use self::invalid::InvalidMessage;
pub use self::message::{MAX_METADATA_UNITS, MAX_TEXT_UNITS, Message};
pub use self::purpose::{HandOver, Purpose, Push, Tag};
pub use self::quick_reply::{MAX_QUICK_REPLIES, MAX_QUICK_REPLY_TITLE_UNITS, QuickReply};
pub use self::recipient::{PersonName, Recipient};
pub use self::saved::{ATTACHMENT_LIFE, save_file, save_url};
pub use self::template::*;
pub use self::utility::{
    Language, UtilityButton, UtilityComponent, UtilityParameter, UtilityTemplate,
};
pub use self::window::{Author, HUMAN_AGENT_WINDOW, STANDARD_WINDOW, Window};
