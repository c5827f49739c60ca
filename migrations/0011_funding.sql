-- Money in as evidence says it, and the gate's judgements with the figures they saw.
SELECT core.make_schema('funding', 'Deposits of clients'' money, and the gate that lets nothing flow unless it is funded');

CREATE TABLE funding.payer_references (
  tenant_id uuid NOT NULL,
  reference text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT payer_references_pkey PRIMARY KEY (tenant_id, reference),
  CONSTRAINT payer_references_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT payer_references_can_stand_in_any_bank_line CHECK (reference ~ '^[A-Z0-9]{6,16}$')
);
CREATE INDEX payer_references_of_legal_entity ON funding.payer_references (tenant_id, legal_entity_id);
COMMENT ON TABLE funding.payer_references IS 'The words by which a bank line names the legal entity whose money it brings; given to clients in their wire instructions';
SELECT core.isolate('funding.payer_references'), core.append_only('funding.payer_references');

CREATE TABLE funding.deposits (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C",
  reference text COLLATE "C",
  rail text NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  value_on date NOT NULL,
  transaction_id bigint NOT NULL,
  record_id text COLLATE "C",
  settled_at timestamptz NOT NULL,
  final_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT deposits_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT deposits_same_evidence_counts_once UNIQUE (tenant_id, source, external_id),
  CONSTRAINT deposits_one_transaction_each UNIQUE (tenant_id, transaction_id),
  CONSTRAINT deposits_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT deposits_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT deposits_rail_is_known CHECK (rail IN ('wire', 'ach_credit', 'realtime')),
  CONSTRAINT deposits_payer_is_known_by_a_reference CHECK ((legal_entity_id IS NULL) = (reference IS NULL)),
  CONSTRAINT deposits_final_after_settled CHECK (final_at >= settled_at)
);
CREATE INDEX deposits_of_legal_entity ON funding.deposits (tenant_id, legal_entity_id, id);
COMMENT ON TABLE funding.deposits IS 'Money that came in, as a bank said it: one row a statement line; without a legal entity the payer is unknown and the money lies in SUSPENSE';
COMMENT ON COLUMN funding.deposits.final_at IS 'From when on nothing can take it back; only final money is available, and wires and pushed credits are final when they settle';
SELECT core.isolate('funding.deposits'), core.append_only('funding.deposits');

CREATE TABLE funding.gate_evaluations (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  gate_type text NOT NULL,
  subject text COLLATE "C" NOT NULL,
  evaluation_no integer NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  passed boolean NOT NULL,
  reason text,
  required_minor bigint NOT NULL,
  available_minor bigint NOT NULL,
  posted_minor bigint NOT NULL,
  reserved_minor bigint NOT NULL,
  own_reserved_minor bigint NOT NULL,
  shortfall_minor bigint GENERATED ALWAYS AS (greatest(required_minor - available_minor, 0)) STORED,
  requirement jsonb NOT NULL,
  reservations_seen jsonb NOT NULL DEFAULT '[]',
  client_message text,
  funded_until timestamptz,
  evaluated_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT gate_evaluations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT gate_evaluations_are_numbered UNIQUE (tenant_id, subject, evaluation_no),
  CONSTRAINT gate_evaluations_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT gate_evaluations_gate_type CHECK (gate_type IN ('commit', 'pay')),
  CONSTRAINT gate_evaluations_reason CHECK (reason IN ('insufficient_funds', 'reservation_conflict')),
  CONSTRAINT gate_evaluations_failure_has_a_reason CHECK (passed = (reason IS NULL)),
  CONSTRAINT gate_evaluations_number_is_positive CHECK (evaluation_no > 0),
  CONSTRAINT gate_evaluations_requirement_is_positive CHECK (required_minor > 0),
  CONSTRAINT gate_evaluations_pass_is_covered CHECK (NOT passed OR available_minor >= required_minor),
  CONSTRAINT gate_evaluations_available_adds_up CHECK (available_minor = posted_minor - reserved_minor + own_reserved_minor)
);
CREATE INDEX gate_evaluations_of_legal_entity ON funding.gate_evaluations (tenant_id, legal_entity_id, id);
CREATE INDEX gate_evaluations_failed ON funding.gate_evaluations (tenant_id, id) WHERE NOT passed;
COMMENT ON TABLE funding.gate_evaluations IS 'Every judgement of the gate with the figures it saw; a subject''s judgements are numbered, whichever gate made them';
COMMENT ON COLUMN funding.gate_evaluations.available_minor IS 'Posted less reserved, the subject''s own reservations counted back';
COMMENT ON COLUMN funding.gate_evaluations.reservations_seen IS 'On a reservation conflict: the reservations of others that hold the money';
COMMENT ON COLUMN funding.gate_evaluations.funded_until IS 'The settlement time of the newest deposit that the figures counted: how old the evidence was';
SELECT core.isolate('funding.gate_evaluations'), core.append_only('funding.gate_evaluations');

GRANT SELECT ON ALL TABLES IN SCHEMA funding TO headgate_app, headgate_readonly;
GRANT INSERT ON funding.payer_references, funding.deposits, funding.gate_evaluations TO headgate_app;
