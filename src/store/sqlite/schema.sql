-- Opaque ids become small numbers once, because every key begins with one.
CREATE TABLE page (
    page_no INTEGER PRIMARY KEY,
    page TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    -- The last revision that took a customer away.
    gone INTEGER NOT NULL
);

-- Without `last_at` there is nothing to show yet.
CREATE TABLE contact (
    contact_no INTEGER PRIMARY KEY,
    page_no INTEGER NOT NULL,
    psid TEXT NOT NULL,
    last_at INTEGER, first_at INTEGER, inbound_at INTEGER,
    unread INTEGER NOT NULL DEFAULT 0, arrived INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL DEFAULT 0,
    -- The newest bubble; `newest_at` only where it is not `last_at`.
    newest_at INTEGER, newest_tie INTEGER, newest_kind INTEGER, newest_text TEXT, newest_more TEXT,
    delivered INTEGER, read INTEGER, forgotten INTEGER, expired INTEGER,
    asked_at INTEGER, ask_again INTEGER, attempt INTEGER, by INTEGER, lease INTEGER,
    -- `profile_at` and `picture_at` only where they are not `asked_at`.
    profile_at INTEGER, name TEXT, first_name TEXT, last_name TEXT, picture_at INTEGER, picture INTEGER,
    send_due INTEGER, profile_due INTEGER,
    UNIQUE (page_no, psid)
);
CREATE INDEX contact_inbox ON contact (page_no, last_at) WHERE last_at IS NOT NULL;
CREATE INDEX contact_unread ON contact (page_no, last_at) WHERE unread > 0;
CREATE INDEX contact_changed ON contact (page_no, revision) WHERE last_at IS NOT NULL;
CREATE INDEX contact_send_due ON contact (send_due) WHERE send_due IS NOT NULL;
CREATE INDEX contact_profile_due ON contact (profile_due) WHERE profile_due IS NOT NULL;

CREATE TABLE picture (contact_no INTEGER PRIMARY KEY, media_type TEXT NOT NULL, bytes BLOB NOT NULL);

-- `tie` is a hash of `id`: it breaks ties of time, and finds an id without storing it twice, as an
-- index of this table would if `id` were part of the key.
CREATE TABLE message (
    contact_no INTEGER NOT NULL, at INTEGER NOT NULL, tie INTEGER NOT NULL,
    id TEXT NOT NULL, key BLOB, kind INTEGER NOT NULL, text TEXT, more TEXT, marks TEXT,
    PRIMARY KEY (contact_no, at, tie)
) WITHOUT ROWID;
CREATE INDEX message_id ON message (contact_no, tie);

-- What is known of a message that has not come yet, and the last time that is told of it.
CREATE TABLE mark (
    contact_no INTEGER NOT NULL, tie INTEGER NOT NULL, id TEXT NOT NULL, key BLOB, marks TEXT, at INTEGER NOT NULL,
    PRIMARY KEY (contact_no, tie, id)
) WITHOUT ROWID;

-- `tie` is there while the queue shows it, `due` while it waits.
CREATE TABLE outgoing (
    contact_no INTEGER NOT NULL, key BLOB NOT NULL, at INTEGER NOT NULL, tie INTEGER, due INTEGER,
    has_content INTEGER NOT NULL, text TEXT, more TEXT,
    attempt INTEGER NOT NULL, state INTEGER NOT NULL, state_due INTEGER, reason TEXT, by INTEGER, mids TEXT,
    PRIMARY KEY (contact_no, key)
) WITHOUT ROWID;
CREATE INDEX outgoing_due ON outgoing (contact_no, at, key) WHERE due IS NOT NULL;
CREATE INDEX outgoing_shown ON outgoing (contact_no, at, tie) WHERE tie IS NOT NULL;

CREATE TABLE field (
    contact_no INTEGER NOT NULL, name TEXT NOT NULL, page_no INTEGER NOT NULL, value TEXT, at INTEGER NOT NULL,
    PRIMARY KEY (contact_no, name)
) WITHOUT ROWID;
CREATE INDEX field_value ON field (page_no, name, value, contact_no) WHERE value IS NOT NULL;

-- Who was forgotten, under a hash that names nobody.
CREATE TABLE forgotten (hash BLOB PRIMARY KEY, page_no INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;

-- `page_no` is 0 for what names no Page.
CREATE TABLE kept (
    kept_no INTEGER PRIMARY KEY,
    page_no INTEGER NOT NULL, id TEXT NOT NULL, psid TEXT, at INTEGER NOT NULL, reason TEXT NOT NULL, raw BLOB NOT NULL,
    UNIQUE (page_no, id)
);
CREATE INDEX kept_order ON kept (page_no, at, id);
CREATE INDEX kept_psid ON kept (page_no, psid) WHERE psid IS NOT NULL;

-- Grams of the library's own making. A document of `text_gram` is numbered by its time, so that a
-- search reads the newest first; `found` tells which message it is.
CREATE TABLE found (doc INTEGER PRIMARY KEY, contact_no INTEGER NOT NULL, tie INTEGER NOT NULL, at INTEGER NOT NULL);
