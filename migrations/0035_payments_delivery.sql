-- A file's way to the bank: tries that were begun, what is known of each, and a file of which nobody knows.
INSERT INTO payments.transitions (entity, from_status, to_status) VALUES
  ('ach_file', 'pending', 'outcome_unknown'), ('ach_file', 'pending', 'rejected'),
  ('ach_file', 'outcome_unknown', 'pending'), ('ach_file', 'outcome_unknown', 'delivered'),
  ('ach_file', 'outcome_unknown', 'rejected'), ('ach_file', 'outcome_unknown', 'settled'),
  ('ach_file', 'delivered', 'rejected'), ('ach_file', 'rejected', 'settled');

CREATE TABLE payments.delivery_tries (
  tenant_id uuid NOT NULL,
  ach_file_id text COLLATE "C" NOT NULL,
  try_no integer NOT NULL,
  bank text COLLATE "C" NOT NULL,
  begun_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT delivery_tries_pkey PRIMARY KEY (tenant_id, ach_file_id, try_no),
  CONSTRAINT delivery_tries_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files (tenant_id, id),
  CONSTRAINT delivery_tries_count_from_one CHECK (try_no > 0)
);
COMMENT ON TABLE payments.delivery_tries IS 'Each try to hand a file to the bank, written before its first byte leaves. A second one needs proof that the first did not arrive';
COMMENT ON COLUMN payments.delivery_tries.bank IS 'The bank profile under which it was tried';
SELECT core.isolate('payments.delivery_tries'), core.append_only('payments.delivery_tries');

CREATE TABLE payments.delivery_evidence (
  tenant_id uuid NOT NULL,
  ach_file_id text COLLATE "C" NOT NULL,
  try_no integer NOT NULL,
  verdict text NOT NULL,
  basis text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  approval_id text COLLATE "C",
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT delivery_evidence_pkey PRIMARY KEY (tenant_id, ach_file_id, try_no, verdict, basis),
  CONSTRAINT delivery_evidence_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files (tenant_id, id),
  CONSTRAINT delivery_evidence_approval_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests (tenant_id, id),
  CONSTRAINT delivery_evidence_verdict_is_known CHECK (verdict IN ('delivered', 'rejected', 'absent', 'unknown')),
  CONSTRAINT delivery_evidence_basis_is_known CHECK (basis IN ('handed_over', 'acknowledgement', 'outbound', 'archive', 'people',
    'temporary', 'never_removed', 'other_bytes', 'other_totals', 'may_be_removed')),
  CONSTRAINT delivery_evidence_of_people_is_approved CHECK ((basis = 'people') = (approval_id IS NOT NULL)),
  CONSTRAINT delivery_evidence_absence_is_of_a_try CHECK (verdict <> 'absent' OR try_no > 0)
);
COMMENT ON TABLE payments.delivery_evidence IS 'What is known of a file, and what that rests on: append-only, the same evidence counts once';
COMMENT ON COLUMN payments.delivery_evidence.try_no IS 'How many tries had been begun; 0 where the bank has a file that we did not hand over';
SELECT core.isolate('payments.delivery_evidence'), core.append_only('payments.delivery_evidence');

GRANT SELECT ON payments.delivery_tries, payments.delivery_evidence TO headgate_app, headgate_readonly;
GRANT INSERT ON payments.delivery_tries, payments.delivery_evidence TO headgate_app;

ALTER TABLE payments.ach_files ADD COLUMN bank text COLLATE "C";
COMMENT ON COLUMN payments.ach_files.bank IS 'The bank profile for which it was written; none: it was written before files said so, and its originator names the bank';
