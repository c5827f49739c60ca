"""FedNow and RTP as parameters: what each demands beyond the schemas. A limit or a code that changes is changed here.

Where a bank has its own lower limit, or a code of its own, its profile makes another: `replace(FEDNOW, amount_max=…)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from headgate.core.money import Money

EASTERN: Final = ZoneInfo("America/New_York")
_YEARS: Final = range(1970, 3000)


@dataclass(frozen=True, slots=True)
class Network:
    """What one network demands. `answer_seconds` is its clock: a payment that it has not settled by then is rejected.

    `ask_after_seconds` and `ask_days` say from when, and until how many days later, it answers a question about a payment.
    `day_ends_hour` is the hour in Eastern time at which the settlement day rolls over to the next (24: at midnight); days of
    settlement are days of the week and the weekend alike. `message_id` is a pattern with the group `day`.
    """

    name: str
    title: str
    clearing: str
    amount_max: Money
    local_instruments: tuple[str, ...]
    category_purposes: tuple[str, ...]
    settled_by: tuple[str, ...]
    statuses: tuple[str, ...]
    message_id: str
    versions: tuple[str, ...]
    header_versions: tuple[str, ...]
    member_scheme: str = ""
    practice_registry: str = ""
    request_accepted: str = "ACCP"
    header_id_prefix: str = ""
    connection_suffix: str = ""
    address_elements: tuple[str, ...] = ("TwnNm", "Ctry")
    address_lines_max: int = 2
    not_found: str = "E400"
    practice_id: str = ""
    service_level: str = ""
    message_id_prefix: str = ""
    needs_uetr: bool = True
    needs_offset: bool = True
    has_returns: bool = True
    needs_debtor_address: bool = True
    day_ends_hour: int = 24
    answer_seconds: int = 20
    ask_after_seconds: int = 25
    ask_days: int | None = None
    recall_answers: tuple[str, ...] = field(default=("IPAY", "PECR", "RJCR", "PDCR"))

    def connection(self, member: str) -> str:
        """How a member's connection is named in headers and ids: on RTP its routing number and two characters."""
        return member if len(member) > 9 else f"{member}{self.connection_suffix}"

    def settlement_day(self, instant: datetime) -> date:
        """The day on which a payment made at this instant settles."""
        local = instant.astimezone(EASTERN)
        return local.date() + timedelta(days=1 if local.hour >= self.day_ends_hour else 0)

    def write_instant(self, instant: datetime) -> str:
        """An instant as this network writes it: Eastern time to the second, with its offset where that is wanted."""
        local = instant.astimezone(EASTERN).replace(microsecond=0)
        return (local if self.needs_offset else local.replace(tzinfo=None)).isoformat()

    def read_instant(self, text: str) -> datetime:
        """The instant of a message; one without an offset is Eastern time. Raises ValueError, also for no year of ours."""
        instant = datetime.fromisoformat(text)
        if instant.year not in _YEARS:
            raise ValueError(f"{instant.year} is no year of a payment")
        return instant.replace(tzinfo=EASTERN) if instant.tzinfo is None else instant


_VERSIONS = (
    "pacs.008.001.08",
    "pacs.002.001.10",
    "pacs.004.001.10",
    "pacs.028.001.03",
    "camt.056.001.08",
    "camt.029.001.09",
    "pain.013.001.07",
    "pain.014.001.07",
    "admi.002.001.01",
)

FEDNOW: Final = Network(
    name="fednow",
    title="FedNow",
    clearing="FDN",
    amount_max=Money(1_000_000_000, "USD"),
    local_instruments=("FDNA",),
    category_purposes=("BIZZ", "CONS"),
    settled_by=("ACSC", "ACWP", "ACCC"),
    statuses=("ACTC", "ACSC", "ACWP", "ACCC", "PDNG", "BLCK", "RJCT"),
    message_id=r"(?P<day>[0-9]{8})(?P<member>[0-9]{9})[A-Za-z0-9]{1,18}",
    versions=_VERSIONS,
    header_versions=("head.001.001.02",),
    member_scheme="USABA",
    practice_registry="www2.swift.com/mystandards/#/group/Federal_Reserve_Financial_Services/FedNow_Service",
    practice_id="frb.fednow.01",
    ask_days=1,
    day_ends_hour=19,
)
"""FedNow: 10 million dollars since November 2025; a day ends at about 19:00 Eastern, weekends and holidays too."""

RTP: Final = Network(
    name="rtp",
    title="RTP",
    clearing="TCH",
    amount_max=Money(1_000_000_000, "USD"),
    local_instruments=("STANDARD", "ZELLE", "INTERMEDIARY", "IXB", "FOREIGN AFFILIATE"),
    category_purposes=("BUSINESS", "CONSUMER"),
    settled_by=("ACTC", "ACWP"),
    statuses=("ACTC", "ACWP", "RCVD", "RJCT"),
    message_id=r"M(?P<day>[0-9]{8})[A-Z0-9]{11}.{0,15}",
    versions=tuple(version for version in _VERSIONS if not version.startswith("pacs.004")),
    header_versions=("head.001.001.01",),
    service_level="SDVA",
    message_id_prefix="M",
    header_id_prefix="B",
    connection_suffix="T1",
    address_elements=("StrtNm", "PstCd", "TwnNm", "CtrySubDvsn", "Ctry"),
    address_lines_max=1,
    needs_debtor_address=False,
    not_found="NOOR",
    request_accepted="ACTC",
    recall_answers=("IPAY", "PECR", "RJCR"),
    needs_uetr=False,
    needs_offset=False,
    has_returns=False,
)
"""RTP: 10 million dollars since February 2025; what is given back comes as a payment of its own, not as pacs.004."""

NETWORKS: Final[Mapping[str, Network]] = MappingProxyType({network.name: network for network in (FEDNOW, RTP)})
"""The networks by their names."""
