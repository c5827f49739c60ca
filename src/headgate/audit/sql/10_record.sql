-- Recording: the only way into audit.events.
CREATE OR REPLACE FUNCTION audit.current_epoch() RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_epoch integer;
BEGIN
  -- On another server than the one that wrote last, the next epoch: before anyone has announced the restore. Which server
  -- this is was noted when it started, since its control file takes longer to read than a posting to write.
  SELECT e.epoch + (e.system_identifier <> coalesce(
           (SELECT s.system_identifier FROM audit.server_starts s WHERE s.started_at = pg_catalog.pg_postmaster_start_time()),
           (SELECT c.system_identifier FROM pg_catalog.pg_control_system() c)))::integer
    INTO v_epoch FROM audit.epochs e ORDER BY e.epoch DESC LIMIT 1;
  RETURN v_epoch;
END $$;
COMMENT ON FUNCTION audit.current_epoch() IS 'The epoch under which this server records';
GRANT EXECUTE ON FUNCTION audit.current_epoch() TO headgate_app, headgate_readonly, headgate_operator, headgate_poster, headgate_resolver;
GRANT EXECUTE ON FUNCTION audit.witness(uuid, bigint, timestamptz, xid8, integer, smallint, text, text, text, text, text, text, text, jsonb)
  TO headgate_app, headgate_readonly, headgate_operator, headgate_poster;

CREATE OR REPLACE FUNCTION audit.record_many_v2(types text[], datas jsonb[], payment_ids text[], ingestion_ids text[],
  correlations text[]) RETURNS bigint[]
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenant uuid := core.require_tenant();
  at timestamptz := clock_timestamp();
  xid xid8 := pg_current_xact_id();
  epoch integer := audit.current_epoch();
  recorded bigint[];
BEGIN
  -- Whoever else inserts events (ledger.post_batch and its like) does so with types of their own, which are constants.
  IF (SELECT bool_or(u !~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$') FROM unnest(types) u) THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', SCHEMA = 'audit', TABLE = 'events', CONSTRAINT = 'events_type_is_a_topic',
      MESSAGE = format('the type of an event is a topic such as payments.payroll.committed: one of %L is none', types);
  END IF;
  WITH events AS (
    INSERT INTO audit.events (tenant_id, id, event_time, xid, epoch, formula, type, actor_type, actor_id, person_id,
      correlation_id, payment_id, ingestion_id, data, witness)
    SELECT tenant, e.id, at, xid, epoch, 1, e.type, e.actor_type, e.actor_id, e.person_id, e.correlation_id, e.payment_id,
           e.ingestion_id, e.data,
           audit.witness(tenant, e.id, at, xid, epoch, 1::smallint, e.type, e.actor_type, e.actor_id, e.person_id,
             e.correlation_id, e.payment_id, e.ingestion_id, e.data)
      FROM (SELECT nextval('audit.event_id') AS id, u.type, core.actor_type() AS actor_type, core.actor_id() AS actor_id,
                   core.person_id() AS person_id,
                   coalesce(u.correlation, core.correlation_id()) AS correlation_id,
                   u.payment_id, u.ingestion_id, u.data
              FROM unnest(types, datas, payment_ids, ingestion_ids, correlations) WITH ORDINALITY
                   AS u (type, data, payment_id, ingestion_id, correlation, n)
             ORDER BY u.n) e
    RETURNING id
  )
  SELECT array_agg(id ORDER BY id) INTO recorded FROM events;
  RETURN recorded;
END $$;
COMMENT ON FUNCTION audit.record_many_v2(text[], jsonb[], text[], text[], text[]) IS 'Records events of the tenant and actor in context, in order, each under its correlation or the context''s; returns their ids in that order';
ALTER FUNCTION audit.record_many_v2(text[], jsonb[], text[], text[], text[]) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION audit.record_many_v2(text[], jsonb[], text[], text[], text[]) TO headgate_app, headgate_operator, headgate_resolver;

CREATE OR REPLACE FUNCTION audit.record_many(types text[], datas jsonb[], payment_ids text[], ingestion_ids text[]) RETURNS bigint[]
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT audit.record_many_v2(types, datas, payment_ids, ingestion_ids, NULL) $$;
COMMENT ON FUNCTION audit.record_many(text[], jsonb[], text[], text[]) IS 'Records events of the tenant and actor in context, in order; returns their ids in that order';
ALTER FUNCTION audit.record_many(text[], jsonb[], text[], text[]) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION audit.record_many(text[], jsonb[], text[], text[]) TO headgate_app, headgate_operator, headgate_resolver;

CREATE OR REPLACE FUNCTION audit.record_one(type text, data jsonb, payment_id text DEFAULT NULL, ingestion_id text DEFAULT NULL) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT (audit.record_many(ARRAY[type], ARRAY[data], ARRAY[payment_id], ARRAY[ingestion_id]))[1] $$;
COMMENT ON FUNCTION audit.record_one(text, jsonb, text, text) IS 'Records one event of the tenant and actor in context; returns its id';
ALTER FUNCTION audit.record_one(text, jsonb, text, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION audit.record_one(text, jsonb, text, text) TO headgate_app, headgate_operator, headgate_resolver;
