-- The ledger of payments. Entries and postings are added and never changed or
-- deleted. Times are Unix microseconds, 0 when unset; amounts are whole units of
-- the currency, positive ones credit.

CREATE TABLE ledger_entry (
  id             TEXT   PRIMARY KEY,
  environment_id TEXT   NOT NULL,
  resource_id    TEXT   NOT NULL,
  kind           TEXT   NOT NULL,
  currency       TEXT   NOT NULL,
  at             BIGINT NOT NULL,
  UNIQUE (environment_id, resource_id, kind) -- nothing is posted twice
);
CREATE INDEX ledger_entry_page ON ledger_entry (environment_id, at, id);

-- What an entry does to an account; in the order of a statement of it.
CREATE TABLE ledger_posting (
  environment_id TEXT   NOT NULL,
  account        TEXT   NOT NULL,
  at             BIGINT NOT NULL, -- the entry's
  entry_id       TEXT   NOT NULL,
  currency       TEXT   NOT NULL, -- the entry's
  amount         BIGINT NOT NULL,
  PRIMARY KEY (environment_id, account, at, entry_id)
) CLUSTERED;
CREATE UNIQUE INDEX ledger_posting_entry ON ledger_posting (entry_id, account);

-- The postings that no snapshot covers yet. A row goes when its amount is folded.
CREATE TABLE ledger_tail (
  environment_id TEXT   NOT NULL,
  account        TEXT   NOT NULL,
  currency       TEXT   NOT NULL,
  entry_id       TEXT   NOT NULL,
  amount         BIGINT NOT NULL,
  PRIMARY KEY (environment_id, account, currency, entry_id)
) CLUSTERED;

-- An account has a row when it was folded or debited under its lock. Its balance is
-- the snapshot and the tail together. The bounds leave room for one addition more,
-- which SQLite would else make a float of.
CREATE TABLE ledger_account (
  environment_id   TEXT   NOT NULL,
  account          TEXT   NOT NULL,
  currency         TEXT   NOT NULL,
  snapshot_balance BIGINT NOT NULL CHECK (snapshot_balance BETWEEN -4611686018427387904 AND 4611686018427387903),
  snapshot_at      BIGINT NOT NULL, -- when it was last folded
  checked_balance  BIGINT NOT NULL CHECK (checked_balance BETWEEN -4611686018427387904 AND 4611686018427387903), -- what the last debit that asks found and left
  proved_at        BIGINT NOT NULL, -- when the snapshot was last added up anew
  PRIMARY KEY (environment_id, account, currency)
) CLUSTERED;
