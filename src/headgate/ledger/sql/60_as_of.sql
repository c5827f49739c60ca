-- The book as of a time, on two axes: effective (what had happened by then) and known (what was written by then).
--
-- An account's legs are numbered in the order in which they were recorded, so a recorded time is found by bisection over
-- the numbers, by the two unique indexes. A balance as of an effective time is the running balance at one leg, corrected
-- by what crosses that time: the legs before it that are effective later (recorded ahead of the clock, on their day), and
-- those after it that are effective by then (backdated). Both have partial indexes; nothing else is summed up.
-- Where such an index is meant, the number is written as number + 0: no index fits that, and the planner takes the other.
-- Each bisection is one recursive statement: a probe within it costs a tenth of a statement of its own.

CREATE OR REPLACE FUNCTION ledger.last_leg_known(p_account bigint, p_last bigint, p_known timestamptz) RETURNS bigint
  LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_found bigint;
BEGIN
  IF p_known IS NULL THEN
    RETURN p_last;
  END IF;
  WITH RECURSIVE b (lo, hi) AS (     -- lo is known and hi is not, with all before and behind them
    SELECT 0::bigint, p_last + 1
    UNION ALL
    SELECT CASE WHEN l.recorded_at <= p_known THEN m.mid ELSE b.lo END, CASE WHEN l.recorded_at <= p_known THEN b.hi ELSE m.mid END
      FROM b
      CROSS JOIN LATERAL (SELECT (b.lo + b.hi) / 2 AS mid) m
      CROSS JOIN LATERAL (
        SELECT e.recorded_at FROM ledger.entries e WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.debit_seq = m.mid
        UNION ALL
        SELECT e.recorded_at FROM ledger.entries e WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.credit_seq = m.mid) l
     WHERE b.lo + 1 < b.hi)
  SELECT b.lo INTO v_found FROM b WHERE b.lo + 1 = b.hi;
  RETURN v_found;
END $$;
COMMENT ON FUNCTION ledger.last_leg_known(bigint, bigint, timestamptz) IS
  'The last of an account''s first p_last legs that was recorded by then; 0 where none was, p_last where p_known is NULL';

DROP FUNCTION IF EXISTS ledger.last_leg_effective(bigint, bigint, timestamptz);
CREATE OR REPLACE FUNCTION ledger.last_leg_effective(p_account bigint, p_first bigint, p_last bigint, p_effective timestamptz) RETURNS bigint
  LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_lo bigint := p_first;       -- no leg up to this one is effective later
  v_hi bigint;                  -- this one, or one before it, is
  v_at timestamptz; v_seq bigint; v_first bigint;
BEGIN
  -- Most often the next leg is effective later: it is looked for in growing steps.
  WITH RECURSIVE b (at, step) AS (
    SELECT p_first + 1, 1::bigint
    UNION ALL
    SELECT b.at + b.step, b.step * 2 FROM b
     WHERE b.at <= p_last
       AND NOT EXISTS (SELECT FROM ledger.entries e WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.debit_seq = b.at
                          AND e.effective_at > p_effective)
       AND NOT EXISTS (SELECT FROM ledger.entries e WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.credit_seq = b.at
                          AND e.effective_at > p_effective))
  SELECT least(max(b.at), p_last + 1) INTO v_hi FROM b;
  LOOP
    EXIT WHEN v_lo + 1 >= v_hi;
    -- A late leg that is effective in time tells nothing of the order: the leg before it is looked at, up to 32 back.
    WITH RECURSIVE b (lo, hi, mid, back) AS (
      SELECT v_lo, v_hi, (v_lo + v_hi) / 2, 0
      UNION ALL
      SELECT x.lo, x.hi, CASE WHEN x.back > 0 THEN b.mid ELSE (x.lo + x.hi) / 2 END, x.back
        FROM b
        CROSS JOIN LATERAL (
          SELECT e.effective_at, e.debit_late AS late FROM ledger.entries e
           WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.debit_seq = b.mid - b.back
          UNION ALL
          SELECT e.effective_at, e.credit_late FROM ledger.entries e
           WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.credit_seq = b.mid - b.back) l
        CROSS JOIN LATERAL (
          SELECT CASE WHEN l.effective_at > p_effective THEN b.lo WHEN NOT l.late OR b.mid - b.back - 1 = b.lo THEN b.mid ELSE b.lo END AS lo,
                 CASE WHEN l.effective_at > p_effective THEN b.mid - b.back ELSE b.hi END AS hi,
                 CASE WHEN l.effective_at <= p_effective AND l.late AND b.mid - b.back - 1 > b.lo THEN b.back + 1 ELSE 0 END AS back) x
       WHERE b.lo + 1 < b.hi AND b.back <= 32)
    SELECT b.lo, b.hi INTO v_lo, v_hi FROM b WHERE b.lo + 1 = b.hi OR b.back > 32;
    EXIT WHEN v_lo + 1 = v_hi;
    -- A long run of late legs: the last one before it that is not late is looked for, in growing steps.
    v_first := (v_lo + v_hi) / 2; v_seq := NULL;
    WHILE v_seq IS NULL AND v_first > v_lo LOOP
      v_first := greatest(v_lo, v_first - 8 * ((v_lo + v_hi) / 2 - v_first + 16));
      SELECT x.seq, x.effective_at INTO v_seq, v_at
        FROM (SELECT e.debit_seq AS seq, e.effective_at FROM ledger.entries e
               WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.debit_seq > v_first
                 AND e.debit_seq <= (v_lo + v_hi) / 2 AND NOT e.debit_late
              UNION ALL
              SELECT e.credit_seq, e.effective_at FROM ledger.entries e
               WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.credit_seq > v_first
                 AND e.credit_seq <= (v_lo + v_hi) / 2 AND NOT e.credit_late) x
       ORDER BY x.seq DESC LIMIT 1;
    END LOOP;
    IF v_seq IS NOT NULL AND v_at > p_effective THEN v_hi := v_seq; ELSE v_lo := (v_lo + v_hi) / 2; END IF;
    EXIT WHEN v_lo + 1 = v_hi;
  END LOOP;
  RETURN v_lo;
END $$;
COMMENT ON FUNCTION ledger.last_leg_effective(bigint, bigint, bigint, timestamptz) IS
  'The last of an account''s first p_last legs before the first that is effective later, where none of the first p_first is: all up to it are effective by then';

-- Which leg to read at. Of those up to it only the ones told of here are effective later; of those after it only late ones
-- that lie behind the clock, or within its last millisecond, are effective by then.
CREATE OR REPLACE FUNCTION ledger.leg_to_read_at(p_account bigint, p_last bigint, p_effective timestamptz, OUT seq bigint, OUT ahead bigint)
  LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
BEGIN
  seq := ledger.last_leg_known(p_account, p_last, p_effective - interval '1 millisecond');
  SELECT sum(x.change) INTO ahead
    FROM (SELECT e.amount_minor AS change FROM ledger.entries e
           WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.effective_at - e.recorded_at > interval '1 millisecond'
             AND NOT e.effective_at - e.recorded_at > interval '25 hours' AND e.effective_at > p_effective
             AND e.effective_at <= p_effective + interval '25 hours' AND e.debit_seq + 0 <= leg_to_read_at.seq
          UNION ALL
          SELECT -e.amount_minor FROM ledger.entries e
           WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.effective_at - e.recorded_at > interval '1 millisecond'
             AND NOT e.effective_at - e.recorded_at > interval '25 hours' AND e.effective_at > p_effective
             AND e.effective_at <= p_effective + interval '25 hours' AND e.credit_seq + 0 <= leg_to_read_at.seq
          UNION ALL
          SELECT e.amount_minor FROM ledger.entries e
           WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.effective_at - e.recorded_at > interval '25 hours'
             AND e.effective_at > p_effective AND e.debit_seq + 0 <= leg_to_read_at.seq
          UNION ALL
          SELECT -e.amount_minor FROM ledger.entries e
           WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.effective_at - e.recorded_at > interval '25 hours'
             AND e.effective_at > p_effective AND e.credit_seq + 0 <= leg_to_read_at.seq) x;
  IF ahead IS NULL THEN
    -- Nothing so far is effective later: neither is what follows, up to the first that is.
    ahead := 0;
    seq := ledger.last_leg_effective(p_account, seq, p_last, p_effective);
  END IF;
END $$;
COMMENT ON FUNCTION ledger.leg_to_read_at(bigint, bigint, timestamptz) IS
  'The leg, among an account''s first p_last, whose running net is nearest to its balance as of p_effective, and what of that net is effective only later';


CREATE OR REPLACE FUNCTION ledger.net_at_leg(p_account bigint, p_seq bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_net bigint := 0;
BEGIN
  IF p_seq > 0 THEN
    SELECT x.net INTO STRICT v_net
      FROM (SELECT e.debit_net AS net FROM ledger.entries e WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.debit_seq = p_seq
            UNION ALL
            SELECT e.credit_net FROM ledger.entries e WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.credit_seq = p_seq) x;
  END IF;
  RETURN v_net;
END $$;
COMMENT ON FUNCTION ledger.net_at_leg(bigint, bigint) IS 'An account''s net (debits − credits) after its leg of that number; 0 after none';

CREATE OR REPLACE FUNCTION ledger.balance_as_of(p_account bigint, p_effective timestamptz, p_known timestamptz) RETURNS bigint
  LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_account record;
  v_known bigint; v_seq bigint; v_ahead bigint := 0; v_net bigint; v_until bigint; v_since timestamptz;
BEGIN
  SELECT a.seq, a.net_minor, a.effective_max, a.late_by_max INTO v_account
    FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_account;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG105', MESSAGE = 'there is no such account';
  END IF;
  v_known := ledger.last_leg_known(p_account, v_account.seq, p_known);
  IF p_effective IS NULL OR p_effective >= v_account.effective_max THEN
    v_seq := v_known;
  ELSE
    SELECT r.seq, r.ahead INTO v_seq, v_ahead FROM ledger.leg_to_read_at(p_account, v_known, p_effective) r;
  END IF;
  v_net := CASE WHEN v_seq = v_account.seq THEN v_account.net_minor ELSE ledger.net_at_leg(p_account, v_seq) END - v_ahead;
  IF v_seq < v_known AND v_account.late_by_max > '0' THEN
    -- In UTC, where a day has 24 hours as the difference of two instants has it.
    v_since := (p_effective AT TIME ZONE 'UTC' - v_account.late_by_max) AT TIME ZONE 'UTC';
    v_net := v_net + coalesce((SELECT sum(e.amount_minor) FROM ledger.entries e
                              WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.debit_late AND e.effective_at < e.recorded_at
                                AND e.effective_at >= v_since AND e.effective_at <= p_effective
                                AND e.debit_seq + 0 > v_seq AND e.debit_seq + 0 <= v_known), 0)
                   - coalesce((SELECT sum(e.amount_minor) FROM ledger.entries e
                              WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.credit_late AND e.effective_at < e.recorded_at
                                AND e.effective_at >= v_since AND e.effective_at <= p_effective
                                AND e.credit_seq + 0 > v_seq AND e.credit_seq + 0 <= v_known), 0);
    -- Of the last millisecond: late only because something lies ahead.
    IF EXISTS (SELECT FROM ledger.entries e WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.debit_seq = v_seq + 1
                  AND e.recorded_at <= p_effective)
       OR EXISTS (SELECT FROM ledger.entries e WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.credit_seq = v_seq + 1
                     AND e.recorded_at <= p_effective) THEN
      v_until := ledger.last_leg_known(p_account, v_known, p_effective);
      SELECT v_net + coalesce(sum(x.change), 0) INTO v_net
        FROM (SELECT e.amount_minor AS change FROM ledger.entries e
               WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.debit_seq > v_seq AND e.debit_seq <= v_until
                 AND e.effective_at BETWEEN e.recorded_at AND p_effective
              UNION ALL
              SELECT -e.amount_minor FROM ledger.entries e
               WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.credit_seq > v_seq AND e.credit_seq <= v_until
                 AND e.effective_at BETWEEN e.recorded_at AND p_effective) x;
    END IF;
  END IF;
  RETURN v_net;
END $$;
COMMENT ON FUNCTION ledger.balance_as_of(bigint, timestamptz, timestamptz) IS
  'An account''s net (debits − credits) of what was effective by p_effective and recorded by p_known; NULL: without that bound. Raises HG105';

-- The first instant of a day, anywhere on earth, and the first after it: no zone was ever further from UTC.
CREATE OR REPLACE FUNCTION ledger.day_begins_nowhere_before(p_day date) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT (p_day - interval '16 hours') AT TIME ZONE 'UTC'
$$;
COMMENT ON FUNCTION ledger.day_begins_nowhere_before(date) IS 'What is effective before it lies on an earlier day, in whichever zone';
CREATE OR REPLACE FUNCTION ledger.day_is_over_everywhere(p_day date) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT (p_day + interval '40 hours') AT TIME ZONE 'UTC'
$$;
COMMENT ON FUNCTION ledger.day_is_over_everywhere(date) IS 'What is effective from it on lies on a later day, in whichever zone';

CREATE OR REPLACE FUNCTION ledger.legs_effective(p_account bigint, p_from timestamptz, p_before timestamptz, p_known timestamptz)
  RETURNS TABLE (seq bigint, change_minor bigint, other_account_id bigint, transaction_id bigint, n smallint, recorded_at timestamptz,
                 effective_at timestamptz, effective_on date)
  LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_until CONSTANT timestamptz := p_before - interval '1 microsecond';
  v_last bigint; v_known bigint; v_first bigint; v_end bigint;
BEGIN
  SELECT a.seq INTO v_last FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_account;
  v_known := ledger.last_leg_known(p_account, v_last, p_known);
  -- Those in their order by their numbers, then what lies behind the clock, then what lies ahead of it.
  v_first := (ledger.leg_to_read_at(p_account, v_known, p_from - interval '1 microsecond')).seq;
  v_end := greatest((ledger.leg_to_read_at(p_account, v_known, v_until)).seq, ledger.last_leg_known(p_account, v_known, v_until));
  RETURN QUERY
    SELECT e.debit_seq, e.amount_minor, e.credit_account_id, e.transaction_id, e.n, e.recorded_at, e.effective_at, e.effective_on
      FROM ledger.entries e
     WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.effective_at >= p_from AND e.effective_at < p_before
       AND e.debit_seq <= v_known AND e.debit_seq > v_first AND e.debit_seq <= v_end
       AND NOT (e.debit_late AND e.effective_at < e.recorded_at) AND NOT e.effective_at - e.recorded_at > interval '1 millisecond'
    UNION ALL
    SELECT e.credit_seq, -e.amount_minor, e.debit_account_id, e.transaction_id, e.n, e.recorded_at, e.effective_at, e.effective_on
      FROM ledger.entries e
     WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.effective_at >= p_from AND e.effective_at < p_before
       AND e.credit_seq <= v_known AND e.credit_seq > v_first AND e.credit_seq <= v_end
       AND NOT (e.credit_late AND e.effective_at < e.recorded_at) AND NOT e.effective_at - e.recorded_at > interval '1 millisecond'
    UNION ALL
    SELECT e.debit_seq, e.amount_minor, e.credit_account_id, e.transaction_id, e.n, e.recorded_at, e.effective_at, e.effective_on
      FROM ledger.entries e
     WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.effective_at >= p_from AND e.effective_at < p_before
       AND e.debit_seq + 0 <= v_known AND e.debit_late AND e.effective_at < e.recorded_at
    UNION ALL
    SELECT e.credit_seq, -e.amount_minor, e.debit_account_id, e.transaction_id, e.n, e.recorded_at, e.effective_at, e.effective_on
      FROM ledger.entries e
     WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.effective_at >= p_from AND e.effective_at < p_before
       AND e.credit_seq + 0 <= v_known AND e.credit_late AND e.effective_at < e.recorded_at
    UNION ALL
    SELECT e.debit_seq, e.amount_minor, e.credit_account_id, e.transaction_id, e.n, e.recorded_at, e.effective_at, e.effective_on
      FROM ledger.entries e
     WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.effective_at >= p_from AND e.effective_at < p_before
       AND e.debit_seq + 0 <= v_known AND e.effective_at - e.recorded_at > interval '1 millisecond'
       AND NOT e.effective_at - e.recorded_at > interval '25 hours'
    UNION ALL
    SELECT e.credit_seq, -e.amount_minor, e.debit_account_id, e.transaction_id, e.n, e.recorded_at, e.effective_at, e.effective_on
      FROM ledger.entries e
     WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.effective_at >= p_from AND e.effective_at < p_before
       AND e.credit_seq + 0 <= v_known AND e.effective_at - e.recorded_at > interval '1 millisecond'
       AND NOT e.effective_at - e.recorded_at > interval '25 hours'
    UNION ALL
    SELECT e.debit_seq, e.amount_minor, e.credit_account_id, e.transaction_id, e.n, e.recorded_at, e.effective_at, e.effective_on
      FROM ledger.entries e
     WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.effective_at >= p_from AND e.effective_at < p_before
       AND e.debit_seq + 0 <= v_known AND e.effective_at - e.recorded_at > interval '25 hours'
    UNION ALL
    SELECT e.credit_seq, -e.amount_minor, e.debit_account_id, e.transaction_id, e.n, e.recorded_at, e.effective_at, e.effective_on
      FROM ledger.entries e
     WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.effective_at >= p_from AND e.effective_at < p_before
       AND e.credit_seq + 0 <= v_known AND e.effective_at - e.recorded_at > interval '25 hours';
END $$;
COMMENT ON FUNCTION ledger.legs_effective(bigint, timestamptz, timestamptz, timestamptz) IS
  'An account''s legs that were effective from p_from on and before p_before, as known at p_known (NULL: now), in no order';

CREATE OR REPLACE FUNCTION ledger.legs_of_days(p_account bigint, p_from date, p_to date, p_known timestamptz)
  RETURNS TABLE (seq bigint, change_minor bigint, other_account_id bigint, transaction_id bigint, n smallint, recorded_at timestamptz,
                 effective_at timestamptz, effective_on date)
  LANGUAGE sql STABLE AS $$
  SELECT l.seq, l.change_minor, l.other_account_id, l.transaction_id, l.n, l.recorded_at, l.effective_at, l.effective_on
    FROM ledger.legs_effective(p_account, ledger.day_begins_nowhere_before(p_from), ledger.day_is_over_everywhere(p_to), p_known) l
   WHERE l.effective_on BETWEEN p_from AND p_to
$$;
COMMENT ON FUNCTION ledger.legs_of_days(bigint, date, date, timestamptz) IS
  'An account''s legs of these effective days, both included, as known at p_known (NULL: now), in no order';

-- A posting's day is that of its legal entity's zone, so on one account days may overlap by hours: those are looked through.
CREATE OR REPLACE FUNCTION ledger.balance_as_of_day(p_account bigint, p_day date, p_known timestamptz) RETURNS bigint
  LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN ledger.balance_as_of(p_account, ledger.day_begins_nowhere_before(p_day + 1) - interval '1 microsecond', p_known)
    + coalesce((SELECT sum(l.change_minor)
                  FROM ledger.legs_effective(p_account, ledger.day_begins_nowhere_before(p_day + 1), ledger.day_is_over_everywhere(p_day), p_known) l
                 WHERE l.effective_on <= p_day), 0)::bigint;
END $$;
COMMENT ON FUNCTION ledger.balance_as_of_day(bigint, date, timestamptz) IS
  'An account''s net (debits − credits) at the end of an effective day, as known at p_known (NULL: now). Raises HG105';

CREATE OR REPLACE FUNCTION ledger.net_as_of(p_account bigint, p_at timestamptz, p_on date, p_known timestamptz) RETURNS bigint
  LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE WHEN p_on IS NULL THEN ledger.balance_as_of(p_account, p_at, p_known) ELSE ledger.balance_as_of_day(p_account, p_on, p_known) END;
END $$;
COMMENT ON FUNCTION ledger.net_as_of(bigint, timestamptz, date, timestamptz) IS
  'An account''s net as of an instant or the end of a day (NULL both: everything), as known at p_known (NULL: now). Raises HG105';

-- Reservations have one time, that of their recording: what was set aside at an instant is what was made by then, without
-- what it was increased by since, less what became of it by then.
CREATE OR REPLACE FUNCTION ledger.reserved_as_of(p_account bigint, p_at timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(s.amount_minor - coalesce((
           SELECT sum(v.amount_minor) FROM ledger.reservation_events v
            WHERE v.tenant_id = s.tenant_id AND v.reservation_id = s.id
              AND CASE WHEN v.kind = 'increased' THEN v.recorded_at > p_at ELSE v.recorded_at <= p_at END), 0)), 0)::bigint
    FROM ledger.reservations s
   WHERE s.tenant_id = (SELECT core.require_tenant()) AND s.account_id = p_account AND s.created_at <= p_at AND s.expires_at > p_at
     AND (s.status = 'active' OR s.updated_at > p_at)
$$;
COMMENT ON FUNCTION ledger.reserved_as_of(bigint, timestamptz) IS
  'What was left at an instant of the account''s reservations that were made by then and not overdue';

CREATE OR REPLACE FUNCTION ledger.pending_as_of(p_account bigint, p_at timestamptz, OUT out_minor bigint, OUT in_minor bigint) LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(k.amount) FILTER (WHERE k.debited <> k.debit_normal), 0)::bigint,
         coalesce(sum(k.amount) FILTER (WHERE k.debited = k.debit_normal), 0)::bigint
    FROM (SELECT e.amount_minor AS amount, e.transaction_id, true AS debited, a.type IN ('ASSET', 'EXPENSE') AS debit_normal
            FROM ledger.pending_entries e JOIN ledger.accounts a ON a.tenant_id = e.tenant_id AND a.id = e.debit_account_id
           WHERE e.tenant_id = (SELECT core.require_tenant()) AND e.debit_account_id = p_account
          UNION ALL
          SELECT e.amount_minor, e.transaction_id, false, a.type IN ('ASSET', 'EXPENSE')
            FROM ledger.pending_entries e JOIN ledger.accounts a ON a.tenant_id = e.tenant_id AND a.id = e.credit_account_id
           WHERE e.tenant_id = (SELECT core.require_tenant()) AND e.credit_account_id = p_account) k
    JOIN ledger.pending_transactions x ON x.tenant_id = (SELECT core.require_tenant()) AND x.id = k.transaction_id
   WHERE x.created_at <= p_at AND x.expires_at > p_at AND (x.status = 'pending' OR x.updated_at > p_at)
$$;
COMMENT ON FUNCTION ledger.pending_as_of(bigint, timestamptz) IS
  'What was pending at an instant: what would have left the account''s normal side, and what would have come';

GRANT EXECUTE ON FUNCTION ledger.pending_as_of(bigint, timestamptz), ledger.last_leg_known(bigint, bigint, timestamptz), ledger.last_leg_effective(bigint, bigint, bigint, timestamptz),
  ledger.leg_to_read_at(bigint, bigint, timestamptz), ledger.net_at_leg(bigint, bigint), ledger.balance_as_of(bigint, timestamptz, timestamptz), ledger.day_begins_nowhere_before(date),
  ledger.day_is_over_everywhere(date), ledger.legs_effective(bigint, timestamptz, timestamptz, timestamptz),
  ledger.legs_of_days(bigint, date, date, timestamptz), ledger.balance_as_of_day(bigint, date, timestamptz),
  ledger.net_as_of(bigint, timestamptz, date, timestamptz), ledger.reserved_as_of(bigint, timestamptz) TO headgate_app, headgate_readonly;
