-- Organisations, environments and API keys; read and written by package tenant.

CREATE TABLE organisation (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

-- signing_secret and previous_secret are sealed. previous_secret is valid until
-- previous_until: the overlap of a rotation.
CREATE TABLE environment (
    id              TEXT   NOT NULL PRIMARY KEY,
    organisation_id TEXT   NOT NULL REFERENCES organisation (id),
    name            TEXT   NOT NULL,
    kind            TEXT   NOT NULL CHECK (kind IN ('sandbox', 'production')),
    mode            TEXT   NOT NULL CHECK (mode IN ('SI', 'AP', 'HYBRID')),
    allow_http      BIGINT NOT NULL CHECK (allow_http IN (0, 1)),
    allow_loopback  BIGINT NOT NULL CHECK (allow_loopback IN (0, 1)),
    signing_secret  TEXT   NOT NULL,
    previous_secret TEXT   NOT NULL DEFAULT '',
    previous_until  BIGINT NOT NULL DEFAULT 0,
    created_at      BIGINT NOT NULL,
    UNIQUE (organisation_id, name)
);

-- secret_hash is the SHA-256 of a random secret, in hex; scopes are separated
-- by one blank.
CREATE TABLE api_key (
    id             TEXT   NOT NULL PRIMARY KEY,
    environment_id TEXT   NOT NULL REFERENCES environment (id),
    secret_hash    TEXT   NOT NULL,
    scopes         TEXT   NOT NULL,
    description    TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    revoked_at     BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX api_key_environment ON api_key (environment_id, id);

-- What each id in AFARA_MASTER_KEY meant when it was first used.
CREATE TABLE master_key (
    id          TEXT   NOT NULL PRIMARY KEY,
    check_value TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);
