-- Opaque ids become small numbers once, because every key begins with one.
CREATE TABLE page (
    page_no INTEGER PRIMARY KEY,
    page TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    -- The last revision that removed a customer.
    removed INTEGER NOT NULL,
    -- Pause and marks as JSON, and until when the Page is paused.
    state TEXT, paused_until INTEGER
);

-- Without `last_at` there is nothing to show yet. `page_no` and `contact_no` are stable: a host may
-- refer to them with ON DELETE SET NULL or CASCADE.
CREATE TABLE contact (
    contact_no INTEGER PRIMARY KEY,
    page_no INTEGER NOT NULL,
    psid TEXT NOT NULL,
    -- The beginning of the hash under which a tombstone keeps an erased customer.
    key_hash INTEGER NOT NULL,
    last_at INTEGER, first_at INTEGER, inbound_at INTEGER, unanswered_since INTEGER, replied_at INTEGER,
    unread INTEGER NOT NULL DEFAULT 0, arrived INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL DEFAULT 0,
    bucket INTEGER NOT NULL DEFAULT 0,
    -- The newest message; `newest_at` only where it is not `last_at`.
    newest_at INTEGER, newest_tie INTEGER, newest_kind INTEGER, newest_text TEXT, newest_more TEXT,
    profile_due INTEGER, opened_at INTEGER,
    status_until INTEGER, status_revision INTEGER, assignee_revision INTEGER, assignee TEXT, labels TEXT, reaction TEXT,
    delivered INTEGER, read INTEGER, forgotten INTEGER, expired INTEGER,
    asked_at INTEGER, ask_again INTEGER, attempt INTEGER, by INTEGER, lease INTEGER,
    -- `profile_at` and `picture_at` only where they are not `asked_at`.
    profile_at INTEGER, name TEXT, first_name TEXT, last_name TEXT, picture_at INTEGER, picture INTEGER,
    send_due INTEGER, wake_due INTEGER, erasing INTEGER,
    UNIQUE (page_no, psid)
);
CREATE INDEX contact_hash ON contact (key_hash);
CREATE INDEX contact_inbox ON contact (page_no, last_at) WHERE last_at IS NOT NULL;
CREATE INDEX contact_bucket ON contact (page_no, bucket, last_at) WHERE last_at IS NOT NULL;
CREATE INDEX contact_bucket_waiting ON contact (page_no, bucket, unanswered_since) WHERE unanswered_since IS NOT NULL;
CREATE INDEX contact_bucket_window ON contact (page_no, bucket, inbound_at) WHERE inbound_at IS NOT NULL;
CREATE INDEX contact_assignee ON contact (page_no, assignee, bucket, last_at)
    WHERE assignee IS NOT NULL AND last_at IS NOT NULL;
CREATE INDEX contact_assignee_waiting ON contact (page_no, assignee, bucket, unanswered_since)
    WHERE assignee IS NOT NULL AND unanswered_since IS NOT NULL;
CREATE INDEX contact_assignee_window ON contact (page_no, assignee, bucket, inbound_at)
    WHERE assignee IS NOT NULL AND inbound_at IS NOT NULL;
CREATE INDEX contact_first ON contact (page_no, first_at) WHERE first_at IS NOT NULL;
CREATE INDEX contact_changed ON contact (page_no, revision) WHERE last_at IS NOT NULL;
CREATE INDEX contact_send_due ON contact (page_no, send_due) WHERE send_due IS NOT NULL;
CREATE INDEX contact_profile_due ON contact (page_no, profile_due) WHERE profile_due IS NOT NULL;
CREATE INDEX contact_wake_due ON contact (wake_due) WHERE wake_due IS NOT NULL;
CREATE INDEX contact_hidden ON contact (contact_no) WHERE last_at IS NULL;
CREATE INDEX contact_erasing ON contact (contact_no) WHERE erasing IS NOT NULL;

-- Fields and tags of customers who are shown, with what orders the lists; a tag has no value.
CREATE TABLE label (
    contact_no INTEGER NOT NULL, no INTEGER NOT NULL, page_no INTEGER NOT NULL,
    hash INTEGER NOT NULL, name TEXT NOT NULL, value TEXT,
    bucket INTEGER NOT NULL, last_at INTEGER NOT NULL, unanswered_since INTEGER, inbound_at INTEGER,
    PRIMARY KEY (contact_no, no)
) WITHOUT ROWID;
CREATE INDEX label_list ON label (hash, page_no, bucket, last_at);
CREATE INDEX label_waiting ON label (hash, page_no, bucket, unanswered_since) WHERE unanswered_since IS NOT NULL;
CREATE INDEX label_window ON label (hash, page_no, bucket, inbound_at) WHERE inbound_at IS NOT NULL;
CREATE INDEX label_tag ON label (page_no, name) WHERE value IS NULL;

CREATE TABLE picture (contact_no INTEGER PRIMARY KEY, media_type TEXT NOT NULL, bytes BLOB NOT NULL);

-- `tie` is a hash of `id`: it breaks ties of time, and finds an id without storing it twice, as an
-- index of this table would if `id` were part of the key.
CREATE TABLE message (
    contact_no INTEGER NOT NULL, at INTEGER NOT NULL, tie INTEGER NOT NULL,
    id TEXT NOT NULL, key BLOB, kind INTEGER NOT NULL, text TEXT, more TEXT, marks TEXT,
    PRIMARY KEY (contact_no, at, tie)
) WITHOUT ROWID;
CREATE INDEX message_id ON message (contact_no, tie);

-- Facts about a message that has not arrived yet, and the latest time of them.
CREATE TABLE mark (
    contact_no INTEGER NOT NULL, tie INTEGER NOT NULL, id TEXT NOT NULL, key BLOB, marks TEXT, at INTEGER NOT NULL,
    PRIMARY KEY (contact_no, tie, id)
) WITHOUT ROWID;
CREATE INDEX mark_at ON mark (at);

-- `tie` is there while the queue shows it, `due` while it waits.
CREATE TABLE outgoing (
    contact_no INTEGER NOT NULL, key BLOB NOT NULL, at INTEGER NOT NULL, tie INTEGER, due INTEGER,
    has_content INTEGER NOT NULL, text TEXT, more TEXT,
    attempt INTEGER NOT NULL, state INTEGER NOT NULL, state_due INTEGER, tries INTEGER, reason TEXT, by INTEGER,
    mids TEXT, resent_as BLOB,
    PRIMARY KEY (contact_no, key)
) WITHOUT ROWID;
CREATE INDEX outgoing_due ON outgoing (contact_no, at, key) WHERE due IS NOT NULL;
CREATE INDEX outgoing_shown ON outgoing (contact_no, at, tie) WHERE tie IS NOT NULL;

-- Items of work. `contact_no` is 0 for work of the Page.
CREATE TABLE work (
    page_no INTEGER NOT NULL, contact_no INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    at INTEGER NOT NULL, due INTEGER, given_up INTEGER, attempt INTEGER NOT NULL, tries INTEGER NOT NULL,
    by INTEGER, data TEXT,
    PRIMARY KEY (page_no, contact_no, kind, id)
) WITHOUT ROWID;
CREATE INDEX work_due ON work (kind, page_no, due) WHERE due IS NOT NULL;
CREATE INDEX work_order ON work (contact_no, kind, at, id) WHERE given_up IS NULL;

-- Erased customers, by a hash that names nobody.
CREATE TABLE tombstone (hash BLOB PRIMARY KEY, page_no INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;

-- `page_no` is 0 for what names no Page.
CREATE TABLE raw_event (
    raw_event_no INTEGER PRIMARY KEY,
    page_no INTEGER NOT NULL, id TEXT NOT NULL, psid TEXT, at INTEGER NOT NULL, reason TEXT NOT NULL, raw BLOB NOT NULL,
    UNIQUE (page_no, id)
);
CREATE INDEX raw_event_order ON raw_event (page_no, at, id);
CREATE INDEX raw_event_psid ON raw_event (page_no, psid) WHERE psid IS NOT NULL;

-- Documents of the search index are numbered by their time, so that a search reads the newest first.
CREATE TABLE document (doc INTEGER PRIMARY KEY, contact_no INTEGER NOT NULL, tie INTEGER NOT NULL, at INTEGER NOT NULL);

CREATE TABLE setting (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
