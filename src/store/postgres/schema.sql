-- Opaque ids become small numbers once, because every key begins with one.
CREATE TABLE page (
    page_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    page text NOT NULL UNIQUE,
    revision bigint NOT NULL DEFAULT 0,
    -- The last revision that took a customer away.
    gone bigint NOT NULL DEFAULT 0
);

CREATE SEQUENCE contact_no;

-- Without `last_at` there is nothing to show yet. Columns stand in the order that wastes least.
CREATE TABLE contact (
    contact_no bigint NOT NULL,
    page_no integer NOT NULL,
    newest_kind smallint,
    last_at bigint, first_at bigint, inbound_at bigint,
    unread bigint NOT NULL DEFAULT 0, arrived bigint NOT NULL DEFAULT 0, revision bigint NOT NULL DEFAULT 0,
    -- The newest bubble; `newest_at` only where it is not `last_at`.
    newest_at bigint, newest_tie bigint,
    delivered bigint, read bigint, expired bigint,
    asked_at bigint, ask_again bigint, attempt bigint, by bigint, lease bigint,
    -- `profile_at` and `picture_at` only where they are not `asked_at`.
    profile_at bigint, picture_at bigint, picture bigint,
    send_due bigint, profile_due bigint,
    psid text NOT NULL,
    newest_text text, newest_more text, name text, first_name text, last_name text,
    PRIMARY KEY (page_no, contact_no)
);
CREATE UNIQUE INDEX contact_psid ON contact (page_no, psid);
CREATE INDEX contact_inbox ON contact (page_no, last_at, contact_no) WHERE last_at IS NOT NULL;
CREATE INDEX contact_unread ON contact (page_no, last_at, contact_no) WHERE unread > 0;
CREATE INDEX contact_changed ON contact (page_no, revision, contact_no) WHERE last_at IS NOT NULL;
CREATE INDEX contact_send_due ON contact (send_due) WHERE send_due IS NOT NULL;
CREATE INDEX contact_profile_due ON contact (profile_due) WHERE profile_due IS NOT NULL;

CREATE TABLE picture (
    contact_no bigint NOT NULL, page_no integer NOT NULL, media_type text NOT NULL, bytes bytea NOT NULL,
    PRIMARY KEY (page_no, contact_no)
);

-- `tie` is a hash of `id`: it breaks ties of time, and finds an id without an index of long texts.
CREATE TABLE message (
    contact_no bigint NOT NULL, at bigint NOT NULL, tie bigint NOT NULL,
    page_no integer NOT NULL, kind smallint NOT NULL,
    id text NOT NULL, key bytea, text text, more text, marks text,
    PRIMARY KEY (page_no, contact_no, at, tie)
);
CREATE INDEX message_id ON message (page_no, contact_no, tie);

-- What is known of a message that has not come yet, and the last time that is told of it.
CREATE TABLE mark (
    contact_no bigint NOT NULL, tie bigint NOT NULL, at bigint NOT NULL, page_no integer NOT NULL,
    id text NOT NULL, key bytea, marks text
);
CREATE INDEX mark_id ON mark (page_no, contact_no, tie);

-- `tie` is there while the queue shows it, `due` while it waits.
CREATE TABLE outgoing (
    contact_no bigint NOT NULL, at bigint NOT NULL, tie bigint, due bigint, attempt bigint NOT NULL,
    state_due bigint, by bigint, page_no integer NOT NULL, state smallint NOT NULL, has_content boolean NOT NULL,
    key bytea NOT NULL, text text, more text, reason text, mids text,
    PRIMARY KEY (page_no, contact_no, key)
);
CREATE INDEX outgoing_due ON outgoing (page_no, contact_no, at, key) WHERE due IS NOT NULL;
CREATE INDEX outgoing_shown ON outgoing (page_no, contact_no, at, tie) WHERE tie IS NOT NULL;

-- `tie` is a hash of the name and `hash` one of name and value, which may be longer than an index
-- can hold; the texts themselves decide.
CREATE TABLE field (
    contact_no bigint NOT NULL, at bigint NOT NULL, tie bigint NOT NULL, hash bigint, page_no integer NOT NULL,
    name text NOT NULL, value text
);
CREATE INDEX field_name ON field (page_no, contact_no, tie);
CREATE INDEX field_value ON field (page_no, hash, contact_no) WHERE hash IS NOT NULL;

-- Who was forgotten, under a hash that names nobody.
CREATE TABLE forgotten (
    at bigint NOT NULL, page_no integer NOT NULL, hash bytea NOT NULL,
    PRIMARY KEY (page_no, hash)
);

-- `page_no` is 0 for what names no Page.
CREATE TABLE kept (
    at bigint NOT NULL, page_no integer NOT NULL, id text NOT NULL, psid text, reason text NOT NULL, raw bytea NOT NULL,
    PRIMARY KEY (page_no, id)
);
CREATE INDEX kept_order ON kept (page_no, at, id COLLATE "C");
CREATE INDEX kept_psid ON kept (page_no, psid) WHERE psid IS NOT NULL;

-- Grams of the library's own making, each with its Page in one number.
CREATE TABLE text_gram (
    at bigint NOT NULL, tie bigint NOT NULL, contact_no bigint NOT NULL, page_no integer NOT NULL, grams bigint[] NOT NULL,
    PRIMARY KEY (page_no, at, tie, contact_no)
);
CREATE INDEX text_gram_grams ON text_gram USING gin (grams) WITH (gin_pending_list_limit = 1024);
CREATE TABLE name_gram (
    contact_no bigint NOT NULL, page_no integer NOT NULL, grams bigint[] NOT NULL,
    PRIMARY KEY (page_no, contact_no)
);
CREATE INDEX name_gram_grams ON name_gram USING gin (grams) WITH (gin_pending_list_limit = 1024);
