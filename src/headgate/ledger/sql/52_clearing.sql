-- Clearing accounts should come to zero. What is left on one is explained in two steps: legs whose reference nets to zero
-- have cleared each other; among the rest the oldest is cleared first, so what is left are the newest legs on its side.
CREATE OR REPLACE FUNCTION ledger.set_must_be_zero(p_account bigint, p_must_be_zero boolean, p_max_age interval, p_reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
BEGIN
  PERFORM FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG105', MESSAGE = 'there is no such account';
  END IF;
  INSERT INTO ledger.clearing_rules (tenant_id, account_id, set_at, must_be_zero, max_age, reason, actor_id)
  VALUES (v_tenant, p_account, clock_timestamp(), p_must_be_zero, p_max_age, p_reason, core.actor_id());
  UPDATE ledger.accounts a SET must_be_zero = p_must_be_zero WHERE a.tenant_id = v_tenant AND a.id = p_account AND a.must_be_zero <> p_must_be_zero;
  PERFORM ledger.announce('ledger.account.changed', 'account', p_account, jsonb_build_object('account_id', p_account, 'must_be_zero', p_must_be_zero,
    'max_age_seconds', extract(epoch FROM p_max_age)::bigint, 'reason', p_reason));
END $$;
COMMENT ON FUNCTION ledger.set_must_be_zero(bigint, boolean, interval, text) IS 'Says whether an account should come to zero, and how old what is left on it may be. Raises HG105';
ALTER FUNCTION ledger.set_must_be_zero(bigint, boolean, interval, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.set_must_be_zero(bigint, boolean, interval, text) TO headgate_app;

-- Only accounts with a residual are read leg by leg; a reference is the metadata's "reference", else the source.
CREATE OR REPLACE VIEW ledger.clearing_items WITH (security_invoker = true) AS
  SELECT y.tenant_id, y.account_id, y.seq, y.transaction_id, y.n, y.effective_at, y.recorded_at, y.other_account_id, y.reference,
         y.source_type, y.source_id, y.description, y.change_minor,
         (sign(y.change_minor) * least(abs(y.change_minor), y.reached - y.cleared))::bigint AS left_minor
    FROM (SELECT x.*, sum(abs(x.change_minor)) OVER (PARTITION BY x.tenant_id, x.account_id ORDER BY x.seq) AS reached
            FROM (SELECT g.*,
                         sum(CASE WHEN sign(g.change_minor) <> sign(g.net_minor) THEN abs(g.change_minor) ELSE 0 END)
                           OVER (PARTITION BY g.tenant_id, g.account_id) AS cleared
                    FROM (SELECT a.tenant_id, a.id AS account_id, a.net_minor, l.seq, l.transaction_id, l.n, l.effective_at, l.recorded_at,
                                 l.other_account_id, l.change_minor, r.reference, s.source_type, s.source_id, s.description,
                                 CASE WHEN r.reference IS NULL THEN NULL
                                      ELSE sum(l.change_minor) OVER (PARTITION BY a.tenant_id, a.id, r.reference) END AS of_reference
                            FROM ledger.accounts a
                            JOIN ledger.legs l ON l.tenant_id = a.tenant_id AND l.account_id = a.id
                            JOIN ledger.transactions s ON s.tenant_id = l.tenant_id AND s.id = l.transaction_id
                           CROSS JOIN LATERAL (SELECT coalesce(s.metadata ->> 'reference', s.source_type || ':' || s.source_id) AS reference) r
                           WHERE a.must_be_zero AND a.net_minor <> 0) g
                   WHERE g.of_reference IS DISTINCT FROM 0) x
           WHERE sign(x.change_minor) = sign(x.net_minor)) y
   WHERE y.reached > y.cleared;
COMMENT ON VIEW ledger.clearing_items IS 'What is left on each account that should be zero, leg by leg: left_minor is the part that nothing has cleared, signed as net';

CREATE OR REPLACE VIEW ledger.clearing_rule WITH (security_invoker = true) AS
  SELECT DISTINCT ON (c.tenant_id, c.account_id) c.tenant_id, c.account_id, c.must_be_zero, c.max_age, c.set_at
    FROM ledger.clearing_rules c ORDER BY c.tenant_id, c.account_id, c.set_at DESC;
COMMENT ON VIEW ledger.clearing_rule IS 'The rule that holds for each clearing account now';
GRANT SELECT ON ledger.clearing_items, ledger.clearing_rule TO headgate_app, headgate_readonly;

CREATE OR REPLACE VIEW ledger.invariant_clearing WITH (security_invoker = true) AS
  SELECT a.code AS subject,
         format('should be zero and stands at net %s %s; the oldest of it is of %s, more than %s ago (transaction %s)', a.net_minor, a.currency,
                to_char(i.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), c.max_age, i.transaction_id) AS detail
    FROM ledger.accounts a
    JOIN ledger.clearing_rule c ON c.tenant_id = a.tenant_id AND c.account_id = a.id
   CROSS JOIN LATERAL (SELECT k.effective_at, k.transaction_id FROM ledger.clearing_items k
                        WHERE k.tenant_id = a.tenant_id AND k.account_id = a.id ORDER BY k.effective_at, k.seq LIMIT 1) i
   WHERE a.must_be_zero AND a.net_minor <> 0 AND c.max_age IS NOT NULL AND i.effective_at < (SELECT tenants.now()) - c.max_age;
COMMENT ON VIEW ledger.invariant_clearing IS 'What is left on an account that should be zero is no older than its rule allows; a case explains what is';
GRANT SELECT ON ledger.invariant_clearing TO headgate_app, headgate_readonly;
