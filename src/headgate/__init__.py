"""Headgate: payment operations on PostgreSQL. Nothing flows unless it is funded, recorded and explainable.

Evidence of money comes in (`ingestion`), becomes balanced entries in the book (`ledger`), and goes out again as payment
instructions (`payments`) once the gate (`funding`) has reserved it. The book is compared with the bank (`recon`); what no
rule settles becomes a case (`cases`) for a person. Everything done is in the `audit` chain and announced by `messaging`.
"""

__version__ = "0.1.0"
