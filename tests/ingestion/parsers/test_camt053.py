"""camt: sums and balances that must agree, bookings only, and documents that would harm."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from headgate.core.money import Money
from headgate.ingestion.parsers import all_parsers
from headgate.ingestion.records import Parsed, TransactionRecord

PARSER = all_parsers()["camt053_v1"]
GOOD = (Path(__file__).resolve().parents[3] / "docs" / "samples" / "statement.xml").read_text("utf-8")


def rules(parsed: Parsed) -> list[str]:
    return [fault.rule.removeprefix("camt.") for fault in parsed.faults]


def test_every_field_is_read() -> None:
    parsed = PARSER.parse(GOOD.encode())

    first = parsed.records[0]
    assert isinstance(first, TransactionRecord)
    assert first.line == GOOD[: GOOD.index("<Ntry>")].count("\n") + 1
    assert (first.external_id, first.account_number) == ("2233:2026-11-25:195:20261125000001", "4400112233")
    assert (first.amount, first.direction) == (Money(14_175_520, "USD"), "credit")
    assert (first.booked_on, first.value_on) == (date(2026, 11, 25), date(2026, 11, 25))
    assert (first.type_code, first.customer_reference) == ("195", "HARBOR-1125")
    assert first.text == "INCOMING WIRE HARBOR BAKERY LLC"
    (statement,) = parsed.statements
    assert (statement.reference, statement.on) == ("STMT20261125-1", date(2026, 11, 25))
    assert (statement.opening, statement.closing) == (Money(2_500_000, "USD"), Money(6_575_312, "USD"))


@pytest.mark.parametrize(
    ("before", "after", "expected", "left"),
    [
        ("<Sum>106130.24</Sum>", "<Sum>106130.25</Sum>", ["total"], 3),
        ("<NbOfNtries>2</NbOfNtries>", "<NbOfNtries>3</NbOfNtries>", ["count"], 3),
        ('<Amt Ccy="USD">65753.12</Amt>', '<Amt Ccy="USD">65753.13</Amt>', ["balance"], 3),
        ('<Amt Ccy="USD">5128.16</Amt>', '<Amt Ccy="USD">5128.165</Amt>', ["amount", "count", "total", "balance"], 2),
        ('<Amt Ccy="USD">5128.16</Amt>', '<Amt Ccy="USD">-5128.16</Amt>', ["amount", "count", "total", "balance"], 2),
        ('<Amt Ccy="USD">5128.16</Amt>', "", ["amount", "count", "total", "balance"], 2),
        ('<Amt Ccy="USD">5128.16</Amt>', '<Amt Ccy="EUR">5128.16</Amt>', ["currency", "count", "total", "balance"], 2),
        ("<CdtDbtInd>DBIT</CdtDbtInd>", "<CdtDbtInd>XXXX</CdtDbtInd>", ["side", "count", "total", "balance"], 2),
        ("<Cd>BOOK</Cd>", "<Cd>PDNG</Cd>", ["status", "count", "total", "balance"], 2),
        ("<BookgDt>\n          <Dt>2026-11-25", "<BookgDt>\n          <Dt>2026-13-25", ["date"], 3),
        ("</Document>", "", ["xml"], 3),
        ("<Stmt>", "<Other>", ["xml"], 0),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_is_read(before: str, after: str, expected: list[str], left: int) -> None:
    assert before in GOOD

    parsed = PARSER.parse(GOOD.replace(before, after, 1).encode())

    assert rules(parsed) == expected
    assert len(parsed.records) == left


def test_a_statement_that_is_cut_off_says_so() -> None:
    parsed = PARSER.parse(GOOD[: GOOD.rindex("<Ntry>")].encode())

    assert "complete" in rules(parsed) and "xml" in rules(parsed)
    assert len(parsed.records) == 2


def test_balances_of_the_banks_side_are_proposed_and_never_guessed() -> None:
    mirrored = GOOD.replace(">25000.00<", ">X<").replace(">65753.12<", ">25000.00<").replace(">X<", ">65753.12<")

    parsed = PARSER.parse(mirrored.encode())

    assert parsed.statements[0].proof == "reversed"
    assert [(fault.rule, fault.level) for fault in parsed.faults] == [("camt.balance", "W")]


BOMB = """<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Document><BkToCstmrStmt><Stmt><Id>&b;</Id></Stmt></BkToCstmrStmt></Document>"""
FETCH = """<?xml version="1.0"?><!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/hostname">]>
<Document><BkToCstmrStmt><Stmt><Id>&f;</Id></Stmt></BkToCstmrStmt></Document>"""


@pytest.mark.parametrize("document", [BOMB, FETCH, BOMB.encode("utf-16").decode("utf-16")])
def test_a_document_with_entities_is_refused_unread(document: str) -> None:
    parsed = PARSER.parse(document.encode())

    assert rules(parsed) == ["doctype"]
    assert parsed.records == ()


def test_a_bomb_in_another_encoding_is_refused_as_well() -> None:
    parsed = PARSER.parse(BOMB.replace('"1.0"?', '"1.0" encoding="UTF-16"?').encode("utf-16"))

    assert rules(parsed) == ["doctype"]


def test_an_unknown_encoding_is_a_fault() -> None:
    assert rules(PARSER.parse(b'<?xml version="1.0" encoding="KLINGON"?><Document/>')) in (["xml"], ["encoding"])


@pytest.mark.parametrize("amount", ["5128.16", "65753.12"])
def test_an_amount_beyond_the_book_is_a_fault(amount: str) -> None:
    parsed = PARSER.parse(
        GOOD.replace(f'<Amt Ccy="USD">{amount}</Amt>', f'<Amt Ccy="USD">{"9" * 16}.00</Amt>').encode()
    )

    assert "amount" in rules(parsed)


@pytest.mark.slow
def test_a_large_statement_is_forgotten_as_it_is_read() -> None:
    start, end = GOOD.index("<Ntry>"), GOOD.index("</Ntry>") + len("</Ntry>")
    many = GOOD[:start] + GOOD[start:end] * 3_000 + GOOD[end:]

    parsed = PARSER.parse(many.encode())

    assert len(parsed.records) == 3_002
    identities = [record.external_id for record in parsed.records if isinstance(record, TransactionRecord)]
    assert len(set(identities)) == 3_002
