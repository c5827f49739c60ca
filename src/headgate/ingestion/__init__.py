"""Evidence of money: kept byte for byte, then read once.

`receive` keeps bytes from a source, sealed, before anything is parsed; the same bytes again are the same artifact.
`read` gives them to the parser that is surest of them and stores what it found: *records* (amounts, days, references,
and the line they stand on), *statements* with the proof of their balances, and *faults*, which open one case while the
good lines go on. A record's identity is its source's own id, else its place in the artifact, so that the same fact
counts once. What names people or accounts is sealed beside the record and opened only by `statement_lines`,
`return_entries` and `register_rows`, for the domains above.

Exchange rates are evidence too: `read_rates` calls the tenant's sources (rate_sources.py), keeps the bytes and records
the rates in the ledger.
"""

from headgate.ingestion.artifacts import body, receive
from headgate.ingestion.errors import (
    AlreadyRead,
    ArtifactTooLarge,
    EmptyArtifact,
    MalformedArtifact,
    MalformedRateSource,
    NoSuchArtifact,
    NoSuchRateSource,
    NoSuchRecord,
    UnknownParser,
    WrongKind,
)
from headgate.ingestion.evidence import change_entries, register_rows, return_entries, statement_lines
from headgate.ingestion.model import (
    Artifact,
    Booking,
    ChangeEntry,
    Reading,
    RegisterRow,
    ReturnEntry,
    StatementLine,
    StoredFault,
    StoredRecord,
    StoredStatement,
)
from headgate.ingestion.queries import (
    get_artifact,
    get_record,
    list_artifacts,
    list_faults,
    list_records,
    list_statements,
    reading_of,
)
from headgate.ingestion.rate_reading import RateReading, read_rates, read_rates_daily
from headgate.ingestion.rate_sources import (
    RateSource,
    get_rate_source,
    list_rate_sources,
    remove_rate_source,
    set_rate_source,
)
from headgate.ingestion.reading import read

__all__ = [
    "AlreadyRead",
    "Artifact",
    "ArtifactTooLarge",
    "Booking",
    "ChangeEntry",
    "EmptyArtifact",
    "MalformedArtifact",
    "MalformedRateSource",
    "NoSuchArtifact",
    "NoSuchRateSource",
    "NoSuchRecord",
    "RateReading",
    "RateSource",
    "Reading",
    "RegisterRow",
    "ReturnEntry",
    "StatementLine",
    "StoredFault",
    "StoredRecord",
    "StoredStatement",
    "UnknownParser",
    "WrongKind",
    "body",
    "change_entries",
    "get_artifact",
    "get_rate_source",
    "get_record",
    "list_artifacts",
    "list_faults",
    "list_rate_sources",
    "list_records",
    "list_statements",
    "read",
    "read_rates",
    "read_rates_daily",
    "reading_of",
    "receive",
    "register_rows",
    "remove_rate_source",
    "return_entries",
    "set_rate_source",
    "statement_lines",
]
