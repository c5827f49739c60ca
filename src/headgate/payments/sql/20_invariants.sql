-- Views that must be empty. Each row says what is wrong with what.
DROP VIEW IF EXISTS payments.invariant_attempts_funded;
CREATE VIEW payments.invariant_attempts_funded WITH (security_invoker = true) AS
SELECT a.id AS subject,
       format('attempt of %s minor units: its reservation is %s with %s captured', a.amount_minor, coalesce(r.status, 'missing'),
              coalesce(r.captured_minor, 0)) AS detail
  FROM payments.attempts a
  LEFT JOIN ledger.reservations r ON r.tenant_id = a.tenant_id AND r.id = a.reservation_id
  LEFT JOIN ledger.reservation_events e
         ON e.tenant_id = a.tenant_id AND e.reservation_id = a.reservation_id AND e.transaction_id = a.transaction_id
 WHERE NOT coalesce(r.status = 'captured' AND r.captured_minor = a.amount_minor AND r.currency = a.currency
                    AND r.source_ref = a.instruction_id AND e.kind = 'captured' AND e.amount_minor = a.amount_minor, false);
COMMENT ON VIEW payments.invariant_attempts_funded IS 'Every sent attempt has consumed one reservation of its payment''s money, equal in amount.';

DROP VIEW IF EXISTS payments.invariant_captures_have_attempts;
CREATE VIEW payments.invariant_captures_have_attempts WITH (security_invoker = true) AS
SELECT r.source_ref AS subject, format('reservation %s was captured, but no attempt took it', r.id) AS detail
  FROM ledger.reservations r
  JOIN payments.instructions i ON i.tenant_id = r.tenant_id AND i.id = r.source_ref
 WHERE r.reserve_type = 'payment' AND r.captured_minor > 0
   AND NOT EXISTS (SELECT FROM payments.attempts a WHERE a.tenant_id = r.tenant_id AND a.reservation_id = r.id);
COMMENT ON VIEW payments.invariant_captures_have_attempts IS 'No payment''s money leaves the client''s funds without an attempt that carries it.';

DROP VIEW IF EXISTS payments.invariant_statuses_agree;
CREATE VIEW payments.invariant_statuses_agree WITH (security_invoker = true) AS
WITH said AS (
  SELECT a.tenant_id, a.id, a.instruction_id, a.attempt_no, a.status,
         CASE WHEN EXISTS (SELECT FROM payments.standing_returns s WHERE s.tenant_id = a.tenant_id AND s.attempt_id = a.id) THEN 'returned'
              WHEN h.attempt_id IS NOT NULL THEN 'rejected'
              WHEN EXISTS (SELECT FROM payments.settlement_events e
                            WHERE e.tenant_id = a.tenant_id AND e.attempt_id = a.id AND e.status = 'rejected') THEN 'rejected'
              WHEN EXISTS (SELECT FROM payments.settlement_events e
                            WHERE e.tenant_id = a.tenant_id AND e.attempt_id = a.id AND e.status = 'settled') THEN 'settled'
              ELSE 'sent' END AS expected,
         h.attempt_id IS NOT NULL
         OR EXISTS (SELECT FROM payments.retries r WHERE r.tenant_id = a.tenant_id AND r.attempt_id = a.id) AS is_paid_anew
    FROM payments.attempts a
    -- A provider never heard of it: the payment waits for its next try, as if it had had none.
    LEFT JOIN payments.orders h ON h.tenant_id = a.tenant_id AND h.attempt_id = a.id AND h.status = 'unheard'
), latest AS (
  SELECT DISTINCT ON (t.tenant_id, t.instruction_id) t.tenant_id, t.instruction_id, t.expected, t.is_paid_anew
    FROM said t
   ORDER BY t.tenant_id, t.instruction_id, t.attempt_no DESC
)
SELECT i.id AS subject, format('instruction is %s, its attempts and their events say %s', i.status, w.expected) AS detail
  FROM payments.instructions i
  LEFT JOIN latest a ON a.tenant_id = i.tenant_id AND a.instruction_id = i.id
 CROSS JOIN LATERAL (
       SELECT CASE WHEN a.expected IS NOT NULL AND NOT a.is_paid_anew THEN a.expected
                   WHEN i.reservation_id IS NOT NULL THEN 'pending'
                   WHEN i.status = 'awaiting_funding' THEN i.status
                   ELSE 'blocked_funds' END AS expected) w
 WHERE i.status <> w.expected
UNION ALL
SELECT a.instruction_id, format('attempt %s is %s, its events say %s', a.attempt_no, a.status, a.expected)
  FROM said a
 WHERE a.status <> a.expected;
COMMENT ON VIEW payments.invariant_statuses_agree IS 'What an instruction and its attempt say agrees with what the bank''s events say.';

DROP VIEW IF EXISTS payments.invariant_pending_is_reserved;
CREATE VIEW payments.invariant_pending_is_reserved WITH (security_invoker = true) AS
SELECT i.id AS subject, format('pending, but its reservation is %s over %s of %s minor units', coalesce(r.status, 'missing'),
                               coalesce(r.amount_minor, 0), i.amount_minor) AS detail
  FROM payments.instructions i
  LEFT JOIN ledger.reservations r ON r.tenant_id = i.tenant_id AND r.id = i.reservation_id
 WHERE i.status = 'pending'
   AND NOT coalesce(r.amount_minor = i.amount_minor AND r.currency = i.currency AND r.source_ref = i.id, false);
COMMENT ON VIEW payments.invariant_pending_is_reserved IS 'Every pending payment names a reservation of its own, equal in amount (which may have lapsed: the pay gate judges).';

DROP VIEW IF EXISTS payments.invariant_payroll_totals;
CREATE VIEW payments.invariant_payroll_totals WITH (security_invoker = true) AS
SELECT p.id AS subject, format('payroll of %s payments, %s minor units; its instructions are %s, %s', p.instruction_count, p.total_minor,
                               i.count, i.total) AS detail
  FROM payments.payrolls p
 CROSS JOIN LATERAL (SELECT count(*) AS count, coalesce(sum(x.amount_minor), 0) AS total
                       FROM payments.instructions x WHERE x.tenant_id = p.tenant_id AND x.payroll_id = p.id) i
 WHERE i.count <> p.instruction_count OR i.total <> p.total_minor;
COMMENT ON VIEW payments.invariant_payroll_totals IS 'A payroll''s instructions are as many, and add up to as much, as the payroll says.';

DROP VIEW IF EXISTS payments.invariant_file_totals;
CREATE VIEW payments.invariant_file_totals WITH (security_invoker = true) AS
SELECT f.id AS subject, format('file of %s entries, %s minor units; its attempts are %s, %s, its debits %s, %s of %s', f.entry_count,
                               f.credit_minor, a.count, a.total, d.count, d.total, f.debit_minor) AS detail
  FROM payments.ach_files f
 CROSS JOIN LATERAL (SELECT count(*) AS count, coalesce(sum(x.amount_minor), 0) AS total
                       FROM (SELECT t.tenant_id, t.ach_file_id, t.amount_minor FROM payments.attempts t
                             UNION ALL
                             SELECT d.tenant_id, d.ach_file_id, d.amount_minor FROM payments.return_disputes d) x
                      WHERE x.tenant_id = f.tenant_id AND x.ach_file_id = f.id) a
 CROSS JOIN LATERAL (SELECT count(*) AS count, coalesce(sum(x.amount_minor), 0) AS total
                       FROM payments.funding_attempts x WHERE x.tenant_id = f.tenant_id AND x.ach_file_id = f.id) d
 WHERE a.count + d.count <> f.entry_count OR (a.count > 0 AND a.total <> f.credit_minor) OR (d.count > 0 AND d.total <> f.debit_minor);
COMMENT ON VIEW payments.invariant_file_totals IS 'A file''s attempts are as many, and add up to as much, as its control totals say.';

DROP VIEW IF EXISTS payments.invariant_clearing_residual;
CREATE VIEW payments.invariant_clearing_residual WITH (security_invoker = true) AS
SELECT coalesce(b.currency, s.currency) AS subject,
       format('payroll clearing holds %s minor units of payments, sent and not settled are %s', coalesce(b.residual, 0),
              coalesce(s.unsettled, 0)) AS detail
  FROM (SELECT e.currency, sum(CASE WHEN c.purpose = 'PAYROLL_CLEARING' THEN e.amount_minor ELSE 0 END)
                         - sum(CASE WHEN d.purpose = 'PAYROLL_CLEARING' THEN e.amount_minor ELSE 0 END) AS residual
          FROM ledger.transactions t
          JOIN payments.instructions i ON i.tenant_id = t.tenant_id AND i.id = t.source_id
          JOIN ledger.entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
          JOIN ledger.accounts d ON d.tenant_id = e.tenant_id AND d.id = e.debit_account_id
          JOIN ledger.accounts c ON c.tenant_id = e.tenant_id AND c.id = e.credit_account_id
         WHERE t.source_type = 'payment'
         GROUP BY e.currency) b
  FULL JOIN (SELECT a.currency, sum(a.amount_minor) AS unsettled
               FROM payments.attempts a
              WHERE NOT EXISTS (SELECT FROM payments.settlement_events v
                                 WHERE v.tenant_id = a.tenant_id AND v.attempt_id = a.id AND v.status IN ('settled', 'rejected'))
                AND NOT EXISTS (SELECT FROM payments.orders o
                                 WHERE o.tenant_id = a.tenant_id AND o.attempt_id = a.id AND o.status = 'unheard')
              GROUP BY a.currency) s ON s.currency = b.currency
 WHERE coalesce(b.residual, 0) <> coalesce(s.unsettled, 0);
COMMENT ON VIEW payments.invariant_clearing_residual IS 'What lies in payroll clearing is what was sent and has not settled.';

GRANT SELECT ON payments.invariant_attempts_funded, payments.invariant_captures_have_attempts, payments.invariant_statuses_agree,
  payments.invariant_pending_is_reserved, payments.invariant_payroll_totals, payments.invariant_file_totals,
  payments.invariant_clearing_residual TO headgate_app, headgate_readonly;
