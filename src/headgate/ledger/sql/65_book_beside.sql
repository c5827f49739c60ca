-- What stands beside the journal, as lines of the book's file: rates, conversions and positions, periods with their frozen
-- balances, settlements, monitors, clearing rules, and the files that were brought in. Files of the first form end before it.
--
-- A conversion's hash is over the numbers of its accounts, and what was asked for is not kept: its key stands for an unknown
-- body in another tenant, which is in conflict with every body. A closing's digest is over such numbers too, and is worked
-- out anew.
CREATE OR REPLACE VIEW ledger.book_lines_beside WITH (security_invoker = true) AS
  (SELECT 7 AS part, row_to_json(x)::text AS line
     FROM (SELECT 'exchange_rate' AS kind, r.from_currency, r.to_currency, r.rate::text AS rate, ledger.as_text(r.effective_at) AS effective_at,
                  ledger.as_text(r.recorded_at) AS recorded_at, r.source
             FROM ledger.exchange_rates r
            ORDER BY r.id) x)
  UNION ALL
  (SELECT 8, row_to_json(x)::text
     FROM (SELECT 'conversion' AS kind, c.key, t.key AS transaction, ledger.as_text(c.recorded_at) AS recorded_at, f.code AS from_account,
                  w.code AS to_account, c.from_minor, c.to_minor, c.value_minor, c.gain_minor, c.code AS result, c.rate::text AS rate, c.from_currency,
                  c.to_currency, c.functional_currency, c.source, ledger.facts_out(c.facts) AS facts
             FROM ledger.conversions c
             JOIN ledger.transactions t ON t.tenant_id = c.tenant_id AND t.id = c.transaction_id
             JOIN ledger.accounts f ON f.tenant_id = c.tenant_id AND f.id = c.from_account_id
             JOIN ledger.accounts w ON w.tenant_id = c.tenant_id AND w.id = c.to_account_id
            ORDER BY c.id) x)
  UNION ALL
  (SELECT 9, row_to_json(x)::text
     FROM (SELECT 'position_move' AS kind, a.code AS account, k.seq, f.code AS functional_account, c.key AS conversion, t.key AS transaction,
                  k.quantity_minor, k.cost_minor, k.gain_minor, k.quantity_after, k.cost_after
             FROM ledger.position_moves k
             JOIN ledger.accounts a ON a.tenant_id = k.tenant_id AND a.id = k.account_id
             JOIN ledger.accounts f ON f.tenant_id = k.tenant_id AND f.id = k.functional_account_id
             JOIN ledger.conversions c ON c.tenant_id = k.tenant_id AND c.id = k.conversion_id
             JOIN ledger.transactions t ON t.tenant_id = k.tenant_id AND t.id = k.transaction_id
            ORDER BY k.account_id, k.seq) x)
  UNION ALL
  (SELECT 10, row_to_json(x)::text
     FROM (SELECT 'revaluation' AS kind, f.code AS functional_account, ledger.as_text(v.recorded_at) AS recorded_at, v.revalued_on,
                  t.key AS transaction, b.key AS reversal, v.gain_minor, v.functional_currency,
                  (SELECT json_agg(json_build_object(
                            'account', a.code, 'quantity_minor', l.quantity_minor, 'cost_minor', l.cost_minor, 'value_minor', l.value_minor,
                            'gain_minor', l.gain_minor, 'currency', l.currency, 'from_currency', r.from_currency, 'to_currency', r.to_currency,
                            'rate', r.rate::text, 'effective_at', ledger.as_text(r.effective_at), 'recorded_at', ledger.as_text(r.recorded_at),
                            'source', r.source) ORDER BY l.account_id)
                     FROM ledger.revaluation_lines l
                     JOIN ledger.accounts a ON a.tenant_id = l.tenant_id AND a.id = l.account_id
                     JOIN ledger.exchange_rates r ON r.tenant_id = l.tenant_id AND r.id = l.rate_id
                    WHERE l.tenant_id = v.tenant_id AND l.revaluation_id = v.id) AS lines
             FROM ledger.revaluations v
             JOIN ledger.accounts f ON f.tenant_id = v.tenant_id AND f.id = v.functional_account_id
             LEFT JOIN ledger.transactions t ON t.tenant_id = v.tenant_id AND t.id = v.transaction_id
             LEFT JOIN ledger.transactions b ON b.tenant_id = v.tenant_id AND b.id = v.reversal_id
            ORDER BY v.id) x)
  UNION ALL
  (SELECT 11, row_to_json(x)::text
     FROM (SELECT 'period' AS kind, p.name, e.no AS legal_entity, p.starts_on, p.ends_on, p.previous_ends_on, p.status, p.closings,
                  ledger.as_text(p.created_at) AS created_at
             FROM ledger.periods p
             LEFT JOIN ledger.book_entities e ON e.tenant_id = p.tenant_id AND e.id = p.legal_entity_id
            ORDER BY p.id) x)
  UNION ALL
  (SELECT 12, row_to_json(x)::text
     FROM (SELECT 'period_balance' AS kind, p.name AS period, e.no AS legal_entity, b.n, a.code AS account, b.net_minor, b.seq, b.settled_seq,
                  b.settled_net, b.currency
             FROM ledger.period_balances b
             JOIN ledger.periods p ON p.tenant_id = b.tenant_id AND p.id = b.period_id
             JOIN ledger.accounts a ON a.tenant_id = b.tenant_id AND a.id = b.account_id
             LEFT JOIN ledger.book_entities e ON e.tenant_id = p.tenant_id AND e.id = p.legal_entity_id
            ORDER BY b.period_id, b.n, b.account_id) x)
  UNION ALL
  (SELECT 13, row_to_json(x)::text
     FROM (SELECT 'period_closing' AS kind, p.name AS period, e.no AS legal_entity, c.n, ledger.as_text(c.closed_at) AS closed_at, c.accounts, c.late,
                  c.reason, c.actor_id, c.totals,
                  CASE WHEN o.period_id IS NOT NULL THEN
                    json_build_object('reopened_at', ledger.as_text(o.reopened_at), 'approval_ref', o.approval_ref, 'reason', o.reason,
                                      'actor_id', o.actor_id) END AS reopening
             FROM ledger.period_closings c
             JOIN ledger.periods p ON p.tenant_id = c.tenant_id AND p.id = c.period_id
             LEFT JOIN ledger.period_reopenings o ON o.tenant_id = c.tenant_id AND o.period_id = c.period_id AND o.n = c.n
             LEFT JOIN ledger.book_entities e ON e.tenant_id = p.tenant_id AND e.id = p.legal_entity_id
            ORDER BY c.period_id, c.n) x)
  UNION ALL
  (SELECT 14, row_to_json(x)::text
     FROM (SELECT 'settlement' AS kind, a.code AS account, s.name, ledger.as_text(s.cut_off_at) AS cut_off_at,
                  ledger.as_text(s.recorded_at) AS recorded_at, s.through_seq, s.legs, s.late_legs, s.debit_minor, s.credit_minor, s.currency, s.actor_id
             FROM ledger.settlements s
             JOIN ledger.accounts a ON a.tenant_id = s.tenant_id AND a.id = s.account_id
            ORDER BY s.id) x)
  UNION ALL
  (SELECT 15, row_to_json(x)::text
     FROM (SELECT 'settlement_leg' AS kind, a.code AS account, s.name AS settlement, l.seq, l.change_minor
             FROM ledger.settlement_legs l
             JOIN ledger.settlements s ON s.tenant_id = l.tenant_id AND s.id = l.settlement_id
             JOIN ledger.accounts a ON a.tenant_id = l.tenant_id AND a.id = l.account_id
            ORDER BY l.account_id, l.seq) x)
  UNION ALL
  (SELECT 16, row_to_json(x)::text
     FROM (SELECT 'monitor' AS kind, a.code AS account, m.name, m.what, m.comparison, m.threshold_minor, m.is_crossed,
                  ledger.as_text(m.created_at) AS created_at, ledger.as_text(m.changed_at) AS changed_at, ledger.as_text(m.removed_at) AS removed_at
             FROM ledger.balance_monitors m
             JOIN ledger.accounts a ON a.tenant_id = m.tenant_id AND a.id = m.account_id
            ORDER BY m.id) x)
  UNION ALL
  (SELECT 17, row_to_json(x)::text
     FROM (SELECT 'clearing_rule' AS kind, a.code AS account, ledger.as_text(r.set_at) AS set_at, r.must_be_zero,
                  extract(epoch FROM r.max_age)::text AS max_age_seconds, r.reason, r.actor_id
             FROM ledger.clearing_rules r
             JOIN ledger.accounts a ON a.tenant_id = r.tenant_id AND a.id = r.account_id
            ORDER BY r.account_id, r.set_at) x)
  UNION ALL
  (SELECT 18, row_to_json(x)::text
     FROM (SELECT 'opening_import' AS kind, encode(i.file_hash, 'hex') AS file_hash, ledger.as_text(i.imported_at) AS imported_at, i.report
             FROM ledger.imports i
            WHERE i.kind = 'opening_balances'
            ORDER BY i.imported_at, i.file_hash) x);
COMMENT ON VIEW ledger.book_lines_beside IS 'What stands beside the journal, a JSON document a row, in the order in which it can be taken in again';
GRANT SELECT ON ledger.book_lines_beside TO headgate_app, headgate_readonly;

CREATE OR REPLACE FUNCTION ledger.period_of(p_name text, p_legal_entity_id text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT p.id FROM ledger.periods p
   WHERE p.tenant_id = core.require_tenant() AND p.scope = coalesce(p_legal_entity_id, '') AND p.name = p_name
$$;
COMMENT ON FUNCTION ledger.period_of(text, text) IS 'The period of that name of a legal entity (NULL: of the whole book)';
ALTER FUNCTION ledger.period_of(text, text) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.account_of(p_code text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT a.id FROM ledger.accounts a WHERE a.tenant_id = core.require_tenant() AND a.code = p_code
$$;
COMMENT ON FUNCTION ledger.account_of(text) IS 'The account of that code';
ALTER FUNCTION ledger.account_of(text) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.transaction_of(p_key text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT t.id FROM ledger.transactions t WHERE t.tenant_id = core.require_tenant() AND t.key = p_key
$$;
COMMENT ON FUNCTION ledger.transaction_of(text) IS 'The transaction of that key';
ALTER FUNCTION ledger.transaction_of(text) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.take_in_beside(p_line jsonb, p_legal_entity_id text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_id bigint;
BEGIN
  CASE p_line ->> 'kind'
  WHEN 'exchange_rate' THEN
    INSERT INTO ledger.exchange_rates (tenant_id, effective_at, recorded_at, rate, from_currency, to_currency, source)
    VALUES (v_tenant, (p_line ->> 'effective_at')::timestamptz, (p_line ->> 'recorded_at')::timestamptz, (p_line ->> 'rate')::numeric,
            p_line ->> 'from_currency', p_line ->> 'to_currency', p_line ->> 'source');
  WHEN 'conversion' THEN
    INSERT INTO ledger.conversions (tenant_id, id, transaction_id, recorded_at, from_account_id, to_account_id, from_minor, to_minor, value_minor, gain_minor,
                                    code, rate, from_currency, to_currency, functional_currency, source, key, body_hash, facts)
    VALUES (v_tenant, nextval('ledger.exchange_ids'), ledger.transaction_of(p_line ->> 'transaction'), (p_line ->> 'recorded_at')::timestamptz,
            ledger.account_of(p_line ->> 'from_account'), ledger.account_of(p_line ->> 'to_account'), (p_line -> 'from_minor')::bigint,
            (p_line -> 'to_minor')::bigint, (p_line -> 'value_minor')::bigint, (p_line -> 'gain_minor')::bigint, (p_line -> 'result')::smallint,
            (p_line ->> 'rate')::numeric, p_line ->> 'from_currency', p_line ->> 'to_currency', p_line ->> 'functional_currency', p_line ->> 'source',
            p_line ->> 'key', sha256(''), ledger.facts_in(nullif(p_line -> 'facts', 'null')));
  WHEN 'position_move' THEN
    INSERT INTO ledger.position_moves (tenant_id, account_id, seq, functional_account_id, conversion_id, transaction_id, quantity_minor, cost_minor,
                                       gain_minor, quantity_after, cost_after)
    VALUES (v_tenant, ledger.account_of(p_line ->> 'account'), (p_line -> 'seq')::bigint, ledger.account_of(p_line ->> 'functional_account'),
            (SELECT c.id FROM ledger.conversions c WHERE c.tenant_id = v_tenant AND c.key = p_line ->> 'conversion'),
            ledger.transaction_of(p_line ->> 'transaction'), (p_line -> 'quantity_minor')::bigint, (p_line -> 'cost_minor')::bigint,
            (p_line -> 'gain_minor')::bigint, (p_line -> 'quantity_after')::bigint, (p_line -> 'cost_after')::bigint);
  WHEN 'revaluation' THEN
    v_id := nextval('ledger.exchange_ids');
    INSERT INTO ledger.revaluations (tenant_id, id, functional_account_id, recorded_at, revalued_on, transaction_id, reversal_id, gain_minor, functional_currency)
    VALUES (v_tenant, v_id, ledger.account_of(p_line ->> 'functional_account'), (p_line ->> 'recorded_at')::timestamptz, (p_line ->> 'revalued_on')::date,
            ledger.transaction_of(p_line ->> 'transaction'), ledger.transaction_of(p_line ->> 'reversal'), (p_line -> 'gain_minor')::bigint,
            p_line ->> 'functional_currency');
    INSERT INTO ledger.revaluation_lines (tenant_id, revaluation_id, account_id, rate_id, quantity_minor, cost_minor, value_minor, gain_minor, currency)
    SELECT v_tenant, v_id, ledger.account_of(l ->> 'account'),
           (SELECT min(r.id) FROM ledger.exchange_rates r
             WHERE r.tenant_id = v_tenant AND r.from_currency = l ->> 'from_currency' AND r.to_currency = l ->> 'to_currency'
               AND r.effective_at = (l ->> 'effective_at')::timestamptz AND r.recorded_at = (l ->> 'recorded_at')::timestamptz
               AND r.rate = (l ->> 'rate')::numeric AND r.source = l ->> 'source'),
           (l -> 'quantity_minor')::bigint, (l -> 'cost_minor')::bigint, (l -> 'value_minor')::bigint, (l -> 'gain_minor')::bigint, l ->> 'currency'
      FROM jsonb_array_elements(nullif(p_line -> 'lines', 'null')) l;
  WHEN 'period' THEN
    INSERT INTO ledger.periods (tenant_id, created_at, starts_on, ends_on, previous_ends_on, closings, status, name, legal_entity_id, scope)
    VALUES (v_tenant, (p_line ->> 'created_at')::timestamptz, (p_line ->> 'starts_on')::date, (p_line ->> 'ends_on')::date,
            (p_line ->> 'previous_ends_on')::date, (p_line -> 'closings')::integer, p_line ->> 'status', p_line ->> 'name', p_legal_entity_id,
            coalesce(p_legal_entity_id, ''));
  WHEN 'period_balance' THEN
    -- The balances come before their closing, whose digest is over them.
    SET CONSTRAINTS ledger.period_balances_closing DEFERRED;
    INSERT INTO ledger.period_balances (tenant_id, period_id, n, account_id, net_minor, seq, settled_seq, settled_net, currency)
    VALUES (v_tenant, ledger.period_of(p_line ->> 'period', p_legal_entity_id), (p_line -> 'n')::integer, ledger.account_of(p_line ->> 'account'),
            (p_line -> 'net_minor')::bigint, (p_line -> 'seq')::bigint, (p_line -> 'settled_seq')::bigint, (p_line -> 'settled_net')::bigint,
            p_line ->> 'currency');
  WHEN 'period_closing' THEN
    v_id := ledger.period_of(p_line ->> 'period', p_legal_entity_id);
    INSERT INTO ledger.period_closings (tenant_id, period_id, n, closed_at, accounts, late, reason, actor_id, digest, totals)
    SELECT v_tenant, v_id, (p_line -> 'n')::integer, (p_line ->> 'closed_at')::timestamptz, (p_line -> 'accounts')::integer, p_line ->> 'late',
           p_line ->> 'reason', p_line ->> 'actor_id',
           sha256(convert_to(coalesce(string_agg(b.account_id || ':' || b.currency || ':' || b.net_minor || chr(10), '' ORDER BY b.account_id), ''), 'UTF8')),
           p_line -> 'totals'
      FROM ledger.period_balances b
     WHERE b.tenant_id = v_tenant AND b.period_id = v_id AND b.n = (p_line -> 'n')::integer;
    INSERT INTO ledger.period_reopenings (tenant_id, period_id, n, reopened_at, approval_ref, reason, actor_id)
    SELECT v_tenant, v_id, (p_line -> 'n')::integer, (p_line #>> '{reopening,reopened_at}')::timestamptz, p_line #>> '{reopening,approval_ref}',
           p_line #>> '{reopening,reason}', p_line #>> '{reopening,actor_id}'
     WHERE jsonb_typeof(p_line -> 'reopening') = 'object';
  WHEN 'settlement' THEN
    INSERT INTO ledger.settlements (tenant_id, account_id, cut_off_at, recorded_at, through_seq, legs, late_legs, debit_minor, credit_minor, currency, name,
                                    actor_id)
    VALUES (v_tenant, ledger.account_of(p_line ->> 'account'), (p_line ->> 'cut_off_at')::timestamptz, (p_line ->> 'recorded_at')::timestamptz,
            (p_line -> 'through_seq')::bigint, (p_line -> 'legs')::bigint, (p_line -> 'late_legs')::bigint, (p_line -> 'debit_minor')::bigint,
            (p_line -> 'credit_minor')::bigint, p_line ->> 'currency', p_line ->> 'name', p_line ->> 'actor_id');
  WHEN 'settlement_leg' THEN
    v_id := ledger.account_of(p_line ->> 'account');
    INSERT INTO ledger.settlement_legs (tenant_id, account_id, seq, settlement_id, change_minor)
    VALUES (v_tenant, v_id, (p_line -> 'seq')::bigint,
            (SELECT s.id FROM ledger.settlements s WHERE s.tenant_id = v_tenant AND s.account_id = v_id AND s.name = p_line ->> 'settlement'),
            (p_line -> 'change_minor')::bigint);
  WHEN 'monitor' THEN
    v_id := ledger.account_of(p_line ->> 'account');
    INSERT INTO ledger.balance_monitors (tenant_id, account_id, threshold_minor, created_at, changed_at, removed_at, is_crossed, what, comparison, name)
    VALUES (v_tenant, v_id, (p_line -> 'threshold_minor')::bigint, (p_line ->> 'created_at')::timestamptz, (p_line ->> 'changed_at')::timestamptz,
            (p_line ->> 'removed_at')::timestamptz, (p_line -> 'is_crossed')::boolean, p_line ->> 'what', p_line ->> 'comparison', p_line ->> 'name');
    UPDATE ledger.accounts a SET is_watched = true WHERE a.tenant_id = v_tenant AND a.id = v_id AND p_line ->> 'removed_at' IS NULL;
  WHEN 'clearing_rule' THEN
    INSERT INTO ledger.clearing_rules (tenant_id, account_id, set_at, must_be_zero, max_age, reason, actor_id)
    VALUES (v_tenant, ledger.account_of(p_line ->> 'account'), (p_line ->> 'set_at')::timestamptz, (p_line -> 'must_be_zero')::boolean,
            (p_line ->> 'max_age_seconds')::numeric * interval '1 second', p_line ->> 'reason', p_line ->> 'actor_id');
  WHEN 'opening_import' THEN
    INSERT INTO ledger.imports (tenant_id, file_hash, imported_at, kind, report)
    VALUES (v_tenant, decode(p_line ->> 'file_hash', 'hex'), (p_line ->> 'imported_at')::timestamptz, 'opening_balances', p_line -> 'report');
  END CASE;
END $$;
COMMENT ON FUNCTION ledger.take_in_beside(jsonb, text) IS 'Takes in one line of what stands beside the journal; the legal entity is the one that the line numbers';
ALTER FUNCTION ledger.take_in_beside(jsonb, text) OWNER TO headgate_poster;
