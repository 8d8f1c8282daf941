-- Which version of a connector is active, where operators have ever said so, and
-- at which level its lines are logged. Times are Unix microseconds. Absent text
-- is ''.

-- debug, info, warn, error; '' for what the node's own log takes.
ALTER TABLE connector_order ADD COLUMN log_level TEXT NOT NULL DEFAULT '';

CREATE TABLE connector_version (
  connector        TEXT   NOT NULL,
  environment_kind TEXT   NOT NULL,
  version          TEXT   NOT NULL,
  digest           TEXT   NOT NULL, -- SHA-256 of the program, hex
  locked           BIGINT NOT NULL, -- 1: a lock pins the digest
  previous_version TEXT   NOT NULL, -- what rollback makes the active one
  previous_digest  TEXT   NOT NULL,
  previous_locked  BIGINT NOT NULL,
  reason           TEXT   NOT NULL,
  actor            TEXT   NOT NULL,
  since            BIGINT NOT NULL,
  PRIMARY KEY (connector, environment_kind)
) CLUSTERED;
