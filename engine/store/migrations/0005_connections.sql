-- What connections were before they were changed, and the calls of their
-- operations that have an effect. Times are Unix microseconds, 0 when unset.
-- Absent text is ''.

ALTER TABLE connection ADD COLUMN disabled_at BIGINT NOT NULL DEFAULT 0; -- 0 while it is enabled
UPDATE connection SET disabled_at = updated_at WHERE enabled = 0;

-- The settings of each version. A credential that a connector renews takes a
-- number of the connection and makes no row.
CREATE TABLE connection_version (
  connection_id   TEXT   NOT NULL,
  version         BIGINT NOT NULL,
  settings        TEXT   NOT NULL, -- sealed JSON
  settings_public TEXT   NOT NULL, -- JSON with secrets masked
  actor           TEXT   NOT NULL,
  note            TEXT   NOT NULL,
  created_at      BIGINT NOT NULL,
  PRIMARY KEY (connection_id, version)
) CLUSTERED;

INSERT INTO connection_version (connection_id, version, settings, settings_public, actor, note, created_at)
SELECT id, version, settings, settings_public, '', 'as it was when versions were first kept', updated_at FROM connection;

-- Calls of operations with an effect that a caller asked for, by the caller's
-- key. A row is stored before the call is sent; what ended in a doubt stays sent.
CREATE TABLE operation_call (
  environment_id TEXT   NOT NULL,
  connection_id  TEXT   NOT NULL,
  operation      TEXT   NOT NULL,
  key            TEXT   NOT NULL,
  id             TEXT   NOT NULL, -- of this call: a key that was freed is used again
  input_digest   TEXT   NOT NULL,
  status         TEXT   NOT NULL, -- sent, answered
  class          TEXT   NOT NULL, -- '' while it is under way; not_done when it came to nothing
  answer         TEXT   NOT NULL, -- sealed JSON
  not_founds     BIGINT NOT NULL,
  sent_at        BIGINT NOT NULL,
  deadline       BIGINT NOT NULL,
  settles_at     BIGINT NOT NULL,
  answered_at    BIGINT NOT NULL,
  PRIMARY KEY (environment_id, connection_id, operation, key)
) CLUSTERED;
CREATE INDEX operation_call_age ON operation_call (sent_at);
