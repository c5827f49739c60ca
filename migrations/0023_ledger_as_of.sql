-- A balance as of a time is read at one leg and corrected by those that were recorded on one side of that time and are
-- effective on the other. One posting that is effective at a later hour of its day makes every posting until then late; so
-- what is indexed are not the late legs, but those of them that lie behind the clock, and those that lie ahead of it.
DROP INDEX ledger.entries_debit_late, ledger.entries_credit_late;

CREATE INDEX entries_debit_behind ON ledger.entries (tenant_id, debit_account_id, effective_at) INCLUDE (debit_seq, amount_minor)
  WHERE debit_late AND effective_at < recorded_at;
CREATE INDEX entries_credit_behind ON ledger.entries (tenant_id, credit_account_id, effective_at) INCLUDE (credit_seq, amount_minor)
  WHERE credit_late AND effective_at < recorded_at;
COMMENT ON INDEX ledger.entries_debit_behind IS 'Legs that came after they were effective, and after a leg that is effective later';
COMMENT ON INDEX ledger.entries_credit_behind IS 'Legs that came after they were effective, and after a leg that is effective later';
-- What is posted now takes its two times a few microseconds apart. What lies further ahead than a day is rare (a test
-- tenant's clock was moved), and is kept apart so that the others are found within a day.
CREATE INDEX entries_debit_ahead ON ledger.entries (tenant_id, debit_account_id, (effective_at - recorded_at > interval '25 hours'), effective_at)
  INCLUDE (debit_seq, amount_minor, recorded_at) WHERE effective_at - recorded_at > interval '1 millisecond';
CREATE INDEX entries_credit_ahead ON ledger.entries (tenant_id, credit_account_id, (effective_at - recorded_at > interval '25 hours'), effective_at)
  INCLUDE (credit_seq, amount_minor, recorded_at) WHERE effective_at - recorded_at > interval '1 millisecond';
COMMENT ON INDEX ledger.entries_debit_ahead IS 'Legs that were recorded before they are effective: at a later hour of their day';
COMMENT ON INDEX ledger.entries_credit_ahead IS 'Legs that were recorded before they are effective: at a later hour of their day';
-- An account has as many entries as its tenant and it together tell: without this the planner multiplies their shares, takes
-- the busiest account for one entry, and any index for as good as the right one.
CREATE STATISTICS ledger.entries_of_debited (ndistinct, dependencies, mcv) ON tenant_id, debit_account_id FROM ledger.entries;
CREATE STATISTICS ledger.entries_of_credited (ndistinct, dependencies, mcv) ON tenant_id, credit_account_id FROM ledger.entries;
