//! Messages of the customer and of the Page.

use super::{
    entry_point::Referral,
    json::{Json, Syntax},
    raw::Raw,
    repeat::remove_repeats,
    wire::{Value, wire},
};
use crate::{text::Text, time::Timestamp};

wire! {
    /// A message: text, attachments, both, or neither when Meta's API cannot represent it.
    ///
    /// Only in [`Event::raw`](super::Event::raw): `seq`, `is_self`, and `ai_generated`, which echoes
    /// may have since late 2026 and which Meta does not document.
    ///
    /// Meta: [messages](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages),
    /// [message_echoes](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-echoes)
    pub struct Message {
        /// Message id. Opaque text, up to 200 characters seen.
        pub mid: Option<Text<'a>> = "mid";
        /// Text. For a tapped quick reply it is the title of the button. Absent when the message has
        /// only attachments.
        pub text: Option<Text<'a>> = "text";
        /// Quick reply that the customer tapped. Absent for a typed message.
        pub quick_reply: Option<QuickReply<'a>> = "quick_reply";
        /// Message that this one quotes. Absent when it quotes none.
        pub reply_to: Option<Box<ReplyTo<'a>>> = "reply_to";
        /// Images, files, stickers, shared posts, … Until 2026-08-30 Meta sent a sticker as a
        /// sticker and an image; the image is left out.
        pub attachments: Vec<Attachment<'a>> = "attachments";
        /// Ad or shop product through which the customer came to write this message.
        pub referral: Option<Box<Referral<'a>>> = "referral";
        /// Commands used in the text.
        pub commands: Box<[Command<'a>]> = "commands";
        /// Result of Meta's built-in language processing, as JSON; absent when it is switched off.
        pub nlp: Option<Box<Raw<'a>>> = "nlp";
        /// Echo: id of the app that sent the message. Absent when no app did. The Page's inbox at
        /// Meta has an app id, too.
        pub app_id: Option<Text<'a>> = "app_id";
        /// Echo: `metadata` of the Send API call. Absent when the call had none.
        pub metadata: Option<Text<'a>> = "metadata";
        /// Sticker id, as webhooks before v6.0 send it; later ones put it into the attachment.
        pub sticker_id: Option<Box<Text<'a>>> = "sticker_id";
        /// Places where the message was written, such as `customer_chat_plugin`. Legacy.
        pub tags: Box<[Tag<'a>]> = "tags";
        /// Whether the sender unsent the message with this `mid`.
        pub is_deleted: bool = "is_deleted";
        /// Whether the message has content that Meta's API cannot represent.
        pub is_unsupported: bool = "is_unsupported";
        pub(super) is_echo: bool = "is_echo";
    }

    /// Quick reply that was tapped.
    pub struct QuickReply {
        /// Developer-defined payload of the button; the phone number or e-mail address when the
        /// button asked for one.
        pub payload: Option<Text<'a>> = "payload";
    }

    /// Reference to the quoted message.
    pub struct ReplyTo {
        /// Id of the quoted message.
        pub mid: Option<Text<'a>> = "mid";
        /// Whether the sender quotes a message that they sent themselves.
        pub is_self_reply: bool = "is_self_reply";
        /// Instagram: the quoted story.
        pub story: Option<Story<'a>> = "story";
    }

    /// An Instagram story.
    pub struct Story {
        /// Story id.
        pub id: Option<Text<'a>> = "id";
        /// Link to the story. Untrusted.
        pub url: Option<Text<'a>> = "url";
    }

    /// A command used in a text.
    pub struct Command {
        /// Name without the slash.
        pub name: Option<Text<'a>> = "name";
    }

    /// Place where a message was written.
    pub struct Tag {
        /// Name of the place. An open set.
        pub source: Option<Text<'a>> = "source";
    }

    /// An attachment of a message.
    pub struct Attachment {
        /// `image`, `audio`, `video`, `file`, `sticker`, `fallback` (a link, or content that Meta
        /// cannot represent), `template`, `post`, `reel`, `share`, `location`,
        /// `appointment_booking`, … An open set. A sticker that came as an image is a `sticker`.
        #[doc(alias = "type")]
        pub kind: Option<Text<'a>> = "type";
        /// Content, when it is an object. The text that very old fallbacks have instead is only in
        /// [`Event::raw`](super::Event::raw).
        pub payload: Option<Payload<'a>> = "payload";
        /// Title next to the payload: in echoes, locations, and webhooks before v6.0. Prefer
        /// [`any_title`](Self::any_title).
        pub title: Option<Text<'a>> = "title";
        /// Link next to the payload: in echoes, locations, and webhooks before v6.0. Untrusted.
        /// Prefer [`any_url`](Self::any_url).
        pub url: Option<Text<'a>> = "url" | "URL";
    }

    /// Content of an attachment. Which members are present depends on the attachment's type.
    ///
    /// In an echo a template has the members that the Send API took. Those that are not listed here,
    /// such as the totals of a receipt, are only in [`Event::raw`](super::Event::raw).
    pub struct Payload {
        /// Link to the media file, which expires, or to the shared page. Untrusted; it can be relative
        /// to `https://www.facebook.com`.
        pub url: Option<Text<'a>> = "url";
        /// Title of a shared post, reel or link.
        pub title: Option<Text<'a>> = "title";
        /// Sticker id.
        pub sticker_id: Option<Text<'a>> = "sticker_id";
        /// Id of the shared post.
        pub id: Option<Text<'a>> = "id";
        /// Id of the shared reel.
        pub reel_video_id: Option<Text<'a>> = "reel_video_id";
        /// Location: latitude and longitude.
        pub coordinates: Option<Coordinates> = "coordinates";
        /// Template from a customer: the shared products.
        pub product: Option<Box<Products<'a>>> = "product";
        /// Template in an echo: its type, such as `generic`.
        pub template_type: Option<Text<'a>> = "template_type";
        /// Template in an echo: its text.
        pub text: Option<Text<'a>> = "text";
        /// Template in an echo: its cards, or the lines of a receipt.
        pub elements: Vec<Element<'a>> = "elements";
        /// Template in an echo: its buttons.
        pub buttons: Vec<Button<'a>> = "buttons";
        /// Template in an echo: whether the customer may share it.
        pub sharable: Option<bool> = "sharable";
        /// Appointment: booking id.
        pub booking_id: Option<Text<'a>> = "booking_id";
        /// Appointment: `requested`, `confirmed`, `declined` or `cancelled`. An open set.
        pub status: Option<Text<'a>> = "status";
        /// Appointment: start time.
        pub start_time: Option<Timestamp> = "start_time";
        /// Appointment: end time.
        pub end_time: Option<Timestamp> = "end_time";
        /// Appointment: IANA name of its time zone.
        pub timezone: Option<Text<'a>> = "timezone";
    }

    /// Products of the Page's catalog.
    pub struct Products {
        /// The products.
        pub elements: Vec<Element<'a>> = "elements";
    }

    /// A card of a template, a product, or a line of a receipt.
    pub struct Element {
        /// Product: id in the catalog.
        pub id: Option<Text<'a>> = "id";
        /// Product: the seller's own id (SKU).
        pub retailer_id: Option<Text<'a>> = "retailer_id";
        /// Title of the card, or name of the product.
        pub title: Option<Text<'a>> = "title";
        /// Text below the title.
        pub subtitle: Option<Text<'a>> = "subtitle";
        /// Link to the image. Untrusted.
        pub image_url: Option<Text<'a>> = "image_url";
        /// Media template: `image` or `video`.
        pub media_type: Option<Text<'a>> = "media_type";
        /// Media template: id of the saved attachment.
        pub attachment_id: Option<Text<'a>> = "attachment_id";
        /// Media template: link to the media. Untrusted.
        pub url: Option<Text<'a>> = "url";
        /// Action of a tap on the card itself, as a button.
        pub default_action: Option<Box<Button<'a>>> = "default_action";
        /// Buttons of the card.
        pub buttons: Vec<Button<'a>> = "buttons";
        /// Receipt: number of pieces.
        pub quantity: Option<i64> = "quantity";
        /// Receipt: price, a decimal number as Meta wrote it.
        pub price: Option<Text<'a>> = "price";
        /// Receipt: ISO 4217 code of the currency.
        pub currency: Option<Text<'a>> = "currency";
    }

    /// A button of a template.
    pub struct Button {
        /// `web_url`, `postback`, `phone_number`, … An open set.
        #[doc(alias = "type")]
        pub kind: Option<Text<'a>> = "type";
        /// Text on the button.
        pub title: Option<Text<'a>> = "title";
        /// Link that the button opens. Untrusted.
        pub url: Option<Text<'a>> = "url";
        /// Developer-defined payload, or the phone number.
        pub payload: Option<Text<'a>> = "payload";
    }

    /// An edit: a new text for an earlier message.
    ///
    /// Meta: [message_edits](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-edits)
    pub struct MessageEdit {
        /// Id of the edited message.
        pub mid: Option<Text<'a>> = "mid";
        /// Text after the edit.
        pub text: Option<Text<'a>> = "text";
        /// Number of edits so far; Messenger allows five.
        pub num_edit: Option<i64> = "num_edit";
    }
}

impl Attachment<'_> {
    /// Returns the type, or `unknown` when Meta sent none.
    pub fn kind_name(&self) -> &str {
        self.kind.as_deref().unwrap_or("unknown")
    }

    /// Returns the link of the payload, or else the one next to it. Untrusted.
    pub fn any_url(&self) -> Option<&str> {
        let inside = self
            .payload
            .as_ref()
            .and_then(|payload| payload.url.as_deref());
        inside.or(self.url.as_deref())
    }

    /// Returns the title of the payload, or else the one next to it.
    pub fn any_title(&self) -> Option<&str> {
        let inside = self
            .payload
            .as_ref()
            .and_then(|payload| payload.title.as_deref());
        inside.or(self.title.as_deref())
    }

    /// Returns whether the link leads to a web page and not to a media file.
    ///
    /// Meta uses `share` and `post` for the same type, and puts `ig_` in front of it on Instagram.
    pub fn is_link(&self) -> bool {
        let kind = self.kind_name();
        let kind = kind.strip_prefix("ig_").unwrap_or(kind);
        matches!(kind, "share" | "post" | "reel" | "fallback")
    }

    fn sticker_id(&self) -> Option<&Text<'_>> {
        self.payload.as_ref()?.sticker_id.as_ref()
    }

    fn is_sticker(&self) -> bool {
        self.kind_name() == "sticker"
    }

    fn sticker_key(&self) -> (bool, Option<&str>, Option<&str>) {
        let id = self.sticker_id().map(Text::as_str);
        (self.is_sticker(), self.any_url(), id)
    }
}

impl Message<'_> {
    /// Replaces a sticker that Meta sent as an image, or as a sticker and an image, by one sticker.
    pub(super) fn merge_stickers(&mut self) {
        let has_id = |one: &Attachment<'_>| one.sticker_id().is_some();
        let is_in_payload = self.attachments.iter().any(has_id);
        if self.sticker_id.is_none() && !is_in_payload {
            return;
        }
        for one in &mut self.attachments {
            if one.kind_name() == "image" && (!is_in_payload || one.sticker_id().is_some()) {
                one.kind = Some("sticker".into());
            }
        }
        remove_repeats(
            &mut self.attachments,
            |one, other| one.sticker_key().cmp(&other.sticker_key()),
            Attachment::is_sticker,
        );
    }
}

/// Coordinates of a location (WGS 84).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Coordinates {
    /// Latitude, in degrees.
    pub lat: f64,
    /// Longitude, in degrees.
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
