-- Which invoice a payment is of, and what an invoice has been paid. Times are
-- Unix microseconds, 0 when unset. Absent text is ''.

ALTER TABLE payment ADD COLUMN invoice_id   TEXT NOT NULL DEFAULT '';
ALTER TABLE payment ADD COLUMN invoice_note TEXT NOT NULL DEFAULT ''; -- why the invoice with its order_ref as number is not it
CREATE INDEX payment_invoice ON payment (invoice_id) WHERE invoice_id <> '';

ALTER TABLE invoice ADD COLUMN paid          BIGINT NOT NULL DEFAULT 0;  -- hundredths, less what was refunded; may be more than payable
ALTER TABLE invoice ADD COLUMN paid_at       BIGINT NOT NULL DEFAULT 0;  -- when payments first covered it
ALTER TABLE invoice ADD COLUMN paid_by       TEXT   NOT NULL DEFAULT ''; -- the payment that did
ALTER TABLE invoice ADD COLUMN report        TEXT   NOT NULL DEFAULT ''; -- how the authority was told: PENDING, HELD, REPORTED, SKIPPED, REJECTED, FAILED
ALTER TABLE invoice ADD COLUMN report_reason TEXT   NOT NULL DEFAULT '';
ALTER TABLE invoice ADD COLUMN report_id     TEXT   NOT NULL DEFAULT ''; -- the message of it
CREATE INDEX invoice_number ON invoice (environment_id, number);
