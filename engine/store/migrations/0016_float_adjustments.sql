-- Money that persons have booked onto the float or off it. Rows are added and
-- never changed or deleted, each together with its entry of the ledger. Times are
-- Unix microseconds. Absent text is ''.

CREATE TABLE float_adjustment (
  id             TEXT   PRIMARY KEY,
  environment_id TEXT   NOT NULL,
  entry_id       TEXT   NOT NULL,
  operator       TEXT   NOT NULL, -- whose settlement account is the other side
  currency       TEXT   NOT NULL, -- the entry's
  amount         BIGINT NOT NULL, -- what the float gets; negative when it is taken off
  reason         TEXT   NOT NULL,
  reference      TEXT   NOT NULL, -- the bank's, of the transfer
  actor          TEXT   NOT NULL,
  at             BIGINT NOT NULL  -- the entry's
);
CREATE INDEX float_adjustment_page ON float_adjustment (environment_id, id);
CREATE UNIQUE INDEX float_adjustment_entry ON float_adjustment (entry_id);
-- No transfer is booked twice.
CREATE UNIQUE INDEX float_adjustment_reference ON float_adjustment (environment_id, reference) WHERE reference <> '';
