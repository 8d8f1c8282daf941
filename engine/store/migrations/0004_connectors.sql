-- What operators ask of nodes and connectors, how each node's instances are, and
-- which connectors are in trouble. Times are Unix microseconds. Absent text
-- is ''.

-- When the node was asked to read no new work.
ALTER TABLE node ADD COLUMN drain_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE connector_order (
  connector        TEXT   NOT NULL,
  environment_kind TEXT   NOT NULL,
  want             TEXT   NOT NULL, -- run, pause, stop
  restarts         BIGINT NOT NULL, -- how many were ever asked for
  reason           TEXT   NOT NULL,
  actor            TEXT   NOT NULL,
  ordered_at       BIGINT NOT NULL,
  PRIMARY KEY (connector, environment_kind)
) CLUSTERED;

CREATE TABLE connector_report (
  node_id          TEXT   NOT NULL,
  connector        TEXT   NOT NULL,
  environment_kind TEXT   NOT NULL,
  status           TEXT   NOT NULL, -- JSON, secrets masked
  reported_at      BIGINT NOT NULL,
  PRIMARY KEY (node_id, connector, environment_kind)
) CLUSTERED;

-- A row for as long as connector.degraded was told and connector.recovered was not.
CREATE TABLE connector_trouble (
  connector        TEXT   NOT NULL,
  environment_kind TEXT   NOT NULL,
  state            TEXT   NOT NULL,
  since            BIGINT NOT NULL,
  PRIMARY KEY (connector, environment_kind)
) CLUSTERED;
