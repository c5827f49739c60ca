-- Reservations. Whatever changes one holds the lock of its account, so a reservation needs no lock of its own.

CREATE OR REPLACE FUNCTION ledger.next_expiry(p_tenant uuid, p_account bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT least((SELECT min(d.expires_at) FROM ledger.reservation_expiries d WHERE d.tenant_id = p_tenant AND d.account_id = p_account),
               (SELECT min(h.expires_at) FROM ledger.pending_holds h WHERE h.tenant_id = p_tenant AND h.account_id = p_account AND h.expires_at < 'infinity'),
               'infinity')
$$;
COMMENT ON FUNCTION ledger.next_expiry(uuid, bigint) IS 'When the first active reservation or pending hold of an account falls due';
ALTER FUNCTION ledger.next_expiry(uuid, bigint) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.forget_expiries(p_accounts bigint[], p_expires_at timestamptz[], p_ids bigint[]) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM ledger.reservation_expiries d
   USING unnest(p_accounts, p_expires_at, p_ids) u (account, expires_at, id)
   WHERE d.tenant_id = core.require_tenant() AND d.account_id = u.account AND d.expires_at = u.expires_at AND d.reservation_id = u.id
     AND d.account_id = ANY (p_accounts) AND u.expires_at < 'infinity'
$$;
COMMENT ON FUNCTION ledger.forget_expiries(bigint[], timestamptz[], bigint[]) IS 'Reservations that ended fall due no more: of each its account, when it would have, and its number';
ALTER FUNCTION ledger.forget_expiries(bigint[], timestamptz[], bigint[]) OWNER TO headgate_poster;

-- Ends active reservations whose accounts the caller has locked: what is left goes back to the account.
CREATE OR REPLACE FUNCTION ledger.end_reservations(p_ids bigint[], p_status text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_now CONSTANT timestamptz := clock_timestamp();
  v_ids bigint[]; v_accounts bigint[]; v_rest bigint[]; v_expires_at timestamptz[];
BEGIN
  SELECT array_agg(x.id), array_agg(x.account_id), array_agg(x.remaining_minor), array_agg(x.expires_at) INTO v_ids, v_accounts, v_rest, v_expires_at
    FROM (SELECT s.id, s.account_id, s.remaining_minor, s.expires_at FROM ledger.reservations s
           WHERE s.tenant_id = v_tenant AND s.id = ANY (p_ids) AND s.status = 'active' ORDER BY s.id) x;
  IF v_ids IS NULL THEN RETURN; END IF;
  INSERT INTO ledger.reservation_events (tenant_id, reservation_id, id, recorded_at, amount_minor, kind)
  SELECT v_tenant, u.id, nextval('ledger.reservation_event_ids'), v_now, u.rest, p_status FROM unnest(v_ids, v_rest) u (id, rest);
  UPDATE ledger.reservations s
     SET released_minor = s.released_minor + s.remaining_minor, remaining_minor = 0, status = p_status, updated_at = v_now
   WHERE s.tenant_id = v_tenant AND s.id = ANY (v_ids);
  PERFORM ledger.forget_expiries(v_accounts, v_expires_at, v_ids);
  UPDATE ledger.accounts a
     SET reserved_minor = a.reserved_minor - u.rest, next_expiry_at = u.next_expiry_at
    FROM (SELECT w.account, sum(w.rest)::bigint AS rest, ledger.next_expiry(v_tenant, w.account) AS next_expiry_at
            FROM unnest(v_accounts, v_rest) w (account, rest) GROUP BY w.account) u
   WHERE a.tenant_id = v_tenant AND a.id = ANY (v_accounts) AND a.id = u.account;
  IF EXISTS (SELECT FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = ANY (v_accounts) AND a.is_watched) THEN
    PERFORM ledger.watch(v_accounts);
  END IF;
  PERFORM ledger.announce_reservations('ledger.reservation.' || p_status, v_now, v_ids, v_rest);
END $$;
COMMENT ON FUNCTION ledger.end_reservations(bigint[], text) IS 'Releases or expires active reservations; the caller holds their accounts'' locks';
ALTER FUNCTION ledger.end_reservations(bigint[], text) OWNER TO headgate_poster;

-- One audit event and one message for each reservation, in sets.
CREATE OR REPLACE FUNCTION ledger.tell_of_reservations(p_type text, p_now timestamptz, p_ids bigint[], p_payments text[], p_data text[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_xid CONSTANT xid8 := pg_current_xact_id(); v_epoch CONSTANT integer := audit.current_epoch();
  v_actor_type CONSTANT text := core.actor_type(); v_actor CONSTANT text := core.actor_id();
  v_person CONSTANT text := core.person_id(); v_correlation CONSTANT text := core.correlation_id();
  v_events bigint[];
BEGIN
  SELECT array_agg(nextval('audit.event_id')) INTO v_events FROM generate_series(1, cardinality(p_ids));
  INSERT INTO audit.events (tenant_id, id, event_time, xid, epoch, formula, type, actor_type, actor_id, person_id, correlation_id,
                            payment_id, ingestion_id, data, witness)
  SELECT v_tenant, x.event, p_now, v_xid, v_epoch, 1, p_type, v_actor_type, v_actor, v_person, v_correlation, x.payment_id, NULL, x.data,
         audit.witness(v_tenant, x.event, p_now, v_xid, v_epoch, 1::smallint, p_type, v_actor_type, v_actor, v_person, v_correlation,
                       x.payment_id, NULL, x.data)
    FROM (SELECT u.event, u.payment_id, u.data::jsonb AS data FROM unnest(v_events, p_payments, p_data) u (event, payment_id, data)) x;
  INSERT INTO messaging.outbox_messages (tenant_id, created_at, event_type, aggregate_type, aggregate_id, audit_event_id, audit_xid,
                                         audit_epoch, correlation_id)
  SELECT v_tenant, p_now, p_type, 'reservation', u.id::text, u.event, v_xid, v_epoch, v_correlation FROM unnest(p_ids, v_events) u (id, event);
END $$;
COMMENT ON FUNCTION ledger.tell_of_reservations(text, timestamptz, bigint[], text[], text[]) IS
  'One audit event and one message a reservation, with these facts; for announce_reservations and reserve_many';
ALTER FUNCTION ledger.tell_of_reservations(text, timestamptz, bigint[], text[], text[]) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.reservation_facts(p_id bigint, p_account bigint, p_amount bigint, p_currency text, p_reserve_type text, p_source_ref text)
  RETURNS text LANGUAGE sql STABLE AS $$
  SELECT '{"reservation_id":' || p_id || ',"account":' || p_account || ',"amount_minor":' || p_amount || ',"currency":"' || p_currency
         || '","reserve_type":' || to_json(p_reserve_type) || ',"source_ref":' || to_json(p_source_ref) || '}'
$$;
COMMENT ON FUNCTION ledger.reservation_facts(bigint, bigint, bigint, text, text, text) IS 'What an event tells of a reservation, as JSON';
ALTER FUNCTION ledger.reservation_facts(bigint, bigint, bigint, text, text, text) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.announce_reservations(p_type text, p_now timestamptz, p_ids bigint[], p_amounts bigint[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
BEGIN
  PERFORM ledger.tell_of_reservations(p_type, p_now, array_agg(x.id), array_agg(x.payment_id), array_agg(x.data))
     FROM (SELECT u.id, CASE WHEN s.source_ref LIKE 'pay\_%' THEN s.source_ref END AS payment_id,
                  ledger.reservation_facts(s.id, s.account_id, u.amount, s.currency, s.reserve_type, s.source_ref) AS data
             FROM unnest(p_ids, p_amounts) WITH ORDINALITY u (id, amount, o)
             JOIN ledger.reservations s ON s.tenant_id = v_tenant AND s.id = u.id AND s.id = ANY (p_ids)
            ORDER BY u.o) x;
END $$;
COMMENT ON FUNCTION ledger.announce_reservations(text, timestamptz, bigint[], bigint[]) IS 'One audit event and one message a reservation that stands already';
ALTER FUNCTION ledger.announce_reservations(text, timestamptz, bigint[], bigint[]) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.expire_overdue(p_accounts bigint[], p_clock timestamptz) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_due CONSTANT bigint[] := ARRAY(SELECT d.reservation_id FROM ledger.reservation_expiries d
    WHERE d.tenant_id = v_tenant AND d.account_id = ANY (p_accounts) AND d.expires_at <= p_clock);
BEGIN
  PERFORM ledger.end_reservations(v_due, 'expired');
  PERFORM ledger.give_back(p_accounts, NULL, p_clock);
  -- A bound that outlived its reservation (captured or released since) is moved on, or every posting would look again.
  UPDATE ledger.accounts a
     SET next_expiry_at = ledger.next_expiry(v_tenant, a.id)
   WHERE a.tenant_id = v_tenant AND a.id = ANY (p_accounts) AND a.next_expiry_at <= p_clock;
  RETURN cardinality(v_due);
END $$;
COMMENT ON FUNCTION ledger.expire_overdue(bigint[], timestamptz) IS 'Marks what is overdue on accounts that the caller has locked; says how many';
ALTER FUNCTION ledger.expire_overdue(bigint[], timestamptz) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.expire_due() RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_clock CONSTANT timestamptz := tenants.now();
  v_accounts CONSTANT bigint[] := ARRAY(SELECT DISTINCT d.account_id FROM ledger.reservation_expiries d
    WHERE d.tenant_id = v_tenant AND d.expires_at <= v_clock);
BEGIN
  PERFORM FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = ANY (v_accounts) ORDER BY a.id FOR NO KEY UPDATE;
  RETURN ledger.expire_overdue(v_accounts, v_clock);
END $$;
COMMENT ON FUNCTION ledger.expire_due() IS 'Marks every overdue reservation of the tenant in context; says how many';
ALTER FUNCTION ledger.expire_due() OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.expire_due() TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.reserve_many(
  p_keys text[], p_accounts bigint[], p_amounts bigint[], p_currencies text[], p_reserve_types text[], p_source_refs text[],
  p_expires_at timestamptz[], p_atomic boolean,
  OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[]
) LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  n CONSTANT integer := cardinality(p_keys);
  v_now timestamptz; v_clock timestamptz; v_next_expiry timestamptz; v_wanted bigint[];
  a_id bigint[]; a_room bigint[]; a_up bigint[]; a_currency text[]; a_status text[];
  t_account integer[]; t_code smallint[]; t_hash bytea[]; t_state smallint[]; t_twin integer[]; t_room bigint[];
  v_claimed integer; v_made integer := 0; v_refused integer := 0; v_culprit integer := 0;
  a integer; amount bigint;
  v_xid xid8; v_epoch integer;
  v_actor_type CONSTANT text := core.actor_type(); v_actor CONSTANT text := core.actor_id();
  v_person CONSTANT text := core.person_id(); v_correlation CONSTANT text := core.correlation_id();
BEGIN
  PERFORM ledger.check_batch(p_keys, NULL, cardinality(p_accounts), cardinality(p_amounts), cardinality(p_currencies),
                             cardinality(p_reserve_types), cardinality(p_source_refs), coalesce(cardinality(p_expires_at), n));
  IF array_position(p_accounts, NULL) IS NOT NULL OR array_position(p_amounts, NULL) IS NOT NULL
     OR (SELECT bool_or(octet_length(u) IS DISTINCT FROM 3) FROM unnest(p_currencies) u)
     OR (SELECT bool_or(u.t IS NULL OR u.s IS NULL OR length(u.t) NOT BETWEEN 1 AND 100 OR length(u.s) NOT BETWEEN 1 AND 255)
           FROM unnest(p_reserve_types, p_source_refs) u (t, s)) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110',
      MESSAGE = 'a reservation names its account, its amount, a currency of three letters, its type and its source';
  END IF;

  -- 1 Lock and read, as ledger.post_batch does; the room is what may still leave the account.
  v_wanted := ARRAY(SELECT DISTINCT u FROM unnest(p_accounts) u);
  LOOP
    SELECT array_agg(x.id), array_agg(x.room), array_agg(x.currency), array_agg(x.status), min(x.next_expiry_at)
      INTO a_id, a_room, a_currency, a_status, v_next_expiry
      FROM (SELECT b.id, b.currency, b.status, b.next_expiry_at,
                   CASE WHEN b.type IN ('ASSET', 'EXPENSE') THEN b.net_minor - b.lo_minor ELSE b.hi_minor - b.net_minor END
                     - b.reserved_minor - b.pending_out_minor AS room
              FROM ledger.accounts b WHERE b.tenant_id = v_tenant AND b.id = ANY (v_wanted) ORDER BY b.id FOR NO KEY UPDATE) x;
    v_now := clock_timestamp();
    v_clock := tenants.now();
    EXIT WHEN v_next_expiry IS NULL OR v_next_expiry > v_clock;
    PERFORM ledger.expire_overdue(a_id, v_clock);
  END LOOP;

  -- 2 What does not depend on order.
  SELECT array_agg(x.account), array_agg(x.code), array_agg(x.hash) INTO t_account, t_code, t_hash
    FROM (SELECT w.p::integer AS account,
                 (CASE WHEN u.amount <= 0 THEN 10 WHEN u.amount > 4611686018427387903 THEN 11 WHEN w.p IS NULL THEN 13
                       WHEN w.currency <> u.currency THEN 15 WHEN w.status = 'closed' THEN 16 WHEN w.status = 'frozen' THEN 17
                       WHEN u.expires_at <= v_clock THEN 19 ELSE 0 END)::smallint AS code,
                 ledger.body_hash(u.account || ':' || u.amount || ':' || u.currency, NULL, NULL, nullif(u.expires_at, 'infinity'), u.reserve_type,
                                  u.source_ref, NULL, NULL) AS hash
            FROM unnest(p_accounts, p_amounts, p_currencies, p_reserve_types, p_source_refs, p_expires_at) WITH ORDINALITY
                 u (account, amount, currency, reserve_type, source_ref, expires_at, o)
            LEFT JOIN unnest(a_id, a_currency, a_status) WITH ORDINALITY w (id, currency, status, p) ON w.id = u.account
           ORDER BY u.o) x;

  -- 3 Claim the keys, as ledger.post_batch does.
  SELECT array_agg(nextval('ledger.request_ids')) INTO ids FROM generate_series(1, n);
  IF n >= 10 THEN
    BEGIN
      INSERT INTO ledger.reservation_requests (tenant_id, id, recorded_at, hash_formula, body_hash, key)
      SELECT v_tenant, u.id, v_now, 1, u.hash, u.key FROM unnest(ids, t_hash, p_keys) u (id, hash, key) ORDER BY u.key, u.id;
      GET DIAGNOSTICS v_claimed = ROW_COUNT;
    EXCEPTION WHEN unique_violation THEN NULL;
    END;
  END IF;
  IF v_claimed IS NULL THEN
    INSERT INTO ledger.reservation_requests (tenant_id, id, recorded_at, hash_formula, body_hash, key)
    SELECT v_tenant, u.id, v_now, 1, u.hash, u.key FROM unnest(ids, t_hash, p_keys) u (id, hash, key) ORDER BY u.key, u.id
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
                   (CASE WHEN s.id = u.id THEN 0 WHEN s.body_hash <> u.hash OR s.hash_formula <> 1 THEN 2 ELSE coalesce(f.code, 0) END)::smallint AS code
              FROM unnest(ids, t_hash, p_keys) WITH ORDINALITY u (id, hash, key, o)
              JOIN ledger.reservation_requests s ON s.tenant_id = v_tenant AND s.key = u.key AND s.key = ANY (p_keys)
              LEFT JOIN unnest(ids) WITH ORDINALITY w (id, o) ON w.id = s.id
              LEFT JOIN ledger.refusals f ON f.tenant_id = v_tenant AND f.request_id = s.id
             ORDER BY u.o) x;
    IF p_atomic AND 2 = ANY (t_state) THEN
      RAISE EXCEPTION USING ERRCODE = 'HG101', MESSAGE = 'a key of this batch stands for another reservation already; nothing was reserved',
        DETAIL = jsonb_build_object('idempotency_key', p_keys[array_position(t_state, 2::smallint)])::text;
    END IF;
  END IF;

  -- 4 Judge in order.
  a_up := array_fill(0::bigint, ARRAY[coalesce(cardinality(a_id), 0)]);
  t_room := array_fill(0::bigint, ARRAY[n]);
  FOR t IN 1 .. n LOOP
    IF t_state IS NOT NULL AND t_state[t] <> 0 THEN
      IF t_state[t] = 3 THEN codes[t] := codes[t_twin[t]]; END IF;
    ELSIF t_code[t] <> 0 THEN
      codes[t] := t_code[t]; v_refused := v_refused + 1;
    ELSE
      a := t_account[t]; amount := p_amounts[t];
      IF a_room[a] < amount THEN
        codes[t] := 40; t_room[t] := a_room[a]; v_refused := v_refused + 1;
      ELSE
        a_room[a] := a_room[a] - amount; a_up[a] := a_up[a] + amount; v_made := v_made + 1;
      END IF;
    END IF;
    IF codes[t] >= 10 AND v_culprit = 0 THEN v_culprit := t; END IF;
  END LOOP;
  IF p_atomic AND v_culprit > 0 AND v_made > 0 THEN
    FOR t IN 1 .. n LOOP
      IF t_state IS NULL OR t_state[t] = 0 THEN
        IF codes[t] = 0 THEN codes[t] := 60; v_refused := v_refused + 1; END IF;
      ELSIF t_state[t] = 3 THEN codes[t] := codes[t_twin[t]];
      END IF;
    END LOOP;
    v_made := 0;
  END IF;

  -- 5 Write.
  v_xid := pg_current_xact_id(); v_epoch := audit.current_epoch();
  IF v_made > 0 THEN
    INSERT INTO ledger.reservations (tenant_id, id, account_id, amount_minor, remaining_minor, created_at, updated_at, expires_at, currency,
                                     reserve_type, source_ref)
    SELECT v_tenant, u.id, u.account, u.amount, u.amount, v_now, v_now, coalesce(u.expires_at, 'infinity'), u.currency, u.reserve_type, u.source_ref
      FROM unnest(ids, p_accounts, p_amounts, p_expires_at, p_currencies, p_reserve_types, p_source_refs, codes, t_state)
           u (id, account, amount, expires_at, currency, reserve_type, source_ref, code, state)
     WHERE u.code = 0 AND coalesce(u.state, 0) = 0;
    IF p_expires_at IS NOT NULL THEN
      INSERT INTO ledger.reservation_expiries (tenant_id, account_id, expires_at, reservation_id)
      SELECT v_tenant, u.account, u.expires_at, u.id FROM unnest(ids, p_accounts, p_expires_at, codes, t_state) u (id, account, expires_at, code, state)
       WHERE u.code = 0 AND coalesce(u.state, 0) = 0 AND u.expires_at < 'infinity';
    END IF;
    UPDATE ledger.accounts b
       SET reserved_minor = b.reserved_minor + u.up, next_expiry_at = least(b.next_expiry_at, w.expires_at)
      FROM unnest(a_id, a_up) u (id, up)
      JOIN (SELECT k.account, min(coalesce(k.expires_at, 'infinity')) AS expires_at
              FROM unnest(p_accounts, p_expires_at, codes, t_state) k (account, expires_at, code, state)
             WHERE k.code = 0 AND coalesce(k.state, 0) = 0 GROUP BY k.account) w ON w.account = u.id
     WHERE b.tenant_id = v_tenant AND b.id = ANY (a_id) AND b.id = u.id AND u.up > 0;
    IF EXISTS (SELECT FROM ledger.accounts b WHERE b.tenant_id = v_tenant AND b.id = ANY (a_id) AND b.is_watched) THEN
      PERFORM ledger.watch(a_id);
    END IF;
    PERFORM ledger.tell_of_reservations('ledger.reservation.created', v_now, array_agg(u.id),
                                        array_agg(CASE WHEN u.source_ref LIKE 'pay\_%' THEN u.source_ref END),
                                        array_agg(ledger.reservation_facts(u.id, u.account, u.amount, u.currency, u.reserve_type, u.source_ref)))
       FROM unnest(ids, p_accounts, p_amounts, p_currencies, p_reserve_types, p_source_refs, codes, t_state)
            u (id, account, amount, currency, reserve_type, source_ref, code, state)
      WHERE u.code = 0 AND coalesce(u.state, 0) = 0;
  END IF;
  IF v_refused > 0 THEN
    WITH refused AS (
      INSERT INTO ledger.refusals (tenant_id, request_id, refused_at, code, facts)
      SELECT v_tenant, u.id, v_now, u.code,
             CASE WHEN u.code = 60 THEN jsonb_build_object('refused_key', p_keys[v_culprit])
                  ELSE jsonb_strip_nulls(jsonb_build_object('account', u.account, 'amount_minor', u.amount, 'currency', u.currency,
                    'source_ref', u.source_ref, 'available_minor', CASE WHEN u.code = 40 THEN u.room END)) END
        FROM unnest(ids, codes, p_accounts, p_amounts, p_currencies, p_source_refs, t_room, t_state)
             u (id, code, account, amount, currency, source_ref, room, state)
       WHERE u.code >= 10 AND coalesce(u.state, 0) = 0
      RETURNING refusals.request_id, refusals.code, refusals.facts
    )
    INSERT INTO audit.events (tenant_id, id, event_time, xid, epoch, formula, type, actor_type, actor_id, person_id, correlation_id,
                              payment_id, ingestion_id, data, witness)
    SELECT v_tenant, x.id, v_now, v_xid, v_epoch, 1, 'ledger.reservation.refused', v_actor_type, v_actor, v_person, v_correlation, NULL, NULL, x.data,
           audit.witness(v_tenant, x.id, v_now, v_xid, v_epoch, 1::smallint, 'ledger.reservation.refused', v_actor_type, v_actor, v_person,
                         v_correlation, NULL, NULL, x.data)
      FROM (SELECT nextval('audit.event_id') AS id, jsonb_build_object('reservation_id', f.request_id, 'code', f.code, 'facts', f.facts) AS data
              FROM refused f) x;
  END IF;
  IF v_culprit > 0 THEN
    SELECT array_agg(x.facts) INTO facts
      FROM (SELECT f.facts FROM unnest(ids) WITH ORDINALITY u (id, o)
              LEFT JOIN ledger.refusals f ON f.tenant_id = v_tenant AND f.request_id = u.id AND f.request_id = ANY (ids)
             ORDER BY u.o) x;
  END IF;
END $$;
COMMENT ON FUNCTION ledger.reserve_many(text[], bigint[], bigint[], text[], text[], text[], timestamptz[], boolean) IS
  'Sets money of accounts aside, each by itself or all together (p_atomic). Answers in order: result codes, numbers, replayed, figures of refusals';
ALTER FUNCTION ledger.reserve_many(text[], bigint[], bigint[], text[], text[], text[], timestamptz[], boolean) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.reserve_many(text[], bigint[], bigint[], text[], text[], text[], timestamptz[], boolean) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.reserve_one(
  p_key text, p_account bigint, p_amount bigint, p_currency text, p_reserve_type text, p_source_ref text, p_expires_at timestamptz,
  OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb
) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.codes[1], b.ids[1], b.replayed[1], b.facts[1]
    FROM ledger.reserve_many(ARRAY[p_key], ARRAY[p_account], ARRAY[p_amount], ARRAY[p_currency], ARRAY[p_reserve_type], ARRAY[p_source_ref],
                             ARRAY[p_expires_at], false) b
$$;
COMMENT ON FUNCTION ledger.reserve_one(text, bigint, bigint, text, text, text, timestamptz) IS 'reserve_many for one';
ALTER FUNCTION ledger.reserve_one(text, bigint, bigint, text, text, text, timestamptz) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.reserve_one(text, bigint, bigint, text, text, text, timestamptz) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.capture_many(
  p_keys text[], p_reservations bigint[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[],
  p_effective_at timestamptz[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_atomic boolean,
  OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[]
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF array_position(p_reservations, NULL) IS NOT NULL OR 0 = ANY (p_reservations) OR cardinality(p_reservations) IS DISTINCT FROM cardinality(p_keys) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'every capture names its reservation';
  END IF;
  SELECT b.codes, b.ids, b.replayed, b.facts INTO codes, ids, replayed, facts
    FROM ledger.post_batch(p_keys, NULL, p_debits, p_credits, p_amounts, p_currencies, p_effective_at, p_source_types, p_source_ids,
                           p_descriptions, p_metadata, NULL, p_reservations, p_atomic) b;
END $$;
COMMENT ON FUNCTION ledger.capture_many(text[], bigint[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[], boolean) IS
  'Posts out of reservations: each posting has one entry, takes from the reserved account and uses up that much of the reservation';
ALTER FUNCTION ledger.capture_many(text[], bigint[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[], boolean) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.capture_many(text[], bigint[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[], boolean) TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.release_many(p_reservations bigint[], OUT codes smallint[])
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_accounts CONSTANT bigint[] := ARRAY(SELECT DISTINCT s.account_id FROM ledger.reservations s
    WHERE s.tenant_id = v_tenant AND s.id = ANY (p_reservations));
BEGIN
  PERFORM FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = ANY (v_accounts) ORDER BY a.id FOR NO KEY UPDATE;
  PERFORM ledger.expire_overdue(v_accounts, tenants.now());
  SELECT array_agg((CASE WHEN s.id IS NULL THEN 20 WHEN s.status = 'captured' THEN 22 ELSE 0 END)::smallint ORDER BY u.o) INTO codes
    FROM unnest(p_reservations) WITH ORDINALITY u (id, o)
    LEFT JOIN ledger.reservations s ON s.tenant_id = v_tenant AND s.id = u.id;
  PERFORM ledger.end_reservations(p_reservations, 'released');
END $$;
COMMENT ON FUNCTION ledger.release_many(bigint[]) IS
  'Gives back what is left of reservations; of one that is released or expired already, nothing. Answers in order: 0, 20 not found, 22 captured';
ALTER FUNCTION ledger.release_many(bigint[]) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.release_many(bigint[]) TO headgate_app;
