-- What was answered to each request that moved money: one row a key, for ever.
-- A counted repetition in a regular expression costs as much as the rest of the row: lengths are asked for apart.
SELECT core.make_schema('web', 'What the HTTP door remembers');

CREATE TABLE web.idempotency_keys (
  tenant_id uuid NOT NULL CONSTRAINT idempotency_keys_tenant REFERENCES tenants.tenants (id),
  key text COLLATE "C" NOT NULL CONSTRAINT idempotency_keys_key_shape CHECK (length(key) BETWEEN 1 AND 255 AND key !~ '[^!-~]'),
  method text COLLATE "C" NOT NULL CONSTRAINT idempotency_keys_method_shape CHECK (length(method) BETWEEN 1 AND 10 AND method !~ '[^A-Z]'),
  path text COLLATE "C" NOT NULL,
  body_hash bytea NOT NULL CONSTRAINT idempotency_keys_hash_is_sha256 CHECK (length(body_hash) = 32),
  hash_version smallint NOT NULL CONSTRAINT idempotency_keys_hash_version_known CHECK (hash_version = 1),
  status smallint NOT NULL CONSTRAINT idempotency_keys_status_final CHECK (status BETWEEN 200 AND 499),
  answer text NOT NULL,
  actor_id text NOT NULL,
  correlation_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, key)
);
COMMENT ON TABLE web.idempotency_keys IS 'Each Idempotency-Key with the request it came with and the answer it got, refusals included; keys never expire';
COMMENT ON COLUMN web.idempotency_keys.body_hash IS 'sha256 of the canonical body by formula hash_version (web/idempotency.py)';
SELECT core.isolate('web.idempotency_keys');
SELECT core.append_only('web.idempotency_keys');
GRANT SELECT, INSERT ON web.idempotency_keys TO headgate_app;
GRANT SELECT ON web.idempotency_keys TO headgate_readonly;
