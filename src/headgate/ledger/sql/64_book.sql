-- The whole book as lines of JSON, and back. A line names accounts by code, transactions and reservations by their keys, so
-- that it says the same in another tenant: ids are drawn anew there, in the same order.

CREATE OR REPLACE FUNCTION ledger.as_text(p_at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN isfinite(p_at) THEN to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') ELSE p_at::text END
$$;
COMMENT ON FUNCTION ledger.as_text(timestamptz) IS 'An instant as text that no setting of a session changes';

-- Figures of a refusal carry numbers of accounts and requests: outside they are a code or a key, where there is one.
CREATE OR REPLACE FUNCTION ledger.facts_out(p_facts jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT p_facts
    || coalesce((SELECT jsonb_object_agg(f.name, a.code)
                   FROM unnest(ARRAY['account', 'debit', 'credit']) f (name)
                   JOIN ledger.accounts a ON a.tenant_id = core.require_tenant() AND a.id = (p_facts ->> f.name)::bigint), '{}')
    || coalesce((SELECT jsonb_build_object('reverses', t.key) FROM ledger.transactions t
                  WHERE t.tenant_id = core.require_tenant() AND t.id = (p_facts ->> 'reverses')::bigint), '{}')
    || coalesce((SELECT jsonb_build_object('reservation', q.key) FROM ledger.reservation_requests q
                  WHERE q.tenant_id = core.require_tenant() AND q.id = (p_facts ->> 'reservation')::bigint), '{}')
$$;
COMMENT ON FUNCTION ledger.facts_out(jsonb) IS 'The figures of a refusal with codes and keys instead of numbers';
CREATE OR REPLACE FUNCTION ledger.facts_in(p_facts jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT p_facts
    || coalesce((SELECT jsonb_object_agg(f.name, a.id)
                   FROM unnest(ARRAY['account', 'debit', 'credit']) f (name)
                   JOIN ledger.accounts a ON a.tenant_id = core.require_tenant() AND a.code = p_facts ->> f.name
                  WHERE jsonb_typeof(p_facts -> f.name) = 'string'), '{}')
    || coalesce((SELECT jsonb_build_object('reverses', t.id) FROM ledger.transactions t
                  WHERE t.tenant_id = core.require_tenant() AND t.key = p_facts ->> 'reverses' AND jsonb_typeof(p_facts -> 'reverses') = 'string'), '{}')
    || coalesce((SELECT jsonb_build_object('reservation', q.id) FROM ledger.reservation_requests q
                  WHERE q.tenant_id = core.require_tenant() AND q.key = p_facts ->> 'reservation'
                    AND jsonb_typeof(p_facts -> 'reservation') = 'string'), '{}')
$$;
COMMENT ON FUNCTION ledger.facts_in(jsonb) IS 'The figures of a refusal with the numbers of this tenant instead of codes and keys';
ALTER FUNCTION ledger.facts_in(jsonb) OWNER TO headgate_poster;

-- Which body a key stands for can be worked out anew from what was posted, if it is known whether its effective time was
-- given or taken from the clock. Where neither gives the hash (a refusal: what it asked for is not kept), the key stands for
-- an unknown body in another tenant: formula 0, which is in conflict with every body.
-- Read for each line of a book that was just taken in, whose tables the planner knows as empty: it is told what finds a row.
CREATE OR REPLACE FUNCTION ledger.body_of(p_transaction bigint) RETURNS text LANGUAGE sql STABLE
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
  SELECT CASE t.body_hash
           WHEN ledger.body_hash(k.entries, t.reverses, c.reservation_id, NULL, t.source_type, t.source_id, t.description, t.metadata) THEN 'now'
           WHEN ledger.body_hash(k.entries, t.reverses, c.reservation_id, coalesce(t.asked_effective_at, t.effective_at), t.source_type, t.source_id,
                                 t.description, t.metadata) THEN 'given'
           WHEN ledger.body_hash('reverse:[null, null, null, null, null]', t.reverses, NULL, NULL, t.source_type, t.source_id, t.description, t.metadata)
             THEN 'reverse'
           WHEN ledger.body_hash('settle:[' || t.settles || ', null, null]', NULL, NULL, NULL, t.source_type, t.source_id, t.description, t.metadata)
             THEN 'settle' END
    FROM ledger.transactions t
    CROSS JOIN LATERAL (
      SELECT string_agg(e.debit_account_id || ':' || e.credit_account_id || ':' || e.amount_minor || ':' || e.currency, ',' ORDER BY e.n) AS entries
        FROM ledger.entries e WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id) k
    LEFT JOIN ledger.reservation_events c ON c.tenant_id = t.tenant_id AND c.transaction_id = t.id
   WHERE t.tenant_id = core.require_tenant() AND t.id = p_transaction AND t.hash_formula = 1
$$;
COMMENT ON FUNCTION ledger.body_of(bigint) IS
  'Which body a posted transaction''s key stands for: with its effective time given, or taken from the clock (now), or the whole of another reversed or settled; NULL: it cannot be told';

CREATE OR REPLACE VIEW ledger.book_entities WITH (security_invoker = true) AS
  SELECT e.tenant_id, e.id, row_number() OVER (ORDER BY e.name COLLATE "C", e.id) AS no, e.name, e.time_zone, e.currency
    FROM tenants.legal_entities e
   WHERE EXISTS (SELECT FROM ledger.accounts a WHERE a.tenant_id = e.tenant_id AND a.legal_entity_id = e.id)
      OR EXISTS (SELECT FROM ledger.periods p WHERE p.tenant_id = e.tenant_id AND p.legal_entity_id = e.id);
COMMENT ON VIEW ledger.book_entities IS 'The legal entities of which the book has accounts or periods, as a file of the book numbers them';
GRANT SELECT ON ledger.book_entities TO headgate_app, headgate_readonly;

CREATE OR REPLACE VIEW ledger.book_lines WITH (security_invoker = true) AS
  (SELECT 1 AS part, row_to_json(x)::text AS line
     FROM (SELECT 'legal_entity' AS kind, l.no, l.name, l.time_zone, l.currency
             FROM ledger.book_entities l
            ORDER BY l.no) x)
  UNION ALL
  (SELECT 2, row_to_json(x)::text
     FROM (SELECT 'account' AS kind, a.code, a.name, a.type, a.currency, a.purpose, a.is_default, l.no AS legal_entity, a.status,
                  ledger.as_text(a.created_at) AS created_at, p.code AS parent, a.net_minor, a.seq, a.reserved_minor, a.pending_out_minor, a.pending_in_minor,
                  ledger.as_text(a.effective_max) AS effective_max, extract(epoch FROM a.late_by_max)::text AS late_by_seconds,
                  nullif(a.closed_through, '-infinity') AS closed_through, a.route_to, a.must_be_zero,
                  (SELECT json_agg(json_build_object('from_seq', m.from_seq, 'set_at', ledger.as_text(m.set_at), 'lo_minor', m.lo_minor,
                                                     'hi_minor', m.hi_minor) ORDER BY m.from_seq, m.set_at)
                     FROM ledger.account_limits m WHERE m.tenant_id = a.tenant_id AND m.account_id = a.id) AS limits
             FROM ledger.accounts a
             LEFT JOIN ledger.book_entities l ON l.tenant_id = a.tenant_id AND l.id = a.legal_entity_id
             LEFT JOIN ledger.accounts p ON p.tenant_id = a.tenant_id AND p.id = a.parent_id
            ORDER BY a.id) x)
  UNION ALL
  (SELECT 3, row_to_json(x)::text
     FROM (SELECT 'reservation' AS kind, q.key, ledger.as_text(q.recorded_at) AS recorded_at,
                  (q.hash_formula = 1 AND s.id IS NOT NULL AND q.body_hash = ledger.body_hash(s.account_id || ':' || s.amount_minor || ':' || s.currency, NULL,
                     NULL, nullif(s.expires_at, 'infinity'), s.reserve_type, s.source_ref, NULL, NULL)) AS body_is_known,
                  a.code AS account, s.amount_minor, s.remaining_minor, s.captured_minor, s.released_minor, s.currency, s.reserve_type,
                  s.source_ref, s.status, ledger.as_text(s.created_at) AS created_at, ledger.as_text(s.updated_at) AS updated_at,
                  ledger.as_text(s.expires_at) AS expires_at,
                  CASE WHEN f.request_id IS NOT NULL THEN
                    json_build_object('refused_at', ledger.as_text(f.refused_at), 'code', f.code, 'facts', ledger.facts_out(f.facts)) END AS refusal
             FROM ledger.reservation_requests q
             LEFT JOIN ledger.reservations s ON s.tenant_id = q.tenant_id AND s.id = q.id
             LEFT JOIN ledger.accounts a ON a.tenant_id = s.tenant_id AND a.id = s.account_id
             LEFT JOIN ledger.refusals f ON f.tenant_id = q.tenant_id AND f.request_id = q.id
            ORDER BY q.id) x)
  UNION ALL
  (SELECT 4, row_to_json(x)::text
     FROM (SELECT 'transaction' AS kind, t.key, ledger.as_text(t.recorded_at) AS recorded_at, ledger.as_text(t.effective_at) AS effective_at,
                  t.effective_on, ledger.as_text(t.asked_effective_at) AS asked_effective_at, ledger.body_of(t.id) AS body, r.key AS reverses,
                  p.key AS settles, c.key AS captures, t.source_type, t.source_id, t.description, t.metadata, k.entries,
                  CASE WHEN f.request_id IS NOT NULL THEN
                    json_build_object('refused_at', ledger.as_text(f.refused_at), 'code', f.code, 'facts', ledger.facts_out(f.facts)) END AS refusal
             FROM ledger.transactions t
             LEFT JOIN ledger.transactions r ON r.tenant_id = t.tenant_id AND r.id = t.reverses
             LEFT JOIN ledger.transactions p ON p.tenant_id = t.tenant_id AND p.id = t.settles
             LEFT JOIN ledger.reservation_events v ON v.tenant_id = t.tenant_id AND v.transaction_id = t.id
             LEFT JOIN ledger.reservation_requests c ON c.tenant_id = v.tenant_id AND c.id = v.reservation_id
             LEFT JOIN ledger.refusals f ON f.tenant_id = t.tenant_id AND f.request_id = t.id
             CROSS JOIN LATERAL (
               -- Each code by its own look-up: joined, a planner that knows little of the tables pairs every account with every other.
               SELECT json_agg(json_build_object('n', e.n,
                                                 'debit', (SELECT d.code FROM ledger.accounts d WHERE d.tenant_id = e.tenant_id AND d.id = e.debit_account_id),
                                                 'credit', (SELECT w.code FROM ledger.accounts w WHERE w.tenant_id = e.tenant_id AND w.id = e.credit_account_id),
                                                 'amount_minor', e.amount_minor, 'currency', e.currency,
                                                 'debit_seq', e.debit_seq, 'debit_net', e.debit_net, 'debit_late', e.debit_late,
                                                 'credit_seq', e.credit_seq, 'credit_net', e.credit_net, 'credit_late', e.credit_late,
                                                 'of_n', coalesce((to_jsonb(e) ->> 'of_n')::smallint, 0))
                               ORDER BY e.n) AS entries
                 FROM ledger.entries e
                WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id) k
            ORDER BY t.id) x)
  UNION ALL
  (SELECT 5, row_to_json(x)::text
     FROM (SELECT 'pending' AS kind, t.key, p.kind AS pending_kind, p.status, p.reason, s.key AS settled_by, ledger.as_text(p.created_at) AS created_at,
                  ledger.as_text(p.updated_at) AS updated_at, ledger.as_text(p.effective_at) AS effective_at, ledger.as_text(p.expires_at) AS expires_at,
                  (SELECT json_agg(json_build_object('n', e.n, 'debit', d.code, 'credit', w.code, 'minor', e.amount_minor, 'currency', e.currency) ORDER BY e.n)
                     FROM ledger.pending_entries e
                     JOIN ledger.accounts d ON d.tenant_id = e.tenant_id AND d.id = e.debit_account_id
                     JOIN ledger.accounts w ON w.tenant_id = e.tenant_id AND w.id = e.credit_account_id
                    WHERE e.tenant_id = p.tenant_id AND e.transaction_id = p.id) AS parts,
                  (SELECT json_agg(json_build_object('account', a.code, 'out_minor', h.out_minor, 'in_minor', h.in_minor) ORDER BY a.code)
                     FROM ledger.pending_holds h
                     JOIN ledger.accounts a ON a.tenant_id = h.tenant_id AND a.id = h.account_id
                    WHERE h.tenant_id = p.tenant_id AND h.transaction_id = p.id) AS holds
             FROM ledger.pending_transactions p
             JOIN ledger.transactions t ON t.tenant_id = p.tenant_id AND t.id = p.id
             LEFT JOIN ledger.transactions s ON s.tenant_id = p.tenant_id AND s.id = p.settled_by
            ORDER BY p.id) x)
  UNION ALL
  (SELECT 6, row_to_json(x)::text
     FROM (SELECT 'reservation_event' AS kind, q.key AS reservation, ledger.as_text(v.recorded_at) AS recorded_at, v.kind AS event, v.amount_minor,
                  t.key AS transaction, w.key AS request
             FROM ledger.reservation_events v
             JOIN ledger.reservation_requests q ON q.tenant_id = v.tenant_id AND q.id = v.reservation_id
             LEFT JOIN ledger.transactions t ON t.tenant_id = v.tenant_id AND t.id = v.transaction_id
             LEFT JOIN ledger.reservation_requests w ON w.tenant_id = v.tenant_id AND w.id = (to_jsonb(v) ->> 'request_id')::bigint
            ORDER BY v.reservation_id, v.id) x);
COMMENT ON VIEW ledger.book_lines IS 'The journal and its accounts, a JSON document a row, in the order in which it can be taken in again';
GRANT SELECT ON ledger.book_lines TO headgate_app, headgate_readonly;
GRANT EXECUTE ON FUNCTION ledger.as_text(timestamptz), ledger.facts_out(jsonb), ledger.body_of(bigint),
  ledger.body_hash(text, bigint, bigint, timestamptz, text, text, text, jsonb) TO headgate_app, headgate_readonly;

CREATE OR REPLACE FUNCTION ledger.take_in(p_lines text[], p_entities text[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_line jsonb; v_id bigint;
BEGIN
  -- No book is written into: the tenant's first account, if it has one, was brought in by this same transaction.
  IF (SELECT a.xmin <> pg_current_xact_id()::xid FROM ledger.accounts a WHERE a.tenant_id = v_tenant ORDER BY a.id LIMIT 1) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG113', MESSAGE = 'this tenant has a book already: take another in where there is none';
  END IF;
  FOREACH v_line IN ARRAY p_lines::jsonb[] LOOP
    CASE v_line ->> 'kind'
    WHEN 'account' THEN
      INSERT INTO ledger.accounts (tenant_id, code, name, type, currency, purpose, is_default, legal_entity_id, status, created_at, net_minor, seq,
                                   reserved_minor, pending_out_minor, pending_in_minor, lo_minor, hi_minor, effective_max, late_by_max, closed_through, route_to, must_be_zero)
      SELECT v_tenant, v_line ->> 'code', v_line ->> 'name', v_line ->> 'type', v_line ->> 'currency', v_line ->> 'purpose',
             (v_line -> 'is_default')::boolean, p_entities[(v_line ->> 'legal_entity')::integer], v_line ->> 'status',
             (v_line ->> 'created_at')::timestamptz, (v_line -> 'net_minor')::bigint, (v_line -> 'seq')::bigint,
             (v_line -> 'reserved_minor')::bigint, (v_line -> 'pending_out_minor')::bigint, (v_line -> 'pending_in_minor')::bigint, (v_line #> '{limits,-1,lo_minor}')::bigint, (v_line #> '{limits,-1,hi_minor}')::bigint,
             (v_line ->> 'effective_max')::timestamptz, (v_line ->> 'late_by_seconds')::numeric * interval '1 second',
             coalesce((v_line ->> 'closed_through')::date, '-infinity'), (v_line ->> 'route_to')::date, (v_line -> 'must_be_zero')::boolean
      RETURNING id INTO v_id;
      INSERT INTO ledger.account_limits (tenant_id, account_id, from_seq, set_at, lo_minor, hi_minor)
      SELECT v_tenant, v_id, (m -> 'from_seq')::bigint, (m ->> 'set_at')::timestamptz, (m -> 'lo_minor')::bigint, (m -> 'hi_minor')::bigint
        FROM jsonb_array_elements(v_line -> 'limits') m;
    WHEN 'parent' THEN
      UPDATE ledger.accounts a
         SET parent_id = (SELECT p.id FROM ledger.accounts p WHERE p.tenant_id = v_tenant AND p.code = v_line ->> 'parent')
       WHERE a.tenant_id = v_tenant AND a.code = v_line ->> 'code';
    WHEN 'reservation' THEN
      v_id := nextval('ledger.request_ids');
      INSERT INTO ledger.reservation_requests (tenant_id, id, recorded_at, hash_formula, body_hash, key)
      SELECT v_tenant, v_id, (v_line ->> 'recorded_at')::timestamptz, CASE WHEN (v_line -> 'body_is_known')::boolean THEN 1 ELSE 0 END,
             CASE WHEN (v_line -> 'body_is_known')::boolean THEN ledger.body_hash(
                    (SELECT a.id FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.code = v_line ->> 'account') || ':'
                      || (v_line ->> 'amount_minor') || ':' || (v_line ->> 'currency'), NULL, NULL,
                    nullif((v_line ->> 'expires_at')::timestamptz, 'infinity'), v_line ->> 'reserve_type', v_line ->> 'source_ref', NULL, NULL)
                  ELSE sha256('') END,
             v_line ->> 'key';
      IF v_line ->> 'account' IS NOT NULL THEN
        INSERT INTO ledger.reservations (tenant_id, id, account_id, amount_minor, remaining_minor, captured_minor, released_minor, created_at,
                                         updated_at, expires_at, status, currency, reserve_type, source_ref)
        SELECT v_tenant, v_id, a.id, (v_line -> 'amount_minor')::bigint, (v_line -> 'remaining_minor')::bigint, (v_line -> 'captured_minor')::bigint,
               (v_line -> 'released_minor')::bigint, (v_line ->> 'created_at')::timestamptz, (v_line ->> 'updated_at')::timestamptz,
               (v_line ->> 'expires_at')::timestamptz, v_line ->> 'status', v_line ->> 'currency', v_line ->> 'reserve_type', v_line ->> 'source_ref'
          FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.code = v_line ->> 'account';
        INSERT INTO ledger.reservation_expiries (tenant_id, account_id, expires_at, reservation_id)
        SELECT v_tenant, s.account_id, s.expires_at, s.id FROM ledger.reservations s
         WHERE s.tenant_id = v_tenant AND s.id = v_id AND s.status = 'active' AND s.expires_at < 'infinity';
        UPDATE ledger.accounts a SET next_expiry_at = least(a.next_expiry_at, (v_line ->> 'expires_at')::timestamptz)
         WHERE a.tenant_id = v_tenant AND a.code = v_line ->> 'account' AND v_line ->> 'status' = 'active';
      END IF;
      IF jsonb_typeof(v_line -> 'refusal') = 'object' THEN
        PERFORM ledger.take_in_refusal(v_id, v_line -> 'refusal');
      END IF;
    WHEN 'transaction' THEN
      v_id := nextval('ledger.request_ids');
      INSERT INTO ledger.transactions (tenant_id, id, recorded_at, effective_at, reverses, settles, asked_effective_at, effective_on, hash_formula,
                                       body_hash, key, source_type, source_id, description, metadata)
      SELECT v_tenant, v_id, (v_line ->> 'recorded_at')::timestamptz, (v_line ->> 'effective_at')::timestamptz, r.reverses, r.settles,
             (v_line ->> 'asked_effective_at')::timestamptz, (v_line ->> 'effective_on')::date, CASE WHEN v_line ->> 'body' IS NULL THEN 0 ELSE 1 END,
             CASE WHEN v_line ->> 'body' IS NULL THEN sha256('') ELSE ledger.body_hash(
               CASE v_line ->> 'body' WHEN 'reverse' THEN 'reverse:[null, null, null, null, null]' WHEN 'settle' THEN 'settle:[' || r.settles || ', null, null]' ELSE
               (SELECT string_agg(d.id || ':' || c.id || ':' || (e.v ->> 'amount_minor') || ':' || (e.v ->> 'currency'), ',' ORDER BY e.o)
                  FROM jsonb_array_elements(v_line -> 'entries') WITH ORDINALITY e (v, o)
                  JOIN ledger.accounts d ON d.tenant_id = v_tenant AND d.code = e.v ->> 'debit'
                  JOIN ledger.accounts c ON c.tenant_id = v_tenant AND c.code = e.v ->> 'credit') END, r.reverses, r.captures,
               CASE WHEN v_line ->> 'body' = 'given' THEN coalesce((v_line ->> 'asked_effective_at')::timestamptz, (v_line ->> 'effective_at')::timestamptz) END,
               v_line ->> 'source_type', v_line ->> 'source_id', v_line ->> 'description', nullif(v_line -> 'metadata', 'null')) END,
             v_line ->> 'key', v_line ->> 'source_type', v_line ->> 'source_id', v_line ->> 'description', nullif(v_line -> 'metadata', 'null')
        FROM (SELECT (SELECT t.id FROM ledger.transactions t WHERE t.tenant_id = v_tenant AND t.key = v_line ->> 'reverses') AS reverses,
                     (SELECT t.id FROM ledger.transactions t WHERE t.tenant_id = v_tenant AND t.key = v_line ->> 'settles') AS settles,
                     (SELECT q.id FROM ledger.reservation_requests q WHERE q.tenant_id = v_tenant AND q.key = v_line ->> 'captures') AS captures) r;
      -- The rest of a row is called in the file as it is here.
      INSERT INTO ledger.entries
      SELECT (jsonb_populate_record(NULL::ledger.entries, e || jsonb_build_object(
               'tenant_id', v_tenant, 'transaction_id', v_id, 'debit_account_id', d.id, 'credit_account_id', c.id,
               'recorded_at', v_line -> 'recorded_at', 'effective_at', v_line -> 'effective_at', 'effective_on', v_line -> 'effective_on'))).*
        FROM jsonb_array_elements(nullif(v_line -> 'entries', 'null')) e
        JOIN ledger.accounts d ON d.tenant_id = v_tenant AND d.code = e ->> 'debit'
        JOIN ledger.accounts c ON c.tenant_id = v_tenant AND c.code = e ->> 'credit';
      IF jsonb_typeof(v_line -> 'refusal') = 'object' THEN
        PERFORM ledger.take_in_refusal(v_id, v_line -> 'refusal');
      END IF;
    WHEN 'pending' THEN
      SELECT t.id INTO v_id FROM ledger.transactions t WHERE t.tenant_id = v_tenant AND t.key = v_line ->> 'key';
      INSERT INTO ledger.pending_transactions (tenant_id, id, created_at, updated_at, effective_at, expires_at, settled_by, kind, status, reason)
      SELECT v_tenant, v_id, (v_line ->> 'created_at')::timestamptz, (v_line ->> 'updated_at')::timestamptz, (v_line ->> 'effective_at')::timestamptz,
             (v_line ->> 'expires_at')::timestamptz,
             (SELECT t.id FROM ledger.transactions t WHERE t.tenant_id = v_tenant AND t.key = v_line ->> 'settled_by'),
             v_line ->> 'pending_kind', v_line ->> 'status', v_line ->> 'reason';
      INSERT INTO ledger.pending_entries (tenant_id, transaction_id, debit_account_id, credit_account_id, amount_minor, n, currency)
      SELECT v_tenant, v_id, d.id, c.id, (e -> 'minor')::bigint, (e -> 'n')::smallint, e ->> 'currency'
        FROM jsonb_array_elements(v_line -> 'parts') e
        JOIN ledger.accounts d ON d.tenant_id = v_tenant AND d.code = e ->> 'debit'
        JOIN ledger.accounts c ON c.tenant_id = v_tenant AND c.code = e ->> 'credit';
      INSERT INTO ledger.pending_holds (tenant_id, account_id, transaction_id, out_minor, in_minor, expires_at)
      SELECT v_tenant, a.id, v_id, (h -> 'out_minor')::bigint, (h -> 'in_minor')::bigint, (v_line ->> 'expires_at')::timestamptz
        FROM jsonb_array_elements(nullif(v_line -> 'holds', 'null')) h
        JOIN ledger.accounts a ON a.tenant_id = v_tenant AND a.code = h ->> 'account';
      UPDATE ledger.accounts a SET next_expiry_at = least(a.next_expiry_at, (v_line ->> 'expires_at')::timestamptz)
       WHERE a.tenant_id = v_tenant AND a.code IN (SELECT h ->> 'account' FROM jsonb_array_elements(nullif(v_line -> 'holds', 'null')) h);
    WHEN 'reservation_event' THEN
      v_id := nextval('ledger.reservation_event_ids');
      INSERT INTO ledger.reservation_events
      SELECT (jsonb_populate_record(NULL::ledger.reservation_events, jsonb_build_object(
               'tenant_id', v_tenant, 'reservation_id', q.id, 'id', v_id, 'kind', v_line -> 'event', 'recorded_at', v_line -> 'recorded_at',
               'amount_minor', v_line -> 'amount_minor',
               'transaction_id', (SELECT t.id FROM ledger.transactions t WHERE t.tenant_id = v_tenant AND t.key = v_line ->> 'transaction'),
               'request_id', (SELECT w.id FROM ledger.reservation_requests w WHERE w.tenant_id = v_tenant AND w.key = v_line ->> 'request')))).*
        FROM ledger.reservation_requests q WHERE q.tenant_id = v_tenant AND q.key = v_line ->> 'reservation';
    ELSE
      PERFORM ledger.take_in_beside(v_line, p_entities[(v_line ->> 'legal_entity')::integer]);
    END CASE;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger.take_in(text[], text[]) IS
  'Takes lines of a book into a tenant that has none, as they are: the caller compares the digest before it commits. Raises HG113';
ALTER FUNCTION ledger.take_in(text[], text[]) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.take_in(text[], text[]) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.take_in_refusal(p_request bigint, p_refusal jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO ledger.refusals (tenant_id, request_id, refused_at, code, facts)
  SELECT core.require_tenant(), p_request, (p_refusal ->> 'refused_at')::timestamptz, (p_refusal -> 'code')::smallint,
         ledger.facts_in(p_refusal -> 'facts')
   WHERE jsonb_typeof(p_refusal) = 'object'
$$;
COMMENT ON FUNCTION ledger.take_in_refusal(bigint, jsonb) IS 'The refusal of a request that is taken in, where it was refused';
ALTER FUNCTION ledger.take_in_refusal(bigint, jsonb) OWNER TO headgate_poster;
