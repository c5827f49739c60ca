"""Evidence of money: kept byte for byte, then read once.

`receive` keeps bytes from a source, sealed, before anything is parsed; the same bytes again are the same artifact.
`read` gives them to the parser that is surest of them and stores what it found: *records* (amounts, days, references,
and the line they stand on), *statements* with the proof of their balances, and *faults*, which open one case while the
good lines go on. A record's identity is its source's own id, else its place in the artifact, so that the same fact
counts once. What names people or accounts is sealed beside the record and opened only by `statement_lines`,
`return_entries` and `register_rows`, for the domains above.

A payment comes as an *envelope* (schemas/, envelopes.py): `ingest_payments` keeps what was sent, stores it normalised once by
its identity and publishes `payment.ingested`. Records of a source whose money pays loans (payment_sources.py) become envelopes
as they are read (intake.py); what two sources tell of one transfer is one payment (joining.py), one credit has one use
(uses.py), and what says that such a payment came back is told as `saga.payment.return` (returned.py).

People look at it by `show_lines`, with what names people hidden until somebody says why (`reveal`); what the columns of
a table mean is said once (`save_mapping`); `source_standings` tells how each source fares.

A tenant's *sources* are fetched: `connectors/` has a file for each way (poll, folder, SFTP, mail), `fetch_source` calls
outside of any transaction and commits each batch with the cursor behind it, and `list_sources` says how each fares.

Exchange rates are evidence too: `read_rates` calls the tenant's sources (rate_sources.py), keeps the bytes and records
the rates in the ledger.
"""

from headgate.ingestion.arrivals import Arrival
from headgate.ingestion.artifact_search import (
    ArtifactRow,
    ArtifactTotal,
    artifact_row,
    artifact_rows,
    artifact_totals,
    artifacts_of_bytes,
    find_artifacts,
    matching_artifacts,
    parse_artifacts,
)
from headgate.ingestion.artifacts import SIZE_MAX, body, receive
from headgate.ingestion.attaching import Evidence, NewEvidence, evidence_of, evidence_of_payments
from headgate.ingestion.attaching import attach as attach_evidence
from headgate.ingestion.attaching import payments_of as payments_of_artifact
from headgate.ingestion.bank_days import BankDay, bank_credits, statement_days
from headgate.ingestion.errors import (
    AlreadyRead,
    ArtifactTooLarge,
    EmptyArtifact,
    MalformedArtifact,
    MalformedPaymentSource,
    MalformedRateSource,
    NoSuchArtifact,
    NoSuchMapping,
    NoSuchPaymentIngestion,
    NoSuchRateSource,
    NoSuchRecord,
    UnknownParser,
    WrongKind,
)
from headgate.ingestion.evidence import change_entries, register_rows, return_entries, statement_lines
from headgate.ingestion.identifiers import claims as use_claims
from headgate.ingestion.identifiers import in_text as identifiers_in
from headgate.ingestion.intake import Taken, loan_records, read, read_together, take_in
from headgate.ingestion.joining import NAMED, payments_under
from headgate.ingestion.links import Link
from headgate.ingestion.links import make as make_link
from headgate.ingestion.links import make_many as make_links
from headgate.ingestion.mapping import FIELDS as MAPPING_FIELDS
from headgate.ingestion.mapping import MalformedMapping, Mapping, Question
from headgate.ingestion.mappings import SavedMapping, get_mapping, list_mappings, remove_mapping, save_mapping
from headgate.ingestion.model import (
    Artifact,
    ArtifactType,
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
from headgate.ingestion.parsers import all_parsers
from headgate.ingestion.payment_ingestions import (
    PaymentIngestion,
    get_payment_ingestion,
    get_payment_ingestions,
    ingest_payment,
    ingest_payments,
)
from headgate.ingestion.payment_search import (
    MessageRow,
    MessageTotal,
    PaymentPlace,
    find_messages,
    message_listing,
    message_row,
    message_rows,
    parse_messages,
    payments_at,
    places_of,
)
from headgate.ingestion.payment_sources import PaymentSource, is_of_loans, list_payment_sources, set_payment_source
from headgate.ingestion.queries import (
    changed_evidence,
    faults_in,
    get_artifact,
    get_record,
    list_artifacts,
    list_faults,
    list_records,
    list_statements,
    reading_of,
    records_by_ids,
    settlement_artifacts,
)
from headgate.ingestion.rate_reading import RateReading, read_rates, read_rates_daily
from headgate.ingestion.rate_sources import (
    RateSource,
    get_rate_source,
    list_rate_sources,
    remove_rate_source,
    set_rate_source,
)
from headgate.ingestion.returned import TOPIC as RETURNED
from headgate.ingestion.returned import Returned
from headgate.ingestion.showing import Shown, ShownLine, reveal, revealed_until, show_lines, show_payload
from headgate.ingestion.source_fetching import SourceFetched, fetch_source
from headgate.ingestion.source_pausing import SourcePause, pause_source, resume_source, source_pauses
from headgate.ingestion.sources import (
    Source,
    SourceItem,
    SourceTry,
    check_source,
    get_source,
    list_source_items,
    list_source_tries,
    list_sources,
    remove_source,
    set_source,
    sources_failing,
)
from headgate.ingestion.standings import SourceStanding, source_standings
from headgate.ingestion.table_preview import Column, ReadRow, TablePreview, preview_table
from headgate.ingestion.uses import Use, claim
from headgate.ingestion.webhook_schemes import all_schemes
from headgate.ingestion.webhooks import Sent as SentWebhook
from headgate.ingestion.webhooks import (
    WebhookEndpoint,
    get_webhook,
    list_webhooks,
    remove_webhook,
    set_webhook,
)
from headgate.ingestion.webhooks import accept as accept_webhook

__all__ = [
    "MAPPING_FIELDS",
    "NAMED",
    "RETURNED",
    "SIZE_MAX",
    "AlreadyRead",
    "Arrival",
    "Artifact",
    "ArtifactRow",
    "ArtifactTooLarge",
    "ArtifactTotal",
    "ArtifactType",
    "BankDay",
    "Booking",
    "ChangeEntry",
    "Column",
    "EmptyArtifact",
    "Evidence",
    "Link",
    "MalformedArtifact",
    "MalformedMapping",
    "MalformedPaymentSource",
    "MalformedRateSource",
    "Mapping",
    "MessageRow",
    "MessageTotal",
    "NewEvidence",
    "NoSuchArtifact",
    "NoSuchMapping",
    "NoSuchPaymentIngestion",
    "NoSuchRateSource",
    "NoSuchRecord",
    "PaymentIngestion",
    "PaymentPlace",
    "PaymentSource",
    "Question",
    "RateReading",
    "RateSource",
    "ReadRow",
    "Reading",
    "RegisterRow",
    "ReturnEntry",
    "Returned",
    "SavedMapping",
    "SentWebhook",
    "Shown",
    "ShownLine",
    "Source",
    "SourceFetched",
    "SourceItem",
    "SourcePause",
    "SourceStanding",
    "SourceTry",
    "StatementLine",
    "StoredFault",
    "StoredRecord",
    "StoredStatement",
    "TablePreview",
    "Taken",
    "UnknownParser",
    "Use",
    "WebhookEndpoint",
    "WrongKind",
    "accept_webhook",
    "all_parsers",
    "all_schemes",
    "artifact_row",
    "artifact_rows",
    "artifact_totals",
    "artifacts_of_bytes",
    "attach_evidence",
    "bank_credits",
    "body",
    "change_entries",
    "changed_evidence",
    "check_source",
    "claim",
    "evidence_of",
    "evidence_of_payments",
    "faults_in",
    "fetch_source",
    "find_artifacts",
    "find_messages",
    "get_artifact",
    "get_mapping",
    "get_payment_ingestion",
    "get_payment_ingestions",
    "get_rate_source",
    "get_record",
    "get_source",
    "get_webhook",
    "identifiers_in",
    "ingest_payment",
    "ingest_payments",
    "is_of_loans",
    "list_artifacts",
    "list_faults",
    "list_mappings",
    "list_payment_sources",
    "list_rate_sources",
    "list_records",
    "list_source_items",
    "list_source_tries",
    "list_sources",
    "list_statements",
    "list_webhooks",
    "loan_records",
    "make_link",
    "make_links",
    "matching_artifacts",
    "message_listing",
    "message_row",
    "message_rows",
    "parse_artifacts",
    "parse_messages",
    "pause_source",
    "payments_at",
    "payments_of_artifact",
    "payments_under",
    "places_of",
    "preview_table",
    "read",
    "read_rates",
    "read_rates_daily",
    "read_together",
    "reading_of",
    "receive",
    "records_by_ids",
    "register_rows",
    "remove_mapping",
    "remove_rate_source",
    "remove_source",
    "remove_webhook",
    "resume_source",
    "return_entries",
    "reveal",
    "revealed_until",
    "save_mapping",
    "set_payment_source",
    "set_rate_source",
    "set_source",
    "set_webhook",
    "settlement_artifacts",
    "show_lines",
    "show_payload",
    "source_pauses",
    "source_standings",
    "sources_failing",
    "statement_days",
    "statement_lines",
    "take_in",
    "use_claims",
]
