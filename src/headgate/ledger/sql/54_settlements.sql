-- Settlements: named cut-offs of an account. A leg that is recorded late, with an effective time before an earlier cut-off,
-- is taken by the next one: what is settled is a fact about legs, not about times.
CREATE OR REPLACE FUNCTION ledger.cut_off(p_account bigint, p_at timestamptz, p_name text, OUT id bigint, OUT replayed boolean)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_account ledger.accounts; v_found ledger.settlements; v_through bigint; v_earlier timestamptz; v_legs bigint;
BEGIN
  -- The account's lock: what is recorded before it is seen here, what comes after it is left for the next cut-off.
  SELECT * INTO v_account FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG105', MESSAGE = 'there is no such account';
  END IF;
  SELECT * INTO v_found FROM ledger.settlements s WHERE s.tenant_id = v_tenant AND s.account_id = p_account AND s.name = p_name;
  IF FOUND THEN
    IF v_found.cut_off_at <> p_at THEN
      RAISE EXCEPTION USING ERRCODE = 'HG160', MESSAGE = format('settlement %s of this account was cut off at another time', p_name);
    END IF;
    id := v_found.id; replayed := true;
    RETURN;
  END IF;
  IF p_at > tenants.now() THEN
    RAISE EXCEPTION USING ERRCODE = 'HG161', MESSAGE = 'the cut-off is still to come: settle after it';
  END IF;
  SELECT coalesce(max(s.through_seq), 0), max(s.cut_off_at) INTO v_through, v_earlier
    FROM ledger.settlements s WHERE s.tenant_id = v_tenant AND s.account_id = p_account;
  id := nextval('ledger.period_ids'); replayed := false;
  WITH unsettled AS MATERIALIZED (
    SELECT l.seq, l.change_minor, l.effective_at
      FROM (SELECT e.debit_seq AS seq, e.amount_minor AS change_minor, e.effective_at FROM ledger.entries e
             WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.debit_seq > v_through
            UNION ALL
            SELECT e.credit_seq, -e.amount_minor, e.effective_at FROM ledger.entries e
             WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.credit_seq > v_through) l
     WHERE NOT EXISTS (SELECT FROM ledger.settlement_legs k WHERE k.tenant_id = v_tenant AND k.account_id = p_account AND k.seq > v_through
                          AND k.seq = l.seq)
  ), made AS (
    INSERT INTO ledger.settlements (tenant_id, id, account_id, cut_off_at, recorded_at, through_seq, legs, late_legs, debit_minor, credit_minor,
                                    currency, name, actor_id)
    SELECT v_tenant, cut_off.id, p_account, p_at, clock_timestamp(),
           coalesce(min(u.seq) FILTER (WHERE u.effective_at > p_at) - 1, v_account.seq),
           count(*) FILTER (WHERE u.effective_at <= p_at), count(*) FILTER (WHERE u.effective_at <= p_at AND u.effective_at <= v_earlier),
           coalesce(sum(u.change_minor) FILTER (WHERE u.effective_at <= p_at AND u.change_minor > 0), 0),
           coalesce(sum(-u.change_minor) FILTER (WHERE u.effective_at <= p_at AND u.change_minor < 0), 0),
           v_account.currency, p_name, core.actor_id()
      FROM unsettled u
    RETURNING legs
  ), taken AS (
    INSERT INTO ledger.settlement_legs (tenant_id, account_id, seq, settlement_id, change_minor)
    SELECT v_tenant, p_account, u.seq, cut_off.id, u.change_minor FROM unsettled u WHERE u.effective_at <= p_at ORDER BY u.seq
  )
  SELECT m.legs INTO v_legs FROM made m;
  PERFORM ledger.announce('ledger.settlement.cut_off', 'settlement', id,
    jsonb_build_object('settlement_id', id, 'account_id', p_account, 'cut_off_at', p_at, 'legs', v_legs));
END $$;
COMMENT ON FUNCTION ledger.cut_off(bigint, timestamptz, text) IS
  'Settles every leg of an account that is recorded, in no settlement yet and effective by then. Raises HG105, HG160 (the name stands for another time), HG161 (still to come)';
ALTER FUNCTION ledger.cut_off(bigint, timestamptz, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.cut_off(bigint, timestamptz, text) TO headgate_app;

CREATE OR REPLACE VIEW ledger.invariant_settlements WITH (security_invoker = true) AS
  SELECT s.name AS subject,
         format('settled %s legs, debit %s, credit %s; its legs give %s, %s, %s', s.legs, s.debit_minor, s.credit_minor, count(k.seq),
                coalesce(sum(greatest(k.change_minor, 0)), 0), coalesce(sum(greatest(-k.change_minor, 0)), 0)) AS detail
    FROM ledger.settlements s
    LEFT JOIN ledger.settlement_legs k ON k.tenant_id = s.tenant_id AND k.settlement_id = s.id
   WHERE core.check_full()
   GROUP BY s.tenant_id, s.id, s.name, s.legs, s.debit_minor, s.credit_minor
  HAVING s.legs <> count(k.seq) OR s.debit_minor <> coalesce(sum(greatest(k.change_minor, 0)), 0)
      OR s.credit_minor <> coalesce(sum(greatest(-k.change_minor, 0)), 0)
  UNION ALL
  SELECT s.name, format('took leg %s of account %s, which %s', x.seq, a.code,
                        CASE WHEN x.change_minor IS NULL THEN 'is not there' WHEN x.change_minor <> x.settled_minor THEN 'has another amount'
                             ELSE 'is effective after the cut-off' END)
    -- Laid side by side and grouped, not joined: one pass, whatever the planner knows of the tables.
    FROM (SELECT u.tenant_id, u.account_id, u.seq, max(u.settlement_id) AS settlement_id, max(u.settled_minor) AS settled_minor,
                 max(u.change_minor) AS change_minor, max(u.effective_at) AS effective_at
            FROM (SELECT k.tenant_id, k.account_id, k.seq, k.settlement_id, k.change_minor AS settled_minor, NULL::bigint AS change_minor,
                         NULL::timestamptz AS effective_at
                    FROM ledger.settlement_legs k
                  UNION ALL
                  SELECT l.tenant_id, l.account_id, l.seq, NULL::bigint, NULL::bigint, l.change_minor, l.effective_at
                    FROM ledger.legs l WHERE l.account_id IN (SELECT t.account_id FROM ledger.settlements t)) u
           WHERE core.check_full()
           GROUP BY u.tenant_id, u.account_id, u.seq
          HAVING max(u.settlement_id) IS NOT NULL) x
    JOIN ledger.settlements s ON s.tenant_id = x.tenant_id AND s.id = x.settlement_id
    JOIN ledger.accounts a ON a.tenant_id = x.tenant_id AND a.id = x.account_id
   WHERE x.change_minor IS NULL OR x.change_minor <> x.settled_minor OR x.effective_at > s.cut_off_at OR x.account_id <> s.account_id;
COMMENT ON VIEW ledger.invariant_settlements IS 'A settlement is the sum of its legs, each a leg of its account that was effective by the cut-off (judged by the full check)';
GRANT SELECT ON ledger.invariant_settlements TO headgate_app, headgate_readonly;
