-- Posting. ledger.post_batch is the one judge and writer of entries; ledger.post_one (22_single.sql) is its short way for one
-- entry that nothing speaks against, and hands everything else over. The order of the steps is the design (DESIGN.md §6):
--   1 lock the accounts in id order and read them in the same statement, so that crossing postings queue instead of
--     deadlocking and what is read is the latest version; stamp the time after the lock;
--   2 check what does not depend on order;  3 claim the keys;  4 judge one posting after the other in memory;
--   5 write entries, balances, captures, refusals, audit events and messages, each in one statement.

CREATE OR REPLACE FUNCTION ledger.post_batch(
  p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[],
  p_effective_at timestamptz[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[],
  p_reverses bigint[], p_reservations bigint[], p_atomic boolean,
  -- Of each posting: what its key stands for instead of its entries, the pending transaction that it posts, whether it is
  -- pending itself, until when, and the approval under which it may pass a limit of the past.
  p_bodies text[] DEFAULT NULL, p_settles bigint[] DEFAULT NULL, p_pending boolean[] DEFAULT NULL, p_expires_at timestamptz[] DEFAULT NULL,
  p_override_refs text[] DEFAULT NULL,
  -- Of each entry: the entry that it reverses or settles, its accounts' expected leg counts before it and least available after it.
  p_of smallint[] DEFAULT NULL, p_debit_versions bigint[] DEFAULT NULL, p_credit_versions bigint[] DEFAULT NULL,
  p_debit_least bigint[] DEFAULT NULL, p_credit_least bigint[] DEFAULT NULL,
  -- Of each posting: who asked for it, where several callers share the transaction (NULL: the context's).
  p_actor_types text[] DEFAULT NULL, p_actors text[] DEFAULT NULL, p_persons text[] DEFAULT NULL, p_correlations text[] DEFAULT NULL,
  OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[]
) LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  n CONSTANT integer := cardinality(p_keys);      -- postings
  m CONSTANT integer := cardinality(p_debits);    -- entries
  v_now timestamptz;                              -- real time, after the lock
  v_clock timestamptz;                            -- the tenant's now
  v_next_expiry timestamptz; v_effective_max timestamptz; v_closed date;
  v_wanted bigint[];
  v_timed boolean;                                -- an entry may be late, or its period closed
  v_backdated boolean := p_effective_at IS NOT NULL;
  v_conditions CONSTANT boolean := num_nonnulls(p_debit_versions, p_credit_versions, p_debit_least, p_credit_least) > 0;
  v_held CONSTANT boolean := num_nonnulls(p_pending, p_settles) > 0;
  -- Accounts by position, in id order. lo and hi have what is reserved and pending to leave taken off.
  a_id bigint[]; a_net bigint[]; a_seq bigint[]; a_lo bigint[]; a_hi bigint[]; a_reserved bigint[]; a_out bigint[]; a_in bigint[];
  a_debit_normal boolean[]; a_currency text[]; a_status text[]; a_zone text[];
  v_watched bigint[];
  a_max timestamptz[]; a_late_by interval[]; a_closed date[]; a_route date[]; a_safe_lo boolean[]; a_safe_hi boolean[];
  -- Entries by position: posting, number within it, positions of its accounts, first objection, day, effect.
  e_posting integer[]; e_n smallint[]; e_debit integer[]; e_credit integer[]; e_code smallint[]; e_day date[]; e_id bigint[];
  e_debit_seq bigint[]; e_debit_net bigint[]; e_credit_seq bigint[]; e_credit_net bigint[];
  e_debit_late boolean[]; e_credit_late boolean[]; e_pending bigint[];
  -- Postings by position: hash, day, what stands under the key (0 new, 1 stored before, 2 conflict, 3 twin in this batch).
  t_hash bytea[]; t_day date[]; t_state smallint[]; t_twin integer[]; t_event bigint[]; t_moved text[];
  t_entry integer[]; t_account bigint[]; t_room bigint[]; t_figure bigint[]; t_moment timestamptz[];
  -- When each is effective (NULL: now), what was asked for where it is routed, its first entry in a closed period, its kind
  -- (0 posted, 1 pending, 2 scheduled), and what its key stands for beside what every posting has.
  t_at timestamptz[]; t_asked timestamptz[]; t_closed integer[]; t_kind smallint[]; t_more text[];
  -- Reservations by position, and each posting's.
  r_id bigint[]; r_account integer[]; r_left bigint[]; r_active boolean[]; r_status text[]; r_expires_at timestamptz[]; t_reservation integer[]; t_taken bigint[];
  -- The one transaction that is settled or reversed: what is left of each of its entries.
  v_pending record; v_of record; v_status text; o_left bigint[];
  v_claimed integer;
  v_refused integer := 0; v_posted integer := 0; v_held_back integer := 0; v_culprit integer := 0;
  first integer; last integer := 0; d integer; c integer; r integer; held integer; g bigint; amount bigint; taken bigint;
  code smallint; failed integer; objected integer; kind smallint; v_at timestamptz; v_breach record;
  v_xid xid8; v_epoch integer;
  v_actor_type CONSTANT text := core.actor_type(); v_actor CONSTANT text := core.actor_id();
  v_person CONSTANT text := core.person_id(); v_correlation CONSTANT text := core.correlation_id();
BEGIN
  PERFORM ledger.check_batch(p_keys, p_counts, m, cardinality(p_credits), cardinality(p_amounts), cardinality(p_currencies));
  IF array_position(p_debits, NULL) IS NOT NULL OR array_position(p_credits, NULL) IS NOT NULL OR array_position(p_amounts, NULL) IS NOT NULL
     OR (SELECT bool_or(octet_length(u) IS DISTINCT FROM 3) FROM unnest(p_currencies) u) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'every entry names its debit, its credit, its amount and a currency of three letters';
  END IF;
  IF EXISTS (SELECT FROM unnest(ARRAY[cardinality(p_effective_at), cardinality(p_source_types), cardinality(p_source_ids),
                                      cardinality(p_descriptions), cardinality(p_metadata), cardinality(p_reverses), cardinality(p_reservations),
                                      cardinality(p_bodies), cardinality(p_settles), cardinality(p_pending), cardinality(p_expires_at),
                                      cardinality(p_override_refs), cardinality(p_actor_types), cardinality(p_actors), cardinality(p_persons),
                                      cardinality(p_correlations)]) s
              WHERE s <> n)
     OR EXISTS (SELECT FROM unnest(ARRAY[cardinality(p_of), cardinality(p_debit_versions), cardinality(p_credit_versions),
                                         cardinality(p_debit_least), cardinality(p_credit_least)]) s
                 WHERE s <> m) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'what is given for one posting of a batch is given for each';
  END IF;
  IF (SELECT bool_or(u.pending AND u.reservation <> 0) FROM unnest(p_pending, p_reservations) u (pending, reservation)) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'a capture is posted at once: it cannot be pending';
  END IF;
  IF n > 1 AND num_nonnulls(p_reverses, p_settles) > 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'a transaction is reversed or settled by itself';
  END IF;

  -- 1 Lock and read. What is overdue is given back at once, under the lock, so that it holds nothing back.
  v_wanted := ARRAY(SELECT DISTINCT u FROM unnest(p_debits || p_credits) u);
  IF p_settles IS NOT NULL THEN
    -- What is not posted of a pending transaction is given back on all its accounts.
    v_wanted := ARRAY(SELECT DISTINCT u FROM unnest(v_wanted || ARRAY(SELECT k.debit_account_id FROM ledger.pending_entries k
        WHERE k.tenant_id = v_tenant AND k.transaction_id = p_settles[1]) || ARRAY(SELECT k.credit_account_id FROM ledger.pending_entries k
        WHERE k.tenant_id = v_tenant AND k.transaction_id = p_settles[1])) u);
  END IF;
  LOOP
    SELECT array_agg(x.id), array_agg(x.net_minor), array_agg(x.seq), array_agg(x.reserved_minor), array_agg(x.pending_out_minor),
           array_agg(x.pending_in_minor), array_agg(x.debit_normal),
           array_agg(CASE WHEN x.debit_normal THEN x.lo_minor + x.reserved_minor + x.pending_out_minor ELSE x.lo_minor END),
           array_agg(CASE WHEN x.debit_normal THEN x.hi_minor ELSE x.hi_minor - x.reserved_minor - x.pending_out_minor END),
           array_agg(x.currency), array_agg(x.status), array_agg(x.time_zone), array_agg(x.effective_max), array_agg(x.late_by_max),
           array_agg(x.closed_through), array_agg(x.route_to), min(x.next_expiry_at), max(x.effective_max), max(x.closed_through),
           array_agg(x.id) FILTER (WHERE x.is_watched)
      INTO a_id, a_net, a_seq, a_reserved, a_out, a_in, a_debit_normal, a_lo, a_hi, a_currency, a_status, a_zone, a_max, a_late_by,
           a_closed, a_route, v_next_expiry, v_effective_max, v_closed, v_watched
      FROM (SELECT a.id, a.net_minor, a.seq, a.reserved_minor, a.pending_out_minor, a.pending_in_minor, a.lo_minor, a.hi_minor, a.currency,
                   a.status, a.next_expiry_at, a.effective_max, a.late_by_max, a.closed_through, a.route_to,
                   a.is_watched,
                   a.type IN ('ASSET', 'EXPENSE') AS debit_normal, l.time_zone
              FROM ledger.accounts a
              LEFT JOIN tenants.legal_entities l ON l.tenant_id = v_tenant AND l.id = a.legal_entity_id
             WHERE a.tenant_id = v_tenant AND a.id = ANY (v_wanted)
             ORDER BY a.id
               FOR NO KEY UPDATE OF a) x;
    v_now := clock_timestamp();
    -- Of the same instant: what is posted now is effective when it is recorded, not a moment ahead of it.
    v_clock := tenants.at(v_now);
    EXIT WHEN v_next_expiry IS NULL OR v_next_expiry > v_clock;
    PERFORM ledger.expire_overdue(a_id, v_clock);
  END LOOP;
  t_at := p_effective_at;
  IF p_settles IS NOT NULL THEN
    SELECT x.effective_at, x.kind, CASE WHEN x.status = 'pending' AND x.expires_at <= v_clock THEN 'expired' ELSE x.status END AS status
      INTO v_pending FROM ledger.pending_transactions x WHERE x.tenant_id = v_tenant AND x.id = p_settles[1];
    v_status := v_pending.status;
    IF t_at IS NULL OR t_at[1] IS NULL THEN
      -- It happened when it was said to happen, unless that is still to come.
      t_at := ARRAY[least(v_pending.effective_at, v_clock)];
      v_backdated := v_pending.kind = 'pending' AND v_pending.effective_at IS NOT NULL;
    END IF;
  END IF;
  v_timed := t_at IS NOT NULL OR v_effective_max > v_clock OR v_closed >= (v_clock AT TIME ZONE 'UTC')::date - 1;

  -- 2 Each entry's accounts by position, its day, and the first objection that does not depend on what comes before it.
  IF p_counts IS NOT NULL THEN
    SELECT array_agg(x.t), array_agg(x.n) INTO e_posting, e_n
      FROM (SELECT u.t::integer, k::smallint AS n FROM unnest(p_counts) WITH ORDINALITY u (size, t), generate_series(1, u.size) k
             ORDER BY u.t, k) x;
  END IF;
  SELECT array_agg(x.debit), array_agg(x.credit), array_agg(x.day), array_agg(x.code)
    INTO e_debit, e_credit, e_day, e_code
    FROM (SELECT y.debit, y.credit, y.day,
                 (CASE WHEN y.amount <= 0 THEN 10
                       WHEN y.amount > 4611686018427387903 THEN 11
                       WHEN y.debit_id = y.credit_id THEN 12
                       WHEN y.debit IS NULL THEN 13
                       WHEN y.credit IS NULL THEN 14
                       WHEN y.currency <> y.debit_currency OR y.currency <> y.credit_currency THEN 15
                       WHEN y.debit_status = 'closed' OR y.credit_status = 'closed' THEN 16
                       WHEN y.debit_status = 'frozen' OR y.credit_status = 'frozen' THEN 17
                       WHEN y.effective_at > v_clock AND y.day > (v_clock AT TIME ZONE y.zone)::date THEN 18
                       ELSE 0 END)::smallint AS code
            FROM (SELECT u.e, u.debit_id, u.credit_id, u.amount, u.currency, dr.p::integer AS debit, cr.p::integer AS credit,
                         dr.currency AS debit_currency, cr.currency AS credit_currency, dr.status AS debit_status,
                         cr.status AS credit_status, f.effective_at, coalesce(dr.zone, cr.zone, 'UTC') AS zone,
                         (coalesce(f.effective_at, v_clock) AT TIME ZONE coalesce(dr.zone, cr.zone, 'UTC'))::date AS day
                    FROM unnest(p_debits, p_credits, p_amounts, p_currencies, e_posting)
                         WITH ORDINALITY u (debit_id, credit_id, amount, currency, t, e)
                    LEFT JOIN unnest(a_id, a_currency, a_status, a_zone) WITH ORDINALITY dr (id, currency, status, zone, p) ON dr.id = u.debit_id
                    LEFT JOIN unnest(a_id, a_currency, a_status, a_zone) WITH ORDINALITY cr (id, currency, status, zone, p) ON cr.id = u.credit_id
                    LEFT JOIN unnest(t_at) WITH ORDINALITY f (effective_at, t) ON f.t = coalesce(u.t, u.e)
                   ORDER BY u.e) y) x;
  IF v_conditions OR num_nonnulls(p_pending, p_expires_at, p_override_refs) > 0 THEN
    SELECT array_agg(x.more) INTO t_more
      FROM (SELECT CASE WHEN u.pending THEN '|pending' ELSE '' END
                   || coalesce('|expires:' || (extract(epoch FROM nullif(u.expires_at, 'infinity')) * 1000000)::bigint, '')
                   || coalesce('|override:' || to_json(u.override_ref)::text, '') || coalesce('|if:' || k.conditions, '') AS more
              FROM unnest(p_keys, p_pending, p_expires_at, p_override_refs) WITH ORDINALITY u (key, pending, expires_at, override_ref, o)
              LEFT JOIN (SELECT coalesce(w.t, w.e) AS t,
                                string_agg(jsonb_build_array(w.debit_version, w.credit_version, w.debit_least, w.credit_least)::text, ',' ORDER BY w.e) AS conditions
                           FROM unnest(p_debits, p_debit_versions, p_credit_versions, p_debit_least, p_credit_least, e_posting) WITH ORDINALITY
                                w (debit, debit_version, credit_version, debit_least, credit_least, t, e)
                          GROUP BY coalesce(w.t, w.e)
                         HAVING bool_or(num_nonnulls(w.debit_version, w.credit_version, w.debit_least, w.credit_least) > 0)) k ON k.t = u.o
             ORDER BY u.o) x;
  END IF;
  -- A posting has one day: that of its first entry's legal entity.
  IF p_counts IS NULL THEN
    t_day := e_day;
    SELECT array_agg(x.hash) INTO t_hash
      FROM (SELECT ledger.body_hash(coalesce(u.body, u.debit || ':' || u.credit || ':' || u.amount || ':' || u.currency) || coalesce(u.more, ''), nullif(u.reverses, 0), nullif(u.reservation, 0),
                                    u.at, u.source_type, u.source_id, u.description, u.metadata) AS hash
              FROM unnest(p_debits, p_credits, p_amounts, p_currencies, p_reverses, p_reservations, p_effective_at, p_source_types,
                          p_source_ids, p_descriptions, p_metadata, p_bodies, t_more) WITH ORDINALITY
                   u (debit, credit, amount, currency, reverses, reservation, at, source_type, source_id, description, metadata, body, more, o)
             ORDER BY u.o) x;
  ELSE
    SELECT array_agg(x.day) INTO t_day
      FROM (SELECT u.day FROM unnest(e_day, e_n, e_posting) u (day, n, t) WHERE u.n = 1 ORDER BY u.t) x;
    SELECT array_agg(x.hash) INTO t_hash
      FROM (SELECT ledger.body_hash(coalesce(u.body, k.entries) || coalesce(u.more, ''), nullif(u.reverses, 0), nullif(u.reservation, 0), u.at, u.source_type, u.source_id, u.description,
                                    u.metadata) AS hash
              FROM unnest(p_keys, p_reverses, p_reservations, p_effective_at, p_source_types, p_source_ids, p_descriptions, p_metadata, p_bodies, t_more)
                   WITH ORDINALITY u (key, reverses, reservation, at, source_type, source_id, description, metadata, body, more, o)
              JOIN (SELECT w.t, string_agg(w.debit || ':' || w.credit || ':' || w.amount || ':' || w.currency, ',' ORDER BY w.e) AS entries
                      FROM unnest(e_posting, p_debits, p_credits, p_amounts, p_currencies) WITH ORDINALITY w (t, debit, credit, amount, currency, e)
                     GROUP BY w.t) k ON k.t = u.o
             ORDER BY u.o) x;
  END IF;

  IF v_timed THEN
    SELECT array_agg(coalesce(u.at, v_clock) ORDER BY u.o) INTO t_at FROM unnest(p_keys, t_at) WITH ORDINALITY u (key, at, o);
    IF v_closed > '-infinity' THEN
      SELECT x.at, x.days, x.asked, x.closed INTO t_at, t_day, t_asked, t_closed
        FROM ledger.route_closed(v_closed, p_counts, t_at, t_day, e_debit, e_credit, e_code, a_closed, a_route, a_zone) x;
    END IF;
  END IF;

  -- 3 Claim the keys, in key order; the first of twins wins.
  SELECT array_agg(nextval('ledger.request_ids')) INTO ids FROM generate_series(1, n);
  -- ON CONFLICT looks up every key before it writes it, and confirms each row after: many are written as if all were new.
  IF n >= 10 THEN
    BEGIN
      INSERT INTO ledger.transactions (tenant_id, id, recorded_at, effective_at, reverses, settles, asked_effective_at, effective_on, hash_formula,
                                       body_hash, key, source_type, source_id, description, metadata)
      SELECT v_tenant, u.id, v_now, coalesce(u.at, v_clock), nullif(u.reverses, 0), u.settles, u.asked, u.day, 1, u.hash, u.key, u.source_type,
             u.source_id, u.description, u.metadata
        FROM unnest(ids, t_at, p_reverses, p_settles, t_asked, t_day, t_hash, p_keys, p_source_types, p_source_ids, p_descriptions, p_metadata)
             u (id, at, reverses, settles, asked, day, hash, key, source_type, source_id, description, metadata)
       ORDER BY u.key, u.id;
      GET DIAGNOSTICS v_claimed = ROW_COUNT;
    EXCEPTION WHEN unique_violation THEN NULL;
    END;
  END IF;
  IF v_claimed IS NULL THEN
    INSERT INTO ledger.transactions (tenant_id, id, recorded_at, effective_at, reverses, settles, asked_effective_at, effective_on, hash_formula,
                                     body_hash, key, source_type, source_id, description, metadata)
    SELECT v_tenant, u.id, v_now, coalesce(u.at, v_clock), nullif(u.reverses, 0), u.settles, u.asked, u.day, 1, u.hash, u.key, u.source_type,
           u.source_id, u.description, u.metadata
      FROM unnest(ids, t_at, p_reverses, p_settles, t_asked, t_day, t_hash, p_keys, p_source_types, p_source_ids, p_descriptions, p_metadata)
           u (id, at, reverses, settles, asked, day, hash, key, source_type, source_id, description, metadata)
     ORDER BY u.key, u.id
    ON CONFLICT (tenant_id, key) DO NOTHING;
    GET DIAGNOSTICS v_claimed = ROW_COUNT;
  END IF;
  codes := array_fill(0::smallint, ARRAY[n]);
  replayed := array_fill(false, ARRAY[n]);
  IF v_claimed < n THEN
    SELECT array_agg(x.id), array_agg(x.state), array_agg(x.state IN (1, 3)), array_agg(x.twin), array_agg(x.code)
      INTO ids, t_state, replayed, t_twin, codes
      FROM (SELECT s.id, w.o::integer AS twin,
                   (CASE WHEN s.id = u.id THEN 0 WHEN s.body_hash <> u.hash OR s.hash_formula <> 1 THEN 2 WHEN w.o IS NOT NULL THEN 3 ELSE 1 END)::smallint AS state,
                   (CASE WHEN s.id = u.id THEN 0 WHEN s.body_hash <> u.hash OR s.hash_formula <> 1 THEN 2
                         ELSE coalesce(f.code, CASE WHEN q.id IS NULL THEN 0 ELSE 1 END) END)::smallint AS code
              FROM unnest(ids, t_hash, p_keys) WITH ORDINALITY u (id, hash, key, o)
              JOIN ledger.transactions s ON s.tenant_id = v_tenant AND s.key = u.key AND s.key = ANY (p_keys)
              LEFT JOIN unnest(ids) WITH ORDINALITY w (id, o) ON w.id = s.id
              LEFT JOIN ledger.refusals f ON f.tenant_id = v_tenant AND f.request_id = s.id
              LEFT JOIN ledger.pending_transactions q ON q.tenant_id = v_tenant AND q.id = s.id
             ORDER BY u.o) x;
    IF p_atomic AND 2 = ANY (t_state) THEN
      RAISE EXCEPTION USING ERRCODE = 'HG101', MESSAGE = 'a key of this batch stands for another posting already; nothing was posted',
        DETAIL = jsonb_build_object('idempotency_key', p_keys[array_position(t_state, 2::smallint)])::text;
    END IF;
  END IF;
  IF p_reservations IS NOT NULL THEN
    SELECT array_agg(x.id), array_agg(x.account), array_agg(x.remaining_minor), array_agg(x.status = 'active'), array_agg(x.status), array_agg(x.expires_at)
      INTO r_id, r_account, r_left, r_active, r_status, r_expires_at
      FROM (SELECT s.id, coalesce(w.p, 0)::integer AS account, s.remaining_minor, s.status, s.expires_at
              FROM ledger.reservations s
              LEFT JOIN unnest(a_id) WITH ORDINALITY w (id, p) ON w.id = s.account_id
             WHERE s.tenant_id = v_tenant AND s.id = ANY (p_reservations)
             ORDER BY s.id) x;
    -- Zero: no capture; minus one: a reservation that is not there.
    SELECT array_agg(x.p) INTO t_reservation
      FROM (SELECT CASE WHEN coalesce(u.id, 0) = 0 THEN 0 ELSE coalesce(w.p, -1) END::integer AS p
              FROM unnest(p_keys, p_reservations) WITH ORDINALITY u (key, id, o)
              LEFT JOIN unnest(r_id) WITH ORDINALITY w (id, p) ON w.id = u.id
             ORDER BY u.o) x;
  END IF;
  IF num_nonnulls(p_reverses, p_settles) > 0 THEN
    -- What is left of each entry. Whoever else takes from them holds the lock of their accounts, and so waited above.
    FOR v_of IN
      SELECT k.n, k.amount_minor - coalesce((SELECT sum(b.amount_minor) FROM ledger.transactions x
                                               JOIN ledger.entries b ON b.tenant_id = v_tenant AND b.transaction_id = x.id
                                              WHERE x.tenant_id = v_tenant AND x.reverses = p_reverses[1] AND b.of_n = k.n), 0)::bigint AS rest
        FROM ledger.entries k WHERE p_reverses IS NOT NULL AND k.tenant_id = v_tenant AND k.transaction_id = p_reverses[1]
      UNION ALL
      SELECT k.n, k.amount_minor FROM ledger.pending_entries k
       WHERE p_settles IS NOT NULL AND k.tenant_id = v_tenant AND k.transaction_id = p_settles[1]
    LOOP
      o_left[v_of.n] := v_of.rest;
    END LOOP;
    IF p_reverses IS NOT NULL THEN
      SELECT CASE WHEN x.reverses IS NOT NULL THEN 'reversal' ELSE 'posted' END INTO v_status
        FROM ledger.transactions x WHERE x.tenant_id = v_tenant AND x.id = p_reverses[1];
    END IF;
  END IF;

  -- 4 Judge in order, in memory. A refused posting gives back what its entries had taken.
  e_debit_seq := array_fill(0::bigint, ARRAY[m]); e_debit_net := e_debit_seq; e_credit_seq := e_debit_seq; e_credit_net := e_debit_seq;
  e_id := e_debit_seq;
  t_entry := array_fill(0, ARRAY[n]); t_account := array_fill(0::bigint, ARRAY[n]); t_room := t_account;
  IF v_conditions THEN t_figure := t_room; END IF; IF p_reservations IS NOT NULL THEN t_taken := t_room; END IF;
  IF p_pending IS NOT NULL OR 18 = ANY (e_code) THEN
    t_kind := array_fill(0::smallint, ARRAY[n]); e_pending := e_debit_seq;
  END IF;
  IF v_timed THEN
    e_debit_late := array_fill(false, ARRAY[m]); e_credit_late := e_debit_late; t_moment := array_fill(NULL::timestamptz, ARRAY[n]);
  END IF;
  IF v_timed AND v_backdated THEN
    SELECT x.lo, x.hi INTO a_safe_lo, a_safe_hi
      FROM ledger.safe_limits(t_at, e_posting, e_debit, e_credit, p_amounts, e_code, a_id, a_net, a_lo, a_hi, a_reserved, a_out, a_debit_normal, a_max) x;
  END IF;
  FOR t IN 1 .. n LOOP
    first := last + 1;
    IF p_counts IS NULL THEN last := t; ELSE last := last + p_counts[t]; END IF;
    IF t_state IS NOT NULL AND t_state[t] <> 0 THEN
      IF t_state[t] = 3 THEN codes[t] := codes[t_twin[t]]; END IF;
      IF codes[t] >= 10 AND v_culprit = 0 THEN v_culprit := t; END IF;
      CONTINUE;
    END IF;
    code := 0; failed := 0; objected := 0; held := 0;
    kind := CASE WHEN t_kind IS NOT NULL AND p_pending IS NOT NULL AND p_pending[t] THEN 1 ELSE 0 END;
    FOR e IN first .. last LOOP
      code := e_code[e];
      IF code = 18 AND coalesce(p_reservations[t], 0) = 0 AND p_reverses IS NULL AND p_settles IS NULL THEN
        -- Its day is still to come: it waits for it.
        code := 0; IF kind = 0 THEN kind := 2; END IF;
      END IF;
      IF code <> 0 THEN t_entry[t] := e; EXIT; END IF;
    END LOOP;
    IF code = 0 AND kind > 0 AND p_expires_at IS NOT NULL AND p_expires_at[t] <= v_clock THEN code := 19; END IF;
    IF code = 0 AND t_reservation IS NOT NULL AND t_reservation[t] <> 0 THEN
      r := t_reservation[t]; taken := 0;
      IF r < 0 THEN code := 20;
      ELSE
        held := r_account[r];
        FOR e IN first .. last LOOP
          IF held = (CASE WHEN held > 0 AND a_debit_normal[held] THEN e_credit[e] ELSE e_debit[e] END) THEN taken := taken + p_amounts[e]; END IF;
        END LOOP;
        IF taken = 0 THEN code := 21; held := 0;
        ELSIF NOT r_active[r] THEN code := 22; held := 0;
        ELSIF r_left[r] < taken THEN code := 23; t_room[t] := r_left[r]; held := 0;
        ELSE
          r_left[r] := r_left[r] - taken; r_active[r] := r_left[r] > 0; t_taken[t] := taken;
          IF r_left[r] = 0 THEN r_status[r] := 'captured'; END IF;
          a_reserved[held] := a_reserved[held] - taken;
          IF a_debit_normal[held] THEN a_lo[held] := a_lo[held] - taken; ELSE a_hi[held] := a_hi[held] + taken; END IF;
        END IF;
      END IF;
    END IF;
    IF code = 0 AND num_nonnulls(p_reverses, p_settles) > 0 THEN
      IF p_settles IS NOT NULL AND v_status <> 'pending' THEN code := 24;
      ELSIF v_status = 'reversal' THEN code := 30;
      ELSIF p_reverses IS NOT NULL AND (SELECT sum(u) FROM unnest(o_left) u) = 0 THEN code := 31;
      ELSE
        FOR e IN first .. last LOOP
          IF p_amounts[e] > coalesce(o_left[p_of[e]], 0) THEN
            code := CASE WHEN p_settles IS NULL THEN 32 ELSE 25 END; objected := e; t_room[t] := coalesce(o_left[p_of[e]], 0); EXIT;
          END IF;
        END LOOP;
      END IF;
      IF code = 0 AND p_settles IS NOT NULL THEN
        -- What it held back is there for it.
        FOR v_of IN
          SELECT array_position(a_id, h.account_id) AS p, h.out_minor, h.in_minor
            FROM ledger.pending_holds h WHERE h.tenant_id = v_tenant AND h.account_id = ANY (a_id) AND h.transaction_id = p_settles[1]
        LOOP
          d := v_of.p; a_out[d] := a_out[d] - v_of.out_minor; a_in[d] := a_in[d] - v_of.in_minor;
          IF a_debit_normal[d] THEN a_lo[d] := a_lo[d] - v_of.out_minor; ELSE a_hi[d] := a_hi[d] + v_of.out_minor; END IF;
        END LOOP;
      END IF;
    END IF;
    IF code = 0 THEN
      FOR e IN first .. last LOOP
        d := e_debit[e]; c := e_credit[e]; amount := p_amounts[e];
        g := a_net[d] + amount;
        IF g > a_hi[d] THEN
          code := CASE WHEN a_debit_normal[d] THEN 41 ELSE 40 END;
          failed := e; t_account[t] := a_id[d]; t_room[t] := a_hi[d] - a_net[d]; EXIT;
        END IF;
        e_debit_net[e] := g;
        g := a_net[c] - amount;
        IF g < a_lo[c] THEN
          code := CASE WHEN a_debit_normal[c] THEN 40 ELSE 41 END;
          failed := e; t_account[t] := a_id[c]; t_room[t] := a_net[c] - a_lo[c]; EXIT;
        END IF;
        IF v_conditions THEN
          IF p_debit_versions[e] <> a_seq[d] THEN
            code := 42; t_account[t] := a_id[d]; t_room[t] := a_seq[d]; t_figure[t] := p_debit_versions[e];
          ELSIF p_credit_versions[e] <> a_seq[c] THEN
            code := 42; t_account[t] := a_id[c]; t_room[t] := a_seq[c]; t_figure[t] := p_credit_versions[e];
          ELSE
            -- What is available after it: a pending entry adds nothing.
            r := d; taken := CASE WHEN NOT a_debit_normal[d] THEN -amount WHEN kind = 0 THEN amount ELSE 0 END;
            FOREACH g IN ARRAY ARRAY[p_debit_least[e], p_credit_least[e]] LOOP
              taken := taken + CASE WHEN a_debit_normal[r] THEN a_net[r] ELSE -a_net[r] END - a_reserved[r] - a_out[r];
              IF taken < g THEN code := 43; t_account[t] := a_id[r]; t_room[t] := taken; t_figure[t] := g; EXIT; END IF;
              r := c; taken := CASE WHEN a_debit_normal[c] THEN -amount WHEN kind = 0 THEN amount ELSE 0 END;
            END LOOP;
            g := a_net[c] - amount;
          END IF;
          IF code <> 0 THEN failed := e; EXIT; END IF;
        END IF;
        IF kind > 0 THEN
          IF a_debit_normal[d] THEN a_in[d] := a_in[d] + amount; ELSE a_out[d] := a_out[d] + amount; a_hi[d] := a_hi[d] - amount; END IF;
          IF a_debit_normal[c] THEN a_out[c] := a_out[c] + amount; a_lo[c] := a_lo[c] + amount; ELSE a_in[c] := a_in[c] + amount; END IF;
          e_pending[e] := ids[t];
          CONTINUE;
        END IF;
        e_credit_net[e] := g;
        a_net[d] := e_debit_net[e]; a_net[c] := g;
        g := a_seq[d] + 1; a_seq[d] := g; e_debit_seq[e] := g;
        g := a_seq[c] + 1; a_seq[c] := g; e_credit_seq[e] := g;
        e_id[e] := ids[t];
      END LOOP;
    END IF;
    IF code = 0 AND v_timed THEN
      v_at := t_at[t];
      IF v_backdated AND kind = 0 AND (p_effective_at IS NULL OR p_effective_at[t] IS NOT NULL)
         AND (p_override_refs IS NULL OR p_override_refs[t] IS NULL) THEN
        -- Backdated: the limits hold at every effective time since, those of the debited account above, of the credited below.
        -- What happens now is not backdated, though a bank's day, which has no hour, may have put money at a later one of today.
        FOR e IN first .. last LOOP
          d := e_debit[e]; c := e_credit[e];
          IF v_at < a_max[d] AND NOT a_safe_hi[d] THEN c := 0; ELSIF v_at < a_max[c] AND NOT a_safe_lo[c] THEN d := 0; ELSE CONTINUE; END IF;
          LOOP
            r := greatest(d, c);
            SELECT b.at, b.net INTO v_breach FROM ledger.breach_since(a_id[r], v_at, a_net[r],
              CASE WHEN d = 0 THEN a_lo[r] - CASE WHEN a_debit_normal[r] THEN a_reserved[r] + a_out[r] ELSE 0 END END,
              CASE WHEN c = 0 THEN a_hi[r] + CASE WHEN a_debit_normal[r] THEN 0 ELSE a_reserved[r] + a_out[r] END END,
              ARRAY(SELECT t_at[coalesce(u.t, u.e)] FROM unnest(e_debit, e_credit, e_debit_seq, e_posting) WITH ORDINALITY u (debit, credit, seq, t, e)
                     WHERE u.e <= last AND u.seq > 0 AND r IN (u.debit, u.credit) ORDER BY u.e),
              ARRAY(SELECT CASE WHEN u.debit = r THEN u.amount ELSE -u.amount END
                      FROM unnest(e_debit, e_credit, e_debit_seq, p_amounts) WITH ORDINALITY u (debit, credit, seq, amount, e)
                     WHERE u.e <= last AND u.seq > 0 AND r IN (u.debit, u.credit) ORDER BY u.e)) b;
            IF v_breach.at IS NOT NULL THEN
              code := 44; objected := e; t_account[t] := a_id[r]; t_moment[t] := v_breach.at;
              t_room[t] := CASE WHEN a_debit_normal[r] THEN v_breach.net ELSE -v_breach.net END;
              EXIT;
            END IF;
            -- The debited account has been looked at; the credited may have its own.
            EXIT WHEN d = 0 OR a_safe_lo[e_credit[e]] OR v_at >= a_max[e_credit[e]];
            d := 0; c := e_credit[e];
          END LOOP;
          EXIT WHEN code <> 0;
        END LOOP;
      END IF;
      IF code = 0 AND t_closed IS NOT NULL AND t_closed[t] > 0 THEN
        code := 50; objected := t_closed[t]; d := e_debit[objected]; c := e_credit[objected];
        t_account[t] := a_id[CASE WHEN t_day[t] <= a_closed[d] AND a_route[d] IS NULL THEN d ELSE c END];
      END IF;
      IF code <> 0 THEN failed := last + 1;
      ELSIF kind = 0 THEN
        FOR e IN first .. last LOOP
          d := e_debit[e]; c := e_credit[e];
          IF v_at < a_max[d] THEN
            e_debit_late[e] := true; a_late_by[d] := greatest(a_late_by[d], a_max[d] - v_at);
          ELSE a_max[d] := v_at;
          END IF;
          IF v_at < a_max[c] THEN
            e_credit_late[e] := true; a_late_by[c] := greatest(a_late_by[c], a_max[c] - v_at);
          ELSE a_max[c] := v_at;
          END IF;
        END LOOP;
      END IF;
    END IF;
    IF code = 0 THEN
      IF kind = 0 THEN v_posted := v_posted + 1; ELSE v_held_back := v_held_back + 1; t_kind[t] := kind; END IF;
      CONTINUE;
    END IF;
    codes[t] := code; v_refused := v_refused + 1;
    IF v_culprit = 0 THEN v_culprit := t; END IF;
    IF objected > 0 THEN t_entry[t] := objected; END IF;
    IF failed > 0 THEN
      IF objected = 0 THEN t_entry[t] := failed; END IF;
      FOR e IN first .. failed - 1 LOOP
        d := e_debit[e]; c := e_credit[e]; amount := p_amounts[e];
        IF kind > 0 THEN
          IF a_debit_normal[d] THEN a_in[d] := a_in[d] - amount; ELSE a_out[d] := a_out[d] - amount; a_hi[d] := a_hi[d] + amount; END IF;
          IF a_debit_normal[c] THEN a_out[c] := a_out[c] - amount; a_lo[c] := a_lo[c] - amount; ELSE a_in[c] := a_in[c] - amount; END IF;
          e_pending[e] := 0;
          CONTINUE;
        END IF;
        a_net[d] := a_net[d] - amount; a_net[c] := a_net[c] + amount;
        a_seq[d] := a_seq[d] - 1; a_seq[c] := a_seq[c] - 1; e_debit_seq[e] := 0;
      END LOOP;
    END IF;
    IF held > 0 THEN
      r := t_reservation[t]; amount := t_taken[t];
      r_left[r] := r_left[r] + amount; r_active[r] := true; r_status[r] := 'active';
      a_reserved[held] := a_reserved[held] + amount;
      IF a_debit_normal[held] THEN a_lo[held] := a_lo[held] + amount; ELSE a_hi[held] := a_hi[held] - amount; END IF;
    END IF;
  END LOOP;
  IF p_atomic AND v_culprit > 0 AND v_posted + v_held_back > 0 THEN
    -- All or none: what would have been posted is refused because of the first that was.
    FOR t IN 1 .. n LOOP
      IF coalesce(t_state[t], 0) = 0 THEN
        IF codes[t] = 0 THEN codes[t] := 60; v_refused := v_refused + 1; END IF;
      ELSIF t_state[t] = 3 THEN codes[t] := codes[t_twin[t]]; END IF;
    END LOOP;
    v_posted := 0; v_held_back := 0;
  END IF;

  -- 5 Write.
  v_xid := pg_current_xact_id(); v_epoch := audit.current_epoch();
  IF v_posted + v_held_back = 0 THEN NULL;
  ELSIF v_timed OR v_held THEN
    UPDATE ledger.accounts a
       SET net_minor = u.net, seq = u.seq, reserved_minor = u.reserved, pending_out_minor = u.pending_out, pending_in_minor = u.pending_in,
           effective_max = CASE WHEN a.seq <> u.seq THEN greatest(u.effective_max, CASE WHEN v_timed THEN u.effective_max ELSE v_clock END)
                                ELSE a.effective_max END,
           late_by_max = u.late_by
      FROM unnest(a_id, a_net, a_seq, a_reserved, a_out, a_in, a_max, a_late_by)
           u (id, net, seq, reserved, pending_out, pending_in, effective_max, late_by)
     WHERE a.tenant_id = v_tenant AND a.id = ANY (a_id) AND a.id = u.id
       AND (a.seq <> u.seq OR a.pending_out_minor <> u.pending_out OR a.pending_in_minor <> u.pending_in);
  ELSE
    UPDATE ledger.accounts a SET net_minor = u.net, seq = u.seq, reserved_minor = u.reserved, effective_max = v_clock
      FROM unnest(a_id, a_net, a_seq, a_reserved) u (id, net, seq, reserved)
     WHERE a.tenant_id = v_tenant AND a.id = ANY (a_id) AND a.id = u.id AND a.seq <> u.seq;
  END IF;
  IF v_posted > 0 THEN
    INSERT INTO ledger.entries (tenant_id, transaction_id, debit_account_id, credit_account_id, amount_minor, debit_seq, debit_net,
                                credit_seq, credit_net, recorded_at, effective_at, effective_on, n, of_n, debit_late, credit_late, currency)
    SELECT v_tenant, u.id, u.debit, u.credit, u.amount, u.debit_seq, u.debit_net, u.credit_seq, u.credit_net, v_now,
           coalesce(t_at[coalesce(u.t, u.e)], v_clock), t_day[coalesce(u.t, u.e)], coalesce(u.n, 1), coalesce(u.of_n, 0),
           coalesce(u.debit_late, false), coalesce(u.credit_late, false), u.currency
      FROM unnest(e_id, p_debits, p_credits, p_amounts, e_debit_seq, e_debit_net, e_credit_seq, e_credit_net, e_n, e_posting, p_currencies,
                  p_of, e_debit_late, e_credit_late)
           WITH ORDINALITY u (id, debit, credit, amount, debit_seq, debit_net, credit_seq, credit_net, n, t, currency, of_n, debit_late, credit_late, e)
     WHERE u.debit_seq > 0
     ORDER BY u.e;
    IF p_settles IS NOT NULL THEN
      DELETE FROM ledger.pending_holds h WHERE h.tenant_id = v_tenant AND h.account_id = ANY (a_id) AND h.transaction_id = p_settles[1];
      UPDATE ledger.pending_transactions x SET status = 'posted', settled_by = ids[1], updated_at = v_now
       WHERE x.tenant_id = v_tenant AND x.id = p_settles[1];
    END IF;
    SELECT array_agg(x.id) INTO t_event
      FROM (SELECT CASE WHEN u.code = 0 AND coalesce(u.state, 0) = 0 AND coalesce(u.kind, 0) = 0 THEN nextval('audit.event_id') ELSE 0 END AS id
              FROM unnest(codes, t_state, t_kind) WITH ORDINALITY u (code, state, kind, o) ORDER BY u.o) x;
    -- What each posting moved, in the words of its event; mostly it is one entry, and then there is nothing to gather.
    IF p_counts IS NULL THEN
      SELECT array_agg(x.moved) INTO t_moved
        FROM (SELECT '{"debit":' || w.debit || ',"credit":' || w.credit || ',"amount_minor":' || w.amount || ',"currency":"' || w.currency || '"}' AS moved
                FROM unnest(p_debits, p_credits, p_amounts, p_currencies) WITH ORDINALITY w (debit, credit, amount, currency, e) ORDER BY w.e) x;
    ELSE
      SELECT array_agg(x.moved) INTO t_moved
        FROM (SELECT string_agg('{"debit":' || w.debit || ',"credit":' || w.credit || ',"amount_minor":' || w.amount || ',"currency":"' || w.currency || '"}',
                                ',' ORDER BY w.e) AS moved
                FROM unnest(e_posting, p_debits, p_credits, p_amounts, p_currencies) WITH ORDINALITY w (t, debit, credit, amount, currency, e)
               GROUP BY w.t ORDER BY w.t) x;
    END IF;
    INSERT INTO audit.events (tenant_id, id, event_time, xid, epoch, formula, type, actor_type, actor_id, person_id, correlation_id,
                              payment_id, ingestion_id, data, witness)
    SELECT v_tenant, x.id, v_now, v_xid, v_epoch, 1, 'ledger.transaction.posted', x.actor_type, x.actor, x.person, x.correlation,
           x.payment_id, NULL, x.data,
           audit.witness(v_tenant, x.id, v_now, v_xid, v_epoch, 1::smallint, 'ledger.transaction.posted', x.actor_type, x.actor, x.person,
                         x.correlation, x.payment_id, NULL, x.data)
      FROM (SELECT u.event AS id, CASE WHEN u.source_id LIKE 'pay\_%' THEN u.source_id END AS payment_id,
                   coalesce(u.actor_type, v_actor_type) AS actor_type, coalesce(u.actor, v_actor) AS actor,
                   CASE WHEN u.actor IS NULL THEN v_person ELSE u.person END AS person, coalesce(u.correlation, v_correlation) AS correlation,
                   -- Text made into jsonb once: half the cost of jsonb_build_object, and every part is a number or a checked currency.
                   ('{"transaction_id":' || u.id || ',"entries":[' || u.moved || ']'
                     || CASE WHEN u.source_id IS NULL THEN '' ELSE ',"source_type":' || to_json(u.source_type) || ',"source_id":' || to_json(u.source_id) END
                     || CASE WHEN u.reverses <> 0 THEN ',"reverses":' || u.reverses ELSE '' END
                     || CASE WHEN u.reservation <> 0 THEN ',"reservation_id":' || u.reservation ELSE '' END
                     || coalesce(',"settles":' || u.settles, '') || coalesce(',"override_ref":' || to_json(u.override_ref), '') || '}')::jsonb AS data
              FROM unnest(t_event, ids, t_moved, p_source_types, p_source_ids, p_reverses, p_reservations, p_settles, p_override_refs, p_actor_types,
                          p_actors, p_persons, p_correlations)
                   u (event, id, moved, source_type, source_id, reverses, reservation, settles, override_ref, actor_type, actor, person, correlation)
             WHERE u.event > 0
             ORDER BY u.event) x;
    INSERT INTO messaging.outbox_messages (tenant_id, created_at, event_type, aggregate_type, aggregate_id, audit_event_id, audit_xid,
                                           audit_epoch, correlation_id, published_at)
    SELECT v_tenant, v_now, 'ledger.transaction.posted', 'transaction', u.id::text, u.event, v_xid, v_epoch, coalesce(u.correlation, v_correlation),
           (SELECT v_now WHERE messaging.wanting('ledger.transaction.posted') = '{}')
      FROM unnest(t_event, ids, p_correlations) u (event, id, correlation)
     WHERE u.event > 0
     ORDER BY u.event;
    IF p_reservations IS NOT NULL THEN
      INSERT INTO ledger.reservation_events (tenant_id, reservation_id, id, recorded_at, amount_minor, transaction_id, kind)
      SELECT v_tenant, u.reservation, nextval('ledger.reservation_event_ids'), v_now, u.amount, u.id, 'captured'
        FROM unnest(p_reservations, t_taken, ids, t_event) u (reservation, amount, id, event)
       WHERE u.event > 0 AND u.reservation <> 0;
      UPDATE ledger.reservations s
         SET remaining_minor = u.remaining, captured_minor = s.captured_minor + s.remaining_minor - u.remaining, status = u.status, updated_at = v_now
        FROM unnest(r_id, r_left, r_status) u (id, remaining, status)
       WHERE s.tenant_id = v_tenant AND s.id = ANY (r_id) AND s.id = u.id AND s.remaining_minor <> u.remaining;
      PERFORM ledger.forget_expiries(array_agg(a_id[u.account]), array_agg(u.expires_at), array_agg(u.id))
         FROM unnest(r_id, r_account, r_expires_at, r_left) u (id, account, expires_at, rest) WHERE u.rest = 0 AND u.expires_at < 'infinity'
       HAVING count(*) > 0;
    END IF;
  END IF;
  IF v_held_back > 0 THEN
    PERFORM ledger.hold_back(v_now, v_clock, ids, t_kind, p_effective_at, p_expires_at, p_source_types, p_source_ids, codes,
                             e_pending, p_debits, p_credits, p_amounts, p_currencies, e_n);
  END IF;
  IF v_watched IS NOT NULL AND v_posted + v_held_back > 0 THEN
    PERFORM ledger.watch(v_watched);
  END IF;
  IF v_refused > 0 THEN
    WITH refused AS (
      INSERT INTO ledger.refusals (tenant_id, request_id, refused_at, code, facts)
      SELECT v_tenant, u.id, v_now, u.code,
             CASE WHEN u.code = 60 THEN jsonb_build_object('refused_key', p_keys[v_culprit])
                  ELSE jsonb_strip_nulls(jsonb_build_object(
                    'entry', CASE WHEN e.e IS NOT NULL THEN coalesce(e.n, 1) END,
                    'debit', e.debit, 'credit', e.credit, 'amount_minor', e.amount, 'currency', e.currency,
                    'account', CASE WHEN u.code BETWEEN 40 AND 50 THEN u.account END,
                    'available_minor', CASE WHEN u.code IN (23, 25, 32, 40, 41, 43) THEN u.room END,
                    'minimum_minor', CASE WHEN u.code = 43 THEN u.figure END,
                    'version', CASE WHEN u.code = 42 THEN u.room END, 'expected_version', CASE WHEN u.code = 42 THEN u.figure END,
                    'balance_minor', CASE WHEN u.code = 44 THEN u.room END, 'at', CASE WHEN u.code = 44 THEN to_char(u.moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END,
                    'effective_on', CASE WHEN u.code = 50 THEN u.day END,
                    'closed_through', CASE WHEN u.code = 50 THEN a_closed[array_position(a_id, u.account)] END,
                    'reservation', nullif(u.reservation, 0), 'reservation_status', CASE WHEN u.code = 22 THEN w.status END,
                    'reverses', nullif(u.reverses, 0), 'settles', u.settles, 'status', CASE WHEN u.code = 24 THEN v_status END)) END
        FROM unnest(ids, codes, t_entry, t_account, t_room, t_state, p_reservations, t_reservation, p_reverses, p_settles, t_figure, t_moment, t_day)
             WITH ORDINALITY u (id, code, entry, account, room, state, reservation, position, reverses, settles, figure, moment, day, o)
        LEFT JOIN unnest(p_debits, p_credits, p_amounts, p_currencies, e_n) WITH ORDINALITY e (debit, credit, amount, currency, n, e)
             ON e.e = CASE WHEN u.entry > 0 THEN u.entry WHEN p_counts IS NULL THEN u.o END
        LEFT JOIN unnest(r_status) WITH ORDINALITY w (status, p) ON w.p = u.position
       WHERE u.code >= 10 AND coalesce(u.state, 0) = 0
      RETURNING refusals.request_id, refusals.code, refusals.facts
    )
    INSERT INTO audit.events (tenant_id, id, event_time, xid, epoch, formula, type, actor_type, actor_id, person_id, correlation_id,
                              payment_id, ingestion_id, data, witness)
    SELECT v_tenant, x.id, v_now, v_xid, v_epoch, 1, 'ledger.transaction.refused', x.actor_type, x.actor, x.person, x.correlation, NULL, NULL, x.data,
           audit.witness(v_tenant, x.id, v_now, v_xid, v_epoch, 1::smallint, 'ledger.transaction.refused', x.actor_type, x.actor, x.person,
                         x.correlation, NULL, NULL, x.data)
      FROM (SELECT nextval('audit.event_id') AS id, jsonb_build_object('transaction_id', f.request_id, 'code', f.code, 'facts', f.facts) AS data,
                   coalesce(u.actor_type, v_actor_type) AS actor_type, coalesce(u.actor, v_actor) AS actor,
                   CASE WHEN u.actor IS NULL THEN v_person ELSE u.person END AS person, coalesce(u.correlation, v_correlation) AS correlation
              FROM refused f
              JOIN unnest(ids, t_state, p_actor_types, p_actors, p_persons, p_correlations)
                   u (id, state, actor_type, actor, person, correlation) ON u.id = f.request_id AND coalesce(u.state, 0) = 0) x;
  END IF;
  IF v_held_back > 0 THEN
    FOR t IN 1 .. n LOOP
      IF codes[t] = 0 AND t_kind[CASE WHEN t_state IS NULL OR t_state[t] <> 3 THEN t ELSE t_twin[t] END] > 0 THEN codes[t] := 1; END IF;
    END LOOP;
  END IF;
  IF v_culprit > 0 THEN
    SELECT array_agg(x.facts) INTO facts
      FROM (SELECT f.facts FROM unnest(ids) WITH ORDINALITY u (id, o)
              LEFT JOIN ledger.refusals f ON f.tenant_id = v_tenant AND f.request_id = u.id AND f.request_id = ANY (ids)
             ORDER BY u.o) x;
  END IF;
END $$;
COMMENT ON FUNCTION ledger.post_batch IS 'The one judge and writer of entries; reached through post_one, post_many, post_group, capture_many, reverse_one and settle_one';
ALTER FUNCTION ledger.post_batch OWNER TO headgate_poster;
