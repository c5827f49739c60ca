-- Reports of the book: an account's lines with their running balance, and the age of what is owed.

CREATE OR REPLACE FUNCTION ledger.statement_lines(
  p_account bigint, p_from date, p_to date, p_known timestamptz, p_after_on date, p_after_seq bigint, p_limit integer
) RETURNS TABLE (effective_on date, seq bigint, change_minor bigint, net_minor bigint, other_account_id bigint, transaction_id bigint, n smallint,
                 recorded_at timestamptz, effective_at timestamptz)
  LANGUAGE plpgsql STABLE AS $$
DECLARE
  -- What comes before the day of the last line seen is not read again.
  v_from CONSTANT date := greatest(p_from, coalesce(p_after_on, p_from));
  v_opening CONSTANT bigint := ledger.balance_as_of_day(p_account, v_from - 1, p_known);
BEGIN
  RETURN QUERY
    SELECT x.effective_on, x.seq, x.change_minor, (v_opening + x.moved)::bigint, x.other_account_id, x.transaction_id, x.n, x.recorded_at, x.effective_at
      FROM (SELECT l.*, sum(l.change_minor) OVER (ORDER BY l.effective_on, l.seq) AS moved
              FROM ledger.legs_of_days(p_account, v_from, p_to, p_known) l) x
     WHERE p_after_on IS NULL OR (x.effective_on, x.seq) > (p_after_on, p_after_seq)
     ORDER BY x.effective_on, x.seq
     LIMIT p_limit;
END $$;
COMMENT ON FUNCTION ledger.statement_lines(bigint, date, date, timestamptz, date, bigint, integer) IS
  'An account''s legs of these effective days by day and number, with the net after each in that order; after a line (day, number) where given';

CREATE OR REPLACE FUNCTION ledger.recorded_lines(p_account bigint, p_from date, p_to date, p_known timestamptz, p_zone text, p_after_seq bigint, p_limit integer)
  RETURNS TABLE (effective_on date, seq bigint, change_minor bigint, net_minor bigint, other_account_id bigint, transaction_id bigint, n smallint,
                 recorded_at timestamptz, effective_at timestamptz)
  LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_last bigint; v_first bigint; v_until bigint;
BEGIN
  SELECT a.seq INTO v_last FROM ledger.accounts a WHERE a.tenant_id = v_tenant AND a.id = p_account;
  v_first := greatest(ledger.last_leg_known(p_account, v_last, p_from::timestamp AT TIME ZONE p_zone - interval '1 microsecond'),
                      coalesce(p_after_seq, 0));
  v_until := ledger.last_leg_known(p_account, v_last, least((p_to + 1)::timestamp AT TIME ZONE p_zone - interval '1 microsecond', p_known));
  RETURN QUERY
    SELECT x.* FROM (
      SELECT e.effective_on, e.debit_seq, e.amount_minor, e.debit_net, e.credit_account_id, e.transaction_id, e.n, e.recorded_at, e.effective_at
        FROM ledger.entries e
       WHERE e.tenant_id = v_tenant AND e.debit_account_id = p_account AND e.debit_seq > v_first AND e.debit_seq <= v_until
         AND e.debit_seq <= v_first + p_limit
      UNION ALL
      SELECT e.effective_on, e.credit_seq, -e.amount_minor, e.credit_net, e.debit_account_id, e.transaction_id, e.n, e.recorded_at, e.effective_at
        FROM ledger.entries e
       WHERE e.tenant_id = v_tenant AND e.credit_account_id = p_account AND e.credit_seq > v_first AND e.credit_seq <= v_until
         AND e.credit_seq <= v_first + p_limit) x
     ORDER BY x.debit_seq;
END $$;
COMMENT ON FUNCTION ledger.recorded_lines(bigint, date, date, timestamptz, text, bigint, integer) IS
  'An account''s legs that were recorded on these days of a zone, in the order of recording, with the running net that each carries';

CREATE OR REPLACE FUNCTION ledger.ageing(p_account bigint, p_day date, p_known timestamptz)
  RETURNS TABLE (net_minor bigint, days_0_30 bigint, days_31_60 bigint, days_61_90 bigint, days_over_90 bigint) LANGUAGE sql STABLE AS $$
  -- The oldest debits are paid off first, so what is owed is the newest debits, as far back as the balance reaches.
  WITH debits AS (
    SELECT coalesce(sum(l.change_minor) FILTER (WHERE p_day - l.effective_on <= 30), 0) AS newest,
           coalesce(sum(l.change_minor) FILTER (WHERE p_day - l.effective_on BETWEEN 31 AND 60), 0) AS newer,
           coalesce(sum(l.change_minor) FILTER (WHERE p_day - l.effective_on BETWEEN 61 AND 90), 0) AS older
      FROM ledger.legs_of_days(p_account, p_day - 90, p_day, p_known) l WHERE l.change_minor > 0),
  owed AS (SELECT ledger.balance_as_of_day(p_account, p_day, p_known) AS net)
  SELECT o.net, least(b.owed, d.newest)::bigint, least(b.owed - least(b.owed, d.newest), d.newer)::bigint,
         least(greatest(b.owed - d.newest - d.newer, 0), d.older)::bigint, greatest(b.owed - d.newest - d.newer - d.older, 0)::bigint
    FROM owed o
    CROSS JOIN debits d
    CROSS JOIN LATERAL (SELECT greatest(o.net, 0) AS owed) b
$$;
COMMENT ON FUNCTION ledger.ageing(bigint, date, timestamptz) IS
  'What an account is owed at the end of a day by the age of its debits in days, the oldest paid off first; the parts add up to its net where that is a debit';

GRANT EXECUTE ON FUNCTION ledger.statement_lines(bigint, date, date, timestamptz, date, bigint, integer),
  ledger.recorded_lines(bigint, date, date, timestamptz, text, bigint, integer), ledger.ageing(bigint, date, timestamptz)
  TO headgate_app, headgate_readonly;
