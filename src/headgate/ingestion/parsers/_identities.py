"""Identities of bookings, as `_statements.Identities` gives them, in 16 bytes each: a file of millions stays small."""

from __future__ import annotations

from array import array
from datetime import date
from hashlib import blake2b
from typing import Final

_FEW: Final = 20_000
_BEGINNINGS: Final = 2_000
_FIRST: Final = 1 << 18


class Seen:
    """How often each key came. Beyond the first twenty thousand only those that come again are kept whole, and of the
    others eight bytes of a digest: two of five million keys share one once in a million files.
    """

    def __init__(self) -> None:
        self._few: set[str] | None = set()
        self._slots = array("Q")
        self._used = 0
        self._again: dict[str, int] = {}

    def count(self, key: str) -> int:
        """How often this key has come, this time included."""
        few = self._few
        if few is not None:
            if key not in few:
                few.add(key)
                if len(few) > _FEW:
                    self._leave_few(few)
                return 1
        elif not self._add(_digest(key)):
            self._used += 1
            if self._used * 6 > len(self._slots) * 5:
                self._grow()
            return 1
        times = self._again.get(key, 1) + 1
        self._again[key] = times
        return times

    def _leave_few(self, few: set[str]) -> None:
        self._few = None
        self._slots = array("Q", bytes(8 * _FIRST))
        self._used = len(few)
        for key in few:
            self._add(_digest(key))

    def _add(self, digest: int) -> bool:
        """Put a digest in; whether it was there."""
        slots = self._slots
        mask = len(slots) - 1
        at = digest & mask
        while found := slots[at]:
            if found == digest:
                return True
            at = (at + 1) & mask
        slots[at] = digest
        return False

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(16 * len(old)))
        for digest in old:
            if digest:
                self._add(digest)


def _digest(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest(), "little") or 1


class StatementIdentities:
    """Identities of bookings by the bank's references; a reference that comes again is told apart by its number."""

    def __init__(self) -> None:
        self._seen = Seen()
        self._beginnings: dict[tuple[str, date | None, str], str] = {}

    def of(self, account_number: str, booked_on: date | None, type_code: str, bank_reference: str) -> str | None:
        """None where the bank gave no reference: then the line in its file is the identity."""
        if not bank_reference:
            return None
        about = (account_number, booked_on, type_code)
        beginning = self._beginnings.get(about)
        if beginning is None:
            if len(self._beginnings) > _BEGINNINGS:
                self._beginnings.clear()
            beginning = self._beginnings[about] = f"{account_number[-4:]}:{booked_on or ''}:{type_code}:"
        key = beginning + bank_reference
        again = self._seen.count(key)
        return key if again == 1 else f"{key}#{again}"
