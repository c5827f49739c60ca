"""A tenant that pays over FedNow and ACH: orders in every state, returns of several codes, and a bank with an SFTP server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import make
from tests.console.book import LONG, NASTY
from tests.make import ACTOR, TenantFixture
from tests.payments import gateways, order_stories, stories
from tests.payments.sftp_banks import SftpBank
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY
from tests.payments.test_returns import give_back, settle, traces

from headgate import parties, payments
from headgate.console import orders as orders_screen
from headgate.core.db import Database
from headgate.rails.iso20022 import FEDNOW

WORDS = ("PAID", "AC04", "BACK", "LOST")
CODES = ("R01", "R03", "R10", "R06")


@dataclass(frozen=True)
class Scene:
    """Orders by what became of them, returns by their code, and the server of the bank `sandbox`."""

    database: Database
    tenant: TenantFixture
    orders: dict[str, str]
    returns: dict[str, str]
    bank: SftpBank

    def at(self, path: str = "") -> str:
        return f"/console/{self.tenant.slug}{path}"


@contextmanager
def at_the_bank(database: Database, folder: Path) -> Iterator[Scene]:
    """The scene, while its bank's server answers; its network fell silent before the last orders were sent."""
    tenant = make.tenant(database)
    with gateways.reaching(database), SftpBank(folder / "bank") as bank:
        returns = _returns(database, tenant)
        orders = _orders(database, tenant)
        server = bank.server()
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            payments.set_sftp_place(
                tx, bank="sandbox", host=server.host, port=server.port, username=server.username,
                host_keys=server.host_keys, key=server.secret,
            )  # fmt: skip
        yield Scene(database, tenant, orders, returns, bank)


def _returns(database: Database, tenant: TenantFixture) -> dict[str, str]:
    """Five entries left on Monday and settled; four came back on Wednesday."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "1670.00")
        amounts = ("640.00", "320.50", "75.25", "14.25", "200.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, *amounts, payroll_id="PR-ach"))
        (file,) = payments.submit_due(tx, on=MONDAY)
        content = payments.file_bytes(tx, file.id)
        settle(tx, [content], on=TUESDAY)
        give_back(tx, content, dict(zip(traces(content), CODES, strict=False)), on=WEDNESDAY)
        return {row.code: row.id for row in payments.list_returns(tx)}


def _orders(database: Database, tenant: TenantFixture) -> dict[str, str]:
    """Four orders that a network answered, two of which nobody knows, and two that are not sent yet."""
    with gateways.served(FEDNOW, hang_seconds=1) as network:
        _send(database, tenant, network.url, "PR-instant", *WORDS)
        _rounds(database, tenant, 8)
        _send(database, tenant, network.url, "PR-silent", "LATE", "LATE")
        _rounds(database, tenant, 1)
    # Nobody answers any more: what is not known is asked about, and what is ready stays.
    _rounds(database, tenant, 2)
    _send(database, tenant, "http://127.0.0.1:9", "PR-ready", "PAID")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        rows = payments.find_orders(tx, orders_screen.parse(""))
        for row, name in zip([row for row in rows if row.payroll_reference == "PR-silent"], (NASTY, LONG), strict=True):
            payee = "SELECT payee_id FROM payments.instructions WHERE tenant_id = %(t)s AND id = %(id)s"
            party = str(tx.value(payee, {"t": tx.tenant_id, "id": row.payment_id}))
            parties.rename_party(tx, party_id=party, name=name)
    found = {f"{row.payroll_reference}:{row.status}": row.id for row in rows}
    return {
        "settled": found["PR-instant:settled"],
        "rejected": found["PR-instant:rejected"],
        "returned": found["PR-instant:returned"],
        "unheard": found["PR-instant:unheard"],
        "unknown": found["PR-silent:outcome_unknown"],
        "ready": found["PR-ready:ready"],
    }


def _rounds(database: Database, tenant: TenantFixture, count: int) -> None:
    """Rounds of the job, twenty minutes apart."""
    for _ in range(count):
        payments.run_orders(database, tenant.id)
        order_stories.later(database, tenant, minutes=20)


def _send(database: Database, tenant: TenantFixture, url: str, payroll_id: str, *words: str) -> None:
    """A payroll over FedNow is funded, committed and fixed as orders to that address."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        gateways.speak_to(tx, tenant, url)
        made = payments.commit_payroll(
            tx, order_stories.batch(tx, tenant, *words, rail="fednow", payroll_id=payroll_id)
        )
        assert made.status == "committed", made
        payments.submit_due(tx, on=WEDNESDAY)
