//! Conversion of an event into a change.

use std::time::Duration;

use super::{
    Change,
    content::{self, mid, own},
};
use crate::{
    event::{self, Channel, Event, Kind, Object},
    id::{AppId, Mid, PageId},
    model::{ContactKey, Content, Entry, EntryId, OutgoingKey, RawEvent, Reaction, Side, Source},
    time::Timestamp,
};

impl Change {
    /// Converts an event into the change that it means for the CRM.
    ///
    /// The function is pure. When Meta delivers an event again, the result is an equal change.
    ///
    /// | Event | Change |
    /// |---|---|
    /// | `message` | [`Received`](Self::Received); [`Unsent`](Self::Unsent) if it was unsent |
    /// | `echo` | [`Echoed`](Self::Echoed) in the conversation of its recipient; [`Unsent`](Self::Unsent) if it was unsent |
    /// | `message_edit` | [`Edited`](Self::Edited) |
    /// | `delivery`, `read` | [`Delivered`](Self::Delivered), [`Read`](Self::Read) |
    /// | `reaction` | [`Reacted`](Self::Reacted) |
    /// | `postback`, `referral`, `optin`, `account_linking`, `messaging_feedback`, `messaging_customer_information`, `form`, `response_feedback`, `order`, `template`, `payment`, `pre_checkout`, `checkout_update`, `game_play`, `message_request`, `call_permission_reply`, the start of a call by the customer | [`Received`](Self::Received), with the [`Act`](crate::model::Act) |
    /// | everything else | [`RawEvent`](Self::RawEvent), with the reason |
    ///
    /// Also stored raw are events that name no Page or no customer, events without the id that their
    /// change needs, test events of the App Dashboard, and all events of objects other than a Page.
    /// An event of the standby channel gets [`Source::Standby`]; its copy in the normal channel has
    /// the id of the same entry.
    ///
    /// The time is the event's own; without one, as in `messaging_feedback`, the time of the entry,
    /// and without that `now`. Times more than two minutes ahead of our clock are cut to
    /// `now` plus [`MAX_AHEAD`](Self::MAX_AHEAD), because they would keep a customer at the top of the
    /// inbox, and because erasing reaches no further. An entry is [live](Entry::live) when it
    /// happened within the last 24 hours.
    pub fn of(event: &Event<'_>, now: Timestamp) -> Self {
        match Meaning::of(event, now) {
            Ok(change) => change,
            Err(reason) => Self::keep(event, now, reason),
        }
    }

    pub(crate) fn keep(event: &Event<'_>, now: Timestamp, reason: &str) -> Self {
        let page = event.page();
        let id = EntryId::of_parts(&[
            b"raw",
            page.as_ref().map_or("", PageId::as_str).as_bytes(),
            // Not the delivery: its entry time changes when Meta delivers the event again.
            event.raw().as_bytes(),
        ]);
        let at = event.happened_at().map_or(now, |at| at.min(latest(now)));
        // With its list and its Page, so that it can be read again.
        let mut raw = RawEvent::new(id, at, reason, event.to_delivery().into_bytes());
        raw.page = page;
        raw.psid = event.customer();
        Self::RawEvent(raw)
    }

    /// Creates the change that stores a whole request body raw: signed, but without a readable
    /// envelope.
    pub fn quarantine(body: &[u8], now: Timestamp, reason: impl Into<String>) -> Self {
        let id = EntryId::of_parts(&[b"body", body]);
        Self::RawEvent(RawEvent::new(id, now, reason, body.to_vec()))
    }
}

/// An event that is older is no longer live: it is applied like imported history.
const LIVE: Duration = Duration::from_secs(24 * 3600);

/// The latest timestamp that is believed.
fn latest(now: Timestamp) -> Timestamp {
    now + Change::MAX_AHEAD
}

/// An event of a conversation, with what every change of it needs.
pub(super) struct Meaning<'e> {
    pub(super) event: &'e Event<'e>,
    contact: ContactKey,
    at: Timestamp,
    now: Timestamp,
}

impl<'e> Meaning<'e> {
    fn of(event: &'e Event<'_>, now: Timestamp) -> Result<Change, &'static str> {
        if event.object != Object::Page {
            return Err("the object is not a page");
        }
        if let Kind::Unrecognized { reason, .. } = &event.kind {
            return Err(reason);
        }
        if event.is_test() {
            return Err("the event is a test of the App Dashboard");
        }
        let (Some(page), Some(psid)) = (event.page(), event.customer()) else {
            return Err("the event names no Page or no customer");
        };
        Meaning {
            event,
            contact: ContactKey::new(page, psid),
            at: event.happened_at().unwrap_or(now).min(latest(now)),
            now,
        }
        .change()
    }

    fn change(self) -> Result<Change, &'static str> {
        match &self.event.kind {
            Kind::Message(message) if message.is_deleted => self.unsent(message),
            Kind::Message(message) => self.message(message),
            Kind::Echo(message) if message.is_deleted => self.unsent(message),
            Kind::Echo(message) => self.echo(message),
            Kind::MessageEdit(edit) => self.edit(edit),
            Kind::Delivery(receipt) => self.delivered(receipt),
            Kind::Read(receipt) => self.read(receipt),
            Kind::Reaction(reaction) => self.reaction(reaction),
            Kind::Postback(postback) => self.postback(postback),
            Kind::Referral(referral) => self.referral(referral),
            Kind::Optin(optin) => self.opt_in(optin),
            Kind::AccountLinking(linking) => self.act(&[&linking.status], |content| {
                content.title = own(&linking.status);
            }),
            Kind::Feedback(feedback) => self.feedback(feedback),
            Kind::CustomerInformation(information) => self.information(information),
            Kind::LeadForm(form) => {
                self.act(&[&form.id], |content| content.payload = own(&form.id))
            }
            Kind::ResponseFeedback(feedback) => {
                self.act(&[&feedback.mid, &feedback.feedback], |content| {
                    content.title = own(&feedback.feedback);
                    content.reply_to = mid(&feedback.mid);
                })
            }
            Kind::Order(order) => self.order(order),
            Kind::Coupon(coupon) => self.act(&[&coupon.payload, &coupon.code], |content| {
                content.title = own(&coupon.code);
                content.payload = own(&coupon.payload);
            }),
            Kind::Payment(payment) => self.payment(&payment.payload, payment.amount.as_ref()),
            Kind::PreCheckout(checkout) => {
                self.payment(&checkout.payload, checkout.amount.as_ref())
            }
            Kind::CheckoutUpdate(update) => self.payment(&update.payload, None),
            Kind::GamePlay(play) => self.act(&[&play.game_id, &play.payload], |content| {
                content.payload = own(&play.payload);
            }),
            Kind::MessageRequest(answer) => {
                let answer = Some(answer.clone());
                self.act(&[&answer], |content| content.title = own(&answer))
            }
            Kind::CallPermissionReply(reply) => self.act(&[&reply.response], |content| {
                content.title = own(&reply.response);
            }),
            Kind::Call(call) => self.call(call),
            Kind::Optout(_) | Kind::BrandedCamera(_) | Kind::MessageContext(_) => {
                Err("the event adds nothing to the conversation")
            }
            Kind::PassThreadControl(_)
            | Kind::TakeThreadControl(_)
            | Kind::RequestThreadControl(_)
            | Kind::AppRoles(_)
            | Kind::PolicyEnforcement(_)
            | Kind::CallSettings(_) => Err("the event concerns the app and not a conversation"),
            Kind::GroupComment(_)
            | Kind::InboxLabel(_)
            | Kind::MarketingMessage(_)
            | Kind::SubscriberUpload(_)
            | Kind::TemplateUpdate(_)
            | Kind::BusinessIntegrity(_)
            | Kind::Change { .. } => Err("the event belongs to no conversation"),
            Kind::Unrecognized { reason, .. } => Err(reason),
        }
    }

    fn message(self, message: &event::Message<'_>) -> Result<Change, &'static str> {
        let mid = mid(&message.mid).ok_or("the message has no id")?;
        let content = content::of(self.event, message);
        self.received(EntryId::of_message(&mid), content)
    }

    /// The Page wrote: the conversation is that of the recipient.
    fn echo(self, echo: &event::Message<'_>) -> Result<Change, &'static str> {
        let mid = mid(&echo.mid).ok_or("the echo has no id")?;
        let content = content::of(self.event, echo);
        let mut entry = self.entry(EntryId::of_message(&mid), content);
        entry.app = echo
            .app_id
            .as_ref()
            .and_then(|id| AppId::new(id.to_storable()).ok());
        let key = echo
            .metadata
            .as_ref()
            .and_then(|ours| OutgoingKey::parse(ours).ok());
        Ok(Change::Echoed {
            contact: self.contact,
            entry,
            key,
        })
    }

    fn unsent(self, message: &event::Message<'_>) -> Result<Change, &'static str> {
        Ok(Change::Unsent {
            mid: mid(&message.mid).ok_or("the message has no id")?,
            at: self.at,
            contact: self.contact,
        })
    }

    fn edit(self, edit: &event::MessageEdit<'_>) -> Result<Change, &'static str> {
        Ok(Change::Edited {
            mid: mid(&edit.mid).ok_or("the edit has no message id")?,
            at: self.at,
            number: edit
                .num_edit
                .and_then(|number| number.try_into().ok())
                .unwrap_or(0),
            text: own(&edit.text).ok_or("the edit has no text")?,
            contact: self.contact,
        })
    }

    fn delivered(self, receipt: &event::Receipt<'_>) -> Result<Change, &'static str> {
        let mids = receipt.mids.iter().flat_map(event::Mids::iter);
        let mids: Vec<Mid> = mids.filter_map(|id| mid(&Some(id))).collect();
        if receipt.watermark.is_none() && mids.is_empty() {
            return Err("the receipt has no watermark and no message ids");
        }
        Ok(Change::Delivered {
            at: self.at,
            up_to: receipt.watermark.map(|up_to| up_to.min(latest(self.now))),
            mids,
            contact: self.contact,
        })
    }

    fn read(self, receipt: &event::Receipt<'_>) -> Result<Change, &'static str> {
        let up_to = receipt.watermark.ok_or("the receipt has no watermark")?;
        Ok(Change::Read {
            up_to: up_to.min(latest(self.now)),
            contact: self.contact,
        })
    }

    fn reaction(self, reaction: &event::Reaction<'_>) -> Result<Change, &'static str> {
        let is_removed = reaction.action.as_deref() == Some("unreact");
        let by = if self.event.is_by_page() {
            Side::Page
        } else {
            Side::Customer
        };
        let given = Reaction {
            emoji: own(&reaction.emoji),
            name: own(&reaction.reaction),
        };
        Ok(Change::Reacted {
            mid: mid(&reaction.mid).ok_or("the reaction has no message id")?,
            at: self.at,
            by,
            reaction: (!is_removed).then_some(given),
            contact: self.contact,
        })
    }

    pub(super) fn received(self, id: EntryId, content: Content) -> Result<Change, &'static str> {
        let entry = self.entry(id, content);
        Ok(Change::Received {
            contact: self.contact,
            entry,
            work: Vec::new(),
        })
    }

    pub(super) fn entry(&self, id: EntryId, content: Content) -> Entry {
        let source = match self.event.channel {
            Channel::Standby => Source::Standby,
            _ => Source::Webhook,
        };
        let opens = ["message", "postback", "referral", "order", "template"];
        let opens_window = opens.contains(&content.act.as_str());
        let mut entry = Entry::new(id, self.at, source, content);
        entry.live = self.at + LIVE > self.now;
        // Without a timestamp the end of the window is unknown.
        entry.opens_window = opens_window && self.event.timestamp.is_some();
        entry
    }
}
