-- Messages of one topic that SQL publishes with their words: in the outbox, and in the queues where that is the publisher's part.
CREATE OR REPLACE FUNCTION messaging.publish(
  p_type text, p_aggregate_type text, p_aggregate_ids text[], p_payloads jsonb[], p_correlations text[])
  RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant(); v_wanting CONSTANT text[] := messaging.wanting(p_type);
BEGIN
  WITH published AS (
    INSERT INTO messaging.outbox_messages (tenant_id, event_type, aggregate_type, aggregate_id, payload, correlation_id, published_at)
    SELECT v_tenant, p_type, p_aggregate_type, u.id, u.payload, coalesce(u.correlation, core.correlation_id()),
           CASE WHEN v_wanting IS NOT NULL THEN clock_timestamp() END
      FROM unnest(p_aggregate_ids, p_payloads, p_correlations) WITH ORDINALITY AS u (id, payload, correlation, n)
     ORDER BY u.n
    RETURNING tenant_id, id, created_at, event_type, aggregate_type, aggregate_id, payload, correlation_id
  )
  INSERT INTO messaging.queue_messages (tenant_id, consumer, message_id, created_at, event_type, aggregate_type, aggregate_id, payload,
                                        correlation_id)
  SELECT p.tenant_id, w.consumer, p.id, p.created_at, p.event_type, p.aggregate_type, p.aggregate_id, p.payload, p.correlation_id
    FROM published p CROSS JOIN unnest(v_wanting) AS w (consumer);
END $$;
COMMENT ON FUNCTION messaging.publish(text, text, text[], jsonb[], text[]) IS
  'Publishes messages of one topic, each about one thing and under its correlation, or the context''s';
REVOKE ALL ON FUNCTION messaging.publish(text, text, text[], jsonb[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION messaging.publish(text, text, text[], jsonb[], text[]) TO headgate_app;
