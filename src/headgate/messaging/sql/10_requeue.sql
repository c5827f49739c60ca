-- Trying a dead letter again: the one change of queues that a tenant's own transaction may make.
CREATE OR REPLACE FUNCTION messaging.requeue(dead_letter_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenant CONSTANT uuid := core.require_tenant();
  letter messaging.dead_letters;
BEGIN
  UPDATE messaging.dead_letters d
     SET requeued_at = clock_timestamp(), requeued_by = core.actor_id()
   WHERE d.tenant_id = tenant AND d.id = requeue.dead_letter_id AND d.requeued_at IS NULL
  RETURNING d.* INTO letter;
  IF letter.id IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG211',
      MESSAGE = format('there is no dead letter %s of this tenant that waits', requeue.dead_letter_id);
  END IF;
  IF letter.consumer = '' THEN
    UPDATE messaging.outbox_messages o
       SET dead_at = NULL, attempt_count = 0, available_at = clock_timestamp(), last_error = NULL
     WHERE o.tenant_id = tenant AND o.id = letter.message_id AND o.created_at = letter.created_at;
  ELSE
    INSERT INTO messaging.queue_messages (tenant_id, consumer, message_id, created_at, event_type, aggregate_type,
      aggregate_id, payload, correlation_id)
    VALUES (tenant, letter.consumer, letter.message_id, letter.created_at, letter.event_type, letter.aggregate_type,
      letter.aggregate_id, letter.payload, letter.correlation_id)
    ON CONFLICT DO NOTHING;
  END IF;
END $$;
COMMENT ON FUNCTION messaging.requeue(bigint) IS 'Gives a dead letter of the tenant in context back to the relay or its consumer; raises HG211 where none waits';
ALTER FUNCTION messaging.requeue(bigint) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION messaging.requeue(bigint) TO headgate_app;
