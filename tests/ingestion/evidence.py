"""Evidence for tests, as a bank and a provider write it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from headgate import ingestion
from headgate.core.db import Tx
from headgate.core.errors import Refused

ACCOUNT = "4400112233"
START = date(2026, 11, 2)
Line = tuple[str, int, str, str, str]
"""Type code, minor units, the bank's reference, the customer's, the text."""


def bai2(lines: Sequence[Line], *, account: str = ACCOUNT, day: int = 0) -> bytes:
    """One account's statement of the n-th day, with every control."""
    on = f"{START + timedelta(days=day):%y%m%d}"
    body = [f"16,{code},{minor},Z,{bank},{customer},{text}/" for code, minor, bank, customer, text in lines]
    credits = sum(minor for code, minor, *_ in lines if int(code) < 400)
    debits = sum(minor for code, minor, *_ in lines if int(code) >= 400)
    closing = 1_000_000 + credits - debits
    total = 1_000_000 + closing + 2 * (credits + debits)
    head = f"03,{account},USD,010,1000000,,,015,{closing},,,100,{credits},,,400,{debits},,/"
    rows = [head, *body, f"49,{total},{len(lines) + 2}/"]
    rows = [f"02,990000013,990000013,1,{on},2359,USD,2/", *rows, f"98,{total},1,{len(rows) + 2}/"]
    return "\n".join([f"01,990000013,990000013,{on},2359,1,,,2/", *rows, f"99,{total},1,{len(rows) + 2}/", ""]).encode()


def column(
    kind: str, n: int, minor: int = 1_000, *, event: int = 1, text: str = "LOAN L-1", day: int = 0, **more: Any
) -> bytes:
    """What Column sends of the n-th transfer: its event-th event."""
    on = START + timedelta(days=day)
    family = kind.split(".")[0]
    prefix = {"ach": "acht", "wire": "wire", "realtime": "rttr", "book": "book", "check": "chkt"}[family]
    data = {
        "id": f"{prefix}_transfer{n:03}",
        "amount": minor,
        "currency_code": "USD",
        "is_incoming": True,
        "type": "CREDIT",
        "trace_number": f"12100024{n:07}",
        "effective_on": on.isoformat(),
        "description": text,
        "account_number_id": f"acno_{n}",
    } | more
    return json.dumps({"id": f"evnt_{n}x{event}", "created_at": f"{on}T23:05:36Z", "type": kind, "data": data}).encode()


def come(tx: Tx, source: str, data: bytes, *, name: str = "whe_1.webhook") -> str:
    """Evidence comes in and is read; its artifact."""
    kind: Any = "webhook_body" if name.endswith(".webhook") else "bank_file"
    artifact = ingestion.receive(tx, source=source, filename=name, data=data, type=kind)
    found = ingestion.read(tx, artifact.id)
    assert not isinstance(found, Refused), found
    return artifact.id


def payments(tx: Tx) -> list[dict[str, Any]]:
    """The payments that came in, oldest first, with how many pieces of evidence each has."""
    return tx.all(
        """
        SELECT i.channel, i.loan_id, i.amount_minor, i.source,
               (SELECT count(*) FROM ingestion.payment_evidence e WHERE e.ingestion_id = i.id) AS pieces
          FROM ingestion.payment_ingestions i ORDER BY i.id
        """
    )


def asked(tx: Tx) -> list[str]:
    """Category and subcategory of each case."""
    return tx.values(
        "SELECT concat_ws(' ', category, subcategory) FROM cases.exception_cases WHERE category <> 'dead_letter' ORDER BY 1"
    )
