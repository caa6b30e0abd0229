//! One sample of each event kind.

use serde_json::{Value, json};

/// The Page, the person and the app of the samples: those of the default scene.
const PAGE: &str = "102030405060708";
const PSID: &str = "24681357902468135";
const APP: u64 = 1_029_384_756_102_938;

/// Where an event stands in an entry.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Shape {
    /// In `messaging`, from the person.
    Person,
    /// In `messaging`, from the Page.
    Echo,
    /// In `messaging`, about the Page, with a recipient only.
    Page,
    /// In `messaging`, with neither sender nor recipient, its time in seconds.
    Bare,
    /// In `standby`, from the person.
    Standby,
    /// In `changes`.
    Change,
    /// In `calls`.
    Call,
    /// In `messaging`, its members beside those of the item.
    Flat,
    /// Beside the list: members of the entry.
    Entry,
}

/// A sample of an event kind.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) field: &'static str,
    pub(super) meaning: &'static str,
    /// Place of the event in the body, as a JSON pointer.
    pub(super) place: &'static str,
    shape: Shape,
    member: &'static str,
    content: fn(At) -> Value,
}

/// When an event happens.
#[derive(Clone, Copy)]
struct At {
    /// Milliseconds since 1970.
    millis: u64,
}

impl At {
    fn seconds(self) -> u64 {
        self.millis / 1000
    }

    fn mid(self) -> String {
        format!("m_sample-{}", self.millis)
    }
}

impl Sample {
    const fn new(
        name: &'static str,
        field: &'static str,
        meaning: &'static str,
        shape: Shape,
        member: &'static str,
        content: fn(At) -> Value,
    ) -> Self {
        let place = match shape {
            Shape::Standby => "/entry/0/standby/0",
            Shape::Change => "/entry/0/changes/0/value",
            Shape::Call => "/entry/0/calls/0",
            Shape::Entry => "/entry/0",
            _ => "/entry/0/messaging/0",
        };
        Self {
            name,
            field,
            meaning,
            place,
            shape,
            member,
            content,
        }
    }

    /// The body of a webhook with this event.
    pub(super) fn body(&self, millis: u64) -> Value {
        let at = At { millis };
        let content = (self.content)(at);
        let (page, person) = (json!({"id": PAGE}), json!({"id": PSID}));
        let mut item = match self.shape {
            Shape::Person | Shape::Standby => {
                json!({"sender": person, "recipient": page, "timestamp": millis})
            }
            Shape::Echo => json!({"sender": page, "recipient": person, "timestamp": millis}),
            Shape::Page => json!({"recipient": page, "timestamp": millis}),
            Shape::Bare => json!({"timestamp": at.seconds()}),
            Shape::Flat => json!({ "recipient": page }),
            _ => json!({}),
        };
        let mut entry = json!({"id": PAGE, "time": millis});
        match self.shape {
            Shape::Flat => {
                merge(&mut item, content);
                entry["messaging"] = json!([item]);
            }
            Shape::Change => {
                entry["time"] = json!(at.seconds());
                entry["changes"] = json!([{"field": self.member, "value": content}]);
            }
            Shape::Call => {
                entry["time"] = json!(at.seconds());
                entry["calls"] = json!([content]);
            }
            Shape::Entry => merge(&mut entry, content),
            Shape::Standby => {
                item[self.member] = content;
                entry["standby"] = json!([item]);
            }
            _ => {
                item[self.member] = content;
                entry["messaging"] = json!([item]);
            }
        }
        json!({"object": "page", "entry": [entry]})
    }
}

fn merge(into: &mut Value, members: Value) {
    if let (Some(into), Value::Object(members)) = (into.as_object_mut(), members) {
        into.extend(members);
    }
}

/// A message with one attachment.
fn attached(at: At, kind: &str, payload: Value) -> Value {
    json!({"mid": at.mid(), "attachments": [{"type": kind, "payload": payload}]})
}

fn ad() -> Value {
    json!({"ref": "spring", "ad_id": "6302572858686", "source": "ADS", "type": "OPEN_THREAD",
           "ads_context_data": {"ad_title": "Spring sale", "post_id": "559217392549680",
                                "photo_url": "https://shop.example/ad.png"}})
}

fn marketing(field: &str, at: At) -> Value {
    json!({"field": field, "recipient_id": 24_681_357_902_468_135_u64,
           "page_id": 102_030_405_060_708_u64, "app_id": APP, "timestamp": at.seconds(),
           "mid": at.mid(), "marketing_message_tracking_id": "98ecd977-245a-4ec0-a8e0-8b8ecaad8030",
           "messenger_subscription_token": "12348141984909088", "message_id": "124141414124"})
}

fn payment_info() -> Value {
    json!({"shipping_address": {"street_1": "1 Main Street", "street_2": "", "city": "Springfield",
           "state": "IL", "country": "US", "postal_code": "62701"}, "contact_name": "Amelie Laurent"})
}

/// All samples. The first ones are those that a CRM meets every day.
#[rustfmt::skip]
pub(super) static SAMPLES: &[Sample] = &[
    Sample::new("message", "messages", "a text", Shape::Person, "message",
        |at| json!({"mid": at.mid(), "text": "Is the blue one in stock?"})),
    Sample::new("quick_reply", "messages", "a tap on a quick reply", Shape::Person, "message",
        |at| json!({"mid": at.mid(), "text": "Blue", "quick_reply": {"payload": "COLOR_BLUE"}})),
    Sample::new("reply", "messages", "a text that quotes a message", Shape::Person, "message",
        |at| json!({"mid": at.mid(), "text": "This one", "reply_to": {"mid": "m_quoted", "is_self_reply": false}})),
    Sample::new("image", "messages", "a picture", Shape::Person, "message",
        |at| attached(at, "image", json!({"url": "https://scontent.example/picture.jpg"}))),
    Sample::new("audio", "messages", "a voice message", Shape::Person, "message",
        |at| attached(at, "audio", json!({"url": "https://cdn.example/voice.mp4"}))),
    Sample::new("video", "messages", "a video", Shape::Person, "message",
        |at| attached(at, "video", json!({"url": "https://video.example/clip.mp4"}))),
    Sample::new("file", "messages", "a file", Shape::Person, "message",
        |at| attached(at, "file", json!({"url": "https://cdn.example/order.pdf"}))),
    Sample::new("sticker", "messages", "a sticker", Shape::Person, "message",
        |at| attached(at, "sticker", json!({"url": "https://scontent.example/like.png", "sticker_id": 369_239_263_222_822_u64}))),
    Sample::new("location", "messages", "a location (legacy)", Shape::Person, "message",
        |at| attached(at, "location", json!({"coordinates": {"lat": 52.376_553_3, "long": 9.738_912_3}}))),
    Sample::new("share", "messages", "a shared link", Shape::Person, "message",
        |at| json!({"mid": at.mid(), "text": "https://shop.example/", "attachments": [
            {"type": "fallback", "payload": {"url": "https://shop.example/", "title": "Shop"}}]})),
    Sample::new("ad_message", "messages", "the first message after a click on an ad", Shape::Person, "message",
        |at| json!({"mid": at.mid(), "text": "Hello", "referral": ad()})),
    Sample::new("unsend", "messages", "a message is unsent", Shape::Person, "message",
        |at| json!({"mid": at.mid(), "is_deleted": true})),
    Sample::new("standby", "standby", "a text while another app holds the thread", Shape::Standby, "message",
        |at| json!({"mid": at.mid(), "text": "Is the blue one in stock?"})),
    Sample::new("echo", "message_echoes", "a message of the Page", Shape::Echo, "message",
        |at| json!({"is_echo": true, "app_id": APP, "mid": at.mid(), "text": "Yes, it is."})),
    Sample::new("message_edit", "message_edits", "a message is edited", Shape::Person, "message_edit",
        |at| json!({"mid": at.mid(), "text": "Is the green one in stock?", "num_edit": 1})),
    Sample::new("postback", "messaging_postbacks", "a tap on a button", Shape::Person, "postback",
        |at| json!({"mid": at.mid(), "title": "Order", "payload": "ORDER"})),
    Sample::new("get_started", "messaging_postbacks", "a tap on Get Started after an m.me link", Shape::Person, "postback",
        |at| json!({"mid": at.mid(), "title": "Get Started", "payload": "GET_STARTED",
                    "referral": {"ref": "flyer", "source": "SHORTLINK", "type": "OPEN_THREAD"}})),
    Sample::new("delivery", "message_deliveries", "messages were delivered", Shape::Person, "delivery",
        |at| json!({"mids": ["m_delivered"], "watermark": at.millis})),
    Sample::new("read", "message_reads", "messages were read", Shape::Person, "read",
        |at| json!({"watermark": at.millis})),
    Sample::new("reaction", "message_reactions", "a reaction", Shape::Person, "reaction",
        |at| json!({"mid": at.mid(), "action": "react", "reaction": "love", "emoji": "\u{2764}\u{fe0f}"})),
    Sample::new("unreact", "message_reactions", "a reaction is taken back", Shape::Person, "reaction",
        |at| json!({"mid": at.mid(), "action": "unreact"})),
    Sample::new("referral", "messaging_referrals", "an m.me link in a known thread", Shape::Person, "referral",
        |_| json!({"ref": "flyer", "source": "SHORTLINK", "type": "OPEN_THREAD"})),
    Sample::new("ad_referral", "messaging_referrals", "a click on an ad in a known thread", Shape::Person, "referral",
        |_| ad()),
    Sample::new("optin", "messaging_optins", "an opt-in to marketing messages", Shape::Person, "optin",
        |at| json!({"type": "notification_messages", "title": "Spring sale", "payload": "SALE",
                    "notification_messages_token": "12345678901234567890",
                    "notification_messages_timezone": "UTC", "user_token_status": "NOT_REFRESHED",
                    "token_expiry_timestamp": at.millis + 15_552_000_000})),
    Sample::new("optout", "messaging_optouts", "an opt-out; Meta documents no members", Shape::Person, "optout",
        |_| json!({"type": "notification_messages"})),
    Sample::new("account_linking", "messaging_account_linking", "an account is linked", Shape::Person, "account_linking",
        |_| json!({"status": "linked", "authorization_code": "code-1"})),
    Sample::new("pass_thread_control", "messaging_handovers", "this app receives a thread", Shape::Person, "pass_thread_control",
        |_| json!({"previous_owner_app_id": "263902037430900", "new_owner_app_id": APP.to_string(), "metadata": "escalated"})),
    Sample::new("take_thread_control", "messaging_handovers", "this app loses a thread", Shape::Person, "take_thread_control",
        |_| json!({"previous_owner_app_id": APP.to_string(), "new_owner_app_id": "263902037430900"})),
    Sample::new("request_thread_control", "messaging_handovers", "another app wants a thread", Shape::Person, "request_thread_control",
        |_| json!({"requested_owner_app_id": 263_902_037_430_900_u64, "metadata": "please"})),
    Sample::new("app_roles", "messaging_handovers", "roles of apps (legacy)", Shape::Page, "app_roles",
        |_| json!({APP.to_string(): ["primary_receiver"]})),
    Sample::new("policy_enforcement", "messaging_policy_enforcement", "Meta blocks the app on the Page", Shape::Page, "policy_enforcement",
        |_| json!({"action": "block", "reason": "The bot violated our Platform Policies."})),
    Sample::new("business_integrity", "business_integrity", "Meta restricts the Page", Shape::Bare, "business_integrity",
        |at| json!({"status": "restricted", "violations": [{"type": "SPAM", "description": "Unwanted messages."}],
                    "restrictions": [{"feature": "page_messaging_api", "status": "RESTRICTED",
                                      "applied_time": at.seconds(), "expiration_time": at.seconds() + 86_400}],
                    "action_events": []})),
    Sample::new("messaging_feedback", "messaging_feedback", "a feedback form", Shape::Person, "messaging_feedback",
        |_| json!({"feedback_screens": [{"screen_id": 0, "questions": {"q1": {"type": "csat", "payload": "5",
                    "follow_up": {"type": "free_form", "payload": "Very good"}}}}]})),
    Sample::new("messaging_customer_information", "messaging_customer_information", "a form with an address", Shape::Person, "messaging_customer_information",
        |_| json!({"screens": [{"screen_id": "Add address", "responses": [{"key": "country", "value": "US"}]}]})),
    Sample::new("form", "messaging_in_thread_lead_form_submit", "a lead form", Shape::Person, "form",
        |_| json!({"id": "789"})),
    Sample::new("response_feedback", "response_feedback", "a thumb up for a message", Shape::Person, "response_feedback",
        |at| json!({"feedback": "Good response", "mid": at.mid()})),
    Sample::new("order", "send_cart", "a cart", Shape::Person, "order",
        |_| json!({"note": "no onions", "products": [{"id": 123, "retailer_id": "sku-1", "name": "Tea",
                    "unit_price": 11, "currency": "THB", "quantity": 1}]})),
    Sample::new("template", "messages", "a tap on a coupon", Shape::Person, "template",
        |_| json!({"type": "coupon", "payload": "COUPON", "coupon_code": "10PERCENT"})),
    Sample::new("payment", "messaging_payments", "a payment (legacy)", Shape::Person, "payment",
        |_| json!({"payload": "PAY", "requested_user_info": payment_info(), "shipping_option_id": "1",
                    "payment_credential": {"provider_type": "stripe", "charge_id": "ch_1"},
                    "amount": {"currency": "USD", "amount": "29.62"}})),
    Sample::new("pre_checkout", "messaging_pre_checkouts", "a payment begins (legacy)", Shape::Person, "pre_checkout",
        |_| json!({"payload": "PAY", "requested_user_info": payment_info(), "amount": {"currency": "USD", "amount": "2.70"}})),
    Sample::new("checkout_update", "messaging_checkout_updates", "the address of a payment changes (legacy)", Shape::Person, "checkout_update",
        |_| json!({"payload": "PAY", "shipping_address": {"id": 10_105_655_000_959_552_u64, "country": "US",
                    "city": "Springfield", "street_1": "1 Main Street", "state": "IL", "postal_code": "62701"}})),
    Sample::new("game_play", "messaging_game_plays", "a round of a game (legacy)", Shape::Person, "game_play",
        |_| json!({"game_id": "1", "player_id": "2", "context_type": "SOLO", "score": 12, "payload": "{}"})),
    Sample::new("message_request", "messaging_optins", "a message request is accepted (legacy)", Shape::Person, "message_request",
        |_| json!("accept")),
    Sample::new("branded_camera", "messages", "a camera effect (legacy)", Shape::Person, "branded_camera",
        |_| json!({"content_ids": ["1"], "event": "dismiss"})),
    Sample::new("message_context", "message_context", "Meta detects a purchase", Shape::Person, "message_context",
        |at| json!({"detections": [{"type": "PURCHASE", "id": "26272", "mid": at.mid(),
                    "event_name": "payment_received", "model": "model-0"}], "suggestions": []})),
    Sample::new("call_permission_reply", "call_permission_reply", "calls are allowed", Shape::Entry, "call_permission_reply",
        |at| json!({"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": at.seconds(),
                    "call_permission_reply": {"response": "approve", "expiration_timestamp": (at.seconds() + 604_800).to_string()}})),
    Sample::new("call_settings", "call_settings_update", "the call settings change", Shape::Entry, "call_settings",
        |_| json!({"call_settings": {"audio_enabled": true, "icon_enabled": true, "call_routing": "META"}})),
    Sample::new("calls", "calls", "a call begins", Shape::Call, "calls",
        |at| json!({"id": "c_1", "event": "connect", "from": PSID, "to": PAGE, "timestamp": at.seconds(),
                    "call_direction": "user_initiated"})),
    Sample::new("group_feed", "group_feed", "a comment in the Page's group", Shape::Flat, "group_feed",
        |at| json!({"from": {"id": "31", "name": "Ana"}, "group_id": "32", "comment_id": "33", "parent_id": "34",
                    "post_id": "34", "created_time": at.seconds(), "item": "comment", "verb": "add",
                    "message": "Does this come in blue?", "field": "group_feed"})),
    Sample::new("inbox_labels", "inbox_labels", "a label is added", Shape::Change, "inbox_labels",
        |_| json!({"user": {"id": PSID}, "action": "add", "label": {"id": "41", "page_label_name": "VIP"}})),
    Sample::new("marketing_message_echoes", "marketing_message_echoes", "a marketing message is sent", Shape::Change, "marketing_message_echoes",
        |at| marketing("marketing_message_echoes", at)),
    Sample::new("marketing_message_deliveries", "marketing_message_deliveries", "a marketing message is delivered", Shape::Change, "marketing_message_deliveries",
        |at| marketing("marketing_message_deliveries", at)),
    Sample::new("marketing_message_reads", "marketing_message_reads", "a marketing message is read", Shape::Change, "marketing_message_reads",
        |at| marketing("marketing_message_reads", at)),
    Sample::new("marketing_message_clicks", "marketing_message_clicks", "a marketing message is clicked", Shape::Change, "marketing_message_clicks",
        |at| marketing("marketing_message_clicks", at)),
    Sample::new("marketing_message_delivery_failed", "marketing_message_delivery_failed", "a marketing message is refused", Shape::Change, "marketing_message_delivery_failed",
        |at| {
            let mut value = marketing("marketing_message_delivery_failed", at);
            value["error_message"] = json!("The person does not receive messages.");
            value
        }),
    Sample::new("marketing_messages_subscriber_upload_status", "marketing_messages_subscriber_upload_status", "an upload of subscribers", Shape::Change, "marketing_messages_subscriber_upload_status",
        |at| json!({"field": "marketing_messages_subscriber_upload_status", "app_id": APP, "page_id": 102_030_405_060_708_u64,
                    "custom_audience_id": 51, "ad_account_id": "52", "timestamp": at.seconds(), "num_rows": 3,
                    "business_id": 53, "batch_uploading_status": "SUCCESS"})),
    Sample::new("message_template_status_update", "message_template_status_update", "a template is reviewed", Shape::Change, "message_template_status_update",
        |at| json!({"business_id": 53, "timestamp": at.seconds(), "changes": [{"field": "message_template_status_update",
                    "value": {"event": "APPROVED", "message_template_id": 61, "message_template_name": "order_update",
                              "message_template_language": "en-US"}}]})),
    Sample::new("feed", "feed", "a comment on a post", Shape::Change, "feed",
        |at| json!({"item": "comment", "verb": "add", "from": {"id": "31", "name": "Ana"}, "post_id": "10_71",
                    "comment_id": "71_72", "parent_id": "10_71", "created_time": at.seconds(), "message": "price?"})),
];
