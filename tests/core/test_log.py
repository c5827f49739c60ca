"""Log lines: readable by a machine, tied together by their correlation id, and without secrets."""

from __future__ import annotations

import io
import json
import logging
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headgate.core import ids, log
from headgate.core.config import Config
from headgate.core.redaction import HIDDEN, Redactor

_LOG = log.get("headgate.test")


class Sink:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    def configure(self, **settings: Any) -> None:
        log.configure(Config(home=Path("/h"), **settings), stream=self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def line(self) -> dict[str, Any]:
        [line] = self.text.splitlines()
        return dict(json.loads(line))


@pytest.fixture
def sink() -> Iterator[Sink]:
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = list(root.handlers), root.level
    yield Sink()
    root.handlers[:] = handlers
    root.setLevel(level)
    threading.excepthook = hook
    logging.captureWarnings(False)


def test_a_line_is_one_json_object_with_its_facts(sink: Sink) -> None:
    sink.configure(log_format="json")

    with log.correlated("cor_1"):
        _LOG.info("file %s written", "a.ach", extra={"entries_count": 12, "total_minor": 123456789012, "level": 3})

    line = sink.line
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "headgate.test",
        "message": "file a.ach written",
        "correlation_id": "cor_1",
        "entries_count": 12,
        "total_minor": 123456789012,
        "level_": 3,
    }


def test_the_correlation_id_is_of_the_innermost_work_and_ends_with_it(sink: Sink) -> None:
    assert log.correlation_id() is None
    with log.correlated("outer"):
        with log.correlated("inner"):
            assert log.correlation_id() == "inner"
        assert log.correlation_id() == "outer"
    assert log.correlation_id() is None


def test_text_is_for_a_person_and_a_message_cannot_pretend_to_be_two(sink: Sink) -> None:
    sink.configure(log_format="text")

    _LOG.warning("odd name: %s", "x\n2026-01-01 error forged\x1b[2J", extra={"line_no": 3})
    try:
        raise ValueError("wrong")
    except ValueError:
        _LOG.exception("failed")

    first, second, *trace = sink.text.splitlines()
    assert first.endswith("warning headgate.test: odd name: x\\n2026-01-01 error forged\\x1b[2J line_no=3")
    assert second.endswith("error   headgate.test: failed")
    assert trace[0].startswith("Traceback")
    assert trace[-1] == "ValueError: wrong"


def test_levels_below_the_configured_one_are_not_written(sink: Sink) -> None:
    sink.configure(log_level="warning", log_format="json")

    _LOG.info("quiet")

    assert sink.text == ""


def test_configuring_again_writes_each_line_once(sink: Sink) -> None:
    sink.configure(log_format="json")
    sink.configure(log_format="json")

    _LOG.error("once")

    assert sink.line["message"] == "once"


def test_arguments_that_do_not_fit_are_not_left_to_the_handler_to_print() -> None:
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "two %s %s", ("021000021987654",), None)

    line = json.loads(log.Lines("json", Redactor()).format(record))

    assert line["message"] == "two %s %s (its arguments do not fit)"
    assert "987654" not in json.dumps(line)


def test_warnings_and_dying_threads_are_lines(sink: Sink) -> None:
    sink.configure(log_format="json")

    def die() -> None:
        raise RuntimeError("account 000123456789")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("careful with 000123456789", stacklevel=1)
    thread = threading.Thread(target=die, name="relay")
    thread.start()
    thread.join()
    leaver = threading.Thread(target=lambda: (_ for _ in ()).throw(SystemExit))
    leaver.start()
    leaver.join()

    warned, died = map(json.loads, sink.text.splitlines())
    assert "careful with …6789" in warned["message"]
    assert died["message"] == "thread relay died"
    assert died["exception"].endswith("RuntimeError: account …6789")


def test_the_stack_is_told_where_asked_for(sink: Sink) -> None:
    sink.configure(log_format="json")

    _LOG.info("here", stack_info=True)

    assert sink.line["exception"].startswith("Stack (most recent call last)")


def test_the_configured_secrets_are_never_written_whatever_stands_around_them(sink: Sink) -> None:
    key = bytes(range(60, 92))
    sink.configure(
        log_format="json",
        master_key=key,
        database_url="postgresql://app:Zq8%2DvN2_kL@db/headgate",
        database_direct_url="postgresql://app@db/headgate",
        broker_url="amqps://hg:Mq7%2FbR4-xT@mq1:5671,mq2/payments",
    )

    _LOG.info("a Zq8-vN2_kL b %s c Mq7/bR4-xT", key.hex())

    assert sink.line["message"] == f"a {HIDDEN} b {HIDDEN} c {HIDDEN}"


# Canaries ------------------------------------------------------------------------------------------------------------

ACCOUNTS = st.from_regex(r"\A[0-9]{7,17}\Z")
SECRETS = st.from_regex(r"\A[A-Za-z0-9_\-.]{12,40}\Z")
AROUND = st.sampled_from(["", " ", "account ", "acct:", "x", "'", '"', "(", "=", "/", "é", "\n", "#"])


@given(number=ACCOUNTS, before=AROUND, after=AROUND)
def test_an_account_number_leaves_its_last_four_digits_alone(number: str, before: str, after: str) -> None:
    redacted = Redactor().text(f"{before}{number}{after}")

    assert number not in redacted
    assert redacted == f"{before}…{number[-4:]}{after}"


@given(number=ACCOUNTS)
def test_an_account_number_leaks_through_no_kind_of_fact(number: str) -> None:
    redactor = Redactor()

    assert redactor.value("account_number", number) == HIDDEN
    assert redactor.value("routing_number", int(number)) == HIDDEN
    for value in (number, [number], {"line": {"raw": number}}, {number: 1}, (number,), {number}):
        assert number not in json.dumps(redactor.value("anything", value), ensure_ascii=False)
    if not number.startswith("0"):
        assert redactor.value("anything", int(number)) == f"…{number[-4:]}"


@given(groups=st.lists(st.from_regex(r"\A[0-9]{3,4}\Z"), min_size=3, max_size=5), parting=st.sampled_from([" ", "-"]))
def test_a_number_in_groups_is_a_number(groups: list[str], parting: str) -> None:
    redacted = Redactor().text("card " + parting.join(groups) + ".")

    assert redacted == f"card …{''.join(groups)[-4:]}."


@settings(max_examples=25)
@given(secret=SECRETS)
@pytest.mark.parametrize(
    "form",
    [
        "Authorization: Bearer {}",
        "'Authorization': 'Basic {}'",
        '{{"authorization": "Bearer {}"}}',
        "Cookie: session={}",
        "X-Api-Key: {}",
        "sent Bearer {} twice",
        "postgresql://app:{}@db/headgate",
        "postgresql://app:a@{}@db/headgate",
        "https://{0}:{0}@host/x",
        "host=db password={} user=app",
        "password='{}'",
        '"client_secret": "{}"',
        "webhook_secret => {}",
        "HEADGATE_MASTER_KEY={}",
        "api_key={}&x=1",
        "hg_live_{}",
        "hg_test_{}",
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----\n{}",
        "DETAIL:  Failing row contains (1, {}, Ada Lovelace, null).",
        "DETAIL:  Key (tenant_id, name)=(1, {}) already exists.",
        "CONTEXT:  unnamed portal with parameters: $1 = '{}', $2 = NULL",
    ],
)
def test_a_secret_is_hidden_in_every_form_it_is_written(form: str, secret: str) -> None:
    assume(secret not in form)

    redacted = Redactor().text(form.format(secret))

    assert secret not in redacted
    assert HIDDEN in redacted
    assert "Lovelace" not in redacted


@given(secret=SECRETS)
def test_a_fact_named_like_a_secret_is_hidden_whole(secret: str) -> None:
    redactor = Redactor()

    for name in (
        "password",
        "webhook_secret",
        "access_token",
        "authorization",
        "api_key",
        "Set-Cookie",
        "master_key",
        "dsn",
    ):
        assert redactor.value(name, secret) == HIDDEN
        assert redactor.value("headers", {name: secret}) == {name: HIDDEN}
    assert redactor.value("database_url", f"postgresql://app:{secret}@db/h") == f"postgresql://app:{HIDDEN}@db/h"


@given(secret=SECRETS)
def test_a_told_secret_is_hidden_in_exceptions_too(secret: str) -> None:
    assume(secret not in "Traceback (most recent call last): ValueError File line in raise" and secret not in __file__)
    redactor = Redactor()
    redactor.hide(secret, None, "short")
    try:
        raise ValueError(f"what {secret} was")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "m", None, (type(error), error, error.__traceback__)
        )

    line = log.Lines("json", redactor).format(record)

    assert secret not in line
    assert f"ValueError: what {HIDDEN} was" in line


def test_ids_hashes_dates_and_small_numbers_stay() -> None:
    redactor = Redactor()
    kept = (
        f"{ids.new('pay')} acct_000000000001a 0190a5e4-7c3b-7d2e-9f10-123456789012 "
        "2026-11-21T07:11:54.123Z 202611 $1,234.56 6e653208eede3b9f40db7f8fad5afb8b6b1cd75d44266f0e0ddfcc841e62df77"
    )

    assert redactor.text(kept) == kept
    assert redactor.value("amount_minor", 10**12) == 10**12
    assert redactor.value("waited", 1.5) == 1.5
    assert redactor.value("retry", True) is True
    assert redactor.value("nothing", None) is None


def test_bytes_are_counted_and_depth_is_bounded() -> None:
    redactor = Redactor()
    deep: Any = "000123456789"
    for _ in range(10):
        deep = [deep]

    assert redactor.value("body", b"000123456789") == "[12 bytes]"
    assert redactor.value("deep", deep) == [[[[[["…"]]]]]]
    assert redactor.value("path", Path("/a/000123456789")) == "/a/…6789"
