"""An API is polled by a cursor: what it lists is kept once, whatever it or we do in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ingestion.sourcing import Api, Died, Mortal, Scene, event
from tests.ingestion.sourcing import api as api
from tests.ingestion.sourcing import near as near
from tests.ingestion.sourcing import scene as scene
from tests.make.histories import history_settings

from headgate import ingestion, jobs
from headgate.core.clock import real_now
from headgate.ingestion import source_fetching, sources
from headgate.ingestion.errors import MalformedSource, NoSuchSource
from headgate.ingestion.poll_apis import Asking, PageUnread, all_poll_apis

pytestmark = pytest.mark.slow


def test_page_after_page_is_kept_with_its_cursor_and_nothing_twice(scene: Scene, api: Api) -> None:
    api.events = [event(number) for number in range(1, 8)]
    scene.poll(api, limit=3)

    first, again = scene.fetch(), scene.fetch()

    assert (first.outcome, first.items_new, first.is_whole) == ("taken", 7, True)
    assert (again.outcome, again.items_new, again.items_known) == ("taken", 0, 0)
    assert api.asked == ["limit=3", "limit=3&cursor=3", "limit=3&cursor=6", "limit=3&cursor=7"]
    assert {one["authorization"] for one in api.headers} == {"Bearer s3cret of ours"}
    # Each artifact has the very bytes of its event, laid out as the page had them.
    assert scene.bodies()[0] == json.dumps(api.events[0], indent=1).replace("\n", "\n  ").encode()
    assert scene.ids() == [f"e_{number}" for number in range(1, 8)]
    source = scene.source()
    assert (source.items_taken, source.failures, source.breaker, source.gaps) == (7, 0, "closed", 0)
    assert source.newest_at is not None and source.newest_at.isoformat() == "2026-11-20T17:00:07+00:00"

    api.events += [event(8)]
    assert scene.fetch().items_new == 1
    assert api.asked[-1] == "limit=3&cursor=7"


def test_a_page_cut_off_in_the_middle_is_asked_for_again_as_a_whole(scene: Scene, api: Api) -> None:
    api.events = [event(number) for number in range(1, 7)]
    api.acts = [None, "cut"]
    scene.poll(api)

    done = scene.fetch()

    assert (done.outcome, done.items_new, done.items_known) == ("taken", 6, 0)
    assert api.asked == ["limit=100", "limit=100&cursor=3", "limit=100&cursor=3"]
    assert scene.ids() == [f"e_{number}" for number in range(1, 7)]
    assert [0.25 <= seconds <= 0.5 for seconds in scene.waits] == [True]
    assert [one.outcome for one in scene.do(sources.list_source_tries, "events")] == ["taken", "failed"]


def test_patience_is_waited_for_a_little_and_kept_beyond_a_visit_for_long(scene: Scene, api: Api) -> None:
    api.events = [event(1)]
    api.acts = [(429, {"Retry-After": "2"}), (503, {"Retry-After": "3"})]
    scene.poll(api)

    assert scene.fetch().items_new == 1
    assert scene.waits == [2.0, 3.0]

    api.acts = [(429, {"Retry-After": "3600"})]
    asked = len(api.asked)
    throttled, resting = scene.fetch(), scene.fetch()

    assert (throttled.outcome, resting.outcome, len(api.asked)) == ("throttled", "resting", asked + 1)
    assert resting.not_before is not None
    assert timedelta(seconds=3590) < resting.not_before - real_now() <= timedelta(seconds=3600)
    assert (scene.source().failures, scene.cases()) == (0, [])


def test_what_an_api_shows_late_is_found_by_looking_back_and_a_gap_is_named_until_then(scene: Scene, api: Api) -> None:
    api.events = [event(1), event(2), event(3), event(5)]
    scene.poll(api, look_back_seconds=1)
    scene.fetch()
    assert (scene.ids(), scene.source().gaps) == (["e_1", "e_2", "e_3", "e_5"], 1)
    assert scene.cases() == [("source_gap", "events")]
    time.sleep(1.1)
    # It comes behind the cursor, which counts events: the one that stood in its place is listed after it.
    api.events.insert(3, event(4))
    api.events += [event(6)]

    done = scene.fetch()

    assert (done.items_new, sorted(scene.ids())) == (2, [f"e_{number}" for number in range(1, 7)])
    assert (scene.source().gaps, scene.fetch().items_new) == (0, 0)
    gaps = scene.do(
        lambda tx: tx.all("SELECT first_no, last_no FROM ingestion.source_gaps WHERE tenant_id = core.require_tenant()")
    )
    assert gaps == [{"first_no": 4, "last_no": 4}]


def test_a_cursor_that_the_api_knows_no_more_is_a_case_and_all_is_read_again_and_known(scene: Scene, api: Api) -> None:
    api.events = [event(number) for number in range(1, 4)]
    scene.poll(api)
    scene.fetch()
    api.forgets = {"3"}
    api.page, api.events = 10, [*api.events, event(4)]

    done = scene.fetch()

    assert (done.outcome, done.items_new, done.items_known) == ("taken", 1, 3)
    assert scene.ids() == ["e_1", "e_2", "e_3", "e_4"]
    assert scene.cases() == [("source_cursor_lost", "events")]


def test_five_failures_in_a_row_open_the_breaker_and_one_try_closes_it(
    scene: Scene, api: Api, admin: psycopg.Connection[Any]
) -> None:
    api.events, api.acts = [event(1)], [500] * 6
    scene.poll(api)

    first, second, third = scene.fetch(), scene.fetch(), scene.fetch()

    assert [one.outcome for one in (first, second, third)] == ["failed", "failed", "resting"]
    assert (len(api.asked), scene.source().failures, scene.source().breaker) == (5, 5, "open")
    assert third.reason is not None and "failed 5 times in a row, at last: 127.0.0.1 answered with 500" in third.reason

    def later(seconds: int) -> None:
        admin.execute(
            "UPDATE ingestion.source_states SET last_failure_at = last_failure_at - make_interval(secs => %s),"
            " failing_since = failing_since - make_interval(secs => %s) WHERE tenant_id = %s",
            [seconds, seconds, scene.tenant.id],
        )

    later(31)
    assert scene.source().breaker == "half_open"
    probe = scene.fetch()
    assert (probe.outcome, len(api.asked), scene.source().breaker) == ("failed", 6, "open")
    assert scene.cases() == []
    later(3600)
    assert scene.fetch().items_new == 1
    assert (scene.source().failures, scene.source().breaker, scene.cases()) == (0, "closed", [])
    told = scene.do(
        lambda tx: tx.values(
            "SELECT type FROM audit.events WHERE tenant_id = core.require_tenant() AND type LIKE '%%breaker%%'"
        )
    )
    assert sorted(told) == ["ingestion.source.breaker_closed", "ingestion.source.breaker_opened"]

    api.acts = [500] * 3
    scene.fetch()
    later(3700)
    api.acts = [500] * 3
    scene.fetch()
    assert scene.cases() == [("source_failing", "events")]


def test_while_one_tries_whether_it_answers_again_nobody_else_does(
    scene: Scene, api: Api, admin: psycopg.Connection[Any]
) -> None:
    scene.poll(api)
    admin.execute(
        "UPDATE ingestion.source_states SET failures = 5, failing_since = now(), last_failure = 'x',"
        " last_failure_at = now() - interval '31 s' WHERE tenant_id = %s",
        [scene.tenant.id],
    )
    inside, others = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        others.wait(10)

    api.acts = [hold]
    probing = threading.Thread(target=scene.fetch)
    probing.start()
    inside.wait(10)
    second = scene.fetch()
    others.set()
    probing.join()

    assert (second.outcome, second.reason) == ("resting", "another fetching tries whether it answers again")
    assert (len(api.asked), scene.source().breaker) == (1, "closed")


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (401, "answered with 401: it does not let us in with this secret"),
        ((302, {"Location": "http://127.0.0.1:1/"}), "answered with 302: name the address that it redirects to"),
        (404, "answered with 404"),
    ],
)
def test_what_only_a_person_can_mend_is_a_case_at_once(scene: Scene, api: Api, act: Any, says: str) -> None:
    api.acts = [act]
    scene.poll(api)

    done = scene.fetch()

    assert (done.outcome, done.reason, len(api.asked)) == ("refused", f"127.0.0.1 {says}", 1)
    assert scene.cases() == [("source_failing", "events")]


def test_two_who_fetch_at_once_take_each_event_once(scene: Scene, api: Api) -> None:
    api.events = [event(number) for number in range(1, 31)]
    scene.poll(api)
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda _: scene.fetch(), range(2)))
    scene.fetch()

    assert [one.outcome for one in done] == ["taken", "taken"]
    assert sum(one.items_new for one in done) <= 30

    assert sorted(scene.ids()) == sorted(f"e_{number}" for number in range(1, 31))
    assert scene.source().items_taken == 30


def test_no_transaction_is_open_while_the_api_is_asked(scene: Scene, api: Api) -> None:
    seen: list[Any] = []

    def look() -> None:
        with scene.database.connect("admin") as connection:
            seen.extend(
                connection.execute(
                    "SELECT state, query FROM pg_stat_activity WHERE datname = current_database()"
                    " AND application_name = 'headgate' AND xact_start IS NOT NULL"
                ).fetchall()
            )

    api.acts = [look]
    scene.poll(api)
    assert scene.fetch().outcome == "taken"
    assert seen == []


def test_the_job_fetches_what_is_due_and_tells_what_came(scene: Scene, api: Api) -> None:
    api.events = [event(1)]
    scene.poll(api)
    scene.poll(api, name="twin")
    run = jobs.run_by_name(scene.database, jobs.discover(), "source_fetch", scene.tenant.id)
    again = jobs.run_by_name(scene.database, jobs.discover(), "source_fetch", scene.tenant.id)

    assert (run.status, run.outcome) == ("succeeded", "events: 1 new; twin: 1 new")
    assert (again.status, again.outcome, len(api.asked)) == ("succeeded", None, 2)


def test_wherever_the_process_dies_the_page_and_its_cursor_are_kept_both_or_neither(scene: Scene, api: Api) -> None:
    api.page, died = 2, 0
    for at in range(1, 8):
        for before in (True, False):
            name = f"events-{at}-{before}".lower()
            api.events = [event(number, of=name) for number in range(1, 6)]
            scene.poll(api, name=name)
            outside: Any = Mortal(scene.outside, at=at, before=before)
            try:
                source_fetching.fetch_source(outside, name, wait=scene.waits.append)
            except Died:
                died += 1
            assert scene.fetch(name).outcome == "taken"
            kept = scene.do(sources.list_source_items, name)
            assert sorted(one.identity for one in kept) == [f"e_{number}" for number in range(1, 6)], (at, before)
    assert died == 10


ACTS = st.lists(
    st.sampled_from([None, None, None, 500, "cut", (429, {"Retry-After": "1"}), (503, {"Retry-After": "0"})]),
    max_size=12,
)
DEATHS = st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=4)
PUT = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def test_whatever_breaks_in_between_every_event_is_kept_exactly_once(
    scene: Scene, api: Api, pytestconfig: pytest.Config
) -> None:
    """Events come while the API stumbles, repeats itself and shows some late, and our process dies at any transaction."""
    names = iter(range(10_000))

    @history_settings(pytestconfig.getoption("--histories"), steps=1, shrink=True)
    @given(acts=ACTS, deaths=DEATHS, put=PUT, page=st.integers(1, 3), late=st.booleans(), twice=st.booleans())
    def story(
        acts: list[Any], deaths: list[tuple[int, bool]], put: list[int], page: int, late: bool, twice: bool
    ) -> None:
        name = f"events-{next(names)}"
        api.events, api.page, api.acts = [], page, list(acts)
        # With 0 the last page is all that is looked at again; a cursor of yesterday sees what came late.
        scene.poll(api, name=name, look_back_seconds=0)
        number = 0
        for count in put:
            for _ in range(count):
                number += 1
                api.events.append(event(number, of=name))
                if twice and number % 3 == 0:
                    api.events.append(event(number, of=name))
            at, before = deaths.pop() if deaths else (0, False)
            with suppress(Died):
                outside: Any = Mortal(scene.outside, at=at, before=before)
                source_fetching.fetch_source(outside, name, wait=scene.waits.append)
        if late:
            number += 1
            api.events.insert(0, event(number, of=name))
        api.acts = []
        scene.poll(api, name=name, look_back_seconds=0)  # whoever sets it again lets the breaker be closed
        done = scene.fetch(name, is_from_start=late)

        assert (done.outcome, done.is_whole) == ("taken", True)
        kept = scene.do(sources.list_source_items, name, limit=200)
        assert sorted(one.identity for one in kept) == sorted(f"e_{one}" for one in range(1, number + 1))
        assert len({one.artifact_id for one in kept}) == number
        assert scene.source(name).items_taken == number

    story()


FETCHES = """
import sys
from headgate.cli import main
sys.argv = ["headgate", "ingestion", "fetch", "events", "--tenant", sys.argv[1], "--json"]
main()
"""


def test_a_process_killed_in_the_middle_loses_nothing_and_takes_nothing_twice(scene: Scene, api: Api) -> None:
    api.events = [event(number) for number in range(1, 10)]
    scene.poll(api)
    asked, gone = threading.Event(), threading.Event()

    def stop_here() -> None:
        asked.set()
        gone.wait(30)

    api.acts = [None, stop_here]
    environment = {
        **os.environ,
        "HEADGATE_HOME": str(scene.database.config.home),
        "HEADGATE_ENV": "test",
        "HEADGATE_DATABASE_URL": scene.database.url("app"),
        "HEADGATE_EGRESS_ALLOW": "127.0.0.0/8",
    }
    with subprocess.Popen([sys.executable, "-c", FETCHES, str(scene.tenant.id)], env=environment) as process:
        assert asked.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        gone.set()
    assert scene.ids() == ["e_1", "e_2", "e_3"]

    assert (scene.fetch().items_new, scene.source().breaker) == (6, "closed")
    assert scene.ids() == [f"e_{number}" for number in range(1, 10)]
    assert api.asked == ["limit=100", *["limit=100&cursor=3"] * 2, "limit=100&cursor=6"]


def test_a_source_is_refused_that_could_not_be_polled_and_its_secret_goes_nowhere_else(scene: Scene, api: Api) -> None:
    def refused(**more: Any) -> str:
        with pytest.raises(MalformedSource) as raised:
            scene.set("events", "poll", {"url": api.url, **more})
        return raised.value.message

    assert "api must be one of" in refused(api="no")
    assert "there is no option 'nonsense'" in refused(options={"nonsense": "x"})
    assert refused(limit=0).startswith("settings.limit: ")
    assert "not a public address" in refused(url="http://10.1.2.3/events")
    assert refused(user="x").startswith("settings.user: ")
    with pytest.raises(NoSuchSource):
        scene.source()

    scene.poll(api)
    assert scene.set("events", "poll", {"url": api.url, "limit": 7}).login == "token"
    # At another place the secret is not kept: whoever may set a source could send it to a place of his own.
    assert scene.set("events", "poll", {"url": api.url + "/x"}).login is None
    secret = scene.do(
        lambda tx: tx.values(
            "SELECT settings::text || place FROM ingestion.sources WHERE tenant_id = core.require_tenant()"
        )
    )
    assert "s3cret" not in str(secret)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[]", b"\xff", b'{"data": 3}', b'{"data": [{"no": 1}]}', b'{"data": [1]}', b"[" * 5000),
        b'{"data": [{"id": true}]}',
    ],
)
def test_what_is_no_page_is_said_to_be_none(body: bytes) -> None:
    asking = Asking("https://api.example.com/events", "", None, 10, {})
    with pytest.raises(PageUnread):
        all_poll_apis()["cursor_json"].read(asking, body)


def test_the_metrics_count_what_fails_and_name_nobody(scene: Scene, api: Api) -> None:
    before = ingestion.sources_failing(scene.database)
    api.acts = [500] * 6
    scene.poll(api)
    scene.fetch()
    assert ingestion.sources_failing(scene.database) == before
    scene.fetch()
    assert ingestion.sources_failing(scene.database) == before + 1
    scene.do(sources.remove_source, "events")
    assert ingestion.sources_failing(scene.database) == before
