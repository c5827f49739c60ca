"""The bugs that are planted in funding and payments, and who finds each (test_planted_bugs.py).

A plant changes a text in exactly one place: of a module of Python, or of a file of SQL that is applied again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plant:
    """One bug: `file` under src/headgate, what stands in it, and what shall stand there instead; and its guard."""

    bug: str
    file: str
    old: str
    new: str
    guard: str = "model"


_FIGURES = "    balance = ledger.balance(tx, account_id)\n    # What is pending"
_PROVISIONAL = """    balance = ledger.balance(tx, account_id)
    held = tx.value(
        "SELECT coalesce(sum(held_minor), 0)::bigint FROM funding.provisional WHERE legal_entity_id = %(e)s",
        {"e": request.legal_entity_id},
    )
    own += held
    # What is pending"""

PLANTS = (
    # The gate
    Plant(
        "the gate stays shut at equality",
        "funding/model.py",
        "figures.available >= required:",
        "figures.available > required:",
    ),
    Plant("the gate counts provisional money", "funding/gate.py", _FIGURES, _PROVISIONAL),
    Plant(
        "the gate forgets what its claims hold and reserves again",
        "funding/gate.py",
        '    return {row["id"]: row["remaining_minor"] for row in rows}',
        "    return {}",
    ),
    Plant(
        "what the pay gate stops keeps its money",
        "funding/gate.py",
        "if held not in stays))",
        "if held in stays))",
    ),
    Plant(
        "what comes in does not pay what is owed",
        "funding/deposits.py",
        "        receivables.recover(tx, legal_entity_id=entity, currency=currency)\n",
        "        pass\n",
    ),
    Plant(
        "what others hold is told as a lack of funds",
        "funding/model.py",
        'return "reservation_conflict" if figures.posted >= required else',
        'return "reservation_conflict" if not required else',
    ),
    Plant(
        "a soft commit does not reserve what is there",
        "funding/gate.py",
        'if lacks is None and (not violations or mode == "soft"):',
        "if lacks is None and not violations:",
    ),
    Plant(
        "hybrid asks for money too",
        "funding/model.py",
        'if mode == "soft" or (mode == "hybrid" and reason != "policy_violation"):',
        'if mode == "soft":',
    ),
    # Limits
    Plant(
        "a day's limit counts what was reserved and sent twice",
        "funding/counters.py",
        'used - own["used"], max(committed, paid))',
        'used - own["used"], committed + paid)',
    ),
    Plant(
        "a limit is counted on the day of the commit",
        "funding/gate.py",
        'window = today if gate_type == "pay" else max(today, request.release_on or today)',
        "window = today",
    ),
    Plant(
        "the day's counter is not locked",
        "funding/counters.py",
        "AND currency = %(currency)s AND window_on = %(day)s\n               FOR NO KEY UPDATE\n",
        "AND currency = %(currency)s AND window_on = %(day)s\n",
        guard="race",
    ),
    # Money in
    Plant(
        "a hold ends a day early",
        "funding/request_model.py",
        "BANK_ZONE).date(), banking_days + 1)",
        "BANK_ZONE).date(), banking_days)",
    ),
    Plant(
        "returned money is taken back as if it had been final",
        "funding/returning.py",
        "was_final = original.return_deadline_at is None or _is_final(tx, original.id)",
        "was_final = True",
    ),
    Plant(
        "a late return leaves unsent payments their money",
        "funding/returning.py",
        'if policy == "available_then_reserved" and available < original.amount:',
        'if policy == "available_then_reserved" and available > original.amount:',
    ),
    Plant(
        "an exact wire goes to what is due first",
        "funding/events.py",
        "enumerate(chosen := exact[:1] or open_ones)",
        "enumerate(chosen := open_ones or exact)",
    ),
    Plant(
        "a returned request is asked as if new",
        "funding/request_model.py",
        "        if was_returned:\n",
        "        if not received:\n            was_returned = False\n        if was_returned:\n",
    ),
    Plant(
        "more is drawn than the line has free",
        "funding/credit.py",
        "if standing.free < amount:",
        "if standing.limit < amount:",
    ),
    Plant(
        "money that came back is provisional for ever",
        "funding/sql/10_guards.sql",
        "x.tenant_id = e.tenant_id AND x.of_event_id = e.id);",
        "x.tenant_id = e.tenant_id AND x.id = e.of_event_id AND e.kind = 'final');",
    ),
    # Payrolls and payments
    Plant(
        "a split takes one payment that the funds do not cover",
        "payments/payrolls/awaiting.py",
        "        if one.amount_minor > left:\n",
        "        if left <= 0:\n",
    ),
    Plant(
        "a split forgets its next payment",
        "payments/payrolls/awaiting.py",
        "rest = wanted[len(part) :]",
        "rest = wanted[len(part) + 1 :]",
    ),
    Plant(
        "later payrolls overtake one that is not covered",
        "payments/payrolls/awaiting.py",
        '        elif gate.reason != "policy_violation":\n',
        '        elif gate.reason == "policy_violation":\n',
    ),
    Plant(
        "money goes to what was committed first, and not to what is due first",
        "payments/payrolls/awaiting.py",
        "key=lambda one: (one.pay_on, one.id)):",
        "key=lambda one: one.id):",
    ),
    Plant(
        "what settled is sent again",
        "payments/submission.py",
        "           AND i.status IN ('pending', 'awaiting_funding', 'blocked_funds')\n           AND CASE i.rail",
        "           AND i.status IN ('pending', 'awaiting_funding', 'blocked_funds', 'settled')\n           AND CASE i.rail",
    ),
    Plant(
        "blocked payees go to the pay gate",
        "payments/submission.py",
        "        if standing and not standing.may_be_paid:\n",
        "        if standing and standing.account_status != 'active':\n",
    ),
    Plant(
        "an unfunded part holds back the funded part",
        "payments/submission.py",
        "awaits = one.due.reservation_id is None",
        "awaits = False",
    ),
    Plant(
        "what came back is settled by a later statement",
        "payments/outcomes/events.py",
        "WHERE i.tenant_id = %(tenant)s AND i.id = o.id AND i.status <> 'returned'",
        "WHERE i.tenant_id = %(tenant)s AND i.id = o.id",
    ),
    Plant(
        "a payroll of which a part came back is called paid",
        "payments/outcomes/events.py",
        "WHEN bool_and(i.status = 'settled') THEN 'paid'",
        "WHEN bool_or(i.status = 'settled') THEN 'paid'",
    ),
)
