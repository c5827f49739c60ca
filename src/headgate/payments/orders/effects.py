"""What an answer about an order does to the money, the attempt, the instruction and its payroll; the caller holds their locks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, cast

from headgate import audit, cases, funding, ledger, messaging, rails
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.orders.orders import Order
from headgate.payments.outcomes import events as outcomes
from headgate.payments.outcomes.events import Outcome
from headgate.payments.outcomes.missing import end_missing
from headgate.payments.outcomes.return_credits import ReturnCredit, give_back
from headgate.rails import instant_life, iso20022

REFUSED: Final = "rejected"
"""What a payment is that a provider refused: its money is the client's again, and it says why."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What an answer does to the money, the attempt, the instruction and its payroll."""

    tx: Tx
    order: Order
    answer: rails.ProviderAnswer
    payroll_id: str
    on: date

    def apply(self, before: instant_life.Life, after: instant_life.Life) -> None:
        """Post what happened between two standings: a settlement first, then what came back of it."""
        settles = after.state in ("settled", "returned") and before.state not in ("settled", "returned")
        back = after.returned_minor - before.returned_minor
        if settles:
            self._settled()
        if back > 0:
            self._returned(back, is_whole=after.state == "returned")
        if after.state == before.state:
            return
        if after.state == "rejected":
            self._failed("rejected")
        elif after.state == "unheard":
            self._failed("unheard")

    def _settled(self) -> None:
        if not self._is_told("settled"):
            transaction = self._post(
                "payments.instruction.settled", "settle", self.order.amount, "Settled by the provider"
            )
            self._event("settled", self.order.message_id or "", self.order.amount_minor, transaction, None)
        self._to("settled", "settled", None)

    def _returned(self, minor: int, *, is_whole: bool) -> None:
        """The money is in our account at once: no line of a statement follows that would credit it."""
        code = self.answer.code or "NARR"
        amount = Money(minor, self.order.currency)
        if not self._is_told("returned", self.answer.message_id):
            key = f"return:{self.answer.message_id}"
            transaction = self._post("payments.instruction.returned", key, amount, f"Returned with {code}")
            self._event("returned", self.answer.message_id, minor, transaction, code)
            if self._is_ours_to_count(amount):
                self._credit(amount)
        if is_whole:
            self._to("returned", "returned", code)
        self._case("payment_returned" if is_whole else "partial_return", code)

    def _is_told(self, status: str, external_id: str | None = None) -> bool:
        """Whether this was counted before: a provider's report of the day tells of the same movements."""
        return bool(
            self.tx.value(
                """
                SELECT EXISTS (SELECT FROM payments.settlement_events
                                WHERE tenant_id = %(tenant)s AND attempt_id = %(attempt)s AND status = %(status)s
                                  AND (%(external)s::text IS NULL OR external_id = %(external)s))
                """,
                {
                    "tenant": self.tx.tenant_id,
                    "attempt": self.order.attempt_id,
                    "status": status,
                    "external": external_id,
                },
            )
        )

    def _is_ours_to_count(self, amount: Money) -> bool:
        """Whether the money of a wire that came back was not taken for a deposit before, from the bank's statement."""
        numbers = funding.wire_numbers_in(self.answer.message_id) if self.order.rail == "wire" else set()
        key = (self.order.rail, self.answer.message_id)
        before = funding.claim_wires(self.tx, {key: (numbers, amount)}).get(key)
        if before is not None:
            cases.open_case(
                self.tx,
                key=f"wire_differs:{before.number}:returned",
                category="wire_differs",
                severity="high",
                payment_id=self.order.instruction_id,
                detail={
                    "number": before.number,
                    "counted_as": f"{before.source} {before.external_id}",
                    "next": "this returned wire was counted as a deposit before: move that deposit to settlement clearing",
                },
            )
        return before is None

    def _credit(self, amount: Money) -> None:
        order = self.order
        credit = ReturnCredit(
            provider=order.rail,
            external_id=self.answer.message_id,
            amount=amount,
            value_on=self.on,
            about=order.instruction_id,
            description="Returned money given back by the provider",
            reference=self.answer.message_id,
        )
        give_back(self.tx, [credit])

    def _failed(self, how: Literal["rejected", "unheard"]) -> None:
        """Nothing moved: the money is the client's again. What nobody heard of may be tried anew; a refusal stands."""
        transaction = self._post("payments.order.failed", "fail", self.order.amount, f"Nothing moved: {how}")
        code = self.answer.code or "NARR"
        if how == "rejected":
            external_id = self.answer.message_id or f"{self.order.message_id}:rejected"
            self._event("rejected", external_id, self.order.amount_minor, transaction, code)
            self._to(REFUSED, "rejected", code)
            self._case("payment_rejected", code)
            return
        self._to("awaiting_funding", "rejected", None)
        self._case("order_unheard", self.answer.code or "unheard")

    def _post(self, event: str, key: str, amount: Money, text: str) -> int:
        tx, order = self.tx, self.order
        entity = str(
            tx.value(
                "SELECT legal_entity_id FROM payments.instructions WHERE tenant_id = %(tenant)s AND id = %(id)s",
                {"tenant": tx.tenant_id, "id": order.instruction_id},
            )
        )
        debit, credit = ledger.posting_accounts(tx, event, order.currency, legal_entity_id=entity)
        posting = ledger.Posting(
            idempotency_key=f"payments:{order.instruction_id}:order:{order.attempt_id}:{key}",
            entries=[ledger.Entry(debit, credit, amount)],
            source_type="payment",
            source_id=order.instruction_id,
            description=text,
            metadata={"reference": order.reference},
        )
        return outcomes.post_all(tx, [posting])[0]

    def _event(
        self,
        status: Literal["settled", "returned", "rejected"],
        external_id: str,
        minor: int,
        transaction: int,
        code: str | None,
    ) -> None:
        order = self.order
        outcome = Outcome(
            attempt_id=order.attempt_id,
            instruction_id=order.instruction_id,
            status=status,
            provider=order.rail,
            external_id=external_id,
            amount_minor=minor,
            currency=order.currency,
            return_code=code,
            effective_on=self.on,
            transaction_id=transaction,
            artifact_id=None,
            record_id=None,
        )
        outcomes.insert(self.tx, [outcome])
        self._announce(status, minor, code, transaction)

    def _to(self, instruction: str, attempt: str, code: str | None) -> None:
        tx, order = self.tx, self.order
        params = {
            "tenant": tx.tenant_id,
            "id": order.instruction_id,
            "attempt": order.attempt_id,
            "status": instruction,
            "became": attempt,
            "code": code,
            "now": tx.now(),
        }
        tx.run(
            """
            UPDATE payments.attempts SET status = %(became)s WHERE tenant_id = %(tenant)s AND id = %(attempt)s
            """,
            params,
        )
        tx.run(
            """
            UPDATE payments.instructions
               SET status = %(status)s, return_code = %(code)s, changed_at = %(now)s,
                   reservation_id = CASE %(status)s WHEN 'awaiting_funding' THEN NULL ELSE reservation_id END
             WHERE tenant_id = %(tenant)s AND id = %(id)s
            """,
            params,
        )
        outcomes.finish(tx, {self.payroll_id})
        end_missing(tx, [order.attempt_id])

    def _case(self, category: str, code: str) -> None:
        known = iso20022.reason_code(code)
        cases.open_case(
            self.tx,
            key=f"{category}:{self.order.attempt_id}",
            category=category,
            severity="medium",
            payment_id=self.order.instruction_id,
            detail={
                "attempt_id": self.order.attempt_id,
                "rail": self.order.rail,
                "code": code,
                "why": known.title if known.code else self.answer.message,
                "action": known.action,
            },
        )

    def _announce(self, status: str, minor: int, code: str | None, transaction: int) -> None:
        """The instruction's own event, and the one that neighbouring systems know; each once."""
        order, tx = self.order, self.tx
        facts = {
            "payment_id": order.instruction_id,
            "attempt_id": order.attempt_id,
            "rail": order.rail,
            "amount_minor": minor,
            "currency": order.currency,
            "return_code": code,
            "effective_on": self.on.isoformat(),
            "transaction_id": ids.encode("txn", transaction),
        }
        audit.record(tx, type=f"payments.instruction.{status}", data=facts, payment_id=order.instruction_id)
        messaging.publish(
            tx,
            event_type=f"payments.instruction.{status}",
            aggregate_type="payment",
            aggregate_id=order.instruction_id,
            payload=facts,
        )
        if status == "rejected":
            return  # What was refused was never paid, for outsiders.
        name = "payment.posted" if status == "settled" else "payment.reversed"
        payload = (
            {"status": "completed", "allocations": [{"amount_minor": minor, "currency": order.currency}]}
            if status == "settled"
            else {"reason": iso20022.reason_code(code or "").title, "code": cast(str, code)}
        )
        messaging.publish_many(
            tx,
            [
                messaging.Outgoing(
                    event_type=name,
                    aggregate_type="payment",
                    aggregate_id=order.instruction_id,
                    payload={"schema": f"{name}.v1", "payment_id": order.instruction_id, **payload},
                    dedupe_key=f"{name}:{order.attempt_id}:{transaction}",
                )
            ],
        )
