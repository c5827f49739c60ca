"""What providers take back or ask back: returns, disputes and recalls, each counted once.

A return of a payment that is not here yet waits, with a case; it takes effect in the transaction that applies its payment.
A recall asks: nothing is reversed until a person approves, which is `undo_payment`. What a code makes us do is return_map.csv,
and a tenant may choose otherwise for a code.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from headgate import audit, cases
from headgate.core import ids
from headgate.core.db import Tx
from headgate.servicing import undoing
from headgate.servicing.errors import InvalidPayment, ReturnDiffers

Action = Literal["reverse", "dispute"]
Severity = Literal["low", "medium", "high", "critical"]
Kind = Literal["return", "recall", "dispute"]
ANY = "*"


@dataclass(frozen=True, slots=True)
class ReturnRule:
    """What a code makes us do, and how grave it is. Both actions take the payment back; a dispute asks a person too."""

    code: str
    action: Action
    severity: Severity


@dataclass(frozen=True, slots=True)
class NewReturn:
    """A payment that a provider took back (`return`, `dispute`) or is asked to give back (`recall`)."""

    provider: str
    external_id: str
    provider_transfer_id: str
    code: str
    returned_on: date
    kind: Kind = "return"
    ingestion_id: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedReturn:
    """What became of a return: `waiting` for its payment, `asked` (a recall), `undone`, or known already."""

    id: str
    standing: Literal["waiting", "asked", "undone"]
    payment_id: str | None
    replayed: bool


@cache
def default_rules() -> Mapping[str, ReturnRule]:
    """What each code does where the tenant chose nothing; `*` is every other code."""
    text = files(__package__).joinpath("return_map.csv").read_text("utf-8")
    return {
        row["code"]: ReturnRule(row["code"], cast(Action, row["action"]), cast(Severity, row["severity"]))
        for row in csv.DictReader(text.splitlines())
    }


def return_rule(tx: Tx, code: str) -> ReturnRule:
    """What a code does at this tenant."""
    chosen = tx.maybe(
        "SELECT code, action, severity FROM servicing.return_rules WHERE code = %(code)s ORDER BY id DESC LIMIT 1",
        {"code": code},
        row=ReturnRule,
    )
    return (
        chosen
        or default_rules().get(code)
        or ReturnRule(code, default_rules()[ANY].action, default_rules()[ANY].severity)
    )


def set_return_rule(tx: Tx, *, code: str, action: Action, severity: Severity, reason: str) -> ReturnRule:
    """Choose what a code does from now on. Raises InvalidPayment where no reason is given."""
    if not reason.strip():
        raise InvalidPayment("say why the rule is set")
    facts = {"code": code, "action": action, "severity": severity, "reason": reason}
    tx.run(
        """
        INSERT INTO servicing.return_rules (tenant_id, code, action, severity, reason)
        VALUES (%(tenant)s, %(code)s, %(action)s, %(severity)s, %(reason)s)
        """,
        {"tenant": tx.tenant_id, **facts},
    )
    audit.record(tx, type="servicing.return_rule.set", data=facts)
    return ReturnRule(code, action, severity)


def record_return(tx: Tx, new: NewReturn) -> RecordedReturn:
    """Record a return and do what its code says. The same evidence counts once, and no payment is reversed twice.

    Raises ReturnDiffers, NotPostable.
    """
    rule = return_rule(tx, new.code)
    action = "ask" if new.kind == "recall" else "dispute" if new.kind == "dispute" else rule.action
    severity = "high" if new.kind in ("recall", "dispute") else rule.severity
    # The transfer's lock: its payment, applied at the same time, either sees this return or is seen by it.
    undoing.lock_transfers(tx, [new.provider_transfer_id])
    written = tx.value(
        """
        INSERT INTO servicing.returns
               (tenant_id, id, provider, external_id, provider_transfer_id, kind, code, action, severity, returned_on,
                ingestion_id)
        VALUES (%(tenant)s, %(id)s, %(provider)s, %(external)s, %(transfer)s, %(kind)s, %(code)s, %(action)s, %(severity)s,
                %(on)s, %(ingestion)s)
            ON CONFLICT (tenant_id, provider, external_id) DO NOTHING
        RETURNING id
        """,
        {
            "tenant": tx.tenant_id,
            "id": ids.new("lret"),
            "provider": new.provider,
            "external": new.external_id,
            "transfer": new.provider_transfer_id,
            "kind": new.kind,
            "code": new.code,
            "action": action,
            "severity": severity,
            "on": new.returned_on,
            "ingestion": new.ingestion_id,
        },
    )
    if written is None:
        return _known(tx, new)
    payment_id = undoing.payment_of_transfer(tx, new.provider_transfer_id)
    audit.record(
        tx,
        type="servicing.return.recorded",
        data={"return_id": written, "code": new.code, "kind": new.kind, "action": action, "payment_id": payment_id},
        payment_id=payment_id,
        ingestion_id=new.ingestion_id,
    )
    if payment_id is None:
        detail = {"return_id": written, "code": new.code, "provider_transfer_id": new.provider_transfer_id}
        more = {**detail, "next": "nothing was reversed; it takes effect by itself when its payment comes"}
        cases.open_case(tx, key=f"orphan_return:{written}", category="orphan_return", subcategory="loan", detail=more)
        return RecordedReturn(written, "waiting", None, False)
    if action == "ask":
        undoing.open_recall(tx, return_id=written, payment_id=payment_id)
        return RecordedReturn(written, "asked", payment_id, False)
    undoing.undo_for_return(tx, return_id=written, payment_id=payment_id)
    return RecordedReturn(written, "undone", payment_id, False)


def _known(tx: Tx, new: NewReturn) -> RecordedReturn:
    row = tx.one(
        """
        SELECT r.id, r.provider_transfer_id, r.code, r.kind, p.id AS payment_id, p.status
          FROM servicing.returns r
          LEFT JOIN servicing.payments p ON p.tenant_id = r.tenant_id AND p.provider_transfer_id = r.provider_transfer_id
         WHERE r.provider = %(provider)s AND r.external_id = %(external)s
         ORDER BY p.id
         LIMIT 1
        """,
        {"provider": new.provider, "external": new.external_id},
    )
    if (row["provider_transfer_id"], row["code"], row["kind"]) != (new.provider_transfer_id, new.code, new.kind):
        raise ReturnDiffers(
            f"return {row['id']} was recorded with {row['code']} of {row['provider_transfer_id']}", return_id=row["id"]
        )
    standing: Literal["waiting", "asked", "undone"] = (
        "waiting" if row["payment_id"] is None else "asked" if row["kind"] == "recall" else "undone"
    )
    return RecordedReturn(row["id"], standing, row["payment_id"], True)
