-- One fact of each of many things, recorded and published at once: the message points at its audit event and carries nothing.
CREATE OR REPLACE FUNCTION messaging.announce_many_v2(
  p_type text, p_aggregate_type text, p_aggregate_ids text[], p_datas text[], p_payment_ids text[], p_correlations text[])
  RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_now CONSTANT timestamptz := clock_timestamp();
  v_xid CONSTANT xid8 := pg_current_xact_id(); v_epoch CONSTANT integer := audit.current_epoch();
  v_actor_type CONSTANT text := core.actor_type(); v_actor CONSTANT text := core.actor_id();
  v_person CONSTANT text := core.person_id(); v_correlation CONSTANT text := core.correlation_id();
  v_events bigint[];
  v_wanting CONSTANT text[] := messaging.wanting(p_type);
BEGIN
  IF p_type !~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$' THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', SCHEMA = 'audit', TABLE = 'events', CONSTRAINT = 'events_type_is_a_topic',
      MESSAGE = format('the type of an event is a topic such as payments.payroll.committed: %L is none', p_type);
  END IF;
  SELECT array_agg(nextval('audit.event_id')) INTO v_events FROM generate_series(1, cardinality(p_aggregate_ids));
  INSERT INTO audit.events (tenant_id, id, event_time, xid, epoch, formula, type, actor_type, actor_id, person_id, correlation_id,
                            payment_id, ingestion_id, data, witness)
  SELECT v_tenant, x.event, v_now, v_xid, v_epoch, 1, p_type, v_actor_type, v_actor, v_person, x.correlation, x.payment_id, NULL, x.data,
         audit.witness(v_tenant, x.event, v_now, v_xid, v_epoch, 1::smallint, p_type, v_actor_type, v_actor, v_person, x.correlation,
                       x.payment_id, NULL, x.data)
    FROM (SELECT u.event, u.payment_id, u.data::jsonb AS data, coalesce(u.correlation, v_correlation) AS correlation
            FROM unnest(v_events, p_payment_ids, p_datas, p_correlations) u (event, payment_id, data, correlation)) x;
  WITH published AS (
    INSERT INTO messaging.outbox_messages (tenant_id, created_at, event_type, aggregate_type, aggregate_id, audit_event_id, audit_xid,
                                           audit_epoch, correlation_id, published_at)
    SELECT v_tenant, v_now, p_type, p_aggregate_type, u.id, u.event, v_xid, v_epoch, coalesce(u.correlation, v_correlation),
           CASE WHEN v_wanting IS NOT NULL THEN v_now END
      FROM unnest(p_aggregate_ids, v_events, p_correlations) u (id, event, correlation)
    RETURNING id, aggregate_id, audit_event_id, correlation_id
  )
  INSERT INTO messaging.queue_messages (tenant_id, consumer, message_id, created_at, event_type, aggregate_type, aggregate_id, payload,
                                        correlation_id)
  SELECT v_tenant, w.consumer, p.id, v_now, p_type, p_aggregate_type, p.aggregate_id, u.data::jsonb, p.correlation_id
    FROM unnest(v_wanting) AS w (consumer)
   CROSS JOIN published p
    JOIN unnest(v_events, p_datas) AS u (event, data) ON u.event = p.audit_event_id;
  RETURN cardinality(v_events);
END $$;
COMMENT ON FUNCTION messaging.announce_many_v2(text, text, text[], text[], text[], text[]) IS
  'Records one event of a type for each of many things and publishes it: each message points at its event. Each under its correlation, or the context''s. Says how many';
ALTER FUNCTION messaging.announce_many_v2(text, text, text[], text[], text[], text[]) OWNER TO headgate_poster;
REVOKE ALL ON FUNCTION messaging.announce_many_v2(text, text, text[], text[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION messaging.announce_many_v2(text, text, text[], text[], text[], text[]) TO headgate_app;

CREATE OR REPLACE FUNCTION messaging.announce_many(p_type text, p_aggregate_type text, p_aggregate_ids text[], p_datas text[], p_payment_ids text[])
  RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT messaging.announce_many_v2(p_type, p_aggregate_type, p_aggregate_ids, p_datas, p_payment_ids, NULL) $$;
COMMENT ON FUNCTION messaging.announce_many(text, text, text[], text[], text[]) IS
  'Records one event of a type for each of many things and publishes it, under the correlation in context. Says how many';
ALTER FUNCTION messaging.announce_many(text, text, text[], text[], text[]) OWNER TO headgate_poster;
REVOKE ALL ON FUNCTION messaging.announce_many(text, text, text[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION messaging.announce_many(text, text, text[], text[], text[]) TO headgate_app;
