//! What a customer or the Page wrote.

use crate::text::Text;

/// A message: text, attachments, or both, or neither when Meta cannot represent it.
///
/// Meta: [messages](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages)
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Message<'a> {
    /// The message's id.
    pub mid: Option<Text<'a>>,
    /// The text; the label of the button for a quick reply.
    pub text: Option<Text<'a>>,
    /// The payload of the quick reply that was tapped.
    pub quick_reply: Option<Text<'a>>,
    /// Pictures, files, shared posts.
    pub attachments: Vec<Attachment<'a>>,
    /// Echo: the app that sent it, if any.
    pub app_id: Option<Text<'a>>,
    /// Echo: what the sender wrote into `metadata`.
    pub metadata: Option<Text<'a>>,
}

/// Something that came with a message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attachment<'a> {
    /// `image`, `audio`, `video`, `file`, `sticker`, `fallback`, … An open set.
    pub kind: Text<'a>,
    /// Where Meta keeps it, for a while. Untrusted: it may be anything.
    pub url: Option<Text<'a>>,
    /// Its title.
    pub title: Option<Text<'a>>,
}

/// A tap on a button.
///
/// Meta: [messaging_postbacks](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_postbacks)
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Postback<'a> {
    /// The id; absent in old payloads.
    pub mid: Option<Text<'a>>,
    /// The label of the button.
    pub title: Option<Text<'a>>,
    /// What the Page put behind the button; absent on standby.
    pub payload: Option<Text<'a>>,
}
