"""The ACH rail: orders of an originator become the batches of one file for its bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from headgate.rails.ach.codes import transaction_code
from headgate.rails.ach.representing import DESCRIPTION
from headgate.rails.ach.routing import is_routing_number
from headgate.rails.ach.rules import Rulebook
from headgate.rails.ach.specs import BatchSpec, EntrySpec, FileSpec
from headgate.rails.ach.text import is_safe, transliterate
from headgate.rails.ach.writer import CURRENCY, SEQUENCE_MAX, build_file
from headgate.rails.contract import Carried, Change, Company, FileSlot, OutboundFile, RailOrder
from headgate.rails.errors import CannotWrite

_AMOUNT_MAX = 10**10 - 1
_ANY_SIDE = frozenset(("checking", "savings", "general_ledger"))


@dataclass(frozen=True, slots=True)
class AchRail:
    """ACH through one bank, the ODFI. `origin` is what the bank gave: a routing number, `1` and the EIN, ten digits."""

    odfi_routing: str
    bank_name: str
    origin: str
    origin_name: str
    name: str = "ach"
    is_simulated: bool = False
    rules: Rulebook = field(default_factory=lambda: Rulebook("outbound"))

    def problems(self, order: RailOrder) -> tuple[str, ...]:
        """Why this order cannot be an entry, every reason with its mending; empty where it can."""
        found = []
        if order.amount.currency != CURRENCY:
            found.append(f"ACH carries {CURRENCY}, not {order.amount.currency}; use another rail")
        if not 0 < order.amount.minor <= _AMOUNT_MAX:
            found.append("an entry takes 0.01 to 99,999,999.99; split the payment")
        if not is_routing_number(order.receiver_routing):
            found.append("the receiver's routing number has a wrong check digit; ask the receiver")
        if not order.receiver_account.strip() or not _fits(order.receiver_account, 17):
            found.append("the receiver's account number is not 1 to 17 plain characters; ask the receiver")
        if not (transliterate(order.receiver_name) or "").strip()[:22].strip(" 0"):
            found.append("the receiver's name is missing or has letters that ACH cannot carry; respell it")
        if not _fits(order.individual_id, 15):
            found.append("the individual id is not up to 15 plain characters; shorten it")
        if order.addenda is not None and len(transliterate(order.addenda) or "X" * 81) > 80:
            found.append("the remittance text is not up to 80 characters that ACH can carry; shorten or respell it")
        if order.receiver_account_type == "loan" and order.direction == "debit":
            found.append("a loan account is debited only by a reversal; use another account")
        if order.trace_sequence is not None and not 0 < order.trace_sequence <= SEQUENCE_MAX:
            found.append(f"the trace sequence {order.trace_sequence} is not 1 to {SEQUENCE_MAX}; draw another")
        return (*found, *_batch_problems(order.sec_code, order.description, order.is_wages, order.company))

    def carries_all(self, orders: Sequence[RailOrder]) -> bool:
        """Whether all of these can surely be entries, told a column at a time; where not, `problems` says of which."""
        if not orders:
            return True
        minors = [order.amount.minor for order in orders]
        accounts = [order.receiver_account for order in orders]
        names = [order.receiver_name for order in orders]
        named = [order.individual_id for order in orders]
        batches = {(order.sec_code, order.description, order.is_wages, order.company) for order in orders}
        joined = "".join(accounts) + "".join(named)
        spelled = names if is_safe("".join(names).upper()) else [transliterate(name) or "" for name in names]
        return (
            {order.amount.currency for order in orders} == {CURRENCY}
            and min(minors) > 0
            and max(minors) <= _AMOUNT_MAX
            and all(map(is_routing_number, {order.receiver_routing for order in orders}))
            and joined.isascii()
            and joined.isprintable()
            and max(map(len, accounts)) <= 17
            and max(map(len, named)) <= 15
            and all(map(str.strip, accounts))
            and all(name.strip()[:22].strip(" 0") for name in spelled)
            and {order.receiver_account_type for order in orders} <= _ANY_SIDE
            and not any(order.addenda is not None or order.trace_sequence is not None for order in orders)
            and not any(_batch_problems(*batch) for batch in batches)
        )

    def write(self, orders: Sequence[RailOrder], slot: FileSlot) -> OutboundFile:
        """One file; a batch for each company, SEC code, description and effective date, in the order of the orders."""
        problems = (
            []
            if self.carries_all(orders)
            else [f"order {order.attempt_id}: {text}" for order in orders for text in self.problems(order)]
        )
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise CannotWrite(f"{problems[0]}{more}", problems=problems)
        built = build_file(self._file(slot), self._batches(orders))
        return OutboundFile(
            content=built.content,
            sha256=built.sha256,
            carried=tuple(Carried(entry.key, entry.trace_number, entry.batch_number) for entry in built.entries),
            debits=built.debits,
            credits=built.credits,
            changes=tuple(Change(change.key, change.field, change.kind) for change in built.changes),
        )

    def _file(self, slot: FileSlot) -> FileSpec:
        return FileSpec(
            destination=self.odfi_routing,
            destination_name=self.bank_name,
            origin=self.origin,
            origin_name=self.origin_name,
            created_at=slot.created_at,
            modifier=slot.modifier,
            reference=slot.reference,
            first_trace_sequence=slot.first_trace_sequence,
            rules=self.rules,
        )

    def _batches(self, orders: Sequence[RailOrder]) -> list[BatchSpec]:
        groups: dict[tuple[object, ...], list[RailOrder]] = {}
        for order in orders:
            key = (order.company, order.sec_code, order.description, order.effective_on, order.is_wages)
            groups.setdefault(key, []).append(order)
        return [
            BatchSpec(
                company_name=group[0].company.name,
                company_id=group[0].company.id,
                discretionary=group[0].company.discretionary,
                sec_code=group[0].sec_code,
                description=group[0].description,
                effective_on=group[0].effective_on,
                is_wages=group[0].is_wages,
                purpose="retry" if group[0].description == DESCRIPTION else "",
                odfi=self.odfi_routing[:8],
                entries=[_entry(order) for order in group],
            )
            for group in groups.values()
        ]


@lru_cache(maxsize=256)
def _batch_problems(sec_code: str, description: str, is_wages: bool, company: Company) -> tuple[str, ...]:
    """What is wrong with the batch that an order would stand in; remembered, since thousands stand in one."""
    found = []
    if sec_code not in ("PPD", "CCD"):
        found.append(f"SEC {sec_code} is not written here; use PPD or CCD")
    if is_wages and not description.startswith("PAYROLL"):
        found.append("wages need a description that begins with PAYROLL")
    if not description.strip(" 0") or not _fits(description, 10):
        found.append("the description is not 1 to 10 plain characters; shorten it")
    if not (transliterate(company.name) or "").strip()[:16].strip(" 0"):
        found.append("the company's name is missing or has letters that ACH cannot carry; respell it")
    if not company.id.strip(" 0") or not _fits(company.id, 10):
        found.append("the company's id is not 1 to 10 plain characters; take what the bank gave")
    if len(transliterate(company.discretionary) or "") > 20 or transliterate(company.discretionary) is None:
        found.append("the company's discretionary data are not up to 20 plain characters; shorten them")
    return tuple(found)


def _fits(text: str, width: int) -> bool:
    """Whether a text that is never respelled can stand in its field as it is."""
    return len(text) <= width and text.isascii() and text.isprintable()


def _entry(order: RailOrder) -> EntrySpec:
    return EntrySpec(
        key=order.attempt_id,
        transaction_code=transaction_code(order.receiver_account_type, is_debit=order.direction == "debit"),
        routing_number=order.receiver_routing,
        account_number=order.receiver_account,
        amount=order.amount,
        individual_id=order.individual_id,
        individual_name=order.receiver_name,
        addenda=order.addenda,
        trace_sequence=order.trace_sequence,
    )
