-- What people and neighbouring systems read.
CREATE OR REPLACE VIEW audit.chain WITH (security_invoker = true) AS
SELECT e.tenant_id, e.id, e.payment_id, e.ingestion_id, e.type, e.event_time, e.actor_type, e.actor_id, e.person_id,
       e.correlation_id, e.data, e.epoch, e.xid, e.formula, b.number AS block_number,
       encode(CASE WHEN b.place > 1 THEN substr(b.event_hashes, (b.place - 2) * 32 + 1, 32)
                   WHEN b.number = 1 THEN b.previous_hash
                   ELSE (SELECT substr(p.event_hashes, (p.event_count - 1) * 32 + 1, 32)
                           FROM audit.blocks p
                          WHERE p.tenant_id = e.tenant_id AND p.number = b.number - 1) END, 'hex') AS prev_event_hash,
       encode(substr(b.event_hashes, (b.place - 1) * 32 + 1, 32), 'hex') AS event_hash
  FROM audit.events e
  LEFT JOIN LATERAL (
    SELECT c.number, c.previous_hash, c.event_hashes, array_position(c.event_ids, e.id) AS place
      FROM (SELECT *
              FROM audit.blocks a
             WHERE a.tenant_id = e.tenant_id AND a.epoch = e.epoch AND (a.first_xid, a.first_id) <= (e.xid, e.id)
             ORDER BY a.first_xid DESC, a.first_id DESC
             LIMIT 1) c
     WHERE (e.xid, e.id) <= (c.last_xid, c.last_id)) b ON true;
COMMENT ON VIEW audit.chain IS 'The events with their place in the tenant''s hash chain; an unsealed event has no hashes yet';

CREATE OR REPLACE VIEW public.payment_events WITH (security_invoker = true) AS
SELECT c.tenant_id, c.id, c.payment_id, c.ingestion_id, c.type, c.event_time, c.actor_type, c.actor_id, c.correlation_id,
       c.data, c.prev_event_hash, c.event_hash
  FROM audit.chain c
 WHERE c.payment_id IS NOT NULL;
COMMENT ON VIEW public.payment_events IS 'What happened to payments, with each event''s place in the hash chain';
GRANT SELECT ON audit.chain, public.payment_events TO headgate_app, headgate_readonly, headgate_operator;
