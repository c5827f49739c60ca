"""What can go wrong, as classes with a code, an HTTP status and whether a retry may help.

An error is raised, rolls back and consumes no key. A business refusal is a *returned* value, `Refused`: it is recorded
under its key and committed, and the door turns it into an HTTP status.

SQL raises its own SQLSTATEs in class HG, one range a domain; a class that names its `sqlstate` is what the database's
error becomes in Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

BY_CODE: dict[str, type[HeadgateError]] = {}
BY_SQLSTATE: dict[str, type[HeadgateError]] = {}


class HeadgateError(Exception):
    """An error with facts. `message` says what, where and how to mend it; `facts` are machine-readable."""

    code: ClassVar[str] = "core.internal"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    sqlstate: ClassVar[str | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        twin = BY_CODE.get(cls.code)
        if "code" in cls.__dict__:
            assert twin is None or twin.__qualname__ == cls.__qualname__, f"two errors share the code {cls.code}"
            BY_CODE[cls.code] = cls
        if cls.__dict__.get("sqlstate"):
            BY_SQLSTATE[str(cls.sqlstate)] = cls

    def __init__(self, message: str | None = None, **facts: Any) -> None:
        self.message = message or (self.__class__.__doc__ or self.code).strip().splitlines()[0]
        self.facts: dict[str, Any] = facts
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class Malformed(HeadgateError):
    """The request cannot be read as what it should be."""

    code = "core.malformed"
    status = 400


class MalformedId(Malformed):
    """This is not an id of that kind."""

    code = "core.malformed_id"


class Unauthorized(HeadgateError):
    """No valid credential came with the request."""

    code = "core.unauthorized"
    status = 401


class Forbidden(HeadgateError):
    """This actor may not do that."""

    code = "core.forbidden"
    status = 403


class NotFound(HeadgateError):
    """There is no such thing, or it is another tenant's."""

    code = "core.not_found"
    status = 404


class Conflict(HeadgateError):
    """What is asked for contradicts what stands already."""

    code = "core.conflict"
    status = 409


class Unprocessable(HeadgateError):
    """The request is well formed, but a rule refuses it."""

    code = "core.unprocessable"
    status = 422


class Unavailable(HeadgateError):
    """Something this needs does not answer now; the same call may succeed later."""

    code = "core.unavailable"
    status = 503
    retryable = True


class ConfigError(HeadgateError):
    """A setting is missing or invalid."""

    code = "core.config"


class NoTenant(HeadgateError):
    """A write or a function was called without a tenant in context."""

    code = "core.no_tenant"
    sqlstate = "HG001"


class AppendOnly(HeadgateError):
    """Facts are appended; what stands in this table is never changed or deleted."""

    code = "core.append_only"
    status = 409
    sqlstate = "HG002"


class IllegalMove(Conflict):
    """This status cannot follow the one that stands."""

    code = "core.illegal_move"
    sqlstate = "HG003"


class DatabaseNewer(HeadgateError):
    """The database has migrations that this code does not know: install the newer Headgate."""

    code = "core.database_newer"


class MigrationChanged(HeadgateError):
    """A migration that was applied has since been edited."""

    code = "core.migration_changed"


class MigrationsPending(Unavailable):
    """The database lacks migrations of this code: run `headgate db migrate`."""

    code = "core.migrations_pending"


@dataclass(frozen=True, slots=True)
class Refused:
    """A business refusal: a rule said no, the figures say why, and nothing moved. Recorded under its key."""

    code: str
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    status: int = 422
    replayed: bool = False
