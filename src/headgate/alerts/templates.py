"""The words of notifications: plain text with {fields}, a tenant's own or the defaults of templates.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, cast, get_args

from headgate import audit
from headgate.alerts.errors import InvalidTemplate
from headgate.alerts.model import KINDS, Audience, Kind
from headgate.core.db import Tx

FIELDS: Final = (
    "amount",
    "loan",
    "received_on",
    "channel",
    "interest",
    "principal",
    "escrow",
    "fees",
    "waiting",
    "reason",
    "code",
    "payment_id",
)
TITLE_MAX: Final = 200
MESSAGE_MAX: Final = 4_000
_FIELD: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """The words of a kind of notification for an audience. `is_own` where the tenant wrote them."""

    audience: Audience
    kind: Kind
    title: str
    message: str
    is_own: bool = False

    def filled(self, facts: Mapping[str, str]) -> tuple[str, str]:
        """Title and message with the fields in their places, each once: what is filled in is not read again."""
        title, message = (_FIELD.sub(lambda field: facts[field[1]], text) for text in (self.title, self.message))
        return " ".join(title.split())[:TITLE_MAX], message.strip()


@cache
def defaults() -> Mapping[tuple[Audience, Kind], Template]:
    """The words that count where a tenant has none."""
    document = tomllib.loads(files(__package__).joinpath("templates.toml").read_text("utf-8"))
    return {
        (audience, kind): Template(audience, kind, words["title"], words["message"].strip())
        for audience in get_args(Audience)
        for kind in KINDS
        for words in [document[audience][kind]]
    }


def list_templates(tx: Tx) -> Mapping[tuple[Audience, Kind], Template]:
    """The words of each kind for each audience at this tenant."""
    return tx.setting("alerts.templates", lambda: _list_templates(tx))


def _list_templates(tx: Tx) -> Mapping[tuple[Audience, Kind], Template]:
    rows = tx.all(
        """
        SELECT DISTINCT ON (t.audience, t.kind) t.audience, t.kind, t.title, t.message, true AS is_own
          FROM alerts.templates t
         WHERE t.tenant_id = %(tenant)s
         ORDER BY t.audience, t.kind, t.id DESC
        """,
        {"tenant": tx.tenant_id},
        row=Template,
    )
    return {**defaults(), **{(row.audience, row.kind): row for row in rows}}


def set_template(tx: Tx, *, audience: str, kind: str, title: str, message: str) -> Template:
    """Use these words from now on; what was told stays as it was told. Raises InvalidTemplate naming what is wrong."""
    if audience not in get_args(Audience) or kind not in KINDS:
        raise InvalidTemplate(f"there are words for {', '.join(get_args(Audience))} and {', '.join(KINDS)}")
    title, message = title.strip(), message.strip()
    if not 1 <= len(title) <= TITLE_MAX or "\n" in title or "\r" in title:
        raise InvalidTemplate(f"a title is one line of 1 to {TITLE_MAX} characters")
    if not 1 <= len(message) <= MESSAGE_MAX:
        raise InvalidTemplate(f"a message has 1 to {MESSAGE_MAX} characters")
    for text in (title, message):
        unknown = sorted(set(_FIELD.findall(text)) - set(FIELDS))
        if unknown:
            raise InvalidTemplate(f"there is no field {{{unknown[0][:40]}}}: there are {', '.join(FIELDS)}")
    tx.run(
        """
        INSERT INTO alerts.templates (tenant_id, audience, kind, title, message)
        VALUES (%(tenant)s, %(audience)s, %(kind)s, %(title)s, %(message)s)
        """,
        {"tenant": tx.tenant_id, "audience": audience, "kind": kind, "title": title, "message": message},
    )
    audit.record(tx, type="alerts.template.set", data={"audience": audience, "kind": kind})
    return Template(cast(Audience, audience), kind, title, message, True)
