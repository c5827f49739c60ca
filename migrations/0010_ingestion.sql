-- Evidence of money: raw bytes first and for ever, then what a parser read in them.
SELECT core.make_schema('ingestion', 'Artifacts as they came, and the records, statements and faults read in them');

CREATE TABLE ingestion.transitions (
  entity text NOT NULL,
  from_status text NOT NULL,
  to_status text NOT NULL,
  CONSTRAINT transitions_pkey PRIMARY KEY (entity, from_status, to_status)
);
COMMENT ON TABLE ingestion.transitions IS 'The legal status moves of artifacts; '''' is nothing yet';
INSERT INTO ingestion.transitions (entity, from_status, to_status) VALUES
  ('artifact', '', 'received'), ('artifact', 'received', 'read'), ('artifact', 'received', 'unreadable'), ('artifact', 'unreadable', 'read');
GRANT SELECT ON ingestion.transitions TO headgate_app, headgate_readonly;

CREATE TABLE ingestion.artifacts (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  filename text NOT NULL,
  sha256 bytea NOT NULL,
  size_bytes bigint NOT NULL,
  status text NOT NULL DEFAULT 'received',
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  received_by text NOT NULL DEFAULT core.actor_id(),
  correlation_id text DEFAULT core.correlation_id(),
  CONSTRAINT artifacts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT artifacts_same_bytes_once UNIQUE (tenant_id, source, sha256),
  CONSTRAINT artifacts_source_is_a_word CHECK (source ~ '^[a-z][a-z0-9_.-]{0,59}$'),
  CONSTRAINT artifacts_kind_is_known CHECK (kind IN ('unknown', 'statement', 'returns', 'register')),
  CONSTRAINT artifacts_filename_is_short CHECK (length(filename) BETWEEN 1 AND 200),
  CONSTRAINT artifacts_sha256_has_32_bytes CHECK (octet_length(sha256) = 32),
  CONSTRAINT artifacts_size_is_counted CHECK (size_bytes >= 0),
  CONSTRAINT artifacts_status_is_known CHECK (status IN ('received', 'read', 'unreadable'))
);
COMMENT ON TABLE ingestion.artifacts IS 'Files and messages as they came; the sha256 is of the plain bytes. The same bytes from one source are one artifact';
CREATE INDEX artifacts_by_time ON ingestion.artifacts (tenant_id, received_at DESC);
SELECT core.isolate('ingestion.artifacts');
CREATE TRIGGER artifact_moves BEFORE INSERT OR UPDATE OF status ON ingestion.artifacts
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('artifact', 'ingestion.transitions');
GRANT SELECT, INSERT, UPDATE (kind, status) ON ingestion.artifacts TO headgate_app;
GRANT SELECT ON ingestion.artifacts TO headgate_readonly;

CREATE TABLE ingestion.artifact_bodies (
  tenant_id uuid NOT NULL,
  received_at timestamptz NOT NULL,
  artifact_id text COLLATE "C" NOT NULL,
  body_sealed bytea NOT NULL,
  CONSTRAINT artifact_bodies_pkey PRIMARY KEY (tenant_id, artifact_id, received_at),
  CONSTRAINT artifact_bodies_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id)
) PARTITION BY RANGE (received_at);
COMMENT ON TABLE ingestion.artifact_bodies IS 'The bytes of artifacts, sealed; in the database, so that a backup and its restore agree with the rest';
-- Sealed bytes do not compress: stored outside the row as they are.
ALTER TABLE ingestion.artifact_bodies ALTER COLUMN body_sealed SET STORAGE EXTERNAL;
SELECT core.isolate('ingestion.artifact_bodies');
SELECT core.append_only('ingestion.artifact_bodies');
CREATE FUNCTION ingestion.add_months(months_ahead integer) RETURNS integer
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT core.partition_by_month('ingestion.artifact_bodies', months_ahead) $$;
COMMENT ON FUNCTION ingestion.add_months(integer) IS 'Makes the missing monthly partitions of the artifacts'' bytes';
GRANT EXECUTE ON FUNCTION ingestion.add_months(integer) TO headgate_app;
SELECT ingestion.add_months(2);
GRANT SELECT, INSERT ON ingestion.artifact_bodies TO headgate_app;

CREATE TABLE ingestion.readings (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  artifact_id text COLLATE "C" NOT NULL,
  parser text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  records integer NOT NULL,
  duplicates integer NOT NULL,
  faults integer NOT NULL,
  proved boolean,
  proof jsonb NOT NULL,
  read_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT readings_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT readings_once_per_parser UNIQUE (tenant_id, artifact_id, parser),
  CONSTRAINT readings_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT readings_counts_are_counts CHECK (records >= duplicates AND duplicates >= 0 AND faults >= 0)
);
COMMENT ON COLUMN ingestion.readings.duplicates IS 'Of its records, those whose identity stood already: they are the same fact, and are not stored twice';
COMMENT ON TABLE ingestion.readings IS 'What one parser made of one artifact: counts, and whether the file''s control totals prove it (NULL: the file carries none)';
SELECT core.isolate('ingestion.readings');
SELECT core.append_only('ingestion.readings');
GRANT SELECT, INSERT ON ingestion.readings TO headgate_app;
GRANT SELECT ON ingestion.readings TO headgate_readonly;

CREATE TABLE ingestion.statements (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  artifact_id text COLLATE "C" NOT NULL,
  reading_id text COLLATE "C" NOT NULL,
  ordinal integer NOT NULL,
  account_fingerprint bytea NOT NULL,
  account_last4 text NOT NULL,
  currency text COLLATE "C" NOT NULL,
  statement_on date,
  opening_minor bigint,
  closing_minor bigint,
  total_minor bigint NOT NULL,
  records integer NOT NULL,
  proved boolean GENERATED ALWAYS AS (opening_minor + total_minor = closing_minor) STORED,
  read_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT statements_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT statements_in_order UNIQUE (tenant_id, reading_id, ordinal),
  CONSTRAINT statements_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT statements_reading_fkey FOREIGN KEY (tenant_id, reading_id) REFERENCES ingestion.readings (tenant_id, id),
  CONSTRAINT statements_currency_has_three_capitals CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT statements_last4_is_short CHECK (length(account_last4) <= 4)
);
COMMENT ON TABLE ingestion.statements IS 'One account''s statement of one day, as the bank says it: signed minor units, the account by fingerprint and last digits';
COMMENT ON COLUMN ingestion.statements.proved IS 'Opening balance + signed sum of its entries = closing balance; NULL where it lacks a balance';
CREATE INDEX statements_of_account ON ingestion.statements (tenant_id, account_fingerprint, statement_on);
CREATE INDEX statements_of_artifact ON ingestion.statements (tenant_id, artifact_id);
SELECT core.isolate('ingestion.statements');
SELECT core.append_only('ingestion.statements');
GRANT SELECT, INSERT ON ingestion.statements TO headgate_app;
GRANT SELECT ON ingestion.statements TO headgate_readonly;

CREATE TABLE ingestion.records (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  artifact_id text COLLATE "C" NOT NULL,
  reading_id text COLLATE "C" NOT NULL,
  statement_id text COLLATE "C",
  source text COLLATE "C" NOT NULL,
  external_id text,
  line integer NOT NULL,
  occurrence integer NOT NULL,
  offset_start bigint NOT NULL,
  offset_end bigint NOT NULL,
  parser text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  channel text,
  direction text,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  value_on date,
  booked_on date,
  reference text,
  details jsonb NOT NULL,
  private_sealed bytea,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT records_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT records_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT records_reading_fkey FOREIGN KEY (tenant_id, reading_id) REFERENCES ingestion.readings (tenant_id, id),
  CONSTRAINT records_statement_fkey FOREIGN KEY (tenant_id, statement_id) REFERENCES ingestion.statements (tenant_id, id),
  CONSTRAINT records_place_is_counted CHECK (line >= 1 AND occurrence >= 1 AND offset_start >= 0 AND offset_end >= offset_start),
  CONSTRAINT records_amount_is_not_negative CHECK (amount_minor >= 0),
  CONSTRAINT records_currency_has_three_capitals CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT records_channel_is_known CHECK (channel IN ('ach', 'wire', 'realtime', 'check', 'card', 'paypal', 'venmo', 'book')),
  CONSTRAINT records_direction_is_known CHECK (direction IN ('credit', 'debit'))
);
COMMENT ON TABLE ingestion.records IS 'What was read, normalised: identity is (source, external id), else (artifact, line, n-th on it). No account number, no name';
COMMENT ON COLUMN ingestion.records.direction IS 'As the account''s holder sees it: a credit brings money, a debit takes it';
COMMENT ON COLUMN ingestion.records.details IS 'What else the parser read: codes, traces, counts';
COMMENT ON COLUMN ingestion.records.private_sealed IS 'Names, account numbers and free text, as sealed JSON';
CREATE UNIQUE INDEX records_identity_by_external_id ON ingestion.records (tenant_id, source, kind, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX records_identity_by_place ON ingestion.records (tenant_id, artifact_id, line, occurrence) WHERE external_id IS NULL;
CREATE INDEX records_of_artifact ON ingestion.records (tenant_id, artifact_id, line);
CREATE INDEX records_of_statement ON ingestion.records (tenant_id, statement_id) WHERE statement_id IS NOT NULL;
SELECT core.isolate('ingestion.records');
SELECT core.append_only('ingestion.records');
GRANT SELECT, INSERT ON ingestion.records TO headgate_app;
GRANT SELECT ON ingestion.records TO headgate_readonly;

CREATE TABLE ingestion.faults (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  artifact_id text COLLATE "C" NOT NULL,
  reading_id text COLLATE "C" NOT NULL,
  line integer NOT NULL,
  position integer NOT NULL,
  field text NOT NULL,
  rule text NOT NULL,
  level text NOT NULL,
  message text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT faults_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT faults_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT faults_reading_fkey FOREIGN KEY (tenant_id, reading_id) REFERENCES ingestion.readings (tenant_id, id),
  CONSTRAINT faults_place_is_counted CHECK (line >= 0 AND position >= 0),
  CONSTRAINT faults_level_is_known CHECK (level IN ('E', 'W'))
);
COMMENT ON TABLE ingestion.faults IS 'What is wrong in an artifact, by line, position and field (0: all of it). E was not read, W was read and flagged; the good lines went on';
CREATE INDEX faults_of_artifact ON ingestion.faults (tenant_id, artifact_id, id);
SELECT core.isolate('ingestion.faults');
SELECT core.append_only('ingestion.faults');
GRANT SELECT, INSERT ON ingestion.faults TO headgate_app;
GRANT SELECT ON ingestion.faults TO headgate_readonly;
