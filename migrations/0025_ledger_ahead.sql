-- Row-level security keeps the planner from comparing intervals before it has asked for the tenant, so the truth of "further
-- than a day" was no key of an index: every leg ahead of the clock was read to find those of one day. As the condition of
-- an index it needs no comparison.
DROP INDEX ledger.entries_debit_ahead, ledger.entries_credit_ahead;

CREATE INDEX entries_debit_ahead ON ledger.entries (tenant_id, debit_account_id, effective_at) INCLUDE (debit_seq, amount_minor, recorded_at)
  WHERE effective_at - recorded_at > interval '1 millisecond' AND NOT effective_at - recorded_at > interval '25 hours';
CREATE INDEX entries_credit_ahead ON ledger.entries (tenant_id, credit_account_id, effective_at) INCLUDE (credit_seq, amount_minor, recorded_at)
  WHERE effective_at - recorded_at > interval '1 millisecond' AND NOT effective_at - recorded_at > interval '25 hours';
COMMENT ON INDEX ledger.entries_debit_ahead IS 'Legs that were recorded before they are effective: at a later hour of their day';
COMMENT ON INDEX ledger.entries_credit_ahead IS 'Legs that were recorded before they are effective: at a later hour of their day';
CREATE INDEX entries_debit_far_ahead ON ledger.entries (tenant_id, debit_account_id, effective_at) INCLUDE (debit_seq, amount_minor, recorded_at)
  WHERE effective_at - recorded_at > interval '25 hours';
CREATE INDEX entries_credit_far_ahead ON ledger.entries (tenant_id, credit_account_id, effective_at) INCLUDE (credit_seq, amount_minor, recorded_at)
  WHERE effective_at - recorded_at > interval '25 hours';
COMMENT ON INDEX ledger.entries_debit_far_ahead IS 'Legs that were recorded more than a day before they are effective: a test tenant''s clock was moved';
COMMENT ON INDEX ledger.entries_credit_far_ahead IS 'Legs that were recorded more than a day before they are effective: a test tenant''s clock was moved';
