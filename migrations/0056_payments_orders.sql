-- Payments over rails that are spoken to, order by order: whom a tenant speaks to, what was sent, and what was answered.
CREATE TABLE payments.provider_settings (
  tenant_id uuid NOT NULL,
  rail text COLLATE "C" NOT NULL,
  set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  set_by text NOT NULL DEFAULT core.actor_id(),
  is_active boolean NOT NULL,
  bank text COLLATE "C" NOT NULL,
  routing_number text NOT NULL,
  account_last4 text NOT NULL,
  address jsonb NOT NULL,
  url_shown text NOT NULL,
  secrets_sealed bytea NOT NULL,
  has_authorization boolean NOT NULL,
  timeout_seconds integer NOT NULL,
  fallback_rail text COLLATE "C",
  CONSTRAINT provider_settings_pkey PRIMARY KEY (tenant_id, rail, set_at),
  CONSTRAINT provider_settings_rail_is_spoken_to CHECK (rail IN ('wire', 'fednow', 'rtp')),
  CONSTRAINT provider_settings_fallback_is_another_rail CHECK (fallback_rail IN ('ach', 'wire', 'fednow', 'rtp') AND fallback_rail <> rail),
  CONSTRAINT provider_settings_routing_has_nine_digits CHECK (routing_number ~ '^[0-9]{9}$'),
  CONSTRAINT provider_settings_waits_some_time CHECK (timeout_seconds BETWEEN 1 AND 120)
);
COMMENT ON TABLE payments.provider_settings IS 'Whom a tenant speaks to over a rail, and from which account it pays; the last row of a rail holds';
COMMENT ON COLUMN payments.provider_settings.secrets_sealed IS 'The whole URL, the account number and what is sent as Authorization; url_shown lacks the query';
COMMENT ON COLUMN payments.provider_settings.fallback_rail IS 'The rail for what cannot go over this one; none: it waits, with a case';
SELECT core.isolate('payments.provider_settings'), core.append_only('payments.provider_settings');
GRANT SELECT, INSERT ON payments.provider_settings TO headgate_app;
GRANT SELECT (tenant_id, rail, set_at, set_by, is_active, bank, routing_number, account_last4, url_shown, has_authorization,
  timeout_seconds, fallback_rail) ON payments.provider_settings TO headgate_readonly;

-- Which rail an instruction asks for; what it is tried over stands in its attempts.
ALTER TABLE payments.instructions ADD COLUMN rail text COLLATE "C" NOT NULL DEFAULT 'ach';
ALTER TABLE payments.instructions ADD CONSTRAINT instructions_rail_is_known CHECK (rail IN ('ach', 'wire', 'fednow', 'rtp'));
COMMENT ON COLUMN payments.instructions.rail IS 'The rail that the payroll asks for, else the default of the bank''s profile';
INSERT INTO payments.transitions (entity, from_status, to_status) VALUES
  ('instruction', 'sent', 'awaiting_funding'),
  ('attempt', 'sent', 'rejected'),
  ('order', '', 'ready'), ('order', 'ready', 'sending'),
  ('order', 'sending', 'outcome_unknown'), ('order', 'sending', 'doubted'), ('order', 'sending', 'accepted'),
  ('order', 'sending', 'settled'), ('order', 'sending', 'rejected'), ('order', 'sending', 'returned'), ('order', 'sending', 'unheard'),
  ('order', 'outcome_unknown', 'doubted'), ('order', 'outcome_unknown', 'accepted'), ('order', 'outcome_unknown', 'settled'),
  ('order', 'outcome_unknown', 'rejected'), ('order', 'outcome_unknown', 'returned'),
  ('order', 'doubted', 'outcome_unknown'), ('order', 'doubted', 'accepted'), ('order', 'doubted', 'settled'),
  ('order', 'doubted', 'rejected'), ('order', 'doubted', 'returned'), ('order', 'doubted', 'unheard'),
  ('order', 'accepted', 'settled'), ('order', 'accepted', 'rejected'), ('order', 'accepted', 'returned'),
  ('order', 'settled', 'returned');

-- An attempt stands in a file, or is an order.
ALTER TABLE payments.attempts ALTER COLUMN ach_file_id DROP NOT NULL, ALTER COLUMN trace_number DROP NOT NULL,
  ALTER COLUMN rdfi_identification DROP NOT NULL, DROP CONSTRAINT attempts_rail_is_known,
  ADD CONSTRAINT attempts_rail_is_known CHECK (rail IN ('ach', 'wire', 'fednow', 'rtp')),
  ADD CONSTRAINT attempts_over_ach_stand_in_a_file CHECK ((rail = 'ach') = (ach_file_id IS NOT NULL)
    AND (rail = 'ach') = (trace_number IS NOT NULL) AND (rail = 'ach') = (rdfi_identification IS NOT NULL));
DROP INDEX payments.attempts_one_alive_per_instruction;
CREATE UNIQUE INDEX attempts_one_alive_per_instruction ON payments.attempts (tenant_id, instruction_id)
  WHERE status NOT IN ('returned', 'rejected');

CREATE TABLE payments.orders (
  tenant_id uuid NOT NULL,
  attempt_id text COLLATE "C" NOT NULL,
  instruction_id text COLLATE "C" NOT NULL,
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
  ask_count integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  recall text NOT NULL DEFAULT '',
  recall_reason text COLLATE "C",
  recall_at timestamptz,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT orders_pkey PRIMARY KEY (tenant_id, attempt_id),
  CONSTRAINT orders_one_message_each UNIQUE (tenant_id, rail, message_id),
  CONSTRAINT orders_one_reference_each UNIQUE (tenant_id, rail, reference),
  CONSTRAINT orders_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts (tenant_id, id),
  CONSTRAINT orders_instruction_fkey FOREIGN KEY (tenant_id, instruction_id) REFERENCES payments.instructions (tenant_id, id),
  CONSTRAINT orders_rail_is_spoken_to CHECK (rail IN ('wire', 'fednow', 'rtp')),
  CONSTRAINT orders_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT orders_are_named_before_they_leave CHECK ((status = 'ready') = (created_at IS NULL)
    AND (status = 'ready') = (message_id IS NULL) AND (status = 'ready') = (reference IS NULL)),
  CONSTRAINT orders_recall_is_known CHECK (recall IN ('', 'asked', 'pending', 'promised', 'refused')),
  CONSTRAINT orders_recall_says_why CHECK ((recall = '') = (recall_reason IS NULL) AND (recall_at IS NULL OR recall <> ''))
);
CREATE INDEX orders_to_do ON payments.orders (tenant_id, next_at, attempt_id) WHERE status NOT IN ('settled', 'rejected', 'returned', 'unheard');
CREATE INDEX orders_to_recall ON payments.orders (tenant_id, attempt_id) WHERE recall = 'asked';
CREATE INDEX orders_of_instruction ON payments.orders (tenant_id, instruction_id);
COMMENT ON TABLE payments.orders IS 'What goes to a provider order by order: its message''s ids and instant are fixed before the first byte leaves, and it is sent once';
COMMENT ON COLUMN payments.orders.created_at IS 'The instant of its message: fixed when it is claimed for sending; with the order, every id of the message follows from it';
COMMENT ON COLUMN payments.orders.next_at IS 'When it is sent, or asked about next, by the tenant''s clock';
SELECT core.isolate('payments.orders');

CREATE TABLE payments.order_answers (
  tenant_id uuid NOT NULL,
  attempt_id text COLLATE "C" NOT NULL,
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
  approval_id text COLLATE "C",
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT order_answers_pkey PRIMARY KEY (tenant_id, attempt_id, answer_no),
  CONSTRAINT order_answers_order_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.orders (tenant_id, attempt_id),
  CONSTRAINT order_answers_approval_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests (tenant_id, id),
  CONSTRAINT order_answers_asked_by_is_known CHECK (asked_by IN ('submit', 'status', 'inbox', 'report', 'recall', 'people')),
  CONSTRAINT order_answers_outcome_is_known CHECK (outcome IN ('accepted', 'settled', 'rejected', 'returned', 'outcome_unknown',
    'unheard', 'unsent', 'recall_pending', 'recall_promised', 'recall_refused')),
  CONSTRAINT order_answers_of_people_are_approved CHECK ((asked_by = 'people') = (approval_id IS NOT NULL)),
  CONSTRAINT order_answers_evidence_is_whole CHECK ((evidence_sealed IS NULL) = (evidence_sha256 IS NULL))
);
CREATE UNIQUE INDEX order_answers_each_message_once ON payments.order_answers (tenant_id, attempt_id, message_id) WHERE message_id <> '';
COMMENT ON TABLE payments.order_answers IS 'What was said of an order, in the order in which it was heard, with the bytes: append-only, a message counts once';
SELECT core.isolate('payments.order_answers'), core.append_only('payments.order_answers');

CREATE TABLE payments.provider_inboxes (
  tenant_id uuid NOT NULL,
  rail text COLLATE "C" NOT NULL,
  url_shown text NOT NULL,
  last_no bigint NOT NULL,
  CONSTRAINT provider_inboxes_pkey PRIMARY KEY (tenant_id, rail, url_shown),
  CONSTRAINT provider_inboxes_count_up CHECK (last_no >= 0)
);
COMMENT ON TABLE payments.provider_inboxes IS 'Up to which message a provider''s inbox was read; it moves in the transaction that applies the message';
SELECT core.isolate('payments.provider_inboxes');

-- Over an instant rail money may come back in parts; every other fact of an attempt is there once.
-- What a provider says needs no artifact: its bytes stand with the order's answers. What it refused never moved.
ALTER TABLE payments.settlement_events ALTER COLUMN artifact_id DROP NOT NULL,
  DROP CONSTRAINT settlement_events_each_fact_once, DROP CONSTRAINT settlement_events_status_is_known, DROP CONSTRAINT settlement_events_return_has_a_code,
  ADD CONSTRAINT settlement_events_status_is_known CHECK (status IN ('settled', 'returned', 'rejected')),
  ADD CONSTRAINT settlement_events_return_has_a_code CHECK (status = 'rejected' OR (status = 'returned') = (return_code IS NOT NULL));
ALTER TABLE payments.return_credits ALTER COLUMN artifact_id DROP NOT NULL;
CREATE UNIQUE INDEX settlement_events_each_fact_once ON payments.settlement_events (tenant_id, attempt_id, status)
  WHERE rail = 'ach' OR status <> 'returned';
CREATE INDEX settlement_events_of_attempt ON payments.settlement_events (tenant_id, attempt_id);

GRANT SELECT ON payments.orders, payments.order_answers, payments.provider_inboxes TO headgate_app;
GRANT SELECT (tenant_id, attempt_id, instruction_id, rail, bank, amount_minor, currency, effective_on, status, created_at, message_id,
  reference, ask_count, next_at, changed_at, recall, recall_reason, recall_at, recorded_at) ON payments.orders TO headgate_readonly;
GRANT SELECT (tenant_id, attempt_id, answer_no, asked_by, outcome, code, reason, told, message_id, amount_minor, evidence_sha256,
  approval_id, occurred_at, recorded_at) ON payments.order_answers TO headgate_readonly;
GRANT SELECT ON payments.provider_inboxes TO headgate_readonly;
GRANT INSERT ON payments.orders, payments.order_answers, payments.provider_inboxes TO headgate_app;
GRANT UPDATE (status, created_at, message_id, reference, ask_count, next_at, changed_at, recall, recall_reason, recall_at)
  ON payments.orders TO headgate_app;
GRANT UPDATE (last_no) ON payments.provider_inboxes TO headgate_app;
