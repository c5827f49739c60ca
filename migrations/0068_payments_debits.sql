-- Notices of change that are about a debit of a client, and under which company id a debit went out.
ALTER TABLE payments.notices ADD COLUMN funding_attempt_id text COLLATE "C",
  ADD CONSTRAINT notices_funding_attempt_fkey FOREIGN KEY (tenant_id, funding_attempt_id) REFERENCES payments.funding_attempts (tenant_id, id),
  DROP CONSTRAINT notices_orphan_has_no_attempt,
  ADD CONSTRAINT notices_are_about_one_entry CHECK (num_nonnulls(attempt_id, funding_attempt_id) = CASE decision WHEN 'orphan' THEN 0 ELSE 1 END);
COMMENT ON COLUMN payments.notices.funding_attempt_id IS 'The debit of a client that the notice is about, where it is about no payment';
CREATE INDEX notices_of_funding_attempt ON payments.notices (tenant_id, funding_attempt_id) WHERE funding_attempt_id IS NOT NULL;

ALTER TABLE payments.funding_attempts ADD COLUMN company_identification text COLLATE "C";
COMMENT ON COLUMN payments.funding_attempts.company_identification IS
  'As whom the client was debited: return rates are counted by it. NULL of those that were sent before it was kept';
