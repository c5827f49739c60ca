-- The chart as a tree: subtotals add up what stands below.

CREATE OR REPLACE FUNCTION ledger.set_parent(p_account bigint, p_parent bigint, p_reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_before bigint;
BEGIN
  SELECT a.parent_id INTO v_before FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG105', MESSAGE = 'there is no such account';
  END IF;
  IF v_before IS NOT DISTINCT FROM p_parent THEN
    RETURN;
  END IF;
  UPDATE ledger.accounts a SET parent_id = p_parent WHERE a.tenant_id = v_tenant AND a.id = p_account;
  PERFORM ledger.announce('ledger.account.changed', 'account', p_account,
    jsonb_build_object('account_id', p_account, 'parent_id', p_parent, 'parent_id_before', v_before, 'reason', p_reason));
END $$;
COMMENT ON FUNCTION ledger.set_parent(bigint, bigint, text) IS
  'Puts an account under another (NULL: under none). Raises HG105, HG112 (another currency, or a circle)';
ALTER FUNCTION ledger.set_parent(bigint, bigint, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.set_parent(bigint, bigint, text) TO headgate_app;

CREATE OR REPLACE VIEW ledger.invariant_tree WITH (security_invoker = true) AS
  WITH RECURSIVE below AS (
    SELECT a.tenant_id, a.id FROM ledger.accounts a WHERE a.parent_id IS NULL
    UNION ALL
    SELECT a.tenant_id, a.id FROM below b JOIN ledger.accounts a ON a.tenant_id = b.tenant_id AND a.parent_id = b.id)
  SELECT a.code AS subject, 'stands under no account of the top: its parents form a circle, or one is not there' AS detail
    FROM ledger.accounts a
   WHERE a.parent_id IS NOT NULL AND NOT EXISTS (SELECT FROM below b WHERE b.tenant_id = a.tenant_id AND b.id = a.id)
  UNION ALL
  SELECT a.code, format('is in %s, the account above it in %s', a.currency, p.currency)
    FROM ledger.accounts a JOIN ledger.accounts p ON p.tenant_id = a.tenant_id AND p.id = a.parent_id
   WHERE p.currency <> a.currency;
COMMENT ON VIEW ledger.invariant_tree IS 'The chart is a tree, and every branch has one currency';
GRANT SELECT ON ledger.invariant_tree TO headgate_app, headgate_readonly;
