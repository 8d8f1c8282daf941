-- What operators set up for payments: corridors, the stores that payments are
-- for, and keys in SandPay's form. Times are Unix microseconds. Absent text is
-- ''.

CREATE TABLE corridor (
  environment_id          TEXT   NOT NULL,
  operator                TEXT   NOT NULL, -- and its connector's name
  country                 TEXT   NOT NULL, -- ISO 3166-1 alpha-2
  connection_id           TEXT   NOT NULL,
  enabled                 BIGINT NOT NULL,
  currency                TEXT   NOT NULL, -- ISO 4217
  commission_bps          BIGINT NOT NULL,
  merchant_absorption_pct BIGINT NOT NULL,
  unknown_msisdn_policy   TEXT   NOT NULL, -- reject, passthrough
  version                 BIGINT NOT NULL, -- rises with each change
  created_at              BIGINT NOT NULL,
  updated_at              BIGINT NOT NULL,
  PRIMARY KEY (environment_id, operator, country)
) CLUSTERED;
CREATE INDEX corridor_connection ON corridor (connection_id);

CREATE TABLE merchant_store (
  environment_id TEXT   NOT NULL,
  slug           TEXT   NOT NULL,
  name           TEXT   NOT NULL,
  active         BIGINT NOT NULL,
  version        BIGINT NOT NULL, -- rises with each change
  created_at     BIGINT NOT NULL,
  PRIMARY KEY (environment_id, slug)
) CLUSTERED;

-- How a key is written: afara for keyId:secret, or sandpay.
ALTER TABLE api_key ADD COLUMN format TEXT NOT NULL DEFAULT 'afara';
