-- Wires: Fedwire's own numbers of what was sent (IMAD) and handed over (OMAD), and each wire that comes in counted once.
ALTER TABLE payments.orders ADD COLUMN imad text COLLATE "C", ADD COLUMN omad text COLLATE "C",
  ADD CONSTRAINT orders_one_imad_each UNIQUE (tenant_id, imad),
  ADD CONSTRAINT orders_numbers_are_fedwires CHECK ((imad IS NULL OR rail = 'wire' AND imad ~ '^[0-9]{8}[A-Z0-9]{8}[0-9]{6}$')
    AND (omad IS NULL OR rail = 'wire' AND omad ~ '^[0-9]{8}[A-Z0-9]{8}[0-9]{6}$'));
CREATE INDEX orders_by_omad ON payments.orders (tenant_id, omad) WHERE omad IS NOT NULL;
COMMENT ON COLUMN payments.orders.imad IS 'Fedwire''s number of the wire as the bank sent it: what a statement line and a telephone call name';
COMMENT ON COLUMN payments.orders.omad IS 'Fedwire''s number of the wire as the other bank was given it';
GRANT SELECT (imad, omad), UPDATE (imad, omad) ON payments.orders TO headgate_app;
GRANT SELECT (imad, omad) ON payments.orders TO headgate_readonly;

CREATE TABLE funding.wire_numbers (
  tenant_id uuid NOT NULL,
  number text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  claimed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT wire_numbers_pkey PRIMARY KEY (tenant_id, number),
  CONSTRAINT wire_numbers_are_fedwires CHECK (number ~ '^[0-9]{8}[A-Z0-9]{8}[0-9]{6}$'),
  CONSTRAINT wire_numbers_amount_is_positive CHECK (amount_minor > 0)
);
COMMENT ON TABLE funding.wire_numbers IS 'Fedwire''s numbers of wires that came in, with the evidence that was counted: a statement and a provider that tell of one wire tell of one deposit';
CREATE INDEX wire_numbers_of_evidence ON funding.wire_numbers (tenant_id, source, external_id);
SELECT core.isolate('funding.wire_numbers'), core.append_only('funding.wire_numbers');
GRANT SELECT, INSERT ON funding.wire_numbers TO headgate_app;
GRANT SELECT ON funding.wire_numbers TO headgate_readonly;

-- Money that a client's bank is asked for: a drawdown request over Fedwire, a request for payment over FedNow or RTP.
INSERT INTO payments.transitions (entity, from_status, to_status) VALUES
  ('funding_ask', '', 'ready'), ('funding_ask', 'ready', 'sending'), ('funding_ask', 'ready', 'withdrawn'),
  ('funding_ask', 'sending', 'outcome_unknown'), ('funding_ask', 'sending', 'doubted'), ('funding_ask', 'sending', 'pending'),
  ('funding_ask', 'sending', 'accepted'), ('funding_ask', 'sending', 'refused'), ('funding_ask', 'sending', 'unheard'),
  ('funding_ask', 'sending', 'paid'), ('funding_ask', 'sending', 'expired'),
  ('funding_ask', 'outcome_unknown', 'doubted'), ('funding_ask', 'outcome_unknown', 'pending'),
  ('funding_ask', 'outcome_unknown', 'accepted'), ('funding_ask', 'outcome_unknown', 'refused'),
  ('funding_ask', 'outcome_unknown', 'paid'), ('funding_ask', 'outcome_unknown', 'expired'),
  ('funding_ask', 'doubted', 'pending'), ('funding_ask', 'doubted', 'accepted'), ('funding_ask', 'doubted', 'refused'),
  ('funding_ask', 'doubted', 'unheard'), ('funding_ask', 'doubted', 'paid'), ('funding_ask', 'doubted', 'expired'),
  ('funding_ask', 'pending', 'accepted'), ('funding_ask', 'pending', 'refused'), ('funding_ask', 'pending', 'paid'),
  ('funding_ask', 'pending', 'expired'),
  ('funding_ask', 'accepted', 'refused'), ('funding_ask', 'accepted', 'paid'), ('funding_ask', 'accepted', 'expired'),
  ('funding_ask', 'refused', 'paid'), ('funding_ask', 'expired', 'paid'), ('funding_ask', 'unheard', 'paid');

CREATE TABLE payments.funding_asks (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  funding_request_id text COLLATE "C" NOT NULL,
  attempt_no integer NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  bank_account_id text COLLATE "C" NOT NULL,
  authorization_id bigint NOT NULL,
  rail text COLLATE "C" NOT NULL,
  bank text COLLATE "C" NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  ask_sealed bytea NOT NULL,
  wanted_on date NOT NULL,
  expires_on date NOT NULL,
  status text NOT NULL DEFAULT 'ready',
  created_at timestamptz,
  message_id text COLLATE "C",
  reference text COLLATE "C",
  ask_count integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT funding_asks_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT funding_asks_are_numbered UNIQUE (tenant_id, funding_request_id, attempt_no),
  CONSTRAINT funding_asks_one_message_each UNIQUE (tenant_id, rail, message_id),
  CONSTRAINT funding_asks_request_fkey FOREIGN KEY (tenant_id, funding_request_id) REFERENCES funding.requests (tenant_id, id),
  CONSTRAINT funding_asks_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT funding_asks_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts (tenant_id, id),
  CONSTRAINT funding_asks_authorization_fkey FOREIGN KEY (tenant_id, authorization_id) REFERENCES funding.debit_authorizations (tenant_id, id),
  CONSTRAINT funding_asks_rail_is_spoken_to CHECK (rail IN ('wire', 'fednow', 'rtp')),
  CONSTRAINT funding_asks_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT funding_asks_are_named_before_they_leave CHECK ((status IN ('ready', 'withdrawn')) = (created_at IS NULL)
    AND (created_at IS NULL) = (message_id IS NULL) AND (created_at IS NULL) = (reference IS NULL))
);
CREATE UNIQUE INDEX funding_asks_one_under_way ON payments.funding_asks (tenant_id, funding_request_id)
  WHERE status NOT IN ('refused', 'unheard', 'expired', 'paid', 'withdrawn');
CREATE INDEX funding_asks_to_do ON payments.funding_asks (tenant_id, next_at, id) WHERE status NOT IN ('paid', 'withdrawn');
CREATE INDEX funding_asks_by_reference ON payments.funding_asks (tenant_id, rail, reference);
COMMENT ON TABLE payments.funding_asks IS 'One try to ask a client''s bank for the money of one funding request: nothing moves by it, and what is paid is a movement of its own';
COMMENT ON COLUMN payments.funding_asks.created_at IS 'The instant of its message, fixed when it is claimed for sending: every id of the message follows from it';
SELECT core.isolate('payments.funding_asks');

CREATE TABLE payments.funding_ask_answers (
  tenant_id uuid NOT NULL,
  ask_id text COLLATE "C" NOT NULL,
  answer_no integer NOT NULL,
  asked_by text NOT NULL,
  outcome text NOT NULL,
  code text NOT NULL,
  reason text NOT NULL,
  told text NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  evidence_sealed bytea,
  evidence_sha256 bytea,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT funding_ask_answers_pkey PRIMARY KEY (tenant_id, ask_id, answer_no),
  CONSTRAINT funding_ask_answers_ask_fkey FOREIGN KEY (tenant_id, ask_id) REFERENCES payments.funding_asks (tenant_id, id),
  CONSTRAINT funding_ask_answers_asked_by_is_known CHECK (asked_by IN ('submit', 'status', 'inbox')),
  CONSTRAINT funding_ask_answers_outcome_is_known CHECK (outcome IN ('pending', 'accepted', 'refused', 'outcome_unknown', 'unheard', 'unsent')),
  CONSTRAINT funding_ask_answers_evidence_is_whole CHECK ((evidence_sealed IS NULL) = (evidence_sha256 IS NULL))
);
CREATE UNIQUE INDEX funding_ask_answers_each_message_once ON payments.funding_ask_answers (tenant_id, ask_id, message_id) WHERE message_id <> '';
COMMENT ON TABLE payments.funding_ask_answers IS 'What was said of a request for money, in the order in which it was heard, with the bytes: append-only, a message counts once';
SELECT core.isolate('payments.funding_ask_answers'), core.append_only('payments.funding_ask_answers');
GRANT SELECT, INSERT ON payments.funding_asks, payments.funding_ask_answers TO headgate_app;
GRANT UPDATE (status, created_at, message_id, reference, ask_count, next_at, changed_at) ON payments.funding_asks TO headgate_app;
GRANT SELECT (tenant_id, id, funding_request_id, attempt_no, legal_entity_id, bank_account_id, authorization_id, rail, bank,
  amount_minor, currency, wanted_on, expires_on, status, created_at, message_id, reference, ask_count, next_at, changed_at,
  recorded_at) ON payments.funding_asks TO headgate_readonly;
GRANT SELECT (tenant_id, ask_id, answer_no, asked_by, outcome, code, reason, told, message_id, evidence_sha256, occurred_at,
  recorded_at) ON payments.funding_ask_answers TO headgate_readonly;
