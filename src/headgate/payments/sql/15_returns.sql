-- Which returns stand, after what was disputed of them.
-- security_invoker: the reader's tenant, and no other's.
CREATE OR REPLACE VIEW payments.standing_returns WITH (security_invoker = true) AS
SELECT r.tenant_id, r.attempt_id, r.id AS return_id
  FROM payments.returns r
  LEFT JOIN payments.return_disputes d ON d.tenant_id = r.tenant_id AND d.return_id = r.id AND d.kind = 'dishonored'
 WHERE r.standing = 'counted'
   AND (d.id IS NULL OR EXISTS (SELECT FROM payments.return_disputes c
                                 WHERE c.tenant_id = r.tenant_id AND c.return_id = r.id AND c.kind <> 'dishonored'
                                   AND c.transaction_id IS NOT NULL))
UNION ALL
-- Over an instant rail, where money may come back in parts; or told before returns were kept by themselves.
SELECT e.tenant_id, e.attempt_id, NULL
  FROM payments.settlement_events e
  JOIN payments.attempts a ON a.tenant_id = e.tenant_id AND a.id = e.attempt_id
 WHERE e.status = 'returned'
   AND a.amount_minor <= (SELECT sum(p.amount_minor) FROM payments.settlement_events p
                           WHERE p.tenant_id = e.tenant_id AND p.attempt_id = e.attempt_id AND p.status = 'returned')
   AND NOT EXISTS (SELECT FROM payments.returns r WHERE r.tenant_id = e.tenant_id AND r.attempt_id = e.attempt_id AND r.standing = 'counted');
COMMENT ON VIEW payments.standing_returns IS 'Returns by which a client has its money back: counted, and not dishonored, or dishonored and contested since';
GRANT SELECT ON payments.standing_returns TO headgate_app, headgate_readonly;
