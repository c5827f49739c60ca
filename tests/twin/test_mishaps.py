"""Whatever the bank does, by whatever seed: money leaves once, the book holds, and what the bank said is explained or a case."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from tests import checks, make
from tests.make import TenantFixture
from tests.twin.stories import THURSDAY, at, begin, funded, pay

from headgate import cases, ledger, payments, twin
from headgate.core.db import Database, Tx
from headgate.ingestion.parsers import bai2_v1, camt053_v1
from headgate.ingestion.records import TransactionRecord
from headgate.rails import ach, twin_folders
from headgate.rails.twin import Answer, Behaviour

pytestmark = pytest.mark.slow

END = date(2026, 12, 22)
CODES = ("R01", "R02", "R03", "R04", "R16", "R17", "R20", "R23", "R24", "R61", "R70", "R71", "R77", "R83")
WORDS = (*CODES, "C01", "C02", "C05", "C06", "LATE1", "LATE3", "DUP", "PARTIAL")

people = st.lists(
    st.builds(lambda words: "".join(words), st.lists(st.sampled_from(WORDS), max_size=2)), min_size=1, max_size=5
)
behaviours = st.builds(
    Behaviour, **{each.name: st.sampled_from([0, 0, 0, 200, 600, 1000]) for each in fields(Behaviour)}
)


# A story takes seconds: what fails is told as it was found, and not made small.
@pytest.mark.long
@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    first=people,
    second=people,
    behaviour=behaviours,
    seed=st.integers(0, 2**32),
    form=st.sampled_from(["bai2", "camt053"]),
)
def test_no_bank_makes_money_leave_twice_or_leaves_anything_unexplained(
    database: Database, first: list[str], second: list[str], behaviour: Behaviour, seed: int, form: str
) -> None:
    tenant = make.tenant(database)
    funded(database, tenant, "2000.00", statements=form)
    twin.give_bank(database, tenant.id, seed=seed, behaviour=behaviour, statements=form)
    for words, pay_on in ((first, THURSDAY), (second, THURSDAY + timedelta(days=1))):
        pay(
            database,
            tenant,
            *((f"{n}7{word}", f"{10 * n}.0{n}") for n, word in enumerate(words, start=1)),
            pay_on=pay_on,
        )
        twin.advance(database, tenant.id, to=at(pay_on))

    done = twin.advance(database, tenant.id, to=at(END))

    # A file's bytes hold ids of its own, and chance is drawn from them: told again, the story is another.
    note("\n".join(f"{one.at} {one.name}: {one.outcome}" for one in done.happened if one.what == "bank"))
    said = _said(database, tenant)
    _money_left_once(database, tenant)
    _every_return_is_known(database, tenant, said)
    _the_bank_and_the_book_agree_or_a_case_says_why(database, tenant, said)
    report = checks.run(database, [tenant.id])
    assert report.ok, [found for found in report.invariants if found.violations]


def _said(database: Database, tenant: TenantFixture) -> list[Answer]:
    """What the bank has sent, as far as it came whole."""
    bank = twin.bank_of(database, tenant.id)
    assert bank is not None
    received = twin_folders.received(bank.folders)
    return [answer for answer in bank.twin.answers(received, until=at(END)) if answer.is_whole]


def _money_left_once(database: Database, tenant: TenantFixture) -> None:
    with begin(database, tenant) as tx:
        events = Counter(
            (row["attempt_id"], row["status"])
            for row in tx.all(
                "SELECT attempt_id, status FROM payments.settlement_events WHERE tenant_id = %(t)s", {"t": tx.tenant_id}
            )
        )
        attempts = Counter(
            tx.values("SELECT instruction_id FROM payments.attempts WHERE tenant_id = %(t)s", {"t": tx.tenant_id})
        )
        cash = ledger.account_for(tx, "CASH", "USD").id
        out = tx.value(
            """
            SELECT coalesce(sum(e.amount_minor), 0)::bigint
              FROM ledger.entries e
             WHERE e.tenant_id = %(t)s AND e.credit_account_id = %(cash)s
            """,
            {"t": tx.tenant_id, "cash": cash},
        )
        sent = sum(file.credit.minor for file in payments.list_files(tx))
    assert set(events.values()) <= {1} and set(attempts.values()) <= {1}
    assert out <= sent


def _every_return_is_known(database: Database, tenant: TenantFixture, said: list[Answer]) -> None:
    """Each payment that the bank sent back is returned, with a case; nothing else is."""
    back = set()
    for answer in said:
        if answer.kind == "returns" and not answer.name.startswith(("dishonored", "contested")):
            for entry in ach.read_file(answer.content).entries:
                if entry.returned is not None and entry.returned.layout.name == "return":
                    back.add(entry.returned.original_trace)
    with begin(database, tenant) as tx:
        returned = set(
            tx.values(
                "SELECT trace_number FROM payments.attempts WHERE tenant_id = %(t)s AND status = 'returned'",
                {"t": tx.tenant_id},
            )
        )
        told = [case for case in _cases(tx) if case.category == "payment_returned"]
    assert returned == back
    assert len(told) == len(back)


def _the_bank_and_the_book_agree_or_a_case_says_why(
    database: Database, tenant: TenantFixture, said: list[Answer]
) -> None:
    """To the cent: the book has what the bank has, but for files that the bank settled otherwise than they were sent."""
    statements = [
        bai2_v1 if answer.name.endswith(".bai2") else camt053_v1 for answer in said if answer.kind == "statement"
    ]
    told = [answer.content for answer in said if answer.kind == "statement"]
    parsed = [parser.PARSER.parse(content) for parser, content in zip(statements, told, strict=True)]
    days = {found.on: (found, one.records) for one in parsed for found in one.statements}
    closing = max(days.items(), key=lambda item: item[0] or date.min)[1][0].closing
    assert closing is not None
    with begin(database, tenant) as tx:
        cash = ledger.balance(tx, ledger.account_for(tx, "CASH", "USD").id).posted
        differ = {case.detail["file_id"] for case in _cases(tx) if case.category == "file_settlement_differs"}
        files = [(file, ach.read_file(payments.file_bytes(tx, file.id)).header) for file in payments.list_files(tx)]
    unsettled = 0
    for file, header in files:
        assert header is not None
        booked = [
            line.amount.minor
            for _, records in days.values()
            for line in records
            if isinstance(line, TransactionRecord)
            and line.direction == "debit"
            and line.customer_reference == header.reference
        ]
        if file.status != "settled":
            unsettled += sum(booked)
            assert (file.id in differ) is bool(booked)
    assert cash.minor == closing.minor + unsettled


def _cases(tx: Tx) -> list[cases.Case]:
    return cases.list_cases(tx, limit=1000)
