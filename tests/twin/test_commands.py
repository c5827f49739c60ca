"""What is typed behind `headgate clock`: how far, and until when; what cannot be read is refused and moves nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.make import TenantFixture
from tests.payments import stories
from tests.payments.stories import MONDAY
from tests.twin.stories import at

from headgate import tenants
from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.twin.commands import target

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("words", "moved"),
    [
        (["3d"], timedelta(days=3)),
        (["4h"], timedelta(hours=4)),
        (["2w"], timedelta(weeks=2)),
        (["90s"], timedelta(seconds=90)),
        (["15m"], timedelta(minutes=15)),
    ],
)
def test_a_length_of_time_counts_from_the_tenants_now(
    tx: Tx, tenant: TenantFixture, words: list[str], moved: timedelta
) -> None:
    stories.at(tx, MONDAY)

    assert abs(target(tx, words) - (at(MONDAY) + moved)) < timedelta(minutes=1)


def test_an_instant_without_an_offset_is_on_the_wall_of_the_legal_entity(tx: Tx, tenant: TenantFixture) -> None:
    assert target(tx, ["to", "2026-12-01T09:00"]) == datetime(2026, 12, 1, 15, tzinfo=UTC)
    assert target(tx, ["to", "2026-07-01T09:00"]) == datetime(2026, 7, 1, 14, tzinfo=UTC)
    assert target(tx, ["to", "2026-12-01T09:00Z"]) == datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert target(tx, ["to", "2026-12-01T09:00-05:00"]) == datetime(2026, 12, 1, 14, tzinfo=UTC)

    tenants.create_legal_entity(tx, name="Another", time_zone="Pacific/Honolulu", currency="USD")
    with pytest.raises(Malformed, match="has 2"):
        target(tx, ["to", "2026-12-01T09:00"])


@pytest.mark.parametrize(
    "words", [["3"], ["d"], ["0d"], ["-3d"], ["3y"], ["3d", "4h"], ["to"], ["to", "tomorrow"], ["until", "2026-12-01"]]
)
def test_what_is_no_time_is_refused(tx: Tx, tenant: TenantFixture, words: list[str]) -> None:
    with pytest.raises(Malformed):
        target(tx, words)
