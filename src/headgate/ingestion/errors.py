"""What can go wrong with evidence."""

from __future__ import annotations

from headgate.core.errors import Conflict, Malformed, NotFound, Unprocessable


class EmptyArtifact(Malformed):
    """There are no bytes in this file."""

    code = "ingestion.empty"


class ArtifactTooLarge(Malformed):
    """The file is larger than what is taken in one piece."""

    code = "ingestion.too_large"
    status = 413


class MalformedArtifact(Malformed):
    """The facts given with a file cannot be kept."""

    code = "ingestion.malformed_artifact"


class NoSuchArtifact(NotFound):
    """There is no such artifact."""

    code = "ingestion.no_such_artifact"


class NoSuchRecord(NotFound):
    """There is no such record."""

    code = "ingestion.no_such_record"


class UnknownFormat(Malformed):
    """No parser knows these bytes."""

    code = "ingestion.unknown_format"


class UnknownParser(Malformed):
    """There is no parser of that name."""

    code = "ingestion.unknown_parser"


class AlreadyRead(Conflict):
    """The artifact was read by another parser."""

    code = "ingestion.already_read"


class WrongKind(Unprocessable):
    """The artifact is not of the kind that this needs."""

    code = "ingestion.wrong_kind"


class BodyDiffers(Conflict):
    """The bytes kept are not those that came: their sha256 differs."""

    code = "ingestion.body_differs"


class MalformedRateSource(Malformed):
    """This cannot be a source of exchange rates."""

    code = "ingestion.malformed_rate_source"


class NoSuchRateSource(NotFound):
    """There is no such source of exchange rates."""

    code = "ingestion.no_such_rate_source"
