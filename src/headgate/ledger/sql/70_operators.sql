-- The book for operators' SQL: stable names, amounts in major units. A public contract: columns are added, and never renamed.

CREATE OR REPLACE VIEW public.psp_ledger_account WITH (security_invoker = true) AS
SELECT b.tenant_id, b.legal_entity_id, b.account_id AS psp_ledger_account_id, b.name, b.type AS account_type, b.code, b.currency,
       b.purpose, b.status,
       core.major(b.posted_minor, b.currency) AS posted_balance,
       core.major(b.reserved_minor, b.currency) AS reserved_balance,
       core.major(b.pending_out_minor, b.currency) AS pending_outflows,
       core.major(b.available_minor, b.currency) AS available_balance
  FROM ledger.balances b;
COMMENT ON VIEW public.psp_ledger_account IS 'Accounts of the book with what is posted, reserved and available, on each one''s normal side';

CREATE OR REPLACE VIEW public.psp_ledger_entry WITH (security_invoker = true) AS
SELECT e.tenant_id, e.debit_account_id, e.credit_account_id, core.major(e.amount_minor, e.currency) AS amount, e.currency,
       e.transaction_id || '.' || e.n AS psp_ledger_entry_id, e.transaction_id, t.key AS idempotency_key, t.source_type, t.source_id,
       t.description, e.effective_at, e.effective_on AS effective_date, e.recorded_at AS created_at
  FROM ledger.entries e
  LEFT JOIN ledger.transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id;
COMMENT ON VIEW public.psp_ledger_entry IS 'Entries of the book: each debits one account and credits another by the same amount';

CREATE OR REPLACE VIEW public.psp_balance_reservation WITH (security_invoker = true) AS
SELECT r.tenant_id, r.id AS psp_balance_reservation_id, r.account_id, core.major(r.remaining_minor, r.currency) AS amount,
       r.reserve_type AS purpose, r.status, r.expires_at, r.created_at, r.updated_at, r.currency, r.source_ref,
       core.major(r.amount_minor, r.currency) AS reserved_amount,
       core.major(r.captured_minor, r.currency) AS captured_amount,
       core.major(r.released_minor, r.currency) AS released_amount
  FROM ledger.reservations r;
COMMENT ON VIEW public.psp_balance_reservation IS
  'Money set aside; amount is what is neither captured nor given back. Overdue ones may be set to expired, and nothing else';

-- Expiry by hand -----------------------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION ledger.lock_overdue() RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_clock CONSTANT timestamptz := tenants.now();
  v_accounts CONSTANT bigint[] := ARRAY(SELECT DISTINCT d.account_id FROM ledger.reservation_expiries d
    WHERE d.tenant_id = v_tenant AND d.expires_at <= v_clock);
BEGIN
  PERFORM FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = ANY (v_accounts) ORDER BY a.id FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION ledger.lock_overdue() IS 'Locks the accounts that have overdue reservations, in id order, before rows of several are expired one by one';
ALTER FUNCTION ledger.lock_overdue() OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.lock_overdue() TO headgate_app, headgate_operator;

CREATE OR REPLACE FUNCTION ledger.expire_reservation(p_reservation bigint) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_status text; v_expires_at timestamptz;
BEGIN
  PERFORM FROM ledger.accounts a
    WHERE a.tenant_id = v_tenant
      AND a.id = (SELECT s.account_id FROM ledger.reservations s WHERE s.tenant_id = v_tenant AND s.id = p_reservation)
    FOR NO KEY UPDATE;
  SELECT s.status, s.expires_at INTO v_status, v_expires_at FROM ledger.reservations s WHERE s.tenant_id = v_tenant AND s.id = p_reservation;
  IF v_status IS DISTINCT FROM 'active' THEN RETURN false; END IF;
  IF v_expires_at > tenants.now() THEN
    RAISE EXCEPTION USING ERRCODE = 'HG114',
      MESSAGE = format('reservation %s is not overdue: it holds until %s; release it where its purpose is gone', p_reservation, v_expires_at);
  END IF;
  PERFORM ledger.end_reservations(ARRAY[p_reservation], 'expired');
  RETURN true;
END $$;
COMMENT ON FUNCTION ledger.expire_reservation(bigint) IS
  'Marks one overdue reservation expired; false where it has ended meanwhile or there is none, HG114 where it is not overdue';
ALTER FUNCTION ledger.expire_reservation(bigint) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.expire_reservation(bigint) TO headgate_app, headgate_operator;

CREATE OR REPLACE FUNCTION ledger.prepare_expiry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM ledger.lock_overdue();
  RETURN NULL;
END $$;
COMMENT ON FUNCTION ledger.prepare_expiry() IS 'Statement trigger of psp_balance_reservation: no tenant, no update; and locks in id order';

CREATE OR REPLACE FUNCTION ledger.expire_through_view() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_jsonb(NEW) - 'status' - 'updated_at' IS DISTINCT FROM to_jsonb(OLD) - 'status' - 'updated_at'
     OR OLD.status <> 'active' OR NEW.status IS DISTINCT FROM 'expired' THEN
    RAISE EXCEPTION USING ERRCODE = 'HG114',
      MESSAGE = format('reservation %s is %s: through this view an active one that is overdue can be set to expired, and nothing else',
                       OLD.psp_balance_reservation_id, OLD.status);
  END IF;
  IF NOT ledger.expire_reservation(OLD.psp_balance_reservation_id) THEN
    RETURN NULL;  -- Somebody else was quicker: it is not one of this statement's rows.
  END IF;
  SELECT * INTO NEW FROM public.psp_balance_reservation v
   WHERE v.tenant_id = OLD.tenant_id AND v.psp_balance_reservation_id = OLD.psp_balance_reservation_id;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION ledger.expire_through_view() IS
  'Row trigger of psp_balance_reservation: the one update it takes is an expiry, and the ledger''s own function does it';

CREATE OR REPLACE TRIGGER expiry_is_prepared BEFORE UPDATE ON public.psp_balance_reservation
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.prepare_expiry();
CREATE OR REPLACE TRIGGER expiry_is_the_ledgers INSTEAD OF UPDATE ON public.psp_balance_reservation
  FOR EACH ROW EXECUTE FUNCTION ledger.expire_through_view();

GRANT SELECT ON public.psp_ledger_account, public.psp_ledger_entry, public.psp_balance_reservation
  TO headgate_app, headgate_operator, headgate_readonly;
GRANT SELECT ON ledger.balances TO headgate_operator;
GRANT UPDATE (status, updated_at) ON public.psp_balance_reservation TO headgate_app, headgate_operator;
