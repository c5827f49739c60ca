"""The clock's part: overdue reservations are marked by the job of that name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.ledger.conftest import Book

from headgate import tenants
from headgate.ledger.jobs import JOBS


def test_the_cleanup_job_marks_what_is_overdue(book: Book) -> None:
    book.fund("5.00")
    book.reserved("1.00", expires_at=datetime.now(UTC) + timedelta(minutes=1))
    book.do(tenants.move_clock, by=timedelta(hours=1))
    job = JOBS[0]

    assert job.name == "reservation_cleanup"
    assert book.do(job.run) == 1
    assert book.do(job.run) == 0
