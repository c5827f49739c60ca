"""The names of files, from a bank's templates."""

from __future__ import annotations

from datetime import datetime


def file_name(
    template: str, *, created_at: datetime, modifier: str, reference: str, origin: str, company: str = ""
) -> str:
    """As `file.name` says: `{date}` is 20261130 and `{time}` 1445 unless the bank wants them otherwise (`{date:%y%j}`)."""
    return template.format(
        date=_Stamp(created_at, "%Y%m%d"),
        time=_Stamp(created_at, "%H%M"),
        modifier=modifier,
        reference=reference,
        origin="".join(origin.split()),
        company="".join(letter for letter in company if letter.isascii() and letter.isalnum()),
    )


def temporary_name(template: str, *, name: str, try_no: int) -> str:
    """As `delivery.temporary` says: the name that a file has until it is whole, another at each try."""
    return template.format(**{"name": name, "try": try_no})


class _Stamp:
    """An instant that is written in one way unless the template asks for another."""

    def __init__(self, at: datetime, usual: str) -> None:
        self.at, self.usual = at, usual

    def __format__(self, wanted: str) -> str:
        return self.at.strftime(wanted or self.usual)
