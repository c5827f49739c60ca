"""What a line of a bank statement is, by the code that the bank put on it. Data, in the words of the two code lists.

BAI2: Cash Management Balance Reporting Specifications, version 2, appendix A. ISO 20022: external bank transaction
codes, domain PMNT, by their sub-family.
"""

from __future__ import annotations

from typing import Final

from headgate.ingestion.model import Booking

_BAI2: Final[dict[Booking, tuple[str, ...]]] = {
    "wire": ("191", "195", "196", "206", "208", "491", "495", "496", "506", "508"),
    "realtime": ("158", "458"),
    "ach_entry": ("142", "143", "145", "155", "164", "165", "169", "445", "447", "451", "455", "464", "469"),
    "ach_settlement": ("166", "466"),
    "ach_return": ("168", "257", "468", "557"),
    "check": ("115", "116", "135", "175", "255", "301", "472", "474", "475", "555"),
    "card": ("147", "218", "414", "415"),
    "book": ("275", "277", "577", "575"),
    "fee": ("398", "564", "698"),
}
_ISO_SUBFAMILY: Final[dict[Booking, tuple[str, ...]]] = {
    "wire": ("DMCT", "XBCT", "SDVA", "PRCT", "FICT"),
    "ach_entry": ("ACDT", "ADBT", "ACOR", "APAC", "ATXN", "ESCT", "ESDD", "SALA", "BBDD"),
    "ach_settlement": ("ASET",),
    "ach_return": ("ARET", "RRTN", "UPDD", "RPCR", "PRDD"),
    "check": ("CCHQ", "CQRV", "UPCQ", "ORCQ", "BCHQ"),
    "card": ("POSC", "POSD", "POSP", "CWDL", "XBCW"),
    "book": ("BOOK", "COAT", "SWEP", "TOPG", "ZABA"),
    "fee": ("CHRG", "FEES", "COMM"),
}
_ISO_FAMILY: Final[dict[Booking, tuple[str, ...]]] = {"realtime": ("RRCT", "IRCT")}

_BOOKINGS: Final[dict[str, Booking]] = {
    code: booking for table in (_BAI2, _ISO_SUBFAMILY) for booking, codes in table.items() for code in codes
}
_FAMILIES: Final[dict[str, Booking]] = {code: booking for booking, codes in _ISO_FAMILY.items() for code in codes}
_CHANNELS: Final[dict[Booking, str]] = {
    "wire": "wire",
    "realtime": "realtime",
    "ach_entry": "ach",
    "ach_settlement": "ach",
    "ach_return": "ach",
    "check": "check",
    "card": "card",
    "book": "book",
}


def booking_of(type_code: str) -> Booking:
    """What a type code says: `195` is a wire, `PMNT-RCDT-DMCT` too; `other` where the lists have no word for it."""
    parts = [part for part in type_code.replace("/", "-").replace(".", "-").upper().split("-") if part]
    for part in reversed(parts):
        if part in _FAMILIES:
            return _FAMILIES[part]
    for part in reversed(parts):
        if part in _BOOKINGS:
            return _BOOKINGS[part]
    return "other"


def channel_of(booking: Booking) -> str | None:
    """The channel that a booking came by; None where its code does not say."""
    return _CHANNELS.get(booking)
