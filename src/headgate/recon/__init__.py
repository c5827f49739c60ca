"""The book against the bank, day by day.

An account of the book is linked to the bank account it mirrors (`link_bank_account`). `run` matches the bank's lines
of a day with the book's legs by identifier and exact amount: one line with one leg, or one line with the group of legs
that carry its identifier and sum to it, as an ACH file's single debit with its many payments. The database holds that
a line and a leg are in one match at most. What is left is named as a *difference*, each with a case: missing in the
book, missing at the bank, another amount, another opening balance, a statement that does not add up. A day without any
is balanced. A later run goes on from what was left and supersedes the former.

`lineage_of` leads from an entry of the book to the exact line that it came from, and from a line to all that it caused.

What the book asks of people is here too: a closed period is reopened, and a posting passes a limit of the past, by
another person's yes; what lies too long on a clearing account becomes a case.
"""

from headgate.recon.backdating import post_backdated, request_backdating
from headgate.recon.closed_book import explain_old_residuals, reopen_period, request_reopening
from headgate.recon.errors import (
    ApprovalNotNeeded,
    CurrencyDiffers,
    LinkedElsewhere,
    NoSuchReconciliation,
    NotBackdated,
    NotLinked,
)
from headgate.recon.lineage import Effect, Lineage, Origin, effects_of, effects_of_artifact, lineage_of, origins_of
from headgate.recon.links import link_bank_account, list_links
from headgate.recon.model import Difference, Link, Match, Reconciliation
from headgate.recon.queries import get_reconciliation, list_matches, list_reconciliations
from headgate.recon.runs import run

__all__ = [
    "ApprovalNotNeeded",
    "CurrencyDiffers",
    "Difference",
    "Effect",
    "Lineage",
    "Link",
    "LinkedElsewhere",
    "Match",
    "NoSuchReconciliation",
    "NotBackdated",
    "NotLinked",
    "Origin",
    "Reconciliation",
    "effects_of",
    "effects_of_artifact",
    "explain_old_residuals",
    "get_reconciliation",
    "lineage_of",
    "link_bank_account",
    "list_links",
    "list_matches",
    "list_reconciliations",
    "origins_of",
    "post_backdated",
    "reopen_period",
    "request_backdating",
    "request_reopening",
    "run",
]
