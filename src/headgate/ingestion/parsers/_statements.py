"""What statement parsers share: decoding, identity of a booking, the proof of a statement by its balances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

from headgate.core.money import MINOR_MAX, Money, total
from headgate.ingestion.records import Proof, Statement, Total, TransactionRecord

AMOUNT_MAX = 10**15
"""Minor units of one amount: ten trillion dollars. More is a broken field and no payment."""

SUM_MAX = MINOR_MAX // 2


def decode(data: bytes) -> str:
    """Text by its byte order mark, else strict UTF-8, else windows-1252 (where a hole becomes U+FFFD)."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


class Identities:
    """Identities of bookings by the bank's references; a reference that comes again is told apart by its number."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, account_number: str, booked_on: date | None, type_code: str, bank_reference: str) -> str | None:
        """None where the bank gave no reference: then the line in its file is the identity."""
        if not bank_reference:
            return None
        key = f"{account_number[-4:]}:{booked_on or ''}:{type_code}:{bank_reference}"
        self._seen[key] += 1
        again = self._seen[key]
        return key if again == 1 else f"{key}#{again}"


class Ceiling:
    """Holds the sums of a file within what the book can hold, so that adding up never fails, whatever a file says."""

    def __init__(self) -> None:
        self._sum = 0

    def takes(self, amount: Money) -> bool:
        """Count an amount in; False where it alone or together with those before is beyond belief."""
        size = abs(amount.minor)
        if size > AMOUNT_MAX or self._sum + size > SUM_MAX:
            return False
        self._sum += size
        return True


def prove(opening: Money | None, closing: Money | None, credits: Money, debits: Money) -> Proof:
    """How the balances agree with the bookings between them."""
    if opening is None or closing is None or opening.currency != closing.currency:
        return "absent"
    if opening.currency != credits.currency:
        return "differs"
    if opening + credits - debits == closing:
        return "proven"
    return "reversed" if opening - credits + debits == closing else "differs"


def totals(statements: Iterable[Statement], records: Iterable[TransactionRecord]) -> tuple[Total, ...]:
    """Credits and debits of the file, by currency."""
    sums: dict[tuple[str, str], list[Money]] = {}
    for record in records:
        sums.setdefault((f"{record.direction}s", record.amount.currency), []).append(record.amount)
    for statement in statements:
        for side in ("credits", "debits"):
            sums.setdefault((side, statement.currency), [])
    return tuple(
        Total(name, len(amounts), total(amounts, currency)) for (name, currency), amounts in sorted(sums.items())
    )
