"""What can go wrong with evidence."""

from __future__ import annotations

from headgate.core.errors import (
    Conflict,
    Forbidden,
    HeadgateError,
    Malformed,
    NotFound,
    Unauthorized,
    Unavailable,
    Unprocessable,
)


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


class NoSuchSchema(NotFound):
    """There is no such schema."""

    code = "ingestion.no_such_schema"


class NoSuchRecord(NotFound):
    """There is no such record."""

    code = "ingestion.no_such_record"


class NoSuchPaymentIngestion(NotFound):
    """No such payment came in."""

    code = "ingestion.no_such_payment_ingestion"


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


class MalformedPaymentSource(Malformed):
    """This cannot be said of a source of payments."""

    code = "ingestion.malformed_payment_source"


class MalformedWebhook(Malformed):
    """The facts given of a webhook's endpoint cannot be kept."""

    code = "ingestion.malformed_webhook"


class NoSuchWebhook(NotFound):
    """No webhooks are taken there."""

    code = "ingestion.no_such_webhook"


class WebhookNotSigned(Unauthorized):
    """No valid signature of a known endpoint: check its address, its secret and your clock. Nothing is kept."""

    code = "ingestion.webhook_not_signed"


class SenderNotAllowed(Forbidden):
    """The endpoint says who may send, and this address is not among them."""

    code = "ingestion.sender_not_allowed"


class NoSuchMapping(NotFound):
    """No mapping is saved for these columns of this source."""

    code = "ingestion.no_such_mapping"


class MalformedSource(Malformed):
    """Nothing can be fetched so."""

    code = "ingestion.malformed_source"


class NoSuchSource(NotFound):
    """There is no such source to fetch."""

    code = "ingestion.no_such_source"


class SourceResting(Conflict):
    """The source is left alone for a moment: it failed five times in a row, or asked for patience."""

    code = "ingestion.source_resting"
    retryable = True


class StorageUnavailable(Unavailable):
    """The storage of artifacts does not answer now; the same call may succeed later."""

    code = "ingestion.storage_unavailable"


class StorageRefused(HeadgateError):
    """The storage of artifacts cannot be used as it is set up."""

    code = "ingestion.storage_refused"


class ObjectMissing(Conflict):
    """A body that was put into storage is not there."""

    code = "ingestion.object_missing"


class MalformedEvidence(Malformed):
    """What is given as evidence of a payment cannot be kept."""

    code = "ingestion.malformed_evidence"


class LinkNotValid(Unauthorized):
    """This link leads nowhere: it was altered, or its time is over. Ask for a new one."""

    code = "ingestion.link_not_valid"


class DifferenceMoved(Conflict):
    """What would change is not what was shown: look at it again, and apply what you see then."""

    code = "ingestion.difference_moved"
