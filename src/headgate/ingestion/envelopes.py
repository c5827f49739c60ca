"""The payment envelope: read, brought to today's form, and checked. Pure: no database, no clock.

    read(b'{"schema": "headgate.payments.v1", …}')     # the envelope as it is stored and published, or its faults

`loanserve.payments.v1` (amounts as `amount_cents`, in USD) is upgraded. What comes out names no borrower, and its details
hold no account number; its idempotency key is always derived here, whatever the sender wrote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from headgate.core import strict_json
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.core.redaction import HIDDEN, Redactor
from headgate.ingestion.conforming import SchemaFault, faults_of
from headgate.ingestion.schemas import ENVELOPE, schemas

FORMER: Final = "loanserve.payments.v1"
_REDACTOR: Final = Redactor()


def payment_key(*, method: str, reference: str, value_date: date | str, amount_minor: int, account: str) -> str:
    """sha256(lower(method)|lower(trim(reference))|value_date|amount_minor|account or loan), in hexadecimal.

    A `|` within a component, and a backslash, is written with a backslash before it, so that no two tuples read alike.
    """
    day = value_date if isinstance(value_date, str) else value_date.isoformat()
    parts = (method.strip().lower(), reference.strip().lower(), day, str(amount_minor), account)
    written = "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)
    return hashlib.sha256(written.encode()).hexdigest()


def read(raw: bytes) -> dict[str, Any] | list[SchemaFault]:
    """The envelope that these bytes are, in today's form, or what is wrong with it."""
    try:
        document = strict_json.parse(raw)
    except strict_json.NotJson as error:
        return [SchemaFault("", "json", str(error))]
    return normalised(document)


def normalised(document: Any) -> dict[str, Any] | list[SchemaFault]:
    """The envelope as it is stored and published, or what is wrong with it. The document is left as it was."""
    given = _upgraded(document)
    if isinstance(given, list):
        return given
    # It is derived below; so that it need not be sent, and need not be right.
    given = given | {"idempotency_key": "0" * 64}
    faults = faults_of(given, schemas()[ENVELOPE]) or _beyond(given)
    return faults or _cleaned(given)


def _upgraded(document: Any) -> dict[str, Any] | list[SchemaFault]:
    """A document of the former schema as one of today's; another as it is."""
    if not isinstance(document, dict):
        return [SchemaFault("", "type", "must be of type object")]
    if document.get("schema") != FORMER:
        return document
    payment = document.get("payment")
    if not isinstance(payment, dict) or "amount_cents" not in payment:
        return [SchemaFault("payment.amount_cents", "required", "is missing")]
    if payment.get("currency", "USD") != "USD":
        return [SchemaFault("payment.currency", "const", "must be 'USD'")]
    rest = {name: value for name, value in payment.items() if name != "amount_cents"}
    upgraded = {
        "artifacts": [],
        **document,
        "schema": ENVELOPE,
        "payment": {"details": {}, **rest, "amount_minor": payment["amount_cents"], "currency": "USD"},
    }
    for name, members in _OPTIONAL_ONCE.items():
        given = upgraded.get(name, {})
        upgraded[name] = {**members, **given} if isinstance(given, dict) else given
    return upgraded


_OPTIONAL_ONCE: Final[Mapping[str, Mapping[str, Any]]] = {
    "source": {"batch_id": None},
    "borrower": {"name": None, "external_ids": {}},
    "risk": {"flags": [], "score": None},
    "external": {"column_transfer_id": None, "column_event_id": None, "psp_id": None},
}


def _beyond(envelope: Mapping[str, Any]) -> list[SchemaFault]:
    """What a schema cannot say: that a day is in the calendar, that there is such a currency."""
    payment = envelope["payment"]
    faults = []
    try:
        date.fromisoformat(payment["value_date"])
    except ValueError:
        faults.append(SchemaFault("payment.value_date", "date", "is no day of the calendar"))
    try:
        datetime.fromisoformat(envelope["occurred_at"])
    except ValueError:
        faults.append(SchemaFault("occurred_at", "date-time", "is no moment of the calendar"))
    try:
        Money(payment["amount_minor"], payment["currency"])
    except Malformed as error:
        faults.append(SchemaFault("payment.currency", "currency", error.message))
    return faults


def _cleaned(envelope: Mapping[str, Any]) -> dict[str, Any]:
    borrower, payment = envelope["borrower"], envelope["payment"]
    loan = (borrower["loan_id"] or "").strip()
    account = loan or borrower["external_ids"].get("account", "")
    key = payment_key(
        method=payment["method"],
        reference=payment["reference"],
        value_date=payment["value_date"],
        amount_minor=payment["amount_minor"],
        account=account,
    )
    others = {name: _no_account(name, value) for name, value in borrower["external_ids"].items()}
    return {
        **envelope,
        "idempotency_key": key,
        "borrower": {"loan_id": loan or None, "name": None, "external_ids": others},
        "payment": {**payment, "details": _details(payment["details"])},
    }


def _details(details: Any, name: str = "details") -> Any:
    """Details without account numbers, secrets and people's names."""
    if isinstance(details, dict):
        return {key: _details(value, key) for key, value in details.items()}
    if isinstance(details, list):
        return [_details(value, name) for value in details]
    if isinstance(details, str) and name.lower().endswith("name"):
        return HIDDEN
    return _REDACTOR.value(name, details)


def _no_account(name: str, value: str) -> str:
    is_account = any(word in name.lower() for word in ("account", "iban", "card"))
    return f"…{value[-4:]}" if is_account and len(value) > 4 else value
