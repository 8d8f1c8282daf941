-- The spine: work and what drives it, messages and their attempts, accepted
-- documents, invoices, events and their deliveries, connections.
-- Times are Unix microseconds, 0 when unset. Absent text is ''.

CREATE TABLE node (
  id           TEXT   PRIMARY KEY,
  version      TEXT   NOT NULL,
  roles        TEXT   NOT NULL,
  started_at   BIGINT NOT NULL,
  heartbeat_at BIGINT NOT NULL,
  clock_offset BIGINT NOT NULL,
  stopped_at   BIGINT NOT NULL
);

CREATE TABLE lease (
  name        TEXT   PRIMARY KEY,
  owner       TEXT   NOT NULL,
  lease_until BIGINT NOT NULL
);

CREATE TABLE gate (
  key          TEXT   PRIMARY KEY,
  closed_until BIGINT NOT NULL,
  closed_at    BIGINT NOT NULL,
  reason       TEXT   NOT NULL,
  detail       TEXT   NOT NULL
);

-- One row per unfinished message or delivery: outbox, retry timer and reaper.
CREATE TABLE work (
  id                    TEXT   PRIMARY KEY,
  kind                  TEXT   NOT NULL,
  stream                TEXT   NOT NULL,
  environment_id        TEXT   NOT NULL,
  connection_id         TEXT   NOT NULL,
  gate                  TEXT   NOT NULL,
  stage                 TEXT   NOT NULL,
  due_at                BIGINT NOT NULL,
  epoch                 BIGINT NOT NULL,
  owner                 TEXT   NOT NULL,
  lease_until           BIGINT NOT NULL,
  published_incarnation TEXT   NOT NULL,
  published_at          BIGINT NOT NULL,
  lost_claims           BIGINT NOT NULL,
  suspect               BIGINT NOT NULL,
  held                  BIGINT NOT NULL,
  open_attempt          TEXT   NOT NULL,
  flow_version          BIGINT NOT NULL
) CLUSTERED;
-- Rows are inserted as published and mostly claimed at once, so in the usual
-- course of things no row ever enters this index.
CREATE INDEX work_unpublished ON work (due_at) WHERE published_incarnation = '' AND owner = '' AND held = 0;

CREATE TABLE message (
  id               TEXT   PRIMARY KEY,
  environment_id   TEXT   NOT NULL,
  connection_id    TEXT   NOT NULL,
  flow             TEXT   NOT NULL,
  flow_version     BIGINT NOT NULL,
  resource_id      TEXT   NOT NULL,
  document_id      TEXT   NOT NULL,
  status           TEXT   NOT NULL, -- open, held, settled
  outcome          TEXT   NOT NULL, -- completed, rejected, failed, superseded, cancelled
  stage            TEXT   NOT NULL,
  spent            BIGINT NOT NULL,
  waits            BIGINT NOT NULL,
  first_failed_at  BIGINT NOT NULL,
  last_class       TEXT   NOT NULL,
  last_error       TEXT   NOT NULL, -- JSON
  held_reason      TEXT   NOT NULL,
  held_at          BIGINT NOT NULL,
  traceparent      TEXT   NOT NULL,
  created_at       BIGINT NOT NULL,
  updated_at       BIGINT NOT NULL
) CLUSTERED;
CREATE INDEX message_held ON message (environment_id, id) WHERE status = 'held';

CREATE TABLE attempt (
  message_id        TEXT   NOT NULL,
  stage             TEXT   NOT NULL,
  number            BIGINT NOT NULL,
  id                TEXT   NOT NULL,
  operation         TEXT   NOT NULL,
  effect            TEXT   NOT NULL,
  connector_version TEXT   NOT NULL,
  vendor_reference  TEXT   NOT NULL,
  input_digest      TEXT   NOT NULL,
  sent_at           BIGINT NOT NULL,
  deadline          BIGINT NOT NULL,
  settles_at        BIGINT NOT NULL, -- deadline + settlesAfter
  not_founds        BIGINT NOT NULL,
  outcome           TEXT   NOT NULL, -- '' while in doubt, else a class or not_done
  error             TEXT   NOT NULL, -- JSON
  ended_at          BIGINT NOT NULL,
  late_outcome      TEXT   NOT NULL, -- JSON of a definite answer that came after the fence
  late_at           BIGINT NOT NULL,
  state             BYTES,
  PRIMARY KEY (message_id, stage, number)
) CLUSTERED;

CREATE TABLE document (
  id             TEXT   PRIMARY KEY,
  environment_id TEXT   NOT NULL,
  schema_id      TEXT   NOT NULL,
  digest         TEXT   NOT NULL,
  body           BYTES  NOT NULL,
  created_at     BIGINT NOT NULL
);

CREATE TABLE idempotency_key (
  environment_id TEXT   NOT NULL,
  route          TEXT   NOT NULL,
  key            TEXT   NOT NULL,
  body_digest    TEXT   NOT NULL,
  status         BIGINT NOT NULL,
  answer         BYTES  NOT NULL,
  created_at     BIGINT NOT NULL,
  expires_at     BIGINT NOT NULL,
  PRIMARY KEY (environment_id, route, key)
) CLUSTERED;

CREATE TABLE invoice (
  id               TEXT   PRIMARY KEY,
  environment_id   TEXT   NOT NULL,
  organisation_id  TEXT   NOT NULL,
  connection_id    TEXT   NOT NULL,
  document_id      TEXT   NOT NULL,
  message_id       TEXT   NOT NULL,
  number           TEXT   NOT NULL,
  reference_key    TEXT   NOT NULL, -- the number, normalised by the connector's rule
  issue_date       TEXT   NOT NULL,
  type_code        TEXT   NOT NULL,
  currency         TEXT   NOT NULL,
  payable          BIGINT NOT NULL, -- hundredths
  credited         BIGINT NOT NULL, -- hundredths, by credit notes that are not void
  status           TEXT   NOT NULL,
  payment_status   TEXT   NOT NULL,
  held_reason      TEXT   NOT NULL,
  reasons          TEXT   NOT NULL, -- JSON: why it was rejected or failed
  irn              TEXT   NOT NULL,
  qr               TEXT   NOT NULL,
  original_id      TEXT   NOT NULL, -- the invoice a note corrects
  void_of          TEXT   NOT NULL, -- the invoice this note voids
  party_id         TEXT   NOT NULL,
  callback_url     TEXT   NOT NULL,
  created_at       BIGINT NOT NULL,
  updated_at       BIGINT NOT NULL,
  validated_at     BIGINT NOT NULL,
  signed_at        BIGINT NOT NULL
) CLUSTERED;
CREATE UNIQUE INDEX invoice_reference ON invoice (environment_id, reference_key, issue_date) WHERE status <> 'CANCELLED';
CREATE UNIQUE INDEX invoice_irn ON invoice (environment_id, irn) WHERE irn <> '' AND status <> 'CANCELLED';
CREATE UNIQUE INDEX invoice_void_of ON invoice (void_of) WHERE void_of <> '' AND status NOT IN ('CANCELLED', 'REJECTED', 'FAILED');
CREATE INDEX invoice_page ON invoice (environment_id, id);

CREATE TABLE party (
  id             TEXT   PRIMARY KEY,
  environment_id TEXT   NOT NULL,
  name           TEXT   NOT NULL,
  tin            TEXT   NOT NULL,
  email          TEXT   NOT NULL,
  created_at     BIGINT NOT NULL
) CLUSTERED;

CREATE TABLE item (
  id             TEXT   PRIMARY KEY,
  environment_id TEXT   NOT NULL,
  seller_id      TEXT   NOT NULL,
  code           TEXT   NOT NULL,
  name           TEXT   NOT NULL,
  created_at     BIGINT NOT NULL
) CLUSTERED;

-- The next sequence of each resource's events.
CREATE TABLE counter (
  resource_id TEXT   PRIMARY KEY,
  sequence    BIGINT NOT NULL
) CLUSTERED;

CREATE TABLE event (
  id              TEXT   PRIMARY KEY,
  environment_id  TEXT   NOT NULL,
  organisation_id TEXT   NOT NULL,
  type            TEXT   NOT NULL,
  resource_id     TEXT   NOT NULL,
  sequence        BIGINT NOT NULL,
  data            BYTES  NOT NULL,
  occurred_at     BIGINT NOT NULL
);

CREATE TABLE delivery (
  id             TEXT   PRIMARY KEY,
  event_id       TEXT   NOT NULL,
  environment_id TEXT   NOT NULL,
  url            TEXT   NOT NULL,
  status         TEXT   NOT NULL, -- pending, delivered, exhausted, refused
  attempts       BIGINT NOT NULL,
  created_at     BIGINT NOT NULL,
  ended_at       BIGINT NOT NULL
) CLUSTERED;

CREATE TABLE delivery_attempt (
  delivery_id TEXT   NOT NULL,
  number      BIGINT NOT NULL,
  started_at  BIGINT NOT NULL,
  duration    BIGINT NOT NULL, -- microseconds
  status      BIGINT NOT NULL, -- HTTP status, 0 when there was no answer
  class       TEXT   NOT NULL,
  reason      TEXT   NOT NULL,
  answer      TEXT   NOT NULL, -- capped and redacted
  next_at     BIGINT NOT NULL,
  PRIMARY KEY (delivery_id, number)
) CLUSTERED;

CREATE TABLE connection (
  id                 TEXT   PRIMARY KEY,
  environment_id     TEXT   NOT NULL,
  environment_kind   TEXT   NOT NULL,
  connector          TEXT   NOT NULL,
  name               TEXT   NOT NULL,
  version            BIGINT NOT NULL,
  enabled            BIGINT NOT NULL,
  settings           TEXT   NOT NULL, -- sealed JSON
  settings_public    TEXT   NOT NULL, -- JSON with secrets masked
  credential         TEXT   NOT NULL, -- sealed JSON
  created_at         BIGINT NOT NULL,
  updated_at         BIGINT NOT NULL,
  UNIQUE (environment_id, name)
);

-- An environment names one connection for each capability.
CREATE TABLE capability (
  environment_id TEXT NOT NULL,
  name           TEXT NOT NULL,
  connection_id  TEXT NOT NULL,
  PRIMARY KEY (environment_id, name)
);

CREATE TABLE audit (
  id             TEXT   PRIMARY KEY,
  environment_id TEXT   NOT NULL,
  actor          TEXT   NOT NULL,
  action         TEXT   NOT NULL,
  subject        TEXT   NOT NULL,
  detail         TEXT   NOT NULL,
  at             BIGINT NOT NULL
);
CREATE INDEX audit_subject ON audit (environment_id, subject);
