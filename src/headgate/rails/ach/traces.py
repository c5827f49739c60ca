"""Remembers which trace numbers a file has used, exactly and in bounded memory.

What is numbered upwards is a few ranges; what is not becomes one bit for each of the ten million sequences of its ODFI.
"""

from __future__ import annotations

from bisect import bisect_right

_SEQUENCES = 10**7
_RANGES_MAX = 5_000
"""Ranges of one ODFI before they become bits, which are 1.25 MB."""

_BITS_MAX = 48
_SUM_MAX = 250_000


class Traces:
    """Trace numbers seen, by ODFI. What is no trace number is never remembered.

    A file with scattered numbers of hundreds of ODFIs would need memory without end: what goes beyond the bound is not
    remembered, and `is_full` says so.
    """

    def __init__(self, *, ranges_max: int = _SUM_MAX, bits_max: int = _BITS_MAX) -> None:
        self.is_full = False
        self._ranges: dict[str, tuple[list[int], list[int]]] = {}
        self._bits: dict[str, bytearray] = {}
        self._count = 0
        self._ranges_max = ranges_max
        self._bits_max = bits_max

    def add(self, trace: str) -> bool:
        """Remember a trace number; False where it was there before."""
        sequence = trace[8:]
        if not (sequence.isascii() and sequence.isdigit()):
            return True
        return self.add_range(trace[:8], int(sequence), int(sequence))

    def add_range(self, odfi: str, first: int, last: int) -> bool:
        """Remember all sequences of an ODFI from first to last; False, and nothing remembered, where one was there."""
        bits = self._bits.get(odfi)
        if bits is not None:
            return _add_bits(bits, first, last)
        ranges = self._ranges.get(odfi)
        if ranges is None:
            ranges = self._ranges[odfi] = ([], [])
        starts, ends = ranges
        at = bisect_right(starts, last)
        if at and ends[at - 1] >= first:
            return False
        if at and ends[at - 1] == first - 1:
            ends[at - 1] = last
            return True
        if self._count >= self._ranges_max:
            self.is_full = True
            return True
        starts.insert(at, first)
        ends.insert(at, last)
        self._count += 1
        if len(starts) > _RANGES_MAX:
            self._to_bits(odfi)
        return True

    def _to_bits(self, odfi: str) -> None:
        if len(self._bits) >= self._bits_max:
            return
        bits = self._bits[odfi] = bytearray(_SEQUENCES // 8)
        starts, ends = self._ranges.pop(odfi)
        self._count -= len(starts)
        for first, last in zip(starts, ends, strict=True):
            _add_bits(bits, first, last)


def _add_bits(bits: bytearray, first: int, last: int) -> bool:
    numbers = range(first, last + 1)
    if any(bits[number >> 3] & (1 << (number & 7)) for number in numbers):
        return False
    for number in numbers:
        bits[number >> 3] |= 1 << (number & 7)
    return True
