"""One byte form of a document, so that equal documents have equal digests whatever the order of their keys."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from headgate.core.errors import Malformed

FORMULA = 1
"""The version of the canonical form. A stored digest carries it, so that a later form does not make old digests lie."""

_WHOLE = frozenset((str, int, bool, type(None)))


def canonical(document: Any) -> bytes:
    """Canonical JSON: keys sorted, no white space, UTF-8. A float is Malformed: it has no one byte form."""
    _refuse_floats(document)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(document: Any) -> bytes:
    """The sha256 of the canonical form, 32 bytes."""
    return hashlib.sha256(canonical(document)).digest()


def _refuse_floats(document: Any) -> None:
    if isinstance(document, float):
        raise Malformed(f"{document!r} is a float; write whole minor units, or decimals as text")
    if isinstance(document, dict | list | tuple):
        for value in document.values() if isinstance(document, dict) else document:
            # A payroll's document holds half a million of these: a call for each would take longer than its digest.
            if type(value) not in _WHOLE:
                _refuse_floats(value)
