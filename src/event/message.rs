//! What a customer or the Page wrote.

use super::{
    entry_point::Referral,
    json::{Json, Syntax},
    raw::Raw,
    wire::{Value, wire},
};
use crate::{text::Text, time::Timestamp};

wire! {
    /// A message: text, attachments, or both, or neither when Meta cannot represent it.
    ///
    /// Meta: [messages](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages),
    /// [message_echoes](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-echoes)
    pub struct Message {
        /// The message's id. Opaque; up to 200 characters have been seen.
        pub mid: Option<Text<'a>> = "mid";
        /// The text; the label of the button for a quick reply.
        pub text: Option<Text<'a>> = "text";
        /// The quick reply that was tapped.
        pub quick_reply: Option<QuickReply<'a>> = "quick_reply";
        /// The message that this one answers.
        pub reply_to: Option<Box<ReplyTo<'a>>> = "reply_to";
        /// Pictures, files, stickers, shared posts. The picture that Meta sent as the twin of a
        /// sticker until 2026-08-30 is left out.
        pub attachments: Vec<Attachment<'a>> = "attachments";
        /// How the customer came to write this: an ad, a product in the shop.
        pub referral: Option<Box<Referral<'a>>> = "referral";
        /// The commands used in the text.
        pub commands: Vec<Command<'a>> = "commands";
        /// What Meta's own language processing made of the text, as JSON.
        pub nlp: Option<Box<Raw<'a>>> = "nlp";
        /// Echo: the app that sent it; absent when no app did.
        pub app_id: Option<Text<'a>> = "app_id";
        /// Echo: what the sender wrote into `metadata`.
        pub metadata: Option<Text<'a>> = "metadata";
        /// The sticker, as webhooks before v6.0 name it.
        pub sticker_id: Option<Box<Text<'a>>> = "sticker_id";
        /// Where it was written, such as `customer_chat_plugin`. Legacy.
        pub tags: Vec<Tag<'a>> = "tags";
        /// Whether the sender took the message with this `mid` back.
        pub is_deleted: bool = "is_deleted";
        /// Whether it holds what Meta's API cannot represent.
        pub is_unsupported: bool = "is_unsupported";
        pub(super) is_echo: bool = "is_echo";
    }

    /// A tap on a quick reply.
    pub struct QuickReply {
        /// What the Page put behind the button; the phone number or e-mail address, if it asked
        /// for one.
        pub payload: Option<Text<'a>> = "payload";
    }

    /// Which message is answered.
    pub struct ReplyTo {
        /// Its id.
        pub mid: Option<Text<'a>> = "mid";
        /// Whether the sender answers a message of their own.
        pub is_self_reply: bool = "is_self_reply";
        /// Instagram: the story that is answered.
        pub story: Option<Story<'a>> = "story";
    }

    /// An Instagram story.
    pub struct Story {
        /// Its id.
        pub id: Option<Text<'a>> = "id";
        /// Where it is. Untrusted.
        pub url: Option<Text<'a>> = "url";
    }

    /// A command used in a text.
    pub struct Command {
        /// Its name, without the slash.
        pub name: Option<Text<'a>> = "name";
    }

    /// Where a message was written.
    pub struct Tag {
        /// An open set.
        pub source: Option<Text<'a>> = "source";
    }

    /// Something that came with a message.
    pub struct Attachment {
        /// `image`, `audio`, `video`, `file`, `sticker`, `fallback` (a link, or what Meta cannot
        /// represent), `template`, `post`, `reel`, `share`, `location`, `appointment_booking`, …
        /// An open set. A sticker that came as an image is a `sticker` here.
        pub kind: Option<Text<'a>> = "type";
        /// What it consists of.
        pub payload: Option<Payload<'a>> = "payload";
        /// A title beside the payload: echoes, locations, and webhooks before v6.0.
        pub title: Option<Text<'a>> = "title";
        /// A link beside the payload: echoes, locations, and webhooks before v6.0.
        pub url: Option<Text<'a>> = "url" | "URL";
    }

    /// What an attachment consists of: which members are there depends on its kind.
    pub struct Payload {
        /// Where Meta keeps it, for a while, or the page that was shared. Untrusted: it may be
        /// anything, or relative to `https://www.facebook.com`.
        pub url: Option<Text<'a>> = "url";
        /// A title: shared posts, reels and links.
        pub title: Option<Text<'a>> = "title";
        /// Which sticker.
        pub sticker_id: Option<Text<'a>> = "sticker_id";
        /// Which post was shared.
        pub id: Option<Text<'a>> = "id";
        /// Which reel was shared.
        pub reel_video_id: Option<Text<'a>> = "reel_video_id";
        /// Location: where.
        pub coordinates: Option<Coordinates> = "coordinates";
        /// Template: the products that were shared.
        pub product: Option<Box<Products<'a>>> = "product";
        /// Template, in an echo: which one the Page sent.
        pub template_type: Option<Text<'a>> = "template_type";
        /// Template, in an echo: its text.
        pub text: Option<Text<'a>> = "text";
        /// Template, in an echo: its cards.
        pub elements: Vec<Element<'a>> = "elements";
        /// Template, in an echo: its buttons.
        pub buttons: Vec<Button<'a>> = "buttons";
        /// Appointment: what is booked.
        pub booking_id: Option<Text<'a>> = "booking_id";
        /// Appointment: `requested`, `confirmed`, `declined` or `cancelled`. An open set.
        pub status: Option<Text<'a>> = "status";
        /// Appointment: when it begins.
        pub start_time: Option<Timestamp> = "start_time";
        /// Appointment: when it ends.
        pub end_time: Option<Timestamp> = "end_time";
        /// Appointment: the IANA name of its time zone.
        pub timezone: Option<Text<'a>> = "timezone";
    }

    /// Products of the Page's catalog.
    pub struct Products {
        /// Each of them.
        pub elements: Vec<Element<'a>> = "elements";
    }

    /// A card of a template, or a product.
    pub struct Element {
        /// Product: its id in the catalog.
        pub id: Option<Text<'a>> = "id";
        /// Product: the seller's number of it.
        pub retailer_id: Option<Text<'a>> = "retailer_id";
        /// The first line.
        pub title: Option<Text<'a>> = "title";
        /// The second line.
        pub subtitle: Option<Text<'a>> = "subtitle";
        /// Its picture. Untrusted.
        pub image_url: Option<Text<'a>> = "image_url";
        /// Media: `image` or `video`.
        pub media_type: Option<Text<'a>> = "media_type";
        /// Media: the saved attachment.
        pub attachment_id: Option<Text<'a>> = "attachment_id";
        /// Media: where it is. Untrusted.
        pub url: Option<Text<'a>> = "url";
        /// Its buttons.
        pub buttons: Vec<Button<'a>> = "buttons";
    }

    /// A button of a template.
    pub struct Button {
        /// `web_url`, `postback`, `phone_number`, … An open set.
        pub kind: Option<Text<'a>> = "type";
        /// Its label.
        pub title: Option<Text<'a>> = "title";
        /// Where it leads. Untrusted.
        pub url: Option<Text<'a>> = "url";
        /// What stands behind it.
        pub payload: Option<Text<'a>> = "payload";
    }

    /// A new text for an old message.
    ///
    /// Meta: [message_edits](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-edits)
    pub struct MessageEdit {
        /// The message that was edited.
        pub mid: Option<Text<'a>> = "mid";
        /// Its text from now on.
        pub text: Option<Text<'a>> = "text";
        /// How many edits there have been.
        pub num_edit: Option<i64> = "num_edit";
    }
}

impl Attachment<'_> {
    /// Its kind; `unknown` when it has none.
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("unknown")
    }

    /// Where it is, in the payload or beside it. Untrusted.
    pub fn url(&self) -> Option<&str> {
        let inside = self
            .payload
            .as_ref()
            .and_then(|payload| payload.url.as_deref());
        inside.or(self.url.as_deref())
    }

    /// Its title, in the payload or beside it.
    pub fn title(&self) -> Option<&str> {
        let inside = self
            .payload
            .as_ref()
            .and_then(|payload| payload.title.as_deref());
        inside.or(self.title.as_deref())
    }

    fn sticker_id(&self) -> Option<&Text<'_>> {
        self.payload.as_ref()?.sticker_id.as_ref()
    }
}

impl Message<'_> {
    /// Makes one sticker of each that came as an image, or as a sticker and an image.
    pub(super) fn merge_stickers(&mut self) {
        let has_id = |one: &Attachment<'_>| one.sticker_id().is_some();
        let is_in_payload = self.attachments.iter().any(has_id);
        if self.sticker_id.is_none() && !is_in_payload {
            return;
        }
        let mut kept: Vec<Attachment<'_>> = Vec::with_capacity(self.attachments.len());
        for mut one in std::mem::take(&mut self.attachments) {
            if one.kind() == "image" && (!is_in_payload || one.sticker_id().is_some()) {
                one.kind = Some("sticker".into());
            }
            let is_twin = |other: &Attachment<'_>| {
                other.kind() == "sticker"
                    && other.url() == one.url()
                    && other.sticker_id() == one.sticker_id()
            };
            if one.kind() != "sticker" || !kept.iter().any(is_twin) {
                kept.push(one);
            }
        }
        self.attachments = kept;
    }
}

/// A place on earth, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Coordinates {
    /// The latitude.
    pub lat: f64,
    /// The longitude.
    pub long: f64,
}

impl<'a> Value<'a> for Coordinates {
    type Owned = Self;

    fn read(json: &mut Json<'a>) -> Result<Option<Self>, Syntax> {
        let (mut lat, mut long) = (None, None);
        json.members(|name, json| {
            match name {
                "lat" if lat.is_none() => lat = Some(f64::read(json)?),
                "long" if long.is_none() => long = Some(f64::read(json)?),
                _ => drop(json.skip()?),
            }
            Ok(())
        })?;
        Ok(lat
            .flatten()
            .zip(long.flatten())
            .map(|(lat, long)| Self { lat, long }))
    }

    fn into_owned(self) -> Self {
        self
    }
}
