-- Accounts: opening them, their status and limits. Balances are moved by the postings alone.
CREATE OR REPLACE FUNCTION ledger.announce(p_type text, p_aggregate text, p_id bigint, p_data jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_event CONSTANT bigint := audit.record_one(p_type, p_data);
BEGIN
  INSERT INTO messaging.outbox_messages
         (tenant_id, created_at, event_type, aggregate_type, aggregate_id, audit_event_id, audit_xid, audit_epoch, correlation_id)
  SELECT e.tenant_id, e.event_time, p_type, p_aggregate, p_id::text, e.id, e.xid, e.epoch, e.correlation_id
    FROM audit.events e
   WHERE e.tenant_id = v_tenant AND e.epoch = audit.current_epoch() AND e.xid = pg_current_xact_id() AND e.id = v_event;
END $$;
COMMENT ON FUNCTION ledger.announce(text, text, bigint, jsonb) IS 'One fact into the audit log, and one message that points at it';
ALTER FUNCTION ledger.announce(text, text, bigint, jsonb) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.open_account(
  p_code text, p_name text, p_type text, p_currency text, p_purpose text, p_is_default boolean, p_legal_entity_id text,
  p_lo bigint, p_hi bigint
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_id bigint;
  v_constraint text;
BEGIN
  IF p_legal_entity_id IS NOT NULL
     AND NOT EXISTS (SELECT FROM tenants.legal_entities e WHERE e.tenant_id = v_tenant AND e.id = p_legal_entity_id) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG104', MESSAGE = format('there is no legal entity %s', left(p_legal_entity_id, 60));
  END IF;
  -- What is closed is closed for it too; a close that runs at this moment waits, or is waited for.
  PERFORM pg_advisory_xact_lock_shared(ledger.period_lock(v_tenant));
  INSERT INTO ledger.accounts (tenant_id, code, name, type, currency, purpose, is_default, legal_entity_id, lo_minor, hi_minor, closed_through, route_to)
  SELECT v_tenant, p_code, p_name, p_type, p_currency, p_purpose, p_is_default, p_legal_entity_id, p_lo, p_hi, c.closed_through, c.route_to
    FROM ledger.closed_of(p_legal_entity_id) c
  RETURNING id INTO v_id;
  INSERT INTO ledger.account_limits (tenant_id, account_id, from_seq, set_at, lo_minor, hi_minor)
  VALUES (v_tenant, v_id, 0, clock_timestamp(), p_lo, p_hi);
  PERFORM ledger.announce('ledger.account.opened', 'account', v_id,
    jsonb_build_object('account_id', v_id, 'code', p_code, 'type', p_type, 'currency', p_currency, 'purpose', p_purpose,
                       'is_default', p_is_default, 'legal_entity_id', p_legal_entity_id, 'lo_minor', p_lo, 'hi_minor', p_hi));
  RETURN v_id;
EXCEPTION WHEN unique_violation THEN
  GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
  IF v_constraint = 'accounts_one_default' THEN
    RAISE EXCEPTION USING ERRCODE = 'HG103',
      MESSAGE = format('%s in %s has its default account already: open this one with is_default false', p_purpose, p_currency);
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'HG102', MESSAGE = format('there is an account %s already', p_code);
END $$;
COMMENT ON FUNCTION ledger.open_account(text, text, text, text, text, boolean, text, bigint, bigint) IS
  'Opens an account of the tenant in context and returns its number; limits are on net. Raises HG104, HG103, HG102';
ALTER FUNCTION ledger.open_account(text, text, text, text, text, boolean, text, bigint, bigint) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.open_account(text, text, text, text, text, boolean, text, bigint, bigint) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.set_account_status(p_account bigint, p_status text, p_reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_account ledger.accounts;
BEGIN
  SELECT * INTO v_account FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG105', MESSAGE = 'there is no such account';
  END IF;
  -- What is overdue holds nothing back here either.
  PERFORM ledger.expire_overdue(ARRAY[p_account], tenants.now());
  SELECT * INTO v_account FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_account;
  IF v_account.status = p_status THEN
    RETURN;
  END IF;
  IF v_account.status = 'closed' THEN
    RAISE EXCEPTION USING ERRCODE = 'HG106', MESSAGE = format('account %s is closed for ever: open another', v_account.code);
  END IF;
  IF p_status = 'closed' AND (v_account.net_minor, v_account.reserved_minor, v_account.pending_out_minor, v_account.pending_in_minor) <> (0, 0, 0, 0) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG107',
      MESSAGE = format('account %s still holds money, reservations or pending transactions: move it and end them before closing', v_account.code),
      DETAIL = jsonb_build_object('net_minor', v_account.net_minor, 'reserved_minor', v_account.reserved_minor,
                                  'pending_out_minor', v_account.pending_out_minor, 'pending_in_minor', v_account.pending_in_minor)::text;
  END IF;
  UPDATE ledger.accounts a SET status = p_status WHERE a.tenant_id = v_tenant AND a.id = p_account;
  PERFORM ledger.announce('ledger.account.changed', 'account', p_account,
    jsonb_build_object('account_id', p_account, 'status', p_status, 'status_before', v_account.status, 'reason', p_reason));
END $$;
COMMENT ON FUNCTION ledger.set_account_status(bigint, text, text) IS
  'Opens, freezes or closes an account, under its lock. Raises HG105, HG106 (closed is for ever), HG107 (not empty)';
ALTER FUNCTION ledger.set_account_status(bigint, text, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.set_account_status(bigint, text, text) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.set_account_limits(p_account bigint, p_lo bigint, p_hi bigint, p_reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_account ledger.accounts;
BEGIN
  SELECT * INTO v_account FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG105', MESSAGE = 'there is no such account';
  END IF;
  -- What is overdue holds nothing back here either.
  PERFORM ledger.expire_overdue(ARRAY[p_account], tenants.now());
  SELECT * INTO v_account FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_account;
  BEGIN
    UPDATE ledger.accounts a SET lo_minor = p_lo, hi_minor = p_hi WHERE a.tenant_id = v_tenant AND a.id = p_account;
  EXCEPTION WHEN check_violation THEN
    RAISE EXCEPTION USING ERRCODE = 'HG108',
      MESSAGE = format('account %s stands beyond these limits already: move money first, or set others', v_account.code),
      DETAIL = jsonb_build_object('net_minor', v_account.net_minor, 'reserved_minor', v_account.reserved_minor,
                                  'pending_out_minor', v_account.pending_out_minor)::text;
  END;
  INSERT INTO ledger.account_limits (tenant_id, account_id, from_seq, set_at, lo_minor, hi_minor)
  VALUES (v_tenant, p_account, v_account.seq, clock_timestamp(), p_lo, p_hi);
  PERFORM ledger.announce('ledger.account.changed', 'account', p_account,
    jsonb_build_object('account_id', p_account, 'lo_minor', p_lo, 'hi_minor', p_hi,
                       'lo_minor_before', v_account.lo_minor, 'hi_minor_before', v_account.hi_minor, 'reason', p_reason));
END $$;
COMMENT ON FUNCTION ledger.set_account_limits(bigint, bigint, bigint, text) IS
  'Sets the limits on an account''s net, under its lock, from its next leg on. Raises HG105, HG108 (the balance is beyond them)';
ALTER FUNCTION ledger.set_account_limits(bigint, bigint, bigint, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.set_account_limits(bigint, bigint, bigint, text) TO headgate_app;
