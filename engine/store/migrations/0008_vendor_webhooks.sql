-- What vendors pushed, what of it was verified and what it meant. Times are Unix
-- microseconds, 0 when unset. Absent text is ''.

CREATE TABLE webhook_request (
  id             TEXT   PRIMARY KEY,
  environment_id TEXT   NOT NULL,
  connection_id  TEXT   NOT NULL,
  kind           TEXT   NOT NULL,
  digest         TEXT   NOT NULL, -- of all that the connector is shown of it
  content        TEXT   NOT NULL, -- sealed JSON while it is unverified, then ''
  size           BIGINT NOT NULL,
  state          TEXT   NOT NULL, -- unverified, verified, refused, duplicate
  epoch          BIGINT NOT NULL, -- raised by each claim
  claimed_until  BIGINT NOT NULL,
  due_at         BIGINT NOT NULL,
  attempts       BIGINT NOT NULL,
  faults         BIGINT NOT NULL, -- attempts that ended the connector's process, or that it broke the contract in
  received_at    BIGINT NOT NULL,
  decided_at     BIGINT NOT NULL,
  dedupe_key     TEXT   NOT NULL,
  duplicate_of   TEXT   NOT NULL,
  repeats        BIGINT NOT NULL, -- how often the very same request came again
  reply          TEXT   NOT NULL, -- sealed JSON of the answer
  error_class    TEXT   NOT NULL,
  error_code     TEXT   NOT NULL
);
CREATE INDEX webhook_request_page ON webhook_request (connection_id, id);
CREATE INDEX webhook_request_state ON webhook_request (connection_id, state, id);
CREATE INDEX webhook_request_handshake ON webhook_request (connection_id, id) WHERE state = 'verified' AND dedupe_key = '';
CREATE INDEX webhook_request_digest ON webhook_request (connection_id, digest);
CREATE INDEX webhook_request_due ON webhook_request (connection_id, due_at) WHERE state = 'unverified';
CREATE INDEX webhook_request_age ON webhook_request (state, received_at);

-- The vendor's own names of its notifications: each counts once.
CREATE TABLE webhook_key (
  connection_id TEXT   NOT NULL,
  kind          TEXT   NOT NULL,
  dedupe_key    TEXT   NOT NULL,
  request_id    TEXT   NOT NULL,
  seen_at       BIGINT NOT NULL,
  PRIMARY KEY (connection_id, kind, dedupe_key)
) CLUSTERED;
CREATE INDEX webhook_key_age ON webhook_key (seen_at);

CREATE TABLE webhook_event (
  request_id  TEXT   NOT NULL,
  number      BIGINT NOT NULL,
  type        TEXT   NOT NULL,
  reference   TEXT   NOT NULL,
  data        TEXT   NOT NULL, -- sealed JSON
  occurred_at BIGINT NOT NULL,
  PRIMARY KEY (request_id, number)
) CLUSTERED;
