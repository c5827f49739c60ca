"""What can be done about sources: take a provider's webhooks, stop taking them, and read rates now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate import ingestion
from headgate.console.acts import Act, Done, Form, OutsideAct, written
from headgate.console.desk import Desk
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.jobs import Outside

SECONDS_MAX: Final = 20.0
"""So long a page waits for a source; what is left comes by the job."""


def _take(tx: Tx, item_id: str, form: Form) -> Done:
    made = ingestion.set_webhook(
        tx,
        source=form.get("source", "").strip(),
        scheme=form.get("scheme", ""),
        secret=form.get("login_password", ""),
        provider_endpoint_id=form.get("provider_endpoint_id", "").strip() or None,
    )
    return Done(
        f"Webhooks of {made.source} are taken at /v1/ingestion/webhooks/{made.source}/{made.id}: give this address to the "
        "provider.",
        "/sources",
    )


def _rotate(tx: Tx, endpoint_id: str, form: Form) -> Done:
    standing = ingestion.get_webhook(tx, endpoint_id)
    ingestion.set_webhook(
        tx,
        source=standing.source,
        scheme=standing.scheme,
        secret=form.get("login_password", ""),
        endpoint_id=endpoint_id,
        provider_endpoint_id=standing.provider_endpoint_id,
        allowed_networks=standing.allowed_networks,
    )
    return Done(f"{standing.source} signs with the new secret; the one before is good for a day more.", "/sources")


def _stop(tx: Tx, endpoint_id: str, form: Form) -> Done:
    standing = ingestion.get_webhook(tx, endpoint_id)
    ingestion.remove_webhook(tx, endpoint_id)
    return Done(f"No webhooks of {standing.source} are taken at {endpoint_id} any more; what came stays.", "/sources")


def _fetch(desk: Desk, name: str, form: Form) -> Done | Refused:
    read = ingestion.read_rates(Outside(desk.database, desk.seat.tenant_id, desk.seat.actor), name)
    if read.failure:
        return Refused("ingestion.rates_unread", f"{name}: {read.failure}", {"name": name})
    return Done(f"Read {name}: {read.recorded:,} rates are new, {read.known:,} were known.", "/sources")


def _fetch_source(desk: Desk, name: str, form: Form) -> Done | Refused:
    outside = Outside(desk.database, desk.seat.tenant_id, desk.seat.actor)
    done = ingestion.fetch_source(outside, name, seconds_max=SECONDS_MAX)
    if done.outcome != "taken":
        return Refused(
            "ingestion.source_not_fetched", f"{name}: {done.reason}", {"name": name, "outcome": done.outcome}
        )
    refused = f", {done.items_refused:,} could not be kept" if done.items_refused else ""
    more = "" if done.is_whole else " What is left comes by itself."
    return Done(f"Fetched {name}: {done.items_new:,} new, {done.items_known:,} known{refused}.{more}", "/sources")


def _pause(tx: Tx, name: str, form: Form) -> Done:
    ingestion.pause_source(tx, name=name, reason=written(form, "reason", what="why it is paused"))
    return Done(f"{name} is paused: nothing is fetched there until somebody resumes it. Its place stays.", "/sources")


def _resume(tx: Tx, name: str, form: Form) -> Done:
    ingestion.resume_source(tx, name=name, reason=written(form, "reason", what="why it goes on"))
    return Done(f"{name} goes on where it stood, at once.", "/sources")


ACTS: Final[Mapping[str, Act | OutsideAct]] = {
    "take": Act("ledger.manage", _take),
    "rotate": Act("ledger.manage", _rotate),
    "stop": Act("ledger.manage", _stop),
    "fetch": OutsideAct("ledger.manage", _fetch),
    "fetch-source": OutsideAct("ingestion.upload", _fetch_source),
    "pause": Act("ledger.manage", _pause),
    "resume": Act("ledger.manage", _resume),
}
