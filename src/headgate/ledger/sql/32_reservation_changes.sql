-- What becomes of a reservation before its end: more, less, longer. Under the lock of its account, as everything about it.

CREATE OR REPLACE FUNCTION ledger.change_reservation(
  p_key text, p_reservation bigint, p_kind text, p_amount bigint, p_currency text,
  OUT code smallint, OUT replayed boolean, OUT facts jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_hash CONSTANT bytea := ledger.body_hash('change:' || p_reservation || ':' || p_kind || ':' || p_amount || ':' || p_currency, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
  v_now timestamptz; v_room bigint; v_id bigint := nextval('ledger.request_ids');
  v_account ledger.accounts; v_held ledger.reservations; v_first ledger.reservation_requests;
BEGIN
  IF p_key IS NULL OR length(p_key) NOT BETWEEN 1 AND 255 OR p_kind NOT IN ('increased', 'released') OR num_nulls(p_amount, p_currency) > 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'a change of a reservation has a key of 1 to 255 characters and an amount';
  END IF;
  SELECT s.* INTO v_held FROM ledger.reservations s WHERE s.tenant_id = v_tenant AND s.id = p_reservation;
  SELECT a.* INTO v_account FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = v_held.account_id FOR NO KEY UPDATE;
  v_now := clock_timestamp();
  PERFORM ledger.expire_overdue(ARRAY[v_account.id], tenants.now());
  SELECT s.* INTO v_held FROM ledger.reservations s WHERE s.tenant_id = v_tenant AND s.id = p_reservation;
  SELECT a.* INTO v_account FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = v_held.account_id;

  INSERT INTO ledger.reservation_requests (tenant_id, id, recorded_at, hash_formula, body_hash, key)
  VALUES (v_tenant, v_id, v_now, 1, v_hash, p_key)
  ON CONFLICT (tenant_id, key) DO NOTHING;
  IF NOT FOUND THEN
    SELECT q.* INTO v_first FROM ledger.reservation_requests q WHERE q.tenant_id = v_tenant AND q.key = p_key;
    SELECT f.code, f.facts INTO code, facts FROM ledger.refusals f WHERE f.tenant_id = v_tenant AND f.request_id = v_first.id;
    code := CASE WHEN v_first.body_hash <> v_hash OR v_first.hash_formula <> 1 THEN 2 ELSE coalesce(code, 0) END;
    replayed := code <> 2;
    RETURN;
  END IF;
  replayed := false;
  v_room := CASE WHEN v_account.type IN ('ASSET', 'EXPENSE') THEN v_account.net_minor - v_account.lo_minor ELSE v_account.hi_minor - v_account.net_minor END
            - v_account.reserved_minor - v_account.pending_out_minor;
  code := CASE WHEN p_amount <= 0 THEN 10 WHEN p_amount > 4611686018427387903 THEN 11 WHEN v_held.id IS NULL THEN 20
               WHEN v_held.currency <> p_currency THEN 15 WHEN p_kind = 'increased' AND v_account.status = 'closed' THEN 16
               WHEN p_kind = 'increased' AND v_account.status = 'frozen' THEN 17 WHEN v_held.status <> 'active' THEN 22
               WHEN p_kind = 'released' AND p_amount > v_held.remaining_minor THEN 23
               WHEN p_kind = 'increased' AND p_amount > v_room THEN 40
               WHEN p_kind = 'increased' AND v_held.amount_minor > 4611686018427387903 - p_amount THEN 11 ELSE 0 END;
  IF code <> 0 THEN
    facts := jsonb_strip_nulls(jsonb_build_object('reservation', p_reservation, 'amount_minor', p_amount, 'currency', p_currency,
      'account', v_held.account_id, 'reservation_status', CASE WHEN code = 22 THEN v_held.status END,
      'available_minor', CASE code WHEN 23 THEN v_held.remaining_minor WHEN 40 THEN v_room END));
    INSERT INTO ledger.refusals (tenant_id, request_id, refused_at, code, facts) VALUES (v_tenant, v_id, v_now, code, facts);
    PERFORM audit.record_one('ledger.reservation.refused', jsonb_build_object('reservation_id', v_id, 'code', code, 'facts', facts));
    RETURN;
  END IF;
  INSERT INTO ledger.reservation_events (tenant_id, reservation_id, id, recorded_at, amount_minor, request_id, kind)
  VALUES (v_tenant, p_reservation, nextval('ledger.reservation_event_ids'), v_now, p_amount, v_id, p_kind);
  IF p_kind = 'increased' THEN
    UPDATE ledger.reservations s
       SET amount_minor = s.amount_minor + p_amount, remaining_minor = s.remaining_minor + p_amount, updated_at = v_now
     WHERE s.tenant_id = v_tenant AND s.id = p_reservation;
    UPDATE ledger.accounts a SET reserved_minor = a.reserved_minor + p_amount WHERE a.tenant_id = v_tenant AND a.id = v_account.id;
  ELSE
    UPDATE ledger.reservations s
       SET released_minor = s.released_minor + p_amount, remaining_minor = s.remaining_minor - p_amount, updated_at = v_now,
           status = CASE WHEN s.remaining_minor = p_amount THEN 'released' ELSE s.status END
     WHERE s.tenant_id = v_tenant AND s.id = p_reservation;
    IF v_held.remaining_minor = p_amount THEN
      PERFORM ledger.forget_expiries(ARRAY[v_held.account_id], ARRAY[v_held.expires_at], ARRAY[p_reservation]);
    END IF;
    UPDATE ledger.accounts a SET reserved_minor = a.reserved_minor - p_amount WHERE a.tenant_id = v_tenant AND a.id = v_account.id;
  END IF;
  IF v_account.is_watched THEN
    PERFORM ledger.watch(ARRAY[v_account.id]);
  END IF;
  PERFORM ledger.announce_reservations('ledger.reservation.' || p_kind, v_now, ARRAY[p_reservation], ARRAY[p_amount]);
END $$;
COMMENT ON FUNCTION ledger.change_reservation IS
  'Sets more aside for a reservation (increased), or gives a part of it back (released), once a key. Answers 0, 2 or what refuses it';
ALTER FUNCTION ledger.change_reservation OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.change_reservation TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.extend_reservation(p_reservation bigint, p_expires_at timestamptz, OUT code smallint)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_held ledger.reservations;
BEGIN
  PERFORM FROM ledger.accounts a
   WHERE a.tenant_id = v_tenant AND a.id = (SELECT s.account_id FROM ledger.reservations s WHERE s.tenant_id = v_tenant AND s.id = p_reservation)
     FOR NO KEY UPDATE;
  SELECT s.* INTO v_held FROM ledger.reservations s WHERE s.tenant_id = v_tenant AND s.id = p_reservation;
  PERFORM ledger.expire_overdue(ARRAY[v_held.account_id], tenants.now());
  SELECT s.* INTO v_held FROM ledger.reservations s WHERE s.tenant_id = v_tenant AND s.id = p_reservation;
  code := CASE WHEN v_held.id IS NULL THEN 20 WHEN v_held.status <> 'active' THEN 22
               WHEN p_expires_at < v_held.expires_at THEN 26 ELSE 0 END;
  IF code = 0 AND p_expires_at > v_held.expires_at THEN
    UPDATE ledger.reservations s SET expires_at = p_expires_at, updated_at = clock_timestamp()
     WHERE s.tenant_id = v_tenant AND s.id = p_reservation;
    PERFORM ledger.forget_expiries(ARRAY[v_held.account_id], ARRAY[v_held.expires_at], ARRAY[p_reservation]);
    INSERT INTO ledger.reservation_expiries (tenant_id, account_id, expires_at, reservation_id)
    SELECT v_tenant, v_held.account_id, p_expires_at, p_reservation WHERE p_expires_at < 'infinity';
    PERFORM ledger.announce('ledger.reservation.extended', 'reservation', p_reservation,
      jsonb_strip_nulls(jsonb_build_object('reservation_id', p_reservation, 'account', v_held.account_id, 'expires_at', nullif(p_expires_at, 'infinity'))));
  END IF;
END $$;
COMMENT ON FUNCTION ledger.extend_reservation(bigint, timestamptz) IS
  'Lets a reservation hold longer; to the time that it has already, nothing happens. Answers 0, 20 not found, 22 not active, 26 not later';
ALTER FUNCTION ledger.extend_reservation(bigint, timestamptz) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.extend_reservation(bigint, timestamptz) TO headgate_app;
