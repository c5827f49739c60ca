-- Debits of clients over a bank's own API: a debit stands in a file, or is an order that is spoken for by itself.
ALTER TABLE payments.funding_attempts ALTER COLUMN ach_file_id DROP NOT NULL, ALTER COLUMN trace_number DROP NOT NULL,
  ADD CONSTRAINT funding_attempts_in_a_file_have_a_trace CHECK ((ach_file_id IS NULL) = (trace_number IS NULL));

-- A payment that answers a request for money may name nothing that we know: then its provider says which it is.
ALTER TABLE payments.funding_asks ADD COLUMN payment_reference text COLLATE "C";
CREATE UNIQUE INDEX funding_asks_one_payment_each ON payments.funding_asks (tenant_id, rail, payment_reference);
COMMENT ON COLUMN payments.funding_asks.payment_reference IS 'What the provider calls the payment that answers it, once it told that: that money is the request''s';
GRANT SELECT (payment_reference), UPDATE (payment_reference) ON payments.funding_asks TO headgate_app;
GRANT SELECT (payment_reference) ON payments.funding_asks TO headgate_readonly;

INSERT INTO payments.transitions (entity, from_status, to_status) VALUES
  ('debit_order', '', 'ready'), ('debit_order', 'ready', 'sending'),
  ('debit_order', 'sending', 'outcome_unknown'), ('debit_order', 'sending', 'doubted'), ('debit_order', 'sending', 'accepted'),
  ('debit_order', 'sending', 'settled'), ('debit_order', 'sending', 'rejected'), ('debit_order', 'sending', 'returned'),
  ('debit_order', 'sending', 'unheard'),
  ('debit_order', 'outcome_unknown', 'doubted'), ('debit_order', 'outcome_unknown', 'accepted'),
  ('debit_order', 'outcome_unknown', 'settled'), ('debit_order', 'outcome_unknown', 'rejected'),
  ('debit_order', 'outcome_unknown', 'returned'),
  ('debit_order', 'doubted', 'outcome_unknown'), ('debit_order', 'doubted', 'accepted'), ('debit_order', 'doubted', 'settled'),
  ('debit_order', 'doubted', 'rejected'), ('debit_order', 'doubted', 'returned'), ('debit_order', 'doubted', 'unheard'),
  ('debit_order', 'accepted', 'settled'), ('debit_order', 'accepted', 'rejected'), ('debit_order', 'accepted', 'returned'),
  ('debit_order', 'settled', 'returned');

CREATE TABLE payments.debit_orders (
  tenant_id uuid NOT NULL,
  debit_id text COLLATE "C" NOT NULL,
  rail text COLLATE "C" NOT NULL,
  bank text COLLATE "C" NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  order_sealed bytea NOT NULL,
  effective_on date NOT NULL,
  status text NOT NULL DEFAULT 'ready',
  created_at timestamptz,
  message_id text COLLATE "C",
  reference text COLLATE "C",
  provider_reference text COLLATE "C",
  ask_count integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT debit_orders_pkey PRIMARY KEY (tenant_id, debit_id),
  CONSTRAINT debit_orders_debit_fkey FOREIGN KEY (tenant_id, debit_id) REFERENCES payments.funding_attempts (tenant_id, id),
  CONSTRAINT debit_orders_one_message_each UNIQUE (tenant_id, rail, message_id),
  CONSTRAINT debit_orders_one_provider_reference_each UNIQUE (tenant_id, provider_reference),
  CONSTRAINT debit_orders_rail_is_spoken_to CHECK (rail = 'ach'),
  CONSTRAINT debit_orders_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT debit_orders_are_named_before_they_leave CHECK ((status = 'ready') = (created_at IS NULL)
    AND (created_at IS NULL) = (message_id IS NULL) AND (created_at IS NULL) = (reference IS NULL))
);
CREATE INDEX debit_orders_to_do ON payments.debit_orders (tenant_id, next_at, debit_id)
  WHERE status IN ('ready', 'sending', 'outcome_unknown', 'doubted', 'accepted');
CREATE INDEX debit_orders_by_reference ON payments.debit_orders (tenant_id, reference);
COMMENT ON TABLE payments.debit_orders IS 'A debit of a client that goes to a provider by itself: what is known of it. The debit is in payments.funding_attempts';
COMMENT ON COLUMN payments.debit_orders.created_at IS 'The instant of its sending, fixed when it is claimed: from then on it is asked about, and never made anew';
COMMENT ON COLUMN payments.debit_orders.provider_reference IS 'The id under which the provider knows it, once that was told';
SELECT core.isolate('payments.debit_orders');

CREATE TABLE payments.debit_order_answers (
  tenant_id uuid NOT NULL,
  debit_id text COLLATE "C" NOT NULL,
  answer_no integer NOT NULL,
  asked_by text NOT NULL,
  outcome text NOT NULL,
  code text NOT NULL,
  reason text NOT NULL,
  told text NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  amount_minor bigint,
  evidence_sealed bytea,
  evidence_sha256 bytea,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT debit_order_answers_pkey PRIMARY KEY (tenant_id, debit_id, answer_no),
  CONSTRAINT debit_order_answers_order_fkey FOREIGN KEY (tenant_id, debit_id) REFERENCES payments.debit_orders (tenant_id, debit_id),
  CONSTRAINT debit_order_answers_asked_by_is_known CHECK (asked_by IN ('submit', 'status', 'inbox')),
  CONSTRAINT debit_order_answers_outcome_is_known
    CHECK (outcome IN ('accepted', 'settled', 'rejected', 'returned', 'outcome_unknown', 'unheard', 'unsent')),
  CONSTRAINT debit_order_answers_evidence_is_whole CHECK ((evidence_sealed IS NULL) = (evidence_sha256 IS NULL))
);
CREATE UNIQUE INDEX debit_order_answers_each_message_once ON payments.debit_order_answers (tenant_id, debit_id, message_id)
  WHERE message_id <> '';
COMMENT ON TABLE payments.debit_order_answers IS 'What was said of a debit over a provider, in the order in which it was heard, with the bytes: append-only, a message counts once';
SELECT core.isolate('payments.debit_order_answers'), core.append_only('payments.debit_order_answers');
GRANT SELECT, INSERT ON payments.debit_orders, payments.debit_order_answers TO headgate_app;
GRANT UPDATE (status, created_at, message_id, reference, provider_reference, ask_count, next_at, changed_at)
  ON payments.debit_orders TO headgate_app;
GRANT SELECT (tenant_id, debit_id, rail, bank, amount_minor, currency, effective_on, status, created_at, message_id, reference,
  provider_reference, ask_count, next_at, changed_at, recorded_at) ON payments.debit_orders TO headgate_readonly;
GRANT SELECT (tenant_id, debit_id, answer_no, asked_by, outcome, code, reason, told, message_id, amount_minor, evidence_sha256,
  occurred_at, recorded_at) ON payments.debit_order_answers TO headgate_readonly;
