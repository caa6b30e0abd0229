-- Rows are JSON in `data`; the other columns find them. Ids are bytes, so that they compare exactly:
-- no collation, no trailing spaces. Times are milliseconds since 1970.

-- A Page: each write locks its row. The empty id stands for events that name no Page.
CREATE TABLE IF NOT EXISTS page (
    page VARBINARY(512) NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL DEFAULT 0,
    removed BIGINT NOT NULL DEFAULT 0,
    paused_until BIGINT,
    data LONGTEXT
) ENGINE = InnoDB, CHARACTER SET = utf8mb4;

-- A customer. Without `last_at` there is nothing to show.
CREATE TABLE IF NOT EXISTS contact (
    page VARBINARY(512) NOT NULL,
    psid VARBINARY(512) NOT NULL,
    -- Decides in lists between customers of one time.
    contact_no BIGINT NOT NULL AUTO_INCREMENT UNIQUE,
    hash BINARY(16) NOT NULL,
    revision BIGINT NOT NULL,
    last_at BIGINT,
    first_at BIGINT,
    unanswered_since BIGINT,
    inbound_at BIGINT,
    unread INT UNSIGNED NOT NULL,
    status VARBINARY(16) NOT NULL,
    assignee VARBINARY(200),
    names LONGBLOB NOT NULL,
    send_due BIGINT,
    profile_due BIGINT,
    wake_due BIGINT,
    erase_due BIGINT,
    data LONGTEXT NOT NULL,
    PRIMARY KEY (page, psid),
    KEY contact_hash (page, hash),
    KEY contact_inbox (page, last_at, contact_no),
    KEY contact_first (page, first_at, contact_no),
    KEY contact_waiting (page, unanswered_since, contact_no),
    KEY contact_window (page, inbound_at, contact_no),
    KEY contact_assignee (page, assignee, last_at, contact_no),
    KEY contact_changed (page, revision),
    KEY contact_send (send_due),
    KEY contact_profile (profile_due),
    KEY contact_wake (wake_due),
    KEY contact_erase (erase_due)
) ENGINE = InnoDB, CHARACTER SET = utf8mb4;

-- Fields and tags of a customer. A tag has no value.
CREATE TABLE IF NOT EXISTS label (
    page VARBINARY(512) NOT NULL,
    psid VARBINARY(512) NOT NULL,
    name VARBINARY(200) NOT NULL,
    is_tag BOOLEAN NOT NULL,
    value VARBINARY(4000),
    PRIMARY KEY (page, psid, name, is_tag),
    KEY label_value (name, value(255)),
    KEY label_page (page, name)
) ENGINE = InnoDB, CHARACTER SET = utf8mb4;

CREATE TABLE IF NOT EXISTS picture (
    page VARBINARY(512) NOT NULL,
    psid VARBINARY(512) NOT NULL,
    media_type LONGTEXT NOT NULL,
    bytes LONGBLOB NOT NULL,
    PRIMARY KEY (page, psid)
) ENGINE = InnoDB, CHARACTER SET = utf8mb4;

-- Entries and replies of a conversation. The columns from `at` to `is_live` are those of `MessageIndex`.
CREATE TABLE IF NOT EXISTS message (
    page VARBINARY(512) NOT NULL,
    psid VARBINARY(512) NOT NULL,
    is_reply BOOLEAN NOT NULL,
    id VARBINARY(1024) NOT NULL,
    at BIGINT,
    tie BIGINT,
    visible_at BIGINT,
    old_at BIGINT NOT NULL,
    end_at BIGINT,
    is_inbound BOOLEAN NOT NULL,
    is_answer BOOLEAN NOT NULL,
    is_live BOOLEAN NOT NULL,
    due BIGINT,
    data LONGTEXT NOT NULL,
    PRIMARY KEY (page, psid, is_reply, id),
    KEY message_order (page, psid, at, tie),
    KEY message_ends (page, psid, end_at),
    KEY message_old (page, psid, old_at),
    KEY message_due (page, psid, due)
) ENGINE = InnoDB, CHARACTER SET = utf8mb4;

-- Items of work. Those of the Page have an empty `psid`.
CREATE TABLE IF NOT EXISTS work (
    page VARBINARY(512) NOT NULL,
    psid VARBINARY(512) NOT NULL,
    kind VARBINARY(255) NOT NULL,
    id VARBINARY(1024) NOT NULL,
    at BIGINT NOT NULL,
    due BIGINT,
    given_up BOOLEAN NOT NULL,
    data LONGTEXT NOT NULL,
    PRIMARY KEY (page, psid, kind, id),
    KEY work_due (kind, due)
) ENGINE = InnoDB, CHARACTER SET = utf8mb4;

-- Erased customers, by a hash that names nobody.
CREATE TABLE IF NOT EXISTS tombstone (
    page VARBINARY(512) NOT NULL,
    hash BINARY(16) NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (page, hash)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS raw_event (
    page VARBINARY(512) NOT NULL,
    id VARBINARY(1024) NOT NULL,
    psid VARBINARY(512),
    hash BINARY(16),
    at BIGINT NOT NULL,
    reason LONGTEXT NOT NULL,
    raw LONGBLOB NOT NULL,
    PRIMARY KEY (page, id),
    KEY raw_event_order (page, at, id),
    KEY raw_event_hash (page, hash)
) ENGINE = InnoDB, CHARACTER SET = utf8mb4;

-- Everything that is due. `item` is the row of an added item.
CREATE OR REPLACE VIEW queue AS
    SELECT page, psid, 'send' AS kind, '' AS id, send_due AS due, NULL AS item FROM contact WHERE send_due IS NOT NULL
    UNION ALL
    SELECT page, psid, 'profile', '', profile_due, NULL FROM contact WHERE profile_due IS NOT NULL
    UNION ALL
    SELECT page, psid, 'wake', '', wake_due, NULL FROM contact WHERE wake_due IS NOT NULL
    UNION ALL
    SELECT page, psid, 'erase', '', erase_due, NULL FROM contact WHERE erase_due IS NOT NULL
    UNION ALL
    SELECT page, psid, kind, id, due, data FROM work
    WHERE due IS NOT NULL AND kind NOT IN ('send', 'profile', 'wake', 'erase');
