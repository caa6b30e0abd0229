-- The version of these tables, and of the rules that make the grams of a text; 0 without an index of
-- the texts.
CREATE TABLE {schema}.version (version bigint NOT NULL, search bigint NOT NULL);
INSERT INTO {schema}.version VALUES ({version}, {search});

-- Opaque ids become small numbers once, because every key begins with one.
CREATE TABLE {schema}.page (
    page_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    page text NOT NULL UNIQUE,
    revision bigint NOT NULL DEFAULT 0,
    -- The last revision that removed a customer.
    removed bigint NOT NULL DEFAULT 0,
    -- Pause and marks as JSON, and until when the Page is paused.
    state text, paused_until bigint
);

CREATE SEQUENCE {schema}.contact_no;

-- Without `last_at` there is nothing to show yet. `contact_no` is stable and names a customer of any
-- Page: foreign keys of a host refer to it, ON DELETE CASCADE or SET NULL.
CREATE TABLE {schema}.contact (
    contact_no bigint NOT NULL UNIQUE,
    -- The beginning of the hash under which a tombstone keeps an erased customer.
    key_hash bigint NOT NULL,
    page_no integer NOT NULL,
    bucket smallint NOT NULL DEFAULT 0,
    newest_kind smallint,
    last_at bigint, first_at bigint, inbound_at bigint, unanswered_since bigint, replied_at bigint,
    unread bigint NOT NULL DEFAULT 0, arrived bigint NOT NULL DEFAULT 0, revision bigint NOT NULL DEFAULT 0,
    -- The newest message; `newest_at` only where it is not `last_at`.
    newest_at bigint, newest_tie bigint,
    profile_due bigint, opened_at bigint, status_until bigint, status_revision bigint, assignee_revision bigint,
    delivered bigint, read bigint, forgotten bigint, expired bigint,
    asked_at bigint, ask_again bigint, attempt bigint, by bigint, lease bigint,
    -- `profile_at` and `picture_at` only where they are not `asked_at`.
    profile_at bigint, picture_at bigint, picture bigint,
    send_due bigint, wake_due bigint, erasing smallint,
    psid text NOT NULL,
    newest_text text, newest_more text, assignee text, labels text, reaction text,
    name text, first_name text, last_name text,
    PRIMARY KEY (page_no, contact_no)
);
CREATE UNIQUE INDEX contact_psid ON {schema}.contact (page_no, psid);
CREATE INDEX contact_hash ON {schema}.contact (key_hash);
CREATE INDEX contact_inbox ON {schema}.contact (page_no, last_at, contact_no) WHERE last_at IS NOT NULL;
CREATE INDEX contact_bucket ON {schema}.contact (page_no, bucket, last_at, contact_no) WHERE last_at IS NOT NULL;
CREATE INDEX contact_bucket_waiting ON {schema}.contact (page_no, bucket, unanswered_since, contact_no)
    WHERE unanswered_since IS NOT NULL;
CREATE INDEX contact_bucket_window ON {schema}.contact (page_no, bucket, inbound_at, contact_no) WHERE inbound_at IS NOT NULL;
CREATE INDEX contact_assignee ON {schema}.contact (page_no, assignee, bucket, last_at, contact_no)
    WHERE assignee IS NOT NULL AND last_at IS NOT NULL;
CREATE INDEX contact_assignee_waiting ON {schema}.contact (page_no, assignee, bucket, unanswered_since, contact_no)
    WHERE assignee IS NOT NULL AND unanswered_since IS NOT NULL;
CREATE INDEX contact_assignee_window ON {schema}.contact (page_no, assignee, bucket, inbound_at, contact_no)
    WHERE assignee IS NOT NULL AND inbound_at IS NOT NULL;
CREATE INDEX contact_first ON {schema}.contact (page_no, first_at, contact_no) WHERE first_at IS NOT NULL;
CREATE INDEX contact_changed ON {schema}.contact (page_no, revision, contact_no) WHERE last_at IS NOT NULL;
CREATE INDEX contact_send_due ON {schema}.contact (page_no, send_due) WHERE send_due IS NOT NULL;
CREATE INDEX contact_profile_due ON {schema}.contact (page_no, profile_due) WHERE profile_due IS NOT NULL;
CREATE INDEX contact_wake_due ON {schema}.contact (wake_due) WHERE wake_due IS NOT NULL;
CREATE INDEX contact_hidden ON {schema}.contact (contact_no) WHERE last_at IS NULL;
CREATE INDEX contact_erasing ON {schema}.contact (contact_no) WHERE erasing IS NOT NULL;

-- Fields and tags of customers who are shown, with what orders the lists; a tag has no value.
CREATE TABLE {schema}.label (
    contact_no bigint NOT NULL, hash bigint NOT NULL, last_at bigint NOT NULL, unanswered_since bigint,
    inbound_at bigint, page_no integer NOT NULL, no smallint NOT NULL, bucket smallint NOT NULL,
    name text COLLATE "C" NOT NULL, value text,
    PRIMARY KEY (page_no, contact_no, no)
);
CREATE INDEX label_list ON {schema}.label (hash, page_no, bucket, last_at, contact_no);
CREATE INDEX label_waiting ON {schema}.label (hash, page_no, bucket, unanswered_since, contact_no)
    WHERE unanswered_since IS NOT NULL;
CREATE INDEX label_window ON {schema}.label (hash, page_no, bucket, inbound_at, contact_no) WHERE inbound_at IS NOT NULL;
CREATE INDEX label_tag ON {schema}.label (page_no, name) WHERE value IS NULL;

CREATE TABLE {schema}.picture (
    contact_no bigint NOT NULL, page_no integer NOT NULL, media_type text NOT NULL, bytes bytea NOT NULL,
    PRIMARY KEY (page_no, contact_no)
);

-- `tie` is a hash of `id`: it breaks ties of time, and finds an id without an index of long texts.
CREATE TABLE {schema}.message (
    contact_no bigint NOT NULL, at bigint NOT NULL, tie bigint NOT NULL,
    page_no integer NOT NULL, kind smallint NOT NULL,
    id text NOT NULL, key bytea, text text, more text, marks text,
    PRIMARY KEY (page_no, contact_no, at, tie)
);
CREATE INDEX message_id ON {schema}.message (contact_no, tie);

-- Facts about a message that has not arrived yet, and the latest time of them.
CREATE TABLE {schema}.mark (
    contact_no bigint NOT NULL, tie bigint NOT NULL, at bigint NOT NULL, page_no integer NOT NULL,
    id text NOT NULL, key bytea, marks text
);
CREATE INDEX mark_id ON {schema}.mark (page_no, contact_no, tie);
CREATE INDEX mark_at ON {schema}.mark (at);

-- `tie` is there while the queue shows it, `due` while it waits.
CREATE TABLE {schema}.outgoing (
    contact_no bigint NOT NULL, at bigint NOT NULL, tie bigint, due bigint, attempt bigint NOT NULL,
    state_due bigint, tries bigint, by bigint, page_no integer NOT NULL, state smallint NOT NULL,
    has_content smallint NOT NULL, key bytea NOT NULL, text text, more text, reason text, mids text, resent_as bytea,
    PRIMARY KEY (page_no, contact_no, key)
);
CREATE INDEX outgoing_due ON {schema}.outgoing (page_no, contact_no, at, key) WHERE due IS NOT NULL;
CREATE INDEX outgoing_shown ON {schema}.outgoing (page_no, contact_no, at, tie) WHERE tie IS NOT NULL;

-- Items of work. `contact_no` is 0 for work of the Page.
CREATE TABLE {schema}.work (
    contact_no bigint NOT NULL, at bigint NOT NULL, due bigint, attempt bigint NOT NULL, tries bigint NOT NULL,
    by bigint, page_no integer NOT NULL, given_up smallint,
    kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, data text,
    PRIMARY KEY (page_no, contact_no, kind, id)
);
CREATE INDEX work_due ON {schema}.work (kind, page_no, due) WHERE due IS NOT NULL;
CREATE INDEX work_order ON {schema}.work (page_no, contact_no, kind, at, id) WHERE given_up IS NULL;

-- Erased customers, by a hash that names nobody.
CREATE TABLE {schema}.tombstone (
    at bigint NOT NULL, page_no integer NOT NULL, hash bytea NOT NULL,
    PRIMARY KEY (page_no, hash)
);

-- `page_no` is 0 for what names no Page.
CREATE TABLE {schema}.raw_event (
    raw_event_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL, page_no integer NOT NULL, id text COLLATE "C" NOT NULL, psid text, reason text NOT NULL,
    raw bytea NOT NULL,
    UNIQUE (page_no, id)
);
CREATE INDEX raw_event_order ON {schema}.raw_event (page_no, at, id);
CREATE INDEX raw_event_psid ON {schema}.raw_event (page_no, psid) WHERE psid IS NOT NULL;

-- Substrings that the library makes of texts and names, each as a hash of it and its Page.
CREATE TABLE {schema}.text_gram (
    at bigint NOT NULL, tie bigint NOT NULL, contact_no bigint NOT NULL, page_no integer NOT NULL,
    grams integer[] NOT NULL,
    PRIMARY KEY (page_no, at, tie, contact_no)
);
CREATE INDEX text_gram_grams ON {schema}.text_gram USING gin (grams) WITH (gin_pending_list_limit = 1024);
CREATE TABLE {schema}.name_gram (
    contact_no bigint NOT NULL, page_no integer NOT NULL, grams integer[] NOT NULL,
    PRIMARY KEY (page_no, contact_no)
);
CREATE INDEX name_gram_grams ON {schema}.name_gram USING gin (grams) WITH (gin_pending_list_limit = 1024);
