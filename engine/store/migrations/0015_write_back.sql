-- The record of another system that an invoice came from, and how far that
-- system was told what became of it. Absent text is ''.

ALTER TABLE invoice ADD COLUMN source_connection TEXT NOT NULL DEFAULT '';
ALTER TABLE invoice ADD COLUMN source_record     TEXT NOT NULL DEFAULT '';
ALTER TABLE invoice ADD COLUMN write_back        TEXT NOT NULL DEFAULT ''; -- PENDING, HELD, DONE, SKIPPED, REJECTED, FAILED
ALTER TABLE invoice ADD COLUMN write_back_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE invoice ADD COLUMN write_back_id     TEXT NOT NULL DEFAULT ''; -- the message of it
ALTER TABLE invoice ADD COLUMN write_back_again  BIGINT NOT NULL DEFAULT 0; -- 1: something more has become of it meanwhile
