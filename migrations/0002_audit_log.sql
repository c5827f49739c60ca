-- The audit log: facts in audit.events, sealed into a hash chain per tenant by audit.blocks.
SELECT core.make_schema('audit', 'What was done, by whom and when: facts only, sealed into one hash chain per tenant');
GRANT USAGE ON SCHEMA audit TO headgate_operator, headgate_dispatcher;

-- Epochs -------------------------------------------------------------------------------------------------------------
-- Events are ordered by the transaction that wrote them. Transaction ids start afresh on the server that a dump is
-- restored to, so each server writes under an epoch of its own.
CREATE TABLE audit.epochs (
  epoch integer NOT NULL CONSTRAINT epochs_pkey PRIMARY KEY,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  reason text NOT NULL CONSTRAINT epochs_have_a_reason CHECK (reason <> ''),
  system_identifier bigint NOT NULL
);
COMMENT ON TABLE audit.epochs IS 'Each server that wrote this log: a restore onto another one starts a new epoch';
SELECT core.append_only('audit.epochs');
INSERT INTO audit.epochs (epoch, reason, system_identifier)
SELECT 1, 'installed', system_identifier FROM pg_control_system();
GRANT SELECT ON audit.epochs TO headgate_app, headgate_readonly, headgate_operator, headgate_poster, headgate_resolver;
GRANT INSERT ON audit.epochs TO headgate_poster;

-- To read which server this is opens a file (80 us), and every recording asks. A start of a server happens once, so what was
-- read after it holds until the next: a dump that is restored elsewhere finds no row for that server's start.
CREATE TABLE audit.server_starts (
  started_at timestamptz NOT NULL CONSTRAINT server_starts_pkey PRIMARY KEY,
  system_identifier bigint NOT NULL
);
COMMENT ON TABLE audit.server_starts IS 'Which server each start of one was, as its control file says';
SELECT core.append_only('audit.server_starts');
INSERT INTO audit.server_starts (started_at, system_identifier) SELECT pg_postmaster_start_time(), system_identifier FROM pg_control_system();
GRANT SELECT ON audit.server_starts TO headgate_app, headgate_readonly, headgate_operator, headgate_poster, headgate_resolver;
GRANT INSERT ON audit.server_starts TO headgate_poster;

-- Events -------------------------------------------------------------------------------------------------------------
CREATE SEQUENCE audit.event_id CACHE 1;
GRANT USAGE ON SEQUENCE audit.event_id TO headgate_poster;

CREATE TABLE audit.events (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL,
  event_time timestamptz NOT NULL,
  xid xid8 NOT NULL,
  epoch integer NOT NULL,
  formula smallint NOT NULL,
  type text COLLATE "C" NOT NULL CONSTRAINT events_type_is_a_topic CHECK (type ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'),
  actor_type text COLLATE "C" NOT NULL CONSTRAINT events_actor_type_is_known CHECK (actor_type IN ('system', 'human', 'ai')),
  actor_id text COLLATE "C" NOT NULL CONSTRAINT events_actor_is_named CHECK (actor_id <> ''),
  person_id text COLLATE "C",
  correlation_id text COLLATE "C",
  payment_id text COLLATE "C",
  ingestion_id text COLLATE "C",
  data jsonb NOT NULL CONSTRAINT events_data_is_an_object CHECK (jsonb_typeof(data) = 'object'),
  witness bigint NOT NULL,
  -- The order of the chain, (epoch, xid, id); event_time stands last because it is the partition key.
  CONSTRAINT events_pkey PRIMARY KEY (tenant_id, epoch, xid, id, event_time)
) PARTITION BY RANGE (event_time);
COMMENT ON TABLE audit.events IS 'Every fact that was recorded; written by the recording functions only, never changed';
COMMENT ON COLUMN audit.events.event_time IS 'Real time of the event (clock_timestamp()), also where a test tenant''s clock was moved';
COMMENT ON COLUMN audit.events.xid IS 'The transaction that recorded it: the chain''s order is (epoch, xid, id)';
COMMENT ON COLUMN audit.events.formula IS 'Which formula gives this row''s canonical bytes';
COMMENT ON COLUMN audit.events.person_id IS 'The person behind the actor, where there is one';
COMMENT ON COLUMN audit.events.data IS 'Ids and last four digits; never names, account numbers or secrets';
COMMENT ON COLUMN audit.events.witness IS 'audit.witness() of every other column: a row that was written or edited by hand lacks it';
CREATE INDEX events_payment ON audit.events (tenant_id, payment_id, id) WHERE payment_id IS NOT NULL;

CREATE FUNCTION audit.witness(
  tenant_id uuid, id bigint, event_time timestamptz, xid xid8, epoch integer, formula smallint, type text, actor_type text,
  actor_id text, person_id text, correlation_id text, payment_id text, ingestion_id text, data jsonb
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT hash_record_extended(ROW($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14), 7349981263485510927) $$;
COMMENT ON FUNCTION audit.witness(uuid, bigint, timestamptz, xid8, integer, smallint, text, text, text, text, text, text, text, jsonb)
  IS 'A cheap hash over a whole event, so that a row written by hand is found before it is sealed (0.7 us)';

CREATE FUNCTION audit.only_by_recording() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user <> 'headgate_poster' THEN
    RAISE EXCEPTION USING ERRCODE = 'HG201', MESSAGE = format('%s.%s is written by its own functions only: use audit.record',
      TG_TABLE_SCHEMA, TG_TABLE_NAME);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION audit.only_by_recording() IS 'Statement trigger: refuses an INSERT by anyone but the posting functions, superusers included';
GRANT EXECUTE ON FUNCTION audit.only_by_recording() TO PUBLIC;

CREATE FUNCTION audit.close_door(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE OR REPLACE TRIGGER only_by_recording BEFORE INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION audit.only_by_recording()', target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER only_by_recording', target);
END $$;
COMMENT ON FUNCTION audit.close_door(regclass) IS 'Puts the only_by_recording trigger on a table or partition';

CREATE FUNCTION audit.add_months(months_ahead integer) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made integer := core.partition_by_month('audit.events', months_ahead);
  partition regclass;
BEGIN
  FOR partition IN
    SELECT i.inhrelid FROM pg_inherits i
     WHERE i.inhparent = 'audit.events'::regclass
       AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = i.inhrelid AND t.tgname = 'only_by_recording')
  LOOP
    PERFORM audit.close_door(partition);
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION audit.add_months(integer) IS 'Makes the missing monthly partitions of the log, each as closed as the log itself';
GRANT EXECUTE ON FUNCTION audit.add_months(integer) TO headgate_app;

SELECT core.isolate('audit.events');
SELECT core.append_only('audit.events');
SELECT audit.close_door('audit.events');
SELECT audit.add_months(2);
CREATE POLICY resolver_reads ON audit.events FOR SELECT TO headgate_resolver USING (true);
CREATE POLICY dispatcher_reads ON audit.events FOR SELECT TO headgate_dispatcher USING (true);
GRANT SELECT ON audit.events TO headgate_app, headgate_readonly, headgate_operator, headgate_poster;
GRANT SELECT (tenant_id, id, event_time, xid, epoch) ON audit.events TO headgate_resolver;
-- An outbox row may point at its audit event instead of carrying a payload: the relay reads it there.
GRANT SELECT (tenant_id, id, event_time, xid, epoch, correlation_id, data) ON audit.events TO headgate_dispatcher;
GRANT INSERT ON audit.events TO headgate_poster;

-- Blocks -------------------------------------------------------------------------------------------------------------
CREATE TABLE audit.blocks (
  tenant_id uuid NOT NULL,
  number bigint NOT NULL CONSTRAINT blocks_count_from_one CHECK (number > 0),
  formula smallint NOT NULL,
  epoch integer NOT NULL CONSTRAINT blocks_epoch_exists REFERENCES audit.epochs (epoch),
  first_xid xid8 NOT NULL,
  first_id bigint NOT NULL,
  last_xid xid8 NOT NULL,
  last_id bigint NOT NULL,
  event_count integer NOT NULL CONSTRAINT blocks_are_not_empty CHECK (event_count > 0),
  event_ids bigint[] NOT NULL,
  event_hashes bytea NOT NULL,
  suspect_ids bigint[] NOT NULL,
  previous_hash bytea NOT NULL CONSTRAINT blocks_previous_is_a_hash CHECK (octet_length(previous_hash) = 32),
  block_hash bytea NOT NULL CONSTRAINT blocks_hash_is_a_hash CHECK (octet_length(block_hash) = 32),
  sealed_at timestamptz NOT NULL,
  CONSTRAINT blocks_pkey PRIMARY KEY (tenant_id, number),
  CONSTRAINT blocks_do_not_overlap UNIQUE (tenant_id, epoch, first_xid, first_id),
  CONSTRAINT blocks_name_each_event CHECK (cardinality(event_ids) = event_count),
  CONSTRAINT blocks_hash_each_event CHECK (octet_length(event_hashes) = 32 * event_count)
);
COMMENT ON TABLE audit.blocks IS 'The seal over audit.events: runs of events in chain order, with the hash of each, chained block to block';
COMMENT ON COLUMN audit.blocks.event_hashes IS 'The chained hash of each event, 32 bytes each, in the order of event_ids';
COMMENT ON COLUMN audit.blocks.suspect_ids IS 'Events whose witness was wrong when they were sealed: somebody wrote or changed them by hand';
-- Uncompressed, so that one hash of a block is read without the others.
ALTER TABLE audit.blocks ALTER COLUMN event_hashes SET STORAGE EXTERNAL, ALTER COLUMN event_ids SET STORAGE EXTERNAL;
SELECT core.isolate('audit.blocks');
SELECT core.append_only('audit.blocks');
SELECT audit.close_door('audit.blocks');
CREATE POLICY resolver_reads ON audit.blocks FOR SELECT TO headgate_resolver USING (true);
GRANT SELECT ON audit.blocks TO headgate_app, headgate_readonly, headgate_operator, headgate_poster;
GRANT SELECT (tenant_id, number, epoch, last_xid, last_id) ON audit.blocks TO headgate_resolver;
GRANT INSERT ON audit.blocks TO headgate_poster;

-- Watermarks ---------------------------------------------------------------------------------------------------------
CREATE TABLE audit.watermarks (
  tenant_id uuid NOT NULL CONSTRAINT watermarks_pkey PRIMARY KEY,
  block_number bigint NOT NULL,
  block_hash bytea NOT NULL,
  verified_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE audit.watermarks IS 'Up to which block each chain has been verified: between full checks, `headgate check` goes on from there';
SELECT core.isolate('audit.watermarks');
GRANT SELECT, INSERT, UPDATE ON audit.watermarks TO headgate_app;
GRANT SELECT ON audit.watermarks TO headgate_readonly;
