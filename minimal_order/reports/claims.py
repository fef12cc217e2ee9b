"""The verdicts and the numbers behind them as one tidy table, and what the pages of the book show of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..claims.ledger import Claim, Finding
from ..estimates import Estimate
from ..runs.files import csv_text, read_rows
from .text import evidence_table, verdict_text

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


def read_claims(path: Path) -> dict[str, Claim]:
    """Read a table of ``claims_csv`` back, by claim; empty where there is none yet."""
    claims: dict[str, Claim] = {}
    for row in read_rows(path) if path.is_file() else ():
        claim = claims.setdefault(row["id"], Claim(row["id"], row["text"], row["rule"], [], row["verdict"]))
        if row["where"]:
            value, *ends = (float(row[name]) for name in ("value", "low", "high") if row[name])
            met = {"yes": True, "no": False}.get(row["met"])
            claim.findings.append(Finding(row["where"], row["what"], Estimate(value, *ends) if ends else value, met))
    return claims


def show_claim(folder: Path, name: str) -> tuple[str, str]:
    """One claim of a folder of results as Markdown: the verdict with what it rests on, and the numbers."""
    claim = read_claims(folder / "claims.csv").get(name)
    if claim is None:
        return f"Claim {name} has not been run yet: `minimal-order reproduce {folder.name}`.", ""
    return f"**{name}: {claim.verdict}**\n\n{verdict_text(claim)}", evidence_table(claim)
