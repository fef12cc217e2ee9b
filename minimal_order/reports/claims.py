"""The verdicts and the numbers behind them as one tidy table, which the ledger of the book is made from."""

from collections.abc import Iterator, Sequence

import numpy as np

from ..claims.ledger import Claim
from ..runs.files import csv_text

CLAIM_COLUMNS = ("id", "text", "rule", "verdict", "where", "what", "value", "low", "high", "met")


def claim_rows(claims: Sequence[Claim]) -> Iterator[tuple[object, ...]]:
    """A row for each finding; one with empty fields for a claim without any.

    A plain number has no ``low`` and ``high``, a finding that is undefined or only for comparison no ``met``.
    """
    for claim in claims:
        head = claim.id, claim.text, claim.rule, claim.verdict
        for found in claim.findings:
            value, *ends = np.ravel(np.asarray(found.estimate, float)).tolist()
            low, high = ends or (None, None)
            met = {True: "yes", False: "no", None: None}[found.met]
            yield *head, found.where, found.what, value, low, high, met
        if not claim.findings:
            yield *head, *[None] * 6


def claims_csv(claims: Sequence[Claim]) -> str:
    """Write ``claim_rows`` as CSV."""
    return csv_text(CLAIM_COLUMNS, list(claim_rows(claims)))
