-- Why a loan is held, as facts; and whether it is known well enough who owes it.
ALTER TABLE servicing.loans ADD COLUMN is_kyc_incomplete boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN servicing.loans.is_kyc_incomplete IS 'It is not known well enough who owes it: payments are refused until it is';
GRANT UPDATE (is_kyc_incomplete) ON servicing.loans TO headgate_app;

CREATE TABLE servicing.hold_changes (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  loan_id text COLLATE "C" NOT NULL,
  has_legal_hold boolean NOT NULL,
  has_stop_pay boolean NOT NULL,
  is_kyc_incomplete boolean NOT NULL,
  reason text NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT hold_changes_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT hold_changes_loan_fkey FOREIGN KEY (tenant_id, loan_id) REFERENCES servicing.loans (tenant_id, id),
  CONSTRAINT hold_changes_say_why CHECK (btrim(reason) <> '')
);
CREATE INDEX hold_changes_of_loan ON servicing.hold_changes (tenant_id, loan_id, id);
COMMENT ON TABLE servicing.hold_changes IS 'Each time a loan''s holds were set: what they are since, and why; the loan''s row has the newest';
SELECT core.isolate('servicing.hold_changes'), core.append_only('servicing.hold_changes');
GRANT SELECT, INSERT ON servicing.hold_changes TO headgate_app;
GRANT SELECT ON servicing.hold_changes TO headgate_readonly;

