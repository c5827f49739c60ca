-- What moves messages into queues and out to who asks. A queue fills and empties within seconds, so what its statistics say is
-- mostly wrong, and a plan made by them reads all that waits for each message: each step here finds its rows in the one way that
-- is right for an empty and for a full queue, by the order that an index has, or by where a row lies.
CREATE OR REPLACE FUNCTION messaging.wanting(p_type text) RETURNS text[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF current_setting('headgate.queues_directly', true) IS DISTINCT FROM 'on' THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT CASE WHEN bool_and(s.transport = 'postgres')
                      THEN coalesce(array_agg(s.consumer) FILTER (WHERE '.' || p_type ~ s.pattern), '{}') END
            FROM messaging.subscriptions s);
END $$;
COMMENT ON FUNCTION messaging.wanting(text) IS
  'The consumers whose queues a message of this topic is put into by who publishes it; NULL where that is the relay''s part';
GRANT EXECUTE ON FUNCTION messaging.wanting(text) TO headgate_app, headgate_poster;

CREATE OR REPLACE FUNCTION messaging.queue_due(p_limit integer, p_attempts_max integer) RETURNS integer LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_indexscan = on AS $$
DECLARE
  v_count integer;
BEGIN
  WITH due AS MATERIALIZED (
    SELECT o.tenant_id, o.id, o.created_at, o.event_type, o.aggregate_type, o.aggregate_id, o.payload, o.correlation_id,
           o.handled_by, o.audit_epoch, o.audit_xid, o.audit_event_id
      FROM messaging.outbox_messages o
     WHERE o.published_at IS NULL AND o.dead_at IS NULL
       AND o.available_at <= clock_timestamp()
       AND (o.claimed_until IS NULL OR o.claimed_until < clock_timestamp())
       AND o.attempt_count < p_attempts_max
     ORDER BY o.available_at, o.id
     LIMIT p_limit
     FOR UPDATE SKIP LOCKED
  ), wanted AS MATERIALIZED (
    -- A topic is matched once, however many messages have it.
    SELECT t.event_type, s.consumer
      FROM (SELECT DISTINCT event_type FROM due) t
      JOIN messaging.subscriptions s ON '.' || t.event_type ~ s.pattern
  ), whole AS MATERIALIZED (
    -- What nobody wants is looked at no further.
    SELECT d.tenant_id, d.id, d.created_at, d.event_type, d.aggregate_type, d.aggregate_id, d.handled_by,
           coalesce(d.payload, e.data) AS payload, coalesce(d.correlation_id, e.correlation_id) AS correlation_id
      FROM due d
      LEFT JOIN audit.events e
        ON e.tenant_id = d.tenant_id AND e.epoch = d.audit_epoch AND e.xid = d.audit_xid
       AND e.id = d.audit_event_id AND e.event_time = d.created_at
     WHERE d.event_type IN (SELECT event_type FROM wanted)
  ), queued AS (
    INSERT INTO messaging.queue_messages (tenant_id, consumer, message_id, created_at, event_type,
      aggregate_type, aggregate_id, payload, correlation_id)
    SELECT w.tenant_id, t.consumer, w.id, w.created_at, w.event_type, w.aggregate_type, w.aggregate_id,
           w.payload, w.correlation_id
      FROM whole w
      JOIN wanted t ON t.event_type = w.event_type
     WHERE w.payload IS NOT NULL AND t.consumer IS DISTINCT FROM w.handled_by
     ORDER BY w.id
    ON CONFLICT DO NOTHING
  ), taken AS (
    UPDATE messaging.outbox_messages o
       SET published_at = clock_timestamp(), attempt_count = o.attempt_count + 1, claimed_by = NULL,
           claimed_until = NULL, last_error = NULL
      FROM due d
     WHERE o.tenant_id = d.tenant_id AND o.id = d.id AND o.created_at = d.created_at
       AND d.id NOT IN (SELECT w.id FROM whole w WHERE w.payload IS NULL)
    RETURNING o.id
  )
  SELECT count(*) INTO v_count FROM taken;
  IF v_count = 0 AND EXISTS (SELECT FROM messaging.outbox_messages o
                              WHERE o.published_at IS NULL AND o.dead_at IS NULL AND o.available_at <= clock_timestamp()
                                AND (o.claimed_until IS NULL OR o.claimed_until < clock_timestamp())) THEN
    RETURN NULL;
  END IF;
  RETURN v_count;
END $$;
COMMENT ON FUNCTION messaging.queue_due(integer, integer) IS
  'Takes up to p_limit messages that are due out of the outbox into the queues of who wants them, and marks them published; how many. NULL where none of those that are due can be taken so';
REVOKE ALL ON FUNCTION messaging.queue_due(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION messaging.queue_due(integer, integer) TO headgate_dispatcher;

CREATE OR REPLACE FUNCTION messaging.claim_queued(p_consumers text[], p_limit integer, p_holder text, p_seconds float8)
  RETURNS SETOF messaging.queue_messages LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_indexscan = on SET enable_bitmapscan = off AS $$
DECLARE
  v_consumer text;
  v_rows tid[] := '{}';
BEGIN
  -- The consumer whose oldest message waits longest comes first, with as many of its as there are: a set.
  FOR v_consumer IN
    SELECT asked.name
      FROM unnest(p_consumers) asked (name)
     CROSS JOIN LATERAL (SELECT q.available_at
                           FROM messaging.queue_messages q
                          WHERE q.consumer = asked.name
                            AND q.available_at <= clock_timestamp() AND q.available_at < 'infinity'
                            AND (q.claimed_until IS NULL OR q.claimed_until < clock_timestamp())
                          ORDER BY q.available_at, q.message_id
                          LIMIT 1) head
     ORDER BY head.available_at, asked.name
  LOOP
    v_rows := v_rows || ARRAY(
      SELECT q.ctid
        FROM messaging.queue_messages q
       WHERE q.consumer = v_consumer
         AND q.available_at <= clock_timestamp() AND q.available_at < 'infinity'
         AND (q.claimed_until IS NULL OR q.claimed_until < clock_timestamp())
       ORDER BY q.available_at, q.message_id
       LIMIT p_limit - cardinality(v_rows)
         FOR UPDATE SKIP LOCKED);
    EXIT WHEN cardinality(v_rows) >= p_limit;
  END LOOP;
  -- They are held, so each lies where it lay: found there, and by no index. Only rows that are held may be looked for so.
  PERFORM set_config('enable_indexscan', 'off', true);
  RETURN QUERY
    UPDATE messaging.queue_messages q
       SET claimed_by = p_holder, claimed_until = clock_timestamp() + make_interval(secs => p_seconds),
           attempt_count = q.attempt_count + 1
     WHERE q.ctid = ANY (v_rows)
    RETURNING q.*;
  PERFORM set_config('enable_indexscan', 'on', true);
END $$;
COMMENT ON FUNCTION messaging.claim_queued(text[], integer, text, float8) IS
  'Claims up to p_limit messages that are due for these consumers, for so many seconds';
REVOKE ALL ON FUNCTION messaging.claim_queued(text[], integer, text, float8) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION messaging.claim_queued(text[], integer, text, float8) TO headgate_dispatcher;
