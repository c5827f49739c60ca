"""Match a day's bank lines with the book's legs: the same identifier and exactly the same amount, as sets.

A line and a leg of one identifier and amount are one pair, the n-th with the n-th. What is left of a bank line is then
matched with *all* open legs of its identifier when their sum is its amount: a bank books an ACH file as one debit, the
book as many legs. A line that the bank gave no identifier is known by its record's id. A leg without one matches
nothing: equal amounts alone prove nothing.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from headgate.core.db import Tx

ONE_TO_ONE: Final = "exact_one_to_one_v1"
ONE_TO_GROUP: Final = "exact_one_to_group_v1"


def match_day(tx: Tx, *, reconciliation_id: str, account_id: int, on: date) -> int:
    """Match what is open of that account and day, under the run named; says how many bank lines found their legs."""
    params = {"tenant": tx.tenant_id, "run": reconciliation_id, "account": account_id, "on": on}
    return int(tx.value(_MATCH_PAIRS, {**params, "rule": ONE_TO_ONE})) + int(
        tx.value(_MATCH_GROUPS, {**params, "rule": ONE_TO_GROUP})
    )


_MATCH_PAIRS: Final = """
WITH lines AS (
  SELECT b.record_id, b.reference, b.signed_minor,
         row_number() OVER (PARTITION BY b.reference, b.signed_minor ORDER BY b.record_id) AS nth
    FROM recon.bank_lines b
   WHERE b.tenant_id = %(tenant)s AND b.account_id = %(account)s AND b.booked_on = %(on)s
     AND NOT EXISTS (SELECT FROM recon.match_records x WHERE x.tenant_id = b.tenant_id AND x.record_id = b.record_id)
), legs AS (
  SELECT g.seq, t.metadata ->> 'reference' AS reference, g.signed_minor,
         row_number() OVER (PARTITION BY t.metadata ->> 'reference', g.signed_minor ORDER BY g.seq) AS nth
    FROM recon.book_legs g
    JOIN ledger.transactions t ON t.tenant_id = g.tenant_id AND t.id = g.transaction_id
   WHERE g.tenant_id = %(tenant)s AND g.account_id = %(account)s AND g.effective_on = %(on)s
     AND t.metadata ->> 'reference' IS NOT NULL
     AND NOT EXISTS (SELECT FROM recon.match_legs x
                      WHERE x.tenant_id = g.tenant_id AND x.account_id = g.account_id AND x.seq = g.seq)
), pairs AS MATERIALIZED (
  SELECT nextval('recon.match_ids') AS match_id, b.record_id, g.seq, b.reference, b.signed_minor
    FROM lines b JOIN legs g USING (reference, signed_minor, nth)
), made AS (
  INSERT INTO recon.matches (tenant_id, id, reconciliation_id, account_id, rule, reference, signed_minor, legs)
  SELECT %(tenant)s, match_id, %(run)s, %(account)s, %(rule)s, reference, signed_minor, 1 FROM pairs
), made_records AS (
  INSERT INTO recon.match_records (tenant_id, record_id, match_id) SELECT %(tenant)s, record_id, match_id FROM pairs
), made_legs AS (
  INSERT INTO recon.match_legs (tenant_id, account_id, seq, match_id)
  SELECT %(tenant)s, %(account)s, seq, match_id FROM pairs
)
SELECT count(*) FROM pairs
"""

_MATCH_GROUPS: Final = """
WITH lines AS (
  SELECT b.reference, min(b.record_id) AS record_id, sum(b.signed_minor)::bigint AS signed_minor
    FROM recon.bank_lines b
   WHERE b.tenant_id = %(tenant)s AND b.account_id = %(account)s AND b.booked_on = %(on)s
     AND NOT EXISTS (SELECT FROM recon.match_records x WHERE x.tenant_id = b.tenant_id AND x.record_id = b.record_id)
   GROUP BY b.reference, sign(b.signed_minor)
  HAVING count(*) = 1
), legs AS (
  SELECT t.metadata ->> 'reference' AS reference, sum(g.signed_minor)::bigint AS signed_minor,
         array_agg(g.seq ORDER BY g.seq) AS seqs
    FROM recon.book_legs g
    JOIN ledger.transactions t ON t.tenant_id = g.tenant_id AND t.id = g.transaction_id
   WHERE g.tenant_id = %(tenant)s AND g.account_id = %(account)s AND g.effective_on = %(on)s
     AND t.metadata ->> 'reference' IS NOT NULL
     AND NOT EXISTS (SELECT FROM recon.match_legs x
                      WHERE x.tenant_id = g.tenant_id AND x.account_id = g.account_id AND x.seq = g.seq)
   GROUP BY t.metadata ->> 'reference', sign(g.signed_minor)
), pairs AS MATERIALIZED (
  SELECT nextval('recon.match_ids') AS match_id, b.record_id, g.seqs, b.reference, b.signed_minor
    FROM lines b JOIN legs g USING (reference, signed_minor)
), made AS (
  INSERT INTO recon.matches (tenant_id, id, reconciliation_id, account_id, rule, reference, signed_minor, legs)
  SELECT %(tenant)s, match_id, %(run)s, %(account)s, %(rule)s, reference, signed_minor, cardinality(seqs) FROM pairs
), made_records AS (
  INSERT INTO recon.match_records (tenant_id, record_id, match_id) SELECT %(tenant)s, record_id, match_id FROM pairs
), made_legs AS (
  INSERT INTO recon.match_legs (tenant_id, account_id, seq, match_id)
  SELECT %(tenant)s, %(account)s, unnest(seqs), match_id FROM pairs
)
SELECT count(*) FROM pairs
"""
