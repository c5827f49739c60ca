-- Balance monitors. Whoever has written the balances of watched accounts, under their locks, calls ledger.watch with them:
-- a monitor whose side has changed is flipped and announced in the same transaction, once, with the balance as it stands.
CREATE OR REPLACE VIEW ledger.monitored WITH (security_invoker = true) AS
  SELECT m.tenant_id, m.id, m.account_id, m.name, m.what, m.comparison, m.threshold_minor, m.is_crossed, m.created_at, m.changed_at,
         a.code, a.currency, b.balance_minor,
         CASE m.comparison WHEN 'below' THEN b.balance_minor < m.threshold_minor ELSE b.balance_minor > m.threshold_minor END AS crosses
    FROM ledger.balance_monitors m
    JOIN ledger.accounts a ON a.tenant_id = m.tenant_id AND a.id = m.account_id
   CROSS JOIN LATERAL (
     SELECT CASE WHEN a.type IN ('ASSET', 'EXPENSE') THEN a.net_minor ELSE -a.net_minor END
            - CASE m.what WHEN 'available' THEN a.reserved_minor + a.pending_out_minor ELSE 0 END AS balance_minor) b
   WHERE m.removed_at IS NULL;
COMMENT ON VIEW ledger.monitored IS 'Each monitor with the balance that it watches: available counts an overdue reservation until it is marked';
GRANT SELECT ON ledger.monitored TO headgate_app, headgate_readonly, headgate_poster;

CREATE OR REPLACE FUNCTION ledger.watch(p_accounts bigint[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_monitor record;
BEGIN
  FOR v_monitor IN
    SELECT m.id, m.account_id, m.what, m.comparison, m.threshold_minor, m.currency, m.balance_minor, m.crosses
      FROM ledger.monitored m
     WHERE m.tenant_id = v_tenant AND m.account_id = ANY (p_accounts) AND m.crosses <> m.is_crossed
     ORDER BY m.id
  LOOP
    UPDATE ledger.balance_monitors m SET is_crossed = v_monitor.crosses, changed_at = clock_timestamp()
     WHERE m.tenant_id = v_tenant AND m.id = v_monitor.id;
    PERFORM ledger.announce(CASE WHEN v_monitor.crosses THEN 'ledger.monitor.crossed' ELSE 'ledger.monitor.cleared' END, 'monitor', v_monitor.id,
      jsonb_build_object('monitor_id', v_monitor.id, 'account_id', v_monitor.account_id, 'what', v_monitor.what, 'comparison', v_monitor.comparison,
                         'threshold_minor', v_monitor.threshold_minor, 'balance_minor', v_monitor.balance_minor, 'currency', v_monitor.currency));
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger.watch(bigint[]) IS 'Flips and announces the monitors of accounts whose balance has crossed a threshold; the caller holds their locks and has written their balances';
ALTER FUNCTION ledger.watch(bigint[]) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.add_monitor(p_account bigint, p_what text, p_comparison text, p_threshold bigint, p_name text) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_id bigint; v_now timestamptz;
BEGIN
  PERFORM FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG105', MESSAGE = 'there is no such account';
  END IF;
  PERFORM ledger.expire_overdue(ARRAY[p_account], tenants.now());
  v_now := clock_timestamp();
  INSERT INTO ledger.balance_monitors (tenant_id, account_id, threshold_minor, created_at, changed_at, is_crossed, what, comparison, name)
  VALUES (v_tenant, p_account, p_threshold, v_now, v_now, false, p_what, p_comparison, p_name)
  RETURNING id INTO v_id;
  -- On which side it begins is no news.
  UPDATE ledger.balance_monitors m SET is_crossed = true
    FROM ledger.monitored k WHERE k.tenant_id = v_tenant AND k.id = v_id AND k.crosses AND m.tenant_id = v_tenant AND m.id = v_id;
  UPDATE ledger.accounts a SET is_watched = true WHERE a.tenant_id = v_tenant AND a.id = p_account AND NOT a.is_watched;
  PERFORM ledger.announce('ledger.monitor.added', 'monitor', v_id, jsonb_build_object('monitor_id', v_id, 'account_id', p_account, 'what', p_what,
    'comparison', p_comparison, 'threshold_minor', p_threshold));
  RETURN v_id;
END $$;
COMMENT ON FUNCTION ledger.add_monitor(bigint, text, text, bigint, text) IS 'Watches a balance from now on, beginning on the side where it stands. Raises HG105';
ALTER FUNCTION ledger.add_monitor(bigint, text, text, bigint, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.add_monitor(bigint, text, text, bigint, text) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.remove_monitor(p_monitor bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_account bigint;
BEGIN
  SELECT m.account_id INTO v_account FROM ledger.balance_monitors m WHERE m.tenant_id = v_tenant AND m.id = p_monitor AND m.removed_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG165', MESSAGE = 'there is no such monitor';
  END IF;
  PERFORM FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = v_account FOR NO KEY UPDATE;
  UPDATE ledger.balance_monitors m SET removed_at = clock_timestamp() WHERE m.tenant_id = v_tenant AND m.id = p_monitor AND m.removed_at IS NULL;
  UPDATE ledger.accounts a SET is_watched = false
   WHERE a.tenant_id = v_tenant AND a.id = v_account
     AND NOT EXISTS (SELECT FROM ledger.balance_monitors m WHERE m.tenant_id = v_tenant AND m.account_id = v_account AND m.removed_at IS NULL);
  PERFORM ledger.announce('ledger.monitor.removed', 'monitor', p_monitor, jsonb_build_object('monitor_id', p_monitor, 'account_id', v_account));
END $$;
COMMENT ON FUNCTION ledger.remove_monitor(bigint) IS 'Watches no more. Raises HG165 where there is no such monitor';
ALTER FUNCTION ledger.remove_monitor(bigint) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.remove_monitor(bigint) TO headgate_app;

CREATE OR REPLACE VIEW ledger.invariant_monitors WITH (security_invoker = true) AS
  SELECT m.name AS subject, format('says %s of account %s, whose balance is %s against the threshold %s',
                                   CASE WHEN m.is_crossed THEN 'crossed' ELSE 'clear' END, m.code, m.balance_minor, m.threshold_minor) AS detail
    FROM ledger.monitored m
   WHERE m.crosses <> m.is_crossed
  UNION ALL
  SELECT a.code, CASE WHEN a.is_watched THEN 'is watched without a monitor' ELSE 'has a monitor and is not watched' END
    FROM ledger.accounts a
   WHERE a.is_watched <> EXISTS (SELECT FROM ledger.balance_monitors m WHERE m.tenant_id = a.tenant_id AND m.account_id = a.id AND m.removed_at IS NULL);
COMMENT ON VIEW ledger.invariant_monitors IS 'Every monitor stands on the side where the balance is, and an account is watched while it has one';
GRANT SELECT ON ledger.invariant_monitors TO headgate_app, headgate_readonly;
