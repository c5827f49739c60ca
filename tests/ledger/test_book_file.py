"""The whole book as a file: taken into an empty tenant it is the same book, and a file that was touched is refused."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import checks, make
from tests.ledger.conftest import Book
from tests.ledger.late import check_marks
from tests.ledger.test_report_doors import run as run

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.db import Actor, Database
from headgate.core.errors import Conflict, HeadgateError, Malformed
from headgate.core.money import Money
from headgate.ledger import Conversion, Entry, Posted, Posting
from headgate.ledger.book import BESIDE

pytestmark = pytest.mark.slow


@pytest.fixture
def story(book: Book, admin: psycopg.Connection[Any]) -> Book:
    """A book with a bit of everything."""
    book.fund("100.00")
    book.post(
        book.cash,
        book.client,
        "7.00",
        key="given",
        effective_at=datetime(2026, 1, 2, tzinfo=UTC),
        metadata={"a": 1.10, "b": None},
    )
    spent = book.post(book.client, book.clearing, "5.00", key="spent", source_type="payment", source_id="pay_1")
    assert isinstance(spent, Posted)
    book.do(ledger.reverse, idempotency_key="back", transaction_id=spent.transaction_id, reason="wrong")
    book.do(ledger.reverse, idempotency_key="twice", transaction_id=spent.transaction_id, reason="wrong")
    with book.begin() as tx:
        later = tx.now() + timedelta(days=3)
        two = [Entry(book.cash, book.clearing, make.usd("1.00")), Entry(book.clearing, book.cash, make.usd("1.00"))]
        ledger.post_many(tx, [Posting("two", two, description='both "ways" – é')])
    held = book.reserved("20.00", key="held", expires_at=later)
    book.capture(held, "5.00", key="captured")
    book.do(ledger.release, book.reserved("1.00", key="released").id)
    book.reserved("2.00", key="lasting")
    book.post(book.client, book.clearing, "1000.00", key="refused")
    book.reserve("1000.00", key="refused")
    book.do(ledger.capture, idempotency_key="refused capture", reservation_id=held.id, amount=make.usd("99.00"),
            debit=book.client, credit=book.clearing)  # fmt: skip
    with book.begin() as tx:
        ledger.create_account(tx, code="till", name="Till", type="ASSET", currency="USD", max_balance=make.usd("5.00"))
        ledger.set_parent(tx, "till", "CASH.USD", reason="a test")
        ledger.set_limits(tx, "till", min_balance=None, max_balance=make.usd("9.00"), reason="a test")
        ledger.set_status(tx, "FEES.USD", "frozen", reason="a test")
    check_marks(admin, book.tenant.id)
    return book


@pytest.fixture
def empty(database: Database) -> Any:
    """A tenant without an account."""
    return tenants.create_tenant(database, slug=f"e-{ids.new('x')[-12:]}", name="Empty", livemode=False)


def exported(database: Database, tenant_id: Any) -> tuple[bytes, ledger.BookProof]:
    out = io.BytesIO()
    with database.begin(tenant_id=tenant_id, actor=make.ACTOR) as tx:
        proof = ledger.export_book(tx, out)
    return out.getvalue(), proof


def imported(database: Database, tenant_id: Any, data: bytes) -> ledger.BookProof:
    with database.begin(tenant_id=tenant_id, actor=make.ACTOR) as tx:
        return ledger.import_book(tx, io.BytesIO(data))


def test_a_book_taken_in_is_the_same_book(story: Book, empty: Any, database: Database) -> None:
    data, proof = exported(database, story.tenant.id)

    taken = imported(database, empty.id, data)

    assert taken == proof
    again, _ = exported(database, empty.id)
    assert again.splitlines()[1:] == data.splitlines()[1:]
    assert proof.counts == {
        "legal_entity": 1, "account": 22, "reservation": 4, "transaction": 9, "pending": 0, "reservation_event": 2, "entry": 7,
    } | dict.fromkeys(BESIDE, 0)  # fmt: skip
    (usd,) = proof.totals
    assert usd.debit_balances_minor == usd.credit_balances_minor == 10700
    report = checks.run(database, [empty.id])
    assert report.ok, [found for found in report.invariants if found.violations]


def test_what_was_asked_before_is_answered_as_before(story: Book, empty: Any, database: Database) -> None:
    data, _ = exported(database, story.tenant.id)
    imported(database, empty.id, data)
    with database.begin(tenant_id=empty.id, actor=make.ACTOR) as tx:
        accounts = {account.code: account for account in ledger.list_accounts(tx, limit=100)}
        client = next(a for a in accounts.values() if a.purpose == "CLIENT_FUNDS")
        cash, clearing = accounts["CASH.USD"].id, accounts["PAYROLL_CLEARING.USD"].id

        given = ledger.post(tx, idempotency_key="given", entries=[Entry(cash, client.id, make.usd("7.00"))],
                            effective_at=datetime(2026, 1, 2, tzinfo=UTC), metadata={"a": 1.10, "b": None})  # fmt: skip
        spent = ledger.post(tx, idempotency_key="spent", entries=[Entry(client.id, clearing, make.usd("5.00"))],
                            source_type="payment", source_id="pay_1")  # fmt: skip
        assert isinstance(given, Posted) and isinstance(spent, Posted)
        assert given.replayed and spent.replayed
        back = ledger.reverse(tx, idempotency_key="back", transaction_id=spent.transaction_id, reason="wrong")
        assert isinstance(back, Posted) and back.replayed
        (held,) = [one for one in ledger.list_reservations(tx) if one.captured]
        captured = ledger.capture(tx, idempotency_key="captured", reservation_id=held.id, amount=make.usd("5.00"),
                                  debit=client.id, credit=clearing)  # fmt: skip
        assert isinstance(captured, Posted) and captured.replayed
        refusal = ledger.explain_refusal(tx, "refused capture")
        assert (refusal.code, refusal.facts["reservation"]) == (
            "ledger.capture_exceeds_reservation",
            ids.encode("rsv", held.id),
        )
        assert accounts["till"].parent == "CASH.USD"
    for key, amount in (("refused", "1000.00"), ("given", "8.00")):
        with database.begin(tenant_id=empty.id, actor=make.ACTOR) as tx, pytest.raises(Conflict):
            ledger.post(tx, idempotency_key=key, entries=[Entry(client.id, clearing, make.usd(amount))])


def test_the_book_goes_on_where_it_was_taken_in(story: Book, empty: Any, database: Database) -> None:
    data, _ = exported(database, story.tenant.id)
    imported(database, empty.id, data)

    with database.begin(tenant_id=empty.id, actor=make.ACTOR) as tx:
        cash = ledger.account_for(tx, "CASH", "USD").id
        clearing = ledger.account_for(tx, "PAYROLL_CLEARING", "USD").id
        assert isinstance(
            ledger.post(tx, idempotency_key="new", entries=[Entry(cash, clearing, make.usd("1.00"))]), Posted
        )

    assert checks.run(database, [empty.id]).ok


def test_no_book_is_written_into(story: Book, other: Book, database: Database) -> None:
    data, _ = exported(database, story.tenant.id)
    before = other.facts()

    with pytest.raises(HeadgateError) as raised:
        imported(database, other.tenant.id, data)

    assert raised.value.code == "ledger.book_exists"
    assert other.facts() == before


def spoiled(data: bytes, how: str) -> bytes:
    lines = data.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if b'"key":"given"' in line)
    match how:
        case "amount":
            lines[at] = lines[at].replace(b'"amount_minor" : 700', b'"amount_minor" : 701')
        case "lost":
            del lines[at]
        case "cut":
            lines = lines[:-1]
        case "more":
            lines.append(lines[at])
        case "header":
            lines[0] = lines[0].replace(b"book.v2", b"book.v9")
        case "kind":
            lines[at] = b'{"kind":"gift"}\n'
        case "no json":
            lines[at] = b"{\n"
        case "no entity":
            lines[1] = b'{"kind":"legal_entity"}\n'
        case "empty":
            lines = []
    assert b"".join(lines) != data
    return b"".join(lines)


@pytest.mark.parametrize("how", ["amount", "lost", "cut", "more", "header", "kind", "no json", "no entity", "empty"])
def test_a_file_that_was_touched_is_refused(story: Book, empty: Any, database: Database, how: str) -> None:
    data, _ = exported(database, story.tenant.id)

    with pytest.raises(Malformed) as raised:
        imported(database, empty.id, spoiled(data, how))

    assert raised.value.code == "ledger.malformed_book"
    with database.begin(tenant_id=empty.id, actor=make.ACTOR) as tx:
        assert tx.value("SELECT count(*) FROM ledger.accounts") == 0


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b'"credit" : "CLIENT', b'"credit" : "KLIENT'),
        (b'"effective_on":"2026-01-01"', b'"effective_on":"soon"'),
        (b'"key":"given"', b'"key":"spent"'),
        (b'"debit_late" : ', b'"debit_late" : not '),
    ],
)
def test_lines_that_make_no_book_are_found_although_their_digest_was_mended(
    story: Book, empty: Any, database: Database, was: bytes, becomes: bytes
) -> None:
    """What was taken in is read again and compared: what the database dropped or read otherwise is seen."""
    data, _ = exported(database, story.tenant.id)
    lines = data.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if b'"key":"given"' in line)
    assert was in lines[at]
    lines[at] = lines[at].replace(was, becomes)
    end = json.loads(lines[-1])
    end["digest"] = "sha256:" + hashlib.sha256(b"".join(lines[1:-1])).hexdigest()
    lines[-1] = json.dumps(end, separators=(",", ":")).encode() + b"\n"

    with pytest.raises(Malformed) as raised:
        imported(database, empty.id, b"".join(lines))

    assert raised.value.code == "ledger.malformed_book"


def test_pending_money_is_taken_along(story: Book, empty: Any, database: Database) -> None:
    with story.begin() as tx:
        later = tx.now() + timedelta(days=2)
        one = [Entry(story.client, story.clearing, make.usd("3.00"))]
        numbers = {}
        for key in ("open", "settled", "unwanted"):
            made = ledger.post(tx, idempotency_key=key, entries=one, pending=True, expires_at=later)
            assert isinstance(made, Posted)
            numbers[key] = made.transaction_id
        ledger.post_pending(tx, idempotency_key="settle", transaction_id=numbers["settled"])
        ledger.void(tx, transaction_id=numbers["unwanted"], reason="a test")
        held = ledger.reserve(
            tx, idempotency_key="r1", account=story.client, amount=make.usd("1.00"), reserve_type="t", source_ref="s"
        )
        assert isinstance(held, ledger.Reservation)
        ledger.increase(tx, idempotency_key="r2", reservation_id=held.id, amount=make.usd("2.00"))
        ledger.release_part(tx, idempotency_key="r3", reservation_id=held.id, amount=make.usd("0.50"))
    data, proof = exported(database, story.tenant.id)

    assert imported(database, empty.id, data) == proof
    assert proof.counts["pending"] == 3
    report = checks.run(database, [empty.id])
    assert report.ok, [found for found in report.invariants if found.violations]
    with database.begin(tenant_id=empty.id, actor=make.ACTOR) as tx:
        (waiting,) = [row for row in ledger.list_pending(tx, limit=10) if row.status == "pending"]
        assert isinstance(ledger.post_pending(tx, idempotency_key="new", transaction_id=waiting.id), Posted)
    assert checks.run(database, [empty.id]).ok


def test_from_the_command_line(run: Any, story: Book, empty: Any, tmp_path: Path, database: Database) -> None:
    out = tmp_path / "book.ndjson"

    proof = json.loads(run("export", "--out", str(out), "--json"))

    assert json.loads(out.read_bytes().splitlines()[-1])["digest"] == proof["digest"]
    assert list(tmp_path.iterdir()) == [out]
    assert imported(database, empty.id, out.read_bytes()).digest == proof["digest"]
    for words in (("export", "--out", str(tmp_path)), ("import", str(tmp_path / "none")), ("import", str(out))):
        with pytest.raises(HeadgateError):
            run(*words)


def test_long_books_come_in_parts(database: Database, empty: Any, book: Book) -> None:
    with book.begin() as tx:
        ledger.post_many(
            tx, [Posting(f"k{n}", [Entry(book.cash, book.clearing, make.usd("1.00"))]) for n in range(1300)]
        )
    heard: list[int] = []
    out = io.BytesIO()
    with book.begin() as tx:
        proof = ledger.export_book(tx, out, told=heard.append)

    assert heard == [500, 1000]
    with database.begin(tenant_id=empty.id, actor=Actor.system("test")) as tx:
        assert ledger.import_book(tx, io.BytesIO(out.getvalue()), told=heard.append) == proof
    assert len(heard) == 4


YEAR = datetime(2025, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def whole(story: Book) -> Book:
    """A book with something of everything beside its journal, too."""
    with story.begin() as tx:
        for currency in ("EUR", "GBP"):
            ledger.seed_chart(tx, currency=currency)
        quiet = tenants.create_legal_entity(tx, name="Quiet", time_zone="Asia/Tokyo", currency="USD").id
        twin = tenants.create_legal_entity(tx, name="Quiet", time_zone="Asia/Tokyo", currency="USD").id
        for rate in ("1.10", "1.20"):
            ledger.record_rate(
                tx, from_currency="EUR", to_currency="USD", rate=Decimal(rate), effective_at=YEAR, source="ecb"
            )
        ledger.import_opening_balances(tx, b"account,balance,currency\nCHARGEBACK_LOSS.USD,9.00,USD\n")
        for key, back in (("fx1", False), ("fx2", True), ("fx3", False)):
            made = ledger.convert(
                tx, idempotency_key=key, from_account="CASH.USD", to_account="CASH.EUR", amount=make.usd("3.33"),
                rate=Decimal("0.9"), source="desk", functional_currency="USD", effective_at=YEAR + 40 * DAY,
            )  # fmt: skip
            assert isinstance(made, Conversion)
            if back:
                ledger.reverse_conversion(tx, idempotency_key="fx back", conversion_id=made.id, reason="a test")
        ledger.set_status(tx, "CASH.GBP", "frozen", reason="a test")
        ledger.convert(tx, idempotency_key="fx refused", from_account="CASH.EUR", to_account="CASH.GBP", rate=Decimal(1),
                       source="desk", amount=Money(1, "EUR"), functional_currency="USD")  # fmt: skip
        ledger.record_rate(tx, from_currency="EUR", to_currency="USD", rate=Decimal("1.3"), effective_at=YEAR + DAY,
                           source="ecb")  # fmt: skip
        ledger.revalue(tx, on=date(2025, 3, 3), functional_currency="USD")
        ledger.revalue(tx, on=date(2024, 3, 3), functional_currency="USD")
        for entity in (None, quiet, twin):
            opened = ledger.open_period(
                tx, name="2025", starts_on=YEAR.date(), ends_on=date(2025, 12, 31), legal_entity_id=entity
            )
            ledger.close_period(tx, period_id=opened.id, late="route", reason="a test")
        ledger.reopen_period(tx, period_id=opened.id, approval_ref="apr_1", reason="a test")
        ledger.open_period(tx, name="2026", starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
        ledger.cut_off(tx, account="CASH.USD", at=YEAR + 60 * DAY, name="first")
        ledger.cut_off(tx, account="CASH.USD", at=YEAR + 400 * DAY, name="second")
        one, two = (
            ledger.add_monitor(
                tx, account="CASH.USD", what="posted", comparison="above", threshold=make.usd("1.00"), name=n
            )
            for n in ("stays", "goes")
        )
        assert one.is_crossed
        ledger.remove_monitor(tx, two.id)
        ledger.set_must_be_zero(
            tx, account="PAYROLL_CLEARING.USD", must_be_zero=True, max_age=900 * DAY, reason="a test"
        )
    return story


def beside(tx: Any) -> dict[str, Any]:
    """What stands beside the journal, as its reads tell it, without the numbers."""
    codes = {account.id: account.code for account in ledger.list_accounts(tx, limit=100)}
    return {
        "positions": [
            (one.account_code, one.quantity, one.cost, one.realised, one.value)
            for one in ledger.positions(tx, functional_currency="USD")
        ],
        "revaluations": [
            (one.revalued_on, one.gain, [(codes[line.account_id], line.rate, line.gain) for line in one.lines])
            for one in ledger.list_revaluations(tx)
        ],
        "rates": [(one.rate, one.effective_at, one.recorded_at) for one in ledger.list_rates(tx)],
        "conversions": [(codes[one.from_account_id], one.value, one.gain) for one in ledger.list_conversions(tx)],
        "periods": [
            (one.name, one.status, [(c.closed_at, c.totals, c.reopened_at, c.approval_ref) for c in one.closings])
            for one in ledger.list_periods(tx)
        ],
        "frozen": [
            (row.code, row.balance) for row in ledger.frozen_trial_balance(tx, period_id=ledger.list_periods(tx)[0].id)
        ],
        "settlements": [(one.name, one.legs, one.late_legs, one.amount) for one in ledger.list_settlements(tx)],
        "monitors": [(one.name, one.threshold, one.is_crossed, one.changed_at) for one in ledger.list_monitors(tx)],
        "clearing": [(one.code, one.residual, one.max_age) for one in ledger.clearing_report(tx)],
    }


def test_what_stands_beside_the_journal_is_taken_along(whole: Book, empty: Any, database: Database) -> None:
    data, proof = exported(database, whole.tenant.id)

    assert imported(database, empty.id, data) == proof

    assert {kind: proof.counts[kind] for kind in BESIDE} == {
        "exchange_rate": 3, "conversion": 4, "position_move": 4, "revaluation": 2, "period": 4, "period_balance": 9,
        "period_closing": 3, "settlement": 2, "settlement_leg": 4, "monitor": 2, "clearing_rule": 1, "opening_import": 1,
    }  # fmt: skip
    assert exported(database, empty.id)[0].splitlines()[1:] == data.splitlines()[1:]
    with whole.begin() as tx, database.begin(tenant_id=empty.id, actor=make.ACTOR) as taken:
        assert beside(taken) == beside(tx)
    report = checks.run(database, [empty.id])
    assert report.ok, [found for found in report.invariants if found.violations]


def test_what_stands_beside_the_journal_goes_on(whole: Book, empty: Any, database: Database) -> None:
    imported(database, empty.id, exported(database, whole.tenant.id)[0])

    with database.begin(tenant_id=empty.id, actor=make.ACTOR) as tx:
        cash, fees = (ledger.account_for(tx, purpose, "USD").id for purpose in ("CASH", "REVENUE"))
        late = ledger.post(
            tx, idempotency_key="late", entries=[Entry(cash, fees, make.usd("500.00"))], effective_at=YEAR + DAY
        )
        assert isinstance(late, Posted)
        assert ledger.get_transaction(tx, late.transaction_id).effective_on == date(2026, 1, 1)
        more = ledger.convert(tx, idempotency_key="more", from_account="CASH.EUR", to_account="CASH.USD",
                              amount=Money(555, "EUR"), functional_currency="USD")  # fmt: skip
        assert isinstance(more, Conversion)
        assert ledger.cut_off(tx, account="CASH.USD", at=datetime.now(UTC), name="third").legs == 6
        assert ledger.import_opening_balances(tx, b"account,balance,currency\nCHARGEBACK_LOSS.USD,9.00,USD\n").replayed
        assert tx.value("SELECT is_watched FROM ledger.accounts WHERE id = %(id)s", {"id": cash})
    with database.begin(tenant_id=empty.id, actor=make.ACTOR) as tx, pytest.raises(ledger.IdempotencyConflict):
        ledger.convert(tx, idempotency_key="fx1", from_account="CASH.USD", to_account="CASH.EUR",
                       amount=make.usd("3.33"), rate=Decimal("0.9"), source="desk", functional_currency="USD",
                       effective_at=YEAR + 40 * DAY)  # fmt: skip
    assert checks.run(database, [empty.id]).ok


def test_a_file_of_the_first_form_is_read_still(story: Book, empty: Any, database: Database) -> None:
    """It ends with the journal."""
    lines = exported(database, story.tenant.id)[0].splitlines(keepends=True)
    lines[0] = lines[0].replace(b"book.v2", b"book.v1")
    digest = "sha256:" + hashlib.sha256(b"".join(lines[1:-1])).hexdigest()
    lines[-1] = json.dumps({"kind": "end", "lines": len(lines) - 2, "digest": digest}, separators=(",", ":")).encode()

    proof = imported(database, empty.id, b"".join(lines))

    assert proof.digest == digest
    assert sum(proof.counts[kind] for kind in BESIDE) == 0


def test_what_the_first_form_did_not_know_is_no_part_of_it(whole: Book, empty: Any, database: Database) -> None:
    data, _ = exported(database, whole.tenant.id)

    with pytest.raises(Malformed) as raised:
        imported(database, empty.id, data.replace(b"book.v2", b"book.v1", 1))

    assert "'exchange_rate' is no part" in raised.value.message
