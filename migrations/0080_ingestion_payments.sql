-- Payments that came in: what was sent, the envelope made of it, and the message that told of it.

INSERT INTO ingestion.transitions (entity, from_status, to_status) VALUES
  ('payment_ingestion', '', 'received'), ('payment_ingestion', '', 'normalized'),
  ('payment_ingestion', 'received', 'normalized'), ('payment_ingestion', 'normalized', 'published');

CREATE TABLE ingestion.payment_ingestions (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  identity bytea NOT NULL,
  source text COLLATE "C" NOT NULL,
  external_id text COLLATE "C",
  artifact_sha256 text COLLATE "C" NOT NULL,
  line integer NOT NULL,
  occurrence integer NOT NULL,
  idempotency_key text COLLATE "C",
  channel text COLLATE "C",
  source_reference text,
  raw_payload_hash text COLLATE "C" NOT NULL,
  artifact_uri text[] NOT NULL DEFAULT '{}',
  artifact_hash text[] NOT NULL DEFAULT '{}',
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  received_by text NOT NULL DEFAULT core.actor_id(),
  correlation_id text DEFAULT core.correlation_id(),
  normalized_envelope jsonb,
  status text NOT NULL,
  CONSTRAINT payment_ingestions_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT payment_ingestions_same_fact_once UNIQUE (tenant_id, identity),
  CONSTRAINT payment_ingestions_id_shape CHECK (id ~ '^ing_[0-9a-hjkmnp-tv-z]{26}$'),
  CONSTRAINT payment_ingestions_identity_has_32_bytes CHECK (octet_length(identity) = 32),
  CONSTRAINT payment_ingestions_channel_is_known CHECK (channel IN ('ach', 'wire', 'realtime', 'check', 'card', 'paypal', 'venmo', 'book')),
  CONSTRAINT payment_ingestions_key_is_sha256 CHECK (idempotency_key ~ '^[0-9a-f]{64}$'),
  CONSTRAINT payment_ingestions_hashes_are_sha256 CHECK (raw_payload_hash ~ '^[0-9a-f]{64}$' AND artifact_sha256 ~ '^[0-9a-f]{64}$'),
  CONSTRAINT payment_ingestions_place_counts_from_1 CHECK (line >= 1 AND occurrence >= 1),
  CONSTRAINT payment_ingestions_artifacts_have_hashes CHECK (cardinality(artifact_uri) = cardinality(artifact_hash)),
  CONSTRAINT payment_ingestions_status_is_known CHECK (status IN ('received', 'normalized', 'published')),
  CONSTRAINT payment_ingestions_normalized_has_its_envelope CHECK ((status = 'received')
    = (normalized_envelope IS NULL OR idempotency_key IS NULL OR channel IS NULL)),
  CONSTRAINT payment_ingestions_names_nobody CHECK (normalized_envelope #>> '{borrower,name}' IS NULL)
);
COMMENT ON TABLE ingestion.payment_ingestions IS
  'Payments that came in, each fact once; one whose envelope fails its schema stays received, and has a case';
COMMENT ON COLUMN ingestion.payment_ingestions.identity IS
  'sha256 of source and external_id, else of artifact, line and occurrence: what is the same when the same fact comes again';
COMMENT ON COLUMN ingestion.payment_ingestions.idempotency_key IS
  'Of method, reference, value date, amount and loan: equal ones are suspected to be one payment, and are not made one';
COMMENT ON COLUMN ingestion.payment_ingestions.raw_payload_hash IS 'Of the plain bytes, in hexadecimal; they lie sealed in payment_ingestion_bodies';
CREATE INDEX payment_ingestions_by_channel ON ingestion.payment_ingestions (tenant_id, channel, received_at DESC);
CREATE INDEX payment_ingestions_by_key ON ingestion.payment_ingestions (tenant_id, idempotency_key);
SELECT core.isolate('ingestion.payment_ingestions');
CREATE TRIGGER payment_ingestion_moves BEFORE INSERT OR UPDATE OF status ON ingestion.payment_ingestions
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('payment_ingestion', 'ingestion.transitions');
GRANT SELECT, INSERT, UPDATE (status) ON ingestion.payment_ingestions TO headgate_app;
GRANT SELECT ON ingestion.payment_ingestions TO headgate_readonly;

CREATE TABLE ingestion.payment_ingestion_bodies (
  tenant_id uuid NOT NULL,
  ingestion_id text COLLATE "C" NOT NULL,
  body_sealed bytea NOT NULL,
  CONSTRAINT payment_ingestion_bodies_pkey PRIMARY KEY (tenant_id, ingestion_id),
  CONSTRAINT payment_ingestion_bodies_ingestion_fkey FOREIGN KEY (tenant_id, ingestion_id)
    REFERENCES ingestion.payment_ingestions (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE ingestion.payment_ingestion_bodies IS 'What was sent of a payment, byte for byte, sealed: it may name the borrower';
ALTER TABLE ingestion.payment_ingestion_bodies ALTER COLUMN body_sealed SET STORAGE EXTERNAL;
SELECT core.isolate('ingestion.payment_ingestion_bodies');
SELECT core.append_only('ingestion.payment_ingestion_bodies');
GRANT SELECT, INSERT ON ingestion.payment_ingestion_bodies TO headgate_app;
