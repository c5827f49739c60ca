-- Where a tenant's evidence is fetched: sources, how far each is read, what it gave, and how it fares.

CREATE TABLE ingestion.sources (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  set_by text NOT NULL DEFAULT core.actor_id(),
  is_active boolean NOT NULL,
  connector text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  place text COLLATE "C" NOT NULL,
  settings jsonb NOT NULL,
  every_seconds integer,
  login text COLLATE "C",
  secret_sealed bytea,
  CONSTRAINT sources_pkey PRIMARY KEY (tenant_id, name, set_at),
  CONSTRAINT sources_name_is_a_word CHECK (name ~ '^[a-z][a-z0-9_-]{0,39}$'),
  CONSTRAINT sources_connector_is_a_word CHECK (connector ~ '^[a-z][a-z0-9_]{0,23}$'),
  CONSTRAINT sources_source_is_a_word CHECK (source ~ '^[a-z][a-z0-9_.-]{0,59}$'),
  CONSTRAINT sources_place_is_short CHECK (length(place) BETWEEN 1 AND 800),
  CONSTRAINT sources_every_minute_at_most CHECK (every_seconds BETWEEN 60 AND 604800),
  CONSTRAINT sources_login_with_secret CHECK ((login IS NULL) = (secret_sealed IS NULL))
);
COMMENT ON TABLE ingestion.sources IS 'Where evidence is fetched; the last row of a name holds';
COMMENT ON COLUMN ingestion.sources.connector IS 'How it is fetched: a file of headgate.ingestion.connectors';
COMMENT ON COLUMN ingestion.sources.source IS 'What the artifacts call where they come from; the same for a provider''s webhooks and its polled events';
COMMENT ON COLUMN ingestion.sources.place IS 'Which place the settings name, without secret: what was taken there is known there';
COMMENT ON COLUMN ingestion.sources.every_seconds IS 'How often it is fetched; NULL: once a day';
SELECT core.isolate('ingestion.sources'), core.append_only('ingestion.sources');

CREATE TABLE ingestion.source_states (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  not_before timestamptz,
  position_no bigint NOT NULL DEFAULT 0,
  items_taken bigint NOT NULL DEFAULT 0,
  newest_at timestamptz,
  failures integer NOT NULL DEFAULT 0,
  failing_since timestamptz,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  last_failure text,
  probing_until timestamptz,
  CONSTRAINT source_states_pkey PRIMARY KEY (tenant_id, name),
  CONSTRAINT source_states_counts_are_counts CHECK (position_no >= 0 AND items_taken >= 0 AND failures >= 0),
  CONSTRAINT source_states_failing_since_a_failure CHECK ((failures > 0) = (failing_since IS NOT NULL)),
  CONSTRAINT source_states_failure_has_a_reason CHECK ((last_failure_at IS NULL) = (last_failure IS NULL))
);
COMMENT ON TABLE ingestion.source_states IS 'How a source fares and when it is fetched next: one row a name, written by whoever fetches';
COMMENT ON COLUMN ingestion.source_states.not_before IS 'The source asked to be left alone until then';
COMMENT ON COLUMN ingestion.source_states.position_no IS 'The number of the last position of its place';
COMMENT ON COLUMN ingestion.source_states.failures IS 'Tries that failed in a row; from five on the breaker is open';
COMMENT ON COLUMN ingestion.source_states.probing_until IS 'Somebody tries whether it answers again; nobody else does before then';
SELECT core.isolate('ingestion.source_states');

CREATE TABLE ingestion.source_positions (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  position_no bigint NOT NULL,
  place text COLLATE "C" NOT NULL,
  cursor text NOT NULL,
  items_new integer NOT NULL,
  items_known integer NOT NULL,
  moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT source_positions_pkey PRIMARY KEY (tenant_id, name, position_no),
  CONSTRAINT source_positions_cursor_is_short CHECK (length(cursor) <= 4000),
  CONSTRAINT source_positions_counts_are_counts CHECK (position_no > 0 AND items_new >= 0 AND items_known >= 0)
);
COMMENT ON TABLE ingestion.source_positions IS 'Where each page of a source ended: written in the transaction that keeps what the page held; the last of a place holds';
CREATE INDEX source_positions_by_time ON ingestion.source_positions (tenant_id, name, moved_at DESC);
SELECT core.isolate('ingestion.source_positions'), core.append_only('ingestion.source_positions');

CREATE TABLE ingestion.source_items (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  place text COLLATE "C" NOT NULL,
  identity text COLLATE "C" NOT NULL,
  artifact_id text COLLATE "C",
  artifact_type text COLLATE "C" NOT NULL,
  refusal text,
  sequence_no bigint,
  occurred_at timestamptz,
  facts jsonb NOT NULL,
  private_sealed bytea,
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT source_items_pkey PRIMARY KEY (tenant_id, name, place, identity),
  CONSTRAINT source_items_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT source_items_kept_or_refused CHECK ((artifact_id IS NULL) = (refusal IS NOT NULL)),
  CONSTRAINT source_items_identity_is_short CHECK (length(identity) BETWEEN 1 AND 800),
  CONSTRAINT source_items_type_is_known CHECK (artifact_type IN ('webhook_body', 'bank_file', 'mail_part'))
);
COMMENT ON TABLE ingestion.source_items IS 'What a source gave, once each: the artifact that it became, or why it became none';
COMMENT ON COLUMN ingestion.source_items.identity IS 'What the source knows it by: an event''s id, a file''s name and bytes, a mail''s UIDVALIDITY, UID and part';
COMMENT ON COLUMN ingestion.source_items.sequence_no IS 'Its number, where the source numbers what it gives: a missing number is a gap';
COMMENT ON COLUMN ingestion.source_items.facts IS 'What else the source said of it: no name, no address, no account';
COMMENT ON COLUMN ingestion.source_items.private_sealed IS 'What it said that names people, as sealed JSON';
CREATE INDEX source_items_by_time ON ingestion.source_items (tenant_id, name, taken_at DESC);
CREATE INDEX source_items_of_artifact ON ingestion.source_items (tenant_id, artifact_id) WHERE artifact_id IS NOT NULL;
CREATE INDEX source_items_by_sequence ON ingestion.source_items (tenant_id, name, place, sequence_no) WHERE sequence_no IS NOT NULL;
SELECT core.isolate('ingestion.source_items'), core.append_only('ingestion.source_items');

CREATE TABLE ingestion.source_gaps (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  place text COLLATE "C" NOT NULL,
  first_no bigint NOT NULL,
  last_no bigint NOT NULL,
  noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT source_gaps_pkey PRIMARY KEY (tenant_id, name, place, first_no, last_no),
  CONSTRAINT source_gaps_in_order CHECK (first_no <= last_no)
);
COMMENT ON TABLE ingestion.source_gaps IS 'Numbers that a source had passed over when they were noticed; it is filled once items of all of them stand';
SELECT core.isolate('ingestion.source_gaps'), core.append_only('ingestion.source_gaps');

CREATE TABLE ingestion.source_tries (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  began_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  outcome text COLLATE "C" NOT NULL,
  items_new integer NOT NULL,
  items_known integer NOT NULL,
  items_refused integer NOT NULL,
  reason text,
  CONSTRAINT source_tries_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT source_tries_outcome_is_known CHECK (outcome IN ('taken', 'throttled', 'failed', 'refused')),
  CONSTRAINT source_tries_taken_or_a_reason CHECK ((outcome = 'taken') = (reason IS NULL)),
  CONSTRAINT source_tries_counts_are_counts CHECK (items_new >= 0 AND items_known >= 0 AND items_refused >= 0)
);
COMMENT ON TABLE ingestion.source_tries IS 'Tries to fetch a source that brought something or went wrong; one that found nothing new leaves its mark in the state alone';
COMMENT ON COLUMN ingestion.source_tries.outcome IS 'refused: only a person can mend it; failed: it is tried again';
CREATE INDEX source_tries_of_source ON ingestion.source_tries (tenant_id, name, ended_at DESC);
SELECT core.isolate('ingestion.source_tries'), core.append_only('ingestion.source_tries');

CREATE TABLE ingestion.source_parts (
  tenant_id uuid NOT NULL,
  name text COLLATE "C" NOT NULL,
  place text COLLATE "C" NOT NULL,
  file text COLLATE "C" NOT NULL,
  offset_start bigint NOT NULL,
  size_bytes integer NOT NULL,
  part_sealed bytea NOT NULL,
  kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT source_parts_pkey PRIMARY KEY (tenant_id, name, place, file, offset_start),
  CONSTRAINT source_parts_place_is_counted CHECK (offset_start >= 0 AND size_bytes > 0),
  CONSTRAINT source_parts_file_is_short CHECK (length(file) <= 800)
);
COMMENT ON TABLE ingestion.source_parts IS 'The beginning of a large file that is on its way here, so that a lost connection costs no more than a part; gone once the file is kept';
ALTER TABLE ingestion.source_parts ALTER COLUMN part_sealed SET STORAGE EXTERNAL;
SELECT core.isolate('ingestion.source_parts');

-- How many sources fail is told of the whole installation, and names no tenant.
CREATE POLICY resolver_reads ON ingestion.sources FOR SELECT TO headgate_resolver USING (true);
CREATE POLICY resolver_reads ON ingestion.source_states FOR SELECT TO headgate_resolver USING (true);
GRANT SELECT (tenant_id, name, set_at, is_active) ON ingestion.sources TO headgate_resolver;
GRANT SELECT (tenant_id, name, failures) ON ingestion.source_states TO headgate_resolver;
CREATE INDEX source_states_failing ON ingestion.source_states (tenant_id, name) WHERE failures >= 5;
GRANT SELECT, INSERT ON ingestion.sources, ingestion.source_positions, ingestion.source_items, ingestion.source_gaps,
  ingestion.source_tries TO headgate_app;
GRANT SELECT, INSERT, UPDATE ON ingestion.source_states TO headgate_app;
GRANT SELECT, INSERT, DELETE ON ingestion.source_parts TO headgate_app;
GRANT SELECT ON ingestion.source_states, ingestion.source_positions, ingestion.source_gaps, ingestion.source_tries TO headgate_readonly;
GRANT SELECT (tenant_id, name, set_at, set_by, is_active, connector, source, place, settings, every_seconds, login)
  ON ingestion.sources TO headgate_readonly;
GRANT SELECT (tenant_id, name, place, identity, artifact_id, artifact_type, refusal, sequence_no, occurred_at, facts, taken_at)
  ON ingestion.source_items TO headgate_readonly;
