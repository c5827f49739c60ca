-- What must hold of the book, whoever wrote it. Each view is empty when all is well.
--
-- Between full checks (core.check_full() off) they go on from what was found right: ledger.verified_accounts holds, for each
-- account, the leg up to which its chain of running balances is proved, and ledger.verified_requests the number up to which
-- every transaction and reservation is. ledger.advance_verified() moves both after a clean check, in the check's snapshot.

--
-- OFFSET 0 keeps a lookup a lookup: how little is new cannot be known when a check is planned, and the planner would rather
-- read the whole journal.

CREATE OR REPLACE VIEW ledger.unverified_legs WITH (security_invoker = true) AS
  SELECT a.tenant_id, a.id AS account_id, a.code, f.from_seq, f.from_net, l.seq, l.net_minor, l.change_minor, l.transaction_id, l.n, l.currency,
         l.effective_at, l.is_late, a.currency AS account_currency
    FROM ledger.accounts a
    LEFT JOIN LATERAL (SELECT w.seq, w.net_minor FROM ledger.verified_accounts w
                        WHERE w.tenant_id = a.tenant_id AND w.account_id = a.id AND NOT core.check_full()
                       OFFSET 0) v ON true
    -- Not coalesce(): row-level security takes it for leaky and lets no index use it.
    CROSS JOIN LATERAL (SELECT CASE WHEN v.seq IS NULL THEN 0 ELSE v.seq END AS from_seq,
                               CASE WHEN v.net_minor IS NULL THEN 0 ELSE v.net_minor END AS from_net) f
    JOIN LATERAL (
      SELECT e.debit_seq AS seq, e.debit_net AS net_minor, e.amount_minor AS change_minor, e.transaction_id, e.n, e.currency, e.effective_at,
             e.debit_late AS is_late
        FROM ledger.entries e WHERE e.tenant_id = a.tenant_id AND e.debit_account_id = a.id AND e.debit_seq > f.from_seq
      UNION ALL
      SELECT e.credit_seq, e.credit_net, -e.amount_minor, e.transaction_id, e.n, e.currency, e.effective_at, e.credit_late
        FROM ledger.entries e WHERE e.tenant_id = a.tenant_id AND e.credit_account_id = a.id AND e.credit_seq > f.from_seq
      OFFSET 0) l ON true;
COMMENT ON VIEW ledger.unverified_legs IS 'The legs that a check has to judge: all of them, or those past each account''s watermark';

CREATE OR REPLACE VIEW ledger.unverified_transactions WITH (security_invoker = true) AS
  SELECT s.tenant_id, s.id, s.key, s.recorded_at, s.effective_at, s.effective_on, s.reverses
    FROM ledger.transactions s
   WHERE s.id > (SELECT CASE WHEN core.check_full() THEN -9223372036854775808
                             ELSE coalesce((SELECT v.request_id FROM ledger.verified_requests v WHERE v.tenant_id = core.tenant_id()),
                                           -9223372036854775808) END)
     -- Between two bounds the planner expects a small part, and takes the index.
     AND s.id <= 9223372036854775807;
COMMENT ON VIEW ledger.unverified_transactions IS 'The transactions that a check has to judge: all of them, or those past the watermark';
GRANT SELECT ON ledger.unverified_legs, ledger.unverified_transactions TO headgate_app, headgate_readonly;

CREATE OR REPLACE VIEW ledger.invariant_running_balance WITH (security_invoker = true) AS
  SELECT x.code AS subject,
         format('leg %s (transaction %s) has net %s and change %s after leg %s with net %s', x.seq, x.transaction_id, x.net_minor, x.change_minor,
                x.seq_before, x.net_before) AS detail
    FROM (SELECT l.*, lag(l.seq, 1, l.from_seq) OVER chain AS seq_before, lag(l.net_minor, 1, l.from_net) OVER chain AS net_before
            FROM ledger.unverified_legs l
          WINDOW chain AS (PARTITION BY l.account_id ORDER BY l.seq)) x
   WHERE x.seq <> x.seq_before + 1 OR x.net_minor <> x.net_before + x.change_minor;
COMMENT ON VIEW ledger.invariant_running_balance IS 'Each leg''s running balance is the one before it plus or minus its amount, and an account''s legs are numbered without gaps';

CREATE OR REPLACE VIEW ledger.invariant_stored_balance WITH (security_invoker = true) AS
  SELECT a.code AS subject,
         format('stands at net %s after %s legs; its entries give net %s after %s', a.net_minor, a.seq, f.from_net + coalesce(l.change, 0),
                f.from_seq + coalesce(l.legs, 0)) AS detail
    FROM ledger.accounts a
    LEFT JOIN LATERAL (SELECT w.seq, w.net_minor FROM ledger.verified_accounts w
                        WHERE w.tenant_id = a.tenant_id AND w.account_id = a.id AND NOT core.check_full()
                       OFFSET 0) v ON true
    CROSS JOIN LATERAL (SELECT coalesce(v.seq, 0) AS from_seq, coalesce(v.net_minor, 0) AS from_net) f
    LEFT JOIN (SELECT u.account_id, sum(u.change_minor) AS change, count(*) AS legs FROM ledger.unverified_legs u GROUP BY u.account_id) l
      ON l.account_id = a.id
   WHERE a.net_minor <> f.from_net + coalesce(l.change, 0) OR a.seq <> f.from_seq + coalesce(l.legs, 0);
COMMENT ON VIEW ledger.invariant_stored_balance IS 'Each account''s stored balance and leg count are the fold of its entries';

CREATE OR REPLACE VIEW ledger.invariant_balanced_book WITH (security_invoker = true) AS
  SELECT a.currency AS subject, format('debits and credits differ by %s minor units', sum(a.net_minor)) AS detail
    FROM ledger.accounts a GROUP BY a.tenant_id, a.currency HAVING sum(a.net_minor) <> 0;
COMMENT ON VIEW ledger.invariant_balanced_book IS 'Over all accounts of a currency, debits equal credits';

CREATE OR REPLACE VIEW ledger.invariant_entry_currency WITH (security_invoker = true) AS
  SELECT u.transaction_id::text AS subject, format('entry %s is in %s, account %s in %s', u.n, u.currency, u.code, u.account_currency) AS detail
    FROM ledger.unverified_legs u
   WHERE u.account_currency <> u.currency
  UNION ALL
  SELECT e.transaction_id::text, format('entry %s names an account that is not there', e.n)
    FROM ledger.unverified_transactions s
    JOIN LATERAL (SELECT k.tenant_id, k.transaction_id, k.n, k.debit_account_id, k.credit_account_id FROM ledger.entries k
                   WHERE k.tenant_id = s.tenant_id AND k.transaction_id = s.id OFFSET 0) e ON true
   WHERE NOT EXISTS (SELECT FROM ledger.accounts a WHERE a.tenant_id = e.tenant_id AND a.id = e.debit_account_id)
      OR NOT EXISTS (SELECT FROM ledger.accounts a WHERE a.tenant_id = e.tenant_id AND a.id = e.credit_account_id);
COMMENT ON VIEW ledger.invariant_entry_currency IS 'Every entry has the currency of both its accounts, and both exist';

CREATE OR REPLACE VIEW ledger.invariant_limits WITH (security_invoker = true) AS
  SELECT u.code AS subject,
         format('leg %s (transaction %s) took net to %s, beyond the limits %s to %s of that time', u.seq, u.transaction_id, u.net_minor, b.lo_minor, b.hi_minor) AS detail
    FROM ledger.unverified_legs u
    CROSS JOIN LATERAL (
      SELECT m.lo_minor, m.hi_minor FROM ledger.account_limits m
       WHERE m.tenant_id = u.tenant_id AND m.account_id = u.account_id AND m.from_seq < u.seq
       ORDER BY m.from_seq DESC, m.set_at DESC LIMIT 1) b
   -- An account may be brought back towards its limits, never further beyond them.
   WHERE (u.net_minor > b.hi_minor AND u.change_minor > 0) OR (u.net_minor < b.lo_minor AND u.change_minor < 0)
  UNION ALL
  SELECT a.code, format('has the limits %s to %s, which no record set', a.lo_minor, a.hi_minor)
    FROM ledger.accounts a
   WHERE (a.lo_minor, a.hi_minor) IS DISTINCT FROM (
     SELECT (m.lo_minor, m.hi_minor) FROM ledger.account_limits m
      WHERE m.tenant_id = a.tenant_id AND m.account_id = a.id ORDER BY m.from_seq DESC, m.set_at DESC LIMIT 1);
COMMENT ON VIEW ledger.invariant_limits IS 'No leg ever took an account beyond the limits it had at that time';

CREATE OR REPLACE VIEW ledger.invariant_reserved WITH (security_invoker = true) AS
  SELECT a.code AS subject, format('has %s set aside; its active reservations hold %s', a.reserved_minor, coalesce(r.remaining, 0)) AS detail
    FROM ledger.accounts a
    LEFT JOIN (SELECT s.tenant_id, s.account_id, sum(s.remaining_minor) AS remaining, min(s.expires_at) AS next_expiry_at
                 FROM ledger.reservations s WHERE s.status = 'active' GROUP BY s.tenant_id, s.account_id) r
      ON r.tenant_id = a.tenant_id AND r.account_id = a.id
   WHERE a.reserved_minor <> coalesce(r.remaining, 0) OR a.next_expiry_at > coalesce(r.next_expiry_at, 'infinity');
COMMENT ON VIEW ledger.invariant_reserved IS 'What an account has set aside is the sum of its active reservations, and it knows when the first falls due';

CREATE OR REPLACE VIEW ledger.invariant_available WITH (security_invoker = true) AS
  SELECT b.code AS subject, format('shows %s available; posted %s less reservations that are not overdue %s and pending outflows that are not %s', b.available_minor, b.posted_minor,
                coalesce(r.held, 0), coalesce(h.held, 0)) AS detail
    FROM ledger.balances b
    LEFT JOIN (SELECT s.tenant_id, s.account_id, sum(s.remaining_minor) AS held
                 FROM ledger.reservations s WHERE s.status = 'active' AND s.expires_at > (SELECT tenants.now())
                GROUP BY s.tenant_id, s.account_id) r
      ON r.tenant_id = b.tenant_id AND r.account_id = b.account_id
    LEFT JOIN (SELECT k.tenant_id, k.account_id, sum(k.out_minor) AS held
                 FROM ledger.pending_holds k WHERE k.expires_at > (SELECT tenants.now()) GROUP BY k.tenant_id, k.account_id) h
      ON h.tenant_id = b.tenant_id AND h.account_id = b.account_id
   WHERE b.available_minor <> b.posted_minor - coalesce(r.held, 0) - coalesce(h.held, 0);
COMMENT ON VIEW ledger.invariant_available IS 'Available is posted less what is reserved or pending to leave, and not overdue';

CREATE OR REPLACE VIEW ledger.invariant_reservation_parts WITH (security_invoker = true) AS
  SELECT s.id::text AS subject,
         format('%s: captured %s, released %s, left %s of %s; its facts say captured %s, released or expired %s', s.status, s.captured_minor, s.released_minor,
                s.remaining_minor, s.amount_minor, coalesce(f.captured, 0), coalesce(f.released, 0)) AS detail
    FROM ledger.reservations s
    LEFT JOIN (SELECT v.tenant_id, v.reservation_id, sum(v.amount_minor) FILTER (WHERE v.kind = 'captured') AS captured,
                      sum(v.amount_minor) FILTER (WHERE v.kind IN ('released', 'expired')) AS released,
                      bool_or(v.kind = 'released') AS was_released, bool_or(v.kind = 'expired') AS was_expired
                 FROM ledger.reservation_events v GROUP BY v.tenant_id, v.reservation_id) f
      ON f.tenant_id = s.tenant_id AND f.reservation_id = s.id
   WHERE s.captured_minor + s.released_minor + s.remaining_minor <> s.amount_minor
      OR s.captured_minor <> coalesce(f.captured, 0) OR s.released_minor <> coalesce(f.released, 0)
      OR (s.status = 'active') <> (s.remaining_minor > 0)
      OR (s.status = 'released' AND NOT coalesce(f.was_released, false)) OR (s.status = 'expired') <> coalesce(f.was_expired, false);
COMMENT ON VIEW ledger.invariant_reservation_parts IS 'Captured, released and remaining of a reservation add up to its amount, and its facts say the same';

CREATE OR REPLACE VIEW ledger.invariant_captures WITH (security_invoker = true) AS
  SELECT v.reservation_id::text AS subject, format('capture of %s names transaction %s, which takes %s from its account', v.amount_minor, v.transaction_id, coalesce(e.amount, 0)) AS detail
    FROM ledger.reservation_events v
    JOIN ledger.reservations s ON s.tenant_id = v.tenant_id AND s.id = v.reservation_id
    JOIN ledger.accounts a ON a.tenant_id = s.tenant_id AND a.id = s.account_id
    LEFT JOIN LATERAL (
      SELECT sum(k.amount_minor) AS amount FROM ledger.entries k
       WHERE k.tenant_id = v.tenant_id AND k.transaction_id = v.transaction_id
         AND a.id = CASE WHEN a.type IN ('ASSET', 'EXPENSE') THEN k.credit_account_id ELSE k.debit_account_id END) e ON true
   WHERE v.kind = 'captured' AND e.amount IS DISTINCT FROM v.amount_minor;
COMMENT ON VIEW ledger.invariant_captures IS 'Every capture is a posting of the same amount out of the reserved account';

CREATE OR REPLACE VIEW ledger.invariant_transactions_judged WITH (security_invoker = true) AS
  SELECT s.id::text AS subject,
         CASE WHEN e.entries = 0 AND f.request_id IS NULL AND q.id IS NULL THEN 'has neither entries nor a refusal, and is not pending'
              WHEN q.id IS NOT NULL AND f.request_id IS NOT NULL THEN 'was refused and made pending'
              WHEN q.id IS NOT NULL AND e.entries > 0 THEN format('was made pending and has %s entries', e.entries)
              WHEN e.entries > 0 AND f.request_id IS NOT NULL THEN format('was refused and has %s entries', e.entries)
              WHEN e.entries > 0 AND e.entries <> e.last_n THEN 'has gaps in the numbers of its entries'
              ELSE 'has entries of another time' END AS detail
    FROM ledger.unverified_transactions s
    LEFT JOIN ledger.refusals f ON f.tenant_id = s.tenant_id AND f.request_id = s.id
    LEFT JOIN ledger.pending_transactions q ON q.tenant_id = s.tenant_id AND q.id = s.id
    CROSS JOIN LATERAL (
      SELECT count(*) AS entries, max(k.n) AS last_n,
             bool_and((k.recorded_at, k.effective_at, k.effective_on) = (s.recorded_at, s.effective_at, s.effective_on)) AS of_its_time
        FROM ledger.entries k WHERE k.tenant_id = s.tenant_id AND k.transaction_id = s.id) e
   WHERE (e.entries > 0)::integer + (f.request_id IS NOT NULL)::integer + (q.id IS NOT NULL)::integer <> 1 OR e.entries <> coalesce(e.last_n, 0) OR NOT e.of_its_time
  UNION ALL
  SELECT u.transaction_id::text, format('entry %s has no transaction', u.n)
    FROM ledger.unverified_legs u
    LEFT JOIN LATERAL (SELECT s.id FROM ledger.transactions s WHERE s.tenant_id = u.tenant_id AND s.id = u.transaction_id OFFSET 0) s ON true
   WHERE u.change_minor > 0 AND s.id IS NULL;
COMMENT ON VIEW ledger.invariant_transactions_judged IS 'Every transaction has its entries or its refusal or is a pending one, never two of these; a refused one leaves nothing but its record';

CREATE OR REPLACE VIEW ledger.invariant_reservations_judged WITH (security_invoker = true) AS
  SELECT q.id::text AS subject, CASE WHEN s.id IS NULL THEN 'has neither a reservation nor a refusal' ELSE 'was refused and stands' END AS detail
    FROM ledger.reservation_requests q
    LEFT JOIN ledger.reservations s ON s.tenant_id = q.tenant_id AND s.id = q.id
    LEFT JOIN ledger.refusals f ON f.tenant_id = q.tenant_id AND f.request_id = q.id
    LEFT JOIN ledger.reservation_events v ON v.tenant_id = q.tenant_id AND v.request_id = q.id
   WHERE (coalesce(s.id, v.request_id) IS NULL) = (f.request_id IS NULL)
  UNION ALL
  SELECT s.id::text, 'was never asked for'
    FROM ledger.reservations s
   WHERE NOT EXISTS (SELECT FROM ledger.reservation_requests q WHERE q.tenant_id = s.tenant_id AND q.id = s.id);
COMMENT ON VIEW ledger.invariant_reservations_judged IS 'Every reservation that was asked for was made or refused, never both';

CREATE OR REPLACE VIEW ledger.invariant_one_effect_a_key WITH (security_invoker = true) AS
  SELECT s.key AS subject, format('stands for %s transactions', count(*)) AS detail
    FROM ledger.transactions s WHERE core.check_full() GROUP BY s.tenant_id, s.key HAVING count(*) > 1
  UNION ALL
  SELECT DISTINCT u.key, format('stands for %s transactions', k.times)
    FROM ledger.unverified_transactions u
    CROSS JOIN LATERAL (SELECT count(*) AS times FROM ledger.transactions s WHERE s.tenant_id = u.tenant_id AND s.key = u.key) k
   WHERE NOT core.check_full() AND k.times > 1
  UNION ALL
  SELECT q.key, format('stands for %s reservations', count(*))
    FROM ledger.reservation_requests q GROUP BY q.tenant_id, q.key HAVING count(*) > 1;
COMMENT ON VIEW ledger.invariant_one_effect_a_key IS 'An idempotency key stands for one transaction, and for one reservation';

CREATE OR REPLACE VIEW ledger.invariant_reversed_within_original WITH (security_invoker = true) AS
  SELECT x.original::text AS subject,
         format('moved %s from account %s to %s; its reversals moved %s back', coalesce(o.amount, 0), x.credit_account_id, x.debit_account_id, x.amount) AS detail
    FROM (SELECT b.tenant_id, b.reverses AS original, k.credit_account_id AS debit_account_id, k.debit_account_id AS credit_account_id,
                 k.currency, sum(k.amount_minor) AS amount
            FROM ledger.transactions b JOIN ledger.entries k ON k.tenant_id = b.tenant_id AND k.transaction_id = b.id
           WHERE b.reverses IN (SELECT u.reverses FROM ledger.unverified_transactions u WHERE u.reverses IS NOT NULL)
           GROUP BY b.tenant_id, b.reverses, k.credit_account_id, k.debit_account_id, k.currency) x
    LEFT JOIN LATERAL (
      SELECT sum(k.amount_minor) AS amount FROM ledger.entries k
       WHERE k.tenant_id = x.tenant_id AND k.transaction_id = x.original AND k.currency = x.currency
         AND k.debit_account_id = x.debit_account_id AND k.credit_account_id = x.credit_account_id) o ON true
   WHERE x.amount > coalesce(o.amount, 0);
COMMENT ON VIEW ledger.invariant_reversed_within_original IS 'What was reversed of a transaction is never more than it moved, account by account';

CREATE OR REPLACE VIEW ledger.invariant_account_of_its_entity WITH (security_invoker = true) AS
  SELECT a.code AS subject, format('belongs to %s, which is no legal entity', a.legal_entity_id) AS detail
    FROM ledger.accounts a
   WHERE a.legal_entity_id IS NOT NULL
     AND NOT EXISTS (SELECT FROM tenants.legal_entities l WHERE l.tenant_id = a.tenant_id AND l.id = a.legal_entity_id);
COMMENT ON VIEW ledger.invariant_account_of_its_entity IS 'Every account that names a legal entity names one that exists';

GRANT SELECT ON ledger.invariant_running_balance, ledger.invariant_stored_balance, ledger.invariant_balanced_book,
  ledger.invariant_entry_currency, ledger.invariant_limits, ledger.invariant_reserved, ledger.invariant_available,
  ledger.invariant_reservation_parts, ledger.invariant_captures, ledger.invariant_transactions_judged,
  ledger.invariant_reservations_judged, ledger.invariant_one_effect_a_key, ledger.invariant_reversed_within_original,
  ledger.invariant_account_of_its_entity TO headgate_app, headgate_readonly;

CREATE OR REPLACE FUNCTION ledger.advance_verified() RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_last bigint;
BEGIN
  INSERT INTO ledger.verified_accounts AS v (tenant_id, account_id, seq, net_minor)
  SELECT a.tenant_id, a.id, a.seq, a.net_minor FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.seq > 0
  ON CONFLICT (tenant_id, account_id) DO UPDATE SET seq = excluded.seq, net_minor = excluded.net_minor WHERE v.seq <> excluded.seq;
  -- Numbers are drawn by transactions that have their database transaction id already, so what was below the greatest
  -- number seen once will have come or never comes as soon as all that ran then are over. Two checks make one step.
  SELECT greatest((SELECT max(s.id) FROM ledger.transactions s WHERE s.tenant_id = v_tenant), 0) INTO v_last;
  INSERT INTO ledger.verified_requests AS v (tenant_id, request_id, next_request_id, next_xid)
  VALUES (v_tenant, 0, v_last, pg_snapshot_xmax(pg_current_snapshot()))
  ON CONFLICT (tenant_id) DO UPDATE
    SET request_id = v.next_request_id, next_request_id = greatest(excluded.next_request_id, v.next_request_id), next_xid = excluded.next_xid
    WHERE pg_snapshot_xmin(pg_current_snapshot()) >= v.next_xid;
END $$;
COMMENT ON FUNCTION ledger.advance_verified() IS 'After a clean check, in its snapshot: what was judged need not be judged again before the next full check';
ALTER FUNCTION ledger.advance_verified() OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.advance_verified() TO headgate_app;
