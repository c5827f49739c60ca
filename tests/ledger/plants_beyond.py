"""The bugs that are planted beyond posting: in readings, exchange, monitors, settlements, periods, clearing, changes."""

from __future__ import annotations

from tests.ledger.plants import NO_LIMITS, Plant

BEYOND = (
    # As of a time, as known at a time
    Plant(
        "what is known is what is known today", "model", [("last_leg_known", "IF p_known IS NULL THEN", "IF true THEN")]
    ),
    Plant(
        "late legs are forgotten as of a time",
        "model",
        [("balance_as_of", "IF v_seq < v_known AND v_account.late_by_max > '0' THEN", "IF false THEN")],
    ),
    Plant(
        "a day ends when UTC's does", "model", [("balance_as_of_day", "WHERE l.effective_on <= p_day", "WHERE false")]
    ),
    Plant(
        "a reservation is read as it stands today",
        "model",
        [("reserved_as_of", "v.recorded_at > p_at ELSE v.recorded_at <= p_at END", "false ELSE true END")],
    ),
    # Exchange
    Plant(
        "a gain is booked as a loss",
        "model",
        [
            (
                "convert_one",
                "v_debits := v_debits || CASE WHEN v_gain > 0 THEN p_functional_position ELSE p_gain_account END;",
                "v_debits := v_debits || CASE WHEN v_gain < 0 THEN p_functional_position ELSE p_gain_account END;",
            ),
            (
                "convert_one",
                "v_credits := v_credits || CASE WHEN v_gain > 0 THEN p_gain_account ELSE p_functional_position END;",
                "v_credits := v_credits || CASE WHEN v_gain < 0 THEN p_gain_account ELSE p_functional_position END;",
            ),
        ],
    ),
    Plant(
        "what is sold costs nothing",
        "model",
        [("move_position", "WHEN closing = 0 THEN 0 WHEN closing = abs(p_quantity) THEN p_cost", "WHEN true THEN 0")],
    ),
    Plant(
        "a position stays where its conversion was taken back",
        "model",
        [("move_positions_back", "FOR v_move IN", "IF true THEN RETURN; END IF; FOR v_move IN")],
    ),
    Plant(
        "a day is revalued with what came after it",
        "model",
        [("positions_on", "AND s.effective_on <= p_on", "")],
    ),
    Plant(
        "a revaluation is taken back too late",
        "model",
        [
            (
                "revalue_one",
                "v_next - interval '1 microsecond', v_next]",
                "v_next - interval '1 microsecond', NULL]",
            )
        ],
    ),
    # Monitors
    Plant("a monitor tells at every posting", "model", [("watch", "AND m.crosses <> m.is_crossed", "AND m.crosses")]),
    Plant("a batch is not watched", "model", [("post_batch", "PERFORM ledger.watch(v_watched);", "NULL;")]),
    Plant(
        "a single posting is not watched",
        "model",
        [("post_one", "PERFORM ledger.watch(ARRAY[p_debit, p_credit]);", "NULL;")],
    ),
    Plant(
        "a reservation is not watched",
        "model",
        [("reserve_many", "PERFORM ledger.watch(a_id);", "NULL;")],
    ),
    # Settlement cut-offs
    Plant(
        "what comes after a cut-off is never settled",
        "model",
        [("cut_off", "coalesce(min(u.seq) FILTER (WHERE u.effective_at > p_at) - 1, v_account.seq)", "v_account.seq")],
    ),
    Plant(
        "a late leg is not settled",
        "model",
        [
            (
                "cut_off",
                "SELECT v_tenant, p_account, u.seq, cut_off.id, u.change_minor FROM unsettled u WHERE u.effective_at <= p_at",
                "SELECT v_tenant, p_account, u.seq, cut_off.id, u.change_minor FROM unsettled u WHERE u.effective_at <= p_at"
                " AND coalesce(u.effective_at > v_earlier, true)",
            )
        ],
    ),
    # Periods
    Plant(
        "a legal entity's period holds for no one",
        "model",
        [("closed_of", "p.scope IN ('', coalesce(p_legal_entity_id, ''))", "p.scope = ''")],
    ),
    Plant(
        "a period ends when UTC's day does",
        "model",
        [
            (
                "close_period",
                "(v_clock AT TIME ZONE z.time_zone)::date <= v_period.ends_on",
                "v_clock::date <= v_period.ends_on",
            )
        ],
    ),
    Plant(
        "a period is closed over what is pending", "model", [("close_period", "IF p_no_pending THEN", "IF false THEN")]
    ),
    Plant(
        "a period is closed over what is left to clear",
        "model",
        [("close_period", "IF p_clearing_zero AND v_left IS NOT NULL THEN", "IF false THEN")],
    ),
    Plant(
        "postings slip in behind a close",
        "checker",
        [
            ("close_period", "ORDER BY a.id FOR NO KEY UPDATE;", "ORDER BY a.id;"),
            ("close_period", "v_now := clock_timestamp();", "v_now := clock_timestamp(); PERFORM pg_sleep(0.05);"),
        ],
    ),
    Plant(
        "what is late is routed into the closed period",
        "model",
        [("route_closed", "days[t] := v_day;\n      at[t]", "at[t]")],
    ),
    # Clearing
    Plant(
        "what cleared itself counts as left",
        "model",
        files=[("52_clearing.sql", "WHERE g.of_reference IS DISTINCT FROM 0) x", "WHERE true) x")],
    ),
    Plant(
        "the newest is cleared first",
        "model",
        files=[
            (
                "52_clearing.sql",
                "OVER (PARTITION BY x.tenant_id, x.account_id ORDER BY x.seq) AS reached",
                "OVER (PARTITION BY x.tenant_id, x.account_id ORDER BY x.seq DESC) AS reached",
            )
        ],
    ),
    # Changes of reservations, parts of reversals
    Plant(
        "more is set aside than is there",
        "model",
        [("change_reservation", "p_kind = 'increased' AND p_amount > v_room", "false")],
        NO_LIMITS,
    ),
    Plant(
        "a reservation is made shorter",
        "model",
        [
            ("extend_reservation", "WHEN p_expires_at < v_held.expires_at THEN 26", "WHEN false THEN 26"),
            (
                "extend_reservation",
                "code = 0 AND p_expires_at > v_held.expires_at",
                "code = 0 AND p_expires_at <> v_held.expires_at",
            ),
        ],
    ),
    # Two at once
    Plant(
        "a pending transaction is posted and voided at once",
        "checker",
        [("end_pending", "ORDER BY a.id FOR NO KEY UPDATE;", "ORDER BY a.id;")],
        ["DROP TRIGGER pending_transactions_end_once ON ledger.pending_transactions"],
    ),
)
