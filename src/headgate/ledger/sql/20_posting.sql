-- Posting. ledger.post_batch is the one judge and writer of entries; ledger.post_one is its short way for one entry that
-- nothing speaks against, and hands everything else over. The order of the steps is the design (DESIGN.md §6):
--   1 lock the accounts in id order and read them in the same statement, so that crossing postings queue instead of
--     deadlocking and what is read is the latest version; stamp the time after the lock;
--   2 check what does not depend on order;  3 claim the keys;  4 judge one posting after the other in memory;
--   5 write entries, balances, captures, refusals, audit events and messages, each in one statement.

-- The hash of what was asked for, formula 1. Times count as microseconds: text would depend on the session's time zone.
CREATE OR REPLACE FUNCTION ledger.body_hash(
  p_entries text, p_reverses bigint, p_reservation bigint, p_effective_at timestamptz, p_source_type text, p_source_id text,
  p_description text, p_metadata jsonb
) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(p_entries || CASE
    WHEN p_reverses IS NULL AND p_reservation IS NULL AND p_effective_at IS NULL AND p_source_type IS NULL AND p_source_id IS NULL
         AND p_description IS NULL AND p_metadata IS NULL THEN ''
    ELSE jsonb_build_array(p_reverses, p_reservation, (extract(epoch FROM p_effective_at) * 1000000)::bigint, p_source_type,
                           p_source_id, p_description, p_metadata)::text END, 'UTF8'))
$$;
COMMENT ON FUNCTION ledger.body_hash(text, bigint, bigint, timestamptz, text, text, text, jsonb) IS
  'What a posting''s key stands for, formula 1: "debit:credit:amount:currency" of each entry, and the rest where there is any';
ALTER FUNCTION ledger.body_hash(text, bigint, bigint, timestamptz, text, text, text, jsonb) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.check_batch(p_keys text[], p_counts integer[], p_entries integer, VARIADIC p_sizes integer[])
  RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF coalesce(cardinality(p_keys), 0) NOT BETWEEN 1 AND 10000 OR p_entries NOT BETWEEN 1 AND 100000 THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'a batch has 1 to 10,000 requests with together at most 100,000 entries';
  END IF;
  IF array_position(p_keys, NULL) IS NOT NULL OR (SELECT bool_or(length(k) NOT BETWEEN 1 AND 255) FROM unnest(p_keys) k) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'an idempotency key has 1 to 255 characters';
  END IF;
  IF (SELECT bool_or(s IS DISTINCT FROM p_entries) FROM unnest(p_sizes) s)
     OR (p_counts IS NULL AND cardinality(p_keys) <> p_entries)
     OR (p_counts IS NOT NULL AND (cardinality(p_counts) <> cardinality(p_keys)
         OR (SELECT sum(c) IS DISTINCT FROM p_entries OR bool_or(c IS NULL OR c < 1) FROM unnest(p_counts) c))) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'the arrays of a batch must be of one length, and every posting has an entry';
  END IF;
END $$;
COMMENT ON FUNCTION ledger.check_batch(text[], integer[], integer, integer[]) IS 'Raises HG110 where the arrays of a batch do not fit together';
ALTER FUNCTION ledger.check_batch(text[], integer[], integer, integer[]) OWNER TO headgate_poster;

DROP FUNCTION IF EXISTS ledger.post_batch(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[],
  bigint[], bigint[], boolean);
CREATE OR REPLACE FUNCTION ledger.post_batch(
  p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[],
  p_effective_at timestamptz[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[],
  p_reverses bigint[], p_reservations bigint[], p_atomic boolean,
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
  v_next_expiry timestamptz;
  v_wanted bigint[];
  -- Accounts by position, in id order.
  a_id bigint[]; a_net bigint[]; a_seq bigint[]; a_lo bigint[]; a_hi bigint[]; a_reserved bigint[];
  a_debit_normal boolean[]; a_currency text[]; a_status text[]; a_zone text[];
  -- Entries by position: posting, number within it, positions of its accounts, first objection, day, effect.
  e_posting integer[]; e_n smallint[]; e_debit integer[]; e_credit integer[]; e_code smallint[]; e_day date[]; e_id bigint[];
  e_debit_seq bigint[]; e_debit_net bigint[]; e_credit_seq bigint[]; e_credit_net bigint[];
  -- Postings by position: hash, day, what stands under the key (0 new, 1 stored before, 2 conflict, 3 twin in this batch).
  t_hash bytea[]; t_day date[]; t_state smallint[]; t_twin integer[]; t_event bigint[]; t_reversal smallint[];
  t_entry integer[]; t_account bigint[]; t_room bigint[];
  -- Reservations by position, and each posting's.
  r_id bigint[]; r_account integer[]; r_left bigint[]; r_active boolean[]; r_status text[]; t_reservation integer[];
  v_claimed integer;
  v_refused integer := 0; v_posted integer := 0; v_culprit integer := 0;
  first integer; last integer := 0; d integer; c integer; r integer; held integer; g bigint; amount bigint;
  code smallint; failed integer;
  v_xid xid8; v_epoch integer;
  v_actor_type CONSTANT text := core.actor_type(); v_actor CONSTANT text := core.actor_id();
  v_person CONSTANT text := core.person_id(); v_correlation CONSTANT text := core.correlation_id();
BEGIN
  PERFORM ledger.check_batch(p_keys, p_counts, m, cardinality(p_credits), cardinality(p_amounts), cardinality(p_currencies));
  IF array_position(p_debits, NULL) IS NOT NULL OR array_position(p_credits, NULL) IS NOT NULL
     OR array_position(p_amounts, NULL) IS NOT NULL
     OR (SELECT bool_or(octet_length(u) IS DISTINCT FROM 3) FROM unnest(p_currencies) u) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'every entry names its debit, its credit, its amount and a currency of three letters';
  END IF;
  IF EXISTS (SELECT FROM unnest(ARRAY[cardinality(p_effective_at), cardinality(p_source_types), cardinality(p_source_ids),
                                      cardinality(p_descriptions), cardinality(p_metadata), cardinality(p_reverses), cardinality(p_reservations),
                                      cardinality(p_actor_types), cardinality(p_actors), cardinality(p_persons), cardinality(p_correlations)]) s
              WHERE s <> n) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'what is given for one posting of a batch is given for each';
  END IF;

  -- 1 Lock and read. Overdue reservations are marked at once, under the lock, so that they hold nothing back.
  v_wanted := ARRAY(SELECT DISTINCT u FROM unnest(p_debits || p_credits) u);
  LOOP
    SELECT array_agg(x.id), array_agg(x.net_minor), array_agg(x.seq), array_agg(x.reserved_minor), array_agg(x.debit_normal),
           array_agg(CASE WHEN x.debit_normal THEN x.lo_minor + x.reserved_minor ELSE x.lo_minor END),
           array_agg(CASE WHEN x.debit_normal THEN x.hi_minor ELSE x.hi_minor - x.reserved_minor END),
           array_agg(x.currency), array_agg(x.status), array_agg(x.time_zone), min(x.next_expiry_at)
      INTO a_id, a_net, a_seq, a_reserved, a_debit_normal, a_lo, a_hi, a_currency, a_status, a_zone, v_next_expiry
      FROM (SELECT a.id, a.net_minor, a.seq, a.reserved_minor, a.lo_minor, a.hi_minor, a.currency, a.status, a.next_expiry_at,
                   a.type IN ('ASSET', 'EXPENSE') AS debit_normal, l.time_zone
              FROM ledger.accounts a
              LEFT JOIN tenants.legal_entities l ON l.tenant_id = v_tenant AND l.id = a.legal_entity_id
             WHERE a.tenant_id = v_tenant AND a.id = ANY (v_wanted)
             ORDER BY a.id
               FOR NO KEY UPDATE OF a) x;
    v_now := clock_timestamp();
    v_clock := tenants.now();
    EXIT WHEN v_next_expiry IS NULL OR v_next_expiry > v_clock;
    PERFORM ledger.expire_overdue(a_id, v_clock);
  END LOOP;

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
                    LEFT JOIN unnest(p_effective_at) WITH ORDINALITY f (effective_at, t) ON f.t = coalesce(u.t, u.e)
                   ORDER BY u.e) y) x;
  -- A posting has one day: that of its first entry's legal entity.
  IF p_counts IS NULL THEN
    t_day := e_day;
    SELECT array_agg(x.hash) INTO t_hash
      FROM (SELECT ledger.body_hash(u.debit || ':' || u.credit || ':' || u.amount || ':' || u.currency, nullif(u.reverses, 0), nullif(u.reservation, 0),
                                    u.at, u.source_type, u.source_id, u.description, u.metadata) AS hash
              FROM unnest(p_debits, p_credits, p_amounts, p_currencies, p_reverses, p_reservations, p_effective_at, p_source_types,
                          p_source_ids, p_descriptions, p_metadata) WITH ORDINALITY
                   u (debit, credit, amount, currency, reverses, reservation, at, source_type, source_id, description, metadata, o)
             ORDER BY u.o) x;
  ELSE
    SELECT array_agg(x.day) INTO t_day
      FROM (SELECT u.day FROM unnest(e_day, e_n, e_posting) u (day, n, t) WHERE u.n = 1 ORDER BY u.t) x;
    SELECT array_agg(x.hash) INTO t_hash
      FROM (SELECT ledger.body_hash(k.entries, nullif(u.reverses, 0), nullif(u.reservation, 0), u.at, u.source_type, u.source_id, u.description,
                                    u.metadata) AS hash
              FROM unnest(p_keys, p_reverses, p_reservations, p_effective_at, p_source_types, p_source_ids, p_descriptions, p_metadata)
                   WITH ORDINALITY u (key, reverses, reservation, at, source_type, source_id, description, metadata, o)
              JOIN (SELECT w.t, string_agg(w.debit || ':' || w.credit || ':' || w.amount || ':' || w.currency, ',' ORDER BY w.e) AS entries
                      FROM unnest(e_posting, p_debits, p_credits, p_amounts, p_currencies) WITH ORDINALITY w (t, debit, credit, amount, currency, e)
                     GROUP BY w.t) k ON k.t = u.o
             ORDER BY u.o) x;
  END IF;

  -- 3 Claim the keys, in key order; the first of twins wins.
  SELECT array_agg(nextval('ledger.request_ids')) INTO ids FROM generate_series(1, n);
  INSERT INTO ledger.transactions (tenant_id, id, recorded_at, effective_at, reverses, effective_on, hash_formula, body_hash, key,
                                   source_type, source_id, description, metadata)
  SELECT v_tenant, u.id, v_now, coalesce(u.at, v_clock), nullif(u.reverses, 0), u.day, 1, u.hash, u.key, u.source_type, u.source_id,
         u.description, u.metadata
    FROM unnest(ids, p_effective_at, p_reverses, t_day, t_hash, p_keys, p_source_types, p_source_ids, p_descriptions, p_metadata)
         u (id, at, reverses, day, hash, key, source_type, source_id, description, metadata)
   ORDER BY u.key, u.id
  ON CONFLICT (tenant_id, key) DO NOTHING;
  GET DIAGNOSTICS v_claimed = ROW_COUNT;
  codes := array_fill(0::smallint, ARRAY[n]);
  replayed := array_fill(false, ARRAY[n]);
  IF v_claimed < n THEN
    SELECT array_agg(x.id), array_agg(x.state), array_agg(x.state IN (1, 3)), array_agg(x.twin), array_agg(x.code)
      INTO ids, t_state, replayed, t_twin, codes
      FROM (SELECT s.id, w.o::integer AS twin,
                   (CASE WHEN s.id = u.id THEN 0 WHEN s.body_hash <> u.hash OR s.hash_formula <> 1 THEN 2 WHEN w.o IS NOT NULL THEN 3 ELSE 1 END)::smallint AS state,
                   (CASE WHEN s.id = u.id THEN 0 WHEN s.body_hash <> u.hash OR s.hash_formula <> 1 THEN 2 ELSE coalesce(f.code, 0) END)::smallint AS code
              FROM unnest(ids, t_hash, p_keys) WITH ORDINALITY u (id, hash, key, o)
              JOIN ledger.transactions s ON s.tenant_id = v_tenant AND s.key = u.key AND s.key = ANY (p_keys)
              LEFT JOIN unnest(ids) WITH ORDINALITY w (id, o) ON w.id = s.id
              LEFT JOIN ledger.refusals f ON f.tenant_id = v_tenant AND f.request_id = s.id
             ORDER BY u.o) x;
    IF p_atomic AND 2 = ANY (t_state) THEN
      RAISE EXCEPTION USING ERRCODE = 'HG101', MESSAGE = 'a key of this batch stands for another posting already; nothing was posted',
        DETAIL = jsonb_build_object('idempotency_key', p_keys[array_position(t_state, 2::smallint)])::text;
    END IF;
  END IF;
  IF p_reservations IS NOT NULL THEN
    SELECT array_agg(x.id), array_agg(x.account), array_agg(x.remaining_minor), array_agg(x.status = 'active'), array_agg(x.status)
      INTO r_id, r_account, r_left, r_active, r_status
      FROM (SELECT s.id, coalesce(w.p, 0)::integer AS account, s.remaining_minor, s.status
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
  IF p_reverses IS NOT NULL THEN
    -- The accounts of a reversal are those of its original, so two reversals of one original wait for each other above.
    SELECT array_agg(x.code) INTO t_reversal
      FROM (SELECT (CASE WHEN s.reverses IS NOT NULL THEN 30
                         WHEN EXISTS (SELECT FROM ledger.transactions b JOIN ledger.entries k ON k.tenant_id = v_tenant AND k.transaction_id = b.id
                                       WHERE b.tenant_id = v_tenant AND b.reverses = u.id) THEN 31
                         ELSE 0 END)::smallint AS code
              FROM unnest(p_keys, p_reverses) WITH ORDINALITY u (key, id, o)
              LEFT JOIN ledger.transactions s ON s.tenant_id = v_tenant AND s.id = u.id AND s.id = ANY (p_reverses)
             ORDER BY u.o) x;
  END IF;

  -- 4 Judge in order, in memory. A refused posting gives back what its entries had taken.
  e_debit_seq := array_fill(0::bigint, ARRAY[m]); e_debit_net := e_debit_seq; e_credit_seq := e_debit_seq; e_credit_net := e_debit_seq;
  e_id := e_debit_seq;
  t_entry := array_fill(0, ARRAY[n]); t_account := array_fill(0::bigint, ARRAY[n]); t_room := t_account;
  FOR t IN 1 .. n LOOP
    first := last + 1;
    IF p_counts IS NULL THEN last := t; ELSE last := last + p_counts[t]; END IF;
    IF t_state IS NOT NULL AND t_state[t] <> 0 THEN
      IF t_state[t] = 3 THEN codes[t] := codes[t_twin[t]]; END IF;
      IF codes[t] >= 10 AND v_culprit = 0 THEN v_culprit := t; END IF;
      CONTINUE;
    END IF;
    code := 0; failed := 0; held := 0;
    FOR e IN first .. last LOOP
      code := e_code[e];
      IF code <> 0 THEN t_entry[t] := e; EXIT; END IF;
    END LOOP;
    IF code = 0 AND t_reservation IS NOT NULL AND t_reservation[t] <> 0 THEN
      r := t_reservation[t]; amount := p_amounts[first];
      IF r < 0 THEN code := 20;
      ELSE
        held := r_account[r];
        IF held = 0 OR held <> (CASE WHEN a_debit_normal[held] THEN e_credit[first] ELSE e_debit[first] END) THEN code := 21; held := 0;
        ELSIF NOT r_active[r] THEN code := 22; held := 0;
        ELSIF r_left[r] < amount THEN code := 23; t_room[t] := r_left[r]; held := 0;
        ELSE
          r_left[r] := r_left[r] - amount; r_active[r] := r_left[r] > 0;
          IF r_left[r] = 0 THEN r_status[r] := 'captured'; END IF;
          a_reserved[held] := a_reserved[held] - amount;
          IF a_debit_normal[held] THEN a_lo[held] := a_lo[held] - amount; ELSE a_hi[held] := a_hi[held] + amount; END IF;
        END IF;
      END IF;
    END IF;
    IF code = 0 AND t_reversal IS NOT NULL THEN code := t_reversal[t]; END IF;
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
        e_credit_net[e] := g;
        a_net[d] := e_debit_net[e]; a_net[c] := g;
        g := a_seq[d] + 1; a_seq[d] := g; e_debit_seq[e] := g;
        g := a_seq[c] + 1; a_seq[c] := g; e_credit_seq[e] := g;
        e_id[e] := ids[t];
      END LOOP;
    END IF;
    IF code = 0 THEN v_posted := v_posted + 1; CONTINUE; END IF;
    codes[t] := code; v_refused := v_refused + 1;
    IF v_culprit = 0 THEN v_culprit := t; END IF;
    IF failed > 0 THEN
      t_entry[t] := failed;
      FOR e IN first .. failed - 1 LOOP
        d := e_debit[e]; c := e_credit[e]; amount := p_amounts[e];
        a_net[d] := a_net[d] - amount; a_net[c] := a_net[c] + amount;
        a_seq[d] := a_seq[d] - 1; a_seq[c] := a_seq[c] - 1; e_debit_seq[e] := 0;
      END LOOP;
    END IF;
    IF held > 0 THEN
      amount := p_amounts[first];
      r_left[r] := r_left[r] + amount; r_active[r] := true; r_status[r] := 'active';
      a_reserved[held] := a_reserved[held] + amount;
      IF a_debit_normal[held] THEN a_lo[held] := a_lo[held] + amount; ELSE a_hi[held] := a_hi[held] - amount; END IF;
    END IF;
  END LOOP;
  IF p_atomic AND v_culprit > 0 AND v_posted > 0 THEN
    -- All or none: what would have been posted is refused because of the first that was.
    FOR t IN 1 .. n LOOP
      IF t_state IS NULL OR t_state[t] = 0 THEN
        IF codes[t] = 0 THEN codes[t] := 60; v_refused := v_refused + 1; END IF;
      ELSIF t_state[t] = 3 THEN codes[t] := codes[t_twin[t]];
      END IF;
    END LOOP;
    v_posted := 0;
  END IF;

  -- 5 Write.
  v_xid := pg_current_xact_id(); v_epoch := audit.current_epoch();
  IF v_posted > 0 THEN
    INSERT INTO ledger.entries (tenant_id, transaction_id, debit_account_id, credit_account_id, amount_minor, debit_seq, debit_net,
                                credit_seq, credit_net, recorded_at, effective_at, effective_on, n, currency)
    SELECT v_tenant, u.id, u.debit, u.credit, u.amount, u.debit_seq, u.debit_net, u.credit_seq, u.credit_net, v_now,
           coalesce(f.at, v_clock), f.day, coalesce(u.n, 1), u.currency
      FROM unnest(e_id, p_debits, p_credits, p_amounts, e_debit_seq, e_debit_net, e_credit_seq, e_credit_net, e_n, e_posting, p_currencies)
           WITH ORDINALITY u (id, debit, credit, amount, debit_seq, debit_net, credit_seq, credit_net, n, t, currency, e)
      JOIN unnest(t_day, p_effective_at) WITH ORDINALITY f (day, at, t) ON f.t = coalesce(u.t, u.e)
     WHERE u.debit_seq > 0
     ORDER BY u.e;
    UPDATE ledger.accounts a SET net_minor = u.net, seq = u.seq, reserved_minor = u.reserved
      FROM unnest(a_id, a_net, a_seq, a_reserved) u (id, net, seq, reserved)
     WHERE a.tenant_id = v_tenant AND a.id = ANY (a_id) AND a.id = u.id AND a.seq <> u.seq;
    SELECT array_agg(x.id) INTO t_event
      FROM (SELECT CASE WHEN u.code = 0 AND coalesce(u.state, 0) = 0 THEN nextval('audit.event_id') ELSE 0 END AS id
              FROM unnest(codes, t_state) WITH ORDINALITY u (code, state, o) ORDER BY u.o) x;
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
                   ('{"transaction_id":' || u.id || ',"entries":[' || k.entries || ']'
                     || CASE WHEN u.source_id IS NULL THEN '' ELSE ',"source_type":' || to_json(u.source_type) || ',"source_id":' || to_json(u.source_id) END
                     || CASE WHEN u.reverses <> 0 THEN ',"reverses":' || u.reverses ELSE '' END
                     || CASE WHEN u.reservation <> 0 THEN ',"reservation_id":' || u.reservation ELSE '' END || '}')::jsonb AS data
              FROM unnest(t_event, ids, p_source_types, p_source_ids, p_reverses, p_reservations, p_actor_types, p_actors, p_persons, p_correlations)
                   WITH ORDINALITY u (event, id, source_type, source_id, reverses, reservation, actor_type, actor, person, correlation, o)
              JOIN (SELECT coalesce(w.t, w.e) AS t, string_agg('{"debit":' || w.debit || ',"credit":' || w.credit || ',"amount_minor":' || w.amount
                             || ',"currency":"' || w.currency || '"}', ',' ORDER BY w.e) AS entries
                      FROM unnest(e_posting, p_debits, p_credits, p_amounts, p_currencies, e_debit_seq) WITH ORDINALITY
                           w (t, debit, credit, amount, currency, debit_seq, e)
                     WHERE w.debit_seq > 0
                     GROUP BY coalesce(w.t, w.e)) k ON k.t = u.o
             WHERE u.event > 0
             ORDER BY u.event) x;
    INSERT INTO messaging.outbox_messages (tenant_id, created_at, event_type, aggregate_type, aggregate_id, audit_event_id, audit_xid,
                                           audit_epoch, correlation_id)
    SELECT v_tenant, v_now, 'ledger.transaction.posted', 'transaction', u.id::text, u.event, v_xid, v_epoch, coalesce(u.correlation, v_correlation)
      FROM unnest(t_event, ids, p_correlations) u (event, id, correlation)
     WHERE u.event > 0
     ORDER BY u.event;
    IF p_reservations IS NOT NULL THEN
      INSERT INTO ledger.reservation_events (tenant_id, reservation_id, id, recorded_at, amount_minor, transaction_id, kind)
      SELECT v_tenant, u.reservation, nextval('ledger.reservation_event_ids'), v_now, u.amount, u.id, 'captured'
        FROM unnest(p_reservations, p_amounts, ids, t_event) u (reservation, amount, id, event)
       WHERE u.event > 0 AND u.reservation <> 0;
      UPDATE ledger.reservations s
         SET remaining_minor = u.remaining, captured_minor = s.captured_minor + s.remaining_minor - u.remaining, status = u.status, updated_at = v_now
        FROM unnest(r_id, r_left, r_status) u (id, remaining, status)
       WHERE s.tenant_id = v_tenant AND s.id = ANY (r_id) AND s.id = u.id AND s.remaining_minor <> u.remaining;
    END IF;
  END IF;
  IF v_refused > 0 THEN
    WITH refused AS (
      INSERT INTO ledger.refusals (tenant_id, request_id, refused_at, code, facts)
      SELECT v_tenant, u.id, v_now, u.code,
             CASE WHEN u.code = 60 THEN jsonb_build_object('refused_key', p_keys[v_culprit])
                  ELSE jsonb_strip_nulls(jsonb_build_object(
                    'entry', CASE WHEN e.e IS NOT NULL THEN coalesce(e.n, 1) END,
                    'debit', e.debit, 'credit', e.credit, 'amount_minor', e.amount, 'currency', e.currency,
                    'account', CASE WHEN u.code IN (40, 41) THEN u.account END,
                    'available_minor', CASE WHEN u.code IN (23, 40, 41) THEN u.room END,
                    'reservation', nullif(u.reservation, 0), 'reservation_status', CASE WHEN u.code = 22 THEN w.status END,
                    'reverses', nullif(u.reverses, 0))) END
        FROM unnest(ids, codes, t_entry, t_account, t_room, t_state, p_reservations, t_reservation, p_reverses) WITH ORDINALITY
             u (id, code, entry, account, room, state, reservation, position, reverses, o)
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
  IF v_culprit > 0 THEN
    SELECT array_agg(x.facts) INTO facts
      FROM (SELECT f.facts FROM unnest(ids) WITH ORDINALITY u (id, o)
              LEFT JOIN ledger.refusals f ON f.tenant_id = v_tenant AND f.request_id = u.id AND f.request_id = ANY (ids)
             ORDER BY u.o) x;
  END IF;
END $$;
COMMENT ON FUNCTION ledger.post_batch(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[],
  bigint[], bigint[], boolean, text[], text[], text[], text[]) IS
  'The one judge and writer of entries; reached through post_one, post_many, post_group, capture_many and reverse_one. p_actor_types … p_correlations: who asked for each (NULL: the context)';
ALTER FUNCTION ledger.post_batch(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[],
  bigint[], bigint[], boolean, text[], text[], text[], text[]) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.post_many(
  p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[],
  p_effective_at timestamptz[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_atomic boolean,
  OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[]
) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.codes, b.ids, b.replayed, b.facts
    FROM ledger.post_batch(p_keys, p_counts, p_debits, p_credits, p_amounts, p_currencies, p_effective_at, p_source_types, p_source_ids,
                           p_descriptions, p_metadata, NULL, NULL, p_atomic) b
$$;
COMMENT ON FUNCTION ledger.post_many(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[], boolean) IS
  'Posts up to 10,000 transactions, each atomic by itself or all together. p_counts: entries a posting (NULL: one each). Answers in order: result codes, numbers, replayed, figures of refusals';
ALTER FUNCTION ledger.post_many(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[], boolean) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.post_many(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[], boolean) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.post_group(
  p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[],
  p_effective_at timestamptz[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[],
  p_actor_types text[], p_actors text[], p_persons text[], p_correlations text[],
  OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[],
  OUT recorded_at timestamptz[], OUT effective_at timestamptz[], OUT effective_on date[], OUT routed boolean[], OUT metadata jsonb[]
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
BEGIN
  SELECT b.codes, b.ids, b.replayed, b.facts INTO codes, ids, replayed, facts
    FROM ledger.post_batch(p_keys, p_counts, p_debits, p_credits, p_amounts, p_currencies, p_effective_at, p_source_types, p_source_ids,
                           p_descriptions, p_metadata, NULL, NULL, false, p_actor_types => p_actor_types, p_actors => p_actors,
                           p_persons => p_persons, p_correlations => p_correlations) b;
  SELECT array_agg(t.recorded_at ORDER BY u.o), array_agg(t.effective_at ORDER BY u.o), array_agg(t.effective_on ORDER BY u.o),
         array_agg(t.asked_effective_at IS NOT NULL ORDER BY u.o),
         CASE WHEN bool_or(t.metadata IS NOT NULL) THEN array_agg(t.metadata ORDER BY u.o) END
    INTO recorded_at, effective_at, effective_on, routed, metadata
    FROM unnest(ids) WITH ORDINALITY u (id, o)
    JOIN ledger.transactions t ON t.tenant_id = v_tenant AND t.id = u.id AND t.id = ANY (ids);
END $$;
COMMENT ON FUNCTION ledger.post_group(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[],
  text[], text[], text[], text[]) IS
  'post_many for several callers of one tenant who share a commit: each row keeps its own actor, person and correlation id. Also answers what a document of each needs';
ALTER FUNCTION ledger.post_group(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[],
  text[], text[], text[], text[]) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.post_group(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[],
  text[], text[], text[], text[]) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.post_one(
  p_key text, p_debit bigint, p_credit bigint, p_amount bigint, p_currency text, p_effective_at timestamptz, p_source_type text,
  p_source_id text, p_description text, p_metadata jsonb,
  OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_now timestamptz; v_clock timestamptz; v_day date; v_zone text;
  v_account record; dr record; cr record;
  v_event bigint; v_xid xid8; v_epoch integer; v_payment_id text; v_data jsonb;
  v_actor_type CONSTANT text := core.actor_type(); v_actor CONSTANT text := core.actor_id();
  v_person CONSTANT text := core.person_id(); v_correlation CONSTANT text := core.correlation_id();
BEGIN
  <<short>> BEGIN
    EXIT short WHEN num_nulls(p_key, p_debit, p_credit, p_amount, p_currency) > 0 OR p_debit = p_credit
      OR p_amount NOT BETWEEN 1 AND 4611686018427387903 OR length(p_key) NOT BETWEEN 1 AND 255;
    FOR v_account IN
      SELECT a.id, a.net_minor AS net, a.seq, a.currency, a.status, a.next_expiry_at, l.time_zone,
             CASE WHEN a.type IN ('ASSET', 'EXPENSE') THEN a.lo_minor + a.reserved_minor ELSE a.lo_minor END AS lo,
             CASE WHEN a.type IN ('ASSET', 'EXPENSE') THEN a.hi_minor ELSE a.hi_minor - a.reserved_minor END AS hi
        FROM ledger.accounts a
        LEFT JOIN tenants.legal_entities l ON l.tenant_id = v_tenant AND l.id = a.legal_entity_id
       WHERE a.tenant_id = v_tenant AND a.id IN (p_debit, p_credit)
       ORDER BY a.id
         FOR NO KEY UPDATE OF a
    LOOP
      IF v_account.id = p_debit THEN dr := v_account; ELSE cr := v_account; END IF;
    END LOOP;
    v_now := clock_timestamp(); v_clock := tenants.now();
    EXIT short WHEN dr IS NULL OR cr IS NULL;
    EXIT short WHEN dr.currency <> p_currency OR cr.currency <> p_currency OR dr.status <> 'open' OR cr.status <> 'open'
      OR dr.next_expiry_at <= v_clock OR cr.next_expiry_at <= v_clock
      OR dr.net + p_amount > dr.hi OR cr.net - p_amount < cr.lo;
    v_zone := coalesce(dr.time_zone, cr.time_zone, 'UTC');
    v_day := (coalesce(p_effective_at, v_clock) AT TIME ZONE v_zone)::date;
    EXIT short WHEN p_effective_at > v_clock AND v_day > (v_clock AT TIME ZONE v_zone)::date;

    id := nextval('ledger.request_ids');
    INSERT INTO ledger.transactions (tenant_id, id, recorded_at, effective_at, effective_on, hash_formula, body_hash, key, source_type, source_id,
                                     description, metadata)
    VALUES (v_tenant, id, v_now, coalesce(p_effective_at, v_clock), v_day, 1,
            ledger.body_hash(p_debit || ':' || p_credit || ':' || p_amount || ':' || p_currency, NULL, NULL, p_effective_at, p_source_type, p_source_id,
                             p_description, p_metadata),
            p_key, p_source_type, p_source_id, p_description, p_metadata)
    ON CONFLICT (tenant_id, key) DO NOTHING;
    EXIT short WHEN NOT FOUND;
    INSERT INTO ledger.entries (tenant_id, transaction_id, debit_account_id, credit_account_id, amount_minor, debit_seq, debit_net, credit_seq,
                                credit_net, recorded_at, effective_at, effective_on, n, currency)
    VALUES (v_tenant, id, p_debit, p_credit, p_amount, dr.seq + 1, dr.net + p_amount, cr.seq + 1, cr.net - p_amount, v_now,
            coalesce(p_effective_at, v_clock), v_day, 1, p_currency);
    UPDATE ledger.accounts a
       SET net_minor = a.net_minor + CASE WHEN a.id = p_debit THEN p_amount ELSE -p_amount END, seq = a.seq + 1
     WHERE a.tenant_id = v_tenant AND a.id IN (p_debit, p_credit);
    v_event := nextval('audit.event_id'); v_xid := pg_current_xact_id(); v_epoch := audit.current_epoch();
    v_payment_id := CASE WHEN p_source_id LIKE 'pay\_%' THEN p_source_id END;
    v_data := ('{"transaction_id":' || id || ',"entries":[{"debit":' || p_debit || ',"credit":' || p_credit || ',"amount_minor":' || p_amount
      || ',"currency":"' || p_currency || '"}]'
      || CASE WHEN p_source_id IS NULL THEN '' ELSE ',"source_type":' || to_json(p_source_type) || ',"source_id":' || to_json(p_source_id) END || '}')::jsonb;
    INSERT INTO audit.events (tenant_id, id, event_time, xid, epoch, formula, type, actor_type, actor_id, person_id, correlation_id, payment_id,
                              ingestion_id, data, witness)
    VALUES (v_tenant, v_event, v_now, v_xid, v_epoch, 1, 'ledger.transaction.posted', v_actor_type, v_actor, v_person, v_correlation, v_payment_id,
            NULL, v_data,
            audit.witness(v_tenant, v_event, v_now, v_xid, v_epoch, 1::smallint, 'ledger.transaction.posted', v_actor_type, v_actor, v_person,
                          v_correlation, v_payment_id, NULL, v_data));
    INSERT INTO messaging.outbox_messages (tenant_id, created_at, event_type, aggregate_type, aggregate_id, audit_event_id, audit_xid, audit_epoch,
                                           correlation_id)
    VALUES (v_tenant, v_now, 'ledger.transaction.posted', 'transaction', id::text, v_event, v_xid, v_epoch, v_correlation);
    code := 0; replayed := false;
    RETURN;
  END short;
  -- Something speaks against it, or the key is known: the batch form says what, and records it.
  SELECT b.codes[1], b.ids[1], b.replayed[1], b.facts[1] INTO code, id, replayed, facts
    FROM ledger.post_batch(ARRAY[p_key], NULL, ARRAY[p_debit], ARRAY[p_credit], ARRAY[p_amount], ARRAY[p_currency], ARRAY[p_effective_at],
                           ARRAY[p_source_type], ARRAY[p_source_id], ARRAY[p_description], ARRAY[p_metadata], NULL, NULL, false) b;
END $$;
COMMENT ON FUNCTION ledger.post_one(text, bigint, bigint, bigint, text, timestamptz, text, text, text, jsonb) IS
  'Posts one transaction of one entry: the short way of post_many, with the same answers';
ALTER FUNCTION ledger.post_one(text, bigint, bigint, bigint, text, timestamptz, text, text, text, jsonb) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.post_one(text, bigint, bigint, bigint, text, timestamptz, text, text, text, jsonb) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.reverse_one(
  p_key text, p_transaction bigint, p_reason text, OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_source_type text; v_source_id text;
  v_debits bigint[]; v_credits bigint[]; v_amounts bigint[]; v_currencies text[];
BEGIN
  SELECT s.source_type, s.source_id INTO v_source_type, v_source_id
    FROM ledger.transactions s WHERE s.tenant_id = v_tenant AND s.id = p_transaction;
  -- The last entry first, so that an account passed through is filled before it is emptied.
  SELECT array_agg(k.credit_account_id ORDER BY k.n DESC), array_agg(k.debit_account_id ORDER BY k.n DESC),
         array_agg(k.amount_minor ORDER BY k.n DESC), array_agg(k.currency ORDER BY k.n DESC)
    INTO v_debits, v_credits, v_amounts, v_currencies
    FROM ledger.entries k WHERE k.tenant_id = v_tenant AND k.transaction_id = p_transaction;
  IF v_debits IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG111', MESSAGE = 'there is no such posted transaction';
  END IF;
  SELECT b.codes[1], b.ids[1], b.replayed[1], b.facts[1] INTO code, id, replayed, facts
    FROM ledger.post_batch(ARRAY[p_key], ARRAY[cardinality(v_debits)], v_debits, v_credits, v_amounts, v_currencies, NULL,
                           ARRAY[v_source_type], ARRAY[v_source_id], ARRAY[p_reason], NULL, ARRAY[p_transaction], NULL, false) b;
END $$;
COMMENT ON FUNCTION ledger.reverse_one(text, bigint, text) IS
  'Posts the whole of a transaction the other way round, once. Raises HG111 where there is none';
ALTER FUNCTION ledger.reverse_one(text, bigint, text) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.reverse_one(text, bigint, text) TO headgate_app;
