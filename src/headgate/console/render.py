"""How a page is made: the templates, and the few ways in which figures and times are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

import headgate
from headgate.console.icons import ICONS
from headgate.console.pointing import page_of, spelt
from headgate.console.sessions import Seat
from headgate.console.statuses import badge_of
from headgate.core import ids
from headgate.core.money import Money, exponent

PAGES: Final = (
    ("", "Overview", "home", True),
    ("/payments", "Payments", "list", True),
    ("/payrolls", "Payrolls", "people", False),
    ("/gate", "Gate", "gate", True),
    ("/funding", "Funding", "book", True),
    ("/files", "Files", "file", False),
    ("/orders", "Orders", "bolt", False),
    ("/returns", "Returns", "return", False),
    ("/places", "Places", "hook", False),
    ("/loans", "Loans", "chart", False),
    ("/loan-payments", "Loan payments", "match", False),
    ("/notifications", "Notifications", "bell", False),
    ("/sources", "Sources", "pulse", False),
    ("/artifacts", "Artifacts", "inbox", False),
    ("/messages", "Messages", "mail", False),
    ("/dead-letters", "Dead letters", "bad", False),
    ("/transactions", "Transactions", "scale", False),
)
"""Path, label, icon, and whether it stands in a phone's bar; the others are under its "More"."""
GROUPS: Final = {"": "Operate", "/sources": "Evidence", "/transactions": "Books"}
"""What stands above a page in the navigation, by its path."""
KEYS: Final = (
    ("/", "Filter this list"),
    ("Ctrl K", "Find a payment"),
    ("j", "Next row"),
    ("k", "Previous row"),
    ("Enter", "Open the row"),
    ("Esc", "Close, or leave the box"),
    ("n", "Show new rows"),
    ("r", "Reload now"),
    ("c", "Copy as curl"),
    ("g o", "Overview"),
    ("g p", "Payments"),
    ("g y", "Payrolls"),
    ("g g", "Gate"),
    ("g u", "Funding"),
    ("g f", "Files"),
    ("g d", "Orders"),
    ("g r", "Returns"),
    ("g b", "Places"),
    ("g l", "Loans"),
    ("g e", "Loan payments"),
    ("g n", "Notifications"),
    ("g s", "Sources"),
    ("g a", "Artifacts"),
    ("g m", "Messages"),
    ("g x", "Dead letters"),
    ("g t", "Transactions"),
    ("?", "This list"),
)
_FORMATS: Final = {"short": "%-d %b %H:%M", "clock": "%H:%M:%S", "day": "%a %-d %b", "long": "%a %-d %b %Y, %H:%M %Z"}

HEADERS: Final = {
    # The style attribute is needed for the depth of the water; nothing inline runs.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "script-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
CLOCK_IS_REAL: Final = timedelta(minutes=1)


def page(
    template: str,
    *,
    title: str,
    here: str,
    here_path: str,
    seat: Seat,
    seats: list[Seat],
    zone: str,
    now: datetime,
    **context: Any,
) -> HTMLResponse:
    """A whole page of a tenant. `here` is the label of the page in the navigation, `zone` the one its times are in,
    `now` the tenant's own time; `counts`, where given, what waits for a person, by the label of its page.
    """
    read_at = datetime.now(UTC)
    text = _ENVIRONMENT.get_template(template).render(
        title=title,
        here=here,
        here_path=here_path,
        seat=seat,
        seats=seats,
        base=seat.address,
        pages=PAGES,
        page_groups=GROUPS,
        keymap=KEYS,
        zone=zone,
        version=headgate.__version__,
        read_at=read_at,
        now=now,
        clock_moved=abs(now - read_at) > CLOCK_IS_REAL,
        **context,
    )
    return HTMLResponse(text, headers=HEADERS)


def plain(template: str, *, status: int, **context: Any) -> HTMLResponse:
    """A page outside any tenant."""
    text = fragment(template, version=headgate.__version__, status=status, **context)
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def fragment(template: str, **context: Any) -> str:
    """A part of a page, for the script to put in."""
    return _ENVIRONMENT.get_template(template).render(**context)


def figures(amount: Money) -> str:
    """The currency's own decimals, thousands parted, a true minus."""
    return f"{amount.major:,.{exponent(amount.currency)}f}".replace("-", "−")


def minor_figures(minor: int, currency: str) -> str:
    """The same of an amount in minor units."""
    return figures(Money(minor, currency))


def _txn(number: int) -> str:
    return ids.encode("txn", number)


def day_in(at: datetime, zone: str) -> date:
    """The day of a time in a zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def local(at: datetime, zone: str, form: str = "short") -> str:
    """A time as people of that zone write it."""
    return at.astimezone(ZoneInfo(zone)).strftime(_FORMATS[form])


def sentence(text: str) -> str:
    """A message as a sentence: a capital first, a full stop last."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "”")) else ".")


def rfc3339(at: datetime) -> str:
    """The exact instant."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def age(at: datetime, now: datetime) -> str:
    """How long ago: `4 min`, `1 h 10`, `2 d 3 h`."""
    minutes = max(0, int((now - at).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02d}"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def ago(at: datetime) -> str:
    """How long ago by the clock on the wall, for what carries its time: evidence and messages."""
    return age(at, datetime.now(UTC))


def lasting(seconds: float) -> str:
    """How long something took: `0.4 s`, `21 min`, `1 h 10`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    began = datetime.now(UTC)
    return age(began, began + timedelta(seconds=seconds))


def size(count: int) -> str:
    """Bytes as people say them: `512 bytes`, `14.2 kB`, `3.1 MB`."""
    if count < 1000:
        return f"{count} {'byte' if count == 1 else 'bytes'}"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def circled(mark: int) -> str:
    """An entry's number in a circle, as on paper: ①; past twenty in brackets."""
    return chr(0x2460 + mark - 1) if 1 <= mark <= 20 else f"({mark})"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("headgate.console"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(
        figures=figures,
        local=local,
        sentence=sentence,
        rfc3339=rfc3339,
        age=age,
        ago=ago,
        lasting=lasting,
        size=size,
        circled=circled,
        minor=minor_figures,
    )
    environment.globals.update(
        icons=ICONS, badge_of=badge_of, main_class="", counts={}, page_of=page_of, spelt=spelt, txn=_txn
    )
    return environment


_ENVIRONMENT: Final = _environment()
