CREATE TABLE page (page TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE contact (
    page TEXT NOT NULL,
    psid TEXT NOT NULL,
    last_at INTEGER,
    send_due INTEGER,
    profile_due INTEGER,
    search TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (page, psid)
) WITHOUT ROWID;
CREATE INDEX contact_inbox ON contact (page, last_at, psid) WHERE last_at IS NOT NULL;
CREATE INDEX contact_send_due ON contact (send_due) WHERE send_due IS NOT NULL;
CREATE INDEX contact_profile_due ON contact (profile_due) WHERE profile_due IS NOT NULL;

CREATE TABLE picture (
    page TEXT NOT NULL, psid TEXT NOT NULL, media_type TEXT NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (page, psid)
);

CREATE TABLE message (
    page TEXT NOT NULL, psid TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (page, psid, id)
) WITHOUT ROWID;
CREATE INDEX message_order ON message (page, psid, at, id);

-- `waiting`: queued or on its way. `shown`: no entry of the log stands for it yet.
CREATE TABLE outgoing (
    page TEXT NOT NULL, psid TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL,
    waiting INTEGER NOT NULL, shown INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (page, psid, key)
) WITHOUT ROWID;
CREATE INDEX outgoing_waiting ON outgoing (page, psid, at, key) WHERE waiting;
CREATE INDEX outgoing_shown ON outgoing (page, psid, at, key) WHERE shown;

CREATE TABLE kept (id TEXT PRIMARY KEY, page TEXT, at INTEGER NOT NULL, reason TEXT NOT NULL, raw BLOB NOT NULL) WITHOUT ROWID;
