"""Remembers which trace numbers a file has used, exactly and in little memory."""

from __future__ import annotations

_SEQUENCES = 10**7
_SET_MAX = 10_000


class Traces:
    """Trace numbers seen, by ODFI: a set while few, then one bit for each of the ten million sequences (1.25 MB)."""

    def __init__(self) -> None:
        self._few: dict[str, set[str]] = {}
        self._many: dict[str, bytearray] = {}

    def add(self, trace: str) -> bool:
        """Remember a trace number; False where it was there before. What is no trace number is never remembered."""
        odfi, sequence = trace[:8], trace[8:]
        few = self._few.get(odfi)
        if few is not None:
            if sequence in few:
                return False
            few.add(sequence)
            if len(few) > _SET_MAX:
                self._to_bits(odfi)
            return True
        if not (sequence.isascii() and sequence.isdigit()):
            return True
        bits = self._many.get(odfi)
        if bits is None:
            self._few[odfi] = {sequence}
            return True
        number = int(sequence)
        bit = 1 << (number & 7)
        if bits[number >> 3] & bit:
            return False
        bits[number >> 3] |= bit
        return True

    def _to_bits(self, odfi: str) -> None:
        bits = self._many[odfi] = bytearray(_SEQUENCES // 8)
        for sequence in self._few.pop(odfi):
            if sequence.isascii() and sequence.isdigit():
                bits[int(sequence) >> 3] |= 1 << (int(sequence) & 7)
