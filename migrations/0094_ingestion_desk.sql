-- What people say of evidence at their desks: what the columns of a table mean, and why they looked at what is hidden;
-- and the way from a line to what it caused, and back.
CREATE TABLE ingestion.mappings (
  tenant_id uuid NOT NULL,
  source text COLLATE "C" NOT NULL,
  fingerprint text COLLATE "C" NOT NULL,
  saved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  saved_by text NOT NULL DEFAULT core.actor_id(),
  is_active boolean NOT NULL DEFAULT true,
  parser text COLLATE "C" NOT NULL,
  mapping jsonb NOT NULL,
  CONSTRAINT mappings_pkey PRIMARY KEY (tenant_id, source, fingerprint, saved_at),
  CONSTRAINT mappings_source_is_a_word CHECK (source ~ '^[a-z][a-z0-9_.-]{0,59}$'),
  CONSTRAINT mappings_fingerprint_is_sha256 CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
  CONSTRAINT mappings_mapping_is_an_object CHECK (jsonb_typeof(mapping) = 'object')
);
COMMENT ON TABLE ingestion.mappings IS 'What the columns of a source''s tables mean, as a person said it; the last row of a fingerprint holds';
COMMENT ON COLUMN ingestion.mappings.fingerprint IS 'Of the names of the columns in their order (ingestion/mapping.py)';
SELECT core.isolate('ingestion.mappings'), core.append_only('ingestion.mappings');

CREATE TABLE ingestion.reveals (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  reason text NOT NULL,
  revealed_to text NOT NULL DEFAULT core.actor_id(),
  revealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  until timestamptz NOT NULL,
  CONSTRAINT reveals_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT reveals_say_why CHECK (btrim(reason) <> '' AND length(reason) <= 500),
  CONSTRAINT reveals_end CHECK (until > revealed_at)
);
COMMENT ON TABLE ingestion.reveals IS 'Who was shown the names and account numbers of an artifact or a message, why, and until when';
CREATE INDEX reveals_of_subject ON ingestion.reveals (tenant_id, subject, revealed_to, until);
SELECT core.isolate('ingestion.reveals'), core.append_only('ingestion.reveals');

CREATE TABLE ingestion.source_pauses (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  set_by text NOT NULL DEFAULT core.actor_id(),
  is_paused boolean NOT NULL,
  reason text NOT NULL,
  CONSTRAINT source_pauses_pkey PRIMARY KEY (tenant_id, name, set_at),
  CONSTRAINT source_pauses_say_why CHECK (btrim(reason) <> '' AND length(reason) <= 500)
);
COMMENT ON TABLE ingestion.source_pauses IS 'When a person stopped, or went on with, fetching a source, and why; the last row of a name holds';
SELECT core.isolate('ingestion.source_pauses'), core.append_only('ingestion.source_pauses');

GRANT SELECT, INSERT ON ingestion.mappings, ingestion.reveals, ingestion.source_pauses TO headgate_app;
GRANT SELECT ON ingestion.mappings, ingestion.reveals, ingestion.source_pauses TO headgate_readonly;

CREATE INDEX artifacts_of_source ON ingestion.artifacts (tenant_id, source, received_at DESC);
CREATE INDEX payment_ingestions_of_artifact ON ingestion.payment_ingestions (tenant_id, artifact_sha256, line);

-- From an entry of the book to its evidence, and from a line to what it caused: by the transaction, and by the record.
CREATE INDEX deposits_of_record ON funding.deposits (tenant_id, record_id) WHERE record_id IS NOT NULL;
CREATE INDEX events_of_transaction ON funding.events (tenant_id, transaction_id);
CREATE INDEX settlement_events_of_record ON payments.settlement_events (tenant_id, record_id) WHERE record_id IS NOT NULL;
CREATE INDEX settlement_events_of_transaction ON payments.settlement_events (tenant_id, transaction_id);
CREATE INDEX return_credits_of_record ON payments.return_credits (tenant_id, record_id) WHERE record_id IS NOT NULL;
CREATE INDEX return_credits_of_transaction ON payments.return_credits (tenant_id, transaction_id);
CREATE INDEX movements_of_record ON payments.movements (tenant_id, record_id) WHERE record_id IS NOT NULL;
CREATE INDEX movement_effects_of_event ON payments.movement_effects (tenant_id, funding_event_id) WHERE funding_event_id IS NOT NULL;
CREATE INDEX notices_of_record ON payments.notices (tenant_id, record_id);
CREATE INDEX returns_of_record ON payments.returns (tenant_id, record_id);
CREATE INDEX returns_of_transaction ON payments.returns (tenant_id, transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX return_disputes_of_record ON payments.return_disputes (tenant_id, record_id) WHERE record_id IS NOT NULL;
CREATE INDEX dishonor_settlements_of_record ON payments.dishonor_settlements (tenant_id, record_id);
CREATE INDEX payments_of_ingestion ON servicing.payments (tenant_id, ingestion_id) WHERE ingestion_id IS NOT NULL;
CREATE INDEX returns_of_ingestion ON servicing.returns (tenant_id, ingestion_id) WHERE ingestion_id IS NOT NULL;
CREATE INDEX refusals_of_ingestion ON servicing.refusals (tenant_id, ingestion_id) WHERE ingestion_id IS NOT NULL;
CREATE INDEX exception_cases_of_evidence ON cases.exception_cases (tenant_id, ingestion_id) WHERE ingestion_id IS NOT NULL;
