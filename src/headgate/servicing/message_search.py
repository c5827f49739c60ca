"""The list of payments that came in, also by what became of them."""

from __future__ import annotations

from typing import Final, get_args

from headgate import ingestion
from headgate.core import terms
from headgate.core.terms import Query
from headgate.servicing.outcomes import Became

TERMS: Final = {"outcome": terms.Term("choice", get_args(Became))}

# What is seldom is looked up as a set, once; what is usual, row by row until the page is full.
_OUTCOME: Final = """
   AND (%(outcome)s::text[] IS NULL OR (p.status = 'published' AND (
        ('posted' = ANY (%(outcome)s) AND EXISTS (
          SELECT FROM servicing.payments s
           WHERE s.tenant_id = p.tenant_id AND s.ingestion_id = p.id AND s.status = 'completed'))
        OR ('reversed' = ANY (%(outcome)s) AND p.id IN (
          SELECT s.ingestion_id FROM servicing.payments s WHERE s.tenant_id = %(tenant)s AND s.status = 'reversed'))
        OR ('shadow' = ANY (%(outcome)s) AND p.id IN (
          SELECT s.ingestion_id FROM servicing.payments s WHERE s.tenant_id = %(tenant)s AND s.status = 'pending')
          AND NOT EXISTS (SELECT FROM servicing.refusals r WHERE r.tenant_id = p.tenant_id AND r.ingestion_id = p.id))
        OR ('refused' = ANY (%(outcome)s) AND p.id IN (
          SELECT r.ingestion_id FROM servicing.refusals r WHERE r.tenant_id = %(tenant)s)
          AND NOT EXISTS (SELECT FROM servicing.payments s
                           WHERE s.tenant_id = p.tenant_id AND s.ingestion_id = p.id AND s.status IN ('completed', 'reversed')))
        OR ('waiting' = ANY (%(outcome)s)
          AND NOT EXISTS (SELECT FROM servicing.payments s WHERE s.tenant_id = p.tenant_id AND s.ingestion_id = p.id)
          AND NOT EXISTS (SELECT FROM servicing.refusals r WHERE r.tenant_id = p.tenant_id AND r.ingestion_id = p.id)))))
"""


def parse_messages(text: str) -> Query:
    """Read a query of messages, with `outcome:refused` and its like. Raises MalformedTerm."""
    return ingestion.parse_messages(text, TERMS)


_LISTING: Final = ingestion.message_listing(_OUTCOME)
find_messages = _LISTING.find_rows
matching_messages = _LISTING.matching_of
message_totals = _LISTING.totals_of
