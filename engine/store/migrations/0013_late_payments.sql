-- What became of a payment that succeeded after it was given up: '' while nobody
-- has decided, accepted, or the refund that gives the money back.
ALTER TABLE payment ADD COLUMN late_end TEXT NOT NULL DEFAULT '';

-- 1 of a refund whose money lies in suspense: it gives a late success back.
ALTER TABLE payment ADD COLUMN out_of_suspense BIGINT NOT NULL DEFAULT 0;

CREATE INDEX payment_held ON payment (environment_id, id) WHERE held_reason <> '';
CREATE INDEX payment_late ON payment (environment_id, id) WHERE late_at > 0;
