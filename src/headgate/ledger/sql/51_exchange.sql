-- Exchange. Money of one currency becomes money of another through the position account of each (FX_POSITION): both entries
-- stand in one transaction, each balanced in its own currency. A position account's net is the negative of what is held of
-- its currency; the position account of the functional currency holds what the positions cost. Average cost: what lessens
-- a position takes its share of the cost with it, and the difference to what was got for it is realised.

CREATE OR REPLACE FUNCTION ledger.round_half_even(p_value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
  AS $$ SELECT CASE WHEN abs(p_value - trunc(p_value)) = 0.5 THEN 2 * round(p_value / 2) ELSE round(p_value) END $$;
COMMENT ON FUNCTION ledger.round_half_even(numeric) IS 'To a whole number; a half to the even neighbour, as core.money.convert does';
ALTER FUNCTION ledger.round_half_even(numeric) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.round_half_even(numeric) TO headgate_app;

-- A position that grows takes on the value; one that shrinks gives up its share of the cost, rounded half to even, and the
-- whole rest with its last unit; one that changes its side does both. Cost after = cost + value + gain, always.
CREATE OR REPLACE FUNCTION ledger.move_position(
  p_quantity bigint, p_cost bigint, p_change bigint, p_value bigint, OUT quantity bigint, OUT cost bigint, OUT gain bigint
) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  closing CONSTANT bigint := CASE WHEN sign(p_quantity) * sign(p_change) < 0 THEN least(abs(p_quantity), abs(p_change)) ELSE 0 END;
  relieved CONSTANT bigint := CASE WHEN closing = 0 THEN 0 WHEN closing = abs(p_quantity) THEN p_cost
                                   ELSE ledger.round_half_even(p_cost::numeric * closing / abs(p_quantity)) END;
  realised CONSTANT bigint := CASE WHEN closing = abs(p_change) THEN p_value
                                   ELSE ledger.round_half_even(p_value::numeric * closing / abs(p_change)) END;
BEGIN
  gain := CASE WHEN closing = 0 THEN 0 ELSE -realised - relieved END;
  quantity := p_quantity + p_change;
  cost := p_cost + p_value + gain;
END $$;
COMMENT ON FUNCTION ledger.move_position(bigint, bigint, bigint, bigint) IS
  'A position after its quantity changed for a value (of the sign of the change): quantity, cost, and the gain that was realised';
ALTER FUNCTION ledger.move_position(bigint, bigint, bigint, bigint) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.move_position(bigint, bigint, bigint, bigint) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.record_rate(p_from text, p_to text, p_rate numeric, p_effective_at timestamptz, p_source text, OUT id bigint, OUT is_new boolean)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_last record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ledger.exchange_rates:' || v_tenant || p_from || p_to, 0));
  SELECT r.id, r.rate INTO v_last FROM ledger.exchange_rates r
   WHERE r.tenant_id = v_tenant AND r.from_currency = p_from AND r.to_currency = p_to AND r.effective_at = p_effective_at AND r.source = p_source
   ORDER BY r.id DESC LIMIT 1;
  IF v_last.rate = p_rate THEN
    id := v_last.id; is_new := false;
    RETURN;
  END IF;
  INSERT INTO ledger.exchange_rates AS r (tenant_id, effective_at, recorded_at, rate, from_currency, to_currency, source)
  VALUES (v_tenant, p_effective_at, clock_timestamp(), p_rate, p_from, p_to, p_source)
  RETURNING r.id INTO id;
  is_new := true;
  PERFORM ledger.announce('ledger.exchange_rate.recorded', 'exchange_rate', id, jsonb_build_object('exchange_rate_id', id, 'from', p_from, 'to', p_to,
    'rate', p_rate::text, 'effective_at', p_effective_at, 'source', p_source));
END $$;
COMMENT ON FUNCTION ledger.record_rate(text, text, numeric, timestamptz, text) IS
  'Records a rate, unless it is the one known of that source for that instant already; another one is a correction, known from now on';
ALTER FUNCTION ledger.record_rate(text, text, numeric, timestamptz, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.record_rate(text, text, numeric, timestamptz, text) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.record_rates(
  p_from text[], p_to text[], p_rates numeric[], p_effective_at timestamptz[], p_sources text[], OUT place bigint, OUT id bigint, OUT is_new boolean
) RETURNS SETOF record LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_pair text;
BEGIN
  -- Lock the pairs in one order, so that lists that cross queue instead of deadlocking.
  FOR v_pair IN SELECT DISTINCT u.f || u.t FROM unnest(p_from, p_to) u (f, t) ORDER BY 1 LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger.exchange_rates:' || v_tenant || v_pair, 0));
  END LOOP;
  FOR v_n IN 1 .. cardinality(p_from) LOOP
    place := v_n;
    SELECT r.id, r.is_new INTO id, is_new FROM ledger.record_rate(p_from[v_n], p_to[v_n], p_rates[v_n], p_effective_at[v_n], p_sources[v_n]) r;
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger.record_rates(text[], text[], numeric[], timestamptz[], text[]) IS
  'Records rates in their order, each as record_rate does; place is that of the rate in the arrays';
ALTER FUNCTION ledger.record_rates(text[], text[], numeric[], timestamptz[], text[]) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.record_rates(text[], text[], numeric[], timestamptz[], text[]) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.convert_one(
  p_key text, p_hash bytea, p_from bigint, p_to bigint, p_from_minor bigint, p_to_minor bigint, p_value bigint, p_rate numeric, p_source text,
  p_from_position bigint, p_to_position bigint, p_functional_position bigint, p_gain_account bigint, p_effective_at timestamptz,
  p_source_type text, p_source_id text, p_description text, p_metadata jsonb,
  OUT id bigint, OUT transaction_id bigint, OUT code smallint, OUT replayed boolean, OUT facts jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_found ledger.conversions;
  v_from ledger.accounts; v_to ledger.accounts; v_functional ledger.accounts;
  v_sign integer; v_last ledger.position_moves; v_count integer;
  v_debits bigint[]; v_credits bigint[]; v_amounts bigint[]; v_currencies text[];
  v_side record; v_moved record; v_gain bigint := 0;
  m_account bigint[] := '{}'; m_seq bigint[] := '{}'; m_quantity bigint[] := '{}'; m_cost bigint[] := '{}'; m_gain bigint[] := '{}';
  m_quantity_after bigint[] := '{}'; m_cost_after bigint[] := '{}';
BEGIN
  PERFORM FROM ledger.accounts a
    WHERE a.tenant_id = v_tenant AND a.id IN (p_from, p_to, p_from_position, p_to_position, p_functional_position, p_gain_account)
    ORDER BY a.id FOR NO KEY UPDATE;
  SELECT * INTO v_found FROM ledger.conversions c WHERE c.tenant_id = v_tenant AND c.key = p_key;
  IF FOUND THEN
    IF v_found.body_hash <> p_hash THEN
      RAISE EXCEPTION USING ERRCODE = 'HG101', MESSAGE = 'the idempotency key stands for another conversion: use a new key',
        DETAIL = jsonb_build_object('idempotency_key', p_key)::text;
    END IF;
    id := v_found.id; transaction_id := v_found.transaction_id; code := v_found.code; replayed := true; facts := v_found.facts;
    RETURN;
  END IF;
  SELECT * INTO v_from FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_from;
  SELECT * INTO v_to FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_to;
  SELECT * INTO v_functional FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_functional_position;
  IF v_from.id IS NULL OR v_to.id IS NULL OR v_functional.id IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG105', MESSAGE = 'there is no such account';
  END IF;
  -- Money goes from one account to another of its kind: assets change their currency, or debts do.
  IF (v_from.type IN ('ASSET', 'EXPENSE')) <> (v_to.type IN ('ASSET', 'EXPENSE')) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG170', MESSAGE = 'a conversion is between two accounts of the same normal side: two assets, or two liabilities';
  END IF;
  v_sign := CASE WHEN v_from.type IN ('ASSET', 'EXPENSE') THEN 1 ELSE -1 END;
  v_debits := CASE WHEN v_sign > 0 THEN ARRAY[p_from_position, p_to] ELSE ARRAY[p_from, p_to_position] END;
  v_credits := CASE WHEN v_sign > 0 THEN ARRAY[p_from, p_to_position] ELSE ARRAY[p_from_position, p_to] END;
  v_amounts := ARRAY[p_from_minor, p_to_minor];
  v_currencies := ARRAY[v_from.currency, v_to.currency];

  FOR v_side IN
    SELECT u.account, u.change, u.value FROM (VALUES (p_from_position, -v_sign * p_from_minor, -v_sign * p_value),
                                                     (p_to_position, v_sign * p_to_minor, v_sign * p_value)) u (account, change, value)
     WHERE u.account <> p_functional_position
  LOOP
    SELECT * INTO v_last FROM ledger.position_moves k WHERE k.tenant_id = v_tenant AND k.account_id = v_side.account ORDER BY k.seq DESC LIMIT 1;
    IF v_last.functional_account_id <> p_functional_position
       OR EXISTS (SELECT FROM ledger.position_moves k WHERE k.tenant_id = v_tenant AND k.functional_account_id = v_side.account)
       OR EXISTS (SELECT FROM ledger.position_moves k WHERE k.tenant_id = v_tenant AND k.account_id = p_functional_position) THEN
      RAISE EXCEPTION USING ERRCODE = 'HG171', MESSAGE = format('the positions of these accounts are kept in another currency than %s', v_functional.currency);
    END IF;
    SELECT * INTO v_moved FROM ledger.move_position(coalesce(v_last.quantity_after, 0), coalesce(v_last.cost_after, 0), v_side.change, v_side.value);
    v_gain := v_gain + v_moved.gain;
    m_account := m_account || v_side.account; m_seq := m_seq || coalesce(v_last.seq, 0) + 1; m_quantity := m_quantity || v_side.change;
    m_cost := m_cost || v_side.value + v_moved.gain; m_gain := m_gain || v_moved.gain;
    m_quantity_after := m_quantity_after || v_moved.quantity; m_cost_after := m_cost_after || v_moved.cost;
  END LOOP;
  IF v_gain <> 0 THEN
    v_debits := v_debits || CASE WHEN v_gain > 0 THEN p_functional_position ELSE p_gain_account END;
    v_credits := v_credits || CASE WHEN v_gain > 0 THEN p_gain_account ELSE p_functional_position END;
    v_amounts := v_amounts || abs(v_gain); v_currencies := v_currencies || v_functional.currency;
  END IF;

  v_count := cardinality(v_debits);
  SELECT b.codes[1], b.ids[1], b.replayed[1], b.facts[1] INTO code, transaction_id, replayed, facts
    FROM ledger.post_many(ARRAY[p_key], ARRAY[v_count], v_debits, v_credits, v_amounts, v_currencies, ARRAY[p_effective_at], ARRAY[p_source_type],
                          ARRAY[p_source_id], ARRAY[p_description],
                          ARRAY[p_metadata || jsonb_build_object('gain_minor', v_gain, 'value_minor', p_value,
                                                                 'functional_currency', v_functional.currency)], false) b;
  IF code = 2 OR replayed THEN
    RAISE EXCEPTION USING ERRCODE = 'HG101', MESSAGE = 'the idempotency key stands for another request: use a new key',
      DETAIL = jsonb_build_object('idempotency_key', p_key)::text;
  END IF;
  IF code = 1 THEN
    -- Nothing is scheduled here: a position moves when its conversion is posted, at the cost that it has then.
    RAISE EXCEPTION USING ERRCODE = 'HG177', MESSAGE = 'the effective day is still to come: convert on its day';
  END IF;
  id := nextval('ledger.exchange_ids');
  INSERT INTO ledger.conversions (tenant_id, id, transaction_id, recorded_at, from_account_id, to_account_id, from_minor, to_minor, value_minor, gain_minor,
                                  code, rate, from_currency, to_currency, functional_currency, source, key, body_hash, facts)
  VALUES (v_tenant, id, transaction_id, clock_timestamp(), p_from, p_to, p_from_minor, p_to_minor, p_value, CASE WHEN code = 0 THEN v_gain ELSE 0 END,
          code, p_rate, v_from.currency, v_to.currency, v_functional.currency, p_source, p_key, p_hash, facts);
  IF code = 0 THEN
    INSERT INTO ledger.position_moves (tenant_id, account_id, seq, functional_account_id, conversion_id, transaction_id, quantity_minor, cost_minor,
                                       gain_minor, quantity_after, cost_after)
    SELECT v_tenant, u.account, u.seq, p_functional_position, convert_one.id, convert_one.transaction_id, u.quantity, u.cost, u.gain, u.quantity_after,
           u.cost_after
      FROM unnest(m_account, m_seq, m_quantity, m_cost, m_gain, m_quantity_after, m_cost_after)
           u (account, seq, quantity, cost, gain, quantity_after, cost_after);
  END IF;
END $$;
COMMENT ON FUNCTION ledger.convert_one(text, bytea, bigint, bigint, bigint, bigint, bigint, numeric, text, bigint, bigint, bigint, bigint, timestamptz,
  text, text, text, jsonb) IS
  'Converts through the position accounts in one transaction and moves the positions. Raises HG101, HG105, HG170 (sides differ), HG171 (another functional currency), HG177 (still to come)';
ALTER FUNCTION ledger.convert_one(text, bytea, bigint, bigint, bigint, bigint, bigint, numeric, text, bigint, bigint, bigint, bigint, timestamptz, text, text,
  text, jsonb) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.convert_one(text, bytea, bigint, bigint, bigint, bigint, bigint, numeric, text, bigint, bigint, bigint, bigint, timestamptz,
  text, text, text, jsonb) TO headgate_app;

-- A reversal of the whole transaction gives the positions back what they were moved by; the cost goes back as it came.
CREATE OR REPLACE FUNCTION ledger.move_positions_back(p_conversion bigint, p_reversal bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_move ledger.position_moves; v_last ledger.position_moves; v_quantity bigint;
BEGIN
  PERFORM FROM ledger.accounts a
    WHERE a.tenant_id = v_tenant
      AND a.id IN (SELECT u FROM ledger.position_moves k, unnest(ARRAY[k.account_id, k.functional_account_id]) u
                    WHERE k.tenant_id = v_tenant AND k.conversion_id = p_conversion)
    ORDER BY a.id FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM ledger.position_moves k WHERE k.tenant_id = v_tenant AND k.transaction_id = p_reversal) THEN
    RETURN;
  END IF;
  FOR v_move IN
    SELECT k.* FROM ledger.position_moves k
      JOIN ledger.conversions c ON c.tenant_id = k.tenant_id AND c.id = k.conversion_id AND c.transaction_id = k.transaction_id
      JOIN ledger.transactions s ON s.tenant_id = k.tenant_id AND s.id = p_reversal AND s.reverses = k.transaction_id
     WHERE k.tenant_id = v_tenant AND k.conversion_id = p_conversion
     ORDER BY k.account_id
  LOOP
    SELECT sum(CASE WHEN e.credit_account_id = v_move.account_id THEN e.amount_minor ELSE -e.amount_minor END) INTO v_quantity
      FROM ledger.entries e
     WHERE e.tenant_id = v_tenant AND e.transaction_id = p_reversal AND v_move.account_id IN (e.debit_account_id, e.credit_account_id);
    SELECT * INTO v_last FROM ledger.position_moves k WHERE k.tenant_id = v_tenant AND k.account_id = v_move.account_id ORDER BY k.seq DESC LIMIT 1;
    IF v_quantity IS DISTINCT FROM -v_move.quantity_minor
       OR (v_last.quantity_after = v_move.quantity_minor AND v_last.cost_after <> v_move.cost_minor) THEN
      RAISE EXCEPTION USING ERRCODE = 'HG176', MESSAGE = 'the position has moved on since, so that a cost would be left without a quantity: convert back instead';
    END IF;
    INSERT INTO ledger.position_moves (tenant_id, account_id, seq, functional_account_id, conversion_id, transaction_id, quantity_minor, cost_minor,
                                       gain_minor, quantity_after, cost_after)
    VALUES (v_tenant, v_move.account_id, v_last.seq + 1, v_move.functional_account_id, p_conversion, p_reversal, -v_move.quantity_minor,
            -v_move.cost_minor, -v_move.gain_minor, v_last.quantity_after - v_move.quantity_minor, v_last.cost_after - v_move.cost_minor);
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger.move_positions_back(bigint, bigint) IS
  'After a conversion''s transaction was reversed as a whole: its positions follow, once. Raises HG176 where the position has moved on';
ALTER FUNCTION ledger.move_positions_back(bigint, bigint) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.move_positions_back(bigint, bigint) TO headgate_app;

-- The positions as they were at the end of a day, by the days of their transactions.
CREATE OR REPLACE FUNCTION ledger.positions_on(
  p_functional_position bigint, p_on date, OUT account_id bigint, OUT quantity_minor bigint, OUT cost_minor bigint, OUT realised_minor bigint
) RETURNS SETOF record LANGUAGE sql STABLE AS $$
  SELECT k.account_id, sum(k.quantity_minor)::bigint, sum(k.cost_minor)::bigint, sum(k.gain_minor)::bigint
    FROM ledger.position_moves k
    JOIN ledger.transactions s ON s.tenant_id = k.tenant_id AND s.id = k.transaction_id
   WHERE k.tenant_id = core.tenant_id() AND k.functional_account_id = p_functional_position AND s.effective_on <= p_on
   GROUP BY k.account_id
$$;
COMMENT ON FUNCTION ledger.positions_on(bigint, date) IS 'What is held of each currency, what it cost and what has been realised, as of the end of a day';
ALTER FUNCTION ledger.positions_on(bigint, date) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.positions_on(bigint, date) TO headgate_app, headgate_readonly;

CREATE OR REPLACE FUNCTION ledger.revalue_one(
  p_on date, p_functional_position bigint, p_gain_account bigint, p_accounts bigint[], p_rates bigint[], p_shifts integer[],
  OUT id bigint, OUT replayed boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_functional ledger.accounts; v_gain_account ledger.accounts; v_zone text; v_next timestamptz; v_code smallint;
  l_account bigint[]; l_rate bigint[]; l_quantity bigint[]; l_cost bigint[]; l_value bigint[]; l_currency text[]; v_missing text;
  v_debits bigint[]; v_credits bigint[]; v_amounts bigint[]; v_count integer; v_gain bigint; v_posted bigint; v_reversal bigint;
  v_key CONSTANT text := 'ledger.revaluation:' || p_functional_position || ':' || p_on;
BEGIN
  PERFORM FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id IN (p_functional_position, p_gain_account) ORDER BY a.id FOR NO KEY UPDATE;
  SELECT r.id INTO id FROM ledger.revaluations r
   WHERE r.tenant_id = v_tenant AND r.functional_account_id = p_functional_position AND r.revalued_on = p_on;
  IF FOUND THEN replayed := true; RETURN; END IF;
  replayed := false;
  SELECT * INTO v_functional FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_functional_position;
  SELECT * INTO v_gain_account FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_gain_account;
  v_zone := coalesce((SELECT e.time_zone FROM tenants.legal_entities e WHERE e.tenant_id = v_tenant AND e.id = v_functional.legal_entity_id),
                     (SELECT e.time_zone FROM tenants.legal_entities e WHERE e.tenant_id = v_tenant AND e.id = v_gain_account.legal_entity_id), 'UTC');
  v_next := (p_on + 1)::timestamp AT TIME ZONE v_zone;
  IF v_next > tenants.now() THEN
    RAISE EXCEPTION USING ERRCODE = 'HG172', MESSAGE = format('%s is not over: revalue afterwards', p_on);
  END IF;
  IF p_on <= greatest(v_functional.closed_through, v_gain_account.closed_through) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG173', MESSAGE = format('%s lies in a closed period: revalue before the close', p_on);
  END IF;
  SELECT array_agg(x.account_id), array_agg(x.rate_id), array_agg(x.quantity_minor), array_agg(x.cost_minor), array_agg(x.value), array_agg(x.currency)
    INTO l_account, l_rate, l_quantity, l_cost, l_value, l_currency
    FROM (SELECT k.account_id, u.rate_id, k.quantity_minor, k.cost_minor, a.currency,
                 CASE WHEN k.quantity_minor = 0 THEN 0 ELSE ledger.round_half_even(k.quantity_minor * r.rate * (10::numeric ^ u.shift))::bigint END AS value
            FROM ledger.positions_on(p_functional_position, p_on) k
            JOIN ledger.accounts a ON a.tenant_id = v_tenant AND a.id = k.account_id
            LEFT JOIN unnest(p_accounts, p_rates, p_shifts) u (account_id, rate_id, shift) ON u.account_id = k.account_id
            LEFT JOIN ledger.exchange_rates r ON r.tenant_id = v_tenant AND r.id = u.rate_id AND r.from_currency = a.currency AND r.to_currency = v_functional.currency
           WHERE k.quantity_minor <> 0
           ORDER BY k.account_id) x;
  SELECT u.currency INTO v_missing FROM unnest(l_currency, l_value) u (currency, value) WHERE u.value IS NULL LIMIT 1;
  IF v_missing IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG174', MESSAGE = format('there is no rate from %s to %s', v_missing, v_functional.currency);
  END IF;
  id := nextval('ledger.exchange_ids');
  SELECT array_agg(CASE WHEN u.gain > 0 THEN p_functional_position ELSE p_gain_account END ORDER BY u.o),
         array_agg(CASE WHEN u.gain > 0 THEN p_gain_account ELSE p_functional_position END ORDER BY u.o), array_agg(abs(u.gain) ORDER BY u.o), count(*)
    INTO v_debits, v_credits, v_amounts, v_count
    FROM (SELECT w.value - w.cost AS gain, w.o FROM unnest(l_value, l_cost) WITH ORDINALITY w (value, cost, o) WHERE w.value <> w.cost) u;
  SELECT coalesce(sum(w.value - w.cost), 0) INTO v_gain FROM unnest(l_value, l_cost) w (value, cost);
  IF v_count > 0 THEN
    -- Taken back at once on the next day: positions stay at cost, and each period shows the change since the one before.
    SELECT max(b.c), min(b.i), max(b.i) INTO v_code, v_posted, v_reversal
      FROM ledger.post_many(ARRAY[v_key, v_key || ':back'], ARRAY[v_count, v_count], v_debits || v_credits, v_credits || v_debits, v_amounts || v_amounts,
             array_fill(v_functional.currency, ARRAY[2 * v_count]), ARRAY[v_next - interval '1 microsecond', v_next],
             ARRAY['revaluation', 'revaluation'], ARRAY[id::text, id::text], NULL,
             ARRAY[jsonb_build_object('revalued_on', p_on), jsonb_build_object('revalued_on', p_on, 'taken_back', true)], true) p,
           unnest(p.codes, p.ids) b (c, i);
    IF v_code <> 0 THEN
      RAISE EXCEPTION USING ERRCODE = 'HG175', MESSAGE = format('the book refused the revaluation with result code %s', v_code);
    END IF;
  END IF;
  INSERT INTO ledger.revaluations (tenant_id, id, functional_account_id, recorded_at, revalued_on, transaction_id, reversal_id, gain_minor, functional_currency)
  VALUES (v_tenant, id, p_functional_position, clock_timestamp(), p_on, v_posted, v_reversal, v_gain, v_functional.currency);
  INSERT INTO ledger.revaluation_lines (tenant_id, revaluation_id, account_id, rate_id, quantity_minor, cost_minor, value_minor, gain_minor, currency)
  SELECT v_tenant, revalue_one.id, u.account, u.rate, u.quantity, u.cost, u.value, u.value - u.cost, u.currency
    FROM unnest(l_account, l_rate, l_quantity, l_cost, l_value, l_currency) u (account, rate, quantity, cost, value, currency);
  PERFORM ledger.announce('ledger.revaluation.posted', 'revaluation', id, jsonb_build_object('revaluation_id', id, 'revalued_on', p_on,
    'currency', v_functional.currency, 'gain_minor', v_gain));
END $$;
COMMENT ON FUNCTION ledger.revalue_one(date, bigint, bigint, bigint[], bigint[], integer[]) IS
  'Posts what the positions of a functional currency are worth above their cost at the end of a day, and takes it back on the next; once a day. Raises HG172 (not over), HG173 (closed), HG174 (no rate), HG175 (refused)';
ALTER FUNCTION ledger.revalue_one(date, bigint, bigint, bigint[], bigint[], integer[]) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.revalue_one(date, bigint, bigint, bigint[], bigint[], integer[]) TO headgate_app;

-- Invariants ---------------------------------------------------------------------------------------------------------
CREATE OR REPLACE VIEW ledger.invariant_positions WITH (security_invoker = true) AS
  SELECT a.code AS subject,
         format('move %s leaves %s at cost %s after %s at cost %s', x.seq, x.quantity_after, x.cost_after, x.quantity_before, x.cost_before) AS detail
    FROM (SELECT k.*, lag(k.seq, 1, 0::bigint) OVER w AS seq_before, lag(k.quantity_after, 1, 0::bigint) OVER w AS quantity_before,
                 lag(k.cost_after, 1, 0::bigint) OVER w AS cost_before
            FROM ledger.position_moves k WHERE core.check_full() WINDOW w AS (PARTITION BY k.tenant_id, k.account_id ORDER BY k.seq)) x
    JOIN ledger.accounts a ON a.tenant_id = x.tenant_id AND a.id = x.account_id
   WHERE x.seq <> x.seq_before + 1 OR x.quantity_after <> x.quantity_before + x.quantity_minor OR x.cost_after <> x.cost_before + x.cost_minor
  UNION ALL
  SELECT k.transaction_id::text, format('moves the position of account %s by %s; its entries move it by %s', a.code, k.quantity_minor, coalesce(e.quantity, 0))
    FROM ledger.position_moves k
    JOIN ledger.accounts a ON a.tenant_id = k.tenant_id AND a.id = k.account_id
    LEFT JOIN LATERAL (SELECT sum(CASE WHEN e.credit_account_id = k.account_id THEN e.amount_minor ELSE -e.amount_minor END) AS quantity
                         FROM ledger.entries e WHERE e.tenant_id = k.tenant_id AND e.transaction_id = k.transaction_id
                          AND k.account_id IN (e.debit_account_id, e.credit_account_id)) e ON true
   WHERE core.check_full() AND k.quantity_minor IS DISTINCT FROM e.quantity
  UNION ALL
  SELECT k.transaction_id::text, format('changes the cost of positions by %s; its entries change the account that holds it by %s', k.cost, coalesce(e.cost, 0))
    FROM (SELECT m.tenant_id, m.transaction_id, m.functional_account_id, sum(m.cost_minor) AS cost
            FROM ledger.position_moves m WHERE core.check_full() GROUP BY m.tenant_id, m.transaction_id, m.functional_account_id) k
    LEFT JOIN LATERAL (SELECT sum(CASE WHEN e.debit_account_id = k.functional_account_id THEN e.amount_minor ELSE -e.amount_minor END) AS cost
                         FROM ledger.entries e WHERE e.tenant_id = k.tenant_id AND e.transaction_id = k.transaction_id
                          AND k.functional_account_id IN (e.debit_account_id, e.credit_account_id)) e ON true
   WHERE k.cost <> coalesce(e.cost, 0);
COMMENT ON VIEW ledger.invariant_positions IS 'Every move of a position is what its conversion''s entries did, in quantity and cost, and the running totals follow (judged by the full check)';
GRANT SELECT ON ledger.invariant_positions TO headgate_app, headgate_readonly;
