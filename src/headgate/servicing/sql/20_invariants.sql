-- What must always hold of loans and their payments, whoever wrote it: each of these views is empty.
DROP VIEW IF EXISTS servicing.invariant_payments_add_up;
CREATE VIEW servicing.invariant_payments_add_up WITH (security_invoker = true) AS
WITH lines AS (
  SELECT l.payment_id,
         sum(l.amount_minor) FILTER (WHERE l.bucket = 'principal') AS principal,
         sum(l.amount_minor) FILTER (WHERE l.bucket = 'interest') AS interest,
         sum(l.amount_minor) FILTER (WHERE l.bucket = 'fees') AS fee,
         sum(l.amount_minor) FILTER (WHERE l.bucket = 'escrow') AS escrow,
         sum(l.amount_minor) FILTER (WHERE l.bucket IN ('suspense', 'overpayment')) AS suspense
    FROM servicing.live_allocations l
   GROUP BY l.payment_id
)
SELECT p.id AS subject, format('%s of %s minor units, and its lines come to %s', p.status, p.total_received,
         concat_ws(', ', l.principal, l.interest, l.fee, l.escrow, l.suspense)) AS detail
  FROM servicing.payments p
  LEFT JOIN lines l ON l.payment_id = p.id
 WHERE CASE p.status
         WHEN 'completed' THEN p.principal <> coalesce(l.principal, 0) OR p.interest <> coalesce(l.interest, 0)
           OR p.fee <> coalesce(l.fee, 0) OR p.escrow <> coalesce(l.escrow, 0) OR p.suspense <> coalesce(l.suspense, 0)
         ELSE l.payment_id IS NOT NULL
       END;
COMMENT ON VIEW servicing.invariant_payments_add_up IS 'The lines of a payment that stands come to its parts, and so to the payment; of one that was undone no line stands.';

DROP VIEW IF EXISTS servicing.invariant_reversals_are_whole;
CREATE VIEW servicing.invariant_reversals_are_whole WITH (security_invoker = true) AS
SELECT r.payment_id AS subject, format('line %s takes back line %s and differs from it', r.id, r.reverses) AS detail
  FROM servicing.allocations r
  JOIN servicing.allocations a ON a.tenant_id = r.tenant_id AND a.id = r.reverses
 WHERE a.reverses IS NOT NULL
    OR r.payment_id <> a.payment_id OR r.loan_id <> a.loan_id OR r.bucket <> a.bucket
    OR r.instalment_no IS DISTINCT FROM a.instalment_no OR r.amount_minor <> a.amount_minor
 UNION ALL
SELECT p.id, format('is %s, and %s', p.status, CASE WHEN u.payment_id IS NULL THEN 'nothing says what undid it' ELSE 'was undone' END)
  FROM servicing.payments p
  LEFT JOIN servicing.undoings u ON u.tenant_id = p.tenant_id AND u.payment_id = p.id
 WHERE (p.status = 'reversed') <> (u.payment_id IS NOT NULL);
COMMENT ON VIEW servicing.invariant_reversals_are_whole IS 'A line is taken back by its equal, and a payment is reversed exactly when something undid it.';

DROP VIEW IF EXISTS servicing.invariant_dues_are_paid_by_lines;
CREATE VIEW servicing.invariant_dues_are_paid_by_lines WITH (security_invoker = true) AS
SELECT format('%s #%s', d.loan_id, d.instalment_no) AS subject,
       format('says that %s were paid, its lines come to %s', d.fees_paid_minor + d.interest_paid_minor + d.principal_paid_minor + d.escrow_paid_minor,
              coalesce(l.fees + l.interest + l.principal + l.escrow, 0)) AS detail
  FROM servicing.dues d
  LEFT JOIN (SELECT a.loan_id, a.instalment_no,
                    coalesce(sum(a.amount_minor) FILTER (WHERE a.bucket = 'fees'), 0)::bigint AS fees,
                    coalesce(sum(a.amount_minor) FILTER (WHERE a.bucket = 'interest'), 0)::bigint AS interest,
                    coalesce(sum(a.amount_minor) FILTER (WHERE a.bucket = 'principal'), 0)::bigint AS principal,
                    coalesce(sum(a.amount_minor) FILTER (WHERE a.bucket = 'escrow'), 0)::bigint AS escrow
               FROM servicing.live_allocations a
              WHERE a.instalment_no IS NOT NULL
              GROUP BY a.loan_id, a.instalment_no) l ON l.loan_id = d.loan_id AND l.instalment_no = d.instalment_no
 WHERE d.fees_paid_minor <> coalesce(l.fees, 0) OR d.interest_paid_minor <> coalesce(l.interest, 0)
    OR d.principal_paid_minor <> coalesce(l.principal, 0) OR d.escrow_paid_minor <> coalesce(l.escrow, 0);
COMMENT ON VIEW servicing.invariant_dues_are_paid_by_lines IS 'What a due says was paid of it is the fold of the lines that stand.';

DROP VIEW IF EXISTS servicing.invariant_loans_agree;
CREATE VIEW servicing.invariant_loans_agree WITH (security_invoker = true) AS
SELECT n.id AS subject,
       format('is %s with %s open since %s and %s waiting; its dues and lines say %s since %s and %s', n.state, n.open_minor,
              n.oldest_due_on, n.suspense_minor + n.overpayment_minor, d.open_minor, d.oldest_due_on, w.suspense + w.overpayment) AS detail
  FROM servicing.loans n
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(o.whole - o.paid), 0)::bigint AS open_minor,
              min(o.due_on) FILTER (WHERE o.periodic > o.periodic_paid) AS oldest_due_on
         FROM (SELECT x.due_on, x.fees_minor + x.interest_minor + x.principal_minor + x.escrow_minor AS whole,
                      x.fees_paid_minor + x.interest_paid_minor + x.principal_paid_minor + x.escrow_paid_minor AS paid,
                      x.interest_minor + x.principal_minor + x.escrow_minor AS periodic,
                      x.interest_paid_minor + x.principal_paid_minor + x.escrow_paid_minor AS periodic_paid
                 FROM servicing.dues x
                WHERE x.tenant_id = n.tenant_id AND x.loan_id = n.id) o) d
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(l.amount_minor) FILTER (WHERE l.bucket = 'suspense'), 0)::bigint AS suspense,
              coalesce(sum(l.amount_minor) FILTER (WHERE l.bucket = 'overpayment'), 0)::bigint AS overpayment
         FROM servicing.live_allocations l
        WHERE l.tenant_id = n.tenant_id AND l.loan_id = n.id AND l.instalment_no IS NULL) w
 WHERE n.open_minor <> d.open_minor OR n.oldest_due_on IS DISTINCT FROM d.oldest_due_on
    OR n.suspense_minor <> w.suspense OR n.overpayment_minor <> w.overpayment
    OR (n.state IN ('paid_off', 'overpaid') AND d.open_minor > 0)
    OR (n.state IN ('current', 'grace', 'delinquent') AND d.open_minor = 0)
    OR (n.state = 'overpaid') <> (w.overpayment > 0 AND n.state IN ('paid_off', 'overpaid'))
    OR n.state IS DISTINCT FROM coalesce((SELECT c.to_state FROM servicing.state_changes c
                                           WHERE c.tenant_id = n.tenant_id AND c.loan_id = n.id ORDER BY c.id DESC LIMIT 1), 'pending');
COMMENT ON VIEW servicing.invariant_loans_agree IS 'What a loan says of itself agrees with its dues, its lines and its last move.';

-- A posting that has a source type has a source; said here too, it is found by its index in a book of whatever length.
DROP VIEW IF EXISTS servicing.invariant_book_agrees;
CREATE VIEW servicing.invariant_book_agrees WITH (security_invoker = true) AS
WITH moved AS (
  SELECT t.source_id AS payment_id, a.purpose, sum(s.amount_minor) AS amount_minor
    FROM ledger.transactions t
    JOIN ledger.entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
   CROSS JOIN LATERAL (VALUES (e.credit_account_id, e.amount_minor), (e.debit_account_id, -e.amount_minor)) AS s (account_id, amount_minor)
    JOIN ledger.accounts a ON a.tenant_id = e.tenant_id AND a.id = s.account_id
   WHERE t.source_type = 'servicing_payment' AND t.source_id IS NOT NULL
   GROUP BY t.source_id, a.purpose
), lines AS (
  SELECT l.payment_id, m.purpose, sum(m.amount_minor) AS amount_minor
    FROM servicing.live_allocations l
   CROSS JOIN LATERAL (VALUES
     (CASE WHEN l.instalment_no IS NOT NULL AND l.is_recovery THEN 'LOAN_RECOVERIES'
           ELSE CASE l.bucket WHEN 'fees' THEN 'FEES' WHEN 'interest' THEN 'LOAN_INTEREST' WHEN 'principal' THEN 'LOAN_PRINCIPAL'
                              WHEN 'escrow' THEN 'LOAN_ESCROW' WHEN 'suspense' THEN 'LOAN_SUSPENSE' ELSE 'LOAN_OVERPAYMENTS' END END,
      l.amount_minor), ('CASH', -l.amount_minor)) AS m (purpose, amount_minor)
   GROUP BY l.payment_id, m.purpose
)
SELECT coalesce(m.payment_id, l.payment_id) AS subject,
       format('%s minor units stand in the book in %s, its lines come to %s', coalesce(m.amount_minor, 0), coalesce(m.purpose, l.purpose),
              coalesce(l.amount_minor, 0)) AS detail
  FROM moved m
  FULL JOIN lines l ON l.payment_id = m.payment_id AND l.purpose = m.purpose
 WHERE coalesce(m.amount_minor, 0) <> coalesce(l.amount_minor, 0)
 UNION ALL
SELECT coalesce(b.loan_id, d.loan_id), format('%s minor units of principal stand in the book as lent, its dues come to %s', coalesce(b.amount_minor, 0),
         coalesce(d.amount_minor, 0))
  FROM (SELECT t.source_id AS loan_id, sum(CASE WHEN a.purpose = 'LOAN_PRINCIPAL' THEN e.amount_minor ELSE -e.amount_minor END) AS amount_minor
          FROM ledger.transactions t
          JOIN ledger.entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
          JOIN ledger.accounts a ON a.tenant_id = e.tenant_id AND a.id = e.debit_account_id
         WHERE t.source_type = 'servicing_loan' AND t.source_id IS NOT NULL
         GROUP BY t.source_id) b
  FULL JOIN (SELECT x.loan_id, sum(x.principal_minor) AS amount_minor FROM servicing.dues x GROUP BY x.loan_id) d ON d.loan_id = b.loan_id
 WHERE coalesce(b.amount_minor, 0) <> coalesce(d.amount_minor, 0);
COMMENT ON VIEW servicing.invariant_book_agrees IS 'The book shows each payment where its lines lie, and each loan''s principal as it was boarded, to the cent.';

GRANT SELECT ON servicing.invariant_payments_add_up, servicing.invariant_reversals_are_whole, servicing.invariant_dues_are_paid_by_lines,
  servicing.invariant_loans_agree, servicing.invariant_book_agrees TO headgate_app, headgate_readonly;
