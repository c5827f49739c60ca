-- What must hold of messages. Between full checks (core.check_full() off) they go on from messaging.verified_messages: the
-- number up to which every message was published or given up, and was found right. Between two bounds the planner expects a
-- small part, and takes the index; OFFSET 0 keeps a lookup a lookup, however many messages it expects.
CREATE OR REPLACE FUNCTION messaging.verified_through() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN core.check_full() THEN -9223372036854775808
              ELSE coalesce((SELECT v.message_id FROM messaging.verified_messages v WHERE v.tenant_id = core.tenant_id()), -9223372036854775808) END
$$;
COMMENT ON FUNCTION messaging.verified_through() IS 'The number from which on a check judges the tenant''s messages; all of them in a full one';
GRANT EXECUTE ON FUNCTION messaging.verified_through() TO headgate_app, headgate_readonly;

CREATE OR REPLACE VIEW messaging.invariant_published_arrives WITH (security_invoker = true) AS
SELECT format('message %s (%s)', o.id, o.event_type) AS subject,
       format('was published, and consumer %s neither has it waiting nor handled it nor gave it up', s.consumer) AS detail
  FROM messaging.outbox_messages o
  JOIN messaging.subscriptions s ON s.transport = 'postgres' AND o.published_at > s.since AND '.' || o.event_type ~ s.pattern
   AND s.consumer IS DISTINCT FROM o.handled_by
 WHERE o.id > (SELECT messaging.verified_through()) AND o.id <= 9223372036854775807
   AND NOT EXISTS (SELECT FROM messaging.inbox i
                    WHERE i.tenant_id = o.tenant_id AND i.consumer = s.consumer AND i.message_id = o.id)
   AND NOT EXISTS (SELECT FROM messaging.queue_messages q
                    WHERE q.tenant_id = o.tenant_id AND q.consumer = s.consumer AND q.message_id = o.id)
   AND NOT EXISTS (SELECT FROM messaging.dead_letters d
                    WHERE d.tenant_id = o.tenant_id AND d.consumer = s.consumer AND d.message_id = o.id);
COMMENT ON VIEW messaging.invariant_published_arrives IS
  'Every published message waits for each consumer of its topic, was handled by it, or lies with the dead letters (a broker''s queues are not seen).';

CREATE OR REPLACE VIEW messaging.invariant_published_once WITH (security_invoker = true) AS
SELECT 'key ' || o.dedupe_key AS subject,
       CASE WHEN count(*) > 1 THEN format('has %s messages', count(*)) ELSE 'has a message and no row in outbox_keys' END AS detail
  FROM messaging.outbox_messages o
  LEFT JOIN messaging.outbox_keys k ON k.tenant_id = o.tenant_id AND k.dedupe_key = o.dedupe_key AND k.message_id = o.id
 WHERE o.dedupe_key IS NOT NULL
   AND o.id > (SELECT messaging.verified_through()) AND o.id <= 9223372036854775807
 GROUP BY o.tenant_id, o.dedupe_key
HAVING count(*) > 1 OR count(k.message_id) = 0;
COMMENT ON VIEW messaging.invariant_published_once IS 'Under one dedupe key there is one message, and the key is written down.';

CREATE OR REPLACE VIEW messaging.invariant_pointers_resolve WITH (security_invoker = true) AS
SELECT format('message %s (%s)', o.id, o.event_type) AS subject,
       format('points at audit event %s, which is not there', o.audit_event_id) AS detail
  FROM messaging.outbox_messages o
 WHERE o.audit_event_id IS NOT NULL
   AND o.id > (SELECT messaging.verified_through()) AND o.id <= 9223372036854775807
   AND NOT EXISTS (SELECT FROM audit.events e
                    WHERE e.tenant_id = o.tenant_id AND e.epoch = o.audit_epoch AND e.xid = o.audit_xid
                      AND e.id = o.audit_event_id AND e.event_time = o.created_at OFFSET 0);
COMMENT ON VIEW messaging.invariant_pointers_resolve IS 'A message that points at an audit event finds it, written at the same instant.';

CREATE OR REPLACE VIEW messaging.invariant_dead_are_lettered WITH (security_invoker = true) AS
SELECT format('message %s (%s)', o.id, o.event_type) AS subject, 'was given up by the relay and lies with no dead letter' AS detail
  FROM messaging.outbox_messages o
 WHERE o.dead_at IS NOT NULL
   AND o.id > (SELECT messaging.verified_through()) AND o.id <= 9223372036854775807
   AND NOT EXISTS (SELECT FROM messaging.dead_letters d
                    WHERE d.tenant_id = o.tenant_id AND d.consumer = '' AND d.message_id = o.id AND d.requeued_at IS NULL);
COMMENT ON VIEW messaging.invariant_dead_are_lettered IS 'What the relay gave up lies with the dead letters, with its reason.';
GRANT SELECT ON messaging.invariant_published_arrives, messaging.invariant_published_once, messaging.invariant_pointers_resolve,
  messaging.invariant_dead_are_lettered TO headgate_app, headgate_readonly;

CREATE OR REPLACE FUNCTION messaging.advance_verified() RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_last bigint;
BEGIN
  -- What is still to be published is judged when it was. As with the book's numbers, two checks make one step: what was
  -- below the greatest number seen has come, or never comes, once all that ran then are over.
  -- OFFSET 0: the least of what is unpublished, where nothing is, would be looked for among all that ever was published.
  v_last := coalesce((SELECT min(w.id) - 1 FROM (SELECT o.id FROM messaging.outbox_messages o
                                                  WHERE o.tenant_id = v_tenant AND o.published_at IS NULL AND o.dead_at IS NULL
                                                 OFFSET 0) w),
                     (SELECT max(o.id) FROM messaging.outbox_messages o WHERE o.tenant_id = v_tenant), 0);
  INSERT INTO messaging.verified_messages AS v (tenant_id, message_id, next_message_id, next_xid)
  VALUES (v_tenant, 0, greatest(v_last, 0), pg_snapshot_xmax(pg_current_snapshot()))
  ON CONFLICT (tenant_id) DO UPDATE
    SET message_id = v.next_message_id, next_message_id = greatest(excluded.next_message_id, v.next_message_id), next_xid = excluded.next_xid
    WHERE pg_snapshot_xmin(pg_current_snapshot()) >= v.next_xid;
END $$;
COMMENT ON FUNCTION messaging.advance_verified() IS 'After a clean check, in its snapshot: the messages that were judged need not be judged again before the next full check';
ALTER FUNCTION messaging.advance_verified() OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION messaging.advance_verified() TO headgate_app;
