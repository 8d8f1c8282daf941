-- The audit can be read: an environment's entries, newest first.

CREATE INDEX audit_list ON audit (environment_id, id);
