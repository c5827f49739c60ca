-- Where a tenant's exchange rates are read from every day, and what each try gave.
ALTER TABLE ingestion.artifacts DROP CONSTRAINT artifacts_kind_is_known;
ALTER TABLE ingestion.artifacts ADD CONSTRAINT artifacts_kind_is_known CHECK (kind IN ('unknown', 'statement', 'returns', 'register', 'rates'));

CREATE TABLE ingestion.rate_sources (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  set_by text NOT NULL DEFAULT core.actor_id(),
  is_active boolean NOT NULL,
  format text COLLATE "C" NOT NULL,
  url_shown text NOT NULL,
  url_sealed bytea NOT NULL,
  CONSTRAINT rate_sources_pkey PRIMARY KEY (tenant_id, name, set_at),
  CONSTRAINT rate_sources_name_is_a_word CHECK (name ~ '^[a-z][a-z0-9_-]{0,23}$'),
  CONSTRAINT rate_sources_format_is_a_word CHECK (format ~ '^[a-z][a-z0-9_]{0,23}$')
);
COMMENT ON TABLE ingestion.rate_sources IS 'Where exchange rates are read from every day; the last row of a name holds';
COMMENT ON COLUMN ingestion.rate_sources.url_sealed IS 'The whole URL, whose query may hold a key; url_shown lacks the query';
SELECT core.isolate('ingestion.rate_sources'), core.append_only('ingestion.rate_sources');

CREATE TABLE ingestion.rate_readings (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  tried_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  artifact_id text COLLATE "C",
  recorded integer NOT NULL DEFAULT 0,
  known integer NOT NULL DEFAULT 0,
  faults integer NOT NULL DEFAULT 0,
  failure text,
  CONSTRAINT rate_readings_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT rate_readings_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT rate_readings_counts_are_counts CHECK (recorded >= 0 AND known >= 0 AND faults >= 0),
  CONSTRAINT rate_readings_failed_or_read CHECK (failure IS NOT NULL OR artifact_id IS NOT NULL)
);
COMMENT ON TABLE ingestion.rate_readings IS 'Every try to read a source of rates: the bytes that came, how many rates were new or known, or why it failed';
CREATE INDEX rate_readings_of_source ON ingestion.rate_readings (tenant_id, name, tried_at DESC);
SELECT core.isolate('ingestion.rate_readings'), core.append_only('ingestion.rate_readings');

GRANT SELECT, INSERT ON ingestion.rate_sources, ingestion.rate_readings TO headgate_app;
GRANT SELECT ON ingestion.rate_readings TO headgate_readonly;
