"""Whom a tenant speaks to: set, shown, replaced, and never the wrong side of the line between test and live."""

from __future__ import annotations

from typing import Any

import pytest
from tests.make import ACTOR, TenantFixture
from tests.payments import gateways

from headgate import payments
from headgate.core.db import Database, Tx
from headgate.payments import InvalidProvider, NoSuchProvider
from headgate.rails import Provider, fake
from headgate.rails.errors import RailNotOffered

URL = "http://127.0.0.1:8421"


def test_a_provider_is_set_and_shown_without_its_secrets(database: Database, tenant: TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert payments.providers_in(tx) == {}
        made = gateways.speak_to(tx, tenant, URL, authorization="Bearer s3cret", fallback_rail="ach")
        stored = tx.all("SELECT * FROM payments.provider_settings WHERE tenant_id = %(t)s", {"t": tx.tenant_id})
        audited = tx.values("SELECT data FROM audit.events WHERE type = 'payments.provider.set'")

    assert (made.rail, made.bank, made.account_last4, made.url) == ("fednow", "sandbox", "6789", URL)
    assert (made.has_authorization, made.fallback_rail, made.address["town"]) == (True, "ach", "Lisle")
    assert "s3cret" not in repr((made, stored, audited)) and "000123456789" not in repr((made, stored, audited))
    assert audited == [{"rail": "fednow", "bank": "sandbox", "host": "127.0.0.1", "fallback_rail": "ach"}]
    found = payments.providers_of(database, tenant.id)
    assert list(found) == ["fednow"]
    one: Any = found["fednow"]
    assert isinstance(one, Provider) and (one.name, one.is_simulated) == ("fednow", True)
    assert (one.url, one.authorization, one.rail.account, one.rail.address) == (
        URL, "Bearer s3cret", "000123456789", gateways.LISLE,
    )  # fmt: skip


def test_the_last_word_holds_and_a_removed_provider_is_gone(tx: Tx, tenant: TenantFixture) -> None:
    gateways.speak_to(tx, tenant, URL)
    gateways.speak_to(tx, tenant, "http://127.0.0.1:8422", timeout_seconds=7)
    gateways.speak_to(tx, tenant, URL, rail="rtp")

    assert [(one.rail, one.url, one.timeout_seconds) for one in payments.list_providers(tx)] == [
        ("fednow", "http://127.0.0.1:8422", 7),
        ("rtp", URL, 1),
    ]
    payments.remove_provider(tx, "fednow")
    assert list(payments.providers_in(tx)) == ["rtp"]
    with pytest.raises(NoSuchProvider, match="set-provider"):
        payments.get_provider(tx, "fednow")
    with pytest.raises(NoSuchProvider):
        payments.remove_provider(tx, "fednow")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"rail": "pigeon"}, "no provider is spoken to over 'pigeon'"),
        ({"url": "ftp://bank"}, "http or https"),
        ({"url": "https://bank.example/?key=1"}, "without a query"),
        ({"url": "https://me:secret@bank.example"}, "give them as authorization"),
        ({"routing_number": "123456789"}, "check digit"),
        ({"account_number": ""}, "account_number"),
        ({"authorization": "a\nb"}, "authorization"),
        ({"timeout_seconds": 0}, "1 to 120"),
        ({"fallback_rail": "fednow"}, "another rail"),
        ({"routing_number": "021000021"}, "a test tenant speaks to a simulated bank"),
        ({"address": gateways.Address(" ")}, "no town"),
    ],
)
def test_what_cannot_be_spoken_to_is_refused_by_name(
    tx: Tx, tenant: TenantFixture, facts: dict[str, object], said: str
) -> None:
    whole: dict[str, Any] = {
        "rail": "fednow", "url": URL, "routing_number": fake.ROUTING, "account_number": "1", "address": gateways.LISLE,
    }  # fmt: skip

    with pytest.raises((InvalidProvider, RailNotOffered), match=said):
        payments.set_provider(tx, **{**whole, **facts})

    assert payments.list_providers(tx) == []
