-- Views that must be empty. Each row says what is wrong with what.
DROP VIEW IF EXISTS funding.invariant_deposits_posted;
CREATE VIEW funding.invariant_deposits_posted WITH (security_invoker = true) AS
SELECT d.id AS subject, format('deposit of %s minor units has no posting of its amount to %s', d.amount_minor,
                               CASE WHEN d.legal_entity_id IS NULL THEN 'suspense' ELSE 'its client''s funds' END) AS detail
  FROM funding.deposits d
 WHERE NOT EXISTS (
       SELECT FROM ledger.entries e
         JOIN ledger.accounts a ON a.tenant_id = e.tenant_id AND a.id = e.debit_account_id
         JOIN ledger.accounts c ON c.tenant_id = e.tenant_id AND c.id = e.credit_account_id
        WHERE e.tenant_id = d.tenant_id AND e.transaction_id = d.transaction_id AND e.amount_minor = d.amount_minor
          AND e.currency = d.currency AND a.purpose = 'CASH'
          AND CASE WHEN d.legal_entity_id IS NULL THEN c.purpose = 'SUSPENSE'
                   ELSE c.purpose = 'CLIENT_FUNDS' AND c.legal_entity_id = d.legal_entity_id END)
 UNION ALL
SELECT d.id, format('deposit of %s minor units was assigned to %s, and has no posting of its amount from suspense to its funds',
                    d.amount_minor, g.legal_entity_id)
  FROM funding.deposit_assignments g
  JOIN funding.deposits d ON d.tenant_id = g.tenant_id AND d.id = g.deposit_id
 WHERE NOT EXISTS (
       SELECT FROM ledger.entries e
         JOIN ledger.accounts a ON a.tenant_id = e.tenant_id AND a.id = e.debit_account_id
         JOIN ledger.accounts c ON c.tenant_id = e.tenant_id AND c.id = e.credit_account_id
        WHERE e.tenant_id = g.tenant_id AND e.transaction_id = g.transaction_id AND e.amount_minor = d.amount_minor
          AND e.currency = d.currency AND a.purpose = 'SUSPENSE' AND c.purpose = 'CLIENT_FUNDS'
          AND c.legal_entity_id = g.legal_entity_id);
COMMENT ON VIEW funding.invariant_deposits_posted IS
  'Every deposit stands in the book with its amount, in its client''s funds or, of an unknown payer, in suspense until it is assigned.';

DROP VIEW IF EXISTS funding.invariant_evaluations_numbered;
CREATE VIEW funding.invariant_evaluations_numbered WITH (security_invoker = true) AS
SELECT g.subject, format('%s judgements, the last is number %s', count(*), max(g.evaluation_no)) AS detail
  FROM funding.gate_evaluations g
 GROUP BY g.tenant_id, g.subject
HAVING count(*) <> max(g.evaluation_no);
COMMENT ON VIEW funding.invariant_evaluations_numbered IS 'A subject''s judgements are numbered from 1 without a gap: none was lost.';

DROP VIEW IF EXISTS funding.invariant_provisional_is_held;
CREATE VIEW funding.invariant_provisional_is_held WITH (security_invoker = true) AS
SELECT coalesce(b.legal_entity_id, p.legal_entity_id) AS subject,
       format('%s minor units %s lie in provisional funds, %s are provisional', coalesce(b.lies, 0), coalesce(b.currency, p.currency),
              coalesce(p.held, 0)) AS detail
  FROM (SELECT a.legal_entity_id, a.currency, -sum(a.net_minor) AS lies
          FROM ledger.accounts a
         WHERE a.purpose = 'PROVISIONAL_FUNDS'
         GROUP BY a.legal_entity_id, a.currency) b
  FULL JOIN (SELECT v.legal_entity_id, v.currency, sum(v.held_minor) AS held
               FROM funding.provisional v
              GROUP BY v.legal_entity_id, v.currency) p ON p.legal_entity_id = b.legal_entity_id AND p.currency = b.currency
 WHERE coalesce(b.lies, 0) <> coalesce(p.held, 0);
COMMENT ON VIEW funding.invariant_provisional_is_held IS 'What the bank may still take back lies in provisional funds, to the cent: none of it became a client''s before its time.';

DROP VIEW IF EXISTS funding.invariant_events_posted;
CREATE VIEW funding.invariant_events_posted WITH (security_invoker = true) AS
SELECT e.id AS subject, format('%s of %s minor units has no posting of its amount', e.kind, e.amount_minor) AS detail
  FROM funding.events e
 WHERE e.deposit_id IS NULL
   AND coalesce((SELECT sum(x.amount_minor) FROM ledger.entries x
                  WHERE x.tenant_id = e.tenant_id AND x.transaction_id = e.transaction_id AND x.currency = e.currency), 0) <> e.amount_minor
 UNION ALL
SELECT f.event_id, format('was made final %s, and has no posting of its amount from provisional to client funds', f.finalised_at)
  FROM funding.finalisations f
  JOIN funding.events e ON e.tenant_id = f.tenant_id AND e.id = f.event_id
 WHERE e.final_at > f.finalised_at
    OR NOT EXISTS (
       SELECT FROM ledger.entries x
         JOIN ledger.accounts d ON d.tenant_id = x.tenant_id AND d.id = x.debit_account_id
         JOIN ledger.accounts c ON c.tenant_id = x.tenant_id AND c.id = x.credit_account_id
        WHERE x.tenant_id = f.tenant_id AND x.transaction_id = f.transaction_id AND x.amount_minor = e.amount_minor
          AND d.purpose = 'PROVISIONAL_FUNDS' AND c.purpose = 'CLIENT_FUNDS' AND c.legal_entity_id = e.legal_entity_id)
 UNION ALL
SELECT d.id, format('a deposit of %s minor units, of which requests were given %s', d.amount_minor, sum(e.amount_minor))
  FROM funding.deposits d
  JOIN funding.events e ON e.tenant_id = d.tenant_id AND e.deposit_id = d.id
 GROUP BY d.tenant_id, d.id, d.amount_minor
HAVING sum(e.amount_minor) > d.amount_minor;
COMMENT ON VIEW funding.invariant_events_posted IS 'Every funding event stands in the book with its amount; nothing was final before its time, and no deposit was counted twice.';

DROP VIEW IF EXISTS funding.invariant_requests_agree;
CREATE VIEW funding.invariant_requests_agree WITH (security_invoker = true) AS
SELECT r.id AS subject, format('request is %s, its events say %s', r.status, w.expected) AS detail
  FROM funding.requests r
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(CASE WHEN e.kind = 'returned' THEN -e.amount_minor ELSE e.amount_minor END), 0) AS received,
              coalesce(bool_or(e.kind = 'returned'), false) AS was_returned,
              coalesce((SELECT sum(v.held_minor) FROM funding.provisional v WHERE v.funding_request_id = r.id), 0) AS held
         FROM funding.events e
        WHERE e.tenant_id = r.tenant_id AND e.funding_request_id = r.id) m
 CROSS JOIN LATERAL (
       SELECT CASE WHEN m.received = 0 AND r.status = 'cancelled' THEN 'cancelled'
                   WHEN m.received = 0 AND r.asked_minor = 0 THEN 'covered'
                   WHEN m.received = 0 AND m.was_returned THEN 'returned'
                   WHEN m.received = 0 THEN CASE r.status WHEN 'submitted' THEN r.status ELSE 'requested' END
                   WHEN m.received < r.asked_minor THEN 'partially_funded'
                   WHEN m.held > 0 THEN 'settled'
                   ELSE 'final' END AS expected) w
 WHERE r.status <> w.expected;
COMMENT ON VIEW funding.invariant_requests_agree IS 'What a funding request says of itself agrees with what came for it and what was taken back.';

DROP VIEW IF EXISTS funding.invariant_receivable_is_owed;
CREATE VIEW funding.invariant_receivable_is_owed WITH (security_invoker = true) AS
SELECT coalesce(b.currency, o.currency) AS subject,
       format('%s minor units of returned funding stand in the book as receivable, %s are owed', coalesce(b.lies, 0), coalesce(o.owed, 0)) AS detail
  FROM (SELECT x.currency, sum(CASE WHEN d.purpose = 'RETURNS_RECEIVABLE' THEN x.amount_minor ELSE 0 END)
                         - sum(CASE WHEN c.purpose = 'RETURNS_RECEIVABLE' THEN x.amount_minor ELSE 0 END) AS lies
          FROM ledger.transactions t
          JOIN ledger.entries x ON x.tenant_id = t.tenant_id AND x.transaction_id = t.id
          JOIN ledger.accounts d ON d.tenant_id = x.tenant_id AND d.id = x.debit_account_id
          JOIN ledger.accounts c ON c.tenant_id = x.tenant_id AND c.id = x.credit_account_id
         WHERE t.source_type = 'funding_event' AND t.source_id IS NOT NULL
         GROUP BY x.currency) b
  FULL JOIN (SELECT v.currency, sum(v.owed_minor) AS owed FROM funding.receivables v GROUP BY v.currency) o ON o.currency = b.currency
 WHERE coalesce(b.lies, 0) <> coalesce(o.owed, 0)
 UNION ALL
SELECT v.event_id, format('%s minor units more were recovered than were owed', -v.owed_minor) FROM funding.receivables v WHERE v.owed_minor < 0;
COMMENT ON VIEW funding.invariant_receivable_is_owed IS 'What clients owe for funding that came back stands in the book as receivable, to the cent.';

DROP VIEW IF EXISTS funding.invariant_counters_add_up;
CREATE VIEW funding.invariant_counters_add_up WITH (security_invoker = true) AS
SELECT k.policy AS subject, format('%s on %s: the counter says %s, its payrolls %s', coalesce(nullif(k.legal_entity_id, ''), 'all'), k.window_on, k.used,
                                   coalesce(u.used, 0)) AS detail
  FROM funding.limit_counters k
  LEFT JOIN LATERAL (SELECT sum(x.used) AS used FROM funding.limit_uses x
                      WHERE (x.tenant_id, x.legal_entity_id, x.policy, x.currency, x.window_on)
                          = (k.tenant_id, k.legal_entity_id, k.policy, k.currency, k.window_on)) u ON true
 WHERE k.used <> coalesce(u.used, 0);
COMMENT ON VIEW funding.invariant_counters_add_up IS 'A day''s counter is what its payrolls took.';

DROP VIEW IF EXISTS funding.invariant_credit_is_posted;
CREATE VIEW funding.invariant_credit_is_posted WITH (security_invoker = true) AS
SELECT m.id AS subject, format('%s of %s minor units has no posting between own and client funds', m.kind, m.amount_minor) AS detail
  FROM funding.credit_moves m
 WHERE NOT EXISTS (
       SELECT FROM ledger.entries x
         JOIN ledger.accounts d ON d.tenant_id = x.tenant_id AND d.id = x.debit_account_id
         JOIN ledger.accounts c ON c.tenant_id = x.tenant_id AND c.id = x.credit_account_id
        WHERE x.tenant_id = m.tenant_id AND x.transaction_id = m.transaction_id AND x.amount_minor = m.amount_minor
          AND x.currency = m.currency
          AND CASE m.kind WHEN 'drawn' THEN d.purpose = 'OWN_FUNDS' AND c.purpose = 'CLIENT_FUNDS' AND c.legal_entity_id = m.legal_entity_id
                          ELSE c.purpose = 'OWN_FUNDS' AND d.purpose = 'CLIENT_FUNDS' AND d.legal_entity_id = m.legal_entity_id END);
COMMENT ON VIEW funding.invariant_credit_is_posted IS 'What was drawn of a credit line is the tenant''s own settled money, posted into the client''s funds.';

GRANT SELECT ON funding.invariant_deposits_posted, funding.invariant_evaluations_numbered, funding.invariant_provisional_is_held,
  funding.invariant_events_posted, funding.invariant_requests_agree, funding.invariant_receivable_is_owed,
  funding.invariant_counters_add_up, funding.invariant_credit_is_posted TO headgate_app, headgate_readonly;
