-- Funding as an intent (a request), and what became of it (events): settled is not final.
CREATE TABLE funding.transitions (
  entity text NOT NULL,
  from_status text NOT NULL,
  to_status text NOT NULL,
  CONSTRAINT transitions_pkey PRIMARY KEY (entity, from_status, to_status)
);
COMMENT ON TABLE funding.transitions IS 'The legal status moves of funding requests; '''' is nothing yet';
-- Money comes, is taken back, comes again, and the gate asks anew: a request that is not cancelled may stand anywhere after
-- anywhere, as its events say (the check proves that it does). Cancelled is an end, and only where no money is.
INSERT INTO funding.transitions (entity, from_status, to_status) VALUES
  ('request', '', 'covered'), ('request', '', 'requested'),
  ('request', 'covered', 'cancelled'), ('request', 'requested', 'cancelled'), ('request', 'submitted', 'cancelled'),
  ('request', 'returned', 'cancelled');
INSERT INTO funding.transitions (entity, from_status, to_status)
SELECT 'request', f.status, t.status
  FROM unnest(ARRAY['covered', 'requested', 'submitted', 'partially_funded', 'settled', 'final', 'returned']) f (status)
 CROSS JOIN unnest(ARRAY['covered', 'requested', 'submitted', 'partially_funded', 'settled', 'final', 'returned']) t (status)
 WHERE f.status <> t.status AND (t.status <> 'submitted' OR f.status = 'requested');

CREATE TABLE funding.rail_offers (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  legal_entity_id text COLLATE "C" NOT NULL,
  profile text COLLATE "C" NOT NULL,
  rails text[] NOT NULL,
  default_rail text NOT NULL,
  offered_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT rail_offers_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT rail_offers_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT rail_offers_profile_is_named CHECK (profile ~ '^[a-z][a-z0-9_]{0,59}$'),
  CONSTRAINT rail_offers_rails_are_known
    CHECK (rails <@ ARRAY['ach_debit', 'inbound_wire', 'drawdown', 'fednow_rfp', 'rtp_rfp', 'book'] AND cardinality(rails) > 0),
  CONSTRAINT rail_offers_default_is_offered CHECK (default_rail = ANY (rails))
);
CREATE INDEX rail_offers_of_legal_entity ON funding.rail_offers (tenant_id, legal_entity_id, id DESC);
COMMENT ON TABLE funding.rail_offers IS 'Over which rails a legal entity''s money can come in, as its bank profile says; the newest row counts';
SELECT core.isolate('funding.rail_offers'), core.append_only('funding.rail_offers');

CREATE TABLE funding.requests (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  subject text COLLATE "C",
  rail text NOT NULL,
  profile text COLLATE "C" NOT NULL,
  amount_minor bigint NOT NULL,
  asked_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  due_on date NOT NULL,
  instructions jsonb NOT NULL,
  status text NOT NULL,
  block_reason text,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT requests_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT requests_key UNIQUE (tenant_id, idempotency_key),
  CONSTRAINT requests_one_a_subject UNIQUE (tenant_id, subject),
  CONSTRAINT requests_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT requests_rail_is_known CHECK (rail IN ('ach_debit', 'inbound_wire', 'drawdown', 'fednow_rfp', 'rtp_rfp', 'book')),
  CONSTRAINT requests_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT requests_asks_no_more_than_the_need CHECK (asked_minor BETWEEN 0 AND amount_minor),
  CONSTRAINT requests_key_length CHECK (length(idempotency_key) BETWEEN 1 AND 255),
  CONSTRAINT requests_block_reason CHECK (block_reason IN ('insufficient_funds', 'policy_violation', 'reservation_conflict'))
);
CREATE INDEX requests_of_legal_entity ON funding.requests (tenant_id, legal_entity_id, id);
CREATE INDEX requests_waiting ON funding.requests (tenant_id, legal_entity_id, currency, due_on, id)
  WHERE status IN ('requested', 'submitted', 'partially_funded', 'returned');
COMMENT ON TABLE funding.requests IS 'What money is asked for, of whom, over which rail and by when: the intent. What came stands in funding.events';
COMMENT ON COLUMN funding.requests.subject IS 'The payroll that needs the money; each commit of a payroll makes or reuses one request';
COMMENT ON COLUMN funding.requests.amount_minor IS 'The need';
COMMENT ON COLUMN funding.requests.asked_minor IS 'What the client was asked to pay of it: what lacked when the gate last judged';
COMMENT ON COLUMN funding.requests.status IS 'covered: nothing is asked for; settled is provisional while a hold runs; final can be reserved';
SELECT core.isolate('funding.requests');

CREATE TABLE funding.events (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  funding_request_id text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  rail text NOT NULL,
  provider text COLLATE "C" NOT NULL,
  external_trace_id text COLLATE "C" NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  settled_at timestamptz NOT NULL,
  return_deadline_at timestamptz,
  final_at timestamptz,
  of_event_id text COLLATE "C",
  return_code text,
  transaction_id bigint NOT NULL,
  deposit_id text COLLATE "C",
  clawed_minor bigint NOT NULL DEFAULT 0,
  receivable_minor bigint NOT NULL DEFAULT 0,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT events_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT events_request_fkey FOREIGN KEY (tenant_id, funding_request_id) REFERENCES funding.requests (tenant_id, id),
  CONSTRAINT events_of_event_fkey FOREIGN KEY (tenant_id, of_event_id) REFERENCES funding.events (tenant_id, id),
  CONSTRAINT events_deposit_fkey FOREIGN KEY (tenant_id, deposit_id) REFERENCES funding.deposits (tenant_id, id),
  CONSTRAINT events_same_evidence_counts_once UNIQUE (tenant_id, provider, external_trace_id, funding_request_id),
  CONSTRAINT events_are_returned_once UNIQUE (tenant_id, of_event_id),
  CONSTRAINT events_kind_is_known CHECK (kind IN ('settled', 'partially_funded', 'overfunded', 'returned')),
  CONSTRAINT events_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT events_return_names_its_event CHECK ((kind = 'returned') = (of_event_id IS NOT NULL AND return_code IS NOT NULL)
    AND (kind = 'returned' OR return_code IS NULL)),
  CONSTRAINT events_money_becomes_final CHECK ((kind <> 'returned') = (final_at IS NOT NULL) AND final_at >= settled_at),
  CONSTRAINT events_late_return_is_taken_back CHECK (clawed_minor >= 0 AND receivable_minor >= 0
    AND (clawed_minor + receivable_minor = 0 OR (kind = 'returned' AND clawed_minor + receivable_minor = amount_minor)))
);
CREATE INDEX events_of_request ON funding.events (tenant_id, funding_request_id, id);
CREATE INDEX events_held ON funding.events (tenant_id, legal_entity_id, currency, final_at) WHERE return_deadline_at IS NOT NULL;
CREATE INDEX events_owed ON funding.events (tenant_id, legal_entity_id, currency, id) WHERE receivable_minor > 0;
COMMENT ON TABLE funding.events IS 'What happened to a funding request: money that settled (less or more than asked), or was returned; append-only';
COMMENT ON COLUMN funding.events.return_deadline_at IS 'Until when the bank may take it back; NULL where the rail is final when it settles';
COMMENT ON COLUMN funding.events.final_at IS 'From when on it may be reserved; until then it is provisional and lies in PROVISIONAL_FUNDS';
COMMENT ON COLUMN funding.events.receivable_minor IS 'Of a late return: what the client''s funds no longer held, and the client owes';
SELECT core.isolate('funding.events'), core.append_only('funding.events');

CREATE TABLE funding.finalisations (
  tenant_id uuid NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  transaction_id bigint NOT NULL,
  finalised_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT finalisations_pkey PRIMARY KEY (tenant_id, event_id),
  CONSTRAINT finalisations_one_transaction_each UNIQUE (tenant_id, transaction_id),
  CONSTRAINT finalisations_event_fkey FOREIGN KEY (tenant_id, event_id) REFERENCES funding.events (tenant_id, id)
);
COMMENT ON TABLE funding.finalisations IS 'Provisional money whose hold has passed: the posting that made it the client''s, to be reserved';
SELECT core.isolate('funding.finalisations'), core.append_only('funding.finalisations');

CREATE TABLE funding.recoveries (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  return_event_id text COLLATE "C" NOT NULL,
  amount_minor bigint NOT NULL,
  transaction_id bigint NOT NULL,
  recovered_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT recoveries_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT recoveries_one_transaction_each UNIQUE (tenant_id, transaction_id),
  CONSTRAINT recoveries_event_fkey FOREIGN KEY (tenant_id, return_event_id) REFERENCES funding.events (tenant_id, id),
  CONSTRAINT recoveries_amount_is_positive CHECK (amount_minor > 0)
);
CREATE INDEX recoveries_of_event ON funding.recoveries (tenant_id, return_event_id);
COMMENT ON TABLE funding.recoveries IS 'What a client owed for a late return and later money paid back, before anything else could reserve it';
SELECT core.isolate('funding.recoveries'), core.append_only('funding.recoveries');

ALTER TABLE funding.deposits DROP CONSTRAINT deposits_rail_is_known,
  ADD CONSTRAINT deposits_rail_is_known CHECK (rail IN ('wire', 'ach_credit', 'realtime', 'book'));
ALTER TABLE funding.gate_evaluations ADD COLUMN funding_request_id text COLLATE "C",
  ADD CONSTRAINT gate_evaluations_request_fkey FOREIGN KEY (tenant_id, funding_request_id) REFERENCES funding.requests (tenant_id, id);
COMMENT ON COLUMN funding.gate_evaluations.funding_request_id IS 'The request by which the subject''s money is asked for';

GRANT SELECT ON funding.transitions, funding.rail_offers, funding.requests, funding.events, funding.finalisations, funding.recoveries
  TO headgate_app, headgate_readonly;
GRANT INSERT ON funding.rail_offers, funding.requests, funding.events, funding.finalisations, funding.recoveries TO headgate_app;
GRANT UPDATE (asked_minor, status, block_reason, instructions, changed_at) ON funding.requests TO headgate_app;
