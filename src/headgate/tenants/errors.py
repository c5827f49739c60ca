"""What tenants refuse."""

from __future__ import annotations

from headgate.core.errors import Conflict, Malformed, NotFound


class UnknownTenant(NotFound):
    """There is no such tenant."""

    code = "tenants.unknown_tenant"
    sqlstate = "HG303"


class MalformedSlug(Malformed):
    """A slug is 2 to 40 lower-case letters, digits and hyphens, and begins with a letter."""

    code = "tenants.malformed_slug"


class SlugTaken(Conflict):
    """Another tenant has this slug."""

    code = "tenants.slug_taken"


class IdentityFixed(Conflict):
    """A tenant keeps its id, slug and mode for ever."""

    code = "tenants.identity_fixed"
    sqlstate = "HG300"


class LiveClock(Conflict):
    """A live tenant's clock is real time and cannot be moved; use a test tenant."""

    code = "tenants.live_clock"


class UnknownTimeZone(Malformed):
    """This is no time zone; write an IANA name, as America/Chicago."""

    code = "tenants.unknown_time_zone"
    sqlstate = "HG301"


class UnknownRole(Malformed):
    """There is no such role."""

    code = "tenants.unknown_role"


class MalformedName(Malformed):
    """A name is one line of visible text, not longer than its field."""

    code = "tenants.malformed_name"


class MalformedEmail(Malformed):
    """This is no e-mail address."""

    code = "tenants.malformed_email"


class EmailTaken(Conflict):
    """Another person of this tenant has this e-mail address."""

    code = "tenants.email_taken"


class UnknownPerson(NotFound):
    """This tenant has no such person."""

    code = "tenants.unknown_person"


class UnknownKey(NotFound):
    """This tenant has no such API key."""

    code = "tenants.unknown_key"


class KeyRevoked(Conflict):
    """A revoked key stays revoked; make a new one."""

    code = "tenants.key_revoked"
    sqlstate = "HG302"
