-- Payrolls become instructions, instructions become attempts in files, and banks say what became of them.
SELECT core.make_schema('payments', 'Payment instructions, their attempts, the files that carry them, and what the bank says of them');

CREATE TABLE payments.transitions (
  entity text NOT NULL,
  from_status text NOT NULL,
  to_status text NOT NULL,
  CONSTRAINT transitions_pkey PRIMARY KEY (entity, from_status, to_status)
);
COMMENT ON TABLE payments.transitions IS 'The legal status moves of payrolls, instructions, attempts and files; '''' is nothing yet';
INSERT INTO payments.transitions (entity, from_status, to_status) VALUES
  ('payroll', '', 'pending'), ('payroll', 'pending', 'committed'), ('payroll', 'committed', 'paying'),
  ('payroll', 'paying', 'paid'), ('payroll', 'paying', 'partially_paid'), ('payroll', 'paid', 'partially_paid'),
  ('instruction', '', 'pending'), ('instruction', '', 'blocked_funds'),
  ('instruction', 'blocked_funds', 'pending'), ('instruction', 'pending', 'blocked_funds'),
  ('instruction', 'pending', 'sent'), ('instruction', 'sent', 'settled'),
  ('instruction', 'sent', 'returned'), ('instruction', 'settled', 'returned'),
  ('attempt', '', 'sent'), ('attempt', 'sent', 'settled'), ('attempt', 'sent', 'returned'), ('attempt', 'settled', 'returned'),
  ('ach_file', '', 'pending'), ('ach_file', 'pending', 'delivered'),
  ('ach_file', 'pending', 'settled'), ('ach_file', 'delivered', 'settled');

CREATE TABLE payments.originators (
  tenant_id uuid NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  odfi_routing_number text NOT NULL,
  destination_name text NOT NULL,
  immediate_origin text NOT NULL,
  origin_name text NOT NULL,
  company_name text NOT NULL,
  company_identification text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT originators_pkey PRIMARY KEY (tenant_id, legal_entity_id),
  CONSTRAINT originators_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT originators_odfi_has_nine_digits CHECK (odfi_routing_number ~ '^[0-9]{9}$'),
  CONSTRAINT originators_names_fit_their_fields CHECK (length(destination_name) BETWEEN 1 AND 23
    AND length(origin_name) BETWEEN 1 AND 23 AND length(company_name) BETWEEN 1 AND 16),
  CONSTRAINT originators_ids_fit_their_fields CHECK (length(immediate_origin) BETWEEN 9 AND 10 AND length(company_identification) BETWEEN 1 AND 10)
);
COMMENT ON TABLE payments.originators IS 'How a legal entity stands in the header of its ACH files, as its bank (ODFI) agreed';
SELECT core.isolate('payments.originators');

CREATE TABLE payments.counters (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  last_no bigint NOT NULL,
  CONSTRAINT counters_pkey PRIMARY KEY (tenant_id, name),
  CONSTRAINT counters_count_up CHECK (last_no > 0)
);
COMMENT ON TABLE payments.counters IS 'Trace numbers of an ODFI, and file id modifiers of a day: rows, so that what rolls back leaves no gap in a file';
SELECT core.isolate('payments.counters');

CREATE TABLE payments.payrolls (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  external_id text NOT NULL,
  pay_on date NOT NULL,
  currency text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  digest_formula smallint NOT NULL,
  instruction_count integer NOT NULL,
  total_minor bigint NOT NULL,
  status text NOT NULL DEFAULT 'pending',
  evaluation_no integer NOT NULL DEFAULT 0,
  evaluation_id text COLLATE "C",
  source_artifact_id text COLLATE "C",
  created_at timestamptz NOT NULL,
  committed_at timestamptz,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT payrolls_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT payrolls_one_per_external_id UNIQUE (tenant_id, legal_entity_id, external_id),
  CONSTRAINT payrolls_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT payrolls_evaluation_fkey FOREIGN KEY (tenant_id, evaluation_id) REFERENCES funding.gate_evaluations (tenant_id, id),
  CONSTRAINT payrolls_digest_is_sha256 CHECK (octet_length(digest) = 32),
  CONSTRAINT payrolls_external_id_is_short CHECK (length(external_id) BETWEEN 1 AND 100),
  CONSTRAINT payrolls_pay_somebody CHECK (instruction_count > 0 AND total_minor > 0),
  CONSTRAINT payrolls_committed_is_dated CHECK ((status = 'pending') = (committed_at IS NULL))
);
CREATE INDEX payrolls_by_status ON payments.payrolls (tenant_id, status, pay_on, id);
COMMENT ON TABLE payments.payrolls IS 'A payroll as its engine computed it: an input that is read and never edited; pending until the commit gate lets it pass';
SELECT core.isolate('payments.payrolls');

CREATE TABLE payments.instructions (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  payroll_id text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  obligation text,
  payee_id text COLLATE "C",
  bank_account_id text COLLATE "C",
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  due_on date NOT NULL,
  status text NOT NULL,
  reservation_id bigint,
  evaluation_id text COLLATE "C" NOT NULL,
  return_code text,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT instructions_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT instructions_key UNIQUE (tenant_id, idempotency_key),
  CONSTRAINT instructions_payroll_fkey FOREIGN KEY (tenant_id, payroll_id) REFERENCES payments.payrolls (tenant_id, id),
  CONSTRAINT instructions_payee_fkey FOREIGN KEY (tenant_id, payee_id) REFERENCES parties.parties (tenant_id, id),
  CONSTRAINT instructions_bank_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts (tenant_id, id),
  CONSTRAINT instructions_evaluation_fkey FOREIGN KEY (tenant_id, evaluation_id) REFERENCES funding.gate_evaluations (tenant_id, id),
  CONSTRAINT instructions_kind_is_known CHECK (kind IN ('net_pay', 'tax', 'third_party', 'fee')),
  CONSTRAINT instructions_net_pay_has_its_account CHECK (kind <> 'net_pay' OR (payee_id IS NOT NULL AND bank_account_id IS NOT NULL)),
  CONSTRAINT instructions_obligation_is_named CHECK ((kind = 'net_pay') = (obligation IS NULL)),
  CONSTRAINT instructions_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT instructions_funded_unless_blocked CHECK ((status = 'blocked_funds') = (reservation_id IS NULL)),
  CONSTRAINT instructions_returned_says_why CHECK ((status = 'returned') = (return_code IS NOT NULL))
);
CREATE INDEX instructions_by_status ON payments.instructions (tenant_id, status, id);
CREATE INDEX instructions_by_currency ON payments.instructions (tenant_id, currency, status) INCLUDE (amount_minor);
CREATE INDEX instructions_of_payroll ON payments.instructions (tenant_id, payroll_id, status, id);
CREATE INDEX instructions_by_amount ON payments.instructions (tenant_id, amount_minor, id);
COMMENT ON TABLE payments.instructions IS 'What is to be paid to whom and when: the intent. How it was tried stands in attempts, what became of it in settlement_events';
COMMENT ON COLUMN payments.instructions.reservation_id IS 'The money that is held for it, or was consumed by its attempt';
SELECT core.isolate('payments.instructions');

CREATE TABLE payments.ach_files (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  reference text COLLATE "C" NOT NULL,
  file_id_modifier text NOT NULL,
  file_created_on date NOT NULL,
  effective_on date NOT NULL,
  currency text COLLATE "C" NOT NULL,
  content_sealed bytea NOT NULL,
  sha256 bytea NOT NULL,
  byte_count bigint NOT NULL,
  entry_count integer NOT NULL,
  credit_minor bigint NOT NULL,
  debit_minor bigint NOT NULL,
  entry_hash text NOT NULL,
  status text NOT NULL DEFAULT 'pending',
  created_at timestamptz NOT NULL,
  delivered_at timestamptz,
  settled_on date,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT ach_files_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT ach_files_one_name_each UNIQUE (tenant_id, name),
  CONSTRAINT ach_files_one_reference_each UNIQUE (tenant_id, reference),
  CONSTRAINT ach_files_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT ach_files_reference_fits_its_field CHECK (reference ~ '^[A-Z0-9]{8}$'),
  CONSTRAINT ach_files_modifier_is_a_letter_or_digit CHECK (file_id_modifier ~ '^[A-Z0-9]$'),
  CONSTRAINT ach_files_hash_is_sha256 CHECK (octet_length(sha256) = 32),
  CONSTRAINT ach_files_carry_money CHECK (entry_count > 0 AND credit_minor > 0 AND debit_minor >= 0),
  CONSTRAINT ach_files_delivered_is_dated CHECK (status <> 'delivered' OR delivered_at IS NOT NULL),
  CONSTRAINT ach_files_settled_is_dated CHECK ((status = 'settled') = (settled_on IS NOT NULL))
);
CREATE INDEX ach_files_by_status ON payments.ach_files (tenant_id, status, id);
COMMENT ON TABLE payments.ach_files IS 'Files for the bank, fixed here before the first byte leaves: name, modifier, sealed bytes, hash and control totals never change';
COMMENT ON COLUMN payments.ach_files.reference IS 'Stands in the file header, and comes back on the statement line that settles the file';
SELECT core.isolate('payments.ach_files');

CREATE TABLE payments.attempts (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  instruction_id text COLLATE "C" NOT NULL,
  attempt_no integer NOT NULL,
  reservation_id bigint NOT NULL,
  transaction_id bigint NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  rail text NOT NULL,
  ach_file_id text COLLATE "C" NOT NULL,
  trace_number text COLLATE "C" NOT NULL,
  rdfi_identification text COLLATE "C" NOT NULL,
  status text NOT NULL DEFAULT 'sent',
  created_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT attempts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT attempts_are_numbered UNIQUE (tenant_id, instruction_id, attempt_no),
  CONSTRAINT attempts_use_a_reservation_once UNIQUE (tenant_id, reservation_id),
  CONSTRAINT attempts_one_entry_each UNIQUE (tenant_id, ach_file_id, trace_number),
  CONSTRAINT attempts_instruction_fkey FOREIGN KEY (tenant_id, instruction_id) REFERENCES payments.instructions (tenant_id, id),
  CONSTRAINT attempts_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files (tenant_id, id),
  CONSTRAINT attempts_reservation_fkey FOREIGN KEY (tenant_id, reservation_id) REFERENCES ledger.reservations (tenant_id, id),
  CONSTRAINT attempts_rail_is_known CHECK (rail IN ('ach')),
  CONSTRAINT attempts_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT attempts_trace_has_fifteen_digits CHECK (trace_number ~ '^[0-9]{15}$'),
  CONSTRAINT attempts_rdfi_has_eight_digits CHECK (rdfi_identification ~ '^[0-9]{8}$')
);
CREATE UNIQUE INDEX attempts_one_alive_per_instruction ON payments.attempts (tenant_id, instruction_id) WHERE status <> 'returned';
CREATE INDEX attempts_by_trace ON payments.attempts (tenant_id, trace_number);
COMMENT ON TABLE payments.attempts IS 'One try to pay one instruction. Nothing is sent without one consumed reservation, equal in amount and used once, whoever writes';
COMMENT ON COLUMN payments.attempts.transaction_id IS 'The posting that took the money out of the client''s funds when the reservation was captured';
SELECT core.isolate('payments.attempts');

CREATE TABLE payments.settlement_events (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  status text NOT NULL,
  direction text NOT NULL,
  rail text NOT NULL,
  attempt_id text COLLATE "C" NOT NULL,
  instruction_id text COLLATE "C" NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  return_code text,
  effective_on date NOT NULL,
  transaction_id bigint NOT NULL,
  artifact_id text COLLATE "C" NOT NULL,
  record_id text COLLATE "C",
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT settlement_events_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT settlement_events_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id),
  CONSTRAINT settlement_events_each_fact_once UNIQUE (tenant_id, attempt_id, status),
  CONSTRAINT settlement_events_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts (tenant_id, id),
  CONSTRAINT settlement_events_instruction_fkey FOREIGN KEY (tenant_id, instruction_id) REFERENCES payments.instructions (tenant_id, id),
  CONSTRAINT settlement_events_status_is_known CHECK (status IN ('settled', 'returned')),
  CONSTRAINT settlement_events_direction_is_known CHECK (direction IN ('outbound', 'inbound')),
  CONSTRAINT settlement_events_return_has_a_code CHECK ((status = 'returned') = (return_code IS NOT NULL)),
  CONSTRAINT settlement_events_amount_is_positive CHECK (amount_minor > 0)
);
CREATE INDEX settlement_events_of_instruction ON payments.settlement_events (tenant_id, instruction_id, id);
COMMENT ON TABLE payments.settlement_events IS 'What a bank said became of an attempt: the truth, append-only; the same evidence counts once';
SELECT core.isolate('payments.settlement_events'), core.append_only('payments.settlement_events');

CREATE TABLE payments.return_credits (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  value_on date NOT NULL,
  transaction_id bigint NOT NULL,
  artifact_id text COLLATE "C" NOT NULL,
  record_id text COLLATE "C",
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT return_credits_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT return_credits_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id),
  CONSTRAINT return_credits_amount_is_positive CHECK (amount_minor > 0)
);
COMMENT ON TABLE payments.return_credits IS 'Statement lines by which the bank gave returned money back: they clear what the return files announced';
SELECT core.isolate('payments.return_credits'), core.append_only('payments.return_credits');

GRANT SELECT ON ALL TABLES IN SCHEMA payments TO headgate_app, headgate_readonly;
GRANT INSERT ON payments.originators, payments.counters, payments.payrolls, payments.instructions, payments.ach_files,
  payments.attempts, payments.settlement_events, payments.return_credits TO headgate_app;
GRANT UPDATE (odfi_routing_number, destination_name, immediate_origin, origin_name, company_name, company_identification, changed_at)
  ON payments.originators TO headgate_app;
GRANT UPDATE (last_no) ON payments.counters TO headgate_app;
GRANT UPDATE (status, evaluation_no, evaluation_id, committed_at) ON payments.payrolls TO headgate_app;
GRANT UPDATE (status, reservation_id, evaluation_id, bank_account_id, payee_id, return_code, changed_at) ON payments.instructions TO headgate_app;
GRANT UPDATE (status, delivered_at, settled_on) ON payments.ach_files TO headgate_app;
GRANT UPDATE (status) ON payments.attempts TO headgate_app;
