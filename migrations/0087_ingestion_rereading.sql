-- Artifacts read again by a newer parser: which were looked at, and what it gave otherwise of records that stand.
CREATE TABLE ingestion.record_differences (
  tenant_id uuid NOT NULL,
  reading_id text COLLATE "C" NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  difference text NOT NULL,
  fields jsonb NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT record_differences_pkey PRIMARY KEY (tenant_id, reading_id, record_id),
  CONSTRAINT record_differences_reading_fkey FOREIGN KEY (tenant_id, reading_id) REFERENCES ingestion.readings (tenant_id, id),
  CONSTRAINT record_differences_record_fkey FOREIGN KEY (tenant_id, record_id) REFERENCES ingestion.records (tenant_id, id),
  CONSTRAINT record_differences_difference_is_known CHECK (difference IN ('changed', 'gone', 'moved'))
);
COMMENT ON TABLE ingestion.record_differences IS
  'Where a later reading of an artifact does not say what a record says: other figures, no such record, or the same under another identity';
COMMENT ON COLUMN ingestion.record_differences.fields IS 'Of what changed, by its name: what stands and what was read; what names people is only named';
CREATE INDEX record_differences_of_record ON ingestion.record_differences (tenant_id, record_id);
SELECT core.isolate('ingestion.record_differences');
SELECT core.append_only('ingestion.record_differences');
GRANT SELECT, INSERT ON ingestion.record_differences TO headgate_app;
GRANT SELECT ON ingestion.record_differences TO headgate_readonly;

CREATE TABLE ingestion.reread_looks (
  tenant_id uuid NOT NULL,
  artifact_id text COLLATE "C" NOT NULL,
  parser text COLLATE "C" NOT NULL,
  outcome text NOT NULL,
  looked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT reread_looks_pkey PRIMARY KEY (tenant_id, artifact_id, parser),
  CONSTRAINT reread_looks_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT reread_looks_outcome_is_known CHECK (outcome IN ('alike', 'differs', 'not_for_it'))
);
COMMENT ON TABLE ingestion.reread_looks IS
  'Artifacts that the daily job looked at with the newest version of their parser: read alike, differing (a case asks), or not of its kind';
SELECT core.isolate('ingestion.reread_looks');
SELECT core.append_only('ingestion.reread_looks');
GRANT SELECT, INSERT ON ingestion.reread_looks TO headgate_app;
GRANT SELECT ON ingestion.reread_looks TO headgate_readonly;
