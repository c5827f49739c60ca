"""How a place fails: for a while, until a person mends something, or by asking for patience."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from headgate.core import egress, errors


class SourceFailure(errors.HeadgateError):
    """A source could not be fetched."""

    code = "ingestion.source_failed"
    status = 502


class SourceUnreachable(SourceFailure):
    """A source does not answer, or not as it should; it is tried again."""

    code = "ingestion.source_unreachable"
    status = 503
    retryable = True


class SourceRefused(SourceFailure):
    """A source cannot be fetched before a person changes something."""

    code = "ingestion.source_refused"
    status = 422


class SourceThrottled(SourceFailure):
    """A source asks to be left alone for a while."""

    code = "ingestion.source_throttled"
    status = 429
    retryable = True

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message, seconds=seconds)
        self.seconds = seconds


@contextmanager
def of_egress() -> Iterator[None]:
    """What the door to the outside refuses or fails at, as a source's failure."""
    try:
        yield
    except egress.EgressFailed as error:
        raise SourceUnreachable(error.message) from error
    except (egress.EgressRefused, egress.AnswerTooLarge) as error:
        raise SourceRefused(error.message) from error
