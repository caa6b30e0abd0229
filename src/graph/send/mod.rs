//! Send API: messages, files, sender actions, and the messaging window.
//!
//! [`PageClient::send`](super::PageClient::send) sends an [`OutgoingMessage`]. The constructors of
//! the message check Meta's limits, so that a wrong message is an [`InvalidMessage`] before
//! anything is sent. `Serialize` writes the body of the request, and `Deserialize` checks the
//! limits again.
//!
//! | Function | Sends |
//! |---|---|
//! | [`message()`] | text, template, sticker, or files that Meta downloads or has saved |
//! | [`file()`] | one file, uploaded in the same call |
//! | [`save_url`], [`save_file`] | nothing: saves a file at Meta, to send it often |
//! | [`action()`] | typing indicator, read mark, reaction |
//!
//! [`Window`] calculates whether Meta accepts a message now, and with which [`Purpose`].
//!
//! Permission: `pages_messaging`, with a Page token of a person who has the task `MESSAGING`.
//!
//! ```
//! use messenger_crm::graph::send::{
//!     self, OutgoingMessage, OutgoingQuickReply, SenderAction, Template, TemplateButton,
//! };
//! use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! use messenger_crm::id::{AppId, PageId, Psid};
//! use messenger_crm::secret::{AppSecret, PageToken};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"recipient_id":"7324561089432101"}"#);
//! # script.json(200, r#"{"recipient_id":"7324561089432101","message_id":"m_1"}"#);
//! # script.json(200, r#"{"recipient_id":"7324561089432101","message_id":"m_2"}"#);
//! # let app = AppAccess::new(
//! #     AppId::new("271828182845904")?,
//! #     AppSecret::new("60efff025951cddde78c8d03de52cc90")?,
//! # );
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let graph = script.graph();
//! let page = graph.page(access);
//! let customer = Psid::new("7324561089432101")?;
//!
//! page.call(&send::action(&SenderAction::typing_on(&customer)?)?).await?;
//!
//! let question = OutgoingMessage::text(&customer, "Is Tuesday all right?")?
//!     .with_quick_replies(vec![
//!         OutgoingQuickReply::text("Yes", "YES"),
//!         OutgoingQuickReply::text("No", "NO"),
//!     ])?
//!     .with_metadata("order 7")?;
//! let sent = page.send(&question).await?;
//! assert_eq!(sent.mid.unwrap().as_str(), "m_1");
//!
//! let order = Template::buttons(
//!     "Your order is ready.",
//!     vec![
//!         TemplateButton::web_url("Show", "https://shop.example/orders/7"),
//!         TemplateButton::postback("Cancel", "CANCEL 7"),
//!     ],
//! );
//! page.send(&OutgoingMessage::template(&customer, order)?).await?;
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
//! use messenger_crm::graph::{Access, AppAccess, Graph, send::OutgoingMessage};
//! use messenger_crm::Psid;
//! use messenger_crm::simulator::Simulator;
//!
//! let simulator = Simulator::start("127.0.0.1:0".parse()?).await?;
//! let of = simulator.app();
//! let app = AppAccess::new(of.app_id.parse()?, of.app_secret.parse()?);
//! let customer: Psid = Simulator::people()[0].psid.parse()?;
//! simulator.write(customer.as_str(), "Do you have oolong?")?;
//! let access = Access::new(app, of.page_id.parse()?, of.page_token.parse()?);
//! let graph = Graph::new()?.with_base_url(&simulator.url())?;
//! let reply = OutgoingMessage::text(&customer, "Yes, from this spring.")?;
//! let sent = graph.page(access).send(&reply).await?;
//! assert_eq!(sent.recipient, Some(customer));
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "simulator"))]
//! # fn main() {}
//! ```
//!
//! <https://developers.facebook.com/docs/messenger-platform/reference/send-api/>

mod action;
mod body;
mod button;
mod call;
mod content;
mod file;
pub(super) mod invalid;
mod media;
mod message;
mod notification;
mod purpose;
mod quick_reply;
mod recipient;
mod saved;
mod template;
mod thread_control;
mod utility;
mod window;

pub use self::action::{SenderAction, action};
pub use self::button::{MAX_BUTTON_TITLE_UNITS, MAX_PAYLOAD_UNITS, TemplateButton, WebUrl};
pub use self::call::{Sent, message};
pub use self::content::{MAX_IMAGES, OutgoingContent, THUMBS_UP};
pub use self::file::{OutgoingFile, file};
pub use self::invalid::InvalidMessage;
pub use self::media::{MediaKind, MediaSource};
pub use self::message::{MAX_METADATA_UNITS, MAX_TEXT_UNITS, OutgoingMessage};
pub use self::notification::NotificationType;
pub use self::purpose::{MessageTag, Purpose};
pub use self::quick_reply::{MAX_QUICK_REPLIES, MAX_QUICK_REPLY_TITLE_UNITS, OutgoingQuickReply};
pub use self::recipient::Recipient;
pub use self::saved::{ATTACHMENT_LIFE, save_file, save_url};
pub use self::template::{
    CouponTemplate, CustomerFeedbackTemplate, CustomerInformationTemplate, FeedbackQuestion,
    GenericElement, GenericTemplate, GridImage, ImageGridTemplate, MAX_BUTTON_TEXT_UNITS,
    MAX_BUTTONS, MAX_ELEMENTS, MAX_PRODUCTS, MAX_RECEIPT_ELEMENTS, MAX_TITLE_UNITS, MediaTemplate,
    QuestionKind, ReceiptAdjustment, ReceiptElement, ReceiptTemplate, ShippingAddress, Template,
};
pub use self::utility::{UtilityButton, UtilityParameter, UtilityTemplate};
pub use self::window::{HUMAN_AGENT_WINDOW, MAX_STANDARD_WINDOW, STANDARD_WINDOW, Window};

use super::redacted::redacted_debug;
