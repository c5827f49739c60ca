-- Periods. A close takes the lock of every account in its scope, in id order, and writes closed_through and route_to into
-- them: whoever posts takes the same locks and judges by the same two columns, so nothing slips in behind a close. The
-- lock of ledger.period_lock() keeps closes, reopenings and the opening of accounts apart; posters do not know it.

CREATE OR REPLACE FUNCTION ledger.period_lock(p_tenant uuid) RETURNS bigint LANGUAGE sql IMMUTABLE
  AS $$ SELECT hashtextextended('ledger.periods:' || p_tenant, 0) $$;
COMMENT ON FUNCTION ledger.period_lock(uuid) IS 'The advisory lock of a tenant''s periods: shared to open an account, exclusive to open, close or reopen a period';
ALTER FUNCTION ledger.period_lock(uuid) OWNER TO headgate_poster;

-- The last closed day of an account of that legal entity (NULL: of none). The whole book's periods hold for every account;
-- where two closes end on the same day, the one that refuses wins.
CREATE OR REPLACE FUNCTION ledger.closed_of(p_legal_entity_id text, OUT closed_through date, OUT route_to date) LANGUAGE sql STABLE AS $$
  SELECT coalesce(max(x.ends_on), '-infinity'), CASE WHEN bool_and(x.late = 'route') THEN max(x.ends_on) + 1 END
    FROM (SELECT p.ends_on, c.late
            FROM ledger.periods p
            JOIN ledger.period_closings c ON c.tenant_id = p.tenant_id AND c.period_id = p.id AND c.n = p.closings
           WHERE p.tenant_id = core.tenant_id() AND p.status = 'closed' AND p.scope IN ('', coalesce(p_legal_entity_id, ''))
           ORDER BY p.ends_on DESC FETCH FIRST 1 ROWS WITH TIES) x
$$;
COMMENT ON FUNCTION ledger.closed_of(text) IS 'Through which day the accounts of a legal entity (NULL: of none) are closed, and where what is late is booked';
ALTER FUNCTION ledger.closed_of(text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.closed_of(text) TO headgate_app, headgate_readonly;

CREATE OR REPLACE FUNCTION ledger.open_period(p_name text, p_starts_on date, p_ends_on date, p_legal_entity_id text) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_scope CONSTANT text := coalesce(p_legal_entity_id, '');
  v_last date; v_id bigint;
BEGIN
  IF p_legal_entity_id IS NOT NULL
     AND NOT EXISTS (SELECT FROM tenants.legal_entities e WHERE e.tenant_id = v_tenant AND e.id = p_legal_entity_id) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG104', MESSAGE = format('there is no legal entity %s', left(p_legal_entity_id, 60));
  END IF;
  PERFORM pg_advisory_xact_lock(ledger.period_lock(v_tenant));
  IF EXISTS (SELECT FROM ledger.periods p WHERE p.tenant_id = v_tenant AND p.scope = v_scope AND p.name = p_name) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG151', MESSAGE = format('there is a period %s already', p_name);
  END IF;
  SELECT max(p.ends_on) INTO v_last FROM ledger.periods p WHERE p.tenant_id = v_tenant AND p.scope = v_scope;
  IF p_starts_on <> v_last + 1 THEN
    RAISE EXCEPTION USING ERRCODE = 'HG152', MESSAGE = format('the last period ends on %s: the next begins on %s', v_last, v_last + 1),
      DETAIL = jsonb_build_object('starts_on', v_last + 1)::text;
  END IF;
  INSERT INTO ledger.periods (tenant_id, starts_on, ends_on, previous_ends_on, name, legal_entity_id, scope)
  VALUES (v_tenant, p_starts_on, p_ends_on, v_last, p_name, p_legal_entity_id, v_scope)
  RETURNING id INTO v_id;
  PERFORM ledger.announce('ledger.period.opened', 'period', v_id, jsonb_build_object('period_id', v_id, 'name', p_name, 'starts_on', p_starts_on,
    'ends_on', p_ends_on, 'legal_entity_id', p_legal_entity_id));
  RETURN v_id;
END $$;
COMMENT ON FUNCTION ledger.open_period(text, date, date, text) IS
  'Opens the next period of the whole book or of a legal entity. Raises HG104, HG151 (the name is taken), HG152 (it does not follow the last one)';
ALTER FUNCTION ledger.open_period(text, date, date, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.open_period(text, date, date, text) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.set_closed(p_scope text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
BEGIN
  UPDATE ledger.accounts a SET closed_through = u.closed_through, route_to = u.route_to
    FROM (SELECT e.legal_entity_id, c.closed_through, c.route_to
            FROM (SELECT DISTINCT b.legal_entity_id FROM ledger.accounts b
                   WHERE b.tenant_id = v_tenant AND (p_scope = '' OR b.legal_entity_id = p_scope)) e
           CROSS JOIN LATERAL ledger.closed_of(e.legal_entity_id) c) u
   WHERE a.tenant_id = v_tenant AND (p_scope = '' OR a.legal_entity_id = p_scope) AND a.legal_entity_id IS NOT DISTINCT FROM u.legal_entity_id
     AND (a.closed_through, a.route_to) IS DISTINCT FROM (u.closed_through, u.route_to);
END $$;
COMMENT ON FUNCTION ledger.set_closed(text) IS 'Writes what is closed into every account of a scope; the caller holds their locks';
ALTER FUNCTION ledger.set_closed(text) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.close_period(p_period bigint, p_late text, p_reason text, p_no_pending boolean, p_clearing_zero boolean) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_period ledger.periods; v_before ledger.periods;
  v_now timestamptz; v_clock timestamptz;
  v_digest bytea; v_totals jsonb; v_accounts integer; v_left jsonb;
BEGIN
  PERFORM pg_advisory_xact_lock(ledger.period_lock(v_tenant));
  SELECT * INTO v_period FROM ledger.periods p WHERE p.tenant_id = v_tenant AND p.id = p_period;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG150', MESSAGE = 'there is no such period';
  END IF;
  IF v_period.status = 'closed' THEN
    RAISE EXCEPTION USING ERRCODE = 'HG153', MESSAGE = format('period %s is closed already', v_period.name);
  END IF;
  SELECT * INTO v_before FROM ledger.periods p
   WHERE p.tenant_id = v_tenant AND p.scope = v_period.scope AND p.ends_on = v_period.previous_ends_on;
  IF v_before.status = 'open' THEN
    RAISE EXCEPTION USING ERRCODE = 'HG154', MESSAGE = format('period %s is open still: close it first', v_before.name);
  END IF;
  -- Its last day must be over wherever an account of its scope may be.
  v_clock := tenants.now();
  IF EXISTS (SELECT FROM (SELECT e.time_zone FROM tenants.legal_entities e
                           WHERE e.tenant_id = v_tenant AND (v_period.scope = '' OR e.id = v_period.scope)
                          UNION SELECT 'UTC' WHERE v_period.scope = '') z
              WHERE (v_clock AT TIME ZONE z.time_zone)::date <= v_period.ends_on) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG155', MESSAGE = format('period %s runs until the end of %s: close it afterwards', v_period.name, v_period.ends_on);
  END IF;

  PERFORM FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND (v_period.scope = '' OR a.legal_entity_id = v_period.scope)
    ORDER BY a.id FOR NO KEY UPDATE;
  v_now := clock_timestamp();
  IF p_no_pending THEN
    SELECT jsonb_agg(x.code ORDER BY x.code) INTO v_left
      FROM (SELECT DISTINCT a.code
              FROM ledger.pending_holds h
              JOIN ledger.transactions t ON t.tenant_id = h.tenant_id AND t.id = h.transaction_id
              JOIN ledger.accounts a ON a.tenant_id = h.tenant_id AND a.id = h.account_id
             WHERE h.tenant_id = v_tenant AND (v_period.scope = '' OR a.legal_entity_id = v_period.scope)
               AND h.expires_at > v_clock AND t.effective_on <= v_period.ends_on
             ORDER BY a.code LIMIT 20) x;
    IF v_left IS NOT NULL THEN
      RAISE EXCEPTION USING ERRCODE = 'HG156', MESSAGE = 'transactions are pending on accounts of the period: post or void them first',
        DETAIL = jsonb_build_object('accounts', v_left)::text;
    END IF;
  END IF;

  WITH balances AS MATERIALIZED (
    SELECT a.id, a.currency, a.code, a.must_be_zero, a.seq, s.net + x.change AS net, x.settled_seq,
           coalesce((SELECT e.debit_net FROM ledger.entries e WHERE e.tenant_id = v_tenant AND e.debit_account_id = a.id AND e.debit_seq = x.settled_seq),
                    (SELECT e.credit_net FROM ledger.entries e WHERE e.tenant_id = v_tenant AND e.credit_account_id = a.id AND e.credit_seq = x.settled_seq),
                    0) AS settled_net
      FROM ledger.accounts a
      LEFT JOIN ledger.period_balances b ON b.tenant_id = v_tenant AND b.period_id = v_before.id AND b.n = v_before.closings AND b.account_id = a.id
     CROSS JOIN LATERAL (SELECT coalesce(b.settled_seq, 0) AS seq, coalesce(b.settled_net, 0) AS net) s
     -- What the close before found to lie wholly within its days need not be read again.
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(l.change) FILTER (WHERE l.effective_on <= v_period.ends_on), 0)::bigint AS change,
              coalesce(min(l.seq) FILTER (WHERE l.effective_on > v_period.ends_on), a.seq + 1) - 1 AS settled_seq
         FROM (SELECT e.debit_seq AS seq, e.amount_minor AS change, e.effective_on FROM ledger.entries e
                WHERE e.tenant_id = v_tenant AND e.debit_account_id = a.id AND e.debit_seq > s.seq
               UNION ALL
               SELECT e.credit_seq, -e.amount_minor, e.effective_on FROM ledger.entries e
                WHERE e.tenant_id = v_tenant AND e.credit_account_id = a.id AND e.credit_seq > s.seq) l) x
     WHERE a.tenant_id = v_tenant AND (v_period.scope = '' OR a.legal_entity_id = v_period.scope) AND a.seq > 0
  ), closing AS (
    INSERT INTO ledger.period_closings (tenant_id, period_id, n, closed_at, accounts, late, reason, actor_id, digest, totals)
    SELECT v_tenant, p_period, v_period.closings + 1, v_now, count(*), p_late, p_reason, core.actor_id(),
           sha256(convert_to(coalesce(string_agg(b.id || ':' || b.currency || ':' || b.net || chr(10), '' ORDER BY b.id), ''), 'UTF8')),
           coalesce((SELECT jsonb_agg(jsonb_build_object('currency', t.currency, 'debit_minor', t.debit, 'credit_minor', t.credit) ORDER BY t.currency)
                       FROM (SELECT c.currency, sum(greatest(c.net, 0)) AS debit, sum(greatest(-c.net, 0)) AS credit
                               FROM balances c GROUP BY c.currency) t), '[]')
      FROM balances b
    RETURNING digest, totals, accounts
  ), stored AS (
    INSERT INTO ledger.period_balances (tenant_id, period_id, n, account_id, net_minor, seq, settled_seq, settled_net, currency)
    SELECT v_tenant, p_period, v_period.closings + 1, b.id, b.net, b.seq, b.settled_seq, b.settled_net, b.currency FROM balances b
  )
  SELECT c.digest, c.totals, c.accounts,
         (SELECT jsonb_agg(jsonb_build_object('account', z.code, 'currency', z.currency, 'net_minor', z.net) ORDER BY z.code)
            FROM (SELECT b.* FROM balances b WHERE b.must_be_zero AND b.net <> 0 ORDER BY b.code LIMIT 20) z)
    INTO v_digest, v_totals, v_accounts, v_left
    FROM closing c;
  IF p_clearing_zero AND v_left IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG157', MESSAGE = 'accounts that must come to zero do not: clear what is left on them first',
      DETAIL = jsonb_build_object('accounts', v_left)::text;
  END IF;
  UPDATE ledger.periods p SET status = 'closed', closings = p.closings + 1 WHERE p.tenant_id = v_tenant AND p.id = p_period;
  PERFORM ledger.set_closed(v_period.scope);
  PERFORM ledger.announce('ledger.period.closed', 'period', p_period, jsonb_build_object('period_id', p_period, 'closing', v_period.closings + 1,
    'late', p_late, 'reason', p_reason, 'accounts', v_accounts, 'totals', v_totals, 'digest', encode(v_digest, 'hex')));
  RETURN v_period.closings + 1;
END $$;
COMMENT ON FUNCTION ledger.close_period(bigint, text, text, boolean, boolean) IS
  'Closes a period and freezes its trial balance; returns the closing''s number. Raises HG150 (no such period), HG153 (closed), HG154 (an earlier one is open), HG155 (not over), HG156 (pending money), HG157 (clearing accounts not at zero)';
ALTER FUNCTION ledger.close_period(bigint, text, text, boolean, boolean) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.close_period(bigint, text, text, boolean, boolean) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.reopen_period(p_period bigint, p_approval_ref text, p_reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_period ledger.periods; v_later text;
BEGIN
  PERFORM pg_advisory_xact_lock(ledger.period_lock(v_tenant));
  SELECT * INTO v_period FROM ledger.periods p WHERE p.tenant_id = v_tenant AND p.id = p_period;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG150', MESSAGE = 'there is no such period';
  END IF;
  IF v_period.status = 'open' THEN
    RAISE EXCEPTION USING ERRCODE = 'HG158', MESSAGE = format('period %s is open', v_period.name);
  END IF;
  SELECT p.name INTO v_later FROM ledger.periods p
   WHERE p.tenant_id = v_tenant AND p.scope = v_period.scope AND p.status = 'closed' AND p.ends_on > v_period.ends_on ORDER BY p.ends_on DESC LIMIT 1;
  IF v_later IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG154', MESSAGE = format('period %s was closed after it: reopen that one first', v_later);
  END IF;
  PERFORM FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND (v_period.scope = '' OR a.legal_entity_id = v_period.scope)
    ORDER BY a.id FOR NO KEY UPDATE;
  INSERT INTO ledger.period_reopenings (tenant_id, period_id, n, reopened_at, approval_ref, reason, actor_id)
  VALUES (v_tenant, p_period, v_period.closings, clock_timestamp(), p_approval_ref, p_reason, core.actor_id());
  UPDATE ledger.periods p SET status = 'open' WHERE p.tenant_id = v_tenant AND p.id = p_period;
  PERFORM ledger.set_closed(v_period.scope);
  PERFORM ledger.announce('ledger.period.reopened', 'period', p_period, jsonb_build_object('period_id', p_period, 'closing', v_period.closings,
    'approval_ref', p_approval_ref, 'reason', p_reason));
END $$;
COMMENT ON FUNCTION ledger.reopen_period(bigint, text, text) IS
  'Reopens the last closed period of its scope; the approval was obtained above. Raises HG150, HG158 (it is open), HG154 (a later one is closed)';
ALTER FUNCTION ledger.reopen_period(bigint, text, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.reopen_period(bigint, text, text) TO headgate_app;

-- Invariants ---------------------------------------------------------------------------------------------------------
CREATE OR REPLACE VIEW ledger.invariant_closed_accounts WITH (security_invoker = true) AS
  SELECT a.code AS subject,
         format('is closed through %s and routes to %s; its periods say %s and %s', a.closed_through, coalesce(a.route_to::text, 'nowhere'),
                c.closed_through, coalesce(c.route_to::text, 'nowhere')) AS detail
    FROM (SELECT e.legal_entity_id, f.closed_through, f.route_to
            FROM (SELECT DISTINCT b.legal_entity_id FROM ledger.accounts b WHERE b.tenant_id = core.tenant_id()) e
           CROSS JOIN LATERAL ledger.closed_of(e.legal_entity_id) f) c
    JOIN ledger.accounts a ON a.tenant_id = core.tenant_id() AND a.legal_entity_id IS NOT DISTINCT FROM c.legal_entity_id
   WHERE (a.closed_through, a.route_to) IS DISTINCT FROM (c.closed_through, c.route_to);
COMMENT ON VIEW ledger.invariant_closed_accounts IS 'Every account is closed through the last day of the closed periods that hold for it';

CREATE OR REPLACE VIEW ledger.invariant_closed_periods WITH (security_invoker = true) AS
  SELECT p.name AS subject, format('transaction %s was recorded on account %s after the close, for %s', l.transaction_id, a.code, l.effective_on) AS detail
    FROM ledger.periods p
    JOIN ledger.accounts a ON a.tenant_id = p.tenant_id AND (p.scope = '' OR a.legal_entity_id = p.scope)
    LEFT JOIN ledger.period_balances b ON b.tenant_id = p.tenant_id AND b.period_id = p.id AND b.n = p.closings AND b.account_id = a.id
    LEFT JOIN LATERAL (SELECT w.seq FROM ledger.verified_accounts w
                        WHERE w.tenant_id = a.tenant_id AND w.account_id = a.id AND NOT core.check_full()
                       OFFSET 0) v ON true
   CROSS JOIN LATERAL (SELECT greatest(b.seq, v.seq, 0) AS seq) f
    JOIN LATERAL (
      SELECT e.transaction_id, e.effective_on FROM ledger.entries e
       WHERE e.tenant_id = a.tenant_id AND e.debit_account_id = a.id AND e.debit_seq > f.seq
      UNION ALL
      SELECT e.transaction_id, e.effective_on FROM ledger.entries e
       WHERE e.tenant_id = a.tenant_id AND e.credit_account_id = a.id AND e.credit_seq > f.seq) l ON l.effective_on <= p.ends_on
   WHERE p.status = 'closed' AND a.seq > f.seq
     AND (core.check_full() OR p.ends_on = (SELECT max(q.ends_on) FROM ledger.periods q
                                             WHERE q.tenant_id = p.tenant_id AND q.scope = p.scope AND q.status = 'closed'));
COMMENT ON VIEW ledger.invariant_closed_periods IS 'Nothing was recorded for a day of a closed period after its close';

CREATE OR REPLACE VIEW ledger.invariant_frozen_balance WITH (security_invoker = true) AS
  SELECT p.name AS subject,
         format('account %s is frozen at net %s; its entries through %s give %s', a.code, coalesce(b.net_minor, 0), p.ends_on, coalesce(l.net, 0)) AS detail
    FROM ledger.periods p
    JOIN ledger.accounts a ON a.tenant_id = p.tenant_id AND (p.scope = '' OR a.legal_entity_id = p.scope)
    LEFT JOIN ledger.period_balances b ON b.tenant_id = p.tenant_id AND b.period_id = p.id AND b.n = p.closings AND b.account_id = a.id
    LEFT JOIN LATERAL (
      SELECT sum(k.change) AS net
        FROM (SELECT e.amount_minor AS change FROM ledger.entries e
               WHERE e.tenant_id = a.tenant_id AND e.debit_account_id = a.id AND e.effective_on <= p.ends_on
              UNION ALL
              SELECT -e.amount_minor FROM ledger.entries e
               WHERE e.tenant_id = a.tenant_id AND e.credit_account_id = a.id AND e.effective_on <= p.ends_on) k) l ON true
   WHERE core.check_full() AND p.status = 'closed' AND coalesce(b.net_minor, 0) <> coalesce(l.net, 0)
  UNION ALL
  SELECT p.name, format('the trial balance of closing %s is not the one that its digest stands for', c.n)
    FROM ledger.period_closings c
    JOIN ledger.periods p ON p.tenant_id = c.tenant_id AND p.id = c.period_id
   WHERE core.check_full()
     AND c.digest <> (SELECT sha256(convert_to(coalesce(string_agg(b.account_id || ':' || b.currency || ':' || b.net_minor || chr(10), ''
                                                                   ORDER BY b.account_id), ''), 'UTF8'))
                        FROM ledger.period_balances b WHERE b.tenant_id = c.tenant_id AND b.period_id = c.period_id AND b.n = c.n);
COMMENT ON VIEW ledger.invariant_frozen_balance IS 'The frozen trial balance of a closed period is what the entries say today (judged by the full check)';
GRANT SELECT ON ledger.invariant_closed_accounts, ledger.invariant_closed_periods, ledger.invariant_frozen_balance TO headgate_app, headgate_readonly;
