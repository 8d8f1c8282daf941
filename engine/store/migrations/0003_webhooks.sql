-- Registered endpoints, what they subscribe to, deliveries in order, and what
-- lists of events and deliveries are read by. Times are Unix microseconds, 0
-- when unset. Absent text is ''.

-- Rows of one lane are worked on one at a time, in the order of their turns.
ALTER TABLE work ADD COLUMN lane TEXT NOT NULL DEFAULT '';
ALTER TABLE work ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
CREATE INDEX work_lane ON work (lane, turn) WHERE lane <> '';

CREATE TABLE endpoint (
  id              TEXT   PRIMARY KEY,
  environment_id  TEXT   NOT NULL,
  organisation_id TEXT   NOT NULL,
  url             TEXT   NOT NULL,
  events          TEXT   NOT NULL, -- JSON: the patterns
  description     TEXT   NOT NULL,
  active          BIGINT NOT NULL,
  disabled_reason TEXT   NOT NULL, -- why the engine made it inactive
  disabled_at     BIGINT NOT NULL,
  format          TEXT   NOT NULL,
  retry           TEXT   NOT NULL, -- JSON
  rate_limit      BIGINT NOT NULL, -- attempts per second, 0 for no limit
  max_in_flight   BIGINT NOT NULL, -- 0 for no limit of its own
  ordered         BIGINT NOT NULL,
  headers         TEXT   NOT NULL, -- sealed JSON
  secret          TEXT   NOT NULL, -- sealed
  previous_secret TEXT   NOT NULL, -- sealed; signs too until previous_until
  previous_until  BIGINT NOT NULL,
  signing_key     TEXT   NOT NULL, -- sealed ed25519 key, '' for none
  public_key      TEXT   NOT NULL,
  failures        BIGINT NOT NULL, -- attempts that failed since the last that did not
  failing_since   BIGINT NOT NULL,
  version         BIGINT NOT NULL,
  created_at      BIGINT NOT NULL,
  updated_at      BIGINT NOT NULL,
  deleted_at      BIGINT NOT NULL
);
CREATE INDEX endpoint_environment ON endpoint (environment_id, id) WHERE deleted_at = 0;

-- Raised with every change of an environment's endpoints: an event is stored
-- only by whoever knows the present ones.
CREATE TABLE subscription (
  environment_id TEXT   PRIMARY KEY,
  version        BIGINT NOT NULL,
  endpoints      BIGINT NOT NULL -- how many it has
);

ALTER TABLE event ADD COLUMN source TEXT NOT NULL DEFAULT 'engine'; -- or integrator
CREATE INDEX event_page ON event (environment_id, id);

ALTER TABLE delivery ADD COLUMN endpoint_id TEXT NOT NULL DEFAULT ''; -- '' for a callback_url
ALTER TABLE delivery ADD COLUMN replay_of TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN last_status BIGINT NOT NULL DEFAULT 0; -- of the last attempt
ALTER TABLE delivery ADD COLUMN last_class TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN last_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN last_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX delivery_page ON delivery (environment_id, id);
CREATE INDEX delivery_event ON delivery (event_id);
CREATE INDEX delivery_pending ON delivery (endpoint_id, id) WHERE status = 'pending' AND endpoint_id <> '';
CREATE INDEX delivery_failed ON delivery (environment_id, id) WHERE status IN ('exhausted', 'refused', 'abandoned');

ALTER TABLE delivery_attempt ADD COLUMN url TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery_attempt ADD COLUMN headers TEXT NOT NULL DEFAULT ''; -- JSON of the answer's headers that are kept
