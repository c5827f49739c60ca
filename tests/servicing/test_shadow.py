"""The shadow report: ours against the bank's by channel and day, at T+1, without duplicates; and what it says."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from tests.ingestion.envelopes import envelope, raw
from tests.make import ACTOR, TenantFixture, usd
from tests.payments.stories import BANK_ACCOUNT
from tests.servicing.stories import at, board

from headgate import ingestion, servicing
from headgate.core.db import Database, Tx
from headgate.core.errors import Refused
from headgate.ingestion import Arrival
from headgate.rails import fake
from headgate.rails.fake_statements import BankDay, BankLine, camt053
from headgate.servicing import InvalidMode, pipeline
from headgate.servicing.shadow import ShadowDay, shadow_report

MONDAY = date(2026, 3, 2)
TUESDAY, SATURDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=5)
CODES = {"wire": "195", "ach": "142", "check": "175", "ach_return": "257"}


def came(tx: Tx, n: int, minor: int, on: date, channel: str, reference: str = "") -> None:
    """The n-th payment comes in and is brought to the end of the pipeline."""
    facts: dict[str, Any] = {"channel": channel, "transfer": f"{channel}_{n}", "reference": reference or f"ref {n}"}
    arrival = Arrival(raw(envelope("L-1", minor, on=on.isoformat(), **facts)))
    one = ingestion.ingest_payments(tx, [arrival])[0]
    assert not isinstance(one, Refused)
    pipeline.post(tx, [one.id])


def booked(tx: Tx, on: date, *lines: tuple[str, str, str], valued: date | None = None) -> None:
    """The bank's statement of a day: channel, amount, reference of each credit; the first may have an earlier value date."""
    found = tuple(BankLine(True, usd(amount), CODES[channel], name, name) for channel, amount, name in lines)
    data = fake.bai2(BankDay(BANK_ACCOUNT, on, usd("0.00"), found))
    if valued is not None:
        data = camt053(BankDay(BANK_ACCOUNT, on, usd("0.00"), found))
        data, found_once = re.subn(rb"(<ValDt>\s*<Dt>)[0-9-]+", rb"\g<1>" + str(valued).encode(), data, count=1)
        assert found_once
    kept = ingestion.receive(tx, source="bank", filename=f"{on}.txt", data=data)
    reading = ingestion.read(tx, kept.id)
    assert not isinstance(reading, Refused), reading


def told(days: tuple[ShadowDay, ...]) -> list[tuple[str, int, int, int, int, str]]:
    return [
        (
            f"{day.channel} {day.on:%a}",
            day.amount_minor,
            day.bank_minor,
            day.variance_minor,
            day.late_minor,
            day.verdict,
        )
        for day in days
    ]


def test_the_report_agrees_at_t_plus_1_and_names_each_difference(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, MONDAY + timedelta(days=14))
    board(tx, tenant)
    for channel, mode in (("wire", "shadow"), ("ach", "live"), ("check", "shadow")):
        servicing.set_posting_mode(tx, channel=channel, mode=mode, reason="a first look")
    assert shadow_report(tx).says.startswith("nothing to compare")

    came(tx, 1, 1_000, MONDAY, "wire")
    came(tx, 2, 2_000, MONDAY, "wire", reference="the same")
    came(tx, 3, 2_000, MONDAY, "wire", reference="the same")
    came(tx, 4, 500, SATURDAY, "ach")
    booked(tx, MONDAY, ("wire", "10.00", "a"), ("wire", "40.00", "b"), ("ach_return", "7.00", "r"))
    early = shadow_report(tx, first=MONDAY, last=MONDAY)
    booked(tx, TUESDAY, ("check", "3.00", "c"))
    at_t1 = shadow_report(tx, first=MONDAY, last=MONDAY)

    assert (early.is_clean, early.says) == (False, "nothing to judge yet; 1 wait for the statement of T+1")
    assert (at_t1.is_clean, at_t1.says) == (True, "no duplicates and no variance at T+1 on 1 channel days")
    (day,) = at_t1.days
    assert (day.count, day.pending_count, day.bank_count, day.mode) == (3, 3, 2, "shadow")
    assert (day.suspected, day.duplicates) == (1, 0), "two alike are two payments where the bank has two"

    came(tx, 5, 300, TUESDAY, "check")
    came(tx, 6, 900, TUESDAY, "wire")
    wednesday, thursday = TUESDAY + timedelta(days=1), TUESDAY + timedelta(days=2)
    booked(tx, wednesday, ("wire", "8.00", "d"), valued=TUESDAY)
    booked(tx, thursday, ("wire", "1.00", "e"), valued=TUESDAY)
    booked(tx, SATURDAY + timedelta(days=2), ("ach", "5.00", "f"))
    booked(tx, SATURDAY + timedelta(days=3), ("check", "9.00", "g"))
    report = shadow_report(tx, first=MONDAY, last=SATURDAY + timedelta(days=2))

    assert told(report.days) == [
        ("ach Mon", 500, 500, 0, 0, "agrees"),
        ("check Tue", 300, 300, 0, 0, "agrees"),
        ("wire Mon", 5_000, 5_000, 0, 0, "agrees"),
        ("wire Tue", 900, 800, -100, 100, "differs"),
    ]
    assert (report.is_clean, report.says) == (False, "1 channel days differ from the bank, 0 have duplicates")
    assert shadow_report(tx, first=MONDAY, last=SATURDAY, channel="check").is_clean
    assert told(shadow_report(tx, first=MONDAY, last=MONDAY, account_last4="0000").days)[0][2] == 0
    for facts in (
        {"first": TUESDAY, "last": MONDAY},
        {"channel": "pigeon"},
        {"first": date(2024, 1, 1), "last": MONDAY},
    ):
        with pytest.raises(InvalidMode):
            shadow_report(tx, **facts)  # type: ignore[arg-type]


def test_two_payments_of_one_transfer_are_duplicates_whatever_the_sums_say(
    database: Database, tenant: TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, MONDAY + timedelta(days=14))
        board(tx, tenant)
        servicing.set_posting_mode(tx, channel="wire", mode="live", reason="a test")
        for n in (1, 2):
            came(tx, n, 1_000, MONDAY, "wire")
        booked(tx, MONDAY, ("wire", "20.00", "a"))
        booked(tx, TUESDAY, ("check", "3.00", "c"))
        assert shadow_report(tx, first=MONDAY, last=MONDAY).is_clean
    transfer = "UPDATE servicing.payments SET provider_transfer_id = 'one' WHERE tenant_id = %s"
    assert admin.execute(transfer, (tenant.id,)).rowcount == 2

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        report = shadow_report(tx, first=MONDAY, last=MONDAY)

    assert (report.is_clean, report.days[0].duplicates, report.days[0].variance_minor) == (False, 1, 0)
    assert report.says == "0 channel days differ from the bank, 1 have duplicates"
