"""Log lines that can be read by a machine and hold no secret.

```python
_LOG = log.get(__name__)
with log.correlated(correlation_id):
    _LOG.info("file written", extra={"file_id": file_id, "total_minor": total})
```

Standard logging, with one handler on standard error that the doors install (`configure`). Each line carries the
correlation id of what is being done, and passes `core.redaction` whole: message, extra facts and traceback.
"""

from __future__ import annotations

import base64
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO
from urllib.parse import unquote, urlsplit

from headgate.core.config import Config
from headgate.core.redaction import Redactor

_CORRELATION: ContextVar[str | None] = ContextVar("headgate.correlation_id", default=None)
_OWN_FIELDS: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

REDACTOR: Final = Redactor()
"""The process's redactor: whoever reads a secret tells it (`REDACTOR.hide`)."""


def get(name: str) -> logging.Logger:
    """The logger of a module: `log.get(__name__)`."""
    return logging.getLogger(name)


@contextmanager
def correlated(correlation_id: str) -> Iterator[None]:
    """Every line written within carries this id, in this thread or task."""
    token = _CORRELATION.set(correlation_id)
    try:
        yield
    finally:
        _CORRELATION.reset(token)


def correlation_id() -> str | None:
    """The id that lines written here carry."""
    return _CORRELATION.get()


def configure(config: Config, *, stream: TextIO | None = None) -> None:
    """Send every logger's lines to `stream` (standard error by default) as `config` says. Safe to repeat.

    The secrets of `config` are never written from here on, and what Python warns of or a thread dies of is a line too.
    """
    REDACTOR.hide(*_secrets(config))
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines(config.log_format, REDACTOR))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old.formatter, Lines)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(config.log_level.upper())
    logging.captureWarnings(True)
    threading.excepthook = _thread_died


class Lines(logging.Formatter):
    """A record as one JSON object a line, or as text for a person; redacted either way."""

    def __init__(self, kind: Literal["json", "text"], redactor: Redactor) -> None:
        super().__init__()
        self._kind = kind
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redactor.text(_message(record)),
        }
        facts = {name: value for name, value in record.__dict__.items() if name not in _OWN_FIELDS}
        correlation = facts.pop("correlation_id", None) or _CORRELATION.get()
        if correlation:
            facts = {"correlation_id": correlation, **facts}
        facts = {name: self._redactor.value(name, value) for name, value in facts.items()}
        trace = self._redactor.text(self._trace(record))
        return _json(line, facts, trace) if self._kind == "json" else _text(line, facts, trace)

    def _trace(self, record: logging.LogRecord) -> str:
        parts = []
        if record.exc_info and record.exc_info[0] is not None:
            parts.append(self.formatException(record.exc_info))
        if record.stack_info:
            parts.append(self.formatStack(record.stack_info))
        return "\n".join(parts)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        # The standard handler would print the arguments, unredacted, instead.
        return f"{record.msg} (its arguments do not fit)"


def _json(line: dict[str, str], facts: dict[str, Any], trace: str) -> str:
    whole = {**line, **{name if name not in line else name + "_": value for name, value in facts.items()}}
    if trace:
        whole["exception"] = trace
    return json.dumps(whole, ensure_ascii=False, default=str)


def _text(line: dict[str, str], facts: dict[str, Any], trace: str) -> str:
    # Control characters are escaped: a message holding a line end must not look like two.
    message = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in line["message"]
    )
    told = "".join(f" {name}={json.dumps(value, ensure_ascii=False, default=str)}" for name, value in facts.items())
    head = f"{line['at']} {line['level']:<7} {line['logger']}: {message}{told}"
    return f"{head}\n{trace}" if trace else head


def _secrets(config: Config) -> list[str | None]:
    keys = [key for key in (config.master_key, config.master_key_previous) if key]
    urls = [url for url in (config.database_url, config.database_direct_url, config.broker_url, config.smtp_url) if url]
    passwords = [_password(url) for url in urls]
    return [*(base64.b64encode(key).decode() for key in keys), *(key.hex() for key in keys), *passwords]


def _password(url: str) -> str | None:
    password = urlsplit(url).password
    return unquote(password) if password else None


def _thread_died(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None or args.exc_type is SystemExit:
        return
    name = args.thread.name if args.thread else "a thread"
    exc_info = (args.exc_type, args.exc_value, args.exc_traceback)
    logging.getLogger(__name__).error("thread %s died", name, exc_info=exc_info)
