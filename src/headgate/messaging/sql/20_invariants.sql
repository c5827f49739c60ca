-- What must hold of messages. Between full checks the rows of the last day are judged: a message lives minutes.
-- OFFSET 0 keeps a lookup a lookup, however many messages the planner expects.
CREATE OR REPLACE VIEW messaging.invariant_published_arrives WITH (security_invoker = true) AS
SELECT format('message %s (%s)', o.id, o.event_type) AS subject,
       format('was published, and consumer %s neither has it waiting nor handled it nor gave it up', s.consumer) AS detail
  FROM messaging.outbox_messages o
  JOIN messaging.subscriptions s ON o.published_at > s.since AND '.' || o.event_type ~ s.pattern
 WHERE o.created_at > (SELECT CASE WHEN core.check_full() THEN '-infinity'::timestamptz ELSE clock_timestamp() - interval '1 day' END)
   AND o.created_at <= 'infinity'
   AND NOT EXISTS (SELECT FROM messaging.inbox i
                    WHERE i.tenant_id = o.tenant_id AND i.consumer = s.consumer AND i.message_id = o.id)
   AND NOT EXISTS (SELECT FROM messaging.queue_messages q
                    WHERE q.tenant_id = o.tenant_id AND q.consumer = s.consumer AND q.message_id = o.id)
   AND NOT EXISTS (SELECT FROM messaging.dead_letters d
                    WHERE d.tenant_id = o.tenant_id AND d.consumer = s.consumer AND d.message_id = o.id);
COMMENT ON VIEW messaging.invariant_published_arrives IS
  'Every published message waits for each consumer of its topic, was handled by it, or lies with the dead letters.';

CREATE OR REPLACE VIEW messaging.invariant_published_once WITH (security_invoker = true) AS
SELECT 'key ' || o.dedupe_key AS subject,
       CASE WHEN count(*) > 1 THEN format('has %s messages', count(*)) ELSE 'has a message and no row in outbox_keys' END AS detail
  FROM messaging.outbox_messages o
  LEFT JOIN messaging.outbox_keys k ON k.tenant_id = o.tenant_id AND k.dedupe_key = o.dedupe_key AND k.message_id = o.id
 WHERE o.dedupe_key IS NOT NULL
   AND o.created_at > (SELECT CASE WHEN core.check_full() THEN '-infinity'::timestamptz ELSE clock_timestamp() - interval '1 day' END)
   AND o.created_at <= 'infinity'
 GROUP BY o.tenant_id, o.dedupe_key
HAVING count(*) > 1 OR count(k.message_id) = 0;
COMMENT ON VIEW messaging.invariant_published_once IS 'Under one dedupe key there is one message, and the key is written down.';

CREATE OR REPLACE VIEW messaging.invariant_pointers_resolve WITH (security_invoker = true) AS
SELECT format('message %s (%s)', o.id, o.event_type) AS subject,
       format('points at audit event %s, which is not there', o.audit_event_id) AS detail
  FROM messaging.outbox_messages o
 WHERE o.audit_event_id IS NOT NULL
   AND o.created_at > (SELECT CASE WHEN core.check_full() THEN '-infinity'::timestamptz ELSE clock_timestamp() - interval '1 day' END)
   AND o.created_at <= 'infinity'
   AND NOT EXISTS (SELECT FROM audit.events e
                    WHERE e.tenant_id = o.tenant_id AND e.epoch = o.audit_epoch AND e.xid = o.audit_xid
                      AND e.id = o.audit_event_id AND e.event_time = o.created_at OFFSET 0);
COMMENT ON VIEW messaging.invariant_pointers_resolve IS 'A message that points at an audit event finds it, written at the same instant.';

CREATE OR REPLACE VIEW messaging.invariant_dead_are_lettered WITH (security_invoker = true) AS
SELECT format('message %s (%s)', o.id, o.event_type) AS subject, 'was given up by the relay and lies with no dead letter' AS detail
  FROM messaging.outbox_messages o
 WHERE o.dead_at IS NOT NULL
   AND o.created_at > (SELECT CASE WHEN core.check_full() THEN '-infinity'::timestamptz ELSE clock_timestamp() - interval '1 day' END)
   AND o.created_at <= 'infinity'
   AND NOT EXISTS (SELECT FROM messaging.dead_letters d
                    WHERE d.tenant_id = o.tenant_id AND d.consumer = '' AND d.message_id = o.id AND d.requeued_at IS NULL);
COMMENT ON VIEW messaging.invariant_dead_are_lettered IS 'What the relay gave up lies with the dead letters, with its reason.';
GRANT SELECT ON messaging.invariant_published_arrives, messaging.invariant_published_once, messaging.invariant_pointers_resolve,
  messaging.invariant_dead_are_lettered TO headgate_app, headgate_readonly;
