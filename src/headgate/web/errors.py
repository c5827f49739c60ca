"""What the web answers when a request cannot be served."""

from __future__ import annotations

from headgate.core.errors import Conflict, Forbidden, HeadgateError, Malformed, Unauthorized, Unavailable, Unprocessable


class NoKey(Unauthorized):
    """This needs a valid API key: send `Authorization: Bearer hg_…`."""

    code = "web.unauthorized"


class NotPermitted(Forbidden):
    """The role of this API key does not have the permission that this needs."""

    code = "web.not_permitted"


class UnknownHost(HeadgateError):
    """This installation does not answer to that Host; add it to HEADGATE_TRUSTED_HOSTS."""

    code = "web.unknown_host"
    status = 421


class MalformedBody(Malformed):
    """The body cannot be read as JSON."""

    code = "web.malformed_body"


class MalformedRequest(Malformed):
    """The request line or a header cannot be read."""

    code = "web.malformed_request"


class BodyTooLarge(HeadgateError):
    """The body is larger than this door takes."""

    code = "web.body_too_large"
    status = 413


class Invalid(Unprocessable):
    """A field of the request is missing, unknown or of the wrong kind; `errors` names each."""

    code = "web.invalid"


class MalformedCursor(Malformed):
    """This cursor is not one that this list gave; begin without a cursor."""

    code = "web.malformed_cursor"


class IdempotencyKeyMissing(Malformed):
    """Moving money needs the header Idempotency-Key, so that a repeated request is not a second payment."""

    code = "web.idempotency_key_missing"


class IdempotencyKeyMalformed(Malformed):
    """An Idempotency-Key is 1 to 255 visible ASCII characters."""

    code = "web.idempotency_key_malformed"


class IdempotencyKeyReused(Unprocessable):
    """This Idempotency-Key was used with another method, path or body: repeat the first request or take a new key."""

    code = "web.idempotency_key_reused"


class InFlight(Conflict):
    """The first request with this Idempotency-Key is still being worked on; ask again after Retry-After seconds."""

    code = "web.in_flight"
    retryable = True


class Contended(Unavailable):
    """Others were changing the same rows, twice; nothing was done, and the same request may succeed later."""

    code = "web.contended"


class RouteNotFound(HeadgateError):
    """There is no such path."""

    code = "web.route_not_found"
    status = 404


class MethodNotAllowed(HeadgateError):
    """This path does not take that method."""

    code = "web.method_not_allowed"
    status = 405


class ValueRefused(Unprocessable):
    """The database cannot hold a value of this request."""

    code = "web.value_refused"


class RuleRefused(Conflict):
    """A rule of the database refuses this; `constraint` names it."""

    code = "web.rule_refused"
