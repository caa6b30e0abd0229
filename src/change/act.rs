//! Entries other than messages: taps, links, forms, carts, payments, calls.

use super::{
    Change,
    content::{self, lines, mid, own},
    meaning::Meaning,
};
use crate::{
    event,
    model::{Act, Content, EntryId, OptIn, Referral},
    text::Text,
};

impl Meaning<'_> {
    pub(super) fn postback(self, postback: &event::Postback<'_>) -> Result<Change, &'static str> {
        // The payload is left out of the id, because a standby copy has none.
        let id = mid(&postback.mid).as_ref().map(EntryId::of_message);
        let id = id.unwrap_or_else(|| self.id(&[&postback.title]));
        let mut content = Content::new(Act::POSTBACK);
        content.title = own(&postback.title);
        content.payload = own(&postback.payload);
        content.referral = postback.referral.as_deref().map(content::referral);
        self.received(id, content)
    }

    pub(super) fn referral(self, referral: &event::Referral<'_>) -> Result<Change, &'static str> {
        let id = self.id(&[
            &referral.reference,
            &referral.source,
            &referral.kind,
            &referral.ad_id,
        ]);
        let mut content = Content::new(Act::REFERRAL);
        content.referral = Some(content::referral(referral));
        let lead = self
            .event
            .extras
            .as_ref()
            .and_then(|extras| extras.lead.as_ref());
        content.text = lines(lead.iter().flat_map(|lead| &lead.data).map(|answer| {
            let (question, answer) = (answer.question.as_ref()?, answer.answer.as_ref()?);
            Some(format!("{}: {}", &**question, &**answer))
        }));
        self.received(id, content)
    }

    pub(super) fn opt_in(self, optin: &event::Optin<'_>) -> Result<Change, &'static str> {
        let token = if optin.token.is_some() {
            &optin.token
        } else {
            &optin.one_time_token
        };
        let id = self.id(&[token, &optin.status, &optin.reference]);
        let subscription = OptIn {
            kind: own(&optin.kind),
            token: own(token),
            expires_at: optin.token_expires_at,
            status: own(&optin.status),
            topic: own(&optin.topic),
        };
        let mut content = Content::new(Act::OPT_IN);
        content.title = own(&optin.title);
        content.payload = own(&optin.payload);
        content.opt_in = Some(subscription);
        if optin.reference.is_some() || optin.source.is_some() {
            content.referral = Some(Referral {
                reference: own(&optin.reference),
                source: own(&optin.source),
                ..Referral::default()
            });
        }
        self.received(id, content)
    }

    pub(super) fn order(self, order: &event::Order<'_>) -> Result<Change, &'static str> {
        let products = order.products.iter().map(|product| {
            let name = product.name.as_ref().or(product.retailer_id.as_ref())?;
            let quantity = product.quantity.unwrap_or(1);
            let price = product.unit_price.as_deref().unwrap_or_default();
            let currency = product.currency.as_deref().unwrap_or_default();
            let line = format!("{quantity} × {} {price} {currency}", &**name);
            Some(line.trim_end().to_owned())
        });
        let text = lines(products.chain([own(&order.note)]));
        let id = self.id(&[&text.as_deref().map(Text::from), &order.source_id]);
        let mut content = self.of_kind();
        content.text = text;
        content.payload = own(&order.source_id);
        self.received(id, content)
    }

    pub(super) fn payment(
        self,
        payload: &Option<Text<'_>>,
        amount: Option<&event::Amount<'_>>,
    ) -> Result<Change, &'static str> {
        self.act(&[payload], |content| {
            content.title = amount.and_then(|amount| {
                let (number, currency) = (amount.amount.as_ref()?, amount.currency.as_ref()?);
                Some(format!("{} {}", &**number, &**currency))
            });
            content.payload = own(payload);
        })
    }

    /// The start of a call by the customer is an entry; the course of a call is not.
    pub(super) fn call(self, call: &event::Call<'_>) -> Result<Change, &'static str> {
        let is_theirs = call.direction.as_deref() == Some("user_initiated");
        if !is_theirs || call.event.as_deref() != Some("connect") {
            return Err("the call is in progress, or the Page started it");
        }
        self.act(&[&call.id], |content| content.payload = own(&call.id))
    }

    pub(super) fn feedback(self, feedback: &event::Feedback<'_>) -> Result<Change, &'static str> {
        let screens = feedback.screens.iter();
        let answers = screens.flat_map(|screen| screen.questions.iter().flat_map(event::Map::iter));
        self.form(lines(answers.flat_map(|(id, answer)| {
            let score = answer.payload.as_ref();
            let more = answer
                .follow_up
                .as_ref()
                .and_then(|more| own(&more.payload));
            [score.map(|score| format!("{id}: {}", &**score)), more]
        })))
    }

    pub(super) fn information(
        self,
        information: &event::CustomerInformation<'_>,
    ) -> Result<Change, &'static str> {
        let responses = information
            .screens
            .iter()
            .flat_map(|screen| &screen.responses);
        self.form(lines(responses.map(|response| {
            let (key, value) = (response.key.as_ref()?, response.value.as_ref()?);
            Some(format!("{}: {}", &**key, &**value))
        })))
    }

    fn form(self, text: Option<String>) -> Result<Change, &'static str> {
        self.act(&[&text.as_deref().map(Text::from)], |content| {
            content.text.clone_from(&text)
        })
    }

    /// An entry of the customer without a message id.
    pub(super) fn act(
        self,
        identity: &[&Option<Text<'_>>],
        fill: impl FnOnce(&mut Content),
    ) -> Result<Change, &'static str> {
        let id = self.id(identity);
        let mut content = self.of_kind();
        fill(&mut content);
        self.received(id, content)
    }

    fn of_kind(&self) -> Content {
        Content::new(Act::new(self.event.kind.name()))
    }

    /// The id of an event without a message id: a hash of its kind, its timestamp and the parts that
    /// define it. The time of the delivery, the channel and the position in it are left out, because
    /// they differ when Meta delivers the event again.
    fn id(&self, parts: &[&Option<Text<'_>>]) -> EntryId {
        let time = self.event.timestamp.map(|at| at.as_millis().to_be_bytes());
        let mut all: Vec<&[u8]> = vec![self.event.kind.name().as_bytes()];
        all.push(time.as_ref().map_or(&[], |time| time));
        all.extend(
            parts
                .iter()
                .map(|part| part.as_deref().unwrap_or_default().as_bytes()),
        );
        EntryId::of_parts(&all)
    }
}
