-- Pending transactions: written by ledger.post_batch, posted through it, ended here.

CREATE OR REPLACE FUNCTION ledger.give_back(p_accounts bigint[], p_transactions bigint[], p_clock timestamptz) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
BEGIN
  WITH gone AS (
    DELETE FROM ledger.pending_holds h
     WHERE h.tenant_id = v_tenant AND h.account_id = ANY (p_accounts)
       AND CASE WHEN p_transactions IS NULL THEN h.expires_at <= p_clock ELSE h.transaction_id = ANY (p_transactions) END
    RETURNING h.account_id, h.out_minor, h.in_minor
  )
  UPDATE ledger.accounts a
     SET pending_out_minor = a.pending_out_minor - x.out_minor, pending_in_minor = a.pending_in_minor - x.in_minor
    FROM (SELECT g.account_id, sum(g.out_minor)::bigint AS out_minor, sum(g.in_minor)::bigint AS in_minor FROM gone g GROUP BY g.account_id) x
   WHERE a.tenant_id = v_tenant AND a.id = x.account_id;
  IF EXISTS (SELECT FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = ANY (p_accounts) AND a.is_watched) THEN
    PERFORM ledger.watch(p_accounts);
  END IF;
END $$;
COMMENT ON FUNCTION ledger.give_back(bigint[], bigint[], timestamptz) IS
  'Gives back, on accounts that the caller has locked, what these pending transactions hold there, or (NULL) what is overdue';
ALTER FUNCTION ledger.give_back(bigint[], bigint[], timestamptz) OWNER TO headgate_poster;

-- The pending postings of a batch. Their accounts' sums were written with the batch's balances.
CREATE OR REPLACE FUNCTION ledger.hold_back(
  p_now timestamptz, p_clock timestamptz, p_ids bigint[], p_kinds smallint[], p_effective_at timestamptz[], p_expires_at timestamptz[],
  p_source_types text[], p_source_ids text[], p_codes smallint[], p_entries bigint[], p_debits bigint[], p_credits bigint[],
  p_amounts bigint[], p_currencies text[], p_numbers smallint[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_row record;
BEGIN
  INSERT INTO ledger.pending_transactions (tenant_id, id, created_at, updated_at, effective_at, expires_at, kind)
  SELECT v_tenant, u.id, p_now, p_now, u.effective_at, CASE WHEN u.kind = 1 THEN coalesce(u.expires_at, 'infinity') ELSE 'infinity' END,
         CASE u.kind WHEN 1 THEN 'pending' ELSE 'scheduled' END
    FROM unnest(p_ids, p_kinds, p_codes, p_effective_at, p_expires_at) u (id, kind, code, effective_at, expires_at)
   WHERE u.kind > 0 AND u.code = 0;
  INSERT INTO ledger.pending_entries (tenant_id, transaction_id, debit_account_id, credit_account_id, amount_minor, n, currency)
  SELECT v_tenant, u.id, u.debit, u.credit, u.amount, coalesce(u.n, 1), u.currency
    FROM unnest(p_entries, p_debits, p_credits, p_amounts, p_numbers, p_currencies) u (id, debit, credit, amount, n, currency)
   WHERE u.id > 0;
  INSERT INTO ledger.pending_holds (tenant_id, account_id, transaction_id, out_minor, in_minor, expires_at)
  SELECT v_tenant, x.account, x.id, coalesce(sum(x.amount) FILTER (WHERE x.leaves), 0), coalesce(sum(x.amount) FILTER (WHERE NOT x.leaves), 0), min(q.expires_at)
    FROM (SELECT u.id, s.account, u.amount, (a.type IN ('ASSET', 'EXPENSE')) <> s.debited AS leaves
            FROM unnest(p_entries, p_debits, p_credits, p_amounts) u (id, debit, credit, amount)
           CROSS JOIN LATERAL (VALUES (u.debit, true), (u.credit, false)) s (account, debited)
            JOIN ledger.accounts a ON a.tenant_id = v_tenant AND a.id = s.account AND a.id = ANY (p_debits || p_credits)
           WHERE u.id > 0) x
    JOIN ledger.pending_transactions q ON q.tenant_id = v_tenant AND q.id = x.id AND q.id = ANY (p_ids)
   GROUP BY x.account, x.id;
  UPDATE ledger.accounts a SET next_expiry_at = x.expires_at
    FROM (SELECT h.account_id, min(h.expires_at) AS expires_at FROM ledger.pending_holds h
           WHERE h.tenant_id = v_tenant AND h.account_id = ANY (p_debits || p_credits) AND h.transaction_id = ANY (p_ids)
             AND h.expires_at < 'infinity' GROUP BY h.account_id) x
   WHERE a.tenant_id = v_tenant AND a.id = ANY (p_debits || p_credits) AND a.id = x.account_id AND a.next_expiry_at > x.expires_at;
  FOR v_row IN
    SELECT u.id, jsonb_strip_nulls(jsonb_build_object(
             'transaction_id', u.id, 'kind', CASE u.kind WHEN 1 THEN 'pending' ELSE 'scheduled' END, 'source_type', u.source_type, 'source_id', u.source_id,
             'entries', (SELECT jsonb_agg(jsonb_build_object('debit', k.debit_account_id, 'credit', k.credit_account_id, 'amount_minor', k.amount_minor,
                                                             'currency', k.currency) ORDER BY k.n)
                           FROM ledger.pending_entries k WHERE k.tenant_id = v_tenant AND k.transaction_id = u.id))) AS data
      FROM unnest(p_ids, p_kinds, p_codes, p_source_types, p_source_ids) WITH ORDINALITY u (id, kind, code, source_type, source_id, o)
     WHERE u.kind > 0 AND u.code = 0
     ORDER BY u.o
  LOOP
    PERFORM ledger.announce('ledger.transaction.pending', 'transaction', v_row.id, v_row.data);
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger.hold_back IS 'Writes the pending postings of a batch, and what they hold on their accounts, which the caller has locked';
ALTER FUNCTION ledger.hold_back OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.settle_one(
  p_key text, p_transaction bigint, p_entries smallint[], p_amounts bigint[], p_effective_at timestamptz,
  OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_first ledger.transactions;
  v_n smallint[]; v_debits bigint[]; v_credits bigint[]; v_parts bigint[]; v_currencies text[];
BEGIN
  SELECT array_agg(k.n ORDER BY k.n), array_agg(k.debit_account_id ORDER BY k.n), array_agg(k.credit_account_id ORDER BY k.n),
         array_agg(coalesce(w.amount, k.amount_minor) ORDER BY k.n), array_agg(k.currency ORDER BY k.n)
    INTO v_n, v_debits, v_credits, v_parts, v_currencies
    FROM ledger.pending_entries k
    LEFT JOIN unnest(p_entries, p_amounts) w (n, amount) ON w.n = k.n
   WHERE k.tenant_id = v_tenant AND k.transaction_id = p_transaction AND (p_entries IS NULL OR w.n IS NOT NULL);
  SELECT * INTO v_first FROM ledger.transactions s WHERE s.tenant_id = v_tenant AND s.id = p_transaction
     AND EXISTS (SELECT FROM ledger.pending_transactions x WHERE x.tenant_id = v_tenant AND x.id = p_transaction);
  IF v_first.id IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG111', MESSAGE = 'there is no such pending transaction';
  END IF;
  IF cardinality(p_entries) IS DISTINCT FROM cardinality(p_amounts) OR (p_entries IS NOT NULL AND cardinality(p_entries) IS DISTINCT FROM cardinality(v_n)) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'a part of a pending transaction is posted by the numbers of its entries, each once, with their amounts';
  END IF;
  SELECT b.codes[1], b.ids[1], b.replayed[1], b.facts[1] INTO code, id, replayed, facts
    FROM ledger.post_batch(ARRAY[p_key], ARRAY[cardinality(v_n)], v_debits, v_credits, v_parts, v_currencies,
                           CASE WHEN p_effective_at IS NOT NULL THEN ARRAY[p_effective_at] END,
                           CASE WHEN v_first.source_type IS NOT NULL THEN ARRAY[v_first.source_type] END,
                           CASE WHEN v_first.source_id IS NOT NULL THEN ARRAY[v_first.source_id] END,
                           CASE WHEN v_first.description IS NOT NULL THEN ARRAY[v_first.description] END,
                           CASE WHEN v_first.metadata IS NOT NULL THEN ARRAY[v_first.metadata] END, NULL, NULL, false,
                           p_bodies => ARRAY['settle:' || jsonb_build_array(p_transaction, p_entries, p_amounts)::text], p_settles => ARRAY[p_transaction],
                           p_of => v_n) b;
END $$;
COMMENT ON FUNCTION ledger.settle_one IS
  'Posts a pending transaction, once: whole, or of the entries named at most what each has; the rest is given back. Raises HG111, HG110';
ALTER FUNCTION ledger.settle_one OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.settle_one TO headgate_app;

-- Ends pending transactions under the locks of all their accounts.
CREATE OR REPLACE FUNCTION ledger.end_pending(p_ids bigint[], p_status text, p_reason text) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_accounts CONSTANT bigint[] := ARRAY(SELECT DISTINCT s.account FROM ledger.pending_entries k
    CROSS JOIN LATERAL (VALUES (k.debit_account_id), (k.credit_account_id)) s (account)
    WHERE k.tenant_id = v_tenant AND k.transaction_id = ANY (p_ids));
  v_clock timestamptz; v_ended bigint[]; v_one bigint;
BEGIN
  PERFORM FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = ANY (v_accounts) ORDER BY a.id FOR NO KEY UPDATE;
  v_clock := tenants.now();
  v_ended := ARRAY(SELECT x.id FROM ledger.pending_transactions x
    WHERE x.tenant_id = v_tenant AND x.id = ANY (p_ids) AND x.status = 'pending' AND (x.expires_at <= v_clock) = (p_status = 'expired') ORDER BY x.id);
  PERFORM ledger.give_back(v_accounts, v_ended, v_clock);
  UPDATE ledger.pending_transactions x SET status = p_status, reason = p_reason, updated_at = clock_timestamp()
   WHERE x.tenant_id = v_tenant AND x.id = ANY (v_ended);
  FOREACH v_one IN ARRAY v_ended LOOP
    PERFORM ledger.announce(CASE p_status WHEN 'void' THEN 'ledger.transaction.voided' ELSE 'ledger.transaction.expired' END, 'transaction', v_one,
      jsonb_strip_nulls(jsonb_build_object('transaction_id', v_one, 'reason', p_reason)));
  END LOOP;
  RETURN cardinality(v_ended);
END $$;
COMMENT ON FUNCTION ledger.end_pending(bigint[], text, text) IS 'Voids what is still pending of these, or marks what is overdue (expired); says how many';
ALTER FUNCTION ledger.end_pending(bigint[], text, text) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.void_one(p_transaction bigint, p_reason text, OUT code smallint, OUT status text)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
BEGIN
  -- What is overdue has expired, whoever comes first to say so.
  PERFORM ledger.end_pending(ARRAY[p_transaction], 'expired', NULL);
  PERFORM ledger.end_pending(ARRAY[p_transaction], 'void', p_reason);
  SELECT x.status INTO status FROM ledger.pending_transactions x WHERE x.tenant_id = v_tenant AND x.id = p_transaction;
  IF status IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG111', MESSAGE = 'there is no such pending transaction';
  END IF;
  code := CASE status WHEN 'posted' THEN 24 ELSE 0 END;
END $$;
COMMENT ON FUNCTION ledger.void_one(bigint, text) IS 'Gives back all that a pending transaction holds. Answers 0; 24 where it is posted; void or expired already: nothing happens. Raises HG111';
ALTER FUNCTION ledger.void_one(bigint, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.void_one(bigint, text) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.expire_pending() RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
BEGIN
  RETURN ledger.end_pending(ARRAY(SELECT x.id FROM ledger.pending_transactions x
    WHERE x.tenant_id = v_tenant AND x.status = 'pending' AND x.expires_at < 'infinity' AND x.expires_at <= tenants.now()), 'expired', NULL);
END $$;
COMMENT ON FUNCTION ledger.expire_pending() IS 'Marks every overdue pending transaction of the tenant in context; says how many';
ALTER FUNCTION ledger.expire_pending() OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.expire_pending() TO headgate_app;

-- Scheduled transactions whose day has come.
CREATE OR REPLACE FUNCTION ledger.scheduled_due(p_limit integer, p_wait interval) RETURNS TABLE (id bigint, try integer)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT x.id, (t.tries + 1)::integer
    FROM ledger.pending_transactions x
   CROSS JOIN LATERAL (SELECT count(*) AS tries, max(s.recorded_at) AS last_at FROM ledger.transactions s
                        WHERE s.tenant_id = x.tenant_id AND s.settles = x.id) t
   WHERE x.tenant_id = core.require_tenant() AND x.status = 'pending' AND x.kind = 'scheduled' AND x.effective_at <= (SELECT tenants.now())
     AND (t.last_at IS NULL OR t.last_at <= clock_timestamp() - p_wait)
   ORDER BY x.effective_at, x.id
   LIMIT p_limit
$$;
COMMENT ON FUNCTION ledger.scheduled_due(integer, interval) IS 'Scheduled transactions whose time has come and that were not refused within p_wait, oldest first, each with the number of the next try to post it';
ALTER FUNCTION ledger.scheduled_due(integer, interval) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.scheduled_due(integer, interval) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.tell_still_pending(p_transaction bigint, p_code text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM ledger.pending_transactions x WHERE x.tenant_id = core.require_tenant() AND x.id = p_transaction AND x.status = 'pending') THEN
    PERFORM ledger.announce('ledger.transaction.still_pending', 'transaction', p_transaction,
      jsonb_build_object('transaction_id', p_transaction, 'refused', p_code));
  END IF;
END $$;
COMMENT ON FUNCTION ledger.tell_still_pending(bigint, text) IS 'Says of a scheduled transaction that its day has come and that it was refused, and why';
ALTER FUNCTION ledger.tell_still_pending(bigint, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.tell_still_pending(bigint, text) TO headgate_app;
