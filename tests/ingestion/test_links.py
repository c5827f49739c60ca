"""Links to evidence: short-lived, bound to tenant and artifact, opened by our own door alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import make
from tests.web.client import Client, Keys, client_of, keys_of

from headgate import ingestion
from headgate.core.config import Config
from headgate.core.db import Database
from headgate.ingestion import links
from headgate.ingestion.errors import LinkNotValid
from headgate.ingestion.links import Claim
from headgate.ingestion.routes import router
from headgate.web import build_application

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CLAIM = Claim(UUID(int=7), "art_00000000000000000000000000", NOW + timedelta(minutes=5))
CONFIG = replace(Config.from_environment({"HEADGATE_HOME": "/nowhere", "HEADGATE_ENV": "test"}), master_key=b"k" * 32)


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, tenant: make.TenantFixture) -> Keys:
    return keys_of(database, tenant.id)


def keep(database: Database, tenant: make.TenantFixture, data: bytes, filename: str = "dáy.csv") -> ingestion.Artifact:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        return ingestion.receive(tx, source="upload", filename=filename, data=data)


def test_a_link_gives_the_plain_bytes_for_saving_and_the_audit_log_keeps_it(
    client: Client, keys: Keys, database: Database, tenant: make.TenantFixture
) -> None:
    html = b"<script>alert(1)</script>"
    kept = keep(database, tenant, html)

    made = client.post(f"/v1/ingestion/artifacts/{kept.id}/links", headers=keys.operator, json={"seconds": 60})
    answer = client.get(made.json()["path"])

    assert (made.status_code, answer.status_code, answer.content) == (201, 200, html)
    digest = base64.b64encode(hashlib.sha256(html).digest()).decode()
    told = {
        name: answer.headers[name]
        for name in ("content-type", "content-disposition", "x-content-type-options", "repr-digest")
    }
    assert told == {
        "content-type": "text/csv",
        "content-disposition": "attachment; filename=\"d_y.csv\"; filename*=UTF-8''d%C3%A1y.csv",
        "x-content-type-options": "nosniff",
        "repr-digest": f"sha-256=:{digest}:",
    }
    assert "no-store" in answer.headers["cache-control"] and "sandbox" in answer.headers["content-security-policy"]
    assert keep(database, tenant, b"<html>", "a.html").mime == "application/octet-stream"
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        events = tx.values(
            "SELECT type FROM audit.events WHERE ingestion_id = %(id)s ORDER BY id",
            {"id": kept.id},
        )
    assert events == ["ingestion.artifact.received", "ingestion.artifact.linked", "ingestion.artifact.opened"]


def test_who_may_only_read_makes_no_link_and_nobody_makes_one_to_anothers(
    client: Client, keys: Keys, database: Database, tenant: make.TenantFixture
) -> None:
    kept = keep(database, tenant, b"rows")
    others = keys_of(database, make.tenant(database).id)

    def ask(headers: dict[str, str], **body: int) -> int:
        return int(client.post(f"/v1/ingestion/artifacts/{kept.id}/links", headers=headers, json=body).status_code)

    assert (ask(keys.readonly), ask(others.operator), ask(keys.operator, seconds=3601)) == (403, 404, 422)
    # A good signature binds its tenant: under another's the artifact is not there.
    stolen = Claim(make.tenant(database).id, kept.id, datetime.now(UTC) + timedelta(minutes=1))
    assert client.get(links.PREFIX + links.sign(database.config, stolen)).status_code == 404
    over = Claim(tenant.id, kept.id, datetime.now(UTC) - timedelta(seconds=1))
    for token in (links.sign(database.config, over), "x", "x.y", "a" * 200, "." * 3):
        answer = client.get(links.PREFIX + token)
        assert answer.status_code in (401, 422) and "rows" not in answer.text


@given(st.data())
def test_a_token_altered_anywhere_is_no_token(data: st.DataObject) -> None:
    token = links.sign(CONFIG, CLAIM)
    assert links.judge(CONFIG, token, now=NOW) == CLAIM
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_.!é").filter(lambda one: one != token[at]))
    altered = token[:at] + letter + token[at + 1 :]
    said, _, mac = altered.partition(".")
    # The last letter of each part has bits that say nothing.
    if at in (token.index(".") - 1, len(token) - 1):
        altered = said[:-1] + "." + mac[:-1]

    with pytest.raises(LinkNotValid):
        links.judge(CONFIG, altered, now=NOW)


@given(st.text(max_size=200))
def test_no_text_is_a_token_and_none_fails_otherwise(text: str) -> None:
    with pytest.raises(LinkNotValid):
        links.judge(CONFIG, text, now=NOW)


def test_a_link_ends_and_outlives_a_new_master_key_by_the_previous_one_alone() -> None:
    token = links.sign(CONFIG, CLAIM)
    renewed = replace(CONFIG, master_key=b"n" * 32, master_key_previous=b"k" * 32)

    assert links.judge(renewed, token, now=NOW) == CLAIM
    for config, now in ((replace(renewed, master_key_previous=None), NOW), (CONFIG, CLAIM.expires_at)):
        with pytest.raises(LinkNotValid):
            links.judge(config, token, now=now)
