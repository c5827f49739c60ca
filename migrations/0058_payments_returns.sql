-- What a return code makes Headgate do, returns that are disputed, payments that are sent anew, and what a bank refuses.
INSERT INTO payments.transitions (entity, from_status, to_status) VALUES
  ('payroll', 'paying', 'committed'), ('payroll', 'partially_paid', 'paying'), ('payroll', 'partially_paid', 'paid'),
  ('instruction', 'sent', 'rejected'), ('instruction', 'returned', 'awaiting_funding'), ('instruction', 'rejected', 'awaiting_funding'),
  ('instruction', 'returned', 'settled'), ('instruction', 'returned', 'sent'),
  ('attempt', 'sent', 'rejected'), ('attempt', 'returned', 'settled'), ('attempt', 'returned', 'sent')
ON CONFLICT DO NOTHING;

DROP INDEX payments.attempts_one_alive_per_instruction;
CREATE UNIQUE INDEX attempts_one_alive_per_instruction ON payments.attempts (tenant_id, instruction_id)
  WHERE status NOT IN ('returned', 'rejected');

ALTER TABLE payments.settlement_events ALTER COLUMN artifact_id DROP NOT NULL,
  DROP CONSTRAINT settlement_events_status_is_known,
  ADD CONSTRAINT settlement_events_status_is_known CHECK (status IN ('settled', 'returned', 'rejected'));

ALTER TABLE payments.ach_files ADD COLUMN kind text NOT NULL DEFAULT 'payments',
  ADD CONSTRAINT ach_files_kind_is_known CHECK (kind IN ('payments', 'dishonors'));
COMMENT ON COLUMN payments.ach_files.kind IS 'Payments, or dishonored returns: entries that came back and are sent to their bank once more';

CREATE TABLE payments.return_policies (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  subject text COLLATE "C" NOT NULL,
  action text NOT NULL,
  reason text NOT NULL,
  approval_id text COLLATE "C" NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  set_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT return_policies_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT return_policies_approval_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests (tenant_id, id),
  CONSTRAINT return_policies_subject_is_a_code_or_group CHECK (subject ~ '^(R[0-9]{2}|[a-z_]{2,40})$'),
  CONSTRAINT return_policies_action_is_known CHECK (action IN ('reverse', 'hold', 'dispute', 'retry')),
  CONSTRAINT return_policies_only_funds_are_presented_again CHECK (action <> 'retry' OR subject IN ('R01', 'R09', 'insufficient_funds')),
  CONSTRAINT return_policies_say_why CHECK (btrim(reason) <> '')
);
CREATE INDEX return_policies_of_subject ON payments.return_policies (tenant_id, subject, id DESC);
COMMENT ON TABLE payments.return_policies IS 'What a tenant does beside taking the money back, by return code or group of codes; approved, and the newest row of a subject counts';
SELECT core.isolate('payments.return_policies'), core.append_only('payments.return_policies');

CREATE TABLE payments.returns (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  standing text NOT NULL,
  attempt_id text COLLATE "C",
  instruction_id text COLLATE "C",
  code text COLLATE "C" NOT NULL,
  action text,
  is_late boolean NOT NULL,
  dishonor_until date NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  original_trace text COLLATE "C" NOT NULL,
  original_rdfi text COLLATE "C" NOT NULL,
  return_trace text COLLATE "C" NOT NULL,
  settled_on date NOT NULL,
  transaction_id bigint,
  block_id text COLLATE "C",
  artifact_id text COLLATE "C" NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT returns_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT returns_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id),
  CONSTRAINT returns_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts (tenant_id, id),
  CONSTRAINT returns_instruction_fkey FOREIGN KEY (tenant_id, instruction_id) REFERENCES payments.instructions (tenant_id, id),
  CONSTRAINT returns_standing_is_known CHECK (standing IN ('counted', 'repeated', 'contradicts', 'orphan')),
  CONSTRAINT returns_action_is_known CHECK (action IN ('reverse', 'hold', 'dispute', 'retry')),
  CONSTRAINT returns_counted_moved_its_money CHECK ((standing = 'counted') = (transaction_id IS NOT NULL)
    AND (standing = 'counted') = (action IS NOT NULL)),
  CONSTRAINT returns_orphan_is_of_no_attempt CHECK ((standing = 'orphan') = (attempt_id IS NULL)
    AND (attempt_id IS NULL) = (instruction_id IS NULL)),
  CONSTRAINT returns_amount_is_not_negative CHECK (amount_minor >= 0)
);
CREATE INDEX returns_of_attempt ON payments.returns (tenant_id, attempt_id, id);
COMMENT ON TABLE payments.returns IS 'Each return that a bank sent, and what was done: counted, come again, against what was said before, or of no entry of ours';
COMMENT ON COLUMN payments.returns.action IS 'What the policy added to the money being the client''s again';
COMMENT ON COLUMN payments.returns.is_late IS 'It came after the time that its code allows';
COMMENT ON COLUMN payments.returns.dishonor_until IS 'The last day on which our bank may dishonor it: five banking days after it settled';
SELECT core.isolate('payments.returns'), core.append_only('payments.returns');

CREATE TABLE payments.return_disputes (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  return_id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  direction text NOT NULL,
  code text COLLATE "C" NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  reservation_id bigint,
  transaction_id bigint,
  ach_file_id text COLLATE "C",
  trace_number text COLLATE "C",
  provider text COLLATE "C",
  external_id text COLLATE "C",
  artifact_id text COLLATE "C",
  record_id text COLLATE "C",
  answer_until date,
  is_late boolean NOT NULL,
  reason text,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT return_disputes_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT return_disputes_each_step_once UNIQUE (tenant_id, return_id, kind),
  CONSTRAINT return_disputes_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id),
  CONSTRAINT return_disputes_use_a_reservation_once UNIQUE (tenant_id, reservation_id),
  CONSTRAINT return_disputes_one_entry_each UNIQUE (tenant_id, ach_file_id, trace_number),
  CONSTRAINT return_disputes_return_fkey FOREIGN KEY (tenant_id, return_id) REFERENCES payments.returns (tenant_id, id),
  CONSTRAINT return_disputes_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files (tenant_id, id),
  CONSTRAINT return_disputes_reservation_fkey FOREIGN KEY (tenant_id, reservation_id) REFERENCES ledger.reservations (tenant_id, id),
  CONSTRAINT return_disputes_kind_has_its_codes CHECK ((kind = 'dishonored' AND code ~ '^R(6[1-9]|70)$')
    OR (kind = 'contested' AND code ~ '^R7[1-7]$') OR (kind = 'refused' AND code ~ '^R(6[1-9]|70)$')),
  CONSTRAINT return_disputes_ours_stand_in_a_file CHECK ((direction = 'outbound') = (ach_file_id IS NOT NULL)
    AND (direction = 'outbound') = (trace_number IS NOT NULL) AND (direction = 'outbound') = (reason IS NOT NULL)),
  CONSTRAINT return_disputes_theirs_have_evidence CHECK ((direction = 'inbound') = (num_nulls(provider, external_id) = 0)
    AND (kind = 'refused' OR (direction = 'inbound') = (num_nulls(artifact_id, record_id) = 0))),
  CONSTRAINT return_disputes_direction_is_known CHECK (direction IN ('outbound', 'inbound')),
  CONSTRAINT return_disputes_we_contest_nothing CHECK (kind = 'dishonored' OR direction = 'inbound'),
  CONSTRAINT return_disputes_dishonored_may_be_answered CHECK ((kind = 'dishonored') = (answer_until IS NOT NULL)),
  CONSTRAINT return_disputes_amount_is_positive CHECK (amount_minor > 0)
);
COMMENT ON TABLE payments.return_disputes IS 'Returns that were dishonored (R61 to R70), and what became of that: contested (R71 to R77, final), or refused by our own bank; append-only';
COMMENT ON COLUMN payments.return_disputes.reservation_id IS 'The client''s money that goes out once more; none where the return had given the client nothing';
COMMENT ON COLUMN payments.return_disputes.answer_until IS 'The last day on which the receiving bank may contest: two banking days';
SELECT core.isolate('payments.return_disputes'), core.append_only('payments.return_disputes');

CREATE TABLE payments.retries (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  instruction_id text COLLATE "C" NOT NULL,
  attempt_id text COLLATE "C" NOT NULL,
  from_bank_account_id text COLLATE "C",
  to_bank_account_id text COLLATE "C",
  code text COLLATE "C",
  reason text NOT NULL,
  approval_id text COLLATE "C",
  requested_by text NOT NULL DEFAULT core.actor_id(),
  requested_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT retries_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT retries_one_per_attempt UNIQUE (tenant_id, attempt_id),
  CONSTRAINT retries_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts (tenant_id, id),
  CONSTRAINT retries_instruction_fkey FOREIGN KEY (tenant_id, instruction_id) REFERENCES payments.instructions (tenant_id, id),
  CONSTRAINT retries_from_fkey FOREIGN KEY (tenant_id, from_bank_account_id) REFERENCES parties.bank_accounts (tenant_id, id),
  CONSTRAINT retries_to_fkey FOREIGN KEY (tenant_id, to_bank_account_id) REFERENCES parties.bank_accounts (tenant_id, id),
  CONSTRAINT retries_approval_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests (tenant_id, id),
  CONSTRAINT retries_say_why CHECK (btrim(reason) <> '')
);
CREATE INDEX retries_of_instruction ON payments.retries (tenant_id, instruction_id, id);
COMMENT ON TABLE payments.retries IS 'Payments whose attempt came back or was refused and that are to be paid again: by a new attempt, through the pay gate; append-only';
COMMENT ON COLUMN payments.retries.attempt_id IS 'The attempt that failed; each leads to one retry at most';
SELECT core.isolate('payments.retries'), core.append_only('payments.retries');

GRANT SELECT, INSERT ON payments.return_policies, payments.returns, payments.return_disputes, payments.retries TO headgate_app;
GRANT SELECT ON payments.return_policies, payments.returns, payments.return_disputes, payments.retries TO headgate_readonly;

-- Debits that are presented again. Whoever writes debits writes a row here in the same transaction.
CREATE TABLE funding.representments (
  tenant_id uuid NOT NULL,
  original_ref text COLLATE "C" NOT NULL,
  representment_no smallint NOT NULL,
  representment_ref text COLLATE "C" NOT NULL,
  return_code text COLLATE "C" NOT NULL,
  original_settled_on date NOT NULL,
  effective_on date NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  company_identification text NOT NULL,
  receiver_fingerprint bytea NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT representments_pkey PRIMARY KEY (tenant_id, original_ref, representment_no),
  CONSTRAINT representments_one_per_debit UNIQUE (tenant_id, representment_ref),
  CONSTRAINT representments_at_most_two CHECK (representment_no IN (1, 2)),
  CONSTRAINT representments_only_for_want_of_funds CHECK (return_code IN ('R01', 'R09')),
  CONSTRAINT representments_within_180_days CHECK (effective_on > original_settled_on AND effective_on <= original_settled_on + 180),
  CONSTRAINT representments_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT representments_is_another_debit CHECK (representment_ref <> original_ref)
);
COMMENT ON TABLE funding.representments IS 'Debits that came back for want of funds (R01, R09) and are presented again as RETRY PYMT: at most twice, within 180 days, the same amount, company and receiver';
COMMENT ON COLUMN funding.representments.original_ref IS 'The debit that was presented first, by the id of whoever wrote it';
SELECT core.isolate('funding.representments'), core.append_only('funding.representments');
GRANT SELECT, INSERT ON funding.representments TO headgate_app;
GRANT SELECT ON funding.representments TO headgate_readonly;

CREATE TABLE payments.dishonor_settlements (
  tenant_id uuid NOT NULL,
  ach_file_id text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  settled_on date NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT dishonor_settlements_pkey PRIMARY KEY (tenant_id, ach_file_id),
  CONSTRAINT dishonor_settlements_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id),
  CONSTRAINT dishonor_settlements_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files (tenant_id, id)
);
COMMENT ON TABLE payments.dishonor_settlements IS 'The statement line that settled a file of dishonored returns';
SELECT core.isolate('payments.dishonor_settlements'), core.append_only('payments.dishonor_settlements');
GRANT SELECT, INSERT ON payments.dishonor_settlements TO headgate_app;
GRANT SELECT ON payments.dishonor_settlements TO headgate_readonly;
