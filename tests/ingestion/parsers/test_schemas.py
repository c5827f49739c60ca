"""The published schemas: what every parser gives follows them, and what lacks a member or has one more does not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.ingestion.parsers.test_contract import CASES, PARSERS

from headgate.ingestion.normalised import document
from headgate.ingestion.schemas import ENVELOPE, SETTLEMENT_EVENT, TRANSACTION, schemas

ENVELOPE_SAMPLE: dict[str, Any] = {
    "schema": ENVELOPE,
    "message_id": "msg_1",
    "correlation_id": "cor_1",
    "idempotency_key": "6e653208eede3b9f40db7f8fad5afb8b6b1cd75d44266f0e0ddfcc841e62df77",
    "occurred_at": "2025-08-20T12:00:00Z",
    "source": {"channel": "ach", "provider": "column", "batch_id": None},
    "borrower": {"loan_id": "loan-1", "name": None, "external_ids": {"core": "17"}},
    "payment": {
        "amount_minor": 135000,
        "currency": "USD",
        "method": "ach",
        "value_date": "2025-08-20",
        "reference": "abc",
        "details": {},
    },
    "artifacts": [{"type": "webhook_body", "uri": "file:///a", "hash": "0" * 64}],
    "risk": {"flags": [], "score": None},
    "external": {"column_transfer_id": "acht_1", "column_event_id": None, "psp_id": None},
}


def test_every_schema_is_one() -> None:
    assert set(schemas()) == {ENVELOPE, TRANSACTION, SETTLEMENT_EVENT}
    for name, schema in schemas().items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["properties"]["schema"] == {"const": name}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.name}" for name, path in CASES])
def test_what_a_parser_gives_follows_its_schema(name: str, path: Path) -> None:
    parsed = PARSERS[name].parse(path.read_bytes())
    validators = {key: jsonschema.Draft202012Validator(schema) for key, schema in schemas().items()}
    seen: Counter[int] = Counter()

    for record in parsed.records:
        seen[record.line] += 1
        made = document(record, parser=name, occurrence=seen[record.line])
        if made is None:
            assert PARSERS[name].kind in ("register", "returns")
            continue
        validators[made["schema"]].validate(made)
        assert getattr(record, "text", "") not in made.values() or not getattr(record, "text", "")
        for member in made:
            assert not validators[made["schema"]].is_valid({key: value for key, value in made.items() if key != member})
        assert not validators[made["schema"]].is_valid(made | {"account_number": "1"})


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("idempotency_key", "abc"), ("message_id", ""), ("occurred_at", "yesterday"), ("schema", "headgate.payments.v2"),
        ("payment.amount_minor", 0), ("payment.amount_minor", 1.5), ("payment.currency", "usd"), ("source.channel", "fax"),
        ("payment.value_date", "20.08.2025"), ("artifacts", [{"type": "poem", "uri": "x", "hash": "0" * 64}]),
        ("artifacts", [{"type": "bank_file", "uri": "x"}]), ("surplus", 1), ("payment.surplus", 1),
    ],
)  # fmt: skip
def test_an_envelope_that_is_none_is_refused(where: str, value: object) -> None:
    validator = jsonschema.Draft202012Validator(schemas()[ENVELOPE])
    validator.validate(ENVELOPE_SAMPLE)
    head, _, tail = where.partition(".")
    changed = ENVELOPE_SAMPLE | ({head: ENVELOPE_SAMPLE[head] | {tail: value}} if tail else {head: value})

    assert not validator.is_valid(changed)
