-- The host's own tables. Encrypt the secrets in a real program.
CREATE TABLE IF NOT EXISTS app (id text PRIMARY KEY, path text UNIQUE, secret text, verify_token text);
CREATE TABLE IF NOT EXISTS page (id text PRIMARY KEY, app text REFERENCES app, token text);
CREATE TABLE IF NOT EXISTS customers (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    page text NOT NULL, psid text NOT NULL,
    wrote_at bigint NOT NULL, -- milliseconds since 1970
    UNIQUE (page, psid)
);
