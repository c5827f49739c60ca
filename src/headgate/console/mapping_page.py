"""A table's mapping: its columns with what each means, the first rows as they would be read, and saving it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi.responses import HTMLResponse

from headgate import ingestion
from headgate.console import pages
from headgate.console.acts import Act, Done, Form
from headgate.console.desk import Desk
from headgate.core.db import Tx
from headgate.core.errors import HeadgateError, Malformed, Refused

FIELDS: Final = {
    "": "not read",
    "booked_on": "day it was booked",
    "value_on": "value date",
    "amount": "amount, signed or with a side",
    "credit": "money in",
    "debit": "money out",
    "side": "which way, as C and D",
    "currency": "currency",
    "balance": "balance after it",
    "account_number": "our account",
    "external_id": "the bank's own id",
    "customer_reference": "our reference",
    "type_code": "kind of booking",
    "text": "text",
}
ORDERS: Final = {"ymd": "2026-11-24", "dmy": "24.11.2026", "mdy": "11/24/2026"}


def show(desk: Desk, artifact_id: str, form: Mapping[str, str] | None = None) -> HTMLResponse:
    """The page: by what the form says, else by what is saved, else as proposed."""
    with desk.begin("ingestion.read") as tx:
        row = ingestion.artifact_row(tx, artifact_id)
        clock, counts = pages.clock(tx), pages.waiting(tx)
        error, found = None, None
        asked: tuple[ingestion.Question, ...] = ()
        try:
            found = ingestion.preview_table(tx, artifact_id)
            asked = found.questions
            if form:
                found = ingestion.preview_table(tx, artifact_id, mapping=said(found, form))
        except HeadgateError as problem:
            error = problem
    return pages.whole(
        desk, "mapping.html", clock, label="Artifacts", path=f"/artifacts/{artifact_id}/mapping", title="Mapping",
        counts=counts, row=row, found=found, error=error, fields=FIELDS, orders=ORDERS, form=dict(form or {}),
        asked={question.field for question in asked}, faults=told(found),
    )  # fmt: skip


def told(found: ingestion.TablePreview | None) -> list[tuple[str, str, int]]:
    """What is wrong with the first rows, each kind once: its words, its rule, and how often."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for fault in found.faults if found and found.rows else ():
        kinds.setdefault((fault.rule, fault.field), []).append(fault.message)
    return [(messages[0], rule, len(messages)) for (rule, _), messages in kinds.items()]


def said(found: ingestion.TablePreview, form: Mapping[str, str]) -> dict[str, Any]:
    """The mapping that the form says, on the table's own header. Raises Malformed."""
    if found.mapping is None:
        raise Malformed("the columns of this file cannot be told apart: is it a table?")
    asked = {question.field for question in found.questions}
    for name, words in (("date_order", "how a day is written"), ("decimal", "which sign stands before the decimals")):
        if name in asked and not form.get(name):
            raise Malformed(f"say {words}: what came reads in more than one way")
    if "currency" in asked and not form.get("currency", "").strip():
        raise Malformed("say the currency: neither a column nor a line does")
    columns: dict[str, list[int]] = {}
    for column in found.columns:
        name = form.get(f"c{column.at}", column.field or "")
        if name:
            columns.setdefault(name, []).append(column.at)
    for name, places in columns.items():
        if len(places) > 1 and name != "text":
            raise Malformed(f"{FIELDS.get(name, name)} is chosen for two columns: choose one")
    return {
        **found.mapping.as_json(),
        "columns": {name: places[0] if len(places) == 1 else places for name, places in columns.items()},
        "date_order": form.get("date_order") or found.mapping.date_order,
        "decimal": form.get("decimal") or found.mapping.decimal,
        "currency": form.get("currency", found.mapping.currency).strip().upper(),
        "debit_is_positive": form.get("debit_is_positive") == "yes",
        "amount_unit": form.get("amount_unit") or found.mapping.amount_unit,
    }


def _save(tx: Tx, artifact_id: str, form: Form) -> Done | Refused:
    found = ingestion.preview_table(tx, artifact_id)
    saved = ingestion.save_mapping(tx, source=found.source, parser=found.parser, mapping=said(found, form))
    words = f"Saved: tables of {saved.source} with these columns are read so from now on."
    if ingestion.get_artifact(tx, artifact_id).status != "read":
        reading = ingestion.read(tx, artifact_id, parser=saved.parser)
        if isinstance(reading, Refused):
            return reading
        words += f" This one was read: {reading.records:,} {'record' if reading.records == 1 else 'records'}."
    return Done(words, f"/artifacts/{artifact_id}")


ACTS: Final[Mapping[str, Act]] = {"map": Act("ingestion.upload", _save)}
