-- Payments of loans, the lines that say where each cent lies, and what undid them.
CREATE TABLE servicing.payments (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  loan_id text COLLATE "C" NOT NULL,
  source_channel text NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  effective_date date NOT NULL,
  currency text COLLATE "C" NOT NULL,
  total_received bigint NOT NULL,
  principal bigint NOT NULL,
  interest bigint NOT NULL,
  fee bigint NOT NULL,
  escrow bigint NOT NULL,
  suspense bigint NOT NULL,
  status text NOT NULL DEFAULT 'completed',
  reversal_reason text,
  instruction text NOT NULL DEFAULT 'regular',
  product text COLLATE "C" NOT NULL,
  policy_version_no integer NOT NULL,
  provider_transfer_id text COLLATE "C",
  provider_account_id text COLLATE "C",
  provider_event_last_seen timestamptz,
  ingestion_id text COLLATE "C",
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT payments_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT payments_key UNIQUE (tenant_id, idempotency_key),
  CONSTRAINT payments_loan_fkey FOREIGN KEY (tenant_id, loan_id) REFERENCES servicing.loans (tenant_id, id),
  CONSTRAINT payments_policy_fkey FOREIGN KEY (tenant_id, product, policy_version_no) REFERENCES servicing.policies (tenant_id, product, version_no),
  CONSTRAINT payments_channel_is_known CHECK (source_channel IN ('ach', 'wire', 'realtime', 'check', 'card', 'paypal', 'venmo', 'book', 'manual')),
  CONSTRAINT payments_total_is_positive CHECK (total_received > 0),
  CONSTRAINT payments_parts_are_not_negative CHECK (principal >= 0 AND interest >= 0 AND fee >= 0 AND escrow >= 0 AND suspense >= 0),
  CONSTRAINT payments_parts_add_up CHECK (principal + interest + fee + escrow + suspense = total_received),
  CONSTRAINT payments_instruction_is_known CHECK (instruction IN ('regular', 'principal_only')),
  CONSTRAINT payments_reversed_says_why CHECK ((status = 'reversed') = (reversal_reason IS NOT NULL)),
  CONSTRAINT payments_key_is_short CHECK (length(idempotency_key) BETWEEN 1 AND 255)
);
CREATE INDEX payments_of_loan ON servicing.payments (tenant_id, loan_id, effective_date, idempotency_key);
CREATE INDEX payments_by_transfer ON servicing.payments (tenant_id, provider_transfer_id) WHERE provider_transfer_id IS NOT NULL;
COMMENT ON TABLE servicing.payments IS 'What borrowers paid, in minor units, and how it is divided now; the parts add up to the total';
COMMENT ON COLUMN servicing.payments.effective_date IS 'The day on which it reached the servicer: it is credited as of that day, whenever it was posted';
COMMENT ON COLUMN servicing.payments.suspense IS 'What waits, or is over; the lines tell which';
SELECT core.isolate('servicing.payments');
CREATE TRIGGER payment_begins BEFORE INSERT ON servicing.payments
  FOR EACH ROW WHEN (NEW.status <> 'completed') EXECUTE FUNCTION core.check_transition('payment', 'servicing.transitions');
CREATE TRIGGER payment_moves BEFORE UPDATE OF status ON servicing.payments
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION core.check_transition('payment', 'servicing.transitions');

CREATE TABLE servicing.refusals (
  tenant_id uuid NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  loan_ref text NOT NULL,
  effective_date date NOT NULL,
  currency text COLLATE "C" NOT NULL,
  total_received bigint NOT NULL,
  code text NOT NULL,
  ingestion_id text COLLATE "C",
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT refusals_pkey PRIMARY KEY (tenant_id, idempotency_key),
  CONSTRAINT refusals_code_is_known CHECK (code IN ('loan_not_found', 'legal_hold', 'loan_closed', 'stop_pay', 'currency_mismatch'))
);
COMMENT ON TABLE servicing.refusals IS 'Payments that were refused: the same key gives the same answer for ever';
SELECT core.isolate('servicing.refusals'), core.append_only('servicing.refusals');

CREATE TABLE servicing.allocations (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  payment_id text COLLATE "C" NOT NULL,
  loan_id text COLLATE "C" NOT NULL,
  bucket text NOT NULL,
  instalment_no integer,
  amount_minor bigint NOT NULL,
  applied_on date NOT NULL,
  policy_version_no integer NOT NULL,
  is_recovery boolean NOT NULL DEFAULT false,
  reverses bigint,
  transaction_id bigint,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT allocations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT allocations_payment_fkey FOREIGN KEY (tenant_id, payment_id) REFERENCES servicing.payments (tenant_id, id),
  CONSTRAINT allocations_due_fkey FOREIGN KEY (tenant_id, loan_id, instalment_no) REFERENCES servicing.dues (tenant_id, loan_id, instalment_no),
  CONSTRAINT allocations_reverses_fkey FOREIGN KEY (tenant_id, reverses) REFERENCES servicing.allocations (tenant_id, id),
  CONSTRAINT allocations_are_reversed_once UNIQUE (tenant_id, reverses),
  CONSTRAINT allocations_bucket_is_known CHECK (bucket IN ('fees', 'interest', 'principal', 'escrow', 'suspense', 'overpayment')),
  CONSTRAINT allocations_lie_in_a_due_or_wait CHECK ((bucket IN ('suspense', 'overpayment')) = (instalment_no IS NULL)),
  CONSTRAINT allocations_amount_is_positive CHECK (amount_minor > 0)
);
CREATE INDEX allocations_of_payment ON servicing.allocations (tenant_id, payment_id, id);
CREATE INDEX allocations_of_due ON servicing.allocations (tenant_id, loan_id, instalment_no, id);
COMMENT ON TABLE servicing.allocations IS 'Where the money of a payment went, line by line: the history, whatever the policy says now; a line is taken back once, by a line of the same amount that names it';
COMMENT ON COLUMN servicing.allocations.transaction_id IS 'The posting in the book that moved it; NULL where the book did not change, as between two dues';
SELECT core.isolate('servicing.allocations'), core.append_only('servicing.allocations');

CREATE TABLE servicing.postings (
  tenant_id uuid NOT NULL,
  payment_id text COLLATE "C" NOT NULL,
  posting_no integer NOT NULL,
  kind text NOT NULL,
  transaction_id bigint NOT NULL,
  undoes bigint,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT postings_pkey PRIMARY KEY (tenant_id, payment_id, posting_no),
  CONSTRAINT postings_one_transaction_each UNIQUE (tenant_id, transaction_id),
  CONSTRAINT postings_are_undone_once UNIQUE (tenant_id, undoes),
  CONSTRAINT postings_payment_fkey FOREIGN KEY (tenant_id, payment_id) REFERENCES servicing.payments (tenant_id, id),
  CONSTRAINT postings_kind_is_known CHECK (kind IN ('applied', 'replayed', 'undone')),
  CONSTRAINT postings_undone_names_what CHECK ((kind = 'undone') = (undoes IS NOT NULL))
);
COMMENT ON TABLE servicing.postings IS 'The transactions of the book that a payment made: its own, the differences of each later fold, and what took each of them back';
SELECT core.isolate('servicing.postings'), core.append_only('servicing.postings');

CREATE TABLE servicing.returns (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  provider_transfer_id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  code text COLLATE "C" NOT NULL,
  action text NOT NULL,
  severity text NOT NULL,
  returned_on date NOT NULL,
  ingestion_id text COLLATE "C",
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT returns_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT returns_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id),
  CONSTRAINT returns_kind_is_known CHECK (kind IN ('return', 'recall', 'dispute')),
  CONSTRAINT returns_action_is_known CHECK (action IN ('reverse', 'dispute', 'ask')),
  CONSTRAINT returns_severity_is_known CHECK (severity IN ('low', 'medium', 'high', 'critical'))
);
CREATE INDEX returns_by_transfer ON servicing.returns (tenant_id, provider_transfer_id);
COMMENT ON TABLE servicing.returns IS 'What a provider says it took back, or asks back; one that comes before its payment waits here and takes effect with it';
SELECT core.isolate('servicing.returns'), core.append_only('servicing.returns');

CREATE TABLE servicing.undoings (
  tenant_id uuid NOT NULL,
  payment_id text COLLATE "C" NOT NULL,
  return_id text COLLATE "C",
  code text COLLATE "C",
  reason text NOT NULL,
  undone_on date NOT NULL,
  fee_instalment_no integer,
  actor_id text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT undoings_pkey PRIMARY KEY (tenant_id, payment_id),
  CONSTRAINT undoings_payment_fkey FOREIGN KEY (tenant_id, payment_id) REFERENCES servicing.payments (tenant_id, id),
  CONSTRAINT undoings_return_fkey FOREIGN KEY (tenant_id, return_id) REFERENCES servicing.returns (tenant_id, id),
  CONSTRAINT undoings_say_why CHECK (btrim(reason) <> '')
);
COMMENT ON TABLE servicing.undoings IS 'Payments that were taken back: at most one row a payment, so that nothing is reversed twice';
SELECT core.isolate('servicing.undoings'), core.append_only('servicing.undoings');

CREATE TABLE servicing.return_rules (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  code text COLLATE "C" NOT NULL,
  action text NOT NULL,
  severity text NOT NULL,
  reason text NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT return_rules_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT return_rules_code_is_short CHECK (code ~ '^[A-Za-z0-9_]{2,20}$'),
  CONSTRAINT return_rules_action_is_known CHECK (action IN ('reverse', 'dispute')),
  CONSTRAINT return_rules_severity_is_known CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  CONSTRAINT return_rules_say_why CHECK (btrim(reason) <> '')
);
CREATE INDEX return_rules_of_code ON servicing.return_rules (tenant_id, code, id DESC);
COMMENT ON TABLE servicing.return_rules IS 'What a tenant does with a return code instead of the default; the newest row of a code counts';
SELECT core.isolate('servicing.return_rules'), core.append_only('servicing.return_rules');

GRANT SELECT, INSERT ON servicing.payments, servicing.refusals, servicing.allocations, servicing.postings, servicing.returns,
  servicing.undoings, servicing.return_rules TO headgate_app;
GRANT UPDATE (principal, interest, fee, escrow, suspense, status, reversal_reason, provider_event_last_seen, changed_at)
  ON servicing.payments TO headgate_app;
GRANT SELECT ON servicing.payments, servicing.refusals, servicing.allocations, servicing.postings, servicing.returns,
  servicing.undoings, servicing.return_rules TO headgate_readonly;
