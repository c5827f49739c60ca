"""Loans: boarded with what they owe, charged, held, and given a standing; moved from state to state as days pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any, Final

from headgate import audit, cases, messaging, parties, tenants
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import NotFound
from headgate.core.money import Money
from headgate.servicing import book, policies, writing
from headgate.servicing.errors import InvalidLoan, LoanDiffers, NoSuchLoan
from headgate.servicing.loading import Loaded, LoanRow, load, lock_loans, made_of
from headgate.servicing.model import BUCKETS, CHARGES_AFTER, STANDINGS, Due, NewLoan, Standing
from headgate.servicing.writing import Change

BATCH_MAX: Final = 1_000
INSTALMENTS_MAX: Final = 1_200
REFRESHED_AT_ONCE: Final = 500
STOPPING: Final[Mapping[str, parties.BlockReason]] = {"bankruptcy": "legal_hold", "deceased": "deceased"}
"""Standings from which on nobody may debit or dun the borrower, and the block that says so."""


@dataclass(frozen=True, slots=True)
class Boarded:
    """A loan that was taken on; `replayed`: it had been before, just so."""

    id: str
    external_id: str
    replayed: bool


def import_loan(tx: Tx, loan: NewLoan, dues: Sequence[Due] = ()) -> Boarded:
    """Take on one loan; see `import_loans`."""
    return import_loans(tx, [(loan, dues)])[0]


def import_loans(tx: Tx, loans: Sequence[tuple[NewLoan, Sequence[Due]]]) -> list[Boarded]:
    """Take on loans with what they owe by instalment, as a set; one without instalments is pending until it has some.

    What its instalments owe of principal is posted as lent. The same loan again, just so, changes nothing. Raises
    InvalidLoan, InvalidPolicy (a product without one), LoanDiffers, NotPostable.
    """
    if len(loans) > BATCH_MAX:
        raise InvalidLoan(f"a batch takes {BATCH_MAX:,} loans at most; this has {len(loans):,}")
    for loan, dues in loans:
        _check(loan, dues)
    if len({loan.external_id for loan, _ in loans}) < len(loans):
        raise InvalidLoan("a batch names each loan once")
    _check_owners(tx, [loan for loan, _ in loans])
    for product in sorted({loan.product for loan, _ in loans}):
        policies.begin_product(tx, product)
    fresh = _insert(tx, [loan for loan, _ in loans])
    rows = lock_loans(tx, [loan.external_id for loan, _ in loans])
    new = [(rows[loan.external_id], dues) for loan, dues in loans if loan.external_id in fresh]
    _add_dues(tx, new)
    named = {rows[loan.external_id].id: rows[loan.external_id] for loan, _ in loans}
    known = load(tx, list(named.values()), whole=())
    for loan, dues in loans:
        if loan.external_id not in fresh:
            _compare(loan, dues, known[rows[loan.external_id].id])
    changes = [Change(known[row.id], known[row.id].begin(), {}) for row, dues in new if dues]
    if changes:
        writing.write(tx, changes)
    facts: list[dict[str, Any]] = [
        {"loan_id": row.id, "product": row.product, "currency": row.currency, "instalments": len(dues)}
        for row, dues in new
    ]
    messaging.announce_many(
        tx, event_type="servicing.loan.boarded", aggregate_type="loan", facts=facts, named_by="loan_id"
    )
    return [Boarded(rows[loan.external_id].id, loan.external_id, loan.external_id not in fresh) for loan, _ in loans]


def import_schedule(tx: Tx, *, loan_id: str, dues: Sequence[Due]) -> Boarded:
    """Give a loan instalments, or further ones; what waits of its payments is applied to those that are due.

    Instalments that it has already must be the same. Raises NoSuchLoan, InvalidLoan, LoanDiffers, NotPostable.
    """
    row = _locked(tx, loan_id)
    if not dues:
        raise InvalidLoan("a schedule has at least one instalment")
    _check_dues(row.external_id, dues)
    loaded = load(tx, [row], whole=[row.id])[row.id]
    known = {number: due.charged for number, due in loaded.dues.items()}
    for due in dues:
        if due.number in known and known[due.number] != due:
            raise LoanDiffers(f"instalment {due.number} of loan {row.external_id} is another already", loan_id=row.id)
    new = [due for due in dues if due.number not in known]
    if new:
        _add_dues(tx, [(row, new)])
        refold(tx, row)
        audit.record(tx, type="servicing.schedule.imported", data={"loan_id": row.id, "instalments": len(new)})
    return Boarded(row.id, row.external_id, not new)


def add_charge(tx: Tx, *, loan_id: str, amount_minor: int, due_on: date, reason: str) -> int:
    """Charge a fee to a loan; the number of its due. Raises NoSuchLoan, InvalidLoan."""
    row = _locked(tx, loan_id)
    if amount_minor <= 0 or not reason.strip():
        raise InvalidLoan("a charge is above zero and says why")
    number: int = tx.value(
        """
        INSERT INTO servicing.dues (tenant_id, loan_id, instalment_no, kind, due_on, fees_minor, reason)
        SELECT %(tenant)s, %(loan)s, greatest(max(d.instalment_no), %(after)s) + 1, 'charge', %(on)s, %(fee)s, %(reason)s
          FROM servicing.dues d WHERE d.loan_id = %(loan)s
        RETURNING instalment_no
        """,
        {
            "tenant": tx.tenant_id,
            "loan": row.id,
            "on": due_on,
            "fee": amount_minor,
            "reason": reason,
            "after": CHARGES_AFTER,
        },
    )
    refold(tx, row)
    audit.record(
        tx,
        type="servicing.charge.added",
        data={"loan_id": row.id, "instalment_no": number, "amount_minor": amount_minor, "reason": reason},
    )
    return number


def set_standing(tx: Tx, *, loan_id: str, standing: Standing, from_on: date, reason: str) -> None:
    """Say what a loan is from a day on, whatever its dues say; `none` lets its dues say again.

    Payments received since that day are folded again. From a bankruptcy or a death on nothing may be debited: the borrower
    is blocked, `servicing.debits.stopped` is announced, and a case asks to pull what stands in files already. Raises
    NoSuchLoan, InvalidLoan, IllegalMove.
    """
    if standing not in STANDINGS or not reason.strip():
        raise InvalidLoan(f"a standing is one of {', '.join(STANDINGS)}, and says why")
    row = _locked(tx, loan_id)
    if from_on > tx.now().astimezone(UTC).date() + timedelta(days=1):
        raise InvalidLoan(f"{from_on} is to come: a standing is told on its day")
    tx.run(
        """
        INSERT INTO servicing.standings (tenant_id, loan_id, standing, from_on, reason)
        VALUES (%(tenant)s, %(loan)s, %(standing)s, %(from)s, %(reason)s)
        """,
        {"tenant": tx.tenant_id, "loan": row.id, "standing": standing, "from": from_on, "reason": reason},
    )
    refold(tx, row)
    facts = {"loan_id": row.id, "standing": standing, "from_on": from_on.isoformat()}
    audit.record(tx, type="servicing.standing.set", data={**facts, "reason": reason})
    messaging.publish(
        tx, event_type="servicing.standing.set", aggregate_type="loan", aggregate_id=row.id, payload=facts
    )
    if standing in STOPPING:
        _stop_debits(tx, row, standing, facts)


def set_holds(
    tx: Tx,
    *,
    loan_id: str,
    legal_hold: bool | None = None,
    stop_pay: bool | None = None,
    kyc_incomplete: bool | None = None,
    reason: str,
) -> None:
    """Put a loan under legal hold, stop its payments, or say that its borrower is not known well enough; or lift that.

    None leaves one as it is. What waits for its posting is refused from now on. Raises NoSuchLoan, InvalidLoan.
    """
    row = _locked(tx, loan_id)
    if not reason.strip():
        raise InvalidLoan("say why")
    holds = {
        "has_legal_hold": row.has_legal_hold if legal_hold is None else legal_hold,
        "has_stop_pay": row.has_stop_pay if stop_pay is None else stop_pay,
        "is_kyc_incomplete": row.is_kyc_incomplete if kyc_incomplete is None else kyc_incomplete,
    }
    facts = {"tenant": tx.tenant_id, "id": row.id, "now": tx.now(), "reason": reason, **holds}
    tx.run(
        """
        UPDATE servicing.loans
           SET has_legal_hold = %(has_legal_hold)s, has_stop_pay = %(has_stop_pay)s,
               is_kyc_incomplete = %(is_kyc_incomplete)s, changed_at = %(now)s
         WHERE id = %(id)s
        """,
        facts,
    )
    tx.run(
        """
        INSERT INTO servicing.hold_changes
               (tenant_id, loan_id, has_legal_hold, has_stop_pay, is_kyc_incomplete, reason)
        VALUES (%(tenant)s, %(id)s, %(has_legal_hold)s, %(has_stop_pay)s, %(is_kyc_incomplete)s, %(reason)s)
        """,
        facts,
    )
    audit.record(tx, type="servicing.holds.set", data={"loan_id": row.id, "reason": reason, **holds})


def refold(tx: Tx, row: LoanRow) -> None:
    """Fold all of a locked loan again, with its dues and standings as they are now, and write what differs."""
    loaded = load(tx, [row], whole=[row.id])[row.id]
    writing.write(tx, [Change(loaded, loaded.fold(loaded.receipts), {})])


def pass_days(tx: Tx) -> str | None:
    """What the passing of days does: states by the oldest unpaid due date, and suspense that has become enough.

    Every loan that a day may have changed is looked at; how many changed their state is told.
    """
    day = tx.now().astimezone(UTC).date()
    moved = looked_at = 0
    after = ""
    while True:
        due = tx.values(
            """
            SELECT n.id
              FROM servicing.loans n
             WHERE n.id > %(after)s
               AND ((n.state IN ('current', 'grace', 'delinquent') AND n.oldest_due_on < %(day)s)
                    OR (n.suspense_minor > 0
                        AND EXISTS (SELECT FROM servicing.dues d
                                     WHERE d.tenant_id = n.tenant_id AND d.loan_id = n.id AND d.due_on <= %(day)s
                                       AND d.due_on > n.applied_through)))
             ORDER BY n.id
             LIMIT %(limit)s
            """,
            {"after": after, "day": day, "limit": REFRESHED_AT_ONCE},
        )
        if not due:
            break
        after = due[-1]
        looked_at += len(due)
        moved += _pass(tx, due)
    return f"{moved} of {looked_at} loans moved" if looked_at else None


def _pass(tx: Tx, loan_ids: Sequence[str]) -> int:
    rows = {row.id: row for row in lock_loans(tx, loan_ids).values()}
    now = tx.now()
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)  # Today, wherever a legal entity is.
    made = made_of(tx, list(rows.values()), _passed, read_to=dict.fromkeys(rows, tomorrow), now=now)
    changes = [made[loan] for loan in sorted(made)]
    writing.write(tx, changes)
    return sum(change.state != change.loan.row.state for change in changes)


def _passed(loan: Loaded) -> Change:
    history = loan.begin()
    if loan.row.suspense_minor:
        history.go_to(loan.today)
    return Change(loan, history, {})


def _stop_debits(tx: Tx, row: LoanRow, standing: Standing, facts: Mapping[str, Any]) -> None:
    if row.borrower_id is not None:
        parties.block_party(tx, party_id=row.borrower_id, reason=STOPPING[standing])
    payload = {**facts, "borrower_id": row.borrower_id}
    messaging.publish(
        tx, event_type="servicing.debits.stopped", aggregate_type="loan", aggregate_id=row.id, payload=payload
    )
    cases.open_case(
        tx,
        key=f"debits_to_stop:{row.id}:{facts['from_on']}:{standing}",
        category="debits_to_stop",
        subcategory=standing,
        detail={**payload, "next": "pull what stands in tomorrow's file already; the borrower is debited no more"},
    )


def _locked(tx: Tx, loan_id: str) -> LoanRow:
    found = lock_loans(tx, [loan_id]).get(loan_id)
    if found is None:
        raise NoSuchLoan(f"there is no loan {loan_id[:60]}", loan_id=loan_id[:60])
    return found


def _insert(tx: Tx, loans: Sequence[NewLoan]) -> set[str]:
    """The names of those that this call wrote down."""
    return set(
        tx.values(
            """
            INSERT INTO servicing.loans
                   (tenant_id, id, external_id, legal_entity_id, product, currency, borrower_id, created_at, changed_at)
            SELECT %(tenant)s, n.id, n.external, n.entity, n.product, n.currency, n.borrower, %(now)s, %(now)s
              FROM unnest(%(ids)s::text[], %(externals)s::text[], %(entities)s::text[], %(products)s::text[],
                          %(currencies)s::text[], %(borrowers)s::text[]) AS n (id, external, entity, product, currency, borrower)
             ORDER BY n.external
                ON CONFLICT (tenant_id, external_id) DO NOTHING
            RETURNING external_id
            """,
            {
                "tenant": tx.tenant_id,
                "now": tx.now(),
                "ids": [ids.new("loan") for _ in loans],
                "externals": [loan.external_id for loan in loans],
                "entities": [loan.legal_entity_id for loan in loans],
                "products": [loan.product for loan in loans],
                "currencies": [loan.currency for loan in loans],
                "borrowers": [loan.borrower_id for loan in loans],
            },
        )
    )


def _add_dues(tx: Tx, loans: Sequence[tuple[LoanRow, Sequence[Due]]]) -> None:
    """Write dues down, and post what they owe of principal."""
    rows = [(loan.id, due) for loan, dues in loans for due in dues]
    if not rows:
        return
    tx.run(
        """
        INSERT INTO servicing.dues
               (tenant_id, loan_id, instalment_no, due_on, fees_minor, interest_minor, principal_minor, escrow_minor)
        SELECT %(tenant)s, d.loan_id, d.no, d.due_on, d.fees, d.interest, d.principal, d.escrow
          FROM unnest(%(loans)s::text[], %(nos)s::integer[], %(days)s::date[], %(fees)s::bigint[], %(interest)s::bigint[],
                      %(principal)s::bigint[], %(escrow)s::bigint[])
               AS d (loan_id, no, due_on, fees, interest, principal, escrow)
        """,
        {
            "tenant": tx.tenant_id,
            "loans": [loan for loan, _ in rows],
            "nos": [due.number for _, due in rows],
            "days": [due.due_on for _, due in rows],
            **{bucket: [due.of(bucket) for _, due in rows] for bucket in BUCKETS},
        },
    )
    principal: dict[str, int] = defaultdict(int)
    for loan_id, due in rows:
        principal[loan_id] += due.principal
    book.post_boarded(
        tx,
        [
            (
                f"servicing:{loan.id}:boarded:{min(due.number for due in dues)}",
                loan.id,
                Money(principal[loan.id], loan.currency),
            )
            for loan, dues in loans
            if principal[loan.id]
        ],
    )


def _compare(loan: NewLoan, dues: Sequence[Due], known: Loaded) -> None:
    row = known.row
    told = (loan.product, loan.currency, loan.legal_entity_id, loan.borrower_id)
    standing = {number: due.charged for number, due in known.dues.items() if not due.charged.is_charge}
    if told != (row.product, row.currency, row.legal_entity_id, row.borrower_id) or any(
        standing.get(due.number) != due for due in dues
    ):
        raise LoanDiffers(f"loan {loan.external_id} was taken on before as {row.id}, with other facts", loan_id=row.id)


def _check_owners(tx: Tx, loans: Sequence[NewLoan]) -> None:
    """Whose loans they are. Raises NotFound, NoSuchParty, InvalidLoan."""
    for entity in sorted({loan.legal_entity_id for loan in loans}):
        try:
            tenants.legal_entity(tx, entity)
        except NotFound as error:
            raise NotFound(f"there is no legal entity {entity[:40]}", what="legal entity") from error
    found = parties.get_parties(tx, {loan.borrower_id for loan in loans if loan.borrower_id is not None})
    for borrower in sorted(found):
        if found[borrower].kind != "borrower":
            raise InvalidLoan(
                f"{borrower} is a party of the kind {found[borrower].kind}, and no borrower: make one of the kind borrower",
                borrower_id=borrower,
            )


def _check(loan: NewLoan, dues: Sequence[Due]) -> None:
    if not 1 <= len(loan.external_id) <= 100:
        raise InvalidLoan("a loan is called something of 1 to 100 characters")
    if ids.is_id(loan.external_id, "loan"):
        raise InvalidLoan(f"'{loan.external_id}' looks like an id of ours: call the loan as you do")
    Money(0, loan.currency)
    _check_dues(loan.external_id, dues)


def _check_dues(name: str, dues: Sequence[Due]) -> None:
    if len(dues) > INSTALMENTS_MAX:
        raise InvalidLoan(f"loan {name} has {len(dues):,} instalments: {INSTALMENTS_MAX:,} at most")
    if len({due.number for due in dues}) < len(dues):
        raise InvalidLoan(f"loan {name} has two instalments of one number")
    for due in dues:
        if not 0 < due.number <= CHARGES_AFTER or due.open_minor <= 0 or min(due.of(bucket) for bucket in BUCKETS) < 0:
            raise InvalidLoan(
                f"instalment {due.number} of loan {name} must owe something, nothing below zero, and count from 1"
            )
        Money(due.open_minor, "USD")
