-- Payments by mobile money. Money is in whole units of its currency. Times are
-- Unix microseconds, 0 when unset. Absent text is ''.

-- When the vendor said that it has the effect and has not ended it.
ALTER TABLE attempt ADD COLUMN accepted_at BIGINT NOT NULL DEFAULT 0;

-- What a vendor tells is found by its reference; only what is in doubt is there.
CREATE INDEX attempt_in_doubt ON attempt (vendor_reference) WHERE outcome = '' AND vendor_reference <> '';

CREATE TABLE payment (
  id                      TEXT   PRIMARY KEY,
  environment_id          TEXT   NOT NULL,
  organisation_id         TEXT   NOT NULL,
  sandbox                 BIGINT NOT NULL,
  type                    TEXT   NOT NULL, -- collection, refund, disbursement
  parent_id               TEXT   NOT NULL,
  store                   TEXT   NOT NULL,
  order_ref               TEXT   NOT NULL,
  order_url               TEXT   NOT NULL,
  url_protected           BIGINT NOT NULL,
  amount                  BIGINT NOT NULL,
  commission              BIGINT NOT NULL,
  merchant_share          BIGINT NOT NULL,
  net_amount              BIGINT NOT NULL,
  customer_total          BIGINT NOT NULL,
  absorption_pct          BIGINT NOT NULL,
  currency                TEXT   NOT NULL, -- as the caller wrote it
  money                   TEXT   NOT NULL, -- ISO 4217
  operator                TEXT   NOT NULL,
  country                 TEXT   NOT NULL,
  msisdn                  TEXT   NOT NULL,
  reference               TEXT   NOT NULL,
  description             TEXT   NOT NULL,
  scenario                TEXT   NOT NULL,
  status                  TEXT   NOT NULL,
  connection_id           TEXT   NOT NULL,
  message_id              TEXT   NOT NULL, -- '' of one that ended when it was accepted
  document_id             TEXT   NOT NULL,
  callback_url            TEXT   NOT NULL, -- where the operator may push
  operator_reference      TEXT   NOT NULL,
  provider_tx_id          TEXT   NOT NULL,
  raw                     TEXT   NOT NULL, -- JSON, the operator's own answer
  original_reference      TEXT   NOT NULL, -- of a refund: the collection's, at the operator
  original_provider_tx_id TEXT   NOT NULL,
  original_amount         BIGINT NOT NULL,
  refunded                BIGINT NOT NULL, -- of a collection
  refunding               BIGINT NOT NULL,
  held_reason             TEXT   NOT NULL,
  given_up                BIGINT NOT NULL, -- 1: the status is ours, the operator did not know it
  late_at                 BIGINT NOT NULL, -- it succeeded after it was given up
  created_at              BIGINT NOT NULL,
  submitted_at            BIGINT NOT NULL,
  completed_at            BIGINT NOT NULL,
  UNIQUE (environment_id, reference)
);
CREATE INDEX payment_page ON payment (environment_id, id);
CREATE INDEX payment_order ON payment (environment_id, order_ref, id);
CREATE INDEX payment_pending ON payment (id) WHERE status = 'PENDING';
CREATE INDEX payment_given_up ON payment (connection_id, operator_reference) WHERE given_up = 1;
