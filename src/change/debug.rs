//! `Debug` of changes: without message texts and field values.

use std::fmt;

use super::Change;
use crate::text::Text;

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(self.name());
        if let Some(contact) = self.contact() {
            out.field("contact", contact);
        }
        // Each pattern names every field, so that a new one has to be considered here.
        match self {
            Self::Received {
                contact: _,
                entry,
                work,
            } => out.field("entry", entry).field("work", work),
            Self::Echoed {
                contact: _,
                entry,
                key,
            } => out.field("entry", entry).field("key", key),
            Self::Edited {
                contact: _,
                mid,
                at,
                number,
                text,
            } => out
                .field("mid", mid)
                .field("at", at)
                .field("number", number)
                .field("text", &Text::from(&**text)),
            Self::Unsent {
                contact: _,
                mid,
                at,
            } => out.field("mid", mid).field("at", at),
            Self::Reacted {
                contact: _,
                mid,
                at,
                by,
                reaction,
            } => out
                .field("mid", mid)
                .field("at", at)
                .field("by", by)
                .field("reaction", reaction),
            Self::Opened { contact: _, at } => out.field("at", at),
            Self::Delivered {
                contact: _,
                at,
                up_to,
                mids,
            } => out
                .field("at", at)
                .field("up_to", up_to)
                .field("mids", mids),
            Self::Read { contact: _, up_to } => out.field("up_to", up_to),
            Self::Profile {
                contact: _,
                fetched_at,
                response,
                due,
            } => out
                .field("fetched_at", fetched_at)
                .field("response", response)
                .field("due", due),
            Self::Queued {
                contact: _,
                key,
                at,
                outgoing,
            } => out
                .field("key", key)
                .field("at", at)
                .field("outgoing", outgoing),
            Self::Settled {
                contact: _,
                key,
                attempt,
                outcome,
            } => out
                .field("key", key)
                .field("attempt", attempt)
                .field("outcome", outcome),
            Self::Field {
                contact: _,
                name,
                value,
                at,
            } => out
                .field("name", &Text::from(&**name))
                .field("value", &value.as_deref().map(Text::from))
                .field("at", at),
            Self::Tagged {
                contact: _,
                tag,
                on,
                at,
                author,
            } => out
                .field("tag", &Text::from(&**tag))
                .field("on", on)
                .field("at", at)
                .field("author", author),
            Self::Noted { contact: _, entry } => out.field("entry", entry),
            Self::Forgotten { contact: _, at } => out.field("at", at),
            Self::Expired { contact: _, at } => out.field("at", at),
            Self::Tombstone { page, hash: _, at } => out.field("page", page).field("at", at),
            Self::Paused { page, at, pause } => out
                .field("page", page)
                .field("at", at)
                .field("pause", pause),
            Self::Mark {
                page,
                name,
                value,
                at,
            } => out
                .field("page", page)
                .field("name", &Text::from(&**name))
                .field("value", &value.as_deref().map(Text::from))
                .field("at", at),
            Self::WorkAdded {
                page,
                psid,
                kind,
                id,
                at,
                due,
                data,
            } => out
                .field("page", page)
                .field("psid", psid)
                .field("kind", kind)
                .field("id", id)
                .field("at", at)
                .field("due", due)
                .field("data", &Text::from(&**data)),
            Self::WorkSettled {
                page,
                psid,
                kind,
                id,
                attempt,
                outcome,
            } => out
                .field("page", page)
                .field("psid", psid)
                .field("kind", kind)
                .field("id", id)
                .field("attempt", attempt)
                .field("outcome", outcome),
            Self::WorkReplayed {
                page,
                psid,
                kind,
                id,
                due,
            } => out
                .field("page", page)
                .field("psid", psid)
                .field("kind", kind)
                .field("id", id)
                .field("due", due),
            Self::Claimed {
                page,
                psid,
                work,
                attempt,
                until,
                by,
            } => out
                .field("page", page)
                .field("psid", psid)
                .field("work", work)
                .field("attempt", attempt)
                .field("until", until)
                .field("by", by),
            Self::Erase { contact: _, limit } => out.field("limit", limit),
            Self::Seen {
                contact: _,
                revision,
            } => out.field("revision", revision),
            Self::MarkedUnread { contact: _, count } => out.field("count", count),
            Self::Status {
                contact: _,
                status,
                revision,
                at,
                author,
            } => out
                .field("status", status)
                .field("revision", revision)
                .field("at", at)
                .field("author", author),
            Self::Woken { contact: _, at } => out.field("at", at),
            Self::Assigned {
                contact: _,
                assignee,
                revision,
                at,
                author,
            } => out
                .field("assignee", &assignee.as_deref().map(Text::from))
                .field("revision", revision)
                .field("at", at)
                .field("author", author),
            Self::Resent {
                contact: _,
                key,
                new,
                at,
                latest,
                author,
            } => out
                .field("key", key)
                .field("new", new)
                .field("at", at)
                .field("latest", latest)
                .field("author", author),
            Self::RawEvent(event) => out.field("event", event),
        };
        out.finish()
    }
}

impl Change {
    fn name(&self) -> &'static str {
        match self {
            Self::Received { .. } => "Received",
            Self::Echoed { .. } => "Echoed",
            Self::Edited { .. } => "Edited",
            Self::Unsent { .. } => "Unsent",
            Self::Reacted { .. } => "Reacted",
            Self::Opened { .. } => "Opened",
            Self::Delivered { .. } => "Delivered",
            Self::Read { .. } => "Read",
            Self::Profile { .. } => "Profile",
            Self::Queued { .. } => "Queued",
            Self::Settled { .. } => "Settled",
            Self::Field { .. } => "Field",
            Self::Tagged { .. } => "Tagged",
            Self::Noted { .. } => "Noted",
            Self::Forgotten { .. } => "Forgotten",
            Self::Expired { .. } => "Expired",
            Self::Tombstone { .. } => "Tombstone",
            Self::Paused { .. } => "Paused",
            Self::Mark { .. } => "Mark",
            Self::WorkAdded { .. } => "WorkAdded",
            Self::WorkSettled { .. } => "WorkSettled",
            Self::WorkReplayed { .. } => "WorkReplayed",
            Self::Claimed { .. } => "Claimed",
            Self::Erase { .. } => "Erase",
            Self::Seen { .. } => "Seen",
            Self::MarkedUnread { .. } => "MarkedUnread",
            Self::Status { .. } => "Status",
            Self::Woken { .. } => "Woken",
            Self::Assigned { .. } => "Assigned",
            Self::Resent { .. } => "Resent",
            Self::RawEvent(_) => "RawEvent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{Mid, PageId, Psid},
        model::{ContactKey, RawEvent},
        time::Timestamp,
    };

    #[test]
    fn debug_prints_no_text_name_or_person() {
        let contact = ContactKey::new(PageId::new("1").unwrap(), Psid::new("hush").unwrap());
        let at = Timestamp::from_millis(1);
        let edited = Change::Edited {
            contact: contact.clone(),
            mid: Mid::new("m_1").unwrap(),
            at,
            number: 2,
            text: "hush".to_owned(),
        };
        let field = Change::Field {
            contact,
            name: "hush".to_owned(),
            value: Some("hush".to_owned()),
            at,
        };
        let id = crate::model::EntryId::from_text("~1");
        let raw = Change::RawEvent(RawEvent::new(id, at, "hush", b"hush".to_vec()));
        assert_eq!(
            format!("{edited:?} {field:?} {raw:?}"),
            "Edited { contact: ContactKey { page: PageId(\"1\"), psid: Psid(…) }, mid: Mid(\"m_1\"), \
             at: Timestamp(1), number: 2, text: Text(4 bytes) } \
             Field { contact: ContactKey { page: PageId(\"1\"), psid: Psid(…) }, name: Text(4 bytes), \
             value: Some(Text(4 bytes)), at: Timestamp(1) } \
             RawEvent { event: RawEvent(EntryId(\"~1\"), 4 bytes) }"
        );
    }
}
