"""JSON Schemas (2020-12) of what ingestion gives others: the envelope, and the two normalised records.

    schemas()["headgate.transaction.v1"]        # the schema by the name that its documents carry in `schema`

A document that lacks a member or has one more is refused by them. They are read from this folder: one file each. Others get them by
`GET /v1/ingestion/schemas` and `headgate ingestion schemas`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from headgate.core import registry
from headgate.ingestion.errors import NoSuchSchema

ENVELOPE = "headgate.payments.v1"
TRANSACTION = "headgate.transaction.v1"
SETTLEMENT_EVENT = "headgate.settlement_event.v1"


@lru_cache(maxsize=1)
def schemas() -> dict[str, dict[str, Any]]:
    """Every schema by its name."""
    return {name: json.loads(text) for name, text in registry.data_files(__name__, ".schema.json").items()}


def schema_of(name: str) -> dict[str, Any]:
    """The schema of that name. Raises NoSuchSchema."""
    if name not in schemas():
        raise NoSuchSchema(f"there is no schema '{name[:60]}': there are {', '.join(sorted(schemas()))}")
    return schemas()[name]
