//! The JSON that the pages read.

use std::time::Duration;

use messenger_crm::id::AppId;
use messenger_crm::inbox::{PrivacyRequest, PrivacyRequestKind, PrivacyRequestState};
use messenger_crm::model::{
    Contact, ContactKey, Message, MessageState, Reaction, Reason, Side, Source,
};
use messenger_crm::store::StoreError;
use serde_json::{Value, json};

use crate::{connections::Connection, crm::Crm, now};

/// Later, and the profile counts as one that Meta does not give.
const SOON: Duration = Duration::from_secs(3600);

pub(crate) async fn connection(crm: &Crm, connection: &Connection) -> Result<Value, StoreError> {
    let health = crm.inbox.page_health(&connection.page, now()).await?;
    Ok(json!({
        "page": {"id": connection.page, "name": connection.name},
        "app_id": connection.app_id,
        "webhook_url": format!("{}/webhook/{}", crm.public_url, connection.path),
        "verify_token": connection.verify_token.expose_secret(),
        "paused": health.pause.is_some(),
        "problems": health.problems.iter().map(|found| json!({
            "problem": found.problem, "code": found.code, "at": found.at,
        })).collect::<Vec<_>>(),
    }))
}

pub(crate) fn privacy_request_json(app: &AppId, request: &PrivacyRequest) -> Value {
    let (state, settled_at) = match request.state {
        PrivacyRequestState::Erased { at, .. } => ("erased", Some(at)),
        PrivacyRequestState::Settled { at, .. } => ("settled", Some(at)),
        _ => ("open", None),
    };
    let kind = match request.kind {
        PrivacyRequestKind::Deletion => "deletion",
        _ => "deauthorization",
    };
    json!({
        "app_id": app, "code": request.code, "kind": kind, "user": request.user,
        "requested_at": request.requested_at, "state": state, "settled_at": settled_at,
    })
}

pub(crate) fn customer_json(contact: &Contact) -> Value {
    let profile = contact.profile.as_ref();
    let ContactKey { page, psid, .. } = &contact.key;
    let picture = contact.picture.map(|version| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("page", page.as_str())
            .append_pair("psid", psid.as_str())
            .append_pair("v", &version.to_string())
            .finish();
        format!("/picture?{query}")
    });
    let asked_soon = contact.profile_due.is_some_and(|due| due <= now() + SOON);
    json!({
        "page": page, "psid": psid,
        "name": profile.and_then(|profile| profile.name.as_ref()),
        "first_name": profile.and_then(|profile| profile.first_name.as_ref()),
        "last_name": profile.and_then(|profile| profile.last_name.as_ref()),
        "picture": picture,
        "profile": if profile.is_some() { "known" } else if asked_soon { "pending" } else { "none" },
        "unread": contact.unread,
        "last_at": contact.last_at, "first_at": contact.first_at,
        "last": contact.preview.as_ref().map(|last| json!({
            "side": side(last.side),
            "text": last.text, "kinds": last.kinds, "unsent": last.unsent,
            "state": last.state.map(state), "at": last.at,
        })),
        "status": contact.status, "tags": contact.tags, "assignee": contact.assignee,
        "unanswered_since": contact.unanswered_since,
        "reaction": contact.reaction.as_ref().map(|last| {
            let mut json = reaction_json(Side::Customer, &last.reaction);
            json["at"] = json!(last.at);
            json
        }),
    })
}

/// The message for which a search found the customer.
pub(crate) fn passage_json(message: &Message) -> Value {
    let content = &message.content;
    json!({"side": side(message.side), "text": content.text.as_ref().or(content.title.as_ref())})
}

pub(crate) fn message_json(message: &Message) -> Value {
    let content = &message.content;
    json!({
        "id": message.key.as_ref().map_or(message.id.as_str(), |key| key.as_str()),
        "mid": message.id, "key": message.key, "at": message.at, "side": side(message.side),
        "source": match message.source { Source::Own => "crm", Source::Standby => "standby", Source::Backfill => "backfill", _ => "webhook" },
        "by_us": message.key.is_some(),
        "act": content.act, "text": content.text, "title": content.title, "payload": content.payload,
        "reply_to": content.reply_to, "edited_at": message.edited_at, "unsent_at": message.unsent_at,
        "reactions": message.reactions.iter().map(|(by, one)| reaction_json(*by, one)).collect::<Vec<_>>(),
        "sent_twice": message.sent_twice, "resent_as": message.resent_as,
        "attachments": content.attachments, "buttons": content.buttons,
        "state": message.state.map(state), "next_attempt": message.next_attempt,
        "reason": message.reason.as_ref().map(reason_json),
    })
}

fn reaction_json(by: Side, reaction: &Reaction) -> Value {
    json!({"by": side(by), "emoji": reaction.emoji, "name": reaction.name})
}

fn reason_json(reason: &Reason) -> Value {
    json!({
        "advice": reason.advice, "code": reason.code, "subcode": reason.subcode,
        "user_title": null, "user_message": null, "trace": reason.trace,
    })
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Customer => "customer",
        Side::Page => "page",
        _ => "team",
    }
}

fn state(state: MessageState) -> &'static str {
    match state {
        MessageState::Queued => "queued",
        MessageState::Sending => "sending",
        MessageState::Sent => "sent",
        MessageState::Delivered => "delivered",
        MessageState::Read => "read",
        MessageState::Failed => "failed",
        _ => "unknown",
    }
}
