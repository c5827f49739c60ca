"""Money in: each piece of evidence becomes one deposit and one posting, however often it comes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from headgate import audit, cases, ledger, messaging
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.funding import events, queries, receivables, references, requests, wire_numbers
from headgate.funding.days import booked_at, booked_on
from headgate.funding.errors import DepositDiffers
from headgate.funding.model import Deposit, DepositRail, NewDeposit, SettledDeposits, words_of
from headgate.funding.request_model import FundingRequest
from headgate.ingestion import StatementLine, claim, identifiers_in, loan_records, statement_lines

_RAILS: dict[str, DepositRail] = {"wire": "wire", "ach_entry": "ach_credit", "realtime": "realtime"}
"""What kind of booking brings a client's money, and over which rail."""


def settle_deposits(tx: Tx, *, artifact_id: str) -> SettledDeposits:
    """Record what a bank statement says came in: its wires and pushed credits, each by the payer reference it names.

    A line that names no reference, or those of two legal entities, is money of an unknown payer: it lies in SUSPENSE
    and opens a case. Returned payments are not deposits; they are the business of payments. Nor are lines of an account
    whose money pays loans, or of money that became a loan's payment: ingestion says which.
    """
    others = loan_records(tx, artifact_id)
    lines = [line for line in statement_lines(tx, artifact_id) if _is_deposit(line) and line.record_id not in others]
    known = references.known(tx, set().union(*(_words(line) for line in lines)))
    return record_deposits(tx, [_deposit_of(tx, line, known) for line in lines])


def record_deposits(
    tx: Tx, deposits: Sequence[NewDeposit], *, meant_for: FundingRequest | None = None
) -> SettledDeposits:
    """Record deposits in a handful of round trips for any number. Evidence that is known already moves nothing, nor does
    other evidence of the same wire, which Fedwire's number tells.

    They are given to the funding requests that wait for money of their legal entity, or to the one they are
    `meant_for`; what a client owes for returned funding is paid first.

    Raises DepositDiffers where known evidence comes with another amount.
    """
    wanted = {(deposit.source, deposit.external_id): deposit for deposit in deposits}
    known = {(found.source, found.external_id): found for found in queries.deposits_of(tx, list(wanted))}
    for key, found in known.items():
        if found.amount != wanted[key].amount:
            raise DepositDiffers(
                f"deposit {found.id} was {found.amount.format()}; its evidence now says {wanted[key].amount.format()}",
                deposit_id=found.id,
            )
    fresh = _unused(tx, [deposit for key, deposit in wanted.items() if key not in known])
    named = {(one.legal_entity_id, one.amount.currency) for one in fresh if one.legal_entity_id is not None}
    # Before the accounts, which everybody locks last.
    waiting = [meant_for] if meant_for else requests.lock_waiting(tx, sorted(named))
    fresh, told = _once(tx, fresh)
    written = _insert(tx, fresh, _post(tx, fresh)) if fresh else set()
    standing = queries.deposits_of(tx, [(deposit.source, deposit.external_id) for deposit in fresh])
    # What somebody else wrote down meanwhile is theirs to announce.
    new = [deposit for deposit in standing if deposit.id in written]
    _announce(tx, new)
    events.apply_deposits(tx, new, waiting, meant_for=meant_for)
    for entity, currency in sorted(named):
        receivables.recover(tx, legal_entity_id=entity, currency=currency)
    repeated = [*known.values(), *told, *(deposit for deposit in standing if deposit.id not in written)]
    return SettledDeposits(tuple(new), tuple(repeated))


def _unused(tx: Tx, fresh: Sequence[NewDeposit]) -> list[NewDeposit]:
    """Those whose money became no loan's payment; from now on it never will."""
    taken = claim(tx, "deposit", {deposit.key: deposit.claims for deposit in fresh})
    return [deposit for deposit in fresh if deposit.key not in taken]


def _once(tx: Tx, fresh: Sequence[NewDeposit]) -> tuple[list[NewDeposit], list[Deposit]]:
    """Those whose wire nobody counted yet, and the deposits as which the others were counted. A differing amount is a case."""
    wires = {(one.source, one.external_id): (one.wire_numbers, one.amount) for one in fresh if one.wire_numbers}
    before = wire_numbers.claim_wires(tx, wires)
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=f"wire_differs:{claimed.number}:{amount.minor}",
                category="wire_differs",
                severity="high",
                detail={
                    "number": claimed.number,
                    "counted_minor": claimed.amount_minor,
                    "said_minor": amount.minor,
                    "currency": amount.currency,
                    "next": "ask the bank which is right: the wire was counted once, with the amount that was told first",
                },
            )
            for key, claimed in before.items()
            if claimed.amount != (amount := wires[key][1])
        ],
    )
    told = queries.deposits_of(tx, sorted({(one.source, one.external_id) for one in before.values()})) if before else []
    return [one for one in fresh if (one.source, one.external_id) not in before], told


def is_return(line: StatementLine) -> bool:
    """Whether a bank line is a returned entry, by the code that the bank put on it."""
    return line.booking == "ach_return"


def _is_deposit(line: StatementLine) -> bool:
    return line.is_credit and line.booking in _RAILS


def _words(line: StatementLine) -> set[str]:
    return words_of(f"{line.customer_reference} {line.text}")


def _deposit_of(tx: Tx, line: StatementLine, known: dict[str, str]) -> NewDeposit:
    named = sorted(_words(line) & known.keys())
    entities = {known[word] for word in named}
    payer, reference = (entities.pop(), named[0]) if len(entities) == 1 else (None, None)
    return NewDeposit(
        source=line.source,
        external_id=line.external_id,
        legal_entity_id=payer,
        reference=reference,
        rail=_RAILS[line.booking],
        amount=line.amount,
        value_on=line.value_on or booked_on(tx, line),
        booked_on=booked_on(tx, line),
        bank_reference=line.reference,
        record_id=line.record_id,
        text_numbers=tuple(
            sorted(wire_numbers.wire_numbers_in(f"{line.bank_reference} {line.customer_reference} {line.text}"))
        ),
        identifiers=tuple(sorted(identifiers_in(line.bank_reference, line.customer_reference, line.text))),
    )


def _post(tx: Tx, deposits: Sequence[NewDeposit]) -> list[int]:
    postings = []
    accounts: dict[tuple[str, str | None], tuple[int, int]] = {}
    for deposit in deposits:
        where = (deposit.amount.currency, deposit.legal_entity_id)
        if where not in accounts:
            event = "funding.deposit.settled" if where[1] else "funding.deposit.unidentified"
            accounts[where] = ledger.posting_accounts(tx, event, where[0], legal_entity_id=where[1])
        debit, credit = accounts[where]
        postings.append(
            ledger.Posting(
                idempotency_key=deposit.key,
                entries=[ledger.Entry(debit, credit, deposit.amount)],
                effective_at=deposit.booked_at
                or booked_at(tx, deposit.booked_on, legal_entity_id=deposit.legal_entity_id),
                source_type="deposit",
                source_id=deposit.record_id or deposit.external_id,
                description="Deposit settled",
                metadata={"reference": deposit.bank_reference or deposit.external_id},
            )
        )
    posted = ledger.post_many(tx, postings, atomic=True)
    for answer in posted:
        if isinstance(answer, Refused):
            raise DepositDiffers(f"a deposit could not be posted: {answer.message}", **answer.facts)
        if answer.status == "pending":
            raise DepositDiffers(
                "a deposit could not be posted: its day is still to come, so the money is not there yet"
            )
    return [answer.transaction_id for answer in posted if isinstance(answer, ledger.Posted)]


def _insert(tx: Tx, deposits: Sequence[NewDeposit], transaction_ids: Sequence[int]) -> set[str]:
    """The ids of those that this call wrote down."""
    now = tx.now()
    return set(
        tx.values(
            """
        INSERT INTO funding.deposits
               (tenant_id, id, source, external_id, legal_entity_id, reference, rail, amount_minor, currency, value_on,
                transaction_id, record_id, settled_at, final_at)
        SELECT %(tenant)s, d.id, d.source, d.external_id, d.legal_entity_id, d.reference, d.rail, d.amount_minor,
               d.currency, d.value_on, d.transaction_id, d.record_id, %(now)s, %(now)s
          FROM unnest(%(ids)s::text[], %(sources)s::text[], %(externals)s::text[], %(entities)s::text[],
                      %(references)s::text[], %(rails)s::text[], %(amounts)s::bigint[], %(currencies)s::text[],
                      %(values)s::date[], %(transactions)s::bigint[], %(records)s::text[])
               AS d (id, source, external_id, legal_entity_id, reference, rail, amount_minor, currency, value_on,
                     transaction_id, record_id)
            ON CONFLICT (tenant_id, source, external_id) DO NOTHING
        RETURNING id
        """,
            {
                "tenant": tx.tenant_id,
                "now": now,
                "ids": sorted(ids.new("dep") for _ in deposits),
                "sources": [deposit.source for deposit in deposits],
                "externals": [deposit.external_id for deposit in deposits],
                "entities": [deposit.legal_entity_id for deposit in deposits],
                "references": [deposit.reference for deposit in deposits],
                "rails": [deposit.rail for deposit in deposits],
                "amounts": [deposit.amount.minor for deposit in deposits],
                "currencies": [deposit.amount.currency for deposit in deposits],
                "values": [deposit.value_on for deposit in deposits],
                "transactions": list(transaction_ids),
                "records": [deposit.record_id for deposit in deposits],
            },
        )
    )


def _announce(tx: Tx, deposits: Sequence[Deposit]) -> None:
    if not deposits:
        return
    audit.record_many(tx, [audit.Event(type="funding.deposit.settled", data=_facts(deposit)) for deposit in deposits])
    messaging.publish_many(
        tx,
        [
            messaging.Outgoing(
                event_type="funding.deposit.settled",
                aggregate_type="deposit",
                aggregate_id=deposit.id,
                payload=_facts(deposit),
            )
            for deposit in deposits
        ],
    )
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=case_key(deposit),
                category="unknown_payer",
                ingestion_id=deposit.record_id,
                detail={
                    **_facts(deposit),
                    "next": "find out who paid, and assign it to that client with another person; nobody's funds were raised",
                },
            )
            for deposit in deposits
            if deposit.legal_entity_id is None
        ],
    )


def case_key(deposit: Deposit) -> str:
    """The key of the case that asks whose money it is."""
    return "unknown_payer:" + hashlib.sha256(f"{deposit.source}:{deposit.external_id}".encode()).hexdigest()[:32]


def _facts(deposit: Deposit) -> dict[str, object]:
    return {
        "deposit_id": deposit.id,
        "legal_entity_id": deposit.legal_entity_id,
        "rail": deposit.rail,
        "amount_minor": deposit.amount_minor,
        "currency": deposit.currency,
        "value_on": deposit.value_on.isoformat(),
        "transaction_id": deposit.transaction_id,
    }
