-- What posting asks before it judges: the hash of a body, whether the arrays fit, and limits in the past.

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

-- A balance at an effective time is today's less what is effective later. Legs that came in time are numbered in the order
-- of their effective times, and a late one always lies before the last of those, so that whatever is effective after p_since
-- is numbered above the last leg in time that is effective by then.
CREATE OR REPLACE FUNCTION ledger.breach_since(
  p_account bigint, p_since timestamptz, p_net numeric, p_lo bigint, p_hi bigint, p_times timestamptz[], p_changes bigint[],
  OUT at timestamptz, OUT net numeric
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_seq bigint;
BEGIN
  v_seq := greatest(
    (SELECT e.debit_seq FROM ledger.entries e
      WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND NOT e.debit_late AND e.effective_at <= p_since
      ORDER BY e.debit_seq DESC LIMIT 1),
    (SELECT e.credit_seq FROM ledger.entries e
      WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND NOT e.credit_late AND e.effective_at <= p_since
      ORDER BY e.credit_seq DESC LIMIT 1), 0);
  SELECT p.at, p.net INTO breach_since.at, breach_since.net
    FROM (SELECT l.at, p_net - coalesce(sum(sum(l.change)) OVER (ORDER BY l.at DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS net
            FROM (SELECT p_since AS at, 0::bigint AS change
                  UNION ALL
                  SELECT e.effective_at, e.amount_minor FROM ledger.entries e
                   WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.debit_seq > v_seq AND e.effective_at > p_since
                  UNION ALL
                  SELECT e.effective_at, -e.amount_minor FROM ledger.entries e
                   WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.credit_seq > v_seq AND e.effective_at > p_since
                  UNION ALL
                  SELECT u.at, u.change FROM unnest(p_times, p_changes) u (at, change) WHERE u.at > p_since) l
           GROUP BY l.at) p
   WHERE p.net < p_lo OR p.net > p_hi
   ORDER BY p.at
   LIMIT 1;
END $$;
COMMENT ON FUNCTION ledger.breach_since(bigint, timestamptz, numeric, bigint, bigint, timestamptz[], bigint[]) IS
  'The first effective time from p_since on at which an account, whose net is p_net by now, stands beyond these limits; the legs given are not written yet';
ALTER FUNCTION ledger.breach_since OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.route_closed(
  p_closed date, p_counts integer[], p_at timestamptz[], p_days date[], p_debits integer[], p_credits integer[], p_codes smallint[],
  a_closed date[], a_route date[], a_zone text[],
  OUT at timestamptz[], OUT days date[], OUT asked timestamptz[], OUT closed integer[]
) LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first integer; last integer := 0; a integer; v_day date; v_route date;
BEGIN
  at := p_at; days := p_days;
  closed := array_fill(0, ARRAY[cardinality(p_days)]); asked := array_fill(NULL::timestamptz, ARRAY[cardinality(p_days)]);
  FOR t IN 1 .. cardinality(p_days) LOOP
    first := last + 1;
    IF p_counts IS NULL THEN last := t; ELSE last := last + p_counts[t]; END IF;
    v_day := days[t];
    <<routing>> WHILE v_day <= p_closed LOOP
      -- A day that is routed to may be closed for another account of the posting, which then names a later one.
      v_route := NULL;
      FOR e IN first .. last LOOP
        CONTINUE WHEN p_codes[e] NOT IN (0, 18);
        FOREACH a IN ARRAY ARRAY[p_debits[e], p_credits[e]] LOOP
          IF v_day <= a_closed[a] THEN
            IF a_route[a] IS NULL THEN closed[t] := e; v_day := days[t]; EXIT routing; END IF;
            v_route := greatest(v_route, a_route[a]);
          END IF;
        END LOOP;
      END LOOP;
      EXIT WHEN v_route IS NULL;
      v_day := v_route;
    END LOOP;
    IF v_day <> days[t] THEN
      asked[t] := at[t]; days[t] := v_day;
      at[t] := v_day::timestamp AT TIME ZONE coalesce(a_zone[p_debits[first]], a_zone[p_credits[first]], 'UTC');
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger.route_closed IS
  'What belongs to a closed period goes to the day that its accounts name, at that day''s first instant; closed: the entry that has none to go to, else 0. Accounts by position, as ledger.post_batch has them';
ALTER FUNCTION ledger.route_closed OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION ledger.safe_limits(
  p_at timestamptz[], p_postings integer[], p_debits integer[], p_credits integer[], p_amounts bigint[], p_codes smallint[],
  a_id bigint[], a_net bigint[], a_lo bigint[], a_hi bigint[], a_reserved bigint[], a_out bigint[], a_debit_normal boolean[], a_max timestamptz[],
  OUT lo boolean[], OUT hi boolean[]
) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
  l record; held bigint; v_at timestamptz;
BEGIN
  SELECT array_agg(u.lo - CASE WHEN u.debit_normal THEN u.reserved + u.pending ELSE 0 END <= -4611686018427387903 ORDER BY u.o),
         array_agg(u.hi + CASE WHEN u.debit_normal THEN 0 ELSE u.reserved + u.pending END >= 4611686018427387903 ORDER BY u.o)
    INTO lo, hi
    FROM unnest(a_lo, a_hi, a_reserved, a_out, a_debit_normal) WITH ORDINALITY u (lo, hi, reserved, pending, debit_normal, o);
  -- Where all that may take an account beyond a limit were posted, and nothing else, and it stayed within: each of them may.
  FOR l IN
    SELECT k.a, k.raises, min(k.at) AS since, sum(k.amount) AS amount, array_agg(k.at) AS times, array_agg(k.amount) AS changes
      FROM (SELECT CASE WHEN s.raises THEN u.debit ELSE u.credit END AS a, s.raises, CASE WHEN s.raises THEN u.amount ELSE -u.amount END AS amount, f.at
              FROM unnest(p_debits, p_credits, p_amounts, p_codes, p_postings) WITH ORDINALITY u (debit, credit, amount, code, t, e)
              JOIN unnest(p_at) WITH ORDINALITY f (at, t) ON f.t = coalesce(u.t, u.e)
             CROSS JOIN (VALUES (true), (false)) s (raises)
             WHERE u.code = 0) k
     WHERE NOT CASE WHEN k.raises THEN hi[k.a] ELSE lo[k.a] END
     GROUP BY k.a, k.raises
    HAVING count(*) > 1 AND min(k.at) < greatest(a_max[k.a], max(k.at))
  LOOP
    held := a_reserved[l.a] + a_out[l.a];
    SELECT b.at INTO v_at FROM ledger.breach_since(a_id[l.a], l.since, a_net[l.a] + l.amount,
      CASE WHEN NOT l.raises THEN CASE WHEN a_debit_normal[l.a] THEN a_lo[l.a] - held ELSE a_lo[l.a] END END,
      CASE WHEN l.raises THEN CASE WHEN a_debit_normal[l.a] THEN a_hi[l.a] ELSE a_hi[l.a] + held END END, l.times, l.changes) b;
    IF v_at IS NULL THEN
      IF l.raises THEN hi[l.a] := true; ELSE lo[l.a] := true; END IF;
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger.safe_limits IS
  'Which accounts of a batch have no lower, and no upper limit that any of its postings might pass at an effective time. By position, as ledger.post_batch has them';
ALTER FUNCTION ledger.safe_limits OWNER TO headgate_poster;
