"""The bugs that are planted, one of each class, and who finds it (test_planted_bugs.py): those of posting and reserving.

A plant is a change to the text of a function or of a file of SQL (it must hit exactly once), or to the schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Edit = tuple[str, str, str]
"""A function of the ledger, what stands in it, and what shall stand there instead."""


@dataclass(frozen=True)
class Plant:
    """One bug, and the guard that finds it."""

    bug: str
    guard: str
    edits: Sequence[Edit] = ()
    ddl: Sequence[str] = ()
    files: Sequence[Edit] = ()
    """As edits, of a whole file of src/headgate/ledger/sql: for views."""


LOCK_MANY = ("post_batch", "FOR NO KEY UPDATE OF a", "")
LOCK_ONE = ("post_one", "FOR NO KEY UPDATE", "")
NO_LIMITS = (
    "ALTER TABLE ledger.accounts DROP CONSTRAINT accounts_net_within_limits",
    "ALTER TABLE ledger.accounts DROP CONSTRAINT accounts_reserved_is_covered",
)
NO_SEQUENCES = (
    "ALTER TABLE ledger.entries DROP CONSTRAINT entries_debit_sequence",
    "ALTER TABLE ledger.entries DROP CONSTRAINT entries_credit_sequence",
)
NO_KEYS = ("ALTER TABLE ledger.transactions DROP CONSTRAINT transactions_one_a_key",)

POSTING = (
    # Locks and order
    Plant("the batch form takes no row lock", "checker", [LOCK_MANY]),
    Plant("the single form takes no row lock", "checker", [LOCK_ONE]),
    Plant("no row lock and no unique sequence", "checker", [LOCK_MANY, LOCK_ONE], NO_SEQUENCES),
    Plant(
        "a reserve takes no row lock",
        "checker",
        [("reserve_many", "ORDER BY b.id FOR NO KEY UPDATE", "ORDER BY b.id")],
        NO_LIMITS,
    ),
    Plant(
        "the single form locks in the other order", "checker", [("post_one", "ORDER BY a.id\n", "ORDER BY a.id DESC\n")]
    ),
    Plant(
        "times are stamped before the lock",
        "checker",
        [
            ("post_batch", "    v_now := clock_timestamp();\n", ""),
            (
                "post_batch",
                "v_wanted := ARRAY(SELECT DISTINCT u FROM unnest(p_debits",
                "v_now := clock_timestamp();\n  v_wanted := ARRAY(SELECT DISTINCT u FROM unnest(p_debits",
            ),
            ("post_one", "v_now := clock_timestamp(); v_clock", "v_clock"),
            ("post_one", "    FOR v_account IN", "    v_now := clock_timestamp(); FOR v_account IN"),
        ],
    ),
    # Limits
    Plant("the single form skips the debited limit", "model", [("post_one", "dr.net + p_amount > dr.hi", "false")]),
    Plant(
        "the single form skips the limits",
        "model",
        [("post_one", "dr.net + p_amount > dr.hi OR cr.net - p_amount < cr.lo", "false")],
        NO_LIMITS,
    ),
    Plant(
        "the batch form skips the debited limit",
        "model",
        [("post_batch", "IF g > a_hi[d] THEN", "IF false THEN")],
        NO_LIMITS,
    ),
    Plant(
        "the batch form skips the credited limit",
        "model",
        [("post_batch", "IF g < a_lo[c] THEN", "IF false THEN")],
        NO_LIMITS,
    ),
    Plant(
        "a limit is kept but for one cent",
        "model",
        [("post_batch", "IF g > a_hi[d] THEN", "IF g > a_hi[d] + 1 THEN")],
        NO_LIMITS,
    ),
    Plant(
        "reserved money is spent",
        "model",
        [("post_one", "a.hi_minor - a.reserved_minor - a.pending_out_minor", "a.hi_minor - a.pending_out_minor")],
        NO_LIMITS,
    ),
    Plant("nothing keeps the limits", "invariants", [("post_one", "dr.net + p_amount > dr.hi", "false")], NO_LIMITS),
    # Numbers and sums
    Plant("a sequence is off by one", "model", [("post_one", "p_amount, dr.seq + 1,", "p_amount, dr.seq + 2,")]),
    Plant(
        "a sequence is off by one, and no one looks",
        "invariants",
        [("post_one", "p_amount, dr.seq + 1,", "p_amount, dr.seq + 2,")],
    ),
    Plant("a running balance misses its amount", "model", [("post_one", "cr.net - p_amount, v_now", "cr.net, v_now")]),
    Plant(
        "the account misses what its entry says",
        "invariants",
        [("post_one", "ELSE -p_amount END", "ELSE 1 - p_amount END")],
    ),
    Plant("a refused posting keeps the numbers it took", "model", [("post_batch", "a_seq[d] := a_seq[d] - 1;", "")]),
    # Keys
    Plant(
        "a key is not unique",
        "model",
        [
            ("post_one", "ON CONFLICT (tenant_id, key) DO NOTHING", ""),
            ("post_batch", "ON CONFLICT (tenant_id, key) DO NOTHING", ""),
        ],
        NO_KEYS,
    ),
    Plant("a unique index is gone", "model", ddl=NO_KEYS),
    Plant(
        "another body passes for a replay",
        "model",
        [("post_batch", "WHEN s.body_hash <> u.hash OR s.hash_formula <> 1 THEN 2 WHEN w.o", "WHEN w.o")],
    ),
    Plant(
        "a replay is taken for a conflict",
        "model",
        [("post_batch", "s.body_hash <> u.hash OR s.hash_formula <> 1 THEN 2\n", "true THEN 2\n")],
    ),
    Plant(
        "a refusal is not recorded",
        "model",
        [("post_batch", "WHERE u.code >= 10 AND coalesce(u.state, 0) = 0", "WHERE false")],
    ),
    Plant(
        "a refusal is not recorded, and no one looks",
        "invariants",
        [("post_batch", "WHERE u.code >= 10 AND coalesce(u.state, 0) = 0", "WHERE false")],
    ),
    # Batches
    Plant(
        "an atomic batch is half kept",
        "model",
        [("post_batch", "IF p_atomic AND v_culprit > 0 AND v_posted + v_held_back > 0 THEN", "IF false THEN")],
    ),
    Plant(
        "atomic reservations are half kept",
        "model",
        [("reserve_many", "IF p_atomic AND v_culprit > 0 AND v_made > 0 THEN", "IF false THEN")],
    ),
    # Reservations
    Plant("a capture is not capped", "model", [("post_batch", "ELSIF r_left[r] < taken THEN", "ELSIF false THEN")]),
    Plant(
        "an ended reservation is captured", "model", [("post_batch", "ELSIF NOT r_active[r] THEN", "ELSIF false THEN")]
    ),
    Plant(
        "a capture takes from any account",
        "model",
        [("post_batch", "IF taken = 0 THEN code := 21; held := 0;", "IF false THEN code := 21;")],
    ),
    Plant(
        "expiry is ignored by a reserve",
        "model",
        [("reserve_many", "EXIT WHEN v_next_expiry IS NULL OR v_next_expiry > v_clock;", "EXIT;")],
    ),
    Plant(
        "expiry is ignored by a posting",
        "model",
        [("post_batch", "EXIT WHEN v_next_expiry IS NULL OR v_next_expiry > v_clock;", "EXIT;")],
    ),
    Plant(
        "what is released is not given back",
        "model",
        [("end_reservations", "a.reserved_minor - u.rest", "a.reserved_minor")],
    ),
    Plant(
        "what is released is not given back, and no one looks",
        "invariants",
        [("end_reservations", "a.reserved_minor - u.rest", "a.reserved_minor")],
    ),
    # Pending, backdating, conditions
    Plant(
        "more is posted than was pending",
        "model",
        [
            (
                "post_batch",
                "IF p_amounts[e] > coalesce(o_left[p_of[e]], 0) THEN",
                "IF p_settles IS NULL AND p_amounts[e] > coalesce(o_left[p_of[e]], 0) THEN",
            )
        ],
    ),
    Plant(
        "a pending transaction is posted twice",
        "model",
        [
            ("post_batch", "p_settles IS NOT NULL AND v_status <> 'pending'", "false"),
            ("post_batch", "WHEN x.status = 'pending' AND x.expires_at <= v_clock", "WHEN false"),
        ],
        ["DROP TRIGGER pending_transactions_end_once ON ledger.pending_transactions"],
    ),
    Plant(
        "pending money can be spent",
        "model",
        [("post_one", "a.hi_minor - a.reserved_minor - a.pending_out_minor", "a.hi_minor - a.reserved_minor")],
        NO_LIMITS,
    ),
    Plant(
        "what is void is not given back",
        "model",
        [("end_pending", "PERFORM ledger.give_back(v_accounts, v_ended, v_clock);", "")],
    ),
    Plant(
        "an override is not asked for", "model", [("post_batch", "IF v_breach.at IS NOT NULL THEN", "IF false THEN")]
    ),
    Plant("a late leg is not marked", "model", [("post_batch", "e_debit_late[e] := true;", "")]),
    Plant(
        "a version is not compared",
        "model",
        [("post_batch", "IF p_debit_versions[e] <> a_seq[d] THEN", "IF false THEN")],
    ),
    # Reversal, status, days, messages
    Plant(
        "a transaction is reversed twice",
        "model",
        [
            ("post_batch", "IF p_amounts[e] > coalesce(o_left[p_of[e]], 0) THEN", "IF false THEN"),
            ("post_batch", "(SELECT sum(u) FROM unnest(o_left) u) = 0 THEN code := 31", "false THEN code := 31"),
        ],
    ),
    Plant("a reversal is reversed", "model", [("post_batch", "ELSIF v_status = 'reversal' THEN", "ELSIF false THEN")]),
    Plant("a frozen account moves", "model", [("post_one", "dr.status <> 'open'", "dr.status = 'closed'")]),
    Plant("a day is that of UTC", "model", [("post_one", "v_zone := coalesce(v_zone, 'UTC');", "v_zone := 'UTC';")]),
    Plant(
        "a posting is not announced",
        "model",
        [("post_batch", "WHERE u.event > 0\n     ORDER BY u.event;", "WHERE false;")],
    ),
)
