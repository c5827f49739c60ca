-- Reversal: another transaction takes back what is left of one, or a part of it, entry by entry. ledger.post_batch judges it.

-- An amount over entries, by a named rule. Proportional: each by its share, rounded down, the cents that are left to the largest
-- fractions, the earlier entry first where they are equal. In order: each as far as it goes. Never more than it has is taken of
-- an entry; what is more than all have is on top of the last that has anything, and the judge says no.
CREATE OR REPLACE FUNCTION ledger.apportion(p_amount bigint, p_weights bigint[], p_rule text) RETURNS bigint[]
  LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT array_agg((CASE
           WHEN p_amount >= x.total THEN x.weight + CASE WHEN x.o = x.last THEN p_amount - x.total ELSE 0 END
           WHEN p_rule = 'in_order' THEN least(x.weight, greatest(0, p_amount - x.before))
           ELSE x.share + CASE WHEN x.rank <= p_amount - x.shared THEN 1 ELSE 0 END END)::bigint ORDER BY x.o)
    FROM (SELECT w.*, sum(w.share) OVER () AS shared, row_number() OVER (ORDER BY w.fraction DESC, w.o) AS rank
            FROM (SELECT v.*, div(p_amount::numeric * v.weight, greatest(v.total, 1)) AS share, mod(p_amount::numeric * v.weight, greatest(v.total, 1)) AS fraction
                    FROM (SELECT u.weight, u.o, max(u.o) FILTER (WHERE u.weight > 0) OVER () AS last, sum(u.weight) OVER () AS total,
                                 sum(u.weight) OVER (ORDER BY u.o) - u.weight AS before
                            FROM unnest(p_weights) WITH ORDINALITY u (weight, o)) v) w) x
$$;
COMMENT ON FUNCTION ledger.apportion(bigint, bigint[], text) IS 'An amount over parts, by the rule proportional (largest remainder, ties to the earlier) or in_order';
ALTER FUNCTION ledger.apportion(bigint, bigint[], text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.apportion(bigint, bigint[], text) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.reverse_one(
  p_key text, p_transaction bigint, p_reason text, p_amount bigint, p_currency text, p_entries smallint[], p_amounts bigint[], p_rule text,
  OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_source_type text; v_source_id text; v_body text;
  v_n smallint[]; v_debits bigint[]; v_credits bigint[]; v_currencies text[]; v_amounts bigint[]; v_left bigint[]; v_parts bigint[];
BEGIN
  SELECT s.source_type, s.source_id INTO v_source_type, v_source_id
    FROM ledger.transactions s WHERE s.tenant_id = v_tenant AND s.id = p_transaction;
  SELECT array_agg(k.n ORDER BY k.n), array_agg(k.debit_account_id ORDER BY k.n), array_agg(k.credit_account_id ORDER BY k.n),
         array_agg(k.currency ORDER BY k.n), array_agg(k.amount_minor ORDER BY k.n)
    INTO v_n, v_debits, v_credits, v_currencies, v_amounts
    FROM ledger.entries k WHERE k.tenant_id = v_tenant AND k.transaction_id = p_transaction;
  IF v_n IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG111', MESSAGE = 'there is no such posted transaction';
  END IF;
  IF p_rule NOT IN ('proportional', 'in_order', 'keep') OR NOT coalesce(p_entries <@ v_n, true)
     OR (p_amounts IS NOT NULL AND (cardinality(p_amounts) IS DISTINCT FROM cardinality(p_entries) OR p_amount IS NOT NULL OR p_rule = 'keep'))
     OR (p_rule = 'keep' AND (p_entries IS NULL OR v_n <@ p_entries))
     OR cardinality(p_entries) IS DISTINCT FROM (SELECT count(DISTINCT u) FROM unnest(p_entries) u WHERE p_entries IS NOT NULL HAVING p_entries IS NOT NULL)::integer
     OR p_amount <= 0 OR (SELECT bool_or(u <= 0) FROM unnest(p_amounts) u)
     OR (p_amount IS NOT NULL AND coalesce(p_currency <> ALL (v_currencies), true)) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110',
      MESSAGE = 'a reversal names entries of its original, each once, with their amounts, or an amount in a currency of it and a rule: proportional, in_order, keep';
  END IF;
  -- What its key stands for is what was asked, not what was left when it was asked.
  v_body := 'reverse:' || jsonb_build_array(p_amount, p_currency, p_entries, p_amounts, CASE WHEN p_amount IS NULL AND p_rule <> 'keep' THEN NULL ELSE p_rule END)::text;

  -- The accounts of the original are locked before what is left of it is read: reversals of it wait for each other.
  PERFORM FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = ANY (v_debits || v_credits) ORDER BY a.id FOR NO KEY UPDATE;
  SELECT array_agg(u.amount - coalesce((SELECT sum(b.amount_minor) FROM ledger.transactions x
                                          JOIN ledger.entries b ON b.tenant_id = v_tenant AND b.transaction_id = x.id
                                         WHERE x.tenant_id = v_tenant AND x.reverses = p_transaction AND b.of_n = u.n), 0)::bigint ORDER BY u.n)
    INTO v_left FROM unnest(v_n, v_amounts) u (n, amount);
  IF p_amounts IS NOT NULL THEN
    v_parts := ARRAY(SELECT coalesce(w.amount, 0) FROM unnest(v_n) WITH ORDINALITY u (n, o) LEFT JOIN unnest(p_entries, p_amounts) w (n, amount) ON w.n = u.n ORDER BY u.o);
  ELSE
    -- Which entries, and how much of each there is to give.
    v_parts := ARRAY(SELECT CASE WHEN (p_entries IS NULL OR (u.n = ANY (p_entries)) = (p_rule <> 'keep')) AND (p_currency IS NULL OR u.currency = p_currency)
                                 THEN u.rest ELSE 0 END FROM unnest(v_n, v_left, v_currencies) WITH ORDINALITY u (n, rest, currency, o) ORDER BY u.o);
    IF p_amount IS NOT NULL THEN v_parts := ledger.apportion(p_amount, v_parts, p_rule); END IF;
  END IF;
  IF NOT (SELECT bool_or(u <> 0) FROM unnest(v_parts) u) THEN
    -- Nothing is left of them; the judge says so, of the entries as they were.
    v_parts := ARRAY(SELECT CASE WHEN p_entries IS NULL OR (u.n = ANY (p_entries)) = (p_rule <> 'keep') THEN u.amount ELSE 0 END
                       FROM unnest(v_n, v_amounts) WITH ORDINALITY u (n, amount, o) ORDER BY u.o);
  END IF;
  -- The last entry first, so that an account passed through is filled before it is emptied.
  SELECT array_agg(u.n ORDER BY u.n DESC), array_agg(u.debit ORDER BY u.n DESC), array_agg(u.credit ORDER BY u.n DESC),
         array_agg(u.currency ORDER BY u.n DESC), array_agg(u.part ORDER BY u.n DESC)
    INTO v_n, v_debits, v_credits, v_currencies, v_parts
    FROM unnest(v_n, v_debits, v_credits, v_currencies, v_parts) u (n, debit, credit, currency, part)
   WHERE u.part <> 0;
  SELECT b.codes[1], b.ids[1], b.replayed[1], b.facts[1] INTO code, id, replayed, facts
    FROM ledger.post_batch(ARRAY[p_key], ARRAY[cardinality(v_n)], v_credits, v_debits, v_parts, v_currencies, NULL,
                           ARRAY[v_source_type], ARRAY[v_source_id], ARRAY[p_reason], NULL, ARRAY[p_transaction], NULL, false,
                           p_bodies => ARRAY[v_body], p_of => v_n) b;
END $$;
COMMENT ON FUNCTION ledger.reverse_one IS
  'Takes a transaction back by another: what is left of it, an amount apportioned by a rule, or amounts by entry. Several together never exceed it. Raises HG111, HG110';
ALTER FUNCTION ledger.reverse_one OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.reverse_one TO headgate_app;
