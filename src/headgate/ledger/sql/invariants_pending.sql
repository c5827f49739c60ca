-- What must hold of late legs and of pending transactions.

CREATE OR REPLACE VIEW ledger.invariant_late_legs WITH (security_invoker = true) AS
  SELECT x.code AS subject,
         format('leg %s (transaction %s) is effective at %s, the legs before it at most at %s, and it is marked %s', x.seq, x.transaction_id,
                x.effective_at, x.before_max, CASE WHEN x.is_late THEN 'late' ELSE 'in time' END) AS detail
    FROM (SELECT l.*, greatest(f.effective_max, max(l.effective_at) OVER (PARTITION BY l.account_id ORDER BY l.seq
                                                                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS before_max
            FROM ledger.unverified_legs l
            LEFT JOIN LATERAL (
              -- The latest of what is verified is the last of it that came in time. Asked for the first leg behind it alone:
              -- within each branch, so that the others need no look at an index.
              SELECT max(k.effective_at) AS effective_max
                FROM ((SELECT e.effective_at FROM ledger.entries e
                        WHERE e.tenant_id = l.tenant_id AND e.debit_account_id = l.account_id AND e.debit_seq <= l.from_seq AND NOT e.debit_late
                          AND l.from_seq > 0 AND l.seq = l.from_seq + 1
                        ORDER BY e.debit_seq DESC LIMIT 1)
                      UNION ALL
                      (SELECT e.effective_at FROM ledger.entries e
                        WHERE e.tenant_id = l.tenant_id AND e.credit_account_id = l.account_id AND e.credit_seq <= l.from_seq AND NOT e.credit_late
                          AND l.from_seq > 0 AND l.seq = l.from_seq + 1
                        ORDER BY e.credit_seq DESC LIMIT 1)) k) f ON true) x
   WHERE x.is_late <> coalesce(x.effective_at < x.before_max, false)
  UNION ALL
  SELECT a.code, format('knows %s as the latest effective time and %s as the most that a leg was late; its legs say %s and %s', a.effective_max,
                        a.late_by_max, coalesce(l.effective_max, '-infinity'), l.late_by)
    FROM ledger.accounts a
    -- Once for all accounts: without statistics it would be done once for each.
    JOIN (WITH judged AS MATERIALIZED (
            SELECT y.tenant_id, y.account_id, y.from_seq, max(y.effective_at) AS effective_max,
                   max(CASE WHEN y.is_late THEN y.before_max - y.effective_at ELSE '0' END) AS late_by
              FROM (SELECT u.*, max(u.effective_at) OVER (PARTITION BY u.account_id ORDER BY u.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_max
                      FROM ledger.unverified_legs u) y
             GROUP BY y.tenant_id, y.account_id, y.from_seq)
          SELECT j.tenant_id, j.account_id, j.from_seq, j.effective_max, j.late_by FROM judged j) l ON l.tenant_id = a.tenant_id AND l.account_id = a.id
   WHERE a.effective_max < l.effective_max OR a.late_by_max < l.late_by
      OR (l.from_seq = 0 AND (a.effective_max <> l.effective_max OR a.late_by_max <> l.late_by));
COMMENT ON VIEW ledger.invariant_late_legs IS 'A leg is marked late exactly where its account had a later one; the account knows the latest effective time and how late a leg was at most';

CREATE OR REPLACE VIEW ledger.invariant_pending WITH (security_invoker = true) AS
  SELECT a.code AS subject,
         format('has %s pending to leave and %s to come; its pending transactions hold %s and %s', a.pending_out_minor, a.pending_in_minor,
                coalesce(h.out_minor, 0), coalesce(h.in_minor, 0)) AS detail
    FROM ledger.accounts a
    LEFT JOIN (SELECT k.tenant_id, k.account_id, sum(k.out_minor) AS out_minor, sum(k.in_minor) AS in_minor, min(k.expires_at) AS next_expiry_at
                 FROM ledger.pending_holds k GROUP BY k.tenant_id, k.account_id) h ON h.tenant_id = a.tenant_id AND h.account_id = a.id
   WHERE a.pending_out_minor <> coalesce(h.out_minor, 0) OR a.pending_in_minor <> coalesce(h.in_minor, 0)
      OR a.next_expiry_at > coalesce(h.next_expiry_at, 'infinity')
  UNION ALL
  SELECT x.id::text, format('is %s, and holds %s legs of the %s that its entries have', x.status, coalesce(h.holds, 0), e.legs)
    FROM ledger.pending_transactions x
    LEFT JOIN (SELECT k.tenant_id, k.transaction_id, count(*) AS holds, sum(k.out_minor + k.in_minor) AS held
                 FROM ledger.pending_holds k GROUP BY k.tenant_id, k.transaction_id) h ON h.tenant_id = x.tenant_id AND h.transaction_id = x.id
    CROSS JOIN LATERAL (SELECT count(*) * 2 AS legs, coalesce(sum(k.amount_minor), 0) * 2 AS held
                          FROM ledger.pending_entries k WHERE k.tenant_id = x.tenant_id AND k.transaction_id = x.id) e
   WHERE e.legs = 0 OR (x.status <> 'pending' AND h.holds > 0) OR coalesce(h.held, 0) > e.held
      -- What is overdue is given back account by account, before it is marked.
      OR (x.status = 'pending' AND x.expires_at = 'infinity' AND h.held IS DISTINCT FROM e.held);
COMMENT ON VIEW ledger.invariant_pending IS 'What an account has pending is what its pending transactions hold; only one that is still pending holds anything, and it holds all';

CREATE OR REPLACE VIEW ledger.invariant_settled_within_pending WITH (security_invoker = true) AS
  SELECT x.id::text AS subject, format('is %s by %s, which has entry %s over %s; %s was pending', x.status, coalesce(x.settled_by::text, 'none'), k.of_n,
                                       k.amount_minor, coalesce(p.amount_minor, 0)) AS detail
    FROM ledger.transactions s
    JOIN ledger.entries k ON k.tenant_id = s.tenant_id AND k.transaction_id = s.id
    LEFT JOIN ledger.pending_transactions x ON x.tenant_id = s.tenant_id AND x.id = s.settles
    LEFT JOIN ledger.pending_entries p ON p.tenant_id = s.tenant_id AND p.transaction_id = s.settles AND p.n = k.of_n
     AND p.debit_account_id = k.debit_account_id AND p.credit_account_id = k.credit_account_id AND p.currency = k.currency
   WHERE s.settles IS NOT NULL AND (x.settled_by IS DISTINCT FROM s.id OR k.amount_minor > coalesce(p.amount_minor, 0))
  UNION ALL
  SELECT x.id::text, 'is posted by a transaction that does not say so'
    FROM ledger.pending_transactions x
   WHERE x.settled_by IS NOT NULL
     AND NOT EXISTS (SELECT FROM ledger.transactions s WHERE s.tenant_id = x.tenant_id AND s.id = x.settled_by AND s.settles = x.id);
COMMENT ON VIEW ledger.invariant_settled_within_pending IS 'A pending transaction is posted by one other at most, entry by entry never for more than it had';

CREATE OR REPLACE VIEW ledger.invariant_expiries WITH (security_invoker = true) AS
  SELECT coalesce(s.id, d.reservation_id)::text AS subject,
         format('%s, to end at %s; noted to fall due at %s', coalesce(s.status, 'is not there'), s.expires_at, d.expires_at) AS detail
    FROM (SELECT r.tenant_id, r.id, r.account_id, r.expires_at, r.status FROM ledger.reservations r
           WHERE r.status = 'active' AND r.expires_at < 'infinity') s
    FULL JOIN ledger.reservation_expiries d ON d.tenant_id = s.tenant_id AND d.reservation_id = s.id
   WHERE (s.account_id, s.expires_at) IS DISTINCT FROM (d.account_id, d.expires_at);
COMMENT ON VIEW ledger.invariant_expiries IS 'Every active reservation that falls due is noted with its time, and no other';

GRANT SELECT ON ledger.invariant_expiries, ledger.invariant_late_legs, ledger.invariant_pending, ledger.invariant_settled_within_pending TO headgate_app, headgate_readonly;
