"""Take what a connector gives: each item once, in the transaction that moves the cursor."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from psycopg.types.json import Jsonb

from headgate import audit, cases
from headgate.core import secrets
from headgate.core.canonical import canonical
from headgate.core.db import Tx
from headgate.core.errors import HeadgateError
from headgate.ingestion import artifacts
from headgate.ingestion.connectors import Batch, Item, Notice
from headgate.ingestion.source_model import KeptItem, Standing, Taken
from headgate.jobs import Outside

CONTEXT: Final = "ingestion.source_items.private_sealed"
REFUSAL_MAX: Final = 300
GAPS_NAMED: Final = 20
POSITIONS_BACK: Final = 50
"""As many pages are looked back at most, whatever came in the time to look back."""


class Overtaken(Exception):
    """Another fetching has moved this source's cursor meanwhile."""


def take(tx: Tx, standing: Standing, batch: Batch, taken: Taken, *, position_no: int) -> int:
    """Keep what is new of a batch, write down what stands already, move the cursor; answers the position's number.

    Raises Overtaken where the cursor is not where this fetching left it.
    """
    stands = tx.value(
        """
        SELECT position_no FROM ingestion.source_states WHERE tenant_id = %(tenant)s AND name = %(name)s FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "name": standing.name},
    )
    if batch.cursor is not None and stands != position_no:
        raise Overtaken
    items = list({item.identity: item for item in batch.items}.values())
    standing_ids = _known(tx, standing, [item.identity for item in items])
    new = [_keep(tx, standing, item) for item in items if item.identity not in standing_ids]
    if new:
        _insert(tx, standing, new)
        _notice_gaps(tx, standing, [one.item.sequence_no for one in new if one.item.sequence_no is not None])
    for notice in batch.notices:
        _open_case(tx, standing, notice)
    for one in new:
        if one.refusal is not None and one.item.refusal is None:
            _open_case(tx, standing, _unkept(one))
    if batch.cursor is not None:
        position_no += 1
        _move(tx, standing, position_no, batch.cursor, len(new), len(items) - len(new))
    if new:
        tx.run(
            """
            UPDATE ingestion.source_states
               SET items_taken = items_taken + %(taken)s, newest_at = greatest(newest_at, %(newest)s)
             WHERE tenant_id = %(tenant)s AND name = %(name)s
            """,
            {
                "tenant": tx.tenant_id,
                "name": standing.name,
                "taken": sum(one.artifact_id is not None for one in new),
                "newest": max((one.item.occurred_at for one in new if one.item.occurred_at), default=None),
            },
        )
    taken.will(new, len(items) - len(new))
    return position_no


def known(outside: Outside, standing: Standing, identities: Collection[str]) -> Mapping[str, bool]:
    """Which of these stand, and whether they were kept."""
    if not identities:
        return {}
    with outside.begin() as tx:
        return _known(tx, standing, list(identities))


def cursor_before(outside: Outside, standing: Standing, seconds: float) -> str | None:
    """The cursor from which on an API may have shown something late: None is its beginning.

    What is at most so many seconds late, and was not shown at the last complete fetching, stands behind the cursor of
    so many seconds before that fetching. No more than POSITIONS_BACK pages are gone back.
    """
    with outside.begin() as tx:
        rows = tx.all(
            """
            SELECT cursor, moved_at <= coalesce(%(last)s, clock_timestamp()) - make_interval(secs => %(seconds)s) AS is_old
              FROM ingestion.source_positions
             WHERE tenant_id = %(tenant)s AND name = %(name)s AND place = %(place)s
             ORDER BY position_no DESC LIMIT %(most)s
            """,
            {
                "tenant": tx.tenant_id,
                "name": standing.name,
                "place": standing.place,
                "last": standing.last_success_at,
                "seconds": seconds,
                "most": POSITIONS_BACK + 1,
            },
        )
    old = [row["cursor"] for row in rows if row["is_old"]]
    if old:
        return str(old[0])
    return str(rows[-1]["cursor"]) if len(rows) > POSITIONS_BACK else None


def _known(tx: Tx, standing: Standing, identities: list[str]) -> dict[str, bool]:
    rows = tx.all(
        """
        SELECT identity, artifact_id IS NOT NULL AS is_kept FROM ingestion.source_items
         WHERE tenant_id = %(tenant)s AND name = %(name)s AND place = %(place)s AND identity = ANY(%(identities)s)
        """,
        {"tenant": tx.tenant_id, "name": standing.name, "place": standing.place, "identities": identities},
    )
    return {row["identity"]: row["is_kept"] for row in rows}


def _keep(tx: Tx, standing: Standing, item: Item) -> KeptItem:
    """The artifact that an item becomes. One that cannot be kept is no reason to stop: the others go on."""
    if item.refusal is not None:
        return KeptItem(item, None, item.refusal[:REFUSAL_MAX])
    try:
        with tx.savepoint():
            artifact = artifacts.receive(
                tx,
                source=standing.source,
                filename=item.filename,
                data=item.data,
                type=item.type,
                metadata={"fetched_from": standing.name, "connector": standing.connector, **item.facts},
            )
    except HeadgateError as error:
        if error.retryable:
            raise
        return KeptItem(item, None, error.message[:REFUSAL_MAX])
    return KeptItem(item, artifact.id, None)


def _insert(tx: Tx, standing: Standing, new: Sequence[KeptItem]) -> None:
    private = [one for one in new if one.item.private]
    sealed = secrets.seal_many(tx, [canonical(dict(one.item.private)) for one in private], context=CONTEXT)
    by_identity = {one.item.identity: value for one, value in zip(private, sealed, strict=True)}
    tx.run(
        """
        INSERT INTO ingestion.source_items
               (tenant_id, name, place, identity, artifact_id, artifact_type, refusal, sequence_no, occurred_at, facts,
               private_sealed)
        SELECT %(tenant)s, %(name)s, %(place)s, i.identity, i.artifact, i.type, i.refusal, i.number, i.occurred_at,
               i.facts, i.sealed
          FROM unnest(%(identities)s::text[], %(artifacts)s::text[], %(types)s::text[], %(refusals)s::text[],
                      %(numbers)s::bigint[], %(times)s::timestamptz[], %(facts)s::jsonb[], %(sealed)s::bytea[])
               AS i (identity, artifact, type, refusal, number, occurred_at, facts, sealed)
        """,
        {
            "tenant": tx.tenant_id,
            "name": standing.name,
            "place": standing.place,
            "identities": [one.item.identity for one in new],
            "artifacts": [one.artifact_id for one in new],
            "types": [one.item.type for one in new],
            "refusals": [one.refusal for one in new],
            "numbers": [one.item.sequence_no for one in new],
            "times": [one.item.occurred_at for one in new],
            "facts": [Jsonb(dict(one.item.facts)) for one in new],
            "sealed": [by_identity.get(one.item.identity) for one in new],
        },
    )


def _move(tx: Tx, standing: Standing, position_no: int, cursor: str, new: int, known: int) -> None:
    facts: dict[str, Any] = {
        "tenant": tx.tenant_id,
        "name": standing.name,
        "no": position_no,
        "place": standing.place,
        "cursor": cursor,
        "new": new,
        "known": known,
    }
    tx.run(
        """
        INSERT INTO ingestion.source_positions (tenant_id, name, position_no, place, cursor, items_new, items_known)
        VALUES (%(tenant)s, %(name)s, %(no)s, %(place)s, %(cursor)s, %(new)s, %(known)s)
        """,
        facts,
    )
    tx.run(
        "UPDATE ingestion.source_states SET position_no = %(no)s WHERE tenant_id = %(tenant)s AND name = %(name)s",
        facts,
    )


def _notice_gaps(tx: Tx, standing: Standing, numbers: Sequence[int]) -> None:
    """Write down the numbers passed over since the highest before these, and between them."""
    if not numbers:
        return
    gaps = tx.all(
        """
        WITH seen AS (
          SELECT sequence_no FROM ingestion.source_items
           WHERE tenant_id = %(tenant)s AND name = %(name)s AND place = %(place)s
             AND sequence_no BETWEEN %(least)s AND %(most)s
           UNION
          SELECT max(sequence_no) FROM ingestion.source_items
           WHERE tenant_id = %(tenant)s AND name = %(name)s AND place = %(place)s AND sequence_no < %(least)s
        ), passed AS (
          SELECT lag(sequence_no) OVER (ORDER BY sequence_no) + 1 AS first_no, sequence_no - 1 AS last_no
            FROM seen WHERE sequence_no IS NOT NULL
        )
        INSERT INTO ingestion.source_gaps (tenant_id, name, place, first_no, last_no)
        SELECT %(tenant)s, %(name)s, %(place)s, p.first_no, p.last_no
          FROM passed p
         WHERE p.first_no <= p.last_no
           AND NOT EXISTS (SELECT FROM ingestion.source_gaps g
                            WHERE g.tenant_id = %(tenant)s AND g.name = %(name)s AND g.place = %(place)s
                              AND g.first_no <= p.first_no AND g.last_no >= p.last_no)
            ON CONFLICT DO NOTHING
        RETURNING first_no, last_no
        """,
        {
            "tenant": tx.tenant_id,
            "name": standing.name,
            "place": standing.place,
            "least": min(numbers),
            "most": max(numbers),
        },
    )
    if not gaps:
        return
    named = [[gap["first_no"], gap["last_no"]] for gap in gaps]
    audit.record(tx, type="ingestion.source.gap", data={"name": standing.name, "gaps": named[:GAPS_NAMED]})
    _open_case(
        tx,
        standing,
        Notice(
            key=f"gap:{named[0][0]}-{named[-1][1]}",
            category="source_gap",
            detail={
                "gaps": named[:GAPS_NAMED],
                "missing": sum(last - first + 1 for first, last in named),
                "next": "it is looked for at every fetching; if it stays away, ask the provider for these numbers",
            },
        ),
    )


def _unkept(one: KeptItem) -> Notice:
    return Notice(
        key=f"item:{one.item.identity[:200]}",
        category="source_item_not_kept",
        detail={"item": one.item.identity[:200], "size_bytes": len(one.item.data), "reason": one.refusal},
    )


def _open_case(tx: Tx, standing: Standing, notice: Notice) -> None:
    cases.open_case(
        tx,
        key=f"ingestion:source:{standing.name}:{notice.key}"[:400],
        category=notice.category,
        subcategory=standing.name,
        detail={"source": standing.name, "place": standing.place, **notice.detail},
    )
