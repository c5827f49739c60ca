"""Which account of a client may be debited, and by what: nothing is drawn from an account that nobody authorised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from headgate import audit, parties
from headgate.core.db import Tx
from headgate.funding.errors import InvalidAuthorization
from headgate.tenants import legal_entity

_LATEST: LiteralString = """
    SELECT id, legal_entity_id, bank_account_id, evidence, decided_by, decided_at
      FROM funding.debit_authorizations
     WHERE tenant_id = %(tenant)s AND legal_entity_id = %(entity)s
     ORDER BY id DESC
     LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class DebitAuthorization:
    """A client's word on its debits. Without an account it was withdrawn; `evidence` says what it rests on."""

    id: int
    legal_entity_id: str
    bank_account_id: str | None
    evidence: str
    decided_by: str
    decided_at: datetime


def authorize_debits(tx: Tx, *, legal_entity_id: str, bank_account_id: str, evidence: str) -> DebitAuthorization:
    """Let this account of the client be debited from now on, in place of any other; saying it again changes nothing.

    The account is one of the legal entity's own, as employer. `evidence` says where the authorization is kept.
    Raises NotFound, InvalidAuthorization with every problem.
    """
    entity = legal_entity(tx, legal_entity_id)
    problems = _problems(tx, entity.id, bank_account_id, evidence)
    if problems:
        raise InvalidAuthorization("; ".join(problems), problems=problems)
    known = debit_authorization(tx, legal_entity_id=entity.id)
    if known and (known.bank_account_id, known.evidence) == (bank_account_id, evidence.strip()):
        return known
    return _decide(tx, entity.id, bank_account_id, evidence.strip())


def withdraw_debits(tx: Tx, *, legal_entity_id: str, reason: str) -> DebitAuthorization | None:
    """Debit this client no more; what is with the bank goes on. None where nothing was authorised. Raises NotFound."""
    known = debit_authorization(tx, legal_entity_id=legal_entity(tx, legal_entity_id).id)
    if known is None or known.bank_account_id is None:
        return known
    if not 1 <= len(reason.strip()) <= 500:
        raise InvalidAuthorization("a reason has 1 to 500 characters: say why nothing is debited any more")
    return _decide(tx, known.legal_entity_id, None, reason.strip())


def correct_debits(tx: Tx, *, legal_entity_id: str, old_account_id: str, new_account_id: str, source: str) -> bool:
    """The account that a client lets us debit is another now, as its bank says; whether its word stood on the old one.

    The client's word stays what it was: what a bank corrects needs no new one. `source` says what corrected it.
    """
    known = debit_authorization(tx, legal_entity_id=legal_entity_id)
    if known is None or known.bank_account_id != old_account_id or old_account_id == new_account_id:
        return False
    words = f"; account corrected, {source}"
    _decide(tx, legal_entity_id, new_account_id, known.evidence[: 500 - len(words)] + words)
    return True


def debit_authorization(tx: Tx, *, legal_entity_id: str) -> DebitAuthorization | None:
    """What a client said last of its debits; None where it said nothing."""
    return tx.maybe(_LATEST, {"tenant": tx.tenant_id, "entity": legal_entity_id}, row=DebitAuthorization)


def _decide(tx: Tx, legal_entity_id: str, bank_account_id: str | None, evidence: str) -> DebitAuthorization:
    facts = {"legal_entity_id": legal_entity_id, "bank_account_id": bank_account_id, "evidence": evidence}
    tx.run(
        """
        INSERT INTO funding.debit_authorizations (tenant_id, legal_entity_id, bank_account_id, evidence, decided_at)
        VALUES (%(tenant)s, %(legal_entity_id)s, %(bank_account_id)s, %(evidence)s, %(now)s)
        """,
        {"tenant": tx.tenant_id, "now": tx.now(), **facts},
    )
    audit.record(tx, type="funding.debits.authorized" if bank_account_id else "funding.debits.withdrawn", data=facts)
    found = debit_authorization(tx, legal_entity_id=legal_entity_id)
    assert found is not None, "it has just been written"
    return found


def _problems(tx: Tx, legal_entity_id: str, bank_account_id: str, evidence: str) -> list[str]:
    problems = []
    standing = parties.standings(tx, [bank_account_id]).get(bank_account_id)
    if standing is None or standing.legal_entity_id != legal_entity_id:
        problems.append(f"{bank_account_id[:40]} is no bank account of {legal_entity_id}")
    elif parties.get_party(tx, standing.party_id).kind != "employer":
        problems.append(f"{bank_account_id[:40]} is not the client's own: only an employer's account is debited for it")
    elif not standing.may_be_paid:
        problems.append(f"{bank_account_id[:40]} is blocked, closed, replaced or failed its verification")
    if not 1 <= len(evidence.strip()) <= 500:
        problems.append("evidence has 1 to 500 characters: say where the client's authorization is kept")
    return problems
