"""A broker's URL: what it says, what production makes of it, and that its password is told to nobody."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core import brokers, config
from headgate.core.brokers import Broker
from headgate.core.config import Config

PRODUCTION = {"HEADGATE_ENV": "production", "HEADGATE_MASTER_KEY": base64.b64encode(bytes(range(200, 232))).decode()}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("amqp://localhost", ((("localhost", 5672),), "guest", "guest", "/", False, None)),
        (
            "amqps://hg:p%40ss%2F@mq1,mq2:5673/pay%2Fments",
            ((("mq1", 5671), ("mq2", 5673)), "hg", "p@ss/", "pay/ments", True, None),
        ),
        (
            "amqps://hg:x@[::1]:5671/v?cacertfile=/etc/mq.pem",
            ((("::1", 5671),), "hg", "x", "v", True, "/etc/mq.pem"),
        ),
    ],
)
def test_a_url_says(url: str, says: tuple[object, ...]) -> None:
    read = brokers.read(url)

    assert (read.nodes, read.user, read.password, read.virtual_host, read.tls, read.ca_file) == says


@given(
    user=st.text(min_size=1, max_size=20),
    password=st.text(min_size=1, max_size=30),
    virtual_host=st.text(min_size=1, max_size=20),
)
def test_any_login_survives_the_url_and_shows_in_no_repr(user: str, password: str, virtual_host: str) -> None:
    url = f"amqps://{quote(user, safe='')}:{quote(password, safe='')}@mq/{quote(virtual_host, safe='')}"

    read = brokers.read(url)

    assert (read.user, read.password, read.virtual_host) == (user, password, virtual_host)
    assert repr(read) == repr(Broker(nodes=read.nodes, user=user, password="", virtual_host=virtual_host, tls=True))


@given(st.text(max_size=60))
def test_whatever_is_no_url_is_refused_without_its_words(text: str) -> None:
    try:
        brokers.read("amqp://hg:Zq8vN2kLpw@" + text)
    except ValueError as error:
        assert "Zq8vN2kLpw" not in str(error)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("amqp://hg:Zq8-vN2_kL@mq.internal/", "is a plain-text connection to another machine; use amqps://"),
        ("amqp://hg:Zq8-vN2_kL@localhost,mq.internal/", "is a plain-text connection to another machine; use amqps://"),
        ("amqps://mq.internal/", "carries a placeholder for a password; set the real one"),
        ("amqps://hg:changeme@mq.internal/", "carries a placeholder for a password; set the real one"),
        ("amqps://hg:Zq8-vN2_kL@mq.internal/", None),
        ("amqp://guest:guest@127.0.0.1,localhost/", None),
    ],
)
def test_production_wants_tls_and_a_password_to_another_machine(url: str, said: str | None) -> None:
    assert config.problems({**PRODUCTION, "HEADGATE_BROKER_URL": url}) == (
        [f"HEADGATE_BROKER_URL {said}"] if said else []
    )
    assert config.problems({"HEADGATE_BROKER_URL": url}) == []
    assert "Zq8" not in repr(Config.from_environment({"HEADGATE_BROKER_URL": url}))
