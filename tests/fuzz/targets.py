"""What is fuzzed: everything that takes bytes from outside, each with what must hold of whatever comes out.

A target returns when the bytes were read or refused as they should be, and raises when not. Its seeds are real files.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from tests.fuzz import doors
from tests.ingestion.parsers.test_contract import EXPECTED

from headgate.ingestion import envelopes
from headgate.ingestion.conforming import faults_of
from headgate.ingestion.errors import UnknownFormat
from headgate.ingestion.mapping import MalformedMapping, Mapping
from headgate.ingestion.normalised import document
from headgate.ingestion.parsers import Parser, all_parsers, detect
from headgate.ingestion.parsers._gathering import FAULTS_MAX
from headgate.ingestion.previewing import preview
from headgate.ingestion.rate_formats import RateFormat, all_formats
from headgate.ingestion.records import RAW_MAX, ReturnRecord, SettlementRecord
from headgate.ingestion.schemas import ENVELOPE, schemas
from headgate.ingestion.webhook_schemes import all_schemes, hex_hmac
from headgate.rails import CannotWrite, ach, banks, iso20022
from headgate.rails.acknowledgements import read_acknowledgements
from headgate.rails.wire import read_message

ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLES: Final = ROOT / "tests" / "samples"
FOUND: Final = Path(__file__).resolve().parent / "found"
SEED_MAX: Final = 40_000
SEEDS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Target:
    """What takes bytes: `run` raises where it breaks a promise. `folder` holds what was found once, and is mended."""

    name: str
    run: Callable[[bytes], None]
    seeds: Sequence[bytes]

    @property
    def folder(self) -> Path:
        return FOUND / self.name


@cache
def targets() -> dict[str, Target]:
    """Every target by name; parsers and formats of rates by their registry, so that a new one is fuzzed at once."""
    found = [Target(name, partial(parsed, parser), _seeds_of(name)) for name, parser in all_parsers().items()]
    found += [Target(f"rates_{name}", partial(_rates, one), _files("rates/*")) for name, one in all_formats().items()]
    found += [
        Target("detect", _detect, [content for name in all_parsers() for content in _seeds_of(name)[:4]]),
        Target("mapping", _mapping, [_MAPPED % name for name in (b"amount", b"credit")]),
        Target("envelope", _envelope, _ENVELOPES),
        Target("webhook", _webhook, [_SIGNED + body for body in (*_files("column/*"), *_ENVELOPES)]),
        Target("nacha_file", _nacha, _files("nacha/*/*.ach")),
        Target("iso20022", _iso20022, _files("fedwire/*.xml")),
        Target("wire", _wire, _files("fedwire/*.xml")),
        Target("acknowledgement", _acknowledgement, _ACKNOWLEDGEMENTS),
        Target(
            "cards", doors.look_for_cards, [*doors.CARDS, *_files("xlsx/*", "bai2/*", "ofx/*", "mt940/*", "camt/*")]
        ),
        Target("mask", doors.look_at_line, doors.LINES),
        Target("mail", doors.open_mail, doors.MAILS),
        Target("poll_page", doors.read_page, [*doors.PAGES, *_files("column/*.json")]),
        Target("bank_profile", _bank_profile, [path.read_bytes() for path in _profiles()]),
    ]
    return {one.name: one for one in found}


def parsed(parser: Parser, content: bytes) -> None:
    """Whatever the bytes: values come back, the same twice, with a fault where nothing was read, and nobody's number in it."""
    assert 0.0 <= parser.sniff(content) <= 1.0
    found = parser.parse(content)
    assert found == parser.parse(content)
    assert found.records or found.faults or found.statements or found.controls, "silence"
    assert len(found.faults) <= FAULTS_MAX + 1
    for fault in found.faults:
        assert fault.line >= 0 and fault.message.startswith(f"line {fault.line}"), fault
        assert len(fault.raw) <= RAW_MAX and len(fault.message) < 1_000, fault
    lines: Counter[int] = Counter()
    numbers = set()
    for record in found.records:
        lines[record.line] += 1
        made = document(record, parser=parser.name, occurrence=lines[record.line])
        assert made is None or not faults_of(made, schemas()[made["schema"]]), faults_of(
            made, schemas()[made["schema"]]
        )
        if isinstance(record, SettlementRecord):
            gross = record.amount if record.direction == "credit" else -record.amount
            assert gross - record.fee == record.net and record.amount.minor >= 0
        elif not isinstance(record, ReturnRecord):
            number = getattr(record, "account_number", None) or ""
            numbers.add(number)
            assert "account_number=" not in repr(record)
        if not isinstance(record, SettlementRecord) and hasattr(record, "amount"):
            assert record.amount.minor >= 0
    secret = [number for number in numbers if re.fullmatch(r"[A-Z]{0,2}\d{9,}", number)]
    told = [fault.message for fault in found.faults if not fault.rule.endswith("control_total")]  # those are figures
    assert not any(number in message for number in secret for message in told)
    for statement in found.statements:
        assert statement.credits.minor >= 0 and statement.debits.minor >= 0 and statement.records >= 0


def _detect(content: bytes) -> None:
    """Whose file it is: that parser reads it, and so does the preview where it is a table."""
    chosen = detect(content)
    assert chosen is None or chosen.sniff(content) >= 0.5
    try:
        found = preview(content)
    except UnknownFormat:
        return
    assert found.parser in all_parsers()


def _rates(form: RateFormat, content: bytes) -> None:
    converted = form.convert(content)
    assert converted.csv.startswith("from,to,rate,effective_at,source")
    assert all(fault.line >= 0 and fault.message for fault in converted.faults)
    rows = converted.csv.rstrip("\n").count("\n")
    assert converted.lines is None or len(converted.lines) == rows


def _mapping(content: bytes) -> None:
    """The first line says a mapping, the rest is read by it: as a table of text, of objects and of a workbook."""
    said, _, data = content.partition(b"\n")
    try:
        given = json.loads(said)
    except (ValueError, RecursionError):
        given = None
    mapping = None
    if isinstance(given, dict):  # anything else the door refuses before
        with suppress(MalformedMapping):
            mapping = Mapping.from_json(given)
    if mapping is not None:
        assert Mapping.from_json(mapping.as_json()) == mapping
        assert Mapping.from_json(json.loads(json.dumps(mapping.as_json()))).fingerprint == mapping.fingerprint
    for name in ("csv_v1", "json_v1"):
        parsed(
            replace(all_parsers()[name], parse=partial(all_parsers()[name].parse_mapped, mapping=mapping)),
            data,
        )
    try:
        preview(data, mapping=mapping)
    except UnknownFormat:
        assert mapping is None or detect(data) is None or detect(data).read_mapped is None  # type: ignore[union-attr]


def _envelope(content: bytes) -> None:
    found = envelopes.read(content)
    assert found == envelopes.read(content)
    if isinstance(found, list):
        assert 0 < len(found) <= 20 and all(fault.message for fault in found)
        return
    assert not faults_of(found, schemas()[ENVELOPE])
    assert found["borrower"]["name"] is None and re.fullmatch("[0-9a-f]{64}", found["idempotency_key"])
    json.dumps(found).encode()


def _webhook(content: bytes) -> None:
    """Header values in the first line, the body below: no scheme takes what was not signed, and every one takes what was."""
    head, _, body = content.partition(b"\n")
    text = head.decode("latin-1")
    names = (
        "column-signature",
        "x-signature",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "stripe-signature",
    )
    for scheme in all_schemes().values():
        assert scheme.check(dict.fromkeys(names, text), body, b"a secret nobody knows") is None
    given = {"column-signature": hex_hmac(b"s", body), "x-signature": f"sha256={hex_hmac(b's', body).upper()}"}
    for name in ("column", "hmac_sha256"):
        assert all_schemes()[name].check(given, body, b"s") is not None
        assert all_schemes()[name].check(given, body + b"x", b"s") is None
    for name in ("column_v1", "json_v1"):
        all_parsers()[name].parse(body)


def _nacha(content: bytes) -> None:
    """Read whole and as a stream; what is without error is written again to the same money, merged and split."""
    file = ach.read_file(content)
    items = list(ach.read(io.BytesIO(content)))
    assert tuple(item for item in items if isinstance(item, ach.Fault)) == file.faults
    for fault in file.faults:
        assert fault.rule in ach.RULES and fault.level in ("E", "W") and fault.record >= 0
    tally = ach.Tally()
    for item in items:
        if not isinstance(item, ach.Fault):
            tally.add(item)
    tally.finish()
    list(ach.sightings(io.BytesIO(content), "121042880000001"))
    try:
        merged = ach.merge([io.BytesIO(content)])
        parts = list(ach.split(io.BytesIO(content), ach.Limits(max_entries=3)))
    except CannotWrite:
        return
    money = sorted(entry.amount_minor or 0 for entry in file.entries)
    again = ach.read_file(merged.content)
    assert not again.is_refused and sorted(entry.amount_minor or 0 for entry in again.entries) == money
    cut = [entry for part in parts for entry in ach.read_file(part.content).entries]
    assert sorted(entry.amount_minor or 0 for entry in cut) == money


def _iso20022(content: bytes) -> None:
    kind, summary, faults = iso20022.read_message(content)
    assert kind or faults
    assert all(fault.rule and fault.message for fault in faults) and all(
        isinstance(one, str) for one in summary.values()
    )
    iso20022.looks_like_message(content)
    for network in iso20022.NETWORKS.values():
        iso20022.read_document(content, network=network)


def _wire(content: bytes) -> None:
    reading = read_message(content)
    assert (reading.fact is None) == bool(reading.faults)
    assert not any(secret in repr(reading) for secret in ("567876543", "Corporation", "5647772655"))  # of the samples


def _acknowledgement(content: bytes) -> None:
    terms = banks.get("sandbox").ach.acknowledgement  # type: ignore[union-attr]
    assert terms is not None
    table = replace(terms, form="csv", separator=",", amounts="cents")
    for one in (terms, table):
        said, unread = read_acknowledgements(content, one, filename="20261130-A-4F7Q2M9K.ach.ack")
        assert said or unread


def _bank_profile(content: bytes) -> None:
    try:
        profile = banks.read_profile(content.decode("utf-8", "replace"), name="sandbox")
    except banks.InvalidProfile as error:
        assert error.facts["problems"]
        return
    json.dumps(banks.document(profile))


# Seeds, smallest first.


def _files(*patterns: str) -> list[bytes]:
    return _smallest([path for pattern in patterns for path in SAMPLES.glob(pattern) if path.suffix != ".md"])


def _smallest(paths: Sequence[Path]) -> list[bytes]:
    found = sorted(
        (path.read_bytes() for path in paths if path.stat().st_size <= SEED_MAX), key=lambda one: (len(one), one)
    )
    return found[:: max(1, len(found) // SEEDS_MAX)]


def _seeds_of(name: str) -> list[bytes]:
    """The samples that the family's contract test has of it, and whatever else lies in their folders."""
    kind = name.rpartition("_v")[0]
    folder = {"camt053": "camt", "register": "csv"}.get(kind, kind)
    own = [path for path in SAMPLES.glob("nacha/*/*.ach" if kind == "nacha" else f"{folder}/*") if path.suffix != ".md"]
    return _smallest([*own, *(path for path in EXPECTED[name] if path not in own)])


def _profiles() -> list[Path]:
    return sorted(Path(banks.__file__).parent.glob("*.toml"))


_MAPPED: Final = (
    b'{"columns": {"booked_on": 0, "text": [1], "%s": 2, "debit": 3, "balance": 4}, "currency": "USD", "header_line": 1}\n'
    b"Date,Text,Amount,Debit,Balance\n2026-11-24,RENT,1.00,,11.00\n2026-11-25,FEE,-3.00,,8.00\n"
)
_SIGNED: Final = b"t=1700000000,v1=00,v1=ff\n"
_ACKNOWLEDGEMENTS: Final = (
    b"FILE: 20261130-A-4F7Q2M9K.ach\nStatus : accepted\nENTRIES:2\nCREDITS: $3,000.00\nDEBITS: 0.00\n",
    b'Ref,Branch,Result,Items,Cr,Dr\r\n4F7Q2M9K,7,OK,2,300000,0\r\n\r\nXXXXXXXX,7,ERR,1,"1,000",0\r\n',
    b"STATUS: REJECTED\r\nREASON: bad hash\r\nTRACE: 121042880000001\nBATCH: 1\n",
)


def _payment(**payment: Any) -> bytes:
    return json.dumps({
        "schema": payment.pop("schema", ENVELOPE), "message_id": "msg_1", "correlation_id": "cor_1",
        "occurred_at": "2025-08-20T12:00:00Z", "source": {"channel": "ach", "provider": "column", "batch_id": None},
        "borrower": {"loan_id": "loan-1", "name": None, "external_ids": {"account": "4400112233"}},
        "payment": {
            "currency": "USD", "method": "ach", "value_date": "2025-08-20", "reference": "abc",
            "details": {"account_number": "4400112233", "memo": ["a", {"payer_name": "A"}]}, **payment,
        },
        "artifacts": [{"type": "webhook_body", "uri": "file:///a", "hash": "0" * 64}], "risk": {"flags": [], "score": None},
        "external": {"column_transfer_id": "acht_1", "column_event_id": None, "psp_id": None},
    }).encode()  # fmt: skip


_ENVELOPES: Final = (_payment(amount_minor=135_000), _payment(schema=envelopes.FORMER, amount_cents=135_000))
