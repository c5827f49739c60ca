-- Artifacts with what they are of, large bodies in storage, the payments that they are evidence of, and the bodies' checks.

ALTER TABLE ingestion.artifacts
  ADD COLUMN type text COLLATE "C" NOT NULL DEFAULT 'bank_file',
  ADD COLUMN mime text COLLATE "C" NOT NULL DEFAULT 'application/octet-stream',
  ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN stored_sha256 bytea,
  ADD COLUMN stored_size_bytes bigint,
  ADD COLUMN redactions jsonb,
  ADD COLUMN redacted boolean GENERATED ALWAYS AS (redactions IS NOT NULL) STORED,
  ADD CONSTRAINT artifacts_type_is_known CHECK (type IN ('check_image_front', 'check_image_back', 'ach_return_pdf', 'wire_receipt',
    'psp_receipt', 'webhook_body', 'bank_file', 'mail_part')),
  ADD CONSTRAINT artifacts_mime_is_short CHECK (mime ~ '^[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}$'),
  ADD CONSTRAINT artifacts_metadata_is_an_object CHECK (jsonb_typeof(metadata) = 'object' AND octet_length(metadata::text) <= 20000),
  ADD CONSTRAINT artifacts_stored_sha256_has_32_bytes CHECK (octet_length(stored_sha256) = 32),
  ADD CONSTRAINT artifacts_redacted_is_whole CHECK (num_nulls(stored_sha256, stored_size_bytes, redactions) IN (0, 3));
COMMENT ON COLUMN ingestion.artifacts.sha256 IS 'Of the plain bytes as they were received: the artifact''s identity';
COMMENT ON COLUMN ingestion.artifacts.metadata IS 'What the source said of it: ids and times, never names or numbers of accounts';
COMMENT ON COLUMN ingestion.artifacts.stored_sha256 IS 'Of the plain bytes as they are stored, where card numbers in them were masked';
COMMENT ON COLUMN ingestion.artifacts.redactions IS 'Where digits of card numbers were masked: member ('''' is the file itself), offset in it, length';

-- What came by a webhook says so in its name; a tenant's file is a bank's until told otherwise.
ALTER TABLE ingestion.artifacts NO FORCE ROW LEVEL SECURITY;
UPDATE ingestion.artifacts SET type = 'webhook_body', mime = 'application/json' WHERE filename ~ '^whe_[0-9a-hjkmnp-tv-z]{26}\.webhook$';
ALTER TABLE ingestion.artifacts FORCE ROW LEVEL SECURITY;
CREATE INDEX artifacts_by_sha256 ON ingestion.artifacts (tenant_id, sha256);

CREATE TABLE ingestion.landed_bodies (
  tenant_id uuid NOT NULL,
  artifact_id text COLLATE "C" NOT NULL,
  landed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  body_sealed bytea NOT NULL,
  CONSTRAINT landed_bodies_pkey PRIMARY KEY (tenant_id, artifact_id),
  CONSTRAINT landed_bodies_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id)
);
COMMENT ON TABLE ingestion.landed_bodies IS
  'Large bodies, sealed, committed with their artifact; each leaves for storage once an object there holds the same bytes';
ALTER TABLE ingestion.landed_bodies ALTER COLUMN body_sealed SET STORAGE EXTERNAL;
SELECT core.isolate('ingestion.landed_bodies');
GRANT SELECT, INSERT ON ingestion.landed_bodies TO headgate_app;
GRANT SELECT, DELETE ON ingestion.landed_bodies TO headgate_poster;

CREATE TABLE ingestion.stored_objects (
  tenant_id uuid NOT NULL,
  artifact_id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  sealed_sha256 bytea NOT NULL,
  sealed_bytes bigint NOT NULL,
  stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT stored_objects_pkey PRIMARY KEY (tenant_id, artifact_id),
  CONSTRAINT stored_objects_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT stored_objects_name_is_a_path CHECK (name ~ '^[0-9a-f-]{36}/[0-9a-z]{2}/art_[0-9a-hjkmnp-tv-z]{26}$'),
  CONSTRAINT stored_objects_sha256_has_32_bytes CHECK (octet_length(sealed_sha256) = 32)
);
COMMENT ON TABLE ingestion.stored_objects IS 'Bodies that lie in storage, by their name below its root; the sha256 is of the sealed bytes';
SELECT core.isolate('ingestion.stored_objects');
SELECT core.append_only('ingestion.stored_objects');
GRANT SELECT ON ingestion.stored_objects TO headgate_app, headgate_readonly;
GRANT SELECT, INSERT ON ingestion.stored_objects TO headgate_poster;

CREATE TABLE ingestion.artifact_references (
  tenant_id uuid NOT NULL,
  ingestion_id text COLLATE "C" NOT NULL,
  ordinal integer NOT NULL,
  type text COLLATE "C" NOT NULL,
  uri text NOT NULL,
  artifact_id text COLLATE "C",
  sha256 bytea,
  size_bytes bigint,
  mime text COLLATE "C",
  metadata jsonb NOT NULL DEFAULT '{}',
  warning text,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  recorded_by text NOT NULL DEFAULT core.actor_id(),
  CONSTRAINT artifact_references_pkey PRIMARY KEY (tenant_id, ingestion_id, ordinal),
  CONSTRAINT artifact_references_once UNIQUE (tenant_id, ingestion_id, uri),
  CONSTRAINT artifact_references_ingestion_fkey FOREIGN KEY (tenant_id, ingestion_id)
    REFERENCES ingestion.payment_ingestions (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT artifact_references_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT artifact_references_type_is_known CHECK (type IN ('check_image_front', 'check_image_back', 'ach_return_pdf', 'wire_receipt',
    'psp_receipt', 'webhook_body', 'bank_file', 'mail_part')),
  CONSTRAINT artifact_references_uri_is_short CHECK (length(uri) BETWEEN 1 AND 2000),
  CONSTRAINT artifact_references_have_a_hash CHECK ((artifact_id IS NULL) = (sha256 IS NOT NULL AND octet_length(sha256) = 32)),
  CONSTRAINT artifact_references_ours_say_no_more CHECK (artifact_id IS NULL OR num_nonnulls(sha256, size_bytes, mime) = 0),
  CONSTRAINT artifact_references_metadata_is_an_object CHECK (jsonb_typeof(metadata) = 'object' AND octet_length(metadata::text) <= 20000)
);
COMMENT ON TABLE ingestion.artifact_references IS
  'Evidence given to a payment after it came in: an artifact of ours, or something elsewhere by its address and sha256';
COMMENT ON COLUMN ingestion.artifact_references.warning IS 'Why the address could not be read; what was said of it is kept';
CREATE INDEX artifact_references_of_artifact ON ingestion.artifact_references (tenant_id, artifact_id) WHERE artifact_id IS NOT NULL;
CREATE INDEX artifact_references_by_sha256 ON ingestion.artifact_references (tenant_id, sha256) WHERE sha256 IS NOT NULL;
-- From an artifact back to its payments: by the file that they came in, and by what their envelopes name besides.
CREATE INDEX payment_ingestions_by_artifact ON ingestion.payment_ingestions (tenant_id, artifact_sha256);
CREATE INDEX payment_ingestions_naming_others ON ingestion.payment_ingestions (tenant_id, (artifact_hash[1]))
  WHERE artifact_hash <> '{}' AND artifact_hash <> ARRAY[artifact_sha256];
SELECT core.isolate('ingestion.artifact_references');
SELECT core.append_only('ingestion.artifact_references');
GRANT SELECT, INSERT ON ingestion.artifact_references TO headgate_app;
GRANT SELECT ON ingestion.artifact_references TO headgate_readonly;

CREATE TABLE ingestion.body_checks (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  to_received_at timestamptz,
  to_artifact_id text COLLATE "C",
  bodies integer NOT NULL,
  bytes bigint NOT NULL,
  wrong integer NOT NULL,
  checked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT body_checks_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT body_checks_counts_are_counts CHECK (bodies >= wrong AND wrong >= 0 AND bytes >= 0),
  CONSTRAINT body_checks_end_is_whole CHECK ((to_received_at IS NULL) = (to_artifact_id IS NULL))
);
COMMENT ON TABLE ingestion.body_checks IS 'Each turn over the stored bodies, and the artifact it came to; the next goes on there, NULL: the turn reached the end';
SELECT core.isolate('ingestion.body_checks');
SELECT core.append_only('ingestion.body_checks');
GRANT SELECT, INSERT ON ingestion.body_checks TO headgate_app;
GRANT SELECT ON ingestion.body_checks TO headgate_readonly;

CREATE TABLE ingestion.body_verdicts (
  tenant_id uuid NOT NULL,
  artifact_id text COLLATE "C" NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  verdict text NOT NULL,
  found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT body_verdicts_pkey PRIMARY KEY (tenant_id, artifact_id, id),
  CONSTRAINT body_verdicts_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT body_verdicts_verdict_is_known CHECK (verdict IN ('intact', 'differs', 'missing', 'broken'))
);
COMMENT ON TABLE ingestion.body_verdicts IS
  'Bodies that a check found wrong, and right again: differs (not the bytes that were stored), missing, broken (does not open). The last row holds';
SELECT core.isolate('ingestion.body_verdicts');
SELECT core.append_only('ingestion.body_verdicts');
GRANT SELECT, INSERT ON ingestion.body_verdicts TO headgate_app;
GRANT SELECT ON ingestion.body_verdicts TO headgate_readonly;
