-- Where a provider's webhooks come in: an endpoint of its own, and the secret that its signature is made with.

CREATE TABLE ingestion.webhook_endpoints (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL CONSTRAINT webhook_endpoints_id_shape CHECK (id ~ '^whe_[0-9a-hjkmnp-tv-z]{26}$'),
  set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  set_by text NOT NULL DEFAULT core.actor_id(),
  is_active boolean NOT NULL,
  source text COLLATE "C" NOT NULL,
  scheme text COLLATE "C" NOT NULL,
  provider_endpoint_id text COLLATE "C",
  allowed_networks cidr[] NOT NULL DEFAULT '{}',
  secret_sealed bytea NOT NULL,
  CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (tenant_id, id, set_at),
  CONSTRAINT webhook_endpoints_source_is_a_word CHECK (source ~ '^[a-z][a-z0-9_.-]{0,59}$'),
  CONSTRAINT webhook_endpoints_scheme_is_a_word CHECK (scheme ~ '^[a-z][a-z0-9_]{0,23}$'),
  CONSTRAINT webhook_endpoints_provider_id_is_short CHECK (length(provider_endpoint_id) BETWEEN 1 AND 100),
  CONSTRAINT webhook_endpoints_few_networks CHECK (cardinality(allowed_networks) <= 100)
);
COMMENT ON TABLE ingestion.webhook_endpoints IS
  'Where a provider''s webhooks come in; the last row of an id holds, and the secret before it for a day more';
COMMENT ON COLUMN ingestion.webhook_endpoints.scheme IS 'How its signature is made: a file of headgate.ingestion.webhook_schemes';
COMMENT ON COLUMN ingestion.webhook_endpoints.provider_endpoint_id IS 'What the provider calls it, where it says that in a header';
COMMENT ON COLUMN ingestion.webhook_endpoints.allowed_networks IS 'Who may send; empty: whoever signs';
CREATE INDEX webhook_endpoints_by_id ON ingestion.webhook_endpoints (id, set_at DESC);
CREATE INDEX webhook_endpoints_by_provider_id ON ingestion.webhook_endpoints (provider_endpoint_id) WHERE provider_endpoint_id IS NOT NULL;
SELECT core.isolate('ingestion.webhook_endpoints');
SELECT core.append_only('ingestion.webhook_endpoints');
-- A webhook names its endpoint and no tenant.
CREATE POLICY resolver_reads ON ingestion.webhook_endpoints FOR SELECT TO headgate_resolver USING (true);
GRANT SELECT, INSERT ON ingestion.webhook_endpoints TO headgate_app;
GRANT SELECT (tenant_id, id, set_at, is_active, source, scheme, provider_endpoint_id, allowed_networks)
  ON ingestion.webhook_endpoints TO headgate_resolver;
GRANT SELECT (tenant_id, id, set_at, set_by, is_active, source, scheme, provider_endpoint_id, allowed_networks)
  ON ingestion.webhook_endpoints TO headgate_readonly;
