"""Asking a payer over FedNow or RTP, as the provider contract has it: a request for payment, its question and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from headgate.core.money import Money
from headgate.rails.ach.text import transliterate
from headgate.rails.contract import AskOutcome, FundingAsk
from headgate.rails.errors import CannotWrite
from headgate.rails.instant import InstantRail
from headgate.rails.instant_funding import (
    PaymentRequest,
    read_request_answer,
    request_payment,
    request_question,
)
from headgate.rails.iso20022.build import Side
from headgate.rails.iso20022.networks import EASTERN
from headgate.rails.messages import AskHeard, OutboundMessage, aware, refuse

_OUTCOMES: Final[Mapping[str, AskOutcome]] = {"accepted": "accepted", "pending": "pending", "refused": "refused"}


@dataclass(frozen=True, slots=True)
class AskingInstantRail(InstantRail):
    """An instant rail that asks for money too, where the bank lets us."""

    def ask_problems(self, ask: FundingAsk) -> tuple[str, ...]:
        """Why this payer cannot be asked, every reason with its mending."""
        found = []
        if not 0 < ask.amount.minor <= self.network.amount_max.minor or ask.amount.currency != "USD":
            most = self.network.amount_max.format()
            found.append(f"{self.title} carries 0.01 to {most} of USD; ask for less, or over another rail")
        for what, text, longest in (("payer's name", ask.payer_name, 140), ("payee's name", ask.payee_name, 140)):
            if not text.strip() or len(text) > longest or transliterate(text) is None:
                found.append(
                    f"the {what} is missing, or cannot be spelled in up to {longest} plain letters; respell it"
                )
        if not ask.payer_account:
            found.append("the payer's account is missing; have the client authorise one")
        return tuple(found) or self._message_problems(ask)

    def _message_problems(self, ask: FundingAsk) -> tuple[str, ...]:
        noon = datetime.combine(ask.wanted_on, time(12), EASTERN)
        try:
            request_payment(self, _request(ask), noon)
        except CannotWrite as error:
            return tuple(error.facts["problems"])
        except ValueError as error:
            return (str(error),)
        return ()

    def asks_at(self, ask: FundingAsk, at: datetime) -> datetime:
        """At once: a payer needs its time to approve."""
        return at

    def ask(self, ask: FundingAsk, created_at: datetime) -> OutboundMessage:
        """The request for payment (pain.013). Raises CannotWrite with every problem."""
        refuse(self.ask_problems(ask), ask.ask_id)
        return request_payment(self, _request(ask), aware(created_at))

    def ask_question(self, ask: FundingAsk, created_at: datetime, at: datetime) -> OutboundMessage:
        """The question what became of the request (pacs.028)."""
        return request_question(self, _request(ask), aware(created_at), aware(at))

    def ask_heard(self, content: bytes) -> AskHeard | None:
        """What a pain.014, or the refusal of a question, says of a request."""
        answer = read_request_answer(self, content)
        if answer is not None:
            return AskHeard(
                answer.message_id, answer.request_message_id, "", _OUTCOMES[answer.status], answer.code, answer.reason
            )
        heard = self.read(content)
        if heard.event is not None and heard.event.name == "not_found":
            return AskHeard(heard.message_id, heard.about_message_id, heard.about_uetr, "unheard", heard.event.code)
        return None


def _request(ask: FundingAsk) -> PaymentRequest:
    return PaymentRequest(
        id=ask.ask_id,
        amount=Money(ask.amount.minor, ask.amount.currency),
        payer=Side(
            transliterate(ask.payer_name) or ask.payer_name, ask.payer_account, ask.payer_routing, ask.payer_address
        ),
        payee_name=transliterate(ask.payee_name) or ask.payee_name,
        reference=ask.reference,
        expires_on=ask.expires_on,
        remittance=ask.remittance,
    )
