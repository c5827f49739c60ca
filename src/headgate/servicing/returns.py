"""What providers take back or ask back: returns, disputes and recalls, each counted once.

A return of a payment that is not here yet waits, with a case; it takes effect in the transaction that applies its payment.
A recall asks: nothing is reversed until a person approves, which is `undo_payment`. What a code makes us do is return_map.csv,
and a tenant may choose otherwise for a code. A code that no network knows, another amount than the payment's and a return on which
the banks disagree are for a person too.

What sources tell (`ingestion.Returned`) names its original by identifiers: a transfer's id, a trace number, Fedwire's numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from headgate import audit, cases, ingestion
from headgate.core import arrays, ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.rails import iso20022, return_codes
from headgate.servicing import undoing
from headgate.servicing.errors import InvalidPayment, ReturnDiffers

Action = Literal["reverse", "dispute"]
Severity = Literal["low", "medium", "high", "critical"]
Kind = Literal["return", "recall", "dispute"]
ANY = "*"
UNSTATED = "unstated"
"""The code of a return whose source names none."""


@dataclass(frozen=True, slots=True)
class ReturnRule:
    """What a code makes us do, and how grave it is. Both actions take the payment back; a dispute asks a person too."""

    code: str
    action: Action
    severity: Severity


@dataclass(frozen=True, slots=True)
class NewReturn:
    """A payment that a provider took back (`return`, `dispute`) or is asked to give back (`recall`).

    `provider_transfer_id` is what the provider calls the original; `identifiers` are other names of it, as ingestion writes
    them. Where the `amount` is known, it must be the payment's. `is_disputed`: the banks disagree on the return. One that is
    not `is_certain` to be of a loan opens no case while it waits.
    """

    provider: str
    external_id: str
    provider_transfer_id: str
    code: str
    returned_on: date
    kind: Kind = "return"
    ingestion_id: str | None = None
    identifiers: frozenset[str] = frozenset()
    amount: Money | None = None
    artifact_id: str | None = None
    record_id: str | None = None
    is_disputed: bool = False
    is_certain: bool = True

    @property
    def words(self) -> frozenset[str]:
        """Every name of the original."""
        return self.identifiers | {f"transfer:{self.provider_transfer_id}"}


@dataclass(frozen=True, slots=True)
class RecordedReturn:
    """What became of a return: `waiting` for its payment, `asked` (a person decides), `undone`, or known already."""

    id: str
    standing: Literal["waiting", "asked", "undone"]
    payment_id: str | None
    replayed: bool


@cache
def default_rules() -> Mapping[str, ReturnRule]:
    """What each code does where the tenant chose nothing; `*` is every other code that a network knows."""
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
    rule, asks = return_rule(tx, new.code), _asks(tx, new)
    action = "ask" if asks or new.kind == "recall" else "dispute" if new.kind == "dispute" else rule.action
    severity = "high" if new.kind in ("recall", "dispute") else rule.severity
    # First the names, then what came in under them: its payment, applied at the same time, either sees this return or is seen.
    came = ingestion.payments_under(tx, new.words)
    undoing.lock_transfers(tx, [new.provider_transfer_id, *(transfer or number for number, transfer in came.items())])
    written = tx.value(
        """
        INSERT INTO servicing.returns
               (tenant_id, id, provider, external_id, provider_transfer_id, kind, code, action, asks, severity, returned_on,
                amount_minor, currency, ingestion_id, artifact_id, record_id)
        VALUES (%(tenant)s, %(id)s, %(provider)s, %(external)s, %(transfer)s, %(kind)s, %(code)s, %(action)s, %(asks)s,
                %(severity)s, %(on)s, %(amount)s, %(currency)s, %(ingestion)s, %(artifact)s, %(record)s)
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
            "asks": asks,
            "severity": severity,
            "on": new.returned_on,
            "amount": new.amount.minor if new.amount else None,
            "currency": new.amount.currency if new.amount else None,
            "ingestion": new.ingestion_id,
            "artifact": new.artifact_id,
            "record": new.record_id,
        },
    )
    if written is None:
        return _known(tx, new)
    tx.run(
        """
        INSERT INTO servicing.return_identifiers (tenant_id, identifier, return_id)
        SELECT %(tenant)s, w.word, %(id)s FROM unnest(%(words)s::text[]) AS w (word)
        """,
        {"tenant": tx.tenant_id, "id": written, "words": arrays.texts(sorted(new.words))},
    )
    original = undoing.original_of(tx, written)
    payment_id = original.payment_id if original else None
    audit.record(
        tx,
        type="servicing.return.recorded",
        data={"return_id": written, "code": new.code, "kind": new.kind, "action": action, "payment_id": payment_id},
        payment_id=payment_id,
        ingestion_id=new.ingestion_id or new.artifact_id,
    )
    if original is not None:
        return RecordedReturn(written, undoing.take_effect(tx, original), payment_id, False)
    if new.is_certain:
        detail = {"return_id": written, "code": new.code, "provider_transfer_id": new.provider_transfer_id}
        more = {**detail, "next": "nothing was reversed; it takes effect by itself when its payment comes"}
        cases.open_case(tx, key=undoing.orphan_key(written), category="orphan_return", subcategory="loan", detail=more)
    return RecordedReturn(written, "waiting", None, False)


def take_told(tx: Tx, told: ingestion.Returned) -> None:
    """Record a return that a source tells of. What contradicts one that stands is a case."""
    transfers = [word.removeprefix("transfer:") for word in told.identifiers if word.startswith("transfer:")]
    new = NewReturn(
        provider=told.source,
        external_id=told.external_id,
        # Without a transfer, by its first name, and without any by its own: such a one waits for a person.
        provider_transfer_id=next(iter((*transfers, *told.identifiers)), told.external_id),
        code=told.code or UNSTATED,
        returned_on=told.returned_on,
        kind=told.kind,
        identifiers=frozenset(told.identifiers),
        amount=Money(told.amount_minor, told.currency) if told.amount_minor and told.currency else None,
        artifact_id=told.artifact_id,
        record_id=told.record_id,
        is_disputed=told.is_disputed,
        is_certain=told.is_certain,
    )
    try:
        with tx.savepoint():
            record_return(tx, new)
    except ReturnDiffers as error:
        cases.open_case(
            tx,
            key=f"loan_return_differs:{told.source}:{told.external_id}",
            category="loan_return_unclear",
            subcategory="differs",
            severity="high",
            ingestion_id=told.artifact_id,
            detail={
                **error.facts,
                "code": new.code,
                "next": "this return was told before with another code or original",
            },
        )


def _asks(tx: Tx, new: NewReturn) -> str | None:
    """Why a person decides over a return, where its payment is here."""
    if new.kind == "recall":
        return None
    if new.is_disputed:
        return "disputed"
    known = new.code in return_codes() or new.code in iso20022.reason_codes() or new.code in default_rules()
    if known or tx.value(
        "SELECT EXISTS (SELECT FROM servicing.return_rules WHERE code = %(code)s)", {"code": new.code}
    ):
        return None
    return "unknown_code"


def _known(tx: Tx, new: NewReturn) -> RecordedReturn:
    row = tx.one(
        """
        SELECT id, provider_transfer_id, code, kind FROM servicing.returns
         WHERE provider = %(provider)s AND external_id = %(external)s
        """,
        {"provider": new.provider, "external": new.external_id},
    )
    if (row["provider_transfer_id"], row["code"], row["kind"]) != (new.provider_transfer_id, new.code, new.kind):
        raise ReturnDiffers(
            f"return {row['id']} was recorded with {row['code']} of {row['provider_transfer_id']}", return_id=row["id"]
        )
    original = undoing.original_of(tx, row["id"])
    if original is None:
        return RecordedReturn(row["id"], "waiting", None, True)
    return RecordedReturn(row["id"], "asked" if original.asks else "undone", original.payment_id, True)
