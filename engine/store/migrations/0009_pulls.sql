-- What is read from connectors: how far each stream is, what was read, and the
-- runs that read it. Times are Unix microseconds, 0 when unset. Absent text
-- is ''.

-- How often the connection's streams are read; 0: only when a person asks for it.
ALTER TABLE connection ADD COLUMN poll_seconds BIGINT NOT NULL DEFAULT 60;

CREATE TABLE pull_stream (
  connection_id  TEXT   NOT NULL,
  stream         TEXT   NOT NULL,
  environment_id TEXT   NOT NULL,
  cursor         BYTES  NOT NULL, -- opaque; written with the records before it
  cursor_version TEXT   NOT NULL, -- of the connector that gave the cursor
  poll_seconds   BIGINT NOT NULL, -- what due_at was computed by
  due_at         BIGINT NOT NULL, -- while a run is under way: when its lease ends
  failures       BIGINT NOT NULL, -- in a row
  run_id         TEXT   NOT NULL, -- the last run that began
  asked_run      TEXT   NOT NULL, -- a run that a person asked for and that has not begun
  gone_at        BIGINT NOT NULL, -- the connection is deleted; its records and runs go next
  PRIMARY KEY (connection_id, stream)
) CLUSTERED;
CREATE INDEX pull_stream_due ON pull_stream (due_at);

-- One row for each record, as it was read last.
CREATE TABLE pull_record (
  id                TEXT   PRIMARY KEY,
  connection_id     TEXT   NOT NULL,
  stream            TEXT   NOT NULL,
  key               TEXT   NOT NULL, -- the vendor's
  environment_id    TEXT   NOT NULL,
  schema_id         TEXT   NOT NULL,
  digest            TEXT   NOT NULL,
  document          BYTES  NOT NULL,
  occurred_at       BIGINT NOT NULL,
  version           BIGINT NOT NULL, -- rises when other bytes come under the key
  connector_version TEXT   NOT NULL,
  run_id            TEXT   NOT NULL, -- that stored this version
  first_at          BIGINT NOT NULL,
  stored_at         BIGINT NOT NULL, -- this version
  UNIQUE (connection_id, stream, key)
);
CREATE INDEX pull_record_page ON pull_record (connection_id, stream, id);
CREATE INDEX pull_record_age ON pull_record (stored_at);

CREATE TABLE pull_run (
  id                TEXT   PRIMARY KEY,
  connection_id     TEXT   NOT NULL,
  stream            TEXT   NOT NULL,
  environment_id    TEXT   NOT NULL,
  cause             TEXT   NOT NULL, -- schedule, manual
  actor             TEXT   NOT NULL,
  state             TEXT   NOT NULL, -- queued, running, done, failed, interrupted
  node_id           TEXT   NOT NULL,
  connector_version TEXT   NOT NULL,
  asked_at          BIGINT NOT NULL,
  started_at        BIGINT NOT NULL,
  progress_at       BIGINT NOT NULL,
  ended_at          BIGINT NOT NULL,
  records_read      BIGINT NOT NULL,
  records_new       BIGINT NOT NULL,
  records_changed   BIGINT NOT NULL,
  remaining         BIGINT NOT NULL, -- -1 when the vendor does not tell
  class             TEXT   NOT NULL, -- of the error
  code              TEXT   NOT NULL,
  message           TEXT   NOT NULL
);
CREATE INDEX pull_run_page ON pull_run (connection_id, id);
CREATE INDEX pull_run_age ON pull_run (ended_at);
